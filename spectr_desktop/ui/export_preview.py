"""The first pages of a report, made anew whenever something of it changes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QKeyEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

from spectr_desktop.errors import SpectrError
from spectr_desktop.logs import logger
from spectr_desktop.ui.announcing import announce
from spectr_desktop.ui.hostile_text import visible
from spectr_desktop.ui.settings_row import told

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from spectr_desktop.ui.tasks import TaskOwner

    PicturesOf = Callable[[int], Awaitable[list[bytes]]]

_log = logger(__name__)
_PAUSE_MS = 500
_MARGIN = 12
_GAP = 10
_NARROWEST = 320


class ExportPreview(QWidget):
    """Shows pictures of pages that somebody else makes.

    Args:
        tasks: hold the making.
        parent: where it is.

    Attributes:
        timer: when it fires, the pages are made.

    Signals:
        settled: pages or a sentence are shown, and nothing is being made.
    """

    settled = Signal()

    def __init__(self, tasks: TaskOwner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("exportPreview")
        self._tasks = tasks
        self._pictures_of: PicturesOf | None = None
        self._making: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self.timer = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self.timer.timeout.connect(self._make)
        self._status = told("help", self, "exportPreviewStatus")
        self._status.setAccessibleName(self.tr("State of the preview"))
        self._pages = _Pages(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._status)
        layout.addWidget(self._pages, 1)

    def show_soon(self, pictures_of: PicturesOf) -> None:
        """Have other pages made; what is being made is dropped.

        Args:
            pictures_of: makes PNG pictures of a width in pixels of the screen.
        """
        self._cancel()
        self._pictures_of = pictures_of
        self._say(self.tr("Preview is being made…"))
        self.timer.start()

    def show_nothing(self, sentence: str) -> None:
        """There is nothing to preview, and why."""
        self._cancel()
        self._pictures_of = None
        self._pages.show_pictures([])
        self._say(sentence)
        self.settled.emit()

    def pause(self) -> None:
        """Nobody looks: what is being made is dropped."""
        self._cancel()

    def _cancel(self) -> None:
        self.timer.stop()
        task, self._making = self._making, None
        if task is not None and not task.done():
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
            task.cancel()

    def _make(self) -> None:
        if self._pictures_of is not None:
            self._making = self._tasks.start(self._show(self._pictures_of), "preview")

    async def _show(self, pictures_of: PicturesOf) -> None:
        if self._ending:  # one process at a time
            await asyncio.wait(set(self._ending))
        try:
            pictures = await pictures_of(self._pages.wanted_width())
            images = await asyncio.to_thread(_decoded, pictures)
        except SpectrError as error:
            _log.warning("preview: %s", error.code)
            self._pages.show_pictures([])
            self._finish(error.message)
            return
        except Exception:  # the owner of the task tells it
            self._finish(self.tr("The preview failed by a mistake of the program."))
            raise
        self._pages.show_pictures(images)
        count = len(images)
        self._finish(
            self.tr("The first page")
            if count == 1
            else self.tr("The first {n} pages").format(n=count)
        )

    def _finish(self, sentence: str) -> None:
        self._making = None
        self._say(sentence)
        announce(self, sentence)
        self.settled.emit()

    def _say(self, sentence: str) -> None:

        self._status.setText(visible(sentence))


class _Pages(QScrollArea):
    """Pages below each other, as wide as there is room."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("exportPages")
        self.setAccessibleName(self.tr("Preview of the first pages"))
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        inside = QWidget(self)
        inside.setObjectName("exportPaper")
        self._box = QVBoxLayout(inside)
        self._box.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        self._box.setSpacing(_GAP)
        self._box.addStretch()
        self.setWidget(inside)
        self._labels: list[QLabel] = []

    def wanted_width(self) -> int:
        """Of a picture, in pixels of the screen."""
        return round(self._room() * self.devicePixelRatioF())

    def show_pictures(self, images: list[QImage]) -> None:
        """Show these; the place that is read stays."""
        for label in self._labels[len(images) :]:
            self._box.removeWidget(label)
            label.deleteLater()
        del self._labels[len(images) :]
        while len(self._labels) < len(images):
            label = QLabel(self.widget())
            label.setScaledContents(True)
            label.setObjectName(f"exportPage{len(self._labels) + 1}")
            label.setAccessibleName(self.tr("Page {n}").format(n=len(self._labels) + 1))
            self._box.insertWidget(len(self._labels), label)
            self._labels.append(label)
        for label, image in zip(self._labels, images, strict=True):
            label.setPixmap(QPixmap.fromImage(image))
        self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Home and End scroll too (called by Qt)."""
        bar = self.verticalScrollBar()
        if event.key() == Qt.Key.Key_Home:
            bar.setValue(bar.minimum())
        elif event.key() == Qt.Key.Key_End:
            bar.setValue(bar.maximum())
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the pages as wide as there is room (called by Qt)."""
        super().resizeEvent(event)
        self._fit()

    def _room(self) -> int:
        return max(_NARROWEST, self.viewport().width() - 2 * _MARGIN)

    def _fit(self) -> None:
        for label in self._labels:
            size = label.pixmap().size()
            room = self._room()
            height = round(room * size.height() / max(1, size.width()))
            label.setFixedSize(QSize(room, height))


def _decoded(pictures: list[bytes]) -> list[QImage]:
    images: list[QImage] = []
    for raw in pictures:
        image = QImage()
        # Made by our own child process, which has read hostile text.
        if not image.loadFromData(QByteArray(raw), "PNG"):
            raise SpectrError(
                "bad_preview", "The preview cannot be shown. The export itself may still work."
            )
        images.append(image)
    return images
