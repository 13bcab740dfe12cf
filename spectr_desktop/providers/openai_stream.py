"""The answer of chat completions: from its bytes to events and to exactly one end."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from spectr_desktop.providers.errors import ConnectionLost, ProviderError
from spectr_desktop.providers.openai_errors import Failures, error_in
from spectr_desktop.providers.sse import HEARTBEAT, sse_events
from spectr_desktop.providers.status import not_a_stream
from spectr_desktop.providers.thinking import ThinkSplitter
from spectr_desktop.providers.wire import as_object, as_objects, json_object
from spectr_desktop.records.events import (
    GenerationEnded,
    Heartbeat,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
    UsageReported,
)
from spectr_desktop.records.run import StopReason, Usage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from spectr_desktop.providers.transport import Exchange
    from spectr_desktop.providers.wire import SseEvent

# In lower case: gateways hand on the words of the service behind them, Gemini's in capitals.
_REASONS = {
    "stop": StopReason.NATURAL,
    "eos": StopReason.NATURAL,  # Together
    "eos_token": StopReason.NATURAL,  # text-generation-inference
    "end_turn": StopReason.NATURAL,  # Claude behind a gateway
    "stop_sequence": StopReason.NATURAL,
    "length": StopReason.LENGTH,
    "max_tokens": StopReason.LENGTH,
    "model_length": StopReason.CONTEXT_FULL,  # Mistral
    "content_filter": StopReason.REFUSAL,
}
# After finish_reason: for the count of tokens and [DONE], which some servers never send.
_GRACE_S = 5.0
_STREAM_MARKS = (b"data:", b"event:", b"id:", b"retry:", b":")
_LONGEST_MARK = 6
_LONGEST_BODY = 16 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"


async def answer_events(
    exchange: Exchange, content_type: str, failures: Failures
) -> AsyncGenerator[StreamEvent, None]:
    """The events of an answer with status 200, streamed or in one piece.

    Without `GenerationEnded` it was interrupted.

    Raises:
        ProviderError: the server reported one, it ended without a word, the connection was lost,
            or it is no answer at all. What had arrived has been yielded.
    """
    answer = Answer(failures)
    async with contextlib.aclosing(exchange.chunks()) as chunks:
        body = _Body(chunks)
        if "event-stream" not in content_type and not await body.looks_streamed():
            for event in answer.whole(await body.read(), content_type):
                yield event
            return
        stream = sse_events(body, failures.host)
        async with contextlib.aclosing(_streamed(stream, answer)) as events:
            async for event in events:
                yield event


async def _streamed(
    stream: AsyncGenerator[SseEvent, None], answer: Answer
) -> AsyncGenerator[StreamEvent, None]:
    clock = asyncio.get_running_loop().time
    deadline: float | None = None
    try:
        async with contextlib.aclosing(stream):
            # The end is said: a server that holds the connection open cannot hold the run open.
            while not answer.done and (sse := await _next(stream, deadline)) is not None:
                if sse is HEARTBEAT:
                    yield Heartbeat()
                    continue
                for event in answer.chunk(sse):
                    yield event
                if answer.reason and deadline is None:
                    deadline = clock() + _GRACE_S
    except ProviderError as error:
        if not (isinstance(error, ConnectionLost) and answer.reason):
            for event in answer.rest():
                yield event
            raise
    if answer.done:
        return
    for event in answer.end() if answer.reason else answer.rest():
        yield event


async def _next(stream: AsyncGenerator[SseEvent, None], deadline: float | None) -> SseEvent | None:
    """The next event; None at the end of the stream, or when the deadline is over."""
    if deadline is not None and asyncio.get_running_loop().time() >= deadline:
        return None
    try:
        async with asyncio.timeout_at(deadline):
            return await anext(stream, None)
    except TimeoutError:
        return None


class _Body:
    """The bytes of an answer, of which the first may be looked at before they are read."""

    def __init__(self, chunks: AsyncGenerator[bytes, None]) -> None:
        self._chunks = chunks
        self._head = b""

    async def looks_streamed(self) -> bool:
        """It begins as server-sent events do, whatever its content type says."""
        while len(self._bare()) < _LONGEST_MARK:
            chunk = await anext(self._chunks, None)
            if chunk is None:
                break
            self._head += chunk
        return self._bare().startswith(_STREAM_MARKS)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """All bytes."""
        if self._head:
            yield self._head
        async for chunk in self._chunks:
            yield chunk

    async def read(self) -> bytes:
        """All bytes at once; cut at 16 MiB."""
        out = bytearray()
        async with contextlib.aclosing(self.chunks()) as chunks:
            async for chunk in chunks:
                out += chunk
                if len(out) > _LONGEST_BODY:
                    break
        return bytes(out)

    def _bare(self) -> bytes:
        return self._head.removeprefix(_BOM).lstrip()


class Answer:
    """Reads one answer, without I/O; its iterators may raise after what they have given.

    Attributes:
        reason: the finish reason, in lower case; "" before it is said.
        done: the end mark was read and `GenerationEnded` given.
    """

    def __init__(self, failures: Failures) -> None:
        self.reason = ""
        self.done = False
        self._failures = failures
        self._tags: ThinkSplitter | None = ThinkSplitter()
        self._blank_reason = False
        self._answered = False
        self._thought = False
        self._refusal = ""
        self._written: int | None = None

    def chunk(self, sse: SseEvent) -> Iterator[StreamEvent]:
        """The events of one chunk.

        Raises:
            ProviderError: the chunk holds an error, or it is none.
        """
        if sse.data.strip() == "[DONE]":
            yield from self.end()
            self.done = True
            return
        chunk = json_object(sse.data)
        if chunk is None and sse.type == "error":
            chunk = {"error": sse.data}
        if chunk is None:
            raise self._failures.malformed(sse.data)
        out = list(self._read(chunk, "delta"))
        yield from out or (Heartbeat(),)
        self._raise_if_failed(chunk, sse.type)

    def whole(self, body: bytes, content_type: str) -> Iterator[StreamEvent]:
        """The events of an answer in one piece, from a server that cannot stream.

        Raises:
            ProviderError: it holds an error, or it is no answer.
        """
        reply = json_object(body) or {}
        yield from self._read(reply, "message")
        self._raise_if_failed(reply, "")
        if not as_objects(reply.get("choices")):
            raise not_a_stream(self._failures.host, content_type)
        yield from self.end()

    def rest(self) -> Iterator[StreamEvent]:
        """What was held back because it might have become a tag."""
        if self._tags is not None:
            yield from self._told(self._tags.finish())

    def end(self) -> Iterator[StreamEvent]:
        """The end, as the finish reason says; none is natural.

        Raises:
            ServerFailed: nothing was said before it.
        """
        yield from self.rest()
        reason = _REASONS.get(self.reason or "stop", StopReason.OTHER)
        explanation = self._failures.redacted(self._refusal)
        if not self.reason and self._blank_reason:
            reason = StopReason.OTHER
        if reason is StopReason.OTHER and not explanation:
            explanation = self._failures.redacted(f"finish reason: {self.reason or 'empty'}")
        if reason is StopReason.NATURAL and not self._answered:
            if self._refusal:
                reason = StopReason.REFUSAL
            elif not (self._thought or self._written):
                raise self._failures.empty()
        yield GenerationEnded(reason, explanation)

    def _read(self, reply: dict[str, Any], part: str) -> Iterator[StreamEvent]:
        for choice in as_objects(reply.get("choices")):
            if choice.get("index") in (0, None):
                yield from self._deltas(as_object(choice.get(part)))
                reason = choice.get("finish_reason")
                # Some send "" with every chunk: that is no end, unless nothing else comes.
                self._blank_reason |= reason == ""
                self.reason = str(reason or "").lower() or self.reason
        counted = _usage(as_object(reply.get("usage")))
        if counted != Usage():
            self._written = counted.output
            yield UsageReported(counted)

    def _deltas(self, delta: dict[str, Any]) -> Iterator[StreamEvent]:
        # The same thought under two names: servers send one of them, some send both.
        thought = _text(delta.get("reasoning_content")) or _text(delta.get("reasoning"))
        for part in as_objects(delta.get("content")):  # Mistral's form
            thought += _text(part.get("thinking"))
        if thought:
            # Who has a field for thoughts writes no tags for them.
            yield from self.rest()
            self._tags = None
            yield from self._told([(True, thought)])
        if content := _text(delta.get("content")):
            told = [(False, content)] if self._tags is None else self._tags.feed(content)
            yield from self._told(told)
        self._refusal += _text(delta.get("refusal"))

    def _told(self, pieces: list[tuple[bool, str]]) -> Iterator[StreamEvent]:
        for thinking, text in pieces:
            self._thought |= thinking
            self._answered |= not thinking
            yield ThinkingDelta(text) if thinking else TextDelta(text)

    def _raise_if_failed(self, reply: dict[str, Any], event: str) -> None:
        error = error_in(reply, event)
        if error is None and self.reason == "error":
            error = {"error": "finish reason: error"}
        if error is not None:
            raise self._failures.reported(error)


def _text(value: object) -> str:
    """The text of a field; of a list of parts that of its text parts."""
    if isinstance(value, str):
        return value
    parts = (part.get("text") for part in as_objects(value))
    return "".join(part for part in parts if isinstance(part, str))


def _usage(usage: dict[str, Any]) -> Usage:
    def count(of: dict[str, Any], name: str) -> int | None:
        value = of.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    read = as_object(usage.get("prompt_tokens_details"))
    written = as_object(usage.get("completion_tokens_details"))
    return Usage(
        input=count(usage, "prompt_tokens"),
        output=count(usage, "completion_tokens"),
        thinking=count(written, "reasoning_tokens"),
        cached=count(read, "cached_tokens"),
    )
