# ruff: noqa: ASYNC240  # the files are small and the test's own
from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QMessageBox, QTableView, QToolButton

from spectr_desktop.ui.diff_dialog import DiffDialog
from spectr_desktop.ui.file_watch import FileWatch
from tests.ui.driving import child, dialogs_of, opened, press, signal_future, until
from tests.ui.edited_file import EditedFile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from spectr_desktop.ui.theme import Theme

_SOURCE = "contract Vault {\n    uint a;\n}\n"
_THEIRS = "// theirs\n" + _SOURCE


class _Soon(QTimer):
    """Runs out as soon as the loop has time."""

    def setInterval(self, _msec: int) -> None:
        super().setInterval(0)


class _Desk(EditedFile):
    """The file with its watch."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.watch = FileWatch(
            self.editor, self.file, self.bar, self.tasks, theme, self, timer=_Soon
        )
        self.watch.failed.connect(self.errors.append)

    async def looked(self) -> None:
        """Look at the disk now, as when the program becomes active again."""
        seen = signal_future(self.watch.checked)
        self.watch.look_soon()
        await seen
        await self.settled()

    async def done(self) -> None:
        """The end of each test: between it and the next one no loop runs."""
        self.watch.close()
        await self.settled()


@pytest.fixture
async def desk(theme: Theme, vault: Path) -> AsyncIterator[_Desk]:
    vault.write_bytes(_SOURCE.encode())
    desk = _Desk(theme)
    desk.show()
    yield desk
    await desk.settled()
    gone = signal_future(desk.destroyed)
    desk.deleteLater()
    await gone


def _sentence(desk: _Desk) -> str:
    return "" if desk.bar.isHidden() else child(desk.bar, QLabel, "changeSentence").text()


def _write(path: Path, text: str) -> None:
    path.write_bytes(text.encode())
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 10**9))


def _type(desk: _Desk) -> None:
    QTest.keyClicks(desk.editor, "// x ")


# -- what is noticed --------------------------------------------------------------------------


async def test_a_file_that_is_written_is_noticed(desk: _Desk, vault: Path) -> None:
    await desk.file.open(vault)
    vault.write_bytes(_THEIRS.encode())
    await until(lambda: desk.bar.topic != "", desk.watch.checked)
    assert _sentence(desk) == f"▲  {vault.name} was changed by another program."
    await desk.done()


async def test_a_file_that_is_replaced_is_noticed_twice(desk: _Desk, vault: Path) -> None:
    await desk.file.open(vault)
    for text in ("one", "two"):
        new = vault.with_name("new.tmp")
        new.write_bytes(text.encode())
        new.replace(vault)
        await until(lambda: desk.bar.topic != "", desk.watch.checked)
        desk.answer("reload")
        await desk.settled()
        assert desk.editor.text() == text
    await desk.done()


async def test_a_file_that_is_removed_and_made_again_is_noticed(desk: _Desk, vault: Path) -> None:
    await desk.file.open(vault)
    vault.unlink()
    await until(lambda: desk.bar.topic != "", desk.watch.checked)
    assert "is gone" in _sentence(desk)
    vault.write_bytes(b"back")
    await until(lambda: "changed" in _sentence(desk), desk.watch.checked)
    await desk.done()


async def test_it_looks_when_the_program_becomes_active(desk: _Desk, vault: Path) -> None:
    await desk.file.open(vault)
    desk.watch._watcher.removePaths(desk.watch._watcher.files() + desk.watch._watcher.directories())
    _write(vault, _THEIRS)
    app = QGuiApplication.instance()
    assert isinstance(app, QGuiApplication)
    seen = signal_future(desk.watch.checked)
    app.applicationStateChanged.emit(Qt.ApplicationState.ApplicationActive)
    await seen
    assert desk.answers() == ["reload", "difference", "keep"]
    await desk.done()


async def test_a_touch_says_nothing_and_saving_does_not_ask(desk: _Desk, vault: Path) -> None:
    await desk.file.open(vault)
    _write(vault, _SOURCE)
    await desk.looked()
    assert desk.bar.isHidden()
    assert not desk.file.modified
    _type(desk)
    _write(vault, _SOURCE)
    assert await desk.file.save()  # before anybody looked
    assert vault.read_text() == "// x " + _SOURCE
    await desk.done()


async def test_our_own_save_is_no_change(desk: _Desk, vault: Path) -> None:
    await desk.file.open(vault)
    _type(desk)
    assert await desk.file.save()
    await desk.looked()
    assert desk.bar.isHidden()
    await desk.done()


async def test_other_line_ends_are_taken_over_in_silence(desk: _Desk, vault: Path) -> None:
    await desk.file.open(vault)
    _write(vault, _SOURCE.replace("\n", "\r\n"))
    await desk.looked()
    assert desk.bar.isHidden()
    _type(desk)
    _write(vault, _SOURCE.replace("\n", "\r"))
    await desk.looked()
    assert desk.file.modified
    assert await desk.file.save()
    assert vault.read_bytes() == ("// x " + _SOURCE).replace("\n", "\r").encode()
    await desk.done()


async def test_both_making_the_same_change_is_no_conflict(desk: _Desk, vault: Path) -> None:
    await desk.file.open(vault)
    _type(desk)
    _write(vault, "// x " + _SOURCE)
    await desk.looked()
    assert desk.bar.isHidden()
    assert not desk.file.modified
    await desk.done()


async def test_another_file_takes_the_offer_away(desk: _Desk, vault: Path, tmp_path: Path) -> None:
    await desk.file.open(vault)
    _write(vault, _THEIRS)
    await desk.looked()
    other = tmp_path / "Other.sol"
    other.write_text("other")
    await desk.file.open(other)
    assert desk.bar.isHidden()
    _write(vault, "more")
    await desk.looked()
    assert desk.bar.isHidden()
    assert set(desk.watch._watcher.files()) == {str(other)}
    await desk.done()


async def test_a_file_that_cannot_be_read_any_more_is_told_once(desk: _Desk, vault: Path) -> None:
    await desk.file.open(vault)
    vault.write_bytes(b"\0\0")
    await desk.looked()
    await desk.looked()
    assert [error.code for error in desk.errors] == ["binary"]
    assert desk.editor.text() == _SOURCE
    _write(vault, _THEIRS)
    await desk.looked()
    assert desk.answers() == ["reload", "difference", "keep"]
    await desk.done()


# -- what is offered --------------------------------------------------------------------------


async def test_reload_is_one_edit_that_can_be_undone(desk: _Desk, vault: Path) -> None:
    await desk.file.open(vault)
    reloaded = signal_future(desk.file.reloaded)
    desk.editor.go_to_line(2)
    _write(vault, _THEIRS)
    await desk.looked()
    desk.answer("reload")
    assert await reloaded == (vault.name,)
    await desk.settled()
    assert desk.editor.text() == _THEIRS
    assert not desk.file.modified
    assert desk.editor.textCursor().block().text() == "    uint a;"
    desk.editor.undo()
    assert desk.editor.text() == _SOURCE
    assert desk.file.modified
    desk.editor.redo()
    assert not desk.file.modified
    assert await desk.file.save()
    await desk.done()


async def test_keep_makes_it_an_unsaved_change(desk: _Desk, vault: Path) -> None:
    await desk.file.open(vault)
    _write(vault, _THEIRS)
    await desk.looked()
    desk.answer("keep")
    assert desk.editor.text() == _SOURCE
    assert desk.file.modified
    await desk.looked()
    assert desk.bar.isHidden()  # who has decided is not asked again
    assert await desk.file.save()
    assert dialogs_of(desk) == []
    assert vault.read_text() == _SOURCE
    await desk.done()


async def test_closing_the_offer_keeps(desk: _Desk, vault: Path) -> None:
    await desk.file.open(vault)
    _write(vault, _THEIRS)
    await desk.looked()
    press(child(desk.bar, QToolButton, "changeClose"))
    assert desk.file.modified
    await desk.done()


async def test_unsaved_changes_are_named_and_their_owner_chooses(desk: _Desk, vault: Path) -> None:
    await desk.file.open(vault)
    _type(desk)
    _write(vault, _THEIRS)
    await desk.looked()
    assert "and you have unsaved changes" in _sentence(desk)
    assert desk.answers() == ["difference", "reload", "keep"]
    desk.answer("reload")
    await desk.settled()
    assert desk.editor.text() == _THEIRS
    assert not desk.file.modified
    desk.editor.undo()
    assert desk.editor.text() == "// x " + _SOURCE
    await desk.done()


async def test_who_types_while_it_is_offered_is_told_of_their_changes(
    desk: _Desk, vault: Path
) -> None:
    await desk.file.open(vault)
    _write(vault, _THEIRS)
    await desk.looked()
    assert desk.answers() == ["reload", "difference", "keep"]
    _type(desk)
    assert "and you have unsaved changes" in _sentence(desk)
    await desk.done()


async def test_the_difference_is_shown_and_the_offer_stays(desk: _Desk, vault: Path) -> None:
    await desk.file.open(vault)
    _write(vault, _THEIRS)
    await desk.looked()
    desk.answer("difference")
    dialog = await opened(desk, DiffDialog)
    await desk.settled()
    rows = child(dialog, QTableView, "diffRows").model()
    role = Qt.ItemDataRole.AccessibleTextRole
    assert rows.index(0, 0).data(role) == "Added, line 1: // theirs"
    dialog.reject()
    assert desk.answers() == ["reload", "difference", "keep"]
    await desk.done()


async def test_a_file_that_is_gone_can_be_saved_again(desk: _Desk, vault: Path) -> None:
    await desk.file.open(vault)
    vault.unlink()
    await desk.looked()
    assert desk.file.modified  # it is nowhere else
    assert desk.answers() == ["save"]
    desk.answer("save")
    await desk.settled()
    assert vault.read_text() == _SOURCE
    assert desk.bar.isHidden()
    assert not desk.file.modified
    assert desk.findChildren(QMessageBox) == []
    await desk.done()


async def test_a_file_that_comes_back_as_it_was_is_no_news(desk: _Desk, vault: Path) -> None:
    await desk.file.open(vault)
    away = vault.with_name("away")
    vault.rename(away)
    await desk.looked()
    assert desk.answers() == ["save"]
    away.rename(vault)
    await desk.looked()
    assert desk.bar.isHidden()
    assert not desk.file.modified
    await desk.done()


async def test_who_lets_it_be_gone_is_not_asked_again(desk: _Desk, vault: Path) -> None:
    await desk.file.open(vault)
    vault.unlink()
    await desk.looked()
    press(child(desk.bar, QToolButton, "changeClose"))
    await desk.looked()
    assert desk.bar.isHidden()
    assert desk.file.modified
    await desk.done()


async def test_a_conflict_at_saving_is_still_asked_for(desk: _Desk, vault: Path) -> None:
    await desk.file.open(vault)
    _type(desk)
    _write(vault, _THEIRS)
    saving = desk.tasks.start(desk.file.save(), "save")
    box = await opened(desk, QMessageBox)
    assert "changed by another program" in box.text()
    box.reject()
    assert not await saving
    assert vault.read_text() == _THEIRS
    await desk.done()
