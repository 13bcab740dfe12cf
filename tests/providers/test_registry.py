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
