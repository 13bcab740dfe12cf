"""What every test of the window gets: coroutines run on the loop of the program, qasync's."""

from __future__ import annotations

import itertools
import random
import socket
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QApplication

from spectr_desktop.providers.engine_files import PROGRAM_VARIABLE
from spectr_desktop.ui.loop import WindowLoop
from spectr_desktop.ui.markdown_view import MarkdownView
from spectr_desktop.ui.theme import Scheme, Theme
from tests.servers.ollama_server import OllamaServer
from tests.servers.openai_server import OpenAIServer
from tests.servers.replay import in_pieces
from tests.servers.script import Request, Script, Send, Step
from tests.servers.scripted import ThreadedServer
from tests.servers.streams import Answer
from tests.ui.driving import REPORT, open_window

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from spectr_desktop.ui.main_window import MainWindow

SOURCE = "contract Vault {\n    function withdraw() external {}\n}\n"


def _qasync_loop() -> asyncio.AbstractEventLoop:
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    return WindowLoop(app)


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"qasync": _qasync_loop}


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that refuses connections as long as the test runs."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture
def no_servers(monkeypatch: pytest.MonkeyPatch, closed_port: int) -> int:
    """No Ollama and no engine, whatever the machine has; gives the port that Ollama has not."""
    monkeypatch.setenv("OLLAMA_HOST", f"127.0.0.1:{closed_port}")
    monkeypatch.setenv(PROGRAM_VARIABLE, "/nowhere/llama-server")
    return closed_port


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    """The light theme; what it did to the application is undone."""
    theme = Theme(qapp)
    theme.choose(Scheme.LIGHT)
    yield theme
    theme.choose(Scheme.SYSTEM)
    theme.deleteLater()
    qapp.setStyleSheet("")


@pytest.fixture
def view(qtbot: QtBot, theme: Theme) -> MarkdownView:
    """An empty report on the screen."""
    view = MarkdownView(theme)
    qtbot.addWidget(view)
    view.resize(560, 400)
    view.show()
    return view


@pytest.fixture
async def window(qapp: QApplication, no_servers: int) -> AsyncIterator[MainWindow]:
    """The window, shown and active; nothing of it is left when the test is over."""
    async with open_window() as window:
        yield window


class Ollama(OllamaServer):
    """A scripted Ollama whose answers end by themselves; the recorded one was cut at a limit.

    Attributes:
        limited: answers are cut at the output limit, as recorded.
    """

    def __init__(self) -> None:
        super().__init__(Answer(text=REPORT))
        self.limited = False

    def _chat(self, request: Request) -> Script:
        script = super()._chat(request)
        return script if self.limited else _natural(script)


def _natural(script: Script) -> Script:
    out: list[Step] = []
    for sends, group in itertools.groupby(script, lambda step: isinstance(step, Send)):
        steps = list(group)
        if sends:
            payload = b"".join(step.payload for step in steps if isinstance(step, Send))
            # Of the same length: the chunks of the transfer encoding say how long they are.
            payload = payload.replace(b'"length"', b'"stop"  ')
            out += in_pieces(payload, random.Random(0))  # noqa: S311  # no secret
        else:
            out += steps
    return out


@pytest.fixture
def ollama(no_servers: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ollama]:
    """A scripted Ollama that the program finds at its usual place."""
    server = Ollama()
    with ThreadedServer(server):
        monkeypatch.setenv("OLLAMA_HOST", server.base_url)
        yield server


@pytest.fixture
def openai(no_servers: int) -> Iterator[OpenAIServer]:
    """A scripted llama-server."""
    server = OpenAIServer(Answer(text=REPORT))
    with ThreadedServer(server):
        yield server


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    """A short contract with CRLF line ends and a name that is not plain."""
    path = tmp_path / "Tresor für 'Äther'.sol"
    path.write_bytes(SOURCE.replace("\n", "\r\n").encode())
    return path
