"""The stamp, the lock and the repair of a checkout's .venv."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import dev_venv
import pytest
from dev_steps import SetupError
from dev_venv import PACKAGE_PARTS, PEER, PRACTICE, PROJECT, Environment

if TYPE_CHECKING:
    from collections.abc import Callable

ALL = (*PACKAGE_PARTS, PRACTICE, PEER, PROJECT, "window")


def _stamp(root: Path) -> Environment:
    environment = Environment(root)
    environment.write_stamp({part: environment.key(part) for part in ALL})
    return environment


def _missing(root: Path) -> list[str]:
    environment = Environment(root)
    return environment.missing({part: environment.key(part) for part in ALL})


def _append(name: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        path = root / name
        path.write_text(path.read_text(encoding="utf-8") + "more==2\n", encoding="utf-8")

    return change


def _new_dependency(root: Path) -> None:
    path = root / "pyproject.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("[project]", '[project]\ndependencies = ["y"]'), encoding="utf-8")


def _package_gone(root: Path) -> None:
    next((root / ".venv").rglob("httpx")).rmdir()


def _package_added(root: Path) -> None:
    (next((root / ".venv").rglob("httpx")).parent / "by_hand").mkdir()


def _python_gone(root: Path) -> None:
    python = Environment(root).python
    python.unlink()
    python.symlink_to(root / "an interpreter that was uninstalled")


def _died(root: Path) -> None:
    (root / ".venv" / "set-up.unfinished").touch()


def test_a_fresh_stamp_fits(checkout: Path) -> None:
    assert _missing(checkout) == list(ALL)
    _stamp(checkout)
    assert _missing(checkout) == []


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        pytest.param(_append("packaging/locks/run.txt"), ["run"], id="a lock"),
        pytest.param(_append("packaging/locks/practice.txt"), [PRACTICE], id="practice lock"),
        pytest.param(_append("packaging/peer/package-lock.json"), [PEER], id="peer lock"),
        pytest.param(_append("packaging/locks/build.txt"), [PROJECT], id="build lock"),
        pytest.param(_append("packaging/dev_system.py"), ["window"], id="system packages"),
        pytest.param(_new_dependency, [PROJECT], id="pyproject's dependencies"),
        pytest.param(_append("pyproject.toml"), [], id="a tool's settings"),
        pytest.param(_package_added, [], id="a package by hand"),
        pytest.param(_package_gone, list(ALL), id="a package gone"),
        pytest.param(_python_gone, list(ALL), id="Python gone"),
        pytest.param(_died, list(ALL), id="a set-up that died"),
    ],
)
def test_a_change_invalidates_what_depends_on_it(
    checkout: Path, change: Callable[[Path], None], missing: list[str]
) -> None:
    _stamp(checkout)
    change(checkout)
    assert _missing(checkout) == missing


def test_a_moved_checkout_is_set_up_again(checkout: Path) -> None:
    _stamp(checkout)
    moved = checkout.with_name("moved")
    checkout.rename(moved)
    assert _missing(moved) == list(ALL)
    assert Environment(moved).stamped() == {}


def test_another_python_sets_up_again(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _stamp(checkout)
    monkeypatch.setattr(sys, "base_prefix", "/elsewhere")
    assert _missing(checkout) == list(ALL)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"parts": 1, "names": []}', b"\xff\xfe"]
)
def test_a_damaged_stamp_counts_as_none(checkout: Path, content: bytes) -> None:
    _stamp(checkout)
    (checkout / ".venv" / "set-up.stamp").write_bytes(content)
    assert _missing(checkout) == list(ALL)


def test_a_stamp_adds_to_the_parts_before(checkout: Path) -> None:
    environment = Environment(checkout)
    environment.write_stamp({"run": environment.key("run")})
    environment.write_stamp({"test": environment.key("test")})
    assert set(environment.stamped()) == {"run", "test"}


def test_a_broken_venv_is_made_again(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environment = _stamp(checkout)
    _died(checkout)
    with environment.exclusive():
        environment.make()
    version = subprocess.check_output(
        [environment.python, "-c", "import pip, sys; print(sys.prefix)"], text=True
    )
    assert Path(version.strip()).samefile(environment.folder)
    assert not list(environment.folder.rglob("httpx"))
    assert not (environment.folder / "set-up.unfinished").exists()
    assert "making it again" in capsys.readouterr().err
    before = environment.python.lstat().st_mtime_ns
    environment.make()
    assert environment.python.lstat().st_mtime_ns == before, "a .venv that works is kept"


def test_only_one_set_up_at_a_time(checkout: Path) -> None:
    environment = Environment(checkout)
    code = (
        "import sys; from pathlib import Path; from dev_venv import Environment\n"
        "with Environment(Path(sys.argv[1])).exclusive(): print('inside', flush=True)"
    )
    with environment.exclusive():
        second = subprocess.Popen(
            [sys.executable, "-c", code, checkout],
            cwd=Path(dev_venv.__file__).parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert second.stderr is not None
        assert "waiting" in second.stderr.readline()
        assert second.poll() is None
    output, _ = second.communicate(timeout=30)
    assert output == "inside\n"


class _Pip:
    """Stands for run_logged: keeps the commands and answers with one status and output."""

    def __init__(self, status: int = 0, output: str = "") -> None:
        self.commands: list[list[str]] = []
        self.answer = status, output

    def __call__(self, command: list[str], *_: object, **__: object) -> tuple[int, str]:
        self.commands.append(command)
        return self.answer


def test_pip_installs_locked_files_and_the_project(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip = _Pip()
    monkeypatch.setattr(dev_venv, "run_logged", pip)
    Environment(checkout).install(["run", PROJECT])
    packages, project = pip.commands
    assert {"--require-hashes", "--no-deps"} <= set(packages)
    assert [Path(a).name for a in packages if a.endswith(".txt")] == ["run.txt", "build.txt"]
    assert project[-2:] == ["-e", str(checkout)]
    assert "--no-build-isolation" in project
    assert not (checkout / ".venv" / "set-up.unfinished").exists()


@pytest.mark.parametrize(
    ("output", "untouched"),
    [
        ("WARNING: Retrying … NewConnectionError: Name or service not known", True),
        ("Installing collected packages: x\nERROR: No space left on device", False),
    ],
)
def test_a_failed_download_leaves_the_venv_usable(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, output: str, untouched: bool
) -> None:
    environment = _stamp(checkout)
    monkeypatch.setattr(dev_venv, "run_logged", _Pip(1, output))
    with pytest.raises(SetupError):
        environment.install(["run"])
    assert (_missing(checkout) == []) is untouched


def test_the_stamp_names_every_package(checkout: Path) -> None:
    environment = _stamp(checkout)
    stamp = json.loads((environment.folder / "set-up.stamp").read_text(encoding="utf-8"))
    assert stamp["names"] == ["httpx"]
    shutil.rmtree(environment.folder)
    assert environment.stamped() == {}
