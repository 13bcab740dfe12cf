from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget, QPushButton

from spectr_desktop import paths
from spectr_desktop.store.consents import allow, consents
from spectr_desktop.ui.settings_consents import ConsentsPart
from tests.ui.driving import child, press, press_key
from tests.ui.settings_samples import Opened, open_settings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from spectr_desktop.ui.theme import Theme

HOST, OTHER = "api.example.org", "10.1.2.3:11434"


@contextlib.asynccontextmanager
async def opened_at_privacy(theme: Theme) -> AsyncGenerator[Opened, None]:
    async with open_settings(theme) as opened:
        opened.dialog.add_to_page("privacy", ConsentsPart(theme, opened.tasks, opened.dialog))
        pages = child(opened.dialog, QListWidget, "settingsPages")
        (item,) = pages.findItems("Privacy", Qt.MatchFlag.MatchExactly)
        pages.setCurrentItem(item)
        await opened.idle()
        yield opened


def shown(opened: Opened) -> list[str]:
    found = child(opened.dialog, QListWidget, "consentList")
    if not found.isVisible():
        return []
    return [found.item(row).text() for row in range(found.count())]


async def test_without_any_the_part_says_so(theme: Theme) -> None:
    async with opened_at_privacy(theme) as opened:
        assert shown(opened) == []
        assert not child(opened.dialog, QPushButton, "removeConsent").isVisible()
        assert opened.text("consentsHint").startswith("None.")


async def test_hosts_are_listed_with_their_project(theme: Theme, tmp_path: Path) -> None:
    first, second = tmp_path / "Kunde & 'ü'", tmp_path / "line\nbreak \u202e"
    for root, host in ((first, HOST), (first, OTHER), (second, HOST)):
        allow(root, host)
    async with opened_at_privacy(theme) as opened:
        lines = shown(opened)
    assert len(lines) == 3
    day = consents(first)[HOST][:10]
    assert lines[1] == f"{HOST}\n{first}, since {day}"
    assert lines[0].startswith(OTHER)
    assert lines[2].count("\n") == 1
    assert "\u202e" not in lines[2]


async def test_remove_takes_one_back_at_once(theme: Theme, tmp_path: Path) -> None:
    for host in (HOST, OTHER):
        allow(tmp_path, host)
    async with opened_at_privacy(theme) as opened:
        found = child(opened.dialog, QListWidget, "consentList")
        found.setFocus()
        press_key(opened.dialog, Qt.Key.Key_Down)
        assert found.currentRow() == 1
        button = child(opened.dialog, QPushButton, "removeConsent")
        button.setFocus()
        press_key(opened.dialog, Qt.Key.Key_Space)
        assert [line.split("\n")[0] for line in shown(opened)] == [OTHER]
        assert list(consents(tmp_path)) == [OTHER]
        press(button)
        assert shown(opened) == []
        assert consents(tmp_path) == {}
        assert not button.isVisible()
        assert opened.dialog.focusWidget() is not None
        opened.dialog.reject()  # Cancel brings nothing back
        assert consents(tmp_path) == {}


async def test_what_cannot_be_taken_back_stays_and_says_why(theme: Theme, tmp_path: Path) -> None:
    allow(tmp_path, HOST)
    async with opened_at_privacy(theme) as opened:
        (folder,) = paths.projects().iterdir()
        kept = (folder / "project.json").read_bytes()
        (folder / "project.json").unlink()
        (folder / "project.json").mkdir()
        allow_again = child(opened.dialog, QPushButton, "removeConsent")
        press(allow_again)
        # Nothing can be read there, so that nothing is allowed any more either.
        assert consents(tmp_path) == {}
        (folder / "project.json").rmdir()
        (folder / "project.json").write_bytes(kept)
    async with opened_at_privacy(theme) as opened:
        assert len(shown(opened)) == 1


async def test_a_part_that_is_closed_while_it_reads_leaves_nothing(
    theme: Theme, tmp_path: Path
) -> None:
    allow(tmp_path, HOST)
    async with opened_at_privacy(theme) as opened:
        pages = child(opened.dialog, QListWidget, "settingsPages")
        row = pages.currentRow()
        for _ in range(3):
            pages.setCurrentRow(0)
            pages.setCurrentRow(row)
        await opened.idle()
        assert len(shown(opened)) == 1
        pages.setCurrentRow(0)
        pages.setCurrentRow(row)
        opened.dialog.reject()
        await asyncio.sleep(0)
