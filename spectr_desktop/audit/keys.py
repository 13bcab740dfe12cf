"""Which key a server is sent: the saved one of this very server, else its environment variable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectr_desktop.providers import registry
from spectr_desktop.records.request import masked
from spectr_desktop.store.secrets import Secrets, in_thread

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spectr_desktop.providers.base import KeySource
    from spectr_desktop.records.server import ServerConfig


class ServerKeys:
    """The keys of all servers, one object for the program.

    Args:
        secrets: the saved keys; None for those of this system.
    """

    def __init__(self, secrets: Secrets | None = None) -> None:
        self._secrets = secrets or Secrets(registry.key_address)

    async def load(self, servers: Iterable[ServerConfig]) -> None:
        """Fetch what is saved for these servers; before, and without it, the environment counts.

        Raises:
            SpectrError: the keychain is locked or does not answer; all that was there stays.
        """
        wanted = [server for server in servers if registry.key_address(server)]
        if wanted:
            await self._secrets.load(wanted)

    def source(self, server: ServerConfig) -> KeySource:
        """Gives the server's key when a request is made; None if there is none."""
        saved = self._secrets.source(server)
        usual = registry.environment_key(server.provider)
        return lambda: saved() or usual()

    def has(self, server: ServerConfig) -> bool:
        """There is a key for this server."""
        return bool(self.source(server)())

    async def keychain(self) -> str:
        """What the system's keychain is called; "" if there is none."""
        return await in_thread(self._secrets.backend_name)

    async def stored(self, server: ServerConfig) -> str:
        """Which key this server is sent, as a sentence that shows its end at most.

        Raises:
            SpectrError: the keychain is locked or does not answer.
        """
        if not registry.key_address(server):
            return "This server is sent no key."
        key = await in_thread(lambda: self._secrets.read(server))
        if key is not None:
            where = (
                "kept in memory until the program ends"
                if self._secrets.is_only_in_memory(server)
                else f"saved in the system's keychain ({await self.keychain()})"
            )
            return f"A key is {where}: {masked(key)}"
        usual = registry.environment_key(server.provider)()
        if usual:
            variable = registry.key_variable(server.provider)
            return f"No key is saved, so the one in {variable} is used: {masked(usual)}"
        return "There is no key for this server."

    async def save(self, server: ServerConfig, key: str) -> str:
        """Save the key of this server; where it is now, as a sentence.

        Raises:
            SpectrError: this is no key; or the keychain did not take it and it is in memory.
        """
        return await in_thread(lambda: self._secrets.save(server, key))

    async def forget(self, server: ServerConfig) -> str:
        """Delete the saved key of this server; what was done, as a sentence.

        Raises:
            SpectrError: the keychain may still have it.
        """
        return await in_thread(lambda: self._secrets.forget(server))
