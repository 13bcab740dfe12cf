# ruff: noqa: ASYNC240  # the files are small and the test's own
from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QMessageBox

from tests.ui.conftest import SOURCE
from tests.ui.driving import CONTROL, SHIFT, answer, idle, name_file, opened, press_key

if TYPE_CHECKING:
    from spectr_desktop.errors import SpectrError
    from spectr_desktop.ui.main_window import MainWindow


@pytest.fixture
def errors(window: MainWindow) -> list[SpectrError]:
    out: list[SpectrError] = []
    window.file.failed.connect(out.append)
    return out


async def _open(window: MainWindow, path: Path) -> None:
    window.open_path(path)
    await idle(window)


def _edit(window: MainWindow) -> None:
    QTest.keyClicks(window.editor, "// x")
    assert window.file.modified


async def test_at_first_there_is_nothing(window: MainWindow) -> None:
    assert window.file.name == ""
    assert window.file.source() is None
    assert not window.file.modified
    assert window.file.folder == Path.home()


async def test_a_new_text_is_an_untitled_contract(window: MainWindow) -> None:
    window.editor.setFocus()
    _edit(window)
    source = window.file.source()
    assert window.file.name == "Untitled.sol"
    assert source is not None
    assert (source.path, source.text, source.language) == ("Untitled.sol", "// x", "solidity")


async def test_the_source_is_what_the_editor_holds(window: MainWindow, contract: Path) -> None:
    await _open(window, contract)
    _edit(window)
    source = window.file.source()
    assert source is not None
    assert source.path == contract.name
    assert source.text == "// x" + SOURCE
    assert window.file.folder == contract.parent


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbfcontract A {}\r\n// \xc3\xa4\r\n",
        "contract A {}\n// ä\n".encode("utf-16"),
        b"contract A {}\r// \xe4\x80\r",
        b"a\r\nb\nc\rd\n",
    ],
    ids=["utf8_bom_crlf", "utf16", "cp1252_cr", "mixed"],
)
async def test_saving_keeps_encoding_and_line_ends(
    window: MainWindow, tmp_path: Path, raw: bytes
) -> None:
    path = tmp_path / "A.sol"
    path.write_bytes(raw)
    await _open(window, path)
    window.editor.document().setModified(True)
    press_key(window, Qt.Key.Key_S, CONTROL)
    await idle(window)
    assert path.read_bytes() == raw
    press_key(window, Qt.Key.Key_S, CONTROL | SHIFT)
    await name_file(window, tmp_path / "B.sol")
    await idle(window)
    assert (tmp_path / "B.sol").read_bytes() == raw
    assert window.file.name == "B.sol"


async def test_a_new_file_asks_for_its_name(window: MainWindow, tmp_path: Path) -> None:
    window.editor.setFocus()
    _edit(window)
    press_key(window, Qt.Key.Key_S, CONTROL)
    await name_file(window, tmp_path / "New")
    await idle(window)
    assert (tmp_path / "New.sol").read_bytes() == b"// x"
    assert not window.file.modified


async def test_save_as_can_be_called_off(window: MainWindow, contract: Path) -> None:
    await _open(window, contract)
    _edit(window)
    press_key(window, Qt.Key.Key_S, CONTROL | SHIFT)
    (await opened(window, QFileDialog)).reject()
    await idle(window)
    assert window.file.modified
    assert window.file.name == contract.name


@pytest.mark.parametrize("key", ["save", "discard", "cancel"])
async def test_opening_asks_for_unsaved_changes(
    window: MainWindow, contract: Path, tmp_path: Path, key: str
) -> None:
    other = tmp_path / "Other.sol"
    other.write_text("contract Other {}")
    await _open(window, contract)
    _edit(window)
    window.open_path(other)
    assert contract.name in await answer(window, key)
    await idle(window)
    assert window.file.name == (contract.name if key == "cancel" else "Other.sol")
    assert window.file.modified is (key == "cancel")
    assert contract.read_bytes().startswith(b"// x") is (key == "save")


async def test_a_file_that_cannot_be_opened_asks_nothing(
    window: MainWindow, contract: Path, errors: list[SpectrError]
) -> None:
    await _open(window, contract)
    _edit(window)
    await _open(window, contract.parent)
    assert [error.code for error in errors] == ["is_folder"]
    assert window.editor.text() == "// x" + SOURCE


@pytest.mark.parametrize("key", ["replace", "cancel"])
async def test_what_another_program_wrote_is_not_replaced_unasked(
    window: MainWindow, contract: Path, key: str
) -> None:
    await _open(window, contract)
    _edit(window)
    contract.write_bytes(b"theirs")
    os.utime(contract, (1, 1))
    press_key(window, Qt.Key.Key_S, CONTROL)
    assert "changed by another program" in await answer(window, key)
    await idle(window)
    assert (contract.read_bytes() == b"theirs") is (key == "cancel")
    assert window.file.modified is (key == "cancel")


async def test_a_file_that_was_removed_is_written_again(window: MainWindow, contract: Path) -> None:
    await _open(window, contract)
    _edit(window)
    contract.unlink()
    press_key(window, Qt.Key.Key_S, CONTROL)
    await idle(window)
    assert contract.read_bytes().startswith(b"// x")


async def test_a_save_that_fails_keeps_the_text_and_does_not_open_the_next(
    window: MainWindow, tmp_path: Path, errors: list[SpectrError]
) -> None:
    path, other = tmp_path / "A.sol", tmp_path / "B.sol"
    path.write_bytes(b"caf\xe9")
    other.write_bytes(b"other")
    await _open(window, path)
    window.editor.insertPlainText("\u4e2d")
    window.open_path(other)
    await answer(window, "save")
    await idle(window)
    assert [error.code for error in errors] == ["unencodable"]
    assert path.read_bytes() == b"caf\xe9"
    assert window.editor.text() == "\u4e2dcafé"
    assert window.file.name == "A.sol"


async def test_a_question_can_be_answered_by_keys_alone(window: MainWindow, contract: Path) -> None:
    await _open(window, contract)
    _edit(window)
    window.open_path(contract)
    box = await opened(window, QMessageBox)
    press_key(box, Qt.Key.Key_Escape)
    await idle(window)
    assert window.file.modified
