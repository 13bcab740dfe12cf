"""Chat completions as OpenAI defined them and llama.cpp, vLLM, LM Studio and others speak them."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from spectr_desktop.providers.errors import AuthFailed, BadRequest, ModelMissing, ProviderError
from spectr_desktop.providers.openai_errors import KEY_VARIABLE, Failures
from spectr_desktop.providers.openai_limits import rate_limits
from spectr_desktop.providers.openai_questions import Questions
from spectr_desktop.providers.openai_servers import Flavour, flavour_of, is_llama_server, listed
from spectr_desktop.providers.openai_stream import answer_events
from spectr_desktop.providers.status import key_of, readable_key, reply_object
from spectr_desktop.providers.transport import Service, Transport, checked_url
from spectr_desktop.providers.turns import Turns
from spectr_desktop.providers.wire import as_objects
from spectr_desktop.records.events import Notice, PhaseChanged, RateLimitsReported, StreamEvent
from spectr_desktop.records.request import Purpose
from spectr_desktop.records.run import GenerationRequest, Phase
from spectr_desktop.records.server import Locality, ModelInfo, ServerConfig, ServerState

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from spectr_desktop.providers.base import KeySource
    from spectr_desktop.providers.egress import EgressGuard
    from spectr_desktop.records.request import WireRequest

_DEFAULT = "http://127.0.0.1:8080"
_MODELS_PATH, _HEALTH_PATH = "/v1/models", "/health"
_COMPLETION_PATH = "/v1/chat/completions"
_PARALLEL = 4  # requests at a time, where the user does not say
_SERVICE = Service(
    "the server",
    "No model server answers at {host}. Start it, correct the address, or pick another provider.",
)
_HEALTH_PAUSE_S = 0.25
_EFFORTS = ("low", "medium", "high")
_STRICT = (Flavour.LLAMA_CPP, Flavour.VLLM)


def address(config: ServerConfig) -> str:
    """The base URL that is really used.

    Raises:
        BadRequest: it is none.
    """
    return checked_url(config.base_url, _DEFAULT)


class OpenAICompatible:
    """The adapter for chat completions.

    Args:
        config: who is asked.
        key: gives the key, for servers that want one.
        egress: asked before each connection.
        flavour: which server it is, if that is known beforehand.
    """

    def __init__(
        self,
        config: ServerConfig,
        key: KeySource,
        egress: EgressGuard | None = None,
        *,
        flavour: Flavour = Flavour.UNKNOWN,
    ) -> None:
        base_url = address(config)
        self._config = replace(config, base_url=base_url)
        self._transport = Transport(base_url, _SERVICE, egress, config)
        self._turns = Turns(base_url, config.parallel or _PARALLEL)
        self._questions = Questions(self._transport, self._headers)
        self._key = key
        self._flavour = flavour
        self._asked = ""  # the model of the last request

    @property
    def config(self) -> ServerConfig:
        """The configuration, with the address that is really used."""
        return self._config

    @property
    def never_cuts(self) -> bool:
        """llama-server and vLLM refuse what is too long; of others it is not known."""
        return self._flavour in _STRICT

    def locality(self, model: ModelInfo) -> Locality:
        """Remote, or a loopback port behind which anything may be."""
        del model
        return Locality.LOCAL_PORT if self._transport.loopback else Locality.REMOTE

    async def models(self) -> tuple[ModelInfo, ...]:
        """The models that the server lists."""
        reply = await self._transport.fetch("GET", _MODELS_PATH, headers=self._headers())
        if reply.status_code != HTTPStatus.OK:
            raise self._failures("", reply.headers).refused(reply.status_code, reply.content)
        found = reply_object(reply.content, self._transport.host, reply.content_type)
        # Ollama's list without models is null.
        entries = as_objects(found.get("data"))
        flavour = flavour_of(entries)
        if self._flavour is Flavour.UNKNOWN or flavour in _STRICT:
            self._flavour = flavour
        return tuple(model for model in map(listed, entries) if model.id)

    async def model(self, model_id: str) -> ModelInfo:
        """One model of the list, with its context; a server without a list is believed to have it.

        The list may not tell the context: then the server's own questions are tried.
        """
        try:
            models = await self.models()
        except BadRequest as error:
            if error.code != "not_found":
                raise
            return ModelInfo(model_id)
        model = next((model for model in models if model.id == model_id), None)
        if model is None:
            raise ModelMissing(
                "model_missing",
                f"{self._transport.host} has no model “{model_id}”. Pick another model.",
                params={"host": self._transport.host, "model": model_id},
            )
        return await self._questions.with_context(model, self._flavour)

    def generate(self, request: GenerationRequest) -> AsyncGenerator[StreamEvent, None]:
        """In turn, and again where that is allowed: see `_attempt`."""
        self._asked = request.model
        notices = readable_key(self._config.base_url, self._key)
        thinking = request.parameters.thinking
        if thinking is not None and _effort(request) is None:
            ignored = Notice(
                "thinking_ignored",
                f"{self._transport.host} offers no way to set thinking to “{thinking}” for "
                f"“{request.model}”, so this was left out.",
            )
            notices = (ignored, *notices)
        return self._turns.in_turn_with_retries(lambda: self._attempt(request), notices)

    async def count_tokens(self, request: GenerationRequest) -> int | None:
        """With the chat template, as llama-server and vLLM count; others have no such question."""
        if self._flavour is Flavour.UNKNOWN:
            with contextlib.suppress(ProviderError):
                await self.models()
        return await self._questions.token_count(request.model, _messages(request), self._flavour)

    def preview(self, request: GenerationRequest) -> tuple[WireRequest, ...]:
        """What counts the tokens where the server can, what asks for its health, the completion."""
        try:
            headers = self._headers()
        except AuthFailed:  # the run will say so
            headers = {}
        show = self._transport.preview
        steps: list[WireRequest] = []
        if self._flavour is Flavour.UNKNOWN:
            steps.append(show(Purpose.MODELS, "GET", _MODELS_PATH, headers=headers))
        messages = _messages(request)
        steps += self._questions.count_preview(request.model, messages, self._flavour, headers)
        if self._asks_health():
            steps.append(show(Purpose.READY, "GET", _HEALTH_PATH))
        payload = self._payload(request)
        return (*steps, show(Purpose.GENERATE, "POST", _COMPLETION_PATH, payload, headers))

    async def alive(self) -> bool:
        """A server on this machine, or a llama-server, answers; other remote ones are not asked."""
        if self._flavour is Flavour.LLAMA_CPP or self._transport.loopback:
            return await self._questions.answers(self._flavour)
        return True

    async def state(self) -> ServerState:
        """What a llama-server does; others do not say."""
        return await self._questions.state(self._asked, self._flavour)

    async def unload(self, model_id: str) -> bool:
        """There is no way to."""
        del model_id
        return False

    async def close(self) -> None:
        """Nothing is held between requests."""

    async def _attempt(self, request: GenerationRequest) -> AsyncGenerator[StreamEvent, None]:
        """One completion."""
        yield PhaseChanged(Phase.CONNECTING)
        if self._asks_health():
            async with contextlib.aclosing(self._healthy()) as loading:
                async for event in loading:
                    yield event
        payload, headers = self._payload(request), self._headers()
        async with self._transport.stream(_COMPLETION_PATH, payload, headers) as exchange:
            await exchange.sent()
            yield PhaseChanged(Phase.READING)
            response = await exchange.response()
            if limits := rate_limits(response.headers, datetime.datetime.now(datetime.UTC)):
                yield RateLimitsReported(limits)
            failures = self._failures(request.model, response.headers)
            if response.status_code != HTTPStatus.OK:
                raise failures.refused(response.status_code, await exchange.body())
            content_type = response.headers.get("content-type", "")
            answer = answer_events(exchange, content_type, failures)
            async with contextlib.aclosing(answer) as events:
                async for event in events:
                    yield event

    def _asks_health(self) -> bool:
        """Not of other servers: LiteLLM's answer to this question asks all its models something."""
        known = self._flavour is not Flavour.UNKNOWN
        return self._flavour is Flavour.LLAMA_CPP if known else self._transport.loopback

    async def _healthy(self) -> AsyncGenerator[StreamEvent, None]:
        """Wait while a llama-server loads its model.

        Raises:
            ProviderError: nobody is there.
        """
        loading = False
        while True:
            try:
                reply = await self._transport.fetch("GET", _HEALTH_PATH)
            except ProviderError as error:
                if error.repeatable:
                    raise
                return  # busy (some answer nothing while they read a prompt): the request waits
            if self._flavour is Flavour.UNKNOWN and is_llama_server(reply):
                self._flavour = Flavour.LLAMA_CPP
            loads = reply.status_code == HTTPStatus.SERVICE_UNAVAILABLE
            if not (loads and self._flavour is Flavour.LLAMA_CPP):
                return
            if not loading:
                loading = True
                yield PhaseChanged(Phase.LOADING)
            await asyncio.sleep(_HEALTH_PAUSE_S)

    def _payload(self, request: GenerationRequest) -> dict[str, Any]:
        # The name that OpenAI's newer models insist on; other servers know the old one.
        official = urlsplit(self._config.base_url).hostname == "api.openai.com"
        limit = "max_completion_tokens" if official else "max_tokens"
        wanted = {
            "temperature": request.parameters.temperature,
            "seed": request.parameters.seed,
            "reasoning_effort": _effort(request),
        }
        return {
            "model": request.model,
            "messages": _messages(request),
            limit: request.parameters.max_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
            **{name: value for name, value in wanted.items() if value is not None},
        }

    def _headers(self) -> dict[str, str]:
        # Servers of one's own ask for none: whoever wants a key says so.
        host = self._transport.host
        key = key_of(self._key, host=host, variable=KEY_VARIABLE, needed=False)
        return {"authorization": f"Bearer {key}"} if key else {}

    def _failures(self, model: str, headers: Mapping[str, str]) -> Failures:
        return Failures(self._transport.host, self._key, model, headers)


def _messages(request: GenerationRequest) -> list[dict[str, str]]:
    return [
        {"role": "system", "content": request.system},
        {"role": "user", "content": request.prompt},
    ]


def _effort(request: GenerationRequest) -> str | None:
    """How hard the model is asked to think; None where that cannot be asked."""
    thinking = request.parameters.thinking
    return thinking if thinking in _EFFORTS and "thinking" in request.capabilities else None
