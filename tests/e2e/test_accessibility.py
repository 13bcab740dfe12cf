"""The window under a real X server, used through AT-SPI by another process."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from spectr_desktop import paths
from spectr_desktop.providers.engine_files import PROGRAM_VARIABLE
from tests.servers.ollama_server import OllamaServer
from tests.servers.script import Gate, Pause, Request, Script
from tests.servers.scripted import ThreadedServer
from tests.servers.streams import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator

_PYTHON = "/usr/bin/python3"
_DRIVER = Path(__file__).with_name("atspi_drive.py")
_SOURCE = "contract Vault {}\n"
_TEXT = "## A finding\n\n" + "Words of the report. " * 20
_NAMES = {
    "Project files",
    "Source editor",
    "Report",
    "Model",
    "Run audit",
    "Export report",
    "Run status",
    "Open file",
    "Menu",
    "Where the source goes",
}


def _missing() -> str:
    """What this machine lacks, "" for nothing."""
    for name in ("Xvfb", "dbus-run-session"):
        if shutil.which(name) is None:
            return f"{name} is not installed"
    if not Path(_PYTHON).exists():
        return "there is no system Python"
    done = subprocess.run([_PYTHON, "-c", "import pyatspi"], capture_output=True, check=False)
    return "" if done.returncode == 0 else "python3-pyatspi is not installed"


_LACK = _missing()
pytestmark = [pytest.mark.screen, pytest.mark.skipif(bool(_LACK), reason=f"no AT-SPI: {_LACK}")]


class _Server(OllamaServer):
    """Holds its answer twice: after some deltas, and shortly before the end."""

    def __init__(self) -> None:
        super().__init__(Answer(text=_TEXT, within=Gate(), within_after=10))
        self.end = Gate()

    def _chat(self, request: Request) -> Script:
        script = list(super()._chat(request))
        if request.json["messages"]:
            script.insert(len(script) - 8, Pause(self.end))
        return script


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Server]:
    server = _Server()
    with ThreadedServer(server):
        monkeypatch.setenv("OLLAMA_HOST", server.base_url)
        monkeypatch.setenv(PROGRAM_VARIABLE, "/nowhere/llama-server")
        yield server


@pytest.fixture
def display() -> Iterator[str]:
    """An X server of our own, on whatever number is free."""
    reading, writing = os.pipe()
    process = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1440x900x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with open(reading, encoding="ascii") as numbers:  # a descriptor  # noqa: PTH123  # a descriptor
            yield f":{numbers.readline().strip()}"
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def driver(display: str, server: _Server, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The driving script in a D-Bus session of its own, with the program as its child."""
    contract = tmp_path / "Vault.sol"
    contract.write_text(_SOURCE)
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    environment = {
        **os.environ,
        "DISPLAY": display,
        "QT_QPA_PLATFORM": "xcb",
        "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1",
        "XDG_RUNTIME_DIR": str(runtime),
        "LC_ALL": "C.UTF-8",
    }
    environment.pop("WAYLAND_DISPLAY", None)
    program = [sys.executable, "-m", "spectr_desktop", str(contract)]
    process = subprocess.Popen(
        ["dbus-run-session", "--", _PYTHON, str(_DRIVER), *program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # The driver's own words: what went wrong must be told before the pipe is closed.
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        env=environment,
        start_new_session=True,
    )
    yield process
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # the session and the program
    for left in psutil.process_iter():  # what the session activated, in groups of its own
        with contextlib.suppress(psutil.Error):
            if left.environ().get("XDG_RUNTIME_DIR") == str(runtime):
                left.kill()
    process.communicate()


def _step(process: subprocess.Popen[str], name: str) -> dict[str, Any]:
    assert process.stdout is not None
    # The services of the D-Bus session talk into the same pipe.
    said: list[str] = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("{"):
            break
    else:
        pytest.fail("".join(said))
    told = json.loads(said[-1])
    assert told["step"] == name, "".join(said)
    return told


def test_a_screen_reader_does_the_main_job(driver: subprocess.Popen[str], server: _Server) -> None:
    frame = _step(driver, "frame")
    assert "Vault.sol" in frame["title"]
    assert set(frame["names"]) >= _NAMES
    assert frame["source"].strip() == _SOURCE.strip()
    first = _step(driver, "first")
    assert "A finding" in first["text"]
    gate = server.answer.within
    assert gate is not None
    gate.open()
    assert driver.stdin is not None
    driver.stdin.write("\n")
    driver.stdin.flush()
    more = _step(driver, "more")
    assert more["text"].startswith(first["text"].rstrip())
    assert "Writing" in more["status"]
    stopped = _step(driver, "stopped")
    assert stopped["status"].startswith("Stopped")
    assert "Words of the report." in stopped["text"]
    assert _step(driver, "ended")["code"] == 0
    asyncio.run(server.disconnected())
    (file,) = paths.runs().glob("*/journal.jsonl")
    assert json.loads(file.read_text(encoding="utf-8").splitlines()[-1])["outcome"] == "stopped"
