from __future__ import annotations

import asyncio
import errno
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from spectr_desktop.locks import is_locked
from spectr_desktop.records.codec import from_json, to_json
from spectr_desktop.records.events import (
    CellFinished,
    GenerationEnded,
    Notice,
    PhaseChanged,
    RunEntry,
    RunFinished,
    TextDelta,
    ThinkingDelta,
    UsageReported,
    event_from_json,
)
from spectr_desktop.records.run import ErrorInfo, Header, Outcome, Phase, StopReason, Usage
from spectr_desktop.store import journal as journal_module
from spectr_desktop.store.journal import Journal, JournalError, _line, sent_files
from tests.run_samples import header

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectr_desktop.errors import SpectrError

_CELL = "1.quick"
_ROOT = Path(__file__).parents[2]
_ENTRIES = [
    RunEntry(0, _CELL, PhaseChanged(Phase.CONNECTING)),
    RunEntry(5, _CELL, ThinkingDelta("hm")),
    RunEntry(7, _CELL, TextDelta("## Reëntrancy \u2028 \ud800 🏦\n")),
    RunEntry(8, _CELL, UsageReported(Usage(10, 20, None, 3))),
    RunEntry(9, _CELL, GenerationEnded(StopReason.NATURAL)),
    RunEntry(9, _CELL, Notice("code", "Sentence.")),
    RunEntry(10, _CELL, CellFinished(Outcome.FAILED, error=ErrorInfo("x", "y", {"n": 1}, "z"))),
    RunEntry(10, "", RunFinished(Outcome.COMPLETE, finished_at="2026-11-23T09:00:01Z")),
]


def lines(path: Path) -> list[dict[str, Any]]:
    raw = path.read_bytes()
    assert raw.endswith(b"\n")
    return [json.loads(line) for line in raw.split(b"\n")[:-1]]


def entries(path: Path) -> list[RunEntry]:
    found: list[RunEntry] = []
    for value in lines(path)[1:]:
        event = event_from_json(value)
        assert event is not None
        found.append(RunEntry(value["t"], value["cell"], event))
    return found


class Disk:
    """Stands in for `os.write`: counts, and fails or writes short as it is told."""

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.script: list[int | OSError] = []
        self.stays_full = False
        self._write = os.write

    def write(self, descriptor: int, raw: bytes) -> int:
        self.calls.append(len(raw))
        if self.stays_full:
            raise full()
        step = self.script.pop(0) if self.script else len(raw)
        if isinstance(step, OSError):
            raise step
        return self._write(descriptor, bytes(raw[:step]))


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    made = Disk()
    monkeypatch.setattr(journal_module.os, "write", made.write)
    return made


def full() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


async def test_the_header_comes_first_and_every_entry_reads_back(tmp_path: Path) -> None:
    journal = Journal(header(), tmp_path / "runs")
    journal.write(_ENTRIES[:3])
    journal.write(_ENTRIES[3:])
    await journal.close()
    assert from_json(Header, lines(journal.path)[0]) == header()
    assert entries(journal.path) == _ENTRIES
    assert lines(journal.path)[-1]["event"] == "outcome"


async def test_it_lies_in_the_folder_of_runs_and_is_private(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        journal = Journal(header())
    finally:
        os.umask(old)
    assert journal.path == tmp_path / "home" / "runs" / header().id / "journal.jsonl"
    for folder in (journal.folder, journal.folder.parent, journal.folder.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600
    await journal.close()


async def test_each_batch_is_one_system_call(tmp_path: Path, disk: Disk) -> None:
    journal = Journal(header(), tmp_path)
    assert len(disk.calls) == 1
    journal.write(_ENTRIES)
    assert len(disk.calls) == 2
    await journal.close()
    assert sum(disk.calls) == journal.path.stat().st_size


@pytest.mark.parametrize(
    "script",
    [
        [full(), full()],
        [7, full(), full()],
        [3, 2, 1],
        [5, full()],
        [OSError(errno.EIO, "gone"), 11, OSError(errno.EIO, "gone")],
    ],
)
async def test_a_failing_disk_loses_nothing(
    tmp_path: Path, disk: Disk, script: list[int | OSError]
) -> None:
    fails = any(isinstance(step, OSError) for step in script)
    journal = Journal(header(), tmp_path)
    disk.script = list(script)
    errors: list[JournalError] = []
    for entry in _ENTRIES[:-1]:
        try:
            journal.write([entry])
        except JournalError as error:
            errors.append(error)
    assert bool(errors) == fails
    assert {error.code for error in errors} <= {"journal_failed"}
    assert all(str(journal.folder) in error.message for error in errors)
    journal.write(_ENTRIES[-1:])
    assert entries(journal.path) == _ENTRIES
    await journal.close()


async def test_the_end_tries_once_more(tmp_path: Path, disk: Disk) -> None:
    journal = Journal(header(), tmp_path)
    disk.script = [full()]
    with pytest.raises(JournalError):
        journal.write(_ENTRIES)
    await journal.close()
    assert entries(journal.path) == _ENTRIES


@pytest.fixture(autouse=True)
def _idle_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal's thread waits for the end; until then the test looks after the file."""
    monkeypatch.setattr(journal_module, "_INTERVAL_S", 3600.0)


class Watch:
    """What a journal's watcher hears."""

    def __init__(self, journal: Journal) -> None:
        self.heard: list[bool] = []
        self._event = asyncio.Event()
        journal.watch(self._on_changed)

    def _on_changed(self, error: SpectrError | None) -> None:
        self.heard.append(error is None)
        self._event.set()

    async def changed(self) -> bool:
        """The next change."""
        await self._event.wait()
        self._event.clear()
        return self.heard[-1]


@pytest.fixture
def busy_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal's thread looks after its file without a pause."""
    monkeypatch.setattr(journal_module, "_INTERVAL_S", 0.0)


async def test_a_disk_that_stays_full_is_tried_after_the_end(
    tmp_path: Path, disk: Disk, busy_thread: None
) -> None:
    journal = Journal(header(), tmp_path)
    disk.stays_full = True
    with pytest.raises(JournalError):
        journal.write(_ENTRIES)
    watch = Watch(journal)
    await journal.close()
    await journal.close()
    assert (journal.ended, journal.saved, journal.is_safe) == (True, False, False)
    assert len(lines(journal.path)) == 1
    disk.stays_full = False
    assert await watch.changed()
    assert entries(journal.path) == _ENTRIES
    await journal.abandon()
    assert journal.is_safe
    assert watch.heard == [True]


async def test_what_cannot_be_saved_is_given_up_when_the_program_ends(
    tmp_path: Path, disk: Disk
) -> None:
    journal = Journal(header(), tmp_path)
    disk.stays_full = True
    with pytest.raises(JournalError):
        journal.write(_ENTRIES)
    await asyncio.gather(journal.close(), journal.abandon())
    assert not journal._thread.is_alive()
    assert len(lines(journal.path)) == 1
    assert not journal.saved
    await journal.abandon()
    await journal.close()


async def test_the_end_syncs_file_and_folders_closes_and_leaves_no_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    monkeypatch.setattr(
        journal_module.os,
        "fsync",
        lambda fd: synced.append(str(Path(f"/proc/self/fd/{fd}").readlink())),
    )
    journal = Journal(header(), tmp_path / "runs")
    descriptor = journal._fd
    assert journal._thread.is_alive()
    journal.write(_ENTRIES)
    await journal.close()
    await journal.close()
    places = (journal.path, journal.folder, journal.folder.parent)
    assert set(synced) == {str(place) for place in places}
    assert synced[-1] == str(journal.path) or synced[-3] == str(journal.path)
    assert not journal._thread.is_alive()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
    with pytest.raises(JournalError):
        journal.write(_ENTRIES)


async def test_a_disk_that_has_no_way_to_sync_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(errno.EINVAL, "no")

    monkeypatch.setattr(journal_module.os, "fsync", refuse)
    journal = Journal(header(), tmp_path)
    journal.write(_ENTRIES)
    await journal.close()
    assert journal.saved
    assert entries(journal.path) == _ENTRIES


async def test_what_could_not_be_synced_is_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, disk: Disk
) -> None:
    real, failures = os.fsync, [OSError(errno.EIO, "gone")]

    def fsync(descriptor: int) -> None:
        if failures:
            raise failures.pop()
        real(descriptor)

    journal = Journal(header(), tmp_path)
    watch = Watch(journal)
    await asyncio.to_thread(journal.look)
    monkeypatch.setattr(journal_module.os, "fsync", fsync)
    journal.write(_ENTRIES)
    disk.calls.clear()
    await asyncio.to_thread(journal.look)
    assert journal.error is not None
    assert "gone" in journal.error.message
    assert sum(disk.calls) == journal.path.stat().st_size - len(_line(to_json(header())))
    await asyncio.to_thread(journal.look)
    assert journal.saved
    await watch.changed()
    await journal.close()
    assert entries(journal.path) == _ENTRIES
    assert len(watch.heard) == 2


async def test_folders_that_cannot_be_synced_are_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EACCES, "no")
        real(descriptor)

    monkeypatch.setattr(journal_module.os, "fsync", fsync)
    with caplog.at_level("INFO"):
        journal = Journal(header(), tmp_path)
        await journal.close()
    assert journal.saved
    assert "folder not synced" in caplog.text


async def test_a_file_that_can_neither_be_synced_nor_cut_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: int) -> None:
        raise OSError(errno.EIO, "gone")

    journal = Journal(header(), tmp_path)
    journal.write(_ENTRIES)
    with monkeypatch.context() as patch:
        patch.setattr(journal_module.os, "fsync", refuse)
        patch.setattr(journal_module.os, "ftruncate", refuse)
        await asyncio.to_thread(journal.look)
    assert not journal.saved
    assert entries(journal.path) == _ENTRIES
    await journal.close()
    assert journal.saved


def _occupied(root: Path) -> None:
    root.write_text("a file where the folder should be")


def _exists(root: Path) -> None:
    folder = root / header().id
    folder.mkdir(parents=True)
    (folder / "journal.jsonl").write_text("{}\n")


def _is_folder(root: Path) -> None:
    (root / header().id / "journal.jsonl").mkdir(parents=True)


@pytest.mark.parametrize("obstacle", [_occupied, _exists, _is_folder])
async def test_without_a_place_it_says_so_and_waits_for_one(
    tmp_path: Path, obstacle: Callable[[Path], None]
) -> None:
    root = tmp_path / "runs"
    obstacle(root)
    before = len(_descriptors())
    journal = Journal(header(), root)
    assert len(_descriptors()) == before
    assert journal.error is not None
    assert journal.error.code == "journal_failed"
    for entry in _ENTRIES:
        with pytest.raises(JournalError):
            journal.write([entry])
    root.rename(tmp_path / "away")
    watch = Watch(journal)
    await asyncio.to_thread(journal.look)
    assert await watch.changed()
    assert entries(journal.path) == _ENTRIES
    await journal.close()


async def test_a_header_that_cannot_be_written_is_tried_again(tmp_path: Path, disk: Disk) -> None:
    disk.script = [11, full()]
    journal = Journal(header(), tmp_path)
    journal.write(_ENTRIES)
    await journal.close()
    assert from_json(Header, lines(journal.path)[0]) == header()
    assert entries(journal.path) == _ENTRIES


def _deleted(journal: Journal) -> None:
    journal.path.unlink()


def _folder_deleted(journal: Journal) -> None:
    shutil.rmtree(journal.folder.parent)


def _replaced_by_an_older_copy(journal: Journal) -> None:
    raw = journal.path.read_bytes()
    journal.path.unlink()
    journal.path.write_bytes(raw[:-20])


def _ends_in_zeros(journal: Journal) -> None:
    raw = journal.path.read_bytes()
    journal.path.unlink()
    journal.path.write_bytes(raw[:-50] + bytes(4096))


def _all_zeros(journal: Journal) -> None:
    journal.path.write_bytes(bytes(4096))


def _appended_to(journal: Journal) -> None:
    with journal.path.open("ab") as file:
        file.write(b"what somebody else wrote\n")


def _cut(journal: Journal) -> None:
    os.truncate(journal.path, 30)


@pytest.mark.parametrize(
    "harm",
    [
        _deleted,
        _folder_deleted,
        _replaced_by_an_older_copy,
        _ends_in_zeros,
        _all_zeros,
        _appended_to,
        _cut,
    ],
)
async def test_what_became_of_the_file_is_seen_and_mended(
    tmp_path: Path, harm: Callable[[Journal], None]
) -> None:
    journal = Journal(header(), tmp_path / "runs")
    watch = Watch(journal)
    journal.write(_ENTRIES[:4])
    harm(journal)
    journal.write(_ENTRIES[4:5])
    await asyncio.to_thread(journal.look)
    assert from_json(Header, lines(journal.path)[0]) == header()
    assert entries(journal.path) == _ENTRIES[:5]
    assert stat.S_IMODE(journal.folder.stat().st_mode) == 0o700
    journal.write(_ENTRIES[5:])
    await journal.close()
    assert entries(journal.path) == _ENTRIES
    assert watch.heard == []


async def test_a_file_that_is_gone_at_the_end_is_written_anew(tmp_path: Path) -> None:
    journal = Journal(header(), tmp_path)
    journal.write(_ENTRIES)
    journal.path.unlink()
    await journal.close()
    assert entries(journal.path) == _ENTRIES


async def test_an_older_copy_of_a_long_run_is_continued(tmp_path: Path, disk: Disk) -> None:
    journal = Journal(header(), tmp_path)
    long = [RunEntry(1, _CELL, TextDelta("word " * 100_000))]
    journal.write(long)
    raw = journal.path.read_bytes()
    journal.path.unlink()
    journal.path.write_bytes(raw[:-1000])
    disk.calls.clear()
    await asyncio.to_thread(journal.look)
    assert disk.calls == [1000]
    assert entries(journal.path) == long
    await journal.close()


async def test_another_run_in_its_place_is_not_touched(tmp_path: Path) -> None:
    journal = Journal(header(), tmp_path)
    journal.path.unlink()
    journal.path.write_bytes(b'{"schema": "of somebody else"}\n')
    await asyncio.to_thread(journal.look)
    assert journal.error is not None
    assert journal.path.read_bytes() == b'{"schema": "of somebody else"}\n'
    journal.path.unlink()
    await journal.close()
    assert journal.saved


async def test_the_lock_is_held_by_the_new_file_too(tmp_path: Path) -> None:
    journal = Journal(header(), tmp_path)
    journal.path.unlink()
    await asyncio.to_thread(journal.look)
    descriptor = os.open(journal.path, os.O_RDWR)
    assert is_locked(descriptor)
    await journal.close()
    assert not is_locked(descriptor)
    os.close(descriptor)


async def test_a_mistake_of_ours_does_not_end_the_saving(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal(header(), tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "_sync", lambda _self: 1 / 0)
        journal.write(_ENTRIES)
        await journal.close()
    assert entries(journal.path) == _ENTRIES
    assert "not looked after" in caplog.text


async def test_the_files_of_a_run_are_read_from_its_header(tmp_path: Path) -> None:
    await Journal(header()).close()
    assert sent_files(header().id) == list(header().files)
    assert sent_files("20261123T090000Z-ffffff") == []
    assert sent_files("../outside") == []


def test_a_loop_that_is_over_is_not_told(tmp_path: Path) -> None:
    async def began() -> Journal:
        journal = Journal(header(), tmp_path / "runs")
        Watch(journal)
        return journal

    journal = asyncio.run(began())
    shutil.rmtree(tmp_path / "runs")
    (tmp_path / "runs").write_text("in the way")
    journal.look()
    assert not journal.saved
    asyncio.run(journal.abandon())


def _descriptors() -> list[str]:
    return os.listdir("/proc/self/fd") if sys.platform == "linux" else []  # noqa: PTH208


_CHILD = """
import sys
from tests.run_samples import header
from spectr_desktop.records.events import RunEntry, TextDelta
from spectr_desktop.store.journal import Journal

journal = Journal(header())
number = 0
while True:
    journal.write([RunEntry(number, "1.quick", TextDelta(f"word {number} "))])
    print(number, flush=True)
    number += 1
"""


def test_a_killed_program_has_kept_all_that_it_has_shown(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _CHILD]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=_ROOT) as child:
        assert child.stdout is not None
        shown = [child.stdout.readline() for _ in range(300)]
        child.send_signal(signal.SIGKILL)
        shown += [line for line in child.stdout if line.endswith(b"\n")]
    path = tmp_path / "home" / "runs" / header().id / "journal.jsonl"
    kept = path.read_bytes().split(b"\n")[1:-1]
    assert [json.loads(line)["t"] for line in kept[: len(shown)]] == [int(n) for n in shown]
    assert len(shown) >= 300
