"""A logo: a picture that somebody drew elsewhere, decoded with limits and written anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QByteArray, QCoreApplication, QIODevice, QSize, Qt
from PySide6.QtGui import QColorSpace, QImage, QImageReader, QImageWriter, QPainter

from spectr_desktop.errors import SpectrError

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = QSize(1200, 400)
MOST_BYTES = 1024 * 1024
_MOST_READ = 20 * 1024 * 1024
_MOST_PIXELS = 25_000_000  # 100 MB in memory
_FORMATS = (b"png", b"jpeg")
_SMALLER = 0.8


def logo_of(path: Path) -> bytes:
    """The picture as PNG, at most 1200 by 400 pixels and 1 MB; for a thread.

    What else the file says (place, camera, author) is not in it.

    Raises:
        SpectrError: "bad_logo".
    """
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_READ + 1)
    except OSError as error:
        raise _bad(path, _tr("it cannot be read: {reason}"), error.strerror or error) from error
    if len(raw) > _MOST_READ:
        raise _bad(path, _tr("it has more than {reason} MB"), _MOST_READ // 1024 // 1024)
    return _png(_fitting(_decoded(path, raw)))


def picture(png: bytes) -> QImage:
    """A logo as it is kept, to be shown; an empty picture if it is none."""
    image = QImage()
    image.loadFromData(QByteArray(png), "PNG")
    return image


def _decoded(path: Path, raw: bytes) -> QImage:
    buffer = QBuffer()
    buffer.setData(QByteArray(raw))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    reader.setDecideFormatFromContent(True)
    reader.setAutoTransform(True)
    kind = reader.format().data()
    if kind not in _FORMATS:
        raise _bad(path, _tr("it is neither PNG nor JPEG"))
    size = reader.size()
    if size.width() * size.height() > _MOST_PIXELS:
        raise _bad(path, _tr("it is larger than {reason} million pixels"), _MOST_PIXELS // 10**6)
    image = reader.read()
    if image.isNull():
        raise _bad(path, _tr("it is damaged: {reason}"), reader.errorString())
    return image


def _fitting(image: QImage) -> QImage:
    if image.colorSpace().isValid():
        image = image.convertedToColorSpace(QColorSpace(QColorSpace.NamedColorSpace.SRgb))
    if image.width() > LARGEST.width() or image.height() > LARGEST.height():
        image = _scaled(image, image.size().scaled(LARGEST, Qt.AspectRatioMode.KeepAspectRatio))
    # Painted onto a new one: what was written into the old one stays behind.
    clean = QImage(image.size(), QImage.Format.Format_ARGB32)
    clean.fill(Qt.GlobalColor.transparent)
    painter = QPainter(clean)
    painter.drawImage(0, 0, image)
    painter.end()
    return clean


def _png(image: QImage) -> bytes:
    while True:
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        QImageWriter(buffer, QByteArray(b"png")).write(image)
        png = bytes(buffer.data().data())
        if len(png) <= MOST_BYTES:
            return png
        image = _scaled(image, image.size() * _SMALLER)  # a photograph, or noise


def _scaled(image: QImage, size: QSize) -> QImage:
    return image.scaled(
        size.expandedTo(QSize(1, 1)),
        Qt.AspectRatioMode.IgnoreAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )


def _bad(path: Path, why: str, reason: object = "") -> SpectrError:
    told = why.format(reason=reason)
    sentence = _tr("{name} cannot be the logo: {why}. Choose a PNG or JPEG picture.")
    return SpectrError(
        "bad_logo", sentence.format(name=path.name, why=told), params={"path": str(path)}
    )


def _tr(text: str) -> str:
    return QCoreApplication.translate("export", text)
