"""The pages of a house style: what stands around the findings, and how it looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLineEdit, QPlainTextEdit, QWidget

from spectr_desktop.records.grades import State
from spectr_desktop.records.house_style import HouseStyle, Look
from spectr_desktop.records.report import ReportDocument
from spectr_desktop.report.export.file_names import PLACEHOLDERS
from spectr_desktop.ui.export_look_rows import AccentRow, LogoRow
from spectr_desktop.ui.finding_words import state_word
from spectr_desktop.ui.hostile_text import visible
from spectr_desktop.ui.settings_page import ScrolledPage
from spectr_desktop.ui.settings_row import Row, told

if TYPE_CHECKING:
    from spectr_desktop.ui.tasks import TaskOwner

_LONGEST_LINE = 300
_COLUMNS = 2
_LEAST_HEIGHT = 110
# A finding that was merged into another one is in no report.
_STATES = tuple(state for state in State if state is not State.DUPLICATE)


class StylePage(ScrolledPage):
    """Title, names, look, states and file name.

    Signals:
        edited: something is another now.
    """

    edited = Signal()

    def __init__(self, tasks: TaskOwner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: dict[str, QLineEdit] = {}
        self._states: dict[State, QCheckBox] = {}
        self._duplicate = False
        self._line("exportTitle", self.tr("Title"), self.tr("Empty for what was audited."))
        self._line("exportAuditor", self.tr("Auditor"), self.tr("Who answers for the report."))
        self._line("exportClient", self.tr("Client"))
        self._line("exportVersion", self.tr("Version of the document"))
        self._accent = AccentRow(tasks, self.inside)
        self._accent.edited.connect(self.edited)
        self.add(self._accent)
        self._logo = LogoRow(tasks, self.inside)
        self._logo.edited.connect(self.edited)
        self.add(self._logo)
        self._add_states()
        self._line(
            "exportPattern",
            self.tr("Name of the file"),
            self.tr("May have {names}.").format(
                names=" ".join(f"{{{one}}}" for one in PLACEHOLDERS)
            ),
        )
        self._example = told("said", self.inside, "exportExample")
        self._example.setAccessibleName(self.tr("What the file is called"))
        self.add(self._example)

    @property
    def fault(self) -> str:
        """What is wrong here, "" for nothing."""
        return self._accent.fault

    def set_title_hint(self, title: str) -> None:
        """The title that the report has where none is written."""
        self._lines["exportTitle"].setPlaceholderText(visible(title))

    def show_example(self, sentence: str) -> None:
        """Say what the file will be called."""
        self._example.setText(visible(sentence))

    def show_style(self, style: HouseStyle) -> None:
        """Show a style; its own sections are on a page of their own."""
        document = style.document
        for name, text in (
            ("exportTitle", style.title),
            ("exportAuditor", document.auditor),
            ("exportClient", document.client),
            ("exportVersion", document.version),
            ("exportPattern", style.file_name),
        ):
            self._lines[name].setText(text)
            self._lines[name].setCursorPosition(0)
        self._accent.show_value(style.look.accent)
        self._logo.show_value(style.look.logo)
        for state, box in self._states.items():
            box.setChecked(state in style.states)
        self._duplicate = State.DUPLICATE in style.states

    def style_with(self, name: str, before: str, after: str) -> HouseStyle:
        """What is shown, as a style of this name with these own sections."""
        lines = {name: line.text() for name, line in self._lines.items()}
        states = [state for state, box in self._states.items() if box.isChecked()]
        if self._duplicate:
            states.append(State.DUPLICATE)
        return HouseStyle(
            name=name,
            title=lines["exportTitle"].strip(),
            document=ReportDocument(
                auditor=lines["exportAuditor"].strip(),
                client=lines["exportClient"].strip(),
                version=lines["exportVersion"].strip(),
                before=before,
                after=after,
            ),
            look=Look(self._logo.value(), self._accent.value()),
            states=tuple(states),
            file_name=lines["exportPattern"],
        )

    def _line(self, name: str, label: str, help_text: str = "") -> None:
        line = QLineEdit(self.inside)
        line.setMaxLength(_LONGEST_LINE)
        line.textChanged.connect(self.edited)
        self._lines[name] = line
        self.add(Row(name, line, label=label, help_text=help_text, parent=self.inside))

    def _add_states(self) -> None:
        box = QWidget(self.inside)
        grid = QGridLayout(box)
        grid.setContentsMargins(0, 0, 0, 0)
        for at, state in enumerate(_STATES):
            word = state_word(state)
            check = QCheckBox(word, box)
            check.setObjectName(f"exportState_{state.value}")
            check.setAccessibleName(self.tr("{state}: for clients").format(state=word))
            check.clicked.connect(self.edited)
            self._states[state] = check
            grid.addWidget(check, at // _COLUMNS, at % _COLUMNS)
        label = self.tr("States for clients")
        help_text = self.tr("A client's report has the findings that are in one of these.")
        self.add(Row("exportStates", box, label=label, help_text=help_text, parent=self.inside))


class SectionsPage(ScrolledPage):
    """The auditor's own sections.

    Signals:
        edited: something is another now.
    """

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._before = self._edit(
            "exportBefore",
            self.tr("In front of the scope"),
            self.tr("Markdown, such as a summary for the management. Tab leaves the field."),
        )
        self._after = self._edit(
            "exportAfter",
            self.tr("At the end"),
            self.tr("Markdown, such as a disclaimer or about your firm."),
        )

    @property
    def before(self) -> str:
        """What stands in front of the scope."""
        return self._before.toPlainText()

    @property
    def after(self) -> str:
        """What stands at the end."""
        return self._after.toPlainText()

    def show_style(self, style: HouseStyle) -> None:
        """Show the sections of a style."""
        for edit, text in (
            (self._before, style.document.before),
            (self._after, style.document.after),
        ):
            if edit.toPlainText() != text:
                edit.setPlainText(text)

    def _edit(self, name: str, label: str, help_text: str) -> QPlainTextEdit:
        edit = QPlainTextEdit(self.inside)
        edit.setTabChangesFocus(True)
        edit.setMinimumHeight(_LEAST_HEIGHT)
        edit.textChanged.connect(self.edited)
        self.add(Row(name, edit, label=label, help_text=help_text, parent=self.inside))
        return edit
