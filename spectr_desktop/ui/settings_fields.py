"""What the user changes a setting with: one widget for each kind of value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit

from spectr_desktop.store.settings_table import Kind
from spectr_desktop.ui.hostile_text import visible
from spectr_desktop.ui.settings_row import FIELD_WIDTH

if TYPE_CHECKING:
    from PySide6.QtGui import QWheelEvent
    from PySide6.QtWidgets import QWidget

    from spectr_desktop.store.settings_table import Setting, Value

_LONGEST_NUMBER = 32
_GROUPED = re.compile(r"\d{1,3}([ ,._\u00a0\u202f]\d{3})+")


class FlagField(QCheckBox):
    """Yes or no.

    Signals:
        edited: the user changed it.
    """

    edited = Signal()

    def __init__(self, setting: Setting, parent: QWidget) -> None:
        super().__init__(translated(setting.label), parent)
        self.toggled.connect(self.edited)

    def show_value(self, value: Value) -> None:
        """Show a value."""
        self.setChecked(bool(value))

    def value(self) -> object:
        """What is shown."""
        return self.isChecked()


class NumberField(QLineEdit):
    """A number, or nothing: empty says in grey what that means.

    Signals:
        edited: the text is another one.
    """

    edited = Signal()

    def __init__(self, setting: Setting, parent: QWidget) -> None:
        super().__init__(parent)
        self._whole = setting.kind is Kind.INTEGER
        self.setMaxLength(_LONGEST_NUMBER)
        self.setMaximumWidth(FIELD_WIDTH)
        self.setPlaceholderText(translated(setting.unset))
        self.textChanged.connect(self.edited)

    def show_value(self, value: Value) -> None:
        """Show a value."""
        self.setText("" if value is None else f"{value:.10g}" if not self._whole else str(value))

    def value(self) -> object:
        """The number; None if the field is empty; the text itself if it is none."""
        text = self.text().strip()
        if not text:
            return None
        if self._whole and _GROUPED.fullmatch(text):
            text = re.sub(r"\D", "", text)
        try:
            return int(text) if self._whole else float(text.replace(",", "."))
        except ValueError:
            return text


class Choices(QComboBox):
    """A list to choose from that no wheel changes by the way."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setMaximumWidth(FIELD_WIDTH)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll the page (called by Qt)."""
        event.ignore()


class ChoiceField(Choices):
    """One of several.

    Signals:
        edited: another one was chosen.
    """

    edited = Signal()

    def __init__(self, setting: Setting, parent: QWidget) -> None:
        super().__init__(parent)
        if setting.unset:
            self.addItem(translated(setting.unset), None)
        for value, label in _choices(setting):
            self.addItem(visible(label), value)
        self.currentIndexChanged.connect(self.edited)

    def show_value(self, value: Value) -> None:
        """Show a value; one that this machine does not have is named all the same."""
        at = self.findData(value)
        if at < 0:
            words = QCoreApplication.translate("settings", "{name} (not on this machine)")
            self.addItem(words.format(name=visible(str(value))), value)
            at = self.count() - 1
        self.setCurrentIndex(at)

    def value(self) -> object:
        """What is shown."""
        return self.currentData()


Field = FlagField | NumberField | ChoiceField


def field_for(setting: Setting, parent: QWidget) -> Field:
    """The widget for a setting."""
    if setting.kind is Kind.FLAG:
        return FlagField(setting, parent)
    if setting.kind in {Kind.CHOICE, Kind.FONT}:
        return ChoiceField(setting, parent)
    return NumberField(setting, parent)


def translated(text: str) -> str:
    """Words of the table in the user's language."""
    return QCoreApplication.translate("settings", text) if text else ""


def _choices(setting: Setting) -> list[tuple[str, str]]:
    if setting.kind is Kind.FONT:
        families = QFontDatabase.families()
        return [(f, f) for f in families if QFontDatabase.isFixedPitch(f)]
    return [(value, translated(label)) for value, label in setting.choices]
