from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, QRect, Qt, QUrl
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QFontMetricsF,
    QGuiApplication,
    QImage,
    QRegion,
    QTextCursor,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QWidget

from spectr_desktop.errors import SpectrError
from spectr_desktop.project.document import Document
from spectr_desktop.ui.source_editor import SourceEditor, StandIns
from spectr_desktop.ui.theme import Scheme, Theme

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
NONE = Qt.KeyboardModifier.NoModifier
AWKWARD = (
    "a\u2028b\u2029c\vd\fe\x85f\xa0g\ufdd0h\ufdd1i\ud800j\udfffk\ufeffl\0m\U0001f600\ue000\n\n"
)


@pytest.fixture
def editor(qtbot: QtBot, theme: Theme) -> SourceEditor:
    editor = SourceEditor(theme)
    qtbot.addWidget(editor)
    editor.resize(500, 300)
    editor.show()
    return editor


def _load(editor: SourceEditor, text: str, name: str = "Vault.sol") -> None:
    editor.load(Document(Path(name), text))


def _select(editor: SourceEditor, start: int, end: int) -> None:
    cursor = editor.textCursor()
    cursor.setPosition(start)
    cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
    editor.setTextCursor(cursor)


def _gutter(editor: SourceEditor) -> QImage:
    """The picture of the gutter, without what a style draws around the editor."""
    place = editor.viewport().geometry()
    area = QRect(
        place.x() - editor.gutter.needed_width(),
        place.y(),
        editor.gutter.needed_width(),
        place.height(),
    )
    return editor.grab(area).toImage()


def _colors_of(image: QImage, top: int, bottom: int) -> set[str]:
    return {
        image.pixelColor(x, y).name()
        for y in range(top, bottom)
        for x in range(image.width() - 2)  # without the edge
    }


def _rows(editor: SourceEditor, line: int, scale: int = 1) -> tuple[int, int]:
    """The first row of pixels of a line, and the one after its last."""
    block = editor.document().findBlockByNumber(line - 1)
    box = editor.blockBoundingGeometry(block).translated(editor.contentOffset())
    return round(box.top() * scale), round(box.bottom() * scale)


def test_it_is_what_scripts_and_screen_readers_look_for(editor: SourceEditor) -> None:
    assert editor.objectName() == "sourceEditor"
    assert editor.accessibleName() == "Source editor"
    assert "Ctrl+O" in editor.placeholderText()
    assert editor.lineWrapMode() == SourceEditor.LineWrapMode.NoWrap
    assert editor.fontInfo().fixedPitch()
    assert editor.tabStopDistance() == 4 * QFontMetricsF(editor.font()).horizontalAdvance(" ")


# Text


def test_every_character_comes_back(editor: SourceEditor) -> None:
    _load(editor, AWKWARD)
    assert editor.text() == AWKWARD
    assert editor.blockCount() == 3
    assert not editor.document().isModified()


def test_every_character_survives_an_edit_and_the_clipboard(
    qtbot: QtBot, editor: SourceEditor
) -> None:
    _load(editor, AWKWARD)
    qtbot.keyClicks(editor, "x")
    assert editor.text() == "x" + AWKWARD
    editor.selectAll()
    copied = editor.createMimeDataFromSelection()
    assert copied.text() == ("x" + AWKWARD).replace("\ud800", "").replace("\udfff", "")
    assert copied.formats() == ["text/plain"]


def test_a_pasted_character_that_is_a_stand_in_here_stays_itself(editor: SourceEditor) -> None:
    _load(editor, "\u2028")
    shown = editor.document().toRawText()
    mime = QMimeData()
    mime.setText(f"{shown}\u2029")
    editor.insertFromMimeData(mime)
    editor.insertFromMimeData(mime)
    assert editor.text() == f"{shown}\u2029" * 2 + "\u2028"


def test_stand_ins_are_not_taken_from_the_text() -> None:
    every = "".join(map(chr, [*range(0xE000, 0xF8FF), 0xF8FF]))
    stand_ins = StandIns()
    hidden = stand_ins.hide(f"{every}\u2028")
    assert hidden == f"{every}\U000f0000"
    assert stand_ins.restore(hidden) == f"{every}\u2028"
    assert stand_ins.hide("\u2029", f"{every}\U000f0001") == "\U000f0002"


def test_a_text_without_room_for_stand_ins_is_refused_and_the_old_one_stays(
    qtbot: QtBot, editor: SourceEditor
) -> None:
    codes = [*range(0xE000, 0xF900), *range(0xF0000, 0xFFFFE), *range(0x100000, 0x10FFFE)]
    text = "\n".join("".join(map(chr, codes[n : n + 1000])) for n in range(0, len(codes), 1000))
    _load(editor, "old")
    with pytest.raises(SpectrError) as caught:
        _load(editor, f"{text}\u2028")
    assert caught.value.code == "too_many_symbols"
    assert editor.text() == "old"
    mime = QMimeData()
    mime.setText(f"{text}\u2028")
    with qtbot.waitSignal(editor.paste_refused) as refused:
        editor.insertFromMimeData(mime)
    assert refused.args is not None
    assert refused.args[0].code == "too_many_symbols"
    assert editor.text() == "old"


def test_code_behind_a_hidden_line_end_is_coloured_as_code(
    theme: Theme, editor: SourceEditor
) -> None:
    _load(editor, "// a\u2028delete b;")
    parts = editor.document().firstBlock().layout().formats()
    assert [(part.start, part.length) for part in parts] == [(0, 4), (5, 6)]
    assert parts[1].format.foreground().color() == QColor(theme.colors.keyword)


def test_loading_forgets_undo_and_says_when_the_text_differs(
    qtbot: QtBot, editor: SourceEditor
) -> None:
    changes: list[bool] = []
    editor.modified_changed.connect(changes.append)
    _load(editor, "one")
    qtbot.keyClicks(editor, "x")
    assert changes == [True]
    editor.undo()
    assert changes == [True, False]
    qtbot.keyClicks(editor, "y")
    document = Document(Path("Vault.sol"), editor.text())
    editor.mark_saved(document)
    assert editor.opened is document
    assert changes == [True, False, True, False]
    _load(editor, "two")
    editor.undo()
    assert editor.text() == "two"
    assert not editor.document().isUndoAvailable()


def test_paste_is_plain_and_has_one_kind_of_line_end(qtbot: QtBot, editor: SourceEditor) -> None:
    mime = QMimeData()
    mime.setHtml("<b>no</b>")
    mime.setText("a\r\nb\rc")
    clipboard = QGuiApplication.clipboard()
    clipboard.setMimeData(mime)
    qtbot.keyClick(editor, Qt.Key.Key_V, CONTROL)
    assert editor.text() == "a\nb\nc"
    editor.undo()
    assert editor.text() == ""
    clipboard.clear()


def test_language_follows_the_name(theme: Theme, editor: SourceEditor) -> None:
    _load(editor, "def f():", "Vault.vy")
    parts = editor.document().firstBlock().layout().formats()
    assert parts[0].format.foreground().color() == QColor(theme.colors.keyword)
    _load(editor, "def f():", "Vault.sol")
    assert editor.document().firstBlock().layout().formats() == []
    editor.mark_saved(Document(Path("Saved as.vy"), "def f():"))
    assert len(editor.document().firstBlock().layout().formats()) == 2
    assert not editor.document().isModified()


@pytest.mark.parametrize(("line", "wanted"), [(3, 3), (-1, 1), (10_000, 200)])
def test_go_to_line(editor: SourceEditor, line: int, wanted: int) -> None:
    _load(editor, "\n".join(["x"] * 200))
    editor.go_to_line(line)
    assert editor.textCursor().blockNumber() + 1 == wanted
    assert editor.textCursor().atBlockStart()
    assert editor.viewport().rect().contains(editor.cursorRect().center())


# Keys


def test_tab_inserts_four_spaces(qtbot: QtBot, editor: SourceEditor) -> None:
    qtbot.keyClick(editor, Qt.Key.Key_Tab)
    qtbot.keyClicks(editor, "x")
    qtbot.keyClick(editor, Qt.Key.Key_Tab)
    assert editor.text() == "    x    "


def test_tab_moves_the_selected_lines(qtbot: QtBot, editor: SourceEditor) -> None:
    _load(editor, "a\n\n  b\nc\n")
    _select(editor, 0, 7)  # up to the start of c, which is not selected
    qtbot.keyClick(editor, Qt.Key.Key_Tab)
    assert editor.text() == "    a\n\n      b\nc\n"
    qtbot.keyClick(editor, Qt.Key.Key_Backtab, SHIFT)
    qtbot.keyClick(editor, Qt.Key.Key_Backtab, SHIFT)
    assert editor.text() == "a\n\nb\nc\n"
    editor.undo()
    editor.undo()
    assert editor.text() == "    a\n\n      b\nc\n"
    editor.undo()
    assert editor.text() == "a\n\n  b\nc\n"


def test_shift_tab_takes_a_tab_away(qtbot: QtBot, editor: SourceEditor) -> None:
    _load(editor, "\t\tx")
    qtbot.keyClick(editor, Qt.Key.Key_Backtab, SHIFT)
    assert editor.text() == "\tx"


@pytest.mark.parametrize("modifier", [NONE, SHIFT])
def test_enter_keeps_the_indentation(
    qtbot: QtBot, editor: SourceEditor, modifier: Qt.KeyboardModifier
) -> None:
    _load(editor, "    if (\U0001f600) {")
    editor.moveCursor(QTextCursor.MoveOperation.End)
    qtbot.keyClick(editor, Qt.Key.Key_Return, modifier)
    qtbot.keyClicks(editor, "x")
    assert editor.text() == "    if (\U0001f600) {\n    x"
    _load(editor, "    x")
    _select(editor, 2, 3)
    qtbot.keyClick(editor, Qt.Key.Key_Enter, modifier)
    assert editor.text() == "  \n   x"
    editor.undo()
    assert editor.text() == "    x"


def test_control_tab_is_left_to_the_window(qtbot: QtBot, theme: Theme) -> None:
    window = _Window()
    qtbot.addWidget(window)
    editor = SourceEditor(theme, window)
    for key, modifier in ((Qt.Key.Key_Tab, CONTROL), (Qt.Key.Key_Backtab, CONTROL | SHIFT)):
        qtbot.keyClick(editor, key, modifier)
    keys = [key for key in window.keys if key in {Qt.Key.Key_Tab, Qt.Key.Key_Backtab}]
    assert keys == [Qt.Key.Key_Tab, Qt.Key.Key_Backtab]
    assert editor.text() == ""


class _Window(QWidget):
    """Notes the keys that its child did not want."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[int] = []

    def keyPressEvent(self, event: object) -> None:
        self.keys.append(event.key())  # type: ignore[attr-defined]


def test_a_read_only_editor_takes_no_keys(qtbot: QtBot, editor: SourceEditor) -> None:
    _load(editor, "a")
    editor.setReadOnly(True)
    for key in (Qt.Key.Key_Tab, Qt.Key.Key_Return, Qt.Key.Key_X):
        qtbot.keyClick(editor, key)
    assert editor.text() == "a"


def test_zoom_by_key_and_wheel(qtbot: QtBot, editor: SourceEditor) -> None:
    _load(editor, "x\n" * 999)
    size, width, tab = (
        editor.font().pointSizeF(),
        editor.gutter.needed_width(),
        editor.tabStopDistance(),
    )
    for key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
        qtbot.keyClick(editor, key, CONTROL)
    for _ in range(4):
        _turn_wheel(editor, 60, CONTROL)  # half a notch each
    assert editor.font().pointSizeF() == size + 4
    assert editor.gutter.needed_width() > width
    assert editor.tabStopDistance() > tab
    assert editor.viewport().x() == editor.gutter.needed_width()
    qtbot.keyClick(editor, Qt.Key.Key_Minus, CONTROL)
    assert editor.font().pointSizeF() == size + 3
    for _ in range(100):
        qtbot.keyClick(editor, Qt.Key.Key_Minus, CONTROL)
    assert editor.font().pointSizeF() == 6
    editor.zoom(1000)
    assert editor.font().pointSizeF() == 48
    qtbot.keyClick(editor, Qt.Key.Key_0, CONTROL)
    assert editor.font().pointSizeF() == size
    assert editor.gutter.needed_width() == width


def test_the_wheel_alone_scrolls(editor: SourceEditor) -> None:
    _load(editor, "x\n" * 999)
    size = editor.font().pointSizeF()
    _turn_wheel(editor, -120, NONE)
    assert editor.verticalScrollBar().value() > 0
    assert editor.font().pointSizeF() == size


def _turn_wheel(editor: SourceEditor, angle: int, modifiers: Qt.KeyboardModifier) -> None:
    place = QPointF(100, 100)
    event = QWheelEvent(
        place,
        editor.mapToGlobal(place),
        QPoint(),
        QPoint(0, angle),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(editor.viewport(), event)


# Files


def test_dropped_files_are_reported_and_not_inserted(
    qtbot: QtBot, editor: SourceEditor, tmp_path: Path
) -> None:
    files = [tmp_path / "A b.sol", tmp_path / "é.sol"]
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in files])
    mime.setText("some text")
    place, actions = QPoint(60, 20), Qt.DropAction.MoveAction | Qt.DropAction.CopyAction
    arguments = (actions, mime, Qt.MouseButton.LeftButton, NONE)
    enter, move = QDragEnterEvent(place, *arguments), QDragMoveEvent(place, *arguments)
    drop = QDropEvent(QPointF(place), *arguments)
    for event in (enter, move):
        event.ignore()
        QApplication.sendEvent(editor.viewport(), event)
        assert event.isAccepted()
    with qtbot.waitSignal(editor.files_dropped) as dropped:
        QApplication.sendEvent(editor.viewport(), drop)
    assert dropped.args == [files]
    assert drop.isAccepted()
    assert drop.dropAction() == Qt.DropAction.CopyAction
    with qtbot.waitSignal(editor.files_dropped) as pasted:
        editor.insertFromMimeData(mime)
    assert pasted.args == [files]
    assert editor.text() == ""


def test_dropped_text_is_inserted(qtbot: QtBot, editor: SourceEditor) -> None:
    mime = QMimeData()
    mime.setText("a\r\nb")
    arguments = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, NONE)
    enter, move = (
        QDragEnterEvent(QPoint(60, 20), *arguments),
        QDragMoveEvent(QPoint(60, 20), *arguments),
    )
    drop = QDropEvent(QPointF(60, 20), *arguments)
    with qtbot.assertNotEmitted(editor.files_dropped):
        for event in (enter, move, drop):
            QApplication.sendEvent(editor.viewport(), event)
    assert editor.text() == "a\nb"


# Look


@pytest.mark.parametrize("scheme", [Scheme.LIGHT, Scheme.DARK])
def test_numbers_are_seen_in_both_themes(
    theme: Theme, editor: SourceEditor, scheme: Scheme
) -> None:
    _load(editor, "a\nb\nc")
    theme.choose(scheme)
    editor.go_to_line(2)
    image = _gutter(editor)
    colors = theme.colors
    assert image.pixelColor(1, 1).name() == colors.panel
    assert image.pixelColor(image.width() - 1, 5).name() == colors.line
    dim, current = _rows(editor, 1), _rows(editor, 2)
    assert _contrast(_colors_of(image, *dim), colors.panel) < _contrast(
        _colors_of(image, *current), colors.panel
    )
    assert _contrast(_colors_of(image, *dim), colors.panel) > 100
    below = _rows(editor, 3)[1]
    assert _colors_of(image, below, image.height()) == {colors.panel}


def _contrast(colors: set[str], background: str) -> int:
    """The greatest difference in lightness to the background, of 255."""
    ground = QColor(background).lightness()
    return max(abs(QColor(color).lightness() - ground) for color in colors)


def test_numbers_are_right_aligned_beside_their_lines_when_scrolled(editor: SourceEditor) -> None:
    _load(editor, "x\n" * 2000)
    editor.verticalScrollBar().setValue(995)
    editor.zoom(3)
    image = _gutter(editor)
    for line in (997, 1001):  # 3 and 4 digits
        top, bottom = _rows(editor, line)
        inked = [
            x
            for x in range(image.width() - 2)
            if len({image.pixelColor(x, y).name() for y in range(top, bottom)}) > 1
        ]
        digit = editor.fontMetrics().horizontalAdvance("0")
        left_edge = image.width() - 13 - digit * len(str(line))
        assert left_edge - 1 <= inked[0] < left_edge + digit
        assert image.width() - 13 - digit < inked[-1] <= image.width() - 12


def test_the_gutter_is_sharp_at_double_scale(theme: Theme, editor: SourceEditor) -> None:
    _load(editor, "a\nb")
    editor.go_to_line(2)
    single = _gutter(editor)
    image = QImage(single.size() * 2, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(2)
    image.fill(theme.colors.panel)
    place = editor.viewport().geometry()
    area = QRect(
        place.x() - editor.gutter.needed_width(), place.y(), single.width(), single.height()
    )
    editor.render(image, QPoint(), QRegion(area))
    assert _ink(image, *_rows(editor, 2, 2)) > 2 * _ink(single, *_rows(editor, 2))
    assert image.pixelColor(image.width() - 1, 9).name() == theme.colors.line


def _ink(image: QImage, top: int, bottom: int) -> int:
    """How many pixels of a line of the gutter are no background."""
    ground = image.pixelColor(1, 1)
    return sum(
        image.pixelColor(x, y) != ground
        for y in range(top, bottom)
        for x in range(image.width() - 2)
    )


def test_the_gutter_grows_with_the_digits(qtbot: QtBot, editor: SourceEditor) -> None:
    _load(editor, "\n" * 998)
    width = editor.gutter.needed_width()
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    digit = editor.fontMetrics().horizontalAdvance("0")
    assert editor.gutter.needed_width() == pytest.approx(width + digit, abs=1)
    assert editor.viewport().x() == editor.gutter.needed_width()


def test_the_current_line_is_marked_but_not_over_the_placeholder(
    qtbot: QtBot, theme: Theme, editor: SourceEditor
) -> None:
    def row_color(line: int) -> str:
        top, bottom = _rows(editor, line)
        image = editor.viewport().grab().toImage()
        return image.pixelColor(image.width() - 20, (top + bottom) // 2).name()

    assert editor.extraSelections() == []
    _load(editor, "a\nb")
    qtbot.keyClick(editor, Qt.Key.Key_Down)
    assert (row_color(1), row_color(2)) == (theme.colors.panel, theme.colors.code)
    theme.choose(Scheme.DARK)
    assert (row_color(1), row_color(2)) == (theme.colors.panel, theme.colors.code)
    _load(editor, "a")
    qtbot.keyClick(editor, Qt.Key.Key_Delete)
    assert editor.extraSelections() == []
    editor.undo()
    assert row_color(1) == theme.colors.code


def test_an_empty_pane_has_no_numbers_and_an_empty_file_has_one(
    theme: Theme, editor: SourceEditor
) -> None:
    assert _colors_of(_gutter(editor), 0, _gutter(editor).height()) == {theme.colors.panel}
    _load(editor, "")
    assert "empty" in editor.placeholderText()
    assert len(_colors_of(_gutter(editor), *_rows(editor, 1))) > 1


def test_shown_lines_have_the_colours_of_the_theme(editor: SourceEditor, theme: Theme) -> None:
    _load(editor, "x\n" * 9)
    editor.show_lines(3, 4)
    for scheme in (Scheme.LIGHT, Scheme.DARK):
        theme.choose(scheme)
        marked = [
            selection.cursor.blockNumber() + 1  # type: ignore[attr-defined]
            for selection in editor.extraSelections()
            if selection.format.background().color().name() == theme.colors.mark  # type: ignore[attr-defined]
        ]
        assert marked == [3, 4]
    editor.show_lines(0, 0)
    assert len(editor.extraSelections()) == 1
