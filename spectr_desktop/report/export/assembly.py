"""A run, its findings and what was decided about them, put together as a report."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from spectr_desktop.records.grades import Severity
from spectr_desktop.records.house_style import CLIENT_STATES
from spectr_desktop.records.report import (
    REPORT_SCHEMA,
    CellText,
    Coverage,
    CoveredCell,
    Engine,
    Evidence,
    Original,
    Report,
    ReportCategory,
    ReportDocument,
    ReportFinding,
    ReportKind,
    ReportProject,
    ReportScope,
    ReportTool,
    ScopeFile,
)
from spectr_desktop.records.run import CompleteInput, Outcome
from spectr_desktop.records.source import GitState, Span
from spectr_desktop.report.export.stamps import notices
from spectr_desktop.report.run_timings import run_timings

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from spectr_desktop.records.findings import Finding, Location
    from spectr_desktop.records.grades import State
    from spectr_desktop.records.run import CellResult, Header, RunResult
    from spectr_desktop.records.source import SourceFile

TOOL = "Spectr Desktop"

_LETTERS = {
    Severity.CRITICAL: "C",
    Severity.HIGH: "H",
    Severity.MEDIUM: "M",
    Severity.LOW: "L",
    Severity.INFO: "I",
    None: "U",
}
_RANKS = {severity: rank for rank, severity in enumerate((*Severity, None))}
_DIGITS = re.compile(r"\d{1,9}$")
_NO_DOCUMENT = ReportDocument()
_WORST_READ = (CompleteInput.NO, CompleteInput.UNKNOWN)


def report_of(
    header: Header,
    result: RunResult,
    findings: Sequence[Finding],
    *,
    kind: ReportKind,
    states: Collection[State] = CLIENT_STATES,
    keys: Collection[str] | None = None,
    nsloc: Callable[[SourceFile], int] | None = None,
    document: ReportDocument = _NO_DOCUMENT,
    title: str = "",
) -> Report:
    """The report of a run.

    Args:
        header: of the run; of a chain of runs that of the first one, which has all cells.
        result: how it ended, with the model's texts; of a chain what `recovery.joined` gives.
        findings: of the run or the project, leads too; duplicates that were merged are left out.
        kind: a client's report has only findings in `states`, numbered by severity, and nothing of
            how they were found: no leads, originals, evidence, notes or texts of the model.
        states: which findings a client's report has.
        keys: of the findings and leads that were chosen; None for all.
        nsloc: counts lines of code; None leaves them uncounted.
        document: what the auditor puts around the findings.
        title: of the report, "" for that of the run.
    """
    client = kind is ReportKind.CLIENT
    merged = _merged(findings)
    alone = [one for one in findings if not one.duplicate_of]
    sure = sorted((one for one in alone if not one.is_lead), key=_order)
    chosen = [
        one
        for one in sure
        if (not client or one.state in states) and (keys is None or one.key in keys)
    ]
    leads = [] if client else sorted((one for one in alone if one.is_lead), key=_order)
    leads = [one for one in leads if keys is None or one.key in keys]
    numbers = _numbers(chosen) if client else {}
    tell = _for_client if client else _with_all
    return Report(
        schema=REPORT_SCHEMA,
        kind=kind,
        id=header.id,
        title=title or header.title,
        created_at=header.created_at,
        finished_at=result.finished_at,
        outcome=result.outcome,
        notices=notices(header, result, kind),
        tool=ReportTool(TOOL, header.tool_version),
        project=_project(header),
        engine=_engine(header, result, client=client),
        scope=ReportScope(
            tuple(_file(file, nsloc) for file in header.files), _coverage(header, result)
        ),
        findings=tuple(tell(one, numbers.get(one.key, ""), merged) for one in chosen),
        leads=tuple(tell(one, "", merged) for one in leads),
        left_out=len(sure) - len(chosen),
        texts=() if client else _texts(header, result),
        document=document,
    )


def finding_of(finding: Finding) -> ReportFinding:
    """A finding by itself as a client's report tells it; a lead says what it is."""
    tell = _with_all if finding.is_lead else _for_client
    return tell(finding, "", {})


def _order(finding: Finding) -> tuple[int, int, str]:
    """The worst first, then in order of appearance."""
    number = _DIGITS.search(finding.key)
    return _RANKS[finding.severity], int(number[0]) if number else 0, finding.key


def _numbers(findings: Sequence[Finding]) -> dict[str, str]:
    counts = Counter[str]()
    out: dict[str, str] = {}
    for one in findings:
        letter = _LETTERS[one.severity]
        counts[letter] += 1
        out[one.key] = f"{letter}-{counts[letter]:02}"
    return out


def _merged(findings: Sequence[Finding]) -> dict[str, list[str]]:
    """By the key of a finding, those that were merged into it, directly or not."""
    into = {one.key: one.duplicate_of for one in findings if one.duplicate_of}
    out: dict[str, list[str]] = {}
    for key in into:
        root, seen = key, set[str]()
        while root in into and root not in seen:
            seen.add(root)
            root = into[root]
        out.setdefault(root, []).append(key)
    return out


def _for_client(finding: Finding, number: str, _merged: dict[str, list[str]]) -> ReportFinding:
    found = tuple(place for place in finding.locations if place.anchor.is_found)
    # A line that a model claimed is no statement of the auditor's.
    places = tuple(replace(place, claimed_line=0) for place in found or finding.locations)
    return _finding(finding, number, places)


def _with_all(finding: Finding, number: str, merged: dict[str, list[str]]) -> ReportFinding:
    seen = finding.sightings
    evidence = Evidence(
        sightings=len(seen),
        runs=len({one.run for one in seen}),
        models=tuple(dict.fromkeys(one.model for one in seen if one.model)),
        merged=tuple(merged.get(finding.key, ())),
        severity_origin=finding.severity_origin,
        confidence=tuple(one.confidence for one in seen if one.confidence),
        by_hand=finding.by_hand,
        edited=finding.edited,
        recheck=finding.recheck,
        stale=finding.stale,
    )
    told = _finding(finding, number, finding.locations)
    return replace(told, note=finding.note, evidence=evidence, original=_original(finding))


def _finding(finding: Finding, number: str, places: tuple[Location, ...]) -> ReportFinding:
    texts = finding.texts
    impact = likelihood = ""
    if finding.severity_origin != "auditor":
        # The auditor's severity replaces what the model's two words come to.
        rated = [one for one in finding.sightings if one.severity is finding.severity]
        if rated:
            impact, likelihood = rated[0].impact, rated[0].likelihood
    return ReportFinding(
        key=finding.key,
        number=number,
        title=texts.title,
        severity=finding.severity,
        impact=impact,
        likelihood=likelihood,
        category=_category(finding),
        locations=places,
        description=texts.description,
        exploit_scenario=texts.exploit_scenario,
        proof_of_concept=texts.proof_of_concept,
        recommendation=texts.recommendation,
        suggested_fix=texts.suggested_fix,
        state=finding.state,
    )


def _category(finding: Finding) -> ReportCategory:
    known = [one.category for one in finding.sightings]
    best = next((one for one in known if one.scwe), None)
    best = best or next((one for one in known if one.owasp_sc or one.cwe), None)
    return ReportCategory(best.scwe, best.owasp_sc, best.year, best.cwe) if best else _NO_CATEGORY


_NO_CATEGORY = ReportCategory()


def _original(finding: Finding) -> Original | None:
    if not finding.sightings:
        return None
    first = finding.sightings[0]
    return Original(
        title=first.texts.title,
        severity=first.severity,
        impact=first.impact,
        likelihood=first.likelihood,
        category_label=first.category.model_label,
        description=first.texts.description,
        exploit_scenario=first.texts.exploit_scenario,
        proof_of_concept=first.texts.proof_of_concept,
        recommendation=first.texts.recommendation,
        suggested_fix=first.texts.suggested_fix,
    )


def _project(header: Header) -> ReportProject:
    # A path names the user, and may name a client.
    folder = re.split(r"[/\\]", header.root.rstrip("/\\"))[-1]
    git = header.git or GitState()
    return ReportProject(
        name=folder or header.title,
        root_label=folder,
        commit=git.commit,
        branch=git.branch,
        dirty=git.dirty,
    )


def _engine(header: Header, result: RunResult, *, client: bool) -> Engine:
    model = header.model
    if client:
        # A client may know which model has read the source, and where it went; no more.
        return Engine(header.provider, header.locality, model.id)
    return Engine(
        provider=header.provider,
        locality=header.locality,
        model=model.id,
        host=_host(header.base_url),
        digest=model.digest,
        quantization=model.quantization,
        parameters=header.parameters,
        prompt_versions=header.prompt_versions,
        timings=run_timings(result.cells),
        usage=result.usage,
    )


def _host(base_url: str) -> str:
    try:
        parts = urlsplit(base_url if "//" in base_url else f"//{base_url}")
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    name = parts.hostname or ""
    return (f"[{name}]" if ":" in name else name) + port


def _file(file: SourceFile, nsloc: Callable[[SourceFile], int] | None) -> ScopeFile:
    count = nsloc(file) if nsloc is not None else None
    return ScopeFile(file.path, file.sha256, file.lines, count, file.language, file.role)


def _coverage(header: Header, result: RunResult) -> Coverage:
    ends = {cell.cell: cell for cell in result.cells}
    cells = tuple(
        CoveredCell(
            cell.part, cell.pass_name, ends[cell.id].outcome if cell.id in ends else _UNSENT
        )
        for cell in header.cells
    )
    said = [ends[cell.id].complete_input for cell in header.cells if cell.id in ends]
    complete = next((one for one in _WORST_READ if one in said), CompleteInput.YES)
    if len(said) < len(header.cells) and complete is CompleteInput.YES:
        complete = CompleteInput.UNKNOWN
    return Coverage(complete, cells, _unread(header, result, ends))


_UNSENT = Outcome.NOT_SENT


def _unread(header: Header, result: RunResult, ends: dict[str, CellResult]) -> tuple[Span, ...]:
    read: dict[str, list[Span]] = {}
    for cell in header.cells:
        end = ends.get(cell.id)
        began = end is not None and (end.outcome.finished or end.timings.first_token_ms is not None)
        if began or result.texts.get(cell.id):
            for span in cell.spans:
                read.setdefault(span.path, []).append(span)
    out: list[Span] = []
    for file in header.files:
        if file.role != "in_scope":
            continue
        following = 1
        for span in sorted(read.get(file.path, ()), key=lambda one: one.start_line):
            if span.start_line > following:
                out.append(Span(file.path, following, span.start_line - 1))
            following = max(following, span.end_line + 1)
        if following <= file.lines:
            out.append(Span(file.path, following, file.lines))
    return tuple(out)


def _texts(header: Header, result: RunResult) -> tuple[CellText, ...]:
    planned = [cell.id for cell in header.cells]
    names = [*planned, *(name for name in result.texts if name not in planned)]
    return tuple(CellText(name, result.texts[name]) for name in names if result.texts.get(name))
