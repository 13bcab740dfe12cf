"""The window as a program of its own that is killed, and the one that is started after it.

    python -m tests.e2e.window_recovery type BASE_URL MODEL SOURCE
    python -m tests.e2e.window_recovery again BASE_URL MODEL SOURCE

Each line that it prints is a JSON list: what it tells of, and the words.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_API", "pyside6")

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from spectr_desktop.records.server import ServerConfig
from spectr_desktop.ui.loop import WindowLoop
from tests.ui.driving import banner, button, open_window, press, start
from tests.ui.left_runs import answered, offered, report_bar, said


def _tell(what: str, words: object) -> None:
    sys.stdout.write(json.dumps([what, words]) + "\n")
    sys.stdout.flush()


async def _type_and_run(server: ServerConfig, model: str, source: Path) -> None:
    """Type edits that are not saved, run, and go on until somebody kills the program."""
    async with open_window() as window:
        await start(window, source, server, model)
        window.keeping._drafts.kept.connect(lambda: _tell("kept", window.editor.text()))
        window.runs.text_received.connect(lambda: _tell("report", window.report.text()))
        window.editor.setFocus()
        QTest.keyClicks(window.editor, "// typed and not saved ")
        press(button(window, "runButton"))
        await asyncio.Event().wait()


async def _look_and_run_again(server: ServerConfig, model: str) -> None:
    """Say what is offered, open it, have the missing part asked again; then quit."""
    async with open_window() as window:
        await start(window, None, server, model)
        _tell("source bar", said(window.source_bar))
        _tell("report bar", said(report_bar(window)))
        _tell("answers", offered(report_bar(window)))
        await answered(window, report_bar(window), "again")
        _tell("report", window.report.text())
        _tell("banner", banner(window))
        _tell("sent source", window.editor.text())
        await answered(window, window.source_bar, "open")  # the file, in place of what was sent
        _tell("on the disk", window.editor.text())
        await answered(window, window.source_bar, "open")  # and what was typed
        _tell("editor", window.editor.text())
        window.editor.document().setModified(False)


async def _main(what: str, base_url: str, model: str, source: Path) -> None:
    server = ServerConfig("ollama", base_url)
    if what == "type":
        await _type_and_run(server, model, source)
    else:
        await _look_and_run_again(server, model)


if __name__ == "__main__":
    app = QApplication([])
    with asyncio.Runner(loop_factory=lambda: WindowLoop(app)) as runner:
        runner.run(_main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4])))
