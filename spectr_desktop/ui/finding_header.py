"""The head of a finding: its key, its severity, its state, and what has to be looked at again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from spectr_desktop.records.grades import Severity, State
from spectr_desktop.ui import finding_words, severities
from spectr_desktop.ui.finding_places import dim_label

if TYPE_CHECKING:
    from PySide6.QtGui import QWheelEvent

    from spectr_desktop.records.findings import Finding
    from spectr_desktop.ui.theme import Theme

_SHAPE = 12
_NARROWEST = 96
_LONGEST_TITLE = 300
_TITLE_SCALE = 1.4


class _Choice(QComboBox):
    """A combo box that the wheel passes over: a finding is not rated by scrolling."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def minimumSizeHint(self) -> QSize:
        return QSize(_NARROWEST, super().minimumSizeHint().height())


class FindingHeader(QWidget):
    """What a finding is called and what the auditor made of it.

    Attributes:
        title: the title, plain text.
        severity: the auditor's own, the first item is the model's.
        state: what he decided.

    Signals:
        severity_chosen: (Severity | None) None: as the model has it.
        state_chosen: (State).
        rechecked: he has looked at the changed code.
        same_answered: (bool) whether it is the finding again that it probably is.
    """

    severity_chosen = Signal(object)
    state_chosen = Signal(object)
    rechecked = Signal()
    same_answered = Signal(bool)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._finding: Finding | None = None
        self._probable = ""
        self._key = QLabel(self)
        self._key.setObjectName("findingKey")
        self._key.setTextFormat(Qt.TextFormat.PlainText)
        self._badge = QLabel(self)
        self._badge.setObjectName("findingBadge")
        self._badge.setTextFormat(Qt.TextFormat.PlainText)
        self.title = QLabel(self)
        self.title.setObjectName("findingTitle")
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.title.setWordWrap(True)
        font = self.title.font()
        font.setPointSizeF(font.pointSizeF() * _TITLE_SCALE)
        font.setBold(True)
        self.title.setFont(font)
        self.title.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.severity = _choice("findingSeverity", self.tr("Severity"), self)
        self.state = _choice("findingState", self.tr("State"), self)
        for state in State:
            self.state.addItem(finding_words.state_word(state), state)
        self._facts = dim_label("findingFacts", self)
        self._mark = QFrame(self)
        self._mark.setObjectName("findingMark")
        self._mark_words = QLabel(self._mark)
        self._mark_words.setObjectName("findingMarkWords")
        self._mark_words.setTextFormat(Qt.TextFormat.PlainText)
        self._mark_words.setWordWrap(True)
        self.recheck = QPushButton(self.tr("Looked at it again"), self._mark)
        self.recheck.setObjectName("recheckButton")
        self.merge = QPushButton(self._mark)
        self.merge.setObjectName("sameFindingButton")
        self.apart = QPushButton(self.tr("Keep apart"), self._mark)
        self.apart.setObjectName("otherFindingButton")
        self._lay_out()
        self.merge.clicked.connect(lambda: self.same_answered.emit(True))
        self.apart.clicked.connect(lambda: self.same_answered.emit(False))
        self.severity.activated.connect(self._on_severity_chosen)
        self.state.activated.connect(lambda row: self.state_chosen.emit(self.state.itemData(row)))
        self.recheck.clicked.connect(self.rechecked)
        theme.changed.connect(self._fill_severities)

    def _lay_out(self) -> None:
        first = QHBoxLayout()
        first.setSpacing(10)
        first.addWidget(self._key)
        first.addWidget(self._badge)
        first.addStretch(1)
        choices = QHBoxLayout()
        choices.setSpacing(8)
        choices.addWidget(self.severity)
        choices.addWidget(self.state)
        choices.addStretch(1)
        mark = QHBoxLayout(self._mark)
        mark.setContentsMargins(12, 8, 8, 8)
        mark.addWidget(self._mark_words, 1)
        mark.addWidget(self.recheck)
        mark.addWidget(self.merge)
        mark.addWidget(self.apart)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 18, 24, 6)
        layout.setSpacing(8)
        layout.addLayout(first)
        layout.addWidget(self.title)
        layout.addLayout(choices)
        layout.addWidget(self._mark)
        layout.addWidget(self._facts)

    def show_finding(self, finding: Finding, probable: str = "") -> None:
        """Show a finding; nothing is rebuilt that looks the same.

        Args:
            finding: what to show.
            probable: the key of the finding that it probably is again, which is asked; "" for none.
        """
        self._finding, self._probable = finding, probable
        self._key.setText(finding_words.one_line(finding.key, 40))
        text = finding_words.one_line(finding.texts.title, _LONGEST_TITLE)
        text = finding_words.breakable(text) or finding_words.title(finding)
        if text != self.title.text():
            self.title.setText(text)
        self._badge.setText(finding_words.badge(finding))
        self._badge.setToolTip(
            self.tr("Whether the code exists that the model names; it says nothing of the claim.")
        )
        self._fill_severities()
        self.state.setCurrentIndex(list(State).index(finding.state))
        marks = self._mark_sentence(finding)
        self._mark_words.setText(marks)
        self._mark.setVisible(bool(marks))
        self.recheck.setVisible(finding.recheck)
        asks = bool(probable) and not finding.recheck and not finding.duplicate_of
        self.merge.setText(self.tr("Merge into {key}").format(key=probable))
        self.merge.setVisible(asks)
        self.apart.setVisible(asks)
        self._facts.setText(self._fact_lines(finding))

    def _mark_sentence(self, finding: Finding) -> str:
        if finding.recheck:
            return self.tr("Re-check: its code has changed since you decided.")
        if self._probable and not finding.duplicate_of:
            return self.tr("This is probably {key} again.").format(key=self._probable)
        if finding.stale:
            return self.tr("Stale: its code has changed since it was found.")
        if finding.duplicate_of:
            return self.tr("Merged into {key}.").format(
                key=finding_words.one_line(finding.duplicate_of, 40)
            )
        return ""

    def _fact_lines(self, finding: Finding) -> str:
        out = [finding_words.evidence(finding)]
        if not finding.sightings:
            return out[0]
        seen = finding.sightings[0]
        if seen.impact or seen.likelihood:
            out.append(
                self.tr("Impact {impact}, likelihood {likelihood}.").format(
                    impact=seen.impact or "–", likelihood=seen.likelihood or "–"
                )
            )
        if kind := finding_words.category_words(seen.category):
            out.append(self.tr("Kind: {kind}").format(kind=kind))
        if seen.confidence:
            words = finding_words.one_line(seen.confidence, 60)
            out.append(self.tr("The model's own confidence, only recorded: {c}").format(c=words))
        return "\n".join(out)

    def _fill_severities(self) -> None:
        """The items of the chooser, each with its shape in the colours of the theme."""
        finding = self._finding
        if finding is None:
            return
        rank = list(Severity).index
        rated = [(s.severity, s.severity_origin) for s in finding.sightings if s.severity]
        models, origin = min(rated, key=lambda pair: rank(pair[0]), default=(None, ""))
        word = severities.word(models) if models else self.tr("not rated")
        # The model may have named another one: what it says of impact and likelihood decides.
        by_matrix = self.tr("{severity}, by impact and likelihood")
        said = by_matrix if origin == "matrix" else self.tr("{severity}, as the model has it")
        self.severity.clear()
        self.severity.addItem(self._icon(models), said.format(severity=word))
        for each in Severity:
            self.severity.addItem(self._icon(each), severities.word(each), each)
        own = finding.severity_origin == "auditor" and finding.severity is not None
        row = list(Severity).index(finding.severity) + 1 if own and finding.severity else 0
        self.severity.setCurrentIndex(row)
        shown = finding.severity
        color = severities.color(shown, self._theme.colors) if shown else self._theme.colors.dim
        self.severity.setStyleSheet(
            f"QComboBox#findingSeverity {{ color: {color}; border-color: {color}; }}"
        )

    def _icon(self, severity: Severity | None) -> QIcon:
        ratio = self.devicePixelRatioF()
        pixels = QPixmap(QSize(_SHAPE, _SHAPE) * ratio)
        pixels.setDevicePixelRatio(ratio)
        pixels.fill(Qt.GlobalColor.transparent)
        if severity is not None:
            painter = QPainter(pixels)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(severities.color(severity, self._theme.colors)))
            severities.paint_shape(painter, severity, QRectF(1, 1, _SHAPE - 2, _SHAPE - 2))
            painter.end()
        return QIcon(pixels)

    def _on_severity_chosen(self, row: int) -> None:
        self.severity_chosen.emit(self.severity.itemData(row))


def _choice(name: str, spoken: str, parent: QWidget) -> QComboBox:
    box = _Choice(parent)
    box.setObjectName(name)
    box.setAccessibleName(spoken)
    box.setIconSize(QSize(_SHAPE, _SHAPE))
    box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return box
