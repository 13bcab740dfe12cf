from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QCheckBox,
    QComboBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QRadioButton,
    QTabWidget,
    QTreeWidget,
)

from spectr_desktop.errors import SpectrError
from spectr_desktop.records.grades import State
from spectr_desktop.records.report import ReportKind
from spectr_desktop.records.run import Outcome
from spectr_desktop.ui.export_state import ExportState
from spectr_desktop.ui.theme import Scheme
from tests.report.export.report_samples import finding, result
from tests.ui.driving import answer, button, child, opened, press, press_key
from tests.ui.export_samples import open_export

if TYPE_CHECKING:
    from pathlib import Path

    from spectr_desktop.ui.theme import Theme


# -- what is exported -------------------------------------------------------------------------


async def test_it_says_what_a_clients_report_leaves_out(theme: Theme, tmp_path: Path) -> None:
    async with open_export(theme, tmp_path) as export:
        export.show()
        assert button(export.dialog, "exportKind_client").isChecked()
        assert export.text("exportLeftOut") == (
            "2 findings are left out: 1 open, 1 false positive; 2 leads."
        )
        export.click("exportState_open")
        assert export.text("exportLeftOut") == ("1 finding is left out: 1 false positive; 2 leads.")
        export.click("exportKind_working")
        assert export.text("exportLeftOut") == "Nothing is left out."


async def test_what_the_auditor_stands_for_decides_who_it_is_for(
    theme: Theme, tmp_path: Path
) -> None:
    async with open_export(theme, tmp_path) as export:
        export.show([finding(1, state=State.OPEN)])
        assert export.dialog.wanted().kind is ReportKind.WORKING
        export.show([finding(1, state=State.FIXED)])
        assert export.dialog.wanted().kind is ReportKind.CLIENT
    async with open_export(theme, tmp_path, ExportState(kind="working")) as export:
        export.show([finding(1, state=State.FIXED)])
        assert export.dialog.wanted().kind is ReportKind.WORKING


async def test_without_a_report_nothing_can_be_exported(theme: Theme, tmp_path: Path) -> None:
    async with open_export(theme, tmp_path) as export:
        export.dialog.show_subject(None, "An audit is running.")
        assert export.text("exportSubject") == "An audit is running."
        assert export.text("exportWhyNot") == "An audit is running."
        assert not button(export.dialog, "exportWrite").isEnabled()
        export.show()
        assert button(export.dialog, "exportWrite").isEnabled()
        assert export.text("exportSubject").startswith("Vault.sol, run of ")
        export.show()
        assert export.text("exportSubject").startswith("Another run is shown now: Vault.sol")


async def test_what_was_chosen_stays_while_the_run_is_the_same(
    theme: Theme, tmp_path: Path
) -> None:
    async with open_export(theme, tmp_path) as export:
        subject = export.show()
        export.click("exportKind_working")
        export.item("F5").setCheckState(0, Qt.CheckState.Unchecked)
        export.dialog.show_subject(None, "An audit is running.")
        export.dialog.show_subject(replace(subject, findings=subject.findings[:6]), "")
        assert export.dialog.wanted().unchosen == {"F5"}
        assert export.dialog.wanted().kind is ReportKind.WORKING
        assert export.item("F5").checkState(0) is Qt.CheckState.Unchecked


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome.STOPPED, "Not complete. The run was stopped"),
        (Outcome.COMPLETE, ""),
    ],
)
async def test_it_says_what_the_first_page_will_say(
    theme: Theme, tmp_path: Path, outcome: Outcome, words: str
) -> None:
    async with open_export(theme, tmp_path) as export:
        export.show(ended=result(outcome))
        assert words in export.text("exportNotice")
        assert bool(export.text("exportNotice")) == bool(words)


async def test_findings_are_chosen_with_the_keyboard(theme: Theme, tmp_path: Path) -> None:
    async with open_export(theme, tmp_path) as export:
        export.show()
        child(export.dialog, QTabWidget, "exportTabs").setCurrentIndex(1)
        tree = child(export.dialog, QTreeWidget, "exportFindings")
        tree.setFocus()
        tree.setCurrentItem(export.item("F2"))
        QTest.keyClick(tree, Qt.Key.Key_Space)
        assert export.dialog.wanted().unchosen == {"F2"}
        assert export.text("exportFindingsCount") == "3 of 8 are in the report"
        assert "1 not chosen" in export.text("exportLeftOut")
        # One that a client cannot get can be reached, and tells why.
        tree.setCurrentItem(export.item("F5"))
        QTest.keyClick(tree, Qt.Key.Key_Space)
        assert export.dialog.wanted().unchosen == {"F2"}
        described = Qt.ItemDataRole.AccessibleDescriptionRole
        assert export.item("F5").data(0, described) == "Its state is not for clients"
        assert export.item("F7").data(0, described) == "A lead, not for clients"
        assert export.item("F2").data(0, described) is None
        press(button(export.dialog, "exportNoFindings"))
        assert export.dialog.wanted().unchosen == {"F1", "F2", "F3", "F4"}
        press(button(export.dialog, "exportAllFindings"))
        assert export.dialog.wanted().unchosen == frozenset()


async def test_the_worst_stand_first_and_merged_ones_not_at_all(
    theme: Theme, tmp_path: Path
) -> None:
    async with open_export(theme, tmp_path) as export:
        export.show()
        tree = child(export.dialog, QTreeWidget, "exportFindings")
        rows = [tree.topLevelItem(row) for row in range(tree.topLevelItemCount())]
        keys = [row.text(0) for row in rows if row is not None]
        assert keys == ["F2", "F3", "F4", "F5", "F1", "F6", "F7", "F8"]
        assert export.item("F7").text(2) == "Lead: Title 7"


async def test_hostile_words_are_spelled_out(theme: Theme, tmp_path: Path) -> None:
    async with open_export(theme, tmp_path) as export:
        one = finding(1)
        export.show([replace(one, texts=replace(one.texts, title="a\u202eb<b>\n"))])
        assert export.item("F1").text(2) == "a⟦U+202E⟧b<b>"
        for label in export.dialog.findChildren(QLabel):
            assert label.textFormat() is not Qt.TextFormat.RichText
            assert label.textFormat() is Qt.TextFormat.PlainText or "<" not in label.text()


# -- preview ----------------------------------------------------------------------------------


async def test_the_preview_shows_the_report_that_is_wanted(theme: Theme, tmp_path: Path) -> None:
    async with open_export(theme, tmp_path) as export:
        export.show()
        assert export.text("exportPreviewStatus") == "Preview is being made…"
        await export.preview()
        assert export.text("exportPreviewStatus") == "The first 2 pages"
        report, width = export.fakes.asked[-1]
        assert report.kind is ReportKind.CLIENT
        assert [one.key for one in report.findings] == ["F2", "F3", "F4", "F1"]
        pages = [child(export.dialog, QLabel, f"exportPage{n}") for n in (1, 2)]
        assert {page.width() for page in pages} == {round(width / pages[0].devicePixelRatioF())}
        export.type_into("exportTitle", "Security review")
        await export.preview()
        assert export.fakes.asked[-1][0].title == "Security review"


async def test_preview_and_files_have_the_look(theme: Theme, tmp_path: Path) -> None:
    async with open_export(theme, tmp_path) as export:
        export.show()
        export.type_into("exportAccent", "#1F6FEB")
        await export.preview()
        await export.write()
        assert [look.accent for look in export.fakes.looks] == ["#1f6feb"] * 3


async def test_an_old_preview_is_dropped_before_the_next_begins(
    theme: Theme, tmp_path: Path
) -> None:
    async with open_export(theme, tmp_path) as export:
        export.show()
        begun = export.fakes.hold("preview")
        preview = export.dialog.parts.preview
        preview.timer.timeout.emit()
        await begun.wait()
        export.click("exportKind_working")
        del export.fakes.held["preview"]
        await export.preview()
        assert export.fakes.cancelled == ["preview"]
        assert len(export.fakes.asked) == 2
        assert export.fakes.asked[-1][0].kind is ReportKind.WORKING


async def test_a_preview_that_fails_is_a_sentence(theme: Theme, tmp_path: Path) -> None:
    async with open_export(theme, tmp_path) as export:
        export.show()
        export.fakes.faults["preview"] = SpectrError("x", "No pages. Try again.")
        await export.preview()
        assert export.text("exportPreviewStatus") == "No pages. Try again."
        del export.fakes.faults["preview"]
        export.fakes.pages = [b"no picture"]
        export.click("exportKind_working")
        await export.preview()
        assert "cannot be shown" in export.text("exportPreviewStatus")
        assert button(export.dialog, "exportWrite").isEnabled()


async def test_a_hidden_preview_is_not_made(theme: Theme, tmp_path: Path) -> None:
    async with open_export(theme, tmp_path) as export:
        export.show()
        begun = export.fakes.hold("preview")
        export.dialog.parts.preview.timer.timeout.emit()
        await begun.wait()
        press(button(export.dialog, "exportTogglePreview"))
        await export.idle()
        assert export.fakes.cancelled == ["preview"]
        export.click("exportKind_working")
        assert not export.dialog.parts.preview.timer.isActive()
        assert not export.states[-1].preview
        del export.fakes.held["preview"]
        press(button(export.dialog, "exportTogglePreview"))
        await export.preview()
        press_key(export.dialog, Qt.Key.Key_Escape)
        assert not export.dialog.isVisible()
        assert not export.dialog.parts.preview.timer.isActive()


async def test_the_preview_scrolls_with_the_keyboard(theme: Theme, tmp_path: Path) -> None:
    async with open_export(theme, tmp_path) as export:
        export.show()
        await export.preview()
        pages = export.dialog.parts.preview._pages
        pages.setFocus()
        await asyncio.sleep(0)
        bar = pages.verticalScrollBar()
        QTest.keyClick(pages, Qt.Key.Key_End)
        assert bar.value() == bar.maximum() > 0
        QTest.keyClick(pages, Qt.Key.Key_Home)
        assert bar.value() == 0
        QTest.keyClick(pages, Qt.Key.Key_PageDown)
        assert bar.value() > 0


# -- writing ----------------------------------------------------------------------------------


async def test_every_format_is_written_with_a_line(
    theme: Theme, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places: list[str] = []
    monkeypatch.setattr(
        "spectr_desktop.ui.export_results.QDesktopServices.openUrl",
        lambda url: places.append(url.toLocalFile()),
    )
    async with open_export(theme, tmp_path) as export:
        export.show()
        assert export.text("exportNames") == "Vault-report.md, Vault-report.pdf"
        await export.write()
        assert (tmp_path / "Vault-report.md").read_bytes() == b".md of client"
        assert (tmp_path / "Vault-report.pdf").read_bytes() == b".pdf of client"
        assert export.exported == [str(tmp_path / f"Vault-report{s}") for s in (".md", ".pdf")]
        assert export.fakes.made[0][2] == ("run-0", "run-1")
        assert export.text("exportResult2") == f"PDF: written to {tmp_path}/Vault-report.pdf"
        press(button(export.dialog, "exportOpenFolder2"))
        assert places == [str(tmp_path)]
        assert export.states[-1] == ExportState(str(tmp_path), (".md", ".pdf"), "client", True)


async def test_a_bundle_is_written_with_the_hash_of_its_manifest(
    theme: Theme, tmp_path: Path
) -> None:
    async with open_export(theme, tmp_path) as export:
        export.show()
        child(export.dialog, QCheckBox, "exportFormat_zip").click()
        await export.write()
        note = child(export.dialog, QLabel, "exportNote3")
        assert note.isVisible()
        assert "5ea1" * 16 in note.text()
        assert "all texts of the model" in note.text()
        assert not child(export.dialog, QLabel, "exportNote1").isVisible()


async def test_one_that_fails_does_not_stop_the_others(theme: Theme, tmp_path: Path) -> None:
    async with open_export(theme, tmp_path) as export:
        export.show()
        export.choose_formats(".md", ".pdf", ".json")
        export.fakes.faults[".md"] = SpectrError("x", "No Markdown. Try again.")
        mistake = export.fakes.faults[".pdf"] = KeyError("a mistake")
        await export.write()
        assert export.text("exportResult1") == "Markdown: No Markdown. Try again."
        assert "a mistake of the program" in export.text("exportResult2")
        assert (tmp_path / "Vault-report.json").exists()
        assert not button(export.dialog, "exportOpenFolder1").isVisible()
        assert button(export.dialog, "exportOpenFolder3").isVisible()
        assert [error.code for error in export.failed if isinstance(error, SpectrError)] == ["x"]
        assert export.errors == [mistake]
        export.errors.clear()
        assert button(export.dialog, "exportWrite").isEnabled()


async def test_a_full_disk_is_a_sentence_and_leaves_what_was_there(
    theme: Theme, tmp_path: Path
) -> None:
    async with open_export(theme, tmp_path) as export:
        export.show()
        export.choose_formats(".md")
        (tmp_path / "Vault-report.md").write_text("old")
        export.fakes.write_fault = OSError(28, "No space left on device")
        press(button(export.dialog, "exportWrite"))
        await answer(export.dialog, "replace")
        await export.idle()
        assert "cannot be written (No space left on device)" in export.text("exportResult1")
        assert (tmp_path / "Vault-report.md").read_text() == "old"


@pytest.mark.parametrize("key", ["replace", "both", "cancel"])
async def test_it_asks_once_before_files_are_replaced(
    theme: Theme, tmp_path: Path, key: str
) -> None:
    (tmp_path / "Vault-report.md").write_text("old")
    (tmp_path / "Vault-report 2.pdf").write_text("old")
    async with open_export(theme, tmp_path) as export:
        export.show()
        press(button(export.dialog, "exportWrite"))
        assert await answer(export.dialog, key) == "Replace this file?"
        await export.idle()
        old = (tmp_path / "Vault-report.md").read_text() == "old"
        assert old == (key != "replace")
        assert (tmp_path / "Vault-report 2.pdf").read_text() == "old"
        both = [(tmp_path / f"Vault-report 3{suffix}").exists() for suffix in (".md", ".pdf")]
        assert both == [key == "both"] * 2
        assert bool(export.fakes.made) == (key != "cancel")
        assert button(export.dialog, "exportWrite").isEnabled()


async def test_cancel_ends_what_is_made_and_tells_it(theme: Theme, tmp_path: Path) -> None:
    async with open_export(theme, tmp_path) as export:
        export.show()
        export.choose_formats(".md", ".pdf", ".json")
        begun = export.fakes.hold(".pdf")
        press(button(export.dialog, "exportWrite"))
        await begun.wait()
        assert export.text("exportResult2") == "PDF: page 12 of 80"
        assert not button(export.dialog, "exportWrite").isVisible()
        press(button(export.dialog, "exportCancel"))
        await export.idle()
        assert export.fakes.cancelled == [".pdf"]
        assert "written to" in export.text("exportResult1")
        assert "cancelled" in export.text("exportResult2")
        assert "cancelled" in export.text("exportResult3")
        assert not (tmp_path / "Vault-report.pdf").exists()
        assert button(export.dialog, "exportWrite").isEnabled()


async def test_a_file_that_is_being_written_is_finished_and_said_so(
    theme: Theme, tmp_path: Path
) -> None:
    async with open_export(theme, tmp_path) as export:
        export.show()
        export.fakes.write_held = asyncio.Event()
        begun = export.fakes.begun.setdefault("write", asyncio.Event())
        press(button(export.dialog, "exportWrite"))
        await begun.wait()
        press(button(export.dialog, "exportCancel"))
        await asyncio.sleep(0)
        export.fakes.write_held.set()
        await export.idle()
        assert "written to" in export.text("exportResult1")
        assert "cancelled" in export.text("exportResult2")
        assert export.exported == [str(tmp_path / "Vault-report.md")]


async def test_what_changes_while_files_are_written_is_not_in_them(
    theme: Theme, tmp_path: Path
) -> None:
    async with open_export(theme, tmp_path) as export:
        export.show()
        begun = export.fakes.hold(".md")
        press(button(export.dialog, "exportWrite"))
        await begun.wait()
        export.click("exportKind_working")
        export.dialog.show_subject(None, "An audit is running.")
        press_key(export.dialog, Qt.Key.Key_Escape)
        export.fakes.held[".md"].set()
        await export.idle()
        assert (tmp_path / "Vault-report.pdf").read_bytes() == b".pdf of client"
        assert not button(export.dialog, "exportWrite").isEnabled()


async def test_something_has_to_be_chosen(theme: Theme, tmp_path: Path) -> None:
    async with open_export(theme, tmp_path) as export:
        export.show()
        export.choose_formats()
        assert export.text("exportWhyNot") == "Choose a format first."
        export.choose_formats(".csv")
        assert export.text("exportNames") == "Vault-report.csv"
        export.type_into("exportFolder", "  ")
        assert export.text("exportWhyNot") == "Choose a folder first."
        export.type_into("exportFolder", str(tmp_path))
        export.type_into("exportAccent", "#12")
        assert "six digits" in export.text("exportWhyNot")
        assert not button(export.dialog, "exportWrite").isEnabled()
        export.type_into("exportAccent", "")
        assert button(export.dialog, "exportWrite").isEnabled()


async def test_the_folder_is_chosen_and_the_last_one_remembered(
    theme: Theme, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    async with open_export(theme, tmp_path, ExportState(str(tmp_path / "gone"))) as export:
        export.show()
        assert child(export.dialog, QLineEdit, "exportFolder").text() == str(tmp_path)
        press(button(export.dialog, "exportChooseFolder"))
        dialog = await opened(export.dialog, QFileDialog)
        dialog.setDirectory(str(tmp_path / "out"))
        dialog.done(1)
        await export.idle()
        assert child(export.dialog, QLineEdit, "exportFolder").text() == str(tmp_path / "out")
    async with open_export(theme, tmp_path, ExportState(str(tmp_path / "out"))) as export:
        export.show()
        assert child(export.dialog, QLineEdit, "exportFolder").text() == str(tmp_path / "out")


async def test_the_example_tells_what_means_nothing(theme: Theme, tmp_path: Path) -> None:
    async with open_export(theme, tmp_path) as export:
        export.show()
        export.choose_formats(".pdf")
        export.type_into("exportClient", "Ätna")
        export.type_into("exportPattern", "{client} {titel}")
        assert export.text("exportExample") == (
            "The file is called Ätna {titel}.pdf\n{titel} means nothing here and stays as it is."
        )


# -- the dialog itself ------------------------------------------------------------------------


async def test_every_widget_has_a_name_and_an_accessible_name(theme: Theme, tmp_path: Path) -> None:
    async with open_export(theme, tmp_path) as export:
        export.show()
        await export.write()
        kinds = (
            QAbstractButton,
            QComboBox,
            QLineEdit,
            QPlainTextEdit,
            QAbstractItemView,
        )
        for kind in kinds:
            for widget in export.dialog.findChildren(kind):
                name = widget.objectName()
                if name.startswith("qt_") or widget.inherits("QHeaderView"):
                    continue  # Qt's own
                parent = widget.parentWidget()
                if parent is not None and parent.inherits("QComboBoxPrivateContainer"):
                    continue
                if parent is not None and parent.inherits("QTabBar"):
                    continue
                assert name, widget
                assert widget.accessibleName(), name


async def test_tab_reaches_everything_and_no_return_writes(theme: Theme, tmp_path: Path) -> None:
    async with open_export(theme, tmp_path) as export:
        export.show()
        reached = set()
        for index in range(4):
            export.dialog.parts.tabs.setCurrentIndex(index)
            for _ in range(40):
                export.dialog.focusNextChild()
                focused = export.dialog.focusWidget()
                if focused is not None:
                    reached.add(focused.objectName())
        wanted = {
            box.objectName()
            for kind in (QCheckBox, QLineEdit, QPlainTextEdit, QTreeWidget)
            for box in export.dialog.findChildren(kind)
            if box.isEnabled() and not box.objectName().startswith("qt_")
        }
        assert wanted <= reached
        assert {"exportPages", "exportProfile", "exportWrite", "exportClose"} <= reached
        export.dialog.parts.tabs.setCurrentIndex(2)
        line = child(export.dialog, QLineEdit, "exportTitle")
        line.setFocus()
        QTest.keyClick(line, Qt.Key.Key_Return)
        await export.idle()
        assert export.fakes.made == []


async def test_closed_and_opened_again_it_has_what_was_typed(theme: Theme, tmp_path: Path) -> None:
    async with open_export(theme, tmp_path) as export:
        export.show()
        export.type_into("exportAuditor", "A. Auditor")
        press_key(export.dialog, Qt.Key.Key_Escape)
        assert not export.dialog.isVisible()
        export.dialog.show()
        assert child(export.dialog, QLineEdit, "exportAuditor").text() == "A. Auditor"


async def test_nothing_is_cut_in_either_theme(theme: Theme, tmp_path: Path) -> None:
    async with open_export(theme, tmp_path) as export:
        export.show(ended=result(Outcome.STOPPED))
        export.dialog.resize(1000, 700)
        for scheme in (Scheme.DARK, Scheme.LIGHT):
            theme.choose(scheme)
            for index in range(4):
                export.dialog.parts.tabs.setCurrentIndex(index)
                await asyncio.sleep(0)
                for kind in (QAbstractButton, QRadioButton):
                    for widget in export.dialog.findChildren(kind):
                        if widget.isVisible() and widget.text():
                            assert widget.width() >= widget.minimumSizeHint().width()
                for label in export.dialog.findChildren(QLabel):
                    if label.isVisible() and label.wordWrap():
                        assert label.height() >= label.heightForWidth(label.width())
        assert QApplication.activePopupWidget() is None
