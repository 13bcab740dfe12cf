"""The page of the settings for prompts: which version is sent, and own versions of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from spectr_desktop import paths
from spectr_desktop.audit import prompts
from spectr_desktop.errors import SpectrError
from spectr_desktop.ui.hostile_text import visible
from spectr_desktop.ui.theme import code_font

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectr_desktop.ui.theme import Theme

_NEW = "new"
"""Stands for the version that is being written."""
_SHOWN = "\n\n--- message to the model ---\n\n"


@dataclass(frozen=True, slots=True)
class _Texts:
    system: str
    user: str


class PromptsPage(QWidget):
    """Chooses a version for each prompt; typing begins an own version of the one that is shown.

    Nothing typed is lost by looking at another version or prompt: what is new stays in the list
    of versions, as "new", until `accept`.

    Attributes:
        chosen: by the name of a prompt the version to send, "" for the newest shipped one. To be
            read after `accept`, for the setting `prompts.<name>`.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.chosen: dict[str, str] = dict.fromkeys(prompts.NAMES, "")
        self._new: dict[str, _Texts] = {}
        self.setObjectName("promptsPage")
        self._prompt = self._combo("promptName", self.tr("Prompt"))
        titles = {
            "quick": self.tr("Audit"),
            "ask": self.tr("Question about a point"),
            "draft": self.tr("Draft of a test"),
        }
        for name in prompts.NAMES:
            self._prompt.addItem(titles.get(name, name), name)
        self._version = self._combo("promptVersion", self.tr("Version that is sent"))
        self._system = self._editor("promptSystem", self.tr("Instructions"))
        self._user = self._editor("promptUser", self.tr("Message to the model"))
        self._places = self._note("promptPlaces")
        self._problem = self._note("promptProblem")
        self._difference = self._button("promptDifference", self.tr("Show the difference…"))
        self._difference.setToolTip(self.tr("To the newest version that came with the program"))
        self._back = self._button("promptShipped", self.tr("Use the shipped one"))
        self._prompt.currentIndexChanged.connect(self._on_prompt_chosen)
        self._version.currentIndexChanged.connect(self._on_version_chosen)
        self._system.textChanged.connect(self._on_edited)
        self._user.textChanged.connect(self._on_edited)
        self._difference.clicked.connect(self._on_difference)
        self._back.clicked.connect(self._on_back)
        theme.changed.connect(self._on_theme_changed)
        self._lay_out()
        self._on_theme_changed()
        self._on_prompt_chosen()

    # -- what the dialog asks of the page ---------------------------------------------------

    def set_chosen(self, chosen: Mapping[str, str]) -> None:
        """Show the versions that the settings name; one that is not there is said to be so."""
        for name in self.chosen:
            self.chosen[name] = chosen.get(name, "")
        self._on_prompt_chosen()

    def accept(self) -> bool:
        """Keep what is new as own versions.

        Returns:
            Whether all is kept, and `chosen` may be saved. If not, the page shows the prompt that
            has to be mended, and says why.
        """
        for name, texts in list(self._new.items()):
            try:
                made = prompts.add_own(name, texts.system, texts.user)
            except SpectrError as error:
                self._prompt.setCurrentIndex(self._prompt.findData(name))
                self._version.setCurrentIndex(self._version.findData(_NEW))
                self._say(error.message)
                self._user.setFocus()
                return False
            del self._new[name]
            if self.chosen[name] == _NEW:
                self.chosen[name] = made
        self._on_prompt_chosen()
        return True

    # -- showing ----------------------------------------------------------------------------

    @property
    def _name(self) -> str:
        return self._prompt.currentData()

    def _on_prompt_chosen(self) -> None:
        name = self._name
        places = ["{{source}}"]
        if name in prompts.FOLLOW_UPS:
            places += ["{{subject}}", "{{question}}"]
        self._places.setText(
            self.tr("Put in once: {places}. Where you like: {{{{title}}}}.").format(
                places=", ".join(places)
            )
        )
        self._fill_versions()
        self._show_version()

    def _fill_versions(self) -> None:
        name, blocker = self._name, QSignalBlocker(self._version)
        self._version.clear()
        self._version.addItem(self.tr("Shipped, always the newest"), "")
        for version in prompts.versions(name):
            number = version.removeprefix("own-")
            own = number != version
            title = self.tr("Own version {n}") if own else self.tr("Shipped version {n}")
            self._version.addItem(title.format(n=number), version)
        if name in self._new:
            self._version.addItem(self.tr("New own version, not yet saved"), _NEW)
        wanted = self.chosen[name]
        if self._version.findData(wanted) < 0:
            text = self.tr("{version} is not there").format(version=visible(wanted))
            self._version.addItem(text, wanted)
        self._version.setCurrentIndex(self._version.findData(wanted))
        blocker.unblock()

    def _on_version_chosen(self) -> None:
        self.chosen[self._name] = self._version.currentData()
        self._show_version()

    def _show_version(self) -> None:
        self._say("")
        try:
            texts = self._texts(self.chosen[self._name])
        except SpectrError as error:
            texts = _Texts("", "")
            self._say(error.message)
        for edit, text in ((self._system, texts.system), (self._user, texts.user)):
            blocker = QSignalBlocker(edit)
            edit.setPlainText(text)
            blocker.unblock()
        self._show_buttons()

    def _texts(self, version: str) -> _Texts:
        if version == _NEW:
            return self._new[self._name]
        found = prompts.prompt(self._name, version)
        return _Texts(found.system, found.user)

    def _show_buttons(self) -> None:
        shipped = prompts.prompt(self._name)
        typed = _Texts(self._system.toPlainText(), self._user.toPlainText())
        self._difference.setEnabled(typed != _Texts(shipped.system, shipped.user))
        self._back.setEnabled(bool(self.chosen[self._name]))

    def _say(self, sentence: str) -> None:
        self._problem.setText(f"▲  {visible(sentence)}" if sentence else "")
        self._problem.setVisible(bool(sentence))

    # -- changing ---------------------------------------------------------------------------

    def _on_edited(self) -> None:
        name = self._name
        self._new[name] = _Texts(self._system.toPlainText(), self._user.toPlainText())
        self._say("")
        if self.chosen[name] != _NEW:
            self.chosen[name] = _NEW
            self._fill_versions()
        self._show_buttons()

    def _on_back(self) -> None:
        self._version.setCurrentIndex(self._version.findData(""))
        self._version.setFocus()

    def _on_difference(self) -> None:
        from spectr_desktop.ui.diff_dialog import DiffDialog  # noqa: PLC0415  # rarely wanted

        shipped = prompts.prompt(self._name)
        title = self.tr("{prompt}: the shipped version {n}, and what is shown").format(
            prompt=self._prompt.currentText(), n=shipped.version
        )
        dialog = DiffDialog(self._theme, title, self.window())
        typed = self._system.toPlainText() + _SHOWN + self._user.toPlainText()
        dialog.show_now(shipped.system + _SHOWN + shipped.user, typed)

    # -- building ---------------------------------------------------------------------------

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.addRow(self.tr("&Prompt"), self._prompt)
        form.addRow(self.tr("&Version that is sent"), self._version)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        for title, edit, share in (
            (self.tr("&Instructions"), self._system, 2),
            (self.tr("&Message to the model"), self._user, 5),
        ):
            label = QLabel(title, self)
            label.setBuddy(edit)
            layout.addWidget(label)
            layout.addWidget(edit, share)
        layout.addWidget(self._places)
        layout.addWidget(self._problem)
        row = QHBoxLayout()
        row.addWidget(self._difference)
        row.addWidget(self._back)
        row.addStretch(1)
        layout.addLayout(row)
        layout.addWidget(
            self._note(
                "promptHint",
                self.tr(
                    "Typing begins a new own version; the old ones stay, so that every run can be "
                    "repeated with exactly its prompt."
                ),
            )
        )

    def _combo(self, name: str, spoken: str) -> QComboBox:
        combo = QComboBox(self)
        combo.setObjectName(name)
        combo.setAccessibleName(spoken)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.setMinimumContentsLength(16)
        return combo

    def _editor(self, name: str, spoken: str) -> QPlainTextEdit:
        edit = QPlainTextEdit(self)
        edit.setObjectName(name)
        edit.setAccessibleName(spoken)
        edit.setFont(code_font())
        edit.setTabChangesFocus(True)
        return edit

    def _button(self, name: str, text: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAccessibleName(text)
        button.setAutoDefault(False)
        return button

    def _note(self, name: str, text: str = "") -> QLabel:
        label = QLabel(text, self)
        label.setObjectName(name)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        return label

    def _on_theme_changed(self) -> None:
        colors = self._theme.colors
        icons = paths.resources() / "icons" / ("dark" if self._theme.dark else "light")
        chevron = (icons / "chevron.svg").as_posix()
        self.setStyleSheet(
            f"QPlainTextEdit, QComboBox {{ background: {colors.panel}; color: {colors.text};"
            f" border: 1px solid {colors.line}; border-radius: 6px; padding: 4px; }}"
            f" QPlainTextEdit:focus, QComboBox:focus {{ border-color: {colors.accent}; }}"
            " QComboBox::drop-down { border: none; width: 26px; }"
            f' QComboBox::down-arrow {{ image: url("{chevron}"); width: 12px; height: 12px; }}'
            f" #promptPlaces, #promptHint {{ color: {colors.dim}; }}"
            f" #promptProblem {{ color: {colors.critical}; }}"
        )
