"""The README's commands: what they set up, what they start and how they fail."""

from __future__ import annotations

import ast
import errno
import importlib.util
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import dev_peer
import dev_practice
import pytest
from dev_steps import SetupError
from dev_venv import PACKAGE_PARTS, PEER, PRACTICE, PROJECT, Environment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]


class _ReplacedError(Exception):
    """Stands for execv, after which nothing of this process is left."""


@pytest.fixture
def dev(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """dev.py, loaded from its path, for a small checkout that is completely set up."""
    spec = importlib.util.spec_from_file_location("dev_script", ROOT / "packaging" / "dev.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", checkout)
    environment = Environment(checkout)
    parts = (*PACKAGE_PARTS, PRACTICE, PEER, PROJECT, module.WINDOW, module.SCREEN)
    environment.write_stamp({part: environment.key(part) for part in parts})
    dev_peer.program(environment.folder).parent.mkdir(parents=True)
    dev_peer.program(environment.folder).touch()
    return module


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that were started; none of them runs."""
    commands: list[list[str]] = []

    class Started:
        returncode = 0

        def __init__(self, command: list[str], **_: object) -> None:
            commands.append(command)

        def __enter__(self) -> Started:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def wait(self, **_: object) -> int:
            return 0

    def execv(_: str, command: list[str]) -> NoReturn:
        commands.append(command)
        raise _ReplacedError

    monkeypatch.setattr(subprocess, "Popen", Started)
    monkeypatch.setattr(os, "execv", execv)
    return commands


def _asked(_: str) -> NoReturn:
    raise AssertionError("an Ollama was asked")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no execv")
def test_a_second_start_starts_nothing_but_the_program(
    dev: ModuleType,
    started: list[list[str]],
    checkout: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(dev_practice, "ollama_answers", _asked)
    with pytest.raises(_ReplacedError):
        dev.main(["run", "a file.sol", "--model", "x"])
    python = str(Environment(checkout).python)
    assert started == [[python, "-P", "-m", "spectr_desktop", "a file.sol", "--model", "x"]]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["-n", "2", "--dist", "loadgroup", "--cov", "--cov-report", "term"]),
        (["tests/x.py", "-k", "y"], ["tests/x.py", "-k", "y"]),
    ],
)
def test_pytest_gets_the_arguments(
    dev: ModuleType, started: list[list[str]], arguments: list[str], expected: list[str]
) -> None:
    assert dev.main(["test", *arguments]) == 0
    assert len(started) == 1
    assert started[0][1:] == ["-m", "pytest", *expected]


def test_every_check_runs_also_after_a_failure(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands: list[str] = []

    def call(command: Sequence[str], **_: object) -> int:
        commands.append(Path(command[0]).name)
        return 1 if command[0].endswith("pyright") else 0

    monkeypatch.setattr(subprocess, "call", call)
    assert dev.main(["check"]) == 1
    assert commands == ["ruff", "ruff", "pyright", "lint-imports"]
    assert "Failed: pyright." in capsys.readouterr().err


def _without_practice(dev: ModuleType, checkout: Path) -> None:
    lock = checkout / "packaging" / "locks" / "practice.txt"
    lock.write_text("practice==2\n", encoding="utf-8")


@pytest.mark.parametrize("answers", [True, False])
def test_the_practice_engine_is_installed_where_it_helps(
    dev: ModuleType,
    checkout: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answers: bool,
) -> None:
    asked_for: list[list[str]] = []
    _without_practice(dev, checkout)
    monkeypatch.setattr(dev_practice, "has_engine", lambda: answers)
    monkeypatch.setattr(dev_practice, "supported", lambda: True)
    monkeypatch.setattr(dev, "set_up", lambda _, parts: asked_for.append(parts))
    dev.set_up_practice(Environment(checkout), always=False)
    assert asked_for == ([] if answers else [[PRACTICE]])
    assert ("158 MB" in capsys.readouterr().err) is not answers


def test_a_system_without_practice_engine_is_told_once(
    dev: ModuleType,
    checkout: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _without_practice(dev, checkout)
    monkeypatch.setattr(dev_practice, "has_engine", lambda: False)
    monkeypatch.setattr(dev_practice, "supported", lambda: False)
    dev.set_up_practice(Environment(checkout), always=False)
    assert "going on without it" in capsys.readouterr().err
    dev.set_up_practice(Environment(checkout), always=False)
    assert capsys.readouterr().err == ""


def test_a_practice_engine_that_fails_stops_tests_only(
    dev: ModuleType,
    checkout: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object) -> NoReturn:
        raise SetupError("pip could not install.")

    _without_practice(dev, checkout)
    monkeypatch.setattr(dev_practice, "has_engine", lambda: False)
    monkeypatch.setattr(dev_practice, "supported", lambda: True)
    monkeypatch.setattr(dev, "set_up", fail)
    dev.set_up_practice(Environment(checkout), always=False)
    assert "Going on without" in capsys.readouterr().err
    with pytest.raises(SetupError):
        dev.set_up_practice(Environment(checkout), always=True)


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (SetupError("It is so. Do this."), 2, "It is so. Do this."),
        (KeyboardInterrupt(), 130, "the next start repairs"),
        (OSError(errno.ENOSPC, "No space"), 2, "The disk is full"),
        (PermissionError(errno.EACCES, "Permission denied", "x"), 2, "Permission denied: 'x'"),
    ],
)
def test_a_failure_is_one_sentence(
    dev: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    error: BaseException,
    status: int,
    sentence: str,
) -> None:
    def fail(*_: object, **__: object) -> NoReturn:
        raise error

    monkeypatch.setattr(dev, "set_up", fail)
    assert dev.main(["run"]) == status
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


@pytest.mark.parametrize(
    ("arguments", "window"),
    [
        ([], True),
        (["contracts"], True),
        (["--smoke"], True),
        (["audit", "contracts"], False),
        (["--version"], False),
    ],
)
def test_only_a_window_needs_its_libraries(
    dev: ModuleType,
    started: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    window: bool,
) -> None:
    seen: list[object] = []
    monkeypatch.setattr(dev, "set_up", lambda *_, **options: seen.append(options["window"]))
    monkeypatch.setattr(dev, "set_up_practice", lambda *_, **__: None)
    with pytest.raises(_ReplacedError):
        dev.run(Environment(ROOT), arguments)
    assert seen == [window]


def test_usage(dev: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert dev.main(["--help"]) == 0
    assert "run [ARGS…]" in capsys.readouterr().out
    for wrong in ([], ["nonsense"]):
        assert dev.main(wrong) == 2
        assert "run [ARGS…]" in capsys.readouterr().err


def test_an_old_python_is_told_so(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev, "OLDEST", (99, 0))
    assert dev.main(["run"]) == 2
    assert "needs Python 3.11 or newer" in capsys.readouterr().err


@pytest.mark.parametrize("path", sorted((ROOT / "packaging").glob("dev*.py")), ids=lambda p: p.name)
def test_an_old_python_can_read_the_scripts(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 7))
    assert isinstance(tree.body[1], ast.ImportFrom)
    assert tree.body[1].module == "__future__"
