"""The window in a network of its own that has loopback only; `unshare -n` starts this.

Arguments: a source file; "all" uses every feature in air-gap mode, "servers" only asks servers.
Standard output is one JSON object: the steps that were done, how often the guard refused, what
the badge said, and the port of the scripted server.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_API", "pyside6")

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QLineEdit, QListWidget, QPushButton

from spectr_desktop import app as program
from spectr_desktop import logs, paths
from spectr_desktop.providers.egress import EgressGuard
from spectr_desktop.providers.errors import EgressRefused
from spectr_desktop.records.server import Locality, ModelInfo
from spectr_desktop.store import stored_runs
from spectr_desktop.ui.crash_notice import CrashNotice
from spectr_desktop.ui.crash_watch import CrashWatch
from spectr_desktop.ui.erase_dialog import EraseDialog
from spectr_desktop.ui.loop import WindowLoop
from spectr_desktop.ui.model_picker import Choice
from spectr_desktop.ui.request_preview import RequestPreview
from spectr_desktop.ui.settings_dialog import SettingsDialog
from tests.e2e.air_gap_inside import bring_loopback_up
from tests.servers.script import Gate
from tests.servers.scripted import ThreadedServer
from tests.servers.streams import Answer
from tests.ui.conftest import Ollama
from tests.ui.driving import (
    CONTROL,
    REPORT,
    SHIFT,
    asked,
    banner,
    child,
    click,
    idle,
    name_file,
    open_window,
    opened,
    press,
    press_key,
    ran,
    start,
    until,
)
from tests.ui.export_samples import export_from

if TYPE_CHECKING:
    from spectr_desktop.ui.main_window import MainWindow

_HOSTILE = (
    f"{REPORT}\n![x](http://203.0.113.9/a.png) ![y](//203.0.113.9/b.png) ![z](file:///etc/passwd)\n"
    '\n<img src="http://203.0.113.9/c.png"><iframe src="https://evil.example.org"></iframe>\n'
    '<link rel="stylesheet" href="http://203.0.113.9/d.css"><script src="//evil.example.org"/>\n'
    "\n[the advisory](https://evil.example.org/x) and \\\\203.0.113.9\\share\\e.png\n"
)
_MISTAKE = RuntimeError("made by the test")
_PATIENCE_S = 10
_CLOUD = "big:cloud"
NEW_KEY = "sk-new-SECRET-0123456789abcdef"


class Refusals:
    """Counts what the guard refuses, apart from its own count."""

    def __init__(self) -> None:
        self.count = 0
        for name in ("check", "check_model"):
            self._watch(name)

    def _watch(self, name: str) -> None:
        usual = getattr(EgressGuard, name)

        def watched(guard: EgressGuard, *arguments: object, **named: object) -> None:
            try:
                usual(guard, *arguments, **named)
            except EgressRefused:
                self.count += 1
                raise

        setattr(EgressGuard, name, watched)


class Auditor:
    """Uses the window by keys and clicks.

    Attributes:
        steps: what was done, in order.
    """

    def __init__(self, window: MainWindow, server: Ollama, source: Path) -> None:
        self._window, self._server, self._source = window, server, source
        self.steps: list[str] = []

    def _done(self, step: str) -> None:
        self.steps.append(step)

    def badge(self) -> str:
        """What the window says of the mode."""
        return child(self._window, QLabel, "privacyBadge").text()

    async def open_and_refresh(self) -> None:
        """A file by the dialog; models by the key."""
        window = self._window
        press_key(window, Qt.Key.Key_O, CONTROL)
        await name_file(window, self._source)
        await idle(window)
        assert window.file.name == self._source.name
        self._done("open")
        press_key(window, Qt.Key.Key_F5)
        await idle(window)
        self._done("models")

    async def run(self) -> None:
        """An audit on this machine with a hostile report, one that is stopped."""
        window = self._window
        self._server.answer = Answer(text=_HOSTILE)
        await ran(window)
        assert window.report.text() == _HOSTILE
        self._done("run")
        press_key(window, Qt.Key.Key_5, CONTROL)
        click(window.report.view, "the advisory")
        await idle(window)
        assert "no link is opened: https://evil.example.org/x" in banner(window)
        self._done("link")
        gate = Gate()
        self._server.answer = Answer(text=_HOSTILE, within=gate)
        press_key(window, Qt.Key.Key_R, CONTROL)
        await gate.reached()
        press_key(window, Qt.Key.Key_Escape)
        await idle(window)
        gate.open()
        assert window.runs.result is not None
        assert window.runs.result.outcome.value == "stopped"
        self._done("stop")
        self._server.answer = Answer(text=REPORT)
        run = window.runs.ids[-1]
        await window.keeping.run_again(stored_runs.read_run(run))
        await idle(window)
        assert window.runs.ids[0] == run
        self._done("run again")

    async def findings(self) -> None:
        """Decided, asked about, drafted, written by hand."""
        window = self._window
        window.findings.control.finish_recording()
        press_key(window, Qt.Key.Key_2, CONTROL)
        press_key(window, Qt.Key.Key_Home)
        press_key(window, Qt.Key.Key_2)
        press_key(window, Qt.Key.Key_Return)
        self._done("decide")
        area = window.findings.pane.follow_up_area
        area.question.setFocus()
        QTest.keyClicks(area.question, "Is it real?")
        self._server.answer = Answer(text="Yes: https://evil.example.org ![](//203.0.113.9/q)\n")
        press_key(window, Qt.Key.Key_Return)
        await idle(window)
        assert "Yes" in window.findings.pane.follow_up.toPlainText()
        self._done("ask")
        press(child(window, QPushButton, "draftButton"))
        await idle(window)
        self._done("draft")
        window.editor.setFocus()
        window.editor.moveCursor(QTextCursor.MoveOperation.Start)
        window.editor.moveCursor(QTextCursor.MoveOperation.Down, QTextCursor.MoveMode.KeepAnchor)
        press_key(window, Qt.Key.Key_N, CONTROL | SHIFT)
        assert any(one.by_hand for one in window.findings.control._book.findings())
        self._done("finding by hand")

    async def remote_models(self) -> None:
        """Those that other servers offer: shown before they are sent, refused when they are."""
        window = self._window
        picker = window.top.picker
        listed = {picker.itemText(row) for row in range(picker.count())}
        assert _CLOUD in listed
        assert not any("far" in name for name in listed)
        far = [
            Choice(config, ModelInfo(f"far-{config.provider}"), config.name, Locality.REMOTE)
            for config in window.settings.servers()
        ]
        assert len(far) == 3  # as the test has set up
        shown = picker._shown
        assert shown is not None
        # As if they had been asked before the mode was on: the list keeps no answer of its own.
        picker.set_rows([*shown[0], *far], shown[1])
        for name in (_CLOUD, *(choice.model.id for choice in far)):
            assert picker.pick(name)
            window.desk.preview()
            preview = await opened(window, RequestPreview)
            assert self._source.read_text()[:8] in preview.text.toPlainText()
            press(child(preview, QPushButton, "copyRequest"))
            preview.reject()
            await idle(window)
            before = len(asked(self._server))
            press_key(window, Qt.Key.Key_R, CONTROL)
            await idle(window)
            assert "Air-gap mode is on" in banner(window), name
            assert len(asked(self._server)) == before
            self._done(f"refused {name}")
        press_key(window, Qt.Key.Key_F5)
        await idle(window)

    async def history(self) -> None:
        """Searched, and a run of it opened."""
        window = self._window
        press_key(window, Qt.Key.Key_3, CONTROL)
        view = window.keeping.history_view
        await idle(window)
        words = child(view, QLineEdit, "historySearch")
        words.setFocus()
        QTest.keyClicks(words, "balance")
        run = stored_runs.run_ids()[0]
        assert await window.keeping.open_run(run)
        await idle(window)
        self._done("history")

    async def settings(self) -> None:
        """Each server tested, a key saved in the keychain."""
        window = self._window
        press_key(window, Qt.Key.Key_Comma, CONTROL)
        dialog = await opened(window, SettingsDialog)
        servers = child(dialog, QListWidget, "serverList")
        for row in range(servers.count()):
            servers.setCurrentRow(row)
            press(child(dialog, QPushButton, "testServer"))
            await self._tasks()
            self._tested = child(dialog, QLabel, "testServerResult").text()
            self._done(f"test {row}: {self._tested}")
        servers.setCurrentRow(0)
        key = child(dialog, QLineEdit, "serverKey")
        key.setFocus()
        QTest.keyClicks(key, NEW_KEY)
        press(child(dialog, QPushButton, "saveKey"))
        await self._tasks()
        state = child(dialog, QLabel, "serverKeyState").text()
        assert NEW_KEY not in state
        self._done(f"key: {state}")
        pages = child(dialog, QListWidget, "settingsPages")
        for row in range(pages.count()):
            pages.setCurrentRow(row)
            await self._tasks()
        dialog.accept()
        await idle(window)

    async def _tasks(self) -> None:
        tasks = self._window.tasks._tasks
        while tasks:
            await asyncio.wait(set(tasks))

    async def keep_and_erase(self) -> None:
        """Exported, changed by another program, erased."""
        window = self._window
        folder = self._source.parent
        dialog = await export_from(window, folder, ".md")
        dialog.reject()
        await idle(window)
        assert list(folder.glob("*-report.md"))
        self._done("export")
        await window.file.open(self._source)
        self._source.write_text("contract Other {}\n")  # as another program
        watch = window.keeping._watch
        watch.look_soon()
        await until(lambda: not window.source_bar.isHidden(), watch.checked)
        self._done("file changed")
        window.actions_by_name["erase_client"].trigger()
        dialog = await opened(window, EraseDialog)
        await asyncio.sleep(0)
        child(dialog, QCheckBox, "eraseSure").click()
        press(child(dialog, QPushButton, "answer_erase"))
        await idle(window)
        assert stored_runs.run_ids() == []
        self._done("erase")

    async def crash(self) -> None:
        """A mistake of the program is told; diagnostics are copied."""
        window = self._window
        window.task_failed.emit(_MISTAKE)
        notice = child(window, CrashNotice, "crashNotice")
        async with asyncio.timeout(_PATIENCE_S):
            while notice.isHidden():  # noqa: ASYNC110  # no signal tells it
                await asyncio.sleep(0)
        QGuiApplication.clipboard().setText(notice.diagnostics())
        self._done("crash")

    async def behind(self) -> None:
        """A run that ends while the window is not in front: the desktop is told."""
        window = self._window
        window.showMinimized()
        await ran(window)
        window.showNormal()
        self._done("notification")


async def _main(source: Path, what: str, server: Ollama) -> None:
    server.installed.append({**server.installed[0], "name": _CLOUD, "remote_host": "x"})
    refusals = Refusals()
    watch = CrashWatch()
    async with open_window() as window:
        program._tell_crashes(watch, window, window.theme, None)
        mistakes: list[object] = []
        window.task_failed.connect(mistakes.append)
        await start(window, None)
        auditor = Auditor(window, server, source)
        if what == "all":
            await auditor.open_and_refresh()
            await auditor.run()
            await auditor.findings()
            await auditor.remote_models()
            await auditor.history()
            await auditor.settings()
            await auditor.behind()
            await auditor.crash()
            await auditor.keep_and_erase()
        else:
            await auditor.settings()
        assert mistakes in ([], [_MISTAKE])
        result = {
            "steps": auditor.steps,
            "refused": refusals.count,
            "counted": window.runs.egress.refusals,
            "badge": auditor.badge(),
            "port": server.port,
        }
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    bring_loopback_up()
    app = QApplication([])
    logs.start(paths.logs())
    with (
        ThreadedServer(Ollama()) as served,
        asyncio.Runner(loop_factory=lambda: WindowLoop(app)) as runner,
    ):
        assert isinstance(served, Ollama)
        os.environ["OLLAMA_HOST"] = served.base_url
        runner.run(_main(Path(sys.argv[1]), sys.argv[2], served))
    logs.stop()
