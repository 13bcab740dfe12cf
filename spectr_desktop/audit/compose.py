"""Puts providers, plans, journals and sessions together, for window and command line alike."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spectr_desktop.audit.plan import Limits, RunPlan, plan_run
from spectr_desktop.audit.session import Session
from spectr_desktop.errors import SpectrError
from spectr_desktop.providers import registry
from spectr_desktop.providers.egress import EgressGuard
from spectr_desktop.records.server import ModelInfo, ServerConfig
from spectr_desktop.store.journal import Journal, JournalError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spectr_desktop.providers.base import Provider
    from spectr_desktop.records.events import RunEntry

provider_title = registry.title


def connect(config: ServerConfig, egress: EgressGuard | None = None) -> Provider:
    """The adapter for a server; without a guard of the program's, one that lets it be reached.

    Raises:
        BadRequest: no provider has this name, or its address is none.
    """
    return registry.provider(config, egress or EgressGuard())


@dataclass(frozen=True, slots=True)
class Offer:
    """What one provider offers: its models, or the sentence that says why there are none."""

    config: ServerConfig
    models: tuple[ModelInfo, ...] = ()
    error: SpectrError | None = None


async def offer(provider: Provider) -> Offer:
    """Ask a provider for its models; what goes wrong becomes part of the answer."""
    try:
        models = await provider.models()
    except SpectrError as error:
        return Offer(provider.config, error=error)
    if not models:
        return Offer(provider.config, error=_no_models(provider))
    return Offer(provider.config, models)


def config_for(provider: str, base_url: str, model: str) -> ServerConfig | None:
    """The server that the user named; None where nothing was said.

    A model that is a .gguf file is for the built-in engine.
    """
    is_file = model.lower().endswith(".gguf")
    if not provider and not is_file:
        return None
    name = provider or "builtin"
    return ServerConfig(name, base_url, model if is_file and name == "builtin" else "")


def known_configs(named: ServerConfig | None = None) -> tuple[ServerConfig, ...]:
    """The servers worth asking for models: the named one first, then what needs no setting up.

    A service that needs a key is asked only if its key is there.
    """
    usual = [ServerConfig("ollama"), ServerConfig("builtin")]
    usual += [
        ServerConfig(name)
        for name in ("anthropic", "openai")
        if registry.environment_key(name)() is not None
    ]
    rest = [config for config in usual if named is None or config.provider != named.provider]
    return (named, *rest) if named else tuple(rest)


def described(model: ModelInfo) -> tuple[str, ...]:
    """A model's name and what is known of it, for a table."""
    facts = (
        model.label if model.label != model.id else "",
        model.parameter_size,
        model.quantization,
        f"{model.context} context" if model.context else "",
        "remote" if model.remote else "",
        "practice" if model.practice else "",
    )
    return (model.id, ", ".join(fact for fact in facts if fact))


async def default_config(base_url: str = "") -> tuple[ServerConfig, str]:
    """Whom to ask when the user did not say, and a sentence where that is not Ollama.

    Ollama if it answers; otherwise the practice engine if it is installed; otherwise Ollama
    all the same, so that its own sentence tells how to start it.
    """
    ollama = ServerConfig("ollama", base_url)
    found = await offer(connect(ollama))
    if found.error is None or found.error.code != "unreachable" or base_url:
        return ollama, ""
    builtin = ServerConfig("builtin")
    with contextlib.suppress(SpectrError):
        if await connect(builtin).models():
            return builtin, (
                "No Ollama answers, so the practice engine is used. It shows that the program "
                "works; its findings are worth nothing."
            )
    return ollama, ""


async def choose_model(provider: Provider, name: str) -> ModelInfo:
    """The model of this name, or the first that runs where the provider is if the name is empty.

    Raises:
        SpectrError: the provider does not answer, has no such model, or has none.
    """
    if name:
        return await provider.model(name)
    found = await offer(provider)
    if found.error is not None:
        raise found.error
    # A local server may forward to somebody else's machine: only who names it wants that.
    for model in found.models:
        if not model.remote:
            return await provider.model(model.id)
    raise SpectrError(
        "only_remote",
        f"All models here run on somebody else's machine, “{found.models[0].title}” among them. "
        "Name one with --model if the source may leave this machine.",
        params={"model": found.models[0].title},
    )


def open_session(
    plan: RunPlan, provider: Provider, listener: Callable[[Sequence[RunEntry]], None]
) -> tuple[Session, JournalError | None]:
    """A session that writes its journal; without a place for it, one that runs in memory.

    Returns:
        The session, and why there is no journal, if there is none.
    """
    try:
        journal = Journal(plan.header)
    except JournalError as error:
        return Session(plan, provider, _NoJournal(), listener), error
    return Session(plan, provider, journal, listener), None


class _NoJournal:
    """Keeps nothing: the user has been told that the run is in memory only."""

    def write(self, entries: Sequence[RunEntry]) -> None:
        del entries

    async def close(self) -> None:
        await asyncio.sleep(0)


def _no_models(provider: Provider) -> SpectrError:
    name = registry.title(provider.config.provider)
    remedy = (
        "Get one with `ollama pull NAME`."
        if provider.config.provider == "ollama"
        else "Load one there, or pick another provider."
    )
    return SpectrError("no_models", f"{name} offers no models. {remedy}", params={"provider": name})


__all__ = [
    "Limits",
    "Offer",
    "choose_model",
    "config_for",
    "connect",
    "default_config",
    "described",
    "known_configs",
    "offer",
    "open_session",
    "plan_run",
    "provider_title",
]
