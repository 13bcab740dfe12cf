"""What a report says of itself before everything else: that it is not whole, or worth nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectr_desktop.records.report import ReportKind
from spectr_desktop.records.run import CompleteInput, Outcome

if TYPE_CHECKING:
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
_PARTLY_READ_FOR_CLIENTS = "The model read only a part of the source."


def notices(header: Header, result: RunResult, kind: ReportKind) -> tuple[str, ...]:
    """The sentences that stand first in every format; none if all is well.

    A client's report says nothing that a server said: that may name addresses.
    """
    client = kind is ReportKind.CLIENT
    out: list[str] = []
    if not result.outcome.finished:
        out.append(f"Not complete. {STAMPS[result.outcome]}")
        if not client and result.error is not None:
            out.append(result.error.message)
        if not client:
            out += [cell.explanation for cell in result.cells if cell.explanation]
        out += _missing(header, result)
    if any(cell.complete_input is CompleteInput.NO for cell in result.cells):
        out.append(_PARTLY_READ_FOR_CLIENTS if client else PARTLY_READ)
    if header.model.practice:
        out.append(PRACTICE)
    return tuple(out)


def _missing(header: Header, result: RunResult) -> list[str]:
    """Which requests have no complete answer, where there are several."""
    complete = {cell.cell for cell in result.cells if cell.outcome.finished}
    missing = [cell.id for cell in header.cells if cell.id not in complete]
    if len(header.cells) < 2 or not missing:  # noqa: PLR2004  # one is the run itself
        return []
    return [f"Without a complete answer: {', '.join(missing)}, of {len(header.cells)} requests."]
