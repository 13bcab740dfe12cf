"""Puts providers, plans, journals and sessions together, for window and command line alike."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from spectr_desktop.audit.plan import FollowUp, Limits, RunPlan, plan_counted, plan_run
from spectr_desktop.audit.session import Session
from spectr_desktop.audit.unsaved_runs import UnsavedRuns
from spectr_desktop.errors import SpectrError
from spectr_desktop.providers import registry
from spectr_desktop.providers.egress import EgressGuard
from spectr_desktop.records.server import ModelInfo, ServerConfig, ServerState
from spectr_desktop.store.estimates import Estimates
from spectr_desktop.store.journal import Journal

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from spectr_desktop.audit.keys import ServerKeys
    from spectr_desktop.providers.base import Provider
    from spectr_desktop.records.events import RunEntry
    from spectr_desktop.records.request import WireRequest
    from spectr_desktop.records.run import CellResult
    from spectr_desktop.store.journal import JournalError

provider_title = registry.title
_STATE_QUESTIONS = 60
_STATE_PAUSE_S = 1.0
_STATE_SILENT = 3  # a server that has said nothing so often will not say anything


def connect(
    config: ServerConfig, egress: EgressGuard | None = None, keys: ServerKeys | None = None
) -> Provider:
    """The adapter for a server; without a guard of the program's, one that lets it be reached.

    Without keys that were loaded, the provider's usual environment variable is all that is read.

    Raises:
        BadRequest: no provider has this name, or its address is none.
    """
    source = keys.source(config) if keys is not None else None
    return registry.provider(config, egress or EgressGuard(), source)


def preview(plan: RunPlan, provider: Provider) -> tuple[WireRequest, ...]:
    """All that a run of this plan would send, in order; nothing is sent to tell it.

    After it has counted tokens, a server with little room left is asked for a shorter answer
    than is shown here.
    """
    sent = [planned.request for planned in plan.requests if planned.refused is None]
    return tuple(shown for request in sent for shown in provider.preview(request))


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


def config_for(
    provider: str, base_url: str, model: str, usual: ServerConfig | None = None
) -> ServerConfig | None:
    """The server that the user named; None where nothing was said.

    A model that is a .gguf file is for the built-in engine.

    Args:
        provider: its name, "" if none was given.
        base_url: its address, "" if none was given.
        model: what was asked for.
        usual: the other options that were given.
    """
    is_file = model.lower().endswith(".gguf")
    if not provider and not is_file:
        return None
    name = provider or "builtin"
    file = model if is_file and name == "builtin" else ""
    return replace(usual or ServerConfig(""), provider=name, base_url=base_url, model_file=file)


def known_configs(
    named: ServerConfig | None = None,
    usual: ServerConfig | None = None,
    servers: Sequence[ServerConfig] = (),
    has_key: Callable[[ServerConfig], bool] | None = None,
) -> tuple[ServerConfig, ...]:
    """The servers worth asking for models.

    The named one first, then those that the user has set up, then what needs no setting up. A
    service that needs a key is asked only if its key is there.

    Args:
        named: the one that the user named.
        usual: options for all that need no setting up.
        servers: the ones that the user has set up, in their order.
        has_key: whether there is a key for a server; None looks at the environment alone.
    """
    there = has_key or _has_environment_key
    base = usual or ServerConfig("")
    chosen = [named] if named else []
    chosen += [server for server in servers if not registry.needs_key(server) or there(server)]
    known = {
        (server.provider, registry.address(server), server.model_file)
        for server in chosen[bool(named) :]
    }
    for name in ("ollama", "builtin", "anthropic", "openai"):
        config = replace(base, provider=name)
        wants_key = name in ("anthropic", "openai")
        if (
            (named is None or name != named.provider)
            and (name, registry.address(config), config.model_file) not in known
            and (not wants_key or there(config))
        ):
            chosen.append(config)
    return tuple(dict.fromkeys(chosen))


def _has_environment_key(config: ServerConfig) -> bool:
    return bool(registry.environment_key(config.provider)())


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


async def default_config(
    base_url: str = "", usual: ServerConfig | None = None, egress: EgressGuard | None = None
) -> tuple[ServerConfig, str]:
    """Whom to ask when the user did not say, and a sentence where that is not Ollama.

    Ollama if it answers; otherwise the practice engine if it is installed; otherwise Ollama
    all the same, so that its own sentence tells how to start it.
    """
    base = usual or ServerConfig("")
    ollama = replace(base, provider="ollama", base_url=base_url)
    found = await offer(connect(ollama, egress))
    if found.error is None or found.error.code != "unreachable" or base_url:
        return ollama, ""
    builtin = replace(base, provider="builtin")
    with contextlib.suppress(SpectrError):
        if await connect(builtin, egress).models():
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
    plan: RunPlan,
    provider: Provider,
    listener: Callable[[Sequence[RunEntry]], None],
    unsaved: UnsavedRuns | None = None,
) -> tuple[Session, JournalError | None]:
    """A session that writes its journal; without a place for it, one that runs in memory.

    Either may change: the session's `unsaved` says how it is. Call it where the loop runs.

    Args:
        plan: what to send.
        provider: who answers.
        listener: called with each batch of entries, on the loop's thread.
        unsaved: who has to know what is not saved when the program ends.

    Returns:
        The session, and why the journal cannot be written yet, if it cannot.
    """
    header, estimates = plan.header, Estimates()
    key = "|".join((header.provider, header.base_url, header.model.id, header.model.digest))

    def learn(result: CellResult) -> None:
        if result.timings.loading_ms is not None or result.timings.reading_ms is not None:
            estimates.learn(key, result.timings, result.usage.input)

    # One request after another is waited for: none of them is longer than this one.
    cells = [planned.cell for planned in plan.requests if planned.refused is None]
    tokens = max((cell.counted_input or cell.estimated_input for cell in cells), default=0)
    expected = estimates.expected(key, tokens)
    journal = Journal(header)
    failure = journal.error
    session = Session(
        plan, provider, journal, listener, unsaved=failure, expected=expected, learn=learn
    )
    journal.watch(session.saving_changed)
    if unsaved is not None:
        unsaved.add(header.title, journal)
    return session, failure


async def after_stop(provider: Provider) -> AsyncGenerator[ServerState, None]:
    """What the server does after a request to it was stopped: each change, until it is idle.

    Servers notice late that nobody listens (llama-server at the end of a batch), so that it is
    asked for a minute.
    """
    shown: ServerState | None = None
    silent = 0
    for _ in range(_STATE_QUESTIONS):
        state = await provider.state()
        silent = silent + 1 if state is ServerState.UNKNOWN else 0
        if state is not shown:
            shown = state
            yield state
        if state is ServerState.IDLE or silent == _STATE_SILENT:
            return
        await asyncio.sleep(_STATE_PAUSE_S)
    if shown is not ServerState.UNKNOWN:
        yield ServerState.UNKNOWN


def _no_models(provider: Provider) -> SpectrError:
    name = registry.title(provider.config.provider)
    remedy = (
        "Get one with `ollama pull NAME`."
        if provider.config.provider == "ollama"
        else "Load one there, or pick another provider."
    )
    return SpectrError("no_models", f"{name} offers no models. {remedy}", params={"provider": name})


__all__ = [
    "EgressGuard",
    "FollowUp",
    "Limits",
    "Offer",
    "UnsavedRuns",
    "after_stop",
    "choose_model",
    "config_for",
    "connect",
    "default_config",
    "described",
    "known_configs",
    "offer",
    "open_session",
    "plan_counted",
    "plan_run",
    "preview",
    "provider_title",
]
