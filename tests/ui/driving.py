"""How tests drive the window: they wait for signals, read what is shown, and press keys."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from typing import TYPE_CHECKING, Any, TypeVar

import psutil
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QDialog,
    QFileDialog,
    QLabel,
    QLineEdit,
    QMessageBox,
    QWidget,
)

from spectr_desktop import paths
from spectr_desktop.ui.main_window import MainWindow
from spectr_desktop.ui.markdown_view import MarkdownView
from spectr_desktop.ui.theme import Scheme, Theme

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from pathlib import Path

    from PySide6.QtCore import SignalInstance
    from PySide6.QtGui import QTextCursor
    from pytestqt.qtbot import QtBot

    from spectr_desktop.records.server import ServerConfig
    from spectr_desktop.ui.tasks import TaskOwner
    from tests.servers.scripted import ScriptedServer

W = TypeVar("W", bound=QWidget)

CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier
REPORT = (
    "## [Critical] The whole balance can be drawn twice\n\n"
    "- Impact: High\n- Likelihood: High\n\n"
    "`withdraw` sends ether **before** it sets the balance — reëntrancy.\n\n"
    '```solidity\n(bool ok, ) = msg.sender.call{value: amount}("");\n```\n'
)


def signal_future(signal: SignalInstance) -> asyncio.Future[tuple[Any, ...]]:
    """Resolved with the arguments of the signal's next emission."""
    future: asyncio.Future[tuple[Any, ...]] = asyncio.get_running_loop().create_future()

    def on_emitted(*arguments: object) -> None:
        if not future.done():
            future.set_result(arguments)

    def forget(_future: object) -> None:
        with contextlib.suppress(RuntimeError):  # its sender was deleted
            signal.disconnect(on_emitted)

    signal.connect(on_emitted)
    future.add_done_callback(forget)
    return future


async def until(predicate: Callable[[], bool], *signals: SignalInstance) -> None:
    """Return once the predicate holds; it is asked after each emission of one of the signals."""
    while not predicate():
        waiting = [signal_future(signal) for signal in signals]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for future in waiting:
            future.cancel()


async def idle(window: MainWindow) -> None:
    """Return once the window has nothing to do: no run, no question, no request, and is active."""
    while window.tasks._tasks:
        await asyncio.wait(set(window.tasks._tasks))
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    if window.isVisible() and app.activePopupWidget() is None:
        window.activateWindow()  # no window manager does it here after a dialog
        await until(window.isActiveWindow, app.focusWindowChanged)


async def opened(window: QWidget, kind: type[W]) -> W:
    """The dialog of this kind that the window opens; its coroutine takes a few rounds to."""
    while True:
        for dialog in window.findChildren(kind):
            if dialog.isVisible():
                return dialog
        await asyncio.sleep(0)


async def answer(window: QWidget, key: str) -> str:
    """Answer the question that the window asks; returns its text."""
    box = await opened(window, QMessageBox)
    text = box.text()
    press(child(box, QWidget, f"answer_{key}"))
    return text


async def name_file(window: QWidget, name: str | Path) -> None:
    """Choose a file by its whole path in the file dialog that the window opens."""
    dialog = await opened(window, QFileDialog)
    # What was suggested and is there would otherwise stay selected in the list.
    for view in dialog.findChildren(QAbstractItemView):
        view.clearSelection()
    child(dialog, QLineEdit, "fileNameEdit").setText(str(name))
    dialog.accept()


@contextlib.asynccontextmanager
async def open_window() -> AsyncGenerator[MainWindow, None]:
    """A window as `app` makes it; afterwards it is closed, and nothing of it may be left."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    app.setQuitOnLastWindowClosed(False)  # as the program does; else the test's loop ends too
    tasks, threads, children = asyncio.all_tasks(), _threads(), _children()
    theme = Theme(app)
    theme.choose(Scheme.LIGHT)
    window = MainWindow(theme)
    ended = signal_future(window.closed)
    window.show()
    await until(window.isActiveWindow, app.focusWindowChanged)
    try:
        yield window
    finally:
        window.close_now()
        await ended
        await idle(window)
        deleted = signal_future(window.destroyed)
        window.deleteLater()
        await deleted
        theme.choose(Scheme.SYSTEM)
        theme.deleteLater()
    assert asyncio.all_tasks() - tasks - {asyncio.current_task()} == set()
    assert _threads() - threads == set()
    assert _children() - children == set()
    assert [widget for widget in app.topLevelWidgets() if widget.isVisible()] == []


def _threads() -> set[threading.Thread]:
    # Those of the loop's executor, which end with the loop, get a dummy once they log something.
    dummy = threading._DummyThread
    return {thread for thread in threading.enumerate() if not isinstance(thread, dummy)}


def _children() -> set[int]:
    return {process.pid for process in psutil.Process().children(recursive=True)}


def child(parent: QWidget, kind: type[W], name: str) -> W:
    """The descendant with this object name."""
    found = parent.findChild(kind, name)
    assert found is not None, name
    return found


def press(button: QWidget) -> None:
    """Click a button with the mouse."""
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def press_key(window: QWidget, key: Qt.Key, modifiers: Qt.KeyboardModifier = NONE) -> None:
    """Press a key where the focus is."""
    QTest.keyClick(window.focusWidget() or window, key, modifiers)


def button(window: QWidget, name: str) -> QAbstractButton:
    """The button with this object name."""
    return child(window, QAbstractButton, name)


def banner(window: MainWindow) -> str:
    """What stands above the report, "" for nothing."""
    label = child(window.report, QLabel, "reportBanner")
    return "" if label.isHidden() else label.text()


def status(window: MainWindow) -> str:
    """What the status line says of the run."""
    return child(window.status, QLabel, "runStatus").text()


def dialogs_of(window: QWidget) -> list[QDialog]:
    """All dialogs that are on the screen."""
    return [dialog for dialog in window.findChildren(QDialog) if dialog.isVisible()]


def journal(folder: Path | None = None) -> list[dict[str, Any]]:
    """The lines of the only run, the header first."""
    (file,) = (folder or paths.runs()).glob("*/journal.jsonl")
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def written(lines: list[dict[str, Any]]) -> str:
    """The model's text as a journal has it."""
    return "".join(line["text"] for line in lines if line.get("event") == "text_delta")


async def start(
    window: MainWindow, path: Path | None, named: ServerConfig | None = None, model: str = ""
) -> None:
    """As `app` does it: the arguments of the command line, then all servers are asked."""
    window.start((path,) if path else (), named, model)
    await idle(window)


async def ran(window: MainWindow) -> None:
    """Press Run and wait until the run is over."""
    press(button(window, "runButton"))
    await idle(window)


def asked(server: ScriptedServer) -> list[dict[str, Any]]:
    """The bodies of all requests that carry source."""
    bodies = [json.loads(r.body) for r in server.requests if r.method == "POST" and r.body]
    return [body for body in bodies if body.get("messages")]


def drop(window: MainWindow, path: Path) -> None:
    """Drop a file in the middle of the window's own ground."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    where, buttons = QPointF(10, 10), Qt.MouseButton.LeftButton
    enter = QDragEnterEvent(where.toPoint(), Qt.DropAction.CopyAction, data, buttons, NONE)
    window.dragEnterEvent(enter)
    assert enter.isAccepted()
    window.dropEvent(QDropEvent(where, Qt.DropAction.CopyAction, data, buttons, NONE))


def other(qtbot: QtBot, theme: Theme, text: str) -> MarkdownView:
    """Another report: this text shown at once."""
    view = MarkdownView(theme)
    qtbot.addWidget(view)
    view.resize(560, 400)
    view.set_markdown(text)
    return view


def stream(view: MarkdownView, pieces: list[str]) -> None:
    """Show a text piece by piece."""
    for piece in pieces:
        view.append(piece)
        view.render_now()


def click(view: MarkdownView, text: str) -> None:
    """Click into the first place of a text in a report."""
    cursor: QTextCursor = view.document().find(text)
    assert not cursor.isNull()
    view.setTextCursor(cursor)
    view.ensureCursorVisible()
    cursor.setPosition(cursor.selectionStart() + 2)
    QTest.mouseClick(
        view.viewport(), Qt.MouseButton.LeftButton, pos=view.cursorRect(cursor).center()
    )


@contextlib.asynccontextmanager
async def active(dialog: QDialog, tasks: TaskOwner) -> AsyncGenerator[None, None]:
    """A dialog that was shown, once it has the focus; nothing of it is left afterwards."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    app.setQuitOnLastWindowClosed(False)
    dialog.activateWindow()
    await until(dialog.isActiveWindow, app.focusWindowChanged)
    try:
        yield
    finally:
        dialog.reject()
        await tasks.close()
        gone = signal_future(dialog.destroyed)
        dialog.deleteLater()
        await gone
