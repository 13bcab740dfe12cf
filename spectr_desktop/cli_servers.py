"""What subcommands have in common: exit statuses, and the arguments that name a server."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

from spectr_desktop.errors import SpectrError
from spectr_desktop.records.run import THINKING, ErrorInfo
from spectr_desktop.records.server import ServerConfig
from spectr_desktop.terminal import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectr_desktop.audit.keys import ServerKeys
    from spectr_desktop.store.settings import Settings

EXIT_COMPLETE = 0
EXIT_FINDINGS = 1
EXIT_OTHER = 2
EXIT_INTERRUPTED = 130
_DETAIL = 300  # characters of a server's own words behind a sentence


def server_options(given: argparse.Namespace) -> ServerConfig:
    """Provider, address and options of servers as they were named."""
    return ServerConfig(
        provider=given.provider,
        base_url=given.base_url,
        parallel=given.parallel,
        keep_alive=given.keep_alive,
        proxy=given.proxy,
        ca_file=given.ca_file,
    )


def add_server(parser: argparse.ArgumentParser, *, model: bool = True) -> None:
    """The arguments that say whom to ask, and for which model."""
    add = parser.add_argument
    add("--provider", default="", help="ollama, anthropic, openai or builtin")
    add("--base-url", default="", metavar="URL", help="with or without /v1")
    add("--air-gap", action="store_true", help="contact nothing but this machine")
    add("--proxy", default="", metavar="URL", help="for servers that are not on this machine")
    add("--ca-file", default="", metavar="FILE", help="authorities to trust too, as PEM")
    add("--parallel", type=_small, metavar="N", help="requests at a time for a server")
    add("--keep-alive", default="", type=_duration, metavar="TIME", help="for Ollama: 30m, 0, -1")
    if model:
        what = "a model's name; for builtin also a .gguf file"
        add("--model", default="", metavar="NAME", help=what)
        add("--thinking", choices=THINKING, metavar="LEVEL", help=", ".join(THINKING))


def add_settings(parser: argparse.ArgumentParser) -> None:
    """What only a subcommand can say about the settings; the window shows them itself."""
    add = parser.add_argument
    add("--server", default="", metavar="NAME", help="a server that is set up in the settings")
    what = "switch off the air-gap mode of the settings"
    add("--no-air-gap", action="store_false", dest="air_gap", help=what)
    parser.set_defaults(air_gap=None, from_settings=False)


def check_provider(name: str) -> None:
    """Refuse a provider that there is none of; "" is none that was named.

    Raises:
        SpectrError: there is no such provider.
    """
    from spectr_desktop.providers import registry  # noqa: PLC0415  # only names, no httpx

    if name:
        registry.check(name)


def settings_of(given: argparse.Namespace) -> Settings:
    """The settings; what is wrong with them is said and no obstacle.

    Their air-gap mode holds where the arguments say nothing of it.
    """
    from spectr_desktop.store.settings import Settings  # noqa: PLC0415  # not for --help

    settings = Settings.load()
    for problem in settings.problems:
        say(problem)
    given.from_settings = given.air_gap is None
    if given.from_settings:
        given.air_gap = bool(settings.get("privacy.air_gap"))
    return settings


def named_server(given: argparse.Namespace, settings: Settings) -> ServerConfig | None:
    """The server that the arguments name; None where they name none."""
    from spectr_desktop.audit import compose, preferences  # noqa: PLC0415  # as above

    usual = server_options(given)
    if not given.server:
        model = getattr(given, "model", "")
        return compose.config_for(given.provider, given.base_url, model, usual)
    if given.provider or given.base_url:
        raise SpectrError(
            "two_servers",
            "A server of the settings has its provider and its address there. Leave --provider and "
            "--base-url out, or --server.",
        )
    return preferences.server_named(settings, given.server, usual)


async def keys_of(servers: Sequence[ServerConfig]) -> ServerKeys:
    """What is saved for these servers; a keychain that stays locked is said and no obstacle."""
    from spectr_desktop.audit.keys import ServerKeys  # noqa: PLC0415  # as above

    keys = ServerKeys()
    try:
        await keys.load(servers)
    except SpectrError as error:
        say(error.message)
    return keys


def sentence(error: SpectrError | ErrorInfo, given: argparse.Namespace) -> str:
    """The sentence; with the server's own words where it sends the reader to them."""
    if error.code == "air_gap" and given.from_settings:
        return f"{error.message} It is on in the settings; --no-air-gap switches it off for once."
    shown = "details" in error.message and error.detail
    said = f" ({error.detail[:_DETAIL]})." if shown else ""
    return error.message.removesuffix(".") + said if said else error.message


def _small(text: str) -> int:
    value = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= value <= 64:  # noqa: PLR2004  # more than any server of one's own answers
        raise argparse.ArgumentTypeError(f"“{text}” is not a number from 1 to 64")
    return value


def _duration(text: str) -> str:
    """As Ollama reads it: seconds, or Go's durations such as 1h30m; negative for ever."""
    if text and not re.fullmatch(r"-?(\d+|(\d+(\.\d+)?(ms|s|m|h))+)", text):
        raise argparse.ArgumentTypeError(f"“{text}” is no time such as 30m, 0 or -1")
    return text
