from __future__ import annotations

import json
import tracemalloc
from itertools import pairwise
from typing import Any

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
        pytest.param(
            b"id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
            [message("a", "1"), message("b", "1"), message("c")],
            id="ids stay",
        ),
        pytest.param(b"id: 1\nid: 2\0\ndata: a\n\n", [message("a", "1")], id="id with NUL"),
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
        pytest.param(b'data: {"a": 1', [], id="end within JSON"),
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


@pytest.mark.parametrize(
    ("value", "expected"),
    [(b"250", 250), (b"2s", None), (b"-1", None), (b"", None), ("٣".encode(), None)],
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


_SSE_BYTES = st.lists(
    st.sampled_from(
        b"data|event|id|retry|:| |\r|\n|\r\n|\n\n|\0|7|\xff|\xef\xbb\xbf|[DONE]|{}|\xc2".split(b"|")
    ),
    max_size=40,
).map(b"".join)
_CUTS = st.lists(st.integers(0, 10_000), max_size=20)


@given(_SSE_BYTES | st.binary(max_size=200), _CUTS)
@example(b"\xef\xbb\xbfdata: a\r\n\r\n", [1, 2, 11])
@settings(max_examples=300, deadline=None)
def test_any_split_gives_the_same_sse_events(raw: bytes, cuts: list[int]) -> None:
    assert sse(*pieces(raw, cuts)) == sse(raw)


_JSON = st.dictionaries(st.text(), st.text() | st.integers() | st.none(), max_size=3)


@given(st.lists(_JSON, max_size=5), _CUTS)
@settings(max_examples=100, deadline=None)
def test_any_split_gives_the_same_objects(values: list[dict[str, Any]], cuts: list[int]) -> None:
    raw = b"".join(json.dumps(v, ensure_ascii=False).encode() + b"\n" for v in values)
    assert ndjson(*pieces(raw, cuts)) == values


def _until_error(raw: bytes, cuts: list[int]) -> tuple[list[dict[str, Any]], bool]:
    decoder = NdjsonDecoder()
    seen: list[dict[str, Any]] = []
    try:
        for piece in pieces(raw, cuts):
            seen.extend(decoder.feed(piece))
        seen.extend(decoder.finish())
    except WireError:
        return seen, True
    return seen, False


_LINES = st.lists(st.sampled_from([b'{"a":1}', b"x", b"", b"\n", b" ", b"\xff", b"[]"]))


@given(st.binary(max_size=100) | _LINES.map(b"".join), _CUTS)
@settings(max_examples=200, deadline=None)
def test_random_bytes_raise_nothing_but_wire_error(raw: bytes, cuts: list[int]) -> None:
    _, failed = _until_error(raw, cuts)
    assert failed == _until_error(raw, [])[1]


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
    limit = 1024 * 1024
    assert wire.MAX_EVENT_BYTES // limit == 8
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


def test_values_of_other_shapes_read_as_empty() -> None:
    for strange in (None, 1, "a", [1, "b"], {"a": 1}):
        assert wire.as_object(strange) == (strange if isinstance(strange, dict) else {})
        assert wire.as_objects(strange) == []
        assert wire.as_strings(strange) == frozenset({"b"} if isinstance(strange, list) else ())
    assert wire.as_objects([{"a": 1}, 2]) == [{"a": 1}]
