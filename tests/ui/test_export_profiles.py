from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QComboBox, QInputDialog, QLineEdit, QPlainTextEdit

from spectr_desktop import paths
from spectr_desktop.records.grades import State
from spectr_desktop.records.house_style import HouseStyle, Look
from spectr_desktop.records.report import ReportDocument
from spectr_desktop.store.house_styles import HouseStyles
from tests.ui.driving import answer, button, child, opened
from tests.ui.export_samples import Opened, open_export, png

if TYPE_CHECKING:
    from pathlib import Path

    from spectr_desktop.ui.theme import Theme

STYLE = HouseStyle(
    "Acme",
    "Security review",
    ReportDocument("A. Auditor", "Client", "1.0", "# Before\n\ttext", "After\n"),
    Look(png(), "#1f6feb"),
    (State.CONFIRMED, State.WONT_FIX),
    "{client}-{date}",
)


def styles(folder: Path) -> HouseStyles:
    return HouseStyles(folder / "styles")


def shown(export: Opened) -> list[str]:
    picker = child(export.dialog, QComboBox, "exportProfile")
    return [picker.itemText(row) for row in range(picker.count())]


def pick(export: Opened, text: str) -> None:
    picker = child(export.dialog, QComboBox, "exportProfile")
    row = picker.findText(text)
    picker.setCurrentIndex(row)
    picker.activated.emit(row)


async def name_it(export: Opened, press: str, name: str) -> None:
    export.click(press)
    dialog = await opened(export.dialog, QInputDialog)
    child(dialog, QLineEdit, "exportStyleName").setText(name)
    dialog.accept()
    await export.idle()


async def test_a_style_is_shown_whole_and_unchanged(theme: Theme, tmp_path: Path) -> None:
    styles(tmp_path).write(STYLE)
    async with open_export(theme, tmp_path) as export:
        export.show()
        assert shown(export) == ["Usual style", "Acme"]
        pick(export, "Acme")
        assert export.dialog.wanted().style == replace(
            STYLE, states=(State.CONFIRMED, State.WONT_FIX)
        )
        assert shown(export) == ["Usual style", "Acme"]
        assert not button(export.dialog, "exportSaveStyle").isEnabled()
        assert export.text("exportNames") == "Client-2026-11-23.md, Client-2026-11-23.pdf"


async def test_what_was_changed_is_kept_and_saved(theme: Theme, tmp_path: Path) -> None:
    styles(tmp_path).write(STYLE)
    async with open_export(theme, tmp_path) as export:
        pick(export, "Acme")
        export.type_into("exportClient", "Other client")
        child(export.dialog, QPlainTextEdit, "exportAfter").setPlainText("The end")
        assert shown(export) == ["Usual style", "Acme (changed)"]
        pick(export, "Usual style")
        assert export.dialog.wanted().style == HouseStyle()
        assert shown(export) == ["Usual style", "Acme (changed)"]
        pick(export, "Acme (changed)")
        assert child(export.dialog, QLineEdit, "exportClient").text() == "Other client"
        export.click("exportSaveStyle")
        await export.idle()
        assert shown(export) == ["Usual style", "Acme"]
    kept = styles(tmp_path).read("Acme")
    assert (kept.document.client, kept.document.after) == ("Other client", "The end")
    assert kept.look == STYLE.look


async def test_the_usual_style_is_saved_under_a_name(theme: Theme, tmp_path: Path) -> None:
    async with open_export(theme, tmp_path) as export:
        export.type_into("exportAuditor", "A. Auditor")
        await name_it(export, "exportSaveStyle", "  New  style ")
        assert shown(export) == ["Usual style", "New style"]
        assert export.dialog.wanted().style.name == "New style"
        assert styles(tmp_path).read("New style").document.auditor == "A. Auditor"
        await name_it(export, "exportSaveStyleAs", "new style")
        assert "There is a house style “New style” already" in export.text("exportStyleFault")
        await name_it(export, "exportSaveStyleAs", "a\u202eb")
        assert "choose another name" in export.text("exportStyleFault")
        pick(export, "Usual style")
        assert export.text("exportStyleFault") == ""


async def test_the_last_one_is_there_again(theme: Theme, tmp_path: Path) -> None:
    styles(tmp_path).write(STYLE)
    async with open_export(theme, tmp_path) as export:
        pick(export, "Acme")
    async with open_export(theme, tmp_path) as export:
        assert export.dialog.wanted().style.name == "Acme"


async def test_a_style_is_renamed(theme: Theme, tmp_path: Path) -> None:
    styles(tmp_path).write(STYLE)
    async with open_export(theme, tmp_path) as export:
        assert not button(export.dialog, "exportRenameStyle").isEnabled()
        pick(export, "Acme")
        export.type_into("exportClient", "Other client")
        await name_it(export, "exportRenameStyle", "Acme Labs")
        assert shown(export) == ["Usual style", "Acme Labs (changed)"]
        assert styles(tmp_path).read("Acme Labs") == replace(STYLE, name="Acme Labs")
        assert child(export.dialog, QLineEdit, "exportClient").text() == "Other client"


@pytest.mark.parametrize("key", ["delete", "cancel"])
async def test_a_style_is_deleted_after_a_question(theme: Theme, tmp_path: Path, key: str) -> None:
    styles(tmp_path).write(STYLE)
    async with open_export(theme, tmp_path) as export:
        pick(export, "Acme")
        export.click("exportDeleteStyle")
        assert await answer(export.dialog, key) == "Delete the house style “Acme”?"
        await export.idle()
        assert shown(export) == ["Usual style", "Acme"][: 1 + (key == "cancel")]
        assert export.dialog.wanted().style == (HouseStyle() if key == "delete" else STYLE)


async def test_a_damaged_one_is_a_sentence_and_the_usual_one(theme: Theme, tmp_path: Path) -> None:
    styles(tmp_path).write(STYLE)
    (file,) = (tmp_path / "styles").glob("style-*")
    file.write_text("{")
    async with open_export(theme, tmp_path) as export:
        export.show()
        pick(export, "Acme")
        assert "cannot be read" in export.text("exportStyleFault")
        assert export.dialog.wanted().style == HouseStyle("Acme")
        assert button(export.dialog, "exportWrite").isEnabled()


async def test_a_disk_that_cannot_keeps_what_was_typed(
    theme: Theme, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    styles(tmp_path).write(STYLE)
    async with open_export(theme, tmp_path) as export:
        pick(export, "Acme")
        export.type_into("exportClient", "Other client")

        def full(target: Path, raw: bytes) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(paths, "write_private", full)
        export.click("exportSaveStyle")
        await export.idle()
        assert "No space left on device" in export.text("exportStyleFault")
        assert child(export.dialog, QLineEdit, "exportClient").text() == "Other client"
        assert shown(export) == ["Usual style", "Acme (changed)"]


async def test_what_another_program_did_is_seen_when_it_opens(theme: Theme, tmp_path: Path) -> None:
    async with open_export(theme, tmp_path) as export:
        export.dialog.reject()
        styles(tmp_path).write(STYLE)
        export.dialog.show()
        assert shown(export) == ["Usual style", "Acme"]
        pick(export, "Acme")
        export.dialog.reject()
        styles(tmp_path).delete("Acme")
        export.dialog.show()
        assert export.dialog.wanted().style == STYLE
        pick(export, "Usual style")
        assert shown(export) == ["Usual style"]
