"""How a page looks: sizes, colours and the formats of characters. Paper is always light."""

from __future__ import annotations

from functools import cache

from PySide6.QtGui import QColor, QFont, QFontMetricsF, QTextCharFormat

from spectr_desktop.records.grades import Severity
from spectr_desktop.report.export.colors import contrast
from spectr_desktop.ui.markdown_lines import SEVERITIES, Kind, Style
from spectr_desktop.ui.pdf_fonts import char_format, font
from spectr_desktop.ui.theme import LIGHT

BODY, SMALL, TINY = 98, 86, 76
CODE_SHARE = 0.9
TITLE = -1
"""The kind of the report's title, which is no line of the live pane."""
_HEADINGS = {TITLE: 280, 1: 190, 2: 165, 3: 125, 4: 106, 5: 100, 6: 98}
_LEAST_CONTRAST = 4.5
_WHITE = "#ffffff"
_STYLES = {Style[one.name]: one for one in Severity}


class Paper:
    """The look of one report's pages.

    Attributes:
        colors: of the light theme.
        accent: for rules and bars, as the auditor chose it.
        accent_text: for headings: the same, or the text's colour where that cannot be read.
        leading: height of a line by that of its letters.
        tab: width of a tab.
    """

    def __init__(self, accent: str) -> None:
        self.colors = LIGHT
        chosen = QColor(accent) if accent else QColor()
        self.accent = chosen if chosen.isValid() else QColor(LIGHT.accent)
        readable = contrast(self.accent.name(), _WHITE) >= _LEAST_CONTRAST
        self.accent_text = self.accent if readable else QColor(LIGHT.text)
        self.leading = 1.12
        self.tab = 4 * 0.6 * BODY * CODE_SHARE
        self.char = cache(self._char)

    def font_of(self, kind: int, *, small: bool = False) -> QFont:
        """The font of a line's plain text."""
        size = self._size(kind, small)
        return font(size, bold=kind in _HEADINGS, mono=kind == Kind.CODE)

    def line_of(self, kind: int) -> float:
        """The height of a line of this kind."""
        return QFontMetricsF(self.font_of(kind)).height() * self.leading

    def severity_color(self, severity: Severity | None) -> QColor:
        """The colour of a severity; that of dim text for none."""
        return QColor(str(getattr(self.colors, severity.value)) if severity else self.colors.dim)

    def chip(self, style: int) -> QColor | None:
        """The colour behind a run that names a severity."""
        found = _severity(style)
        return self.severity_color(found) if found is not None else None

    def _size(self, kind: int, small: bool) -> int:  # its key in a cache
        if kind in _HEADINGS:
            return _HEADINGS[int(kind)]
        size = SMALL if small else BODY
        return round(size * CODE_SHARE) if kind == Kind.CODE else size

    def _char(self, kind: int, style: int, link: bool, small: bool) -> QTextCharFormat:
        size = self._size(kind, small)
        code = kind == Kind.CODE or bool(style & Style.CODE)
        if style & Style.CODE and kind != Kind.CODE:
            size = round(size * CODE_SHARE)
        severity = _severity(style)
        bold = kind in _HEADINGS or bool(style & Style.BOLD) or severity is not None
        out = char_format(size, bold=bold, italic=bool(style & Style.ITALIC), mono=code)
        out.setForeground(self._foreground(kind, style, link=link))
        if code and kind != Kind.CODE:
            out.setBackground(QColor(self.colors.code))
        if style & Style.STRIKE:
            out.setFontStrikeOut(True)
        if link:
            out.setFontUnderline(True)
        return out

    def _foreground(self, kind: int, style: int, *, link: bool) -> QColor:
        if _severity(style) is not None:
            return QColor(_WHITE)
        if link:
            return QColor(self.colors.accent)
        if style & Style.DIM or kind == Kind.NOTE:
            return QColor(self.colors.dim)
        if kind == Kind.HEADING_2:
            return self.accent_text
        return QColor(self.colors.text)


def _severity(style: int) -> Severity | None:
    if not style & SEVERITIES or style & (Style.BEFORE_MARK | Style.AFTER_MARK):
        return None
    return next(severity for flag, severity in _STYLES.items() if style & flag)
