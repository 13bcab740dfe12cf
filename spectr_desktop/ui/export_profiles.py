"""The picker of house styles, and what is done with them: saved, renamed, deleted."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from spectr_desktop.errors import SpectrError
from spectr_desktop.logs import logger
from spectr_desktop.records.house_style import HouseStyle
from spectr_desktop.ui import dialogs
from spectr_desktop.ui.announcing import announce
from spectr_desktop.ui.hostile_text import visible
from spectr_desktop.ui.settings_row import told

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectr_desktop.store.house_styles import HouseStyles
    from spectr_desktop.ui.tasks import TaskOwner

_log = logger(__name__)
_MARGIN = 12
_LEAST_WIDTH = 120


class Profiles(QWidget):
    """Knows which style is shown. What was changed and not saved is kept while the program lives.

    Args:
        styles: where they are kept.
        tasks: hold what is written and asked.
        parent: where it is.

    Attributes:
        shown: gives the style that is shown, as the pages have it.

    Signals:
        picked: (HouseStyle) this one is to be shown.
    """

    picked = Signal(object)

    def __init__(self, styles: HouseStyles, tasks: TaskOwner, parent: QWidget) -> None:
        super().__init__(parent)
        self._styles, self._tasks = styles, tasks
        self.shown: Callable[[], HouseStyle] = HouseStyle
        self._saved = HouseStyle()
        self._drafts: dict[str, HouseStyle] = {}
        self._picker = QComboBox(self)
        self._picker.setObjectName("exportProfile")
        self._picker.setAccessibleName(self.tr("House style"))
        self._picker.setMinimumContentsLength(10)
        self._picker.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self._picker.setMinimumWidth(_LEAST_WIDTH)
        self._picker.activated.connect(lambda row: self.pick(self._picker.itemData(row)))
        self._save = self._button("exportSaveStyle", self.tr("Sa&ve"), self._on_save)
        self._buttons = [
            self._save,
            self._button("exportSaveStyleAs", self.tr("Save &as…"), self._on_save_as),
            self._button("exportRenameStyle", self.tr("Rena&me…"), self._on_rename),
            self._button("exportDeleteStyle", self.tr("&Delete…"), self._on_delete),
        ]
        self._fault = told("fault", self, "exportStyleFault")
        self._fault.setAccessibleName(self.tr("What is wrong with the house style"))
        self._fault.hide()
        self._lay_out()

    @property
    def name(self) -> str:
        """Of the style that is shown, "" for the usual one."""
        return self._saved.name

    def _lay_out(self) -> None:
        caption = QLabel(self.tr("Hou&se style"), self)
        caption.setBuddy(self._picker)
        first = QHBoxLayout()
        first.addWidget(caption)
        first.addWidget(self._picker, 1)
        second = QHBoxLayout()
        for button in self._buttons:
            second.addWidget(button)
        second.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, 0)
        layout.addLayout(first)
        layout.addLayout(second)
        layout.addWidget(self._fault)

    def start(self) -> None:
        """Show the style that was used last; the pages are there now."""
        self._pick(self._styles.last())

    def pick(self, name: str) -> None:
        """Show a style, with what was changed and not saved of it."""
        self._keep_draft()
        self._pick(name)

    def _pick(self, name: str) -> None:
        self._say("")
        try:
            style = self._styles.read(name)
        except SpectrError as error:
            _log.warning("house style: %s", error.code)
            self._say(error.message)
            style = HouseStyle(name=name if error.code == "style_damaged" else "")
        self._show(style)
        draft = self._drafts.get(style.name)
        if draft is not None:
            self.picked.emit(draft)
            self._show_names()
        self._remember()

    def take_edit(self) -> None:
        """Something of the style that is shown was changed."""
        self._show_names()

    def reload(self) -> None:
        """Another program may have changed them."""
        self._show_names()

    def _show(self, style: HouseStyle) -> None:
        self._saved = style
        self.picked.emit(style)
        # A field has no line ends, for one: what it makes of a style counts as unchanged.
        self._saved = self.shown()
        self._show_names()

    def _keep_draft(self) -> None:
        shown = self.shown()
        self._drafts.pop(self.name, None)
        if shown != self._saved:
            self._drafts[self.name] = shown

    def _show_names(self) -> None:
        names = ["", *self._styles.names()]
        if self.name not in names:
            names.append(self.name)  # another program has deleted it; it is still in the window
        changed = self.shown() != self._saved
        self._picker.blockSignals(True)
        self._picker.clear()
        for name in names:
            text = visible(name) if name else self.tr("Usual style")
            if changed if name == self.name else name in self._drafts:
                text = self.tr("{name} (changed)").format(name=text)
            self._picker.addItem(text, name)
        self._picker.setCurrentIndex(names.index(self.name))
        self._picker.blockSignals(False)
        self._save.setEnabled(changed)
        for button in self._buttons[2:]:
            button.setEnabled(bool(self.name))

    def _remember(self) -> None:
        try:
            self._styles.set_last(self.name)
        except SpectrError as error:  # the next start shows another one: no harm
            _log.warning("house style: %s", error.message)

    def _say(self, sentence: str) -> None:
        self._fault.setText(visible(sentence))
        self._fault.setVisible(bool(sentence))
        announce(self, sentence)

    def _on_save(self) -> None:
        self._tasks.start(self._write(self.shown()) if self.name else self._save_as(), "style")

    def _on_save_as(self) -> None:
        self._tasks.start(self._save_as(), "style")

    def _on_rename(self) -> None:
        self._tasks.start(self._rename(), "style")

    def _on_delete(self) -> None:
        self._tasks.start(self._delete(), "style")

    async def _save_as(self) -> None:
        name = await self._ask_name(self.tr("Save the house style as"), self.name)
        if name:
            await self._write(self.shown(), name)

    async def _write(self, style: HouseStyle, name: str = "") -> None:
        from spectr_desktop.store.house_styles import checked_name  # noqa: PLC0415  # rarely

        before = self.name
        try:
            style = replace(style, name=checked_name(name or style.name))
            await asyncio.to_thread(self._styles.write, style, new=bool(name))
        except SpectrError as error:
            self._say(error.message)
            return
        self._say("")
        if self.name != before:  # another one was picked meanwhile
            self._show_names()
            return
        self._drafts.pop(before, None)
        later = replace(self.shown(), name=style.name)  # typed while it was written
        self._show(style)
        if later != style:
            self.picked.emit(later)
            self._show_names()
        self._remember()

    async def _rename(self) -> None:
        old = self.name
        name = await self._ask_name(self.tr("Rename the house style"), old)
        if not name or name == old:
            return
        from spectr_desktop.store.house_styles import checked_name  # noqa: PLC0415  # rarely

        try:
            name = checked_name(name)
            await asyncio.to_thread(self._styles.rename, old, name)
        except SpectrError as error:
            self._say(error.message)
            return
        self._say("")
        if old in self._drafts:
            self._drafts[name] = replace(self._drafts.pop(old), name=name)
        if self.name == old:
            self._saved = replace(self._saved, name=name)
        self._show_names()
        self._remember()

    async def _delete(self) -> None:
        name = self.name
        answer = await dialogs.ask(
            self,
            self.tr("Delete the house style “{name}”?").format(name=visible(name)),
            self.tr("Reports that were exported with it stay as they are."),
            {"delete": self.tr("Delete"), "cancel": self.tr("Cancel")},
            default="cancel",
        )
        if answer != "delete":
            return
        try:
            await asyncio.to_thread(self._styles.delete, name)
        except SpectrError as error:
            self._say(error.message)
            return
        self._say("")
        self._drafts.pop(name, None)
        if self.name == name:
            self._saved = self.shown()  # no draft of what is deleted
            self._show(self._drafts.get("", HouseStyle()))
        self._show_names()
        self._remember()

    async def _ask_name(self, title: str, name: str) -> str:
        dialog = QInputDialog(self)
        dialog.setWindowTitle(title)
        dialog.setLabelText(self.tr("Name"))
        dialog.setTextValue(name)
        edit = dialog.findChild(QLineEdit)
        if edit is not None:
            edit.setObjectName("exportStyleName")
            edit.setAccessibleName(self.tr("Name"))
            edit.selectAll()
        accepted = await dialogs.finished(dialog) == dialog.DialogCode.Accepted
        return dialog.textValue() if accepted else ""

    def _button(self, name: str, text: str, on_clicked: Callable[[], None]) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAccessibleName(text.replace("&", ""))
        button.setAutoDefault(False)
        button.clicked.connect(on_clicked)
        return button
