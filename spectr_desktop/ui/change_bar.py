"""A bar above a pane that offers something: one sentence and a button for each answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from spectr_desktop.ui.announcing import announce
from spectr_desktop.ui.hostile_text import visible

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QResizeEvent

    from spectr_desktop.ui.theme import Theme

OfferKind = Literal["info", "warning"]
CLOSED = ""
"""The answer that the close button gives."""

_SIGNS = {"info": "●", "warning": "▲"}
_SPACING = 8


@dataclass(frozen=True, slots=True)
class _Offer:
    topic: str
    sentence: str
    answers: Mapping[str, str]
    on_answer: Callable[[str], None]
    kind: OfferKind
    stays: Collection[str]


class ChangeBar(QFrame):
    """Hidden until something is offered; then the oldest offer is shown, the others wait.

    The focus stays where it is: nobody who types answers by accident. A screen reader is told.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._offers: dict[str, _Offer] = {}
        self._shown: _Offer | None = None
        self.setObjectName("changeBar")
        self.setAccessibleName(self.tr("Offers"))
        self._label = QLabel(self)
        self._label.setObjectName("changeSentence")
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setWordWrap(True)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._waiting = QLabel(self)
        self._waiting.setObjectName("changeCount")
        self._close = QToolButton(self)
        self._close.setObjectName("changeClose")
        self._close.setText("✕")
        self._close.setAccessibleName(self.tr("Close this offer"))
        self._close.setToolTip(self.tr("Close this offer (Esc)"))
        self._close.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._close.clicked.connect(lambda: self._answer(CLOSED))
        self._buttons = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._buttons.setSpacing(_SPACING)
        top = QHBoxLayout()
        top.addWidget(self._label, 1)
        top.addWidget(self._waiting, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 8, 10, 10)
        layout.setSpacing(_SPACING)
        layout.addLayout(top)
        layout.addLayout(self._buttons)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self.hide()

    @property
    def topic(self) -> str:
        """Of the offer that is shown, "" if there is none."""
        return self._shown.topic if self._shown else ""

    def show_offer(
        self,
        topic: str,
        sentence: str,
        answers: Mapping[str, str],
        on_answer: Callable[[str], None],
        *,
        kind: OfferKind = "warning",
        stays: Collection[str] = (),
        urgent: bool = False,
    ) -> None:
        """Offer something; it waits behind the offers that are there already.

        Args:
            topic: one offer a topic: another one of the same topic takes the place of the first.
            sentence: what happened; may hold hostile text.
            answers: key → label of a button.
            on_answer: called with the key, or with `CLOSED`.
            kind: how it looks.
            stays: keys that leave the offer where it is, until `withdraw`.
            urgent: the others wait behind this one.
        """
        offer = _Offer(topic, sentence, answers, on_answer, kind, stays)
        if urgent and topic not in self._offers:
            self._offers = {topic: offer, **self._offers}
        else:
            self._offers[topic] = offer
        self._show_first()

    def withdraw(self, topic: str) -> None:
        """The offer is settled or has lost its ground; no answer is given."""
        if self._offers.pop(topic, None) is not None:
            self._show_first()

    def withdraw_all(self, kind: str) -> None:
        """As `withdraw`, for all topics that begin so."""
        for topic in [topic for topic in self._offers if topic.startswith(kind)]:
            self.withdraw(topic)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc closes the offer whose buttons have the focus."""
        if event.key() == Qt.Key.Key_Escape and self._shown is not None:
            self._answer(CLOSED)
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the buttons below one another where they do not fit side by side."""
        super().resizeEvent(event)
        self._arrange()

    def minimumSizeHint(self) -> QSize:
        """Narrow enough for a column at 200 %: then the buttons stand below one another."""
        margins = self.layout().contentsMargins()  # pyright: ignore[reportOptionalMemberAccess]
        widest = max(
            (button.minimumSizeHint().width() for button in self._all_buttons()), default=0
        )
        height = super().minimumSizeHint().height()
        return QSize(widest + margins.left() + margins.right(), height)

    def _show_first(self) -> None:
        offer = next(iter(self._offers.values()), None)
        more = len(self._offers) - 1
        self._waiting.setVisible(more > 0)
        if more > 0:
            self._waiting.setText(self.tr("{n} more").format(n=more))
        if offer is self._shown:
            return
        focus = self.window().focusWidget()
        focused = focus.objectName() if focus in self._all_buttons() else ""
        if focused and offer is not None and offer.topic != self.topic:
            # Nobody who presses twice deletes what the next offer is about.
            focused = f"change_{next(iter(offer.answers), '')}"
        self._shown = offer
        for button in self._all_buttons():
            self._buttons.removeWidget(button)
            button.hide()
            button.setObjectName("")  # nobody finds it any more while it waits for its end
            button.deleteLater()
        while self._buttons.takeAt(0) is not None:
            pass  # the stretch at the end
        if offer is None:
            self.hide()
            self._label.clear()
            return
        shown = visible(offer.sentence)
        self._label.setText(f"{_SIGNS[offer.kind]}  {shown}")
        words = {"info": self.tr("Note"), "warning": self.tr("Warning")}
        self._label.setAccessibleName(f"{words[offer.kind]}: {shown}")
        self._add_buttons(offer)
        self._on_theme_changed()
        self.show()
        self._arrange()
        if focused:  # the offer says the same in other words: nobody is thrown out of it
            buttons = self._all_buttons()
            same = [button for button in buttons if button.objectName() == focused]
            next(iter(same or buttons), self._close).setFocus()
        announce(self, self._label.accessibleName())

    def _add_buttons(self, offer: _Offer) -> None:
        for key, label in offer.answers.items():
            button = QPushButton(label, self)
            button.setObjectName(f"change_{key}")
            # With the sentence: who comes by Tab hears what the answer is for.
            button.setAccessibleName(label)
            button.setAccessibleDescription(self._label.accessibleName())
            button.setAutoDefault(True)  # Return presses it, as Space does
            button.clicked.connect(lambda _checked=False, key=key: self._answer(key))
            self._buttons.addWidget(button)
            button.show()  # a layout does that later, and who is not shown takes no focus
        self._buttons.addStretch(1)
        for before, after in pairwise([*self._all_buttons(), self._close]):
            QWidget.setTabOrder(before, after)

    def _all_buttons(self) -> list[QPushButton]:
        items = (self._buttons.itemAt(at) for at in range(self._buttons.count()))
        widgets = (item.widget() for item in items if item is not None)
        return [widget for widget in widgets if isinstance(widget, QPushButton)]

    def _arrange(self) -> None:
        margins = self.layout().contentsMargins()  # pyright: ignore[reportOptionalMemberAccess]
        room = self.width() - margins.left() - margins.right()
        widths = [button.sizeHint().width() + _SPACING for button in self._all_buttons()]
        fits = sum(widths) <= room
        direction = QBoxLayout.Direction
        wanted = direction.LeftToRight if fits else direction.TopToBottom
        if self._buttons.direction() != wanted:
            self._buttons.setDirection(wanted)

    def _answer(self, key: str) -> None:
        offer = self._shown
        if offer is None:
            return
        if key not in offer.stays:
            self.withdraw(offer.topic)
        offer.on_answer(key)

    def _on_theme_changed(self) -> None:
        colors = self._theme.colors
        kind = self._shown.kind if self._shown else "info"
        ground = colors.code if kind == "info" else colors.mark
        edge = colors.accent if kind == "info" else colors.medium
        self.setStyleSheet(
            f"#changeBar {{ background: {ground}; border: none; border-left: 4px solid {edge};"
            f" border-bottom: 1px solid {colors.line}; }}"
            f" QLabel {{ color: {colors.text}; background: {ground}; }}"
            f" QToolButton {{ color: {colors.text}; border: 1px solid {ground};"
            " border-radius: 4px; padding: 1px 6px; }"
            f" QToolButton:hover, QToolButton:focus {{ border-color: {colors.accent}; }}"
        )
