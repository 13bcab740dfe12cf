"""Keys of servers: in the operating system's keychain, or in memory where there is none."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from typing import TYPE_CHECKING, Protocol, TypeVar, cast
from urllib.parse import urlsplit

from spectr_desktop.errors import SpectrError
from spectr_desktop.logs import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from spectr_desktop.records.server import ServerConfig

_log = logger(__name__)
_T = TypeVar("_T")

_SERVICE = "spectr-desktop"
_CHOICE = "PYTHON_KEYRING_BACKEND"
# Module and class of keyring's backends that are keychains of an operating system. All others
# write files or forget. KWallet's own class is not among them, because KDE offers the Secret
# Service too; nor is libsecret's, which SECRET_BACKEND=file turns into a file.
_KEYCHAINS = {
    ("keyring.backends.SecretService", "Keyring"): "Secret Service",
    ("keyring.backends.macOS", "Keyring"): "macOS Keychain",
    ("keyring.backends.Windows", "WinVaultKeyring"): "Windows Credential Locker",
}
_CHAINER = ("keyring.backends.chainer", "ChainerBackend")
_USUAL_PORTS = {"http": 80, "https": 443}
_MOST = 1200  # characters; Windows keeps 1280


class Keychain(Protocol):
    """A backend of keyring, as far as it is used here."""

    def get_password(self, service: str, username: str) -> str | None:
        """The secret; None if there is none."""
        ...

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a secret."""
        ...

    def delete_password(self, service: str, username: str) -> None:
        """Forget a secret that is there."""
        ...


def keychain_title(backend: object) -> str:
    """What a backend is called, by its very class; "" for one that is no system's keychain."""
    kind = type(backend)
    return _KEYCHAINS.get((kind.__module__, kind.__name__), "")


def allowed_keychain(backend: object) -> Keychain | None:
    """The backend if it is a system's keychain, or the first such one in a chain; else None."""
    kind = type(backend)
    members: Iterable[object] = (backend,)
    if (kind.__module__, kind.__name__) == _CHAINER:
        members = cast("Iterable[object]", getattr(backend, "backends", ()))
    return cast("Keychain | None", next(filter(keychain_title, members), None))


def system_keychain() -> Keychain | None:
    """The keychain of this system; None if there is none. Call it in a thread: it asks D-Bus."""
    named = os.environ.get(_CHOICE, "").strip()
    module, _, name = named.rpartition(".")
    if named and (module, name) not in {*_KEYCHAINS, _CHAINER}:
        # Refused before keyring would import it.
        _log.warning("%s names no system's keychain: keys stay in memory", _CHOICE)
        return None
    try:
        import keyring  # noqa: PLC0415  # 100 ms that the start need not pay

        found: object = keyring.get_keyring()
        chosen = allowed_keychain(found)
    except Exception as error:  # noqa: BLE001  # backends raise what their libraries do
        _log.info("no keychain: %s", type(error).__name__)
        return None
    if chosen is None:
        _log.info("%s is no system's keychain: keys stay in memory", type(found).__module__)
    return chosen


def account(provider: str, address: str) -> str:
    """The name that a server's key is kept under; "" for an address that is none.

    Two spellings of one address give one name, two servers never do.
    """
    try:
        parts = urlsplit(address)
        port = parts.port or _USUAL_PORTS.get(parts.scheme)
    except ValueError:
        return ""
    host = parts.hostname or ""
    if not host or not port or "@" in parts.netloc:
        return ""
    host = f"[{host}]" if ":" in host else host
    path = parts.path.rstrip("/").removesuffix("/v1").rstrip("/")
    return f"{provider} {parts.scheme}://{host}:{port}{path}"


class Secrets:
    """The saved keys, one object for the program.

    `read`, `save`, `forget`, `backend_name` block for as long as the user takes to unlock the
    keychain: call them in a thread. `in_thread` does that for a coroutine.

    Args:
        address: the address of a server that is really used, "" for one that takes no key.
        find: gives the system's keychain, or None; it is called once, when it is first needed.
    """

    def __init__(
        self,
        address: Callable[[ServerConfig], str],
        find: Callable[[], Keychain | None] = system_keychain,
    ) -> None:
        self._address = address
        self._find = find
        self._known: dict[str, str] = {}
        self._only_here: set[str] = set()  # what is in memory alone
        self._keychain: Keychain | None = None
        self._is_looked_for = False
        # One question at a time: two would make the system ask for its password twice.
        self._lock = threading.Lock()

    def backend_name(self) -> str:
        """What the system's keychain is called; "" if there is none. Call it in a thread."""
        keychain = self._found()
        return keychain_title(keychain) if keychain is not None else ""

    def source(self, config: ServerConfig) -> Callable[[], str | None]:
        """Gives the key that is loaded for this very server, when it is asked."""
        name = self._name(config)
        return lambda: self._known.get(name) if name else None

    def is_only_in_memory(self, config: ServerConfig) -> bool:
        """The key that is used for this server ends with the program."""
        return self._name(config) in self._only_here

    def read(self, config: ServerConfig) -> str | None:
        """Fetch the key of a server; call it in a thread.

        Raises:
            SpectrError: the keychain does not give it; what is in memory stays.
        """
        name = self._name(config)
        keychain = self._found() if name else None
        if name in self._only_here or keychain is None:
            return self._known.get(name)
        try:
            with self._lock:
                key = keychain.get_password(_SERVICE, name)
        except Exception as error:  # as above  # noqa: BLE001
            raise self._refused(
                error, "so saved keys are not used. Unlock it and start the program again."
            ) from None
        if key:
            self._known[name] = key
        else:
            self._known.pop(name, None)
        return key or None

    def save(self, config: ServerConfig, key: str) -> str:
        """Keep the key of a server; call it in a thread.

        Returns:
            Where it is now, as a sentence.

        Raises:
            SpectrError: this is no key; or the keychain did not take it, so that it is in memory.
        """
        name, key = self._name(config), key.strip()
        if not name:
            raise SpectrError(
                "no_key_wanted", "This server takes no key, or its address is none. Check it."
            )
        if not key or not (key.isascii() and key.isprintable()) or len(key) > _MOST:
            raise SpectrError(
                "key_malformed", "This cannot be a key, so it was not saved. Copy it again."
            )
        self._known[name] = key
        self._only_here.add(name)
        keychain = self._found()
        if keychain is None:
            return (
                "This system has no keychain that can be used, so the key is kept in memory until "
                "the program ends."
            )
        try:
            with self._lock:
                keychain.set_password(_SERVICE, name, key)
        except Exception as error:  # as above  # noqa: BLE001
            raise self._refused(
                error,
                "so the key is kept in memory until the program ends. Unlock it and save the key "
                "again.",
            ) from None
        self._only_here.discard(name)
        title = keychain_title(keychain)
        return f"The key is saved in the system's keychain ({title})."

    def forget(self, config: ServerConfig) -> str:
        """Delete the key of a server here and in the keychain; call it in a thread.

        Returns:
            What was done, as a sentence.

        Raises:
            SpectrError: the keychain may still have it.
        """
        name = self._name(config)
        was_known = self._known.pop(name, None) is not None
        self._only_here.discard(name)
        keychain = self._found() if name else None
        if keychain is None:
            return "The key is forgotten." if was_known else "There was no saved key."
        try:
            with self._lock:
                if keychain.get_password(_SERVICE, name) is None:
                    return "The key is forgotten." if was_known else "There was no saved key."
                keychain.delete_password(_SERVICE, name)
        except Exception as error:  # as above  # noqa: BLE001
            raise self._refused(
                error, "so it may still hold the key. Unlock it and remove the key again."
            ) from None
        return "The key is deleted from the system's keychain."

    async def load(self, configs: Iterable[ServerConfig]) -> None:
        """Fetch the keys of these servers, so that `source` has them.

        Raises:
            SpectrError: the keychain does not give them; it is asked once, not for each.
        """
        wanted = tuple(configs)

        def read_all() -> None:
            for config in wanted:
                self.read(config)

        await in_thread(read_all)

    def _name(self, config: ServerConfig) -> str:
        return account(config.provider, self._address(config))

    def _found(self) -> Keychain | None:
        with self._lock:
            if not self._is_looked_for:
                self._keychain = self._find()
                self._is_looked_for = True
        return self._keychain

    def _refused(self, error: Exception, consequence: str) -> SpectrError:
        # Not its words: what a backend quotes is not known.
        detail = f"{type(error).__module__}.{type(error).__name__}"
        title = keychain_title(self._keychain)
        _log.warning("%s: %s", title, detail)
        return SpectrError(
            "keychain",
            f"The system's keychain ({title}) is locked or does not answer, {consequence}",
            params={"keychain": title},
            detail=detail,
        )


async def in_thread(function: Callable[[], _T]) -> _T:
    """What a function gives that may block for minutes, off the loop.

    A cancelled wait leaves it alone, and so does the end of the program: asyncio's own threads
    would hold that up until the user has answered.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[_T] = loop.create_future()

    def deliver(result: list[_T], error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result[0])

    def call() -> None:
        result: list[_T] = []
        failure: BaseException | None = None
        try:
            result.append(function())
        except Exception as error:  # raised where it is awaited  # noqa: BLE001
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(deliver, result, failure)

    threading.Thread(target=call, name="keychain", daemon=True).start()
    return await done
