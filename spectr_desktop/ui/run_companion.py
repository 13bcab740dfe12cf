"""What goes along with a run outside the window: the machine stays awake, its end is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QApplication

from spectr_desktop.ui.desktop_notice import DesktopNotice
from spectr_desktop.ui.wakefulness import Wakefulness

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QWidget

    from spectr_desktop.records.findings import Sighting
    from spectr_desktop.records.run import RunResult
    from spectr_desktop.ui.tasks import TaskOwner


class RunCompanion(QObject):
    """Told of the beginning and of the end of each run.

    Attributes:
        keeps_awake: whether the next run keeps the machine awake.
        notifies: whether the end of a run is told when no window of the program is in front.
    """

    def __init__(self, window: QWidget, tasks: TaskOwner) -> None:
        super().__init__(window)
        self.keeps_awake = True
        self.notifies = True
        self._window = window
        self._wakefulness = Wakefulness(tasks, self)
        self._notice = DesktopNotice(tasks, self)
        self._notice.clicked.connect(self._on_clicked)

    def run_started(self) -> None:
        """A run begins."""
        self._notice.withdraw()
        if self.keeps_awake:
            self._wakefulness.hold(self.tr("An audit is running"))

    def run_ended(self, outcome_text: str, findings: int, leads: int) -> None:
        """A run has ended, however it did.

        Args:
            outcome_text: how it ended, in words that everybody may read: no names, no source.
            findings: how many findings it has.
            leads: how many leads it has.
        """
        self._wakefulness.release()
        if self.notifies and QApplication.activeWindow() is None:
            counts = self.tr("Findings: {findings}, leads: {leads}.")
            text = counts.format(findings=findings, leads=leads)
            self._notice.notify(outcome_text, text)

    def run_finished(self, result: RunResult | None, sightings: Sequence[Sighting]) -> None:
        """A run has ended with this result, and this was read of its report."""
        from spectr_desktop.audit.run_findings import as_finding  # noqa: PLC0415  # after a run

        complete = result is not None and result.outcome.finished
        leads = sum(as_finding("", sighting).is_lead for sighting in sightings)
        self.run_ended(
            self.tr("The audit is complete")
            if complete
            else self.tr("The audit ended before it was complete"),
            len(sightings) - leads,
            leads,
        )

    def run_failed(self) -> None:
        """A run could not begin, or ended by a mistake of the program."""
        self.run_ended(self.tr("The audit failed"), 0, 0)

    def _on_clicked(self) -> None:
        window = self._window
        window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
        window.show()
        window.raise_()
        window.activateWindow()
