"""The subcommand that audits: from its arguments to a report, its files and the exit status."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from spectr_desktop import cli_watch, paths
from spectr_desktop.cli_project import check_consent, take_project_file
from spectr_desktop.cli_servers import (
    EXIT_COMPLETE,
    EXIT_FINDINGS,
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
from spectr_desktop.records.grades import Severity
from spectr_desktop.records.run import CompleteInput, Outcome
from spectr_desktop.terminal import EventOutput, TextOutput, say, show_progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectr_desktop.audit.session import Session
    from spectr_desktop.audit.sources import Scope, Sources
    from spectr_desktop.providers.base import Provider
    from spectr_desktop.records.report import Report
    from spectr_desktop.records.run import RunResult
    from spectr_desktop.records.server import ServerConfig
    from spectr_desktop.store.settings import Settings

    # The only name that argparse has for what `add_subparsers` gives.
    _Commands = argparse._SubParsersAction[Any]  # pyright: ignore[reportPrivateUsage]  # noqa: SLF001


def add_parser(commands: _Commands) -> None:
    """Add `audit`."""
    audit = commands.add_parser("audit", help="write a report on contracts to standard output")
    what = "a contract, or a folder that is searched; without one the scope in .spectr.toml"
    audit.add_argument("paths", nargs="*", type=Path, metavar="PATH", help=what)
    add_server(audit)
    add_settings(audit)
    audit.add_argument("--audit", choices=["quick"], default="quick", help="kind of audit")
    what = "write a file too, by its suffix: .md, .html, .pdf, .json, .sarif, .csv or .zip"
    audit.add_argument(
        "--output", action="append", type=Path, default=[], metavar="FILE", help=what
    )
    audit.add_argument("--format", choices=["markdown", "events"], default="markdown")
    levels = [severity.value for severity in Severity]
    what = "exit with 1 if a finding is that bad or worse: " + ", ".join(levels)
    audit.add_argument("--fail-on", choices=levels, metavar="SEVERITY", help=what)
    audit.add_argument("--context", type=_tokens, metavar="N", help="context in tokens")
    audit.add_argument("--max-tokens", type=_tokens, metavar="N", help="longest answer in tokens")
    what = "only files that have changed since this commit, branch or tag of git"
    audit.add_argument("--diff", metavar="REF", help=what)
    what = "audit again whenever a file is saved, until Ctrl+C"
    audit.add_argument("--watch", action="store_true", help=what)
    audit.set_defaults(run=_audit, server_by_file=False, model_by_file=False)


def _tokens(text: str) -> int:
    value = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= value <= 100_000_000:  # noqa: PLR2004  # more is a slip of the finger
        raise argparse.ArgumentTypeError(f"“{text}” is not a number of tokens")
    return value


class _Order(NamedTuple):
    """What is to be audited, by whom, and where the report goes."""

    given: argparse.Namespace
    settings: Settings
    server: ServerConfig | None
    scope: Scope
    output: TextOutput


class Interruption:
    """Ctrl+C and SIGTERM while it is entered: they stop the session that runs.

    On Windows a loop takes no signals: there Ctrl+C cancels the program's main task.

    Attributes:
        asked: one of them came.
        session: the one that runs, or has run: what follows it is not stopped.
        preparing: cancelled instead while there is no session.
    """

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.session: Session | None = None
        self.preparing: asyncio.Task[Any] | None = None
        self._handled = (signal.SIGINT, signal.SIGTERM) if sys.platform != "win32" else ()

    def __enter__(self) -> Self:
        for name in self._handled:
            asyncio.get_running_loop().add_signal_handler(name, self.stop)
        return self

    def __exit__(self, *_: object) -> None:
        for name in self._handled:
            asyncio.get_running_loop().remove_signal_handler(name)

    def stop(self) -> None:
        """Stop what runs, and let nothing follow."""
        self.asked.set()
        if self.session is not None:
            self.session.cancel()
        elif self.preparing is not None:
            self.preparing.cancel()


async def _audit(given: argparse.Namespace) -> int:
    output = EventOutput() if given.format == "events" else TextOutput()
    try:
        check_provider(given.provider)
        _check_outputs(given.output)
        order = _order(given, output)
        if given.watch:
            return await _watched(order)
        return await _once(order)
    except SpectrError as error:
        output.ended(Outcome.FAILED, error)
        say(sentence(error, given))
        return EXIT_OTHER
    except asyncio.CancelledError:  # Ctrl+C while the server was asked for its models
        output.ended(Outcome.STOPPED)
        raise


def _order(given: argparse.Namespace, output: TextOutput) -> _Order:
    """What the arguments ask for, together with the settings and the project's file."""
    from spectr_desktop.audit import sources  # noqa: PLC0415  # not for --help

    project = take_project_file(given)
    settings = settings_of(given)
    base, scope, exclude = (
        (project.folder, project.scope, project.exclude) if project else (None, (), ())
    )
    return _Order(
        given,
        settings,
        named_server(given, settings),
        sources.scope_of(given.paths, base, scope, exclude),
        output,
    )


async def _watched(order: _Order) -> int:
    """Audit whenever a file is saved."""
    from spectr_desktop.audit import sources  # noqa: PLC0415  # not for --help

    async def audited() -> int:
        interruption.session, interruption.preparing = None, asyncio.current_task()
        try:
            return await _once(order, interruption)
        except SpectrError as error:  # one bad save ends nothing
            order.output.ended(Outcome.FAILED, error)
            say(sentence(error, order.given))
            return EXIT_OTHER
        except asyncio.CancelledError:
            if interruption.session is None:
                order.output.ended(Outcome.STOPPED)
            raise
        finally:
            interruption.preparing = None

    with Interruption() as interruption:
        return await cli_watch.Watch(
            look=lambda: sources.gather(order.scope).paths,
            audit=audited,
            separate=order.output.separate,
            interrupted=interruption.asked,
            keeps_status=bool(order.given.fail_on),
        ).run()


async def _once(order: _Order, interruption: Interruption | None = None) -> int:
    """One run of what is in scope now.

    Raises:
        SpectrError: it cannot begin.
    """
    from spectr_desktop.audit import after_run, compose, preferences  # noqa: PLC0415

    given = order.given
    sources = await _sources(order)
    if sources is None:
        return EXIT_COMPLETE
    usual, egress = server_options(given), compose.EgressGuard(air_gap=given.air_gap)
    config = order.server
    if config is None:
        config, notice = await compose.default_config(given.base_url, usual, egress)
        if notice:
            say(notice)
    # Before a key is asked for, too: a keychain may want its password.
    await _check_server(given, compose.connect(config, egress), sources.root)
    provider = compose.connect(config, egress, await keys_of((config,)))
    try:
        model = await compose.choose_model(provider, "" if config.model_file else given.model)
        egress.check_model(model, provider.locality(model))
        check_consent(given, provider, model, sources.root)
        limits = preferences.limits_of(
            order.settings, given.context, given.max_tokens, given.thinking
        )
        plan = await compose.plan_counted(
            sources.files, model, provider, limits, root=str(sources.root)
        )
        order.output.begin(plan.header.cells)
        session, no_journal = compose.open_session(plan, provider, order.output.show)
        if no_journal is not None:
            say(no_journal.message)
        result, interrupted = await _run(session, order.output, interruption)
        state = await after_run.server_sentence(provider) if interrupted else ""
    finally:
        await provider.close()
    status = await _finish(session, result, given, state)
    try:
        await after_run.give_to_project(session)
    except SpectrError as error:
        say(f"The findings were not added to the project's. {error.message}")
    if interrupted:
        return EXIT_INTERRUPTED
    if status == EXIT_COMPLETE and sources.problems:
        return EXIT_OTHER
    fails = given.fail_on and after_run.has_finding(session, Severity(given.fail_on))
    return EXIT_FINDINGS if status == EXIT_COMPLETE and fails else status


async def _check_server(given: argparse.Namespace, provider: Provider, root: Path) -> None:
    """Refuse a server that only the client's own file has chosen; it is not contacted."""
    try:
        check_consent(given, provider, None, root)
    finally:
        await provider.close()


async def _sources(order: _Order) -> Sources | None:
    """The files to send; None if none has changed. What is left out, and why, is said.

    Raises:
        SpectrError: there are none, none can be read, or git does not know what has changed.
    """
    from spectr_desktop.audit import sources  # noqa: PLC0415  # not for --help

    gathered = await asyncio.to_thread(sources.gather, order.scope)
    if told := sources.told(gathered):
        say(told)
    ref = order.given.diff
    if ref is not None:
        gathered, told = await asyncio.to_thread(sources.changed, gathered, ref, order.scope)
        say(told)
        if not gathered.paths:
            say("Nothing was sent and no report was written.")
            order.output.ended(Outcome.NOT_SENT)
            return None
    read = await asyncio.to_thread(sources.read_sources, gathered)
    for problem in read.problems:
        say(f"{problem.message} The other files are audited.")
    return read


async def _run(
    session: Session, output: TextOutput, interruption: Interruption | None
) -> tuple[RunResult, bool]:
    """Run the session; Ctrl+C and SIGTERM stop it, and so does a reader that went away."""
    # Who watches has nobody left to write for.
    output.reader_gone = interruption.stop if interruption else session.cancel
    with contextlib.ExitStack() as stack:
        stops = interruption or stack.enter_context(Interruption())
        stops.session = session
        showing = asyncio.create_task(show_progress(session.progress, output), name="progress")
        try:
            if stops.asked.is_set():  # it came while the run was made ready
                session.cancel()
            return await session.run(), stops.asked.is_set()
        finally:
            showing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await showing


async def _finish(
    session: Session, result: RunResult, given: argparse.Namespace, state: str
) -> int:
    """Write the outputs and say how the run ended, and after Stop what the server does."""
    from spectr_desktop.project.scope import nsloc  # noqa: PLC0415
    from spectr_desktop.records.report import ReportKind  # noqa: PLC0415
    from spectr_desktop.report.export.assembly import report_of  # noqa: PLC0415
    from spectr_desktop.report.export.stamps import PARTLY_READ, PRACTICE, STAMPS  # noqa: PLC0415

    header, findings = session.plan.header, session.findings.findings()
    report = report_of(header, result, findings, kind=ReportKind.WORKING, nsloc=nsloc)
    written = await write_outputs(report, header.id, given.output)
    if session.plan.header.model.practice:
        say(PRACTICE)
    if any(cell.complete_input is CompleteInput.NO for cell in result.cells):
        say(PARTLY_READ)
    if not result.outcome.finished:
        ended = sentence(result.error, given) if result.error else STAMPS[result.outcome]
        say(f"{ended} {state}".strip())
    return EXIT_COMPLETE if result.outcome.finished and written else EXIT_OTHER


async def write_outputs(report: Report, run: str, outputs: Sequence[Path]) -> bool:
    """Write the report to files, each in the format that its name asks for.

    Args:
        report: of the run.
        run: its id.
        outputs: the files; one that cannot be written costs no other.

    Returns:
        Whether all were written; what was not is said.
    """
    from spectr_desktop import cli_exports  # noqa: PLC0415  # after the run
    from spectr_desktop.audit.exporting import Export  # noqa: PLC0415  # as above

    kept_in = paths.runs() / run
    export = Export(report, runs=(run,))
    written = True
    for path in outputs:
        try:
            await cli_exports.write(export, path)
        except SpectrError as error:
            told = f"was not written. {error.message}"
            if reason := error.params.get("reason"):  # of the disk
                told = f"cannot be written ({reason})."
            say(f"{path} {told} The answer is kept in {kept_in}.")
            written = False
    return written


def _check_outputs(outputs: Sequence[Path]) -> None:
    if outputs:
        from spectr_desktop.audit.exporting import check_outputs  # noqa: PLC0415  # not for --help

        check_outputs(outputs)
