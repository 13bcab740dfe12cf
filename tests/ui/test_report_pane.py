from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from benchmarks.corpus import report
from spectr_desktop.ui.report_pane import ReportPane
from spectr_desktop.ui.theme import DARK, LIGHT, Colors, Scheme, Theme

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from spectr_desktop.ui.banner import BannerKind

_LONG = report(6_000)


@pytest.fixture
def pane(qtbot: QtBot, theme: Theme) -> ReportPane:
    pane = ReportPane(theme)
    qtbot.addWidget(pane)
    pane.resize(560, 500)
    pane.show()
    return pane


def label(pane: ReportPane, name: str) -> QLabel:
    found = pane.findChild(QLabel, name)
    assert isinstance(found, QLabel)
    return found


def scroll_up(pane: ReportPane) -> None:
    pane.append_text(_LONG)
    pane.view.render_now()
    pane.view.document().size()
    pane.view.verticalScrollBar().setValue(40)


def contrast(first: str, second: str) -> float:
    def luminance(name: str) -> float:
        color = QColor(name)
        parts = (color.redF(), color.greenF(), color.blueF())
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_an_empty_pane_says_what_to_do(pane: ReportPane) -> None:
    empty = label(pane, "reportEmpty")
    assert empty.isVisible()
    assert "Press Ctrl+R to run an audit." in empty.text()
    assert not pane.view.isVisible()
    assert not label(pane, "reportBanner").isVisible()
    assert not pane.thinking.isVisible()
    assert not pane.pill.isVisible()


def test_the_first_text_takes_the_place_of_the_empty_state(pane: ReportPane) -> None:
    pane.start("Vault, quick audit")
    assert label(pane, "reportEmpty").text().startswith("Vault, quick audit\n")
    pane.append_text("")
    assert not pane.view.isVisible()
    pane.append_text("# Find")
    assert pane.view.isVisible()
    assert not label(pane, "reportEmpty").isVisible()
    assert pane.view.toPlainText() == "Find"
    pane.append_text("ings")
    pane.finish()
    assert pane.view.toPlainText() == "Findings"
    assert pane.text() == "# Findings"


def test_a_run_without_a_word_leaves_the_empty_state(pane: ReportPane) -> None:
    pane.start("Vault")
    pane.finish()
    assert "Press Ctrl+R" in label(pane, "reportEmpty").text()


def test_nothing_lies_below_the_empty_state(pane: ReportPane) -> None:
    pane.start("Vault.sol")
    pane.show_banner("The run was stopped, so the report ends where it was.", "warning")
    pane.finish()
    pane.view.left_behind_changed.emit(True)
    assert not pane.pill.isVisible()


def test_start_drops_everything_of_the_run_before(pane: ReportPane) -> None:
    pane.append_text("old")
    pane.append_thinking("old thoughts")
    pane.show_banner("Stopped.", "warning")
    pane.start("Next")
    assert pane.text() == ""
    assert not pane.thinking.isVisible()
    assert not label(pane, "reportBanner").isVisible()
    assert pane.thinking.view.toPlainText() == ""
    pane.append_text("new")
    pane.finish()
    assert pane.view.toPlainText() == "new"


def test_a_whole_report_is_shown_from_the_history(pane: ReportPane) -> None:
    pane.show_banner("Old.", "error")
    pane.set_markdown("# Saved\n\ntext")
    assert pane.view.isVisible()
    assert pane.view.toPlainText() == "Saved\ntext"
    assert not label(pane, "reportBanner").isVisible()
    pane.set_markdown("")
    assert not pane.view.isVisible()
    assert "Press Ctrl+R" in label(pane, "reportEmpty").text()


@pytest.mark.parametrize(
    ("kind", "name"), [("info", "Note"), ("warning", "Warning"), ("error", "Error")]
)
def test_a_banner_says_its_kind_in_words_and_is_plain_text(
    kind: BannerKind, name: str, pane: ReportPane
) -> None:
    pane.show_banner("<b>Stopped</b> \u202eafter 3 of 8", kind)
    banner = label(pane, "reportBanner")
    assert banner.isVisible()
    assert banner.text().endswith("<b>Stopped</b> ⟦U+202E⟧after 3 of 8")
    assert banner.textFormat() is Qt.TextFormat.PlainText
    assert banner.accessibleName().startswith(f"{name}: <b>Stopped</b>")
    pane.clear_banner()
    assert not banner.isVisible()


def test_a_long_banner_wraps(pane: ReportPane) -> None:
    pane.show_banner("Short.", "info")
    banner = label(pane, "reportBanner")
    low = banner.heightForWidth(500)
    pane.show_banner("A long sentence that says what is missing. " * 6, "info")
    assert banner.heightForWidth(500) > 2 * low


@pytest.mark.parametrize("colors", [LIGHT, DARK])
def test_banner_and_pill_colours_can_be_read(colors: Colors) -> None:
    for ground in (colors.mark, colors.code):
        assert contrast(colors.text, ground) >= 4.5
    assert contrast(colors.dim, colors.panel) >= 4.5
    assert contrast(colors.on_accent, colors.accent) >= 4.5


def test_the_banner_follows_the_theme(pane: ReportPane, theme: Theme) -> None:
    pane.show_banner("Stopped.", "warning")
    assert LIGHT.mark in label(pane, "reportBanner").styleSheet()
    theme.choose(Scheme.DARK)
    assert DARK.mark in label(pane, "reportBanner").styleSheet()
    frame = label(pane, "reportBanner").parentWidget()
    assert frame is not None
    assert DARK.medium in frame.styleSheet()


def test_thinking_is_folded_and_counts(pane: ReportPane) -> None:
    pane.append_thinking("")
    assert not pane.thinking.isVisible()
    for _ in range(1203):
        pane.append_thinking("word")
    assert pane.thinking.isVisible()
    assert not pane.thinking.view.isVisible()
    pane.append_thinking("more")
    pane.thinking.render_now()
    assert pane.thinking.button.text() == "Thinking · about 1,204 tokens"
    assert pane.thinking.button.accessibleName() == "Thinking · about 1,204 tokens, folded"
    assert pane.thinking.view.toPlainText() == ""
    pane.thinking.set_tokens(1180)
    assert pane.thinking.button.text() == "Thinking · 1,180 tokens"
    pane.start("Next")
    pane.append_thinking("x" * 6000)
    assert pane.thinking.button.text() == "Thinking · about 1,000 tokens"


def test_thinking_unfolds_by_key_and_grows(pane: ReportPane) -> None:
    pane.append_thinking("first <b>plain</b> \u202e")
    QTest.keyClick(pane.thinking.button, Qt.Key.Key_Space)
    assert pane.thinking.view.isVisible()
    assert pane.thinking.view.toPlainText() == "first <b>plain</b> ⟦U+202E⟧"
    assert pane.thinking.button.accessibleName().endswith("unfolded")
    assert pane.thinking.view.isReadOnly()
    pane.append_thinking("second")
    pane.thinking.render_now()
    assert pane.thinking.view.toPlainText().endswith("second")
    QTest.keyClick(pane.thinking.button, Qt.Key.Key_Space)
    assert not pane.thinking.view.isVisible()


def test_the_timer_shows_new_thinking(pane: ReportPane, qtbot: QtBot) -> None:
    pane.append_thinking("first ")
    pane.thinking.button.setChecked(True)
    pane.append_thinking("second")
    with qtbot.waitSignal(pane.thinking.view.textChanged):
        pass
    assert pane.thinking.view.toPlainText() == "first second"


def test_endless_thinking_is_broken_and_bounded(pane: ReportPane) -> None:
    pane.append_thinking("start")
    pane.thinking.button.setChecked(True)
    for _ in range(40):
        pane.append_thinking("x" * 10_000)
        pane.thinking.render_now()
    text = pane.thinking.view.toPlainText()
    assert max(map(len, text.split("\n"))) <= 4096
    assert 200_000 < len(text) <= 256 * 1024
    assert pane.thinking.button.text() == "Thinking · about 66,667 tokens"


def test_finish_shows_thinking_that_is_left(pane: ReportPane) -> None:
    pane.append_thinking("first")
    pane.thinking.button.setChecked(True)
    pane.append_thinking(" last")
    pane.finish()
    assert pane.thinking.view.toPlainText() == "first last"


def test_the_pill_brings_the_reader_back(pane: ReportPane) -> None:
    scroll_up(pane)
    assert not pane.pill.isVisible()
    pane.append_text("\n\nmore")
    pane.view.render_now()
    assert pane.pill.isVisible()
    pill = pane.pill.geometry()
    assert pane.view.geometry().contains(pill)
    QTest.mouseClick(pane.pill, Qt.MouseButton.LeftButton)
    bar = pane.view.verticalScrollBar()
    assert bar.value() == bar.maximum()
    assert not pane.pill.isVisible()


def test_the_pill_can_be_reached_and_pressed_by_keys(pane: ReportPane, qtbot: QtBot) -> None:
    with qtbot.waitActive(pane):
        pane.activateWindow()
    scroll_up(pane)
    pane.append_text("\n\nmore")
    pane.view.render_now()
    assert pane.pill.focusPolicy() & Qt.FocusPolicy.TabFocus
    assert pane.pill.accessibleName() == "New text below"
    pane.view.setFocus()
    for _ in range(30):
        focused = QApplication.focusWidget()
        assert focused is not None
        QTest.keyClick(focused, Qt.Key.Key_Tab)
        if pane.pill.hasFocus():
            break
    assert pane.pill.hasFocus()
    QTest.keyClick(pane.pill, Qt.Key.Key_Space)
    assert not pane.pill.isVisible()
    assert pane.view.hasFocus()


def test_the_pill_goes_when_the_reader_scrolls_down_himself(pane: ReportPane) -> None:
    scroll_up(pane)
    pane.append_text("\n\nmore")
    pane.view.render_now()
    pane.pill.setFocus()
    pane.view.verticalScrollBar().setValue(pane.view.verticalScrollBar().maximum())
    assert not pane.pill.isVisible()


def test_the_pill_stays_at_the_lower_edge(pane: ReportPane) -> None:
    scroll_up(pane)
    pane.append_text("\n\nmore")
    pane.view.render_now()
    pane.resize(700, 420)
    assert pane.view.geometry().contains(pane.pill.geometry())
    assert pane.pill.geometry().bottom() > pane.view.geometry().bottom() - 40
