from __future__ import annotations

import pytest

from spectr_desktop.ui.frame_governor import ALLOWANCE, FRAME_SECONDS, FrameGovernor


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
    return FrameGovernor(clock, clock)


def spend(governor: FrameGovernor, clock: Clock, seconds: float) -> None:
    with governor.work():
        clock.now += seconds


def test_the_first_frame_need_not_wait(governor: FrameGovernor) -> None:
    assert governor.wait() == 0


def test_a_cheap_frame_waits_for_the_next_thirtieth(governor: FrameGovernor, clock: Clock) -> None:
    governor.begin()
    spend(governor, clock, 0.001)
    assert governor.wait() == pytest.approx(FRAME_SECONDS - 0.001)


@pytest.mark.parametrize("cost", [0.03, 0.1, 2.0])
def test_a_dear_frame_rests(cost: float, governor: FrameGovernor, clock: Clock) -> None:
    governor.begin()
    spend(governor, clock, cost)
    assert governor.wait() == pytest.approx(4 * (0.75 * cost - ALLOWANCE) + cost, abs=cost)
    clock.now += governor.wait()
    assert governor.wait() == pytest.approx(0)


def test_a_dear_frame_among_cheap_ones_delays_none(governor: FrameGovernor, clock: Clock) -> None:
    for number in range(60):
        governor.begin()
        spend(governor, clock, 0.012 if number % 6 == 5 else 0.004)
        assert governor.wait() <= FRAME_SECONDS
        clock.now += FRAME_SECONDS


def test_the_first_paint_and_the_colours_belong_to_the_frame(
    governor: FrameGovernor, clock: Clock
) -> None:
    governor.begin()
    spend(governor, clock, 0.5)
    before = governor.wait()
    with governor.painting():
        clock.now += 0.2
    after = governor.wait()
    assert after == pytest.approx(before + 0.2 * 4 - 0.2)
    with governor.painting():  # the reader scrolls
        clock.now += 0.2
    assert governor.wait() == pytest.approx(after - 0.2)


def test_whatever_frames_cost_they_take_a_quarter(governor: FrameGovernor, clock: Clock) -> None:
    started, spent = clock.now, 0.0
    for number in range(200):
        cost = 0.0005 * (1 + number * 37 % 101)
        governor.begin()
        spend(governor, clock, cost)
        spent += cost
        clock.now += governor.wait()
        assert governor.wait() == pytest.approx(0)
    assert spent <= 0.25 * (clock.now - started) + ALLOWANCE * 1.0001


def test_a_busy_machine_makes_frames_no_dearer(clock: Clock) -> None:
    used = Clock()
    governor = FrameGovernor(clock, used)
    governor.begin()
    with governor.work():
        clock.now += 0.5
        used.now += 0.005
    assert governor.wait() == 0
