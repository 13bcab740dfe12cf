"""What reports say in all formats: names of severities, states, places and anchors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectr_desktop.records.grades import Anchor, Severity
from spectr_desktop.records.server import Locality
from spectr_desktop.report.taxonomy import owasp_sc_name, weakness

if TYPE_CHECKING:
    from spectr_desktop.records.findings import Category, Location
    from spectr_desktop.records.grades import State
    from spectr_desktop.records.report import ReportCategory
    from spectr_desktop.records.run import Outcome

UNRATED = "unrated"
NO_TITLE = "(no title)"
CODE_FOUND = {
    Anchor.EXACT: "yes",
    Anchor.MOVED: "yes, not where the model said",
    Anchor.FUZZY: "yes, with small differences",
    Anchor.SYMBOL_ONLY: "the function, not the lines",
    Anchor.UNVERIFIED: "no",
    Anchor.MISSING_FILE: "no, the file was not sent",
}
WHERE = {
    Locality.LOCAL: "on this machine",
    Locality.LOCAL_PORT: "a port of this machine, which may forward",
    Locality.REMOTE: "a remote service",
}
WHERE_FOR_CLIENTS = {
    Locality.LOCAL: "on the auditor's own machine",
    Locality.LOCAL_PORT: "through a port of the auditor's own machine",
    Locality.REMOTE: "a remote service",
}


def severity_word(severity: Severity | None) -> str:
    """Its word, "unrated" for none."""
    return severity.value if severity is not None else UNRATED


def counted(number: int, word: str) -> str:
    """Such as "1 finding" or "1,200 findings"."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def plain_word(value: State | Outcome) -> str:
    """The word of a state or an outcome, with blanks."""
    return value.value.replace("_", " ")


def lines_of(place: Location) -> str:
    """Such as ":35-37"; "" where no lines were found."""
    if not place.start_line:
        return ""
    last = f"–{place.end_line}" if place.end_line > place.start_line else ""
    return f":{place.start_line}{last}"


def symbol_of(place: Location) -> str:
    """Such as "Vault.withdraw"; "" where nothing is named."""
    return ".".join(part for part in (place.contract, place.function) if part)


def category_words(category: ReportCategory | Category) -> list[str]:
    """What public lists call the weakness, such as "SCWE-046 Reentrancy"."""
    out: list[str] = []
    if category.scwe:
        known = weakness(category.scwe)
        out.append(f"{category.scwe} {known.name}" if known else category.scwe)
    if category.owasp_sc:
        name = owasp_sc_name(category.owasp_sc, category.year)
        out.append(f"OWASP {category.owasp_sc}:{category.year} {name}".rstrip())
    if category.cwe:
        out.append(f"CWE-{category.cwe}")
    return out
