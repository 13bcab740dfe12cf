"""Recorded conversations with real servers, and their bytes again in random pieces."""

from __future__ import annotations

import ast
import random
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.servers.script import Close, Request, Send, Step

if TYPE_CHECKING:
    from collections.abc import Iterator

TRANSCRIPTS = Path(__file__).parent / "transcripts"
_RECEIVED = re.compile(r"\s+[\d.]+\s+(\d+) (b['\"].*)")


@dataclass(frozen=True)
class Transcript:
    """One request and the bytes of its answer, as they were on the wire."""

    request: Request
    response: bytes
    closed: bool

    @property
    def status(self) -> int:
        return int(self.response.split(b" ", 2)[1])

    @property
    def body(self) -> bytes:
        """The answer's body, without chunked encoding."""
        top, _, rest = self.response.partition(b"\r\n\r\n")
        return _joined(rest) if b"transfer-encoding: chunked" in top.lower() else rest

    def steps(self, seed: int | None = None) -> list[Step]:
        """The answer as it was recorded, in random pieces if a seed is given."""
        steps: list[Step] = [Send(self.response)]
        if seed is not None:
            steps = [*in_pieces(self.response, random.Random(seed))]  # noqa: S311
        return [*steps, Close()] if self.closed else steps


def transcript(name: str) -> Transcript:
    """Read a recording; the name is its file's, without the suffix.

    Raises:
        ValueError: the file is no recording, or its byte counts are not those of its bytes.
    """
    sent: list[bytes] = []
    received: list[bytes] = []
    closed = False
    for line in (TRANSCRIPTS / f"{name}.txt").read_text(encoding="utf-8").split("\n"):
        if line.startswith("> "):
            sent.append(_literal(line[2:]))
        elif found := _RECEIVED.fullmatch(line):
            received.append(_literal(found[2]))
            if len(received[-1]) != int(found[1]):
                raise ValueError(f"{name}: {found[1]} bytes announced, {len(received[-1])} found")
        elif line.endswith(" EOF"):
            closed = True
        elif line and not line.startswith("#"):
            raise ValueError(f"{name}: not a line of a recording: {line[:80]}")
    top, body = sent
    start, *lines = top.decode("latin-1").strip().split("\r\n")
    method, path, _ = start.split(" ")
    pairs = (item.partition(": ") for item in lines)
    headers = {key.lower(): value for key, _, value in pairs}
    return Transcript(Request(method, path, headers, body), b"".join(received), closed)


def in_pieces(payload: bytes, chance: random.Random, longest: int = 64) -> Iterator[Send]:
    """Cut bytes anywhere: within a chunk's header, a line, or a letter."""
    start = 0
    while start < len(payload):
        end = start + chance.randint(1, longest)
        yield Send(payload[start:end])
        start = end


def _literal(text: str) -> bytes:
    value = ast.literal_eval(text)
    if not isinstance(value, bytes):
        raise TypeError(f"no bytes: {text[:80]}")
    return value


def _joined(chunked: bytes) -> bytes:
    parts: list[bytes] = []
    while True:
        size, _, chunked = chunked.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            return b"".join(parts)
        parts.append(chunked[:length])
        chunked = chunked[length + 2 :]
