"""The adapter for Anthropic's Messages API, and for servers that speak it."""

from __future__ import annotations

import contextlib
import functools
import re
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import httpx

from spectr_desktop.logs import logger
from spectr_desktop.providers import anthropic_request
from spectr_desktop.providers.anthropic_models import LLAMA_SERVER, listed, owner, tokens
from spectr_desktop.providers.anthropic_status import KEY_VARIABLE, Failures, rate_limits
from spectr_desktop.providers.anthropic_stream import Message
from spectr_desktop.providers.errors import AuthFailed, ModelMissing, ProviderError
from spectr_desktop.providers.sse import HEARTBEAT, sse_events
from spectr_desktop.providers.status import key_of, not_a_stream, readable_key, reply_object
from spectr_desktop.providers.transport import Exchange, Service, Transport, checked_url
from spectr_desktop.providers.turns import Turns
from spectr_desktop.providers.wire import as_objects, json_object
from spectr_desktop.records.events import Heartbeat, PhaseChanged
from spectr_desktop.records.request import Purpose
from spectr_desktop.records.run import Phase
from spectr_desktop.records.server import Locality, ModelInfo, ServerConfig, ServerState

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from spectr_desktop.providers.base import KeySource
    from spectr_desktop.providers.egress import EgressGuard
    from spectr_desktop.records.events import StreamEvent
    from spectr_desktop.records.request import WireRequest
    from spectr_desktop.records.run import GenerationRequest

_log = logger(__name__)

_DEFAULT = "https://api.anthropic.com"
_VERSION = "2023-06-01"
_PARALLEL = 4  # requests at a time, where the user does not say
_SERVICE = Service(
    "Anthropic",
    "{host} cannot be reached. Check the network connection, or pick a local model.",
)
_MESSAGE_PATH = "/v1/messages"
_COUNT_PATH = "/v1/messages/count_tokens"
_MOST_PAGES = 50
# The whole source is sent to be counted.
_COUNT_PATIENCE = httpx.Timeout(60.0, connect=5.0)


def address(config: ServerConfig) -> str:
    """The base URL that is really used.

    Raises:
        BadRequest: it is none.
    """
    return checked_url(config.base_url, _DEFAULT)


class Anthropic:
    """The adapter for the Messages API."""

    def __init__(
        self, config: ServerConfig, key: KeySource, egress: EgressGuard | None = None
    ) -> None:
        base_url = address(config)
        self._config = replace(config, base_url=base_url)
        self._transport = Transport(base_url, _SERVICE, egress, config)
        self._turns = Turns(base_url, config.parallel or _PARALLEL)
        self._key = key
        self._failures = Failures(self._transport.host, key)
        self._is_anthropic = urlsplit(base_url).hostname == urlsplit(_DEFAULT).hostname
        self._owners: set[str] = set()  # of the models, as the list has it

    @property
    def config(self) -> ServerConfig:
        """The configuration, with the address that is really used."""
        return self._config

    @property
    def never_cuts(self) -> bool:
        """Anthropic and a llama-server refuse what is too long; of others it is not known."""
        return self._is_anthropic or self._owners == {LLAMA_SERVER}

    def locality(self, model: ModelInfo) -> Locality:
        """Remote, but for a server of this protocol on a loopback port."""
        del model
        return Locality.LOCAL_PORT if self._transport.loopback else Locality.REMOTE

    async def models(self) -> tuple[ModelInfo, ...]:
        """All models that the key may use, newest first."""
        found: dict[str, ModelInfo] = {}
        owners: set[str] = set()
        after = ""
        for _ in range(_MOST_PAGES):
            page = await self._page(after)
            before = len(found)
            for entry in as_objects(page.get("data")):
                owners.add(owner(entry))
                if (model := listed(entry)) is not None:
                    found.setdefault(model.id, model)
            last = page.get("last_id")
            after = last if isinstance(last, str) else ""
            if not (page.get("has_more") and after and len(found) > before):
                break
        else:
            _log.info("%s: the list of models has more than %d pages", self._host, _MOST_PAGES)
        self._owners = owners
        # Anthropic's own list names no owners: who does only speaks its protocol.
        self._failures.cautious = bool(owners - {""}) and not self._is_anthropic
        return tuple(found.values())

    async def model(self, model_id: str) -> ModelInfo:
        """One model of the list, also by its name without the date at its end."""
        models = await self.models()
        dated = re.compile(re.escape(model_id) + r"-\d{8}")
        named = [model for model in models if model.id == model_id]
        for model in named or [model for model in models if dated.fullmatch(model.id)]:
            return model
        raise ModelMissing(
            "model_missing",
            f"{self._host} has no model “{model_id}”. Pick another model.",
            params={"host": self._host, "model": model_id},
        )

    def generate(self, request: GenerationRequest) -> AsyncGenerator[StreamEvent, None]:
        """In turn, and again where that is allowed: see `_attempt`."""
        payload, notices = anthropic_request.message(request)
        notices = (*notices, *readable_key(self._config.base_url, self._key))
        return self._turns.in_turn_with_retries(lambda: self._attempt(payload), notices)

    async def count_tokens(self, request: GenerationRequest) -> int | None:
        """As the service counts; None if it does not, whatever the reason.

        The generation itself will say what is wrong.
        """
        payload = anthropic_request.count(request)
        try:
            response = await self._transport.fetch(
                "POST", _COUNT_PATH, payload, self._headers(), patience=_COUNT_PATIENCE
            )
            if response.status_code != HTTPStatus.OK:
                raise self._failures.before(
                    response.status_code, response.headers, response.content
                )
        except ProviderError as error:
            _log.info("%s: tokens are not counted: %s", self._host, error.code)
            return None
        return tokens((json_object(response.content) or {}).get("input_tokens"))

    def preview(self, request: GenerationRequest) -> tuple[WireRequest, ...]:
        """To count the tokens, then the message."""
        try:
            headers = self._headers()
        except AuthFailed:  # the run will say so
            headers = {"anthropic-version": _VERSION}
        show = functools.partial(self._transport.preview, method="POST", headers=headers)
        counted, (payload, _) = anthropic_request.count(request), anthropic_request.message(request)
        return (
            show(Purpose.COUNT, path=_COUNT_PATH, payload=counted),
            show(Purpose.GENERATE, path=_MESSAGE_PATH, payload=payload),
        )

    async def alive(self) -> bool:
        """A server on this machine answers, whatever it says; a service is not asked."""
        if not self._transport.loopback:
            return True
        try:
            await self._transport.fetch("GET", "/v1/models")
        except ProviderError:
            return False
        return True

    async def state(self) -> ServerState:
        """The protocol has no such question."""
        return ServerState.UNKNOWN

    async def unload(self, model_id: str) -> bool:
        """There is no way to."""
        del model_id
        return False

    async def close(self) -> None:
        """Nothing is held between requests."""

    async def _attempt(self, payload: dict[str, Any]) -> AsyncGenerator[StreamEvent, None]:
        """One message."""
        headers = self._headers()
        model = str(payload["model"])
        yield PhaseChanged(Phase.CONNECTING)
        async with self._transport.stream(_MESSAGE_PATH, payload, headers) as exchange:
            await exchange.sent()
            yield PhaseChanged(Phase.READING)
            response = await exchange.response()
            limits = rate_limits(response.headers)
            if limits is not None:
                yield limits
            if response.status_code != HTTPStatus.OK:
                body = await exchange.body()
                raise self._failures.before(response.status_code, response.headers, body, model)
            message = Message(self._failures, model, response.headers.get("request-id", ""))
            content_type = response.headers.get("content-type", "")
            if "event-stream" not in content_type.lower():
                reply = json_object(await exchange.body()) or {}
                if reply.get("type") != "message" and not reply.get("error"):
                    raise not_a_stream(self._host, content_type)
                for event in message.whole(reply):
                    yield event
                return
            async with contextlib.aclosing(self._events(exchange, message)) as events:
                async for event in events:
                    yield event

    async def _events(
        self, exchange: Exchange, message: Message
    ) -> AsyncGenerator[StreamEvent, None]:
        async with contextlib.aclosing(sse_events(exchange, self._host)) as events:
            async for sse in events:
                if sse is HEARTBEAT:
                    yield Heartbeat()
                    continue
                for event in message.read(sse):
                    yield event
                if message.ended:  # who holds the connection open cannot hold the run open
                    return

    @property
    def _host(self) -> str:
        return self._transport.host

    def _headers(self) -> dict[str, str]:
        """With the key, if there is one.

        Raises:
            AuthFailed: it is missing, or damaged.
        """
        needed = self._config.base_url.startswith("https:") and not self._transport.loopback
        key = key_of(self._key, host=self._host, variable=KEY_VARIABLE, needed=needed)
        return {"anthropic-version": _VERSION, **({"x-api-key": key} if key else {})}

    async def _page(self, after: str) -> dict[str, Any]:
        """One page of the list of models."""
        path = "/v1/models?limit=1000" + (f"&after_id={quote(after, safe='')}" if after else "")
        response = await self._transport.fetch("GET", path, headers=self._headers())
        if response.status_code != HTTPStatus.OK:
            raise self._failures.before(response.status_code, response.headers, response.content)
        return reply_object(response.content, self._host, response.content_type)
