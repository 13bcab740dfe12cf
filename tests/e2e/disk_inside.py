"""A disk fails in the middle of a run: played in a mount namespace of its own.

    unshare --mount python -m tests.e2e.disk_inside FOLDER SCENE

FOLDER becomes a small disk. The exit status is 0 if all was as it must be.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from spectr_desktop.audit import compose
from spectr_desktop.records.events import Notice
from spectr_desktop.records.run import Outcome
from spectr_desktop.records.server import ServerConfig
from spectr_desktop.report.export.canonical import canonical
from spectr_desktop.store import journal, stored_runs
from tests.program import one_sentence, start
from tests.run_samples import plan
from tests.served_runs import Screen
from tests.servers.ollama_server import OllamaServer
from tests.servers.script import Gate
from tests.servers.scripted import ThreadedServer
from tests.servers.streams import Answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from spectr_desktop.audit.session import Session
    from spectr_desktop.audit.unsaved_runs import UnsavedRuns

TEXT = "".join(f"{n}. Reëntrancy 🏦 in line {n} of the contract.\n" for n in range(1500))
_BEFORE = 2000  # deltas of four letters, before the disk fails


def mount(*arguments: str | Path) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True)


def unmount(*arguments: str | Path) -> None:
    subprocess.run(["umount", *map(str, arguments)], check=True)


class Disk:
    """A small disk that is mounted on a read-only one, so that nothing is under it when it goes.

    Attributes:
        home: where the program keeps its things.
    """

    def __init__(self, folder: Path) -> None:
        mount("--make-rprivate", "/")
        mount("-t", "tmpfs", "-o", "size=4m", "tmpfs", folder)
        self.home, self._store, self.other = (folder / name for name in ("home", "store", "other"))
        for place in (self.home, self._store, self.other):
            place.mkdir()
        mount("-t", "tmpfs", "-o", "size=300k", "tmpfs", self._store)
        mount("-t", "tmpfs", "-o", "size=4m", "tmpfs", self.other)
        mount("--bind", self._store, self.home)
        mount("-o", "remount,ro", folder)
        self.filler = self.home / "filler"
        os.environ["SPECTR_HOME"] = str(self.home)

    def fill(self) -> None:
        with self.filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(1024))

    def free(self) -> None:
        self.filler.unlink()

    def cover(self) -> None:
        """What is there is now a read-only disk."""
        mount("-t", "tmpfs", "-o", "ro", "tmpfs", self.home / "runs")

    def uncover(self) -> None:
        unmount(self.home / "runs")

    def take_away(self) -> None:
        unmount("-l", self.home)

    def bring_back(self) -> None:
        mount("--bind", self._store, self.home)

    def bring_another(self) -> None:
        mount("-t", "tmpfs", "tmpfs", self.home)

    def make_read_only(self) -> None:
        for place in (self.home, self._store):
            mount("-o", "remount,ro", place)

    def make_writable(self) -> None:
        for place in (self._store, self.home):
            mount("-o", "remount,rw", place)


def answering() -> tuple[OllamaServer, Gate]:
    """A server that waits in the middle of its answer."""
    gate = Gate()
    return OllamaServer(
        Answer(text=TEXT, natural=True, within=gate, within_after=_BEFORE, seed=None)
    ), gate


class Play:
    """A run that stands in the middle of its answer until `gate` is opened.

    Attributes:
        gate: the server waits before it.
        session: the run.
    """

    def __init__(self, session: Session, screen: Screen, gate: Gate, unsaved: UnsavedRuns) -> None:
        self.gate, self.session, self.unsaved = gate, session, unsaved
        self._screen = screen
        self._changes: asyncio.Queue[bool] = asyncio.Queue()
        session.on_unsaved_changed = lambda: self._changes.put_nowait(session.unsaved is None)
        self._run = asyncio.create_task(session.run())

    async def in_the_middle(self) -> None:
        await self.gate.reached()
        await self._screen.shown(4 * _BEFORE - 100)

    async def change(self) -> bool:
        """Whether the run is saved, when that changes."""
        return await self._changes.get()

    async def ended(self) -> None:
        """The run is complete, whatever the disk does."""
        result = await self._run
        assert result.outcome is Outcome.COMPLETE, result
        assert self._screen.text == result.texts["1.quick"] == TEXT

    async def is_saved(self) -> None:
        """All of it is on the disk; it was told once that it was not."""
        await self.unsaved.abandon()
        assert self.session.unsaved is None
        stored = stored_runs.read_run(self.session.plan.header.id)
        assert stored.result.outcome is Outcome.COMPLETE
        assert stored.result.texts == {"1.quick": TEXT}
        assert (stored.closed, stored.writing, stored.damaged_lines) == (True, False, 0)
        codes = [event.code for event in self._screen.events if isinstance(event, Notice)]
        # One that fails from the start is told by whoever opens the session.
        failed = ["journal_failed"]
        assert codes in ([], failed, [*failed, "journal_restored"], ["journal_restored"])


async def filled(play: Play, disk: Disk) -> None:
    """Full, and freed while the run goes on."""
    await play.in_the_middle()
    disk.fill()
    play.gate.open()
    assert not await play.change()
    disk.free()
    await play.ended()
    assert await play.change()


async def filled_to_the_end(play: Play, disk: Disk) -> None:
    """Full, and freed when the run is over."""
    await play.in_the_middle()
    disk.fill()
    play.gate.open()
    await _ended_unsaved(play)
    disk.free()
    assert await play.change()


async def covered(play: Play, disk: Disk) -> None:
    """Read-only while nothing is written, and back."""
    await play.in_the_middle()
    disk.cover()
    assert not await play.change()
    disk.uncover()
    assert await play.change()
    play.gate.open()
    await play.ended()


async def covered_to_the_end(play: Play, disk: Disk) -> None:
    """Read-only until the run is over."""
    await play.in_the_middle()
    disk.cover()
    play.gate.open()
    await _ended_unsaved(play)
    disk.uncover()
    assert await play.change()


async def read_only_at_first(play: Play, disk: Disk) -> None:
    """Read-only from the start."""
    assert play.session.unsaved is not None
    await play.in_the_middle()
    disk.make_writable()
    assert await play.change()
    play.gate.open()
    await play.ended()


async def deleted(play: Play, disk: Disk) -> None:
    """The folder of runs is deleted: nobody has to hear of it."""
    await play.in_the_middle()
    shutil.rmtree(disk.home / "runs")
    play.gate.open()
    await play.ended()
    assert play.session.unsaved is None


async def taken_away(play: Play, disk: Disk) -> None:
    """The disk is gone while nothing is written, and back."""
    await play.in_the_middle()
    disk.take_away()
    assert not await play.change()
    disk.bring_back()
    assert await play.change()
    play.gate.open()
    await play.ended()


async def replaced(play: Play, disk: Disk) -> None:
    """The disk is gone until the run is over; then an empty one is there."""
    await play.in_the_middle()
    disk.take_away()
    play.gate.open()
    await _ended_unsaved(play)
    disk.bring_another()
    assert await play.change()


async def _ended_unsaved(play: Play) -> None:
    await play.ended()
    assert not await play.change()
    assert play.session.unsaved is not None
    (run,) = play.unsaved.runs()
    assert run.reason == play.session.unsaved.message


async def run_session(disk: Disk, scene: Callable[[Play, Disk], Awaitable[None]]) -> None:
    """Play a scene; the journal's thread looks more often than usual, so that it is short."""
    journal._INTERVAL_S = 0.02
    server, gate = answering()
    with ThreadedServer(server):
        provider = compose.connect(ServerConfig("ollama", server.base_url))
        model = await compose.choose_model(provider, "")
        if scene is read_only_at_first:
            disk.make_read_only()
        screen, unsaved = Screen(), compose.UnsavedRuns()
        session, _ = compose.open_session(plan(model=model), provider, screen.show, unsaved)
        play = Play(session, screen, gate, unsaved)
        await scene(play, disk)
        await play.is_saved()


def run_program(disk: Disk, *, frees: bool) -> None:
    """The command line, whose disk gets full in the middle; it exports to another one."""
    server, gate = answering()
    source, report = disk.other / "Vault.sol", disk.other / "report.md"
    source.write_text("contract Vault {}\n")
    named = ("--provider", "ollama", "--model", server.installed[0]["name"])
    with ThreadedServer(server):
        options = (*named, "--base-url", server.base_url, "--output", report)
        with start("audit", source, *options) as child:
            assert child.stdout is not None
            out = bytearray()
            while len(out) < 3 * _BEFORE:
                out += child.stdout.read(4096)
            disk.fill()
            gate.open()
            if frees:
                assert child.stderr is not None
                said = child.stderr.readline().decode()
                assert "cannot be saved" in said, said
                disk.free()
            rest, err = child.communicate()
    assert child.returncode == 0, err.decode()
    assert (out + rest).decode() == TEXT
    assert canonical(TEXT) in report.read_text(encoding="utf-8")
    (run,) = stored_runs.run_ids()
    stored = stored_runs.read_run(run)
    text = stored.result.texts["1.quick"]
    assert stored.damaged_lines == 0
    if frees:
        assert one_sentence(err.decode()).startswith("The run is saved again")
        assert (text, stored.closed) == (TEXT, True)
    else:
        assert "export the report" in one_sentence(err.decode())
        assert TEXT.startswith(text)
        assert text
        assert not stored.closed


SESSIONS = {
    scene.__name__: scene
    for scene in (
        filled,
        filled_to_the_end,
        covered,
        covered_to_the_end,
        read_only_at_first,
        deleted,
        taken_away,
        replaced,
    )
}
PROGRAMS = {"program_filled": False, "program_freed": True}

if __name__ == "__main__":
    _disk = Disk(Path(sys.argv[1]))
    if sys.argv[2] in PROGRAMS:
        run_program(_disk, frees=PROGRAMS[sys.argv[2]])
    else:
        asyncio.run(run_session(_disk, SESSIONS[sys.argv[2]]))
