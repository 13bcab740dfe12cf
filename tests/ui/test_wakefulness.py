from __future__ import annotations

import asyncio
import logging
import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QProcess

from spectr_desktop.ui.tasks import TaskOwner
from spectr_desktop.ui.wakefulness import Wakefulness
from tests.desktop_bus import bus, service
from tests.ui.driving import signal_future

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("dbus-daemon") is None, reason="needs dbus-daemon"
)
_GNOME = "org.gnome.SessionManager"
_POWER = "org.freedesktop.PowerManagement"
_PORTAL = "org.freedesktop.portal.Desktop"
_COOKIE = ("u", (4_000_000_001,))
_REQUEST = "/org/freedesktop/portal/desktop/request/1_7/t"
_ANSWERS = {
    _GNOME: {"Inhibit": _COOKIE},
    _POWER: {"Inhibit": _COOKIE},
    _PORTAL: {"Inhibit": ("o", (_REQUEST,))},
}
_ASKED = {
    _GNOME: ("Spectr Desktop", 0, "An audit", 4),
    _POWER: ("Spectr Desktop", "An audit"),
    _PORTAL: ("", 4, {"reason": ("s", "An audit")}),
}
_RELEASED = {
    _GNOME: ("Uninhibit", (4_000_000_001,)),
    _POWER: ("UnInhibit", (4_000_000_001,)),
    _PORTAL: ("Close", ()),
}


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with bus(tmp_path) as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        yield address


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which programs are looked for, empty."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
async def tasks() -> AsyncIterator[TaskOwner]:
    errors: list[BaseException] = []
    tasks = TaskOwner(errors.append)
    yield tasks
    await tasks.close()
    assert errors == []


@pytest.fixture
async def held() -> AsyncIterator[asyncio.Event]:
    """Set when the log says that the machine is kept awake."""
    held = asyncio.Event()

    def heard(record: logging.LogRecord) -> bool:
        if "keeps the machine awake" in record.getMessage():
            held.set()
        return True

    log = logging.getLogger("spectr_desktop.ui.wakefulness")
    before = log.level
    log.setLevel(logging.INFO)
    log.addFilter(heard)
    yield held
    log.removeFilter(heard)
    log.setLevel(before)


async def _ended(tasks: TaskOwner) -> None:
    while tasks._tasks:
        await asyncio.wait(set(tasks._tasks))


@pytest.mark.parametrize("name", _ANSWERS)
async def test_a_desktop_is_asked_and_given_back(
    address: str, tasks: TaskOwner, held: asyncio.Event, name: str
) -> None:
    awake = Wakefulness(tasks)
    async with service(address, name, _ANSWERS[name]) as desktop:
        awake.hold("An audit")
        awake.hold("An audit")
        asked = await desktop.calls.get()
        assert (asked.member, asked.body) == ("Inhibit", _ASKED[name])
        await held.wait()
        assert tasks._tasks
        awake.release()
        released = await desktop.calls.get()
        assert (released.member, released.body) == _RELEASED[name]
        await desktop.gone(asked.sender)
        assert desktop.calls.empty()
    await _ended(tasks)


async def test_only_the_first_that_can_is_asked(address: str, tasks: TaskOwner) -> None:
    awake = Wakefulness(tasks)
    async with (
        service(address, _GNOME, _ANSWERS[_GNOME]) as gnome,
        service(address, _PORTAL, _ANSWERS[_PORTAL]) as portal,
    ):
        awake.hold("An audit")
        asked = await gnome.calls.get()
        awake.release()
        await portal.gone(asked.sender)
        assert portal.calls.empty()


async def test_a_service_that_never_answers_makes_way_for_the_next(
    address: str, tasks: TaskOwner
) -> None:
    awake = Wakefulness(tasks, patience_s=0.01)
    async with (
        service(address, _GNOME, {}) as silent,
        service(address, _POWER, _ANSWERS[_POWER]) as power,
    ):
        awake.hold("An audit")
        assert (await silent.calls.get()).member == "Inhibit"
        asked = await power.calls.get()
        assert asked.member == "Inhibit"
        awake.release()
        await power.gone(asked.sender)


async def test_a_service_that_never_answers_is_left_at_the_end(
    address: str, tasks: TaskOwner
) -> None:
    awake = Wakefulness(tasks, patience_s=3600)
    async with service(address, _GNOME, {}) as silent:
        awake.hold("An audit")
        asked = await silent.calls.get()
        awake.release()
        await silent.gone(asked.sender)
    await _ended(tasks)


async def test_a_bus_that_says_nothing_holds_up_nobody(
    tmp_path: Path, tasks: TaskOwner, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, left = asyncio.Event(), asyncio.Event()

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.set()
        await reader.read()
        left.set()
        writer.close()

    async with await asyncio.start_unix_server(deaf, tmp_path / "deaf"):
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path / 'deaf'}")
        awake = Wakefulness(tasks)
        awake.hold("An audit")
        await reached.wait()  # the loop goes on meanwhile
        awake.release()
        await left.wait()
    await _ended(tasks)


@pytest.mark.parametrize("said", [None, "disabled:", "unix:path=/nowhere/bus", "odd"])
async def test_without_anybody_the_log_says_so(
    said: str | None,
    programs: Path,
    tasks: TaskOwner,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    if said is not None:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", said)
    caplog.set_level("INFO")
    awake = Wakefulness(tasks)
    awake.hold("An audit")
    await _ended(tasks)
    assert "nothing keeps the machine awake: there is no systemd-inhibit" in caplog.text
    awake.release()


async def test_logind_holds_as_long_as_its_command_lives(
    address: str, programs: Path, tmp_path: Path, tasks: TaskOwner
) -> None:
    told, ended = tmp_path / "told", tmp_path / "ended"
    os.mkfifo(told)
    os.mkfifo(ended)
    command = programs / "systemd-inhibit"
    # As the real one: the command that it is given runs as its child, and it waits. The child
    # tells, so that it is there when the other is killed.
    command.write_text(
        "#!/bin/sh\n"
        'said="$$ $(/usr/bin/cut -d" " -f6 /proc/$$/stat) $*"\n'
        f"/bin/sh -c \"echo '$said' > {told}; /bin/cat; echo gone > {ended}\"\n:\n"
    )
    command.chmod(0o755)
    awake = Wakefulness(tasks)
    awake.hold("An audit")
    words = await asyncio.to_thread(told.read_text)
    pid, session, _ = words.split(" ", 2)
    assert session == pid  # no terminal to ask in
    assert words.split("--")[1:3] == ["what=sleep:idle ", "who=Spectr Desktop "]
    awake.release()
    assert await asyncio.to_thread(ended.read_text) == "gone\n"
    await _ended(tasks)


async def test_a_logind_that_is_not_there_ends_it(
    address: str, programs: Path, tasks: TaskOwner, caplog: pytest.LogCaptureFixture
) -> None:
    command = programs / "systemd-inhibit"
    command.write_text("#!/bin/sh\nexit 1\n")
    command.chmod(0o755)
    caplog.set_level("INFO")
    Wakefulness(tasks).hold("An audit")
    await _ended(tasks)
    assert "systemd-inhibit does not keep the machine awake" in caplog.text


async def test_macos_is_kept_awake_by_its_own_command(
    programs: Path, tmp_path: Path, tasks: TaskOwner, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "told"
    os.mkfifo(told)
    command = programs / "caffeinate"
    command.write_text(f'#!/bin/sh\necho "$@" > {told}\nexec /bin/cat\n')
    command.chmod(0o755)
    monkeypatch.setattr(sys, "platform", "darwin")
    awake = Wakefulness(tasks)
    awake.hold("An audit")
    assert await asyncio.to_thread(told.read_text) == f"-i -w {os.getpid()}\n"
    (child,) = awake.findChildren(QProcess)
    gone = signal_future(child.destroyed)
    awake.release()
    await gone
    await _ended(tasks)


async def test_its_command_gets_no_keys(
    address: str,
    programs: Path,
    tmp_path: Path,
    tasks: TaskOwner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = tmp_path / "told"
    os.mkfifo(told)
    command = programs / "systemd-inhibit"
    command.write_text(f"#!/bin/sh\n/usr/bin/env > {told}\nexec /bin/cat\n")
    command.chmod(0o755)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-SECRET")
    monkeypatch.setenv("SOME_WORD", "handed on")
    awake = Wakefulness(tasks)
    awake.hold("An audit")
    words = await asyncio.to_thread(told.read_text)
    awake.release()
    await _ended(tasks)
    assert "SOME_WORD=handed on" in words
    assert "SECRET" not in words
