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
from spectr_desktop.records.server import ServerConfig, ServerState
from spectr_desktop.terminal import EventOutput, TextOutput, forget_stdout, put, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectr_desktop.audit.keys import ServerKeys
    from spectr_desktop.audit.session import Session
    from spectr_desktop.providers.base import Provider
    from spectr_desktop.records.run import RunResult
    from spectr_desktop.records.source import SourceFile

_COMMANDS = ("audit", "models", "runs")
EXIT_COMPLETE = 0
EXIT_FINDINGS = 1
EXIT_OTHER = 2
EXIT_INTERRUPTED = 130
_SUFFIXES = (".md",)
_STATE_PATIENCE_S = 3.0
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
    audit.add_argument("--audit", choices=["quick"], default="quick", help="kind of audit")
    audit.add_argument(
        "--output", action="append", type=Path, default=[], metavar="FILE", help="write FILE.md too"
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
    from spectr_desktop.audit import compose  # noqa: PLC0415  # httpx is not needed for --help

    _check_provider(given.provider)
    usual = server_options(given)
    named = compose.config_for(given.provider, given.base_url, "", usual)
    possible = compose.known_configs(None, usual, has_key=lambda _server: True)
    keys = await _keys((named,) if named else possible)
    configs = (named,) if named else compose.known_configs(None, usual, has_key=keys.has)
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
            say(found.error.message)
    return EXIT_COMPLETE if any(found.models for found in offers) else EXIT_OTHER


async def _audit(given: argparse.Namespace) -> int:
    output = EventOutput() if given.format == "events" else TextOutput()
    try:
        return await _audited(given, output)
    except SpectrError as error:
        output.ended(Outcome.FAILED, error)
        say(_sentence(error))
        return EXIT_OTHER
    except asyncio.CancelledError:  # Ctrl+C while the server was asked for its models
        output.ended(Outcome.STOPPED)
        raise


async def _audited(given: argparse.Namespace, output: TextOutput) -> int:
    from spectr_desktop.audit import compose  # noqa: PLC0415  # httpx is not needed for --help

    _check_provider(given.provider)
    _check_outputs(given.output)
    files = _read(given.paths)
    usual, egress = server_options(given), compose.EgressGuard(air_gap=given.air_gap)
    config = compose.config_for(given.provider, given.base_url, given.model, usual)
    if config is None:
        config, notice = await compose.default_config(given.base_url, usual, egress)
        if notice:
            say(notice)
    provider = compose.connect(config, egress, await _keys((config,)))
    try:
        model = await compose.choose_model(provider, "" if config.model_file else given.model)
        egress.check_model(model, provider.locality(model))
        limits = compose.Limits(given.context, given.max_tokens, given.thinking)
        plan = await compose.plan_counted(files, model, provider, limits)
        session, no_journal = compose.open_session(plan, provider, output.show)
        if no_journal is not None:
            say(no_journal.message)
        result, interrupted = await _run(session, output)
        state = await _state_after(provider) if interrupted else ""
    finally:
        await provider.close()
    status = _finish(session, result, given.output, state)
    if interrupted:
        return EXIT_INTERRUPTED
    fails = given.fail_on and _has_finding(session, Severity(given.fail_on))
    return EXIT_FINDINGS if status == EXIT_COMPLETE and fails else status


async def _keys(servers: Sequence[ServerConfig]) -> ServerKeys:
    """What is saved for these servers; a keychain that stays locked is said and no obstacle."""
    from spectr_desktop.audit.keys import ServerKeys  # noqa: PLC0415  # as above

    keys = ServerKeys()
    try:
        await keys.load(servers)
    except SpectrError as error:
        say(error.message)
    return keys


def _has_finding(session: Session, severity: Severity) -> bool:
    """Whether a finding, not a lead, is that bad or worse."""
    order = list(Severity)
    return any(
        finding.severity is not None and order.index(finding.severity) <= order.index(severity)
        for finding in session.findings.findings()
        if not finding.is_lead
    )


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


async def _state_after(provider: Provider) -> str:
    """What the server does after Stop, if it says so at once."""
    try:
        async with asyncio.timeout(_STATE_PATIENCE_S):
            state = await provider.state()
    except TimeoutError:
        state = ServerState.UNKNOWN
    words = {
        ServerState.IDLE: "The server is idle.",
        ServerState.READING: "The server is still reading the prompt.",
        ServerState.WORKING: "The server is still working.",
        ServerState.UNKNOWN: "What the server does now is unknown.",
    }
    return words[state]


def _finish(session: Session, result: RunResult, outputs: Sequence[Path], state: str) -> int:
    """Write the outputs and say how the run ended, and after Stop what the server does."""
    from spectr_desktop.report.export.markdown import (  # noqa: PLC0415
        PARTLY_READ,
        PRACTICE,
        STAMPS,
        markdown_report,
    )

    text = markdown_report(session.plan.header, result, session.findings.findings())
    kept_in = paths.runs() / session.plan.header.id
    written = [_write(path, text.encode("utf-8", "replace"), kept_in) for path in outputs]
    if session.plan.header.model.practice:
        say(PRACTICE)
    if any(cell.complete_input is CompleteInput.NO for cell in result.cells):
        say(PARTLY_READ)
    if not result.outcome.finished:
        sentence = _sentence(result.error) if result.error else STAMPS[result.outcome]
        say(f"{sentence} {state}".strip())
    return EXIT_COMPLETE if result.outcome.finished and all(written) else EXIT_OTHER


def _sentence(error: SpectrError | ErrorInfo) -> str:
    """The sentence; with the server's own words where it sends the reader to them."""
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


def _read(named: Sequence[Path]) -> list[SourceFile]:
    from spectr_desktop.project.document import read_document  # noqa: PLC0415
    from spectr_desktop.records.source import source_file  # noqa: PLC0415

    documents = [read_document(path) for path in named]
    folders = {path.absolute().parent for path in named}
    common = os.path.commonpath(list(folders))
    names = [path.absolute().relative_to(common).as_posix() for path in named]
    return [source_file(name, doc.text) for name, doc in zip(names, documents, strict=True)]


def _check_outputs(outputs: Sequence[Path]) -> None:
    """Refuse what could not be written before half an hour is spent on it."""
    for path in outputs:
        if path.suffix.lower() not in _SUFFIXES:
            raise SpectrError(
                "bad_output",
                f"{path} has no format that can be written. End its name in .md.",
                params={"path": str(path)},
            )
        if not path.absolute().parent.is_dir() or path.is_dir():
            raise SpectrError(
                "bad_output",
                f"{path} cannot be written: its folder is missing or it is a folder itself.",
                params={"path": str(path)},
            )
