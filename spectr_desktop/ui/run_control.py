"""A run as the window sees it: started from a text and a choice, fed to a pane, stopped."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from spectr_desktop.audit.unsaved_runs import UnsavedRuns
from spectr_desktop.errors import SpectrError
from spectr_desktop.logs import logger
from spectr_desktop.providers.egress import EgressGuard
from spectr_desktop.ui.verdicts import verdict_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
    from pathlib import Path

    from spectr_desktop.audit.keys import ServerKeys
    from spectr_desktop.audit.plan import FollowUp, Limits, RunPlan
    from spectr_desktop.audit.run_report import RunReport
    from spectr_desktop.audit.session import Progress, Session
    from spectr_desktop.providers.base import Provider
    from spectr_desktop.records.events import RunEntry
    from spectr_desktop.records.findings import Sighting
    from spectr_desktop.records.request import WireRequest
    from spectr_desktop.records.run import Header, RunResult
    from spectr_desktop.records.server import ServerConfig, ServerState
    from spectr_desktop.records.source import SourceFile
    from spectr_desktop.records.stored_run import StoredRun
    from spectr_desktop.ui.model_picker import Choice
    from spectr_desktop.ui.verdicts import Verdict

_log = logger(__name__)


class RunControl(QObject):
    """Runs one audit at a time and keeps its result.

    Signals:
        started: a run began.
        text_received: more of the report.
        thinking_received: more of what the model thinks.
        notice_received: a sentence that ends nothing.
        finding_told: a FindingAdded or a FindingChanged.
        saved_changed: a run began, or `saved` is another one now; after the run's end too, when
            its disk is back.
        failed: the run could not begin; the sentence says why, and the other side's own words.
        finished: the run ended, however it did.

    Attributes:
        egress: what all connections of the window pass.
        providers: the adapters that are in use, by server.
        keys: the keys of servers; None before any is loaded.
        limits: what the user asks of every run.
        thinking: how hard the model is asked to think; None as `limits` has it.
        title: of the newest run, from its beginning on.
        header, result, saved: of the newest run; no result while it goes on.
        ids: of the newest run, and before it of those that it goes on with.
        sightings: what was read of its report when it ended.
        damaged_lines: of the file that it was read from.
        unsaved: knows the runs that would be lost with the program; shared as the servers are.
    """

    started = Signal()
    text_received = Signal(str)
    thinking_received = Signal(str)
    notice_received = Signal(str)
    finding_told = Signal(object)
    saved_changed = Signal(bool)
    failed = Signal(str, str)
    finished = Signal()

    def __init__(self, parent: QObject | None = None, shared: RunControl | None = None) -> None:
        """Control runs; those of another control pass the same guard and ask the same servers."""
        super().__init__(parent)
        self.egress = shared.egress if shared else EgressGuard()
        self._shared = shared
        self.keys: ServerKeys | None = shared.keys if shared else None
        self.limits: Callable[[], Limits] = shared.limits if shared else _no_limits
        self.thinking: str | None = None
        self.title = ""
        self.providers: dict[ServerConfig, Provider] = shared.providers if shared else {}
        self._session: Session | None = None
        self._newest: Session | None = None
        self._preparing: asyncio.Task[None] | None = None
        self._running: asyncio.Future[None] | None = None
        self._asked: Provider | None = None
        self.ids: tuple[str, ...] = ()
        self._report: RunReport | None = None
        self.header: Header | None = None
        self.result: RunResult | None = None
        self.sightings: list[Sighting] = []
        self.damaged_lines = 0
        self.saved = False
        self.unsaved = shared.unsaved if shared else UnsavedRuns()

    @property
    def running(self) -> bool:
        """A run is being prepared or going on."""
        return self._preparing is not None or self._session is not None

    def progress(self) -> Progress | None:
        """Where the run is; None while it is being prepared and when there is none."""
        return self._session.progress() if self._session is not None else None

    @property
    def text(self) -> str:
        """The report as far as it is shown, with what parts the texts of its requests."""
        return self._report.text if self._report is not None else ""

    @property
    def starts(self) -> dict[tuple[str, str], int]:
        """By run and request, where that text begins in the report, in characters."""
        return self._report.starts if self._report is not None else {}

    @property
    def not_saved(self) -> str:
        """Why the newest run is not saved, as a sentence; "" if it is."""
        error = self._newest.unsaved if self._newest is not None else None
        return error.message if error is not None else ""

    def provider(self, config: ServerConfig) -> Provider:
        """The adapter for a server, the same one each time, so that an engine stays loaded.

        Raises:
            SpectrError: the configuration names no server.
        """
        from spectr_desktop.audit import compose  # noqa: PLC0415  # after the window is shown

        if config not in self.providers:
            keys = (self._shared or self).keys  # they may have come after this control
            self.providers[config] = compose.connect(config, self.egress, keys)
        return self.providers[config]

    async def run(
        self,
        files: Sequence[SourceFile],
        choice: Choice,
        follow_up: FollowUp | None = None,
        root: Path | None = None,
    ) -> None:
        """Audit the files, or ask about them; returns when the run has ended and is saved.

        Args:
            files: what is sent.
            choice: who reads it.
            follow_up: what is asked instead of an audit.
            root: the project's folder; None for a text that no file has.
        """

        async def planned(provider: Provider) -> RunPlan:
            from spectr_desktop.audit import compose  # noqa: PLC0415  # after the window is shown

            model = await provider.model(choice.model.id)
            self.egress.check_model(model, provider.locality(model))
            folder = str(root) if root is not None else ""
            return await compose.plan_counted(
                files, model, provider, self._limits_now(), follow_up, folder
            )

        await self._run(files[0].path if files else "", choice.config, planned)

    async def run_again(self, stored: StoredRun, config: ServerConfig) -> bool:
        """Ask again for what an interrupted run has left open; returns when that has ended.

        What was there is shown first, and a seam behind it.

        Args:
            stored: the interrupted run.
            config: its server.

        Returns:
            Whether it began; `failed` has said why if it did not.
        """
        from spectr_desktop.audit import recovery  # noqa: PLC0415  # rarely

        async def planned(provider: Provider) -> RunPlan:
            wanted = stored.header.model.id if stored.header is not None else ""
            model = await provider.model(wanted)
            self.egress.check_model(model, provider.locality(model))
            return recovery.plan_missing(stored, model, provider)

        before = await asyncio.to_thread(recovery.chain, stored)
        await self._run(stored.title, config, planned, before)
        return stored.id in self.ids[:-1]

    def adopt(self, title: str, runs: Sequence[StoredRun]) -> None:
        """Take a run that ended long ago for the newest one.

        Args:
            title: what it is called.
            runs: those that it goes on with, the first one first, and itself last.
        """
        from spectr_desktop.audit import recovery, run_report  # noqa: PLC0415  # rarely

        first, last = runs[0], runs[-1]
        self._asked = self._newest = None
        self.title, self.ids = title, tuple(run.id for run in runs)
        self.header, self.result, self.saved = last.header, recovery.joined(runs), True
        self.damaged_lines = sum(run.damaged_lines for run in runs)
        if first.header is not None and last.header is not None:
            self.header = replace(last.header, title=title, cells=first.header.cells)
        self.sightings = []
        self._report = run_report.RunReport(runs)
        self.saved_changed.emit(True)

    def forget(self) -> None:
        """There is no newest run any more: it was erased."""
        if not self.running:
            self.header = self.result = self._asked = self._newest = None
            self.ids, self.sightings, self.damaged_lines = (), [], 0
            self._report = None
            self.saved_changed.emit(self.saved)

    async def _run(
        self,
        title: str,
        config: ServerConfig,
        planned: Callable[[Provider], Awaitable[RunPlan]],
        before: Sequence[StoredRun] = (),
    ) -> None:
        from spectr_desktop.audit import compose  # noqa: PLC0415  # after the window is shown

        if self.running:
            return
        self._preparing = asyncio.current_task()
        self.title = title
        self.started.emit()
        try:
            provider = self.provider(config)
            plan = await planned(provider)
            session, _ = compose.open_session(plan, provider, self._on_entries, self.unsaved)
            await asyncio.to_thread(session.findings.prepare)
        except SpectrError as error:
            self._preparing = None
            self.failed.emit(error.message, error.detail)
            return
        except asyncio.CancelledError:
            self._preparing = None
            self.failed.emit(self.tr("Stopped before the run began."), "")
            raise
        except Exception:
            # A mistake of ours is told by the task's owner; the window must not stay "running".
            self._preparing = None
            self.failed.emit(self.tr("Not started"), "")
            raise
        self._asked = provider
        self.saved = session.unsaved is None
        await self._run_session(session, before)

    async def _run_session(self, session: Session, before: Sequence[StoredRun]) -> None:
        from spectr_desktop.audit import recovery, run_report  # noqa: PLC0415  # with a run

        header = session.plan.header
        self.header, self.result, self.damaged_lines = header, None, 0
        self.ids = (*(run.id for run in before), header.id)
        self._report = run_report.RunReport(before)
        self._report.go_on(header)
        session.on_unsaved_changed = lambda: self._on_unsaved_changed(session)
        self._session, self._newest, self._preparing = session, session, None
        self._running = asyncio.get_running_loop().create_future()
        self.saved_changed.emit(self.saved)
        if text := self._report.text:  # of the runs before
            self.text_received.emit(text)
        try:
            if before and self.saved:
                await self._settle(before[-1])
            self.result = await session.run()
            self.sightings = session.findings.sightings
            if before:
                self._join(before[0], recovery.joined(before), header, self.result)
        except Exception:
            self._session = None
            self.failed.emit(self.tr("The run ended by a mistake of the program."), "")
            raise
        finally:
            self._session = None
            self._running.set_result(None)
        self.finished.emit()

    async def _settle(self, stored: StoredRun) -> None:
        """Another run goes on with this one, and is on the disk: nobody has to ask about it."""
        from spectr_desktop.audit import recovery  # noqa: PLC0415  # as above

        try:
            await asyncio.to_thread(recovery.settle, stored.id)
        except SpectrError as error:  # it is offered again: no harm
            _log.warning("%s", error.message)

    def _join(
        self, first: StoredRun, earlier: RunResult, header: Header, result: RunResult
    ) -> None:
        """The report is that of all the runs together."""
        from spectr_desktop.audit import recovery  # noqa: PLC0415  # as above

        self.result = recovery.continued(earlier, result, when=header.created_at)
        if first.header is not None:
            self.header = replace(header, cells=first.header.cells)

    async def preview(
        self, files: Sequence[SourceFile], choice: Choice
    ) -> tuple[RunPlan, tuple[WireRequest, ...]]:
        """What a run would send. Nothing of the source is sent to tell it.

        Raises:
            SpectrError: there is nothing to send, or it cannot fit.
        """
        from spectr_desktop.audit import compose  # noqa: PLC0415  # after the window is shown

        provider, model = self.provider(choice.config), choice.model
        with contextlib.suppress(SpectrError):  # as far as it is known without the server
            model = await provider.model(model.id)
        plan = compose.plan_run(files, model, provider, self._limits_now())
        return plan, compose.preview(plan, provider)

    def _limits_now(self) -> Limits:
        limits = self.limits()
        return limits if self.thinking is None else replace(limits, thinking=self.thinking)

    def stop(self) -> None:
        """Stop the run, in whatever phase it is."""
        if self._session is not None:
            self._session.cancel()
        elif self._preparing is not None:
            self._preparing.cancel()
            self._preparing = None

    def verdict(self) -> Verdict:
        """What the newest report is worth; no words if it is all there."""
        return verdict_of(self.result, self.header, self.damaged_lines)

    async def server_states(self) -> AsyncGenerator[ServerState, None]:
        """What the server of the newest run does, until it is idle or says nothing."""
        from spectr_desktop.audit import compose  # noqa: PLC0415  # after the window is shown

        if self._asked is not None:
            async with contextlib.aclosing(compose.after_stop(self._asked)) as states:
                async for state in states:
                    yield state

    async def unload(self, choice: Choice) -> bool:
        """Free the memory that a model takes; False if its server has no way to.

        Raises:
            SpectrError: the server does not answer.
        """
        return await self.provider(choice.config).unload(choice.model.id)

    async def ended(self) -> None:
        """Wait until nothing runs any more."""
        if self._running is not None:
            await asyncio.shield(self._running)

    async def close(self) -> None:
        """Let go of all servers and of what cannot be saved; the run has been stopped before."""
        await self.unsaved.abandon()
        await asyncio.gather(*(provider.close() for provider in self.providers.values()))
        self.providers.clear()

    def _on_unsaved_changed(self, session: Session) -> None:
        if session is self._newest:
            self.saved = session.unsaved is None
            self.saved_changed.emit(self.saved)

    def _on_entries(self, entries: Sequence[RunEntry]) -> None:
        from spectr_desktop.records.events import (  # noqa: PLC0415  # after the window is shown
            FindingAdded,
            FindingChanged,
            Notice,
            TextDelta,
            ThinkingDelta,
        )

        for entry in entries:
            if isinstance(entry.event, TextDelta):
                assert self._report is not None  # noqa: S101  # it is made before the first entry
                self.text_received.emit(self._report.add(entry.cell, entry.event.text))
            elif isinstance(entry.event, ThinkingDelta):
                self.thinking_received.emit(entry.event.text)
            elif isinstance(entry.event, Notice) and not entry.event.code.startswith("journal_"):
                self.notice_received.emit(entry.event.message)  # else `saved_changed` has told it
            elif isinstance(entry.event, FindingAdded | FindingChanged):
                self.finding_told.emit(entry.event)


def _no_limits() -> Limits:
    from spectr_desktop.audit.plan import Limits  # noqa: PLC0415  # after the window is shown

    return Limits()
