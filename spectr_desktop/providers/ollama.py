"""Ollama by its native API: version, tags, show, ps, preload, chat and unload."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import re
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from spectr_desktop.logs import logger
from spectr_desktop.providers.errors import AuthFailed, ProviderError, ServerFailed
from spectr_desktop.providers.ollama_address import DEFAULT, host_address
from spectr_desktop.providers.ollama_models import count, listed, running, same, shown
from spectr_desktop.providers.ollama_stream import Answer, ReportedError, lines
from spectr_desktop.providers.status import (
    key_of,
    not_a_stream,
    readable_key,
    redacted,
    reply_object,
    server_words,
    status_error,
)
from spectr_desktop.providers.transport import Exchange, Service, Transport, checked_url
from spectr_desktop.providers.turns import Turns
from spectr_desktop.providers.wire import (
    WireError,
    as_objects,
    json_object,
)
from spectr_desktop.records.events import (
    Heartbeat,
    Notice,
    PhaseChanged,
    StreamEvent,
)
from spectr_desktop.records.request import Purpose
from spectr_desktop.records.run import GenerationRequest, Phase
from spectr_desktop.records.server import Locality, ModelInfo, ServerConfig, ServerState

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from spectr_desktop.providers.base import KeySource
    from spectr_desktop.providers.egress import EgressGuard
    from spectr_desktop.records.request import WireRequest

_log = logger(__name__)

KEY_VARIABLE = "OLLAMA_API_KEY"
_CHAT_PATH, _RUNNING_PATH = "/api/chat", "/api/ps"
_PARALLEL = 1  # requests at a time, where the user does not say
_SERVICE = Service(
    "Ollama",
    "Ollama does not answer at {host}. Start it with `ollama serve`, or pick another provider.",
)
# The oldest version of which it was seen that it refuses an over-long input when it is told not
# to cut; older ones may pass over what they do not know.
_STRICT_SINCE = (0, 33)
_SHOWS_AT_ONCE = 8
_SHOWN_LINE = 200  # characters of one that cannot be read


def address(config: ServerConfig) -> str:
    """The base URL that is really used: the one of OLLAMA_HOST where none is given.

    Raises:
        BadRequest: it is none.
    """
    usual = host_address(os.environ.get("OLLAMA_HOST", ""))
    return checked_url(config.base_url or usual, DEFAULT)


class Ollama:
    """The adapter for a local (or remote) Ollama."""

    def __init__(
        self, config: ServerConfig, key: KeySource, egress: EgressGuard | None = None
    ) -> None:
        base_url = address(config)
        self._config = replace(config, base_url=base_url)
        self._transport = Transport(base_url, _SERVICE, egress, config)
        self._turns = Turns(base_url, config.parallel or _PARALLEL)
        self._key = key
        self._strict = False
        self._asked = ""

    @property
    def config(self) -> ServerConfig:
        """The configuration, with the address that is really used."""
        return self._config

    @property
    def never_cuts(self) -> bool:
        """The server is known to refuse an over-long input when it is told not to cut."""
        return self._strict

    def locality(self, model: ModelInfo) -> Locality:
        """Local on loopback, unless the model runs in Ollama's cloud."""
        local = self._transport.loopback and not model.remote
        return Locality.LOCAL if local else Locality.REMOTE

    async def models(self) -> tuple[ModelInfo, ...]:
        """The models that are installed and write text, newest first."""
        found = await self._fetch("GET", "/api/tags")
        models = [listed(entry) for entry in as_objects(found.get("models"))]
        if any(not model.capabilities for model in models):  # an older server: ask for each
            limit = asyncio.Semaphore(_SHOWS_AT_ONCE)
            models = await asyncio.gather(*(self._completed(model, limit) for model in models))
        return tuple(m for m in models if not m.capabilities or "completion" in m.capabilities)

    async def model(self, model_id: str) -> ModelInfo:
        """One model, with its own context setting and the context that it is loaded with."""
        answer = await self._fetch("POST", "/api/show", {"model": model_id}, model_id)
        tags = await self._fetch("GET", "/api/tags")
        entries = map(listed, as_objects(tags.get("models")))
        base = next((model for model in entries if same(model.id, model_id)), ModelInfo(model_id))
        await self._learn_version()
        entry = await self._running(model_id) or {}
        return replace(
            shown(base, answer), id=model_id, loaded_context=count(entry.get("context_length"))
        )

    def generate(self, request: GenerationRequest) -> AsyncGenerator[StreamEvent, None]:
        """In turn, and again where that is allowed: see `_attempt`."""
        notices = readable_key(self._config.base_url, self._key)
        return self._turns.in_turn_with_retries(lambda: self._attempt(request), notices)

    async def count_tokens(self, request: GenerationRequest) -> int | None:
        """Ollama has no way to count."""
        del request
        return None

    def preview(self, request: GenerationRequest) -> tuple[WireRequest, ...]:
        """To load the model, to ask how it was loaded, then the chat."""
        try:
            headers = self._headers()
        except AuthFailed:  # the run will say so
            headers = {}
        show = functools.partial(self._transport.preview, headers=headers)
        loading, chat = self._preload(request), self._chat(request)
        return (
            show(Purpose.LOAD, "POST", _CHAT_PATH, loading),
            show(Purpose.LOADED, "GET", _RUNNING_PATH),
            show(Purpose.GENERATE, "POST", _CHAT_PATH, chat),
        )

    async def alive(self) -> bool:
        """It tells its version, also while it loads or reads."""
        try:
            await self._fetch("GET", "/api/version")
        except ProviderError:
            return False
        return True

    async def state(self) -> ServerState:
        """Idle if the model is not loaded any more; otherwise Ollama does not say."""
        with contextlib.suppress(ProviderError):
            answer = await self._fetch("GET", _RUNNING_PATH)
            if self._asked and running(answer, self._asked) is None:
                return ServerState.IDLE
        return ServerState.UNKNOWN

    async def unload(self, model_id: str) -> bool:
        """Free the memory now, not when keep_alive is over."""
        payload: dict[str, Any] = {"model": model_id, "messages": [], "keep_alive": 0}
        payload["stream"] = False
        await self._fetch("POST", "/api/chat", payload, model_id)
        return True

    async def close(self) -> None:
        """Nothing is held between requests."""

    async def _attempt(self, request: GenerationRequest) -> AsyncGenerator[StreamEvent, None]:
        """Load the model by an explicit preload call, then chat."""
        yield PhaseChanged(Phase.CONNECTING)
        self._asked = request.model
        path, headers = _CHAT_PATH, self._headers()
        async with self._transport.stream(path, self._preload(request), headers) as loading:
            await loading.sent()
            yield PhaseChanged(Phase.LOADING)
            await self._loaded(loading, request.model)
        for notice in await self._notices(request):
            yield notice
        async with self._transport.stream(path, self._chat(request), headers) as chat:
            await chat.sent()
            yield PhaseChanged(Phase.READING)
            response = await chat.response()
            if response.status_code != HTTPStatus.OK:
                body = await chat.body()
                raise self._error(response.status_code, body, request.model, response.headers)
            if "json" not in response.headers.get("content-type", ""):
                raise not_a_stream(self._transport.host, response.headers.get("content-type", ""))
            async with contextlib.aclosing(self._events(chat, request.model)) as events:
                async for event in events:
                    yield event

    def _preload(self, request: GenerationRequest) -> dict[str, Any]:
        """The body that loads the model, without a word of the source."""
        return {**self._common(request), "messages": []}

    def _chat(self, request: GenerationRequest) -> dict[str, Any]:
        """The body of the chat."""
        messages = [
            {"role": "system", "content": request.system},
            {"role": "user", "content": request.prompt},
        ]
        return {**self._common(request), **_thinking(request), "messages": messages}

    def _common(self, request: GenerationRequest) -> dict[str, Any]:
        """What preload and chat have in common.

        Without `shift` and with other options the server would load the model a second time.
        """
        wanted = request.parameters
        known = {
            "num_predict": wanted.max_tokens,
            "num_ctx": wanted.context,
            "temperature": wanted.temperature,
            "seed": wanted.seed,
        }
        common: dict[str, Any] = {
            "model": request.model,
            "truncate": False,
            "shift": False,
            "options": {name: value for name, value in known.items() if value is not None},
        }
        if keep := self._config.keep_alive:
            common["keep_alive"] = int(keep) if re.fullmatch(r"-?\d+", keep) else keep
        return common

    async def _loaded(self, loading: Exchange, model: str) -> None:
        response = await loading.response()
        body = await loading.body()
        reply = json_object(body)
        if response.status_code != HTTPStatus.OK or reply is None or "error" in reply:
            raise self._error(response.status_code, body, model, response.headers)

    async def _notices(self, request: GenerationRequest) -> list[Notice]:
        """What the user should know of how the model was loaded."""
        out: list[Notice] = []
        asked = request.parameters.thinking
        if asked not in (None, "off") and "thinking" not in request.capabilities:
            out.append(
                Notice("thinking_ignored", f"“{request.model}” does not think before it answers.")
            )
        entry = await self._running(request.model) or {}
        size, on_gpu = count(entry.get("size")), count(entry.get("size_vram"))
        if size and on_gpu is not None and 0 < on_gpu < size:
            share = round(100 * (1 - on_gpu / size))
            out.append(
                Notice(
                    "partly_on_cpu",
                    f"{share} % of the model does not fit into the graphics memory, so it runs "
                    "slowly. A smaller context or model would be faster.",
                )
            )
        loaded, wanted = count(entry.get("context_length")), request.parameters.context
        if loaded and wanted and loaded < wanted:
            out.append(
                Notice(
                    "smaller_context",
                    f"Ollama loaded the model with a context of {loaded} tokens, not {wanted}.",
                )
            )
        return out

    async def _events(self, chat: Exchange, model: str) -> AsyncGenerator[StreamEvent, None]:
        answer = Answer()
        try:
            async with contextlib.aclosing(lines(chat)) as found:
                async for line in found:
                    for event in (Heartbeat(),) if line is None else answer.line(line):
                        yield event
        except (ReportedError, WireError, ProviderError) as error:
            for event in answer.rest():
                yield event
            raise self._ended_by(error, model) from error
        for event in answer.rest():
            yield event

    def _ended_by(self, error: Exception, model: str) -> ProviderError:
        if isinstance(error, ReportedError):
            return self._error(200, error.line, model)
        if isinstance(error, ProviderError):
            return error
        line = error.line if isinstance(error, WireError) else b""
        said = redacted(line.decode("utf-8", "replace"), self._key())[:_SHOWN_LINE]
        return ServerFailed(
            "protocol",
            f"{self._transport.host} sent something that is not Ollama's stream. What had arrived "
            "is kept.",
            params={"host": self._transport.host},
            detail=f"{error}: {said}" if said else str(error),
        )

    async def _completed(self, model: ModelInfo, limit: asyncio.Semaphore) -> ModelInfo:
        """A listed model with its capabilities, which older servers tell one by one."""
        async with limit:
            with contextlib.suppress(ProviderError):
                return shown(model, await self._fetch("POST", "/api/show", {"model": model.id}))
        return model

    async def _learn_version(self) -> None:
        with contextlib.suppress(ProviderError):
            text = str((await self._fetch("GET", "/api/version")).get("version") or "")
            numbers = re.match(r"v?(\d{1,9})\.(\d{1,9})[\d.]*", text)
            self._strict = bool(numbers) and tuple(map(int, numbers.groups())) >= _STRICT_SINCE
            version = numbers[0] if numbers else "of an unknown version"
            _log.info("Ollama %.30s at %s", version, self._transport.host)

    async def _running(self, model_id: str) -> dict[str, Any] | None:
        """The model's entry among the loaded ones; None if it is not, or nobody says."""
        try:
            return running(await self._fetch("GET", _RUNNING_PATH), model_id)
        except ProviderError:
            return None

    def _headers(self) -> dict[str, str]:
        """A key only for somebody else's machine: an Ollama on this one asks for none."""
        if self._transport.loopback:
            return {}
        host = self._transport.host
        key = key_of(self._key, host=host, variable=KEY_VARIABLE, needed=False)
        return {"authorization": f"Bearer {key}"} if key else {}

    async def _fetch(
        self, method: str, path: str, payload: object = None, model: str = ""
    ) -> dict[str, Any]:
        reply = await self._transport.fetch(method, path, payload, self._headers())
        if reply.status_code != HTTPStatus.OK:
            raise self._error(reply.status_code, reply.content, model, reply.headers)
        return reply_object(reply.content, self._transport.host, reply.content_type)

    def _error(
        self,
        status: int,
        body: bytes | dict[str, Any],
        model: str,
        headers: Mapping[str, str] | None = None,
    ) -> ProviderError:
        host = self._transport.host
        error = status_error(
            status,
            server_words(body, self._key()),
            host=host,
            model=model,
            key_variable=KEY_VARIABLE,
            pull=f"ollama pull {model}",
            headers=headers,
        )
        if status == HTTPStatus.FORBIDDEN:
            # It answers so, without a word, to a name that is not its own machine's.
            refused = AuthFailed(
                "forbidden",
                f"The Ollama at {host} does not answer to this address. Ask it by 127.0.0.1, or "
                "set OLLAMA_HOST on its machine.",
                params={"host": host},
                detail=error.detail,
            )
            refused.status = status
            return refused
        if status == HTTPStatus.UNAUTHORIZED and isinstance(body, bytes) and b"signin_url" in body:
            error.message = (
                f"The Ollama at {host} is not signed in, and “{model}” runs in its cloud. Type "
                "`ollama signin`, or pick a local model."
            )
        return error


def _thinking(request: GenerationRequest) -> dict[str, Any]:
    """The `think` field; a model that cannot think must not be asked to."""
    asked = request.parameters.thinking
    if asked is None or "thinking" not in request.capabilities:
        return {}
    return {"think": {"off": False, "on": True}.get(asked, asked)}
