"""How long until the window is shown, against a bare PySide6 window on a qasync loop, one run.

    python benchmarks/startup.py [ROUNDS]

Both are processes of their own, measured from the start of the process until the window's first
paint has been delivered, on the offscreen platform, warm, alternating. Target: at most 2.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 9
TARGET = 2.0
_ROOT = Path(__file__).resolve().parent.parent
_BARE = """
import asyncio
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
import qasync
app = QApplication([])
app.setQuitOnLastWindowClosed(False)
window = QMainWindow()
window.resize(1400, 880)
window.show()
async def main():
    done = asyncio.Event()
    QTimer.singleShot(0, done.set)
    await done.wait()
    print("shown", flush=True)
with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(app)) as runner:
    runner.run(main())
"""


def _until_shown(command: list[str], environment: dict[str, str]) -> float:
    """Seconds from the start of a process to its first line."""
    began = time.perf_counter()
    with subprocess.Popen(
        command, cwd=_ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        spent = time.perf_counter() - began
    assert "shown" in line, line
    return spent


def main() -> None:
    """Print both times and their ratio."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    bare: list[float] = []
    ours: list[float] = []
    with tempfile.TemporaryDirectory() as home:
        environment = {
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "QT_API": "pyside6",
            "SPECTR_HOME": home,
        }
        for _ in range(rounds + 1):
            bare.append(_until_shown([sys.executable, "-c", _BARE], environment))
            ours.append(
                _until_shown([sys.executable, "-m", "spectr_desktop", "--smoke"], environment)
            )
    # The first round warms the file cache.
    bare_s, ours_s = statistics.median(bare[1:]), statistics.median(ours[1:])
    print(
        f"bare window {bare_s * 1000:.0f} ms, Spectr Desktop {ours_s * 1000:.0f} ms, "
        f"ratio {ours_s / bare_s:.2f} (target {TARGET})"
    )


if __name__ == "__main__":
    main()
