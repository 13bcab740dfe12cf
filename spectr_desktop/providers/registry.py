"""Which adapter answers to which name; adapters are imported when they are asked for."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, cast

from spectr_desktop.providers.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectr_desktop.providers.base import KeySource, Provider
    from spectr_desktop.providers.egress import EgressGuard
    from spectr_desktop.records.server import ServerConfig

# Name → (title, module, class, variable of its key). Imported lazily: httpx costs 60 ms.
_ADAPTERS = {
    "ollama": ("Ollama", "ollama", "Ollama", "OLLAMA_API_KEY"),
    "anthropic": ("Claude", "anthropic", "Anthropic", "ANTHROPIC_API_KEY"),
    "openai": ("OpenAI-compatible", "openai_compatible", "OpenAICompatible", "OPENAI_API_KEY"),
    "builtin": ("Built-in engine", "builtin", "Builtin", ""),
}


def names() -> tuple[str, ...]:
    """The providers' names, in the order to show them."""
    return tuple(_ADAPTERS)


def title(name: str) -> str:
    """What a person reads for a provider's name."""
    return _ADAPTERS[name][0] if name in _ADAPTERS else name


def environment_key(name: str) -> KeySource:
    """Reads the provider's usual environment variable when asked."""
    variable = _ADAPTERS[name][3]
    return lambda: (os.environ.get(variable, "").strip() or None) if variable else None


def check(name: str) -> None:
    """Nothing, if a provider has this name.

    Raises:
        BadRequest: none has.
    """
    if name not in _ADAPTERS:
        known = ", ".join(_ADAPTERS)
        raise BadRequest(
            "unknown_provider",
            f"There is no provider “{name}”. Choose one of: {known}.",
            params={"provider": name},
        )


def provider(config: ServerConfig, egress: EgressGuard) -> Provider:
    """The adapter for a configuration; all its connections pass the guard.

    Raises:
        BadRequest: no provider has this name, or its address is none.
    """
    check(config.provider)
    _, module, cls, _ = _ADAPTERS[config.provider]
    adapter = getattr(importlib.import_module(f"spectr_desktop.providers.{module}"), cls)
    make = cast("Callable[[ServerConfig, KeySource, EgressGuard], Provider]", adapter)
    return make(config, environment_key(config.provider), egress)
