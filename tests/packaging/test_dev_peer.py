"""When the programs of others are installed for the tests, and what their lock may hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dev_peer
import dev_venv
import pytest
from dev_venv import PEER, Environment

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCES = Path(dev_peer.__file__).parent / "peer"


class _Npm:
    """Stands for run_logged: keeps the commands, and installs or fails."""

    def __init__(self) -> None:
        self.commands: list[list[str]] = []
        self.answer: tuple[int, str] = 0, ""

    def __call__(self, command: list[str], log: Path, **_: object) -> tuple[int, str]:
        self.commands.append(command)
        program = dev_peer.program(log.parent)
        program.parent.mkdir(parents=True, exist_ok=True)
        if not self.answer[0]:
            program.touch()
        return self.answer


@pytest.fixture
def npm(monkeypatch: pytest.MonkeyPatch) -> _Npm:
    """Node and npm are on PATH, and npm does as it is told."""
    fake = _Npm()
    monkeypatch.setattr(dev_venv, "run_logged", fake)
    monkeypatch.setattr(dev_peer.shutil, "which", lambda name: f"/opt/{name}")
    return fake


def test_the_peer_is_installed_once(
    npm: _Npm, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = Environment(checkout)
    dev_peer.set_up_peer(environment)
    folder = environment.folder / "peer"
    (command,) = npm.commands
    assert command[:4] == ["/opt/npm", "ci", "--prefix", str(folder)]
    assert "--ignore-scripts" in command
    for name in ("package.json", "package-lock.json"):
        source = checkout / "packaging" / "peer" / name
        assert (folder / name).read_bytes() == source.read_bytes()
    assert f"{dev_peer.MEGABYTES} MB" in capsys.readouterr().err
    dev_peer.set_up_peer(Environment(checkout))
    assert len(npm.commands) == 1
    assert capsys.readouterr().err == ""


def test_another_lock_or_a_lost_folder_installs_again(npm: _Npm, checkout: Path) -> None:
    environment = Environment(checkout)
    dev_peer.set_up_peer(environment)
    dev_peer.program(environment.folder).unlink()
    dev_peer.set_up_peer(environment)
    lock = checkout / "packaging" / "peer" / "package-lock.json"
    lock.write_text('{"other": 1}', encoding="utf-8")
    dev_peer.set_up_peer(environment)
    assert len(npm.commands) == 3


@pytest.mark.parametrize("program", ["node", "npm"])
def test_without_node_the_tests_go_on(
    npm: _Npm,
    checkout: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    program: str,
) -> None:
    monkeypatch.setattr(dev_peer.shutil, "which", lambda name: name if name != program else None)
    dev_peer.set_up_peer(Environment(checkout))
    assert npm.commands == []
    assert capsys.readouterr().err.count("\n") == 1


def test_a_failure_is_one_sentence_and_tried_again(
    npm: _Npm, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = Environment(checkout)
    npm.answer = 1, "npm error code ENOTFOUND\nnpm error A complete log of this run is in x\n"
    dev_peer.set_up_peer(environment)
    _, sentence = capsys.readouterr().err.splitlines()
    assert "cannot be reached" in sentence
    assert sentence.endswith("skipped.")
    assert PEER not in environment.stamped()
    assert not (environment.folder / "peer").exists()
    dev_peer.set_up_peer(environment)
    assert len(npm.commands) == 2


def _packages() -> Mapping[str, Mapping[str, Any]]:
    text = (SOURCES / "package-lock.json").read_text(encoding="utf-8")
    return {name: entry for name, entry in json.loads(text)["packages"].items() if name}


def test_the_lock_has_versions_and_hashes_and_no_address() -> None:
    for name in ("package.json", "package-lock.json"):
        assert "http" not in (SOURCES / name).read_text(encoding="utf-8")
    assert _packages()
    for entry in _packages().values():
        assert entry["version"][0].isdigit()
        assert entry["integrity"].startswith("sha512-")
        assert "resolved" not in entry


def test_the_lock_fits_what_is_wanted() -> None:
    wanted = json.loads((SOURCES / "package.json").read_text(encoding="utf-8"))["devDependencies"]
    locked = {name.removeprefix("node_modules/"): e["version"] for name, e in _packages().items()}
    assert wanted.items() <= locked.items()
