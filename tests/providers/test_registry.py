from __future__ import annotations

import pytest

from spectr_desktop.providers import registry
from spectr_desktop.providers.egress import EgressGuard
from spectr_desktop.providers.errors import BadRequest
from spectr_desktop.records.server import ServerConfig


@pytest.mark.parametrize("name", registry.names())
def test_each_name_has_a_title_and_an_adapter(name: str) -> None:
    made = registry.provider(ServerConfig(name), EgressGuard())
    assert made.config.provider == name
    assert registry.title(name) not in ("", name)
    assert isinstance(made.never_cuts, bool)


def test_an_unknown_name_is_told_the_known_ones() -> None:
    with pytest.raises(BadRequest) as caught:
        registry.provider(ServerConfig("gpt"), EgressGuard())
    assert caught.value.code == "unknown_provider"
    assert all(name in caught.value.message for name in registry.names())
    assert registry.title("gpt") == "gpt"


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("anthropic", "ANTHROPIC_API_KEY"),
        ("openai", "OPENAI_API_KEY"),
        ("ollama", "OLLAMA_API_KEY"),
    ],
)
def test_a_key_is_read_when_it_is_asked_for(
    name: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = registry.environment_key(name)
    assert key() is None
    monkeypatch.setenv(variable, " k-1\n")
    assert key() == "k-1"
    monkeypatch.setenv(variable, "  ")
    assert key() is None


def test_the_engine_has_no_key() -> None:
    assert registry.environment_key("builtin")() is None


@pytest.mark.parametrize(
    ("config", "address", "key_address", "needed"),
    [
        (ServerConfig("anthropic"), "https://api.anthropic.com", True, True),
        (ServerConfig("anthropic", "http://127.0.0.1:1/v1"), "http://127.0.0.1:1", True, False),
        (ServerConfig("anthropic", "https://[::1]:1"), "https://[::1]:1", True, False),
        (ServerConfig("openai"), "http://127.0.0.1:8080", True, False),
        (ServerConfig("openai", "https://a.example.org/v1/"), "https://a.example.org", True, False),
        (ServerConfig("openai", "https://api.openai.com/v1"), "https://api.openai.com", True, True),
        (ServerConfig("ollama"), "http://127.0.0.1:11434", False, False),
        (ServerConfig("ollama", "a.example.org"), "http://a.example.org", True, False),
        (ServerConfig("builtin"), "", False, False),
        (ServerConfig("openai", "http://a b"), "", False, False),
        (ServerConfig("gpt"), "", False, False),
    ],
)
def test_keys_go_to_the_address_that_is_really_used(
    config: ServerConfig, address: str, key_address: bool, needed: bool
) -> None:
    assert registry.address(config) == address
    assert registry.key_address(config) == (address if key_address else "")
    assert registry.needs_key(config) == needed


def test_the_engine_names_no_variable() -> None:
    assert registry.key_variable("builtin") == registry.key_variable("gpt") == ""
    assert registry.key_variable("openai") == "OPENAI_API_KEY"
