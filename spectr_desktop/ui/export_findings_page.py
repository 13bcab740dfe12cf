"""Which findings are written: a list to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from spectr_desktop.records.grades import Severity
from spectr_desktop.records.report import ReportKind
from spectr_desktop.ui import finding_words
from spectr_desktop.ui.export_subject import why_not
from spectr_desktop.ui.settings_row import told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectr_desktop.records.findings import Finding
    from spectr_desktop.ui.export_subject import Wanted

_RANKS = {severity: rank for rank, severity in enumerate((*Severity, None))}
_KEY = Qt.ItemDataRole.UserRole
_CHECK = Qt.ItemDataRole.CheckStateRole
_KEY_COLUMN, _SEVERITY, _TITLE, _STATE = range(4)
_MARGIN = 12
_KEY_WIDTH, _BOX_WIDTH = 64, 44


class FindingsPage(QWidget):
    """Findings and leads with check boxes. What was not chosen stays so in another kind.

    Attributes:
        unchosen: keys that the user does not want.

    Signals:
        chosen: other findings are wanted now.
    """

    chosen = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.unchosen: frozenset[str] = frozenset()
        self._findings: dict[str, Finding] = {}
        self._list = QTreeWidget(self)
        self._list.setObjectName("exportFindings")
        self._list.setAccessibleName(self.tr("Findings in the report"))
        self._list.setAccessibleDescription(self.tr("The space bar chooses a finding or drops it."))
        self._list.setRootIsDecorated(False)
        self._list.setUniformRowHeights(True)
        self._list.setAllColumnsShowFocus(True)
        self._list.setHeaderLabels(
            [self.tr("Key"), self.tr("Severity"), self.tr("Title"), self.tr("State")]
        )
        header = self._list.header()
        header.setStretchLastSection(False)
        for column in (_SEVERITY, _STATE):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(_TITLE, QHeaderView.ResizeMode.Stretch)
        self._list.itemChanged.connect(self._on_item_changed)
        self._count = told("help", self, "exportFindingsCount")
        self._count.setAccessibleName(self.tr("How many are in the report"))
        self._why = told("help", self, "exportFindingsWhy")
        self._why.setText(
            self.tr(
                "What is grey cannot be in a client's report: its state is not one of those that "
                "the house style names, or it is a lead."
            )
        )
        self._why.setAccessibleName(self.tr("Why some cannot be chosen"))
        everything = self._button("exportAllFindings", self.tr("Choose &all"))
        everything.clicked.connect(lambda: self._choose_all(chosen=True))
        none = self._button("exportNoFindings", self.tr("Choose &none"))
        none.clicked.connect(lambda: self._choose_all(chosen=False))
        line = QHBoxLayout()
        line.addWidget(everything)
        line.addWidget(none)
        line.addWidget(self._count, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        layout.addLayout(line)
        layout.addWidget(self._list, 1)
        layout.addWidget(self._why)

    def show_findings(self, findings: Sequence[Finding], wanted: Wanted) -> None:
        """Other findings, or others of their states: the worst first, leads at the end.

        Args:
            findings: what was not merged into another one.
            wanted: says which can be chosen, and which are.
        """
        current = self._list.currentItem()
        key = current.data(_KEY_COLUMN, _KEY) if current is not None else None
        ordered = sorted(findings, key=lambda one: (one.is_lead, _RANKS[one.severity]))
        self._findings = {one.key: one for one in ordered}
        self._list.blockSignals(True)
        self._list.clear()
        items = [self._item(one) for one in ordered]
        self._list.addTopLevelItems(items)
        self._list.blockSignals(False)
        self.show_wanted(wanted)
        # Qt forgets the check box of a style sheet when it reckons how wide a column is.
        widest = max((self.fontMetrics().horizontalAdvance(i.text(0)) for i in items), default=0)
        self._list.setColumnWidth(_KEY_COLUMN, max(_KEY_WIDTH, widest + _BOX_WIDTH))
        for item in items:
            if item.data(_KEY_COLUMN, _KEY) == key:
                self._list.setCurrentItem(item)

    def show_wanted(self, wanted: Wanted) -> None:
        """Say which can be chosen and which are."""
        self.unchosen = wanted.unchosen
        self._list.blockSignals(True)
        # The style sheet makes the widget's own palette paler than may be.
        dim = QApplication.palette().brush(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text)
        for item in self._items():
            finding = self._findings[item.data(_KEY_COLUMN, _KEY)]
            why = why_not(finding, wanted)
            flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
            if why:
                # It can still be walked to, so that the reason can be read.
                item.setFlags(flags)
                item.setData(_KEY_COLUMN, _CHECK, None)
            else:
                item.setFlags(flags | Qt.ItemFlag.ItemIsUserCheckable)
                item.setCheckState(_KEY_COLUMN, _checked(finding.key not in self.unchosen))
            for column in range(4):
                item.setData(column, Qt.ItemDataRole.ForegroundRole, dim if why else None)
                item.setData(column, Qt.ItemDataRole.AccessibleDescriptionRole, why or None)
            item.setToolTip(_STATE, why)
        self._list.blockSignals(False)
        self._why.setVisible(wanted.kind is ReportKind.CLIENT)
        self._show_count()

    def _item(self, finding: Finding) -> QTreeWidgetItem:
        title = finding_words.title(finding)
        if finding.is_lead:
            title = self.tr("Lead: {title}").format(title=title)
        texts = [
            finding_words.one_line(finding.key, 40),
            finding_words.severity_word(finding),
            title,
            finding_words.state_word(finding.state),
        ]
        item = QTreeWidgetItem(texts)
        item.setData(_KEY_COLUMN, _KEY, finding.key)
        item.setToolTip(_TITLE, title if len(title) < 200 else "")  # noqa: PLR2004  # a screen
        return item

    def _items(self) -> list[QTreeWidgetItem]:
        found = (self._list.topLevelItem(row) for row in range(self._list.topLevelItemCount()))
        return [item for item in found if item is not None]

    def _choose_all(self, *, chosen: bool) -> None:
        self._list.blockSignals(True)
        for item in self._items():
            if item.flags() & Qt.ItemFlag.ItemIsUserCheckable:
                item.setCheckState(_KEY_COLUMN, _checked(chosen))
        self._list.blockSignals(False)
        self._on_item_changed()

    def _on_item_changed(self) -> None:
        # What cannot be chosen now keeps what was chosen of it.
        unchosen = set(self.unchosen)
        for item in self._items():
            if item.flags() & Qt.ItemFlag.ItemIsUserCheckable:
                key = item.data(_KEY_COLUMN, _KEY)
                if item.checkState(_KEY_COLUMN) is Qt.CheckState.Checked:
                    unchosen.discard(key)
                else:
                    unchosen.add(key)
        if unchosen != self.unchosen:
            self.unchosen = frozenset(unchosen)
            self._show_count()
            self.chosen.emit()

    def _show_count(self) -> None:
        inside = sum(
            1
            for item in self._items()
            if item.flags() & Qt.ItemFlag.ItemIsUserCheckable
            and item.checkState(_KEY_COLUMN) is Qt.CheckState.Checked
        )
        text = self.tr("{inside} of {count} are in the report")
        self._count.setText(text.format(inside=f"{inside:,}", count=f"{len(self._findings):,}"))

    def _button(self, name: str, text: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAccessibleName(text.replace("&", ""))
        button.setAutoDefault(False)
        return button


def _checked(chosen: bool) -> Qt.CheckState:
    return Qt.CheckState.Checked if chosen else Qt.CheckState.Unchecked
