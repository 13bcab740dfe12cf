"""What set-up installs from the system's packages, or asks the user to install."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import dev_system
import pytest
from dev_steps import SetupError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="apt is Linux's")


class _Apt:
    """Stands for run_logged: keeps commands and environments, fails the first `failures`."""

    def __init__(self, failures: int = 0, output: str = "") -> None:
        self.commands: list[list[str]] = []
        self.environments: list[dict[str, str]] = []
        self.failures = failures
        self.output = output

    def __call__(self, command: list[str], _: Path, env: dict[str, str]) -> tuple[int, str]:
        self.commands.append(command)
        self.environments.append(env)
        if "update" in command or self.failures == 0:
            return 0, ""
        self.failures -= 1
        return 100, self.output

    @property
    def verbs(self) -> list[str]:
        return ["update" if "update" in command else "install" for command in self.commands]


@pytest.fixture
def apt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> _Apt:
    """A Debian with filled package lists, root, and one window library missing."""
    fake = _Apt()
    lists = tmp_path / "lists"
    lists.mkdir()
    (lists / "mirror_Packages").touch()
    monkeypatch.setattr(dev_system, "_APT_LISTS", lists)
    monkeypatch.setattr(dev_system, "run_logged", fake)
    monkeypatch.setattr(dev_system, "is_root", lambda: True)
    monkeypatch.setattr(dev_system, "is_debian", lambda: True)
    monkeypatch.setattr(dev_system, "has_fonts", lambda: True)
    monkeypatch.setattr(
        dev_system, "missing_libraries", lambda known: [n for n in known if n == "libEGL.so.1"]
    )
    return fake


def test_the_linker_is_asked() -> None:
    libraries = {"libc.so.6": "libc6", "libof-nobody.so.7": "libof-nobody7"}
    assert dev_system.missing_libraries(libraries) == ["libof-nobody.so.7"]


def test_root_installs_what_is_missing(apt: _Apt, tmp_path: Path) -> None:
    assert dev_system.ensure_window(tmp_path / "log")
    assert apt.verbs == ["install"]
    assert apt.commands[0][-1] == "libegl1"
    assert apt.environments[0]["DEBIAN_FRONTEND"] == "noninteractive"


def test_empty_lists_are_updated_first(apt: _Apt, tmp_path: Path) -> None:
    (tmp_path / "lists" / "mirror_Packages").unlink()
    dev_system.ensure_window(tmp_path / "log")
    assert apt.verbs == ["update", "install"]


def test_stale_lists_are_updated_and_tried_again(apt: _Apt, tmp_path: Path) -> None:
    apt.failures = 1
    dev_system.ensure_window(tmp_path / "log")
    assert apt.verbs == ["install", "update", "install"]


def test_apt_that_fails_is_one_sentence(apt: _Apt, tmp_path: Path) -> None:
    apt.failures, apt.output = 2, "E: Temporary failure resolving 'mirror'\n"
    with pytest.raises(SetupError, match="libegl1: the package servers cannot be reached"):
        dev_system.ensure_window(tmp_path / "log")


def test_without_root_the_one_command_is_said(
    apt: _Apt, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(dev_system, "is_root", lambda: False)
    with pytest.raises(SetupError) as caught:
        dev_system.ensure_window(tmp_path / "log")
    assert "`sudo apt-get install -y libegl1`" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert apt.commands == []


def test_a_start_without_a_window_goes_on(
    apt: _Apt,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(dev_system, "is_root", lambda: False)
    assert not dev_system.ensure_window(tmp_path / "log", needed=False)
    assert "libegl1" in capsys.readouterr().err
    assert apt.commands == []


def test_missing_fonts_do_not_stop_the_window(
    apt: _Apt,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(dev_system, "is_root", lambda: False)
    monkeypatch.setattr(dev_system, "has_fonts", lambda: False)
    monkeypatch.setattr(dev_system, "missing_libraries", lambda _: [])
    assert dev_system.ensure_window(tmp_path / "log")
    assert dev_system.FONTS in capsys.readouterr().err
    assert apt.commands == []


def test_other_systems_get_the_libraries_names(
    apt: _Apt, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(dev_system, "is_debian", lambda: False)
    with pytest.raises(SetupError, match=r"libEGL\.so\.1"):
        dev_system.ensure_window(tmp_path / "log")
    assert apt.commands == []


def test_a_python_without_ensurepip_is_completed(
    apt: _Apt, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(dev_system.importlib.util, "find_spec", lambda _: None)
    dev_system.ensure_venv_module(tmp_path / "log")
    assert apt.commands[0][-1].endswith("-venv")
    monkeypatch.setattr(dev_system, "is_root", lambda: False)
    with pytest.raises(SetupError, match=r"`sudo apt-get install -y python3\S*-venv libegl1`"):
        dev_system.ensure_venv_module(tmp_path / "log")


def test_screen_packages_are_a_wish_without_root(
    apt: _Apt,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(dev_system, "missing_packages", lambda _: ["xvfb"])
    dev_system.ensure_screen(tmp_path / "log")
    assert apt.commands[-1][-1] == "xvfb"
    monkeypatch.setattr(dev_system, "is_root", lambda: False)
    dev_system.ensure_screen(tmp_path / "log")
    assert "`sudo apt-get install -y xvfb`" in capsys.readouterr().err
    assert len(apt.commands) == 1
