"""A bar below a text that finds words in it and marks them, also while the text grows."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from PySide6.QtCore import QPoint, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QTextCursor, QTextDocument
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from spectr_desktop.ui.reading_place import line_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtGui import QKeyEvent

    from spectr_desktop.ui.theme import Theme

MOST_MARKS = 1000
MOST_MATCHES = 10_000

_LATER_MS = 150
_SMALL = 16 * 1024  # characters that are searched in no time
_BEYOND = 2000  # positions above and below the visible part that are marked too
_LONGEST_QUERY = 200

TextView: TypeAlias = "QPlainTextEdit | QTextEdit"


class Match(NamedTuple):
    """Where the words stand, in a document's positions."""

    start: int
    end: int


def matches(document: QTextDocument, query: str, start: int, *, case: bool) -> Iterator[Match]:
    """All places at or behind a position; a match never goes from one paragraph to the next."""
    cursor = QTextCursor(document)
    cursor.setPosition(start)
    cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
    text = cursor.selectedText()
    # A blank that must not break, and a line end inside a paragraph, look like a blank.
    pattern = re.escape(query).replace("\\ ", "[ \u00a0\u2028]")
    wide = [] if text.isascii() else [at for at, char in enumerate(text) if char > "\uffff"]
    for found in re.finditer(pattern, text, 0 if case else re.IGNORECASE):
        first, last = found.span()
        yield Match(
            start + first + bisect_left(wide, first), start + last + bisect_left(wide, last)
        )


class _Query(QLineEdit):
    """The words to find; Return goes on, with Shift back."""

    step_requested = Signal(int)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            back = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.step_requested.emit(-1 if back else 1)
            return
        super().keyPressEvent(event)


class FindBar(QWidget):
    """Finds in one text view; hidden until `open` is called.

    Signals:
        open_changed: (bool) the bar was opened or closed.
        told: (str) what a screen reader should say: which match of how many.
    """

    open_changed = Signal(bool)
    told = Signal(str)

    def __init__(
        self,
        view: TextView,
        theme: Theme,
        mark: Callable[[list[QTextEdit.ExtraSelection]], object],
        settled: Callable[[], int] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """A bar for a view.

        Args:
            view: where to find.
            theme: gives the marks their colours.
            mark: shows the marks in the view.
            settled: the position up to which the text never changes; None if it always may.
            parent: as Qt wants it.
        """
        super().__init__(parent)
        self._view = view
        self._theme = theme
        self._mark = mark
        self._settled = settled
        self._found: list[Match] = []
        self._more = False
        self._searched = 0
        self._current: Match | None = None
        self._from = 0  # what is typed is found from here on
        self._moving = False
        self._marked: list[tuple[Match, bool]] = []
        self.setObjectName("findBar")
        self.setAccessibleName(self.tr("Find"))
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._lay_out()
        self._timer = QTimer(self, singleShot=True, interval=_LATER_MS)
        self._timer.timeout.connect(self._on_text_grown)
        self.query.textChanged.connect(self._on_query_changed)
        self.query.step_requested.connect(self.step)
        self.case.toggled.connect(self._on_query_changed)
        view.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        view.horizontalScrollBar().valueChanged.connect(self._on_scrolled)
        if settled is None:
            view.textChanged.connect(self._on_edited)
        theme.changed.connect(self._on_theme_changed)
        self.hide()

    def _lay_out(self) -> None:
        self.query = _Query(self)
        self.query.setObjectName("findQuery")
        self.query.setAccessibleName(self.tr("Find"))
        self.query.setPlaceholderText(self.tr("Find"))
        self.query.setMaxLength(_LONGEST_QUERY)
        self.query.setClearButtonEnabled(False)
        self.count = QLabel(self)
        self.count.setObjectName("findCount")
        self.count.setAccessibleName(self.tr("Matches"))
        self.count.setTextFormat(Qt.TextFormat.PlainText)
        widest = self.tr("{n} of {count}").format(n="10,000", count="10,000+")
        self.count.setMinimumWidth(self.count.fontMetrics().horizontalAdvance(widest))
        self.case = self._button("Aa", self.tr("Match case"), self.tr("Match case"))
        self.case.setCheckable(True)
        back = self._button("↑", self.tr("Previous match"), self.tr("Previous (Shift+F3)"))
        on = self._button("↓", self.tr("Next match"), self.tr("Next (F3)"))
        end = self._button("✕", self.tr("Close the find bar"), self.tr("Close (Esc)"))
        back.clicked.connect(lambda: self.step(-1))
        on.clicked.connect(lambda: self.step(1))
        end.clicked.connect(self.close_bar)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 6, 10, 6)
        layout.setSpacing(4)
        layout.addWidget(self.query, 1)
        layout.addSpacing(6)
        layout.addWidget(self.count)
        for button in (self.case, back, on, end):
            layout.addWidget(button)

    def _button(self, sign: str, name: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setText(sign)
        button.setAccessibleName(name)
        button.setToolTip(tip)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return button

    # Opening and closing

    def open(self) -> None:
        """Show the bar and take the focus; a selection of one line is what will be found."""
        was_hidden = self.isHidden()
        cursor = self._view.textCursor()
        selected = cursor.selectedText()
        if selected and len(selected) <= _LONGEST_QUERY and selected.isprintable():
            self._from = cursor.selectionStart()
            with QSignalBlocker(self.query):
                self.query.setText(selected)
        elif self._current is None:
            self._from = self._position_at(0)
        else:
            self._from = self._current.start
        self.show()
        self.query.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.query.selectAll()
        self._on_query_changed()
        if was_hidden:
            self.open_changed.emit(True)

    def close_bar(self) -> None:
        """Hide the bar; the match that was the current one is selected now."""
        if self.isHidden():
            return
        had_focus = self.isAncestorOf(self.window().focusWidget() or self._view)
        if self._current is not None and self._current in self._near():
            top = self._view.verticalScrollBar().value()
            self._view.setTextCursor(self._cursor(self._current))
            self._view.verticalScrollBar().setValue(top)
        self._timer.stop()
        self.restart()
        self._current = None
        self._mark([])
        if had_focus:
            self._view.setFocus(Qt.FocusReason.OtherFocusReason)
        self.hide()
        self.open_changed.emit(False)

    # Finding

    def step(self, steps: int) -> None:
        """Go to the next match, or back if negative; round at the ends."""
        if not self.query.text():
            self.open()
            return
        if self.isHidden():
            self.show()
            self.open_changed.emit(True)
            self._from = self._position_at(0)
            self._search(0)
        if not self._found:
            self._show()
            return
        at = self._current.start if self._current else self._view.textCursor().position()
        index = bisect_left(self._found, Match(at, 0))
        known = index < len(self._found) and self._found[index] == self._current
        index += steps if known or steps < 0 else 0
        self._go_to(self._found[index % len(self._found)])
        self.told.emit(self.count.text())

    def refresh(self) -> None:
        """The text has grown: find in what is new."""
        if self.isHidden() or self._timer.isActive():
            return
        if self._view.document().characterCount() - self._searched > _SMALL:
            self._timer.start()
        else:
            self._on_text_grown()

    def restart(self) -> None:
        """The document is being written anew: what was found in it counts no more."""
        self._found.clear()
        if self._marked:
            self._marked = []
            self._mark([])
        self._searched = 0

    def _search(self, start: int) -> None:
        del self._found[bisect_left(self._found, Match(start, 0)) :]
        self._more = False
        self._searched = min(self._settled(), self._end()) if self._settled is not None else 0
        query = self.query.text()
        if not query:
            return
        document, case = self._view.document(), self.case.isChecked()
        for match in matches(document, query, start, case=case):
            if len(self._found) >= MOST_MATCHES:
                self._more = True
                break
            self._found.append(match)

    def _end(self) -> int:
        return self._view.document().characterCount() - 1

    def _go_to(self, match: Match) -> None:
        self._current = match
        self._moving = True
        try:
            self._bring_into_view(match)
        finally:
            self._moving = False
        self._show()

    def _bring_into_view(self, match: Match) -> None:
        cursor = self._cursor(match)
        cursor.setPosition(match.start)
        view = self._view
        place = view.cursorRect(cursor)
        seen = view.viewport().rect().contains(place.center())
        top = view.verticalScrollBar().value()
        view.setTextCursor(cursor)
        if isinstance(view, QPlainTextEdit):
            if not seen:
                view.centerCursor()
        elif seen:
            view.verticalScrollBar().setValue(top)
        else:
            third = view.viewport().height() // 3
            view.verticalScrollBar().setValue(top + place.center().y() - third)

    def _cursor(self, match: Match) -> QTextCursor:
        cursor = QTextCursor(self._view.document())
        cursor.setPosition(match.start)
        cursor.setPosition(match.end, QTextCursor.MoveMode.KeepAnchor)
        return cursor

    def _position_at(self, height: int) -> int:
        """The position of the line at a height of what is seen."""
        if isinstance(self._view, QPlainTextEdit):
            cursor = self._view.cursorForPosition(QPoint(0, height))
            cursor.movePosition(QTextCursor.MoveOperation.StartOfLine)  # it may be scrolled aside
            return cursor.position()
        return line_at(self._view.document(), self._view.verticalScrollBar().value() + height)

    # Showing

    def _show(self) -> None:
        if not self.query.text():
            text = ""
        elif not self._found:
            text = self.tr("No matches")
        else:
            count = f"{len(self._found):,}{'+' if self._more else ''}"
            index = bisect_left(self._found, self._current) if self._current else -1
            if 0 <= index < len(self._found) and self._found[index] == self._current:
                text = self.tr("{n} of {count}").format(n=f"{index + 1:,}", count=count)
            else:
                text = self.tr("{count} found").format(count=count)
        if text != self.count.text():
            self.count.setText(text)
            self.count.setAccessibleDescription(text)
        self._show_marks()

    def _show_marks(self) -> None:
        """Mark what is seen, and a little above and below."""
        wanted = [(match, match == self._current) for match in self._near()]
        known = self._settled() if self._settled is not None else 0
        # In the open tail a mark is lost when the text below it is written again.
        if wanted == self._marked and (not wanted or wanted[-1][0].end <= known):
            return
        self._marked = wanted
        colors = self._theme.colors
        out: list[QTextEdit.ExtraSelection] = []
        for match, current in wanted:
            mark = QTextEdit.ExtraSelection()
            mark.cursor = self._cursor(match)
            mark.format.setBackground(QColor(colors.accent if current else colors.found))
            mark.format.setForeground(QColor(colors.on_accent if current else colors.text))
            out.append(mark)
        self._mark(out)

    def _near(self) -> list[Match]:
        if not self._found:
            return []
        top = self._position_at(0)
        bottom = self._position_at(self._view.viewport().height())
        first = bisect_left(self._found, Match(top - _BEYOND, 0))
        last = bisect_left(self._found, Match(bottom + _BEYOND, 0))
        return self._found[first : min(last, first + MOST_MARKS)]

    def _on_query_changed(self) -> None:
        if self.isHidden():
            return
        self._current = None
        self._search(0)
        if self._found:
            index = bisect_left(self._found, Match(self._from, 0)) % len(self._found)
            self._go_to(self._found[index])
        else:
            self._show()

    def _on_text_grown(self) -> None:
        self._search(self._searched)
        self._show()

    def _on_edited(self) -> None:
        if not self.isHidden():
            self._timer.start()

    def _on_scrolled(self) -> None:
        if self.isHidden():
            return
        if not self._moving:
            self._from = self._position_at(0)
        self._show_marks()

    def _on_theme_changed(self) -> None:
        self._marked = []
        self._show_marks()


class FindArea(QWidget):
    """A text view with its find bar below it."""

    def __init__(self, view: QWidget, bar: FindBar, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bar = bar
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(view, 1)
        layout.addWidget(bar)
        self._layout = layout
        self.setFocusProxy(view)

    def put_above(self, widget: QWidget) -> None:
        """Put something above the view."""
        self._layout.insertWidget(0, widget)
