"""The question before a client, or what is old, is erased for good."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from spectr_desktop.ui.dialogs import finished
from spectr_desktop.ui.finding_words import breakable, one_line

if TYPE_CHECKING:
    from spectr_desktop.records.history import ErasePlan

_MOST_ROOTS = 5
_USUAL_DAYS = 365
_MOST_DAYS = 3650
_TYPING_MS = 200
_WIDTH = 460


class EraseDialog(QDialog):
    """Says exactly what goes and what does not. Return cancels; erasing takes a tick and a press.

    Args:
        parent: the window.
        by_age: it asks for an age too.

    Signals:
        days_changed: (int) another age: `show_plan` is expected.
    """

    days_changed = Signal(int)

    def __init__(self, parent: QWidget | None, *, by_age: bool) -> None:
        super().__init__(parent)
        self.setObjectName("eraseDialog")
        self.setMinimumWidth(_WIDTH)
        self._plan: ErasePlan | None = None
        self._title = self._label("eraseTitle")
        font = self._title.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.15)
        self._title.setFont(font)
        self._what = self._label("eraseWhat")
        self._stays = self._label("eraseStays")
        self._stays.setProperty("dim", "true")
        self._sure = QCheckBox(self.tr("Erase all of this for good. It cannot be undone."), self)
        self._sure.setObjectName("eraseSure")
        self._sure.setAccessibleName(self._sure.text())
        # Fusion draws the box in a shade of this, which on a dark ground nobody sees.
        palette = self._sure.palette()
        palette.setColor(palette.ColorRole.Window, palette.color(palette.ColorRole.PlaceholderText))
        self._sure.setPalette(palette)
        self._sure.toggled.connect(lambda _on: self._show_buttons())
        self._cancel = self._button("answer_cancel", self.tr("Cancel"))
        self._cancel.clicked.connect(self.reject)
        self._cancel.setDefault(True)
        self._erase = self._button("answer_erase", self.tr("Erase"))
        self._erase.clicked.connect(self.accept)
        self._days = QSpinBox(self)
        self._days.setObjectName("eraseDays")
        self._days.setAccessibleName(self.tr("Older than so many days"))
        self._days.setRange(1, _MOST_DAYS)
        self._days.setValue(_USUAL_DAYS)
        self.timer = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self.timer.timeout.connect(lambda: self.days_changed.emit(self.days))
        self._days.valueChanged.connect(self._on_days_changed)
        self._lay_out(by_age=by_age)
        self._show_buttons()

    @property
    def days(self) -> int:
        """The age that is asked for."""
        return self._days.value()

    @property
    def plan(self) -> ErasePlan | None:
        """What is shown and would be erased; None while it is counted."""
        return self._plan

    def show_plan(self, plan: ErasePlan) -> None:
        """Say what would go; a tick that was set for something else is gone."""
        self._plan = plan
        self._sure.setChecked(False)
        self._title.setText(self._title_words(plan))
        self.setWindowTitle(self._title.text())
        self._what.setText(self._what_words(plan))
        self._stays.setText(self._stays_words(plan))
        self._stays.setVisible(not plan.is_empty)
        self._sure.setVisible(not plan.is_empty)
        self._erase.setVisible(not plan.is_empty)
        self._cancel.setText(self.tr("Close") if plan.is_empty else self.tr("Cancel"))
        self._show_buttons()
        self._fit()

    def _fit(self) -> None:
        """As high as all the words need: Qt's own way cuts them where the screen is small."""
        self.adjustSize()
        layout = self.layout()
        height = layout.totalHeightForWidth(self.width()) if layout is not None else 0
        self.resize(self.width(), max(self.height(), height))

    def _label(self, name: str) -> QLabel:
        label = QLabel(self)
        label.setObjectName(name)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        return label

    def _button(self, name: str, text: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAccessibleName(text)
        button.setAutoDefault(False)
        return button

    def _lay_out(self, *, by_age: bool) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(self._title)
        age = QHBoxLayout()
        before, after = QLabel(self.tr("Older than"), self), QLabel(self.tr("days"), self)
        for widget in (before, self._days, after):
            widget.setVisible(by_age)
            age.addWidget(widget)
        before.setBuddy(self._days)
        age.addStretch(1)
        if by_age:
            layout.addLayout(age)
        layout.addWidget(self._what)
        layout.addWidget(self._stays)
        layout.addWidget(self._sure)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self._erase)
        row.addWidget(self._cancel)
        layout.addLayout(row)

    def _on_days_changed(self) -> None:
        self._plan = None
        self._show_buttons()
        self.timer.start()

    def _show_buttons(self) -> None:
        ready = self._plan is not None and not self._plan.is_empty
        self._sure.setEnabled(ready)
        self._erase.setEnabled(ready and self._sure.isChecked())

    def _title_words(self, plan: ErasePlan) -> str:
        if plan.root is None:
            return self.tr("Erase everything older than {n} days?").format(n=plan.days)
        name = one_line(plan.root.name or str(plan.root), 80)
        return self.tr("Erase client “{name}”?").format(name=breakable(name))

    def _what_words(self, plan: ErasePlan) -> str:
        if plan.is_empty:
            return self.tr("Nothing of that is kept here, so there is nothing to erase.")
        lines: list[str] = []
        if plan.runs:
            runs = len(plan.runs)
            words = self.tr("1 run") if runs == 1 else self.tr("{n} runs").format(n=f"{runs:,}")
            span = self._span(plan)
            with_them = self.tr("with their reports and the source that was sent")
            lines.append(" ".join(part for part in (words, span, with_them) if part))
        if plan.decisions:
            count = plan.decisions
            one, more = self.tr("1 decision"), self.tr("{n} decisions, notes and edits")
            lines.append(one if count == 1 else more.format(n=f"{count:,}"))
        if plan.drafts:
            drafts = len(plan.drafts)
            words = self.tr("1 draft") if drafts == 1 else self.tr("{n} drafts").format(n=drafts)
            lines.append(self.tr("{drafts} of unsaved text").format(drafts=words))
        lines.append(self.tr("their words in the search index, and the program's log files"))
        size = QLocale().formattedDataSize(plan.bytes)
        parts = [self.tr("What goes, {size} altogether:").format(size=size)]
        parts += [f"  •  {line}" for line in lines]
        if plan.roots:
            roots = [breakable(one_line(root, 200)) for root in plan.roots[:_MOST_ROOTS]]
            if len(plan.roots) > _MOST_ROOTS:
                roots.append(self.tr("and {n} more").format(n=len(plan.roots) - _MOST_ROOTS))
            parts += ["", self.tr("What is kept of these folders:"), *(f"  {r}" for r in roots)]
        return "\n".join(parts)

    def _stays_words(self, plan: ErasePlan) -> str:
        stays = self.tr(
            "Your contract files themselves are not touched, and neither are reports that were"
            " exported elsewhere."
        )
        if plan.root is None:
            newer = self.tr("Decisions of projects that have newer runs stay.")
            return f"{stays} {newer}"
        return stays

    def _span(self, plan: ErasePlan) -> str:
        first, last = _day(plan.first), _day(plan.last)
        if not first or first == last:
            return self.tr("of {day}").format(day=first) if first else ""
        return self.tr("from {first} to {last}").format(first=first, last=last)


async def answered(dialog: EraseDialog) -> ErasePlan | None:
    """Open the question; what was confirmed, or None."""
    return dialog.plan if await finished(dialog) == QDialog.DialogCode.Accepted else None


def _day(text: str) -> str:
    try:
        at = datetime.datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        return ""
    return f"{at.day} {QLocale().monthName(at.month, QLocale.FormatType.ShortFormat)} {at.year}"
