"""The main job through the window, against the real llama-server with the practice model."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine, Iterator
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt

from spectr_desktop.audit import budget
from spectr_desktop.records.run import Outcome
from spectr_desktop.records.server import Locality, ServerConfig
from spectr_desktop.report.export.canonical import canonical
from spectr_desktop.ui.loop import WindowLoop
from spectr_desktop.ui.main_window import MainWindow
from tests.ui.driving import (
    CONTROL,
    banner,
    button,
    idle,
    journal,
    open_window,
    press,
    press_key,
    status,
    until,
    written,
)
from tests.ui.export_samples import export_from

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from tests.e2e.conftest import Engine

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]

Scene = Callable[[MainWindow], Coroutine[None, None, None]]
_SOURCE = """contract Bank {
    mapping(address => uint256) balances;
    function withdraw() external {
        (bool ok, ) = msg.sender.call{value: balances[msg.sender]}("");
        require(ok);
        balances[msg.sender] = 0;
    }
}
"""


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    path = tmp_path / "Bank.sol"
    path.write_text(_SOURCE)
    return path


@pytest.fixture(autouse=True)
def _no_ollama(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        monkeypatch.setenv("OLLAMA_HOST", f"127.0.0.1:{held.getsockname()[1]}")
        yield


@pytest.fixture
def play(qapp: QApplication) -> Callable[[Scene], None]:
    """Runs a scene in a window, on the program's own loop."""

    async def played(scene: Scene) -> None:
        async with open_window() as window:
            await scene(window)

    def play(scene: Scene) -> None:
        with asyncio.Runner(loop_factory=lambda: WindowLoop(qapp)) as runner:
            runner.run(played(scene))

    return play


def test_open_pick_run_stop_and_export(
    engine: Engine, contract: Path, tmp_path: Path, play: Callable[[Scene], None]
) -> None:
    async def scene(window: MainWindow) -> None:
        window.start((contract,), ServerConfig("openai", engine.base_url), engine.model)
        await idle(window)
        choice = window.top.picker.choice()
        assert choice is not None
        assert (choice.model.id, choice.locality) == (engine.model, Locality.LOCAL_PORT)
        lengths: list[int] = []
        window.runs.text_received.connect(lambda _text: lengths.append(len(window.report.text())))
        press(button(window, "runButton"))
        await until(lambda: len(lengths) > 1, window.runs.text_received)
        press(button(window, "stopButton"))
        await idle(window)
        await engine.until_idle()
        assert 0 < lengths[0] < lengths[1]
        assert status(window).startswith("Stopped")
        assert "stopped" in banner(window)
        lines = journal()
        assert lines[-1]["outcome"] == "stopped"
        assert window.report.text() == written(lines)
        (await export_from(window, tmp_path, ".md")).reject()
        await idle(window)
        exported = (tmp_path / "Bank-report.md").read_text(encoding="utf-8")
        assert "Not complete. The run was stopped" in exported
        assert canonical(window.report.text()) in exported

    play(scene)


def test_the_builtin_engine_does_the_job_by_itself(
    contract: Path, play: Callable[[Scene], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "_PRACTICE_MAX_TOKENS", 48)

    async def scene(window: MainWindow) -> None:
        window.start((contract,), ServerConfig("builtin"), "")
        await idle(window)
        press_key(window, Qt.Key.Key_R, CONTROL)
        await idle(window)
        result = window.runs.result
        assert result is not None
        assert result.outcome in (Outcome.COMPLETE, Outcome.LENGTH_LIMIT)
        assert result.usage.output is not None
        assert 0 < result.usage.output <= 48
        assert window.report.text() == written(journal())
        assert "practice model" in banner(window)
        assert ("output limit" in banner(window)) is (result.outcome is Outcome.LENGTH_LIMIT)

    play(scene)  # also asserts that the child has ended with the window
