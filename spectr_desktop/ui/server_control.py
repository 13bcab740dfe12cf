"""What the user may tell servers beside a run: air-gap mode, thinking, unloading."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from spectr_desktop.errors import SpectrError
from spectr_desktop.records.run import THINKING

if TYPE_CHECKING:
    from spectr_desktop.ui.actions import Actions
    from spectr_desktop.ui.model_picker import Choice
    from spectr_desktop.ui.run_control import RunControl


class ServerControl(QObject):
    """Keeps the settings in `RunControl`, where the next run finds them.

    Signals:
        egress_changed: the mode was switched, or a connection was refused.
        told: a short word on something that was done.
        failed: a SpectrError.
    """

    egress_changed = Signal()
    told = Signal(str)
    failed = Signal(object)

    def __init__(self, runs: RunControl, actions: Actions, window: QWidget) -> None:
        super().__init__(window)
        self._runs = runs
        self._window = window
        self._air_gap = actions.add(
            "air_gap", self.tr("Air-gap mode"), [], self._on_air_gap_triggered
        )
        self._air_gap.setCheckable(True)
        self._air_gap.setToolTip(self.tr("Contact nothing but this machine"))
        runs.egress.on_refused = self.egress_changed.emit
        self._menu = self._thinking_menu()

    @property
    def menu(self) -> QMenu:
        """How hard the model is asked to think."""
        return self._menu

    @property
    def refusals(self) -> int | None:
        """Connections refused so far in air-gap mode; None if it is off."""
        egress = self._runs.egress
        return egress.refusals if egress.air_gap else None

    def set_air_gap(self, *, on: bool) -> None:
        """Switch the mode; not while a run goes on, whose connection would stay open."""
        self._air_gap.setChecked(on)
        self._on_air_gap_triggered()

    def set_thinking(self, level: str | None) -> None:
        """Ask the next runs' models to think so hard."""
        self._runs.thinking = level
        for action in self._menu.actions():
            action.setChecked(action.objectName() == f"thinking_{level or 'default'}")

    def set_running(self, *, running: bool) -> None:
        """A run goes on or has ended."""
        self._air_gap.setEnabled(not running)

    async def unload(self, choice: Choice) -> None:
        """Let the server free the memory of a model."""
        title = choice.model.title
        try:
            done = await self._runs.unload(choice)
        except SpectrError as error:
            self.failed.emit(error)
            return
        words = (
            self.tr("{model} is unloaded")
            if done
            else self.tr("The server unloads no model itself")
        )
        self.told.emit(words.format(model=title))

    def _on_air_gap_triggered(self) -> None:
        self._runs.egress.air_gap = self._air_gap.isChecked()
        self.egress_changed.emit()

    def _thinking_menu(self) -> QMenu:
        menu = QMenu(self.tr("Thinking"), self._window)
        group = QActionGroup(menu)
        labels = {
            "off": self.tr("Off"),
            "on": self.tr("On"),
            "low": self.tr("Low"),
            "medium": self.tr("Medium"),
            "high": self.tr("High"),
            "max": self.tr("Maximum"),
        }
        choices = [(None, self.tr("As the model has it")), *((n, labels[n]) for n in THINKING)]
        for level, label in choices:
            action = menu.addAction(label)
            action.setObjectName(f"thinking_{level or 'default'}")
            action.setCheckable(True)
            action.setChecked(level is None)
            action.triggered.connect(lambda _checked=False, chosen=level: self.set_thinking(chosen))
            group.addAction(action)
        return menu
