"""What servers of chat completions say of themselves: their kind, models, contexts and slots."""

from __future__ import annotations

import enum
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from spectr_desktop.providers.wire import as_object, as_objects, as_strings, json_object
from spectr_desktop.records.server import ModelInfo, ServerState

if TYPE_CHECKING:
    from spectr_desktop.providers.transport import Reply

# What they call the largest context: OpenRouter and Together, Groq, Mistral.
_CONTEXTS = ("context_length", "context_window", "max_context_length")
_THINKING = frozenset({"reasoning", "reasoning_effort"})


class Flavour(enum.Enum):
    """Which server it is, where that matters; UNKNOWN until it has said something."""

    UNKNOWN = "unknown"
    LLAMA_CPP = "llama.cpp"
    VLLM = "vLLM"
    OTHER = "other"


def flavour_of(entries: list[dict[str, Any]]) -> Flavour:
    """The server that a list of models is from; a gateway may list those of several."""
    if not entries:
        return Flavour.UNKNOWN
    owners = {str(entry.get("owned_by")) for entry in entries}
    known = {"llamacpp": Flavour.LLAMA_CPP, "vllm": Flavour.VLLM}
    return known.get(owners.pop(), Flavour.OTHER) if len(owners) == 1 else Flavour.OTHER


def is_llama_server(health: Reply) -> bool:
    """The answer to /health is a llama-server's.

    Others say the same words (mlx_lm), so that the name counts where there is one.
    """
    name = health.headers.get("server")
    if name is None:
        said = json_object(health.content) or {}
        loads = as_object(said.get("error")).get("message") == "Loading model"
        return loads or said.get("status") == "ok"
    return name == "llama.cpp"


def listed(entry: dict[str, Any]) -> ModelInfo:
    """A model of the list."""
    meta = as_object(entry.get("meta"))  # llama.cpp's
    top = as_object(entry.get("top_provider"))  # OpenRouter's
    loaded = _count(meta.get("n_ctx")) or _count(entry.get("max_model_len"))
    limits = [_count(entry.get(name)) for name in _CONTEXTS] + [_count(top.get("context_length"))]
    smallest = min((limit for limit in limits if limit), default=None)
    name = str(entry.get("name") or "")
    offered = as_strings(entry.get("supported_parameters"))
    thinking = {"thinking"} if offered & _THINKING else set[str]()
    return ModelInfo(
        id=str(entry.get("id") or ""),
        label="" if name == entry.get("id") else name,
        context=loaded or smallest or _count(meta.get("n_ctx_train")),
        loaded_context=loaded,
        max_output=_count(top.get("max_completion_tokens"))
        or _count(entry.get("max_completion_tokens")),
        size_bytes=_count(meta.get("size")),
        quantization=str(meta.get("ftype") or ""),
        capabilities=frozenset({"completion"} | thinking) if offered else frozenset(),
    )


def with_props(model: ModelInfo, props: object) -> ModelInfo:
    """The model with the context that llama-server's /props says it is loaded with."""
    fields = as_object(props)
    settings = as_object(fields.get("default_generation_settings"))
    loaded = _count(settings.get("n_ctx")) or _count(fields.get("n_ctx"))
    return replace(model, context=loaded, loaded_context=loaded) if loaded else model


def with_lm_studio(model: ModelInfo, found: object) -> ModelInfo:
    """The model with what LM Studio's own list says of it."""
    for entry in as_objects(as_object(found).get("data")):
        if entry.get("id") == model.id:
            is_loaded = entry.get("state") in ("loaded", None)
            loaded = _count(entry.get("loaded_context_length")) if is_loaded else None
            return replace(
                model,
                context=loaded or _count(entry.get("max_context_length")),
                loaded_context=loaded,
                quantization=str(entry.get("quantization") or ""),
            )
    return model


def slots_state(body: bytes) -> ServerState:
    """What a llama-server does, from its /slots: the most that any slot does."""
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        return ServerState.UNKNOWN
    slots = as_objects(value)
    if not slots or not all(isinstance(slot.get("is_processing"), bool) for slot in slots):
        return ServerState.UNKNOWN
    busy = [slot for slot in slots if slot["is_processing"]]
    if not busy:
        return ServerState.IDLE
    return ServerState.WORKING if any(map(_writes, busy)) else ServerState.READING


def _writes(slot: dict[str, Any]) -> bool:
    """A busy slot is past its prompt.

    While it reads, `n_decoded` is still that of the request before. What it holds is longer than
    what it read once it has written something.
    """
    held, read = slot.get("n_prompt_tokens"), slot.get("n_prompt_tokens_processed")
    if isinstance(held, int) and isinstance(read, int):
        return held > read + (_count(slot.get("n_prompt_tokens_cache")) or 0)
    token = slot.get("next_token")  # of builds that do not tell those
    first = [as_object(token), *as_objects(token)][-1]
    return _count(first.get("n_decoded")) is not None


def _count(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if value > 0 else None
