"""What a server of chat completions is asked beside a completion."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import httpx
import pytest

from spectr_desktop.providers import openai_questions
from spectr_desktop.providers.openai_compatible import OpenAICompatible
from spectr_desktop.providers.openai_servers import Flavour, slots_state
from spectr_desktop.records.server import ServerConfig, ServerState
from tests.providers.completions import REQUEST
from tests.servers.script import Close, Gate, Pause, reply
from tests.servers.scripted import ScriptedServer

if TYPE_CHECKING:
    from tests.servers.script import Script

_LIST = ("GET", "/v1/models")


def _adapter(server: ScriptedServer, flavour: Flavour = Flavour.UNKNOWN) -> OpenAICompatible:
    return OpenAICompatible(
        ServerConfig("openai", server.base_url), lambda: "sk-1", flavour=flavour
    )


async def test_llama_server_counts_in_its_template() -> None:
    routes = {
        _LIST: reply({"data": [{"id": "m", "owned_by": "llamacpp"}]}),
        ("POST", "/apply-template"): reply({"prompt": "<s>system user"}),
        ("POST", "/tokenize"): reply({"tokens": [1, 2, 3]}),
    }
    async with ScriptedServer(routes) as server:
        assert await _adapter(server).count_tokens(REQUEST) == 3
    _, template, tokens = server.requests
    assert template.json["messages"] == [
        {"role": "system", "content": "system"},
        {"role": "user", "content": "user"},
    ]
    assert tokens.json == {"model": "m", "content": "<s>system user", "add_special": True}


async def test_vllm_counts_messages() -> None:
    counted = reply({"count": 12, "max_model_len": 40960, "tokens": [0] * 12, "token_strs": None})
    async with ScriptedServer({("POST", "/tokenize"): counted}) as server:
        assert await _adapter(server, Flavour.VLLM).count_tokens(REQUEST) == 12
    (request,) = server.requests
    assert request.json["model"] == "m"
    assert [message["role"] for message in request.json["messages"]] == ["system", "user"]


async def test_others_cannot_count() -> None:
    async with ScriptedServer(
        {_LIST: reply({"data": [{"id": "m", "owned_by": "openai"}]})}
    ) as server:
        assert await _adapter(server).count_tokens(REQUEST) is None
    assert [request.path for request in server.requests] == ["/v1/models"]
    async with ScriptedServer() as server:
        assert await _adapter(server).count_tokens(REQUEST) is None


_BROKEN = [
    reply({"error": {"message": "no template"}}, 500),
    reply({"prompt": 7, "tokens": "many", "count": "many"}),
    reply({"prompt": "", "tokens": []}),
    reply(b"[[[", 200),
    [Close()],
]


@pytest.mark.parametrize("answer", _BROKEN)
@pytest.mark.parametrize("flavour", [Flavour.LLAMA_CPP, Flavour.VLLM])
async def test_a_count_that_fails_is_none(answer: Script, flavour: Flavour) -> None:
    routes = {("POST", "/apply-template"): answer, ("POST", "/tokenize"): answer}
    async with ScriptedServer(routes) as server:
        assert await _adapter(server, flavour).count_tokens(REQUEST) is None


@pytest.mark.parametrize("status", [200, 401, 404, 503])
@pytest.mark.parametrize(
    ("flavour", "path"), [(Flavour.LLAMA_CPP, "/health"), (Flavour.UNKNOWN, "/v1/models")]
)
async def test_any_answer_is_a_sign_of_life(status: int, flavour: Flavour, path: str) -> None:
    async with ScriptedServer({("GET", path): reply({}, status)}) as server:
        assert await _adapter(server, flavour).alive()
    assert [request.path for request in server.requests] == [path]


@pytest.mark.parametrize("flavour", list(Flavour))
async def test_nobody_there_is_not_alive(flavour: Flavour) -> None:
    async with ScriptedServer() as server:
        adapter = _adapter(server, flavour)
    assert not await adapter.alive()
    assert await adapter.state() is ServerState.UNKNOWN


async def test_a_remote_service_is_not_asked() -> None:
    adapter = OpenAICompatible(ServerConfig("openai", "https://host.invalid/v1"), lambda: None)
    assert await adapter.alive()
    assert await adapter.state() is ServerState.UNKNOWN
    assert not await adapter.unload("m")


# As build 10068 tells it; between the batches of a prompt `n_decoded` is the last request's.
_READING = {
    "id": 0,
    "n_ctx": 4096,
    "speculative": False,
    "is_processing": True,
    "id_task": 78,
    "n_prompt_tokens": 2048,
    "n_prompt_tokens_processed": 2048,
    "n_prompt_tokens_cache": 0,
    "next_token": [{"has_next_token": True, "n_remain": 360, "n_decoded": 40}],
}
_WRITING = {
    **_READING,
    "n_prompt_tokens": 118,
    "n_prompt_tokens_processed": 1,
    "n_prompt_tokens_cache": 40,
    "next_token": [{"has_next_token": True, "n_remain": 122, "n_decoded": 78}],
}
_IDLE = {**_WRITING, "is_processing": False}
_FRESH = {"id": 0, "n_ctx": 4096, "speculative": False, "is_processing": False}
_OLD = {"id": 0, "is_processing": True}


@pytest.mark.parametrize(
    ("slots", "state"),
    [
        ([_FRESH], ServerState.IDLE),
        ([_IDLE], ServerState.IDLE),
        ([_READING], ServerState.READING),
        ([_WRITING], ServerState.WORKING),
        ([_IDLE, _READING], ServerState.READING),
        ([_READING, _WRITING, _FRESH], ServerState.WORKING),
        ([{**_OLD, "next_token": {"n_decoded": 0}}], ServerState.READING),
        ([{**_OLD, "next_token": {"n_decoded": 5}}], ServerState.WORKING),
        ([{**_OLD, "next_token": [{"n_decoded": 5}]}], ServerState.WORKING),
        ([_OLD], ServerState.READING),
        ([], ServerState.UNKNOWN),
        ([{"id": 0, "state": 0}], ServerState.UNKNOWN),
        ({"error": "?"}, ServerState.UNKNOWN),
        (7, ServerState.UNKNOWN),
    ],
)
def test_slots_tell_what_the_server_does(slots: object, state: ServerState) -> None:
    assert slots_state(json.dumps(slots).encode()) is state


def test_slots_that_are_no_json_tell_nothing() -> None:
    for body in (b"", b"<html>", b"[" * 100_000):
        assert slots_state(body) is ServerState.UNKNOWN


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (reply([_WRITING]), ServerState.WORKING),
        (reply([_FRESH]), ServerState.IDLE),
        (reply({"error": {"code": 501, "type": "not_supported_error"}}, 501), ServerState.UNKNOWN),
        (reply([_FRESH], 403), ServerState.UNKNOWN),
        (reply(b"not found", 404, "text/plain"), ServerState.UNKNOWN),
        ([Close()], ServerState.UNKNOWN),
    ],
)
async def test_a_llama_server_is_asked_for_its_slots(answer: Script, state: ServerState) -> None:
    async with ScriptedServer({("GET", "/slots"): answer}) as server:
        assert await _adapter(server, Flavour.LLAMA_CPP).state() is state
    assert server.requests[0].headers["authorization"] == "Bearer sk-1"


@pytest.mark.parametrize("flavour", [Flavour.UNKNOWN, Flavour.VLLM, Flavour.OTHER])
async def test_others_are_not_asked_for_slots(flavour: Flavour) -> None:
    async with ScriptedServer({("GET", "/slots"): reply([_FRESH])}) as server:
        assert await _adapter(server, flavour).state() is ServerState.UNKNOWN
    assert not server.requests


@pytest.mark.parametrize("healthy", [True, False])
async def test_slots_that_keep_silent_while_the_server_lives_mean_a_prompt(
    monkeypatch: pytest.MonkeyPatch, healthy: bool
) -> None:
    monkeypatch.setattr(openai_questions, "_GLANCE", httpx.Timeout(5.0, read=0.05))
    health: Script = reply({"status": "ok"}) if healthy else [Close()]
    routes = {("GET", "/slots"): [Pause(Gate())], ("GET", "/health"): health}
    async with ScriptedServer(routes) as server:
        state = await _adapter(server, Flavour.LLAMA_CPP).state()
        await server.disconnected()
    assert state is (ServerState.READING if healthy else ServerState.UNKNOWN)


async def test_a_question_can_be_given_up() -> None:
    gate = Gate()
    async with ScriptedServer({("GET", "/slots"): [Pause(gate)]}) as server:
        task = asyncio.create_task(_adapter(server, Flavour.LLAMA_CPP).state())
        await gate.reached()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.disconnected()
