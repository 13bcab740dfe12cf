"""Anthropic's Messages API, and servers that speak it."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from spectr_desktop.providers.errors import ProviderError, ServerFailed
from spectr_desktop.providers.retry import with_retries
from spectr_desktop.providers.sse import HEARTBEAT, sse_events
from spectr_desktop.providers.status import (
    key_of,
    not_a_stream,
    redacted,
    reply_object,
    server_words,
    status_error,
)
from spectr_desktop.providers.transport import Service, Transport, checked_url
from spectr_desktop.providers.turns import Turns
from spectr_desktop.providers.wire import SseEvent, as_object, as_objects, json_object
from spectr_desktop.records.events import (
    GenerationEnded,
    Heartbeat,
    PhaseChanged,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
    UsageReported,
)
from spectr_desktop.records.run import GenerationRequest, Phase, StopReason, Usage
from spectr_desktop.records.server import Locality, ModelInfo, ServerConfig, ServerState

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from spectr_desktop.providers.base import KeySource
    from spectr_desktop.providers.egress import EgressGuard

KEY_VARIABLE = "ANTHROPIC_API_KEY"
_DEFAULT = "https://api.anthropic.com"
_VERSION = "2023-06-01"
_PARALLEL = 4  # requests at a time, where the user does not say
_SERVICE = Service(
    "Anthropic",
    "{host} cannot be reached. Check the network connection, or pick a local model.",
)
_REASONS = {
    "end_turn": StopReason.NATURAL,
    "stop_sequence": StopReason.NATURAL,
    "max_tokens": StopReason.LENGTH,
    "model_context_window_exceeded": StopReason.CONTEXT_FULL,
    "refusal": StopReason.REFUSAL,
}
# Inside a stream the status is 200, so that only the type tells what happened (§2.4 of the
# provider's error list); the status is the one that the same error has before a stream.
_STATUS_OF_TYPE = {
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "rate_limit_error": 429,
    "overloaded_error": 529,
}


class Anthropic:
    """The adapter for the Messages API."""

    never_cuts = True

    def __init__(
        self, config: ServerConfig, key: KeySource, egress: EgressGuard | None = None
    ) -> None:
        base_url = checked_url(config.base_url, _DEFAULT)
        self._config = replace(config, base_url=base_url)
        self._transport = Transport(base_url, _SERVICE, egress, config)
        self._turns = Turns(base_url, config.parallel or _PARALLEL)
        self._key = key

    @property
    def config(self) -> ServerConfig:
        """The configuration, with the address that is really used."""
        return self._config

    def locality(self, model: ModelInfo) -> Locality:
        """Remote, but for a server of this protocol on a loopback port."""
        del model
        return Locality.LOCAL_PORT if self._transport.loopback else Locality.REMOTE

    async def models(self) -> tuple[ModelInfo, ...]:
        """All models that the key may use, newest first."""
        out: list[ModelInfo] = []
        after = ""
        while True:
            path = "/v1/models?limit=1000" + (f"&after_id={after}" if after else "")
            page = await self._fetch(path)
            out.extend(_listed(entry) for entry in as_objects(page.get("data")))
            last = str(page.get("last_id") or "")
            if not page.get("has_more") or not last or last == after:
                return tuple(out)
            after = last

    async def model(self, model_id: str) -> ModelInfo:
        """One model of the list."""
        for model in await self.models():
            if model.id == model_id:
                return model
        raise self._error(
            404, b'{"error": {"type": "not_found_error", "message": "model"}}', model_id
        )

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[StreamEvent, None]:
        """In turn, and again where that is allowed: see `_attempt`."""
        turn = self._turns.in_turn(lambda: with_retries(lambda: self._attempt(request)))
        async with contextlib.aclosing(turn) as events:
            async for event in events:
                yield event

    async def count_tokens(self, request: GenerationRequest) -> int | None:
        """Not known."""
        del request
        return None

    async def alive(self) -> bool:
        """Not asked."""
        return True

    async def state(self) -> ServerState:
        """Not known."""
        return ServerState.UNKNOWN

    async def unload(self, model_id: str) -> bool:
        """There is no way to."""
        del model_id
        return False

    async def _attempt(self, request: GenerationRequest) -> AsyncGenerator[StreamEvent, None]:
        """One message; sampling and thinking as the model has them."""
        headers = self._headers()
        yield PhaseChanged(Phase.CONNECTING)
        payload: dict[str, Any] = {
            "model": request.model,
            "max_tokens": request.parameters.max_tokens,
            "system": request.system,
            "messages": [{"role": "user", "content": request.prompt}],
            "stream": True,
        }
        if request.parameters.temperature is not None:
            payload["temperature"] = request.parameters.temperature
        async with self._transport.stream("/v1/messages", payload, headers) as exchange:
            await exchange.sent()
            yield PhaseChanged(Phase.READING)
            response = await exchange.response()
            request_id = response.headers.get("request-id", "")
            if response.status_code != HTTPStatus.OK:
                body = await exchange.body()
                raise self._error(response.status_code, body, request.model, request_id)
            content_type = response.headers.get("content-type", "")
            if "event-stream" not in content_type:
                reply = json_object(await exchange.body()) or {}
                if reply.get("error"):
                    raise self.stream_error(reply, request.model)
                raise not_a_stream(self._transport.host, content_type)
            state = _Message(self, request.model)
            async with contextlib.aclosing(sse_events(exchange, self._transport.host)) as events:
                async for sse in events:
                    if sse is HEARTBEAT:
                        yield Heartbeat()
                        continue
                    for event in state.read(sse):
                        yield event

    async def close(self) -> None:
        """Nothing is held between requests."""

    def stream_error(self, event: dict[str, Any], model: str) -> ProviderError:
        """The error that an `error` event inside a stream stands for."""
        words = server_words(event)
        status = _STATUS_OF_TYPE.get(words.type, 200)
        return self._error(status, event, model, str(event.get("request_id") or ""))

    def malformed(self, detail: str) -> ServerFailed:
        """An event that is none of this protocol's."""
        return ServerFailed(
            "protocol",
            f"{self._transport.host} sent an event that cannot be read. What had arrived is kept.",
            params={"host": self._transport.host},
            detail=self.redacted(detail)[:500],
        )

    def redacted(self, text: str) -> str:
        """A server's words without the key."""
        return redacted(text, self._key())

    def _headers(self) -> dict[str, str]:
        needed = not self._transport.loopback
        host = self._transport.host
        key = key_of(self._key, host=host, variable=KEY_VARIABLE, needed=needed)
        return {"anthropic-version": _VERSION, **({"x-api-key": key} if key else {})}

    async def _fetch(self, path: str) -> dict[str, Any]:
        response = await self._transport.fetch("GET", path, headers=self._headers())
        if response.status_code != HTTPStatus.OK:
            request_id = response.headers.get("request-id", "")
            raise self._error(response.status_code, response.content, "", request_id)
        content_type = response.headers.get("content-type", "")
        return reply_object(response.content, self._transport.host, content_type)

    def _error(
        self, status: int, body: bytes | dict[str, Any], model: str, request_id: str = ""
    ) -> ProviderError:
        return status_error(
            status,
            server_words(body, self._key()),
            host=self._transport.host,
            model=model,
            key_variable=KEY_VARIABLE,
            key_sent=bool(self._key()),
            request_id=self.redacted(request_id),
        )


class _Message:
    """Reads the events of one message; usage is cumulative, so the newest values win."""

    def __init__(self, adapter: Anthropic, model: str) -> None:
        self._adapter = adapter
        self._model = model
        self._usage: dict[str, int] = {}
        self._reason = ""
        self._explanation = ""

    def read(self, sse: SseEvent) -> list[StreamEvent]:
        """Our events for one of theirs; unknown ones are passed over."""
        event = json_object(sse.data)
        if event is None:
            raise self._adapter.malformed(sse.data)
        kind = event.get("type")
        if kind == "content_block_delta":
            return _delta(as_object(event.get("delta")))
        if kind == "message_start":
            return self._count(as_object(event.get("message")).get("usage"))
        if kind == "message_delta":
            delta = as_object(event.get("delta"))
            self._reason = str(delta.get("stop_reason") or "")
            details = as_object(delta.get("stop_details"))
            self._explanation = self._adapter.redacted(str(details.get("explanation") or ""))
            return self._count(event.get("usage"))
        if kind == "message_stop":
            reason = _REASONS.get(self._reason, StopReason.OTHER)
            return [GenerationEnded(reason, self._explanation)]
        if kind == "error" or "error" in event:
            raise self._adapter.stream_error(event, self._model)
        return []

    def _count(self, usage: object) -> list[StreamEvent]:
        fields = as_object(usage)
        if not fields:
            return []
        for name, value in fields.items():
            if isinstance(value, int):
                self._usage[name] = value
        thinking = as_object(fields.get("output_tokens_details")).get("thinking_tokens")
        if isinstance(thinking, int):
            self._usage["thinking_tokens"] = thinking
        cached = self._usage.get("cache_read_input_tokens", 0)
        written = self._usage.get("cache_creation_input_tokens", 0)
        return [
            UsageReported(
                Usage(
                    input=self._usage.get("input_tokens", 0) + cached + written,
                    output=self._usage.get("output_tokens"),
                    thinking=self._usage.get("thinking_tokens"),
                    cached=cached,
                )
            )
        ]


def _delta(delta: dict[str, Any]) -> list[StreamEvent]:
    kind = delta.get("type")
    if kind == "text_delta" and delta.get("text"):
        return [TextDelta(str(delta["text"]))]
    if kind == "thinking_delta" and delta.get("thinking"):
        return [ThinkingDelta(str(delta["thinking"]))]
    return []


def _listed(entry: dict[str, Any]) -> ModelInfo:
    context, limit = entry.get("max_input_tokens"), entry.get("max_tokens")
    if context is None:  # llama-server's list
        context = as_object(entry.get("meta")).get("n_ctx")
    return ModelInfo(
        id=str(entry.get("id") or ""),
        label=str(entry.get("display_name") or ""),
        context=context if isinstance(context, int) else None,
        max_output=limit if isinstance(limit, int) else None,
    )
