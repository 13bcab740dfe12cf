from __future__ import annotations

import pytest

from spectr_desktop.audit.plan import Limits
from spectr_desktop.audit.preferences import enabled_servers, limits_of, server_named
from spectr_desktop.errors import SpectrError
from spectr_desktop.records.server import ServerConfig
from spectr_desktop.records.settings import SavedServer
from spectr_desktop.store.settings import Settings


@pytest.fixture
def settings() -> Settings:
    return Settings.load()


def test_nothing_is_asked_where_nothing_is_set(settings: Settings) -> None:
    assert limits_of(settings) == Limits()


def test_all_that_is_set_is_asked(settings: Settings) -> None:
    for key, value in (
        ("audit.context", 4096),
        ("audit.max_tokens", 900),
        ("audit.temperature", 0.0),
        ("audit.seed", 0),
        ("audit.thinking", "low"),
        ("prompts.quick", "own-1"),
        ("prompts.ask", "own-2"),
    ):
        settings.set(key, value)
    versions = {"quick": "own-1", "ask": "own-2"}
    assert limits_of(settings) == Limits(4096, 900, "low", 0.0, 0, versions)
    named = limits_of(settings, 8192, 800, "off")
    assert named == Limits(8192, 800, "off", 0.0, 0, versions)


def test_a_server_without_a_name_is_called_as_its_provider(settings: Settings) -> None:
    far = ServerConfig("anthropic", "https://far.example.org")
    settings.set_servers([SavedServer("x1", far), SavedServer("x2", ServerConfig("ollama"))])
    assert server_named(settings, "Claude", ServerConfig("")) == far
    assert server_named(settings, "x2", ServerConfig("")) == ServerConfig("ollama")


def test_an_id_goes_before_a_name(settings: Settings) -> None:
    first, second = (
        ServerConfig("openai", "http://a", name="x2"),
        ServerConfig("openai", "http://b"),
    )
    settings.set_servers([SavedServer("x1", first), SavedServer("x2", second)])
    assert server_named(settings, "x2", ServerConfig("")) == second


def test_named_options_go_before_those_of_the_server(settings: Settings) -> None:
    own = ServerConfig("ollama", "http://a", parallel=2, keep_alive="5m", proxy="http://p")
    settings.set_servers([SavedServer("x1", own)])
    found = server_named(settings, "x1", ServerConfig("", parallel=4, proxy="http://q"))
    assert (found.base_url, found.keep_alive) == ("http://a", "5m")
    assert (found.parallel, found.proxy) == (4, "http://q")


def test_a_server_that_is_off_is_neither_named_nor_asked(settings: Settings) -> None:
    off, on = ServerConfig("openai", "http://a", name="a"), ServerConfig("openai", "http://b")
    settings.set_servers([SavedServer("x1", off, enabled=False), SavedServer("x2", on)])
    assert enabled_servers(settings) == (on,)
    with pytest.raises(SpectrError) as raised:
        server_named(settings, "a", ServerConfig(""))
    assert raised.value.code == "server_off"
