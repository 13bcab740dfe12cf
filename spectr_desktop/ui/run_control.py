"""A run as the window sees it: started from a text and a choice, fed to a pane, stopped."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from spectr_desktop.audit.unsaved_runs import UnsavedRuns
from spectr_desktop.errors import SpectrError
from spectr_desktop.providers.egress import EgressGuard
from spectr_desktop.records.run import CompleteInput, Outcome
from spectr_desktop.ui.banner import BannerKind  # a dataclass reads it

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from spectr_desktop.audit.plan import FollowUp
    from spectr_desktop.audit.session import Progress, Session
    from spectr_desktop.providers.base import Provider
    from spectr_desktop.records.events import RunEntry
    from spectr_desktop.records.findings import Sighting
    from spectr_desktop.records.run import Header, RunResult
    from spectr_desktop.records.server import ServerConfig, ServerState
    from spectr_desktop.records.source import SourceFile
    from spectr_desktop.ui.model_picker import Choice


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a report is worth, in sentences, how loud, and what the server said itself."""

    text: str = ""
    kind: BannerKind = "info"
    detail: str = ""


class RunControl(QObject):
    """Runs one audit at a time and keeps its result.

    Signals:
        started: a run began.
        text_received: more of the report.
        thinking_received: more of what the model thinks.
        notice_received: a sentence that ends nothing.
        finding_told: a FindingAdded or a FindingChanged.
        saved_changed: `saved` is another one now; after the run's end too, when its disk is back.
        failed: the run could not begin; the sentence says why, and the other side's own words.
        finished: the run ended, however it did.

    Attributes:
        egress: what all connections of the window pass.
        providers: the adapters that are in use, by server.
        thinking: how hard the model is asked to think; None as it has it.
        header, result, saved: of the newest run; no result while it goes on.
        sightings: what was read of its report when it ended.
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
        self.thinking: str | None = None
        self.providers: dict[ServerConfig, Provider] = shared.providers if shared else {}
        self._session: Session | None = None
        self._newest: Session | None = None
        self._preparing: asyncio.Task[None] | None = None
        self._running: asyncio.Future[None] | None = None
        self._asked: Provider | None = None
        self.header: Header | None = None
        self.result: RunResult | None = None
        self.sightings: list[Sighting] = []
        self.saved = False
        self.unsaved = shared.unsaved if shared else UnsavedRuns()

    @property
    def running(self) -> bool:
        """A run is being prepared or going on."""
        return self._preparing is not None or self._session is not None

    def progress(self) -> Progress | None:
        """Where the run is; None while it is being prepared and when there is none."""
        return self._session.progress() if self._session is not None else None

    def provider(self, config: ServerConfig) -> Provider:
        """The adapter for a server, the same one each time, so that an engine stays loaded.

        Raises:
            SpectrError: the configuration names no server.
        """
        from spectr_desktop.audit import compose  # noqa: PLC0415  # after the window is shown

        if config not in self.providers:
            self.providers[config] = compose.connect(config, self.egress)
        return self.providers[config]

    async def run(
        self, files: Sequence[SourceFile], choice: Choice, follow_up: FollowUp | None = None
    ) -> None:
        """Audit the files, or ask about them; returns when the run has ended and is saved."""
        from spectr_desktop.audit import compose  # noqa: PLC0415  # after the window is shown

        if self.running:
            return
        self._preparing = asyncio.current_task()
        self.started.emit()
        try:
            provider = self.provider(choice.config)
            model = await provider.model(choice.model.id)
            self.egress.check_model(model, provider.locality(model))
            limits = compose.Limits(thinking=self.thinking)
            plan = await compose.plan_counted(files, model, provider, limits, follow_up)
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
        self.header, self.result = plan.header, None
        self._asked = provider
        self.saved = session.unsaved is None
        session.on_unsaved_changed = lambda: self._on_unsaved_changed(session)
        if session.unsaved is not None:
            self.notice_received.emit(session.unsaved.message)
        self._session, self._newest, self._preparing = session, session, None
        self._running = asyncio.get_running_loop().create_future()
        try:
            self.result = await session.run()
            self.sightings = session.findings.sightings
        except Exception:
            self._session = None
            self.failed.emit(self.tr("The run ended by a mistake of the program."), "")
            raise
        finally:
            self._session = None
            self._running.set_result(None)
        self.finished.emit()

    def stop(self) -> None:
        """Stop the run, in whatever phase it is."""
        if self._session is not None:
            self._session.cancel()
        elif self._preparing is not None:
            self._preparing.cancel()
            self._preparing = None

    def verdict(self) -> Verdict:
        """What the newest report is worth; no words if it is all there."""
        result, header = self.result, self.header
        if result is None or header is None:
            return Verdict()
        from spectr_desktop.report.export.markdown import PARTLY_READ, STAMPS  # noqa: PLC0415

        sentences: list[str] = []
        kind: BannerKind = "info"
        detail = result.error.detail if result.error else ""
        if not result.outcome.finished:
            sentences.append(result.error.message if result.error else STAMPS[result.outcome])
            explained = [cell.explanation for cell in result.cells if cell.explanation != detail]
            sentences += [text for text in explained if text]
            kind = "error" if result.outcome is Outcome.FAILED else "warning"
        elif not any(text.strip() for text in result.texts.values()):
            sentences.append(self.tr("The model ended without writing a word."))
            kind = "warning"
        if any(cell.complete_input is CompleteInput.NO for cell in result.cells):
            sentences.append(PARTLY_READ)
            kind = "error" if kind == "error" else "warning"
        if header.model.practice:
            sentences.append(self.practice_notice())
        if self._newest is not None and self._newest.unsaved is not None:
            sentences.append(self._newest.unsaved.message)
            kind = "error" if kind == "error" else "warning"
        return Verdict(" ".join(sentences), kind, detail)

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

    def practice_notice(self) -> str:
        """What the reader of a practice report has to know, before and after."""
        return self.tr("This is the practice model. Its findings are worth nothing.")

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
                self.text_received.emit(entry.event.text)
            elif isinstance(entry.event, ThinkingDelta):
                self.thinking_received.emit(entry.event.text)
            elif isinstance(entry.event, Notice):
                self.notice_received.emit(entry.event.message)
            elif isinstance(entry.event, FindingAdded | FindingChanged):
                self.finding_told.emit(entry.event)
