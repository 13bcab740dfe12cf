from __future__ import annotations

import pytest

from spectr_desktop.audit.keys import ServerKeys
from spectr_desktop.errors import SpectrError
from spectr_desktop.providers import registry
from spectr_desktop.records.server import ServerConfig
from spectr_desktop.store.secrets import Keychain, Secrets

_KEY = "sk-ant-SECRET-0123456789"
_CLAUDE = ServerConfig("anthropic")
_OTHER = ServerConfig("anthropic", "https://other.example.org")


class _Kept:
    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        self._check()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._check()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._check()
        del self.kept[service, username]

    def _check(self) -> None:
        if self.locked:
            raise RuntimeError("the prompt was dismissed")


@pytest.fixture
def keychain() -> _Kept:
    kept = type("Keyring", (_Kept,), {"__module__": "keyring.backends.SecretService"})()
    assert isinstance(kept, _Kept)
    return kept


def _keys(keychain: Keychain | None) -> ServerKeys:
    return ServerKeys(Secrets(registry.key_address, lambda: keychain))


async def test_a_saved_key_goes_before_the_environment(
    keychain: _Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = _keys(keychain)
    source = keys.source(_CLAUDE)
    assert source() is None
    assert not keys.has(_CLAUDE)
    assert await keys.stored(_CLAUDE) == "There is no key for this server."
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-environment-1234")
    assert source() == "sk-ant-environment-1234"
    assert keys.has(_CLAUDE)
    assert await keys.stored(_CLAUDE) == (
        "No key is saved, so the one in ANTHROPIC_API_KEY is used: ••••••1234"
    )
    assert await keys.save(_CLAUDE, _KEY) == (
        "The key is saved in the system's keychain (Secret Service)."
    )
    assert source() == _KEY
    assert await keys.stored(_CLAUDE) == (
        "A key is saved in the system's keychain (Secret Service): ••••••6789"
    )
    await keys.forget(_CLAUDE)
    assert source() == "sk-ant-environment-1234"


async def test_the_address_that_is_really_used_names_the_server(keychain: _Kept) -> None:
    await _keys(keychain).save(_CLAUDE, _KEY)
    keys = _keys(keychain)
    for address in ("https://api.anthropic.com/v1", "https://API.anthropic.com:443"):
        same = ServerConfig("anthropic", address)
        await keys.load((same,))
        assert keys.source(same)() == _KEY
    assert keys.source(_OTHER)() is None
    await keys.load((_OTHER, ServerConfig("openai", "https://api.anthropic.com")))
    assert keys.source(_OTHER)() is None
    assert keys.source(ServerConfig("openai", "https://api.anthropic.com"))() is None


async def test_a_key_does_not_follow_ollama_to_another_host(
    keychain: _Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "https://one.example.org")
    keys, ollama = _keys(keychain), ServerConfig("ollama")
    await keys.save(ollama, _KEY)
    assert keys.source(ollama)() == _KEY
    monkeypatch.setenv("OLLAMA_HOST", "https://two.example.org")
    assert keys.source(ollama)() is None


@pytest.mark.parametrize(
    "server",
    [
        ServerConfig("builtin"),
        ServerConfig("ollama", "http://127.0.0.1:11434"),
        ServerConfig("openai", "http://user:password@host"),
    ],
)
async def test_a_server_that_is_sent_no_key_is_not_looked_up(
    server: ServerConfig, keychain: _Kept
) -> None:
    keychain.locked = True
    keys = _keys(keychain)
    await keys.load((server,))
    assert await keys.stored(server) == "This server is sent no key."
    with pytest.raises(SpectrError) as caught:
        await keys.save(server, _KEY)
    assert caught.value.code == "no_key_wanted"


async def test_a_locked_keychain_leaves_the_environment(
    keychain: _Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k-1")
    keys = _keys(keychain)
    keychain.locked = True
    for asking in (keys.load((_CLAUDE,)), keys.stored(_CLAUDE)):
        with pytest.raises(SpectrError) as caught:
            await asking
        assert caught.value.code == "keychain"
    assert keys.source(_CLAUDE)() == "k-1"
    with pytest.raises(SpectrError, match="kept in memory"):
        await keys.save(_CLAUDE, _KEY)
    assert keys.source(_CLAUDE)() == _KEY
    keychain.locked = False
    assert await keys.stored(_CLAUDE) == (
        "A key is kept in memory until the program ends: ••••••6789"
    )


async def test_without_a_keychain_keys_last_as_long_as_the_program() -> None:
    keys = _keys(None)
    assert await keys.keychain() == ""
    assert "no keychain" in await keys.save(_CLAUDE, _KEY)
    assert "memory" in await keys.stored(_CLAUDE)
    assert keys.source(_CLAUDE)() == _KEY
    assert _keys(None).source(_CLAUDE)() is None


async def test_the_keychain_has_a_name(keychain: _Kept) -> None:
    assert await _keys(keychain).keychain() == "Secret Service"
