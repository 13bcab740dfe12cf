"""What is sent for a completion, and what happens before its first byte."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from spectr_desktop.providers import openai_compatible, retry
from spectr_desktop.providers.errors import (
    AuthFailed,
    BadRequest,
    ContextOverflow,
    ProviderError,
    ServerBusy,
    Unreachable,
)
from spectr_desktop.providers.openai_compatible import OpenAICompatible
from spectr_desktop.records.events import (
    GenerationEnded,
    Notice,
    PhaseChanged,
    RateLimit,
    RateLimitsReported,
    RetryScheduled,
    StreamEvent,
)
from spectr_desktop.records.run import Parameters, Phase, StopReason
from spectr_desktop.records.server import ServerConfig
from tests.providers.completions import (
    COMPLETIONS,
    DONE,
    REQUEST,
    asked,
    data,
    delta,
    generated,
    stream,
    text,
)
from tests.servers.openai_server import OpenAIServer
from tests.servers.script import Close, Gate, Pause, Send, chunk, chunked_head, reply
from tests.servers.scripted import ScriptedServer

if TYPE_CHECKING:
    from tests.servers.script import Request, Script

_ANSWER = stream(delta("stop", content="a"), DONE)
_LOADING = {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}
_LLAMA = {"Server": "llama.cpp"}


def _adapter(base_url: str, key: str | None = None) -> OpenAICompatible:
    return OpenAICompatible(ServerConfig("openai", base_url), lambda: key)


async def _into(events: list[StreamEvent], adapter: OpenAICompatible) -> None:
    async with contextlib.aclosing(adapter.generate(REQUEST)) as found:
        async for event in found:
            events.append(event)  # noqa: PERF401  # a comprehension would lose them


def _phases(events: list[StreamEvent]) -> list[Phase]:
    return [event.phase for event in events if isinstance(event, PhaseChanged)]


# The request


async def test_the_request_is_as_openai_defined_it() -> None:
    parameters = Parameters(16, context=4096, temperature=0.5, seed=7)
    _, server = await generated(_ANSWER, replace(REQUEST, parameters=parameters), key="sk-1")
    assert asked(server) == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "system"},
            {"role": "user", "content": "user"},
        ],
        "max_tokens": 16,
        "temperature": 0.5,
        "seed": 7,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    (request,) = (r for r in server.requests if r.path == COMPLETIONS[1])
    assert request.headers["authorization"] == "Bearer sk-1"


async def test_without_a_key_none_is_sent() -> None:
    _, server = await generated(_ANSWER)
    assert "temperature" not in asked(server)
    assert not any("authorization" in request.headers for request in server.requests)


@pytest.mark.parametrize(
    ("base_url", "limit"),
    [
        ("https://api.openai.com/v1", "max_completion_tokens"),
        ("https://api.openai.com", "max_completion_tokens"),
        ("https://openrouter.ai/api/v1", "max_tokens"),
        ("http://127.0.0.1:1", "max_tokens"),
    ],
)
def test_openai_itself_wants_the_limit_under_another_name(base_url: str, limit: str) -> None:
    payload = _adapter(base_url)._payload(REQUEST)
    assert payload[limit] == 16
    assert len({"max_tokens", "max_completion_tokens"} & payload.keys()) == 1


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("https://host/api/v1", "https://host/api"),
        ("https://host/api/v1//", "https://host/api"),
        ("https://host/api/", "https://host/api"),
        ("http://127.0.0.1:1234/v1/", "http://127.0.0.1:1234"),
        ("http://127.0.0.1:1234", "http://127.0.0.1:1234"),
        ("", "http://127.0.0.1:8080"),
    ],
)
def test_the_address_works_with_and_without_v1(given: str, used: str) -> None:
    assert _adapter(given).config.base_url == used


@pytest.mark.parametrize("suffix", ["", "/v1", "/v1/"])
async def test_v1_stands_in_the_path_exactly_once(suffix: str) -> None:
    routes = {("GET", "/api/v1/models"): reply({"data": [{"id": "m"}]})}
    async with ScriptedServer(routes) as server:
        models = await _adapter(f"{server.base_url}/api{suffix}").models()
    assert [model.id for model in models] == ["m"]


@pytest.mark.parametrize("effort", ["low", "medium", "high"])
async def test_a_model_that_can_think_is_told_how_hard(effort: str) -> None:
    request = replace(
        REQUEST,
        parameters=Parameters(16, thinking=effort),
        capabilities=frozenset({"completion", "thinking"}),
    )
    events, server = await generated(_ANSWER, request)
    assert asked(server)["reasoning_effort"] == effort
    assert not any(isinstance(event, Notice) for event in events)


@pytest.mark.parametrize(
    ("thinking", "capabilities"),
    [
        ("high", frozenset[str]()),
        ("high", frozenset({"completion"})),
        ("off", frozenset({"thinking"})),
        ("on", frozenset({"thinking"})),
        ("max", frozenset({"thinking"})),
    ],
)
async def test_a_wish_that_cannot_be_sent_is_told_of(
    thinking: str, capabilities: frozenset[str]
) -> None:
    parameters = Parameters(16, thinking=thinking)
    request = replace(REQUEST, parameters=parameters, capabilities=capabilities)
    events, server = await generated(_ANSWER, request)
    (notice,) = (event for event in events if isinstance(event, Notice))
    assert notice.code == "thinking_ignored"
    assert f"“{thinking}”" in notice.message
    assert notice.message.count(".") == notice.message.count("127.0.0.1") * 3 + 1
    assert "reasoning_effort" not in asked(server)
    assert text(events) == "a"


# Before the first byte


async def test_the_phases_of_a_completion() -> None:
    events, _ = await generated(_ANSWER)
    assert _phases(events) == [Phase.CONNECTING, Phase.READING]


@pytest.mark.parametrize("headers", [_LLAMA, {}])
async def test_a_llama_server_that_loads_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    monkeypatch.setattr(openai_compatible, "_HEALTH_PAUSE_S", 0)
    answers = [reply(_LOADING, 503, headers=headers)] * 3 + [reply({"status": "ok"})]
    health = iter(answers)
    routes = {("GET", "/health"): lambda _: next(health)}
    events, server = await generated(_ANSWER, routes=routes)
    assert _phases(events) == [Phase.CONNECTING, Phase.LOADING, Phase.READING]
    assert [request.path for request in server.requests] == ["/health"] * 4 + [COMPLETIONS[1]]


@pytest.mark.parametrize(
    "health",
    [
        reply({"status": "unhealthy"}, 503, headers={"Server": "uvicorn"}),
        reply({"error": "?"}, 503),
        reply(b"<html>", 502, "text/html"),
        [Close()],
    ],
)
async def test_a_server_of_another_kind_is_asked_whatever_its_health(health: Script) -> None:
    events, server = await generated(_ANSWER, routes={("GET", "/health"): health})
    assert _phases(events) == [Phase.CONNECTING, Phase.READING]
    assert text(events) == "a"
    assert asked(server)


async def test_the_health_of_a_known_gateway_is_not_asked() -> None:
    routes = {
        COMPLETIONS: _ANSWER,
        ("GET", "/v1/models"): reply({"data": [{"id": "m", "owned_by": "openai"}]}),
    }
    async with ScriptedServer(routes) as server:
        adapter = _adapter(server.base_url)
        await adapter.models()
        found: list[StreamEvent] = []
        await _into(found, adapter)
    assert text(found) == "a"
    assert "/health" not in {request.path for request in server.requests}


@pytest.mark.parametrize(
    ("health", "strict"),
    [
        (reply({"status": "ok"}, headers=_LLAMA), True),
        (reply({"status": "ok"}), True),
        (reply({"status": "ok"}, headers={"Server": "BaseHTTP/0.6 Python/3.12.0"}), False),
        (reply({"status": "healthy"}), False),
        (reply(b"", 200, "text/plain"), False),
        (reply(b"not found", 404, "text/plain"), False),
    ],
)
async def test_a_llama_server_is_known_by_its_health(health: Script, strict: bool) -> None:
    async with ScriptedServer({COMPLETIONS: _ANSWER, ("GET", "/health"): health}) as server:
        adapter = _adapter(server.base_url)
        assert not adapter.never_cuts
        await _into([], adapter)
    assert adapter.never_cuts is strict


async def test_rate_limits_are_told_right_after_the_status() -> None:
    names = {
        "x-ratelimit-limit-requests": "500",
        "x-ratelimit-remaining-requests": "499",
        "x-ratelimit-reset-requests": "2026-11-24T06:00:00Z",
    }
    head = {"Content-Type": "text/event-stream", **names}
    body = data(delta("stop", content="a")) + DONE
    events, _ = await generated(reply(body, headers=head))
    place = events.index(
        RateLimitsReported((RateLimit("requests", 500, 499, "2026-11-24T06:00:00Z"),))
    )
    assert events[place - 1] == PhaseChanged(Phase.READING)
    assert text(events[place:]) == "a"
    events = []
    with pytest.raises(BadRequest):
        await generated(reply({"error": "no"}, 400, headers=names), into=events)
    assert isinstance(events[-1], RateLimitsReported)


# Refusals


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_server_is_asked_again_when_it_says(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(retry, "FIRST_DELAY_S", 100)
    busy = {"error": {"message": "slow down", "type": "requests", "code": "rate_limit_exceeded"}}
    answers = iter([reply(busy, status, headers={"retry-after-ms": "1"}), _ANSWER])
    events, server = await generated(lambda _: next(answers))
    (again,) = (event for event in events if isinstance(event, RetryScheduled))
    assert (again.attempt, again.delay_ms, again.code) == (2, 1, "server_busy")
    assert events[-1] == GenerationEnded(StopReason.NATURAL)
    assert [r.path for r in server.requests].count(COMPLETIONS[1]) == 2


_UNSUPPORTED = {
    "error": {
        "message": "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
        "type": "invalid_request_error",
        "code": "unsupported_parameter",
    }
}


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (400, _UNSUPPORTED, BadRequest, "bad_request"),
        (401, {"error": {"code": 401, "message": "Invalid API Key"}}, AuthFailed, "auth"),
        (404, {"error": {"message": "Not Found"}}, BadRequest, "not_found"),
        (
            400,
            {"object": "error", "message": "This model's maximum context length is 4096 tokens."},
            ContextOverflow,
            "context_overflow",
        ),
        (
            400,
            {"error": "The decoder prompt is longer than the maximum model length of 4096."},
            ContextOverflow,
            "context_overflow",
        ),
        (
            400,
            {"error": "Trying to keep the first 9000 tokens when context the overflows."},
            ContextOverflow,
            "context_overflow",
        ),
        (500, {"error": {"message": "out of memory"}}, ProviderError, "server_error"),
    ],
)
async def test_a_refusal_is_final(
    status: int, body: dict[str, Any], kind: type[ProviderError], code: str
) -> None:
    sent: list[Request] = []

    def refused(request: Request) -> Script:
        sent.append(request)
        return reply(body, status, headers={"x-request-id": "req_7", "retry-after": "1"})

    with pytest.raises(kind) as caught:
        await generated(refused, key="sk-1")
    assert (caught.value.code, caught.value.request_id) == (code, "req_7")
    assert not caught.value.repeatable
    assert len(sent) == 1


async def test_a_key_that_the_server_repeats_is_not_told() -> None:
    body = {"error": {"message": "Incorrect API key provided: sk-secret.", "code": 401}}
    script = reply(body, 401, headers={"x-request-id": "id-sk-secret" + "x" * 1000})
    with pytest.raises(AuthFailed) as caught:
        await generated(script, key="sk-secret")
    told = caught.value.message + caught.value.detail + caught.value.request_id
    assert "sk-secret" not in told
    assert "[key]" in caught.value.detail
    assert len(caught.value.request_id) == 200


async def test_nothing_is_sent_again_once_the_answer_began() -> None:
    begun = [Send(chunked_head("text/event-stream")), Send(chunk(data(delta(content="a"))))]
    busy = Send(chunk(data({"error": {"code": 429, "message": "later"}})))
    events: list[StreamEvent] = []
    with pytest.raises(ServerBusy):
        await generated([*begun, busy], into=events)
    assert not any(isinstance(event, RetryScheduled) for event in events)


async def test_nobody_there_is_told_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_DELAY_S", 0)
    async with ScriptedServer() as server:
        adapter = _adapter(server.base_url)
    events: list[StreamEvent] = []
    with pytest.raises(Unreachable, match="Start it"):
        await _into(events, adapter)
    assert sum(isinstance(event, RetryScheduled) for event in events) == 2


async def test_stop_closes_the_socket_before_the_first_byte() -> None:
    gate = Gate()
    async with ScriptedServer({COMPLETIONS: [Pause(gate)]}) as server:
        async with contextlib.aclosing(_adapter(server.base_url).generate(REQUEST)) as events:
            async for event in events:
                if event == PhaseChanged(Phase.READING):
                    break
        await server.disconnected()


async def test_a_recorded_answer_of_llama_server_is_read_to_its_end() -> None:
    found: list[StreamEvent] = []
    async with OpenAIServer() as server:
        await _into(found, _adapter(server.base_url))
    assert text(found).startswith("Two colours are:")
    assert found[-1] == GenerationEnded(StopReason.LENGTH)
