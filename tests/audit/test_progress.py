from __future__ import annotations

import pytest

from spectr_desktop.audit.progress import CellState, Stall
from spectr_desktop.records.run import Phase
from spectr_desktop.store.estimates import Expected


def stall(cell: CellState, now: float, expected: Expected | None = None) -> tuple[Stall, float]:
    progress = cell.progress(now, 0.0, expected or Expected())
    return progress.stall, progress.stalled_s


@pytest.mark.parametrize("phase", [Phase.THINKING, Phase.WRITING])
def test_twenty_seconds_of_silence_while_text_should_come(phase: Phase) -> None:
    cell = CellState("1", 0.0)
    cell.enter(phase, 5.0)
    cell.heard(10.0)
    assert stall(cell, 29.9) == (Stall.NO, 0.0)
    assert stall(cell, 30.0) == (Stall.SILENT, 20.0)
    assert stall(cell, 71.0) == (Stall.SILENT, 61.0)
    cell.heard(72.0)
    assert stall(cell, 73.0) == (Stall.NO, 0.0)


@pytest.mark.parametrize("phase", [Phase.LOADING, Phase.READING])
def test_no_byte_comes_while_it_loads_or_reads(phase: Phase) -> None:
    cell = CellState("1", 0.0)
    cell.enter(phase, 10.0)
    assert cell.waits_in_silence
    assert stall(cell, 3000.0) == (Stall.NO, 0.0)


@pytest.mark.parametrize(
    ("phase", "expected"),
    [(Phase.LOADING, Expected(loading_s=30.0)), (Phase.READING, Expected(reading_s=30.0))],
)
def test_twice_the_time_that_it_took_before(phase: Phase, expected: Expected) -> None:
    cell = CellState("1", 0.0)
    cell.enter(phase, 10.0)
    assert stall(cell, 69.0, expected) == (Stall.NO, 0.0)
    assert stall(cell, 70.0, expected) == (Stall.SLOW, 60.0)
    other = Expected(expected.reading_s, expected.loading_s)
    assert stall(cell, 700.0, other) == (Stall.NO, 0.0)


def test_a_tiny_estimate_is_no_ground_for_alarm() -> None:
    cell = CellState("1", 0.0)
    cell.enter(Phase.LOADING, 0.0)
    assert stall(cell, 19.0, Expected(0.004, None))[0] is Stall.NO
    assert stall(cell, 20.0, Expected(0.004, None))[0] is Stall.SLOW


def test_a_probe_that_failed_marks_until_one_succeeds() -> None:
    cell = CellState("1", 0.0)
    cell.enter(Phase.READING, 0.0)
    cell.probed(10.0, alive=False)
    cell.probed(20.0, alive=False)
    assert stall(cell, 25.0) == (Stall.UNREACHABLE, 15.0)
    cell.probed(30.0, alive=True)
    assert stall(cell, 31.0) == (Stall.NO, 0.0)
    cell.probed(40.0, alive=False)
    cell.enter(Phase.WRITING, 41.0)
    cell.heard(41.0)
    assert stall(cell, 42.0) == (Stall.NO, 0.0)


def test_phases_before_a_new_attempt_are_not_measured() -> None:
    cell = CellState("1", 0.0)
    cell.enter(Phase.LOADING, 1.0)
    cell.enter(Phase.READING, 2.0)
    cell.enter(Phase.CONNECTING, 4.0)
    assert (cell.timings(5.0).loading_ms, cell.timings(5.0).reading_ms) == (None, None)
    cell.enter(Phase.READING, 5.0)
    cell.enter(Phase.WRITING, 6.5)
    assert (cell.timings(7.0).loading_ms, cell.timings(7.0).reading_ms) == (None, 1500.0)


def test_waiting_in_line_is_no_part_of_the_requests_own_times() -> None:
    cell = CellState("1", 0.0)
    cell.queued(1, 1.0)
    cell.queued(0, 5.0)
    cell.enter(Phase.CONNECTING, 5.0)
    cell.enter(Phase.READING, 6.0)
    cell.count_delta(7.0)
    timings = cell.timings(8.0)
    assert (timings.connect_ms, timings.first_token_ms, timings.total_ms) == (1000, 2000, 3000)
