"""The same core without a screen: subcommands, their arguments, output and exit status."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from spectr_desktop import __version__, cli_runs, logs, paths
from spectr_desktop.errors import SpectrError
from spectr_desktop.records.codec import to_json
from spectr_desktop.records.grades import Severity
from spectr_desktop.records.run import THINKING, CompleteInput, ErrorInfo, Outcome
from spectr_desktop.records.server import ServerConfig
from spectr_desktop.terminal import EventOutput, TextOutput, forget_stdout, put, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectr_desktop.audit.keys import ServerKeys
    from spectr_desktop.audit.session import Session
    from spectr_desktop.records.run import RunResult
    from spectr_desktop.store.settings import Settings

_COMMANDS = ("audit", "models", "runs")
EXIT_COMPLETE = 0
EXIT_FINDINGS = 1
EXIT_OTHER = 2
EXIT_INTERRUPTED = 130
_DETAIL = 300  # characters of a server's own words behind a sentence


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
    _add_server(parser)
    parser.add_argument("--version", "-V", action="version", version=_version())
    parser.add_argument("--smoke", action="store_true", help="show the window, then exit")
    try:
        given = parser.parse_args(list(arguments))
        _check_provider(given.provider)
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
    audit = commands.add_parser("audit", help="write a report on contracts to standard output")
    audit.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a contract")
    _add_server(audit)
    _add_settings(audit)
    audit.add_argument("--audit", choices=["quick"], default="quick", help="kind of audit")
    audit.add_argument(
        "--output",
        action="append",
        type=Path,
        default=[],
        metavar="FILE",
        help="write a file too, by its suffix: .md, .json, .sarif or .csv",
    )
    audit.add_argument("--format", choices=["markdown", "events"], default="markdown")
    levels = [severity.value for severity in Severity]
    what = "exit with 1 if a finding is that bad or worse: " + ", ".join(levels)
    audit.add_argument("--fail-on", choices=levels, metavar="SEVERITY", help=what)
    audit.add_argument("--context", type=_tokens, metavar="N", help="context in tokens")
    audit.add_argument("--max-tokens", type=_tokens, metavar="N", help="longest answer in tokens")
    audit.set_defaults(run=_audit)
    models = commands.add_parser("models", help="list the models that servers offer")
    _add_server(models, model=False)
    _add_settings(models)
    models.add_argument("--json", action="store_true", help="as JSON")
    models.set_defaults(run=_models)
    cli_runs.add_parser(commands)
    return parser


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


def _add_server(parser: argparse.ArgumentParser, *, model: bool = True) -> None:
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


def _add_settings(parser: argparse.ArgumentParser) -> None:
    """What only a subcommand can say about the settings; the window shows them itself."""
    add = parser.add_argument
    add("--server", default="", metavar="NAME", help="a server that is set up in the settings")
    what = "switch off the air-gap mode of the settings"
    add("--no-air-gap", action="store_false", dest="air_gap", help=what)
    parser.set_defaults(air_gap=None, from_settings=False)


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


def _tokens(text: str) -> int:
    value = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= value <= 100_000_000:  # noqa: PLR2004  # more is a slip of the finger
        raise argparse.ArgumentTypeError(f"“{text}” is not a number of tokens")
    return value


def _version() -> str:
    return f"Spectr Desktop {__version__}"


def _check_provider(name: str) -> None:
    from spectr_desktop.providers import registry  # noqa: PLC0415  # only names, no httpx

    if name:
        registry.check(name)


async def _models(given: argparse.Namespace) -> int:
    from spectr_desktop.audit import compose, preferences  # noqa: PLC0415  # not for --help

    _check_provider(given.provider)
    settings = _settings(given)
    usual, servers = server_options(given), preferences.enabled_servers(settings)
    named = _named_server(given, settings)
    possible = compose.known_configs(None, usual, servers, has_key=lambda _server: True)
    keys = await _keys((named,) if named else possible)
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
            say(_sentence(found.error, given))
    return EXIT_COMPLETE if any(found.models for found in offers) else EXIT_OTHER


async def _audit(given: argparse.Namespace) -> int:
    output = EventOutput() if given.format == "events" else TextOutput()
    try:
        return await _audited(given, output)
    except SpectrError as error:
        output.ended(Outcome.FAILED, error)
        say(_sentence(error, given))
        return EXIT_OTHER
    except asyncio.CancelledError:  # Ctrl+C while the server was asked for its models
        output.ended(Outcome.STOPPED)
        raise


async def _audited(given: argparse.Namespace, output: TextOutput) -> int:
    from spectr_desktop.audit import after_run, compose, preferences, sources  # noqa: PLC0415

    _check_provider(given.provider)
    _check_outputs(given.output)
    settings = _settings(given)
    root, files = sources.read_sources(given.paths)
    usual, egress = server_options(given), compose.EgressGuard(air_gap=given.air_gap)
    config = _named_server(given, settings)
    if config is None:
        config, notice = await compose.default_config(given.base_url, usual, egress)
        if notice:
            say(notice)
    provider = compose.connect(config, egress, await _keys((config,)))
    try:
        model = await compose.choose_model(provider, "" if config.model_file else given.model)
        egress.check_model(model, provider.locality(model))
        named = (given.context, given.max_tokens, given.thinking)
        limits = preferences.limits_of(settings, *named)
        plan = await compose.plan_counted(files, model, provider, limits, root=str(root))
        session, no_journal = compose.open_session(plan, provider, output.show)
        if no_journal is not None:
            say(no_journal.message)
        result, interrupted = await _run(session, output)
        state = await after_run.server_sentence(provider) if interrupted else ""
    finally:
        await provider.close()
    status = _finish(session, result, given, state)
    try:
        await after_run.give_to_project(session)
    except SpectrError as error:
        say(f"The findings were not added to the project's. {error.message}")
    if interrupted:
        return EXIT_INTERRUPTED
    fails = given.fail_on and after_run.has_finding(session, Severity(given.fail_on))
    return EXIT_FINDINGS if status == EXIT_COMPLETE and fails else status


def _settings(given: argparse.Namespace) -> Settings:
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


def _named_server(given: argparse.Namespace, settings: Settings) -> ServerConfig | None:
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


async def _keys(servers: Sequence[ServerConfig]) -> ServerKeys:
    """What is saved for these servers; a keychain that stays locked is said and no obstacle."""
    from spectr_desktop.audit.keys import ServerKeys  # noqa: PLC0415  # as above

    keys = ServerKeys()
    try:
        await keys.load(servers)
    except SpectrError as error:
        say(error.message)
    return keys


async def _run(session: Session, output: TextOutput) -> tuple[RunResult, bool]:
    """Run the session; Ctrl+C and SIGTERM stop it, and so does a reader that went away."""
    loop = asyncio.get_running_loop()
    interrupted = False

    def stop() -> None:
        nonlocal interrupted
        interrupted = True
        session.cancel()

    output.reader_gone = session.cancel
    # On Windows a loop takes no signals: there Ctrl+C cancels this coroutine.
    handled = (signal.SIGINT, signal.SIGTERM) if sys.platform != "win32" else ()
    for name in handled:
        loop.add_signal_handler(name, stop)
    try:
        return await session.run(), interrupted
    finally:
        for name in handled:
            loop.remove_signal_handler(name)


def _finish(session: Session, result: RunResult, given: argparse.Namespace, state: str) -> int:
    """Write the outputs and say how the run ended, and after Stop what the server does."""
    from spectr_desktop.project.scope import nsloc  # noqa: PLC0415
    from spectr_desktop.records.report import ReportKind  # noqa: PLC0415
    from spectr_desktop.report.export.assembly import report_of  # noqa: PLC0415
    from spectr_desktop.report.export.formats import exported  # noqa: PLC0415
    from spectr_desktop.report.export.stamps import PARTLY_READ, PRACTICE, STAMPS  # noqa: PLC0415

    header, findings = session.plan.header, session.findings.findings()
    report = report_of(header, result, findings, kind=ReportKind.WORKING, nsloc=nsloc)
    kept_in = paths.runs() / header.id
    written = [_write(path, exported(report, path.suffix), kept_in) for path in given.output]
    if session.plan.header.model.practice:
        say(PRACTICE)
    if any(cell.complete_input is CompleteInput.NO for cell in result.cells):
        say(PARTLY_READ)
    if not result.outcome.finished:
        sentence = _sentence(result.error, given) if result.error else STAMPS[result.outcome]
        say(f"{sentence} {state}".strip())
    return EXIT_COMPLETE if result.outcome.finished and all(written) else EXIT_OTHER


def _sentence(error: SpectrError | ErrorInfo, given: argparse.Namespace) -> str:
    """The sentence; with the server's own words where it sends the reader to them."""
    if error.code == "air_gap" and given.from_settings:
        return f"{error.message} It is on in the settings; --no-air-gap switches it off for once."
    shown = "details" in error.message and error.detail
    said = f" ({error.detail[:_DETAIL]})." if shown else ""
    return error.message.removesuffix(".") + said if said else error.message


def _write(path: Path, raw: bytes, run: Path) -> bool:
    """Write one output; False, and a sentence, if that cannot be done."""
    try:
        paths.write_atomically(Path(os.path.realpath(path)), raw)
    except OSError as error:
        reason = error.strerror or error
        say(f"{path} cannot be written ({reason}). The answer is kept in {run}.")
        return False
    return True


def _check_outputs(outputs: Sequence[Path]) -> None:
    """Refuse what could not be written before half an hour is spent on it."""
    from spectr_desktop.report.export.formats import check_suffix  # noqa: PLC0415

    for path in outputs:
        check_suffix(str(path), path.suffix)
        if not path.absolute().parent.is_dir() or path.is_dir():
            raise SpectrError(
                "bad_output",
                f"{path} cannot be written: its folder is missing or it is a folder itself.",
                params={"path": str(path)},
            )
