"""How often the report may be drawn: at most 33 times a second, in a quarter of the time."""

from __future__ import annotations

from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# A little less than the 33 ms of the session, whose batches then find no frame in their way.
FRAME_SECONDS = 0.03
SHARE = 0.25
"""The part of the main thread's time that frames may take."""


class FrameGovernor:
    """Adds up what a frame costs, and says how long the next one has to wait for it."""

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._started = float("-inf")
        self._cost = 0.0
        self._painted = True

    def begin(self) -> None:
        """A frame starts; what the last one cost is paid."""
        self._started = self._clock()
        self._cost = 0.0
        self._painted = False

    @contextmanager
    def work(self) -> Iterator[None]:
        """Count what is done as a part of the frame."""
        started = self._clock()
        try:
            yield
        finally:
            self._cost += self._clock() - started

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
        period = max(FRAME_SECONDS, self._cost / SHARE)
        return max(0.0, self._started + period - self._clock())
