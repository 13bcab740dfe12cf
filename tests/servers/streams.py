"""How a scripted model server streams an answer: one writer for all protocols, with its faults."""

from __future__ import annotations

import enum
import random
from collections.abc import Sequence
from dataclasses import dataclass

from tests.servers.replay import in_pieces
from tests.servers.script import (
    Close,
    Gate,
    Pause,
    Reset,
    Script,
    Send,
    Step,
    chunk,
    chunked_head,
    reply,
)


class Fault(enum.Enum):
    """What goes wrong with an answer."""

    UNAUTHORIZED = "401"
    NOT_FOUND = "404"
    BAD_REQUEST = "400"
    OVERFLOW = "400, the input is longer than the context"
    ERROR_BODY = "200 with an error object instead of a stream"
    ERROR_INSIDE = "200, then an error in the stream"
    NO_END_MARK = "a clean end without the protocol's end mark"
    CUT = "the connection is closed in the middle of an event"
    RESET = "the connection is reset in the middle of an event"


@dataclass
class Answer:
    """How the next answers are given.

    Attributes:
        text: streamed in deltas of a few letters; None for the recorded answer.
        fault: what goes wrong, if anything.
        fault_after: deltas before a fault that happens inside the stream.
        before: a gate before the first byte of the answer, not even the status.
        within: a gate after `within_after` deltas.
        seed: of the random cuts; None sends each event whole.
    """

    text: str | None = None
    fault: Fault | None = None
    fault_after: int = 3
    before: Gate | None = None
    within: Gate | None = None
    within_after: int = 3
    seed: int | None = 0


@dataclass(frozen=True)
class Events:
    """An answer on the wire: what precedes the deltas, they, and what ends it."""

    content_type: str
    opening: Sequence[bytes]
    deltas: Sequence[bytes]
    ending: Sequence[bytes]
    error: bytes


Refusals = dict[Fault, tuple[int, bytes]]


def streamed(answer: Answer, events: Events, refusals: Refusals) -> Script:
    """The script of one answer.

    Args:
        answer: how it is given.
        events: its wire form.
        refusals: status and JSON body of each fault that comes instead of a stream.
    """
    steps: list[Step] = [Pause(answer.before)] if answer.before else []
    if answer.fault in refusals:
        status, body = refusals[answer.fault]
        return [*steps, *reply(body, status)]
    writer = _Writer(answer.seed)
    writer.write(chunked_head(events.content_type))
    for event in events.opening:
        writer.write(chunk(event))
    for number, event in enumerate(events.deltas):
        if answer.within and number == answer.within_after:
            writer.step(Pause(answer.within))
        if number == answer.fault_after and _broken(writer, answer.fault, event, events.error):
            return steps + writer.steps
        writer.write(chunk(event))
    if answer.fault is not Fault.NO_END_MARK:
        for event in events.ending:
            writer.write(chunk(event))
    writer.write(chunk(b""))
    return steps + writer.steps


def sse(
    opening: Sequence[bytes], deltas: Sequence[bytes], ending: Sequence[bytes], error: bytes
) -> Events:
    """An event stream of these events, written without their blank lines."""
    groups = [[event + b"\n\n" for event in group] for group in (opening, deltas, ending)]
    return Events("text/event-stream", groups[0], groups[1], groups[2], error + b"\n\n")


def texts(text: str, length: int = 4) -> list[str]:
    """A text in deltas of a few letters."""
    return [text[start : start + length] for start in range(0, len(text), length)]


def _broken(writer: _Writer, fault: Fault | None, event: bytes, error: bytes) -> bool:
    """Write the fault if it is one that happens here."""
    if fault in (Fault.CUT, Fault.RESET):
        writer.write(chunk(event)[: len(event) // 2])
        writer.step(Close() if fault is Fault.CUT else Reset())
        return True
    if fault is Fault.ERROR_INSIDE:
        writer.write(chunk(error))
        writer.write(chunk(b""))
        return True
    return False


class _Writer:
    """Collects steps; neighbouring bytes are joined, then cut at random if a seed is given."""

    def __init__(self, seed: int | None) -> None:
        self._steps: list[Step] = []
        self._open: list[bytes] = []
        self._chance = None if seed is None else random.Random(seed)  # noqa: S311

    def write(self, payload: bytes) -> None:
        self._open.append(payload)

    def step(self, step: Step) -> None:
        self._steps += self._flushed()
        self._steps.append(step)

    @property
    def steps(self) -> list[Step]:
        self._steps += self._flushed()
        return self._steps

    def _flushed(self) -> list[Step]:
        parts, self._open = self._open, []
        if self._chance is None:
            return [Send(part) for part in parts]
        return list(in_pieces(b"".join(parts), self._chance))
