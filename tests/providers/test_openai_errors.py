"""Errors inside the answers of chat completions, in the shapes of every server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from spectr_desktop.providers.errors import (
    AuthFailed,
    BadRequest,
    ContextOverflow,
    ProviderError,
    ServerBusy,
    ServerFailed,
)
from tests.providers.completions import DONE, data, delta, failed, generated, stream, text
from tests.servers.script import reply

if TYPE_CHECKING:
    from spectr_desktop.records.events import StreamEvent

_LM_STUDIO = "Input does not fit in context length. The input has 31430 tokens, but …"


@pytest.mark.parametrize(
    ("event", "kind", "code", "words"),
    [
        pytest.param(
            {"error": {"code": 500, "message": "the slot is gone", "type": "server_error"}},
            ServerFailed, "server_error", "HTTP 500. server_error: the slot is gone",
            id="llama.cpp",
        ),
        pytest.param(
            {
                "error": {
                    "code": 400,
                    "message": "the request exceeds the available context size",
                    "type": "exceed_context_size_error",
                    "n_prompt_tokens": 9000,
                    "n_ctx": 4096,
                }
            },
            ContextOverflow, "context_overflow", "exceed_context_size_error",
            id="llama.cpp, old builds",
        ),
        pytest.param(
            {
                "error": {
                    "message": "EngineCore encountered an issue",
                    "type": "InternalServerError",
                    "param": None,
                    "code": 500,
                }
            },
            ServerFailed, "server_error", "EngineCore", id="vLLM",
        ),
        pytest.param(
            {"object": "error", "message": "bad", "type": "BadRequestError", "code": 400},
            BadRequest, "bad_request", "BadRequestError: bad", id="vLLM, old builds",
        ),
        pytest.param(
            b"event: error\n" + data({"error": {"message": "Compute error."}, "message": "…"}),
            ServerFailed, "server_error", "Compute error.", id="LM Studio",
        ),
        pytest.param(
            b"event: error\n" + data({"error": {"message": _LM_STUDIO}, "message": _LM_STUDIO}),
            ContextOverflow, "context_overflow", "31430", id="LM Studio, too long",
        ),
        pytest.param(
            b'event: error\ndata: {"code":5,"details":["out of memory"]}\n\n',
            ServerFailed, "server_error", '5: ["out of memory"]', id="code and details",
        ),
        pytest.param(
            b'event: error\ndata: {"code":"overloaded","message":"later"}\n\n',
            ServerFailed, "server_error", "overloaded: later", id="code and message",
        ),
        pytest.param(
            b"event: error\ndata: upstream died\n\n",
            ServerFailed, "server_error", "upstream died", id="plain words",
        ),
        pytest.param(
            {"error": "no more memory"}, ServerFailed, "server_error", "no more", id="a string"
        ),
        pytest.param(
            {"error": {"code": 429, "message": "Rate limit exceeded"}},
            ServerBusy, "server_busy", "Rate limit", id="OpenRouter 429",
        ),
        pytest.param(
            {"error": {"code": "503", "message": "no provider"}},
            ServerBusy, "server_busy", "no provider", id="a number as text",
        ),
        pytest.param(
            {"error": {"code": 401, "message": "No auth"}}, AuthFailed, "auth", "No auth",
            id="OpenRouter 401",
        ),
        pytest.param(
            {"error": {"code": 402, "message": "credits"}}, AuthFailed, "billing", "credits",
            id="OpenRouter 402",
        ),
        pytest.param(
            {"choices": [{"index": 0, "delta": {}, "error": {"code": 502, "message": "gone"}}]},
            ServerFailed, "server_error", "gone", id="in the choice",
        ),
        pytest.param(delta("error"), ServerFailed, "server_error", "finish reason: error",
                     id="finish reason"),
    ],
)  # fmt: skip
async def test_an_error_in_any_chunk_ends_the_answer(
    event: object, kind: type[ProviderError], code: str, words: str
) -> None:
    error, kept = await failed(stream(delta(content="kept"), event, DONE), kind)
    assert error.code == code
    assert words in error.detail
    assert kept == "kept"


async def test_the_text_of_the_chunk_with_the_error_is_kept() -> None:
    both = delta("error", content=" both") | {"error": {"code": 502, "message": "Provider gone"}}
    error, kept = await failed(stream(delta(content="kept"), both), ServerFailed)
    assert "Provider gone" in error.detail
    assert kept == "kept both"
    _, kept = await failed(stream(delta(content="<thi"), {"error": "gone"}), ServerFailed)
    assert kept == "<thi"


async def test_an_event_that_is_no_json_is_told_without_the_key() -> None:
    events: list[StreamEvent] = []
    script = stream(delta(content="kept"), b"data: oops sk-secret\n\n")
    with pytest.raises(ServerFailed) as caught:
        await generated(script, key="sk-secret", into=events)
    assert caught.value.code == "protocol"
    assert caught.value.detail == "oops [key]"
    assert text(events) == "kept"


async def test_the_requests_id_is_kept_with_an_error_inside() -> None:
    script = reply({"error": {"message": "gone"}}, headers={"x-request-id": "req_7"})
    error, _ = await failed(script, ServerFailed)
    assert error.request_id == "req_7"
    assert error.detail.endswith("req_7")


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "the slot is gone", "type": "server_error"}},
        {"object": "error", "message": "the slot is gone", "code": 500},
        {"error": "the slot is gone", "choices": []},
        {"choices": [{"index": 0, "message": {}, "error": {"message": "the slot is gone"}}]},
    ],
)
async def test_an_error_in_place_of_a_stream_keeps_the_servers_words(body: object) -> None:
    error, _ = await failed(reply(body), ServerFailed)
    assert error.code == "server_error"
    assert "the slot is gone" in error.detail
