"""A notification of the desktop: how a run ended, and nothing that a lock screen may not show."""

from __future__ import annotations

import html
import os
import sys
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from spectr_desktop.logs import logger

if TYPE_CHECKING:
    import asyncio

    from PySide6.QtWidgets import QSystemTrayIcon

    from spectr_desktop.ui.session_bus import SessionBus
    from spectr_desktop.ui.tasks import TaskOwner

_log = logger(__name__)
_SERVICE = "org.freedesktop.Notifications"
_DESKTOP_FILE = "spectr-desktop"


class DesktopNotice(QObject):
    """Shows one notification at a time; at worst the log says that there is none.

    Signals:
        clicked: the user wants to see the window.
    """

    clicked = Signal()

    def __init__(self, tasks: TaskOwner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._showing: asyncio.Task[None] | None = None
        self._tray: QSystemTrayIcon | None = None

    def notify(self, title: str, text: str) -> None:
        """Show a title and a sentence, in the place of those before."""
        self.withdraw()
        if sys.platform == "linux":
            self._showing = self._tasks.start(self._show(title, text), "notification")
        else:
            self._show_in_tray(title, text)

    def withdraw(self) -> None:
        """What was shown is no longer of interest."""
        if self._showing is not None:
            self._showing.cancel()
            self._showing = None
        if self._tray is not None:
            self._tray.hide()

    async def _show(self, title: str, text: str) -> None:
        """Show it and wait until it is clicked or closed."""
        # Not before a run ends.
        from spectr_desktop.ui.session_bus import BusError, session_bus  # noqa: PLC0415

        hints = {"desktop-entry": ("s", _DESKTOP_FILE)}
        # The text may hold markup for some desktops.
        values = (
            "Spectr Desktop",
            0,
            _DESKTOP_FILE,
            title,
            html.escape(text, quote=False),
            ["default", self.tr("Show")],
            hints,
            -1,
        )
        try:
            async with session_bus() as bus:
                await bus.call(_listen())
                (number,) = await bus.call(_message("Notify", "susssasa{sv}i", values))
                closed = False
                try:
                    closed = await self._until_closed(bus, number)
                finally:
                    if not closed:
                        bus.send(_message("CloseNotification", "u", (number,)))
        except BusError as error:
            _log.info("the desktop shows no notification: %s", error)

    async def _until_closed(self, bus: SessionBus, number: int) -> bool:
        """Wait for the end of a notification; whether the desktop has closed it itself."""
        while True:
            name, values = await bus.signal()
            if values[:1] != (number,):
                continue
            if name == "ActivationToken":  # Wayland raises a window only with one
                os.environ["XDG_ACTIVATION_TOKEN"] = str(values[1])
            elif name == "ActionInvoked":
                self.clicked.emit()
                return False
            elif name == "NotificationClosed":
                return True

    def _show_in_tray(self, title: str, text: str) -> None:
        from PySide6.QtWidgets import QApplication, QStyle, QSystemTrayIcon  # noqa: PLC0415  # rare

        if not QSystemTrayIcon.isSystemTrayAvailable():
            _log.info("the desktop shows no notification: it has no tray")
            return
        if self._tray is None:
            icon = QApplication.windowIcon()
            if icon.isNull():
                icon = QApplication.style().standardIcon(
                    QStyle.StandardPixmap.SP_MessageBoxInformation
                )
            self._tray = QSystemTrayIcon(icon, self)
            self._tray.messageClicked.connect(self._on_tray_clicked)
            self._tray.activated.connect(self._on_tray_clicked)
        self._tray.show()
        self._tray.showMessage(title, text)

    def _on_tray_clicked(self, *_: object) -> None:
        self.withdraw()
        self.clicked.emit()


def _message(name: str, signature: str, values: tuple[Any, ...]) -> Any:  # noqa: ANN401
    """A question to the service of notifications."""
    from jeepney import DBusAddress, new_method_call  # noqa: PLC0415  # not before a run ends

    where = DBusAddress("/org/freedesktop/Notifications", _SERVICE, _SERVICE)
    return new_method_call(where, name, signature, values)


def _listen() -> Any:  # noqa: ANN401  # a message
    """The question to the bus that brings the signals of notifications."""
    from jeepney import MatchRule  # noqa: PLC0415  # as above
    from jeepney.bus_messages import message_bus  # noqa: PLC0415

    return message_bus.AddMatch(MatchRule(type="signal", interface=_SERVICE))
