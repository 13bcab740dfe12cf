"""A scripted server of chat completions, and one generation from it."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from spectr_desktop.providers.openai_compatible import OpenAICompatible
from spectr_desktop.records.events import GenerationEnded, StreamEvent, TextDelta, ThinkingDelta
from spectr_desktop.records.run import GenerationRequest, Parameters
from spectr_desktop.records.server import ServerConfig
from tests.servers.script import Route, Script, Send, Step, chunk, chunked_head
from tests.servers.scripted import ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from spectr_desktop.providers.errors import ProviderError

Routes: TypeAlias = "Mapping[tuple[str, str], Route]"

REQUEST = GenerationRequest("m", "system", "user", Parameters(16))
COMPLETIONS = ("POST", "/v1/chat/completions")
DONE = b"data: [DONE]\n\n"


def delta(finish: str | None = None, /, index: int = 0, **fields: Any) -> dict[str, Any]:  # noqa: ANN401  # whatever a delta has
    """A chunk with one choice."""
    choice = {"index": index, "delta": fields, "finish_reason": finish}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [choice]}


def usage(read: int, written: int) -> dict[str, Any]:
    """The chunk with the counts."""
    counts = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [], "usage": counts}


def data(value: object) -> bytes:
    """One server-sent event; bytes are taken as they are."""
    if isinstance(value, bytes):
        return value
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def opened(*events: object, content_type: str = "text/event-stream") -> list[Step]:
    """A stream of these events, each a write of its own, that nobody ends."""
    head = Send(chunked_head(content_type))
    return [head, *(Send(chunk(data(event))) for event in events)]


def stream(*events: object, content_type: str = "text/event-stream") -> Script:
    """A stream of these events that ends properly as HTTP."""
    return [*opened(*events, content_type=content_type), Send(chunk(b""))]


async def generated(
    script: Route,
    request: GenerationRequest = REQUEST,
    *,
    routes: Routes | None = None,
    key: str | None = None,
    into: list[StreamEvent] | None = None,
    seen: Callable[[StreamEvent], None] = lambda _: None,
    client_leaves: bool = False,
) -> tuple[list[StreamEvent], ScriptedServer]:
    """All events, which are in `into` even if the stream raises, and the server that was asked.

    `seen` is called with each event; with `client_leaves` it is waited for that the server notices.
    """
    events: list[StreamEvent] = [] if into is None else into
    async with ScriptedServer({COMPLETIONS: script, **(routes or {})}) as server:
        adapter = OpenAICompatible(ServerConfig("openai", server.base_url), lambda: key)
        async with contextlib.aclosing(adapter.generate(request)) as found:
            async for event in found:
                events.append(event)
                seen(event)
        if client_leaves:
            await server.disconnected()
    return events, server


def text(events: list[StreamEvent]) -> str:
    """The answer."""
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def thinking(events: list[StreamEvent]) -> str:
    """What was thought before it."""
    return "".join(event.text for event in events if isinstance(event, ThinkingDelta))


def asked(server: ScriptedServer) -> dict[str, Any]:
    """The body of the one request for a completion."""
    (request,) = (r for r in server.requests if (r.method, r.path) == COMPLETIONS)
    return request.json


async def failed(script: Script, kind: type[ProviderError]) -> tuple[ProviderError, str]:
    """The error, and the text that came before it."""
    events: list[StreamEvent] = []
    with pytest.raises(kind) as caught:
        await generated(script, key="sk-1", into=events)
    assert type(caught.value) is kind
    assert not caught.value.repeatable
    assert not any(isinstance(event, GenerationEnded) for event in events)
    return caught.value, text(events)
