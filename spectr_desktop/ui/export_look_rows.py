"""What a report looks like: rows for the accent colour and the logo."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QWidget

from spectr_desktop.errors import SpectrError
from spectr_desktop.report.export.colors import ACCENT, contrast
from spectr_desktop.ui import dialogs
from spectr_desktop.ui.settings_row import Row, told

if TYPE_CHECKING:
    from spectr_desktop.ui.tasks import TaskOwner


_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_ENOUGH = 4.5  # WCAG 2.2, AA, for text
_SWATCH = QSize(14, 14)
_SHOWN = QSize(300, 100)


class AccentRow(Row):
    """The accent colour: typed, or picked.

    Signals:
        edited: another text stands there.

    Attributes:
        fault: why it cannot be used, "" if it can.
    """

    edited = Signal()

    def __init__(self, tasks: TaskOwner, parent: QWidget) -> None:
        self._tasks = tasks
        self.fault = ""
        self._input = QLineEdit(parent)
        self._input.setMaxLength(7)
        self._input.setPlaceholderText(ACCENT)
        self._pick = QPushButton(parent)
        super().__init__(
            "exportAccent",
            self._input,
            label=self.tr("Accent colour"),
            help_text=self.tr("Of headings and lines in HTML and PDF; empty for the usual one."),
            beside=[self._pick],
            parent=parent,
        )
        self._pick.setObjectName("exportPickColor")
        self._pick.setText(self.tr("C&olour…"))
        self._pick.setAccessibleName(self.tr("Pick the accent colour"))
        self._pick.setAutoDefault(False)
        self._pick.setIconSize(_SWATCH)
        self._pick.clicked.connect(lambda: self._tasks.start(self._ask(), "colour"))
        self._contrast = told("said", self, "exportContrast")
        self._contrast.setAccessibleName(self.tr("Contrast of the colour"))
        self.add(self._contrast)
        self._input.textChanged.connect(self._on_edited)
        self._show()

    def value(self) -> str:
        """A colour such as "#1f6feb", "" for the usual one; also while the text is none."""
        text = self._input.text().strip()
        return text.lower() if _HEX.fullmatch(text) else ""

    def show_value(self, color: str) -> None:
        """Show a colour."""
        self._input.setText(color)

    def _on_edited(self) -> None:
        self._show()
        self.edited.emit()

    def _show(self) -> None:
        text, color = self._input.text().strip(), self.value()
        self.fault = (
            self.tr("Write a colour as # and six digits from 0 to f, such as #1f6feb.")
            if text and not color
            else ""
        )
        self.show_fault(self.fault)
        self._contrast.setVisible(bool(color))
        swatch = QPixmap(_SWATCH)
        swatch.fill(QColor(color) if color else Qt.GlobalColor.transparent)
        self._pick.setIcon(QIcon(swatch) if color else QIcon())
        if color:
            ratio = contrast(color, "#ffffff")
            sentence = (
                self.tr("Contrast with white paper: {ratio} to 1.")
                if ratio >= _ENOUGH
                else self.tr(
                    "Contrast with white paper: only {ratio} to 1. Text in it is hard to read; "
                    "4.5 to 1 is enough."
                )
            )
            self._contrast.setText(sentence.format(ratio=f"{ratio:.1f}"))

    async def _ask(self) -> None:
        from PySide6.QtWidgets import QColorDialog  # noqa: PLC0415  # rarely

        dialog = QColorDialog(QColor(self.value() or ACCENT), self)
        dialog.setWindowTitle(self.tr("Accent colour"))
        if await dialogs.finished(dialog) == dialog.DialogCode.Accepted:
            self._input.setText(dialog.currentColor().name())


class LogoRow(Row):
    """The logo: chosen as a file, shown as it will be kept.

    Signals:
        edited: another logo, or none.
    """

    edited = Signal()

    def __init__(self, tasks: TaskOwner, parent: QWidget) -> None:
        self._tasks = tasks
        self._logo = b""
        choose = QPushButton(parent)
        self._remove = QPushButton(parent)
        super().__init__(
            "exportLogo",
            choose,
            label=self.tr("Logo"),
            help_text=self.tr(
                "PNG or JPEG, on the first page of HTML and PDF; made smaller than 1200 by 400 "
                "pixels."
            ),
            beside=[self._remove],
            parent=parent,
        )
        choose.setText(self.tr("Choose &logo…"))
        choose.setAccessibleName(self.tr("Choose logo"))
        choose.setAutoDefault(False)
        choose.clicked.connect(lambda: self._tasks.start(self._ask(), "logo"))
        self._remove.setObjectName("exportRemoveLogo")
        self._remove.setText(self.tr("&Remove"))
        self._remove.setAccessibleName(self.tr("Remove logo"))
        self._remove.setAutoDefault(False)
        self._remove.clicked.connect(lambda: self._take(b""))
        self._picture = QLabel(self)
        self._picture.setObjectName("exportLogoPicture")
        self._picture.setAccessibleName(self.tr("The logo"))
        self.add(self._picture)
        self._show()

    def value(self) -> bytes:
        """A PNG picture, b"" for none."""
        return self._logo

    def show_value(self, logo: bytes) -> None:
        """Show a logo."""
        self._logo = logo
        self.show_fault("")
        self._show()

    async def take_file(self, path: Path) -> None:
        """Make the picture of a file the logo, or say why it cannot be."""
        from spectr_desktop.ui.export_logo import logo_of  # noqa: PLC0415  # rarely

        try:
            logo = await asyncio.to_thread(logo_of, path)
        except SpectrError as error:
            self.show_fault(error.message)
            return
        self._take(logo)

    async def _ask(self) -> None:
        path = await dialogs.open_file_name(
            self,
            self.tr("Choose a logo"),
            self.tr("Pictures (*.png *.jpg *.jpeg)"),
            str(Path.home()),
        )
        if path is not None:
            await self.take_file(path)

    def _take(self, logo: bytes) -> None:
        self.show_value(logo)
        self.edited.emit()

    def _show(self) -> None:
        from spectr_desktop.ui.export_logo import picture  # noqa: PLC0415  # rarely

        image = picture(self._logo) if self._logo else None
        if image is not None and image.isNull():
            self.show_fault(self.tr("The logo of this style is damaged. Choose it again."))
            image = None
        self._remove.setEnabled(bool(self._logo))
        self._picture.setVisible(image is not None)
        if image is not None:
            ratio = self.devicePixelRatioF()
            room = _SHOWN * ratio
            if image.width() > room.width() or image.height() > room.height():
                keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode
                image = image.scaled(room, keep, smooth.SmoothTransformation)
            image.setDevicePixelRatio(ratio)
            self._picture.setPixmap(QPixmap.fromImage(image))
