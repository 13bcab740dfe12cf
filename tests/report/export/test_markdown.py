from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from spectr_desktop.records.findings import Finding, Location, Texts
from spectr_desktop.records.grades import Anchor, Severity, State
from spectr_desktop.records.run import (
    CellResult,
    CompleteInput,
    ErrorInfo,
    Outcome,
    RunResult,
    Timings,
    Usage,
)
from spectr_desktop.records.server import Locality, ModelInfo
from spectr_desktop.records.source import source_file
from spectr_desktop.report.export.markdown import PRACTICE, STAMPS, markdown_report
from tests.run_samples import header

_CELL = "1.quick"
_PARSER = MarkdownIt("commonmark").enable("table")


def result(
    outcome: Outcome = Outcome.COMPLETE, text: str = "# Report", **cell: object
) -> RunResult:
    cells = (CellResult(_CELL, outcome, usage=Usage(1200, 30), **cell),)  # type: ignore[arg-type]
    return RunResult(outcome, "2026-11-23T09:01:00Z", cells, {_CELL: text}, None, Usage(1200, 30))


def rows(report: str) -> list[list[str]]:
    """The cells of all tables before the model's text, as a reader sees them."""
    tokens = _PARSER.parse(report.partition("## The model's report")[0])
    found: list[list[str]] = []
    for before, token in pairwise(tokens):
        if token.type == "tr_open":
            found.append([])
        elif before.type in ("td_open", "th_open"):
            found[-1].append("".join(child.content for child in token.children or []))
    return found


def test_a_complete_report_says_how_it_came_about() -> None:
    timed = result(timings=Timings(total_ms=12340), complete_input=CompleteInput.YES)
    report = markdown_report(header(), timed)
    facts = dict(row for row in rows(report) if len(row) == 2)
    assert facts["Outcome"] == "complete"
    assert facts["Model"] == "smollm2"
    assert facts["Answered by"] == "ollama, on this machine"
    assert (facts["Tokens read"], facts["Tokens written"]) == ("1,200", "30")
    assert (facts["Time"], facts["All of the input read"]) == ("12.3 s", "yes")
    assert facts["Run"] == header().id
    assert ["Vault.sol", "3", header().files[0].sha256[:12]] in rows(report)
    assert "Not complete" not in report
    assert PRACTICE not in report
    assert "Nobody has checked it" in report


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if not outcome.finished])
def test_what_is_not_complete_says_so_first(outcome: Outcome) -> None:
    report = markdown_report(header(), result(outcome))
    stamp = f"> **Not complete. {STAMPS[outcome]}**"
    assert report.split("\n\n")[1] == stamp
    assert dict(r for r in rows(report) if len(r) == 2)["Outcome"] == outcome.value.replace(
        "_", " "
    )


def test_errors_and_explanations_are_told_in_one_line() -> None:
    failed = replace(
        result(Outcome.FAILED, explanation="cyber\n# Complete"),
        error=ErrorInfo("x", "It *broke*\n\n# Complete"),
    )
    lines = markdown_report(header(), failed).split("\n")
    assert r"> **It \*broke\*  \# Complete**" in lines
    assert r"> **cyber \# Complete**" in lines


def test_a_cut_input_and_the_practice_model_are_told() -> None:
    practice = replace(header().model, practice=True)
    cut = result(complete_input=CompleteInput.NO)
    report = markdown_report(header(model=practice), cut)
    assert "> **The model read only a part of the source. " in report
    assert f"> **{PRACTICE}**" in report


@pytest.mark.parametrize("locality", list(Locality))
def test_the_place_of_the_model_is_told(locality: Locality) -> None:
    facts = markdown_report(header(locality=locality), result())
    assert ("on this machine" in facts) == (locality is Locality.LOCAL)
    assert ("a remote service" in facts) == (locality is Locality.REMOTE)


_HOSTILE = [
    "a|b`c",
    "`",
    "|",
    "``x``",
    "a\nb\r\n# Heading\n\n---",
    "<script>alert(1)</script>",
    "![x](http://192.0.2.1/x.png)",
    "[x](javascript:alert(1))",
    "**bold** _it_ \\",
    "\x1b[31m\x00\x85\u2028|",
    "",
]


def check_hostile(text: str) -> None:
    model = ModelInfo(text, parameter_size=text, quantization=text, digest=text)
    files = (source_file(text, "x\n"), source_file("b.sol", "y\n"))
    made = header(title=text, model=model, files=files, base_url=text)
    clean = header(files=(source_file("a.sol", "x\n"), files[1]))
    report = markdown_report(made, result(text="the text"))
    expected = markdown_report(clean, result(text="the text"))
    assert [row[0] for row in rows(report) if row[0] in ("Run", "Program")] == ["Program", "Run"]
    assert {len(row) for row in rows(report)} == {2, 3}
    assert [row[1:] for row in rows(report)[-2:]] == [["1", f.sha256[:12]] for f in files]
    assert rows(report)[-1][0] == "b.sol"
    assert headings(report) == headings(expected)
    flat = [t for token in _PARSER.parse(report) for t in (token, *(token.children or []))]
    assert not {t.type for t in flat} & {"html_block", "html_inline", "image", "link_open", "fence"}


def headings(report: str) -> list[str]:
    return [token.tag for token in _PARSER.parse(report) if token.type == "heading_open"]


@pytest.mark.parametrize("text", _HOSTILE)
def test_names_cannot_break_the_report(text: str) -> None:
    check_hostile(text)


@given(st.text(alphabet="|`\\*_[]()<>#!~-= \n\r\t&a:1.", max_size=25))
@settings(max_examples=150, deadline=None)
def test_no_name_can_break_the_report(text: str) -> None:
    check_hostile(text)


@pytest.mark.parametrize(
    "text",
    ["# A\n\n| x |\n", "```solidity\nnever closed", "    code first", "<b>\r\n\u2028 \ud800 |`*"],
)
def test_the_models_text_stands_last_and_is_its_own(text: str) -> None:
    report = markdown_report(header(), result(text=text))
    assert report.endswith("\n\n---\n\n" + text.strip("\n") + "\n")


def test_texts_stand_in_the_order_of_the_plan_and_missing_ones_nowhere() -> None:
    made = replace(result(), texts={"3.quick": "three", "1.quick": "one"})
    report = markdown_report(header(cells=3), made)
    assert report.endswith("---\n\none\n\n---\n\nthree\n")


@pytest.mark.parametrize("texts", [{}, {_CELL: ""}, {_CELL: "\n\n"}])
def test_nothing_written_is_told(texts: dict[str, str]) -> None:
    made = replace(result(Outcome.STOPPED), texts=texts, cells=())
    assert markdown_report(header(), made).endswith("*Nothing was written.*\n")


def _finding(key: str, anchor: Anchor, severity: Severity | None, title: str) -> Finding:
    found = anchor.is_found
    place = Location("Vault.sol", 35 * found, 37 * found, "Vault", "withdraw", "quote", 12, anchor)
    return Finding(key, texts=Texts(title), severity=severity, locations=(place,))


def test_findings_stand_before_the_text_and_say_what_was_found() -> None:
    found = [
        _finding("F1", Anchor.MOVED, Severity.LOW, "One | with *signs*\nand a line"),
        _finding("F2", Anchor.EXACT, Severity.CRITICAL, "Two"),
        _finding("F3", Anchor.MISSING_FILE, Severity.HIGH, "Three"),
        replace(_finding("F4", Anchor.EXACT, None, "Four"), duplicate_of="F2"),
        replace(_finding("F5", Anchor.FUZZY, None, ""), state=State.WONT_FIX, recheck=True),
    ]
    report = markdown_report(header(), result(), found)
    table = rows(report)
    assert report.index("## Findings") < report.index("## Leads") < report.index("## The model")
    place = "Vault.sol:35–37 Vault.withdraw"
    at = table.index(["Key", "Finding", "Severity", "Location", "Code found", "State"])
    assert table[at + 1 : at + 4] == [
        ["F2", "Two", "critical", place, "yes", "open"],
        [
            "F1",
            "One   with *signs* and a line",
            "low",
            place,
            "yes, not where the model said",
            "open",
        ],
        ["F5", "(no title)", "", place, "yes, with small differences", "wont fix, re-check"],
    ]
    assert table[-1] == [
        "F3",
        "Three",
        "high",
        "Vault.sol Vault.withdraw",
        "no, the file was not sent",
    ]
    assert "F4" not in report


def test_a_report_without_findings_has_no_empty_table() -> None:
    assert "## Findings" not in markdown_report(header(), result())
    assert "## Leads" not in markdown_report(header(), result())
