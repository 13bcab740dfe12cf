from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from spectr_desktop.ui.project_view import ProjectView

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def view(qtbot: QtBot) -> ProjectView:
    view = ProjectView()
    qtbot.addWidget(view)
    return view


def _row(view: ProjectView) -> list[str]:
    item = view.topLevelItem(0)
    assert item is not None
    return [item.text(column) for column in range(3)]


def test_the_file_has_a_row(view: ProjectView) -> None:
    view.show_file(Path("/contracts/Vault.sol"), 1234, 45678)
    assert _row(view) == ["Vault.sol", "1,234", "45,678"]
    item = view.topLevelItem(0)
    assert item is not None
    assert item.toolTip(0) == str(Path("/contracts/Vault.sol"))
    assert view.currentItem() is item


def test_another_file_takes_the_row(view: ProjectView) -> None:
    view.show_file(Path("A.sol"), 1, 1)
    view.show_file(Path("B.sol"), 2, 3)
    assert view.topLevelItemCount() == 1
    assert _row(view) == ["B.sol", "2", "3"]


def test_no_file_has_no_row(view: ProjectView) -> None:
    view.show_file(Path("A.sol"), 1, 1)
    view.show_file(None, 1, 0)
    assert view.topLevelItemCount() == 0
