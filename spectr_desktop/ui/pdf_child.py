"""The child that makes a PDF: an order comes in by standard input, pages go out by standard output.

It ends when the program that started it does: then its standard input ends.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
from typing import TYPE_CHECKING

from spectr_desktop.ui.pdf_wire import PROGRESS, Order, read_frame, unpacked, write_frame

if TYPE_CHECKING:
    from typing import IO

    from spectr_desktop.ui.pdf_pages import Pages

_ORPHANED = 70
_RESOLUTION = 720  # a tenth of a point
# A screen's picture must not need more memory than the machine has.
_MOST_PIXELS = 4000


def main() -> int:
    """Do what standard input says; returns the exit status, with the reason on standard error."""
    order = read_frame(sys.stdin.buffer)
    if order is None:
        print("the order is not whole", file=sys.stderr)  # noqa: T201  # the parent reads it
        return 2
    # It lives for one report: to look for garbage in hundreds of pages takes seconds, for nothing.
    gc.disable()
    threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()
    try:
        _make(unpacked(order), sys.stdout.buffer)
    except Exception as error:  # noqa: BLE001  # whatever it is, the parent has to tell it
        from spectr_desktop.logs import told  # noqa: PLC0415  # only if something is wrong

        print(told(error), file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _end_with_parent() -> None:
    """The parent keeps the pipe open as long as it wants an answer."""
    # Not through the buffer, whose lock would be held at this process's own end.
    os.read(sys.stdin.fileno(), 1)
    os._exit(_ORPHANED)


def _make(order: Order, out: IO[bytes]) -> None:
    # Imported here: the fonts that Qt finds are chosen before it starts.
    from spectr_desktop.ui import pdf_fonts  # noqa: PLC0415

    pdf_fonts.use_no_others()
    from PySide6.QtGui import QGuiApplication  # noqa: PLC0415

    application = QGuiApplication.instance() or QGuiApplication([])
    pdf_fonts.load()
    from spectr_desktop.ui.pdf_pages import pages_of  # noqa: PLC0415

    pages = pages_of(order.report, order.look)
    if order.pictures:
        for number in range(min(order.pictures, len(pages.pages))):
            write_frame(out, picture(pages, number, order.width))
    else:
        write_frame(out, document(pages))
    del application


def document(pages: Pages) -> bytes:
    """The pages as a PDF; each page that is done is told on standard error."""
    from PySide6.QtCore import QBuffer, QIODevice, QMarginsF  # noqa: PLC0415  # as above
    from PySide6.QtGui import QPageSize, QPainter, QPdfWriter  # noqa: PLC0415

    from spectr_desktop.ui.pdf_finish import finished  # noqa: PLC0415

    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setResolution(_RESOLUTION)
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    painter = QPainter(writer)
    count = len(pages.pages)
    for number in range(count):
        if number:
            writer.newPage()
        pages.paint(painter, number)
        print(f"{PROGRESS}{number + 1} {count}", file=sys.stderr, flush=True)  # noqa: T201
    painter.end()
    return finished(bytes(buffer.data().data()), pages)


def picture(pages: Pages, number: int, width: int) -> bytes:
    """A page, counted from 0, as a PNG picture of a width in pixels."""
    from PySide6.QtCore import QBuffer, QIODevice  # noqa: PLC0415  # as above
    from PySide6.QtGui import QImage, QPainter  # noqa: PLC0415

    from spectr_desktop.ui.pdf_strips import PAGE_HEIGHT, PAGE_WIDTH  # noqa: PLC0415

    width = max(1, min(width, _MOST_PIXELS))
    scale = width / PAGE_WIDTH
    image = QImage(width, round(PAGE_HEIGHT * scale), QImage.Format.Format_RGB32)
    image.fill(0xFFFFFFFF)
    painter = QPainter(image)
    hints = QPainter.RenderHint
    painter.setRenderHints(
        hints.Antialiasing | hints.TextAntialiasing | hints.SmoothPixmapTransform
    )
    painter.scale(scale, scale)
    pages.paint(painter, number)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # pyright: ignore[reportCallIssue, reportArgumentType]
    return bytes(buffer.data().data())
