"""What the lines of an Ollama chat mean: events, and exactly one end."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from spectr_desktop.providers.ollama_models import count
from spectr_desktop.providers.thinking import ThinkSplitter
from spectr_desktop.providers.wire import NdjsonDecoder, as_object
from spectr_desktop.records.events import (
    GenerationEnded,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
    UsageReported,
)
from spectr_desktop.records.run import StopReason, Usage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from spectr_desktop.providers.sse import Chunks

_LONGEST_WORD = 30
_REASONS = {"stop": StopReason.NATURAL, "length": StopReason.LENGTH}


async def lines(source: Chunks) -> AsyncGenerator[dict[str, Any] | None, None]:
    """The lines of an answer; None for bytes that complete none.

    Raises:
        WireError: a line is no JSON object, or too long.
        ProviderError: the connection was lost.
    """
    decoder = NdjsonDecoder()
    async with contextlib.aclosing(source.chunks()) as chunks:
        async for chunk in chunks:
            quiet = True
            for line in decoder.feed(chunk):
                quiet = False
                yield line
            if quiet:
                yield None
    for line in decoder.finish():
        yield line


class ReportedError(Exception):
    """A line that holds an error; the status was 200, and nothing follows."""

    def __init__(self, line: dict[str, Any]) -> None:
        super().__init__()
        self.line = line


class Answer:
    """Reads one answer, line by line."""

    def __init__(self) -> None:
        # A model that Ollama does not know to think writes its thoughts between tags.
        self._tags: ThinkSplitter | None = ThinkSplitter()

    def line(self, line: dict[str, Any]) -> Iterator[StreamEvent]:
        """The events of one line.

        Raises:
            ReportedError: the line holds an error.
        """
        if "error" in line:
            raise ReportedError(line)
        message = as_object(line.get("message"))
        if thinking := message.get("thinking"):
            yield from self.rest()
            self._tags = None
            yield ThinkingDelta(str(thinking))
        if content := message.get("content"):
            text = str(content)
            yield from _told([(False, text)] if self._tags is None else self._tags.feed(text))
        if line.get("done"):
            yield from self.rest()
            # Go leaves out every metric that is 0, and older servers what a cache had.
            read = count(line.get("prompt_eval_count"))
            yield UsageReported(Usage(read, count(line.get("eval_count")) or 0))
            said = str(line.get("done_reason") or "stop")
            reason = _REASONS.get(said, StopReason.OTHER)
            # A reason is a word; what is none may be anything, and it is shown and kept.
            word = said if said.isalpha() and len(said) < _LONGEST_WORD else "unknown"
            other = f"Ollama's reason: {word}" if reason is StopReason.OTHER else ""
            yield GenerationEnded(reason, other)

    def rest(self) -> Iterator[StreamEvent]:
        """What was held back because it might have become a tag."""
        if self._tags is not None:
            yield from _told(self._tags.finish())


def _told(pieces: list[tuple[bool, str]]) -> Iterator[StreamEvent]:
    for thinking, text in pieces:
        yield ThinkingDelta(text) if thinking else TextDelta(text)
