"""The events of one message of the Messages API as ours: text, thinking, usage and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spectr_desktop.providers.wire import as_object, as_objects, json_object
from spectr_desktop.records.events import (
    GenerationEnded,
    Heartbeat,
    PhaseChanged,
    TextDelta,
    ThinkingDelta,
    UsageReported,
)
from spectr_desktop.records.run import Phase, StopReason, Usage

if TYPE_CHECKING:
    from spectr_desktop.providers.anthropic_status import Failures
    from spectr_desktop.providers.wire import SseEvent
    from spectr_desktop.records.events import StreamEvent

_REASONS = {
    "end_turn": StopReason.NATURAL,
    "stop_sequence": StopReason.NATURAL,
    "max_tokens": StopReason.LENGTH,
    "model_context_window_exceeded": StopReason.CONTEXT_FULL,
    "refusal": StopReason.REFUSAL,
}
_THOUGHTS = ("thinking", "redacted_thinking")
_USAGE = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
_BLANK_LINE = "\n\n"


class Message:
    """Reads the events of one message, in order.

    Args:
        failures: makes the errors.
        model: that was asked for.
        request_id: the service's id of the request.

    Attributes:
        ended: the end mark was read.
    """

    def __init__(self, failures: Failures, model: str, request_id: str = "") -> None:
        self.ended = False
        self._failures = failures
        self._model = model
        self._request_id = request_id
        self._usage: dict[str, int] = {}
        self._reason = ""
        self._details: dict[str, Any] = {}
        self._last = "\n"  # the last character of the text so far
        self._cited = False  # the block that was opened last carries citations
        self._break_due = False  # the next text begins another passage

    def read(self, sse: SseEvent) -> list[StreamEvent]:
        """Our events for one of theirs, at least a heartbeat.

        Unknown events, blocks and deltas are passed over.

        Raises:
            ProviderError: it is an error, or no event at all.
        """
        event = json_object(sse.data)
        if event is None:
            if sse.type == "error":
                raise self._failures.inside({"error": sse.data}, self._model, self._request_id)
            if sse.data.strip() in ("", "[DONE]"):  # some gateways write them
                return [Heartbeat()]
            raise self._failures.malformed(sse.data)
        given = event.get("type")
        kind = given if isinstance(given, str) else sse.type
        if kind == "error" or (given is None and event.get("error")):
            raise self._failures.inside(event, self._model, self._request_id)
        return self._read(kind, event) or [Heartbeat()]

    def whole(self, reply: dict[str, Any]) -> list[StreamEvent]:
        """The events of a message that came in one piece, from a server that cannot stream.

        Raises:
            ProviderError: it is an error.
        """
        if reply.get("error"):
            raise self._failures.inside(reply, self._model, self._request_id)
        out = self._count(reply.get("usage"))
        for block in as_objects(reply.get("content")):
            out += self._open(block)
        self._note_end(reply)
        return [*out, self._end()]

    def _read(self, kind: str, event: dict[str, Any]) -> list[StreamEvent]:
        if kind == "content_block_delta":
            return self._delta(as_object(event.get("delta")))
        if kind == "content_block_start":
            return self._open(as_object(event.get("content_block")))
        if kind == "message_start":
            return self._count(as_object(event.get("message")).get("usage"))
        if kind == "message_delta":
            self._note_end(as_object(event.get("delta")))
            return self._count(event.get("usage"))
        return [self._end()] if kind == "message_stop" else []

    def _open(self, block: dict[str, Any]) -> list[StreamEvent]:
        """The start of a block, or a whole one."""
        kind = block.get("type")
        cited = isinstance(block.get("citations"), list)
        # A block is a passage of its own, but for citations, which cut a sentence into several.
        self._break_due = not (cited or self._cited)
        self._cited = cited
        if kind in _THOUGHTS:
            # Told by the block and not by its text, which a model may leave out.
            return [PhaseChanged(Phase.THINKING), *_thought(block.get("thinking"))]
        return self._text(block.get("text")) if kind == "text" else []

    def _delta(self, delta: dict[str, Any]) -> list[StreamEvent]:
        kind = delta.get("type")
        if kind == "text_delta":
            return self._text(delta.get("text"))
        if kind == "thinking_delta":
            return _thought(delta.get("thinking"))
        return []

    def _text(self, value: object) -> list[StreamEvent]:
        """Text; what begins another passage in the middle of a line gets a blank line before."""
        if not isinstance(value, str) or not value:
            return []
        apart = self._break_due and self._last != "\n" and not value.startswith("\n")
        self._break_due = False
        self._last = value[-1]
        return [TextDelta(_BLANK_LINE + value if apart else value)]

    def _count(self, usage: object) -> list[StreamEvent]:
        """Usage is cumulative, so the newest values win."""
        fields = as_object(usage)
        details = as_object(fields.get("output_tokens_details"))
        given = {name: fields.get(name) for name in _USAGE}
        given["thinking_tokens"] = details.get("thinking_tokens")
        known = {n: count for n, value in given.items() if (count := _counted(value)) is not None}
        if not known:
            return []
        self._usage |= known
        read = self._usage.get("input_tokens")
        cached = self._usage.get("cache_read_input_tokens")
        written = self._usage.get("cache_creation_input_tokens")
        return [
            UsageReported(
                Usage(
                    input=None if read is None else read + (cached or 0) + (written or 0),
                    output=self._usage.get("output_tokens"),
                    thinking=self._usage.get("thinking_tokens"),
                    cached=cached,
                )
            )
        ]

    def _note_end(self, delta: dict[str, Any]) -> None:
        """Keep why the message ends; it may be said more than once, and null in between."""
        reason = delta.get("stop_reason")
        if isinstance(reason, str) and reason:
            self._reason = reason
        self._details = as_object(delta.get("stop_details")) or self._details

    def _end(self) -> GenerationEnded:
        self.ended = True
        reason = _REASONS.get(self._reason, StopReason.OTHER)
        explanation = ""
        if reason is StopReason.REFUSAL:
            explanation = self._said("explanation") or self._declined()
        elif reason is StopReason.OTHER and self._reason:
            explanation = f"stop reason: {self._failures.redacted(self._reason)[:100]}"
        elif reason is StopReason.OTHER:
            explanation = f"{self._failures.host} did not say why it stopped."
        return GenerationEnded(reason, explanation)

    def _declined(self) -> str:
        """What is said of a refusal that is not explained."""
        category = " ".join(self._said("category").replace("_", " ").split())
        about = f"category: {category}" if category else "it gave no reason"
        return f"{self._failures.host} declined the request ({about})."

    def _said(self, name: str) -> str:
        value = self._details.get(name)
        return self._failures.redacted(value)[:4000] if isinstance(value, str) else ""


def _thought(value: object) -> list[StreamEvent]:
    return [ThinkingDelta(value)] if isinstance(value, str) and value else []


def _counted(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
