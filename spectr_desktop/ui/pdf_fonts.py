"""The fonts of a page: those that ship with the program and no others."""

from __future__ import annotations

import os
from functools import cache

from PySide6.QtGui import QFont, QFontDatabase, QTextCharFormat

from spectr_desktop import paths

_FALLBACKS = ("Noto Emoji", "DejaVu Sans", "Droid Sans Fallback")
_SANS = ("IBM Plex Sans", *_FALLBACKS)
_MONO = ("IBM Plex Mono", *_FALLBACKS)


def use_no_others() -> None:
    """Hide the system's fonts, where fontconfig finds them; call it before Qt starts."""
    os.environ["FONTCONFIG_FILE"] = str(paths.resources() / "fonts" / "fonts.conf")


def load() -> None:
    """Make the shipped fonts known.

    Raises:
        RuntimeError: one cannot be read.
    """
    for file in sorted((paths.resources() / "fonts").glob("*.ttf")):
        if QFontDatabase.addApplicationFont(str(file)) < 0:
            raise RuntimeError(f"the font {file.name} cannot be read")


@cache
def font(size: int, *, bold: bool = False, italic: bool = False, mono: bool = False) -> QFont:
    """A font of a size in tenths of a point.

    Letters stand where the design puts them, whatever the device, and each by itself: a ligature
    cannot be searched for.
    """
    made = QFont(list(_MONO if mono else _SANS))
    made.setPixelSize(size)
    made.setBold(bold)
    made.setItalic(italic)
    made.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    for feature in ("liga", "clig", "dlig", "calt"):
        made.setFeature(QFont.Tag(feature), 0)
    return made


def char_format(
    size: int, *, bold: bool = False, italic: bool = False, mono: bool = False
) -> QTextCharFormat:
    """The format of characters in such a font."""
    made = QTextCharFormat()
    made.setFont(font(size, bold=bold, italic=italic, mono=mono))
    return made
