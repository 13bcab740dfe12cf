"""How often the report may be drawn: at most 33 times a second, in a quarter of the time."""

from __future__ import annotations

from contextlib import contextmanager
from time import perf_counter, thread_time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# A little less than the 33 ms of the session, whose batches then find no frame in their way.
FRAME_SECONDS = 0.03
SHARE = 0.25
"""The part of the main thread's time that frames may take."""
ALLOWANCE = 0.01
"""Seconds of work that frames may owe: a single dear one among cheap ones delays no other."""


class FrameGovernor:
    """Adds up what frames cost, and says how long the next one has to wait for that."""

    def __init__(
        self,
        clock: Callable[[], float] = perf_counter,
        meter: Callable[[], float] = thread_time,
    ) -> None:
        """A governor by these clocks: one tells the time, one what this thread has used of it.

        What a frame waits for the processor is no cost of it: else on a busy machine the next
        one would wait even longer.
        """
        self._clock = clock
        self._meter = meter
        self._started = float("-inf")
        self._owed = 0.0
        self._reckoned = clock()
        self._painted = True

    def begin(self) -> None:
        """A frame starts."""
        self._started = self._clock()
        self._painted = False

    @contextmanager
    def work(self) -> Iterator[None]:
        """Count what is done as a part of the frame."""
        started = self._meter()
        try:
            yield
        finally:
            self._reckon()
            self._owed += self._meter() - started

    @contextmanager
    def painting(self) -> Iterator[None]:
        """Count the first paint after a frame; later ones are the reader's, who scrolls."""
        if self._painted:
            yield
            return
        self._painted = True
        with self.work():
            yield

    def wait(self) -> float:
        """The seconds until the next frame may start."""
        self._reckon()
        rest = self._started + FRAME_SECONDS - self._reckoned
        return max(0.0, rest, (self._owed - ALLOWANCE) / SHARE)

    def _reckon(self) -> None:
        """Of what is owed a share of the time since then has been paid."""
        now = self._clock()
        self._owed = max(0.0, self._owed - SHARE * (now - self._reckoned))
        self._reckoned = now
