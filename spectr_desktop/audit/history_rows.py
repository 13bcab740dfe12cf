"""What the history keeps of a run: its findings with what was decided, its row, its words."""

from __future__ import annotations

import datetime
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from spectr_desktop.audit import recovery
from spectr_desktop.records.grades import State
from spectr_desktop.records.history import AUDIT, FOLLOW_UP, RunRow, RunTexts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from spectr_desktop.records.findings import Finding, Sighting
    from spectr_desktop.records.stored_run import StoredRun
    from spectr_desktop.report.sightings import ProjectFindings

_OPEN_NUMBER = "R"


def findings_of(stored: StoredRun, project: ProjectFindings | None) -> list[Finding]:
    """What a run found, read from its texts again, with what the project has decided since.

    Places are those in the source that was sent. A finding that the project does not know has the
    key `R1`, `R2`, … where others have keys of the project.
    """
    if stored.header is None:
        return []
    own = recovery.findings_of(stored).findings()
    known = decided(stored.id, project)
    if not known:
        return own
    by_sighting = {_name(one.sightings[0]): one for one in own}
    for finding in known:
        for sighting in _seen(finding, stored.id):
            by_sighting.pop(_name(sighting), None)
    rest = [replace(one, key=f"{_OPEN_NUMBER}{n}") for n, one in enumerate(by_sighting.values(), 1)]
    return [*known, *rest]


def decided(run: str, project: ProjectFindings | None) -> list[Finding]:
    """The findings of a project that a run has reported, at the places where it saw them."""
    if project is None:
        return []
    seen = project.seen_in(run)
    out: list[Finding] = []
    for finding in project.findings:
        if finding.key in seen and not finding.duplicate_of:
            first = next(iter(_seen(finding, run)), None)
            places = first.locations if first else finding.locations
            out.append(replace(finding, locations=places, stale=False))
    return out


def row_of(stored: StoredRun, root: str, findings: Sequence[Finding]) -> RunRow:
    """The row of a run.

    Args:
        stored: the run.
        root: the project's folder, "" if it is not known.
        findings: of the run.
    """
    header, result = stored.header, stored.result
    texts = result.texts.values()
    lines = sum(text.count("\n") + (not text.endswith("\n")) for text in texts if text)
    row = RunRow(
        id=stored.id,
        title=stored.title,
        project=root,
        created_at=header.created_at if header else _from_name(stored.id),
        finished_at=result.finished_at,
        provider=header.provider if header else "",
        model=header.model.id if header else "",
        outcome=None if stored.writing else result.outcome,
        locality=header.locality.value if header else "",
        kind=FOLLOW_UP if recovery.is_follow_up(header) else AUDIT,
        lines=lines,
        damaged_lines=stored.damaged_lines,
        continues=header.continues if header else "",
    )
    return counted(row, findings)


def counted(row: RunRow, findings: Sequence[Finding]) -> RunRow:
    """The row with the counts of findings as they are now; what is false counts no more."""
    sure = [one for one in findings if not one.is_lead and one.state is not State.FALSE_POSITIVE]
    rated = Counter(one.severity.value if one.severity else "" for one in sure)
    return replace(row, severities=dict(rated), leads=sum(one.is_lead for one in findings))


def texts_of(stored: StoredRun, findings: Iterable[Finding]) -> RunTexts:
    """What of a run is searched."""
    files = stored.header.files if stored.header else ()
    return RunTexts(
        files="\n".join(file.path for file in files),
        report="\n\n".join(stored.result.texts.values()),
        findings=words_of(findings),
    )


def words_of(findings: Iterable[Finding]) -> str:
    """The words of findings that the report does not have: titles, edited texts, notes."""
    out: list[str] = []
    for one in findings:
        texts = one.texts
        out += [texts.title, one.note]
        if one.edited or one.by_hand:
            out += [texts.description, texts.exploit_scenario, texts.proof_of_concept]
            out += [texts.recommendation, texts.suggested_fix]
    return "\n".join(text for text in out if text)


def _seen(finding: Finding, run: str) -> list[Sighting]:
    return [sighting for sighting in finding.sightings if sighting.run == run]


def _name(sighting: Sighting) -> tuple[str, int]:
    return sighting.cell, sighting.index


def _from_name(run: str) -> str:
    """When a run began, from the name of its folder; "" if it says nothing."""
    try:
        at = datetime.datetime.strptime(run[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC)
    except ValueError:
        return ""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
