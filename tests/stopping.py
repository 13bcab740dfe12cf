"""Runs that are stopped: how a server holds them in a phase, and what must not be left of them."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import psutil

from spectr_desktop import paths
from spectr_desktop.audit import compose
from spectr_desktop.providers import transport
from spectr_desktop.providers.network import guarded_client
from spectr_desktop.records.events import PhaseChanged, ThinkingDelta
from spectr_desktop.records.run import Outcome, Phase
from spectr_desktop.records.server import ModelInfo, ServerConfig
from tests.served_runs import CELL, CUT, REPORT, SERVERS, Screen, opened_with
from tests.servers.ollama_server import OllamaServer
from tests.servers.script import Gate, Pause, Request, Script, Send, chunk, chunked_head, reply
from tests.servers.streams import Answer

if TYPE_CHECKING:
    import pytest

    from spectr_desktop.audit.session import Session
    from spectr_desktop.providers.base import Provider
    from spectr_desktop.providers.egress import EgressGuard
    from spectr_desktop.records.run import RunResult
    from tests.servers.model_server import ModelServer

FOR_EVER = 1e6  # seconds, 11 days
_NOT_LOADED = {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}
_THOUGHT = "Is it reëntrant?"
_STREAM = "text/event-stream"
_BLOCK = {"type": "thinking", "thinking": "", "signature": ""}
# By adapter: the content type, and the events of a thought.
_THOUGHTS: dict[str, tuple[str, list[dict[str, object]]]] = {
    "ollama": (
        "application/x-ndjson",
        [{"message": {"role": "assistant", "content": "", "thinking": _THOUGHT}, "done": False}],
    ),
    "openai": (_STREAM, [{"choices": [{"index": 0, "delta": {"reasoning_content": _THOUGHT}}]}]),
    "anthropic": (
        _STREAM,
        [
            {"type": "message_start", "message": {"usage": {"input_tokens": 9}}},
            {"type": "content_block_start", "index": 0, "content_block": _BLOCK},
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "thinking_delta", "thinking": _THOUGHT},
            },
        ],
    ),
}
_PHASES = (Phase.LOADING, Phase.READING, Phase.THINKING, Phase.WRITING)
# The phases in which a server can hold a request; a service has its models loaded.
HELD = [
    (name, phase)
    for name in SERVERS
    for phase in _PHASES
    if (name, phase) != ("anthropic", Phase.LOADING)
]


def scripted(name: str) -> ModelServer:
    """A server that answers well unless it is told to hold a request."""
    return SERVERS[name][0](Answer(REPORT, natural=True, seed=5))


def hold(name: str, server: ModelServer, phase: Phase) -> Gate:
    """Let the next request get no further than to a phase; give the gate at which it stands."""
    gate = Gate()
    if phase is Phase.READING:
        server.answer.before = gate
    elif phase is Phase.WRITING:
        server.answer.within = gate
    elif phase is Phase.THINKING:
        _hold_thinking(name, server, gate)
    elif isinstance(server, OllamaServer):
        server.loading = gate
    else:
        asked = iter([reply(_NOT_LOADED, 503), [Pause(gate)]])
        server.routes["GET", "/health"] = lambda _: next(asked)
    return gate


def release(server: ModelServer) -> None:
    """Let it answer well again."""
    fresh = type(server)(Answer(REPORT, natural=True, seed=5))
    server.answer, server.routes = fresh.answer, fresh.routes
    if isinstance(server, OllamaServer):
        server.loading = None


def no_limit_to_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection takes too long, however slow the machine is; the limit's timer is there."""

    async def patient(
        base_url: str, egress: EgressGuard, config: ServerConfig | None, patience: httpx.Timeout
    ) -> httpx.AsyncClient:
        del patience
        return await guarded_client(base_url, egress, config, httpx.Timeout(FOR_EVER))

    monkeypatch.setattr(transport, "guarded_client", patient)


def _hold_thinking(name: str, server: ModelServer, gate: Gate) -> None:
    usual = server.routes["POST", server.generating]
    content_type, events = _THOUGHTS[name]
    form = "{}\n" if name == "ollama" else "data: {}\n\n"
    body = "".join(form.format(json.dumps(event)) for event in events)

    def think(request: Request) -> Script:
        if server.generates(request):
            return [Send(chunked_head(content_type) + chunk(body.encode())), Pause(gate)]
        assert callable(usual)
        return usual(request)

    server.routes["POST", server.generating] = think


@dataclass
class Asking:
    """One adapter object, and the runs over it.

    Attributes:
        name: of the adapter.
        base_url: where its server is.
        threads: those that lived before the first run.
    """

    name: str
    base_url: str
    threads: list[threading.Thread] = field(default_factory=threading.enumerate)

    def __post_init__(self) -> None:
        config = ServerConfig(self.name, self.base_url, parallel=1)
        self.provider: Provider = compose.connect(config)
        self.session: Session | None = None
        self.screen = Screen()
        self._task: asyncio.Task[RunResult] | None = None
        self._before = self._sockets()

    def start(self) -> Screen:
        """Begin a run."""
        model = ModelInfo(
            SERVERS[self.name][1], context=4096, capabilities=frozenset({"completion"})
        )
        self.session, self.screen = opened_with(self.provider, model)
        self._task = asyncio.create_task(self.session.run())
        return self.screen

    async def held(self, gate: Gate, phase: Phase) -> None:
        """Wait until the run shows the phase in which a server holds it."""
        await gate.reached()
        await self.screen.saw(lambda event: event == PhaseChanged(phase))
        if phase is Phase.THINKING:
            await self.screen.saw(lambda event: event == ThinkingDelta(_THOUGHT))
        if phase is Phase.WRITING:
            await self.screen.shown(len(CUT))

    async def stop(self, kept: str = "") -> None:
        """Stop the run; it ends as stopped, with the text that it had."""
        assert self.session is not None
        assert self._task is not None
        self.session.cancel()
        result = await self._task
        assert result.outcome is Outcome.STOPPED
        assert result.error is None
        assert result.texts == {CELL: kept}

    async def complete(self) -> None:
        """Run once more, to a good end."""
        self.start()
        assert self._task is not None
        result = await self._task
        assert (result.outcome, result.texts) == (Outcome.COMPLETE, {CELL: REPORT})

    def assert_nothing_is_left(self) -> None:
        """No task, socket, ticket or thread; timers are another matter for each kind of loop."""
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert self._sockets() <= self._before
        assert not list((paths.data() / "turns").glob("*/*"))
        assert threading.enumerate() == self.threads

    def _sockets(self) -> set[object]:
        """The process's sockets that are, or want to be, connected to the server."""
        port = int(self.base_url.rpartition(":")[2])
        connections = psutil.Process().net_connections("tcp")
        return {one.laddr for one in connections if one.raddr and one.raddr.port == port}
