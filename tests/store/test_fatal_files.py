from __future__ import annotations

import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from spectr_desktop import locks
from spectr_desktop.store import fatal_files
from spectr_desktop.store.fatal_files import take_deaths

if TYPE_CHECKING:
    from pathlib import Path

_PROGRAM = """
import faulthandler, os, sys
from pathlib import Path
from spectr_desktop.store import fatal_files
from spectr_desktop.store.fatal_files import FatalFile

fatal = FatalFile(Path(sys.argv[1]))
fatal.start()
print(os.getpid(), flush=True)

def ends(how, secret):
    if how == "fault":
        faulthandler._sigsegv()
    if how == "stacks":
        fatal.write_stacks()
        os._exit(2)
    if how == "killed":
        os._exit(0)
    sys.stdin.read()
    fatal.stop()
    fatal.stop()

ends(sys.argv[2], "SOURCE-7c1e90")
"""


def _program(folder: Path, how: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(folder), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _ended(folder: Path, how: str) -> tuple[int, str, str]:
    with _program(folder, how) as process:
        out, err = process.communicate()
    return process.returncode, out, err


@pytest.mark.parametrize(("how", "said"), [("fault", "Segmentation fault"), ("stacks", "Current")])
def test_a_death_is_taken_once(tmp_path: Path, how: str, said: str) -> None:
    status, pid, err = _ended(tmp_path, how)
    assert status != 0
    assert err == ""
    left = tmp_path / f"fatal-{pid.strip()}.txt"
    assert stat.S_IMODE(left.stat().st_mode) == 0o600
    ended = left.stat().st_mtime
    death = take_deaths(tmp_path)
    assert death is not None
    assert said in death.stacks
    assert "in ends" in death.stacks
    assert "SOURCE" not in death.stacks
    assert death.ended.timestamp() == pytest.approx(ended)
    assert [path.name for path in tmp_path.iterdir()] == ["fatal-last.txt"]
    assert take_deaths(tmp_path) is None


def test_an_orderly_end_leaves_nothing(tmp_path: Path) -> None:
    assert _ended(tmp_path, "orderly")[::2] == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_of_a_dead_program_is_removed(tmp_path: Path) -> None:
    _ended(tmp_path, "killed")
    assert len(list(tmp_path.iterdir())) == 1
    assert take_deaths(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_the_file_of_a_program_that_lives_is_left_alone(tmp_path: Path) -> None:
    with _program(tmp_path, "orderly") as process:
        assert process.stdout is not None
        path = tmp_path / f"fatal-{process.stdout.readline().strip()}.txt"
        assert take_deaths(tmp_path) is None
        assert path.exists()
        process.communicate()


def test_the_newest_death_is_told_and_all_are_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number, when in ((1, 1000), (2, 3000), (3, 2000)):
        path = tmp_path / f"fatal-{number}.txt"
        path.write_text(f"death {number}\n")
        os.utime(path, (when, when))
    death = take_deaths(tmp_path)
    assert death is not None
    assert death.stacks == "death 2"
    assert all(f"death {number}" in caplog.text for number in (1, 2, 3))


def test_a_file_that_was_removed_before_it_was_locked_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program that starts may take the still empty file for that of a dead one."""
    path = tmp_path / "fatal-1.txt"
    lock, calls = locks.lock, 0

    def late(descriptor: int, *, wait: bool) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            path.unlink()
        lock(descriptor, wait=wait)

    monkeypatch.setattr(locks, "lock", late)
    descriptor = fatal_files._opened(path)
    assert calls == 2
    assert os.path.samestat(os.fstat(descriptor), path.stat())
    os.close(descriptor)


def test_a_folder_that_cannot_be_written_is_logged_and_no_more(tmp_path: Path) -> None:
    status, _, err = _ended(tmp_path / "missing", "orderly")
    assert status == 0
    assert err == "a fault would leave no trace: error 2\n"
