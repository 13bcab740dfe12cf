"""The real program, made to fail in every way that Python and Qt know."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from spectr_desktop.providers.engine_files import PROGRAM_VARIABLE

if TYPE_CHECKING:
    from pathlib import Path

_KEY, _WORDS, _FILE = "sk-ant-SECRET-0123456789", "SOURCE-7c1e90", "Kundenvertrag.sol"
# The secrets come as arguments, so that they stand in no line of code that a traceback shows.
_DRIVEN = """
import asyncio, json, sys, threading
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from spectr_desktop import app
from spectr_desktop.ui.main_window import MainWindow
from spectr_desktop.ui.crash_notice import CrashNotice

how, times = sys.argv[1], int(sys.argv[2])
WORDS = "x-api-key: " + sys.argv[3] + " in " + sys.argv[4] + " of " + str(Path.home() / sys.argv[5])

def fail():
    if how == "attribute":
        WORDS.nothing
    raise {"value": ValueError, "os": OSError}.get(how, RuntimeError)(WORDS)

async def task():
    fail()

class Dropped:
    def __del__(self):
        fail()

def once(window):
    if how == "thread":
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
    elif how == "task":
        window.tasks.start(task(), "driven")
    elif how == "callback":
        asyncio.get_running_loop().call_soon(fail)
    elif how == "del":
        Dropped()
    else:
        QTimer.singleShot(0, fail)

windows, told = [], []
tell_crash = CrashNotice.tell_crash

def told_crash(notice, crash, first):
    tell_crash(notice, crash, first)
    told.append(crash.kind)
    if len(told) == times:
        (window,) = windows
        print(json.dumps({
            "shown": notice.isVisible(), "text": notice._label.text(),
            "diagnostics": notice.diagnostics(),
            "focus kept": window.focusWidget() is window.editor,
            "windows": sum(w.isVisible() for w in QApplication.topLevelWidgets()),
        }), flush=True)
        window.close_now()

def driven(self, paths, named, model, usual):
    windows.append(self)
    self.editor.setFocus()
    for _ in range(times):
        once(self)

CrashNotice.tell_crash = told_crash
MainWindow.start = driven
sys.exit(app.main(app.WindowOptions()))
"""
_DYING = """
import faulthandler, sys
from PySide6.QtCore import QTimer
from spectr_desktop import app
from spectr_desktop.ui.main_window import MainWindow

def die(secret):
    faulthandler._sigsegv()

MainWindow.start = lambda *_: QTimer.singleShot(0, lambda: die(sys.argv[1]))
sys.exit(app.main(app.WindowOptions()))
"""
_SHOWING = """
import sys
from PySide6.QtWidgets import QWidget
from spectr_desktop import app
from spectr_desktop.ui.crash_notice import CrashNotice
from spectr_desktop.ui.main_window import MainWindow

def look(self, *_):
    notice = self.findChild(CrashNotice)
    print(notice.diagnostics() if notice.isVisible() else "nothing", flush=True)
    self.close_now()

MainWindow.start = look
sys.exit(app.main(app.WindowOptions()))
"""
_NOT_STARTING = """
import sys
from spectr_desktop import app
from spectr_desktop.ui import main_window

def broken(self, theme):
    raise ValueError(sys.argv[1])

main_window.MainWindow.__init__ = broken
sys.exit(app.main(app.WindowOptions()))
"""


def _ran(code: str, *arguments: str, **variables: str) -> tuple[int, str, str]:
    ended = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, PROGRAM_VARIABLE: "/nowhere/llama-server", **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return ended.returncode, ended.stdout, ended.stderr


def _log(home: Path) -> str:
    return (home / "logs" / "spectr-desktop.log").read_text(encoding="utf-8")


def _crashed(how: str, times: int = 1, **variables: str) -> dict[str, Any]:
    status, out, err = _ran(_DRIVEN, how, str(times), _KEY, _WORDS, _FILE, **variables)
    assert (status, err) == (0, "")
    return json.loads(out)


@pytest.mark.parametrize(
    "how", ["slot", "thread", "task", "callback", "del", "value", "os", "attribute"]
)
def test_a_mistake_is_told_logged_and_the_program_goes_on(how: str, home: Path) -> None:
    said = _crashed(how)
    kind = {"value": "ValueError", "os": "OSError", "attribute": "AttributeError"}.get(
        how, "RuntimeError"
    )
    log, told = _log(home), said["diagnostics"]
    assert said["shown"]
    assert said["focus kept"]
    assert said["windows"] == 1
    assert f"({kind})" in said["text"]
    for text in (log, told):
        assert kind in text
        assert "in fail" in text
        assert "SECRET" not in text
        assert _WORDS not in text
        assert _FILE not in text
    if how == "attribute":
        assert "'str' object has no attribute 'nothing'" in log
    assert list(home.glob("logs/fatal*")) == []
    assert stat.S_IMODE((home / "logs" / "spectr-desktop.log").stat().st_mode) == 0o600


def test_the_same_mistake_again_is_counted_and_hardly_logged(home: Path) -> None:
    said = _crashed("slot", 20)
    assert "19 more since" in said["text"]
    assert _log(home).count("in fail") == 1
    assert _log(home).count("RuntimeError at") == 4  # the 2nd, 4th, 8th and 16th


def test_diagnostics_do_not_name_the_user(home: Path) -> None:
    user = home / "alice"
    user.mkdir(parents=True)
    said = _crashed("slot", HOME=str(user), SPECTR_HOME=str(user / "spectr"))
    assert "alice" not in said["diagnostics"]
    assert "Python 3." in said["diagnostics"]
    assert "unexpected error in a slot" in said["diagnostics"]


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_program_that_died_is_told_of_once_at_the_next_start(home: Path) -> None:
    status, _, err = _ran(_DYING, _KEY)
    assert status == -signal.SIGSEGV
    assert err == ""
    (left,) = home.glob("logs/fatal-*.txt")
    assert stat.S_IMODE(left.stat().st_mode) == 0o600
    assert "SECRET" not in left.read_text()
    status, out, err = _ran(_SHOWING)
    assert (status, err) == (0, "")
    assert "The program ended unexpectedly at " in out
    assert "Segmentation fault" in out
    assert "in die" in out
    assert "Segmentation fault" in _log(home)
    assert [path.name for path in home.glob("logs/fatal*")] == ["fatal-last.txt"]
    assert _ran(_SHOWING) == (0, "nothing\n", "")


def test_a_program_that_cannot_start_says_so_in_a_sentence(home: Path) -> None:
    status, out, err = _ran(_NOT_STARTING, _WORDS)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert "(ValueError)" in err
    assert "Traceback" not in err
    assert _WORDS not in err + _log(home)
    assert "the program cannot go on" in _log(home)
    assert list(home.glob("logs/fatal*")) == []
