"""Chat completions as OpenAI defined them and llama.cpp, vLLM, LM Studio and others speak them."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from spectr_desktop.providers.errors import BadRequest, ModelMissing, ProviderError, ServerFailed
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
from spectr_desktop.providers.transport import Exchange, Service, Transport, checked_url
from spectr_desktop.providers.turns import Turns
from spectr_desktop.providers.wire import as_object, as_objects, json_object
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
    from spectr_desktop.providers.wire import SseEvent

KEY_VARIABLE = "OPENAI_API_KEY"
_DEFAULT = "http://127.0.0.1:8080"
_PARALLEL = 4  # requests at a time, where the user does not say
_SERVICE = Service(
    "the server",
    "No model server answers at {host}. Start it, correct the address, or pick another provider.",
)
_REASONS = {
    "stop": StopReason.NATURAL,
    "length": StopReason.LENGTH,
    "content_filter": StopReason.REFUSAL,
}
_HEALTH_PAUSE_S = 0.25
# After finish_reason: for the count of tokens and [DONE], which some servers never send.
_GRACE_S = 5.0


class OpenAICompatible:
    """The adapter for chat completions."""

    def __init__(
        self, config: ServerConfig, key: KeySource, egress: EgressGuard | None = None
    ) -> None:
        base_url = checked_url(config.base_url, _DEFAULT)
        self._config = replace(config, base_url=base_url)
        self._transport = Transport(base_url, _SERVICE, egress, config)
        self._turns = Turns(base_url, config.parallel or _PARALLEL)
        self._key = key
        self._llama_server = False

    @property
    def config(self) -> ServerConfig:
        """The configuration, with the address that is really used."""
        return self._config

    @property
    def never_cuts(self) -> bool:
        """A llama-server refuses what is too long; of others it is not known."""
        return self._llama_server

    def locality(self, model: ModelInfo) -> Locality:
        """Remote, or a loopback port behind which anything may be."""
        del model
        return Locality.LOCAL_PORT if self._transport.loopback else Locality.REMOTE

    async def models(self) -> tuple[ModelInfo, ...]:
        """The models that the server lists."""
        found = await self._fetch("/v1/models")
        # Ollama's list without models is null.
        return tuple(_listed(entry) for entry in as_objects(found.get("data")))

    async def model(self, model_id: str) -> ModelInfo:
        """One model of the list; a server without a list is believed to have it."""
        try:
            for model in await self.models():
                if model.id == model_id:
                    return model
        except BadRequest as error:
            if error.code != "not_found":
                raise
            return ModelInfo(model_id)
        raise ModelMissing(
            "model_missing",
            f"{self._transport.host} has no model “{model_id}”. Pick another model.",
            params={"host": self._transport.host, "model": model_id},
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
        """One completion."""
        yield PhaseChanged(Phase.CONNECTING)
        if self._transport.loopback:
            async with contextlib.aclosing(self._healthy()) as loading:
                async for event in loading:
                    yield event
        payload: dict[str, Any] = {
            "model": request.model,
            "messages": [
                {"role": "system", "content": request.system},
                {"role": "user", "content": request.prompt},
            ],
            "max_tokens": request.parameters.max_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        for name in ("temperature", "seed"):
            value = getattr(request.parameters, name)
            if value is not None:
                payload[name] = value
        headers = self._headers()
        async with self._transport.stream("/v1/chat/completions", payload, headers) as exchange:
            await exchange.sent()
            yield PhaseChanged(Phase.READING)
            response = await exchange.response()
            if response.status_code != HTTPStatus.OK:
                raise self._error(response.status_code, await exchange.body(), request.model)
            content_type = response.headers.get("content-type", "")
            if "event-stream" not in content_type:
                for event in self._whole(await exchange.body(), content_type, request.model):
                    yield event
                return
            async with contextlib.aclosing(self._events(exchange, request.model)) as events:
                async for event in events:
                    yield event

    async def close(self) -> None:
        """Nothing is held between requests."""

    async def _healthy(self) -> AsyncGenerator[StreamEvent, None]:
        """Wait while a llama-server loads its model; other servers have no such question."""
        loading = False
        while True:
            response = await self._transport.fetch("GET", "/health")
            reply = json_object(response.content) or {}
            self._llama_server = self._llama_server or reply.get("status") == "ok"
            if response.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
                return
            if not loading:
                loading = True
                yield PhaseChanged(Phase.LOADING)
            await asyncio.sleep(_HEALTH_PAUSE_S)

    async def _events(self, exchange: Exchange, model: str) -> AsyncGenerator[StreamEvent, None]:
        reason = ""
        async with contextlib.aclosing(sse_events(exchange, self._transport.host)) as events:
            # The end is said: a server that holds the connection open cannot hold the run open.
            while sse := await _next(events, _GRACE_S if reason else None):
                if sse is HEARTBEAT:
                    yield Heartbeat()
                    continue
                if sse.data.strip() == "[DONE]":
                    yield GenerationEnded(_REASONS.get(reason or "stop", StopReason.OTHER))
                    return
                chunk = json_object(sse.data)
                if chunk is None:
                    raise self._malformed(sse.data)
                if chunk.get("error"):
                    raise self._error(200, chunk, model)
                choices = as_objects(chunk.get("choices"))
                for event in _deltas(choices):
                    yield event
                if choices and choices[0].get("finish_reason"):
                    reason = str(choices[0]["finish_reason"])
                if chunk.get("usage"):
                    yield _usage(as_object(chunk["usage"]))
        if reason:
            yield GenerationEnded(_REASONS.get(reason, StopReason.OTHER))

    def _whole(self, body: bytes, content_type: str, model: str) -> list[StreamEvent]:
        """The events of an answer that came in one piece, from a server that cannot stream."""
        reply = json_object(body) or {}
        if reply.get("error"):
            raise self._error(200, reply, model)
        choices = as_objects(reply.get("choices"))
        if not choices:
            raise not_a_stream(self._transport.host, content_type)
        out = _deltas([{"delta": choices[0].get("message")}])
        if reply.get("usage"):
            out.append(_usage(as_object(reply["usage"])))
        reason = str(choices[0].get("finish_reason") or "stop")
        out.append(GenerationEnded(_REASONS.get(reason, StopReason.OTHER)))
        return out

    def _malformed(self, text: str) -> ServerFailed:
        return ServerFailed(
            "protocol",
            f"{self._transport.host} sent an event that cannot be read. What had arrived is kept.",
            params={"host": self._transport.host},
            detail=redacted(text, self._key())[:500],
        )

    def _headers(self) -> dict[str, str]:
        # Servers of one's own ask for none: whoever wants a key says so.
        host = self._transport.host
        key = key_of(self._key, host=host, variable=KEY_VARIABLE, needed=False)
        return {"authorization": f"Bearer {key}"} if key else {}

    async def _fetch(self, path: str) -> dict[str, Any]:
        response = await self._transport.fetch("GET", path, headers=self._headers())
        if response.status_code != HTTPStatus.OK:
            raise self._error(response.status_code, response.content, "")
        content_type = response.headers.get("content-type", "")
        return reply_object(response.content, self._transport.host, content_type)

    def _error(self, status: int, body: bytes | dict[str, Any], model: str) -> ProviderError:
        return status_error(
            status,
            server_words(body, self._key()),
            host=self._transport.host,
            model=model,
            key_variable=KEY_VARIABLE,
            key_sent=bool(self._key()),
        )


async def _next(events: AsyncGenerator[SseEvent, None], patience: float | None) -> SseEvent | None:
    """The next event; None at the end of the stream, or when the patience in seconds is over."""
    try:
        async with asyncio.timeout(patience):
            return await anext(events, None)
    except TimeoutError:
        return None


def _deltas(choices: list[dict[str, Any]]) -> list[StreamEvent]:
    if not choices:
        return []
    delta = as_object(choices[0].get("delta"))
    out: list[StreamEvent] = []
    # The same thought under two names: servers send one of them, some send both.
    if thinking := delta.get("reasoning_content") or delta.get("reasoning"):
        out.append(ThinkingDelta(str(thinking)))
    if content := delta.get("content"):
        out.append(TextDelta(str(content)))
    return out


def _usage(usage: dict[str, Any]) -> UsageReported:
    def count(of: dict[str, Any], name: str) -> int | None:
        value = of.get(name)
        return value if isinstance(value, int) else None

    read = as_object(usage.get("prompt_tokens_details"))
    written = as_object(usage.get("completion_tokens_details"))
    return UsageReported(
        Usage(
            input=count(usage, "prompt_tokens"),
            output=count(usage, "completion_tokens"),
            thinking=count(written, "reasoning_tokens"),
            cached=count(read, "cached_tokens"),
        )
    )


def _listed(entry: dict[str, Any]) -> ModelInfo:
    meta = as_object(entry.get("meta"))
    context = meta.get("n_ctx") or entry.get("max_model_len") or meta.get("n_ctx_train")
    size = meta.get("size")
    return ModelInfo(
        id=str(entry.get("id") or ""),
        context=context if isinstance(context, int) else None,
        size_bytes=size if isinstance(size, int) else None,
        quantization=str(meta.get("ftype") or ""),
    )
