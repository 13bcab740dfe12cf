from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from spectr_desktop.audit.progress import Stall
from spectr_desktop.audit.session import Session
from spectr_desktop.errors import SpectrError
from spectr_desktop.providers import errors
from spectr_desktop.records.events import (
    CellFinished,
    GenerationEnded,
    Heartbeat,
    Notice,
    PhaseChanged,
    Queued,
    RateLimit,
    RateLimitsReported,
    RetryScheduled,
    RunEntry,
    RunFinished,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
    UsageReported,
)
from spectr_desktop.records.run import (
    CellResult,
    CompleteInput,
    GenerationRequest,
    Outcome,
    Parameters,
    Phase,
    RunResult,
    StopReason,
    Usage,
)
from spectr_desktop.records.server import ModelInfo
from tests.run_samples import plan

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_WHOLE: list[StreamEvent] = [
    PhaseChanged(Phase.CONNECTING),
    PhaseChanged(Phase.LOADING),
    PhaseChanged(Phase.READING),
    ThinkingDelta("hm"),
    TextDelta("## Reën"),
    TextDelta("trancy \r\n\u2028"),
    UsageReported(Usage(90, 20)),
    GenerationEnded(StopReason.NATURAL),
]
_TEXT = "## Reëntrancy \r\n\u2028"


class Hold:
    """A step at which a stream waits for ever; the test sees that it is reached."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()

    async def wait(self) -> None:
        self.reached.set()
        await asyncio.Event().wait()


Step = Any  # an event, an exception to raise, a Hold, or something to call


class Scripted:
    """A provider whose streams are lists of steps, one for each request."""

    never_cuts = True

    def __init__(self, *streams: Sequence[Step]) -> None:
        self._streams = list(streams)
        self.requests: list[GenerationRequest] = []
        self.closed = 0
        self.lives: list[bool | Exception] = []
        self.asked_alive = asyncio.Event()

    async def alive(self) -> bool:
        if not self.lives:
            await asyncio.Event().wait()
        answer = self.lives.pop(0)
        self.asked_alive.set()
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[StreamEvent, None]:
        self.requests.append(request)
        try:
            for step in self._streams[len(self.requests) - 1]:
                if isinstance(step, Hold):
                    await step.wait()
                elif isinstance(step, Exception):
                    raise step
                elif callable(step):
                    step()
                else:
                    yield step
        finally:
            self.closed += 1


@dataclass
class Record:
    """What a journal was given and a listener was shown, in one order."""

    log: list[tuple[str, RunEntry]] = field(default_factory=list[tuple[str, RunEntry]])
    batches: list[list[RunEntry]] = field(default_factory=list[list[RunEntry]])
    failures: list[SpectrError] = field(default_factory=list[SpectrError])
    closed: int = 0
    on_shown: Callable[[Sequence[RunEntry]], None] = lambda _: None

    def write(self, entries: Sequence[RunEntry]) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.log += [("kept", entry) for entry in entries]

    async def close(self) -> None:
        await asyncio.sleep(0)
        self.closed += 1

    def show(self, entries: Sequence[RunEntry]) -> None:
        self.batches.append(list(entries))
        self.log += [("shown", entry) for entry in entries]
        self.on_shown(entries)

    def events(self, who: str = "shown") -> list[Any]:
        return [entry.event for seen_by, entry in self.log if seen_by == who]

    def phases(self) -> list[Phase]:
        return [event.phase for event in self.events() if isinstance(event, PhaseChanged)]

    def text(self, who: str = "shown") -> str:
        return "".join(event.text for event in self.events(who) if isinstance(event, TextDelta))


class Clock:
    """Seconds that pass only when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def ticks(self, seconds: float) -> Callable[[], None]:
        def tick() -> None:
            self.now += seconds

        return tick


def made(
    *streams: Sequence[Step],
    clock: Callable[[], float] = time.monotonic,
    learn: Callable[[CellResult], None] = lambda _: None,
    **changes: object,
) -> tuple[Session, Scripted, Record]:
    provider, record = Scripted(*streams), Record()
    run_plan = plan(cells=len(streams), **changes)
    session = Session(run_plan, provider, record, record.show, learn=learn, clock=clock)  # type: ignore[arg-type]
    return session, provider, record


async def test_a_whole_run_goes_through_its_phases_in_order() -> None:
    session, provider, record = made(_WHOLE)
    result = await session.run()
    assert record.phases() == [
        Phase.CONNECTING,
        Phase.LOADING,
        Phase.READING,
        Phase.THINKING,
        Phase.WRITING,
        Phase.FINISHING,
    ]
    assert (result.outcome, result.error) == (Outcome.COMPLETE, None)
    assert result.texts == {"1.quick": _TEXT}
    assert result.usage == Usage(90, 20)
    assert result.cells[0].complete_input is CompleteInput.YES
    assert (provider.closed, record.closed, len(provider.requests)) == (1, 1, 1)
    *_, cell, end = record.events()
    assert isinstance(cell, CellFinished)
    assert (cell.outcome, cell.stop_reason) == (Outcome.COMPLETE, StopReason.NATURAL)
    assert end == RunFinished(Outcome.COMPLETE, None, Usage(90, 20), result.finished_at)
    assert record.log[-1][1].cell == ""
    assert {entry.cell for _, entry in record.log[:-2]} >= {"1.quick"}


async def test_thinking_after_writing_is_still_writing() -> None:
    mixed = [TextDelta("a"), ThinkingDelta("b"), TextDelta("c"), *_WHOLE[-1:]]
    session, _, record = made(mixed)
    assert (await session.run()).texts["1.quick"] == "ac"
    assert record.phases() == [Phase.WRITING, Phase.FINISHING]


def limited(written: int, context: int | None) -> list[Step]:
    return [TextDelta("a"), UsageReported(Usage(90, written)), GenerationEnded(StopReason.LENGTH)]


_LOST = errors.ConnectionLost("connection_lost", "Lost.")
_OTHER = errors.ServerFailed("server_error", "Broken.", params={"status": 500}, detail="words")


@pytest.mark.parametrize(
    ("ending", "outcome", "code"),
    [
        ([GenerationEnded(StopReason.NATURAL)], Outcome.COMPLETE, None),
        ([GenerationEnded(StopReason.LENGTH)], Outcome.LENGTH_LIMIT, None),
        ([GenerationEnded(StopReason.CONTEXT_FULL)], Outcome.CONTEXT_FULL, None),
        ([GenerationEnded(StopReason.REFUSAL, "cyber")], Outcome.REFUSED, None),
        ([GenerationEnded(StopReason.OTHER)], Outcome.INTERRUPTED, "ended_oddly"),
        ([], Outcome.INTERRUPTED, "no_end_mark"),
        ([_LOST], Outcome.INTERRUPTED, "connection_lost"),
        ([_OTHER], Outcome.FAILED, "server_error"),
        ([KeyError("oops")], Outcome.FAILED, "internal"),
        ([GenerationEnded(StopReason.NATURAL), _LOST], Outcome.COMPLETE, None),
        ([GenerationEnded(StopReason.NATURAL), Hold()], Outcome.COMPLETE, None),
    ],
)
@pytest.mark.parametrize("written", [_TEXT, ""])
async def test_every_end_has_its_outcome_and_keeps_the_text(
    ending: list[Step], outcome: Outcome, code: str | None, written: str
) -> None:
    opening = [*_WHOLE[:3], *(TextDelta(letter) for letter in written)]
    session, provider, record = made([*opening, *ending])
    result = await session.run()
    assert result.outcome is outcome
    assert (result.error.code if result.error else None) == code
    assert result.texts == {"1.quick": written}
    assert record.text() == record.text("kept") == written
    assert record.events()[-1].outcome is outcome
    assert result.cells[0].explanation == ("cyber" if outcome is Outcome.REFUSED else "")
    assert provider.closed == record.closed == 1


async def test_an_error_keeps_its_sentence_parameters_and_details() -> None:
    session, _, record = made([_OTHER])
    error = (await session.run()).error
    assert error is not None
    assert (error.message, error.params, error.detail) == ("Broken.", {"status": 500}, "words")
    assert record.events()[-1].error == error


@pytest.mark.parametrize(
    ("usage", "context", "outcome"),
    [
        (Usage(4000, 87), 4096, Outcome.LENGTH_LIMIT),
        (Usage(4000, 88), 4096, Outcome.CONTEXT_FULL),
        (Usage(4000, 96), 4096, Outcome.CONTEXT_FULL),
        (Usage(None, 96), 4096, Outcome.LENGTH_LIMIT),
        (Usage(4000, None), 4096, Outcome.LENGTH_LIMIT),
        (Usage(4000, 96), None, Outcome.LENGTH_LIMIT),
    ],
)
@pytest.mark.parametrize("by_model", [True, False])
async def test_a_full_context_is_told_from_a_limit(
    usage: Usage, context: int | None, outcome: Outcome, by_model: bool
) -> None:
    parameters = Parameters(512, None if by_model else context)
    model = ModelInfo("m", context=context if by_model else None)
    ending = [TextDelta("a"), UsageReported(usage), GenerationEnded(StopReason.LENGTH)]
    session, _, _ = made(ending, parameters=parameters, model=model)
    assert (await session.run()).outcome is outcome


@pytest.mark.parametrize("never_cuts", [True, False])
@pytest.mark.parametrize(("read", "at_best"), [(54, "no"), (56, "yes"), (None, "unknown")])
async def test_input_that_was_not_read_is_noticed(
    never_cuts: bool, read: int | None, at_best: str
) -> None:
    ending = [UsageReported(Usage(read, 9)), GenerationEnded(StopReason.NATURAL)]
    session, provider, _ = made(ending)
    provider.never_cuts = never_cuts
    expected = "unknown" if at_best == "yes" and not never_cuts else at_best
    if read is None and never_cuts:  # it has accepted the input
        expected = "yes"
    assert (await session.run()).cells[0].complete_input.value == expected


@pytest.mark.parametrize("after", range(len(_WHOLE)))
@pytest.mark.parametrize("way", ["cancel", "cancel twice", "task"])
async def test_stop_works_in_every_phase(after: int, way: str) -> None:
    hold = Hold()
    session, provider, record = made([*_WHOLE[:after], hold])
    task = asyncio.create_task(session.run())
    await hold.reached.wait()
    if way == "task":
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    else:
        session.cancel()
        if way == "cancel twice":
            session.cancel()
        assert (await task).outcome is Outcome.STOPPED
    session.cancel()
    assert session.stop_requested
    text = "".join(event.text for event in _WHOLE[:after] if isinstance(event, TextDelta))
    assert record.text() == record.text("kept") == text
    cell, end = record.events()[-2:]
    assert (cell.outcome, end.outcome, end.error) == (Outcome.STOPPED, Outcome.STOPPED, None)
    assert provider.closed == record.closed == 1


async def test_a_run_stopped_before_it_began_sends_nothing() -> None:
    session, provider, record = made(_WHOLE)
    session.cancel()
    result = await session.run()
    assert (result.outcome, result.texts, provider.requests) == (Outcome.STOPPED, {}, [])
    assert [cell.outcome for cell in result.cells] == [Outcome.NOT_SENT]
    assert record.closed == 1


async def test_an_impatient_canceller_still_gets_everything_saved() -> None:
    class Slow(Scripted):
        cleaning = asyncio.Event()
        may_end = asyncio.Event()

        async def generate(self, request: GenerationRequest) -> AsyncGenerator[StreamEvent, None]:
            self.requests.append(request)
            try:
                yield TextDelta("kept")
                await asyncio.Event().wait()
            finally:
                self.cleaning.set()
                await self.may_end.wait()
                self.closed += 1

    provider, record = Slow(), Record()
    session = Session(plan(), provider, record, record.show)  # type: ignore[arg-type]
    shown = asyncio.Event()
    record.on_shown = lambda _: shown.set()
    task = asyncio.create_task(session.run())
    await shown.wait()
    task.cancel()
    await provider.cleaning.wait()
    task.cancel()
    provider.may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (provider.closed, record.closed, record.text()) == (1, 1, "kept")
    assert record.events("kept")[-1].outcome is Outcome.STOPPED


async def test_the_journal_is_written_before_anything_is_shown() -> None:
    session, _, record = made(_WHOLE)
    await session.run()
    written: list[RunEntry] = []
    shown = 0
    for who, entry in record.log:
        if who == "kept":
            written.append(entry)
        else:
            assert entry is written[shown]
            shown += 1
    assert shown == len(written)


async def test_a_journal_that_fails_is_told_once_and_so_is_its_recovery() -> None:
    session, _, record = made(_WHOLE)
    failure = SpectrError("journal_failed", "Full.", params={"folder": "/runs"}, detail="ENOSPC")
    record.failures = [failure] * 2
    changes: list[bool] = []
    session.on_unsaved_changed = lambda: changes.append(session.unsaved is None)
    result = await session.run()
    assert result.outcome is Outcome.COMPLETE
    assert record.text() == _TEXT
    notices = [event for event in record.events() if isinstance(event, Notice)]
    again = Notice("journal_restored", "The run is saved again in /runs.")
    assert notices == [Notice("journal_failed", "Full."), again]
    assert changes == [False, True]
    assert isinstance(record.events()[-1], RunFinished)


async def test_what_the_journal_finds_between_two_writes_is_told_while_the_run_goes_on() -> None:
    failure = SpectrError("journal_failed", "Gone.")
    session, _, record = made(
        [
            TextDelta("a"),
            lambda: session.saving_changed(failure),
            lambda: session.saving_changed(failure),
            lambda: session.saving_changed(None),
            *_WHOLE[-1:],
        ]
    )
    await session.run()
    notices = [event.code for event in record.events() if isinstance(event, Notice)]
    assert notices == ["journal_failed", "journal_restored"]
    session.saving_changed(failure)
    assert session.unsaved is failure
    assert isinstance(record.events()[-1], RunFinished)


async def test_a_notice_never_stands_behind_the_outcome() -> None:
    clock = Clock()  # stands still, so that all but the first entry is one batch
    session, _, record = made(_WHOLE, clock=clock)
    real = record.write

    def fail_at_the_end(entries: Sequence[RunEntry]) -> None:
        if isinstance(entries[-1].event, RunFinished):
            raise SpectrError("journal_failed", "Full.")
        real(entries)

    record.write = fail_at_the_end  # type: ignore[method-assign]
    await session.run()
    assert any(isinstance(event, Notice) for event in record.events())
    assert isinstance(record.events()[-1], RunFinished)


async def test_neighbouring_deltas_are_one_entry_a_batch() -> None:
    letters = [TextDelta(letter) for letter in "abc"]
    thoughts = [ThinkingDelta(letter) for letter in "xyz"]
    session, _, record = made([*letters, *thoughts, *letters, *_WHOLE[-1:]], clock=Clock())
    await session.run()
    kinds = (TextDelta, ThinkingDelta)
    deltas = [event for event in record.events() if isinstance(event, kinds)]
    assert deltas == [TextDelta("abc"), ThinkingDelta("xyz"), TextDelta("abc")]
    # The first event, all that came within a frame, and the end of the run.
    assert len(record.batches) == 3


async def test_a_quiet_stream_is_shown_without_waiting_for_more() -> None:
    hold = Hold()
    session, _, record = made([TextDelta("a"), TextDelta("b"), hold])
    seen = asyncio.Event()
    record.on_shown = lambda _: seen.set()
    task = asyncio.create_task(session.run())
    while record.text() != "ab":
        seen.clear()
        await seen.wait()
    session.cancel()
    assert (await task).texts == {"1.quick": "ab"}


async def test_times_are_measured_by_the_clock() -> None:
    clock = Clock()
    hold = Hold()
    steps = [
        PhaseChanged(Phase.CONNECTING),
        clock.ticks(0.25),
        PhaseChanged(Phase.READING),
        clock.ticks(1.0),
        TextDelta("a"),
        clock.ticks(0.5),
        TextDelta("b"),
        clock.ticks(0.5),
        TextDelta("c"),
        clock.ticks(2.0),
        hold,
    ]
    session, _, record = made(steps, clock=clock)
    task = asyncio.create_task(session.run())
    await hold.reached.wait()
    progress = session.progress()
    assert (progress.phase, progress.tokens) == (Phase.WRITING, 3)
    assert (progress.elapsed_s, progress.phase_s) == (4.25, 3.0)
    assert (progress.first_token_s, progress.speed, progress.stall) == (1.25, 1.0, Stall.NO)
    session.cancel()
    timings = (await task).cells[0].timings
    assert (timings.connect_ms, timings.first_token_ms, timings.total_ms) == (250, 1250, 4250)
    assert timings.tokens_per_second == 2.0
    last = [entry for batch in record.batches for entry in batch][-2:]
    assert [entry.t for entry in last] == [4250, 4250]


async def test_what_never_happened_has_no_time() -> None:
    session, _, _ = made([_OTHER])
    timings = (await session.run()).cells[0].timings
    assert (timings.connect_ms, timings.first_token_ms, timings.tokens_per_second) == (None,) * 3


_SHORT: list[Step] = [TextDelta("x"), UsageReported(Usage(60, 5)), _WHOLE[-1]]


def outcomes(result: RunResult) -> list[str]:
    return [cell.outcome.value for cell in result.cells]


@pytest.mark.parametrize(
    ("first", "second", "run", "cells"),
    [
        (_WHOLE, _SHORT, "complete", ["complete", "complete"]),
        (limited(9, None), _SHORT, "length_limit", ["length_limit", "complete"]),
        (limited(9, None), [_LOST], "interrupted", ["length_limit", "interrupted"]),
        ([_OTHER], [_LOST], "failed", ["failed", "interrupted"]),
        ([_LOST], _SHORT, "interrupted", ["interrupted", "complete"]),
        *(
            ([kind("code", "Sentence.")], _SHORT, "failed", ["failed", "not_sent"])
            for kind in (
                errors.AuthFailed,
                errors.EgressRefused,
                errors.ModelMissing,
                errors.Unreachable,
                errors.EngineFailed,
            )
        ),
    ],
)
async def test_a_plan_of_two_carries_the_worst(
    first: list[Step], second: list[Step], run: str, cells: list[str]
) -> None:
    session, provider, record = made(first, second)
    result = await session.run()
    assert (result.outcome.value, outcomes(result)) == (run, cells)
    assert len(provider.requests) == 2 - cells.count("not_sent")
    assert provider.closed == len(provider.requests)
    ended = [e.cell for who, e in record.log if who == "kept" and isinstance(e.event, CellFinished)]
    assert ended == ["1.quick", "2.quick"]
    if run == "complete":
        assert result.usage == Usage(150, 25)
        assert result.texts == {"1.quick": _TEXT, "2.quick": "x"}


@pytest.mark.parametrize("in_first", [True, False])
async def test_stop_leaves_the_rest_unsent(in_first: bool) -> None:
    hold = Hold()
    streams = [[TextDelta("a"), hold], _SHORT] if in_first else [_SHORT, [TextDelta("a"), hold]]
    session, provider, _ = made(*streams)
    task = asyncio.create_task(session.run())
    await hold.reached.wait()
    session.cancel()
    result = await task
    assert result.outcome is Outcome.STOPPED
    assert outcomes(result) == (["stopped", "not_sent"] if in_first else ["complete", "stopped"])
    assert len(provider.requests) == (1 if in_first else 2)


async def test_stop_between_two_requests_is_a_stopped_run() -> None:
    every_entry_is_a_batch = itertools.count().__next__
    session, provider, record = made(_SHORT, _SHORT, clock=every_entry_is_a_batch)

    def stop(entries: Sequence[RunEntry]) -> None:
        if isinstance(entries[-1].event, CellFinished):
            session.cancel()

    record.on_shown = stop
    result = await session.run()
    assert (result.outcome, outcomes(result)) == (Outcome.STOPPED, ["complete", "not_sent"])
    assert len(provider.requests) == 1


# -- waiting -----------------------------------------------------------------------------------


async def test_a_queue_and_a_retry_are_progress_and_are_kept() -> None:
    clock, waiting, again = Clock(), Hold(), Hold()
    retry = RetryScheduled(2, 3, 4000, "server_busy", "Busy.")
    steps: list[Step] = [Queued(1), waiting]
    session, _, record = made(steps, clock=clock)
    task = asyncio.create_task(session.run())
    await waiting.reached.wait()
    assert (session.progress().position, session.progress().phase) == (1, Phase.IDLE)
    session.cancel()
    await task
    assert Queued(1) in record.events("kept")

    limits = (RateLimit("requests", 50, 0),)
    steps = [
        Queued(1),
        Queued(0),
        PhaseChanged(Phase.CONNECTING),
        PhaseChanged(Phase.READING),
        clock.ticks(0.5),
        RateLimitsReported(limits),
        retry,
        clock.ticks(1.5),
        again,
    ]
    session, _, record = made(steps, clock=clock)
    task = asyncio.create_task(session.run())
    await again.reached.wait()
    progress = session.progress()
    assert (progress.phase, progress.position) == (Phase.CONNECTING, 0)
    assert (progress.retry, progress.retry_s) == (retry, 2.5)
    assert progress.limits == limits
    clock.now += 3
    assert session.progress().retry is None
    session.cancel()
    result = await task
    assert retry in record.events("kept")
    assert result.outcome is Outcome.STOPPED
    assert result.cells[0].timings.reading_ms is None  # of an attempt that failed


async def test_heartbeats_are_no_text_and_no_event() -> None:
    session, _, record = made([*_WHOLE[:4], Heartbeat(), *_WHOLE[4:]])
    assert (await session.run()).texts["1.quick"] == _TEXT
    assert not any(isinstance(event, Heartbeat) for event in record.events("kept"))


async def test_notices_of_a_provider_are_shown() -> None:
    notice = Notice("partly_on_cpu", "Slow.")
    session, _, record = made([notice, *_WHOLE])
    await session.run()
    assert notice in record.events()


async def test_a_server_that_does_not_answer_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spectr_desktop.audit.session._PROBE_S", 0)
    hold = Hold()
    session, provider, _ = made([PhaseChanged(Phase.READING), hold])
    provider.lives = [False]
    task = asyncio.create_task(session.run())
    await provider.asked_alive.wait()
    await asyncio.sleep(0)  # the answer has been given, and is taken in now
    assert session.progress().stall is Stall.UNREACHABLE
    session.cancel()
    assert (await task).outcome is Outcome.STOPPED


async def test_a_mistake_in_a_probe_does_not_touch_the_run(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("spectr_desktop.audit.session._PROBE_S", 0)
    hold = Hold()
    session, provider, _ = made([PhaseChanged(Phase.LOADING), hold])
    provider.lives = [KeyError("oops")]
    task = asyncio.create_task(session.run())
    await provider.asked_alive.wait()
    session.cancel()
    assert (await task).outcome is Outcome.STOPPED
    assert "the liveness probe failed" in caplog.text


async def test_what_was_measured_is_learned() -> None:
    clock = Clock()
    steps: list[Step] = [
        PhaseChanged(Phase.CONNECTING),
        PhaseChanged(Phase.LOADING),
        clock.ticks(2.0),
        PhaseChanged(Phase.READING),
        clock.ticks(3.0),
        TextDelta("a"),
        *_WHOLE[-2:],
    ]
    learned: list[CellResult] = []
    session, _, _ = made(steps, clock=clock, learn=learned.append)
    await session.run()
    (result,) = learned
    assert (result.timings.loading_ms, result.timings.reading_ms) == (2000, 3000)


@pytest.mark.parametrize("ending", [[], [_WHOLE[-1]], [_LOST]])
async def test_a_letter_that_is_cut_between_deltas_is_whole(ending: list[Step]) -> None:
    steps: list[Step] = [
        ThinkingDelta("\ud83c"),
        ThinkingDelta("\udfe6\ud83c"),
        TextDelta("a\ud83c"),
        TextDelta("\udfe6b\ud83c"),
        *ending,
    ]
    session, _, record = made(steps)
    result = await session.run()
    assert result.texts["1.quick"] == record.text() == record.text("kept") == "a🏦b\ud83c"
    thoughts = [e.text for e in record.events("kept") if isinstance(e, ThinkingDelta)]
    assert "".join(thoughts) == "🏦\ud83c"
    assert isinstance(record.events()[-1], RunFinished)
