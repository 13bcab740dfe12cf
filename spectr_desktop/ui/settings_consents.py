"""A part of the settings' privacy page: which hosts may get whose source, and no longer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from spectr_desktop.errors import SpectrError
from spectr_desktop.store.consents import Consent, all_consents, forget
from spectr_desktop.ui.announcing import announce
from spectr_desktop.ui.hostile_text import visible
from spectr_desktop.ui.settings_row import told

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QShowEvent

    from spectr_desktop.ui.tasks import TaskOwner
    from spectr_desktop.ui.theme import Theme

_ROWS = 3  # that are seen without scrolling
_GAP = 8
_CONSENT = Qt.ItemDataRole.UserRole
_SHEET = """
QListWidget#consentList {{
  background: {panel}; border: 1px solid {line}; border-radius: 6px; padding: 2px;
}}
QListWidget#consentList:focus {{ border-color: {accent}; }}
QListWidget#consentList::item {{ padding: 5px 6px; min-height: 0; }}
"""


class ConsentsPart(QWidget):
    """Lists what the user has allowed, project by project, and takes it back at once.

    Args:
        theme: whose colours it has.
        tasks: holds what reads and writes the projects' files.
        parent: where it is.
    """

    def __init__(self, theme: Theme, tasks: TaskOwner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._tasks = theme, tasks
        self._reading: asyncio.Task[None] | None = None
        self.setObjectName("consents")
        caption = told("label", self)
        caption.setText(self.tr("Hosts that may get a project's source"))
        self._list = QListWidget(self)
        self._list.setObjectName("consentList")
        self._list.setAccessibleName(caption.text())
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setWordWrap(True)
        self._list.setTextElideMode(Qt.TextElideMode.ElideNone)
        self._list.currentRowChanged.connect(self._show_button)
        caption.setBuddy(self._list)
        self._remove = QPushButton(self.tr("Remove"), self)
        self._remove.setObjectName("removeConsent")
        self._remove.setAccessibleName(self.tr("Remove host"))
        self._remove.setAutoDefault(False)
        self._remove.clicked.connect(self._on_remove)
        self._hint = told("help", self, "consentsHint")
        self._fault = told("fault", self, "consentsFault")
        self._fault.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, _GAP, 0, 0)
        layout.setSpacing(_GAP // 2)
        layout.addWidget(caption)
        layout.addWidget(self._list)
        layout.addWidget(self._remove, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self._hint)
        layout.addWidget(self._fault)
        theme.changed.connect(self._dress)
        self._dress()
        self._show([])

    def showEvent(self, event: QShowEvent) -> None:
        """Read what is allowed now (called by Qt)."""
        super().showEvent(event)
        self._reading = self._tasks.start(self._read(), "read consents")

    def hideEvent(self, event: QHideEvent) -> None:
        """What is still being read is wanted no longer (called by Qt)."""
        super().hideEvent(event)
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    async def _read(self) -> None:
        self._show(await asyncio.to_thread(all_consents))

    def _show(self, found: list[Consent]) -> None:
        row = max(self._list.currentRow(), 0)
        self._list.clear()
        for each in found:
            where, since = _line(str(each.root)), _line(each.at[:10])
            text = self.tr("{host}\n{folder}, since {day}")
            item = QListWidgetItem(
                text.format(host=_line(each.host), folder=where, day=since), self._list
            )
            item.setData(_CONSENT, each)
        any_there = bool(found)
        self._list.setVisible(any_there)
        self._remove.setVisible(any_there)
        if any_there:
            self._list.setCurrentRow(min(row, len(found) - 1))
            rows = range(min(len(found), _ROWS))
            height = sum(self._list.sizeHintForRow(at) for at in rows)
            self._list.setFixedHeight(height + _GAP)
        self._hint.setText(
            self.tr(
                "Removing holds at once: you are asked again before that project's source goes "
                "there."
            )
            if any_there
            else self.tr("None. You are asked before source leaves this machine.")
        )
        self._show_button()

    def _show_button(self) -> None:
        self._remove.setEnabled(self._list.currentItem() is not None)

    def _on_remove(self) -> None:
        item = self._list.currentItem()
        if item is None:
            return
        consent: Consent = item.data(_CONSENT)
        try:
            forget(consent.root, consent.host)
        except SpectrError as error:
            self._say(error.message)
            return
        self._say("")
        row = self._list.row(item)
        left = [self._list.item(at).data(_CONSENT) for at in range(self._list.count()) if at != row]
        had_focus = self._remove.hasFocus()
        self._show(left)
        gone = self.tr("{host} is asked about again").format(host=visible(consent.host))
        announce(self, gone)
        if had_focus and not left:
            self.focusNextChild()

    def _say(self, sentence: str) -> None:
        self._fault.setText(visible(sentence))
        self._fault.setVisible(bool(sentence))
        if sentence:
            announce(self, sentence)

    def _dress(self) -> None:
        colors = self._theme.colors
        self.setStyleSheet(
            _SHEET.format(panel=colors.panel, line=colors.line, accent=colors.accent)
        )


def _line(text: str) -> str:
    """Text from a file, in one line."""
    return visible(text).replace("\n", " ⏎ ")
