"""The model picker: every model that servers offer, searchable, with what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QCompleter,
    QLabel,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from spectr_desktop.records.server import Locality, ModelInfo, ServerConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QResizeEvent

_CHOICE = Qt.ItemDataRole.UserRole + 1
_FACTS = Qt.ItemDataRole.UserRole + 2
_GIB = 1024**3
_MIB = 1024**2


@dataclass(frozen=True, slots=True)
class Choice:
    """A model at a server, as the picker shows it."""

    config: ServerConfig
    model: ModelInfo
    provider_title: str
    locality: Locality

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes two choices the same."""
        config = self.config
        return (config.provider, config.base_url, config.model_file, self.model.id)


class ModelPicker(QComboBox):
    """A combo box that filters while one types.

    Signals:
        choice_changed: another model is picked, or none is left.
        refresh_requested: the list was opened and may be out of date.
    """

    choice_changed = Signal()
    refresh_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("modelPicker")
        self.setAccessibleName(self.tr("Model"))
        self.setToolTip(self.tr("The model that writes the report (Ctrl+M). Type to search."))
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setMinimumContentsLength(24)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMaxVisibleItems(16)
        self._rows = QStandardItemModel(self)
        self.setModel(self._rows)
        delegate = _FactsDelegate(self)
        self.setItemDelegate(delegate)
        completer = QCompleter(self._rows, self)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        popup = QListView(self)
        completer.setPopup(popup)
        self.setCompleter(completer)
        # Last: each of the two calls above puts a delegate of its own into the popup.
        popup.setItemDelegate(_FactsDelegate(popup))
        edit = self.lineEdit()
        assert edit is not None  # noqa: S101  # it is editable
        edit.setAccessibleName(self.tr("Model"))
        edit.setPlaceholderText(self.tr("Looking for models…"))
        self._facts = QLabel(edit)
        self._facts.setObjectName("pickerFacts")
        self._facts.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._chosen: Choice | None = None
        self._shown: tuple[list[Choice], list[str]] | None = None
        # The last pick: if its server is away for a while, no other model takes its place.
        self._kept: tuple[str, str, str, str] | None = None
        self._takes_first = True
        self.activated.connect(self._on_activated)
        edit.editingFinished.connect(self._on_editing_finished)
        edit.textChanged.connect(self._place_facts)

    def choice(self) -> Choice | None:
        """The model that is picked now."""
        return self._chosen

    def set_rows(
        self, choices: Sequence[Choice], problems: Sequence[str], *, first: bool = True
    ) -> None:
        """Show these models, and why others are not there; keeps what was picked.

        Args:
            choices: in the order to show.
            problems: one sentence for each server that offers nothing.
            first: pick one if nothing ever was: the first that keeps the source on this machine.
        """
        if (shown := (list(choices), list(problems))) == self._shown:
            return  # a list that is open stays as it is
        self._shown = shown
        self._rows.clear()
        for choice in choices:
            item = QStandardItem(choice.model.title)
            item.setEditable(False)
            facts = self._facts_of(choice)
            item.setData(choice, _CHOICE)
            item.setData(facts, _FACTS)
            item.setToolTip(f"{choice.model.id}\n{choice.config.base_url}".strip())
            item.setData(
                f"{choice.model.title}, {', '.join(facts)}", Qt.ItemDataRole.AccessibleTextRole
            )
            self._rows.appendRow(item)
        for sentence in problems:
            item = QStandardItem(sentence)
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            item.setToolTip(sentence)
            self._rows.appendRow(item)
        edit = self.lineEdit()
        if edit is not None:
            edit.setPlaceholderText(self.tr("Pick a model") if choices else self.tr("No model"))
        keys = [choice.key for choice in choices]
        if self._kept in keys:
            self._pick(keys.index(self._kept))
        elif self._kept is None and self._takes_first and first and choices:
            local = (row for row, one in enumerate(choices) if one.locality is not Locality.REMOTE)
            self._pick(next(local, 0))
        else:
            self._pick(-1)

    def pick(self, model_id: str) -> bool:
        """Pick a model by its id or title; False if it is not in the list."""
        for row in range(self._rows.rowCount()):
            choice = self._rows.item(row).data(_CHOICE)
            if isinstance(choice, Choice) and model_id in (choice.model.id, choice.model.title):
                self._pick(row)
                return True
        return False

    def pick_none(self) -> None:
        """Pick no model, until the user does."""
        self._kept, self._takes_first = None, False
        self._pick(-1)

    def settle(self) -> None:
        """Take a name that is typed but not confirmed yet, as if the focus had left."""
        self._on_editing_finished()

    def showPopup(self) -> None:
        """Open the list as it is, and ask for a fresh one."""
        self.refresh_requested.emit()
        super().showPopup()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the facts at the right of the name."""
        super().resizeEvent(event)
        self._place_facts()

    def changeEvent(self, event: QEvent) -> None:
        """A new font or style moves the facts."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._place_facts()

    def _pick(self, row: int) -> None:
        self.setCurrentIndex(row)
        item = self._rows.item(row) if row >= 0 else None
        choice = item.data(_CHOICE) if item is not None else None
        self._chosen = choice if isinstance(choice, Choice) else None
        if self._chosen is not None:
            self._kept = self._chosen.key
        else:
            self.setCurrentIndex(-1)
            self.setEditText("")
        self._facts.setText(" · ".join(self._facts_of(self._chosen)) if self._chosen else "")
        edit = self.lineEdit()
        if edit is not None:
            edit.setCursorPosition(0)
        self._place_facts()
        self.choice_changed.emit()

    def _on_activated(self, row: int) -> None:
        self._pick(row)

    def _on_editing_finished(self) -> None:
        """Half a name picks its only match; anything else goes back to what was picked."""
        text = self.currentText().strip().lower()
        titles = [self._rows.item(row).text().lower() for row in range(self._rows.rowCount())]
        pickable = [
            row
            for row, title in enumerate(titles)
            if text and text in title and self._rows.item(row).isEnabled()
        ]
        exact = [row for row in pickable if titles[row] == text]
        matches = exact or pickable
        if self._chosen is not None and self._chosen.model.title.lower() == text:
            return
        if len(matches) == 1 or exact:
            self._pick(matches[0])
        elif self._chosen is not None:
            self.setEditText(self._chosen.model.title)

    def _facts_of(self, choice: Choice) -> list[str]:
        model = choice.model
        places = {
            Locality.LOCAL: self.tr("local"),
            Locality.LOCAL_PORT: self.tr("local port"),
            Locality.REMOTE: self.tr("remote"),
        }
        facts = [choice.provider_title, places[choice.locality]]
        if model.parameter_size:
            facts.append(model.parameter_size)
        if model.size_bytes:
            facts.append(_size(model.size_bytes))
        if model.context:
            facts.append(self.tr("{count} context").format(count=_tokens(model.context)))
        return facts

    def _place_facts(self) -> None:
        edit = self.lineEdit()
        if edit is None:
            return
        size = self._facts.sizeHint()
        text_width = edit.fontMetrics().horizontalAdvance(edit.text()) + 24
        fits = text_width + size.width() <= edit.width()
        # While one types a search, the facts are those of another model.
        chosen = self._chosen is not None and edit.text() == self._chosen.model.title
        self._facts.setVisible(fits and chosen)
        self._facts.setGeometry(
            edit.width() - size.width() - 6, 0, size.width(), max(edit.height(), size.height())
        )


class _FactsDelegate(QStyledItemDelegate):
    """A row: the name at the left, what is known of it dimmed at the right."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        facts = index.data(_FACTS)
        super().paint(painter, option, index)
        if not facts:
            return
        painter.save()
        # Not the option's palette: a style sheet makes its own placeholder colour, too pale.
        painter.setPen(QApplication.palette().placeholderText().color())
        painter.drawText(
            option.rect.adjusted(0, 0, -10, 0),
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
            " · ".join(facts),
        )
        painter.restore()

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        hint = super().sizeHint(option, index)
        facts = index.data(_FACTS) or []
        width = option.fontMetrics.horizontalAdvance(" · ".join(facts)) + 48 if facts else 0
        style = option.widget.style() if option.widget else None
        scroll = style.pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent) if style else 0
        return QSize(hint.width() + width + scroll, max(hint.height(), 28))


def _size(count: int) -> str:
    if count >= _GIB:
        return f"{count / _GIB:.1f} GB"
    return f"{max(1, round(count / _MIB))} MB"


def _tokens(count: int) -> str:
    return f"{count // 1024}k" if count >= 1024 else str(count)  # noqa: PLR2004
