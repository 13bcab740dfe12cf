"""Which adapter answers to which name; adapters are imported when they are asked for."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from spectr_desktop.providers.egress import is_loopback
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


def key_variable(name: str) -> str:
    """The environment variable that usually holds the provider's key; "" for none."""
    return _ADAPTERS[name][3] if name in _ADAPTERS else ""


def address(config: ServerConfig) -> str:
    """The address that is really asked; "" for the engine, and for one that is none.

    Whoever connects to an address that is none says what is wrong with it.
    """
    if not key_variable(config.provider):
        return ""
    module = importlib.import_module(f"spectr_desktop.providers.{_ADAPTERS[config.provider][1]}")
    try:
        return cast("Callable[[ServerConfig], str]", module.address)(config)
    except BadRequest:
        return ""


def key_address(config: ServerConfig) -> str:
    """The address that a server's key is sent to; "" for one that is never sent a key."""
    found = address(config)
    return "" if config.provider == "ollama" and is_loopback(found) else found


def needs_key(config: ServerConfig) -> bool:
    """The server answers nothing without a key, as far as that is known beforehand."""
    found = key_address(config)
    if config.provider == "anthropic":
        return found.startswith("https:") and not is_loopback(found)
    return urlsplit(found).hostname == "api.openai.com"


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


def provider(
    config: ServerConfig, egress: EgressGuard, key_source: KeySource | None = None
) -> Provider:
    """The adapter for a configuration; all its connections pass the guard.

    Args:
        config: who is asked.
        egress: asked before each connection.
        key_source: gives the key of this server; None for the usual environment variable alone.

    Raises:
        BadRequest: no provider has this name, or its address is none.
    """
    check(config.provider)
    _, module, cls, _ = _ADAPTERS[config.provider]
    adapter = getattr(importlib.import_module(f"spectr_desktop.providers.{module}"), cls)
    make = cast("Callable[[ServerConfig, KeySource, EgressGuard], Provider]", adapter)
    return make(config, key_source or environment_key(config.provider), egress)
