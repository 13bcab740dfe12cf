"""How a request and a run ended: exactly one outcome each, from what the session saw."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from spectr_desktop.audit import budget
from spectr_desktop.audit.plan import utc_now
from spectr_desktop.errors import SpectrError
from spectr_desktop.logs import logger
from spectr_desktop.providers.errors import (
    AuthFailed,
    ConnectionLost,
    EgressRefused,
    EngineFailed,
    ModelMissing,
    Unreachable,
)
from spectr_desktop.records.events import CellFinished, GenerationEnded
from spectr_desktop.records.run import (
    CellResult,
    ErrorInfo,
    Outcome,
    RunResult,
    StopReason,
    Usage,
    worst,
)

if TYPE_CHECKING:
    import asyncio

    from spectr_desktop.audit.plan import PlannedRequest
    from spectr_desktop.audit.progress import CellState

_log = logger(__name__)
_OUTCOME_OF = {
    StopReason.NATURAL: Outcome.COMPLETE,
    StopReason.LENGTH: Outcome.LENGTH_LIMIT,
    StopReason.CONTEXT_FULL: Outcome.CONTEXT_FULL,
    StopReason.REFUSAL: Outcome.REFUSED,
    StopReason.OTHER: Outcome.INTERRUPTED,
}
# The next request would fail in the same way.
_REPEATS = (AuthFailed, EgressRefused, EngineFailed, ModelMissing, Unreachable)
_NO_END_MARK = ErrorInfo(
    "no_end_mark",
    "The answer ended without its end mark, so it may be cut. What arrived is kept; run the audit "
    "again to get the rest.",
)


def cell_result(
    planned: PlannedRequest,
    cell: CellState,
    task: asyncio.Task[None],
    now: float,
    *,
    never_cuts: bool,
    context: int | None,
) -> tuple[CellResult, bool]:
    """How a request ended, and whether the next one would end in the same way.

    Args:
        planned: what was sent.
        cell: what was seen of it.
        task: read the answer; it is done.
        now: by the session's clock.
        never_cuts: of the provider.
        context: tokens that input and answer may have together; None if that is not known.
    """
    result = CellResult(
        cell=cell.id,
        outcome=Outcome.INTERRUPTED,
        stop_reason=cell.ended.stop_reason if cell.ended else None,
        usage=cell.usage,
        timings=cell.timings(now),
        complete_input=budget.complete_input(
            cell.usage,
            planned.cell.estimated_input,
            counted=planned.cell.counted_input,
            strict=never_cuts and cell.answered,
        ),
        explanation=cell.ended.explanation if cell.ended else "",
    )
    # What comes after the end mark changes nothing any more.
    if cell.ended is None and task.cancelled():
        return replace(result, outcome=Outcome.STOPPED), False
    if cell.ended is None and (error := task.exception()) is not None:
        lost = isinstance(error, ConnectionLost)
        outcome = Outcome.INTERRUPTED if lost else Outcome.FAILED
        return replace(result, outcome=outcome, error=_info(error)), isinstance(error, _REPEATS)
    if cell.ended is None:
        return replace(result, error=_NO_END_MARK), False
    outcome = _OUTCOME_OF[cell.ended.stop_reason]
    if cell.ended.stop_reason is StopReason.OTHER:
        return replace(result, outcome=outcome, error=_ended_oddly(cell.ended)), False
    if outcome is Outcome.LENGTH_LIMIT and _context_is_full(cell.usage, context):
        outcome = Outcome.CONTEXT_FULL
    return replace(result, outcome=outcome), False


def _context_is_full(usage: Usage, context: int | None) -> bool:
    if context is None or usage.input is None or usage.output is None:
        return False
    return usage.input + usage.output >= context - budget.CONTEXT_MARGIN


def refused(cell: str, error: SpectrError) -> CellResult:
    """How a request ended that was not sent because it cannot be answered."""
    return CellResult(cell, Outcome.FAILED, error=_info(error))


def run_result(results: list[CellResult], texts: dict[str, str]) -> RunResult:
    """The end of a run, which carries the worst of its requests."""
    outcome = worst([result.outcome for result in results])
    if outcome is Outcome.NOT_SENT:  # only Stop, pressed between two requests, leaves that
        outcome = Outcome.STOPPED
    error = next((result.error for result in results if result.outcome is outcome), None)
    return RunResult(
        outcome=outcome,
        finished_at=utc_now(),
        cells=tuple(results),
        texts=texts,
        error=error,
        usage=_total([result.usage for result in results]),
    )


def finished(result: CellResult) -> CellFinished:
    """The event that tells a result."""
    return CellFinished(
        outcome=result.outcome,
        stop_reason=result.stop_reason,
        error=result.error,
        usage=result.usage,
        timings=result.timings,
        complete_input=result.complete_input,
        explanation=result.explanation,
    )


def _ended_oddly(ended: GenerationEnded) -> ErrorInfo:
    return ErrorInfo(
        "ended_oddly",
        "The server ended the answer for a reason that no report has, so it may be cut. What "
        "arrived is kept; run the audit again to get the rest.",
        detail=ended.explanation,
    )


def _info(error: BaseException) -> ErrorInfo:
    if isinstance(error, SpectrError):
        return ErrorInfo(error.code, error.message, error.params, error.detail)
    _log.error("a request failed unexpectedly", exc_info=error)
    return ErrorInfo(
        "internal",
        "The program made a mistake while it read the answer. What arrived is kept; the log says "
        "more.",
        detail=f"{type(error).__name__}: {error}",
    )


def _total(usages: list[Usage]) -> Usage:
    def added(name: str) -> int | None:
        known = [value for usage in usages if (value := getattr(usage, name)) is not None]
        return sum(known) if known else None

    return Usage(added("input"), added("output"), added("thinking"), added("cached"))
