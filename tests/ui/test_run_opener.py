# ruff: noqa: ASYNC240  # the files are small and the test's own
from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton

from spectr_desktop.records.decisions import StateSet
from spectr_desktop.records.grades import State
from spectr_desktop.ui.diff_dialog import DiffDialog
from tests import part_samples
from tests.ui.conftest import SOURCE
from tests.ui.driving import (
    CONTROL,
    answer,
    asked,
    banner,
    button,
    child,
    idle,
    name_file,
    opened,
    press,
    press_key,
    ran,
    start,
)
from tests.ui.export_samples import export_from
from tests.ui.left_runs import FOUND, answered, ended, offered, planned, said

if TYPE_CHECKING:
    from pathlib import Path

    from spectr_desktop.ui.main_window import MainWindow
    from tests.ui.conftest import Ollama


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A contract on the disk."""
    path = tmp_path / "client" / "Vault.sol"
    path.parent.mkdir()
    path.write_text(SOURCE)
    return path


def findings(window: MainWindow) -> list[str]:
    """The titles in the list."""
    return [one.texts.title for one in window.findings.control._book.findings()]


async def opened_run(window: MainWindow, run: str) -> None:
    """Open a run as the history does."""
    window.keeping.history.open_requested.emit(await window.keeping.history.opened(run))
    await idle(window)


async def test_an_unchanged_file_is_opened_itself(
    window: MainWindow, ollama: Ollama, file: Path
) -> None:
    run = await ended(planned(ollama, file))
    await start(window, None)
    await opened_run(window, run)
    assert window.editor.text() == SOURCE
    assert not window.editor.isReadOnly()
    assert window.windowTitle() == "Vault.sol"
    assert window.report.text() == FOUND
    assert findings(window) == ["Anybody withdraws"]
    assert button(window, "exportButton").isEnabled()
    window.findings.control.decide(StateSet("F1", State.CONFIRMED))
    (kept,) = window.findings.of_runs([run])
    assert kept.state is State.CONFIRMED
    assert banner(window) == ""


async def test_findings_of_each_part_are_found_in_the_report(
    window: MainWindow, tmp_path: Path
) -> None:
    (tmp_path / "src").mkdir()
    for source in part_samples.FILES:
        (tmp_path / source.path).write_text(source.text)
    plan = part_samples.planned(root=str(tmp_path))
    run = await part_samples.ended(plan, part_samples.REPORTS)
    await start(window, None)
    await opened_run(window, run)
    text = window.report.text()
    assert text == window.runs.text
    assert all(f"Part {n} of 3: src/{name}.sol" in text for n, name in enumerate("ABC", 1))
    view = window.report.view
    found = {one.texts.title: one for one in window.findings.of_runs([run])}
    assert [*found] == [f"{name} burns for everybody" for name in "ABC"]
    press_key(window, Qt.Key.Key_5, CONTROL)
    for title, one in found.items():
        (sighting,) = one.sightings
        window.findings.control._on_sighting(run, sighting.cell, sighting.start)
        assert view.textCursor().block().text().endswith(title)
        # And back: where the reader clicks, the finding is chosen.
        window.findings.control._key = ""
        view.setTextCursor(view.document().find("Anybody burns", view.textCursor()))
        assert window.findings.view.selected_keys() == [one.key]


async def test_a_changed_file_leaves_the_source_as_it_was(
    window: MainWindow, ollama: Ollama, file: Path
) -> None:
    run = await ended(planned(ollama, file))
    file.write_text("// mended\n" + SOURCE.replace("external", "external onlyOwner"))
    await start(window, file)
    await opened_run(window, run)
    assert window.editor.text() == SOURCE
    assert window.editor.isReadOnly()
    bar = window.source_bar
    assert said(bar).startswith("●  Vault.sol as it was sent at")
    assert "The file has changed since." in said(bar)
    assert offered(bar) == ["difference", "open", "save"]
    assert findings(window) == ["Anybody withdraws"]
    (found,) = window.findings.control._book.findings()
    assert found.place is not None
    assert found.place.start_line == 2
    window.findings.control.decide(StateSet(found.key, State.CONFIRMED))
    assert "Open the file to decide" in banner(window)


async def test_the_difference_is_shown_and_the_bar_stays(
    window: MainWindow, ollama: Ollama, file: Path
) -> None:
    run = await ended(planned(ollama, file))
    file.write_text(SOURCE.replace("external", "external onlyOwner"))
    await start(window, None)
    await opened_run(window, run)
    press(child(window.source_bar, QAbstractButton, "change_difference"))
    dialog = await opened(window, DiffDialog)
    press(child(dialog, QAbstractButton, "diffClose"))
    await idle(window)
    assert offered(window.source_bar) == ["difference", "open", "save"]


async def test_the_file_is_opened_and_its_findings_can_be_decided(
    window: MainWindow, ollama: Ollama, file: Path
) -> None:
    run = await ended(planned(ollama, file))
    now = "// mended\n" + SOURCE
    file.write_text(now)
    await start(window, None)
    await opened_run(window, run)
    await answered(window, window.source_bar, "open")
    assert window.editor.text() == now
    assert not window.editor.isReadOnly()
    assert said(window.source_bar) == ""
    window.findings.control.decide(StateSet("F1", State.CONFIRMED))
    (kept,) = window.findings.of_runs([run])
    assert kept.state is State.CONFIRMED
    assert kept.place is not None
    assert kept.place.start_line == 3
    assert banner(window) == ""


async def test_a_file_that_moved_is_saved_elsewhere(
    window: MainWindow, ollama: Ollama, file: Path, tmp_path: Path
) -> None:
    run = await ended(planned(ollama, file))
    file.rename(tmp_path / "elsewhere.sol")
    await start(window, None)
    await opened_run(window, run)
    assert window.editor.text() == SOURCE
    assert f"The file is not in {file.parent} any more." in said(window.source_bar)
    assert offered(window.source_bar) == ["save"]
    press(child(window.source_bar, QAbstractButton, "change_save"))
    await name_file(window, file)
    await idle(window)
    assert file.read_text() == SOURCE
    assert not window.editor.isReadOnly()
    assert said(window.source_bar) == ""
    window.findings.control.decide(StateSet("F1", State.CONFIRMED))
    (kept,) = window.findings.of_runs([run])
    assert kept.state is State.CONFIRMED


async def test_a_saving_that_is_cancelled_leaves_the_offer(
    window: MainWindow, ollama: Ollama, file: Path
) -> None:
    run = await ended(planned(ollama, file))
    file.write_text("contract Other {}\n")
    await start(window, None)
    await opened_run(window, run)
    press(child(window.source_bar, QAbstractButton, "change_save"))
    await name_file(window, file)
    await answer(window, "cancel")
    await idle(window)
    assert offered(window.source_bar) == ["difference", "open", "save"]
    assert file.read_text() == "contract Other {}\n"


async def test_a_run_without_a_folder(window: MainWindow, ollama: Ollama, file: Path) -> None:
    run = await ended(planned(ollama, file, root=""))
    await start(window, None)
    await opened_run(window, run)
    assert window.editor.text() == SOURCE
    assert window.editor.isReadOnly()
    assert "Where its file is, is not known." in said(window.source_bar)
    assert offered(window.source_bar) == ["save"]
    assert findings(window) == ["Anybody withdraws"]


async def test_the_past_is_not_audited(window: MainWindow, ollama: Ollama, file: Path) -> None:
    run = await ended(planned(ollama, file))
    file.write_text("contract Other {}\n")
    await start(window, None)
    await opened_run(window, run)
    await ran(window)
    assert "This source is an old one" in banner(window)
    assert asked(ollama) == []
    assert window.report.text() == FOUND


async def test_the_past_can_be_asked_about(window: MainWindow, ollama: Ollama, file: Path) -> None:
    run = await ended(planned(ollama, file))
    file.write_text("contract Other {}\n")
    await start(window, None)
    await opened_run(window, run)
    ollama.answer.text = "Because nobody checks."
    (found,) = window.findings.control._book.findings()
    window.findings.control.choose(found.key)
    window.findings.asks.ask(window.findings.control.finding(), "Why is it so?")
    await idle(window)
    (body,) = asked(ollama)
    assert "Why is it so?" in body["messages"][-1]["content"]
    assert "function withdraw() external {}" in body["messages"][-1]["content"]


async def test_after_the_past_an_audit_of_the_file_is_kept(
    window: MainWindow, ollama: Ollama, file: Path
) -> None:
    run = await ended(planned(ollama, file))
    file.write_text("// mended\n" + SOURCE)
    ollama.answer.text = FOUND
    await start(window, None)
    await opened_run(window, run)
    await answered(window, window.source_bar, "open")
    await ran(window)
    (bug,) = window.findings.control._book.findings()
    assert [one.run for one in bug.sightings] == [run, window.runs.ids[-1]]


async def test_a_second_run_of_the_past_takes_the_place_of_the_first(
    window: MainWindow, ollama: Ollama, file: Path
) -> None:
    first = await ended(planned(ollama, file))
    other = SOURCE.replace("withdraw", "burn")
    second = await ended(planned(ollama, file, text=other), FOUND.replace("withdraw", "burn"))
    file.write_text("contract Other {}\n")
    await start(window, None)
    await opened_run(window, first)
    await opened_run(window, second)
    assert window.editor.text() == other
    assert findings(window) == ["Anybody burns"]
    await opened_run(window, first)
    assert findings(window) == ["Anybody withdraws"]


async def test_nothing_opens_over_a_run_that_goes_on(
    window: MainWindow, ollama: Ollama, file: Path
) -> None:
    from tests.servers.script import Gate  # noqa: PLC0415  # beside its only use

    run = await ended(planned(ollama, file))
    await start(window, file)
    gate = ollama.answer.before = Gate()
    press(button(window, "runButton"))
    await gate.reached()
    opened_one = await window.keeping.history.opened(run)
    assert not await window.keeping._show(opened_one)
    assert "A run goes on" in banner(window)
    gate.open()
    await idle(window)


async def test_a_name_that_was_given_is_the_reports(
    window: MainWindow, ollama: Ollama, file: Path, tmp_path: Path
) -> None:
    from spectr_desktop.store import stored_runs  # noqa: PLC0415  # beside its only use

    run = await ended(planned(ollama, file))
    note = stored_runs.read_note(run)
    stored_runs.write_note(run, replace(note, title="Before the fix"))
    await start(window, None)
    await opened_run(window, run)
    assert window.runs.title == "Before the fix"
    (await export_from(window, tmp_path, ".md")).reject()
    (report,) = tmp_path.glob("*-report.md")
    assert "Before the fix" in report.read_text()
