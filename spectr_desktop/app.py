"""The window's composition: application, loop, signals of the system, orderly shutdown."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from spectr_desktop import __version__, logs, paths
from spectr_desktop.errors import SpectrError
from spectr_desktop.records.server import ServerConfig
from spectr_desktop.store.fatal_files import Death, FatalFile, take_deaths

if TYPE_CHECKING:
    from PySide6.QtCore import QtMsgType
    from PySide6.QtWidgets import QApplication

    from spectr_desktop.ui.crash_watch import CrashWatch
    from spectr_desktop.ui.main_window import MainWindow
    from spectr_desktop.ui.theme import Theme

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
        _say_error(_NO_SCREEN)
        return 2
    logs.start(paths.logs())
    try:
        return _run(options)
    except Exception as error:  # noqa: BLE001  # the last place where something can be said
        _log.exception("the program cannot go on")
        _say_error(_last_words(error))
        return 2
    finally:
        logs.stop()


def _has_screen() -> bool:
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _say_error(sentence: str) -> None:
    if sys.stderr is not None:  # pyright: ignore[reportUnnecessaryComparison]  # Windows has none
        sys.stderr.write(sentence + "\n")
        sys.stderr.flush()


def _last_words(error: Exception) -> str:
    if isinstance(error, SpectrError):
        return error.message
    kind, folder = type(error).__name__, paths.logs()
    says = f"; the log in {folder} says more" if folder else ""
    return f"Spectr Desktop made a mistake and cannot go on ({kind}){says}."


def _run(options: WindowOptions) -> int:
    folder = paths.logs()
    death = take_deaths(folder) if folder else None
    fatal = FatalFile(folder) if folder else None
    if fatal:
        fatal.start()
    # Not at the top: without a screen nothing of Qt is loaded.
    from spectr_desktop.ui.crash_watch import CrashWatch  # noqa: PLC0415

    watch = CrashWatch()
    watch.install()
    try:
        _run_window(options, watch, fatal, death)
    finally:
        watch.uninstall()
        if fatal:
            fatal.stop()
    return 0


def _run_window(
    options: WindowOptions, watch: CrashWatch, fatal: FatalFile | None, death: Death | None
) -> None:
    from PySide6.QtCore import qInstallMessageHandler  # noqa: PLC0415  # as in _run
    from PySide6.QtWidgets import QApplication  # noqa: PLC0415

    from spectr_desktop.ui.garbage import GuiThreadCollector  # noqa: PLC0415
    from spectr_desktop.ui.loop import WindowLoop  # noqa: PLC0415
    from spectr_desktop.ui.main_window import MainWindow  # noqa: PLC0415
    from spectr_desktop.ui.theme import Theme  # noqa: PLC0415

    qInstallMessageHandler(partial(_on_qt_message, fatal))
    app = QApplication([sys.argv[0]])
    app.setApplicationName("spectr-desktop")
    app.setApplicationDisplayName("Spectr Desktop")
    app.setDesktopFileName("spectr-desktop")
    # The window ends the program itself, after it has stopped and saved (qasync #39, #55).
    app.setQuitOnLastWindowClosed(False)
    theme = Theme(app)
    window = MainWindow(theme)
    window.show()
    _tell_crashes(watch, window, theme, death)
    collector = GuiThreadCollector(app)

    def make_loop() -> WindowLoop:
        loop = WindowLoop(app)
        loop.set_exception_handler(watch.on_loop_error)
        return loop

    with asyncio.Runner(loop_factory=make_loop) as runner:
        runner.run(_until_closed(window, options))
    collector.stop()
    _forget(app, window)


def _tell_crashes(watch: CrashWatch, window: MainWindow, theme: Theme, death: Death | None) -> None:
    """Have mistakes of the program shown below the window's parts, from now on."""
    from spectr_desktop.ui.crash_notice import CrashNotice  # noqa: PLC0415  # as in _run

    notice = CrashNotice(theme, paths.logs(), window)
    central = window.centralWidget()
    layout = central.layout() if central else None
    assert layout is not None  # noqa: S101  # the window has made both
    layout.addWidget(notice)
    window.task_failed.connect(watch.on_task_error)
    watch.tell(notice.tell_crash)
    if death is not None:
        notice.tell_death(death)


def _on_qt_message(fatal: FatalFile | None, kind: QtMsgType, _context: object, text: str) -> None:
    """Qt's own words go to the log; before it aborts, the user gets a sentence."""
    from PySide6.QtCore import QtMsgType  # noqa: PLC0415

    _log.info("Qt: %s", text)
    if kind is QtMsgType.QtFatalMsg:
        no_screen = "platform plugin" in text or "could not connect" in text
        _say_error(_NO_SCREEN if no_screen else f"Qt cannot go on: {text}")
        if fatal and no_screen:
            fatal.stop()
        elif fatal:
            fatal.write_stacks()
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
