from __future__ import annotations

import json
import random
import re
import tracemalloc
from itertools import pairwise
from typing import Any
from unittest import mock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spectr_desktop.providers import wire
from spectr_desktop.providers.wire import NdjsonDecoder, SseDecoder, SseEvent, WireError

_SEPARATORS = "\u2028\u0085\v\f"


def sse(*chunks: bytes) -> list[SseEvent]:
    """All events of a stream that ends after these chunks."""
    decoder = SseDecoder()
    return [event for c in chunks for event in decoder.feed(c)] + decoder.finish()


def ndjson(*chunks: bytes) -> list[dict[str, Any]]:
    decoder = NdjsonDecoder()
    return [value for c in chunks for value in decoder.feed(c)] + decoder.finish()


def outcome(decoder: SseDecoder | NdjsonDecoder, chunks: list[bytes]) -> tuple[list[Any], str]:
    """What a decoder gives until the end or its error, and that error."""
    given: list[Any] = []
    try:
        for chunk in chunks:
            given.extend(decoder.feed(chunk))
        given.extend(decoder.finish())
    except WireError as error:
        return given, str(error)
    return given, ""


def by_the_standard(raw: bytes) -> list[SseEvent]:
    """Section 9.2.6 read word by word over a whole stream, which ends where the text ends."""
    text = raw.decode("utf-8", "replace").removeprefix("\ufeff")
    kind = data = last_id = ""
    events: list[SseEvent] = []
    *lines, _ = re.split("\r\n|\n|\r", text)
    for line in lines:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                events.append(SseEvent(kind or "message", data[:-1], last_id))
            kind = data = ""
        elif name == "event":
            kind = value
        elif name == "data":
            data += value + "\n"
        elif name == "id" and "\0" not in value:
            last_id = value
    return events


def pieces(raw: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(raw), *(cut % (len(raw) + 1) for cut in cuts)})
    return [raw[a:b] for a, b in pairwise(places)]


def message(data: str, last_id: str = "") -> SseEvent:
    return SseEvent("message", data, last_id)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(b"data: a\n\n", [message("a")], id="LF"),
        pytest.param(b"data: a\r\rdata: b\r\r", [message("a"), message("b")], id="CR"),
        pytest.param(b"data: a\r\n\r\n", [message("a")], id="CRLF"),
        pytest.param(b"data: a\r\ndata: b\r\n\r\n", [message("a\nb")], id="CRLF in an event"),
        pytest.param(b"data: a\r\n\n\rdata: b\n\r", [message("a"), message("b")], id="mixed"),
        pytest.param(b"\xef\xbb\xbfdata: a\n\n", [message("a")], id="one BOM"),
        pytest.param(b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n", [], id="two BOMs"),
        pytest.param(b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [message("a")], id="later BOM"),
        pytest.param(b": ping\n\n:\n\ndata: a\n\n", [message("a")], id="comments"),
        pytest.param(b"data\n\n", [message("")], id="no colon"),
        pytest.param(b"data\ndata\n\n", [message("\n")], id="two empty lines"),
        pytest.param(b"data:a\ndata: b\ndata:  c\n\n", [message("a\nb\n c")], id="one space"),
        pytest.param(b"data:\ta\n\n", [message("\ta")], id="a tab is no space"),
        pytest.param(b"data: a:b: c\n\n", [message("a:b: c")], id="colons in a value"),
        pytest.param(b"Data: a\n\n data: b\n\ndata : c\n\ndat: d\n\n", [], id="inexact names"),
        pytest.param(b"event: x\ndata: a\n\ndata: b\n\n", [SseEvent("x", "a"), message("b")]),
        pytest.param(b"event: x\n\ndata: a\n\n", [message("a")], id="a type without data"),
        pytest.param(b"event: x\nevent\ndata: a\n\n", [message("a")], id="an empty type"),
        pytest.param(b"event:\ndata: a\n\n", [message("a")], id="an empty type, a colon"),
        pytest.param(b"event: \ndata: a\n\n", [message("a")], id="an empty type, a space"),
        pytest.param(b"data: a\nevent: x\n\n", [SseEvent("x", "a")], id="a type after data"),
        pytest.param(b"event:x\ndata:a\n\n", [SseEvent("x", "a")], id="no spaces"),
        pytest.param(b"event: x\r\ndata: a\r\n\r\n", [SseEvent("x", "a")], id="CRLF and a type"),
        pytest.param(b"data: a\rb\r\n\r\n", [message("a")], id="a CR in CRLF"),
        pytest.param(b"data: a\nb\r\n\r\n", [message("a")], id="an LF in CRLF"),
        pytest.param(b"event: \xff\ndata: \xff\n\n", [SseEvent("\ufffd", "\ufffd")]),
        pytest.param(
            b"id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
            [message("a", "1"), message("b", "1"), message("c")],
            id="ids stay",
        ),
        pytest.param(b"id: 1\nid: 2\0\ndata: a\n\n", [message("a", "1")], id="id with NUL"),
        pytest.param(b"id: 1\0\n\ndata: a\n\n", [message("a")], id="nothing but an id with NUL"),
        pytest.param(b"id: 1\n\ndata: a\n\n", [message("a", "1")], id="id without data"),
        pytest.param(b"data: a\xffb\n\n", [message("a\ufffdb")], id="invalid UTF-8"),
        pytest.param(
            f"data: {_SEPARATORS}\n\n".encode(), [message(_SEPARATORS)], id="other separators"
        ),
        pytest.param(b"data: a\n\ndata: b\n", [message("a")], id="end without blank line"),
        pytest.param(b"data: a\n\ndata: b", [message("a")], id="end within a line"),
        pytest.param(b"data: [DONE]", [message("[DONE]")], id="end after DONE"),
        pytest.param(b"\xef\xbb\xbfdata: [DONE]", [message("[DONE]")], id="nothing but DONE"),
        pytest.param(b'data: {"a": 1}\n', [message('{"a": 1}')], id="end after JSON"),
        pytest.param(b'event: e\ndata: {\ndata: "a":1}', [SseEvent("e", '{\n"a":1}')]),
        pytest.param(b'data: [{"a": 1}]', [message('[{"a": 1}]')], id="end after an array"),
        pytest.param(b'data: {"a": 1', [], id="end within JSON"),
        pytest.param(b'data: {"a": 1} x', [], id="more than JSON"),
        pytest.param(b"data: {}\nevent: cu", [message("{}")], id="end within a type"),
        pytest.param(b"id: 1\ndata: {}\nid: 2", [message("{}", "1")], id="end within an id"),
        pytest.param(b"data: {}\ndata", [message("{}")], id="end within a name"),
        pytest.param(b"data: 12\n", [], id="a number"),
        pytest.param(b"data: 12", [], id="a number may be cut"),
        pytest.param(b"", [], id="nothing"),
    ],
)
def test_sse_follows_the_standard_in_one_chunk_and_in_single_bytes(
    raw: bytes, expected: list[SseEvent]
) -> None:
    assert sse(raw) == expected
    assert sse(*(raw[i : i + 1] for i in range(len(raw)))) == expected


def test_an_event_at_a_cr_does_not_wait_for_the_next_byte() -> None:
    decoder = SseDecoder()
    assert list(decoder.feed(b"data: a\r\r")) == [message("a")]
    assert list(decoder.feed(b"")) == []
    assert list(decoder.feed(b"\ndata: b\r")) == []
    assert list(decoder.feed(b"\n\r")) == [message("b")]
    assert list(decoder.feed(b"data: c\n\n")) == [message("c")]
    assert list(decoder.feed(b"\ndata: d\n")) == []
    assert list(decoder.feed(b"\n")) == [message("d")]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"250", 250),
        (b"0" * 5000 + b"250", 250),
        (b"9" * 5000, 10**18),
        (b"000", 0),
        (b"2s", None),
        (b"-1", None),
        (b" 1", None),
        (b"", None),
        ("٣".encode(), None),
    ],
)
def test_retry_is_digits_only(value: bytes, expected: int | None) -> None:
    decoder = SseDecoder()
    assert list(decoder.feed(b"retry: " + value + b"\n")) == []
    assert decoder.retry_ms == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b'{"a":1}\n{"b":2}\n', [{"a": 1}, {"b": 2}]),
        (b'\n \r\n{"a":1}\r\n', [{"a": 1}]),
        (f'{{"a":"{_SEPARATORS[0]}\u0085"}}\n'.encode(), [{"a": "\u2028\u0085"}]),
        (b'\xef\xbb\xbf{"a":"x\xffy"}\n', [{"a": "x\ufffdy"}]),
        (b'{"a":1}\r{"b":2}', []),
        (b'{"a":1}\n{"b":2}', [{"a": 1}, {"b": 2}]),
        (b'{"a":1}\n{"b":', [{"a": 1}]),
        (b'{"a":1}\n12', [{"a": 1}]),
    ],
)
def test_ndjson_is_one_object_a_line(raw: bytes, expected: list[dict[str, Any]]) -> None:
    assert ndjson(raw) == expected
    assert ndjson(*(raw[i : i + 1] for i in range(len(raw)))) == expected


@pytest.mark.parametrize("line", [b"<html>", b"[1]", b'"a"', b"12", b"[" * 100_000, b"\xff\xfe"])
def test_a_line_that_is_no_object_is_an_error_after_the_ones_before(line: bytes) -> None:
    feed = NdjsonDecoder().feed(b'{"a":1}\n' + line + b'\n{"b":2}\n')
    assert next(feed) == {"a": 1}
    with pytest.raises(WireError):
        next(feed)


_SSE_WORDS = (
    *b'data|data: |event|event: |id|id: |retry|retry: |:| |: |0|7|{}|[]|[DONE]|{"a":'.split(b"|"),
    *b"\r|\n|\r\n|\n\n|\r\n\r\n|data: x\n\n|event: y\ndata: z\r\n\r\n".split(b"|"),
    *b"\0|\xff|\xc2|\xe2\x80|\xef\xbb\xbf|\v|\f|\x1c|\xc2\x85|\xe2\x80\xa8".split(b"|"),
)
_LINE_WORDS = (
    b'{"a":1}',
    b'{"a":1}\n',
    b"x",
    b"\n",
    b"\r\n",
    b" ",
    b"[]",
    b"\xff",
    b"\xef\xbb\xbf",
)
_SSE_BYTES = st.lists(st.sampled_from(_SSE_WORDS), max_size=40).map(b"".join)
_LINES = st.lists(st.sampled_from(_LINE_WORDS)).map(b"".join)
_CUTS = st.lists(st.integers(0, 10_000), max_size=20)
_LIMITS = st.sampled_from([8, 30, wire.MAX_EVENT_BYTES])


@given(_SSE_BYTES | st.binary(max_size=200), _CUTS, _LIMITS)
@example(b"\xef\xbb\xbfdata: a\r\n\r\n", [1, 2, 11], 8)
@example(b"\xef\xbb\xbfdata: 78\ndata: 78\n\n", [], 8)
@settings(max_examples=500, deadline=None)
def test_any_split_gives_the_same_sse_events_and_error(
    raw: bytes, cuts: list[int], limit: int
) -> None:
    with mock.patch.object(wire, "MAX_EVENT_BYTES", limit):
        once = outcome(SseDecoder(), [raw])
        assert outcome(SseDecoder(), pieces(raw, cuts)) == once
        assert outcome(SseDecoder(), pieces(raw, list(range(len(raw))))) == once


@given(_SSE_BYTES | st.binary(max_size=200), _CUTS)
@settings(max_examples=500, deadline=None)
def test_the_events_are_those_of_the_standard(raw: bytes, cuts: list[int]) -> None:
    decoder = SseDecoder()
    events = [event for piece in pieces(raw, cuts) for event in decoder.feed(piece)]
    assert events == by_the_standard(raw)


_JSON = st.dictionaries(st.text(), st.text() | st.integers() | st.none(), max_size=3)


@given(st.lists(_JSON, max_size=5), _CUTS)
@settings(max_examples=100, deadline=None)
def test_any_split_gives_the_same_objects(values: list[dict[str, Any]], cuts: list[int]) -> None:
    raw = b"".join(json.dumps(v, ensure_ascii=False).encode() + b"\n" for v in values)
    assert ndjson(*pieces(raw, cuts)) == values


@given(st.binary(max_size=100) | _LINES, _CUTS, _LIMITS)
@settings(max_examples=300, deadline=None)
def test_any_split_gives_the_same_objects_and_error(
    raw: bytes, cuts: list[int], limit: int
) -> None:
    with mock.patch.object(wire, "MAX_EVENT_BYTES", limit):
        once = outcome(NdjsonDecoder(), [raw])
        assert outcome(NdjsonDecoder(), pieces(raw, cuts)) == once
        assert outcome(NdjsonDecoder(), pieces(raw, list(range(len(raw))))) == once


_WORDS = (
    *(bytes([byte]) for byte in range(256)),
    *(b"9" * 5000, b"[" * 5000),
    *(_SSE_WORDS + _LINE_WORDS) * 8,  # as likely as the single bytes
)


@pytest.mark.parametrize("make", [SseDecoder, NdjsonDecoder])
@pytest.mark.parametrize("limit", [wire.MAX_EVENT_BYTES, 24], ids=["limit", "short limit"])
def test_random_inputs_raise_nothing_but_the_decoders_own_error(
    make: type[SseDecoder | NdjsonDecoder], limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "MAX_EVENT_BYTES", limit)
    chance = random.Random(limit)  # noqa: S311 - only mixes bytes
    read = failed = 0
    for _ in range(100_000):
        raw = b"".join(chance.choices(_WORDS, k=chance.randrange(12)))
        cut = chance.randrange(len(raw) + 1)
        given_now, error = outcome(make(), [raw[:cut], raw[cut:]])
        read += bool(given_now)
        failed += bool(error)
    assert read > 1000
    assert failed > 1000 or (make, limit) == (SseDecoder, wire.MAX_EVENT_BYTES)


def _fill(decoder: SseDecoder | NdjsonDecoder, filling: bytes, size: int) -> None:
    for _ in range(size // len(filling)):
        assert list(decoder.feed(filling)) == []


@pytest.mark.parametrize(
    ("make", "opening", "filling"),
    [
        pytest.param(SseDecoder, b"data: ", b"x" * 65_536, id="a line"),
        pytest.param(SseDecoder, b"", b"data: " + b"x" * 65_530 + b"\n", id="an event"),
        pytest.param(SseDecoder, b"", b"data\n" * 10_000, id="lines without a value"),
        pytest.param(NdjsonDecoder, b'{"a":"', b"x" * 65_536, id="an object"),
    ],
)
def test_too_long_is_an_error_and_memory_stays_bounded(
    make: type[SseDecoder | NdjsonDecoder],
    opening: bytes,
    filling: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limit = 256 * 1024
    assert wire.MAX_EVENT_BYTES == 8 * 1024 * 1024
    monkeypatch.setattr(wire, "MAX_EVENT_BYTES", limit)
    decoder = make()
    assert list(decoder.feed(opening)) == []
    tracemalloc.start()
    try:
        with pytest.raises(WireError):
            _fill(decoder, filling, 2 * limit)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 6 * limit


@pytest.mark.parametrize(
    "long",
    [
        pytest.param(b"data: " + b"x" * 59, id="a line"),
        pytest.param(b"data: " + b"x" * 24 + b"\ndata: " + b"x" * 29, id="two lines"),
        pytest.param(b"data\n" * 14 + b"data: xxx", id="many lines"),
        pytest.param(b"event: " + b"x" * 58, id="a type"),
        pytest.param(b"event: " + b"x" * 29 + b"\ndata: " + b"x" * 23, id="a type and data"),
        pytest.param(b"id: " + b"x" * 61, id="an id"),
        pytest.param(b"retry: " + b"x" * 58, id="a wait"),
        pytest.param(b":" + b"x" * 64, id="a comment"),
        pytest.param(b"x" * 65, id="an unknown field"),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_one_byte_too_long_is_an_error_after_the_events_before(
    long: bytes, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "MAX_EVENT_BYTES", 64)
    for lines, fits in ((long.replace(b"x", b"", 1), True), (long, False)):
        raw = b"data: a\n\n" + lines + b"\n\ndata: b\n\n"
        chunks = [raw[at : at + size] for at in range(0, len(raw), size)]
        events, error = outcome(SseDecoder(), chunks)
        assert events[0] == message("a")
        assert (events[-1].data == "b") is fits
        assert bool(error) is not fits


def test_comments_are_no_part_of_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_EVENT_BYTES", 64)
    assert sse(b": ping\n" * 100 + b"data: a\n\n") == [message("a")]


@pytest.mark.parametrize("ended", [True, False])
def test_the_end_of_a_stream_may_make_an_event_too_long(
    ended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "MAX_EVENT_BYTES", 64)
    decoder = SseDecoder()
    assert list(decoder.feed(b"data: " + b"[" * 40 + b"\ndata: " + b"]" * (12 + ended))) == []
    if ended:
        with pytest.raises(WireError):
            decoder.finish()
    else:
        assert decoder.finish() == []


def test_memory_is_bounded_by_the_longest_event() -> None:
    event = b"data: " + b"x" * 1016 + b"\n\n"
    chunk = event * 64
    decoder = SseDecoder()
    count = 0
    tracemalloc.start()
    try:
        for _ in range(256):
            count += sum(1 for _ in decoder.feed(chunk))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 64 * 256
    assert peak < 1024 * 1024


@pytest.mark.parametrize("split", [1, 1000])
def test_the_limit_does_not_depend_on_the_chunks(
    split: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "MAX_EVENT_BYTES", 64)
    fits, long = b"x" * 64, b"y" * 65
    for raw, failed in ((fits + b"\n", False), (long + b"\n", True)):
        lines = wire.LineSplitter(carriage_returns=False)
        parts = [raw[i : i + split] for i in range(0, len(raw), split)]
        got: list[bytes] = []
        try:
            for part in parts:
                got.extend(lines.feed(part))
        except WireError:
            assert failed
        else:
            assert not failed
            assert got == [fits]


@pytest.mark.parametrize("text", ['{"a": 1}', b'{"a": 1}', ' \r\n\t{"a": 1}\n'])
def test_a_json_object_is_read(text: str | bytes) -> None:
    assert wire.json_object(text) == {"a": 1}


@pytest.mark.parametrize(
    "text", ["", b"", "[1]", '{"a": 1}x', '{"a"', b"\xff", "\ufeff{}", "[" * 9999]
)
def test_what_is_no_json_object_is_none(text: str | bytes) -> None:
    assert wire.json_object(text) is None


def test_a_line_that_is_no_object_is_handed_on_apart_from_the_sentence() -> None:
    with pytest.raises(WireError) as caught:
        list(NdjsonDecoder().feed(b"{} \n<html>\n"))
    assert caught.value.line == b"<html>"
    assert "html" not in str(caught.value)


def test_values_of_other_shapes_read_as_empty() -> None:
    for strange in (None, 1, "a", [1, "b"], {"a": 1}):
        assert wire.as_object(strange) == (strange if isinstance(strange, dict) else {})
        assert wire.as_objects(strange) == []
        assert wire.as_strings(strange) == frozenset({"b"} if isinstance(strange, list) else ())
    assert wire.as_objects([{"a": 1}, 2]) == [{"a": 1}]
