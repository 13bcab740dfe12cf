from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from spectr_desktop.locks import is_locked, lock

_ROOT = Path(__file__).parents[1]
_HOLD = """
import os, sys
from spectr_desktop.locks import lock
lock(os.open(sys.argv[1], os.O_RDWR), wait=False)
sys.stdout.write("held")
sys.stdout.flush()
sys.stdin.read()
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"text")
    return path


def test_a_lock_is_held_until_its_file_is_closed(file: Path) -> None:
    first, second = os.open(file, os.O_RDWR), os.open(file, os.O_RDWR)
    assert not is_locked(second)
    lock(first, wait=False)
    assert is_locked(second)
    with pytest.raises(BlockingIOError):
        lock(second, wait=False)
    os.close(first)
    assert not is_locked(second)
    lock(second, wait=True)
    os.close(second)


def test_asking_leaves_the_file_readable_and_the_lock_free(file: Path) -> None:
    descriptor = os.open(file, os.O_RDWR)
    os.lseek(descriptor, 2, os.SEEK_SET)
    assert not is_locked(descriptor)
    assert os.read(descriptor, 9) == b"xt"
    other = os.open(file, os.O_RDWR)
    lock(other, wait=False)
    assert file.read_bytes() == b"text"
    os.close(other)
    os.close(descriptor)


def test_a_killed_program_holds_nothing(file: Path) -> None:
    command = [sys.executable, "-c", _HOLD, str(file)]
    descriptor = os.open(file, os.O_RDWR)
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=_ROOT, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        assert process.stdout.read(4) == b"held"
        assert is_locked(descriptor)
        process.send_signal(signal.SIGKILL)
    assert not is_locked(descriptor)
    os.close(descriptor)
