"""The real program on a desktop with scripted services: awake while it runs, and its end told."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from spectr_desktop.providers.engine_files import PROGRAM_VARIABLE
from tests.desktop_bus import Service, bus, service
from tests.servers.ollama_server import OllamaServer
from tests.servers.script import Gate
from tests.servers.scripted import ThreadedServer
from tests.servers.streams import Answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("dbus-daemon") is None, reason="needs dbus-daemon"
)
_TEXT = "## [High] A finding in Geheim.sol\n\nWith some words.\n"
# Somebody presses Ctrl+R when all is there and puts the window away.
_DRIVEN = """
import sys
from pathlib import Path
from spectr_desktop import app
from spectr_desktop.ui.main_window import MainWindow

start = MainWindow.start

def driven(self, paths, named, model, usual):
    def look():
        if self.top.picker.choice() is not None and self.file.document is not None:
            self.actions_by_name["run"].trigger()
            self.hide()
    self.top.picker.choice_changed.connect(look)
    self.file.document_changed.connect(look)
    start(self, paths, named, model, usual)

MainWindow.start = driven
sys.exit(app.main(app.WindowOptions((Path(sys.argv[1]),))))
"""


@pytest.fixture
async def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Service]:
    """The session manager of the desktop, which the program's address leads to."""
    with bus(tmp_path) as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        answers = {"Inhibit": ("u", (1,)), "Uninhibit": ("", ())}
        async with service(address, "org.gnome.SessionManager", answers) as session:
            yield session


def _driven(server: OllamaServer, tmp_path: Path) -> subprocess.Popen[str]:
    contract = tmp_path / "Geheim.sol"
    contract.write_text("contract Vault {}\n")
    variables = {"OLLAMA_HOST": server.base_url, PROGRAM_VARIABLE: "/nowhere/llama-server"}
    return subprocess.Popen(
        [sys.executable, "-c", _DRIVEN, str(contract)],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("name", "status"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 0)]
)
async def test_however_it_ends_the_machine_may_sleep_again(
    session: Service, tmp_path: Path, name: signal.Signals, status: int
) -> None:
    server = OllamaServer(Answer(text=_TEXT * 4, within=Gate(), within_after=6))
    with ThreadedServer(server), _driven(server, tmp_path) as process:
        try:
            asked = await session.calls.get()
            assert (asked.member, asked.body) == (
                "Inhibit",
                ("Spectr Desktop", 0, "An audit is running", 4),
            )
            process.send_signal(name)
            await session.gone(asked.sender)
            _, errors = await asyncio.to_thread(process.communicate)
        finally:
            process.kill()
    assert process.returncode == status
    assert errors == ""


async def test_a_killed_program_ends_the_command_of_logind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, ended, folder = tmp_path / "told", tmp_path / "ended", tmp_path / "bin"
    folder.mkdir()
    os.mkfifo(told)
    os.mkfifo(ended)
    command = folder / "systemd-inhibit"
    command.write_text(f"#!/bin/sh\necho on > {told}\n/bin/cat\necho gone > {ended}\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "disabled:")
    server = OllamaServer(Answer(text=_TEXT * 4, within=Gate(), within_after=6))
    with ThreadedServer(server), _driven(server, tmp_path) as process:
        try:
            assert await asyncio.to_thread(told.read_text) == "on\n"
            process.kill()
            assert await asyncio.to_thread(ended.read_text) == "gone\n"
            await asyncio.to_thread(process.communicate)
        finally:
            process.kill()


async def test_the_end_of_a_run_is_told_without_a_word_of_it(
    session: Service, tmp_path: Path
) -> None:
    server = OllamaServer(Answer(text=_TEXT, natural=True))
    address = os.environ["DBUS_SESSION_BUS_ADDRESS"]
    notices = {"Notify": ("u", (1,))}
    async with service(address, "org.freedesktop.Notifications", notices) as desktop:
        with ThreadedServer(server), _driven(server, tmp_path) as process:
            try:
                told = await desktop.calls.get()
                asked = await session.calls.get()
                await session.gone(asked.sender)
            finally:
                process.kill()
    assert told.body[3:5] == ("The audit is complete", "Findings: 0, leads: 1.")
