from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from spectr_desktop.records.run import Outcome
from spectr_desktop.ui.model_picker import Choice
from tests.servers.script import Gate
from tests.ui.driving import (
    CONTROL,
    REPORT,
    asked,
    banner,
    button,
    dialogs_of,
    idle,
    press,
    press_key,
    ran,
    start,
    status,
)
from tests.ui.left_runs import ended, planned

if TYPE_CHECKING:
    from pathlib import Path

    from spectr_desktop.ui.main_window import MainWindow
    from tests.ui.conftest import Ollama


async def test_without_a_contract_nothing_is_run(window: MainWindow, ollama: Ollama) -> None:
    await start(window, None)
    await ran(window)
    assert "Open a contract first" in banner(window)
    assert asked(ollama) == []


async def test_without_a_model_nothing_is_run_or_shown(window: MainWindow, contract: Path) -> None:
    await start(window, contract)
    await ran(window)
    assert "Pick a model first" in banner(window)
    window.actions_by_name["preview"].trigger()
    await idle(window)
    assert "Open a contract and pick a model first" in banner(window)
    assert dialogs_of(window) == []


async def test_what_can_be_pressed_follows_the_run(
    window: MainWindow, ollama: Ollama, contract: Path
) -> None:
    await start(window, contract)
    gate = ollama.answer.within = Gate()
    actions = window.actions_by_name
    press(button(window, "runButton"))
    await gate.reached()
    assert actions["stop"].isEnabled()
    assert not actions["run"].isEnabled()
    assert not actions["air_gap"].isEnabled()
    assert not window.top.picker.isEnabled()
    assert not button(window, "exportButton").isEnabled()
    assert window.desk.status_timer.isActive()
    press_key(window, Qt.Key.Key_R, CONTROL)  # a second run does not begin
    press_key(window, Qt.Key.Key_Period, CONTROL)
    await idle(window)
    assert window.runs.result is not None
    assert window.runs.result.outcome is Outcome.STOPPED
    assert not actions["stop"].isEnabled()
    assert actions["run"].isEnabled()
    assert actions["air_gap"].isEnabled()
    assert window.top.picker.isEnabled()
    assert button(window, "exportButton").isEnabled()
    assert not window.desk.status_timer.isActive()
    assert len(asked(ollama)) == 1


async def test_a_run_that_does_not_begin_leaves_the_report(
    window: MainWindow, ollama: Ollama, contract: Path
) -> None:
    await start(window, contract)
    await ran(window)
    ollama.installed.clear()
    await ran(window)
    assert "has no model" in banner(window)
    assert status(window) == "Not started"
    assert window.report.text() == REPORT
    assert button(window, "exportButton").isEnabled()
    assert len(window.findings.of_runs(window.runs.ids)) == 1


async def test_a_preview_that_cannot_be_made_is_told(
    window: MainWindow, ollama: Ollama, contract: Path
) -> None:
    await start(window, contract)
    window.editor.selectAll()
    window.editor.insertPlainText("x" * 2_000_000)
    window.actions_by_name["preview"].trigger()
    await idle(window)
    assert "tokens" in banner(window)
    assert dialogs_of(window) == []
    assert asked(ollama) == []
    window.editor.document().setModified(False)


async def test_the_companion_follows_the_settings(
    window: MainWindow, ollama: Ollama, contract: Path
) -> None:
    await start(window, contract)
    assert window.desk.companion is None
    window.settings.settings.set("privacy.inhibit_sleep", False)
    window.settings.settings.set("privacy.notify", False)
    await ran(window)
    companion = window.desk.companion
    assert companion is not None
    assert not companion.keeps_awake
    assert not companion.notifies
    window.settings.settings.set("privacy.notify", True)
    await ran(window)
    assert window.desk.companion is companion
    assert companion.notifies


async def test_an_opened_run_is_said_as_one_that_has_ended(
    window: MainWindow, ollama: Ollama, contract: Path
) -> None:
    run = await ended(planned(ollama, contract))
    await start(window, None)
    window._columns.show_page(window.findings.pane_page)
    assert await window.keeping.open_run(run)
    assert "Complete" in status(window)
    assert window.report.isVisible()
    assert button(window, "exportButton").isEnabled()
    choice = window.top.picker.choice()
    assert isinstance(choice, Choice)
