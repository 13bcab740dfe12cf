from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QFrame, QLabel, QLineEdit, QSpinBox

from spectr_desktop import paths
from spectr_desktop.locks import lock
from spectr_desktop.store import trash
from spectr_desktop.store.stored_runs import run_ids
from spectr_desktop.ui.erase_dialog import EraseDialog
from spectr_desktop.ui.history_control import HistoryControl
from spectr_desktop.ui.history_view import HistoryView
from spectr_desktop.ui.tasks import TaskOwner
from tests.history_samples import REPORT, SOURCE, decide, keep_run, sighted
from tests.ui.driving import child, opened, press, signal_future, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    from spectr_desktop.errors import SpectrError
    from spectr_desktop.ui.theme import Theme


class Desk:
    """The tab at work."""

    def __init__(self, theme: Theme) -> None:
        self.errors: list[BaseException] = []
        self.tasks = TaskOwner(self.errors.append)
        self.view = HistoryView(theme)
        self.view.resize(310, 500)
        self.control = HistoryControl(self.view, self.tasks)
        self.told: list[str] = []
        self.failed: list[SpectrError] = []
        self.control.told.connect(self.told.append)
        self.control.failed.connect(self.failed.append)

    @property
    def ids(self) -> list[str]:
        return [row.id for row in self.view.model.rows]

    async def lists(self, *runs: str) -> None:
        """Return once these runs are listed."""
        model = self.view.model
        await until(
            lambda: self.ids == [*runs], model.modelReset, model.rowsInserted, model.dataChanged
        )

    async def end(self) -> None:
        """Stop while the loop runs: what comes later would find none."""
        await self.control.close()
        await self.idle()

    async def idle(self) -> None:
        """Return once nothing is asked for any more."""
        while self.tasks._tasks:
            await asyncio.wait(set(self.tasks._tasks))


@pytest.fixture
async def desk(qtbot: QtBot, qapp: QApplication, theme: Theme) -> AsyncIterator[Desk]:
    qapp.setQuitOnLastWindowClosed(False)  # as the program does; else the test's loop ends too
    made = Desk(theme)
    qtbot.addWidget(made.view)
    yield made
    await made.end()
    await made.tasks.close()
    assert made.errors == []


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "Kunde & Söhne"
    folder.mkdir()
    return folder


async def test_runs_appear_when_the_tab_is_shown(desk: Desk) -> None:
    one = keep_run(1)
    desk.view.show()
    await desk.lists(one)
    two = keep_run(2)
    desk.view.hide()
    desk.view.show()
    await desk.lists(two, one)
    await desk.end()


async def test_the_newest_search_wins(desk: Desk) -> None:
    one, two = keep_run(1), keep_run(2, text="a zebrafish")
    desk.view.show()
    await desk.lists(two, one)
    for words in ("withd", "zebra", "zebraf"):
        desk.view.filters.words.setText(words)
        desk.view.filters.tell_now()
    await desk.lists(two)
    await desk.idle()
    assert desk.ids == [two]
    assert "zebraf\x03ish" in desk.view.model.rows[0].snippet
    desk.view.filters.clear()
    await desk.lists(two, one)
    await desk.end()


async def test_many_runs_come_in_pages(desk: Desk) -> None:
    runs = [keep_run(number, text="short") for number in range(70, 0, -1)]
    desk.view.show()
    model = desk.view.model
    await until(lambda: model.total == 70, model.modelReset, model.layoutChanged)
    await desk.idle()
    while len(desk.ids) < 70:
        more = signal_future(desk.view.model.rowsInserted)
        desk.view.list.scrollToBottom()
        await more
    assert desk.ids == runs
    await desk.end()


async def test_a_run_opens_with_all_that_it_had(desk: Desk, root: Path) -> None:
    run = keep_run(root=str(root))
    desk.view.show()
    await desk.lists(run)
    opening = signal_future(desk.control.open_requested)
    desk.view.list.go_to_first()
    QTest.keyClick(desk.view.list, Qt.Key.Key_Return)
    (found,) = await opening
    assert found.stored.header.files[0].text == SOURCE
    assert found.stored.result.texts == {"1.quick": REPORT}
    assert [one.key for one in found.findings] == ["F1"]
    await desk.end()


async def test_a_run_that_is_gone_is_a_sentence(desk: Desk) -> None:
    failing = signal_future(desk.control.failed)
    desk.view.open_requested.emit("20200101T000000Z-000000")
    (error,) = await failing
    assert error.code == "run_missing"
    await desk.end()


async def test_a_new_title_is_shown_when_it_is_kept(desk: Desk) -> None:
    run = keep_run()
    desk.view.show()
    await desk.lists(run)
    desk.view.list.go_to_first()
    desk.view.list.rename_current()
    editor = child(desk.view, QLineEdit, "historyTitle")
    editor.setText("Second review")
    changed = signal_future(desk.view.model.dataChanged)
    QTest.keyClick(editor, Qt.Key.Key_Return)
    await changed
    assert desk.view.model.rows[0].title == "Second review"
    assert b"Second review" in (paths.runs() / run / "run.json").read_bytes()
    await desk.end()


async def test_deleted_runs_come_back_in_turn(desk: Desk) -> None:
    one, two, three = keep_run(1), keep_run(2), keep_run(3)
    desk.view.show()
    await desk.lists(three, two, one)
    bar = child(desk.view, QFrame, "historyUndoBar")
    desk.view.list.go_to_first()
    QTest.keyClick(desk.view.list, Qt.Key.Key_Delete)
    await desk.lists(two, one)
    desk.view.delete_requested.emit([two, one])
    await desk.lists()
    assert child(desk.view, QLabel, "historyDeleted").text() == "2 runs deleted"
    assert run_ids() == []
    press(child(desk.view, QAbstractButton, "historyUndoButton"))
    await desk.lists(two, one)
    assert child(desk.view, QLabel, "historyDeleted").text() == "1 run deleted"
    QTest.keyClick(desk.view.list, Qt.Key.Key_U)
    await desk.lists(three, two, one)
    assert bar.isHidden()
    await desk.idle()
    assert desk.told == ["2 runs are back", "1 run is back"]
    desk.view.undo_requested.emit()  # there is nothing to bring back
    await desk.idle()
    assert desk.failed == []
    await desk.end()


async def test_the_end_deletes_for_good(desk: Desk) -> None:
    run = keep_run()
    desk.view.delete_requested.emit([run])
    await desk.idle()
    assert len(trash.put_aside()) == 1
    await desk.control.close()
    assert trash.put_aside() == []
    desk.control.refresh()  # nothing begins any more
    desk.view.open_requested.emit(run)
    await desk.idle()
    await desk.end()


async def test_a_run_that_goes_on_is_not_deleted(desk: Desk) -> None:
    run = keep_run()
    descriptor = os.open(paths.runs() / run / "journal.jsonl", os.O_RDWR)
    lock(descriptor, wait=True)
    desk.view.delete_requested.emit([run])
    await desk.idle()
    os.close(descriptor)
    assert [error.code for error in desk.failed] == ["run_going_on"]
    assert run_ids() == [run]
    assert child(desk.view, QFrame, "historyUndoBar").isHidden()
    await desk.end()


async def test_a_lost_index_is_built_again_by_itself(desk: Desk) -> None:
    one = keep_run(1)
    desk.view.show()
    await desk.lists(one)

    def lose(history: Any) -> None:  # noqa: ANN401
        history._index._open().execute("DROP TABLE texts")
        history._index.commit()

    await desk.control._thread.call(lose)
    desk.view.filters.words.setText("withdraw")
    desk.view.filters.tell_now()
    await desk.lists()
    await desk.lists(one)
    await desk.end()


async def test_a_client_is_erased_after_the_question(desk: Desk, root: Path) -> None:
    mine, other = keep_run(1, root=str(root)), keep_run(2)
    decide(root, sighted(mine))
    desk.view.show()
    await desk.lists(other, mine)
    wished = signal_future(desk.control.erase_requested)
    desk.view.erase_requested.emit(str(root))
    (wish,) = await wished
    assert wish == str(root)
    task = desk.tasks.start(desk.control.erase_client(wish, desk.view), "erase")
    dialog = await opened(desk.view, EraseDialog)
    press(child(dialog, QAbstractButton, "answer_cancel"))
    assert not await task
    assert len(run_ids()) == 2
    task = desk.tasks.start(desk.control.erase_client(wish, desk.view), "erase")
    dialog = await opened(desk.view, EraseDialog)
    child(dialog, QAbstractButton, "eraseSure").setChecked(True)
    press(child(dialog, QAbstractButton, "answer_erase"))
    assert await task
    await desk.lists(other)
    assert desk.told == ["1 run erased"]
    assert list(paths.projects().iterdir()) == []
    await desk.end()


async def test_what_cannot_be_erased_is_a_sentence(desk: Desk, root: Path) -> None:
    run = keep_run(1, root=str(root))
    descriptor = os.open(paths.runs() / run / "journal.jsonl", os.O_RDWR)
    lock(descriptor, wait=True)
    task = desk.tasks.start(desk.control.erase_client(str(root), desk.view), "erase")
    desk.view.show()
    dialog = await opened(desk.view, EraseDialog)
    child(dialog, QAbstractButton, "eraseSure").setChecked(True)
    press(child(dialog, QAbstractButton, "answer_erase"))
    assert not await task
    os.close(descriptor)
    assert [error.code for error in desk.failed] == ["run_going_on"]
    assert run_ids() == [run]
    await desk.end()


async def test_what_is_old_is_erased_after_the_question(desk: Desk) -> None:
    old, new = keep_run(1, day="20200101"), keep_run(2, day="20990101")
    desk.view.show()
    await desk.lists(new, old)
    desk.view.erase_older_requested.emit()
    dialog = await opened(desk.view, EraseDialog)
    days = child(dialog, QSpinBox, "eraseDays")
    days.setValue(30)
    dialog.timer.timeout.emit()
    erase = child(dialog, QAbstractButton, "answer_erase")
    sure = child(dialog, QAbstractButton, "eraseSure")
    await until(lambda: dialog.plan is not None, dialog.windowTitleChanged)
    assert dialog.plan is not None
    assert dialog.plan.days == 30
    sure.setChecked(True)
    press(erase)
    await desk.lists(new)
    assert run_ids() == [new]
    await desk.end()
