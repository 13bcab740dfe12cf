from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from spectr_desktop.providers import openai_compatible
from spectr_desktop.providers.errors import ServerFailed
from spectr_desktop.providers.openai_compatible import OpenAICompatible
from spectr_desktop.records.events import (
    GenerationEnded,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
    UsageReported,
)
from spectr_desktop.records.run import GenerationRequest, Parameters, StopReason, Usage
from spectr_desktop.records.server import ServerConfig
from tests.servers.script import Gate, Pause, Script, Send, chunk, chunked_head, reply
from tests.servers.scripted import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable

_REQUEST = GenerationRequest("m", "system", "user", Parameters(16))


async def _generated(
    script: Script | Callable[..., Script], *, client_leaves: bool = False
) -> tuple[list[StreamEvent], ScriptedServer]:
    server = ScriptedServer({("POST", "/v1/chat/completions"): script})
    out: list[StreamEvent] = []
    async with server:
        adapter = OpenAICompatible(ServerConfig("openai", server.base_url), lambda: None)
        async with contextlib.aclosing(adapter.generate(_REQUEST)) as events:
            out = [event async for event in events]
        if client_leaves:
            await server.disconnected()
    return out, server


def _whole(**message: Any) -> Script:  # noqa: ANN401  # whatever a message has
    return reply(
        {
            "choices": [{"index": 0, "message": message, "finish_reason": "length"}],
            "usage": {"prompt_tokens": 7, "completion_tokens": 3},
        }
    )


async def test_an_answer_in_one_piece_is_taken_whole() -> None:
    events, server = await _generated(_whole(content="All of it.", reasoning_content="Hm."))
    assert [e for e in events if isinstance(e, TextDelta)] == [TextDelta("All of it.")]
    assert [e for e in events if isinstance(e, ThinkingDelta)] == [ThinkingDelta("Hm.")]
    assert UsageReported(Usage(7, 3)) in events
    assert events[-1] == GenerationEnded(StopReason.LENGTH)
    assert [r.path for r in server.requests].count("/v1/chat/completions") == 1


async def test_an_error_in_place_of_a_stream_keeps_the_servers_words() -> None:
    with pytest.raises(ServerFailed) as caught:
        await _generated(reply({"error": {"message": "the slot is gone", "type": "server_error"}}))
    assert caught.value.code == "server_error"
    assert "the slot is gone" in caught.value.detail


@pytest.mark.parametrize("body", [{}, {"choices": []}, {"hello": "world"}])
async def test_json_that_is_no_answer_is_not_taken_for_one(body: dict[str, object]) -> None:
    with pytest.raises(ServerFailed) as caught:
        await _generated(reply(body))
    assert caught.value.code == "protocol"


@pytest.mark.parametrize("usage", [True, False])
async def test_a_connection_left_open_after_the_end_does_not_hold_the_run(
    monkeypatch: pytest.MonkeyPatch, usage: bool
) -> None:
    monkeypatch.setattr(openai_compatible, "_GRACE_S", 0.05)
    chunks: list[dict[str, object]] = [
        {"choices": [{"index": 0, "delta": {"content": "text"}, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    ]
    if usage:
        chunks.append({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 1}})
    never = Gate()
    script: Script = [
        Send(chunked_head("text/event-stream")),
        *(Send(chunk(b"data: " + json.dumps(value).encode() + b"\n\n")) for value in chunks),
        Pause(never),
    ]
    events, _ = await _generated(script, client_leaves=True)
    assert TextDelta("text") in events
    assert (UsageReported(Usage(5, 1)) in events) is usage
    assert events[-1] == GenerationEnded(StopReason.NATURAL)
