"""A run in the window: what begins it, and what the other parts show while it goes on and after."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from spectr_desktop.errors import SpectrError
from spectr_desktop.records.run import Outcome
from spectr_desktop.ui.verdicts import practice_notice

if TYPE_CHECKING:
    import asyncio

    from spectr_desktop.ui.main_window import MainWindow
    from spectr_desktop.ui.run_companion import RunCompanion

_STATUS_INTERVAL_MS = 250


class RunDesk(QObject):
    """Stands between `RunControl` and the panes.

    Attributes:
        status_timer: asks how far a run is.
        companion: what goes along with a run outside the window; None before the first one.

    Signals:
        changed: whether something runs, or what can be exported, is different now.
        report_wanted: the live report is to be seen.
    """

    changed = Signal()
    report_wanted = Signal()

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._runs, self._report, self._status = window.runs, window.report, window.status
        self.companion: RunCompanion | None = None
        self.status_timer = QTimer(self)
        self.status_timer.setInterval(_STATUS_INTERVAL_MS)
        self.status_timer.timeout.connect(self._show_progress)
        # Asks the server what it does after Stop.
        self._watching: asyncio.Task[None] | None = None
        runs = self._runs
        runs.started.connect(self._on_started)
        runs.failed.connect(self._on_failed)
        runs.finished.connect(self._on_finished)
        runs.notice_received.connect(lambda text: window.notices.say("run", text, "warning"))

    def run(self) -> None:
        """Audit what is in the editor with the model that is picked."""
        if not self._runs.running:
            self._window.top.picker.settle()
            self._window.tasks.start(self._run(), "run")

    def stop(self) -> None:
        """Stop what runs: an audit, or the answer to a question."""
        if self._runs.running:
            self._runs.stop()
        else:
            self._window.findings.stop()

    def preview(self) -> None:
        """Show what a run would send."""
        self._window.tasks.start(self._preview(), "preview")

    def show_opened(self) -> None:
        """A run of long ago is on the screen, or its report was erased."""
        result = self._runs.result
        if result is None:
            self._status.show_idle()
            self._report.show_totals("")
        else:
            self._status.show_result(result, saved=self._runs.saved)
            self._report.thinking.set_tokens(result.usage.thinking)
            self._report.show_totals(" · ".join(self._status.totals(result)))
            self.report_wanted.emit()
        self._window.notices.show_outcome()
        self.changed.emit()

    def show_asking(self, running: bool) -> None:
        """A question is being answered, or is not any more."""
        self._window.actions_by_name["stop"].setEnabled(running or self._runs.running)

    async def _run(self) -> None:
        window = self._window
        choice = window.top.picker.choice()
        source = window.file.source()
        if source is None:
            self._hint(self.tr("Open a contract first, with Ctrl+O."))
        elif window.file.past is not None:
            self._hint(
                self.tr("This source is an old one. Open its file, or save it, to audit it.")
            )
        elif choice is None:
            self._hint(self.tr("Pick a model first, with Ctrl+M."))
        elif await window.models.may_send(choice):
            window.findings.control.begin_run([source])
            await self._runs.run([source], choice, root=window.file.root)

    async def _preview(self) -> None:
        from spectr_desktop.ui.request_preview import RequestPreview, Shown  # noqa: PLC0415  # rarely

        window = self._window
        choice, source = window.top.picker.choice(), window.file.source()
        if choice is None or source is None:
            self._hint(self.tr("Open a contract and pick a model first."))
            return
        try:
            plan, requests = await self._runs.preview([source], choice)
        except SpectrError as error:
            window.notices.say("file", error.message, "error", error.detail)
            return
        tokens = sum(cell.estimated_input for cell in plan.header.cells)
        shown = Shown(requests, window.models.host(choice), choice.locality, tokens)
        await RequestPreview(shown, window.theme, window).read()

    def _on_started(self) -> None:
        window = self._window
        self._report.start(self._runs.title)
        window.notices.topic = ""
        choice = window.top.picker.choice()
        if choice is not None and choice.model.practice:
            window.notices.say("run", practice_notice(), "info")
        self._show_running(running=True)
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None
        self.status_timer.start()
        self._show_progress()
        self._accompany()

    def _on_failed(self, sentence: str, detail: str) -> None:
        window = self._window
        window.findings.control.end_run([])
        self._show_running(running=False)
        self._status.show_message(self.tr("Not started"))
        if self._runs.result is not None:  # the report before this one is still there
            self._report.set_markdown(self._runs.text)
        window.notices.say("run", sentence, "error", detail)
        if self.companion is not None:
            self.companion.run_failed()

    def _on_finished(self) -> None:
        window = self._window
        self._report.finish()
        result = self._runs.result
        assert result is not None  # noqa: S101  # the signal says that it is there
        window.findings.control.end_run(self._runs.sightings)
        self._show_running(running=False)
        self._report.thinking.set_tokens(result.usage.thinking)
        self._status.show_result(result, saved=self._runs.saved)
        self._report.show_totals(" · ".join(self._status.totals(result)))
        self._report.tell(self._status.text())
        window.notices.show_outcome()
        if result.outcome is Outcome.STOPPED:
            self._watching = window.tasks.start(self._watch_server(), "server after stop")
        if self.companion is not None:
            self.companion.run_finished(result, self._runs.sightings)

    def _accompany(self) -> None:
        """Keep the machine awake, as the settings say."""
        from spectr_desktop.ui.run_companion import RunCompanion  # noqa: PLC0415  # with the first run

        if self.companion is None:
            self.companion = RunCompanion(self._window, self._window.tasks)
        settings = self._window.settings.settings
        self.companion.keeps_awake = bool(settings.get("privacy.inhibit_sleep"))
        self.companion.notifies = bool(settings.get("privacy.notify"))
        self.companion.run_started()

    async def _watch_server(self) -> None:
        async with contextlib.aclosing(self._runs.server_states()) as states:
            async for state in states:
                self._status.show_server(state)

    def _show_running(self, *, running: bool) -> None:
        window = self._window
        if not running:
            self.status_timer.stop()
        window.actions_by_name["stop"].setEnabled(running or window.findings.asking)
        window.actions_by_name["run"].setEnabled(not running)
        window.top.set_running(running=running)
        window.top.picker.setEnabled(not running)
        window.servers.set_running(running=running)
        self.changed.emit()

    def _show_progress(self) -> None:
        progress = self._runs.progress()
        if progress is not None:
            self._status.show_progress(progress)
        else:
            self._status.show_message(self.tr("Asking the server"))

    def _hint(self, text: str) -> None:
        self._window.notices.say("hint", text, "info")
