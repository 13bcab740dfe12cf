"""The window with keys, against servers that repeat them in their faults.

Arguments: a source file. All that the window shows, copies and hands to children is gathered.
Standard output is one JSON object: name → text of each.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_API", "pyside6")

import psutil
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QLabel,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QTextEdit,
    QWidget,
)

from spectr_desktop import app as program
from spectr_desktop import logs, paths
from spectr_desktop.records.server import Locality, ModelInfo
from spectr_desktop.ui.crash_notice import CrashNotice
from spectr_desktop.ui.crash_watch import CrashWatch
from spectr_desktop.ui.loop import WindowLoop
from spectr_desktop.ui.model_picker import Choice
from spectr_desktop.ui.request_preview import RequestPreview
from spectr_desktop.ui.settings_dialog import SettingsDialog
from tests.e2e.test_secrets import FAULTS, echo_of, remote
from tests.served_runs import SERVERS
from tests.servers.scripted import ThreadedServer
from tests.servers.streams import Answer
from tests.ui.driving import (
    CONTROL,
    answer,
    child,
    idle,
    open_window,
    opened,
    press,
    press_key,
    start,
)
from tests.ui.export_samples import written

if TYPE_CHECKING:
    from spectr_desktop.records.server import ServerConfig
    from spectr_desktop.ui.main_window import MainWindow
    from tests.servers.model_server import ModelServer
    from tests.servers.script import Request, Script

_WHAT = (
    QAccessible.Text.Name,
    QAccessible.Text.Description,
    QAccessible.Text.Value,
    QAccessible.Text.Help,
)
_FAULTS = ("401", "500", "error inside", "malformed event", "odd end", "cut")
NEW_KEY = "sk-new-SECRET-a/b+c&d=0123456789"


class Scene:
    """Gathers what somebody could read.

    Attributes:
        found: where → all the text that was there at any time.
        fault: what servers answer now.
    """

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self.fault = ""

    def look(self) -> None:
        """All that is on the screen, as a screen reader hears it, and what was copied."""
        for widget in QApplication.allWidgets():
            self._keep("shown", "\n".join(_texts(widget)))
        self._keep("copied", QGuiApplication.clipboard().text())
        own = psutil.Process()
        for process in (own, *own.children(recursive=True)):
            try:
                self._keep("arguments", " ".join(process.cmdline()))
                if process != own:
                    self._keep("children", str(process.environ()))
            except psutil.NoSuchProcess:
                continue

    def _keep(self, where: str, text: str) -> None:
        known = self.found.get(where, "")
        if text not in known:
            self.found[where] = f"{known}\n{text}"


def _texts(widget: QWidget) -> list[str]:
    spoken = QAccessible.queryAccessibleInterface(widget)
    out = [spoken.text(what) for what in _WHAT] if spoken is not None else []
    out += [widget.toolTip(), widget.windowTitle()]
    if isinstance(widget, QPlainTextEdit | QTextEdit):
        out.append(widget.toPlainText())
    if isinstance(widget, QLineEdit):
        out.append(widget.displayText())
    if isinstance(widget, QLabel):
        out.append(widget.text())
    return [text for text in out if text]


async def _run_all(window: MainWindow, server: ServerConfig, model: str, scene: Scene) -> None:
    """One run after the other, each with another fault."""
    picker = window.top.picker
    choice = Choice(server, ModelInfo(model), server.name, Locality.REMOTE)
    picker.set_rows([choice], [])
    assert picker.pick(model)
    for at, scene.fault in enumerate(_FAULTS):
        press_key(window, Qt.Key.Key_R, CONTROL)
        if at == 0:
            await answer(window, "send")
        await idle(window)
        assert window.runs.result is not None
        assert not window.runs.result.outcome.finished
        scene.look()
    window.desk.preview()
    preview = await opened(window, RequestPreview)
    for row in range(child(preview, QListWidget, "requestList").count()):
        child(preview, QListWidget, "requestList").setCurrentRow(row)
        press(child(preview, QPushButton, "copyRequest"))
        scene.look()
    preview.reject()
    await idle(window)


async def _settings(window: MainWindow, scene: Scene) -> None:
    press_key(window, Qt.Key.Key_Comma, CONTROL)
    dialog = await opened(window, SettingsDialog)
    tasks = window.tasks._tasks
    servers = child(dialog, QListWidget, "serverList")
    key = child(dialog, QLineEdit, "serverKey")
    for row in range(servers.count()):
        servers.setCurrentRow(row)
        key.setFocus()
        press(child(dialog, QPushButton, "testServer"))
        while tasks:
            await asyncio.wait(set(tasks))
        scene.look()
    QTest.keyClicks(key, NEW_KEY)
    scene.look()
    key.selectAll()
    key.copy()
    press(child(dialog, QPushButton, "saveKey"))
    while tasks:
        await asyncio.wait(set(tasks))
    scene.look()
    dialog.accept()
    await idle(window)


def _faulty(kind: str, scene: Scene) -> ModelServer:
    """A server whose answers have the fault that is on the scene, with the key in it."""
    server = SERVERS[kind][0](Answer("ANSWER", natural=True))
    usual = server.routes["POST", server.generating]

    def generate(request: Request) -> Script:
        if not server.generates(request) or not request.json.get("messages"):
            assert callable(usual)
            return usual(request)
        return FAULTS[scene.fault](echo_of(kind, request))

    server.routes["POST", server.generating] = generate
    return remote(server)


async def _main(source: Path) -> None:
    scene = Scene()
    watch = CrashWatch()
    async with open_window() as window:
        program._tell_crashes(watch, window, window.theme, None)
        mistakes: list[object] = []
        window.task_failed.connect(mistakes.append)
        await start(window, source)
        for server in window.settings.servers():
            with ThreadedServer(_faulty(server.provider, scene)) as served:
                # Its name is nobody's: what is asked arrives at the scripted server as a proxy.
                there = replace(server, proxy=served.base_url)
                assert window.runs.keys is not None
                await window.runs.keys.load([there])
                await _run_all(window, there, SERVERS[server.provider][1], scene)
        await _settings(window, scene)
        press_key(window, Qt.Key.Key_E, CONTROL)
        # The very makers of the program, whose children and files are looked at too.
        formats = (".md", ".html", ".pdf", ".json", ".sarif", ".csv", ".zip")
        writing = asyncio.create_task(written(window, source.parent, *formats))
        while not writing.done():
            await asyncio.wait({writing}, timeout=0.05)
            scene.look()
        writing.result().reject()
        await idle(window)
        assert mistakes == []
        window.task_failed.emit(RuntimeError(f"with {os.environ['ANTHROPIC_API_KEY']} in it"))
        notice = child(window, CrashNotice, "crashNotice")
        async with asyncio.timeout(10):
            while notice.isHidden():  # noqa: ASYNC110  # no signal tells it
                await asyncio.sleep(0)
        QGuiApplication.clipboard().setText(notice.diagnostics())
        scene.look()
    sys.stdout.write(json.dumps(scene.found))


if __name__ == "__main__":
    app = QApplication([])
    logs.start(paths.logs())
    with asyncio.Runner(loop_factory=lambda: WindowLoop(app)) as runner:
        runner.run(_main(Path(sys.argv[1])))
    logs.stop()
