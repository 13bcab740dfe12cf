"""One entry of a Messages API's list of models as our record: limits and capabilities."""

from __future__ import annotations

from typing import Any

from spectr_desktop.providers.wire import as_object
from spectr_desktop.records.server import ModelInfo

# Who a llama-server says that its models belong to; Anthropic's own list names nobody.
LLAMA_SERVER = "llamacpp"
_THINKING_TYPES = ("adaptive", "enabled", "disabled")
_EFFORTS = ("low", "medium", "high", "xhigh", "max")


def owner(entry: dict[str, Any]) -> str:
    """Whose the model is, in lists of servers that only speak the protocol; "" in Anthropic's."""
    value = entry.get("owned_by")
    return value if isinstance(value, str) else ""


def listed(entry: dict[str, Any]) -> ModelInfo | None:
    """The model; None if the entry has no id to ask for it by."""
    model_id, label = entry.get("id"), entry.get("display_name")
    if not isinstance(model_id, str) or not model_id:
        return None
    context = entry.get("max_input_tokens")
    if context is None:  # llama-server's list
        context = as_object(entry.get("meta")).get("n_ctx")
    return ModelInfo(
        id=model_id,
        label=label if isinstance(label, str) else "",
        context=tokens(context),
        max_output=tokens(entry.get("max_tokens")),
        capabilities=_capabilities(entry),
    )


def _capabilities(entry: dict[str, Any]) -> frozenset[str]:
    """What the model can do and how it can be asked, as flat words.

    "completion" always; "thinking" with "thinking:<type>"; "effort:<level>"; "temperature".
    """
    given = as_object(entry.get("capabilities"))
    out = {"completion"}
    if _supported(given.get("thinking")):
        types = as_object(as_object(given["thinking"]).get("types"))
        out |= {"thinking"} | {f"thinking:{t}" for t in _THINKING_TYPES if _supported(types.get(t))}
    effort = as_object(given.get("effort"))
    if effort.get("supported", True) is True:
        out |= {f"effort:{level}" for level in _EFFORTS if _supported(effort.get(level))}
    sampling = _supported(given.get("temperature")) or _supported(given.get("sampling"))
    if sampling or owner(entry) == LLAMA_SERVER:  # which lists no capabilities and samples as told
        out.add("temperature")
    return frozenset(out)


def _supported(value: object) -> bool:
    """True, or an object that says so."""
    return value is True or as_object(value).get("supported") is True


def tokens(value: object) -> int | None:
    """A number of tokens; None for anything else, and for none of them."""
    return value if isinstance(value, int) and value > 0 and value is not True else None
