"""The body of a message: what may be sent to this model, and what was asked for and may not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spectr_desktop.records.events import Notice

if TYPE_CHECKING:
    from spectr_desktop.records.run import GenerationRequest

# Characters; about the smallest prefix that the service keeps. Writing to its cache costs a quarter
# more than reading the same text, so that a prefix which nobody repeats is not worth it.
_LEAST_CACHED = 4096
# Tokens of thinking, for models that want a number; the protocol takes none below the least.
_BUDGETS = {"low": 2048, "on": 8192, "medium": 8192, "high": 16384, "max": 32768}
_LEAST_BUDGET = 1024


def message(request: GenerationRequest) -> tuple[dict[str, Any], list[Notice]]:
    """The body of a streamed message, and a sentence for each wish that is not in it.

    Sampling and thinking are named only to models whose list says that they take them: the others
    refuse the whole request.
    """
    thinking, notices = _thinking(request)
    payload = {
        **_input(request),
        "max_tokens": request.parameters.max_tokens,
        **thinking,
        "stream": True,
    }
    temperature = request.parameters.temperature
    if temperature is None:
        return payload, notices
    thinks = thinking.get("thinking", {}).get("type") in ("adaptive", "enabled")
    if "temperature" not in request.capabilities:
        why = f"The service does not say that “{request.model}” takes a temperature"
    elif thinks and temperature != 1:
        why = f"“{request.model}” takes no temperature while it thinks"
    else:
        payload["temperature"] = temperature
        return payload, notices
    return payload, [*notices, Notice("temperature_ignored", f"{why}, so none was sent.")]


def count(request: GenerationRequest) -> dict[str, Any]:
    """The body of the question how many tokens a message's input has."""
    thinking = _thinking(request)[0].get("thinking")
    return _input(request) | ({"thinking": thinking} if thinking else {})


def _input(request: GenerationRequest) -> dict[str, Any]:
    system = {"system": request.system} if request.system else {}
    content = _content(request.prompt, request.repeated)
    return {
        "model": request.model,
        **system,
        "messages": [{"role": "user", "content": content}],
    }


def _content(prompt: str, repeated: int) -> str | list[dict[str, Any]]:
    """The prompt, its repeated part marked for the cache where that saves something."""
    if repeated < _LEAST_CACHED:
        return prompt
    first, rest = prompt[:repeated], prompt[repeated:]
    if not rest.strip():  # the service takes no blank block
        first, rest = prompt, ""
    cached = {"type": "text", "text": first, "cache_control": {"type": "ephemeral"}}
    return [cached, {"type": "text", "text": rest}] if rest else [cached]


def _thinking(request: GenerationRequest) -> tuple[dict[str, Any], list[Notice]]:
    """The fields `thinking` and `output_config`, as far as the model has them.

    Models that think leave out what they thought unless "display" asks for it.
    """
    level = request.parameters.thinking
    if level is None:
        return {}, []
    return _without_thinking(request) if level == "off" else _with_thinking(request, level)


def _without_thinking(request: GenerationRequest) -> tuple[dict[str, Any], list[Notice]]:
    if "thinking:disabled" in request.capabilities:
        return {"thinking": {"type": "disabled"}}, []
    if "thinking" not in request.capabilities:
        return {}, []
    return {}, _ignored(
        f"The service does not say that the thinking of “{request.model}” can be switched off, so "
        "the model thinks as it usually does."
    )


def _with_thinking(request: GenerationRequest, level: str) -> tuple[dict[str, Any], list[Notice]]:
    model, known = request.model, request.capabilities
    if "thinking:adaptive" in known:
        fields: dict[str, Any] = {"thinking": {"type": "adaptive", "display": "summarized"}}
        if f"effort:{level}" in known:
            return {**fields, "output_config": {"effort": level}}, []
        return fields, [] if level == "on" else _ignored(
            f"The service does not say that “{model}” can be told how hard to think ({level}), so "
            "the model decides that itself."
        )
    if "thinking:enabled" not in known:
        return {}, _ignored(
            f"The service does not say that “{model}” can be asked to think, so the model answers "
            "as it usually does."
        )
    limit = request.parameters.max_tokens
    if limit <= _LEAST_BUDGET:
        return {}, _ignored(
            f"An answer of {limit} tokens at most leaves no room for thinking, so none was asked "
            "for. Allow more tokens."
        )
    # Thinking counts as output: half of the room is left to the answer.
    budget = max(_LEAST_BUDGET, min(_BUDGETS.get(level, _BUDGETS["on"]), limit // 2))
    return {"thinking": {"type": "enabled", "budget_tokens": budget, "display": "summarized"}}, []


def _ignored(sentence: str) -> list[Notice]:
    return [Notice("thinking_ignored", sentence)]
