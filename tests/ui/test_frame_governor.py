from __future__ import annotations

import pytest

from spectr_desktop.ui.frame_governor import FRAME_SECONDS, FrameGovernor


class Clock:
    """A clock that goes on only when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def governor(clock: Clock) -> FrameGovernor:
    return FrameGovernor(clock)


def spend(governor: FrameGovernor, clock: Clock, seconds: float) -> None:
    with governor.work():
        clock.now += seconds


def test_the_first_frame_need_not_wait(governor: FrameGovernor) -> None:
    assert governor.wait() == 0


def test_a_cheap_frame_waits_for_the_next_thirtieth(governor: FrameGovernor, clock: Clock) -> None:
    governor.begin()
    spend(governor, clock, 0.001)
    assert governor.wait() == pytest.approx(FRAME_SECONDS - 0.001)


@pytest.mark.parametrize("cost", [0.01, 0.1, 2.0])
def test_a_dear_frame_rests_three_times_as_long(
    cost: float, governor: FrameGovernor, clock: Clock
) -> None:
    governor.begin()
    spend(governor, clock, cost)
    assert governor.wait() == pytest.approx(3 * cost)


def test_the_first_paint_and_the_colours_belong_to_the_frame(
    governor: FrameGovernor, clock: Clock
) -> None:
    governor.begin()
    spend(governor, clock, 0.02)
    with governor.painting():
        clock.now += 0.02
    spend(governor, clock, 0.01)
    assert governor.wait() == pytest.approx(4 * 0.05 - 0.05)
    with governor.painting():  # the reader scrolls
        clock.now += 0.02
    assert governor.wait() == pytest.approx(4 * 0.05 - 0.07)


def test_whatever_frames_cost_they_take_a_quarter(governor: FrameGovernor, clock: Clock) -> None:
    started, spent = clock.now, 0.0
    for number in range(200):
        cost = 0.0005 * (1 + number * 37 % 101)
        governor.begin()
        spend(governor, clock, cost)
        spent += cost
        clock.now += governor.wait()
        assert governor.wait() == pytest.approx(0)
    assert spent <= 0.25 * (clock.now - started) * 1.0001


def test_a_new_frame_forgets_the_last(governor: FrameGovernor, clock: Clock) -> None:
    governor.begin()
    spend(governor, clock, 1.0)
    governor.begin()
    assert governor.wait() == pytest.approx(FRAME_SECONDS)
