from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from spectr_desktop import __main__, __version__, app, cli
from spectr_desktop.records.server import ServerConfig


def _run(*arguments: str, drop: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in drop}
    return subprocess.run(
        [sys.executable, "-m", "spectr_desktop", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment,
        timeout=60,
        check=False,
    )


def test_smoke_shows_the_window_and_prints_one_line() -> None:
    done = _run("--smoke")
    assert done.returncode == 0
    assert done.stdout == f"Spectr Desktop {__version__}: the window is shown\n"
    assert "Error" not in done.stderr


def test_without_a_screen_it_says_so_in_one_sentence() -> None:
    done = _run(drop=("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("There is no screen to open a window on.")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--provider", "nosuch"), "There is no provider “nosuch”."),
        (("--nosuch",), "nosuch"),
        (("--provider",), "expected one argument"),
    ],
)
def test_wrong_arguments_get_one_sentence(arguments: tuple[str, ...], words: str) -> None:
    done = _run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_version_needs_no_screen() -> None:
    done = _run("--version", drop=("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
    assert (done.returncode, done.stdout) == (0, f"Spectr Desktop {__version__}\n")


def test_a_subcommand_goes_to_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[list[str]] = []
    monkeypatch.setattr(sys, "argv", ["spectr-desktop", "audit", "A.sol"])
    monkeypatch.setattr(cli, "main", lambda arguments: given.append(list(arguments)) or 7)
    assert __main__.main() == 7
    assert given == [["audit", "A.sol"]]


def test_everything_else_goes_to_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[app.WindowOptions] = []
    words = ["A b.sol", "--provider", "openai", "--base-url", "http://x/v1", "--model", "m"]
    monkeypatch.setattr(sys, "argv", ["spectr-desktop", *words])
    monkeypatch.setattr(app, "main", lambda options: given.append(options) or 0)
    assert __main__.main() == 0
    wanted = app.WindowOptions((Path("A b.sol"),), ServerConfig("openai", "http://x/v1"), "m")
    assert given == [wanted]


def test_wrong_arguments_open_no_window(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["spectr-desktop", "--provider", "nosuch"])
    monkeypatch.setattr(app, "main", lambda _options: pytest.fail("a window"))
    assert __main__.main() == 2
    assert "nosuch" in capsys.readouterr().err
