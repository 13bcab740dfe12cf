"""The form of one server: the fields that its provider knows, its key, and its test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QPushButton, QVBoxLayout, QWidget

from spectr_desktop.providers import registry
from spectr_desktop.store.settings_servers import FIELDS
from spectr_desktop.ui import dialogs
from spectr_desktop.ui.settings_drafts import APPLICABLE
from spectr_desktop.ui.settings_fields import Choices
from spectr_desktop.ui.settings_row import Row
from spectr_desktop.ui.settings_server_key import KeyRow, ServerTestRow

if TYPE_CHECKING:
    from spectr_desktop.records.server import ServerConfig
    from spectr_desktop.ui.settings_drafts import Draft
    from spectr_desktop.ui.settings_server_key import KeyStore, Tester
    from spectr_desktop.ui.tasks import TaskOwner

_LONGEST = 4096
_FILES = {"model_file": "GGUF (*.gguf)", "ca_file": "PEM (*.pem *.crt *.cer)"}


class ServerForm(QWidget):
    """Edits one draft at a time.

    Signals:
        edited: the draft is another now, or a key is being typed.
    """

    edited = Signal()

    def __init__(
        self, tester: Tester, keys: KeyStore, tasks: TaskOwner, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._draft: Draft | None = None
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(0)
        self._rows: dict[str, Row] = {}
        self._edits: dict[str, QLineEdit] = {}
        self._add_field("name")
        self._kinds = self._add_kinds()
        for name in FIELDS[1:3]:
            self._add_field(name)
        self._key = KeyRow(keys, tasks, self)
        self._test = ServerTestRow(tester, tasks, self)
        self._box.addWidget(self._key)
        self._box.addWidget(self._test)
        for name in FIELDS[3:]:
            self._add_field(name)
        self._key.edited.connect(self.edited)
        # Not with each letter: whoever has the keychain locked is asked to unlock it.
        self._edits["base_url"].editingFinished.connect(self._key.ask)

    @property
    def unsaved_key(self) -> bool:
        """A key has been typed and not saved."""
        return self._key.unsaved

    def show_draft(self, draft: Draft | None) -> None:
        """Show a server; a key that was typed for another one is dropped."""
        if draft is not self._draft:
            self._key.drop_text()
        self._draft = None  # what is put in below is no edit
        self.setVisible(draft is not None)
        if draft is not None:
            for name, edit in self._edits.items():
                edit.setText(draft.texts[name])
            self._kinds.setCurrentIndex(self._kinds.findData(draft.provider))
        self._draft = draft
        self._show()
        self._key.ask()

    def focus_name(self) -> None:
        """Put the focus into the first field."""
        self._edits["name"].setFocus(Qt.FocusReason.OtherFocusReason)

    def close_questions(self) -> None:
        """End what is being asked: the dialog closes."""
        self._test.cancel()
        self._key.close_questions()

    def _add_kinds(self) -> Choices:
        kinds = Choices(self)
        for name in registry.names():
            kinds.addItem(registry.title(name), name)
        kinds.currentIndexChanged.connect(self._on_kind_changed)
        self._box.addWidget(Row("serverProvider", kinds, label=self.tr("Kind"), parent=self))
        return kinds

    def _add_field(self, name: str) -> None:
        edit = QLineEdit(self)
        edit.setMaxLength(_LONGEST)
        edit.textChanged.connect(self._on_edited)
        beside: list[QWidget] = []
        label, help_text = self._words(name)
        if name in _FILES:
            button = QPushButton(self.tr("Choose…"), self)
            button.setObjectName(f"choose_{name}")
            button.setAccessibleName(self.tr("Choose: {label}").format(label=label))
            button.setAutoDefault(False)
            button.clicked.connect(lambda: self._on_choose(name))
            beside.append(button)
        row = Row(
            f"server_{name}", edit, label=label, help_text=help_text, beside=beside, parent=self
        )
        self._rows[name], self._edits[name] = row, edit
        self._box.addWidget(row)

    def _words(self, name: str) -> tuple[str, str]:
        return {
            "name": (self.tr("Name"), ""),
            "base_url": (self.tr("Address"), self.tr("With or without /v1.")),
            "model_file": (
                self.tr("Model file"),
                self.tr("A .gguf file. Empty is the practice model that is installed with it."),
            ),
            "parallel": (
                self.tr("Requests at a time"),
                self.tr("More wait for their turn. Empty is the usual number."),
            ),
            "keep_alive": (
                self.tr("Keep the model loaded"),
                self.tr("After an answer: 30m, 2h, 0, or -1 for ever. Empty is as Ollama has it."),
            ),
            "proxy": (
                self.tr("Proxy"),
                self.tr(
                    "Empty is that of the environment. Never used for this machine. One with a "
                    "password goes into HTTPS_PROXY."
                ),
            ),
            "ca_file": (
                self.tr("Authorities to trust too"),
                self.tr("A PEM file, for a server or proxy with a certificate of your own."),
            ),
        }[name]

    def _on_choose(self, name: str) -> None:
        self._tasks.start(self._choose(name), "choose file")

    async def _choose(self, name: str) -> None:
        draft = self._draft
        filters = f"{_FILES[name]};;{self.tr('All files')} (*)"
        path = await dialogs.open_file_name(self.window(), self._words(name)[0], filters)
        if path is not None and draft is self._draft:
            self._edits[name].setText(str(path))

    def _on_kind_changed(self) -> None:
        self._on_edited()
        if self._draft is not None:
            self._key.ask()

    def _on_edited(self) -> None:
        draft = self._draft
        if draft is None:
            return
        draft.provider = self._kinds.currentData()
        for name, edit in self._edits.items():
            draft.texts[name] = edit.text()
        self._show()
        self.edited.emit()

    def _show(self) -> None:
        draft = self._draft
        if draft is None:
            self.close_questions()
            return
        for name, row in self._rows.items():
            row.setVisible(name in APPLICABLE[draft.provider])
            row.show_fault(draft.fault(name))
        self._edits["name"].setPlaceholderText(registry.title(draft.provider))
        self._edits["base_url"].setPlaceholderText(self._usual_address(draft.provider))
        config: ServerConfig | None = None if draft.faults() else draft.server().config
        has_key = draft.provider != "builtin"
        self._key.setVisible(has_key)
        self._key.show_server(config if has_key else None)
        self._test.show_server(config)

    def _usual_address(self, provider: str) -> str:
        return {
            "ollama": self.tr("OLLAMA_HOST, or http://127.0.0.1:11434"),
            "anthropic": "https://api.anthropic.com",
        }.get(provider, "http://127.0.0.1:8080")
