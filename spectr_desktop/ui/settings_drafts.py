"""A server while it is being typed: texts that may be wrong, and the server that they make."""

from __future__ import annotations

from dataclasses import dataclass, field

from spectr_desktop.errors import SpectrError
from spectr_desktop.records.server import ServerConfig
from spectr_desktop.records.settings import SavedServer
from spectr_desktop.store.settings_servers import FIELDS, check_field, new_id

_REMOTE = ("name", "base_url", "parallel", "proxy", "ca_file")
APPLICABLE = {
    "ollama": ("name", "base_url", "parallel", "keep_alive", "proxy", "ca_file"),
    "anthropic": _REMOTE,
    "openai": _REMOTE,
    "builtin": ("name", "model_file"),
}
"""Provider → fields that mean something for it."""


@dataclass(slots=True)
class Draft:
    """One server of the dialog.

    Attributes:
        id: of the server.
        provider: one of the providers' names.
        enabled: as in `SavedServer`.
        texts: field → what stands in it.
        origin: the server as the settings have it, None for a new one.
    """

    id: str = field(default_factory=new_id)
    provider: str = "ollama"
    enabled: bool = True
    texts: dict[str, str] = field(default_factory=lambda: dict.fromkeys(FIELDS, ""))
    origin: SavedServer | None = None

    def fault(self, name: str) -> str:
        """What is wrong with a field, "" for nothing or for one that this provider lacks."""
        if name not in APPLICABLE[self.provider]:
            return ""
        try:
            check_field(name, self._value(name))
        except SpectrError as error:
            return error.message
        return ""

    def faults(self) -> list[str]:
        """What is wrong with it all."""
        return [fault for fault in map(self.fault, FIELDS) if fault]

    def server(self) -> SavedServer:
        """The server, if nothing is wrong; one that nobody touched is what it was."""
        if self.origin is not None and self == draft_of(self.origin):
            return self.origin
        values = {name: self._value(name) for name in APPLICABLE[self.provider]}
        return SavedServer(self.id, ServerConfig(self.provider, **values), self.enabled)  # type: ignore[arg-type]

    def _value(self, name: str) -> str | int | None:
        text = self.texts[name].strip()
        if name != "parallel":
            return text
        return int(text) if text.isascii() and text.isdigit() else text or None


def draft_of(server: SavedServer) -> Draft:
    """A saved server, to be changed."""
    config = server.config
    values = {name: getattr(config, name) for name in FIELDS}
    texts = {name: "" if value is None else str(value) for name, value in values.items()}
    return Draft(server.id, config.provider, server.enabled, texts, server)
