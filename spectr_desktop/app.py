"""The window's composition: application, loop, signals of the system, orderly shutdown."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from spectr_desktop import __version__, logs, paths
from spectr_desktop.records.server import ServerConfig

if TYPE_CHECKING:
    from PySide6.QtCore import QtMsgType
    from PySide6.QtWidgets import QApplication

    from spectr_desktop.ui.main_window import MainWindow

_log = logs.logger(__name__)
_NO_SCREEN = (
    "There is no screen to open a window on. Use `spectr-desktop audit PATH…`, or set DISPLAY."
)


@dataclass(frozen=True, slots=True)
class WindowOptions:
    """What the window is opened with; empty for "nothing was said".

    Attributes:
        paths: files to open.
        server: provider, address and options of servers as they were named.
        model: the model to prefer.
        thinking: how hard it is asked to think.
        air_gap: begin in air-gap mode.
        smoke: show the window and end.
    """

    paths: tuple[Path, ...] = ()
    server: ServerConfig = ServerConfig("")  # noqa: RUF009  # frozen
    model: str = ""
    thinking: str | None = None
    air_gap: bool = False
    smoke: bool = False


def main(options: WindowOptions) -> int:
    """Open the window and run until it is closed; returns the exit status."""
    if not _has_screen():
        sys.stderr.write(_NO_SCREEN + "\n")
        return 2
    logs.start(paths.logs())
    try:
        return _run(options)
    finally:
        logs.stop()


def _has_screen() -> bool:
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _run(options: WindowOptions) -> int:
    # Not at the top: without a screen nothing of Qt is loaded.
    from PySide6.QtCore import qInstallMessageHandler  # noqa: PLC0415
    from PySide6.QtWidgets import QApplication  # noqa: PLC0415

    from spectr_desktop.ui.garbage import GuiThreadCollector  # noqa: PLC0415
    from spectr_desktop.ui.loop import WindowLoop  # noqa: PLC0415
    from spectr_desktop.ui.main_window import MainWindow  # noqa: PLC0415
    from spectr_desktop.ui.theme import Theme  # noqa: PLC0415

    qInstallMessageHandler(_on_qt_message)
    app = QApplication([sys.argv[0]])
    app.setApplicationName("spectr-desktop")
    app.setApplicationDisplayName("Spectr Desktop")
    app.setDesktopFileName("spectr-desktop")
    # The window ends the program itself, after it has stopped and saved (qasync #39, #55).
    app.setQuitOnLastWindowClosed(False)
    window = MainWindow(Theme(app))
    window.show()
    collector = GuiThreadCollector(app)
    with asyncio.Runner(loop_factory=lambda: WindowLoop(app)) as runner:
        runner.run(_until_closed(window, options))
    collector.stop()
    _forget(app, window)
    return 0


def _on_qt_message(kind: QtMsgType, _context: object, text: str) -> None:
    """Qt's own words go to the log; before it aborts, the user gets a sentence."""
    from PySide6.QtCore import QtMsgType  # noqa: PLC0415

    _log.info("Qt: %s", text)
    if kind is QtMsgType.QtFatalMsg:
        no_screen = "platform plugin" in text or "could not connect" in text
        sys.stderr.write((_NO_SCREEN if no_screen else f"Qt cannot go on: {text}") + "\n")
        sys.stderr.flush()
        logs.stop()
        os._exit(2)  # what would follow is Qt's abort, with a core dump


async def _until_closed(window: MainWindow, options: WindowOptions) -> None:
    loop = asyncio.get_running_loop()
    closed = asyncio.Event()
    window.closed.connect(closed.set)
    if sys.platform != "win32":  # which ends programs in other ways
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, window.close_now)
    if options.smoke:
        sys.stdout.write(f"Spectr Desktop {__version__}: the window is shown\n")
        sys.stdout.flush()
        window.close_now()
    else:
        _start(window, options)
    await closed.wait()


def _start(window: MainWindow, options: WindowOptions) -> None:
    # After the window is shown; the second one so that the first token need not wait for it.
    import spectr_desktop.report.blocks  # noqa: F401, PLC0415  # pyright: ignore[reportUnusedImport]
    from spectr_desktop.audit import compose  # noqa: PLC0415

    given = options.server
    named = compose.config_for(given.provider, given.base_url, options.model, given)
    if named is None and given.base_url:
        named = replace(given, provider="ollama")  # as the command line takes it
    window.servers.set_thinking(options.thinking)
    if options.air_gap:
        window.servers.set_air_gap(on=True)
    window.start(options.paths, named, options.model, replace(given, base_url=""))


def _forget(app: QApplication, window: MainWindow) -> None:
    """Delete the window while the application still lives: the other order can crash."""
    window.deleteLater()
    app.sendPostedEvents(window)
    del window
