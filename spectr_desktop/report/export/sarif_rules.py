"""SARIF rules: one a kind of weakness and severity, the same in every run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spectr_desktop.records.grades import Severity
from spectr_desktop.report.export.wording import category_words, severity_word
from spectr_desktop.report.taxonomy import category_of, weakness

if TYPE_CHECKING:
    from spectr_desktop.records.findings import Category
    from spectr_desktop.records.report import ReportFinding

MOST_TEXT = 1024
"""Characters of a rule's description that GitHub takes."""
MOST_TAGS = 10
"""Tags of a rule that GitHub keeps; it takes twenty."""

_OTHER = "spectr/other"
_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
    None: "warning",
}
# GitHub reads them as critical above 9.0, high from 7.0, medium from 4.0, low from 0.1.
_SCORES = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "3.0",
}


def rule_id(finding: ReportFinding) -> str:
    """Such as "SCWE-046/high": GitHub takes the severity from the rule, not from the result."""
    kind = finding.category.scwe if weakness(finding.category.scwe) else _OTHER
    return f"{kind}/{severity_word(finding.severity)}"


def level_of(severity: Severity | None) -> str:
    """SARIF's word for a severity."""
    return _LEVELS[severity]


def rule(name: str, severity: Severity | None) -> dict[str, Any]:
    """The rule of an id: it depends on that alone.

    Args:
        name: as `rule_id` gives it.
        severity: the one in the id.
    """
    known = weakness(name.partition("/")[0])
    category = category_of(known.scwe) if known else None
    words = category_words(category) if category else []
    what = known.name if known else "Unlisted weakness"
    rated = f"Severity: {severity_word(severity)}."
    listed = f" Listed as {'; '.join(words)}." if words else ""
    full = f"{what}.{listed} {rated}"
    advice = (
        "This was looked for with the help of a language model. That the code exists does not "
        "prove the claim: read both before you act. The result's state says what was decided."
    )
    properties: dict[str, Any] = {"precision": "low", "tags": _tags(category)}
    score = _SCORES.get(severity) if severity is not None else None
    if score is not None:
        properties["security-severity"] = score
    return {
        "id": name,
        "name": _pascal(what) + severity_word(severity).capitalize(),
        "shortDescription": {"text": what[:MOST_TEXT]},
        "fullDescription": {"text": full[:MOST_TEXT]},
        "help": {
            "text": f"{full}\n\n{advice}",
            "markdown": f"**{what}**\n\n{listed.strip()} {rated}\n\n{advice}",
        },
        "defaultConfiguration": {"level": _LEVELS[severity]},
        "properties": properties,
    }


def _tags(category: Category | None) -> list[str]:
    tags = ["security", "smart-contract"]
    if category is None:
        return tags
    if category.cwe:
        tags.append(f"external/cwe/cwe-{category.cwe:03}")
    if category.scwe:
        tags.append(f"external/scwe/{category.scwe.lower()}")
    if category.owasp_sc:
        tags.append(f"external/owasp-sc-{category.year}/{category.owasp_sc.lower()}")
    return tags[:MOST_TAGS]


def _pascal(words: str) -> str:
    parts = "".join(sign if sign.isalnum() else " " for sign in words).split()
    return "".join(part[0].upper() + part[1:] for part in parts)
