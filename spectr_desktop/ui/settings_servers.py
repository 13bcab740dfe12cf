"""The page of servers: their list, in the order in which they are asked, and the form of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QPushButton, QVBoxLayout

from spectr_desktop.providers import registry
from spectr_desktop.ui.hostile_text import visible
from spectr_desktop.ui.settings_drafts import Draft, draft_of
from spectr_desktop.ui.settings_page import ScrolledPage
from spectr_desktop.ui.settings_row import told
from spectr_desktop.ui.settings_server_form import ServerForm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QWidget

    from spectr_desktop.records.settings import SavedServer
    from spectr_desktop.ui.settings_server_key import KeyStore, Tester
    from spectr_desktop.ui.tasks import TaskOwner

_LIST_HEIGHT = 132
_GAP = 8


class ServersPage(ScrolledPage):
    """Several servers, each named, on or off.

    Signals:
        edited: one of them, or their order, is another now.
    """

    edited = Signal()

    def __init__(
        self,
        servers: Sequence[SavedServer],
        tester: Tester,
        keys: KeyStore,
        tasks: TaskOwner,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._before = tuple(servers)
        self._drafts = [draft_of(server) for server in servers]
        self._filling = False
        self._list = QListWidget(self.inside)
        self._list.setObjectName("serverList")
        self._list.setAccessibleName(self.tr("Servers"))
        self._list.setAccessibleDescription(self.tr("Space switches a server on and off."))
        self._list.setFixedHeight(_LIST_HEIGHT)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._buttons = {
            "add": self._button("addServer", self.tr("Add")),
            "remove": self._button("removeServer", self.tr("Remove")),
            "up": self._button("moveServerUp", self.tr("Up")),
            "down": self._button("moveServerDown", self.tr("Down")),
        }
        self._hint = told("help", self.inside, "serversHint")
        self._form = ServerForm(tester, keys, tasks, self.inside)
        self._lay_out()
        self._list.currentRowChanged.connect(self._on_row_changed)
        self._list.itemChanged.connect(self._on_item_changed)
        self._form.edited.connect(self._on_form_edited)
        self._buttons["add"].clicked.connect(self._on_add)
        self._buttons["remove"].clicked.connect(self._on_remove)
        self._buttons["up"].clicked.connect(lambda: self._on_move(-1))
        self._buttons["down"].clicked.connect(lambda: self._on_move(1))
        self._fill(0)

    def fault(self) -> str:
        """The first sentence on what is wrong here, "" for nothing."""
        for draft in self._drafts:
            for fault in draft.faults():
                return self.tr("{name}: {fault}").format(name=self._title(draft), fault=fault)
        if self._form.unsaved_key:
            return self.tr("Save the key that you typed, or empty its field.")
        return ""

    def changed_servers(self) -> tuple[SavedServer, ...] | None:
        """The servers, if they are not what they were; asked only where there is no fault."""
        servers = tuple(draft.server() for draft in self._drafts)
        return servers if servers != self._before else None

    def close_questions(self) -> None:
        """End what is being asked: the dialog closes."""
        self._form.close_questions()

    def _button(self, name: str, text: str) -> QPushButton:
        button = QPushButton(text, self.inside)
        button.setObjectName(name)
        button.setAccessibleName(self.tr("{what} server").format(what=text))
        button.setAutoDefault(False)
        return button

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(_GAP)
        line.addWidget(self._list, 1, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(_GAP // 2)
        for button in self._buttons.values():
            column.addWidget(button)
        column.addStretch()
        line.addLayout(column)
        self.box.insertLayout(0, line)
        self.box.insertSpacing(1, _GAP)
        self.box.insertWidget(2, self._hint)
        self.box.insertSpacing(3, _GAP)
        self.box.insertWidget(4, self._form)

    def _title(self, draft: Draft) -> str:
        return draft.texts["name"].strip() or registry.title(draft.provider)

    def _line(self, draft: Draft) -> str:
        where = draft.texts["base_url" if draft.provider != "builtin" else "model_file"].strip()
        words = self._title(draft)
        if draft.texts["name"].strip():
            words += f" · {registry.title(draft.provider)}"
        # What may be a password is not repeated.
        return visible(words if not where or "@" in where else f"{words} · {where}")

    def _fill(self, row: int) -> None:
        """Show all servers anew, with one of them chosen."""
        self._filling = True
        self._list.clear()
        for draft in self._drafts:
            item = QListWidgetItem(self._line(draft))
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if draft.enabled else Qt.CheckState.Unchecked)
            self._list.addItem(item)
        self._list.setCurrentRow(min(row, len(self._drafts) - 1))
        self._filling = False
        self._show_current()

    def _show_current(self) -> None:
        row = self._list.currentRow()
        self._form.show_draft(self._drafts[row] if row >= 0 else None)
        self._show_buttons()

    def _show_buttons(self) -> None:
        row, last = self._list.currentRow(), len(self._drafts) - 1
        self._buttons["remove"].setEnabled(row >= 0)
        self._buttons["up"].setEnabled(row > 0)
        self._buttons["down"].setEnabled(0 <= row < last)
        self._hint.setText(
            self.tr("They are asked for models in this order, if they are switched on.")
            if self._drafts
            else self.tr(
                "None is set up. The program then asks Ollama on this machine, the practice "
                "engine if it is installed, and services whose key is in the environment."
            )
        )

    def _on_row_changed(self) -> None:
        if not self._filling:
            self._show_current()
            self.edited.emit()

    def _on_item_changed(self, item: QListWidgetItem) -> None:
        if self._filling:
            return
        row = self._list.row(item)
        self._drafts[row].enabled = item.checkState() is Qt.CheckState.Checked
        self.edited.emit()

    def _on_form_edited(self) -> None:
        row = self._list.currentRow()
        self._filling = True
        self._list.item(row).setText(self._line(self._drafts[row]))
        self._filling = False
        self.edited.emit()

    def _on_add(self) -> None:
        self._drafts.append(Draft())
        self._fill(len(self._drafts) - 1)
        self._form.focus_name()
        self.edited.emit()

    def _on_remove(self) -> None:
        row = self._list.currentRow()
        del self._drafts[row]
        self._fill(row)
        if not self._drafts:
            self._buttons["add"].setFocus(Qt.FocusReason.OtherFocusReason)
        self.edited.emit()

    def _on_move(self, step: int) -> None:
        row = self._list.currentRow()
        self._drafts[row], self._drafts[row + step] = self._drafts[row + step], self._drafts[row]
        self._fill(row + step)
        self.edited.emit()
