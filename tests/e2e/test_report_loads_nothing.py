"""A report with images of every kind, shown by a process whose opened files are traced."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

_CALLS = "trace=open,openat,stat,statx,newfstatat,access,readlink,connect"

# Reads a file of its own first: what the trace has to find, so that finding nothing has a meaning.
_CHILD = """
import os, sys
from PySide6.QtWidgets import QApplication
from spectr_desktop.ui.markdown_view import MarkdownView
from spectr_desktop.ui.theme import Theme

folder = sys.argv[1]
app = QApplication([])
open(folder + "/seen-canary.txt").close()
os.chdir(folder)
view = MarkdownView(Theme(app))
view.resize(600, 500)
view.show()
targets = [
    "file://" + folder + "/secret-image.png", folder + "/secret-image.png", "secret-image.png",
    "./secret-image.png", "qrc:/secret-image.png", ":/secret-image.png",
    "//server.invalid/share/secret-image.png", "http://192.0.2.1/secret-image.png",
    "https://192.0.2.1/secret-image.png", "file://192.0.2.1/secret-image.png",
]
text = "".join(
    f"![a]({t}) ![a][r{n}] [![a]({t})](https://192.0.2.1/) [link](<{t}>)\\n\\n"
    f"| ![a]({t}) |\\n|---|\\n| <img src='{t}'> |\\n\\n<iframe src='{t}'></iframe>\\n\\n"
    f"<style>@import '{t}';</style>\\n\\n[r{n}]: {t}\\n\\n"
    for n, t in enumerate(targets)
)
for at in range(0, len(text), 50):
    view.append(text[at : at + 50])
    view.render_now()
view.finish()
view.grab()
view.set_markdown(text)
view.grab()
view.selectAll()
view.createMimeDataFromSelection()
print(view.toPlainText().count("[image: a]"))
"""


def _traces(folder: Path) -> bool:
    """Whether strace is there and may trace."""
    if sys.platform != "linux" or shutil.which("strace") is None:
        return False
    command = ["strace", "-f", "-e", _CALLS, "-o", str(folder / "try"), "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_a_report_opens_no_file_and_no_connection(tmp_path: Path) -> None:
    if not _traces(tmp_path):
        pytest.skip("strace does not work here")
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / "secret-image.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (folder / "seen-canary.txt").touch()
    log = tmp_path / "trace"
    tracer = ["strace", "-f", "-s", "400", "-e", _CALLS, "-o", str(log)]
    done = subprocess.run(
        [*tracer, sys.executable, "-c", _CHILD, str(folder)],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 30
    calls = log.read_text(errors="replace").splitlines()
    assert any("seen-canary.txt" in call for call in calls)
    assert [call for call in calls if "secret-image" in call] == []
    assert [call for call in calls if re.search(r"connect\(.*AF_INET", call)] == []
