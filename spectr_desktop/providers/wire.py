"""Decoders of streams, without I/O: bytes in, events out, whatever the chunks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_EVENT_BYTES = 8 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_CR, _LF = b"\r\n"
_JSON = json.JSONDecoder()


class WireError(ValueError):
    """The bytes are not the format, or one line or event is longer than `MAX_EVENT_BYTES`.

    Attributes:
        line: that is not the format, in the server's own words; empty for one that is too long.
    """

    def __init__(self, sentence: str, line: bytes = b"") -> None:
        super().__init__(sentence)
        self.line = line


@dataclass(slots=True)
class SseEvent:
    """One dispatched event: its type ("message" by default), data and the last event id.

    Not frozen: one is made for every token, and a frozen one costs three times as much to make.
    """

    type: str
    data: str
    last_id: str = ""


class LineSplitter:
    r"""Splits bytes at `\n` and, for SSE, at `\r` and `\r\n` too; ends may be cut by chunks.

    Only bytes end a line: U+2028, U+0085, VT and FF are text. One BOM at the start is dropped.

    Attributes:
        at_start: nothing has come but what may be a BOM.
        start: how the line that no end has followed yet begins; empty if there is no such line.
    """

    def __init__(self, *, carriage_returns: bool) -> None:
        self._carriage_returns = carriage_returns
        self._after_cr = False
        self.at_start = True
        self.start = b""
        # What chunks without a line end have added to the start: bytes would be copied every time.
        self._more = bytearray()

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The lines that this chunk ends; it is taken in when the first is asked for.

        Raises:
            WireError: a line is too long. All lines before it have been given.
        """
        for line in self.take(chunk):
            if len(line) > MAX_EVENT_BYTES:
                raise _too_long()
            yield line
        if len(self.start) > MAX_EVENT_BYTES:
            raise _too_long()

    def take(self, chunk: bytes) -> list[bytes]:
        """The lines that this chunk ends. The caller looks whether one, or `start`, is too long.

        Raises:
            WireError: the chunk ends no line, and the open one is too long.
        """
        if self.at_start:
            chunk = self._without_bom(chunk)
        if self._after_cr and chunk:
            self._after_cr = False
            chunk = chunk.removeprefix(b"\n")
        universal = self._carriage_returns and _CR in chunk
        if not universal and _LF not in chunk:
            if self.start:
                self._more += chunk
            else:
                self.start = chunk
            if len(self.start) + len(self._more) > MAX_EVENT_BYTES:
                raise _too_long()
            return []
        if self._more:
            chunk = b"".join((self.start, self._more, chunk))
            self._more.clear()
        elif self.start:
            chunk = self.start + chunk
        if not universal:
            lines = chunk.split(b"\n")
            self.start = lines.pop()
            return lines
        lines = chunk.splitlines()  # of bytes: at these three ends and no others
        self._after_cr = chunk[-1] == _CR
        self.start = b"" if chunk[-1] in b"\r\n" else lines.pop()
        return lines

    def rest(self) -> bytes:
        """The line that no end has followed yet."""
        return self.start + self._more

    def _without_bom(self, chunk: bytes) -> bytes:
        chunk, self.start = self.start + chunk, b""
        self.at_start = _BOM.startswith(chunk)
        if not self.at_start:
            return chunk.removeprefix(_BOM)
        self.start = chunk
        return b""


class SseDecoder:
    """Server-sent events by the rules of the WHATWG HTML standard, section 9.2.6.

    One deviation, for servers that close without the last blank line: at the end of the
    stream pending data that is `[DONE]` or a complete JSON object or array is dispatched.
    """

    def __init__(self) -> None:
        self._lines = LineSplitter(carriage_returns=True)
        self._type = b""
        self._data: bytes | bytearray | None = None
        self._size = 0  # of the pending event's lines, with their names
        self._id = ""
        self.retry_ms: int | None = None

    def feed(self, chunk: bytes) -> Iterator[SseEvent]:
        """The events that this chunk completes; it is taken in at once.

        Raises:
            WireError: a line or an event is too long. All events before it have been given.
        """
        lines = self._lines
        if not (self._size or lines.start or lines.at_start or len(chunk) > MAX_EVENT_BYTES):
            whole = self._whole(chunk)
            if whole is not None:
                return iter((whole,))
        taken = lines.take(chunk)
        if not taken:
            return iter(())
        events: list[SseEvent] = []
        kind, data, size = self._type, self._data, self._size
        for line in taken:
            if line:
                # The two usual fields are read here: a call for each would cost as much again.
                name, _, value = line.partition(b": ")
                if name == b"data" and data is None:
                    data = value
                    size += len(line)
                elif name == b"event":
                    kind = value
                    size += len(line)
                else:
                    self._type, self._data, self._size = kind, data, size
                    self._field(line)
                    kind, data, size = self._type, self._data, self._size
            elif size > MAX_EVENT_BYTES:
                return _then_too_long(events)
            else:
                if data is not None:
                    text = data.decode("utf-8", "replace")
                    name = kind.decode("utf-8", "replace") if kind else "message"
                    events.append(SseEvent(name, text, self._id))
                    data = None
                kind = b""
                size = 0
        self._type, self._data, self._size = kind, data, size
        if size > MAX_EVENT_BYTES or len(lines.start) > MAX_EVENT_BYTES:
            return _then_too_long(events)
        return iter(events)

    def finish(self) -> list[SseEvent]:
        """What the end of the stream completes: nothing, or one event (see the class).

        Raises:
            WireError: with the line that had no end the event is too long.
        """
        rest = self._lines.rest()
        self._lines = LineSplitter(carriage_returns=True)
        # Any other field may be cut, and nothing would tell.
        if rest.startswith(b"data:"):
            self._field(rest)
        return [
            event
            for event in self.feed(b"\n")
            if event.data.strip() == "[DONE]" or isinstance(_json(event.data), dict | list)
        ]

    def _whole(self, chunk: bytes) -> SseEvent | None:
        """The event if the chunk is one in its usual form, as nearly all of an answer are.

        The loop in `feed` would make the same of it, more slowly. A line feed that was to be passed
        over after a carriage return stays so: later it can only be one more blank line.
        """
        end = b"\r\n" if _CR in chunk else b"\n"
        line, _, rest = chunk.partition(end)
        kind = b""
        if rest != end and line[:7] == b"event: ":
            kind = line[7:]
            line, _, rest = rest.partition(end)
        if rest != end or line[:6] != b"data: ":
            return None
        if end == b"\r\n" and (_CR in (both := kind + line) or _LF in both):
            return None
        name = kind.decode("utf-8", "replace") if kind else "message"
        return SseEvent(name, line[6:].decode("utf-8", "replace"), self._id)

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            if self._data is None:
                self._data = value
            else:
                if isinstance(self._data, bytes):
                    self._data = bytearray(self._data)
                self._data += b"\n" + value
        elif name == b"event":
            self._type = value
        elif name == b"id":
            if b"\0" not in value:
                self._id = value.decode("utf-8", "replace")
        else:
            if name == b"retry" and value.isdigit():
                # Cut, because int() refuses numerals of thousands of digits.
                self.retry_ms = min(int(value.lstrip(b"0")[:19] or b"0"), 10**18)
            if len(line) <= MAX_EVENT_BYTES:
                return
        self._size += len(line)


class NdjsonDecoder:
    r"""One JSON object a line, split at `\n`; blank lines are passed over."""

    def __init__(self) -> None:
        self._lines = LineSplitter(carriage_returns=False)

    def feed(self, chunk: bytes) -> Iterator[dict[str, Any]]:
        """The objects that this chunk completes; it is taken in when the first is asked for.

        Raises:
            WireError: a line is too long, no JSON, or no object; those before have been given.
        """
        for line in self._lines.feed(chunk):
            if line and not line.isspace():
                # A damaged character must not cost the line that it stands in.
                value = json_object(line.decode("utf-8", "replace"))
                if value is None:
                    raise WireError("a line is no JSON object", line)
                yield value

    def finish(self) -> list[dict[str, Any]]:
        """The last object if the stream ended without a line end but after a complete one."""
        value = json_object(self._lines.rest().decode("utf-8", "replace"))
        return [] if value is None else [value]


def json_object(text: str | bytes) -> dict[str, Any] | None:
    """The JSON object in a text; None if it is anything else."""
    value = _json(text)
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


def _json(text: str | bytes) -> object:
    """The JSON value in a text; None if there is none."""
    try:
        if isinstance(text, bytes):
            return json.loads(text)
        # What json.loads does with white space costs as much as parsing a short object.
        text = text.strip(" \t\r\n")
        value, end = _JSON.raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return value if end == len(text) else None


def _too_long() -> WireError:
    return WireError(f"a line or event is longer than {MAX_EVENT_BYTES} bytes")


def _then_too_long(events: list[SseEvent]) -> Iterator[SseEvent]:
    yield from events
    raise _too_long()
