"""The source of one file: line numbers, colours, keys of a code editor, and files dropped on it."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QMimeData, QRect, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QTextBlock,
    QTextCursor,
    QTextFormat,
)
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QTextEdit, QWidget

from spectr_desktop.errors import SpectrError
from spectr_desktop.records.source import source_file
from spectr_desktop.ui.highlighter import SolidityHighlighter
from spectr_desktop.ui.source_gutter import Gutter

if TYPE_CHECKING:
    from PySide6.QtGui import (
        QDragEnterEvent,
        QDragMoveEvent,
        QDropEvent,
        QKeyEvent,
        QResizeEvent,
        QWheelEvent,
    )

    from spectr_desktop.project.document import Document
    from spectr_desktop.ui.theme import Theme

_INDENT = 4
_MOST_SHOWN = 2000  # lines
_SMALLEST, _LARGEST = 6.0, 48.0  # points
_WHEEL_STEP = 120  # Qt's unit: eighths of a degree, 15 degrees a notch

# Qt reads these as line ends, or drops them: they would not come back as they went in.
_UNSAFE = re.compile("[\r\u2028\u2029\ufdd0\ufdd1\ud800-\udfff]")
_PRIVATE_USE = (range(0xE000, 0xF900), range(0xF0000, 0xFFFFE), range(0x100000, 0x10FFFE))


class StandIns:
    """Private-use characters that stand for those which a QTextDocument would change.

    One character for one, so positions agree. Each stand-in is a character that the text itself
    does not have, so `restore` is exact.
    """

    def __init__(self) -> None:
        self._hidden: dict[int, int] = {}
        self._true: dict[int, int] = {}

    def hide(self, text: str, shown: str = "") -> str:
        """A text that a QTextDocument keeps.

        Args:
            text: what will be put in.
            shown: what is there already.

        Raises:
            SpectrError: "too_many_symbols", no character is left to stand for another.
        """
        unsafe = {ord(char) for char in _UNSAFE.findall(text)}
        # A character that is a stand-in here needs one itself when it comes from outside.
        unsafe |= {code for code in self._true if chr(code) in text}
        missing = sorted(unsafe - self._hidden.keys())
        if missing:
            used = {*map(ord, set(text)), *map(ord, set(shown)), *self._true}
            free = (code for code in itertools.chain(*_PRIVATE_USE) if code not in used)
            for code in missing:
                stand_in = next(free, None)
                if stand_in is None:
                    raise SpectrError(
                        "too_many_symbols",
                        "The editor cannot show this text: it uses every private character "
                        "that Unicode has.",
                    )
                self._hidden[code] = stand_in
                self._true[stand_in] = code
        return text.translate(self._hidden) if unsafe else text

    def restore(self, text: str) -> str:
        """The true text for one that is shown."""
        return text.translate(self._true) if self._true else text


class SourceEditor(QPlainTextEdit):
    """Shows one source file and lets the user edit it.

    Attributes:
        opened: the file as it is on the disk, None if none is open.
        highlighter: colours the source.

    Signals:
        modified_changed: (bool) the text differs, or no longer differs, from the file.
        files_dropped: (list[Path]) the user dropped or pasted files; nothing was inserted.
        paste_refused: (SpectrError) a pasted text cannot be shown; nothing was inserted.
    """

    modified_changed = Signal(bool)
    files_dropped = Signal(list)
    paste_refused = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.opened: Document | None = None
        self._theme = theme
        self._stand_ins = StandIns()
        self._indent = _INDENT
        self._loading = False
        self._modified = False
        self._wheel = 0
        self._found: list[QTextEdit.ExtraSelection] = []
        self._shown: list[QTextCursor] = []
        self.gutter = Gutter(self, theme)
        self.highlighter = SolidityHighlighter(self.document(), theme)
        self.setObjectName("sourceEditor")
        self.setAccessibleName(self.tr("Source editor"))
        self.setPlaceholderText(self.tr("Open a contract with Ctrl+O, or drop one here."))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.document().setDocumentMargin(8)
        self.setFont(theme.code_font())
        self._measure()
        self.blockCountChanged.connect(self._measure)
        self.updateRequest.connect(self._on_update_requested)
        self.cursorPositionChanged.connect(self._mark_current_line)
        self.textChanged.connect(self._on_text_changed)
        self.modificationChanged.connect(self._on_modification_changed)
        theme.changed.connect(self._mark_current_line)
        theme.fonts_changed.connect(self.reset_zoom)
        self._mark_current_line()

    # Text

    def load(self, document: Document) -> None:
        """Show a file; what could be undone before cannot any more.

        Raises:
            SpectrError: "too_many_symbols"; the editor keeps what it had.
        """
        stand_ins = StandIns()
        shown = stand_ins.hide(document.text)
        self._stand_ins = stand_ins
        self.opened = document
        self.highlighter.language = source_file(document.path.name, "").language
        self.highlighter.restore = stand_ins.restore
        self.setPlaceholderText(self.tr("This file is empty."))
        self._loading = True  # Qt reports a change, and at once that there is none
        self.setPlainText(shown)
        self._loading = False
        self._on_modification_changed(self.document().isModified())
        self._mark_current_line()

    def text(self) -> str:
        r"""What is in the editor, character for character, with `\n` line ends."""
        # toPlainText() would turn no-break spaces into spaces.
        shown = self.document().toRawText().replace("\u2029", "\n")
        return self._stand_ins.restore(shown)

    def shown_form(self, text: str) -> str:
        """What stands for a text in this editor's QTextDocument, for those who edit it.

        Raises:
            SpectrError: "too_many_symbols".
        """
        return self._stand_ins.hide(text, self.document().toRawText())

    def mark_saved(self, document: Document) -> None:
        """The text is now on the disk, as `document` says; undo still works."""
        self.opened = document
        language = source_file(document.path.name, "").language
        if language != self.highlighter.language:
            self.highlighter.language = language
            self.highlighter.rehighlight()
        self.document().setModified(False)

    def go_to_line(self, line: int) -> None:
        """Put the cursor at the start of a line and show it in the middle.

        Args:
            line: counted from 1; the nearest line that exists is taken.
        """
        number = min(max(line, 1), self.blockCount()) - 1
        self.setTextCursor(QTextCursor(self.document().findBlockByNumber(number)))
        self.centerCursor()

    def show_lines(self, start: int, end: int) -> None:
        """Bring lines into view, from 1 and both ends included, and mark them until others are."""
        self._shown = []
        if start > 0:
            self.go_to_line(start)
            cursor = self.textCursor()
            last = self.document().findBlockByNumber(min(max(end, start), self.blockCount()) - 1)
            for number in range(cursor.blockNumber(), last.blockNumber() + 1)[:_MOST_SHOWN]:
                self._shown.append(QTextCursor(self.document().findBlockByNumber(number)))
        self._mark_current_line()

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Paste: always as plain text; files are reported, not inserted."""
        files = _local_files(source)
        if files:
            self.files_dropped.emit(files)
            return
        text = source.text().replace("\r\n", "\n").replace("\r", "\n")
        try:
            shown = self.shown_form(text)
        except SpectrError as error:
            self.paste_refused.emit(error)
            return
        self.textCursor().insertText(shown)
        self.ensureCursorVisible()

    def createMimeDataFromSelection(self) -> QMimeData:
        """Copy: the true characters, as plain text."""
        out = QMimeData()
        shown = self.textCursor().selectedText().replace("\u2029", "\n")
        out.setText(self._stand_ins.restore(shown))
        return out

    # Keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys of a code editor; Ctrl+Tab and what else is not ours goes on to the window."""
        key, modifiers = event.key(), event.modifiers()
        control = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        if control and key in {Qt.Key.Key_Tab, Qt.Key.Key_Backtab}:
            event.ignore()
        elif control and key in {Qt.Key.Key_Plus, Qt.Key.Key_Equal}:
            self.zoom(1)
        elif control and key == Qt.Key.Key_Minus:
            self.zoom(-1)
        elif control and key == Qt.Key.Key_0:
            self.reset_zoom()
        elif self.isReadOnly() or control or modifiers & Qt.KeyboardModifier.AltModifier:
            super().keyPressEvent(event)
        elif key == Qt.Key.Key_Tab:
            self._indent_lines()
        elif key == Qt.Key.Key_Backtab:
            self._outdent()
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            # Also with Shift: Qt would put in a U+2028 then.
            self._break_line()
        else:
            super().keyPressEvent(event)

    def _indent_lines(self) -> None:
        cursor = self.textCursor()
        if not cursor.hasSelection():
            cursor.insertText(" " * self._indent)
            self.ensureCursorVisible()
            return
        cursor.beginEditBlock()
        for block in self._selected_blocks():
            if block.text():
                QTextCursor(block).insertText(" " * self._indent)
        cursor.endEditBlock()

    def _outdent(self) -> None:
        cursor = self.textCursor()
        cursor.beginEditBlock()
        for block in self._selected_blocks():
            text = block.text()
            spaces = len(text) - len(text.lstrip(" "))
            count = 1 if text.startswith("\t") else min(spaces, self._indent)
            edit = QTextCursor(block)
            edit.movePosition(
                QTextCursor.MoveOperation.NextCharacter, QTextCursor.MoveMode.KeepAnchor, count
            )
            edit.removeSelectedText()
        cursor.endEditBlock()

    def _selected_blocks(self) -> list[QTextBlock]:
        """The lines of the selection, or the cursor's line."""
        cursor, document = self.textCursor(), self.document()
        block = document.findBlock(cursor.selectionStart())
        last = document.findBlock(cursor.selectionEnd())
        if cursor.selectionEnd() == last.position() and last != block:
            last = last.previous()  # nothing of that line is selected
        out = [block]
        while block != last:
            block = block.next()
            out.append(block)
        return out

    def _break_line(self) -> None:
        cursor = self.textCursor()
        start = self.document().findBlock(cursor.selectionStart())
        before = start.text()[: cursor.selectionStart() - start.position()]
        cursor.insertText("\n" + before[: len(before) - len(before.lstrip(" \t"))])
        self.setTextCursor(cursor)
        self.ensureCursorVisible()

    # Dropped files

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files from elsewhere."""
        if not _accept_files(event):
            super().dragEnterEvent(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Take files at any place."""
        if not _accept_files(event):
            super().dragMoveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Report files; text goes where it was dropped."""
        if _accept_files(event):
            self.files_dropped.emit(_local_files(event.mimeData()))
        else:
            super().dropEvent(event)

    # Look

    def zoom(self, steps: int) -> None:
        """Make the text larger by so many points, smaller if negative."""
        font = QFont(self.font())
        # A font that was chosen in pixels has no size in points of its own.
        size = font.pointSizeF() if font.pointSizeF() > 0 else self.fontInfo().pointSizeF()
        font.setPointSizeF(min(max(size + steps, _SMALLEST), _LARGEST))
        self.setFont(font)

    def reset_zoom(self) -> None:
        """Make the text as large as it was at first."""
        self.setFont(self._theme.code_font())

    def set_indent(self, spaces: int) -> None:
        """What Tab puts in, and how wide a tab is shown."""
        self._indent = spaces
        self._measure()

    def set_wrapped(self, wrapped: bool) -> None:
        """Break lines that are too long on the screen; the text stays as it is."""
        mode = QPlainTextEdit.LineWrapMode
        self.setLineWrapMode(mode.WidgetWidth if wrapped else mode.NoWrap)

    def mark_found(self, marks: list[QTextEdit.ExtraSelection]) -> None:
        """Mark what the find bar found."""
        self._found = marks
        self._mark_current_line()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll, or zoom with Ctrl."""
        if not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().wheelEvent(event)
            return
        # A touch pad sends a notch in many small parts.
        self._wheel += event.angleDelta().y()
        steps = int(self._wheel / _WHEEL_STEP)
        self._wheel -= steps * _WHEEL_STEP
        if steps:
            self.zoom(steps)
        event.accept()

    def changeEvent(self, event: QEvent) -> None:
        """Measure again when the font changed."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "gutter"):
            self._measure()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the gutter as high as the text."""
        super().resizeEvent(event)
        self._place_gutter()

    def _measure(self) -> None:
        """Fit tab stops and gutter to the font and to the number of lines."""
        self.setTabStopDistance(self._indent * QFontMetricsF(self.font()).horizontalAdvance(" "))
        self.setViewportMargins(self.gutter.needed_width(), 0, 0, 0)
        self._place_gutter()
        self.gutter.update()

    def _place_gutter(self) -> None:
        inside = self.contentsRect()
        self.gutter.setGeometry(
            inside.left(), inside.top(), self.gutter.needed_width(), inside.height()
        )

    def _on_update_requested(self, area: QRect, scrolled: int) -> None:
        if scrolled:
            self.gutter.scroll(0, scrolled)
        else:
            self.gutter.update(0, area.y(), self.gutter.width(), area.height())

    def _mark_current_line(self) -> None:
        cursor = self.textCursor()
        cursor.clearSelection()
        colors = self._theme.colors
        lines = [_whole_line(cursor, colors.code)]
        lines += [_whole_line(shown, colors.mark) for shown in self._shown]
        # Its background would hide the placeholder.
        self.setExtraSelections([] if self.document().isEmpty() else [*lines, *self._found])
        self.gutter.update()

    def _on_modification_changed(self, modified: bool) -> None:
        if not self._loading and modified != self._modified:
            self._modified = modified
            self.modified_changed.emit(modified)

    def _on_text_changed(self) -> None:
        # Not every edit that empties or fills the text moves the cursor.
        if self.document().isEmpty() == bool(self.extraSelections()):
            self._mark_current_line()


def _whole_line(cursor: QTextCursor, color: str) -> QTextEdit.ExtraSelection:
    line = QTextEdit.ExtraSelection()
    line.format.setBackground(QColor(color))
    line.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
    line.cursor = cursor
    return line


def _local_files(source: QMimeData) -> list[Path]:
    return [Path(url.toLocalFile()) for url in source.urls() if url.isLocalFile()]


def _accept_files(event: QDropEvent) -> bool:
    """Accept a drag of files, as a copy: a move would let the other program delete them."""
    if not _local_files(event.mimeData()):
        return False
    event.setDropAction(Qt.DropAction.CopyAction)
    event.accept()
    return True
