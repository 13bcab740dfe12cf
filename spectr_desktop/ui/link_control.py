"""Links of the report: opened in the browser after a question, and never in air-gap mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from spectr_desktop.ui import dialogs

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from spectr_desktop.providers.egress import EgressGuard
    from spectr_desktop.ui.tasks import TaskOwner


class LinkControl(QObject):
    """Opens one link at a time.

    Signals:
        refused: (str) a link was not opened, and why.
    """

    refused = Signal(str)

    def __init__(self, egress: EgressGuard, tasks: TaskOwner, window: QWidget) -> None:
        super().__init__(window)
        self._egress = egress
        self._tasks = tasks
        self._window = window

    def open(self, target: str) -> None:
        """Ask, showing the whole address, and open it."""
        self._tasks.start(self._open(target), "link")

    async def _open(self, target: str) -> None:
        if self._egress.air_gap:
            self.refused.emit(
                self.tr("Air-gap mode is on, so no link is opened: {url}").format(url=target)
            )
            return
        answer = await dialogs.ask(
            self._window,
            self.tr("Open this address in the browser?"),
            dialogs.true_target(target),
            {"open": self.tr("Open"), "cancel": self.tr("Cancel")},
            default="cancel",
        )
        if answer == "open":
            QDesktopServices.openUrl(QUrl(target))
