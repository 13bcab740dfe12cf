from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QPushButton,
    QWidget,
)

from spectr_desktop import paths
from spectr_desktop.errors import SpectrError
from spectr_desktop.records.server import ServerConfig
from spectr_desktop.records.settings import SavedServer
from spectr_desktop.store.settings import Settings
from spectr_desktop.store.settings_table import PAGES, TABLE, Kind
from spectr_desktop.ui.settings_fields import ChoiceField
from spectr_desktop.ui.settings_page import SettingRow
from spectr_desktop.ui.theme import DARK, LIGHT, Scheme
from tests.ui.driving import NONE, child, press, press_key
from tests.ui.settings_samples import open_settings

if TYPE_CHECKING:
    from spectr_desktop.ui.theme import Theme


# The page of prompts is not made from the table.
_ROWS = [setting for setting in TABLE if setting.page in dict(PAGES)]


def _show_page(dialog: QWidget, title: str) -> None:
    pages = child(dialog, QListWidget, "settingsPages")
    (item,) = pages.findItems(title, Qt.MatchFlag.MatchExactly)
    pages.setCurrentItem(item)


async def test_each_setting_has_a_row_that_shows_it(theme: Theme) -> None:
    settings = Settings.load()
    settings.set("appearance.theme", "dark")
    settings.set("audit.temperature", 0.7)
    settings.set("editor.font", "No such font <b>")
    settings.set("editor.indent", 2)
    async with open_settings(theme, settings) as opened:
        rows = {row.setting.key: row for row in opened.dialog.findChildren(SettingRow)}
        assert {key: row.value() for key, row in rows.items()} == {
            setting.key: settings.get(setting.key) for setting in _ROWS
        }
        assert child(opened.dialog, QLineEdit, "audit.temperature").text() == "0.7"
        font = child(opened.dialog, QComboBox, "editor.font")
        assert font.currentText() == "No such font <b> (not on this machine)"
        assert opened.ok.isEnabled()


async def test_every_widget_has_a_name_and_an_accessible_name(theme: Theme) -> None:
    async with open_settings(theme) as opened:
        press(child(opened.dialog, QPushButton, "addServer"))
        kinds = (QAbstractButton, QComboBox, QLineEdit, QAbstractItemView)
        seen = set()
        for kind in kinds:
            for widget in opened.dialog.findChildren(kind):
                parent = widget.parentWidget()
                if parent is not None and parent.inherits("QComboBoxPrivateContainer"):
                    continue  # Qt's own
                assert widget.objectName(), widget
                assert widget.accessibleName(), widget.objectName()
                seen.add(widget.objectName())
        assert {setting.key for setting in _ROWS} <= seen
        for label in opened.dialog.findChildren(QLabel):
            assert label.textFormat() is Qt.TextFormat.PlainText, label.text()


async def test_a_value_is_changed_by_keyboard_alone(theme: Theme) -> None:
    async with open_settings(theme) as opened:
        pages = child(opened.dialog, QListWidget, "settingsPages")
        assert pages.hasFocus()
        press_key(opened.dialog, Qt.Key.Key_Down)
        press_key(opened.dialog, Qt.Key.Key_Down)  # Editor
        for _ in range(10):
            if child(opened.dialog, QLineEdit, "editor.indent").hasFocus():
                break
            press_key(opened.dialog, Qt.Key.Key_Tab)
        press_key(opened.dialog, Qt.Key.Key_Backspace)
        QTest.keyClicks(opened.dialog.focusWidget(), "2")
        while not child(opened.dialog, QCheckBox, "editor.wrap").hasFocus():
            press_key(opened.dialog, Qt.Key.Key_Tab)
        press_key(opened.dialog, Qt.Key.Key_Space)
        press_key(opened.dialog, Qt.Key.Key_Return)
        assert not opened.dialog.isVisible()
        assert opened.applied == [frozenset({"editor.indent", "editor.wrap"})]
        assert Settings.load().get("editor.indent") == 2
        assert Settings.load().get("editor.wrap") is True


async def test_escape_drops_what_was_changed(theme: Theme) -> None:
    async with open_settings(theme) as opened:
        opened.type_into("editor.indent", "2")
        press_key(opened.dialog, Qt.Key.Key_Escape)
        assert not opened.dialog.isVisible()
        assert opened.applied == []
        assert opened.settings.get("editor.indent") == 4
        assert not (paths.data() / "settings.toml").exists()


async def test_ok_without_a_change_writes_and_tells_nothing(theme: Theme) -> None:
    async with open_settings(theme) as opened:
        press(opened.ok)
        assert not opened.dialog.isVisible()
        assert opened.applied == []
        assert not (paths.data() / "settings.toml").exists()


@pytest.mark.parametrize("text", ["0", "99", "two", "1e999", "9" * 32, "²"])
async def test_a_wrong_number_keeps_ok_off_and_says_why(theme: Theme, text: str) -> None:
    async with open_settings(theme) as opened:
        opened.type_into("editor.indent", text)
        sentence = "“Indent” must be a whole number from 1 to 16."
        assert opened.text("editor.indentFault") == sentence
        assert opened.text("settingsMessage") == f"Editor: {sentence}"
        assert sentence in child(opened.dialog, QLineEdit, "editor.indent").accessibleDescription()
        assert not opened.ok.isEnabled()
        opened.dialog.accept()
        assert opened.dialog.isVisible()
        opened.type_into("editor.indent", "8")
        assert opened.text("editor.indentFault") == opened.text("settingsMessage") == ""
        assert opened.ok.isEnabled()


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("audit.context", "32,768", 32768),
        ("audit.context", "1 048 576", 1048576),
        ("audit.context", " 4096 ", 4096),
        ("audit.temperature", "0,7", 0.7),
        ("audit.temperature", "1", 1.0),
    ],
)
async def test_numbers_may_be_written_as_people_do(
    theme: Theme, key: str, text: str, value: float
) -> None:
    async with open_settings(theme) as opened:
        opened.type_into(key, text)
        press(opened.ok)
        assert Settings.load().get(key) == value


async def test_an_empty_field_is_as_the_model_has_it(theme: Theme) -> None:
    settings = Settings.load()
    settings.set("audit.context", 4096)
    async with open_settings(theme, settings) as opened:
        field = child(opened.dialog, QLineEdit, "audit.context")
        assert field.text() == "4096"
        assert field.placeholderText() == "As the model has it"
        field.clear()
        press(opened.ok)
        assert opened.applied == [frozenset({"audit.context"})]
        assert Settings.load().get("audit.context") is None


@pytest.mark.parametrize("key", [s.key for s in _ROWS if s.kind is not Kind.FONT])
async def test_reset_gives_the_default_again(theme: Theme, key: str) -> None:
    async with open_settings(theme) as opened:
        (row,) = (r for r in opened.dialog.findChildren(SettingRow) if r.setting.key == key)
        reset = child(opened.dialog, QAbstractButton, f"{key}Reset")
        assert not reset.isEnabled()
        if isinstance(row.field, QLineEdit):
            row.field.setText("x")
        elif isinstance(row.field, QCheckBox):
            row.field.toggle()
        else:
            assert isinstance(row.field, ChoiceField)
            row.field.setCurrentIndex(row.field.count() - 1)
        assert reset.isEnabled()
        reset.click()
        assert row.value() == row.setting.default
        assert not reset.isEnabled()


async def test_what_another_part_changed_meanwhile_stays(theme: Theme) -> None:
    async with open_settings(theme) as opened:
        opened.settings.set("editor.font_size", 20)  # as zooming could
        opened.type_into("editor.indent", "2")
        press(opened.ok)
        assert opened.settings.get("editor.font_size") == 20
        assert opened.applied == [frozenset({"editor.indent"})]


async def test_the_dialog_stays_open_if_the_settings_cannot_be_saved(
    theme: Theme, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_settings(theme) as opened:
        opened.type_into("editor.indent", "2")

        def refuse(_target: object, _raw: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(paths, "write_atomically", refuse)
            press(opened.ok)
        assert opened.dialog.isVisible()
        assert "could not be saved" in opened.text("settingsMessage")
        assert opened.settings.get("editor.indent") == 2
        assert opened.applied == [frozenset({"editor.indent"})]
        press(opened.ok)
        assert not opened.dialog.isVisible()
        assert Settings.load().get("editor.indent") == 2
        assert len(opened.applied) == 1


async def test_what_was_wrong_in_the_file_is_said(theme: Theme) -> None:
    paths.data().mkdir(parents=True)
    (paths.data() / "settings.toml").write_text("{", encoding="utf-8")
    async with open_settings(theme) as opened:
        assert "damaged" in opened.text("settingsProblems")


async def test_hostile_words_of_the_file_are_spelled_out(theme: Theme) -> None:
    paths.data().mkdir(parents=True)
    name = "<img src=x>\u202e\n\x07"
    text = f'[[servers]]\nprovider = "gopher"\nname = {json.dumps(name)}\n'
    (paths.data() / "settings.toml").write_text(text, encoding="utf-8")
    async with open_settings(theme) as opened:
        shown = opened.text("settingsProblems")
        assert "<img src=x>⟦U+202E⟧" in shown
        assert "⟦U+0007⟧" in shown
        label = child(opened.dialog, QLabel, "settingsProblems")
        assert label.textFormat() is Qt.TextFormat.PlainText


async def test_pages_of_others_are_part_of_ok(theme: Theme) -> None:
    async with open_settings(theme) as opened:
        page, told = QWidget(), list[str]()
        refused = [True]

        def on_accept() -> None:
            if refused[0]:
                raise SpectrError("bad_prompt", "The prompt has no place for the source.")
            told.append("accepted")

        opened.dialog.add_page("Prompts", page, on_accept, after="audit")
        mine = QPushButton("Erase…")
        opened.dialog.add_to_page("storage", mine)
        pages = child(opened.dialog, QListWidget, "settingsPages")
        titles = [pages.item(row).text() for row in range(pages.count())]
        at = [title for _, title in PAGES].index("Audit defaults") + 2
        assert titles[at] == "Prompts"
        assert len(titles) == len(PAGES) + 2
        assert not page.isVisible()
        opened.type_into("editor.indent", "2")
        press(opened.ok)
        assert page.isVisible()
        assert opened.text("settingsMessage") == "The prompt has no place for the source."
        refused[0] = False
        press(opened.ok)
        assert told == ["accepted"]
        assert not opened.dialog.isVisible()


async def test_a_wheel_that_passes_by_changes_nothing(theme: Theme) -> None:
    async with open_settings(theme) as opened:
        _show_page(opened.dialog, "Appearance")
        box = child(opened.dialog, QComboBox, "appearance.theme")
        wheel = QWheelEvent(
            QPointF(5, 5),
            QPointF(box.mapToGlobal(QPoint(5, 5))),
            QPoint(),
            QPoint(0, -120),
            Qt.MouseButton.NoButton,
            NONE,
            Qt.ScrollPhase.NoScrollPhase,
            False,  # Qt's signature
        )
        QApplication.sendEvent(box, wheel)
        assert box.currentData() == "system"


async def test_both_themes_have_the_dialogs_colours(theme: Theme) -> None:
    async with open_settings(theme) as opened:
        assert LIGHT.critical in opened.dialog.styleSheet()
        theme.choose(Scheme.DARK)
        assert DARK.critical in opened.dialog.styleSheet()
        assert "@" not in opened.dialog.styleSheet()


async def test_in_a_small_dialog_the_row_with_the_focus_is_in_view(theme: Theme) -> None:
    async with open_settings(theme) as opened:
        _show_page(opened.dialog, "Audit defaults")
        opened.dialog.resize(600, 300)
        first = child(opened.dialog, QLineEdit, "audit.context")
        last = child(opened.dialog, QComboBox, "audit.thinking")
        first.setFocus()
        while not last.hasFocus():
            press_key(opened.dialog, Qt.Key.Key_Tab)
        row = child(opened.dialog, QWidget, "audit.thinkingRow")
        assert not row.visibleRegion().isEmpty()
        assert row.visibleRegion().boundingRect() == row.rect()


async def test_the_keyboard_goes_through_the_servers_page_from_above(theme: Theme) -> None:
    settings = Settings.load()
    settings.set_servers((SavedServer("a", ServerConfig("ollama")),))
    async with open_settings(theme, settings) as opened:
        order = ["settingsPages"]
        while order.count("settingsPages") == 1:
            press_key(opened.dialog, Qt.Key.Key_Tab)
            focused = opened.dialog.focusWidget()
            assert focused is not None
            order.append(focused.objectName())
        assert order == [
            "settingsPages",
            "serverList",
            "addServer",
            "removeServer",
            "server_name",
            "serverProvider",
            "server_base_url",
            "serverKey",
            "forgetKey",
            "testServer",
            "server_parallel",
            "server_keep_alive",
            "server_proxy",
            "server_ca_file",
            "choose_ca_file",
            "settingsOk",
            "settingsCancel",
            "settingsPages",
        ]


async def test_lists_leave_room_for_each_line(theme: Theme) -> None:
    async with open_settings(theme) as opened:
        pages = child(opened.dialog, QListWidget, "settingsPages")
        heights = [pages.visualItemRect(pages.item(row)).height() for row in range(pages.count())]
        assert min(heights) > 1.5 * pages.fontMetrics().height()
