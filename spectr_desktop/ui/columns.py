"""The three columns of the window, each with tabs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QTabWidget, QWidget

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectr_desktop.ui.report_pane import ReportPane


class Columns(QSplitter):
    """Three columns whose widths the user may change.

    Attributes:
        left, middle, right: the tabs of each.
    """

    def __init__(
        self,
        files: QWidget,
        findings: QWidget,
        history: QWidget,
        source: QWidget,
        report: ReportPane,
        finding: QWidget,
        parent: QWidget,
    ) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setObjectName("columns")
        self.setHandleWidth(1)
        self.setChildrenCollapsible(False)
        self.left = self._tabs("leftTabs", self.tr("Project"), files, self.tr("Files"))
        self.middle = self._tabs("sourceTabs", self.tr("Source"), source, self.tr("No file"))
        self.right = self._tabs("rightTabs", self.tr("Results"), report, self.tr("Live report"))
        self.left.addTab(findings, self.tr("Findings"))
        self.left.addTab(history, self.tr("History"))
        self.right.addTab(finding, self.tr("Finding"))
        self.right.setCornerWidget(report.outline)
        # Behind the editor, which takes Tab for itself, it would not be reached.
        self.setTabOrder(report.outline, self.right)
        for column, stretch in ((self.left, 0), (self.middle, 1), (self.right, 1)):
            self.addWidget(column)
            self.setStretchFactor(self.count() - 1, stretch)
        self.setSizes([310, 570, 520])

    def show_page(self, page: QWidget) -> None:
        """Bring the tab of a page to the front."""
        for tabs in (self.left, self.middle, self.right):
            if tabs.indexOf(page) >= 0:
                tabs.setCurrentWidget(page)

    def show_count(self, page: QWidget, title: str, count: int) -> None:
        """Show how much a page holds in the title of its tab."""
        index = self.left.indexOf(page)
        self.left.setTabText(index, f"{title}  {count}" if count else title)

    def in_front(self) -> tuple[str, ...]:
        """The object names of the pages that are in front, at the left and at the right."""
        return tuple(_name(tabs.currentWidget()) for tabs in (self.left, self.right))

    def bring_to_front(self, names: Sequence[str]) -> None:
        """Bring the pages of these object names to the front; names of no page are left out."""
        for tabs in (self.left, self.right):
            for index in range(tabs.count()):
                if _name(tabs.widget(index)) in names:
                    tabs.setCurrentIndex(index)

    def _tabs(self, name: str, spoken: str, page: QWidget, title: str) -> QTabWidget:
        tabs = QTabWidget(self)
        tabs.setObjectName(name)
        tabs.setAccessibleName(spoken)
        tabs.setDocumentMode(True)
        tabs.addTab(page, title)
        tabs.tabBar().setFocusPolicy(Qt.FocusPolicy.TabFocus)
        tabs.tabBar().setExpanding(False)
        return tabs


def _name(page: QWidget | None) -> str:
    return page.objectName() if page is not None else ""
