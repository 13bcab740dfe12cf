"""Find and zoom in the window: keys, focus, and what Esc does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence

from tests.ui.driving import CONTROL, SHIFT, press_key, signal_future

if TYPE_CHECKING:
    from spectr_desktop.ui.main_window import MainWindow

_REPORT = "# Report\n\nThe vault, and the vault again.\n"


def _fill(window: MainWindow) -> None:
    window.report.set_markdown(_REPORT)
    window.editor.setPlainText("contract Vault {}\n// vault\n")


async def test_find_opens_in_the_pane_that_has_the_focus(window: MainWindow) -> None:
    _fill(window)
    window.report.view.setFocus()
    press_key(window, Qt.Key.Key_F, CONTROL)
    assert window.report.finder.query.hasFocus()
    window.editor.setFocus()
    press_key(window, Qt.Key.Key_F, CONTROL)
    assert window.reader.source.bar.query.hasFocus()


async def test_f3_goes_on_and_back(window: MainWindow) -> None:
    _fill(window)
    window.report.view.setFocus()
    press_key(window, Qt.Key.Key_F, CONTROL)
    window.report.finder.query.setText("vault")
    press_key(window, Qt.Key.Key_F3)
    assert window.report.finder.count.text() == "2 of 2"
    window.report.view.setFocus()
    press_key(window, Qt.Key.Key_F3, SHIFT)
    assert window.report.finder.count.text() == "1 of 2"


async def test_escape_closes_the_bar_and_is_not_stop_as_long_as_it_is_open(
    window: MainWindow,
) -> None:
    _fill(window)
    stopped: list[bool] = []
    stop = window.actions_by_name["stop"]
    stop.triggered.connect(lambda: stopped.append(True))
    stop.setEnabled(True)
    window.report.view.setFocus()
    press_key(window, Qt.Key.Key_F, CONTROL)
    press_key(window, Qt.Key.Key_Escape)
    assert stopped == []
    assert window.report.finder.isHidden()
    assert window.report.view.hasFocus()
    press_key(window, Qt.Key.Key_Escape)
    assert stopped == [True]
    press_key(window, Qt.Key.Key_F, CONTROL)
    press_key(window, Qt.Key.Key_Period, CONTROL)
    assert stopped == [True, True]


async def test_escape_closes_an_open_bar_of_the_other_pane(window: MainWindow) -> None:
    _fill(window)
    window.editor.setFocus()
    press_key(window, Qt.Key.Key_F, CONTROL)
    window.report.view.setFocus()
    press_key(window, Qt.Key.Key_Escape)
    assert window.reader.source.bar.isHidden()
    assert window.report.view.hasFocus()
    assert window.actions_by_name["stop"].shortcuts()[1] == QKeySequence("Esc")


async def test_zoom_keys_work_on_the_pane_that_has_the_focus(window: MainWindow) -> None:
    _fill(window)
    source = window.editor.font().pointSizeF()
    report = window.report.view.document().defaultFont().pointSizeF()
    window.report.view.setFocus()
    zoomed = signal_future(window.report.view.zoomed)
    press_key(window, Qt.Key.Key_Plus, CONTROL)
    press_key(window, Qt.Key.Key_Plus, CONTROL)
    assert await zoomed == (125,)
    assert window.report.view.document().defaultFont().pointSizeF() > report
    assert window.editor.font().pointSizeF() == source
    window.editor.setFocus()
    press_key(window, Qt.Key.Key_Minus, CONTROL)
    assert window.editor.font().pointSizeF() == source - 1
    press_key(window, Qt.Key.Key_0, CONTROL)
    assert window.editor.font().pointSizeF() == source
    window.report.view.setFocus()
    zoomed = signal_future(window.report.view.zoomed)
    press_key(window, Qt.Key.Key_0, CONTROL)
    assert await zoomed == (100,)
    assert window.report.view.document().defaultFont().pointSizeF() == report
