"""What is asked of a server of chat completions beside a completion; none need know an answer."""

from __future__ import annotations

import functools
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

import httpx

from spectr_desktop.logs import logger
from spectr_desktop.providers.errors import ProviderError, Unreachable
from spectr_desktop.providers.openai_servers import (
    Flavour,
    slots_state,
    with_lm_studio,
    with_props,
)
from spectr_desktop.providers.transport import SHORT
from spectr_desktop.providers.wire import as_object
from spectr_desktop.records.request import Purpose
from spectr_desktop.records.server import ServerState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from spectr_desktop.providers.transport import Transport
    from spectr_desktop.records.request import WireRequest
    from spectr_desktop.records.server import ModelInfo

_log = logger(__name__)

_TEMPLATE_PATH, _TOKENS_PATH = "/apply-template", "/tokenize"
# To count tokens a server reads the whole source.
_COUNTING = httpx.Timeout(60.0, connect=5.0)
# While it reads a prompt, llama-server tells of its slots between two batches only.
_GLANCE = httpx.Timeout(2.0)


class Questions:
    """Asks a server, and takes every failure for "it does not say".

    Args:
        transport: the way to it.
        headers: gives those of a request, with the key.
    """

    def __init__(self, transport: Transport, headers: Callable[[], dict[str, str]]) -> None:
        self._transport = transport
        self._headers = headers

    async def with_context(self, model: ModelInfo, flavour: Flavour) -> ModelInfo:
        """The model with its context, if only another question than the list tells it."""
        if flavour is Flavour.LLAMA_CPP and model.loaded_context is None:
            return with_props(model, await self._ask("GET", f"/props?{_only_loaded(model.id)}"))
        if model.context is None:
            return with_lm_studio(model, await self._ask("GET", "/api/v0/models"))
        return model

    async def token_count(
        self, model: str, messages: list[dict[str, str]], flavour: Flavour
    ) -> int | None:
        """The tokens of the messages in the model's chat template."""
        asked = _with_template(model, messages)
        if flavour is Flavour.VLLM:
            count = as_object(await self._ask("POST", _TOKENS_PATH, asked)).get("count")
            return count if isinstance(count, int) else None
        if flavour is not Flavour.LLAMA_CPP:
            return None
        prompt = as_object(await self._ask("POST", _TEMPLATE_PATH, asked)).get("prompt")
        if not isinstance(prompt, str):
            return None
        text = _as_text(model, prompt)
        tokens: object = as_object(await self._ask("POST", _TOKENS_PATH, text)).get("tokens")
        return len(cast("list[object]", tokens)) or None if isinstance(tokens, list) else None

    def count_preview(
        self,
        model: str,
        messages: list[dict[str, str]],
        flavour: Flavour,
        headers: Mapping[str, str],
    ) -> list[WireRequest]:
        """What `token_count` would send; nothing is sent."""
        show = functools.partial(self._transport.preview, method="POST", headers=headers)
        asked = _with_template(model, messages)
        if flavour is Flavour.VLLM:
            return [show(Purpose.COUNT, path=_TOKENS_PATH, payload=asked)]
        if flavour is not Flavour.LLAMA_CPP:
            return []
        text = _as_text(model, "⟦the answer to the step before⟧")
        return [
            show(Purpose.TEMPLATE, path=_TEMPLATE_PATH, payload=asked),
            show(Purpose.COUNT, path=_TOKENS_PATH, payload=text, exact=False),
        ]

    async def answers(self, flavour: Flavour) -> bool:
        """The server answers, whatever it is."""
        path = "/health" if flavour is Flavour.LLAMA_CPP else "/v1/models"
        try:
            await self._transport.fetch("GET", path)
        except ProviderError:
            return False
        return True

    async def state(self, model: str, flavour: Flavour) -> ServerState:
        """What a llama-server says of its slots; others do not say."""
        if flavour is not Flavour.LLAMA_CPP:
            return ServerState.UNKNOWN
        path = f"/slots?{_only_loaded(model)}"
        try:
            headers = self._headers()
            reply = await self._transport.fetch("GET", path, headers=headers, patience=_GLANCE)
        except Unreachable as error:
            is_late = not error.repeatable  # somebody is there
            reads = is_late and await self.answers(flavour)
            return ServerState.READING if reads else ServerState.UNKNOWN
        except ProviderError:
            return ServerState.UNKNOWN
        if reply.status_code != HTTPStatus.OK:
            return ServerState.UNKNOWN
        return slots_state(reply.content)

    async def _ask(self, method: str, path: str, payload: object = None) -> object:
        """The JSON value of the answer; None if there is none."""
        name = path.partition("?")[0]
        patience = SHORT if payload is None else _COUNTING
        try:
            headers = self._headers()
            reply = await self._transport.fetch(method, path, payload, headers, patience=patience)
        except ProviderError as error:
            _log.info("%s: %s", name, error.code)
            return None
        if reply.status_code != HTTPStatus.OK:
            _log.info("%s: HTTP %d", name, reply.status_code)
            return None
        try:
            return json.loads(reply.content)
        except (ValueError, RecursionError):
            return None


def _with_template(model: str, messages: list[dict[str, str]]) -> dict[str, object]:
    return {"model": model, "messages": messages}


def _as_text(model: str, prompt: str) -> dict[str, object]:
    # The template leaves out the first token where the tokenizer puts it there.
    return {"model": model, "content": prompt, "add_special": True}


def _only_loaded(model: str) -> str:
    """For a llama-server of several models: which one is meant, and that it is not loaded now."""
    return f"model={quote(model, safe='')}&autoload=false"
