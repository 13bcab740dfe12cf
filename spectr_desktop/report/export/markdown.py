"""The report of a run as Markdown: what it is and how it came about, then the model's own text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spectr_desktop.records.grades import Anchor, Severity
from spectr_desktop.records.run import CompleteInput, Outcome
from spectr_desktop.records.server import Locality

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectr_desktop.records.findings import Finding, Location
    from spectr_desktop.records.run import Header, RunResult

# What a report that is not finished says of itself.
STAMPS = {
    Outcome.STOPPED: "The run was stopped, so the report ends where it was.",
    Outcome.LENGTH_LIMIT: "The answer reached its output limit and is cut.",
    Outcome.CONTEXT_FULL: "The model's context was full, and the answer is cut.",
    Outcome.REFUSED: "The provider declined to answer.",
    Outcome.INTERRUPTED: "The answer was interrupted and may be cut anywhere.",
    Outcome.FAILED: "The run failed.",
    Outcome.NOT_SENT: "The request was not sent.",
}
PRACTICE = (
    "This report comes from the practice model. It shows that the program works; its findings are "
    "worth nothing."
)
PARTLY_READ = (
    "The model read only a part of the source. Choose a larger context, or audit fewer files."
)
_ABOUT = (
    "A language model wrote this report. Nobody has checked it yet: a fault that it names may not "
    "exist, and a fault that it does not name may. The text below is the model's own, unchanged."
)
_PLACES = {
    Locality.LOCAL: "on this machine",
    Locality.LOCAL_PORT: "a port of this machine, which may forward",
    Locality.REMOTE: "a remote service",
}


_FOUND = {
    Anchor.EXACT: "yes",
    Anchor.MOVED: "yes, not where the model said",
    Anchor.FUZZY: "yes, with small differences",
    Anchor.SYMBOL_ONLY: "the function, not the lines",
    Anchor.UNVERIFIED: "no",
    Anchor.MISSING_FILE: "no, the file was not sent",
}
_FOUND_MEANS = (
    "“Code found” says that the lines which the model quotes exist. It does not say that the claim "
    "is true."
)
_LEADS_ARE = "The model names code for these that was not found in the source."


def markdown_report(header: Header, result: RunResult, findings: Sequence[Finding] = ()) -> str:
    """The whole report, ending in a line end.

    The model's text stands last, so that an unclosed code fence in it swallows nothing.

    Args:
        header: of the run.
        result: how it ended, and the model's texts.
        findings: what was read from these texts, leads too; merged duplicates are left out.
    """
    parts = [f"# Security review of {_inline(header.title)}"]
    parts += [f"> **{notice}**" for notice in _notices(header, result)]
    parts += [_table(("", ""), _facts(header, result)), _ABOUT, "## Scope"]
    files = [
        (_code(file.path), f"{file.lines:,}", f"`{file.sha256[:12]}`") for file in header.files
    ]
    parts.append(_table(("File", "Lines sent", "SHA-256"), files))
    parts += _findings([one for one in findings if not one.duplicate_of])
    parts += ["## The model's report", "---"]
    texts = [result.texts[cell.id].strip("\n") for cell in header.cells if cell.id in result.texts]
    parts.append("\n\n---\n\n".join(text for text in texts if text) or "*Nothing was written.*")
    return "\n\n".join(parts) + "\n"


def _findings(findings: Sequence[Finding]) -> list[str]:
    order = list(Severity)
    ranks = {one.key: order.index(one.severity) if one.severity else len(order) for one in findings}
    ranked = sorted(findings, key=lambda one: ranks[one.key])
    sure, leads = ([f for f in ranked if f.is_lead is lead] for lead in (False, True))
    out: list[str] = []
    if sure:
        rows = [
            (
                one.key,
                _inline(one.texts.title) or "(no title)",
                one.severity.value if one.severity else "",
                _place(one.place),
                _FOUND[one.place.anchor] if one.place else "",
                one.state.value.replace("_", " ") + (", re-check" if one.recheck else ""),
            )
            for one in sure
        ]
        heads = ("Key", "Finding", "Severity", "Location", "Code found", "State")
        out += ["## Findings", _table(heads, rows), _FOUND_MEANS]
    if leads:
        rows = [
            (
                one.key,
                _inline(one.texts.title) or "(no title)",
                one.severity.value if one.severity else "",
                _place(one.place),
                _FOUND[one.place.anchor] if one.place else "no place is named",
            )
            for one in leads
        ]
        heads = ("Key", "Lead", "Severity", "Claimed location", "Code found")
        out += ["## Leads", _LEADS_ARE, _table(heads, rows)]
    return out


def _place(place: Location | None) -> str:
    if place is None:
        return ""
    symbol = ".".join(part for part in (place.contract, place.function) if part)
    lines = ""
    if place.start_line:
        last = f"–{place.end_line}" if place.end_line > place.start_line else ""
        lines = f":{place.start_line}{last}"
    return " ".join(part for part in (_code(place.path + lines), _code(symbol)) if part)


def _notices(header: Header, result: RunResult) -> list[str]:
    out: list[str] = []
    if not result.outcome.finished:
        out.append(f"Not complete. {STAMPS[result.outcome]}")
        if result.error is not None:
            out.append(_inline(result.error.message))
        out += [_inline(cell.explanation) for cell in result.cells if cell.explanation]
    if any(cell.complete_input is CompleteInput.NO for cell in result.cells):
        out.append(PARTLY_READ)
    if header.model.practice:
        out.append(PRACTICE)
    return out


def _facts(header: Header, result: RunResult) -> list[tuple[str, str]]:
    model = header.model
    described = ", ".join(part for part in (model.parameter_size, model.quantization) if part)
    limits = header.parameters
    first = result.cells[0] if result.cells else None
    facts = [
        ("Outcome", result.outcome.value.replace("_", " ")),
        ("Started", header.created_at),
        ("Finished", result.finished_at),
        ("Model", _code(model.id) + (f" ({_inline(described)})" if described else "")),
        ("Model digest", f"`{_plain(model.digest)[:24]}`" if model.digest else ""),
        ("Answered by", f"{header.provider}, {_PLACES[header.locality]}"),
        ("Address", _code(header.base_url)),
        ("Context asked for", f"{limits.context:,} tokens" if limits.context else ""),
        ("Output limit", f"{limits.max_tokens:,} tokens"),
        ("Tokens read", _count(result.usage.input)),
        ("Tokens written", _count(result.usage.output)),
        ("All of the input read", first.complete_input.value if first else ""),
        ("First token after", _seconds(first.timings.first_token_ms) if first else ""),
        ("Tokens a second", _rate(first.timings.tokens_per_second) if first else ""),
        ("Time", _seconds(first.timings.total_ms) if first else ""),
        ("Prompt", ", ".join(f"{k}, version {v}" for k, v in header.prompt_versions.items())),
        ("Program", f"Spectr Desktop {header.tool_version}"),
        ("Run", f"`{header.id}`"),
    ]
    return [(name, value) for name, value in facts if value]


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def _count(value: int | None) -> str:
    return f"{value:,}" if value is not None else ""


def _seconds(milliseconds: float | None) -> str:
    return f"{milliseconds / 1000:.1f} s" if milliseconds is not None else ""


def _rate(value: float | None) -> str:
    return f"{value:.1f}" if value is not None else ""


def _plain(text: str) -> str:
    """One line without control characters or what a table or code span would trip over."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029|`]", " ", text).strip()


def _code(text: str) -> str:
    plain = _plain(text)
    return f"`{plain}`" if plain else ""


def _inline(text: str) -> str:
    return re.sub(r"([\\*_\[\]<>#])", r"\\\1", _plain(text))
