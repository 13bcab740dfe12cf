from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from spectr_desktop.audit.progress import CellState, Stall
from spectr_desktop.records.run import Phase, Usage
from spectr_desktop.store.estimates import Expected
from tests.run_samples import plan

if TYPE_CHECKING:
    from spectr_desktop.audit.plan import PlannedRequest


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


def _planned(*, counted: int | None = None) -> PlannedRequest:
    planned = plan().requests[0]
    return replace(planned, cell=replace(planned.cell, counted_input=counted))


def test_the_speed_is_that_of_the_last_five_seconds() -> None:
    cell = CellState("1", 0.0)
    cell.enter(Phase.WRITING, 0.0)
    for number in range(100):  # 10 a second for 10 s
        cell.count_delta(number / 10)
    assert cell.progress(10.0, 0.0, Expected()).speed == pytest.approx(10, abs=0.5)
    for number in range(400):  # then 100 a second for 4 s
        cell.count_delta(10 + number / 100)
    assert cell.progress(14.0, 0.0, Expected()).speed == pytest.approx(82, abs=6)
    assert cell.progress(18.0, 0.0, Expected()).speed == pytest.approx(20, abs=6)
    assert cell.progress(30.0, 0.0, Expected()).speed == 0
    assert len(cell._lately) <= 21


def test_a_speed_needs_a_moment() -> None:
    cell = CellState("1", 0.0)
    assert cell.progress(1.0, 0.0, Expected()).speed is None
    cell.count_delta(1.0)
    assert cell.progress(1.4, 0.0, Expected()).speed is None
    assert cell.progress(1.5, 0.0, Expected()).speed == 2.0


def test_the_context_fills_with_input_and_answer() -> None:
    cell = CellState("1", 0.0, _planned(), 4096)
    cell.count_delta(1.0)
    progress = cell.progress(1.0, 0.0, Expected())
    assert (progress.context_used, progress.context, progress.exact) == (101, 4096, False)
    assert progress.limit == 512
    counted = CellState("1", 0.0, _planned(counted=90), 4096).progress(1.0, 0.0, Expected())
    assert (counted.context_used, counted.exact) == (90, True)
    cell.usage = Usage(80, 1)
    assert cell.progress(1.0, 0.0, Expected()).context_used == 81
    nobody = CellState("", 0.0).progress(1.0, 0.0, Expected())
    assert (nobody.context_used, nobody.context, nobody.limit) == (None, None, None)


def test_what_is_left_is_what_runs_before_took() -> None:
    cell = CellState("1", 0.0)
    expected = Expected(loading_s=10.0, reading_s=30.0)
    assert cell.progress(1.0, 0.0, expected).left_s is None
    cell.enter(Phase.LOADING, 1.0)
    assert cell.progress(4.0, 0.0, expected).left_s == 7.0
    assert cell.progress(40.0, 0.0, expected).left_s == 0.0
    cell.enter(Phase.READING, 40.0)
    assert cell.progress(45.0, 0.0, expected).left_s == 25.0
    assert cell.progress(45.0, 0.0, Expected()).left_s is None


def test_the_servers_count_decides_the_speed_at_the_end() -> None:
    cell = CellState("1", 0.0)
    for number in range(11):
        cell.count_delta(float(number))
    assert cell.timings(12.0).tokens_per_second == 1.0
    cell.usage = Usage(5, 41)
    assert cell.timings(12.0).tokens_per_second == 4.0
