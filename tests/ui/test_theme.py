from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFontInfo, QPalette
from PySide6.QtTest import QSignalSpy, QTest

from spectr_desktop.ui.code_excerpt import CodeExcerpt, Excerpt
from spectr_desktop.ui.markdown_view import MarkdownView
from spectr_desktop.ui.source_editor import SourceEditor
from spectr_desktop.ui.theme import (
    DARK,
    LIGHT,
    Colors,
    Fonts,
    Scheme,
    Theme,
    code_font,
    palette,
    style_sheet,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

_BOTH = pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
_TEXTS = (
    "text", "dim", "accent", "critical", "high", "medium", "low", "info",
    "keyword", "type_name", "function", "comment", "string",
)  # fmt: skip


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    theme = Theme(qapp)
    yield theme
    theme.choose(Scheme.SYSTEM)
    theme.deleteLater()


def _luminance(name: str) -> float:
    color = QColor(name)
    channels = (color.redF(), color.greenF(), color.blueF())
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(first: str, second: str) -> float:
    """The ratio as WCAG 2 defines it, from 1 to 21."""
    brighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def test_black_on_white_has_the_ratio_that_the_standard_gives() -> None:
    assert _contrast("#000000", "#ffffff") == pytest.approx(21)
    assert _contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@_BOTH
@pytest.mark.parametrize("name", _TEXTS)
def test_text_on_a_panel_can_be_read(colors: Colors, name: str) -> None:
    assert _contrast(getattr(colors, name), colors.panel) >= 4.5


@_BOTH
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("on_accent", "accent"),
        ("text", "background"),
        ("text", "selection"),
        ("text", "code"),
        ("text", "mark"),
        ("dim", "background"),
    ],
)
def test_text_on_other_grounds_can_be_read(colors: Colors, text: str, ground: str) -> None:
    assert _contrast(getattr(colors, text), getattr(colors, ground)) >= 4.5


@_BOTH
def test_the_style_sheet_names_no_colour_that_is_not_there(colors: Colors) -> None:
    assert "@" not in style_sheet(colors)
    assert colors.panel in style_sheet(colors)


@_BOTH
def test_disabled_text_is_dim(colors: Colors) -> None:
    made = palette(colors)
    group, role = QPalette.ColorGroup, QPalette.ColorRole
    assert made.color(group.Disabled, role.ButtonText).name() == colors.dim
    assert made.color(group.Active, role.ButtonText).name() == colors.text


@pytest.mark.parametrize(("scheme", "dark"), [(Scheme.DARK, True), (Scheme.LIGHT, False)])
def test_a_choice_changes_the_colours_and_says_so(
    qtbot: QtBot, qapp: QApplication, theme: Theme, scheme: Scheme, dark: bool
) -> None:
    theme.choose(Scheme.LIGHT if dark else Scheme.DARK)
    with qtbot.waitSignal(theme.changed):
        theme.choose(scheme)
    wanted = DARK if dark else LIGHT
    assert theme.dark is dark
    assert theme.colors is wanted
    assert theme.scheme is scheme
    assert qapp.palette().base().color().name() == wanted.panel
    assert wanted.panel in qapp.styleSheet()


def test_the_code_font_has_a_fixed_pitch(qapp: QApplication) -> None:
    assert QFontInfo(code_font()).fixedPitch()


async def test_fonts_reach_source_excerpts_and_reports(qtbot: QtBot, theme: Theme) -> None:
    editor, view = SourceEditor(theme), MarkdownView(theme)
    excerpt = CodeExcerpt("excerpt", "Code", theme)
    for widget in (editor, view, excerpt):
        qtbot.addWidget(widget)
    view.set_markdown("Words and `code`.\n")
    excerpt.show_excerpt(Excerpt(("a", "b"), 1))
    height, text = excerpt.height(), view.toPlainText()
    theme.choose_fonts(Fonts("DejaVu Sans Mono", 20, 30))
    assert editor.font().families()[0] == "DejaVu Sans Mono"
    assert editor.font().pointSizeF() == 20
    assert excerpt.height() > height
    assert view.document().defaultFont().pointSizeF() == 30
    assert view.toPlainText() == text
    editor.zoom(1)
    editor.reset_zoom()
    assert editor.font().pointSizeF() == 20
    told = QSignalSpy(theme.fonts_changed)
    theme.choose_fonts(Fonts("DejaVu Sans Mono", 20, 30))
    assert told.count() == 0
    theme.choose_fonts(Fonts())
    assert excerpt.height() == height


def test_indent_and_wrapping_are_the_users(qtbot: QtBot, theme: Theme) -> None:
    editor = SourceEditor(theme)
    qtbot.addWidget(editor)
    width = editor.tabStopDistance()
    editor.set_indent(2)
    assert editor.tabStopDistance() == pytest.approx(width / 2, abs=0.1)
    QTest.keyClick(editor, Qt.Key.Key_Tab)
    assert editor.text() == "  "
    editor.set_wrapped(True)
    assert editor.lineWrapMode() is SourceEditor.LineWrapMode.WidgetWidth
    editor.set_wrapped(False)
    assert editor.lineWrapMode() is SourceEditor.LineWrapMode.NoWrap
