"""The Files tab: what is audited, with its size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from spectr_desktop.ui.hostile_text import visible

if TYPE_CHECKING:
    from pathlib import Path


class ProjectView(QTreeWidget):
    """A row for the open file: name, lines, and the estimate of its tokens."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("projectView")
        self.setAccessibleName(self.tr("Project files"))
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setColumnCount(3)
        self.setHeaderLabels([self.tr("File"), self.tr("Lines"), self.tr("Tokens, about")])
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
            self.headerItem().setTextAlignment(
                column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            )

    def show_file(self, path: Path | None, lines: int, tokens: int) -> None:
        """Show the open file; None shows that there is none."""
        if path is None:
            self.clear()
            return
        item = self.topLevelItem(0)
        if item is None:
            item = QTreeWidgetItem(self)
            self.setCurrentItem(item)
        item.setText(0, visible(path.name))
        item.setToolTip(0, visible(str(path)))
        for column, count in ((1, lines), (2, tokens)):
            item.setText(column, f"{count:,}")
            item.setTextAlignment(
                column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            )
