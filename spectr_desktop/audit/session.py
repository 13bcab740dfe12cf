"""One run of a plan: requests in order, events to the journal and then to the screen, outcomes."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from typing import TYPE_CHECKING, Protocol

from spectr_desktop.audit.outcome import cell_result, finished, refused, run_result
from spectr_desktop.audit.progress import CellState, Progress
from spectr_desktop.audit.run_findings import RunFindings, unsent
from spectr_desktop.audit.run_progress import RunProgress
from spectr_desktop.errors import SpectrError
from spectr_desktop.logs import logger
from spectr_desktop.records.events import (
    GenerationEnded,
    Heartbeat,
    Notice,
    PhaseChanged,
    Queued,
    RateLimitsReported,
    RetryScheduled,
    RunEntry,
    RunFinished,
    TextDelta,
    ThinkingDelta,
    UsageReported,
)
from spectr_desktop.records.run import (
    CellResult,
    Outcome,
    Phase,
    RunResult,
)
from spectr_desktop.store.estimates import Expected

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spectr_desktop.audit.plan import PlannedRequest, RunPlan
    from spectr_desktop.providers.base import Provider
    from spectr_desktop.records.events import RunEvent, StreamEvent

_log = logger(__name__)
# One screen frame: what arrives within it is written and shown together.
_DRAIN_S = 0.033
_PROBE_S = 10.0
_NOTHING_EXPECTED = Expected()


class EventSink(Protocol):
    """Where entries are kept: a journal."""

    def write(self, entries: Sequence[RunEntry]) -> None:
        """Keep a batch; raises SpectrError when that is not possible."""
        ...

    async def close(self) -> None:
        """The run has ended."""
        ...


class Session:
    """Runs a plan once.

    Args:
        plan: what to send.
        provider: who answers; the caller closes it.
        journal: written before `listener` hears of anything; closed at the end of the run.
        listener: called with each batch of entries, on the loop's thread.
        unsaved: why the journal cannot be written, as the caller knows and tells already.
        expected: how long loading and reading took lately.
        learn: told of each request's result, for the next expectation.
        clock: seconds, monotonic.

    Attributes:
        findings: what has been read of the report so far.
        unsaved: why the journal has not all of the run; None if it has. It may change after the
            run's end too.
        on_unsaved_changed: called then, on the loop's thread; during the run the listener gets a
            notice, `journal_failed` or `journal_restored`, right after it.
    """

    def __init__(
        self,
        plan: RunPlan,
        provider: Provider,
        journal: EventSink,
        listener: Callable[[Sequence[RunEntry]], None],
        *,
        unsaved: SpectrError | None = None,
        expected: Expected = _NOTHING_EXPECTED,
        learn: Callable[[CellResult], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.plan = plan
        self.findings = RunFindings(plan.header, _unsent(plan))
        self._provider = provider
        self._journal = journal
        self._listener = listener
        self._expected = expected
        self._learn = learn
        self._clock = clock
        self._started = clock()
        self._pending: list[RunEntry] = []
        self._drain_handle: asyncio.TimerHandle | None = None
        self._drained_at = -_DRAIN_S
        self.unsaved = unsaved
        self.on_unsaved_changed: Callable[[], None] = lambda: None
        self._is_over = False
        self._task: asyncio.Task[None] | None = None
        self._stop_requested = False
        self._cell = CellState("", self._started)
        self._whole = RunProgress(plan)

    @property
    def stop_requested(self) -> bool:
        """Stop was pressed."""
        return self._stop_requested

    def progress(self) -> Progress:
        """Where the run is now."""
        now = self._clock()
        return self._whole.of_run(self._cell.progress(now, self._started, self._expected), now)

    def cancel(self) -> None:
        """Stop: close the socket now, keep what arrived. Harmless when called again."""
        if self._stop_requested:
            return
        self._stop_requested = True
        if self._task is not None:
            self._task.cancel()

    async def run(self) -> RunResult:
        """Send the plan's requests, one after another, each once; those that are refused never.

        Cancelling the coroutine is the same as `cancel`, and raises after everything is saved.
        """
        self._started = self._clock()
        results: list[CellResult] = []
        texts: dict[str, str] = {}
        was_cancelled = False
        repeats = False
        for planned in self.plan.requests:
            self._cell = CellState(planned.cell.id, self._clock(), planned, self._context(planned))
            if self._stop_requested or repeats:
                results.append(CellResult(planned.cell.id, Outcome.NOT_SENT))
                self._record(finished(results[-1]))
                continue
            if planned.refused is not None:
                results.append(refused(planned.cell.id, planned.refused))
                self._record(finished(results[-1]))
                continue
            self._whole.began(planned, self._clock())
            self._task = asyncio.create_task(self._consume(planned), name="request")
            watching = asyncio.create_task(self._watch(), name="liveness")
            was_cancelled |= await self._ended(self._task)
            watching.cancel()
            was_cancelled |= await self._ended(watching)
            result, repeats = cell_result(
                planned,
                self._cell,
                self._task,
                self._clock(),
                never_cuts=self._provider.never_cuts,
                context=self._context(planned),
            )
            texts[planned.cell.id] = "".join(self._cell.text)
            results.append(result)
            self._whole.ended(result, self._cell.tokens, self._clock())
            self._record(finished(result))
            self._learn(result)
        was_cancelled |= await self._ended(asyncio.create_task(self._read_rest(), name="findings"))
        run = run_result(results, texts)
        self._cell = CellState("", self._clock())
        self._record(RunFinished(run.outcome, run.error, run.usage, run.finished_at))
        self._drain()
        self._is_over = True
        closing = asyncio.create_task(self._journal.close(), name="journal-close")
        was_cancelled |= await self._ended(closing)
        closing.result()
        if was_cancelled:
            raise asyncio.CancelledError
        return run

    async def _ended(self, task: asyncio.Task[None]) -> bool:
        """Wait for the end of a task; True if this coroutine was cancelled meanwhile, once or more.

        Nothing may be left half saved, however impatient the caller is.
        """
        was_cancelled = False
        while not task.done():
            try:
                await asyncio.wait({task})
            except asyncio.CancelledError:
                was_cancelled = True
                self.cancel()
        return was_cancelled

    def _context(self, planned: PlannedRequest) -> int | None:
        """Tokens that input and answer may have together, as far as it is known."""
        model = self.plan.header.model
        return planned.request.parameters.context or model.loaded_context or model.context

    async def _consume(self, planned: PlannedRequest) -> None:
        try:
            async with contextlib.aclosing(self._provider.generate(planned.request)) as events:
                async for event in events:
                    if isinstance(event, GenerationEnded):
                        self._take_halves()
                    self._on_event(event)
                    if isinstance(event, GenerationEnded):
                        return  # a server that holds the connection open cannot hold the run open
        finally:
            self._take_halves()

    def _take_halves(self) -> None:
        """Half letters that no other half followed are kept as they are."""
        cell = self._cell
        if half := cell.letters.rest():
            self._on_text(half)
        if half := cell.thought_letters.rest():
            self._record(ThinkingDelta(half))

    async def _watch(self) -> None:
        """Ask the server now and then whether it lives, where no byte comes for minutes."""
        while True:
            await asyncio.sleep(_PROBE_S)
            cell = self._cell
            if cell.waits_in_silence:
                try:
                    alive = await self._provider.alive()
                except Exception:  # noqa: BLE001  # a mistake in a probe must not touch the run
                    _log.exception("the liveness probe failed")
                    return
                cell.probed(self._clock(), alive=alive)

    def _on_event(self, event: StreamEvent) -> None:
        cell = self._cell
        now = self._clock()
        cell.heard(now)
        if isinstance(event, TextDelta):
            self._enter(Phase.WRITING)
            cell.count_delta(now)
            self._on_text(cell.letters.feed(event.text))
            return
        if isinstance(event, ThinkingDelta):
            if cell.phase is not Phase.WRITING:
                self._enter(Phase.THINKING)
            cell.count_delta(now)
            event = ThinkingDelta(cell.thought_letters.feed(event.text))
        elif isinstance(event, PhaseChanged):
            self._enter(event.phase)
            return
        elif isinstance(event, Heartbeat):
            return
        elif isinstance(event, Queued):
            cell.queued(event.position, now)
        elif isinstance(event, RetryScheduled):
            self._enter(Phase.CONNECTING)
            cell.retry, cell.retry_at = event, now + event.delay_ms / 1000
        elif isinstance(event, RateLimitsReported):
            cell.limits = event.limits
        elif isinstance(event, UsageReported):
            cell.usage = event.usage
        elif isinstance(event, GenerationEnded):
            cell.ended = event
            self._enter(Phase.FINISHING)
        self._record(event)

    def _on_text(self, text: str) -> None:
        if text:
            self._cell.text.append(text)
            self._record(TextDelta(text))

    def _enter(self, phase: Phase) -> None:
        cell = self._cell
        if cell.phase is not phase:
            cell.enter(phase, self._clock())
            self._record(PhaseChanged(phase))

    def _record(self, event: RunEvent) -> None:
        now = self._clock()
        entry = RunEntry(int((now - self._started) * 1000), self._cell.id, event)
        self._pending.append(entry)
        if self._drain_handle is not None:
            return
        due = self._drained_at + _DRAIN_S - now
        if due <= 0:
            self._drain()
        else:
            self._drain_handle = asyncio.get_running_loop().call_later(due, self._drain)

    def _drain(self) -> None:
        """Write what is pending, then show it: in this order."""
        if self._drain_handle is not None:
            self._drain_handle.cancel()
            self._drain_handle = None
        self._drained_at = self._clock()
        batch, self._pending = _merged(self._pending), []
        if not batch:
            return
        failure: SpectrError | None = None
        try:
            self._journal.write(batch)
        except SpectrError as error:
            failure = error
        if notice := self._saving(failure):
            # First, because nothing may stand behind a run's outcome.
            batch.insert(0, RunEntry(batch[0].t, "", notice))
        # They follow from the text, which is kept: the journal does without them.
        self._listener(self.findings.extended(batch))

    def saving_changed(self, failure: SpectrError | None) -> None:
        """The journal found, between two writes or after the end, that it is saved or not."""
        if (notice := self._saving(failure)) and not self._is_over:
            # Not kept: it says nothing of the run once that can be read from the disk.
            t = int((self._clock() - self._started) * 1000)
            self._listener([RunEntry(t, "", notice)])

    def _saving(self, failure: SpectrError | None) -> Notice | None:
        """The sentence to tell, if it has changed whether the run is saved."""
        before, self.unsaved = self.unsaved, failure
        if (before is None) == (failure is None):
            return None
        self.on_unsaved_changed()
        if failure is None:
            folder = before.params.get("folder", "") if before else ""
            _log.info("the run is saved again in %s", folder)
            return Notice("journal_restored", f"The run is saved again in {folder}.")
        _log.warning("%s (%s)", failure.message, failure.detail)
        return Notice(failure.code, failure.message)

    async def _read_rest(self) -> None:
        """Read the findings that are still to be read, in portions that let others in."""
        self._drain()
        while self.findings.pending:
            if entries := self.findings.extended(()):
                self._listener(entries)
            await asyncio.sleep(0)


def _unsent(plan: RunPlan) -> set[str]:
    """The files that no request has but those that are refused."""
    refused = {one.cell.id for one in plan.requests if one.refused is not None}
    return unsent(plan.header.cells, refused)


def _merged(entries: list[RunEntry]) -> list[RunEntry]:
    """The entries with neighbouring deltas of one kind joined: one line a frame, not a token."""
    out: list[RunEntry] = []
    for (kind, cell), group in itertools.groupby(entries, lambda e: (type(e.event), e.cell)):
        run = list(group)
        if kind in (TextDelta, ThinkingDelta) and len(run) > 1:
            text = "".join(getattr(entry.event, "text", "") for entry in run)
            joined = TextDelta(text) if kind is TextDelta else ThinkingDelta(text)
            out.append(RunEntry(run[0].t, cell, joined))
        else:
            out.extend(run)
    return out
