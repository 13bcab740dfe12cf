from __future__ import annotations

import errno
import json
import multiprocessing
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from spectr_desktop.records.decisions import Entry, NoteSet, Sighted, StateSet, Undone, new_entry
from spectr_desktop.records.findings import Sighting, Texts
from spectr_desktop.records.grades import State
from spectr_desktop.store import decisions as decisions_module
from spectr_desktop.store.decisions import (
    DecisionFile,
    DecisionsError,
    ReadBack,
    project_folder,
    project_path,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_ROOT = Path(__file__).parents[2]
_ENTRIES = (
    Entry(
        "a1", "2026-11-24T10:00:00Z", Sighted("F1", Sighting(texts=Texts("ü \u2028 \ud800 🏦\n")))
    ),
    Entry("a2", "2026-11-24T10:00:01Z", StateSet("F1", State.CONFIRMED)),
    Entry("a3", "2026-11-24T10:00:02Z", Undone("a2")),
)


def _notes(back: ReadBack) -> list[str]:
    return [entry.decision.note for entry in back.entries if isinstance(entry.decision, NoteSet)]


def test_what_is_appended_reads_back(tmp_path: Path) -> None:
    file = DecisionFile(tmp_path / "project")
    assert file.read() == ReadBack()
    file.append(_ENTRIES[:1])
    file.append(())
    file.append(_ENTRIES[1:])
    file.sync()
    assert DecisionFile(tmp_path / "project").read() == ReadBack(_ENTRIES)
    assert file.unwritten == 0


def test_nothing_is_made_before_the_first_decision(tmp_path: Path) -> None:
    file = DecisionFile(tmp_path / "project")
    file.append([])
    file.sync()
    assert not file.folder.exists()


def test_it_is_private(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        file = DecisionFile(project_folder(tmp_path))
        file.append(_ENTRIES)
    finally:
        os.umask(old)
    for folder in (file.folder, file.folder.parent, file.folder.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for kept in file.folder.iterdir():
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_an_append_is_one_system_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    write = os.write

    def counted(descriptor: int, raw: bytes) -> int:
        calls.append(len(raw))
        return write(descriptor, raw)

    monkeypatch.setattr(decisions_module.os, "write", counted)
    file = DecisionFile(tmp_path)
    file.append(_ENTRIES)
    assert calls == [file.path.stat().st_size]


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_last_line_that_broke_off_is_normal(tmp_path: Path, cut: int) -> None:
    file = DecisionFile(tmp_path)
    file.append(_ENTRIES)
    file.path.write_bytes(file.path.read_bytes()[: -1 - cut])
    assert file.read() == ReadBack(_ENTRIES[:2])
    file.append([_ENTRIES[2]])
    assert file.read() == ReadBack(_ENTRIES, damaged_lines=1)


def test_a_last_line_that_lacks_only_its_end_counts(tmp_path: Path) -> None:
    file = DecisionFile(tmp_path)
    file.append(_ENTRIES)
    file.path.write_bytes(file.path.read_bytes()[:-1])
    assert file.read() == ReadBack(_ENTRIES)
    later = new_entry(NoteSet("F1", "x"))
    file.append([later])
    assert file.read() == ReadBack((*_ENTRIES, later))


@pytest.mark.parametrize(
    "line",
    [
        b"\x00\xff\xfe",
        b"[]",
        b"7",
        b'"text"',
        b"{}",
        b'{"id":"x","at":"","kind":"state","key":"F1","state":"great"}',
        b"[" * 100_000,
        b"9" * 10_000,
    ],
)
def test_a_damaged_line_is_counted_and_passed_over(tmp_path: Path, line: bytes) -> None:
    file = DecisionFile(tmp_path)
    file.append(_ENTRIES[:1])
    with file.path.open("ab") as raw:
        raw.write(line + b"\n\n")
    file.append(_ENTRIES[1:])
    assert file.read() == ReadBack(_ENTRIES, damaged_lines=1)


def test_what_a_newer_version_wrote_stays(tmp_path: Path) -> None:
    line = b'{"id":"z","at":"","kind":"pinned","key":"F1"}\n'
    (tmp_path / "decisions.jsonl").write_bytes(line)
    file = DecisionFile(tmp_path)
    file.append(_ENTRIES)
    assert file.read() == ReadBack(_ENTRIES, unknown_lines=1)
    assert file.path.read_bytes().startswith(line)


def test_two_programs_do_not_disturb_each_other(tmp_path: Path) -> None:
    one, other = DecisionFile(tmp_path), DecisionFile(tmp_path)
    for number in range(20):
        (one, other)[number % 2].append([new_entry(NoteSet("F1", str(number)))])
    assert _notes(one.read()) == [str(number) for number in range(20)]


def test_what_another_program_wrote_is_noticed(tmp_path: Path) -> None:
    one, other = DecisionFile(tmp_path), DecisionFile(tmp_path)
    assert not one.changed_elsewhere
    one.append(_ENTRIES[:1])
    assert (one.changed_elsewhere, other.changed_elsewhere) == (False, True)
    other.read()
    other.append(_ENTRIES[1:])
    assert (one.changed_elsewhere, other.changed_elsewhere) == (True, False)
    one.read()
    assert not one.changed_elsewhere
    one.path.unlink()
    assert one.changed_elsewhere
    assert one.read() == ReadBack()
    assert not one.changed_elsewhere


def _append_many(folder: Path, name: str) -> None:
    file = DecisionFile(folder)
    for number in range(200):
        file.append([new_entry(NoteSet(name, f"{number} {'x' * 3000}"))])


def test_two_programs_at_once_write_whole_lines(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    both = [spawn.Process(target=_append_many, args=(tmp_path, name)) for name in ("F1", "F2")]
    for process in both:
        process.start()
    for process in both:
        process.join()
    back = DecisionFile(tmp_path).read()
    assert (len(back.entries), back.damaged_lines) == (400, 0)


@pytest.mark.parametrize("written", [0, 5, 150])
def test_a_full_disk_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    write, room = os.write, [written] if written else []

    def short(descriptor: int, raw: bytes) -> int:
        if not room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, raw[: room.pop()])

    file = DecisionFile(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(decisions_module.os, "write", short)
        with pytest.raises(DecisionsError) as caught:
            file.append(_ENTRIES[:2])
    assert caught.value.code == "decisions_failed"
    assert str(tmp_path) in caught.value.message
    assert file.unwritten == 2
    file.append(_ENTRIES[2:])
    assert file.unwritten == 0
    found = file.read()
    assert tuple(dict.fromkeys(found.entries)) == _ENTRIES
    assert found.damaged_lines <= 1


def _occupied(folder: Path) -> None:
    folder.write_text("a file where the folder should be")


def _a_folder(folder: Path) -> None:
    (folder / "decisions.jsonl").mkdir(parents=True)


@pytest.mark.parametrize("obstacle", [_occupied, _a_folder])
def test_without_a_place_it_says_so(tmp_path: Path, obstacle: Callable[[Path], None]) -> None:
    obstacle(tmp_path / "project")
    file = DecisionFile(tmp_path / "project")
    with pytest.raises(DecisionsError, match="kept in memory"):
        file.append(_ENTRIES)
    with pytest.raises(DecisionsError, match="cannot be read"):
        file.read()
    file.sync()
    assert file.unwritten == 3


_READ_ONLY = """
import sys
from pathlib import Path
from spectr_desktop.records.decisions import NoteSet, new_entry
from spectr_desktop.store.decisions import DecisionFile, DecisionsError

file = DecisionFile(Path(sys.argv[1]))
try:
    file.append([new_entry(NoteSet("F1", "x"))])
except DecisionsError as error:
    print(error.code, file.unwritten, len(file.read().entries))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="mount namespaces are Linux's")
def test_a_read_only_folder_is_said_and_still_read(tmp_path: Path) -> None:
    DecisionFile(tmp_path).append(_ENTRIES)
    script = f'mount --bind "{tmp_path}" "{tmp_path}" && mount -o remount,bind,ro "{tmp_path}"'
    inside = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    if subprocess.run([*inside, script], check=False, capture_output=True).returncode:
        pytest.skip("no mount namespace here")
    command = f'{script} && "{sys.executable}" -c "$0" "{tmp_path}"'
    done = subprocess.run(
        [*inside, command, _READ_ONLY], check=True, capture_output=True, text=True, cwd=_ROOT
    )
    assert done.stdout.split() == ["decisions_failed", "1", "3"]


def test_a_disk_that_cannot_sync_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(errno.EIO, "no")

    file = DecisionFile(tmp_path)
    file.append(_ENTRIES)
    monkeypatch.setattr(decisions_module.os, "fsync", refuse)
    file.sync()
    assert file.read() == ReadBack(_ENTRIES)


def test_what_is_appended_is_settled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(decisions_module.os, "fsync", synced.append)
    file = DecisionFile(tmp_path)
    assert not file.unsettled
    file.settle()
    assert synced == []
    file.append(_ENTRIES)
    assert file.unsettled
    file.settle()
    file.settle()
    assert len(synced) == 1
    assert not file.unsettled


def test_settling_tries_again_what_could_not_be_written(tmp_path: Path) -> None:
    place = tmp_path / "project"
    _occupied(place)
    file = DecisionFile(place)
    with pytest.raises(DecisionsError):
        file.append(_ENTRIES)
    assert file.unsettled
    with pytest.raises(DecisionsError, match="kept in memory"):
        file.settle()
    assert file.unsettled
    place.unlink()
    file.settle()
    assert not file.unsettled
    assert file.read() == ReadBack(_ENTRIES)


@pytest.mark.parametrize(("number", "again"), [(errno.EIO, True), (errno.EINVAL, False)])
def test_a_disk_that_could_not_sync_is_asked_again_if_that_is_of_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, again: bool
) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(number, "no")

    file = DecisionFile(tmp_path)
    file.append(_ENTRIES)
    with monkeypatch.context() as patch:
        patch.setattr(decisions_module.os, "fsync", refuse)
        file.settle()
    assert file.unsettled is again
    file.settle()
    assert not file.unsettled


def test_a_project_has_a_folder_by_its_path(tmp_path: Path, home: Path) -> None:
    root = tmp_path / "mit Leerzeichen & 'ü'"
    root.mkdir()
    folder = project_folder(root)
    assert folder == project_path(root) == home / "projects" / folder.name
    assert len(folder.name) == 16
    assert set(folder.name) <= set("0123456789abcdef")
    assert json.loads((folder / "project.json").read_bytes()) == {"root": str(root.resolve())}
    (tmp_path / "link").symlink_to(root)
    assert project_folder(tmp_path / "link" / ".." / root.name) == folder
    assert project_folder(tmp_path) != folder


def test_what_a_project_file_holds_is_kept(tmp_path: Path) -> None:
    file = project_folder(tmp_path) / "project.json"
    file.write_text('{"root": "x", "scope": []}')
    project_folder(tmp_path)
    assert file.read_text() == '{"root": "x", "scope": []}'


def test_a_project_without_a_place_is_said(tmp_path: Path, home: Path) -> None:
    home.mkdir()
    (home / "projects").write_text("a file")
    with pytest.raises(DecisionsError) as caught:
        project_folder(tmp_path)
    assert caught.value.code == "project_failed"
