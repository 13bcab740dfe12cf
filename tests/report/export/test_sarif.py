from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from spectr_desktop.records.findings import Category, Finding, Texts
from spectr_desktop.records.grades import Anchor, Severity, State
from spectr_desktop.records.report import Report, ReportKind
from spectr_desktop.records.run import Outcome
from spectr_desktop.records.source import source_file
from spectr_desktop.report.export import sarif
from spectr_desktop.report.export.sarif import fingerprint, sarif_text
from spectr_desktop.report.export.stamps import STAMPS
from tests.report.export.report_samples import client, finding, findings, place, report, result

_SCHEMA = Path(__file__).parents[2] / "data" / "schemas" / "sarif-schema-2.1.0.json"
_VALIDATOR = Draft4Validator(json.loads(_SCHEMA.read_text(encoding="utf-8")))
_LEVELS = ("none", "note", "warning", "error")


def run_of(made: Report) -> dict[str, Any]:
    """The only run of a report's log, checked by the schema and by GitHub's rules."""
    text = sarif_text(made)
    log = json.loads(text)
    assert [error.message for error in _VALIDATOR.iter_errors(log)] == []
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("/sarif-schema-2.1.0.json")
    (run,) = log["runs"]
    check_rules(run["tool"]["driver"])
    for one in run["results"]:
        check_result(one, run)
    assert text.endswith("}\n")
    return run


def check_rules(driver: dict[str, Any]) -> None:
    assert driver["name"]
    rules = driver["rules"]
    assert len({one["id"] for one in rules}) == len(rules) <= 25_000
    for one in rules:
        for name in ("shortDescription", "fullDescription"):
            assert 0 < len(one[name]["text"]) <= 1024
        assert one["help"]["text"]
        assert one["help"]["markdown"]
        assert len(one["properties"]["tags"]) <= 10
        assert one["properties"]["precision"] in ("very-high", "high", "medium", "low")
        score = one["properties"].get("security-severity")
        assert score is None or 0.0 < float(score) <= 10.0
        assert one["defaultConfiguration"]["level"] in _LEVELS


def check_result(one: dict[str, Any], run: dict[str, Any]) -> None:
    rule = run["tool"]["driver"]["rules"][one["ruleIndex"]]
    assert rule["id"] == one["ruleId"]
    assert one["level"] == rule["defaultConfiguration"]["level"]
    assert one["message"]["text"]
    assert one["partialFingerprints"]["primaryLocationLineHash"]
    assert len(one["locations"]) == 1  # of more GitHub shows the first
    for location in (*one["locations"], *one.get("relatedLocations", ())):
        physical = location["physicalLocation"]
        region = physical["region"]
        assert 1 <= region["startLine"] <= region["endLine"]
        assert region["startColumn"] == 1
        at = physical["artifactLocation"]
        parts = urlsplit(at["uri"])
        assert (parts.scheme, parts.netloc) == ("", "")
        assert at["uri"].isascii()
        assert " " not in at["uri"]
        assert not at["uri"].startswith("/")
        assert at["uriBaseId"] in run["originalUriBaseIds"]
        if "index" in at:
            assert run["artifacts"][at["index"]]["location"]["uri"] == at["uri"]


def told(run: dict[str, Any]) -> list[tuple[str, str]]:
    (invocation,) = run["invocations"]
    return [
        (one["level"], one["message"]["text"]) for one in invocation["toolExecutionNotifications"]
    ]


def test_findings_with_code_are_results_the_worst_first() -> None:
    run = run_of(report())
    assert [one["properties"]["key"] for one in run["results"]] == [
        "F2",
        "F3",
        "F4",
        "F5",
        "F1",
        "F6",
    ]
    assert [one["ruleId"].partition("/")[2] for one in run["results"]] == [
        "critical",
        "high",
        "high",
        "high",
        "medium",
        "info",
    ]
    assert [one["level"] for one in run["results"]] == [*["error"] * 4, "warning", "note"]
    first = run["results"][0]["locations"][0]
    assert first["physicalLocation"]["region"] == {"startLine": 2, "startColumn": 1, "endLine": 3}
    assert first["logicalLocations"] == [
        {"fullyQualifiedName": "Vault.withdraw", "kind": "function"}
    ]


@pytest.mark.parametrize(
    ("severity", "level", "score"),
    [
        (Severity.CRITICAL, "error", "9.5"),
        (Severity.HIGH, "error", "8.0"),
        (Severity.MEDIUM, "warning", "5.5"),
        (Severity.LOW, "note", "3.0"),
        (Severity.INFO, "note", None),
        (None, "warning", None),
    ],
)
def test_the_severity_is_the_rules(
    severity: Severity | None, level: str, score: str | None
) -> None:
    run = run_of(report(found=[finding(1, severity)]))
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule["id"] == f"SCWE-046/{severity.value if severity else 'unrated'}"
    assert rule["defaultConfiguration"]["level"] == level
    assert rule["properties"].get("security-severity") == score
    assert "external/cwe/cwe-367" in rule["properties"]["tags"]


@pytest.mark.parametrize("scwe", ["", "SCWE-999"])
def test_a_kind_that_nobody_lists_has_a_rule_too(scwe: str) -> None:
    seen = replace(finding().sightings[0], category=Category(scwe, "", 0, 0, "words"))
    run = run_of(report(found=[replace(finding(), sightings=(seen,))]))
    assert run["results"][0]["ruleId"] == "spectr/other/high"


def test_rules_are_the_same_whatever_findings_need_them() -> None:
    other = replace(finding(7), texts=Texts("Other", "words"), locations=(place(line=9),))
    rules = [run_of(report(found=[one]))["tool"]["driver"]["rules"] for one in (finding(1), other)]
    assert rules[0] == rules[1]


def test_leads_and_lost_code_get_no_line_and_are_counted() -> None:
    gone = replace(finding(3), locations=(place(Anchor.UNVERIFIED),))
    run = run_of(report(found=[*findings()[:2], gone, finding(4, anchor=Anchor.MISSING_FILE)]))
    assert [one["properties"]["key"] for one in run["results"]] == ["F2", "F1"]
    assert ("note", "1 lead left out: no code was found for that.") in told(run)
    assert ("warning", "1 finding left out: the code is nowhere any more.") in told(run)


def test_a_complete_run_without_leads_tells_nothing() -> None:
    run = run_of(report(found=[finding()]))
    assert told(run) == []
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is True
    assert invocation["startTimeUtc"] == "2026-11-23T09:00:00Z"
    assert invocation["endTimeUtc"] == "2026-11-23T09:01:00Z"
    (odd,) = run_of(report(found=[], created_at="yesterday"))["invocations"]
    assert "startTimeUtc" not in odd


@pytest.mark.parametrize("outcome", [one for one in Outcome if not one.finished])
@pytest.mark.parametrize("kind", list(ReportKind))
def test_a_run_that_is_not_complete_was_not_successful(outcome: Outcome, kind: ReportKind) -> None:
    run = run_of(report(kind, ended=result(outcome, "")))
    assert run["invocations"][0]["executionSuccessful"] is False
    assert told(run)[0] == ("error", f"Not complete. {STAMPS[outcome]}")


def test_unread_lines_are_told() -> None:
    run = run_of(report(ended=replace(result(Outcome.FAILED, ""), cells=())))
    assert ("warning", "3 lines in scope that no request has read.") in told(run)


def test_a_client_is_told_how_many_are_left_out() -> None:
    run = run_of(client())
    assert [one["properties"]["number"] for one in run["results"]] == [
        "C-01",
        "H-01",
        "H-02",
        "M-01",
    ]
    assert run["results"][0]["message"]["text"].startswith("C-01: Title 2")
    assert told(run) == [("note", "2 findings left out because of the state that was set.")]
    assert "confidence" not in run["results"][0]["properties"]


def test_false_positives_are_suppressed_with_the_auditors_note() -> None:
    found = [
        finding(1, state=State.FALSE_POSITIVE, note="The caller is trusted."),
        finding(2, state=State.FALSE_POSITIVE),
        finding(3, state=State.WONT_FIX, note="No."),
        finding(4, state=State.DUPLICATE),
    ]
    results = {one["properties"]["key"]: one for one in run_of(report(found=found))["results"]}
    assert results["F1"]["suppressions"] == [
        {"kind": "external", "status": "accepted", "justification": "The caller is trusted."}
    ]
    assert "false positive" in results["F2"]["suppressions"][0]["justification"]
    assert "suppressions" not in results["F3"]
    assert "same as another" in results["F4"]["suppressions"][0]["justification"]


def mark(one: Finding) -> str:
    (only,) = run_of(report(found=[one]))["results"]
    return str(only["partialFingerprints"]["primaryLocationLineHash"])


def test_a_fingerprint_stays_when_lines_move_and_code_is_laid_out_anew() -> None:
    one = finding()
    moved = replace(one, locations=(place(Anchor.MOVED, line=90),))
    quote = "function  withdraw()\n  external {\n// said\n(bool ok, )"
    quote += ' = msg.sender.call{value: 1}("");'
    laid_out = replace(one, locations=(place(quote=quote),))
    assert mark(one) == mark(moved) == mark(laid_out)
    assert mark(replace(one, texts=Texts("Other words"))) == mark(one)
    assert mark(replace(one, state=State.OPEN)) == mark(one)
    elsewhere = (
        place(function="deposit"),
        place(contract="Bank"),
        place(quote=place().quote.replace("1", "2")),
    )
    others = {mark(replace(one, locations=(at,))) for at in elsewhere}
    assert len(others | {mark(one)}) == 4


def test_vyper_has_comments_of_its_own() -> None:
    first, second = (place(path="a.vy", quote=f"x: uint256 {end}") for end in ("", "# said"))
    assert fingerprint(first) == fingerprint(second)


def test_two_findings_of_one_place_have_two_fingerprints() -> None:
    results = run_of(report(found=[finding(1), finding(2), finding(3, Severity.LOW)]))["results"]
    marks = [
        (one["ruleId"], one["partialFingerprints"]["primaryLocationLineHash"]) for one in results
    ]
    assert len(set(marks)) == 3
    assert [one.rpartition(":")[2] for _, one in marks] == ["1", "2", "1"]


def test_other_places_are_related_ones() -> None:
    many = tuple(place(line=n, path="Vault.sol") for n in range(1, 300))
    lost = place(Anchor.UNVERIFIED, "lost.sol")
    (one,) = run_of(report(found=[replace(finding(), locations=(lost, *many))]))["results"]
    assert one["locations"][0]["physicalLocation"]["region"]["startLine"] == 1
    assert len(one["relatedLocations"]) == sarif.MOST_LOCATIONS - 1
    assert [each["id"] for each in one["relatedLocations"][:2]] == [1, 2]
    assert "lost.sol" not in json.dumps(one)


@pytest.mark.parametrize(
    "path",
    ["src/Größe 100%.sol", "a:b.sol", "a#b?c.sol", "/abs.sol", "C:\\x.sol", "..", "//host/x.sol"],
)
def test_paths_are_relative_references(path: str) -> None:
    files = (source_file(path, "x\n"),)
    run = run_of(report(found=[replace(finding(), locations=(place(path=path),))], files=files))
    uri = run["artifacts"][0]["location"]["uri"]
    assert unquote(uri) == path.replace("\\", "/").lstrip("/")
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["index"] == 0
    assert run["artifacts"][0]["hashes"] == {"sha-256": files[0].sha256}


def test_a_link_in_words_is_none() -> None:
    words = Texts("See [here](http://192.0.2.1)", "and a[1] = (2)")
    (one,) = run_of(report(found=[replace(finding(), texts=words)]))["results"]
    assert one["message"]["text"] == "See \\[here](http://192.0.2.1)\n\nand a[1] = (2)"


def test_a_long_message_is_cut_and_says_so() -> None:
    words = Texts("Title", "x" * 100_000)
    (one,) = run_of(report(found=[replace(finding(), texts=words)]))["results"]
    assert len(one["message"]["text"]) == sarif.MOST_MESSAGE
    assert one["message"]["text"].endswith("x…")


def test_more_results_than_github_takes_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MOST_RESULTS", 2)
    run = run_of(report(found=[finding(n, Severity.LOW) for n in range(1, 4)] + [finding(9)]))
    assert [one["properties"]["key"] for one in run["results"]] == ["F9", "F1"]
    note = "2 findings left out: code scanning takes no more."
    assert ("warning", note) in told(run)


def test_a_file_that_is_too_large_loses_words_first_and_then_what_is_least_severe(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [
        replace(finding(n, Severity.LOW), texts=Texts(f"T{n}", _noise(n, 3_000))) for n in range(40)
    ]
    found.append(finding(99, Severity.CRITICAL))
    made = report(found=found)
    whole = len(gzip.compress(sarif_text(made).encode()))
    monkeypatch.setattr(sarif, "MOST_BYTES", whole - 1)
    shorter = run_of(made)
    assert len(shorter["results"]) == 41
    assert max(len(one["message"]["text"]) for one in shorter["results"]) == 300
    monkeypatch.setattr(sarif, "MOST_BYTES", 4_000)
    few = run_of(made)
    assert 0 < len(few["results"]) < 41
    assert few["results"][0]["properties"]["key"] == "F99"
    assert len(gzip.compress(sarif_text(made).encode())) <= 4_000
    monkeypatch.setattr(sarif, "MOST_BYTES", 1)
    assert run_of(made)["results"] == []


def _noise(seed: int, length: int) -> str:
    """Letters that do not compress well."""
    out, state = "", seed + 1
    while len(out) < length:
        state = state * 6364136223846793005 % 2**64
        out += f"{state:x}"
    return out


_WORDS = st.text(st.characters(codec=None), max_size=30)


@given(_WORDS, _WORDS, st.sampled_from(ReportKind))
@settings(max_examples=100, deadline=None)
def test_any_words_make_a_log(text: str, path: str, kind: ReportKind) -> None:
    seen = replace(finding().sightings[0], model=text, confidence=text)
    where = place(path=path, contract=text, function=text, quote=text)
    one = replace(
        finding(state=State.FALSE_POSITIVE),
        texts=Texts(*[text] * 6),
        note=text,
        locations=(where,),
        sightings=(seen,),
    )
    files = (source_file(path, text),)
    made = report(kind, [one, replace(one, key="F2", state=State.CONFIRMED)], files=files)
    run = run_of(made)
    assert len(run["results"]) == (1 if kind is ReportKind.CLIENT else 2)
    sarif_text(made).encode("ascii")
