from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel, QSpinBox, QWidget

from spectr_desktop.records.history import ErasePlan
from spectr_desktop.ui.erase_dialog import EraseDialog, answered
from tests.ui.driving import child, press

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

PLAN = ErasePlan(
    root=Path("/clients/Kunde & Söhne"),
    days=0,
    runs=("r1", "r2"),
    projects=(Path("/home/p"),),
    drafts=(Path("/home/d"),),
    roots=("/clients/Kunde & Söhne", "/clients/Kunde & Söhne/src"),
    bytes=3_000_000,
    decisions=1234,
    first="2026-01-03T12:00:00Z",
    last="2026-11-20T12:00:00Z",
)
NOTHING = replace(PLAN, runs=(), projects=(), drafts=(), roots=(), first="", last="", decisions=0)
OLD = replace(PLAN, root=None, days=365)


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    return window


def words(dialog: EraseDialog) -> str:
    return "\n".join(
        label.text() for label in dialog.findChildren(QLabel) if label.isVisibleTo(dialog)
    )


def made(window: QWidget, plan: ErasePlan, *, by_age: bool = False) -> EraseDialog:
    dialog = EraseDialog(window, by_age=by_age)
    dialog.show_plan(plan)
    return dialog


def test_it_says_exactly_what_goes_and_what_stays(window: QWidget) -> None:
    said = words(made(window, PLAN))
    for part in (
        "Erase client “Kunde & Söhne”?",
        "2 runs from 3 Jan 2026 to 20 Nov 2026",
        "1,234 decisions",
        "1 draft of unsaved text",
        "search index",
        "log files",
        "2.86 MiB",
        "/clients/Kunde & Söhne/src",
        "contract files themselves are not touched",
        "exported elsewhere",
    ):
        assert part in said, part
    assert "Older than" not in said


def test_it_says_of_an_age_what_stays(window: QWidget) -> None:
    said = words(made(window, OLD, by_age=True))
    assert "everything older than 365 days" in said
    assert "projects that have newer runs stay" in said


async def test_erasing_takes_a_tick_and_a_press(window: QWidget) -> None:
    dialog = made(window, PLAN)
    task = asyncio.get_running_loop().create_task(answered(dialog))
    await asyncio.sleep(0)
    sure = child(dialog, QAbstractButton, "eraseSure")
    erase = child(dialog, QAbstractButton, "answer_erase")
    assert not erase.isEnabled()
    sure.setChecked(True)
    assert erase.isEnabled()
    dialog.show_plan(replace(PLAN, decisions=0))  # what was ticked was something else
    assert not erase.isEnabled()
    sure.setChecked(True)
    press(erase)
    assert await task == replace(PLAN, decisions=0)


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Escape])
async def test_return_and_esc_cancel(window: QWidget, key: Qt.Key) -> None:
    dialog = made(window, PLAN)
    task = asyncio.get_running_loop().create_task(answered(dialog))
    await asyncio.sleep(0)
    child(dialog, QAbstractButton, "eraseSure").setChecked(True)
    QTest.keyClick(dialog, key)
    assert await task is None


async def test_a_cancelled_question_is_closed(window: QWidget) -> None:
    dialog = made(window, PLAN)
    task = asyncio.get_running_loop().create_task(answered(dialog))
    await asyncio.sleep(0)
    assert dialog.isVisible()
    ended: list[int] = []
    dialog.finished.connect(ended.append)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [0]


def test_nothing_can_only_be_closed(window: QWidget) -> None:
    dialog = made(window, NOTHING)
    assert "nothing to erase" in words(dialog)
    assert not child(dialog, QAbstractButton, "answer_erase").isVisibleTo(dialog)
    assert not child(dialog, QAbstractButton, "eraseSure").isVisibleTo(dialog)
    assert child(dialog, QAbstractButton, "answer_cancel").text() == "Close"


def test_another_age_is_counted_before_it_can_be_erased(window: QWidget) -> None:
    dialog = made(window, OLD, by_age=True)
    asked: list[int] = []
    dialog.days_changed.connect(asked.append)
    child(dialog, QAbstractButton, "eraseSure").setChecked(True)
    child(dialog, QSpinBox, "eraseDays").setValue(30)
    assert not child(dialog, QAbstractButton, "answer_erase").isEnabled()
    assert dialog.plan is None
    dialog.timer.timeout.emit()
    assert asked == [30]
    dialog.show_plan(replace(OLD, days=30))
    assert "older than 30 days" in words(dialog)
    assert not child(dialog, QAbstractButton, "answer_erase").isEnabled()


def test_hostile_names_stay_in_the_window(window: QWidget) -> None:
    root = "/" + "\u202e<b>x</b>" + "y" * 5000
    plan = replace(PLAN, root=Path(root), roots=tuple(f"{root}{n}" for n in range(9)))
    dialog = made(window, plan)
    dialog.grab()
    assert dialog.width() < 800
    assert "\u202e" not in words(dialog)
    assert "and 4 more" in words(dialog)
    assert all(
        label.textFormat() == Qt.TextFormat.PlainText
        for label in dialog.findChildren(QLabel)
        if label.objectName().startswith("erase")
    )
