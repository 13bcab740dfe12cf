from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QFileDialog,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QWidget,
)

from spectr_desktop.ui import dialogs
from tests.ui.driving import child, dialogs_of, name_file, opened, press_key, signal_future

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_ANSWERS = {"save": "Save", "discard": "Discard", "cancel": "Cancel"}


@pytest.fixture
async def parent(qapp: QApplication) -> AsyncIterator[QWidget]:
    qapp.setQuitOnLastWindowClosed(False)
    parent = QWidget()
    parent.show()
    yield parent
    parent.close()
    gone = signal_future(parent.destroyed)
    parent.deleteLater()
    await gone


async def _ask(parent: QWidget) -> tuple[asyncio.Task[str], QMessageBox]:
    asking = asyncio.create_task(dialogs.ask(parent, "Save <b>x</b>?", "Lost.", _ANSWERS))
    return asking, await opened(parent, QMessageBox)


@pytest.mark.parametrize("key", _ANSWERS)
async def test_a_question_gives_the_key_of_its_answer(parent: QWidget, key: str) -> None:
    asking, box = await _ask(parent)
    button = child(box, QPushButton, f"answer_{key}")
    assert button.text() == _ANSWERS[key]
    button.click()
    assert await asking == key
    assert dialogs_of(parent) == []


async def test_a_question_is_plain_text_and_blocks_its_window_alone(parent: QWidget) -> None:
    asking, box = await _ask(parent)
    assert box.textFormat() is Qt.TextFormat.PlainText
    assert box.windowModality() is Qt.WindowModality.WindowModal
    assert box.text() == "Save <b>x</b>?"
    box.reject()
    await asking


async def test_escape_is_the_last_answer(parent: QWidget) -> None:
    asking, box = await _ask(parent)
    press_key(box, Qt.Key.Key_Escape)
    assert await asking == "cancel"


async def test_return_is_the_first_answer(parent: QWidget) -> None:
    asking, box = await _ask(parent)
    press_key(box, Qt.Key.Key_Return)
    assert await asking == "save"


async def test_closing_the_question_is_the_last_answer(parent: QWidget) -> None:
    asking, box = await _ask(parent)
    box.close()
    assert await asking == "cancel"


async def test_a_wait_that_is_cancelled_closes_the_dialog(parent: QWidget) -> None:
    asking, box = await _ask(parent)
    gone = signal_future(box.destroyed)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await gone
    assert dialogs_of(parent) == []


async def test_other_coroutines_go_on_while_a_dialog_is_open(parent: QWidget) -> None:
    asking, box = await _ask(parent)
    steps = 0
    for _ in range(50):
        await asyncio.sleep(0)
        steps += 1
    assert not asking.done()
    box.reject()
    assert await asking == "cancel"
    assert steps == 50


async def test_an_existing_file_is_chosen(parent: QWidget, tmp_path: Path) -> None:
    file = tmp_path / "Ünïcode 'x'.sol"
    file.write_text("x")
    asking = asyncio.create_task(
        dialogs.open_file_name(parent, "Open", "Contracts (*.sol)", str(tmp_path))
    )
    dialog = await opened(parent, QFileDialog)
    assert dialog.fileMode() is QFileDialog.FileMode.ExistingFile
    assert Path(dialog.directory().absolutePath()) == tmp_path
    await name_file(parent, file.name)
    assert await asking == file


async def test_no_file_is_chosen(parent: QWidget, tmp_path: Path) -> None:
    asking = asyncio.create_task(dialogs.open_file_name(parent, "Open", "All (*)", str(tmp_path)))
    (await opened(parent, QFileDialog)).reject()
    assert await asking is None


@pytest.mark.parametrize(
    ("typed", "name"), [("Bericht", "Bericht.md"), ("a.txt", "a.txt"), ("", "Vault-report.md")]
)
async def test_a_name_to_save_under_gets_its_suffix(
    parent: QWidget, tmp_path: Path, typed: str, name: str
) -> None:
    suggestion = tmp_path / "Vault-report.md"
    asking = asyncio.create_task(
        dialogs.save_file_name(parent, "Export", suggestion, "Markdown (*.md)", "md")
    )
    dialog = await opened(parent, QFileDialog)
    assert dialog.acceptMode() is QFileDialog.AcceptMode.AcceptSave
    edit = child(dialog, QLineEdit, "fileNameEdit")
    assert edit.text() == suggestion.name
    await name_file(parent, typed or edit.text())
    assert await asking == tmp_path / name


async def test_no_name_to_save_under(parent: QWidget, tmp_path: Path) -> None:
    asking = asyncio.create_task(
        dialogs.save_file_name(parent, "Export", tmp_path / "x.md", "All (*)", "md")
    )
    dialog = await opened(parent, QFileDialog)
    dialog.done(QDialog.DialogCode.Rejected)
    assert await asking is None
