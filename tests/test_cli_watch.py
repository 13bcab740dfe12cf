from __future__ import annotations

import asyncio
import json
import os
import signal
from typing import TYPE_CHECKING

import pytest

from spectr_desktop.cli_watch import Stamps, Watch
from spectr_desktop.errors import SpectrError
from tests.program import outcome_of, run, start
from tests.servers.script import Gate, Pause
from tests.servers.scripted import ScriptedServer, ThreadedServer
from tests.test_cli import at, shown, whole
from tests.test_cli_settings import REPORT, SOURCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


# -- what counts as a save --------------------------------------------------------------------


def test_a_save_is_another_content(tmp_path: Path) -> None:
    stamps, path = Stamps(), tmp_path / "A.sol"
    path.write_text("one")
    assert stamps.changed([path]) == [path]
    assert stamps.changed([path]) == []
    os.utime(path, ns=(1, 1))
    assert stamps.changed([path]) == []
    path.write_text("two")
    os.utime(path, ns=(2, 2))
    assert stamps.changed([path]) == [path]


def test_a_save_by_renaming_is_one_and_a_file_that_is_away_is_none(tmp_path: Path) -> None:
    stamps, path = Stamps(), tmp_path / "A.sol"
    path.write_text("one")
    stamps.changed([path])
    info = path.stat()
    path.unlink()
    assert stamps.changed([path]) == []
    path.write_text("one")
    assert stamps.changed([path]) == []
    beside = tmp_path / ".A.sol.tmp"
    beside.write_text("two")  # of the same size
    os.utime(beside, ns=(info.st_atime_ns, info.st_mtime_ns))
    beside.rename(path)
    assert stamps.changed([path]) == [path]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with a name")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "A.sol")
    assert Stamps().changed([tmp_path / "A.sol", tmp_path]) == []


# -- when it audits ---------------------------------------------------------------------------


class Watched:
    """A watch whose time and whose audits the test decides on."""

    def __init__(self, folder: Path, *, keeps_status: bool = False) -> None:
        self.folder = folder
        self.begun: list[dict[str, str]] = []
        self.stopped = 0
        self.separated = 0
        self.end: asyncio.Future[int] | None = None
        self.interrupted = asyncio.Event()
        self._ticks: asyncio.Queue[None] = asyncio.Queue()
        self._waits = asyncio.Event()
        self._changed = asyncio.Condition()
        watch = Watch(
            look=self._look,
            audit=self._audit,
            separate=self._separate,
            interrupted=self.interrupted,
            keeps_status=keeps_status,
            sleep=self._sleep,
        )
        self.task = asyncio.create_task(watch.run())

    def _look(self) -> list[Path]:
        found = sorted(self.folder.glob("*.sol"))
        if not found:
            raise SpectrError("nothing_found", "There is nothing.")
        return found

    def _separate(self) -> None:
        self.separated += 1

    async def _sleep(self, _: float) -> None:
        self._waits.set()
        await self._ticks.get()

    async def _audit(self) -> int:
        self.end = asyncio.get_running_loop().create_future()
        self.begun.append({path.name: path.read_text() for path in self.folder.glob("*.sol")})
        async with self._changed:
            self._changed.notify_all()
        try:
            return await self.end
        except asyncio.CancelledError:
            self.stopped += 1
            raise

    async def audits(self, count: int) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.begun) == count)

    async def tick(self) -> None:
        """Half a second passes, and what follows from it has happened."""
        await self._waits.wait()
        self._waits.clear()
        self._ticks.put_nowait(None)
        await self._waits.wait()

    def finish(self, status: int) -> None:
        assert self.end is not None
        self.end.set_result(status)

    def save(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    (tmp_path / "A.sol").write_text("one")
    watch = Watched(tmp_path)
    await watch.audits(1)
    yield watch
    watch.task.cancel()
    await asyncio.wait({watch.task})


async def test_a_burst_of_saves_is_one_run(watched: Watched) -> None:
    watched.finish(0)
    await watched.tick()
    watched.save("A.sol", "three")
    await watched.tick()
    watched.save("B.sol", "new")
    await watched.tick()
    assert len(watched.begun) == 1  # not yet: there may be more
    await watched.tick()
    await watched.audits(2)
    assert watched.begun[1] == {"A.sol": "three", "B.sol": "new"}
    assert (watched.separated, watched.stopped) == (1, 0)


async def test_a_run_is_stopped_before_the_next(watched: Watched) -> None:
    watched.save("A.sol", "three")
    await watched.tick()
    await watched.tick()
    await watched.audits(2)
    assert watched.stopped == 1


async def test_files_that_are_away_for_a_while_begin_nothing(watched: Watched) -> None:
    watched.finish(2)
    (watched.folder / "A.sol").unlink()
    await watched.tick()
    watched.save("A.sol", "one")
    await watched.tick()
    await watched.tick()
    assert len(watched.begun) == 1
    watched.save("A.sol", "three")
    await watched.tick()
    await watched.tick()
    await watched.audits(2)


@pytest.mark.parametrize(("keeps", "expected"), [(False, 0), (True, 1)])
async def test_ctrl_c_while_nothing_runs(tmp_path: Path, keeps: bool, expected: int) -> None:
    (tmp_path / "A.sol").write_text("one")
    watch = Watched(tmp_path, keeps_status=keeps)
    await watch.audits(1)
    watch.finish(1)
    await watch.tick()
    watch.interrupted.set()
    assert await watch.task == expected


async def test_ctrl_c_waits_for_what_a_run_still_writes(tmp_path: Path) -> None:
    (tmp_path / "A.sol").write_text("one")
    watch = Watched(tmp_path)
    await watch.audits(1)
    watch.interrupted.set()
    await watch.tick()
    assert not watch.task.done()
    watch.finish(130)
    assert await watch.task == 130
    assert watch.stopped == 0


async def test_a_mistake_in_an_audit_is_not_swallowed(watched: Watched) -> None:
    assert watched.end is not None
    watched.end.set_exception(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await watched.task


# -- the program ------------------------------------------------------------------------------


async def test_the_program_audits_again_after_a_save(tmp_path: Path, home: Path) -> None:
    path, report = tmp_path / "Vault.sol", tmp_path / "report.md"
    path.write_text(SOURCE)
    with ThreadedServer(whole(REPORT, natural=True)) as server:
        arguments = ["--watch", "--output", report, "--fail-on", "high"]
        with start("audit", tmp_path, *at(server), *arguments) as process:
            await shown(process, REPORT[-20:])
            await server.until(lambda: bool(server.requests))
            assert process.stderr is not None
            await _said(process.stderr, b"Waiting for a file to be saved")
            path.write_text(SOURCE + "// fixed\n")
            seen = await shown(process, REPORT[-20:])
            await _said(process.stderr, b"Waiting for a file to be saved")
            process.send_signal(signal.SIGINT)
            await asyncio.to_thread(process.communicate)
    assert process.returncode == 1
    assert seen.decode().startswith("\n---\n\n## [Critical]")
    assert _outcomes(home) == ["complete", "complete"]
    assert "Not complete" not in report.read_text()


async def test_ctrl_c_during_a_run_is_130_and_a_save_stops_one(tmp_path: Path, home: Path) -> None:
    path, report, gate = tmp_path / "Vault.sol", tmp_path / "report.md", Gate()
    path.write_text(SOURCE)
    with (
        ThreadedServer(whole(REPORT, natural=True, within=gate, within_after=3)) as server,
        start("audit", path, *at(server), "--watch", "--output", report) as process,
    ):
        await gate.reached()
        path.write_text(SOURCE + "// more\n")
        await server.disconnected()
        await shown(process, "---\n\n" + REPORT[:8])
        process.send_signal(signal.SIGINT)
        _, err = await asyncio.to_thread(process.communicate)
    assert process.returncode == 130
    assert b"Vault.sol was saved; the audit begins again." in err
    assert "Not complete" in report.read_text()
    assert _outcomes(home) == ["stopped", "stopped"]


async def test_ctrl_c_while_the_server_says_nothing_yet_is_130(vault: Path) -> None:
    gate = Gate()
    silent = ScriptedServer({("POST", "/api/show"): [Pause(gate)]})
    with (
        ThreadedServer(silent) as server,
        start("audit", vault, *at(server), "--watch", "--format", "events") as process,
    ):
        await gate.reached()
        process.send_signal(signal.SIGINT)
        out, err = await asyncio.to_thread(process.communicate)
    assert (process.returncode, err) == (130, b"")
    assert outcome_of(out.decode())["outcome"] == "stopped"


def _outcomes(home: Path) -> list[str]:
    files = sorted(home.glob("runs/*/journal.jsonl"))
    return [json.loads(file.read_bytes().splitlines()[-1])["outcome"] for file in files]


async def _said(stream: object, words: bytes) -> None:
    """Read standard error until it says this."""
    read = getattr(stream, "read", None)
    assert read is not None
    seen = b""
    while words not in seen:
        piece = await asyncio.to_thread(read, 4096)
        assert piece, seen
        seen += piece


def test_nothing_to_watch_is_a_sentence() -> None:
    status, out, err = run("audit", "--watch")
    assert (status, out) == (2, "")
    assert "Nothing is named" in err
