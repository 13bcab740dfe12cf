"""What the history is searched for: words, a project, a model, how runs ended."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from spectr_desktop.records.history import Wanted
from spectr_desktop.ui import history_words
from spectr_desktop.ui.finding_words import one_line

if TYPE_CHECKING:
    from spectr_desktop.records.history import Facets

_TYPING_MS = 120
_LONGEST = 80
_LEAVING = (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter)


class HistoryFilters(QWidget):
    """A field for words and three lists to choose from.

    Attributes:
        words: the field.
        timer: fires a moment after the last letter.

    Signals:
        wanted_changed: something else is searched for.
        left: the reader wants to go to what was found.
    """

    wanted_changed = Signal()
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._told = Wanted()
        self.words = QLineEdit(self)
        self.words.setObjectName("historySearch")
        self.words.setAccessibleName(self.tr("Search runs"))
        self.words.setPlaceholderText(self.tr("Search reports and findings  ( / )"))
        self.words.setToolTip(self.tr('All of the words; "words in quotation marks" together'))
        self.words.setClearButtonEnabled(True)
        self.words.setMaxLength(300)
        self.words.installEventFilter(self)
        self._project = self._choice("historyProject", self.tr("Project"))
        self._model = self._choice("historyModel", self.tr("Model"))
        self._outcome = self._choice("historyOutcome", self.tr("Outcome"))
        # "All projects" and so on would be cut in a narrow column.
        for choice, everything in (
            (self._project, self.tr("All projects")),
            (self._model, self.tr("All models")),
            (self._outcome, self.tr("All outcomes")),
        ):
            choice.addItem(choice.accessibleName(), "")
            choice.setItemData(0, everything, Qt.ItemDataRole.ToolTipRole)
            choice.setItemData(0, everything, Qt.ItemDataRole.AccessibleTextRole)
        self.timer = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self.timer.timeout.connect(self.tell_now)
        self.words.textChanged.connect(lambda _text: self.timer.start())
        self.top = QHBoxLayout()
        self.top.setSpacing(8)
        self.top.addWidget(self.words, 1)
        row = QHBoxLayout()
        row.setSpacing(6)
        for choice in (self._project, self._model, self._outcome):
            row.addWidget(choice, 1)
            choice.currentIndexChanged.connect(lambda _index: self.tell_now())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(6)
        layout.addLayout(self.top)
        layout.addLayout(row)

    @property
    def wanted(self) -> Wanted:
        """What is searched for now."""
        return Wanted(
            self.words.text(),
            self._project.currentData() or "",
            self._model.currentData() or "",
            self._outcome.currentData() or "",
        )

    @property
    def narrows(self) -> bool:
        """Whether anything may be left out."""
        return self.wanted != Wanted()

    def tell_now(self) -> None:
        """Tell what is wanted without waiting for more letters."""
        self.timer.stop()
        if self.wanted != self._told:
            self._told = self.wanted
            self.wanted_changed.emit()

    def show_facets(self, facets: Facets) -> None:
        """Offer what there is; what is chosen stays chosen, also if no run has it any more."""
        projects = [(each, PurePath(each).name or each, n) for each, n in facets.projects]
        models = [(each, each, n) for each, n in facets.models]
        outcomes = [(each, history_words.outcome_choice(each), n) for each, n in facets.outcomes]
        _offer(self._project, projects)
        _offer(self._model, models)
        _offer(self._outcome, outcomes)

    def clear(self) -> None:
        """Search for nothing, so that everything is shown."""
        self.words.clear()
        for choice in (self._project, self._model, self._outcome):
            blocked = choice.blockSignals(True)  # it is told once, below
            choice.setCurrentIndex(0)
            choice.blockSignals(blocked)
        self.tell_now()

    def go_to_words(self) -> None:
        """Put the cursor into the field."""
        self.words.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.words.selectAll()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys in the field: Esc empties it, Down and Enter go to the list."""
        if watched is self.words and isinstance(event, QKeyEvent):
            key = Qt.Key(event.key())
            escapes = key == Qt.Key.Key_Escape and bool(self.words.text())
            if event.type() == QEvent.Type.ShortcutOverride and escapes:
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress and escapes:
                self.words.clear()
                self.tell_now()
                return True
            if event.type() == QEvent.Type.KeyPress and key in _LEAVING:
                self.tell_now()
                self.left.emit()
                return True
        return super().eventFilter(watched, event)

    def _choice(self, name: str, spoken: str) -> QComboBox:
        choice = QComboBox(self)
        choice.setObjectName(name)
        choice.setAccessibleName(spoken)
        choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        choice.setMinimumContentsLength(5)
        choice.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        choice.setIconSize(QSize(0, 0))
        choice.view().setTextElideMode(Qt.TextElideMode.ElideRight)
        return choice


def _offer(choice: QComboBox, values: list[tuple[str, str, int]]) -> None:
    chosen = choice.currentData() or ""
    known = {value for value, _word, _count in values}
    if chosen and chosen not in known:
        values = [*values, (chosen, choice.currentText().rpartition("  ")[0], 0)]
    blocked = choice.blockSignals(True)
    while choice.count() > 1:
        choice.removeItem(1)
    for value, word, count in values:
        choice.addItem(f"{one_line(word, _LONGEST)}  {count}", value)
        tip = one_line(value, 300) if value != word else ""
        choice.setItemData(choice.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
    choice.setCurrentIndex(max(0, choice.findData(chosen)))
    choice.view().setMinimumWidth(min(420, choice.view().sizeHintForColumn(0) + 28))
    choice.blockSignals(blocked)
