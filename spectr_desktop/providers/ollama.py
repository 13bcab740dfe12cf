"""Ollama by its native API: tags, show, preload and chat."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from spectr_desktop.providers.errors import ProviderError, ServerFailed
from spectr_desktop.providers.retry import with_retries
from spectr_desktop.providers.status import not_a_stream, reply_object, server_words, status_error
from spectr_desktop.providers.transport import Exchange, Service, Transport, checked_url
from spectr_desktop.providers.turns import Turns
from spectr_desktop.providers.wire import (
    NdjsonDecoder,
    WireError,
    as_object,
    as_objects,
    as_strings,
    json_object,
)
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

_DEFAULT = "http://127.0.0.1:11434"
_PARALLEL = 1  # requests at a time, where the user does not say
_SERVICE = Service(
    "Ollama",
    "Ollama does not answer at {host}. Start it with `ollama serve`, or pick another provider.",
)
_REASONS = {"stop": StopReason.NATURAL, "length": StopReason.LENGTH}
_NUM_CTX = re.compile(r"^num_ctx\s+(\d+)\s*$", re.MULTILINE)


def host_address(value: str) -> str:
    """The base URL that a value of OLLAMA_HOST means, by the rules of Ollama's own client.

    Blanks and quotes go; no scheme is http with port 11434; a scheme brings its usual port;
    an address to listen on (0.0.0.0, ::, none) is this machine's loopback.
    """
    text = value.strip().strip("\"'").strip()
    if not text:
        return _DEFAULT
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "http", text
    port = {"http": 80, "https": 443}.get(scheme, 11434) if separator else 11434
    authority, _, path = rest.partition("/")
    if authority.count(":") > 1 and not authority.startswith("["):
        authority = f"[{authority}]"
    try:
        parts = urlsplit(f"{scheme}://{authority}")
    except ValueError:  # half a pair of brackets: whoever uses the address says that it is none
        return value
    if not separator and parts.hostname == "ollama.com":
        scheme, port = "https", 443
    try:
        port = parts.port or port
    except ValueError:
        port = 11434 if not separator else port
    host = parts.hostname or "127.0.0.1"
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}:{port}" + (f"/{path.strip('/')}" if path.strip("/") else "")


class Ollama:
    """The adapter for a local (or remote) Ollama."""

    # Sent with truncate and shift off, it refuses an over-long input since version 0.11.
    never_cuts = False

    def __init__(
        self, config: ServerConfig, key: KeySource, egress: EgressGuard | None = None
    ) -> None:
        del key  # an Ollama asks for none
        address = config.base_url or host_address(os.environ.get("OLLAMA_HOST", ""))
        base_url = checked_url(address, _DEFAULT)
        self._config = replace(config, base_url=base_url)
        self._transport = Transport(base_url, _SERVICE, egress, config)
        self._turns = Turns(base_url, config.parallel or _PARALLEL)

    @property
    def config(self) -> ServerConfig:
        """The configuration, with the address that is really used."""
        return self._config

    def locality(self, model: ModelInfo) -> Locality:
        """Local on loopback, unless the model runs in Ollama's cloud."""
        local = self._transport.loopback and not model.remote
        return Locality.LOCAL if local else Locality.REMOTE

    async def models(self) -> tuple[ModelInfo, ...]:
        """The models that are installed, newest first."""
        found = await self._fetch("GET", "/api/tags")
        entries = as_objects(found.get("models"))
        models = [_listed(entry) for entry in entries]
        return tuple(m for m in models if not m.capabilities or "completion" in m.capabilities)

    async def model(self, model_id: str) -> ModelInfo:
        """One model, with its own context setting."""
        shown = await self._fetch("POST", "/api/show", {"model": model_id}, model_id)
        listed = next((m for m in await self.models() if _same(m.id, model_id)), None)
        info = as_object(shown.get("model_info"))
        family = info.get("general.architecture")
        own = _NUM_CTX.search(str(shown.get("parameters") or ""))
        details = as_object(shown.get("details"))
        base = listed or ModelInfo(model_id)
        return ModelInfo(
            id=model_id,
            context=_int(info.get(f"{family}.context_length")) or base.context,
            own_context=int(own.group(1)) if own else None,
            size_bytes=base.size_bytes,
            parameter_size=str(details.get("parameter_size") or base.parameter_size),
            quantization=str(details.get("quantization_level") or base.quantization),
            digest=base.digest,
            capabilities=as_strings(shown.get("capabilities")),
            remote=base.remote or _is_cloud(shown, model_id),
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
        """Load the model by an explicit preload call, then chat."""
        yield PhaseChanged(Phase.CONNECTING)
        wanted = request.parameters
        known = {
            "num_predict": wanted.max_tokens,
            "num_ctx": wanted.context,
            "temperature": wanted.temperature,
            "seed": wanted.seed,
        }
        options = {name: value for name, value in known.items() if value is not None}
        # Without `shift` and with other options the server would load the model a second time.
        common = {"model": request.model, "truncate": False, "shift": False, "options": options}
        async with self._transport.stream("/api/chat", {**common, "messages": []}) as loading:
            await loading.sent()
            yield PhaseChanged(Phase.LOADING)
            await self._loaded(loading, request.model)
        messages = [
            {"role": "system", "content": request.system},
            {"role": "user", "content": request.prompt},
        ]
        async with self._transport.stream("/api/chat", {**common, "messages": messages}) as chat:
            await chat.sent()
            yield PhaseChanged(Phase.READING)
            response = await chat.response()
            if response.status_code != HTTPStatus.OK:
                raise self._error(response.status_code, await chat.body(), request.model)
            if "json" not in response.headers.get("content-type", ""):
                raise not_a_stream(self._transport.host, response.headers.get("content-type", ""))
            async with contextlib.aclosing(self._events(chat, request.model)) as events:
                async for event in events:
                    yield event

    async def close(self) -> None:
        """Nothing is held between requests."""

    async def _loaded(self, loading: Exchange, model: str) -> None:
        response = await loading.response()
        body = await loading.body()
        reply = json_object(body)
        if response.status_code != HTTPStatus.OK or reply is None or "error" in reply:
            raise self._error(response.status_code, body, model)

    async def _events(self, chat: Exchange, model: str) -> AsyncGenerator[StreamEvent, None]:
        decoder = NdjsonDecoder()
        try:
            async with contextlib.aclosing(chat.chunks()) as chunks:
                async for chunk in chunks:
                    quiet = True
                    for line in decoder.feed(chunk):
                        quiet = False
                        for event in self._line(line, model):
                            yield event
                    if quiet:
                        yield Heartbeat()
            for line in decoder.finish():
                for event in self._line(line, model):
                    yield event
        except WireError as error:
            raise ServerFailed(
                "protocol",
                f"{self._transport.host} sent something that is not Ollama's stream. What had "
                "arrived is kept.",
                params={"host": self._transport.host},
                detail=str(error),
            ) from error

    def _line(self, line: dict[str, Any], model: str) -> list[StreamEvent]:
        if "error" in line:
            raise self._error(200, line, model)
        message = as_object(line.get("message"))
        out: list[StreamEvent] = []
        if thinking := message.get("thinking"):
            out.append(ThinkingDelta(str(thinking)))
        if content := message.get("content"):
            out.append(TextDelta(str(content)))
        if line.get("done"):
            # Go leaves out every metric that is 0.
            read = _int(line.get("prompt_eval_count")) or 0
            out.append(UsageReported(Usage(read, _int(line.get("eval_count")) or 0)))
            reason = _REASONS.get(str(line.get("done_reason") or "stop"), StopReason.OTHER)
            out.append(GenerationEnded(reason))
        return out

    async def _fetch(
        self, method: str, path: str, payload: object = None, model: str = ""
    ) -> dict[str, Any]:
        response = await self._transport.fetch(method, path, payload)
        if response.status_code != HTTPStatus.OK:
            raise self._error(response.status_code, response.content, model)
        content_type = response.headers.get("content-type", "")
        return reply_object(response.content, self._transport.host, content_type)

    def _error(self, status: int, body: bytes | dict[str, Any], model: str) -> ProviderError:
        return status_error(
            status,
            server_words(body),
            host=self._transport.host,
            model=model,
            pull=f"ollama pull {model}",
        )


def _listed(entry: dict[str, Any]) -> ModelInfo:
    details = as_object(entry.get("details"))
    name = str(entry.get("name") or entry.get("model") or "")
    return ModelInfo(
        id=name,
        context=_int(details.get("context_length")),
        size_bytes=_int(entry.get("size")),
        parameter_size=str(details.get("parameter_size") or ""),
        quantization=str(details.get("quantization_level") or ""),
        digest=str(entry.get("digest") or ""),
        capabilities=as_strings(entry.get("capabilities")),
        remote=_is_cloud(entry, name),
    )


def _is_cloud(entry: dict[str, Any], name: str) -> bool:
    forwarded = bool(entry.get("remote_host") or entry.get("remote_model"))
    return forwarded or name.endswith((":cloud", "-cloud"))


def _same(listed: str, asked: str) -> bool:
    return listed in (asked, f"{asked}:latest")


def _int(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
