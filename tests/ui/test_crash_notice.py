from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget

from spectr_desktop.store.fatal_files import Death
from spectr_desktop.ui.crash_notice import CrashNotice
from spectr_desktop.ui.crash_watch import Crash
from tests.ui.driving import button, child, press, press_key, signal_future, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from spectr_desktop.ui.theme import Theme

_CRASH = Crash("ValueError", "x.py:3", "ValueError\n  one story")
_OTHER = Crash("KeyError", "y.py:9", "KeyError\n  another story")


@pytest.fixture
async def notice(qapp: QApplication, theme: Theme, tmp_path: Path) -> AsyncIterator[CrashNotice]:
    """A notice below a line of text that has the focus."""
    qapp.setQuitOnLastWindowClosed(False)
    window = QWidget()
    layout = QVBoxLayout(window)
    layout.addWidget(QLineEdit(window))
    notice = CrashNotice(theme, tmp_path, window)
    layout.addWidget(notice)
    window.show()
    await until(window.isActiveWindow, qapp.focusWindowChanged)
    child(window, QLineEdit, "").setFocus()
    yield notice
    window.close()
    gone = signal_future(window.destroyed)
    window.deleteLater()
    await gone


def _text(notice: CrashNotice) -> str:
    return child(notice, QLabel, "crashText").text()


async def test_a_crash_is_told_without_taking_the_focus(notice: CrashNotice) -> None:
    edit = child(notice.window(), QLineEdit, "")
    assert notice.isHidden()
    notice.tell_crash(_CRASH, first=True)
    assert notice.isVisible()
    assert edit.hasFocus()
    assert "(ValueError)" in _text(notice)
    for letter in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_C):
        press_key(notice.window(), letter)
    assert notice.isVisible()
    assert edit.text() == " c"


async def test_what_follows_is_counted(notice: CrashNotice) -> None:
    notice.tell_crash(_CRASH, first=True)
    notice.tell_crash(_CRASH, first=False)
    notice.tell_crash(_OTHER, first=True)
    assert "2 more since" in _text(notice)
    said = notice.diagnostics()
    assert said.count("one story") == 1
    assert said.count("another story") == 1


async def test_what_was_told_before_is_not_told_again(notice: CrashNotice) -> None:
    notice.tell_crash(_CRASH, first=True)
    press(button(notice, "goOnButton"))
    assert notice.isHidden()
    notice.tell_crash(_CRASH, first=False)
    assert notice.isHidden()
    notice.tell_crash(_OTHER, first=True)
    assert notice.isVisible()
    assert "more since" not in _text(notice)
    assert "one story" not in notice.diagnostics()


async def test_the_keys_reach_it_from_everywhere(
    notice: CrashNotice, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", opened.append)
    notice.tell_crash(_CRASH, first=True)
    await _shortcut(notice, Qt.Key.Key_C, "copyDiagnosticsButton")
    assert QGuiApplication.clipboard().text() == notice.diagnostics()
    await _shortcut(notice, Qt.Key.Key_L, "openLogsButton")
    assert opened == [QUrl.fromLocalFile(str(tmp_path))]
    await _shortcut(notice, Qt.Key.Key_G, "goOnButton")
    assert notice.isHidden()


async def _shortcut(notice: CrashNotice, key: Qt.Key, name: str) -> None:
    """Press Alt and a key in the line of text; Qt shows the button pressed before it clicks."""
    clicked = signal_future(button(notice, name).clicked)
    press_key(notice.window(), key, Qt.KeyboardModifier.AltModifier)
    await clicked


async def test_a_death_says_when(notice: CrashNotice) -> None:
    notice.tell_death(Death(datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "Fatal\n  stacks of it"))
    assert notice.isVisible()
    assert "ended unexpectedly at 202" in _text(notice)
    assert "stacks of it" in notice.diagnostics()


async def test_without_logs_their_folder_is_not_offered(theme: Theme) -> None:
    notice = CrashNotice(theme, None)
    assert not button(notice, "openLogsButton").isEnabled()
    notice.deleteLater()


async def test_hostile_words_are_spelled_out(notice: CrashNotice) -> None:
    notice.tell_crash(Crash("Odd\u202eError", "x.py:1", ""), first=True)
    assert "⟦U+202E⟧" in _text(notice)
    assert child(notice, QLabel, "crashText").textFormat() is Qt.TextFormat.PlainText
