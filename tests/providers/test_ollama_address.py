from __future__ import annotations

import pytest

from spectr_desktop.providers.errors import BadRequest
from spectr_desktop.providers.ollama import Ollama
from spectr_desktop.providers.ollama_address import host_address
from spectr_desktop.records.server import Locality, ModelInfo, ServerConfig


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", "http://127.0.0.1:11434"),
        ("  \"'10.0.0.5'\" ", "http://10.0.0.5:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),  # noqa: S104  # nothing is bound
        ("0.0.0.0:9999", "http://127.0.0.1:9999"),
        (":9999", "http://127.0.0.1:9999"),
        ("::", "http://[::1]:11434"),
        ("::1", "http://[::1]:11434"),
        ("[::]:9999", "http://[::1]:9999"),
        ("example.org", "http://example.org:11434"),
        ("example.org:1", "http://example.org:1"),
        ("http://example.org", "http://example.org:80"),
        ("https://example.org", "https://example.org:443"),
        ("https://example.org:8443/a/b/", "https://example.org:8443/a/b"),
        ("ollama.com", "https://ollama.com:443"),
        ("example.org:99999", "http://example.org:11434"),
        ("http://example.org:port", "http://example.org:80"),
    ],
)
def test_ollama_host_means_what_it_means_to_ollama(value: str, expected: str) -> None:
    assert host_address(value) == expected


def _no_key() -> None:
    return None


@pytest.mark.parametrize("value", ["[::1", "ftp://example.org", "http://a b"])
def test_a_broken_setting_is_one_sentence(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", value)
    with pytest.raises(BadRequest) as caught:
        Ollama(ServerConfig("ollama"), _no_key)
    assert caught.value.code == "bad_url"


def test_an_address_that_was_given_beats_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "10.0.0.5")
    assert Ollama(ServerConfig("ollama"), _no_key).config.base_url == "http://10.0.0.5:11434"
    given = Ollama(ServerConfig("ollama", "localhost:5/v1/"), _no_key)
    assert given.config.base_url == "http://localhost:5"


@pytest.mark.parametrize(
    ("address", "remote", "expected"),
    [
        ("http://127.0.0.1:11434", False, Locality.LOCAL),
        ("http://localhost:11434", True, Locality.REMOTE),
        ("http://10.0.0.5:11434", False, Locality.REMOTE),
    ],
)
def test_local_is_computed(address: str, remote: bool, expected: Locality) -> None:
    adapter = Ollama(ServerConfig("ollama", address), _no_key)
    assert adapter.locality(ModelInfo("m", remote=remote)) is expected
