from __future__ import annotations

import errno
import json
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from spectr_desktop.records.codec import from_json
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
from spectr_desktop.store.journal import Journal, JournalError
from tests.run_samples import header

if TYPE_CHECKING:
    from collections.abc import Callable

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
        self._write = os.write

    def write(self, descriptor: int, raw: bytes) -> int:
        self.calls.append(len(raw))
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


async def test_a_disk_that_stays_full_does_not_keep_it_from_closing(
    tmp_path: Path, disk: Disk
) -> None:
    journal = Journal(header(), tmp_path)
    disk.script = [full(), full()]
    with pytest.raises(JournalError):
        journal.write(_ENTRIES)
    await journal.close()
    assert len(lines(journal.path)) == 1


def sync_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "journal-sync"]


async def test_the_end_syncs_closes_and_leaves_no_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(journal_module.os, "fsync", synced.append)
    journal = Journal(header(), tmp_path)
    descriptor = journal._fd
    assert len(sync_threads()) == 1
    journal.write(_ENTRIES)
    await journal.close()
    await journal.close()
    assert synced
    assert set(synced) == {descriptor}
    assert sync_threads() == []
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
    with pytest.raises(JournalError):
        journal.write(_ENTRIES)


async def test_a_disk_that_cannot_sync_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(errno.EIO, "no")

    monkeypatch.setattr(journal_module.os, "fsync", refuse)
    journal = Journal(header(), tmp_path)
    journal.write(_ENTRIES)
    await journal.close()
    assert entries(journal.path) == _ENTRIES


def _occupied(root: Path) -> None:
    root.write_text("a file where the folder should be")


def _exists(root: Path) -> None:
    folder = root / header().id
    folder.mkdir(parents=True)
    (folder / "journal.jsonl").write_text("{}\n")


@pytest.mark.parametrize("obstacle", [_occupied, _exists])
def test_without_a_place_it_says_so(tmp_path: Path, obstacle: Callable[[Path], None]) -> None:
    obstacle(tmp_path / "runs")
    with pytest.raises(JournalError) as caught:
        Journal(header(), tmp_path / "runs")
    assert caught.value.code == "journal_failed"
    assert sync_threads() == []


def test_a_header_that_cannot_be_written_leaves_nothing_open(tmp_path: Path, disk: Disk) -> None:
    before = len(list(_descriptors()))
    disk.script = [full()]
    with pytest.raises(JournalError):
        Journal(header(), tmp_path)
    assert sync_threads() == []
    assert len(list(_descriptors())) == before


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
