"""Runs over a socket: one request of an adapter to a server."""

from __future__ import annotations

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
    from collections.abc import Sequence

    from spectr_desktop.audit.session import Session
    from spectr_desktop.records.events import RunEntry
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


class Screen:
    """What a run has shown so far."""

    def __init__(self) -> None:
        self.text = ""
        self._notifier = Notifier()

    def show(self, entries: Sequence[RunEntry]) -> None:
        self.text += "".join(e.event.text for e in entries if isinstance(e.event, TextDelta))
        self._notifier.notify()

    async def shown(self, length: int = 1) -> None:
        """Wait for so many characters of the answer."""
        await self._notifier.until(lambda: len(self.text) >= length)


async def opened(
    name: str, base_url: str, model: ModelInfo | None = None
) -> tuple[Session, Screen]:
    """A session with the server at an address; without a model it is asked for the scripted one."""
    provider = compose.connect(ServerConfig(name, base_url))
    model = model or await compose.choose_model(provider, SERVERS[name][1])
    screen = Screen()
    session, error = compose.open_session(plan(model=model), provider, screen.show)
    assert error is None
    return session, screen
