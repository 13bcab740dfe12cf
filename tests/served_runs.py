"""Runs over a socket: one request of an adapter to a server."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from spectr_desktop.audit import compose
from spectr_desktop.records.events import TextDelta
from spectr_desktop.records.server import ServerConfig
from tests.run_samples import plan
from tests.servers.anthropic_server import AnthropicServer
from tests.servers.ollama_server import OllamaServer
from tests.servers.openai_server import OpenAIServer
from tests.servers.script import Notifier

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spectr_desktop.audit.session import Session
    from spectr_desktop.providers.base import Provider
    from spectr_desktop.records.events import RunEntry, RunEvent
    from spectr_desktop.records.server import ModelInfo
    from tests.servers.model_server import ModelServer

# The cell of the plan's one request.
CELL = "1.quick"
SERVERS: dict[str, tuple[type[ModelServer], str]] = {
    "ollama": (OllamaServer, "smollm2"),
    "openai": (OpenAIServer, "smollm2"),
    "anthropic": (AnthropicServer, "claude-scripted"),
}
REPORT = "## Reëntrancy 🏦\n" * 10
CUT = REPORT[:12]  # three deltas
_numbers = itertools.count()


class Screen:
    """What a run has shown so far."""

    def __init__(self) -> None:
        self.events: list[RunEvent] = []
        self._notifier = Notifier()

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, TextDelta))

    def show(self, entries: Sequence[RunEntry]) -> None:
        self.events += [entry.event for entry in entries]
        self._notifier.notify()

    async def saw(self, wanted: Callable[[RunEvent], bool]) -> None:
        """Wait for an event."""
        await self._notifier.until(lambda: any(map(wanted, self.events)))

    async def shown(self, length: int = 1) -> None:
        """Wait for so many characters of the answer."""
        await self._notifier.until(lambda: len(self.text) >= length)


async def opened(
    name: str, base_url: str, model: ModelInfo | None = None
) -> tuple[Session, Screen]:
    """A session with the server at an address; without a model it is asked for the scripted one."""
    provider = compose.connect(ServerConfig(name, base_url))
    return opened_with(provider, model or await compose.choose_model(provider, SERVERS[name][1]))


def opened_with(provider: Provider, model: ModelInfo) -> tuple[Session, Screen]:
    """A session with a server that is known already."""
    screen = Screen()
    made = plan(model=model, id=f"20261123T090000Z-{next(_numbers):06x}")
    session, error = compose.open_session(made, provider, screen.show)
    assert error is None
    return session, screen
