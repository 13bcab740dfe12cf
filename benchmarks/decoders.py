"""What decoding costs against httpx-sse on the same bytes: CPU time, one process, one run.

    python benchmarks/decoders.py [EVENTS]

Three shapes of a stream (one event a chunk, 64 KB chunks, as many random cuts as events), events
as OpenAI's and Anthropic's services send them, LF and CRLF. httpx-sse's own `EventSource` reads a
response that only decodes its chunks as httpx does, so that nothing else of httpx is counted; both
sides then read the type and the data of each event. Target: at least twice its throughput.

NDJSON has no counterpart there: it is compared with httpx's lines and `json.loads`, without a
target. Last, 200 MB of 1 KB events pass through, and the most memory that Python held is printed.
"""

from __future__ import annotations

import codecs
import json
import random
import sys
import time
import tracemalloc
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

_ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(_ROOT))

from httpx._decoders import LineDecoder
from httpx_sse import EventSource

from benchmarks.events import anthropic_event, ollama_event, openai_event
from spectr_desktop.providers.wire import NdjsonDecoder, SseDecoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

EVENTS = 2_000
ROUNDS = 40
TARGET = 2.0
CHUNK = 64 * 1024
PASSED = 200 * 1024 * 1024
SEED = 20261124


def _one_a_chunk(events: Sequence[bytes]) -> list[bytes]:
    return list(events)


def _large_chunks(events: Sequence[bytes]) -> list[bytes]:
    raw = b"".join(events)
    return [raw[at : at + CHUNK] for at in range(0, len(raw), CHUNK)]


def _random_cuts(events: Sequence[bytes]) -> list[bytes]:
    raw = b"".join(events)
    chance = random.Random(SEED)  # noqa: S311 - only cuts bytes
    cuts = sorted({0, len(raw), *(chance.randrange(len(raw)) for _ in events)})
    return [raw[a:b] for a, b in pairwise(cuts)]


_SHAPES = {
    "one event a chunk": _one_a_chunk,
    "64 KB chunks": _large_chunks,
    "random cuts": _random_cuts,
}


def _ours(chunks: Sequence[bytes]) -> int:
    decoder = SseDecoder()
    return sum(
        len(event.type) + len(event.data) for chunk in chunks for event in decoder.feed(chunk)
    )


class _Response:
    """As much of an httpx.Response as EventSource needs."""

    def __init__(self, chunks: Sequence[bytes]) -> None:
        self.headers = {"content-type": "text/event-stream"}
        self._chunks = chunks

    def iter_text(self) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        for chunk in self._chunks:
            yield decoder.decode(chunk)


def _httpx_sse(chunks: Sequence[bytes]) -> int:
    response = cast("Any", _Response(chunks))
    return sum(len(event.event) + len(event.data) for event in EventSource(response).iter_sse())


def _our_objects(chunks: Sequence[bytes]) -> int:
    decoder = NdjsonDecoder()
    return sum(len(value) for chunk in chunks for value in decoder.feed(chunk))


def _httpx_objects(chunks: Sequence[bytes]) -> int:
    text = codecs.getincrementaldecoder("utf-8")(errors="replace")
    lines = LineDecoder()
    return sum(
        len(json.loads(line)) for chunk in chunks for line in lines.decode(text.decode(chunk))
    )


def _seconds(read: Callable[[Sequence[bytes]], int], chunks: Sequence[bytes]) -> tuple[float, int]:
    began = time.process_time()
    size = read(chunks)
    return time.process_time() - began, size


def _compare(
    name: str,
    chunks: Sequence[bytes],
    ours: Callable[[Sequence[bytes]], int],
    theirs: Callable[[Sequence[bytes]], int],
    target: str,
) -> None:
    mine: list[float] = []
    other: list[float] = []
    for _ in range(ROUNDS):  # alternating, so that a busy moment strikes both
        spent, size = _seconds(ours, chunks)
        mine.append(spent)
        spent, expected = _seconds(theirs, chunks)
        other.append(spent)
        assert size == expected
    megabytes = sum(map(len, chunks)) / 1e6
    print(
        f"{name}: {megabytes / min(mine):.0f} MB/s against {megabytes / min(other):.0f} MB/s, "
        f"ratio {min(other) / min(mine):.2f} ({target})"
    )


def _long_stream() -> Iterator[bytes]:
    event = b"data: " + b"x" * 1016 + b"\n\n"
    raw = event * (CHUNK // len(event))
    for _ in range(PASSED // len(raw)):
        yield raw


def _peak() -> int:
    decoder = SseDecoder()
    stream = _long_stream()
    tracemalloc.start()
    try:
        for chunk in stream:
            for _ in decoder.feed(chunk):
                pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def main() -> None:
    """Print a line for each stream and one for the memory."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    target = f"target {TARGET}"
    for shape, cut in _SHAPES.items():
        for kind, make in (("OpenAI", openai_event), ("Anthropic", anthropic_event)):
            events = [make(number) for number in range(count)]
            _compare(f"{shape}, {kind}, LF", cut(events), _ours, _httpx_sse, target)
            events = [event.replace(b"\n", b"\r\n") for event in events]
            _compare(f"{shape}, {kind}, CRLF", cut(events), _ours, _httpx_sse, target)
        lines = [ollama_event(number) for number in range(count)]
        _compare(f"{shape}, NDJSON", cut(lines), _our_objects, _httpx_objects, "no target")
    print(f"memory: {_peak() / 1024:.0f} KB at most while {PASSED // 2**20} MB pass")


if __name__ == "__main__":
    main()
