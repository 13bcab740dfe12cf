"""A page of the settings dialog, made from the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QToolButton, QVBoxLayout, QWidget

from spectr_desktop.errors import SpectrError
from spectr_desktop.store.settings_table import TABLE, Kind
from spectr_desktop.ui.settings_fields import field_for, translated
from spectr_desktop.ui.settings_row import Row

if TYPE_CHECKING:
    from spectr_desktop.store.settings import Settings
    from spectr_desktop.store.settings_table import Setting, Value

_MARGIN = 20


class ScrolledPage(QScrollArea):
    """A page that can be scrolled where it is higher than the dialog.

    Attributes:
        inside: the parent of what is on it.
        box: what is on it, from above; a stretch is its last item.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.inside = QWidget(self)
        self.box = QVBoxLayout(self.inside)
        self.box.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        self.box.setSpacing(0)
        self.box.addStretch()
        self.setWidget(self.inside)

    def add(self, widget: QWidget) -> None:
        """Put a widget below the others."""
        self.box.insertWidget(self.box.count() - 1, widget)

    def focusNextPrevChild(self, next: bool) -> bool:  # noqa: A002  # Qt's name
        """Move the focus, and bring the whole row into view that has it now (called by Qt)."""
        moved = super().focusNextPrevChild(next)
        focused = self.focusWidget()
        while focused is not None and not isinstance(focused, Row):
            focused = focused.parentWidget()
        if moved and focused is not None:
            self.ensureWidgetVisible(focused)
        return moved


class SettingRow(Row):
    """One setting of the table.

    Signals:
        edited: what is shown is another value, or none that can be.

    Attributes:
        setting: which one.
        fault: what is wrong with what is shown, "" for nothing.
    """

    edited = Signal()

    def __init__(self, setting: Setting, value: Value, parent: QWidget) -> None:
        self.setting = setting
        self.fault = ""
        field = field_for(setting, parent)
        label = translated(setting.label)
        self._reset = QToolButton(parent)
        super().__init__(
            setting.key,
            field,
            label=label,
            help_text=_help(setting),
            beside=[self._reset],
            captioned=setting.kind is not Kind.FLAG,
            parent=parent,
        )
        self._reset.setObjectName(f"{setting.key}Reset")
        self._reset.setText(self.tr("Reset"))
        self._reset.setAccessibleName(self.tr("Reset {label}").format(label=label))
        self._reset.setToolTip(self.tr("Back to what it is by itself"))
        self._reset.clicked.connect(self._on_reset)
        self._shown = value
        self._input = field
        field.show_value(value)
        field.edited.connect(self._on_edited)
        self._on_edited()

    def value(self) -> Value:
        """What is shown.

        Raises:
            SpectrError: "bad_setting".
        """
        return self.setting.check(self._input.value())

    @property
    def changed(self) -> bool:
        """It is not what was shown first."""
        return not self.fault and self.value() != self._shown

    def _on_reset(self) -> None:
        self._input.show_value(self.setting.default)
        self._input.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_edited(self) -> None:
        try:
            value: Value = self.value()
            self.fault = ""
        except SpectrError as error:
            value, self.fault = "", error.message
        self.show_fault(self.fault)
        self._reset.setEnabled(bool(self.fault) or value != self.setting.default)
        self.edited.emit()


class SettingsPage(ScrolledPage):
    """All settings of one page.

    Signals:
        edited: one of them is another now.
    """

    edited = Signal()

    def __init__(self, page: str, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[SettingRow] = []
        for setting in TABLE:
            if setting.page != page:
                continue
            row = SettingRow(setting, settings.get(setting.key), self.inside)
            row.edited.connect(self.edited)
            self.rows.append(row)
            self.add(row)

    def fault(self) -> str:
        """The first sentence on what is wrong here, "" for nothing."""
        return next((row.fault for row in self.rows if row.fault), "")

    def changes(self) -> dict[str, Value]:
        """Key → value of what was changed."""
        return {row.setting.key: row.value() for row in self.rows if row.changed}


def _help(setting: Setting) -> str:
    words = translated(setting.help)
    if setting.kind in {Kind.INTEGER, Kind.NUMBER}:
        unit = translated(setting.unit)
        bounds = f"{setting.minimum:,.10g}–{setting.maximum:,.10g}"  # a range
        words += f" ({bounds} {unit})" if unit else f" ({bounds})"
    return words
