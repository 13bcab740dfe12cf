"""One finding as Markdown: what it is, where, its texts, and in a working report its evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectr_desktop.records.grades import Anchor, State
from spectr_desktop.report.export.canonical import canonical
from spectr_desktop.report.export.escapes import cell, code, fenced, in_cell, inline
from spectr_desktop.report.export.fixes import fix_markdown
from spectr_desktop.report.export.wording import (
    CODE_FOUND,
    NO_TITLE,
    category_words,
    counted,
    lines_of,
    plain_word,
    severity_word,
    symbol_of,
)

if TYPE_CHECKING:
    from spectr_desktop.records.findings import Location
    from spectr_desktop.records.report import Evidence, Original, ReportFinding

_PARTS = (
    ("Description", "description"),
    ("Exploit scenario", "exploit_scenario"),
    ("Proof of concept", "proof_of_concept"),
    ("Recommendation", "recommendation"),
)
_VERBATIM = (Anchor.EXACT, Anchor.MOVED)
_MOST_PLACES = 20
_LONGEST_QUOTE = 4_000
_LANGUAGES = (((".sol",), "solidity"), ((".vy", ".vyi"), "python"))


def place_cell(place: Location | None) -> str:
    """A place for a cell of a table: file with lines, and symbol."""
    return in_cell(_place(place)) if place is not None else ""


def title_cell(finding: ReportFinding) -> str:
    """The title for a cell of a table."""
    return cell(finding.title) or NO_TITLE


def finding_section(finding: ReportFinding) -> str:
    """A heading of level 3 with the finding's label, and all that is told of it."""
    parts = [f"### {finding.label} {inline(finding.title) or NO_TITLE}", _facts(finding)]
    parts += _quoted(finding)
    for heading, name in _PARTS:
        text = canonical(getattr(finding, name))
        if text:
            parts += [f"#### {heading}", text]
    if finding.suggested_fix.strip():
        place = finding.place
        quote = place.quote if place is not None and place.anchor in _VERBATIM else ""
        fix = fix_markdown(finding.suggested_fix, quote)
        parts += ["#### Suggested fix", fix] if fix else []
    references = category_words(finding.category)
    if references:
        parts += ["#### References", "\n".join(f"-   {_reference(one)}" for one in references)]
    if finding.note.strip():
        parts += ["#### Note", canonical(finding.note)]
    if finding.evidence is not None:
        parts += ["#### Evidence", _evidence(finding.evidence, finding.original, finding)]
    return "\n\n".join(parts)


def _quoted(finding: ReportFinding) -> list[str]:
    """The code as it is quoted; a client sees none that is not in the source like that."""
    place = finding.place
    if place is None or not place.quote.strip():
        return []
    code_block = fenced(place.quote[:_LONGEST_QUOTE], _language(place.path))
    if place.anchor in _VERBATIM:
        return [code_block]
    return ["As the model quotes it:", code_block] if finding.evidence is not None else []


def _facts(finding: ReportFinding) -> str:
    rated = severity_word(finding.severity).capitalize()
    if finding.impact and finding.likelihood:
        rated += f" (impact {finding.impact}, likelihood {finding.likelihood})"
    facts = [f"**Severity:** {rated}", f"**Status:** {plain_word(finding.state).capitalize()}"]
    if finding.state is State.OPEN and finding.evidence is not None:
        facts[-1] += ", nobody has judged it"
    places = [_place(one) for one in finding.locations[:_MOST_PLACES]]
    more = len(finding.locations) - len(places)
    if more > 0:
        places.append(f"and {more} more")
    if places:
        facts.append(f"**Location:** {', '.join(places)}")
    if finding.evidence is not None and finding.place is not None:
        facts.append(f"**Code found:** {CODE_FOUND[finding.place.anchor]}")
    return "\n".join(f"-   {fact}" for fact in facts)


def _evidence(evidence: Evidence, original: Original | None, finding: ReportFinding) -> str:
    facts = [f"{counted(evidence.sightings, 'sighting')} in {counted(evidence.runs, 'run')}"]
    if evidence.by_hand:
        facts = ["Written by the auditor", *(facts if evidence.sightings else [])]
    if evidence.models:
        facts.append(f"Models: {', '.join(code(one) for one in evidence.models)}")
    if evidence.merged:
        facts.append(f"Merged into it: {', '.join(evidence.merged)}")
    if evidence.severity_origin:
        facts.append(f"Severity by: {evidence.severity_origin}")
    if evidence.confidence:
        said = ", ".join(inline(one) for one in evidence.confidence)
        facts.append(f"The model's own confidence, which proves nothing: {said}")
    facts += [text for told, text in _marks(evidence) if told]
    if original is not None and evidence.edited and original.title != finding.title:
        facts.append(f"Title in the model's words: {inline(original.title) or NO_TITLE}")
    if original is not None and original.severity is not finding.severity:
        facts.append(f"Severity in the model's report: {severity_word(original.severity)}")
    return "\n".join(f"-   {fact}" for fact in facts)


def _marks(evidence: Evidence) -> tuple[tuple[bool, str], ...]:
    return (
        (evidence.edited, "Edited: the texts are no longer the model's"),
        (evidence.recheck, "To be checked again: its code has changed since it was decided"),
        (evidence.stale, "Its code has changed since it was found"),
    )


def _place(place: Location) -> str:
    parts = (code(place.path + lines_of(place)), code(symbol_of(place)))
    return " ".join(part for part in parts if part)


def _reference(words: str) -> str:
    number = words.removeprefix("CWE-")
    if number != words:
        return f"[{words}](https://cwe.mitre.org/data/definitions/{number}.html)"
    return inline(words)


def _language(path: str) -> str:
    lower = path.lower()
    return next((name for ends, name in _LANGUAGES if lower.endswith(ends)), "")
