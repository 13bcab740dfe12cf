"""Where a request is: its phase, what it waits for, for how long, and whether it stalls."""

from __future__ import annotations

import enum
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spectr_desktop.audit.letters import Letters
from spectr_desktop.records.events import GenerationEnded, RateLimit, RetryScheduled
from spectr_desktop.records.run import Phase, Timings, Usage

if TYPE_CHECKING:
    from spectr_desktop.audit.plan import PlannedRequest
    from spectr_desktop.store.estimates import Expected

# product.md, "stalled": a mark, never a timeout.
_SILENT_S = 20.0
_SLOW_FACTOR = 2.0
_SPEED_OVER_S = 5.0
_SPEED_AFTER_S = 0.5  # a speed needs a little time to mean anything
_SLOTS_A_SECOND = 4
_SPEED_SLOTS = round(_SPEED_OVER_S * _SLOTS_A_SECOND)
_STREAMING = (Phase.THINKING, Phase.WRITING)
_SILENT = (Phase.LOADING, Phase.READING)


class Stall(enum.Enum):
    """Why a request is marked as stalled."""

    NO = "no"
    SILENT = "silent"
    SLOW = "slow"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run is now: for a status line that asks several times a second.

    Attributes:
        elapsed_s: since the run began.
        phase_s: since the phase began.
        tokens: pieces of answer and thinking so far (about one a token).
        speed: of them, a second, over the last 5 s; None before there is one.
        context_used: tokens of input and answer so far; None if the input is not known.
        context: tokens that there is room for; None if it is not known.
        exact: the input was counted by the server, not estimated by us.
        limit: tokens that the answer may have.
        left_s: what is left of loading or reading, as runs before took it; None if nobody knows.
        first_token_s: from the request's begin to the first piece; None if none came.
        stall: whether something is wrong with the wait, and what.
        stalled_s: for how long.
        position: place in the queue before the server; 0 if it is not waiting there.
        retry: the attempt that comes after `retry_s` more seconds; None if none is waited for.
        limits: what the service still allows.
        part, parts: the number of the part that is asked about, and how many there are; 0 in a run
            that is not divided.
        earlier_tokens: pieces that the requests before this one brought.
        run_left_s: until the last request ends, as those before it took; None if none has ended.
    """

    phase: Phase
    elapsed_s: float
    phase_s: float
    tokens: int
    speed: float | None = None
    context_used: int | None = None
    context: int | None = None
    exact: bool = False
    limit: int | None = None
    left_s: float | None = None
    first_token_s: float | None = None
    stall: Stall = Stall.NO
    stalled_s: float = 0.0
    position: int = 0
    retry: RetryScheduled | None = None
    retry_s: float = 0.0
    limits: tuple[RateLimit, ...] = ()
    part: int = 0
    parts: int = 0
    earlier_tokens: int = 0
    run_left_s: float | None = None


class CellState:
    """What is known of the request that runs now; all times by the session's clock.

    Args:
        cell: its id, "" for the run itself.
        now: when it begins.
        planned: what is sent, None for the run itself.
        context: tokens that there is room for, None if that is not known.

    Attributes:
        position: as in `Progress`.
        retry, retry_at, limits: as in `Progress`; the session sets them.
        text: the pieces of the answer.
        letters, thought_letters: join what a server cut within a letter.
        usage: the newest count.
        ended: the end mark, once it came.
    """

    def __init__(
        self,
        cell: str,
        now: float,
        planned: PlannedRequest | None = None,
        context: int | None = None,
    ) -> None:
        self.id = cell
        self._planned = planned
        self._context = context
        self.phase = Phase.IDLE
        self.position = 0
        self.retry: RetryScheduled | None = None
        self.retry_at = now
        self.limits: tuple[RateLimit, ...] = ()
        self.text: list[str] = []
        self.letters = Letters()
        self.thought_letters = Letters()
        self.usage = Usage()
        self.ended: GenerationEnded | None = None
        self._began = now
        self._phase_at = now
        self._heard_at = now
        self._connected_at: float | None = None
        self._first_at: float | None = None
        self._last_at: float | None = None
        self._lasted: dict[Phase, float] = {}
        self._deltas = 0
        # Pieces in each quarter of a second of the last few: (number of the quarter, count).
        self._lately: deque[list[int]] = deque(maxlen=_SPEED_SLOTS + 1)
        self._dead_since: float | None = None

    @property
    def answered(self) -> bool:
        """The server has begun to answer, so it has accepted the input."""
        return self._first_at is not None or self.ended is not None

    @property
    def tokens(self) -> int:
        """Pieces of answer and thinking so far."""
        return self._deltas

    @property
    def waits_in_silence(self) -> bool:
        """No byte can be expected now, so that only a question shows whether the server lives."""
        return self.phase in _SILENT

    def queued(self, position: int, now: float) -> None:
        """The request's place in the line changed; its own times begin when its turn comes."""
        self.position = position
        self._began = now

    def heard(self, now: float) -> None:
        """Something came from the server."""
        self._heard_at = now
        self._dead_since = None

    def probed(self, now: float, *, alive: bool) -> None:
        """The server was asked whether it lives."""
        if alive:
            self._dead_since = None
        elif self._dead_since is None:
            self._dead_since = now

    def enter(self, phase: Phase, now: float) -> None:
        """The request is in another phase from now on."""
        if self.phase is Phase.CONNECTING and phase is not Phase.CONNECTING:
            self._connected_at = now
        if self.phase in _SILENT:
            self._lasted[self.phase] = self._lasted.get(self.phase, 0.0) + now - self._phase_at
        self.phase, self._phase_at = phase, now
        self._dead_since = None
        if phase is Phase.CONNECTING:  # whatever an attempt before this one measured
            self._lasted.clear()

    def count_delta(self, now: float) -> None:
        """A piece of answer or thinking came."""
        if self._first_at is None:
            self._first_at = now
        self._last_at = now
        self._deltas += 1
        slot = int(now * _SLOTS_A_SECOND)
        if self._lately and self._lately[-1][0] == slot:
            self._lately[-1][1] += 1
        else:
            self._lately.append([slot, 1])

    def timings(self, now: float) -> Timings:
        """What was measured, at the end of the request."""
        rate = None
        first, last = self._first_at, self._last_at
        if first is not None and last is not None and last > first:
            # The server's own count, where it gives one: a piece may hold several tokens.
            rate = round(((self.usage.output or self._deltas) - 1) / (last - first), 2)
        return Timings(
            connect_ms=self._since_begin(self._connected_at),
            first_token_ms=self._since_begin(first),
            total_ms=self._since_begin(now),
            tokens_per_second=rate,
            loading_ms=self._lasted_ms(Phase.LOADING),
            reading_ms=self._lasted_ms(Phase.READING),
        )

    def progress(self, now: float, run_began: float, expected: Expected) -> Progress:
        """Where the request is now."""
        stall, since = self._stall(now, expected)
        waiting = self.retry is not None and self.retry_at > now
        return Progress(
            phase=self.phase,
            elapsed_s=now - run_began,
            phase_s=now - self._phase_at,
            tokens=self._deltas,
            speed=self._speed(now),
            context_used=self._context_used(),
            context=self._context,
            exact=self._planned is not None and self._planned.cell.counted_input is not None,
            limit=self._planned.request.parameters.max_tokens if self._planned else None,
            left_s=self._left(now, expected),
            first_token_s=None if self._first_at is None else self._first_at - self._began,
            stall=stall,
            stalled_s=now - since,
            position=self.position,
            retry=self.retry if waiting else None,
            retry_s=max(0.0, self.retry_at - now),
            limits=self.limits,
        )

    def _speed(self, now: float) -> float | None:
        if self._first_at is None or now - self._first_at < _SPEED_AFTER_S:
            return None
        oldest = int((now - _SPEED_OVER_S) * _SLOTS_A_SECOND) + 1
        count = sum(pieces for slot, pieces in self._lately if slot >= oldest)
        return count / (now - max(self._first_at, oldest / _SLOTS_A_SECOND))

    def _context_used(self) -> int | None:
        if self._planned is None:
            return None
        cell = self._planned.cell
        read = self.usage.input or cell.counted_input or cell.estimated_input
        return read + self._deltas

    def _left(self, now: float, expected: Expected) -> float | None:
        usual = expected.loading_s if self.phase is Phase.LOADING else expected.reading_s
        if not self.waits_in_silence or usual is None:
            return None
        return max(0.0, usual - (now - self._phase_at))

    def _stall(self, now: float, expected: Expected) -> tuple[Stall, float]:
        if self.phase in _STREAMING and now - self._heard_at >= _SILENT_S:
            return Stall.SILENT, self._heard_at
        if self._dead_since is not None:
            return Stall.UNREACHABLE, self._dead_since
        usual = expected.loading_s if self.phase is Phase.LOADING else expected.reading_s
        if self.waits_in_silence and usual is not None:
            # An estimate of a few milliseconds (the model was loaded) is no ground for alarm.
            patience = max(_SLOW_FACTOR * usual, _SILENT_S)
            if now - self._phase_at >= patience:
                return Stall.SLOW, self._phase_at
        return Stall.NO, now

    def _since_begin(self, at: float | None) -> float | None:
        return None if at is None else round((at - self._began) * 1000, 1)

    def _lasted_ms(self, phase: Phase) -> float | None:
        seconds = self._lasted.get(phase)
        return None if seconds is None else round(seconds * 1000, 1)
