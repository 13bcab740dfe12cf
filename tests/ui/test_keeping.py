# ruff: noqa: ASYNC240  # the files are small and the test's own
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QCheckBox, QLabel, QMessageBox

from spectr_desktop import paths
from spectr_desktop.audit import recovery
from spectr_desktop.records.decisions import StateSet
from spectr_desktop.records.grades import State
from spectr_desktop.records.server import Locality
from spectr_desktop.store.consents import consents
from spectr_desktop.ui.erase_dialog import EraseDialog
from tests.servers.script import Gate
from tests.ui.conftest import SOURCE
from tests.ui.driving import (
    CONTROL,
    answer,
    asked,
    banner,
    button,
    child,
    idle,
    open_window,
    opened,
    press,
    press_key,
    ran,
    signal_future,
    start,
)
from tests.ui.left_runs import (
    FIRST_PART,
    FOUND,
    answered,
    ended,
    journal_of,
    left,
    listed,
    offered,
    planned,
    report_bar,
    said,
)

if TYPE_CHECKING:
    from pathlib import Path

    from spectr_desktop.ui.main_window import MainWindow
    from tests.ui.conftest import Ollama

# Nothing of the program's own has these.
WORDS = (b"withdraw", b"Vault", b"Nobody is asked", b"secretly", b"client-zebra")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A contract on the disk."""
    path = tmp_path / "client-zebra" / "Vault.sol"
    path.parent.mkdir()
    path.write_text(SOURCE)
    return path


def of_the_client(home: Path) -> list[str]:
    """The files at home that have, or are named by, something of the client."""
    return [
        str(found.relative_to(home))
        for found in home.rglob("*")
        if any(word.decode() in found.name for word in WORDS)
        or (found.is_file() and any(word in found.read_bytes() for word in WORDS))
    ]


async def erase(window: MainWindow) -> str:
    """Erase the client whose file is open, by the menu; returns what the question says."""
    window.actions_by_name["erase_client"].trigger()
    dialog = await opened(window, EraseDialog)
    question = "\n".join(label.text() for label in dialog.findChildren(QLabel))
    child(dialog, QCheckBox, "eraseSure").setChecked(True)
    press(child(dialog, QAbstractButton, "answer_erase"))
    await idle(window)
    await listed(window)
    return question


async def test_typed_edits_survive_and_are_offered(ollama: Ollama, file: Path) -> None:
    async with open_window() as window:
        await start(window, file)
        window.editor.setFocus()
        QTest.keyClicks(window.editor, "// typed ")
        # The window is closed as by SIGTERM: without a question.
    assert file.read_text() == SOURCE
    async with open_window() as window:
        await start(window, None)
        assert "Unsaved changes to Vault.sol" in said(window.source_bar)
        await answered(window, window.source_bar, "open")
        assert window.editor.text() == "// typed " + SOURCE
        assert window.file.modified
        window.editor.document().setModified(False)


async def test_a_crash_leaves_both_edits_and_run(ollama: Ollama, file: Path) -> None:
    async with open_window() as window:
        await start(window, file)
        QTest.keyClicks(window.editor, "// typed ")
    await left(planned(ollama, file))
    async with open_window() as window:
        await start(window, None)
        assert "Unsaved changes to Vault.sol" in said(window.source_bar)
        assert "The report on Vault.sol was interrupted" in said(report_bar(window))
        await answered(window, window.source_bar, "open")
        press(child(report_bar(window), QAbstractButton, "change_open"))
        assert await answer(window, "cancel") == "Save the changes to Vault.sol?"
        await idle(window)
        assert window.editor.text() == "// typed " + SOURCE
        assert "was interrupted" in said(report_bar(window))
        window.editor.document().setModified(False)


async def test_the_history_is_made_when_it_is_seen(
    window: MainWindow, ollama: Ollama, file: Path
) -> None:
    await ended(planned(ollama, file))
    await start(window, None)
    assert "history" not in window.keeping.__dict__
    press_key(window, Qt.Key.Key_3, CONTROL)
    await signal_future(window.keeping.history_view.shown)
    await listed(window)
    assert window.keeping.history_view.isVisible()
    assert len(window.keeping.history_view.model.rows) == 1
    assert window.keeping.history_view.isAncestorOf(window.focusWidget() or window)


async def test_a_run_is_opened_from_the_history(
    window: MainWindow, ollama: Ollama, file: Path
) -> None:
    run = await ended(planned(ollama, file))
    await start(window, None)
    press_key(window, Qt.Key.Key_3, CONTROL)
    await signal_future(window.keeping.history_view.shown)
    await listed(window)
    window.keeping.history_view.open_requested.emit(run)
    await idle(window)
    assert window.report.text() == FOUND
    assert window.editor.text() == SOURCE


async def test_what_an_opened_run_lacks_can_be_asked_for(
    window: MainWindow, ollama: Ollama, file: Path
) -> None:
    ollama.answer.text = FOUND
    run = await left(planned(ollama, file))
    recovery.settle(run)
    await start(window, None)
    bar = report_bar(window)
    assert said(bar) == ""
    assert await window.keeping.open_run(run)
    assert offered(bar) == ["again"]
    assert asked(ollama) == []
    await answered(window, bar, "again")
    assert len(asked(ollama)) == 1
    assert window.report.text().endswith(FOUND)
    assert window.report.text().startswith(FIRST_PART)
    assert said(bar) == ""
    whole = await ended(planned(ollama, file))
    await window.keeping.open_run(run)
    assert offered(bar) == ["again"]
    await window.keeping.open_run(whole)
    assert said(bar) == ""


async def test_an_answer_that_nothing_came_of_may_be_given_again(
    window: MainWindow, ollama: Ollama, file: Path
) -> None:
    run = await left(planned(ollama, file, model="gone:latest"))
    recovery.settle(run)
    await start(window, None)
    await window.keeping.open_run(run)
    await answered(window, report_bar(window), "again")
    assert "gone:latest" in banner(window)
    assert offered(report_bar(window)) == ["again"]


async def test_a_run_that_is_gone_is_told(window: MainWindow, ollama: Ollama) -> None:
    await start(window, None)
    assert not await window.keeping.open_run("20261124T100000Z-abcdef")
    assert banner(window) != ""


async def test_erasing_leaves_nothing_of_the_client(ollama: Ollama, file: Path, home: Path) -> None:
    ollama.answer.text = FOUND
    await left(planned(ollama, file))
    async with open_window() as window:
        await start(window, file)
        await ran(window)
        window.findings.control.decide(StateSet("F1", State.CONFIRMED))
        kept = signal_future(window.keeping._drafts.kept)
        QTest.keyClicks(window.editor, "// secretly ")
        await kept
        assert of_the_client(home)
        question = await erase(window)
        assert "2 runs" in question
        assert of_the_client(home) == []
        assert window.editor.text() == "// secretly " + SOURCE
        assert window.findings.control._book.findings() == []
        assert window.report.text() == ""
        assert not button(window, "exportButton").isEnabled()
        assert said(report_bar(window)) == ""
        assert banner(window) == ""
    assert of_the_client(home) == []
    assert file.read_text() == SOURCE


async def test_after_erasing_the_client_can_be_audited_again(
    window: MainWindow, ollama: Ollama, file: Path
) -> None:
    ollama.answer.text = FOUND
    await start(window, file)
    await ran(window)
    await erase(window)
    await ran(window)
    (bug,) = window.findings.control._book.findings()
    assert [one.run for one in bug.sightings] == list(window.runs.ids)
    assert (paths.runs() / window.runs.ids[-1]).exists()


async def test_erasing_asks_first(window: MainWindow, ollama: Ollama, file: Path) -> None:
    run = await ended(planned(ollama, file))
    await start(window, file)
    window.actions_by_name["erase_client"].trigger()
    dialog = await opened(window, EraseDialog)
    assert not child(dialog, QAbstractButton, "answer_erase").isEnabled()
    press(child(dialog, QAbstractButton, "answer_cancel"))
    await idle(window)
    assert journal_of(run).exists()


async def test_erasing_without_a_file(window: MainWindow, ollama: Ollama) -> None:
    await start(window, None)
    window.actions_by_name["erase_client"].trigger()
    await idle(window)
    assert "Open a file of that client first" in banner(window)


async def test_what_another_client_has_stays_on_the_screen(
    window: MainWindow, ollama: Ollama, file: Path, contract: Path
) -> None:
    gone = await ended(planned(ollama, file))
    ollama.answer.text = FOUND
    await start(window, contract)
    await ran(window)
    window.keeping.erase_client(str(file.parent))
    dialog = await opened(window, EraseDialog)
    child(dialog, QCheckBox, "eraseSure").setChecked(True)
    press(child(dialog, QAbstractButton, "answer_erase"))
    await idle(window)
    await listed(window)
    assert not journal_of(gone).exists()
    assert window.report.text() == FOUND
    assert button(window, "exportButton").isEnabled()
    assert len(window.findings.control._book.findings()) == 1


async def test_a_run_that_goes_on_is_not_erased(
    window: MainWindow, ollama: Ollama, file: Path
) -> None:
    await start(window, file)
    gate = ollama.answer.within = Gate()
    press(button(window, "runButton"))
    await gate.reached()
    window.actions_by_name["erase_client"].trigger()
    dialog = await opened(window, EraseDialog)
    child(dialog, QCheckBox, "eraseSure").setChecked(True)
    failed = signal_future(window.keeping.failed)
    press(child(dialog, QAbstractButton, "answer_erase"))
    (error,) = await failed
    assert "Stop it first" in error.message
    gate.open()
    await idle(window)
    await listed(window)
    assert journal_of(window.runs.ids[-1]).exists()
    assert window.report.text() != ""


async def test_consent_is_asked_once_and_again_after_erasing(
    ollama: Ollama, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from spectr_desktop.providers.ollama import Ollama as Adapter  # noqa: PLC0415  # its name

    monkeypatch.setattr(Adapter, "locality", lambda _self, _model: Locality.REMOTE)
    async with open_window() as window:
        await start(window, file)
        press(button(window, "runButton"))
        await answer(window, "send")
        await idle(window)
        await ran(window)
        assert len(asked(ollama)) == 2
        assert len(consents(file.parent)) == 1
    async with open_window() as window:
        await start(window, file)
        await ran(window)
        assert len(asked(ollama)) == 3
        await erase(window)
        press(button(window, "runButton"))
        box = await opened(window, QMessageBox)
        assert box.text().startswith("Send the source to")
        press(child(box, QAbstractButton, "answer_cancel"))
        await idle(window)
        assert len(asked(ollama)) == 3
    assert consents(file.parent) == {}


async def test_what_is_old_is_erased_with_its_report(
    window: MainWindow, ollama: Ollama, file: Path
) -> None:
    from dataclasses import replace  # noqa: PLC0415  # beside its only use

    plan = planned(ollama, file)
    run = await ended(replace(plan, header=replace(plan.header, created_at="2020-01-01T00:00:00Z")))
    await start(window, None)
    assert await window.keeping.open_run(run)
    window.keeping.erase_older()
    dialog = await opened(window, EraseDialog)
    child(dialog, QCheckBox, "eraseSure").setChecked(True)
    press(child(dialog, QAbstractButton, "answer_erase"))
    await idle(window)
    await listed(window)
    assert not journal_of(run).exists()
    assert window.report.text() == ""
    assert not button(window, "exportButton").isEnabled()
