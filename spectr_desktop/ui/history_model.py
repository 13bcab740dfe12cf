"""The rows of the history as Qt asks for them: a page at a time."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from spectr_desktop.ui import history_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectr_desktop.records.history import Page, RunRow

ROW = Qt.ItemDataRole.UserRole.value + 1
PAGE = 30
Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class HistoryModel(QAbstractListModel):
    """What was found so far; the next page is asked for when the list needs it.

    Attributes:
        total: how many were found altogether.

    Signals:
        more_requested: (int) the rows from this number on are needed.
        rename_requested: (str id, str title) somebody wrote a title into a row.
    """

    more_requested = Signal(int)
    rename_requested = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[RunRow] = []
        self._asked = False
        self.total = 0

    @property
    def rows(self) -> Sequence[RunRow]:
        """The rows that are here."""
        return self._rows

    def row_of(self, run: str) -> int:
        """The number of a run's row, -1 if it is not here."""
        return next((n for n, row in enumerate(self._rows) if row.id == run), -1)

    def show_page(self, page: Page) -> None:
        """Take what was found in place of what is here; the same runs keep their rows."""
        self._asked = False
        rows = list(page.rows)
        if [row.id for row in rows] == [row.id for row in self._rows]:
            changed = [n for n, row in enumerate(rows) if row != self._rows[n]]
            longer = page.total != self.total
            self._rows, self.total = rows, page.total
            for number in changed:
                self.dataChanged.emit(self.index(number), self.index(number))
            if longer:  # a list that stands at its end asks for more now
                self.layoutAboutToBeChanged.emit()
                self.layoutChanged.emit()
            return
        self.beginResetModel()
        self._rows, self.total = rows, page.total
        self.endResetModel()

    def add_page(self, page: Page, offset: int) -> None:
        """Take a further page; one that does not fit any more is left out."""
        self._asked = False
        if offset != len(self._rows) or not page.rows:
            return
        known = {row.id for row in self._rows}
        rows = [row for row in page.rows if row.id not in known]
        self.total = page.total
        if rows:
            self.beginInsertRows(_NOWHERE, offset, offset + len(rows) - 1)
            self._rows += rows
            self.endInsertRows()

    # Qt's questions

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """How many rows are here (asked by Qt)."""
        return 0 if parent.isValid() else len(self._rows)

    def canFetchMore(self, parent: Index) -> bool:
        """Whether there are more to ask for (asked by Qt)."""
        return not parent.isValid() and not self._asked and len(self._rows) < self.total

    def fetchMore(self, parent: Index) -> None:
        """Ask for the next page (called by Qt)."""
        if self.canFetchMore(parent):
            self._asked = True
            self.more_requested.emit(len(self._rows))

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Rows are chosen and renamed (asked by Qt)."""
        flag = Qt.ItemFlag
        if not index.isValid():
            return flag.NoItemFlags
        chosen = flag.ItemIsEnabled | flag.ItemIsSelectable | flag.ItemNeverHasChildren
        return chosen | flag.ItemIsEditable

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """What a row shows (asked by Qt)."""
        if not index.isValid() or not 0 <= index.row() < len(self._rows):
            return None
        row = self._rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return history_words.title(row)
            case Qt.ItemDataRole.ToolTipRole:
                # A tooltip that looks like HTML would be read as HTML.
                return html.escape(history_words.hint(row)).replace("\n", "<br>")
            case Qt.ItemDataRole.EditRole:
                return row.title
            case Qt.ItemDataRole.AccessibleTextRole:
                return history_words.spoken(row)
            case _:
                return row if role == ROW else None

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Somebody wrote a title: it is shown once it is kept (called by Qt)."""
        if role != Qt.ItemDataRole.EditRole or not index.isValid():
            return False
        row = self._rows[index.row()]
        if isinstance(value, str) and value.strip() != row.title:
            self.rename_requested.emit(row.id, value)
        return True
