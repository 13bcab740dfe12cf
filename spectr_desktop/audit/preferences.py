"""What the settings file asks of a run, for whoever has no window."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from spectr_desktop.audit.plan import Limits
from spectr_desktop.errors import SpectrError
from spectr_desktop.providers import registry
from spectr_desktop.records.run import FOLLOW_UPS

if TYPE_CHECKING:
    from spectr_desktop.records.server import ServerConfig
    from spectr_desktop.records.settings import SavedServer
    from spectr_desktop.store.settings import Settings

_PROMPTS = ("quick", *FOLLOW_UPS)


def limits_of(
    settings: Settings,
    context: int | None = None,
    max_tokens: int | None = None,
    thinking: str | None = None,
) -> Limits:
    """What is asked of a run: what was named for it, else what the settings say.

    Args:
        settings: of the program.
        context: in tokens; None if none was named.
        max_tokens: of the answer; None if none was named.
        thinking: how hard the model is asked to think; None if nothing was named.
    """
    get = settings.get
    return Limits(
        context=context or cast("int | None", get("audit.context")),
        max_tokens=max_tokens or cast("int | None", get("audit.max_tokens")),
        thinking=thinking or cast("str | None", get("audit.thinking")),
        temperature=cast("float | None", get("audit.temperature")),
        seed=cast("int | None", get("audit.seed")),
        prompt_versions={
            name: str(version) for name in _PROMPTS if (version := get(f"prompts.{name}"))
        },
    )


def server_named(settings: Settings, name: str, options: ServerConfig) -> ServerConfig:
    """The server of the settings that has this name, or this id.

    Args:
        settings: of the program.
        name: as the list in the settings shows it.
        options: how to ask it, where that was named too; it goes before what the settings say.

    Raises:
        SpectrError: no server, or more than one, has this name, or it is off.
    """
    named = [each for each in settings.servers if each.id == name]
    named = named or [each for each in settings.servers if title_of(each) == name]
    if not named:
        known = ", ".join(title_of(each) for each in settings.servers) or "none"
        raise SpectrError(
            "unknown_server",
            f"The settings have no server “{name}”. Name one of these: {known}.",
            params={"server": name},
        )
    if len(named) > 1:
        ids = ", ".join(each.id for each in named)
        raise SpectrError(
            "unknown_server",
            f"The settings have {len(named)} servers “{name}”. Name one by its id: {ids}.",
            params={"server": name},
        )
    if not named[0].enabled:
        raise SpectrError(
            "server_off",
            f"The server “{name}” is off in the settings. Switch it on or correct it there.",
            params={"server": name},
        )
    config = named[0].config
    return replace(
        config,
        parallel=options.parallel or config.parallel,
        keep_alive=options.keep_alive or config.keep_alive,
        proxy=options.proxy or config.proxy,
        ca_file=options.ca_file or config.ca_file,
    )


def title_of(server: SavedServer) -> str:
    """What the list in the settings shows for a server."""
    return server.config.name or registry.title(server.config.provider)


def enabled_servers(settings: Settings) -> tuple[ServerConfig, ...]:
    """The servers that the user has set up and not switched off, in their order."""
    return tuple(each.config for each in settings.servers if each.enabled)
