"""What a preview shows is what the server then receives, byte for byte, but for the key."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spectr_desktop.providers import builtin, registry
from spectr_desktop.providers.egress import EgressGuard
from spectr_desktop.providers.engine_files import find_model
from spectr_desktop.providers.errors import ProviderError
from spectr_desktop.records.request import Purpose, WireRequest, masked
from spectr_desktop.records.run import THINKING, GenerationRequest, Parameters
from spectr_desktop.records.server import ServerConfig
from tests.servers.anthropic_server import AnthropicServer
from tests.servers.ollama_server import OllamaServer
from tests.servers.openai_server import OpenAIServer
from tests.servers.script import Request, Script, reply
from tests.servers.streams import Answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from spectr_desktop.providers.base import Provider
    from tests.servers.model_server import ModelServer

_KEY = "sk-test-SECRET+0123456789"
_OF_THE_CONNECTION = ("host", "connection", "content-length")
_ANSWER = Answer("Fine.", natural=True)


def _llama_server() -> OpenAIServer:
    server = OpenAIServer(_ANSWER)
    server.add_llama_routes()
    return server


def _openai_of(owner: str) -> Callable[[], OpenAIServer]:
    def made() -> OpenAIServer:
        server = OpenAIServer(_ANSWER)
        server.routes["GET", "/v1/models"] = reply({"data": [{"id": "m", "owned_by": owner}]})
        server.routes["POST", "/tokenize"] = reply({"count": 7})
        return server

    return made


_KINDS: dict[str, tuple[str, Callable[[], ModelServer], list[Purpose]]] = {
    "ollama": (
        "ollama",
        lambda: OllamaServer(_ANSWER),
        [Purpose.LOAD, Purpose.LOADED, Purpose.GENERATE],
    ),
    "llama.cpp": (
        "openai",
        _llama_server,
        [Purpose.TEMPLATE, Purpose.COUNT, Purpose.READY, Purpose.GENERATE],
    ),
    "vllm": ("openai", _openai_of("vllm"), [Purpose.COUNT, Purpose.GENERATE]),
    "other": ("openai", _openai_of("somebody"), [Purpose.GENERATE]),
    "anthropic": (
        "anthropic",
        lambda: AnthropicServer(_ANSWER),
        [Purpose.COUNT, Purpose.GENERATE],
    ),
}
_MODELS = {"ollama": "smollm2", "llama.cpp": "smollm2", "anthropic": "claude-scripted"}
# Also what no valid UTF-8 has: a file name may bring it.
_TEXTS = (
    st.text() | st.just("contract Größe {\n\ud800\u2028\r\n}\n") | st.text().map("ab\n".__add__)
)
_CAPABILITIES = st.sets(
    st.sampled_from(["completion", "thinking", "thinking:enabled", "thinking:adaptive",
                     "thinking:disabled", "effort:high", "temperature"])
)  # fmt: skip


@st.composite
def _requests(draw: st.DrawFn) -> GenerationRequest:
    prompt = draw(_TEXTS) + draw(st.sampled_from(["", "x" * 5000]))
    wanted = Parameters(
        max_tokens=draw(st.integers(1, 9000)),
        context=draw(st.none() | st.integers(1, 9000)),
        temperature=draw(st.none() | st.sampled_from([0.0, 0.5, 1.0])),
        seed=draw(st.none() | st.integers(0, 2**31)),
        thinking=draw(st.none() | st.sampled_from(THINKING)),
    )
    known = frozenset(draw(_CAPABILITIES))
    return GenerationRequest(
        "", draw(_TEXTS), prompt, wanted, known, draw(st.sampled_from([0, 4500]))
    )


async def _sent(provider: Provider, request: GenerationRequest) -> None:
    """Count and generate, as a run does; a server may refuse what it was sent."""
    await provider.count_tokens(request)
    with contextlib.suppress(ProviderError):
        async with contextlib.aclosing(provider.generate(request)) as events:
            async for _ in events:
                pass


def _received(request: Request) -> tuple[str, str, list[tuple[str, str]]]:
    headers = [
        (name, value.replace(_KEY, masked(_KEY)))
        for name, value in request.headers.items()
        if name not in _OF_THE_CONNECTION
    ]
    return request.method, request.path, sorted(headers)


def _told(shown: WireRequest) -> tuple[str, str, list[tuple[str, str]]]:
    parts = urlsplit(shown.url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    return shown.method, path, sorted(shown.headers)


def _assert_same(shown: tuple[WireRequest, ...], received: list[Request]) -> None:
    assert [_told(step) for step in shown] == [_received(request) for request in received]
    for step, request in zip(shown, received, strict=True):
        if step.exact:
            assert step.body == request.body
        else:
            known, sent = json.loads(step.body), json.loads(request.body)
            assert "⟦" in known.pop("content")
            assert sent.pop("content")
            assert known == sent
    assert all(_KEY not in f"{step.headers} {step.url}" for step in shown)
    assert all(_KEY.encode() not in step.body for step in shown)


@pytest.mark.parametrize("kind", _KINDS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(request_=_requests())
def test_the_preview_is_what_the_server_receives(kind: str, request_: GenerationRequest) -> None:
    name, make, purposes = _KINDS[kind]

    async def compare() -> None:
        async with make() as server:
            model = _MODELS.get(kind, "m")
            config = ServerConfig(name, server.base_url)
            provider = registry.provider(config, EgressGuard(), lambda: _KEY)
            await provider.model(model)
            before = len(server.requests)
            asked = replace(request_, model=model)
            shown = provider.preview(asked)
            assert len(server.requests) == before
            await _sent(provider, asked)
            assert [step.purpose for step in shown] == purposes
            assert all(step.url.startswith(server.base_url) for step in shown)
            _assert_same(shown, server.requests[before:])

    asyncio.run(compare())


async def test_a_key_for_a_remote_ollama_is_masked_too() -> None:
    server = OllamaServer(_ANSWER)
    usual = server._script

    def as_proxy(request: Request) -> Script:
        return usual(replace(request, path=urlsplit(request.path).path))

    server._script = as_proxy
    async with server:
        config = ServerConfig("ollama", "http://model.example.org/v1", proxy=server.base_url)
        provider = registry.provider(config, EgressGuard(), lambda: _KEY)
        asked = GenerationRequest("smollm2", "Audit.", "contract A {}", Parameters(9))
        shown = provider.preview(asked)
        await _sent(provider, asked)
    assert [step.url for step in shown] == [request.path for request in server.requests]
    received = [replace(r, path=urlsplit(r.path).path) for r in server.requests]
    _assert_same(shown, received)
    for step in shown:
        assert ("authorization", f"Bearer {masked(_KEY)}") in step.headers


async def test_a_server_that_nobody_has_asked_yet_is_asked_for_its_models_first() -> None:
    async with OpenAIServer(_ANSWER) as server:
        server.routes["GET", "/v1/models"] = reply({"data": []})
        provider = registry.provider(ServerConfig("openai", server.base_url), EgressGuard())
        asked = GenerationRequest("m", "Audit.", "contract A {}", Parameters(9))
        shown = provider.preview(asked)
        await _sent(provider, asked)
    assert [step.purpose for step in shown] == [Purpose.MODELS, Purpose.READY, Purpose.GENERATE]
    _assert_same(shown, server.requests)


@pytest.mark.parametrize("key", [None, "schlüssel"])
@pytest.mark.parametrize("name", ["ollama", "anthropic", "openai"])
def test_without_a_key_that_can_be_sent_the_rest_is_shown(name: str, key: str | None) -> None:
    config = ServerConfig(name, "https://model.example.org")
    provider = registry.provider(config, EgressGuard(), lambda: key)
    asked = GenerationRequest("m", "Audit.", "contract A {}", Parameters(9))
    for step in provider.preview(asked):
        assert not {"authorization", "x-api-key"} & {name for name, _ in step.headers}
    assert provider.preview(asked)[-1].purpose is Purpose.GENERATE
    assert b"contract A {}" in provider.preview(asked)[-1].body


class _Child:
    """An engine's process whose part a scripted server plays."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.alive = True

    async def stop(self) -> None:
        self.alive = False


async def test_the_engine_is_not_started_to_show_what_it_will_be_sent(
    fake_program: Path, model_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[builtin.Launch] = []
    async with _llama_server() as server:

        async def start(launch: builtin.Launch) -> _Child:
            started.append(launch)
            return _Child(server.base_url)

        monkeypatch.setattr(builtin, "start", start)
        config = ServerConfig("builtin", model_file=str(model_file))
        provider = registry.provider(config, EgressGuard())
        known = Parameters(9, context=1000)
        asked = GenerationRequest(find_model(str(model_file)).id, "Audit.", "contract A {}", known)
        shown = provider.preview(asked)
        assert started == []
        await _sent(provider, asked)
        assert [step.purpose for step in shown] == [Purpose.READY, Purpose.GENERATE]
        assert not any(step.exact for step in shown)  # the port, and the key's end
        assert [step.body for step in shown] == [request.body for request in server.requests]

        before = len(server.requests)
        again = provider.preview(asked)
        await _sent(provider, asked)
        assert [step.purpose for step in again] == _KINDS["llama.cpp"][2]
        assert [step.exact for step in again] == [True, False, True, True]
        assert [step.body for step in again if step.exact] == [
            request.body for request in server.requests[before:] if request.path != "/tokenize"
        ]
        assert len(started) == 1

        # For more context the engine is started anew, after the tokens were counted.
        larger = replace(asked, parameters=replace(known, context=2000))
        assert [(step.purpose, step.exact) for step in provider.preview(larger)] == [
            (Purpose.TEMPLATE, True),
            (Purpose.COUNT, False),
            (Purpose.READY, False),
            (Purpose.GENERATE, False),
        ]
        await provider.close()
