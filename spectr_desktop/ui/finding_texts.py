"""The words of a finding, to be read as Markdown and to be edited as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from spectr_desktop.records.findings import Texts
from spectr_desktop.ui.fitted_markdown import FittedMarkdown

if TYPE_CHECKING:
    from spectr_desktop.ui.theme import Theme

_EDIT_HEIGHT = 110
_NAMES = (
    "description",
    "exploit_scenario",
    "proof_of_concept",
    "recommendation",
    "suggested_fix",
)


def section_label(text: str, parent: QWidget) -> QLabel:
    """The heading of a part of the pane."""
    label = QLabel(text, parent)
    label.setObjectName("sectionLabel")
    label.setIndent(0)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


class FindingTexts(QWidget):
    """The texts, each in a view of its own: a code fence left open ends with its text.

    Attributes:
        views: by the names of `Texts`.

    Signals:
        link_requested: (str) a link in a text; its whole target, http or https only.
    """

    link_requested = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.views: dict[str, FittedMarkdown] = {}
        self._labels: dict[str, QLabel] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for name, title in titles(self).items():
            label = self._labels[name] = section_label(title, self)
            view = self.views[name] = FittedMarkdown(f"finding_{name}", title, theme, self)
            label.setBuddy(view)
            view.link_requested.connect(self.link_requested)
            layout.addWidget(label)
            layout.addWidget(view)

    def show_texts(self, texts: Texts) -> None:
        """Show these; empty ones take no room."""
        for name, view in self.views.items():
            text: str = getattr(texts, name)
            view.show_text(text)
            view.setVisible(bool(text.strip()))
            self._labels[name].setVisible(bool(text.strip()))


class TextsEditor(QWidget):
    """The texts as plain text with Save and Cancel.

    Signals:
        saved: (Texts) Save or Ctrl+Return.
        cancelled: Cancel or Esc.
    """

    saved = Signal(object)
    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._original: Texts | None = None
        self._given = Texts()
        self.title = QLineEdit(self)
        self.title.setObjectName("findingTitleEdit")
        self.title.setAccessibleName(self.tr("Title"))
        self.edits: dict[str, QPlainTextEdit] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 0, 24, 0)
        layout.setSpacing(6)
        layout.addWidget(_plain_label(self.tr("Title"), self))
        layout.addWidget(self.title)
        for name, title in titles(self).items():
            edit = self.edits[name] = QPlainTextEdit(self)
            edit.setObjectName(f"edit_{name}")
            edit.setAccessibleName(title)
            edit.setTabChangesFocus(True)
            edit.setFixedHeight(_EDIT_HEIGHT)
            layout.addWidget(_plain_label(title, self))
            layout.addWidget(edit)
        self.save = _button("saveTextsButton", self.tr("Save"), self.tr("Ctrl+Return"), self)
        self.cancel = _button("cancelTextsButton", self.tr("Cancel"), self.tr("Esc"), self)
        self.original = _button(
            "originalTextsButton",
            self.tr("The model's original"),
            self.tr("Put the model's own words back; they are kept with Save"),
            self,
        )
        row = QHBoxLayout()
        row.setSpacing(8)
        for button in (self.save, self.cancel):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.original)
        layout.addLayout(row)
        self.save.clicked.connect(lambda: self.saved.emit(self.texts()))
        self.cancel.clicked.connect(self.cancelled)
        self.original.clicked.connect(self._on_original)

    def edit(self, texts: Texts, original: Texts | None) -> None:
        """Begin with these texts; the model's own can be put back."""
        self._original = original
        self.original.setVisible(original is not None)
        self._fill(texts)
        self._given = self.texts()

    @property
    def changed(self) -> bool:
        """Whether something was typed."""
        return self.texts() != self._given

    def texts(self) -> Texts:
        """What is in the fields."""
        rest = {name: edit.toPlainText() for name, edit in self.edits.items()}
        return Texts(title=self.title.text(), **rest)

    def event(self, event: QEvent) -> bool:
        """Keep Esc and Ctrl+Return from being shortcuts of the window (called by Qt)."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and (_is_escape(event) or _is_save(event))
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+Return saves, Esc gives up (called by Qt; the fields leave both to us)."""
        if _is_escape(event):
            self.cancelled.emit()
        elif _is_save(event):
            self.saved.emit(self.texts())
        else:
            super().keyPressEvent(event)

    def _fill(self, texts: Texts) -> None:
        self.title.setText(" ".join(texts.title.split()))
        for name, edit in self.edits.items():
            edit.setPlainText(getattr(texts, name))

    def _on_original(self) -> None:
        if self._original is not None:
            self._fill(self._original)


def titles(owner: QWidget) -> dict[str, str]:
    """What the texts of a finding are called."""
    words = (
        owner.tr("Description"),
        owner.tr("How it is exploited"),
        owner.tr("Proof of concept"),
        owner.tr("Recommendation"),
        owner.tr("Suggested fix"),
    )
    return dict(zip(_NAMES, words, strict=True))


def _is_escape(event: QKeyEvent) -> bool:
    return event.key() == Qt.Key.Key_Escape


def _is_save(event: QKeyEvent) -> bool:
    control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
    return control and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)


def _plain_label(text: str, parent: QWidget) -> QLabel:
    label = QLabel(text, parent)
    label.setProperty("dim", True)
    return label


def _button(name: str, text: str, tip: str, parent: QWidget) -> QPushButton:
    button = QPushButton(text, parent)
    button.setObjectName(name)
    button.setToolTip(tip)
    return button
