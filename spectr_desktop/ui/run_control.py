"""A run as the window sees it: started from a text and a choice, fed to the pane, stopped."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from spectr_desktop.errors import SpectrError
from spectr_desktop.records.events import Notice, TextDelta, ThinkingDelta
from spectr_desktop.records.run import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectr_desktop.audit.session import Progress, Session
    from spectr_desktop.providers.base import Provider
    from spectr_desktop.records.events import RunEntry
    from spectr_desktop.records.run import Header, RunResult
    from spectr_desktop.records.server import ServerConfig
    from spectr_desktop.records.source import SourceFile
    from spectr_desktop.ui.model_picker import Choice
    from spectr_desktop.ui.report_pane import BannerKind


class RunControl(QObject):
    """Runs one audit at a time and keeps its result.

    Signals:
        started: a run began.
        text_received: more of the report.
        thinking_received: more of what the model thinks.
        notice_received: a sentence that ends nothing.
        failed: the run could not begin; the sentence says why.
        finished: the run ended, however it did.
    """

    started = Signal()
    text_received = Signal(str)
    thinking_received = Signal(str)
    notice_received = Signal(str)
    failed = Signal(str)
    finished = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._providers: dict[ServerConfig, Provider] = {}
        self._session: Session | None = None
        self._preparing: asyncio.Task[None] | None = None
        self._running: asyncio.Future[None] | None = None
        self.header: Header | None = None
        self.result: RunResult | None = None
        self.saved = False

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

        if config not in self._providers:
            self._providers[config] = compose.connect(config)
        return self._providers[config]

    async def run(self, files: Sequence[SourceFile], choice: Choice) -> None:
        """Audit the files; returns when the run has ended and is saved."""
        from spectr_desktop.audit import compose  # noqa: PLC0415  # after the window is shown

        if self.running:
            return
        self._preparing = asyncio.current_task()
        self.started.emit()
        try:
            provider = self.provider(choice.config)
            model = await provider.model(choice.model.id)
            plan = compose.plan_run(files, model, provider, compose.Limits())
            session, no_journal = compose.open_session(plan, provider, self._on_entries)
        except SpectrError as error:
            self._preparing = None
            self.failed.emit(error.message)
            return
        except asyncio.CancelledError:
            self._preparing = None
            self.failed.emit(self.tr("Stopped before anything was sent."))
            raise
        except Exception:
            # A mistake of ours is told by the task's owner; the window must not stay "running".
            self._preparing = None
            self.failed.emit(self.tr("Not started"))
            raise
        self.header, self.result = plan.header, None
        self.saved = no_journal is None
        if no_journal is not None:
            self.notice_received.emit(no_journal.message)
        self._session, self._preparing = session, None
        self._running = asyncio.get_running_loop().create_future()
        try:
            self.result = await session.run()
        except Exception:
            self._session = None
            self.failed.emit(self.tr("The run ended by a mistake of the program."))
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

    def verdict(self) -> tuple[str, BannerKind]:
        """What the newest report is worth, in sentences, and how loud; "" if it is all there."""
        result, header = self.result, self.header
        if result is None or header is None:
            return "", "info"
        sentences: list[str] = []
        kind: BannerKind = "info"
        if not result.outcome.finished:
            from spectr_desktop.report.export.markdown import STAMPS  # noqa: PLC0415  # rarely

            sentences.append(result.error.message if result.error else STAMPS[result.outcome])
            sentences += [cell.explanation for cell in result.cells if cell.explanation]
            kind = "error" if result.outcome is Outcome.FAILED else "warning"
        if header.model.practice:
            sentences.append(self.practice_notice())
        return " ".join(sentences), kind

    def practice_notice(self) -> str:
        """What the reader of a practice report has to know, before and after."""
        return self.tr("This is the practice model. Its findings are worth nothing.")

    async def ended(self) -> None:
        """Wait until nothing runs any more."""
        if self._running is not None:
            await asyncio.shield(self._running)

    async def close(self) -> None:
        """Let go of all servers; the run has been stopped before."""
        await asyncio.gather(*(provider.close() for provider in self._providers.values()))
        self._providers.clear()

    def _on_entries(self, entries: Sequence[RunEntry]) -> None:
        for entry in entries:
            if isinstance(entry.event, TextDelta):
                self.text_received.emit(entry.event.text)
            elif isinstance(entry.event, ThinkingDelta):
                self.thinking_received.emit(entry.event.text)
            elif isinstance(entry.event, Notice):
                if entry.event.code == "journal_failed":
                    self.saved = False
                self.notice_received.emit(entry.event.message)
