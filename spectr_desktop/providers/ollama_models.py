"""What Ollama says of its models, from its tags, show and ps answers."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from spectr_desktop.providers.wire import as_object, as_objects, as_strings
from spectr_desktop.records.server import ModelInfo

_NUM_CTX = re.compile(r"^num_ctx\s+\"?(\d+)\"?\s*$", re.MULTILINE)


def listed(entry: dict[str, Any]) -> ModelInfo:
    """A model of the tags list; capabilities and context are empty on servers before 0.30."""
    details = as_object(entry.get("details"))
    name = str(entry.get("name") or entry.get("model") or "")
    return ModelInfo(
        id=name,
        context=count(details.get("context_length")),
        size_bytes=count(entry.get("size")),
        parameter_size=str(details.get("parameter_size") or ""),
        quantization=str(details.get("quantization_level") or ""),
        digest=str(entry.get("digest") or ""),
        capabilities=as_strings(entry.get("capabilities")),
        remote=_is_cloud(entry, name),
    )


def shown(base: ModelInfo, answer: dict[str, Any]) -> ModelInfo:
    """A model with what the show answer adds: its own context setting above all."""
    info = as_object(answer.get("model_info"))
    family = info.get("general.architecture")
    own = _NUM_CTX.search(str(answer.get("parameters") or ""))
    details = as_object(answer.get("details"))
    return replace(
        base,
        context=count(info.get(f"{family}.context_length")) or base.context,
        own_context=int(own.group(1)) if own else None,
        parameter_size=str(details.get("parameter_size") or base.parameter_size),
        quantization=str(details.get("quantization_level") or base.quantization),
        capabilities=as_strings(answer.get("capabilities")) or base.capabilities,
        remote=base.remote or _is_cloud(answer, base.id),
    )


def running(answer: dict[str, Any], model_id: str) -> dict[str, Any] | None:
    """The entry of a model in a ps answer; None if it is not loaded."""
    for entry in as_objects(answer.get("models")):
        if same(str(entry.get("name") or entry.get("model") or ""), model_id):
            return entry
    return None


def same(name: str, asked: str) -> bool:
    """A name in a list is the one that was asked for, with or without its tag."""
    return name in (asked, f"{asked}:latest")


def count(value: object) -> int | None:
    """A number of something; None if it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _is_cloud(entry: dict[str, Any], name: str) -> bool:
    forwarded = bool(entry.get("remote_host") or entry.get("remote_model"))
    return forwarded or name.endswith((":cloud", "-cloud"))
