"""Questions about a finding, and the answer as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from spectr_desktop.ui import finding_words
from spectr_desktop.ui.banner import Banner
from spectr_desktop.ui.finding_places import dim_label
from spectr_desktop.ui.finding_texts import section_label
from spectr_desktop.ui.fitted_markdown import FittedMarkdown

if TYPE_CHECKING:
    from spectr_desktop.ui.banner import BannerKind
    from spectr_desktop.ui.theme import Theme


class FollowUp(QWidget):
    """Asks about the finding that is shown; an answer is shown with its finding only.

    Attributes:
        question: what will be asked; each finding keeps its own.
        answer: where the answer streams.

    Signals:
        asked: (str question).
        draft_requested: a proof of concept is wished.
        stop_requested: of the answer that is being written.
    """

    asked = Signal(str)
    draft_requested = Signal()
    stop_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._key = ""
        self._answer_key = ""
        self._answering = False
        self._enabled = True
        self._reason = ""
        self._said = False
        self._questions: dict[str, str] = {}
        self.question = QLineEdit(self)
        self.question.setObjectName("followUpQuestion")
        self.question.setAccessibleName(self.tr("Ask about this finding"))
        self.question.setPlaceholderText(self.tr("Ask about this finding"))
        self.ask = _button("askButton", self.tr("Ask"), self)
        self.draft = _button("draftButton", self.tr("Draft a proof of concept"), self)
        self.stop = _button("stopAnswerButton", self.tr("Stop the answer"), self)
        self._why = dim_label("followUpWhy", self)
        self._title = section_label("", self)
        self._title.setWordWrap(True)
        self._warning = QLabel(
            self.tr(
                "A drafted proof of concept is text. Nothing is ever executed here: read it"
                " before you run it anywhere."
            ),
            self,
        )
        self._warning.setObjectName("draftWarning")
        self._warning.setWordWrap(True)
        self.answer = FittedMarkdown("followUp", self.tr("Answer"), theme, self)
        self._end = Banner(theme, self)
        for label in self._end.findChildren(QLabel, "reportBanner"):
            label.setObjectName("followUpEnd")  # a window has one banner of its report
        self._lay_out()
        self.question.textChanged.connect(self._show_enabled)
        self.question.returnPressed.connect(self._on_ask)
        self.ask.clicked.connect(self._on_ask)
        self.draft.clicked.connect(self.draft_requested)
        self.stop.clicked.connect(self.stop_requested)
        self._show_answer()

    def _lay_out(self) -> None:
        first = QHBoxLayout()
        first.setContentsMargins(24, 0, 24, 0)
        first.addWidget(self.question, 1)
        first.addWidget(self.ask)
        second = QHBoxLayout()
        second.setContentsMargins(24, 0, 24, 0)
        second.addWidget(self.draft)
        second.addWidget(self.stop)
        second.addStretch(1)
        words = QVBoxLayout()
        words.setContentsMargins(24, 0, 24, 0)
        words.addWidget(self._why)
        words.addWidget(self._warning)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(first)
        layout.addLayout(second)
        layout.addLayout(words)
        layout.addWidget(self._title)
        layout.addWidget(self.answer)
        layout.addWidget(self._end)

    def show_key(self, key: str) -> None:
        """Another finding is shown; what was typed for the last one is kept."""
        if key == self._key:
            return
        if self._key:
            self._questions[self._key] = self.question.text()
        self._key = key
        self.question.setText(self._questions.pop(key, ""))
        self._show_answer()

    def set_enabled(self, enabled: bool, why: str) -> None:
        """Whether something can be asked, and if not, why."""
        self._enabled = enabled
        self._reason = "" if enabled else why
        self._show_enabled()

    def start_answer(self, title: str) -> None:
        """An answer about the finding that is shown begins."""
        self._answer_key = self._key
        self._answering = True
        self._title.setText(finding_words.breakable(finding_words.one_line(title)))
        self._end.clear()
        self.answer.clear()
        self._show_answer()

    def append_answer(self, text: str) -> None:
        """Take the next piece of the answer's Markdown."""
        self.answer.append(text)

    def finish_answer(self, sentence: str, kind: BannerKind) -> None:
        """The answer is over; a sentence says how, if it has to be said."""
        self._answering = False
        self.answer.finish()
        self._said = bool(sentence)
        if sentence:
            self._end.say(sentence, kind)
        self._show_answer()

    def _show_answer(self) -> None:
        here = bool(self._answer_key) and self._answer_key == self._key
        for widget in (self._title, self.answer):
            widget.setVisible(here)
        self._end.setVisible(here and self._said and not self._answering)
        self._show_enabled()

    def _show_enabled(self) -> None:
        free = self._enabled and not self._answering and bool(self._key)
        self.ask.setEnabled(free and bool(self.question.text().strip()))
        self.draft.setEnabled(free)
        self.stop.setVisible(self._answering)
        words = self._reason
        if self._answering and self._answer_key != self._key:
            key = finding_words.one_line(self._answer_key, 40)
            words = self.tr("An answer about {key} is being written.").format(key=key)
        self._why.setText(words)
        self._why.setVisible(bool(words))

    def _on_ask(self) -> None:
        question = self.question.text().strip()
        if question and self.ask.isEnabled():
            self.question.clear()
            self.asked.emit(question)


def _button(name: str, text: str, parent: QWidget) -> QPushButton:
    button = QPushButton(text, parent)
    button.setObjectName(name)
    return button
