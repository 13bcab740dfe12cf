"""What is written: who it is for, and in which formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QT_TRANSLATE_NOOP, Signal
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QRadioButton, QVBoxLayout, QWidget

from spectr_desktop.records.report import ReportKind
from spectr_desktop.ui.hostile_text import visible
from spectr_desktop.ui.settings_page import ScrolledPage
from spectr_desktop.ui.settings_row import told

if TYPE_CHECKING:
    from collections.abc import Collection

    from PySide6.QtWidgets import QAbstractButton

_INDENT = 27  # below the words of a button, not its mark
_FORMATS = (
    (
        ".md",
        QT_TRANSLATE_NOOP("ReportPage", "&Markdown"),
        QT_TRANSLATE_NOOP("ReportPage", "Text to read, edit and keep with the code."),
    ),
    (
        ".html",
        QT_TRANSLATE_NOOP("ReportPage", "&HTML"),
        QT_TRANSLATE_NOOP("ReportPage", "One page for a browser; it loads nothing from anywhere."),
    ),
    (
        ".pdf",
        QT_TRANSLATE_NOOP("ReportPage", "&PDF"),
        QT_TRANSLATE_NOOP("ReportPage", "Pages to hand over and to print."),
    ),
    (
        ".json",
        QT_TRANSLATE_NOOP("ReportPage", "&JSON"),
        QT_TRANSLATE_NOOP("ReportPage", "The whole report for programs, by a published schema."),
    ),
    (
        ".sarif",
        QT_TRANSLATE_NOOP("ReportPage", "&SARIF"),
        QT_TRANSLATE_NOOP("ReportPage", "Findings for code scanning, as on GitHub."),
    ),
    (
        ".csv",
        QT_TRANSLATE_NOOP("ReportPage", "CS&V"),
        QT_TRANSLATE_NOOP("ReportPage", "A table of the findings for a spreadsheet."),
    ),
    (
        ".zip",
        QT_TRANSLATE_NOOP("ReportPage", "Evidence &bundle"),
        QT_TRANSLATE_NOOP(
            "ReportPage",
            "Evidence of how the report came about: the source, all that the model wrote, "
            "decisions and check sums. It holds more than a client's report does.",
        ),
    ),
)
_KINDS = (
    (
        ReportKind.CLIENT,
        QT_TRANSLATE_NOOP("ReportPage", "For the &client"),
        QT_TRANSLATE_NOOP(
            "ReportPage",
            "Findings that you stand for, in your words and numbered by severity; nothing of how "
            "they were found.",
        ),
    ),
    (
        ReportKind.WORKING,
        QT_TRANSLATE_NOOP("ReportPage", "To &work with"),
        QT_TRANSLATE_NOOP(
            "ReportPage",
            "Every finding and lead, with the model's own words, evidence, notes and parameters.",
        ),
    ),
)


class ReportPage(ScrolledPage):
    """Kind and formats.

    Signals:
        kind_changed: the user chose another kind.
        formats_changed: other formats are chosen.
    """

    kind_changed = Signal()
    formats_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kinds: dict[ReportKind, QRadioButton] = {}
        self._formats: dict[str, QCheckBox] = {}
        self._left_out = told("said", self.inside, "exportLeftOut")
        self._left_out.setAccessibleName(self.tr("What the report leaves out"))
        self._heading(self.tr("Who it is for"))
        group = QButtonGroup(self)
        for kind, text, sentence in _KINDS:
            radio = QRadioButton(self.tr(str(text)), self.inside)
            group.addButton(radio)
            self._kinds[kind] = radio
            self._add(radio, f"exportKind_{kind.value}", self.tr(str(sentence)))
            radio.clicked.connect(self.kind_changed)
        self.add(self._left_out)
        self._heading(self.tr("Formats"))
        for suffix, text, sentence in _FORMATS:
            box = QCheckBox(self.tr(str(text)), self.inside)
            self._formats[suffix] = box
            self._add(box, f"exportFormat_{suffix[1:]}", self.tr(str(sentence)))
            box.clicked.connect(self.formats_changed)

    @property
    def kind(self) -> ReportKind:
        """Who the report is for."""
        client = self._kinds[ReportKind.CLIENT].isChecked()
        return ReportKind.CLIENT if client else ReportKind.WORKING

    @property
    def formats(self) -> tuple[str, ...]:
        """Suffixes, in the order in which they are written."""
        return tuple(suffix for suffix, box in self._formats.items() if box.isChecked())

    def show_kind(self, kind: ReportKind) -> None:
        """Choose a kind."""
        self._kinds[kind].setChecked(True)

    def show_formats(self, formats: Collection[str]) -> None:
        """Choose formats; suffixes that are none are left out."""
        for suffix, box in self._formats.items():
            box.setChecked(suffix in formats)

    def show_left_out(self, sentence: str) -> None:
        """Say what the report leaves out."""
        self._left_out.setText(visible(sentence))

    def format_name(self, suffix: str) -> str:
        """What a format is called."""
        return self._formats[suffix].accessibleName()

    def _heading(self, text: str) -> None:
        label = told("heading", self.inside)
        label.setText(text)
        self.add(label)

    def _add(self, button: QAbstractButton, name: str, sentence: str) -> None:
        button.setObjectName(name)
        button.setAccessibleName(button.text().replace("&", ""))
        button.setAccessibleDescription(sentence)
        words = told("help", self.inside)
        words.setText(sentence)
        both = QWidget(self.inside)
        layout = QVBoxLayout(both)
        layout.setContentsMargins(0, 0, 0, 8)
        layout.setSpacing(0)
        layout.addWidget(button)
        words.setContentsMargins(_INDENT, 0, 0, 0)
        layout.addWidget(words)
        self.add(both)
