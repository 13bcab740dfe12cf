from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from types import ModuleType
from typing import TYPE_CHECKING

import keyring
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectr_desktop.errors import SpectrError
from spectr_desktop.records.server import ServerConfig
from spectr_desktop.store import secrets
from spectr_desktop.store.secrets import Secrets, account, allowed_keychain, in_thread

if TYPE_CHECKING:
    from collections.abc import Callable

_KEY = "sk-ant-SECRET-0123456789"
_ONE = ServerConfig("anthropic", "https://one.example.org")
_OTHER = ServerConfig("anthropic", "https://other.example.org")
_ALLOWED = {
    "keyring.backends.SecretService.Keyring": "Secret Service",
    "keyring.backends.macOS.Keyring": "macOS Keychain",
    "keyring.backends.Windows.WinVaultKeyring": "Windows Credential Locker",
}
_REFUSED = (
    "keyring.backends.fail.Keyring",
    "keyring.backends.null.Keyring",
    "keyring.backends.kwallet.DBusKeyring",
    "keyring.backends.libsecret.Keyring",
    "keyring.backends.chainer.ChainerBackend",
    "keyring.backends.SecretService.Other",
    "keyrings.alt.file.PlaintextKeyring",
    "keyrings.alt.file.EncryptedKeyring",
    "somebody.SecretService.Keyring",
)


class _Kept:
    """A keychain in memory.

    Attributes:
        failure: raised by each call, unless it is None.
    """

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.calls = 0
        self.failure: Exception | None = None

    def get_password(self, service: str, username: str) -> str | None:
        self._call()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._call()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._call()
        del self.kept[service, username]

    def _call(self) -> None:
        self.calls += 1
        if self.failure is not None:
            raise self.failure


def _backend(name: str, base: type = _Kept) -> _Kept:
    """A keychain of a class of this full name."""
    module, _, cls = name.rpartition(".")
    made = type(cls, (base,), {"__module__": module})()
    assert isinstance(made, _Kept)
    return made


def _keychain() -> _Kept:
    return _backend("keyring.backends.SecretService.Keyring")


def _secrets(keychain: _Kept | None) -> Secrets:
    return Secrets(lambda config: config.base_url, lambda: keychain)


def _chain(*members: object) -> object:
    chain = _backend("keyring.backends.chainer.ChainerBackend")
    chain.backends = members  # type: ignore[attr-defined]
    return chain


@pytest.mark.parametrize("name", _ALLOWED)
def test_keychains_of_systems_are_used(name: str) -> None:
    backend = _backend(name)
    assert allowed_keychain(backend) is backend
    assert _secrets(backend).backend_name() == _ALLOWED[name]


@pytest.mark.parametrize("name", _REFUSED)
def test_other_backends_are_refused(name: str) -> None:
    assert allowed_keychain(_backend(name)) is None


def test_a_class_that_only_derives_from_a_keychain_is_refused() -> None:
    kind = type(_keychain())
    assert allowed_keychain(_backend("somebody.Plain", kind)) is None


def test_of_a_chain_only_the_keychain_is_used() -> None:
    keychain = _keychain()
    assert allowed_keychain(_chain(*map(_backend, _REFUSED), keychain)) is keychain
    assert allowed_keychain(_chain(*map(_backend, _REFUSED))) is None


@pytest.mark.parametrize("name", [*_REFUSED[:4], *_REFUSED[5:], "no_dots", "a.b"])
def test_another_choice_of_the_environment_is_refused_before_it_is_imported(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", name)
    monkeypatch.setattr(keyring, "get_keyring", lambda: pytest.fail("asked"))
    assert secrets.system_keychain() is None


def test_what_keyring_finds_is_looked_at_by_class(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    keychain = _keychain()
    monkeypatch.setattr(keyring, "get_keyring", lambda: keychain)
    assert secrets.system_keychain() is keychain
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.SecretService.Keyring")
    assert secrets.system_keychain() is keychain
    monkeypatch.setattr(keyring, "get_keyring", lambda: _backend(_REFUSED[6]))
    assert secrets.system_keychain() is None


def test_a_keyring_that_breaks_is_no_keychain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    broken = ModuleType("keyring")
    monkeypatch.setitem(sys.modules, "keyring", broken)
    assert secrets.system_keychain() is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://api.example.org", "https://API.example.org:443/"),
        ("https://a.example.org/v1", "https://a.example.org"),
        ("http://[::1]:80/v1/", "http://[::1]"),
    ],
)
def test_one_server_has_one_account(one: str, other: str) -> None:
    assert account("openai", one) == account("openai", other) != ""


def test_different_servers_have_different_accounts() -> None:
    servers = [
        ("openai", "https://a.example.org"),
        ("anthropic", "https://a.example.org"),
        ("openai", "http://a.example.org"),
        ("openai", "https://a.example.org:8443"),
        ("openai", "https://a.example.org/other"),
        ("openai", "https://b.example.org"),
        ("openai", "https://a.example.org.b.example.org"),
    ]
    assert len({account(*server) for server in servers}) == len(servers)


@given(st.text(max_size=60))
def test_no_address_breaks_an_account(address: str) -> None:
    assert isinstance(account("openai", address), str)


@pytest.mark.parametrize("address", ["", "a", "https://", "https://u:p@a", "http://a:x", "ftp://a"])
def test_what_is_no_address_has_no_account(address: str) -> None:
    assert account("openai", address) == ""


def test_a_key_is_saved_read_and_forgotten() -> None:
    keychain = _keychain()
    kept = _secrets(keychain)
    assert "Secret Service" in kept.save(_ONE, f" {_KEY}\n")
    assert list(keychain.kept) == [("spectr-desktop", "anthropic https://one.example.org:443")]
    assert kept.source(_ONE)() == _KEY
    assert not kept.is_only_in_memory(_ONE)
    later = _secrets(keychain)
    assert later.source(_ONE)() is None  # not loaded yet
    assert later.read(_ONE) == _KEY
    assert later.source(_ONE)() == _KEY
    assert "deleted" in later.forget(_ONE)
    assert keychain.kept == {}
    assert later.source(_ONE)() is None
    assert "no saved key" in later.forget(_ONE)


def test_the_key_of_one_server_is_not_that_of_another() -> None:
    keychain = _keychain()
    kept = _secrets(keychain)
    kept.save(_ONE, _KEY)
    assert kept.read(_OTHER) is None
    assert kept.source(_OTHER)() is None
    kept.save(_OTHER, "k-2")
    kept.forget(_ONE)
    assert kept.source(_OTHER)() == "k-2"
    assert list(keychain.kept.values()) == ["k-2"]


def test_a_source_follows_what_is_saved_later() -> None:
    kept = _secrets(_keychain())
    source = kept.source(_ONE)
    assert source() is None
    kept.save(_ONE, _KEY)
    assert source() == _KEY


def test_a_key_that_was_deleted_elsewhere_is_not_used_any_more() -> None:
    keychain = _keychain()
    kept = _secrets(keychain)
    kept.save(_ONE, _KEY)
    keychain.kept.clear()
    assert kept.read(_ONE) is None
    assert kept.source(_ONE)() is None


def test_without_a_keychain_the_key_stays_in_memory_and_this_is_said() -> None:
    kept = _secrets(None)
    assert kept.backend_name() == ""
    assert "memory" in kept.save(_ONE, _KEY)
    assert kept.is_only_in_memory(_ONE)
    assert kept.read(_ONE) == kept.source(_ONE)() == _KEY
    assert "forgotten" in kept.forget(_ONE)
    assert kept.source(_ONE)() is None


class _BackendError(Exception):
    """As the libraries of backends have them; its words quote what they were given."""


def test_a_keychain_that_refuses_leaves_the_key_in_memory_and_this_is_said() -> None:
    keychain = _keychain()
    keychain.failure = _BackendError(f"cannot store {_KEY}")
    kept = _secrets(keychain)
    with pytest.raises(SpectrError) as caught:
        kept.save(_ONE, _KEY)
    assert caught.value.code == "keychain"
    assert "memory" in caught.value.message
    assert _KEY not in f"{caught.value.message} {caught.value.detail} {caught.value.params}"
    assert caught.value.__cause__ is None
    assert kept.source(_ONE)() == _KEY
    assert kept.is_only_in_memory(_ONE)
    assert kept.read(_ONE) == _KEY  # not asked for again
    keychain.failure = None
    kept.save(_ONE, _KEY)
    assert not kept.is_only_in_memory(_ONE)


def test_a_locked_keychain_keeps_what_was_loaded() -> None:
    keychain = _keychain()
    kept = _secrets(keychain)
    kept.save(_ONE, _KEY)
    keychain.failure = _BackendError()
    with pytest.raises(SpectrError, match=r"locked or does not answer, so saved keys"):
        kept.read(_ONE)
    assert kept.source(_ONE)() == _KEY
    with pytest.raises(SpectrError, match=r"may still hold the key"):
        kept.forget(_ONE)
    assert kept.source(_ONE)() is None  # not sent any more, whatever the keychain has


@pytest.mark.parametrize("key", ["", "  ", "two\nlines", "schlüssel", "k" * 1201])
def test_what_is_no_key_is_not_saved(key: str) -> None:
    keychain = _keychain()
    kept = _secrets(keychain)
    kept.save(_ONE, _KEY)
    with pytest.raises(SpectrError) as caught:
        kept.save(_ONE, key)
    assert caught.value.code == "key_malformed"
    assert kept.source(_ONE)() == _KEY
    assert list(keychain.kept.values()) == [_KEY]


def test_a_server_that_takes_no_key_gets_none() -> None:
    keychain = _keychain()
    kept = _secrets(keychain)
    nowhere = ServerConfig("builtin")
    with pytest.raises(SpectrError) as caught:
        kept.save(nowhere, _KEY)
    assert caught.value.code == "no_key_wanted"
    assert kept.read(nowhere) is None
    assert kept.source(nowhere)() is None
    assert "no saved key" in kept.forget(nowhere)
    assert keychain.calls == 0


def test_the_keychain_is_looked_for_once_and_only_when_needed() -> None:
    asked: list[int] = []

    def find() -> None:
        asked.append(1)

    kept = Secrets(lambda config: config.base_url, find)
    kept.source(_ONE)()
    assert asked == []
    kept.save(_ONE, _KEY)
    kept.read(_OTHER)
    assert kept.backend_name() == ""
    assert asked == [1]


def test_keyring_is_not_imported_before_a_key_is_asked_for() -> None:
    program = "import sys; from spectr_desktop.audit.keys import ServerKeys; ServerKeys()"
    told = f"{program}; print('keyring' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


async def test_keys_are_loaded_before_they_are_asked_for() -> None:
    keychain = _keychain()
    for server in (_ONE, _OTHER):
        _secrets(keychain).save(server, f"key of {server.base_url}")
    kept = _secrets(keychain)
    await kept.load((_ONE, _OTHER))
    assert kept.source(_OTHER)() == f"key of {_OTHER.base_url}"
    assert kept.source(_ONE)() == f"key of {_ONE.base_url}"


async def test_a_locked_keychain_is_asked_once() -> None:
    keychain = _keychain()
    keychain.failure = _BackendError()
    with pytest.raises(SpectrError):
        await _secrets(keychain).load((_ONE, _OTHER))
    assert keychain.calls == 1


class _Held(_Kept):
    """A keychain that waits for its user."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Event()
        self.unlocked = threading.Event()

    def _call(self) -> None:
        super()._call()
        self.asked.set()
        self.unlocked.wait()


async def test_the_loop_goes_on_while_the_user_unlocks_and_the_wait_can_be_given_up() -> None:
    held = _backend("keyring.backends.SecretService.Keyring", _Held)
    assert isinstance(held, _Held)
    held.kept["spectr-desktop", account("anthropic", _ONE.base_url)] = _KEY
    kept = _secrets(held)
    loading = asyncio.create_task(kept.load((_ONE,)))
    await asyncio.to_thread(held.asked.wait)
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "keychain"]
    assert thread.daemon
    loading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loading
    assert kept.source(_ONE)() is None
    held.unlocked.set()
    thread.join()
    assert kept.source(_ONE)() == _KEY  # who answers late is not asked again


def test_a_loop_that_is_closed_meanwhile_is_no_error() -> None:
    go = threading.Event()
    loop = asyncio.new_event_loop()
    waiting = loop.create_task(in_thread(go.wait))
    loop.run_until_complete(asyncio.sleep(0))
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "keychain"]
    waiting.cancel()
    loop.run_until_complete(asyncio.gather(waiting, return_exceptions=True))
    loop.close()
    go.set()
    thread.join()


@pytest.mark.parametrize("fails", [False, True])
async def test_what_a_thread_gives_or_raises_arrives(fails: bool) -> None:
    def work() -> str:
        if fails:
            raise SpectrError("x", "It failed.")
        return "done"

    wanted: Callable[[], object] = work
    if fails:
        with pytest.raises(SpectrError, match="It failed"):
            await in_thread(wanted)
    else:
        assert await in_thread(wanted) == "done"
