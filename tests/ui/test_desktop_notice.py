"""Notifications where there is no D-Bus: those of D-Bus are in test_run_companion.py."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QSystemTrayIcon

from spectr_desktop.ui.desktop_notice import DesktopNotice
from spectr_desktop.ui.tasks import TaskOwner

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication


class _Tray:
    """What was asked of the tray; offscreen there is none."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[str, ...]] = []
        monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", lambda: True)
        monkeypatch.setattr(QSystemTrayIcon, "show", lambda _icon: self.asked.append(("show",)))
        monkeypatch.setattr(QSystemTrayIcon, "hide", lambda _icon: self.asked.append(("hide",)))
        monkeypatch.setattr(
            QSystemTrayIcon,
            "showMessage",
            lambda _icon, title, text: self.asked.append((title, text)),
        )


@pytest.fixture
def notice(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> DesktopNotice:
    monkeypatch.setattr(sys, "platform", "darwin")
    return DesktopNotice(TaskOwner(lambda _error: None), qapp)


async def test_a_tray_shows_it_until_it_is_clicked(
    notice: DesktopNotice, monkeypatch: pytest.MonkeyPatch
) -> None:
    tray = _Tray(monkeypatch)
    clicks: list[bool] = []
    notice.clicked.connect(lambda: clicks.append(True))
    notice.notify("The audit is complete", "Findings: 3, leads: 1.")
    assert tray.asked == [("show",), ("The audit is complete", "Findings: 3, leads: 1.")]
    (icon,) = notice.findChildren(QSystemTrayIcon)
    assert not icon.icon().isNull()
    icon.messageClicked.emit()
    assert clicks == [True]
    assert tray.asked[2:] == [("hide",)]
    notice.notify("Again", "")
    assert notice.findChildren(QSystemTrayIcon) == [icon]
    notice.deleteLater()


async def test_without_a_tray_the_log_says_so(
    notice: DesktopNotice, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", lambda: False)
    caplog.set_level("INFO")
    notice.notify("The audit is complete", "")
    assert "it has no tray" in caplog.text
    notice.deleteLater()
