"""A client that asks a scripted model server for text, and how its answers are read."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from tests.servers.anthropic_server import AnthropicServer
from tests.servers.ollama_server import OllamaServer
from tests.servers.openai_server import OpenAIServer

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from tests.servers.model_server import ModelServer
    from tests.servers.streams import Answer

ASK = {"model": "smollm2", "messages": [{"role": "user", "content": "hi"}]}
SSE_ASK = {**ASK, "stream": True}
USAGE = {"stream_options": {"include_usage": True}}
KINDS: dict[str, tuple[type[ModelServer], dict[str, Any]]] = {
    "ollama": (OllamaServer, ASK),
    "openai": (OpenAIServer, {**SSE_ASK, **USAGE}),
    "anthropic": (AnthropicServer, {**SSE_ASK, "max_tokens": 9}),
}
END_MARKS = {"ollama": '"done":true', "openai": "[DONE]", "anthropic": "message_stop"}
TEXT = "## Reëntrancy ✓\nThe vault 🏦 is empty."


@dataclass
class Answered:
    """What a client saw of an answer: without a head, only the failure."""

    kind: str
    status: int = 0
    headers: httpx.Headers = field(default_factory=httpx.Headers)
    raw: bytearray = field(default_factory=bytearray)
    failure: Exception | None = None

    @property
    def body(self) -> str:
        return self.raw.decode("utf-8", "replace")

    @property
    def whole(self) -> bool:
        return self.failure is None and END_MARKS[self.kind] in self.body

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events that came whole."""
        lines = [line.removeprefix("data: ") for line in self.body.split("\n")[:-1]]
        return [json.loads(line) for line in lines if line.startswith("{")]

    @property
    def text(self) -> str:
        if self.kind == "ollama":
            return "".join(event["message"]["content"] for event in self.events)
        if self.kind == "openai":
            deltas = [choice["delta"] for event in self.events for choice in event["choices"]]
            return "".join(delta.get("content") or "" for delta in deltas)
        return "".join(event.get("delta", {}).get("text", "") for event in self.events)


def opened(
    kind: str, server: ModelServer, client: httpx.AsyncClient
) -> AbstractAsyncContextManager[httpx.Response]:
    """A request for text, with its answer still to be read."""
    headers = {"anthropic-version": "2023-06-01"}
    url = server.base_url + server.generating
    return client.stream("POST", url, json=KINDS[kind][1], headers=headers)


async def ask(kind: str, answer: Answer, server: ModelServer | None = None) -> Answered:
    """The answer, to its end or to what broke it; a server of its own if none is given."""
    if server is None:
        async with KINDS[kind][0](answer) as own:
            return await ask(kind, answer, own)
    seen = Answered(kind)
    async with httpx.AsyncClient(trust_env=False) as client:
        try:
            async with opened(kind, server, client) as got:
                seen.status, seen.headers = got.status_code, got.headers
                async for piece in got.aiter_bytes():
                    seen.raw += piece
        except httpx.TransportError as error:
            seen.failure = error
    return seen
