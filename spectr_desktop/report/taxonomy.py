"""Severities by the matrix; kinds of weaknesses by shipped tables, which check a model's ids."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from spectr_desktop import paths
from spectr_desktop.records.findings import Category
from spectr_desktop.records.grades import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spectr_desktop.records.findings import ParsedFinding

OWASP_SC_YEAR = 2026
"""The edition by which findings are grouped."""

_MATRIX = {
    ("high", "high"): Severity.CRITICAL,
    ("high", "medium"): Severity.HIGH,
    ("high", "low"): Severity.MEDIUM,
    ("medium", "high"): Severity.HIGH,
    ("medium", "medium"): Severity.MEDIUM,
    ("medium", "low"): Severity.LOW,
    ("low", "high"): Severity.MEDIUM,
    ("low", "medium"): Severity.LOW,
    ("low", "low"): Severity.LOW,
}
_LONGEST = 400
_SHORTEST_NAME = 5
_HIGHEST_CWE = 1500
_SCWE = re.compile(r"\bSCWE[-_ ]?(\d{1,3})\b", re.IGNORECASE)
_SWC = re.compile(r"\bSWC[-_ ]?(\d{3})\b", re.IGNORECASE)
_CWE = re.compile(r"(?<![a-z])CWE[-_ ]?(\d{1,4})\b", re.IGNORECASE)
_OWASP = re.compile(
    r"\bSC[-_ ]?(?P<id>\d{2})[ :,(/-]{1,3}(?P<year>20\d\d)\b|"
    r"\b(?P<first>20\d\d)[ :,)/-]{1,3}SC[-_ ]?(?P<then>\d{2})\b",
    re.IGNORECASE,
)
_IDS = re.compile(r"\b(?:SCWE|SWC|CWE|SC)[-_ ]?\d{1,4}(?:[ :]20\d\d)?\b", re.IGNORECASE)
_PARTS = re.compile(r"[()\[\]/|,;:\n]|[ \t][-–—][ \t]")
_FILLING = re.compile(
    r"\b(?:vulnerabilit(?:y|ies)|attacks?|issues?|weakness(?:es)?|bugs?|risks?|errors?|problems?|"
    r"schwachstellen?|potential|possible|the|an|a)\b|漏洞|攻击|风险|脆弱性",
    re.IGNORECASE,
)
_SIGNS = re.compile(r"[\W_]+")


class Rating(NamedTuple):
    """A severity and where it comes from: "matrix", "model", or "" if there is none."""

    severity: Severity | None
    origin: str


class Weakness(NamedTuple):
    """A row of the enumeration; `cwe` is 0 if it has none."""

    scwe: str
    name: str
    cwe: int


def rating_of(finding: ParsedFinding) -> Rating:
    """The severity of a finding: by impact and likelihood if it names both, else the named one.

    Informational findings and those about gas stay what they are: the matrix has no place for them.
    """
    named = finding.severity
    by_matrix = severity_by_matrix(finding.impact, finding.likelihood)
    if by_matrix is not None and named is not Severity.INFO:
        return Rating(by_matrix, "matrix")
    return Rating(named, "model" if named is not None else "")


def severity_by_matrix(impact: str, likelihood: str) -> Severity | None:
    """The severity of an impact and a likelihood ("high", "medium", "low"); None without both."""
    return _MATRIX.get((impact, likelihood))


def weakness(scwe: str) -> Weakness | None:
    """The weakness with an id such as "SCWE-046", None if there is none."""
    return _weaknesses().get(scwe.upper())


def owasp_sc_name(scid: str, year: int = OWASP_SC_YEAR) -> str:
    """The name of an entry of the Top 10 of a year, "" if there is none."""
    return _top_ten().get((year, scid.upper()), "")


def category_of(label: str) -> Category:
    """What a model's label names; ids that are in no table are left in its words alone.

    Args:
        label: as the report has it, e.g. "SWC-107 (Reentrancy)" or "access control".
    """
    read = label[:_LONGEST]
    found = _by_ids(read) or _by_words(read) or Category()
    scwe, owasp_sc, year = found.scwe, found.owasp_sc, found.year
    for claimed, edition in _claimed_sc(read):
        if (edition, claimed) in _top_ten():
            owasp_sc, year = claimed, edition
            break
    known = weakness(scwe)
    cwe = known.cwe if known else 0
    if not cwe:
        numbers = (int(number) for number in _CWE.findall(read))
        cwe = next((number for number in numbers if 0 < number <= _HIGHEST_CWE), 0)
    return Category(scwe, owasp_sc, year, cwe, label)


def category_in(title: str) -> Category:
    """The kind that a finding's title names among other words; no words of it are a label.

    The longest name that stands in it as whole words counts, and of two that name different
    weaknesses neither does: "Missing access control allows reentrancy" may mean both.
    """
    words = f" {_key(title[:_LONGEST])} "
    named = [key for key in _aliases() if len(key) >= _SHORTEST_NAME and f" {key} " in words]
    # A name inside a longer one says nothing of its own.
    named = [key for key in named if not any(key != other and key in other for other in named)]
    found = {_aliases()[key] for key in named}
    category = found.pop() if len(found) == 1 else Category()
    known = weakness(category.scwe)
    return replace(category, cwe=known.cwe if known else 0)


def _by_ids(label: str) -> Category | None:
    for number in _SCWE.findall(label):
        scwe = f"SCWE-{int(number):03d}"
        if scwe in _weaknesses():
            alias = _aliases().get(scwe.lower(), Category())
            return Category(scwe, alias.owasp_sc, alias.year)
    for number in _SWC.findall(label):
        alias = _aliases().get(f"swc-{number}")
        if alias is not None:
            return alias
    return None


def _by_words(label: str) -> Category | None:
    words = _IDS.sub(" ", label)
    for part in (words, *_PARTS.split(words)):
        for key in (_key(part), _key(_FILLING.sub(" ", part))):
            alias = _aliases().get(key)
            if alias is not None:
                return alias
    return None


def _claimed_sc(label: str) -> Iterator[tuple[str, int]]:
    """Ids with their year; without one the same number may mean another weakness."""
    for found in _OWASP.finditer(label):
        number, year = found["id"] or found["then"], found["year"] or found["first"]
        yield f"SC{number}", int(year)


def _key(words: str) -> str:
    return _SIGNS.sub(" ", words).strip().lower()


def _rows(name: str) -> Iterator[dict[str, str]]:
    path = paths.resources() / "taxonomy" / name
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


@cache
def _weaknesses() -> dict[str, Weakness]:
    rows = _rows("scwe.csv")
    return {row["id"]: Weakness(row["id"], row["name"], int(row["cwe"] or 0)) for row in rows}


@cache
def _top_ten() -> dict[tuple[int, str], str]:
    return {(int(row["year"]), row["id"]): row["name"] for row in _rows("owasp_sc.csv")}


@cache
def _aliases() -> dict[str, Category]:
    """Names, in lower case without signs, and ids ("swc-107", "scwe-046")."""
    found: dict[str, Category] = {}
    for row in _rows("aliases.csv"):
        category = Category(row["scwe"], row["owasp_sc"], int(row["year"]))
        names = [_key(name) for name in (*row["names"].split("|"), row["dasp"]) if name]
        ids = [code.lower() for code in (row["swc"], row["scwe"]) if code]
        for key in (*names, *ids):
            found.setdefault(key, category)
    for entry in _weaknesses().values():
        same = found.get(entry.scwe.lower(), Category())
        found.setdefault(_key(entry.name), Category(entry.scwe, same.owasp_sc, same.year))
    for (year, scid), name in _top_ten().items():
        if year == OWASP_SC_YEAR:
            found.setdefault(_key(name), Category("", scid, year))
    return found
