"""Keeps the machine from falling asleep while a run goes on; the screen may go dark and lock."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject

from spectr_desktop.children import environment_for_others
from spectr_desktop.logs import logger

if TYPE_CHECKING:
    from spectr_desktop.ui.session_bus import SessionBus
    from spectr_desktop.ui.tasks import TaskOwner

_log = logger(__name__)
_NAME = "Spectr Desktop"
# Of GNOME's session manager and of the portal: against suspending, not against locking.
_SUSPEND = 4
_PATIENCE_S = 5.0
# Of Windows' SetThreadExecutionState.
_CONTINUOUS = 0x80000000
_SYSTEM_REQUIRED = 0x00000001


class Wakefulness(QObject):
    """Asks the desktop to stay awake, in whichever way it offers; at worst the log says no.

    A way is asked in this order: GNOME's session manager, the power management of KDE and Xfce,
    the desktop portal, and without any of them logind by its command. org.freedesktop.ScreenSaver
    is not asked: it would keep the screen of an unattended machine unlocked.

    Args:
        tasks: owns what waits; closing it releases.
        patience_s: how long a service may take to answer, in seconds.
    """

    def __init__(
        self, tasks: TaskOwner, parent: QObject | None = None, patience_s: float = _PATIENCE_S
    ) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._patience_s = patience_s
        self._holding: asyncio.Task[None] | None = None

    def hold(self, reason: str) -> None:
        """Stay awake from now on; the reason may be shown by the desktop."""
        if self._holding is None:
            self._holding = self._tasks.start(self._hold(reason), "stay awake")

    def release(self) -> None:
        """The machine may sleep again."""
        if self._holding is not None:
            self._holding.cancel()
            self._holding = None

    async def _hold(self, reason: str) -> None:
        """Hold until cancelled."""
        if sys.platform == "win32":
            await _hold_windows()
        elif sys.platform == "darwin":
            await self._hold_child(["caffeinate", "-i", "-w", str(os.getpid())])
        elif not await self._hold_bus(reason):
            await self._hold_child(
                [
                    "systemd-inhibit",
                    "--what=sleep:idle",
                    f"--who={_NAME}",
                    f"--why={reason}",
                    "--mode=block",
                    "cat",  # ends with our end of its standard input, however we end
                ]
            )

    async def _hold_bus(self, reason: str) -> bool:
        """Hold through the desktop's bus; False if nobody there can."""
        from spectr_desktop.ui.session_bus import BusError, session_bus  # noqa: PLC0415  # a run

        try:
            async with session_bus() as bus:
                release = await self._asked(bus, reason)
                if release is None:
                    return False
                try:
                    while True:  # a bus that goes away ends it
                        await bus.signal()
                finally:
                    bus.send(release)
        except BusError as error:
            _log.info("the desktop cannot be kept awake over its bus: %s", error)
            return False

    async def _asked(self, bus: SessionBus, reason: str) -> Any:  # noqa: ANN401  # a message
        """Ask one service after the other; returns the message that releases, or None."""
        from jeepney import DBusAddress, MessageFlag, new_method_call  # noqa: PLC0415  # a run

        from spectr_desktop.ui.session_bus import BusError  # noqa: PLC0415

        for name, path, interface, signature, values, release in _services(reason):
            where = DBusAddress(path, name, interface)
            message = new_method_call(where, "Inhibit", signature, values)
            if "portal" not in name:  # which alone is started when somebody asks
                message.header.flags |= MessageFlag.no_auto_start
            try:
                async with asyncio.timeout(self._patience_s):
                    (token,) = await bus.call(message)
            except (BusError, TimeoutError) as error:
                _log.info("%s does not keep awake: %s", name, error or "no answer")
                continue
            _log.info("%s keeps the machine awake", name)
            if "portal" in name:
                request = DBusAddress(token, name, "org.freedesktop.portal.Request")
                return new_method_call(request, release)
            return new_method_call(where, release, "u", (token,))
        return None

    async def _hold_child(self, command: list[str]) -> None:
        """Hold as long as a child process lives; it ends with this task, and with the program."""
        program = shutil.which(command[0])
        if program is None:
            _log.info("nothing keeps the machine awake: there is no %s", command[0])
            return
        from PySide6.QtCore import QProcess, QProcessEnvironment  # noqa: PLC0415  # seldom needed

        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        child = QProcess(self)
        child.finished.connect(lambda: None if ended.done() else ended.set_result(None))
        child.errorOccurred.connect(lambda: None if ended.done() else ended.set_result(None))
        environment = QProcessEnvironment()
        for name, value in environment_for_others().items():
            environment.insert(name, value)
        child.setProcessEnvironment(environment)
        # Without our terminal: it must not ask there for a password.
        child.setUnixProcessParameters(QProcess.UnixProcessFlag.CreateNewSession)
        child.start(program, command[1:])
        try:
            await ended
            _log.info("%s does not keep the machine awake", command[0])
        finally:
            child.closeWriteChannel()
            child.kill()
            child.waitForFinished()
            child.deleteLater()


def _services(reason: str) -> list[tuple[str, str, str, str, tuple[Any, ...], str]]:
    """Name, path, interface, signature and values of each question, and what releases."""
    power = "org.freedesktop.PowerManagement"
    portal = "org.freedesktop.portal"
    return [
        (
            "org.gnome.SessionManager",
            "/org/gnome/SessionManager",
            "org.gnome.SessionManager",
            "susu",
            (_NAME, 0, reason, _SUSPEND),
            "Uninhibit",
        ),
        (
            power,
            "/org/freedesktop/PowerManagement/Inhibit",
            f"{power}.Inhibit",
            "ss",
            (_NAME, reason),
            "UnInhibit",
        ),
        (
            f"{portal}.Desktop",
            "/org/freedesktop/portal/desktop",
            f"{portal}.Inhibit",
            "sua{sv}",
            ("", _SUSPEND, {"reason": ("s", reason)}),
            "Close",
        ),
    ]


async def _hold_windows() -> None:
    """Hold for the GUI thread, which this runs in."""
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415  # Windows only

        set_state = ctypes.windll.kernel32.SetThreadExecutionState
        set_state(_CONTINUOUS | _SYSTEM_REQUIRED)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            set_state(_CONTINUOUS)
