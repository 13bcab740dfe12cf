from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel, QListWidget, QPushButton

from spectr_desktop import paths
from spectr_desktop.ui.erase_dialog import EraseDialog
from spectr_desktop.ui.settings_dialog import SettingsDialog
from spectr_desktop.ui.settings_storage import StoragePart
from tests.ui.driving import child, idle, opened, press, press_key, ran, start
from tests.ui.settings_samples import Opened, open_settings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    import pytest

    from spectr_desktop.ui.main_window import MainWindow
    from spectr_desktop.ui.theme import Theme
    from tests.ui.conftest import Ollama

CLIENT = "/home/x/Kunde & \u202e"


class Asked:
    """Counts what was wished for."""

    def __init__(self) -> None:
        self.client = self.old = 0

    def erase_client(self) -> None:
        self.client += 1

    def erase_old(self) -> None:
        self.old += 1


@contextlib.asynccontextmanager
async def opened_at_storage(
    theme: Theme, asked: Asked, client: str = CLIENT
) -> AsyncGenerator[Opened, None]:
    async with open_settings(theme) as opened:
        part = StoragePart(opened.tasks, client, asked.erase_client, asked.erase_old, opened.dialog)
        opened.dialog.add_to_page("storage", part)
        pages = child(opened.dialog, QListWidget, "settingsPages")
        (item,) = pages.findItems("Storage", Qt.MatchFlag.MatchExactly)
        pages.setCurrentItem(item)
        await opened.idle()
        yield opened


def _run(name: str, size: int) -> None:
    folder = paths.private_folder(paths.runs() / name)
    (folder / "journal.jsonl").write_bytes(b"x" * size)


async def test_sizes_are_those_of_the_disk(theme: Theme) -> None:
    _run("a", 3000)
    _run("b", 72)
    async with opened_at_storage(theme, Asked()) as opened:
        assert opened.text("runsSize").startswith("2 · 3")
        assert "k" in opened.text("runsSize").lower()
        assert opened.text("draftsSize") == "none"
        assert opened.text("storageFolder") == str(paths.data())
        assert child(opened.dialog, QLabel, "runsSize").accessibleName() == "Runs"


async def test_sizes_are_measured_again_when_the_dialog_is_back(theme: Theme) -> None:
    async with opened_at_storage(theme, Asked()) as opened:
        assert opened.text("runsSize") == "none"
        _run("a", 3000)
        part = child(opened.dialog, StoragePart, "storage")
        QApplication.sendEvent(part, QEvent(QEvent.Type.ActivationChange))
        await opened.idle()
        assert opened.text("runsSize").startswith("1 · ")


async def test_buttons_ask_by_keyboard_and_mouse(theme: Theme) -> None:
    asked = Asked()
    async with opened_at_storage(theme, asked) as opened:
        press(child(opened.dialog, QPushButton, "eraseClient"))
        child(opened.dialog, QPushButton, "eraseOld").setFocus()
        press_key(opened.dialog, Qt.Key.Key_Space)
        assert (asked.client, asked.old) == (1, 1)
        assert opened.dialog.isVisible()
        assert "Kunde &" in opened.text("storageHint")
        assert "\u202e" not in opened.text("storageHint")


async def test_without_a_project_there_is_no_client(theme: Theme) -> None:
    asked = Asked()
    async with opened_at_storage(theme, asked, "") as opened:
        button = child(opened.dialog, QPushButton, "eraseClient")
        assert not button.isEnabled()
        assert "open a file" in button.accessibleDescription()
        press(button)
        assert asked.client == 0


async def test_erasing_from_the_dialog_of_the_window(
    window: MainWindow, ollama: Ollama, contract: Path
) -> None:
    def add(dialog: SettingsDialog) -> None:
        root = window.file.root
        client = str(root.resolve()) if root is not None else ""
        keeping, tasks = window.keeping, window.tasks
        part = StoragePart(
            tasks, client, lambda: keeping.erase_client(client), keeping.erase_older, dialog
        )
        dialog.add_to_page("storage", part)

    window.settings.add_page(add)
    await start(window, contract)
    await ran(window)
    window.settings.open_dialog()
    dialog = await opened(window, SettingsDialog)
    pages = child(dialog, QListWidget, "settingsPages")
    pages.setCurrentItem(pages.findItems("Storage", Qt.MatchFlag.MatchExactly)[0])
    press(child(dialog, QPushButton, "eraseOld"))
    question = await opened(window, EraseDialog)
    question.reject()
    press(child(dialog, QPushButton, "eraseClient"))
    question = await opened(window, EraseDialog)
    child(question, QCheckBox, "eraseSure").click()
    press(child(question, QPushButton, "answer_erase"))
    while window.tasks._tasks:
        await asyncio.wait(set(window.tasks._tasks))
    assert list(paths.runs().iterdir()) == []  # one look
    assert dialog.isVisible()
    part = child(dialog, StoragePart, "storage")
    part.measure()
    while window.tasks._tasks:
        await asyncio.wait(set(window.tasks._tasks))
    assert child(dialog, QLabel, "runsSize").text() == "none"
    dialog.reject()
    await idle(window)


async def test_the_folder_is_opened(theme: Theme, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[QUrl] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", shown.append)
    async with opened_at_storage(theme, Asked()) as opened:
        press(child(opened.dialog, QPushButton, "openStorage"))
    assert [url.toLocalFile() for url in shown] == [str(paths.data())]


async def test_a_page_that_is_left_while_it_is_measured_leaves_nothing(theme: Theme) -> None:
    _run("a", 3000)
    async with opened_at_storage(theme, Asked()) as opened:
        pages = child(opened.dialog, QListWidget, "settingsPages")
        row = pages.currentRow()
        for _ in range(3):
            pages.setCurrentRow(0)
            pages.setCurrentRow(row)
        await opened.idle()
        assert opened.text("runsSize").startswith("1 · ")
        pages.setCurrentRow(0)
        pages.setCurrentRow(row)
        opened.dialog.reject()
        await opened.idle()
