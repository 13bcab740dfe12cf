from __future__ import annotations

import asyncio
from itertools import product
from typing import TYPE_CHECKING

import pytest

from spectr_desktop.audit import compose
from spectr_desktop.audit.keys import ServerKeys
from spectr_desktop.errors import SpectrError
from spectr_desktop.providers import registry
from spectr_desktop.records.events import TextDelta
from spectr_desktop.records.run import Outcome
from spectr_desktop.records.server import ModelInfo, ServerConfig
from spectr_desktop.records.source import source_file
from spectr_desktop.store.journal import Journal
from spectr_desktop.store.secrets import Secrets
from tests.run_samples import plan
from tests.served_runs import CELL, CUT, REPORT, SERVERS, opened
from tests.servers.faults import Fault
from tests.servers.ollama_server import OllamaServer
from tests.servers.openai_server import OpenAIServer
from tests.servers.script import Gate, reply
from tests.servers.scripted import ScriptedServer
from tests.servers.streams import Answer

if TYPE_CHECKING:
    from pathlib import Path

    from spectr_desktop.records.events import RunEntry

_NOWHERE = "http://127.0.0.1:1"


async def test_an_offer_is_models_or_the_sentence_why_not() -> None:
    async with OllamaServer() as server:
        config = ServerConfig("ollama", server.base_url)
        found = await compose.offer(compose.connect(config))
        assert [model.id for model in found.models] == ["gemma3-270m:latest", "smollm2:latest"]
        assert (found.config, found.error) == (config, None)
        server.installed = []
        none = await compose.offer(compose.connect(config))
    gone = await compose.offer(compose.connect(config))
    assert none.error is not None
    assert (none.models, none.error.code) == ((), "no_models")
    assert "ollama pull" in none.error.message
    assert gone.error is not None
    assert gone.error.code == "unreachable"
    assert "ollama serve" in gone.error.message


async def test_a_server_of_another_kind_is_one_sentence() -> None:
    async with OpenAIServer() as server:
        found = await compose.offer(compose.connect(ServerConfig("ollama", server.base_url)))
    assert found.error is not None
    assert found.error.code == "not_found"


_STRANGE = [
    b"[]",
    b"7",
    b"{}",
    b'{"models": 7, "data": 7}',
    b'{"models": {"a": 1}, "data": {"a": 1}}',
    b'{"models": ["a", null, 7], "data": ["a", null]}',
    b'{"models": [{"name": "m", "details": 7, "capabilities": 7, "size": "x"}]}',
    b'{"data": [{"id": 7, "meta": "x", "max_tokens": "y"}], "has_more": true, "last_id": 7}',
    b'{"models": [{"details": {"context_length": "x"}, "capabilities": [[]]}]}',
    b"\xff\xfe",
    b"[" * 100_000,
]


@pytest.mark.parametrize("body", _STRANGE)
@pytest.mark.parametrize("provider", ["ollama", "openai", "anthropic"])
async def test_strange_lists_raise_nothing(provider: str, body: bytes) -> None:
    routes = {("GET", path): reply(body) for path in ("/api/tags", "/v1/models")}
    async with ScriptedServer(routes) as server:
        found = await compose.offer(compose.connect(ServerConfig(provider, server.base_url)))
    assert bool(found.models) != (found.error is not None)


async def test_a_model_is_the_named_one_or_the_first() -> None:
    async with OllamaServer() as server:
        provider = compose.connect(ServerConfig("ollama", server.base_url))
        named = await compose.choose_model(provider, "smollm2")
        first = await compose.choose_model(provider, "")
        with pytest.raises(SpectrError) as missing:
            await compose.choose_model(provider, "gone")
        server.installed = []
        with pytest.raises(SpectrError) as empty:
            await compose.choose_model(provider, "")
    assert (named.id, named.context) == ("smollm2", 8192)
    assert first.id == "gemma3-270m:latest"
    assert (missing.value.code, empty.value.code) == ("model_missing", "no_models")
    assert "`ollama pull gone`" in missing.value.message


@pytest.mark.parametrize(
    ("provider", "url", "model", "expected"),
    [
        ("", "", "", None),
        ("", "http://a", "m", None),
        ("ollama", "http://a", "m", ServerConfig("ollama", "http://a")),
        ("", "", "/x/M.GGUF", ServerConfig("builtin", "", "/x/M.GGUF")),
        ("openai", "", "m.gguf", ServerConfig("openai")),
    ],
)
def test_what_was_named_is_asked(
    provider: str, url: str, model: str, expected: ServerConfig | None
) -> None:
    assert compose.config_for(provider, url, model) == expected


def test_services_with_keys_are_asked_only_if_there_is_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert [c.provider for c in compose.known_configs()] == ["ollama", "builtin"]
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    named = ServerConfig("ollama", "http://a")
    found = compose.known_configs(named)
    assert [c.provider for c in found] == ["ollama", "builtin", "anthropic"]
    assert found[0] is named


def test_servers_of_the_settings_stand_behind_the_named_one() -> None:
    own = [
        ServerConfig("ollama", "http://lan.example.org:11434"),
        ServerConfig("openai", "https://api.openai.com/v1"),
        ServerConfig("ollama", "http://127.0.0.1:11434", name="This machine"),
        ServerConfig("openai", "http://lan.example.org"),
        ServerConfig("anthropic", "https://api.anthropic.com", name="Claude"),
        ServerConfig("openai", "no address"),
        ServerConfig("openai", "http://lan.example.org"),
    ]
    named = ServerConfig("openai", "http://a")
    usual = ServerConfig("", proxy="http://proxy")
    engine = ServerConfig("builtin", proxy="http://proxy")
    without = compose.known_configs(named, usual, own)
    assert without == (named, own[0], own[2], own[3], own[5], engine)
    keys = {"https://api.openai.com/v1", "https://api.anthropic.com"}
    found = compose.known_configs(named, usual, own, lambda server: server.base_url in keys)
    # Claude's usual address is among them, so that it does not come twice.
    assert found == (named, *own[:6], engine)
    everything = compose.known_configs(has_key=lambda _server: True)
    assert [c.provider for c in everything] == ["ollama", "builtin", "anthropic", "openai"]


async def test_a_provider_takes_the_key_of_its_own_server() -> None:
    kept = Secrets(registry.key_address, lambda: None)
    keys = ServerKeys(kept)
    async with OpenAIServer() as one, OpenAIServer() as other:
        configs = [ServerConfig("openai", server.base_url) for server in (one, other)]
        kept.save(configs[0], "k-1")
        for config in configs:
            await compose.offer(compose.connect(config, None, keys))
        assert one.requests[-1].headers["authorization"] == "Bearer k-1"
        assert "authorization" not in other.requests[-1].headers


async def test_a_plan_is_shown_without_a_request_and_then_sent_as_shown() -> None:
    async with OllamaServer(Answer(REPORT, natural=True)) as server:
        provider = compose.connect(ServerConfig("ollama", server.base_url))
        model = await compose.choose_model(provider, "smollm2")
        file = source_file("Vault.sol", "contract Größe {}\n")
        plan = compose.plan_run([file], model, provider, compose.Limits())
        before = len(server.requests)
        shown = compose.preview(plan, provider)
        assert len(server.requests) == before
        session, _ = compose.open_session(plan, provider, lambda _entries: None)
        assert (await session.run()).outcome is Outcome.COMPLETE
        sent = server.requests[before:]
        assert [step.body for step in shown] == [request.body for request in sent]
        assert "contract Größe {}" in shown[-1].readable()


async def test_ollama_is_the_default_also_when_it_is_silent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with OllamaServer() as server:
        monkeypatch.setenv("OLLAMA_HOST", server.base_url)
        assert await compose.default_config() == (ServerConfig("ollama"), "")
    assert await compose.default_config(_NOWHERE) == (ServerConfig("ollama", _NOWHERE), "")


class _Engine:
    """A built-in engine that is installed or not."""

    def __init__(self, models: tuple[ModelInfo, ...]) -> None:
        self._models = models

    async def models(self) -> tuple[ModelInfo, ...]:
        if not self._models:
            raise SpectrError("engine_missing", "Not installed.")
        return self._models


@pytest.mark.parametrize("installed", [True, False])
async def test_the_practice_engine_steps_in_and_says_so(
    installed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", _NOWHERE)
    real = compose.connect
    engine = _Engine((ModelInfo("p", practice=True),) if installed else ())
    monkeypatch.setattr(
        compose,
        "connect",
        lambda config, egress: engine if config.provider == "builtin" else real(config, egress),
    )
    config, notice = await compose.default_config()
    assert config == ServerConfig("builtin" if installed else "ollama")
    assert ("worth nothing" in notice) == installed


def test_a_model_is_described_by_what_is_known() -> None:
    full = ModelInfo(
        "m",
        "M",
        8192,
        size_bytes=5,
        parameter_size="1B",
        quantization="Q4",
        remote=True,
        practice=True,
    )
    assert compose.described(full) == ("m", "M, 1B, Q4, 8192 context, remote, practice")
    assert compose.described(ModelInfo("m", "m")) == ("m", "")


@pytest.mark.parametrize("place", [True, False])
async def test_a_session_runs_with_a_journal_or_in_memory(place: bool, tmp_path: Path) -> None:
    if not place:
        (tmp_path / "home").write_text("a file where the folder should be")
    seen: list[RunEntry] = []
    async with OllamaServer() as server:
        provider = compose.connect(ServerConfig("ollama", server.base_url))
        session, error = compose.open_session(plan(), provider, seen.extend)
        assert (error is None) == place
        result = await session.run()
    # The recorded answer ends at its limit.
    assert result.outcome is Outcome.LENGTH_LIMIT
    text = "".join(entry.event.text for entry in seen if isinstance(entry.event, TextDelta))
    assert text == result.texts[CELL]
    assert text.startswith("Two colours are:")
    if place:
        assert isinstance(session._journal, Journal)
        assert session._journal.path.is_file()


@pytest.mark.parametrize("name", ["openai", "anthropic"])
async def test_a_server_that_wants_a_key_names_the_variable(name: str) -> None:
    async with SERVERS[name][0](Answer(fault=Fault.UNAUTHORIZED)) as server:
        session, _ = await opened(name, server.base_url)
        result = await session.run()
        assert all("authorization" not in request.headers for request in server.requests)
    assert result.error is not None
    assert result.error.code == "key_missing"
    assert f"{name.upper()}_API_KEY" in result.error.message


@pytest.mark.parametrize(
    ("name", "stage"),
    [("ollama", "loading"), *product(SERVERS, ["reading", "writing"])],
)
async def test_stop_closes_the_socket_at_every_server(name: str, stage: str) -> None:
    gate = Gate()
    async with SERVERS[name][0](Answer(text=REPORT, seed=None)) as server:
        if stage == "loading":
            assert isinstance(server, OllamaServer)
            server.loading = gate
        elif stage == "reading":
            server.answer.before = gate
        else:
            server.answer.within = gate
        session, screen = await opened(name, server.base_url)
        run = asyncio.create_task(session.run())
        await gate.reached()
        if stage == "writing":
            await screen.shown()
        session.cancel()
        result = await run
        await server.disconnected()
    assert result.outcome is Outcome.STOPPED
    assert CUT.startswith(result.texts[CELL])
    assert bool(result.texts[CELL]) == (stage == "writing")


async def test_a_model_that_runs_elsewhere_is_never_the_default() -> None:
    async with OllamaServer() as server:
        local = server.installed[0]
        away = {**local, "name": "big:120b-cloud", "model": "big:120b-cloud"}
        server.installed[:] = [away, local]
        provider = compose.connect(ServerConfig("ollama", server.base_url))
        assert (await compose.choose_model(provider, "")).id == local["name"]
        server.installed[:] = [away]
        with pytest.raises(SpectrError, match="somebody else's machine") as caught:
            await compose.choose_model(provider, "")
    assert caught.value.code == "only_remote"
