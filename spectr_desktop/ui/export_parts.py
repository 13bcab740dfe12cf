"""The widgets of the export dialog, and where they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from spectr_desktop.ui.export_findings_page import FindingsPage
from spectr_desktop.ui.export_preview import ExportPreview
from spectr_desktop.ui.export_profiles import Profiles
from spectr_desktop.ui.export_report_page import ReportPage
from spectr_desktop.ui.export_results import ResultsPage
from spectr_desktop.ui.export_style_page import SectionsPage, StylePage
from spectr_desktop.ui.hostile_text import visible
from spectr_desktop.ui.settings_row import told

if TYPE_CHECKING:
    from PySide6.QtWidgets import QDialog

    from spectr_desktop.store.house_styles import HouseStyles
    from spectr_desktop.ui.tasks import TaskOwner

_SIZE = QSize(1000, 700)
_OF_SCREEN = 0.95
_SHARES = (550, 450)
_MARGIN = 12


class Parts:
    """All widgets of the dialog.

    Args:
        dialog: theirs.
        styles: where house styles are kept.
        tasks: hold what is made and asked.
    """

    def __init__(self, dialog: QDialog, styles: HouseStyles, tasks: TaskOwner) -> None:
        self._dialog = dialog
        tr = dialog.tr
        self.subject = self._label("exportSubject", tr("What is exported"))
        self._notice = self._label("exportNotice", tr("What the report says of itself"))
        self.tabs = QTabWidget(dialog)
        self.tabs.setObjectName("exportTabs")
        self.tabs.setAccessibleName(tr("Pages of the export"))
        self.tabs.setDocumentMode(True)
        self.tabs.setUsesScrollButtons(True)
        self.report = ReportPage(dialog)
        self.findings = FindingsPage(dialog)
        self.style = StylePage(tasks, dialog)
        self.sections = SectionsPage(dialog)
        self.profiles = Profiles(styles, tasks, dialog)
        self.results = ResultsPage(dialog)
        self.preview = ExportPreview(tasks, dialog)
        self.folder = QLineEdit(dialog)
        self.folder.setObjectName("exportFolder")
        self.folder.setAccessibleName(tr("Folder"))
        self.choose = self._button("exportChooseFolder", tr("Choose…"), tr("Choose the folder"))
        self.toggle = self._button("exportTogglePreview", tr("Previe&w"), tr("Show the preview"))
        self.toggle.setCheckable(True)
        self.names = self._label("exportNames", tr("Files that will be written"))
        self.why = self._label("exportWhyNot", tr("Why nothing can be exported"))
        self.why.setProperty("role", "said")
        self.write = self._button("exportWrite", tr("&Export"), tr("Export now"))
        self.cancel = self._button("exportCancel", tr("Cancel"), tr("Cancel the export"))
        self.close = self._button("exportClose", tr("Close"), tr("Close"))
        self._lay_out()

    def show_notice(self, sentence: str) -> None:
        """Say what the reader of the report sees first, "" for nothing."""
        self._notice.setText(visible(sentence))
        self._notice.setVisible(bool(sentence))

    def show_results(self) -> None:
        """Bring the page of results to the front; it is there from the first export on."""
        if self.tabs.indexOf(self.results) < 0:
            self.tabs.addTab(self.results, self._dialog.tr("Res&ult"))
        self.tabs.setCurrentWidget(self.results)

    def _label(self, name: str, accessible: str) -> QLabel:
        label = told("help", self._dialog, name)
        label.setAccessibleName(accessible)
        return label

    def _button(self, name: str, text: str, accessible: str) -> QPushButton:
        button = QPushButton(text, self._dialog)
        button.setObjectName(name)
        button.setAccessibleName(accessible)
        # Return in a field must not write files, or open a dialog.
        button.setAutoDefault(False)
        return button

    def _lay_out(self) -> None:
        dialog, tr = self._dialog, self._dialog.tr
        look = QWidget(dialog)
        stacked = QVBoxLayout(look)
        stacked.setContentsMargins(0, 0, 0, 0)
        stacked.addWidget(self.profiles)
        stacked.addWidget(self.style, 1)
        self.tabs.addTab(self.report, tr("&Report"))
        self.tabs.addTab(self.findings, tr("&Findings"))
        self.tabs.addTab(look, tr("S&tyle"))
        self.tabs.addTab(self.sections, tr("Own se&ctions"))
        self.results.hide()
        splitter = QSplitter(Qt.Orientation.Horizontal, dialog)
        splitter.setObjectName("exportSplitter")
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.tabs)
        right = QWidget(dialog)
        boxed = QVBoxLayout(right)
        boxed.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        boxed.addWidget(self.preview)
        self._right = right
        splitter.addWidget(right)
        splitter.setStretchFactor(0, _SHARES[0])
        splitter.setStretchFactor(1, _SHARES[1])
        splitter.setSizes([*_SHARES])
        self.toggle.toggled.connect(right.setVisible)
        head = QVBoxLayout()
        head.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, 0)
        head.addWidget(self.subject)
        head.addWidget(self._notice)
        whole = QVBoxLayout(dialog)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addLayout(head)
        whole.addWidget(splitter, 1)
        whole.addWidget(self._foot())
        room = dialog.screen().availableGeometry().size() * _OF_SCREEN
        dialog.resize(_SIZE.boundedTo(room))

    def _foot(self) -> QWidget:
        foot = QWidget(self._dialog)
        foot.setObjectName("exportFoot")
        caption = QLabel(self._dialog.tr("Fol&der"), foot)
        caption.setBuddy(self.folder)
        first = QHBoxLayout()
        first.addWidget(caption)
        first.addWidget(self.folder, 1)
        first.addWidget(self.choose)
        second = QHBoxLayout()
        second.addWidget(self.toggle)
        second.addWidget(self.names, 1)
        second.addWidget(self.why, 1)
        second.addWidget(self.write)
        second.addWidget(self.cancel)
        second.addWidget(self.close)
        layout = QVBoxLayout(foot)
        layout.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        layout.addLayout(first)
        layout.addLayout(second)
        return foot
