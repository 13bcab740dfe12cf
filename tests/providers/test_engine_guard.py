"""What keeps an engine from outliving its program."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from spectr_desktop import paths
from spectr_desktop.providers import engine_guard
from spectr_desktop.providers.engine_guard import guarded, identity, sweep, watched

_WAITS = [sys.executable, "-c", "input()"]


@pytest.fixture
def child() -> object:
    """A process that waits for a line."""
    process = subprocess.Popen(_WAITS, stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


def _note(engine: object, program: object, name: str = "1.json") -> Path:
    file = paths.private_folder(paths.data() / "engines") / name
    file.write_text(json.dumps({"engine": engine, "program": program}))
    return file


def test_the_identity_tells_a_process_from_a_later_one_of_its_number() -> None:
    assert identity(os.getpid()) == identity(os.getpid())
    assert identity(os.getpid())[1]
    assert identity(2**22 + 1) == (2**22 + 1, "")


@pytest.mark.skipif(not Path("/bin/ps").exists(), reason="there is no ps here")
def test_the_identity_without_a_proc_file_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    found = identity(os.getpid()), identity(os.getpid()), identity(2**22 + 1)
    monkeypatch.undo()
    assert found[0] == found[1]
    assert found[0][1]
    assert found[2] == (2**22 + 1, "")


def test_a_child_is_noted_until_it_has_ended(child: subprocess.Popen[bytes]) -> None:
    release = watched(child)
    (file,) = (paths.data() / "engines").iterdir()
    noted = json.loads(file.read_text())
    assert noted["engine"] == list(identity(child.pid))
    assert noted["program"] == list(identity(os.getpid()))
    assert file.stat().st_mode & 0o777 == 0o600
    release()
    assert not file.exists()


def test_an_engine_whose_program_is_gone_is_killed(child: subprocess.Popen[bytes]) -> None:
    file = _note(identity(child.pid), (2**22 + 1, "1"))
    sweep()
    assert child.wait() == -signal.SIGKILL
    assert not file.exists()


def test_an_engine_whose_program_lives_is_left_alone(child: subprocess.Popen[bytes]) -> None:
    file = _note(identity(child.pid), identity(os.getpid()))
    sweep()
    assert child.poll() is None
    assert file.exists()


def test_a_number_used_again_is_left_alone(child: subprocess.Popen[bytes]) -> None:
    file = _note((child.pid, "another start"), (2**22 + 1, "1"))
    sweep()
    assert child.poll() is None
    assert not file.exists()


@pytest.mark.parametrize(
    "content", ["", "[]", '{"engine": [1, "x"]}', '{"engine": "", "program": 7}']
)
def test_a_damaged_note_is_removed(content: str) -> None:
    file = _note(None, None)
    file.write_text(content)
    sweep()
    assert not file.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="setpriv is Linux's")
def test_a_guarded_command_is_the_command_with_a_parent_death_signal() -> None:
    asks = (
        "import ctypes; number = ctypes.c_int(); "
        "ctypes.CDLL(None).prctl(2, ctypes.byref(number)); print(number.value)"
    )
    done = subprocess.run(guarded([sys.executable, "-c", asks]), capture_output=True, check=True)
    assert int(done.stdout) == signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="setpriv is Linux's")
def test_a_guarded_command_does_not_start_for_another_parent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "getpid", lambda: 1)
    command = guarded([sys.executable, "-c", "print('started')"])
    monkeypatch.undo()
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (70, b"")


def test_without_setpriv_the_command_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_guard.shutil, "which", lambda _: None)
    assert guarded(_WAITS) == _WAITS
