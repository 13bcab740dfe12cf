"""The difference between two texts, read only: numbers of both sides, signs, colours, words."""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QGuiApplication, QKeySequence, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QLabel,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from spectr_desktop.report.line_diff import Diff, diff
from spectr_desktop.ui.diff_rows import PADDING, SIGNS, RowPainter, Rows, shown_line
from spectr_desktop.ui.theme import code_font

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QResizeEvent

    from spectr_desktop.ui.theme import Theme

_MOST_COPIED = 20_000  # rows


class _Table(QTableView):
    """The rows on the screen."""

    step_requested = Signal(int)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """F7 goes to the next change, Shift+F7 to the one before; Ctrl+C copies rows."""
        if event.key() == Qt.Key.Key_F7:
            back = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self.step_requested.emit(-1 if back else 1)
        elif event.matches(QKeySequence.StandardKey.Copy):
            self._copy()
        else:
            super().keyPressEvent(event)

    def _copy(self) -> None:
        rows = self.model()
        if isinstance(rows, Rows):
            chosen = sorted(index.row() for index in self.selectionModel().selectedRows())
            lines = [
                f"{SIGNS[row.kind]}{row.text}"
                for row in (rows.diff.rows[at] for at in chosen[:_MOST_COPIED])
            ]
            QGuiApplication.clipboard().setText("\n".join(lines))


class DiffView(QWidget):
    """One column with the lines of both texts: removed ones with -, added ones with +.

    Signals:
        shown: a difference that was asked for is on the screen.
    """

    shown = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._asked = 0
        self._needed = 0  # pixels that the longest line takes
        self.setObjectName("diffView")
        self._rows = Rows(self)
        self._table = _Table(self)
        self._table.setObjectName("diffRows")
        self._table.setAccessibleName(self.tr("Difference"))
        self._painter = RowPainter(self._rows, theme, self._table)
        self._summary = QLabel(self)
        self._summary.setObjectName("diffSummary")
        self._summary.setTextFormat(Qt.TextFormat.PlainText)
        self._summary.setWordWrap(True)
        self._before = self._step_button("diffPrevious", "▲", self.tr("Previous change (Shift+F7)"))
        self._after = self._step_button("diffNext", "▼", self.tr("Next change (F7)"))
        self._before.clicked.connect(lambda: self.step(-1))
        self._after.clicked.connect(lambda: self.step(1))
        self._set_up_table()
        head = QHBoxLayout()
        head.setContentsMargins(12, 6, 12, 6)
        head.addWidget(self._summary, 1)
        head.addWidget(self._before)
        head.addWidget(self._after)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self._table, 1)
        self.setFocusProxy(self._table)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self.show_diff(Diff())

    async def show_texts(self, old: str, new: str) -> None:
        """Compare two texts in a thread, and show how they differ; the last call wins."""
        self._asked += 1
        asked = self._asked
        self._summary.setText(self.tr("Comparing…"))
        found = await asyncio.to_thread(diff, old, new)
        if asked == self._asked:
            self.show_diff(found)
            self.shown.emit()

    def show_diff(self, shown: Diff) -> None:
        """Show a difference from its first change on."""
        self._rows.show(shown)
        self._measure()
        self._summary.setText(self._words(shown))
        for button in (self._before, self._after):
            button.setEnabled(bool(shown.changes))
        if shown.changes:
            self._go_to(shown.changes[0])

    def step(self, by: int) -> None:
        """Go to the next change (1) or to the one before (-1), round the end."""
        changes = self._rows.diff.changes
        if not changes:
            return
        at = self._table.currentIndex().row()
        index = bisect_right(changes, at) if by > 0 else bisect_left(changes, at) - 1
        self._go_to(changes[index % len(changes)])

    def _words(self, shown: Diff) -> str:
        if not shown.removed and not shown.added:
            return self.tr("No difference.")
        text = self.tr(
            "Changes: {changes}. Lines removed (-): {removed}, added (+): {added}."
        ).format(
            changes=f"{len(shown.changes) + shown.cut:,}",
            removed=f"{shown.removed:,}",
            added=f"{shown.added:,}",
        )
        if shown.cut:
            rest = self.tr("Not shown, because it is too much: {n} changes.").format(
                n=f"{shown.cut:,}"
            )
            text = f"{text} {rest}"
        return text

    def _go_to(self, row: int) -> None:
        index = self._rows.index(row, 0)
        self._table.setCurrentIndex(index)
        self._table.scrollTo(index, QAbstractItemView.ScrollHint.PositionAtCenter)
        self._table.horizontalScrollBar().setValue(0)

    def _set_up_table(self) -> None:
        table = self._table
        table.setModel(self._rows)
        table.setItemDelegate(self._painter)
        table.setFont(code_font())
        table.setFrameShape(QFrame.Shape.NoFrame)
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.setWordWrap(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.horizontalHeader().hide()
        table.verticalHeader().hide()
        table.step_requested.connect(self.step)

    def _step_button(self, name: str, sign: str, words: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(name)
        button.setText(sign)
        button.setAccessibleName(words)
        button.setToolTip(words)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return button

    def _measure(self) -> None:
        """Rows of one height, and a column that holds the longest line."""
        metrics = QFontMetricsF(self._table.font())
        self._table.verticalHeader().setDefaultSectionSize(round(metrics.height() * 1.2))
        self._table.verticalHeader().setMinimumSectionSize(1)
        rows = self._rows.diff.rows
        widest = max(rows, key=lambda row: len(row.text), default=None)
        text = shown_line(widest)[0] if widest else ""
        # Wide characters: a fixed pitch holds for most, and twice as much for none but those.
        width = metrics.horizontalAdvance(text) * (1 if text.isascii() else 1.5)
        self._needed = round(self._painter.text_left(metrics) + width) + 2 * PADDING
        self._fit()

    def _fit(self) -> None:
        """Colours reach to the right edge, also of short lines."""
        self._table.setColumnWidth(0, max(self._needed, self._table.viewport().width()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fill the new width."""
        super().resizeEvent(event)
        self._fit()

    def _on_theme_changed(self) -> None:
        colors = self._theme.colors
        own = self._table.palette()
        own.setColor(QPalette.ColorRole.Base, QColor(colors.panel))
        self._table.setPalette(own)
        self.setStyleSheet(
            f"#diffRows {{ background: {colors.panel}; border-top: 1px solid {colors.line}; }}"
            f" #diffRows:focus {{ border-top: 1px solid {colors.accent}; }}"
            f" #diffSummary {{ color: {colors.text}; }}"
        )
        self._table.viewport().update()
