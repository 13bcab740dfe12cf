"""Where a run of several requests is as a whole: the part, its tokens, the time that is left."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from spectr_desktop.audit.parts import numbers_of
from spectr_desktop.records.run import Outcome

if TYPE_CHECKING:
    from spectr_desktop.audit.plan import PlannedRequest, RunPlan
    from spectr_desktop.audit.progress import Progress
    from spectr_desktop.records.run import CellResult

_ANSWERED = (Outcome.COMPLETE, Outcome.LENGTH_LIMIT, Outcome.CONTEXT_FULL)


class RunProgress:
    """What the requests that have ended say of those that are to come.

    Args:
        plan: what is sent.
    """

    def __init__(self, plan: RunPlan) -> None:
        self._waiting = [one for one in plan.requests if one.refused is None]
        self._now: PlannedRequest | None = None
        self._began = 0.0
        self._tokens = 0
        self._took: list[float] = []

    def began(self, planned: PlannedRequest, now: float) -> None:
        """A request is sent.

        Args:
            planned: one of those that are not refused.
            now: by the session's clock.
        """
        self._waiting.remove(planned)
        self._now, self._began = planned, now

    def ended(self, result: CellResult, tokens: int, now: float) -> None:
        """The request has ended.

        Args:
            result: how.
            tokens: pieces of its answer and thinking.
            now: by the session's clock.
        """
        self._tokens += tokens
        self._now = None
        # What failed at once says nothing of the time that an answer takes.
        if result.outcome in _ANSWERED:
            self._took.append(now - self._began)

    def of_run(self, progress: Progress, now: float) -> Progress:
        """The request's progress with that of the run; unchanged for a run of one request."""
        planned = self._now
        part, parts = numbers_of(planned.cell.title) if planned is not None else (0, 0)
        return replace(
            progress,
            part=part,
            parts=parts,
            earlier_tokens=self._tokens,
            run_left_s=self._left(now),
        )

    def _left(self, now: float) -> float | None:
        if not self._took or self._now is None:
            return None
        usual = sum(self._took) / len(self._took)
        return max(0.0, usual - (now - self._began)) + usual * len(self._waiting)
