"""The pages of findings in the window; what stands on them is made with the first file."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, Signal

from spectr_desktop.ui.lazy_page import LazyPage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from PySide6.QtWidgets import QWidget

    from spectr_desktop.records.findings import Finding
    from spectr_desktop.records.source import SourceFile
    from spectr_desktop.ui.ask_control import AskControl
    from spectr_desktop.ui.finding_pane import FindingPane
    from spectr_desktop.ui.findings_control import FindingsControl
    from spectr_desktop.ui.findings_view import FindingsView
    from spectr_desktop.ui.model_picker import Choice
    from spectr_desktop.ui.report_pane import ReportPane
    from spectr_desktop.ui.run_control import RunControl
    from spectr_desktop.ui.settling import Settling
    from spectr_desktop.ui.source_editor import SourceEditor
    from spectr_desktop.ui.tasks import TaskOwner
    from spectr_desktop.ui.theme import Theme


class Around(NamedTuple):
    """What the findings work with in the window.

    Attributes:
        runs: the audits.
        report, editor: the panes that findings point to.
        tasks: owns what runs.
        source: gives what is in the editor.
        choice: gives the model that is picked.
        may_send: asks the user, where that is due, whether the source may leave the machine.
    """

    runs: RunControl
    report: ReportPane
    editor: SourceEditor
    tasks: TaskOwner
    source: Callable[[], SourceFile | None]
    choice: Callable[[], Choice | None]
    may_send: Callable[[Choice], Awaitable[bool]]


class FindingsDesk(QObject):
    """Makes list, pane and controls of findings when they are first needed.

    Attributes:
        list_page, pane_page: to be put into the window's tabs.

    Signals:
        failed: (SpectrError) something could not be kept.
        told: (str) a sentence for the status line.
        counted: (int) so many findings and leads are in the list.
        pane_wanted, report_wanted: this page is to be seen.
        link_requested: (str) a link in a model's text; http or https only.
        asking_changed: (bool) a question is being answered.
    """

    failed = Signal(object)
    told = Signal(str)
    counted = Signal(int)
    pane_wanted = Signal()
    report_wanted = Signal()
    link_requested = Signal(str)
    asking_changed = Signal(bool)

    def __init__(self, theme: Theme, around: Around, window: QWidget) -> None:
        super().__init__(window)
        self._theme, self._around, self._window = theme, around, window
        self._may_ask = (True, "")
        self.list_page = LazyPage("findingsPage", window)
        self.pane_page = LazyPage("findingPage", window)
        for page in (self.list_page, self.pane_page):
            page.wanted.connect(self._complete)

    @cached_property
    def view(self) -> FindingsView:
        """The list."""
        from spectr_desktop.ui.findings_view import FindingsView  # noqa: PLC0415

        view = FindingsView(self._theme, self.list_page)
        self.list_page.fill(view)
        return view

    @cached_property
    def pane(self) -> FindingPane:
        """The pane for one finding."""
        from spectr_desktop.ui.finding_pane import FindingPane  # noqa: PLC0415

        pane = FindingPane(self._theme, self.pane_page)
        self.pane_page.fill(pane)
        pane.set_ask_enabled(*self._may_ask)
        pane.link_requested.connect(self.link_requested)
        pane.ask_requested.connect(lambda _key, q: self.asks.ask(self.control.finding(), q))
        pane.draft_requested.connect(lambda _key: self.asks.draft(self.control.finding()))
        return pane

    @cached_property
    def control(self) -> FindingsControl:
        """What keeps list, pane, source and report at the same finding."""
        from spectr_desktop.ui.finding_copying import FindingCopying  # noqa: PLC0415
        from spectr_desktop.ui.findings_control import FindingsControl  # noqa: PLC0415

        around = self._around
        control = FindingsControl(
            self.view, self.pane, around.report, around.editor, around.runs, self
        )
        control.failed.connect(self.failed)
        control.told.connect(self.told)
        control.counted.connect(lambda findings, leads: self.counted.emit(findings + leads))
        control.pane_wanted.connect(self.pane_wanted)
        control.report_wanted.connect(self.report_wanted)
        control.written.connect(self.settling.watch)
        FindingCopying(self.view, control).told.connect(self.told)
        return control

    @cached_property
    def settling(self) -> Settling:
        """What brings decisions to the disk."""
        from spectr_desktop.ui.settling import Settling  # noqa: PLC0415

        settling = Settling(self._around.tasks, self)
        settling.settled.connect(lambda: self.told.emit(self.tr("The decisions are saved")))
        return settling

    @cached_property
    def asks(self) -> AskControl:
        """What asks about findings."""
        from spectr_desktop.ui.ask_control import AskControl  # noqa: PLC0415

        _, _, _, tasks, source, choice, may_send = around = self._around
        asks = AskControl(
            around.runs, self.pane, tasks, source, choice, may_send, lambda: self.control.root
        )
        asks.told.connect(self.told)
        asks.running_changed.connect(self.asking_changed)
        return asks

    @property
    def asking(self) -> bool:
        """Whether a question is being answered."""
        return "asks" in self.__dict__ and self.asks.running

    def set_ask_enabled(self, enabled: bool, why: str) -> None:
        """Whether something can be asked about a finding, and if not, why."""
        self._may_ask = (enabled, why)
        if "pane" in self.__dict__:
            self.pane.set_ask_enabled(enabled, why)

    def write_finding(self) -> None:
        """A finding of the auditor's own about the selected lines."""
        self.control.write_finding()

    def show_selection(self) -> None:
        """Show the selected lines in the pane, to ask about them."""
        self.control.show_selection()

    def tell(self, event: object) -> None:
        """A run says something of a finding."""
        self.control.tell(event)

    def of_runs(self, runs: Sequence[str]) -> list[Finding]:
        """The project's findings that these runs reported."""
        return self.control.of_runs(runs)

    def stop(self) -> None:
        """Stop an answer."""
        if self.asking:
            self.asks.stop()

    async def close(self) -> None:
        """Keep what is typed, and wait until nothing is asked any more."""
        if "pane" in self.__dict__:
            self.pane.flush()
        if "control" in self.__dict__:
            self.control.finish_recording()
            await self.settling.settle()
            self.settling.timer.stop()
        self.stop()
        if "asks" in self.__dict__:
            await self.asks.runs.ended()

    def _complete(self) -> None:
        _ = (self.control, self.asks)
