"""The scripted model servers answer as their protocols do, and fail as they are told."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import httpx
import pytest

from tests.servers.anthropic_server import AnthropicServer
from tests.servers.ollama_server import OllamaServer
from tests.servers.openai_server import OpenAIServer
from tests.servers.script import Gate
from tests.servers.streams import Answer, Fault

_ASK = {"model": "smollm2", "messages": [{"role": "user", "content": "hi"}]}
_KINDS = {
    "ollama": (OllamaServer, "/api/chat", _ASK),
    "openai": (OpenAIServer, "/v1/chat/completions", {**_ASK, "stream": True}),
    "anthropic": (AnthropicServer, "/v1/messages", {**_ASK, "stream": True, "max_tokens": 9}),
}
_END_MARKS = {"ollama": '"done":true', "openai": "[DONE]", "anthropic": "message_stop"}
_TEXT = "## Reëntrancy ✓\nThe vault 🏦 is empty."


async def _ask(kind: str, answer: Answer) -> tuple[int, str, Exception | None]:
    """Status, body and the error that ended it."""
    make, path, payload = _KINDS[kind]
    body = bytearray()
    failure: Exception | None = None
    headers = {"anthropic-version": "2023-06-01"}
    async with (
        make(answer) as server,
        httpx.AsyncClient(trust_env=False) as client,
        client.stream("POST", server.base_url + path, json=payload, headers=headers) as got,
    ):
        try:
            async for piece in got.aiter_raw():
                body += piece
        except httpx.TransportError as error:
            failure = error
    return got.status_code, body.decode("utf-8", "replace"), failure


def _text(kind: str, body: str) -> str:
    lines = [line.removeprefix("data: ") for line in body.split("\n")]
    values: list[dict[str, Any]] = [json.loads(line) for line in lines if line.startswith("{")]
    if kind == "ollama":
        return "".join(value["message"]["content"] for value in values)
    if kind == "openai":
        deltas = [choice["delta"] for value in values for choice in value["choices"]]
        return "".join(delta.get("content") or "" for delta in deltas)
    return "".join(value.get("delta", {}).get("text", "") for value in values)


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("seed", [None, 3])
async def test_a_recorded_answer_is_streamed_whole(kind: str, seed: int | None) -> None:
    status, body, failure = await _ask(kind, Answer(seed=seed))
    assert (status, failure) == (200, None)
    assert _END_MARKS[kind] in body
    assert _text(kind, body).startswith("Two colours are:")


@pytest.mark.parametrize("kind", _KINDS)
async def test_a_text_of_the_test_is_streamed(kind: str) -> None:
    _, body, _ = await _ask(kind, Answer(text=_TEXT, seed=11))
    assert _text(kind, body) == _TEXT
    assert _END_MARKS[kind] in body


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault.UNAUTHORIZED, 401),
        (Fault.NOT_FOUND, 404),
        (Fault.BAD_REQUEST, 400),
        (Fault.OVERFLOW, 400),
        (Fault.ERROR_BODY, 200),
    ],
)
async def test_a_refusal_comes_instead_of_a_stream(kind: str, fault: Fault, expected: int) -> None:
    status, body, failure = await _ask(kind, Answer(fault=fault))
    assert (status, failure) == (expected, None)
    assert _END_MARKS[kind] not in body
    assert fault is Fault.NOT_FOUND or "error" in json.loads(body)


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.ERROR_INSIDE, None),
        (Fault.NO_END_MARK, None),
        (Fault.CUT, httpx.RemoteProtocolError),
        (Fault.RESET, httpx.ReadError),
    ],
)
async def test_a_stream_breaks_after_some_deltas(
    kind: str, fault: Fault, error: type[Exception] | None
) -> None:
    status, body, failure = await _ask(kind, Answer(text=_TEXT, fault=fault, seed=None))
    assert status == 200
    assert type(failure) is (error or type(None))
    assert _END_MARKS[kind] not in body
    assert ("error" in body) == (fault is Fault.ERROR_INSIDE)
    whole = fault is Fault.NO_END_MARK
    if fault in (Fault.NO_END_MARK, Fault.CUT, Fault.RESET):
        arrived = body.rpartition("\n")[0] if not whole else body
        assert _TEXT.startswith(_text(kind, arrived))
        assert (_text(kind, arrived) == _TEXT) == whole


@pytest.mark.parametrize("kind", _KINDS)
async def test_gates_hold_an_answer(kind: str) -> None:
    make, path, payload = _KINDS[kind]
    before, within = Gate(), Gate()
    headers = {"anthropic-version": "2023-06-01"}
    async with (
        make(Answer(before=before, within=within)) as server,
        httpx.AsyncClient(trust_env=False) as client,
        contextlib.AsyncExitStack() as stack,
    ):
        before.open()
        got = await stack.enter_async_context(
            client.stream("POST", server.base_url + path, json=payload, headers=headers)
        )
        pieces = got.aiter_raw()
        first = await anext(pieces)
        assert not within.is_open
        await within.reached()
        within.open()
        rest = b"".join([piece async for piece in pieces])
    assert _END_MARKS[kind] in (first + rest).decode()


async def _ollama(server: OllamaServer, path: str, payload: object) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.post(server.base_url + path, json=payload)


async def test_ollama_lists_shows_and_loads() -> None:
    async with OllamaServer() as server:
        async with httpx.AsyncClient(trust_env=False) as client:
            listed = (await client.get(server.base_url + "/api/tags")).json()["models"]
            running = (await client.get(server.base_url + "/api/ps")).json()["models"]
        for entry in listed:
            shown = (await _ollama(server, "/api/show", {"model": entry["name"]})).json()
            family = shown["model_info"]["general.architecture"]
            assert shown["model_info"][f"{family}.context_length"] > 0
        quiet = {"model": "smollm2", "messages": []}
        loaded = await _ollama(server, "/api/chat", quiet)
        unloaded = await _ollama(server, "/api/chat", {**quiet, "keep_alive": 0})
    assert running[0]["context_length"] == 8192
    assert loaded.json()["done_reason"] == "load"
    assert unloaded.json()["done_reason"] == "unload"


async def test_ollama_says_what_is_wrong() -> None:
    async with OllamaServer() as server:
        server.installed = []
        missing = await _ollama(server, "/api/chat", _ASK)
        unshown = await _ollama(server, "/api/show", {"model": "smollm2"})
    async with OllamaServer() as server:
        thoughtless = await _ollama(server, "/api/chat", {**_ASK, "think": True})
    assert (missing.status_code, unshown.status_code) == (404, 404)
    assert missing.json() == {"error": "model 'smollm2' not found"}
    assert thoughtless.status_code == 400


async def test_ollamas_overflow_is_json_in_a_json_string() -> None:
    _, body, _ = await _ask("ollama", Answer(fault=Fault.OVERFLOW))
    inner = json.loads(json.loads(body)["error"])
    assert inner["error"]["type"] == "exceed_context_size_error"
