"""The scripted model servers answer as their protocols do."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.servers.anthropic_server import REQUEST_ID, AnthropicServer, rate_limits
from tests.servers.asking import ASK, END_MARKS, KINDS, TEXT, Answered, ask, opened
from tests.servers.faults import Fault
from tests.servers.ollama_server import OllamaServer
from tests.servers.openai_server import OpenAIServer
from tests.servers.script import Gate
from tests.servers.streams import Answer

if TYPE_CHECKING:
    from tests.servers.model_server import ModelServer


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [None, 3])
async def test_a_recorded_answer_is_streamed_whole(kind: str, seed: int | None) -> None:
    seen = await ask(kind, Answer(seed=seed))
    assert (seen.status, seen.whole) == (200, True)
    assert seen.text.startswith("Two colours are:")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_text_of_the_test_is_streamed(kind: str) -> None:
    seen = await ask(kind, Answer(text=TEXT, seed=11))
    assert (seen.text, seen.whole) == (TEXT, True)


def _reason(seen: Answered) -> str:
    if seen.kind == "ollama":
        return seen.events[-1]["done_reason"]
    if seen.kind == "openai":
        return next(e["choices"][0]["finish_reason"] for e in seen.events[::-1] if e["choices"])
    return seen.events[-2]["delta"]["stop_reason"]


@pytest.mark.parametrize(
    ("kind", "reasons"),
    [
        ("ollama", ["length", "stop"]),
        ("openai", ["length", "stop"]),
        ("anthropic", ["max_tokens", "end_turn"]),
    ],
)
async def test_an_answer_ends_at_its_limit_or_by_itself(kind: str, reasons: list[str]) -> None:
    seen = [await ask(kind, Answer(natural=natural)) for natural in (False, True)]
    assert [_reason(answered) for answered in seen] == reasons


def _counts(seen: Answered) -> tuple[int | None, int]:
    """Tokens read and written."""
    if seen.kind == "ollama":
        last = seen.events[-1]
        return last.get("prompt_eval_count"), last["eval_count"]
    if seen.kind == "openai":
        usage = seen.events[-1]["usage"]
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
        return usage["prompt_tokens"], usage["completion_tokens"]
    first, last = seen.events[0]["message"]["usage"], seen.events[-2]["usage"]
    return first["input_tokens"], last["output_tokens"]


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "system", "content": "s" * 60}, {"role": "user", "content": "u" * 341}],
        [{"role": "user", "content": [{"type": "text", "text": "u" * 401}]}],
    ],
)
@pytest.mark.parametrize("kind", KINDS)
async def test_tokens_are_counted_by_the_request(
    kind: str, messages: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS[kind][1], "messages", messages)
    seen = await ask(kind, Answer(text="abcd" * 7))
    assert _counts(seen) == (100, 7)


async def test_anthropics_system_text_counts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = [{"type": "text", "text": "s" * 398, "cache_control": {"type": "ephemeral"}}]
    monkeypatch.setitem(KINDS["anthropic"][1], "system", blocks)
    assert _counts(await ask("anthropic", Answer(text="abcd")))[0] == 100


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("counted", "said"), [(None, 1), (7, 7), (0, 0)])
async def test_a_test_may_say_what_is_counted(kind: str, counted: int | None, said: int) -> None:
    read, _ = _counts(await ask(kind, Answer(counted=counted)))
    # Ollama leaves out what is 0.
    assert read == (said or (None if kind == "ollama" else 0))


async def test_openai_counts_only_if_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(KINDS["openai"][1], "stream_options")
    seen = await ask("openai", Answer())
    assert seen.whole
    assert not any("usage" in event for event in seen.events)


@pytest.mark.parametrize("kind", KINDS)
async def test_gates_hold_an_answer(kind: str) -> None:
    before, within = Gate(), Gate()
    async with (
        KINDS[kind][0](Answer(before=before, within=within)) as server,
        httpx.AsyncClient(trust_env=False) as client,
        contextlib.AsyncExitStack() as stack,
    ):
        before.open()
        got = await stack.enter_async_context(opened(kind, server, client))
        pieces = got.aiter_raw()
        first = await anext(pieces)
        assert not within.is_open
        await within.reached()
        within.open()
        rest = b"".join([piece async for piece in pieces])
    assert END_MARKS[kind] in (first + rest).decode()


@pytest.mark.parametrize("kind", KINDS)
async def test_requests_for_text_are_counted(kind: str) -> None:
    async with KINDS[kind][0]() as server:
        await _get(server, "/v1/models")
        assert server.generations == 0
        await ask(kind, server.answer, server)
        server.answer = Answer(fault=Fault.UNAUTHORIZED)
        await ask(kind, server.answer, server)
        assert server.generations == 2


async def _get(server: ModelServer, path: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(server.base_url + path)


async def _post(server: ModelServer, path: str, payload: object) -> httpx.Response:
    headers = {"anthropic-version": "2023-06-01"}
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.post(server.base_url + path, json=payload, headers=headers)


async def test_ollama_lists_shows_and_loads() -> None:
    async with OllamaServer() as server:
        listed = (await _get(server, "/api/tags")).json()["models"]
        running = (await _get(server, "/api/ps")).json()["models"]
        for entry in listed:
            shown = (await _post(server, "/api/show", {"model": entry["name"]})).json()
            family = shown["model_info"]["general.architecture"]
            assert shown["model_info"][f"{family}.context_length"] > 0
        quiet = {"model": "smollm2", "messages": []}
        loaded = await _post(server, "/api/chat", quiet)
        unloaded = await _post(server, "/api/chat", {**quiet, "keep_alive": 0})
    assert running[0]["context_length"] == 8192
    assert loaded.json()["done_reason"] == "load"
    assert unloaded.json()["done_reason"] == "unload"
    assert server.generations == 0


async def test_ollama_says_what_is_wrong() -> None:
    async with OllamaServer() as server:
        server.installed = []
        missing = await _post(server, "/api/chat", ASK)
        unshown = await _post(server, "/api/show", {"model": "smollm2"})
    async with OllamaServer() as server:
        thoughtless = await _post(server, "/api/chat", {**ASK, "think": True})
    assert (missing.status_code, unshown.status_code) == (404, 404)
    assert missing.json() == {"error": "model 'smollm2' not found"}
    assert thoughtless.status_code == 400


async def test_ollamas_overflow_is_json_in_a_json_string() -> None:
    seen = await ask("ollama", Answer(fault=Fault.OVERFLOW))
    inner = json.loads(json.loads(seen.body)["error"])
    assert inner["error"]["type"] == "exceed_context_size_error"


async def test_llama_servers_own_routes_are_there_if_a_test_wants_them() -> None:
    async with OpenAIServer() as server:
        assert (await _get(server, "/props")).status_code == 404
        server.add_llama_routes(context=512)
        props = (await _get(server, "/props")).json()
        server.processing = True
        slots = (await _get(server, "/slots")).json()
    assert props["default_generation_settings"]["n_ctx"] == 512
    assert [slot["is_processing"] for slot in slots] == [True]


async def test_a_templates_tokens_are_those_that_an_answer_counts() -> None:
    messages = [{"role": "system", "content": "s" * 60}, {"role": "user", "content": "u" * 341}]
    async with OpenAIServer() as server:
        server.add_llama_routes()
        prompt = (await _post(server, "/apply-template", {"messages": messages})).json()["prompt"]
        tokens = (await _post(server, "/tokenize", {"content": prompt})).json()["tokens"]
    assert prompt.endswith("<|im_start|>assistant\n")
    assert len(tokens) == 100


async def test_anthropic_counts_before_it_answers() -> None:
    asked = {"model": "m", "system": "s" * 60, "messages": [{"role": "user", "content": "u" * 340}]}
    async with AnthropicServer() as server:
        counted = await _post(server, "/v1/messages/count_tokens", asked)
        refused = await _post(server, "/v1/messages/count_tokens", {"model": "m"})
    assert counted.json() == {"input_tokens": 100}
    assert (refused.status_code, server.generations) == (400, 0)


async def test_anthropics_headers_tell_the_request_and_what_is_left() -> None:
    async with AnthropicServer() as server:
        server.limits = rate_limits({"requests": 0})
        for fault in (None, Fault.FORBIDDEN, Fault.RATE_LIMITED):
            server.answer = Answer(fault=fault)
            headers = (await ask("anthropic", server.answer, server)).headers
            assert headers["request-id"] == REQUEST_ID
            assert headers["anthropic-ratelimit-requests-remaining"] == "0"
            assert headers["anthropic-ratelimit-input-tokens-remaining"] == "30000"
        others = [
            await _get(server, "/v1/models"),
            await _post(server, "/v1/messages", {}),
            await _post(server, "/v1/messages/count_tokens", ASK),
        ]
    assert [other.headers["request-id"] for other in others] == [REQUEST_ID] * 3
