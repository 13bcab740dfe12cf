"""The list of runs and its keys: Enter opens, F2 renames, Del deletes, U brings back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QItemSelectionModel, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView

from spectr_desktop.ui.history_model import ROW
from spectr_desktop.ui.history_painter import HistoryPainter

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from spectr_desktop.records.history import Page, RunRow
    from spectr_desktop.ui.history_model import HistoryModel
    from spectr_desktop.ui.theme import Theme

_MODIFIERS = (
    Qt.KeyboardModifier.ControlModifier
    | Qt.KeyboardModifier.AltModifier
    | Qt.KeyboardModifier.MetaModifier
)


class HistoryList(QListView):
    """Shows a `HistoryModel`.

    Attributes:
        keys: what is called for a key.

    Signals:
        run_opened: (str) the reader wants to see a run: Enter, or a double click.
    """

    run_opened = Signal(str)

    def __init__(self, model: HistoryModel, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runs = model
        self._painter = HistoryPainter(theme, self)
        self.keys: dict[Qt.Key, Callable[[], object]] = {
            Qt.Key.Key_F2: self.rename_current,
            Qt.Key.Key_J: lambda: self._step(1),
            Qt.Key.Key_K: lambda: self._step(-1),
        }
        self.setObjectName("historyList")
        self.setAccessibleName(self.tr("List of runs"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setItemDelegate(self._painter)
        self.setModel(model)
        self.doubleClicked.connect(lambda index: self.run_opened.emit(index.data(ROW).id))
        theme.changed.connect(self.viewport().update)

    @property
    def editing(self) -> bool:
        """A title is being written."""
        return self.state() == QAbstractItemView.State.EditingState

    def current_row(self) -> RunRow | None:
        """The run that the keys go to."""
        row: RunRow | None = self.currentIndex().data(ROW)
        return row

    def selected_runs(self) -> list[str]:
        """The selected runs from top to bottom."""
        indexes = sorted(self.selectedIndexes(), key=lambda index: index.row())
        return [index.data(ROW).id for index in indexes]

    def show_page(self, page: Page, *, searching: bool, keep: bool) -> None:
        """Show what was found.

        Args:
            page: the first of it.
            searching: rows have a line for the words round the hits.
            keep: the same was wanted before: place and selection stay.
        """
        current, chosen = self.current_row(), set(self.selected_runs())
        below, place = self.currentIndex().row(), self.verticalScrollBar().value()
        if searching != self._painter.searching:
            self._painter.searching = searching
            self.scheduleDelayedItemsLayout()
        self._runs.show_page(page)
        at = self._runs.row_of(current.id) if current is not None else -1
        if at < 0 and keep and current is not None:
            at = min(below, len(self._runs.rows) - 1)  # what took its place
        flag = QItemSelectionModel.SelectionFlag
        if at >= 0:
            self.selectionModel().setCurrentIndex(self._runs.index(at), flag.ClearAndSelect)
            for run in chosen:
                number = self._runs.row_of(run)
                if number >= 0:
                    self.selectionModel().select(self._runs.index(number), flag.Select)
        if keep:
            self.executeDelayedItemsLayout()
            self.verticalScrollBar().setValue(place)
        else:
            self.scrollToTop()

    def go_to_first(self) -> None:
        """Take the focus; the first run is current if none was."""
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if self._runs.rows and not self.selectionModel().hasSelection():
            self.go_to(0)  # Qt makes a row current with the focus, but does not select it

    def go_to(self, number: int) -> None:
        """Select a row and no other, whatever keys are held."""
        flag = QItemSelectionModel.SelectionFlag.ClearAndSelect
        self.selectionModel().setCurrentIndex(self._runs.index(number), flag)

    def rename_current(self) -> None:
        """Write another title into the current row."""
        if self.currentIndex().isValid():
            self.scrollTo(self.currentIndex())
            self.edit(self.currentIndex())

    def keyboardSearch(self, _search: str) -> None:
        """Letters are keys of ours; the field above searches."""

    def event(self, event: QEvent) -> bool:
        """Keep our keys from being somebody's shortcuts while the list has the focus."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and self._slot(event) is not None
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Our keys first, then those of a list."""
        slot = self._slot(event)
        row = self.current_row()
        if slot is not None:
            slot()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not self.editing:
            if row is not None:
                self.run_opened.emit(row.id)
        else:
            super().keyPressEvent(event)

    def _slot(self, event: QKeyEvent) -> Callable[[], object] | None:
        if event.modifiers() & _MODIFIERS or self.editing:
            return None
        return self.keys.get(Qt.Key(event.key()))

    def _step(self, rows: int) -> None:
        at = self.currentIndex().row() + rows
        if self._runs.rows:
            self.go_to(max(0, min(at, len(self._runs.rows) - 1)))
