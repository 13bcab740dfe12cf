"""Reports as models write them, each with what an auditor reads in it.

A report is `NAME.md`; beside it `NAME.toml` lists its findings. A field that the list does not
name must be empty, texts and quotes are given by their beginnings.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spectr_desktop.records.findings import Claim, ParsedFinding

FOLDER = Path(__file__).resolve().parent.parent / "data" / "reports"
_OPENING = re.compile(r"`{3,}[^\n]*\n|`")
_TEXTS = ("description", "exploit_scenario", "proof_of_concept", "recommendation", "suggested_fix")


@dataclass(frozen=True)
class Report:
    """A report, whether it ended by itself, and what it says."""

    name: str
    text: str
    ended: bool
    findings: list[dict[str, Any]]


@cache
def reports() -> list[Report]:
    """All reports of the corpus, by name."""
    found: list[Report] = []
    for path in sorted(FOLDER.glob("*.md")):
        expected = tomllib.loads(path.with_suffix(".toml").read_text(encoding="utf-8"))
        text = path.read_bytes().decode("utf-8")
        ended = expected.get("ended", True)
        found.append(Report(path.stem, text, ended, expected.get("finding", [])))
    return found


def faults(expected: list[dict[str, Any]], found: list[ParsedFinding]) -> list[str]:
    """What is missing, invented or wrong; findings are matched by title."""
    told: list[str] = []
    left = list(found)
    for wanted in expected:
        same = next((finding for finding in left if finding.title == wanted["title"]), None)
        if same is None:
            told.append(f"missing: {wanted['title']}")
            continue
        left.remove(same)
        told += [f"{wanted['title']}: {fault}" for fault in _wrong(wanted, same)]
    told += [f"invented: {finding.title}" for finding in left]
    if not told and [w["title"] for w in expected] != [f.title for f in found]:
        told.append("in another order")
    return told


def _wrong(wanted: dict[str, Any], found: ParsedFinding) -> list[str]:
    wrong: list[str] = []
    severity = found.severity.value if found.severity else ""
    values = {
        "severity": severity,
        "impact": found.impact,
        "likelihood": found.likelihood,
        "category": found.category,
        "confidence": found.confidence,
    }
    for name, value in values.items():
        if wanted.get(name, "") != value:
            wrong.append(f"{name} {value!r}, not {wanted.get(name, '')!r}")
    if wanted.get("complete", True) != found.complete:
        wrong.append(f"complete is {found.complete}")
    for name in _TEXTS:
        text, beginning = getattr(found, name), wanted.get(name, "")
        if name == "suggested_fix":
            text = _OPENING.sub("", text)
        if not text.startswith(beginning) or (text and not beginning and name not in _free(wanted)):
            wrong.append(f"{name} {text[:90]!r}, not {beginning!r}")
    claims = wanted.get("claims", [])
    if len(claims) != len(found.claims):
        wrong.append(f"claims {found.claims}")
    for claim, read in zip(claims, found.claims, strict=False):
        wrong += _wrong_claim(claim, read)
    return wrong


def _free(wanted: dict[str, Any]) -> list[str]:
    return wanted.get("any", [])


def _wrong_claim(wanted: dict[str, Any], found: Claim) -> list[str]:
    wrong = [
        f"{name} {getattr(found, name)!r}, not {wanted.get(name, '')!r}"
        for name in ("path", "contract", "function")
        if wanted.get(name, "") != getattr(found, name)
    ]
    if wanted.get("lines", [0, 0]) != [found.start_line, found.end_line]:
        wrong.append(f"lines {found.start_line}-{found.end_line}")
    quote = wanted.get("quote", "")
    if not found.quote.startswith(quote) or bool(quote) != bool(found.quote):
        wrong.append(f"quote {found.quote[:90]!r}, not {quote!r}")
    return wrong
