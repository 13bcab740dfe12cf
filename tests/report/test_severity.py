from __future__ import annotations

import random

import pytest

from spectr_desktop.records.grades import Severity
from spectr_desktop.report.severity import severity_mark, severity_of


@pytest.mark.parametrize(
    ("heading", "severity", "mark"),
    [
        ("[High] Balance is cleared after the call", Severity.HIGH, "[High]"),
        ("[CRITICAL] Anyone can mint", Severity.CRITICAL, "[CRITICAL]"),
        ("(medium) Rounding", Severity.MEDIUM, "(medium)"),
        ("High: Reentrancy", Severity.HIGH, "High:"),
        ("HIGH — Reentrancy", Severity.HIGH, "HIGH —"),
        ("High - Reentrancy", Severity.HIGH, "High"),
        ("Low | Event is missing", Severity.LOW, "Low |"),
        ("High severity: Reentrancy", Severity.HIGH, "High severity:"),
        ("Severity: Medium", Severity.MEDIUM, "Severity: Medium"),
        ("High", Severity.HIGH, "High"),
        ("Low Severity", Severity.LOW, "Low Severity"),
        ("Informational", Severity.INFO, "Informational"),
        ("[Info] Style", Severity.INFO, "[Info]"),
        ("H-01 High: Reentrancy in withdraw", Severity.HIGH, "High:"),
        ("[H-01] [High] Reentrancy", Severity.HIGH, "[High]"),
        ("[M-2] Medium: Rounding", Severity.MEDIUM, "Medium:"),
        ("3. Critical: Reentrancy", Severity.CRITICAL, "Critical:"),
        ("3.1 Critical — Reentrancy", Severity.CRITICAL, "Critical —"),
        ("Finding 4: [Low] Event", Severity.LOW, "[Low]"),
        ("Finding 4: Low: Event", Severity.LOW, "Low:"),
        ("🔴 High: Reentrancy", Severity.HIGH, "High:"),
        ("Reentrancy in withdraw (High)", Severity.HIGH, "(High)"),
        ("Reentrancy in withdraw (High Severity)", Severity.HIGH, "(High Severity)"),
        ("Reentrancy [Severity: High]", Severity.HIGH, "[Severity: High]"),
    ],
)
def test_a_heading_that_names_a_severity(heading: str, severity: Severity, mark: str) -> None:
    found = severity_mark(heading)
    assert found is not None
    assert found.severity is severity
    assert heading[found.start : found.end] == mark
    word = heading[found.word_start : found.word_end].lower()
    assert severity.value in (word, word[:4])
    assert found.start <= found.word_start < found.word_end <= found.end


@pytest.mark.parametrize(
    "heading",
    [
        "",
        "Executive summary",
        "[H-01] Reentrancy",
        "High gas use in the loop",
        "Low-level call without a check",
        "Critical functions lack access control",
        "Medium of exchange",
        "Information flow",
        "Highlights",
        "Lower bound: missing",
        "High/Medium: both",
        "[High/Medium] both",
        "[Medium risk of high loss]",
        "The impact is high",
        "highest: no",
    ],
)
def test_a_heading_without_one_gets_none(heading: str) -> None:
    assert severity_of(heading) is None


def test_hostile_headings_end() -> None:
    source = random.Random(5)  # noqa: S311  # no secret
    for unit in ("[", "(", " ", "1.", "high ", "severity ", "[high", "a-1", "\t- "):
        for _ in range(20):
            severity_mark(unit * source.randint(1000, 90_000))
