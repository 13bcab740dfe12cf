from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from spectr_desktop import __version__, app, paths
from spectr_desktop.providers.engine_files import PROGRAM_VARIABLE
from spectr_desktop.records.server import ServerConfig
from spectr_desktop.ui.loop import WindowLoop
from spectr_desktop.ui.main_window import MainWindow
from spectr_desktop.ui.theme import Theme
from tests.servers.ollama_server import OllamaServer
from tests.servers.script import Gate
from tests.servers.scripted import ThreadedServer
from tests.servers.streams import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

_TEXT = "## A finding\n\nWith some words.\n" * 4
# The program with somebody at the keyboard: it presses Ctrl+R when all is there, tells of the
# first text that it sees, and may type into the source.
_DRIVEN = """
import sys
from pathlib import Path
from spectr_desktop import app
from spectr_desktop.ui.main_window import MainWindow

start = MainWindow.start

def tell(what):
    sys.stdout.write(what + "\\n")
    sys.stdout.flush()

def driven(self, paths, named, model, usual):
    def look():
        if self.top.picker.choice() is not None and self.file.document is not None:
            if "type" in sys.argv[2:]:
                self.editor.insertPlainText("// x")
            if "run" in sys.argv[2:]:
                self.actions_by_name["run"].trigger()
            else:
                tell("ready")
    def first(text):
        self.runs.text_received.disconnect(first)
        tell("text")
    self.top.picker.choice_changed.connect(look)
    self.file.document_changed.connect(look)
    self.runs.text_received.connect(first)
    start(self, paths, named, model, usual)

MainWindow.start = driven
sys.exit(app.main(app.WindowOptions((Path(sys.argv[1]),))))
"""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OllamaServer]:
    """A scripted Ollama that stops in the middle of its answer."""
    server = OllamaServer(Answer(text=_TEXT, within=Gate(), within_after=6))
    with ThreadedServer(server):
        monkeypatch.setenv("OLLAMA_HOST", server.base_url)
        monkeypatch.setenv(PROGRAM_VARIABLE, "/nowhere/llama-server")
        yield server


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    path = tmp_path / "Vault.sol"
    path.write_text("contract Vault {}\n")
    return path


def _driven(contract: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _DRIVEN, str(contract), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def _ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit status and standard error."""
    try:
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
    return process.returncode, errors


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("typed", [(), ("type",)], ids=["saved", "unsaved_source"])
def test_a_signal_while_it_runs_stops_saves_and_ends(
    server: OllamaServer, contract: Path, name: signal.Signals, typed: tuple[str, ...]
) -> None:
    process = _driven(contract, "run", *typed)
    assert process.stdout is not None
    assert process.stdout.readline() == "text\n"
    process.send_signal(name)
    code, errors = _ended(process)
    asyncio.run(server.disconnected())
    (file,) = paths.runs().glob("*/journal.jsonl")
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    text = "".join(line["text"] for line in lines if line.get("event") == "text_delta")
    assert code == 0
    assert "Traceback" not in errors
    assert lines[-1]["event"] == "outcome"
    assert lines[-1]["outcome"] == "stopped"
    assert text
    assert _TEXT.startswith(text)
    assert contract.read_text() == "contract Vault {}\n"


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_signal_while_nothing_runs_ends(server: OllamaServer, contract: Path) -> None:
    process = _driven(contract)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    code, errors = _ended(process)
    assert code == 0
    assert "Traceback" not in errors
    assert list(paths.runs().glob("*")) == []


def test_a_killed_program_has_lost_nothing_that_it_showed(
    server: OllamaServer, contract: Path
) -> None:
    process = _driven(contract, "run")
    assert process.stdout is not None
    assert process.stdout.readline() == "text\n"
    process.kill()
    _ended(process)
    (file,) = paths.runs().glob("*/journal.jsonl")
    assert '"event":"text_delta"' in file.read_text(encoding="utf-8")
    assert '"outcome":' not in file.read_text(encoding="utf-8")


# -- in this process --------------------------------------------------------------------------


@pytest.fixture
def window(qapp: QApplication) -> Iterator[MainWindow]:
    qapp.setQuitOnLastWindowClosed(False)
    theme = Theme(qapp)
    window = MainWindow(theme)
    window.show()
    yield window
    app._forget(qapp, window)
    theme.deleteLater()


def _until_closed(qapp: QApplication, window: MainWindow, options: app.WindowOptions) -> None:
    with asyncio.Runner(loop_factory=lambda: WindowLoop(qapp)) as runner:
        runner.run(app._until_closed(window, options))


def test_smoke_ends_by_itself(
    qapp: QApplication, window: MainWindow, capsys: pytest.CaptureFixture[str]
) -> None:
    _until_closed(qapp, window, app.WindowOptions(smoke=True))
    assert capsys.readouterr().out == f"Spectr Desktop {__version__}: the window is shown\n"
    assert not window.isVisible()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (app.WindowOptions(), None),
        (
            app.WindowOptions(server=ServerConfig("openai", "http://h/v1")),
            ("openai", "http://h/v1"),
        ),
        (app.WindowOptions(server=ServerConfig("", "http://h:1")), ("ollama", "http://h:1")),
        (app.WindowOptions(model="a/b.GGUF"), ("builtin", "")),
    ],
)
def test_what_the_command_line_names_is_asked(
    qapp: QApplication,
    window: MainWindow,
    monkeypatch: pytest.MonkeyPatch,
    options: app.WindowOptions,
    named: tuple[str, str] | None,
) -> None:
    asked: list[tuple[str, str] | None] = []

    def start(_paths: object, config: object, _model: str, _usual: object) -> None:
        asked.append((config.provider, config.base_url) if config else None)  # type: ignore[attr-defined]
        window.close_now()

    monkeypatch.setattr(window, "start", start)
    _until_closed(qapp, window, options)
    assert asked == [named]


@pytest.mark.parametrize(
    ("variables", "platform", "screen"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"QT_QPA_PLATFORM": "offscreen"}, "linux", True),
        ({}, "darwin", True),
        ({}, "win32", True),
    ],
)
def test_a_screen_is_known_by_the_environment(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variables: dict[str, str],
    platform: str,
    screen: bool,
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(app, "_run", lambda _options: 0)
    monkeypatch.setattr(sys, "platform", platform)
    assert app.main(app.WindowOptions()) == (0 if screen else 2)
    assert ("There is no screen" in capsys.readouterr().err) is not screen


@pytest.mark.skipif(sys.platform != "linux", reason="an X server is Linux's")
def test_a_screen_that_does_not_answer_is_one_sentence_and_no_core_dump() -> None:
    variables = {name: value for name, value in os.environ.items() if name != "WAYLAND_DISPLAY"}
    ended = subprocess.run(
        [sys.executable, "-m", "spectr_desktop"],
        env={**variables, "QT_QPA_PLATFORM": "xcb", "DISPLAY": "127.0.0.1:59999"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "There is no screen" in ended.stderr
