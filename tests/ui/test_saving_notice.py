# ruff: noqa: ASYNC240  # the files are small and the test's own
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QAbstractButton

from spectr_desktop import paths
from spectr_desktop.store import stored_runs
from spectr_desktop.ui.erase_dialog import EraseDialog
from tests.servers.script import Gate
from tests.ui.driving import (
    REPORT,
    answer,
    banner,
    button,
    child,
    idle,
    press,
    ran,
    signal_future,
    start,
    until,
)
from tests.ui.export_samples import FakeMakers, written
from tests.ui.left_runs import answered, left, offered, planned, report_bar, said

if TYPE_CHECKING:
    from pathlib import Path

    from spectr_desktop.ui.main_window import MainWindow
    from tests.ui.conftest import Ollama


@pytest.fixture
def occupied() -> Path:
    """A file where the folder of runs shall be: no run can be saved."""
    paths.private_folder(paths.data())
    paths.runs().write_text("not a folder")
    return paths.runs()


async def test_it_is_said_at_once_and_export_is_offered_at_the_end(
    window: MainWindow, ollama: Ollama, contract: Path, occupied: Path, tmp_path: Path
) -> None:
    gate = ollama.answer.within = Gate()
    await start(window, contract)
    press(button(window, "runButton"))
    await gate.reached()
    bar = report_bar(window)
    assert "cannot be saved" in said(bar)
    assert offered(bar) == []  # there is nothing whole yet
    gate.open()
    await idle(window)
    assert window.report.text() == REPORT
    assert not window.runs.saved
    assert offered(bar) == ["export"]
    window.exports.makers = FakeMakers().text_makers
    press(child(bar, QAbstractButton, "change_export"))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (await written(window, elsewhere, ".md")).reject()
    await idle(window)
    (exported,) = elsewhere.iterdir()
    assert "reëntrancy" in exported.read_text()
    assert offered(bar) == ["export"]
    occupied.unlink()
    await until(lambda: window.runs.saved, window.runs.saved_changed)


async def test_when_the_disk_is_back_the_run_is_written(
    window: MainWindow, ollama: Ollama, contract: Path, occupied: Path
) -> None:
    await start(window, contract)
    await ran(window)
    assert "cannot be saved" in said(report_bar(window))
    told = signal_future(window.saving.told)
    occupied.unlink()
    await told
    assert said(report_bar(window)) == ""
    (run,) = stored_runs.run_ids()
    assert "".join(stored_runs.read_run(run).result.texts.values()) == REPORT


async def test_it_stands_before_interrupted_runs(
    window: MainWindow, ollama: Ollama, contract: Path
) -> None:
    await left(planned(ollama, contract))
    await start(window, contract)
    assert "was interrupted" in said(report_bar(window))
    kept = paths.runs().rename(paths.data() / "kept")
    paths.runs().write_text("not a folder")
    await ran(window)
    assert "cannot be saved" in said(report_bar(window))
    paths.runs().unlink()
    kept.rename(paths.runs())
    await until(lambda: window.runs.saved, window.runs.saved_changed)
    assert "was interrupted" in said(report_bar(window))


async def test_quitting_asks_and_erasing_waits(
    window: MainWindow, ollama: Ollama, contract: Path, occupied: Path
) -> None:
    await start(window, contract)
    await ran(window)
    window.close()
    assert "not saved?" in await answer(window, "cancel")
    await idle(window)
    window.actions_by_name["erase_client"].trigger()
    await idle(window)
    assert "waits for its disk" in banner(window)
    assert window.findChildren(EraseDialog) == []


async def test_another_run_in_its_place_is_not_said_to_be_saved(
    window: MainWindow, ollama: Ollama, contract: Path
) -> None:
    await left(planned(ollama, contract))
    await start(window, contract)
    sentences: list[str] = []
    window.saving.told.connect(sentences.append)
    kept = paths.runs().rename(paths.data() / "kept")
    paths.runs().write_text("not a folder")
    await ran(window)
    lost = window.runs.ids[-1]
    paths.runs().unlink()
    kept.rename(paths.runs())
    await until(lambda: window.runs.saved, window.runs.saved_changed)
    assert sentences == ["The run is saved"]
    assert lost in stored_runs.run_ids()
    await answered(window, report_bar(window), "open")
    assert sentences == ["The run is saved"]
