from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QMenu, QPushButton

from spectr_desktop.records.server import Locality
from spectr_desktop.ui.top_bar import TopBar

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def bar(qtbot: QtBot) -> TopBar:
    bar = TopBar()
    qtbot.addWidget(bar)
    bar.resize(1200, 50)
    bar.show()
    return bar


def test_run_and_stop_take_each_others_place(bar: TopBar) -> None:
    assert bar.run_button.isVisible()
    assert not bar.stop_button.isVisible()
    width = bar.width()
    bar.set_running(running=True)
    assert not bar.run_button.isVisible()
    assert bar.stop_button.isVisible()
    assert bar.run_button.minimumWidth() == bar.stop_button.minimumWidth()
    assert bar.width() == width


@pytest.mark.parametrize(
    ("name", "signal"),
    [
        ("openButton", "open_requested"),
        ("runButton", "run_requested"),
        ("stopButton", "stop_requested"),
        ("exportButton", "export_requested"),
    ],
)
def test_a_button_asks_for_what_it_says(bar: TopBar, qtbot: QtBot, name: str, signal: str) -> None:
    bar.set_running(running=name == "stopButton")
    button = bar.findChild(QPushButton, name)
    assert isinstance(button, QPushButton)
    with qtbot.waitSignal(getattr(bar, signal)):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.mark.parametrize(
    ("locality", "text", "explanation"),
    [
        (Locality.LOCAL, "Local", "stays on this machine"),
        (Locality.LOCAL_PORT, "Local port", "may forward"),
        (Locality.REMOTE, "Remote", "goes to api.example.org"),
    ],
)
def test_the_badge_says_where_the_source_goes(
    bar: TopBar, locality: Locality, text: str, explanation: str
) -> None:
    bar.show_locality(locality, "api.example.org")
    assert bar.badge.isVisible()
    assert bar.badge.text() == text
    assert explanation in bar.badge.toolTip()
    assert bar.badge.accessibleName() == "Where the source goes"
    assert explanation in bar.badge.accessibleDescription()


def test_without_a_model_there_is_no_badge(bar: TopBar) -> None:
    bar.show_locality(Locality.REMOTE, "x")
    bar.show_locality(None, "")
    assert not bar.badge.isVisible()


def test_each_locality_has_a_colour_of_its_own(bar: TopBar, qtbot: QtBot) -> None:
    bar.setStyleSheet(
        'QLabel[locality="local"] { color: #010203; } QLabel[locality="remote"] { color: #040506; }'
    )
    colors = []
    for locality in (Locality.LOCAL, Locality.REMOTE):
        bar.show_locality(locality, "")
        badge = bar.findChild(QLabel, "privacyBadge")
        assert isinstance(badge, QLabel)
        colors.append(badge.palette().windowText().color().name())
    assert colors == ["#010203", "#040506"]


def test_the_menu_button_has_its_menu(bar: TopBar) -> None:
    menu = QMenu(bar)
    bar.set_menu(menu)
    assert bar.menu_button.menu() is menu
    assert bar.menu_button.accessibleName() == "Menu"
