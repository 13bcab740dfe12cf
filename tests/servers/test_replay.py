"""Recordings are read to the byte and cut anywhere."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.servers import replay
from tests.servers.replay import TRANSCRIPTS, in_pieces, transcript
from tests.servers.script import Close, Send
from tests.servers.scripted import ScriptedServer

if TYPE_CHECKING:
    from pathlib import Path

_NAMES = sorted(path.stem for path in TRANSCRIPTS.glob("*.txt"))


@pytest.mark.parametrize("name", _NAMES)
async def test_a_replayed_recording_is_what_httpx_reads(name: str) -> None:
    record = transcript(name)
    assert record.closed
    path = record.request.path
    route = {(record.request.method, path): record.steps(seed=7)}
    async with ScriptedServer(route) as server, httpx.AsyncClient(trust_env=False) as client:
        answer = await client.request(
            record.request.method, server.base_url + path, content=record.request.body
        )
    assert answer.status_code == record.status
    assert answer.content == record.body
    assert server.requests[0].body == record.request.body


def _chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311


def test_a_json_body_is_joined_from_its_chunks() -> None:
    shown = json.loads(transcript("ollama_show").body)
    assert shown["model_info"]["general.architecture"] == "llama"


def test_without_a_seed_the_answer_is_one_piece() -> None:
    record = transcript("ollama_version")
    assert record.steps() == [Send(record.response), Close()]


def test_pieces_depend_on_the_seed_and_lose_nothing() -> None:
    payload = "naïve ✓ 🏦 ".encode() * 50
    one, two = (list(in_pieces(payload, _chance(seed), longest=5)) for seed in (1, 2))
    assert one != two
    assert b"".join(piece.payload for piece in one) == payload
    assert max(len(piece.payload) for piece in one) == 5


@pytest.mark.parametrize(
    "line", ["     1.0     9 b'short'", "     1.0     3 'abc'", "what is this", "> 'text'"]
)
def test_a_damaged_recording_is_refused(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bad.txt").write_text(f"> b'GET / HTTP/1.1\\r\\n\\r\\n'\n> b''\n{line}\n")
    monkeypatch.setattr(replay, "TRANSCRIPTS", tmp_path)
    with pytest.raises((ValueError, TypeError)):
        transcript("bad")
