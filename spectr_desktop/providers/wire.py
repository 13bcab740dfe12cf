"""Decoders of streams, without I/O: bytes in, events out, whatever the chunks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, cast

MAX_EVENT_BYTES = 8 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"


class WireError(ValueError):
    """The bytes are not the format, or one line or event is longer than `MAX_EVENT_BYTES`."""


@dataclass(frozen=True, slots=True)
class SseEvent:
    """One dispatched event: its type ("message" by default), data and the last event id."""

    type: str
    data: str
    last_id: str = ""


class LineSplitter:
    r"""Splits bytes at `\n` and, for SSE, at `\r` and `\r\n` too; ends may be cut by chunks.

    Only bytes end a line: U+2028, U+0085, VT and FF are text.
    """

    def __init__(self, *, carriage_returns: bool) -> None:
        self._carriage_returns = carriage_returns
        self._after_cr = False
        self._open: list[bytes] = []
        self._open_size = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that this chunk ends.

        Raises:
            WireError: the open line has grown too long.
        """
        if self._carriage_returns:
            chunk = self._normalised(chunk)
        if b"\n" not in chunk:
            self._keep(chunk)
            return []
        lines = chunk.split(b"\n")
        if self._open:
            self._keep(lines[0])
            lines[0] = b"".join(self._open)
        rest = lines.pop()
        self._open = []
        self._open_size = 0
        self._keep(rest)
        return lines

    def rest(self) -> bytes:
        """The line that no end has followed yet."""
        return b"".join(self._open)

    def _normalised(self, chunk: bytes) -> bytes:
        if self._after_cr and chunk:
            self._after_cr = False
            if chunk.startswith(b"\n"):
                chunk = chunk[1:]
        if b"\r" in chunk:
            self._after_cr = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return chunk

    def _keep(self, part: bytes) -> None:
        if not part:
            return
        self._open.append(part)
        self._open_size += len(part)
        if self._open_size > MAX_EVENT_BYTES:
            raise WireError(f"a line is longer than {MAX_EVENT_BYTES} bytes")


class SseDecoder:
    """Server-sent events by the rules of the WHATWG HTML standard, section 9.2.6.

    One deviation, for servers that close without the last blank line: at the end of the
    stream pending data that is `[DONE]` or a complete JSON text is dispatched.
    """

    def __init__(self) -> None:
        self._lines = LineSplitter(carriage_returns=True)
        self._first_line = True
        self._type = ""
        self._data: list[str] = []
        self._data_size = 0
        self._id = ""
        self._last_id = ""
        self.retry_ms: int | None = None

    def feed(self, chunk: bytes) -> list[SseEvent]:
        """The events that this chunk completes.

        Raises:
            WireError: an event is longer than `MAX_EVENT_BYTES`.
        """
        events: list[SseEvent] = []
        for line in self._lines.feed(chunk):
            if self._first_line:
                self._first_line = False
                line = line.removeprefix(_BOM)  # noqa: PLW2901
            if line:
                self._field(line)
            else:
                event = self._dispatch()
                if event is not None:
                    events.append(event)
        return events

    def finish(self) -> list[SseEvent]:
        """What the end of the stream completes: nothing, or one event (see the class)."""
        rest = self._lines.rest()
        if self._first_line:
            rest = rest.removeprefix(_BOM)
        if rest:
            self._field(rest)
        data = "\n".join(self._data)
        if data.strip() != "[DONE]" and not _is_json(data):
            return []
        event = self._dispatch()
        return [] if event is None else [event]

    def _field(self, line: bytes) -> None:
        name, colon, raw = line.partition(b":")
        if not name and colon:
            return
        value = (raw[1:] if raw.startswith(b" ") else raw).decode("utf-8", "replace")
        if name == b"data":
            self._data.append(value)
            self._data_size += len(raw)
            if self._data_size > MAX_EVENT_BYTES:
                raise WireError(f"an event is longer than {MAX_EVENT_BYTES} bytes")
        elif name == b"event":
            self._type = value
        elif name == b"id":
            if "\0" not in value:
                self._id = value
        elif name == b"retry" and value.isascii() and value.isdigit():
            self.retry_ms = int(value[:9])

    def _dispatch(self) -> SseEvent | None:
        self._last_id = self._id
        data, self._data = self._data, []
        self._data_size = 0
        kind, self._type = self._type, ""
        if not data:
            return None
        return SseEvent(
            kind or "message", data[0] if len(data) == 1 else "\n".join(data), self._last_id
        )


class NdjsonDecoder:
    r"""One JSON object a line, split at `\n`; blank lines are passed over."""

    def __init__(self) -> None:
        self._lines = LineSplitter(carriage_returns=False)

    def feed(self, chunk: bytes) -> list[dict[str, Any]]:
        """The objects that this chunk completes.

        Raises:
            WireError: a line is too long, no JSON, or no object.
        """
        return [_object(line) for line in self._lines.feed(chunk) if line.strip()]

    def finish(self) -> list[dict[str, Any]]:
        """The last object if the stream ended without a line end but after a complete one."""
        rest = self._lines.rest()
        return [_object(rest)] if _is_json(rest) else []


def json_object(text: str | bytes) -> dict[str, Any] | None:
    """The JSON object in a text; None if it is anything else."""
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _is_json(text: str | bytes) -> bool:
    return bool(text) and json_object(text) is not None


def _object(line: bytes) -> dict[str, Any]:
    value = json_object(line)
    if value is None:
        raise WireError(f"a line is no JSON object: {line[:200]!r}")
    return value
