"""Asks a scripted Messages API through the adapter, and keeps all that happened."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from spectr_desktop.providers.anthropic import Anthropic
from spectr_desktop.providers.errors import ProviderError
from spectr_desktop.records.events import StreamEvent
from spectr_desktop.records.run import GenerationRequest, Parameters
from spectr_desktop.records.server import ServerConfig
from tests.servers.script import Request, Script, Send, chunk, head, reply
from tests.servers.scripted import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.servers.script import Step

Json = dict[str, Any]
Event = TypeVar("Event")

MODEL = "claude-x"
KEY = "sk-test/KEY+0123456789"
REQUEST = GenerationRequest(MODEL, "You audit.", "The source.", Parameters(64))


@dataclass
class Heard:
    """What came of one request.

    Attributes:
        sent: bodies of the requests for a message, in order.
    """

    events: list[StreamEvent] = field(default_factory=list)
    error: ProviderError | None = None
    sent: list[Json] = field(default_factory=list)

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    def failed(self) -> ProviderError:
        assert self.error is not None
        return self.error


def adapter(server: ScriptedServer, key: str | None = KEY) -> Anthropic:
    return Anthropic(ServerConfig("anthropic", server.base_url), lambda: key)


async def ask(
    *scripts: Script | Callable[[Request], Script],
    request: GenerationRequest = REQUEST,
    key: str | None = KEY,
    entries: list[Json] | None = None,
) -> Heard:
    """Send one request, which each script answers once; the last one answers all that follow.

    Args:
        scripts: the answers.
        request: what is asked.
        key: of the account.
        entries: a list of models that is read before.
    """
    heard = Heard()
    waiting = list(scripts)

    def answer(received: Request) -> Script:
        heard.sent.append(received.json)
        script = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return script(received) if callable(script) else script

    async with ScriptedServer({("POST", "/v1/messages"): answer}) as server:
        asking = adapter(server, key)
        if entries is not None:
            server.routes["GET", "/v1/models"] = reply({"data": entries})
            await asking.models()
        try:
            async with contextlib.aclosing(asking.generate(request)) as events:
                async for event in events:
                    heard.events.append(event)  # kept also when it raises
        except ProviderError as error:
            heard.error = error
    return heard


def sse(event: Json, name: str | None = None) -> bytes:
    """One event on the wire, by default under its own name."""
    kind = event.get("type", "message") if name is None else name
    return f"event: {kind}\ndata: {json.dumps(event)}\n\n".encode()


def stream(*events: Json | bytes | Step, headers: Mapping[str, str] | None = None) -> Script:
    """An event stream; steps are carried out where they stand."""
    names = {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked", **(headers or {})}
    out: list[Step] = [Send(head(200, names))]
    for event in events:
        if isinstance(event, dict):
            out.append(Send(chunk(sse(event))))
        elif isinstance(event, bytes):
            out.append(Send(chunk(event)))
        else:
            out.append(event)
    return [*out, Send(chunk(b""))]


def started(**usage: object) -> Json:
    given = {"id": "msg_1", "type": "message", "role": "assistant", "content": [], "usage": usage}
    return {"type": "message_start", "message": {**given, "stop_reason": None}}


def block(kind: str = "text", index: int = 0, **fields: object) -> Json:
    given = {"type": "content_block_start", "index": index}
    return {**given, "content_block": {"type": kind, **fields}}


def text(value: object, index: int = 0) -> Json:
    delta = {"type": "text_delta", "text": value}
    return {"type": "content_block_delta", "index": index, "delta": delta}


def delta(kind: str, **fields: object) -> Json:
    return {"type": "content_block_delta", "index": 0, "delta": {"type": kind, **fields}}


def closed(index: int = 0) -> Json:
    return {"type": "content_block_stop", "index": index}


def ending(reason: object = "end_turn", usage: Json | None = None, **fields: object) -> Json:
    given = {"stop_reason": reason, "stop_sequence": None, **fields}
    return {"type": "message_delta", "delta": given, "usage": usage or {"output_tokens": 5}}


STOP: Json = {"type": "message_stop"}
PING: Json = {"type": "ping"}
ANSWER = stream(started(input_tokens=9), block(text=""), text("Fine."), closed(), ending(), STOP)


def error_body(kind: str, message: str = "what happened", request_id: str = "req_body") -> Json:
    error = {"type": kind, "message": message}
    return {"type": "error", "error": error, "request_id": request_id}


__all__ = [
    "ANSWER",
    "KEY",
    "MODEL",
    "PING",
    "REQUEST",
    "STOP",
    "Heard",
    "Json",
    "adapter",
    "ask",
    "block",
    "closed",
    "delta",
    "ending",
    "error_body",
    "sse",
    "started",
    "stream",
    "text",
]
