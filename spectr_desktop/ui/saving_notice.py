"""What the window says while a run cannot be saved: in a bar that offers to export the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from spectr_desktop.ui.change_bar import ChangeBar
    from spectr_desktop.ui.run_control import RunControl

_TOPIC = "unsaved_run"


class SavingNotice(QObject):
    """Follows the newest run, also after its end: the disk may come back.

    Signals:
        export_requested: the user wants the report elsewhere.
        told: (str) the run is saved again.
    """

    export_requested = Signal()
    told = Signal(str)

    def __init__(self, runs: RunControl, bar: ChangeBar) -> None:
        super().__init__(bar)
        self._runs, self._bar = runs, bar
        self._failing = False
        runs.saved_changed.connect(self._show)
        runs.finished.connect(self._show)

    def _show(self) -> None:
        if self._runs.saved or not self._runs.not_saved:
            self._bar.withdraw(_TOPIC)
            if self._failing:
                self.told.emit(self.tr("The run is saved"))
            self._failing = False
            return
        self._failing = True
        # While text still comes there is nothing whole to export.
        answers = {} if self._runs.running else {"export": self.tr("Export elsewhere…")}
        self._bar.show_offer(
            _TOPIC,
            self._runs.not_saved,
            answers,
            lambda key: self.export_requested.emit() if key == "export" else None,
            stays={"export"},
        )
