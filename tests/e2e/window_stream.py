"""The window as a program of its own that says, run after run of its loop, what its report shows.

    python -m tests.e2e.window_stream BASE_URL MODEL SOURCE

Each line is a JSON string: what has been added to the report since the last one.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_API", "pyside6")

from PySide6.QtWidgets import QApplication

from spectr_desktop.records.server import ServerConfig
from spectr_desktop.ui.loop import WindowLoop
from tests.ui.driving import button, open_window, press, start


async def _main(base_url: str, model: str, source: Path) -> None:
    async with open_window() as window:
        await start(window, source, ServerConfig("ollama", base_url), model)
        length = 0

        def tell() -> None:
            nonlocal length
            text = window.report.text()
            sys.stdout.write(json.dumps(text[length:]) + "\n")
            sys.stdout.flush()
            length = len(text)

        window.runs.text_received.connect(tell)
        press(button(window, "runButton"))
        await asyncio.Event().wait()


if __name__ == "__main__":
    app = QApplication([])
    with asyncio.Runner(loop_factory=lambda: WindowLoop(app)) as runner:
        runner.run(_main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
