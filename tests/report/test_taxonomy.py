from __future__ import annotations

import csv
import subprocess
import sys

import pytest

from spectr_desktop import paths
from spectr_desktop.records.codec import from_json, to_json
from spectr_desktop.records.findings import Category, ParsedFinding
from spectr_desktop.records.grades import Severity
from spectr_desktop.report import taxonomy
from spectr_desktop.report.taxonomy import (
    category_in,
    category_of,
    rating_of,
    severity_by_matrix,
)


@pytest.mark.parametrize(
    ("impact", "likelihood", "severity"),
    [
        ("high", "high", Severity.CRITICAL),
        ("high", "medium", Severity.HIGH),
        ("high", "low", Severity.MEDIUM),
        ("medium", "high", Severity.HIGH),
        ("medium", "medium", Severity.MEDIUM),
        ("medium", "low", Severity.LOW),
        ("low", "high", Severity.MEDIUM),
        ("low", "medium", Severity.LOW),
        ("low", "low", Severity.LOW),
        ("high", "", None),
        ("", "low", None),
        ("", "", None),
    ],
)
def test_the_matrix(impact: str, likelihood: str, severity: Severity | None) -> None:
    assert severity_by_matrix(impact, likelihood) is severity


def test_a_rating_tells_where_it_comes_from() -> None:
    both = ParsedFinding("x", Severity.LOW, "high", "high")
    assert rating_of(both) == (Severity.CRITICAL, "matrix")
    assert rating_of(ParsedFinding("x", Severity.LOW, "high")) == (Severity.LOW, "model")
    assert rating_of(ParsedFinding("x")) == (None, "")
    assert rating_of(ParsedFinding("x", None, "low", "low")) == (Severity.LOW, "matrix")


def test_an_informational_finding_stays_one() -> None:
    assert rating_of(ParsedFinding("x", Severity.INFO, "low", "high")) == (Severity.INFO, "model")


@pytest.mark.parametrize(
    ("label", "scwe", "owasp_sc", "year", "cwe"),
    [
        ("SCWE-046", "SCWE-046", "SC08", 2026, 367),
        ("scwe-46: Reentrancy", "SCWE-046", "SC08", 2026, 367),
        ("SWC-107 (Reentrancy)", "SCWE-046", "SC08", 2026, 367),
        ("Reentrancy vulnerability", "SCWE-046", "SC08", 2026, 367),
        ("Re-Entrancy", "SCWE-046", "SC08", 2026, 367),
        ("unchecked_low_level_calls", "SCWE-048", "SC06", 2026, 390),
        ("tx.origin", "SCWE-018", "SC01", 2026, 346),
        ("Weak Randomness", "SCWE-024", "SC09", 2025, 336),
        ("Access Control / missing modifier", "", "SC01", 2026, 0),
        ("DoS", "SCWE-058", "SC10", 2025, 400),
        ("Use of tx.origin for Authorization", "SCWE-018", "SC01", 2026, 346),
        ("SC05:2025", "", "SC05", 2025, 0),
        ("OWASP SC05:2026 input", "", "SC05", 2026, 0),
        ("Price Oracle Manipulation", "SCWE-028", "SC03", 2026, 20),
        ("CWE-841", "", "", 0, 841),
        ("重入漏洞", "SCWE-046", "SC08", 2026, 367),
    ],
)
def test_labels_that_are_known(label: str, scwe: str, owasp_sc: str, year: int, cwe: int) -> None:
    assert category_of(label) == Category(scwe, owasp_sc, year, cwe, label)


@pytest.mark.parametrize(
    "label",
    [
        "",
        "SCWE-999",
        "SWC-999",
        "SC11:2026",
        "SC05",
        "SC05:2019",
        "CWE-99999",
        "bad vibes",
        "x" * 5000,
    ],
)
def test_what_is_unknown_stays_the_models_words(label: str) -> None:
    assert category_of(label) == Category(model_label=label)


def test_every_alias_names_what_the_tables_have() -> None:
    for name in taxonomy._aliases().values():
        assert not name.scwe or taxonomy.weakness(name.scwe)
        assert bool(name.owasp_sc) == bool(name.year)
        assert not name.owasp_sc or taxonomy.owasp_sc_name(name.owasp_sc, name.year)
    with (paths.resources() / "taxonomy" / "aliases.csv").open(encoding="utf-8") as file:
        assert 20 <= len(list(csv.DictReader(file))) <= 30


def test_the_tables_are_complete() -> None:
    assert len(taxonomy._weaknesses()) == 156
    assert len(taxonomy._top_ten()) == 20
    assert taxonomy.owasp_sc_name("sc08") == "Reentrancy"
    assert taxonomy.owasp_sc_name("SC08", 2020) == ""
    found = taxonomy.weakness("scwe-001")
    assert found is not None
    assert found.cwe == 1008


def test_a_category_goes_through_json() -> None:
    category = category_of("SWC-107")
    assert from_json(Category, to_json(category)) == category


def test_nothing_is_read_before_it_is_needed() -> None:
    code = (
        "from spectr_desktop.report import taxonomy as t\n"
        "print(t._weaknesses.cache_info().currsize + t._aliases.cache_info().currsize)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"


@pytest.mark.parametrize(
    ("title", "scwe"),
    [
        ("Reentrancy in withdraw()", "SCWE-046"),
        ("Phishing through tx.origin", "SCWE-018"),
        ("Possible integer-overflow of the fee", "SCWE-047"),
        ("Timestamps depend on nothing", ""),
        ("Delegatecall allows reentrancy", ""),
        ("withdraw is wrong", ""),
        ("", ""),
    ],
)
def test_a_title_may_name_the_weakness_among_other_words(title: str, scwe: str) -> None:
    found = category_in(title)
    assert (found.scwe, found.model_label) == (scwe, "")
    assert bool(found.cwe) == bool(scwe)
