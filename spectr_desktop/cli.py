"""The same core without a screen: subcommands, their arguments, output and exit status."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from spectr_desktop import __version__, cli_audit, cli_runs, logs, paths
from spectr_desktop.cli_servers import (
    EXIT_COMPLETE,
    EXIT_INTERRUPTED,
    EXIT_OTHER,
    add_server,
    add_settings,
    check_provider,
    keys_of,
    named_server,
    sentence,
    server_options,
    settings_of,
)
from spectr_desktop.errors import SpectrError
from spectr_desktop.records.codec import to_json
from spectr_desktop.terminal import forget_stdout, put, say

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMMANDS = ("audit", "models", "runs")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence and exits with 2."""

    def error(self, message: str) -> NoReturn:
        sentence = message[:1].upper() + message[1:]
        say(f"{sentence.rstrip('.')}. See `{self.prog} --help`.")
        raise SystemExit(EXIT_OTHER)


def is_command(arguments: Sequence[str]) -> bool:
    """The arguments name a subcommand, or ask for nothing but the version or help."""
    return bool(arguments) and (arguments[0] in _COMMANDS or arguments[0] in ("--version", "-V"))


def window_arguments(arguments: Sequence[str]) -> argparse.Namespace | int:
    """The window's arguments; an exit status if they are wrong or only ask for help."""
    parser = _Parser(
        prog="spectr-desktop",
        description="Opens the window. Without a screen use `spectr-desktop audit PATH…`.",
        epilog="Subcommands: audit, models, runs. `spectr-desktop audit --help` says more.",
    )
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="a contract to open")
    add_server(parser)
    parser.add_argument("--version", "-V", action="version", version=_version())
    parser.add_argument("--smoke", action="store_true", help="show the window, then exit")
    try:
        given = parser.parse_args(list(arguments))
        check_provider(given.provider)
    except SystemExit as error:
        return int(error.code or 0)
    except SpectrError as error:
        say(error.message)
        return EXIT_OTHER
    return given


def main(arguments: Sequence[str]) -> int:
    """Run a subcommand; returns the exit status and raises nothing that is expected."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    try:
        given = _parser().parse_args(list(arguments))
    except SystemExit as error:
        return int(error.code or 0)
    logs.start(paths.logs())
    try:
        with asyncio.Runner() as runner:
            return runner.run(given.run(given))
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        forget_stdout()
        return EXIT_OTHER
    except SpectrError as error:
        say(error.message)
        return EXIT_OTHER
    finally:
        logs.stop()


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="spectr-desktop", description="Audits contracts without a screen.")
    parser.add_argument("--version", "-V", action="version", version=_version())
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    cli_audit.add_parser(commands)
    models = commands.add_parser("models", help="list the models that servers offer")
    add_server(models, model=False)
    add_settings(models)
    models.add_argument("--json", action="store_true", help="as JSON")
    models.set_defaults(run=_models)
    cli_runs.add_parser(commands)
    return parser


def _version() -> str:
    return f"Spectr Desktop {__version__}"


async def _models(given: argparse.Namespace) -> int:
    from spectr_desktop.audit import compose, preferences  # noqa: PLC0415  # not for --help

    check_provider(given.provider)
    settings = settings_of(given)
    usual, servers = server_options(given), preferences.enabled_servers(settings)
    named = named_server(given, settings)
    possible = compose.known_configs(None, usual, servers, has_key=lambda _server: True)
    keys = await keys_of((named,) if named else possible)
    configs = (named,) if named else compose.known_configs(None, usual, servers, keys.has)
    egress = compose.EgressGuard(air_gap=given.air_gap)
    offers = [await compose.offer(compose.connect(config, egress, keys)) for config in configs]
    if given.json:
        rows = [
            {"provider": o.config.provider, "base_url": o.config.base_url, **to_json(model)}
            for o in offers
            for model in o.models
        ]
        put(json.dumps(rows, indent=2) + "\n")
    else:
        for found in offers:
            for model in found.models:
                put("\t".join((found.config.provider, *compose.described(model))) + "\n")
    for found in offers:
        if found.error is not None:
            say(sentence(found.error, given))
    return EXIT_COMPLETE if any(found.models for found in offers) else EXIT_OTHER
