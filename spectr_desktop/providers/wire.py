"""Decoders of streams, without I/O: bytes in, events out, whatever the chunks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        self._open = bytearray()

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The lines that this chunk ends; it is taken in as they are asked for.

        Raises:
            WireError: a line is too long. All lines before it have been given.
        """
        if self._carriage_returns:
            chunk = self._normalised(chunk)
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            if self._open:
                self._keep(line)
                yield bytes(self._open)
                self._open.clear()
            else:
                _check_size(len(line))
                yield line
        self._keep(rest)

    def rest(self) -> bytes:
        """The line that no end has followed yet."""
        return bytes(self._open)

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
        _check_size(len(self._open) + len(part))
        self._open += part


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

    def feed(self, chunk: bytes) -> Iterator[SseEvent]:
        """The events that this chunk completes; it is taken in as they are asked for.

        Raises:
            WireError: an event is longer than `MAX_EVENT_BYTES`; those before it have been given.
        """
        for line in self._lines.feed(chunk):
            if self._first_line:
                self._first_line = False
                line = line.removeprefix(_BOM)  # noqa: PLW2901
            if line:
                self._field(line)
            elif (event := self._dispatch()) is not None:
                yield event

    def finish(self) -> list[SseEvent]:
        """What the end of the stream completes: nothing, or one event (see the class)."""
        rest = self._lines.rest()
        if self._first_line:
            rest = rest.removeprefix(_BOM)
        if rest:
            self._field(rest)
        data = "\n".join(self._data)
        if data.strip() != "[DONE]" and json_object(data) is None:
            return []
        event = self._dispatch()
        return [] if event is None else [event]

    def _field(self, line: bytes) -> None:
        name, colon, raw = line.partition(b":")
        if not name and colon:
            return
        value = (raw[1:] if raw.startswith(b" ") else raw).decode("utf-8", "replace")
        if name == b"data":
            # The whole line counts: lines without a value take memory too.
            self._data_size += len(line)
            _check_size(self._data_size)
            self._data.append(value)
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

    def feed(self, chunk: bytes) -> Iterator[dict[str, Any]]:
        """The objects that this chunk completes; it is taken in as they are asked for.

        Raises:
            WireError: a line is too long, no JSON, or no object; those before have been given.
        """
        for line in self._lines.feed(chunk):
            if line.strip():
                yield _object(line)

    def finish(self) -> list[dict[str, Any]]:
        """The last object if the stream ended without a line end but after a complete one."""
        value = json_object(_text(self._lines.rest()))
        return [] if value is None else [value]


def json_object(text: str | bytes) -> dict[str, Any] | None:
    """The JSON object in a text; None if it is anything else."""
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def as_object(value: object) -> dict[str, Any]:
    """The value if it is a JSON object, otherwise an empty one: a server may send anything."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def as_objects(value: object) -> list[dict[str, Any]]:
    """The objects in a JSON array; none if it is something else."""
    items = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]


def as_strings(value: object) -> frozenset[str]:
    """The strings in a JSON array; none if it is something else."""
    items = cast("list[object]", value) if isinstance(value, list) else []
    return frozenset(item for item in items if isinstance(item, str))


def _object(line: bytes) -> dict[str, Any]:
    value = json_object(_text(line))
    if value is None:
        raise WireError(f"a line is no JSON object: {line[:200]!r}")
    return value


def _text(line: bytes) -> str:
    """A damaged character must not cost the line that it stands in."""
    return line.removeprefix(_BOM).decode("utf-8", "replace")


def _check_size(size: int) -> None:
    if size > MAX_EVENT_BYTES:
        raise WireError(f"a line or event is longer than {MAX_EVENT_BYTES} bytes")
