"""The tree that shows the findings: keys of its own, and rows that stay under the pointer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QTreeView

from spectr_desktop.ui.findings_model import FINDING, GROUP, FindingsModel
from spectr_desktop.ui.findings_painter import FindingsPainter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtCore import QPoint
    from PySide6.QtWidgets import QWidget

    from spectr_desktop.records.findings import Finding
    from spectr_desktop.ui.theme import Theme

_NO_KEYS = (
    Qt.KeyboardModifier.ControlModifier
    | Qt.KeyboardModifier.AltModifier
    | Qt.KeyboardModifier.MetaModifier
)


class FindingsList(QTreeView):
    """Shows a `FindingsModel`.

    Attributes:
        keys: what is called for a key without modifiers, or with Shift as `(key, True)`.

    Signals:
        finding_selected: (str) the reader went to another finding.
        finding_shown: (str) he wants to see it: Enter, or a double click.
    """

    finding_selected = Signal(str)
    finding_shown = Signal(str)

    def __init__(self, model: FindingsModel, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.keys: dict[tuple[Qt.Key, bool], Callable[[], object]] = {}
        self._findings = model
        self._pointer: QPoint | None = None
        self._closed: set[object] = set()
        self._quiet = False
        self._slack = 0
        self.setObjectName("findingsList")
        self.setAccessibleName(self.tr("List of findings"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)
        self.setIndentation(0)
        self.setRootIsDecorated(False)
        self.setExpandsOnDoubleClick(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setMouseTracking(True)
        self.setItemDelegate(FindingsPainter(theme, self))
        self.setModel(model)
        model.rowsInserted.connect(self._on_rows_changed)
        model.layoutChanged.connect(self._on_rows_changed)
        self.collapsed.connect(lambda index: self._closed.add(index.data(GROUP)))
        self.expanded.connect(lambda index: self._closed.discard(index.data(GROUP)))
        self.doubleClicked.connect(self._on_double_clicked)
        theme.changed.connect(self.viewport().update)

    # What is selected

    def current_key(self) -> str:
        """The finding that the keys go to, "" if there is none."""
        finding = self.currentIndex().data(FINDING)
        return finding.key if finding else ""

    def selected_keys(self) -> list[str]:
        """The selected findings from top to bottom."""
        chosen = {index.data(FINDING).key for index in self.selectedIndexes()}
        return [key for key in self._findings.keys() if key in chosen] if chosen else []  # noqa: SIM118

    def select(self, key: str) -> bool:
        """Select a finding and bring it into sight; False if it is not shown."""
        index = self._findings.index_of(key)
        if not index.isValid():
            return False
        self._quiet = True
        try:
            flag = QItemSelectionModel.SelectionFlag
            self.expand(index.parent())
            self.selectionModel().setCurrentIndex(index, flag.ClearAndSelect)
            self.scrollTo(index)
        finally:
            self._quiet = False
        return True

    def currentChanged(self, current: QModelIndex, previous: QModelIndex) -> None:
        """Tell where the reader went (called by Qt)."""
        super().currentChanged(current, previous)
        finding: Finding | None = current.data(FINDING)
        if finding is not None and not self._quiet:
            self.finding_selected.emit(finding.key)

    # Rows that come

    def set_findings(self, findings: Sequence[Finding]) -> None:
        """Take all findings; the row under the pointer, or else the selected one, stays there."""
        anchor = self._anchor()
        top = self.visualRect(anchor).top() if anchor is not None else 0
        row = anchor.row() if anchor is not None else -1
        self._findings.set_findings(findings)
        if anchor is None or not anchor.isValid():
            return
        if row == anchor.row() < self._findings.flat_count and not anchor.parent().isValid():
            return  # nothing came above it, and the layout has time
        self.executeDelayedItemsLayout()
        moved = self.visualRect(anchor).top() - top
        if moved:
            goal = max(0, self.verticalScrollBar().value() + moved)
            # Where the list ends too early for that, it goes on with nothing.
            if goal > self.verticalScrollBar().maximum() and self._pointer is not None:
                self._slack = goal
                self.verticalScrollBar().setMaximum(goal)
            self.verticalScrollBar().setValue(goal)

    def settle(self) -> None:
        """Sort and group anew; the selected finding stays in sight."""
        self._slack = 0
        in_sight = self._is_in_sight(self.currentIndex())
        self._findings.settle()
        if in_sight:
            self.scrollTo(self.currentIndex())

    def updateGeometries(self) -> None:
        """Let the list be scrolled as far as the pointer's row needs (called by Qt)."""
        super().updateGeometries()
        bar = self.verticalScrollBar()
        if self._slack > bar.maximum():
            bar.setMaximum(self._slack)

    def _anchor(self) -> QPersistentModelIndex | None:
        if self._pointer is not None and (at := self.indexAt(self._pointer)).isValid():
            return QPersistentModelIndex(at)
        current = self.currentIndex()
        return QPersistentModelIndex(current) if self._is_in_sight(current) else None

    def _is_in_sight(self, index: QModelIndex) -> bool:
        return index.isValid() and self.viewport().rect().intersects(self.visualRect(index))

    def _on_rows_changed(self) -> None:
        """Groups are open unless the reader has closed them."""
        for row in range(self._findings.flat_count, self._findings.rowCount()):
            index = self._findings.index(row, 0)
            wanted = index.data(GROUP) not in self._closed
            if self.isExpanded(index) != wanted:
                self.setExpanded(index, wanted)

    # Keys and pointer

    def keyboardSearch(self, _search: str) -> None:
        """Letters are keys of ours, and nothing is searched by typing."""

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
        """Our keys first, then those of a tree."""
        slot = self._slot(event)
        if slot is not None:
            slot()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._show_current()
        else:
            super().keyPressEvent(event)

    def step(self, rows: int) -> None:
        """Go so many findings down, up if negative, over the heads of groups."""
        index = self.currentIndex()
        if not index.isValid():
            index = self._findings.index(0, 0)
        elif self.selectionModel().hasSelection():
            index = self._beside(index, rows)
        while index.isValid() and index.data(FINDING) is None:
            index = self._beside(index, rows)
        if index.isValid():
            flag = QItemSelectionModel.SelectionFlag
            self.selectionModel().setCurrentIndex(index, flag.ClearAndSelect)
            self.scrollTo(index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Know which row the pointer is over."""
        self._pointer = event.position().toPoint()
        super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click on the head of a group closes or opens it."""
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        left = event.button() == Qt.MouseButton.LeftButton
        if left and index.isValid() and index.data(FINDING) is None:
            self.setExpanded(index, not self.isExpanded(index))

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer holds no row any more."""
        super().leaveEvent(event)
        self._pointer = None
        if self._slack:
            self._slack = 0
            self.updateGeometries()

    def _beside(self, index: QModelIndex, rows: int) -> QModelIndex:
        return self.indexBelow(index) if rows > 0 else self.indexAbove(index)

    def _slot(self, event: QKeyEvent) -> Callable[[], object] | None:
        modifiers = event.modifiers()
        shift = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
        key = Qt.Key(event.key())
        if modifiers & _NO_KEYS:
            redo = modifiers & _NO_KEYS == Qt.KeyboardModifier.ControlModifier
            if redo and shift and key == Qt.Key.Key_Z:
                return self.keys.get((Qt.Key.Key_U, True))
            return None
        # The slash stands behind Shift on many keyboards.
        return self.keys.get((key, shift and key != Qt.Key.Key_Slash))

    def _show_current(self) -> None:
        index = self.currentIndex()
        if key := self.current_key():
            self.finding_shown.emit(key)
        elif index.isValid():
            self.setExpanded(index, not self.isExpanded(index))

    def _on_double_clicked(self, index: QModelIndex) -> None:
        if (finding := index.data(FINDING)) is not None:
            self.finding_shown.emit(finding.key)
