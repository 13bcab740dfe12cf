"""How a scripted model server streams an answer: one writer for all protocols, with its faults."""

from __future__ import annotations

import itertools
import random
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from tests.servers.faults import EVERYWHERE, Fault, Refusal, Refusals
from tests.servers.script import (
    Close,
    Gate,
    Pause,
    Request,
    Reset,
    Script,
    Send,
    Step,
    Wait,
    chunk,
    chunked_head,
    reply,
)

_LONGEST_PIECE = 64
_DELAY_S = 0.001
_GARBAGE_BYTES = 20_000
_HUGE_PIECES, _HUGE_PIECE = 144, b"x" * 65_536  # together nine megabytes

Headers = Mapping[str, str]
# Bytes that may be joined and cut, and steps that stay as they are.
Part = bytes | Step


@dataclass
class Answer:
    """How the next answers are given.

    Attributes:
        text: streamed in deltas of a few letters; None for the recorded answer.
        natural: the answer ends by itself; the recorded one was cut at the output limit.
        counted: tokens that the server says it read; None for a quarter of the characters.
        fault: what goes wrong, if anything.
        fault_after: deltas before a fault that happens inside the stream.
        fault_times: requests that get the fault before good answers follow; None for all.
        headers: further headers of a fault that has a status (`retry-after` and its like).
        redirect_port: where `Fault.REDIRECT` sends the client.
        before: a gate before the first byte of the answer, not even the status.
        within: a gate after `within_after` deltas.
        silence: a gate that a stalled or half-open answer stands before; opened, it hangs up.
        seed: of the random cuts; None sends each event whole.
    """

    text: str | None = None
    natural: bool = False
    counted: int | None = None
    fault: Fault | None = None
    fault_after: int = 3
    fault_times: int | None = None
    headers: Headers = field(default_factory=dict)
    redirect_port: int = 0
    before: Gate | None = None
    within: Gate | None = None
    within_after: int = 3
    silence: Gate = field(default_factory=Gate)
    seed: int | None = 0
    _faults: int = field(default=0, init=False, repr=False)

    def next_fault(self) -> Fault | None:
        """The fault of the request that is answered now."""
        if self.fault_times is not None and self._faults >= self.fault_times:
            return None
        self._faults += 1
        return self.fault

    def tokens_read(self, asked: Mapping[str, Any]) -> int:
        """The input tokens that an answer to this request counts."""
        return prompt_tokens(asked) if self.counted is None else self.counted


@dataclass(frozen=True)
class Events:
    """An answer on the wire: what precedes the deltas, they, and what ends it."""

    content_type: str
    opening: Sequence[bytes]
    deltas: Sequence[bytes]
    ending: Sequence[bytes]
    error: bytes


def streamed(
    request: Request,
    answer: Answer,
    events: Events,
    refusals: Refusals,
    headers: Headers | None = None,
) -> Script:
    """The script of one answer.

    Args:
        request: what is answered.
        answer: how it is given.
        events: its wire form.
        refusals: what this server sends in place of a stream.
        headers: further headers of everything that it sends.
    """
    fault = answer.next_fault()
    known = headers or {}
    refusal = {**EVERYWHERE, **refusals}.get(fault) if fault else None
    if fault is Fault.REDIRECT:
        target = f"http://127.0.0.1:{answer.redirect_port}{request.path}"
        refusal = Refusal(307, content_type="", headers={"Location": target})
    return _steps(answer, fault, refusal, events, known)


def sse(
    opening: Sequence[bytes], deltas: Sequence[bytes], ending: Sequence[bytes], error: bytes
) -> Events:
    """An event stream of these events, written without their blank lines."""
    groups = [[event + b"\n\n" for event in group] for group in (opening, deltas, ending)]
    return Events("text/event-stream", groups[0], groups[1], groups[2], error + b"\n\n")


def texts(text: str, length: int = 4) -> list[str]:
    """A text in deltas of a few letters."""
    return [text[start : start + length] for start in range(0, len(text), length)]


def prompt_tokens(asked: Mapping[str, Any]) -> int:
    """About as many tokens as a request's messages and system text have."""
    contents = [asked.get("system", ""), *(message["content"] for message in asked["messages"])]
    return max(1, sum(len(_text(content)) for content in contents) // 4)


def _text(content: str | Sequence[Mapping[str, Any]]) -> str:
    """A message's content, which may be a list of blocks."""
    if isinstance(content, str):
        return content
    return "".join(block.get("text", "") for block in content)


def _steps(
    answer: Answer, fault: Fault | None, refusal: Refusal | None, events: Events, headers: Headers
) -> Iterator[Step]:
    if answer.before:
        yield Pause(answer.before)
    if refusal:
        every = {**headers, **refusal.headers, **answer.headers}
        yield from reply(refusal.body, refusal.status, refusal.content_type, every)
    elif fault is Fault.CLOSED_BEFORE_HEAD:
        yield Close()
    elif fault is Fault.RESET_BEFORE_HEAD:
        yield Reset()
    elif fault is Fault.HALF_OPEN:
        yield from (Pause(answer.silence), Close())
    else:
        for step in _in_pieces(_parts(answer, fault, events, headers), answer.seed):
            yield step
            if fault is Fault.DELAYED:
                yield Wait(_DELAY_S)


def _parts(answer: Answer, fault: Fault | None, events: Events, headers: Headers) -> Iterator[Part]:
    packed = _Gzip() if fault is Fault.GZIP else _Plain()
    top = chunked_head(events.content_type, headers={**headers, **packed.headers})
    if fault is Fault.SLOW_HEAD:
        yield from (Send(top[at : at + 1]) for at in range(len(top)))
    else:
        yield top
    if fault is Fault.GARBAGE:
        yield chunk(random.Random(answer.seed).randbytes(_GARBAGE_BYTES))  # noqa: S311
        yield chunk(b"")
        return
    for event in events.opening:
        yield chunk(packed.event(event))
    deltas = itertools.cycle(events.deltas) if fault is Fault.ENDLESS else events.deltas
    for number, event in enumerate(deltas):
        if answer.within and number == answer.within_after:
            yield Pause(answer.within)
        if number >= answer.fault_after and (broken := _broken(answer, fault, event, events)):
            yield from broken
            return
        yield chunk(packed.event(event))
    for event in events.ending if fault is not Fault.NO_END_MARK else ():
        yield chunk(packed.event(event))
    yield packed.end + chunk(b"")


def _broken(answer: Answer, fault: Fault | None, event: bytes, events: Events) -> Sequence[Part]:
    """What comes in place of an event and all that would follow; nothing if it is not broken."""
    if fault is Fault.CUT_LETTER:
        # The next delta may have one, if this has no letter of several bytes.
        letter = next((at for at, byte in enumerate(event) if byte > 0x7F), None)
        return () if letter is None else (_begun(event, letter + 1), Close())
    half = (event.index(b"{") + len(event)) // 2
    # The huge line goes in whole pieces: in small ones it would take seconds.
    huge = [Send(chunk(_HUGE_PIECE))] * _HUGE_PIECES
    broken: dict[Fault | None, Sequence[Part]] = {
        Fault.ERROR_INSIDE: (chunk(events.error), chunk(b"")),
        Fault.HALF_EVENT: (chunk(event[:half]), chunk(b"")),
        Fault.CUT: (_begun(event, half), Close()),
        Fault.RESET: (_begun(event, half), Reset()),
        Fault.STALL: (Pause(answer.silence), Close()),
        Fault.HUGE_LINE: (chunk(event[:half]), *huge, chunk(b"")),
    }
    return broken.get(fault, ())


def _begun(event: bytes, length: int) -> bytes:
    """A chunk that says its whole size and has its first bytes only."""
    return chunk(event)[: -len(event) - 2 + length]


class _Plain:
    """The content coding of a stream: none."""

    headers: ClassVar[Headers] = {}
    end = b""

    def event(self, event: bytes) -> bytes:
        return event


class _Gzip(_Plain):
    """Every event can be read when it arrives: the compressor is flushed after each."""

    headers: ClassVar[Headers] = {"Content-Encoding": "gzip"}

    def __init__(self) -> None:
        self._compressor = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)

    def event(self, event: bytes) -> bytes:
        return self._compressor.compress(event) + self._compressor.flush(zlib.Z_SYNC_FLUSH)

    @property
    def end(self) -> bytes:
        return chunk(self._compressor.flush())


def _in_pieces(parts: Iterable[Part], seed: int | None) -> Iterator[Step]:
    """Neighbouring bytes are joined, then cut at random if a seed is given."""
    if seed is None:
        yield from (Send(part) if isinstance(part, bytes) else part for part in parts)
        return
    chance = random.Random(seed)  # noqa: S311
    held, size = b"", chance.randint(1, _LONGEST_PIECE)
    for part in parts:
        if isinstance(part, bytes):
            held += part
            while len(held) >= size:
                yield Send(held[:size])
                held, size = held[size:], chance.randint(1, _LONGEST_PIECE)
        else:
            if held:
                yield Send(held)
            held = b""
            yield part
    if held:
        yield Send(held)
