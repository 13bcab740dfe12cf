"""A report as Markdown, for a client or to work with; what others wrote stays inside its place."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from spectr_desktop.records.grades import Severity, State
from spectr_desktop.records.report import ReportKind
from spectr_desktop.records.run import CompleteInput
from spectr_desktop.report.export.canonical import canonical
from spectr_desktop.report.export.escapes import cell, code, escaped, in_cell, inline, one_line
from spectr_desktop.report.export.finding_markdown import finding_section, place_cell, title_cell
from spectr_desktop.report.export.wording import (
    CODE_FOUND,
    WHERE,
    WHERE_FOR_CLIENTS,
    counted,
    plain_word,
    severity_word,
)
from spectr_desktop.report.taxonomy import severity_by_matrix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectr_desktop.records.report import Report, ReportFinding

_WORKING = (
    "A language model wrote this report. Nobody has checked it, but for what its findings say of "
    "their state: a fault that it names may not exist, and a fault that it does not name may."
)
_HELPED = "The findings of this review were looked for with the help of a language model"
_JUDGED = f"{_HELPED}, and each one that is reported here was judged by the auditor."
_PARTLY_JUDGED = f"{_HELPED}. Those whose status is open have not been judged by the auditor."
_NO_PROOF = (
    "A review is no proof: faults that are not named may exist. It says nothing about code outside "
    "its scope or about later changes, and it is no advice to invest."
)
_FOUND_MEANS = (
    "“Code found” says that the lines which the model quotes exist. It does not say that the claim "
    "is true."
)
_LEADS_ARE = "The model names code for these that was not found in the source."
_SENT = "Coverage says what was sent to the model. It does not say that it was examined."
_COMPLETE = {
    CompleteInput.YES: "The model read all that was sent.",
    CompleteInput.NO: "The model read only a part of what was sent.",
    CompleteInput.UNKNOWN: "Whether the model read all that was sent is not known.",
}
_RATED = (
    "Severity follows from impact and likelihood. Informational findings stand outside the table."
)
_LEVELS = ("high", "medium", "low")


def markdown(report: Report) -> str:
    """A report as Markdown, ending in a line end.

    Headings of level 1 to 4 are the report's and the auditor's own: those in texts that others
    wrote are below.
    """
    client = report.kind is ReportKind.CLIENT
    parts = [f"# Security review of {inline(report.title) or 'an untitled source'}"]
    parts += [f"> **{escaped(one_line(notice))}**" for notice in report.notices]
    parts.append(_table(("", ""), _facts(report)))
    parts += ["## Disclaimer", _disclaimer(report)]
    parts += _own_section(report.document.before, parts[-1])
    parts += _scope(report) + _coverage(report) + _classification() + _summary(report)
    if report.findings:
        parts += ["## Findings", *(finding_section(one) for one in report.findings)]
    if report.leads:
        heads = ("Key", "Lead", "Severity", "Claimed location", "Code found")
        rows = [_row(one)[:5] for one in report.leads]
        parts += ["## Leads", _LEADS_ARE, _table(heads, rows)]
        parts += [finding_section(one) for one in report.leads]
    parts += _own_section(report.document.after, parts[-1])
    if not client:
        parts += ["## Run parameters", _table(("", ""), _parameters(report))]
        parts += ["## The model's report", "---"]
        texts = [canonical(one.text) for one in report.texts]
        parts.append("\n\n---\n\n".join(text for text in texts if text) or "*Nothing was written.*")
    return "\n\n".join(parts) + "\n"


def _own_section(text: str, behind: str) -> list[str]:
    """The auditor's own words, whose headings stand beside the report's."""
    section = canonical(text, below=1, behind=behind)
    return [section] if section else []


def _disclaimer(report: Report) -> str:
    if report.kind is ReportKind.WORKING:
        return _WORKING
    # Whoever lets a client have open findings may not say that they were judged.
    open_ones = any(one.state is State.OPEN for one in report.findings)
    return f"{_PARTLY_JUDGED if open_ones else _JUDGED} {_NO_PROOF}"


def _facts(report: Report) -> list[tuple[str, str]]:
    client = report.kind is ReportKind.CLIENT
    project, engine = report.project, report.engine
    where = (WHERE_FOR_CLIENTS if client else WHERE)[engine.locality]
    dirty = {True: ", with changes that are in no commit", False: "", None: ""}[project.dirty]
    facts = [
        ("Report", "for the client" if client else "to work with, not for clients"),
        ("Client", cell(report.document.client)),
        ("Auditor", cell(report.document.auditor)),
        ("Version", cell(report.document.version)),
        ("Project", cell(project.name)),
        ("Commit", in_cell(code(project.commit)) + dirty if project.commit else ""),
        ("Branch", in_cell(code(project.branch))),
        ("Outcome", plain_word(report.outcome)),
        ("Started", cell(report.created_at)),
        ("Finished", cell(report.finished_at)),
        ("Model", in_cell(code(engine.model))),
        ("Answered by", f"{cell(engine.provider)}, {where}"),
        ("Findings", _counts(report.findings)),
        ("Leads", str(len(report.leads)) if report.leads else ""),
        ("Program", cell(f"{report.tool.name} {report.tool.version}")),
        ("Run", in_cell(code(report.id))),
    ]
    return [(name, value) for name, value in facts if value]


def _counts(findings: Sequence[ReportFinding]) -> str:
    counts = Counter(one.severity for one in findings)
    told = [f"{counts[one]} {severity_word(one)}" for one in (*Severity, None) if counts[one]]
    return ", ".join(told) or "none"


def _scope(report: Report) -> list[str]:
    files = report.scope.files
    rows = [
        (
            in_cell(code(file.path)),
            f"{file.lines:,}",
            f"{file.nsloc:,}" if file.nsloc is not None else "not counted",
            "in scope" if file.role == "in_scope" else "read for reference",
            f"`{file.sha256[:12]}`",
        )
        for file in files
    ]
    parts = ["## Scope", _table(("File", "Lines", "nSLOC", "Role", "SHA-256"), rows)]
    counted = [file.nsloc for file in files if file.nsloc is not None and file.role == "in_scope"]
    if counted:
        parts.append(f"In scope: {sum(counted):,} normalised lines of code (nSLOC).")
    return parts


def _coverage(report: Report) -> list[str]:
    coverage = report.scope.coverage
    parts = ["## Coverage and limits", f"{_SENT} {_COMPLETE[coverage.complete_input]}"]
    rows = [(str(one.part), cell(one.pass_name), plain_word(one.outcome)) for one in coverage.cells]
    if rows:
        parts.append(_table(("Part", "Pass", "Outcome"), rows))
    if coverage.unread_lines:
        unread = [
            f"-   {code(f'{one.path}:{one.start_line}–{one.end_line}')}"
            for one in coverage.unread_lines
        ]
        parts += ["Lines in scope that no request has read:", "\n".join(unread)]
    if report.left_out:
        what = counted(report.left_out, "further finding")
        parts.append(f"Not in this report, because of their state or by choice: {what}.")
    return parts


def _classification() -> list[str]:
    rows = [
        (
            f"**Likelihood {likelihood}**",
            *(severity_word(severity_by_matrix(impact, likelihood)) for impact in _LEVELS),
        )
        for likelihood in _LEVELS
    ]
    heads = ("", *(f"Impact {impact}" for impact in _LEVELS))
    return ["## Risk classification", _table(heads, rows), _RATED]


def _summary(report: Report) -> list[str]:
    if not report.findings:
        return ["## Summary", "No findings are reported."]
    if report.kind is ReportKind.CLIENT:
        heads = ("ID", "Finding", "Severity", "Location", "Status")
        rows = [(*_row(one)[:4], plain_word(one.state)) for one in report.findings]
        return ["## Summary", _table(heads, rows)]
    heads = ("Key", "Finding", "Severity", "Location", "Code found", "State")
    return ["## Summary", _table(heads, [_row(one) for one in report.findings]), _FOUND_MEANS]


def _row(finding: ReportFinding) -> tuple[str, ...]:
    place = finding.place
    recheck = finding.evidence is not None and finding.evidence.recheck
    return (
        cell(finding.label),
        title_cell(finding),
        finding.severity.value if finding.severity else "",
        place_cell(place),
        CODE_FOUND[place.anchor] if place else "no place is named",
        plain_word(finding.state) + (", re-check" if recheck else ""),
    )


def _parameters(report: Report) -> list[tuple[str, str]]:
    engine = report.engine
    asked, usage, timings = engine.parameters, engine.usage, engine.timings
    versions = ", ".join(f"{name}, version {v}" for name, v in engine.prompt_versions.items())
    facts = [
        ("Address", in_cell(code(engine.host))),
        ("Model digest", in_cell(code(engine.digest[:24]))),
        ("Quantization", cell(engine.quantization)),
        ("Prompt", cell(versions)),
        ("Context asked for", _tokens(asked.context if asked else None)),
        ("Output limit", _tokens(asked.max_tokens if asked else None)),
        ("Temperature", _shown(asked.temperature if asked else None)),
        ("Seed", _shown(asked.seed if asked else None)),
        ("Thinking", cell(asked.thinking or "") if asked else ""),
        ("Tokens read", _count(usage.input)),
        ("Tokens read from a cache", _count(usage.cached)),
        ("Tokens written", _count(usage.output)),
        ("Tokens thought", _count(usage.thinking)),
        ("First token after", _seconds(timings.first_token_ms)),
        ("Tokens a second", _rate(timings.tokens_per_second)),
        ("Time", _seconds(timings.total_ms)),
        ("All of the input read", report.scope.coverage.complete_input.value),
    ]
    return [(name, value) for name, value in facts if value]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def _shown(value: float | None) -> str:
    return str(value) if value is not None else ""


def _tokens(value: int | None) -> str:
    return f"{value:,} tokens" if value is not None else ""


def _count(value: int | None) -> str:
    return f"{value:,}" if value is not None else ""


def _seconds(milliseconds: float | None) -> str:
    return f"{milliseconds / 1000:.1f} s" if milliseconds is not None else ""


def _rate(value: float | None) -> str:
    return f"{value:.1f}" if value is not None else ""
