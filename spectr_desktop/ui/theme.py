"""Colours, fonts and the style sheet of both themes, and which of them is on."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette

from spectr_desktop import paths

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication


@dataclass(frozen=True, slots=True)
class Colors:
    """The colours of a theme, as #rrggbb. Text on `panel` has a contrast of at least 4.5:1."""

    background: str
    panel: str
    line: str
    text: str
    dim: str
    accent: str
    on_accent: str
    selection: str
    code: str
    critical: str
    high: str
    medium: str
    low: str
    info: str
    mark: str
    found: str
    keyword: str
    type_name: str
    function: str
    comment: str
    string: str


LIGHT = Colors(
    background="#f6f7f8",
    panel="#ffffff",
    line="#e1e4e8",
    text="#1d2126",
    dim="#646d78",
    accent="#2b5fd9",
    on_accent="#ffffff",
    selection="#cfe0ff",
    code="#f4f5f7",
    critical="#a8123e",
    high="#b83d0b",
    medium="#8a5c00",
    low="#2f6f4f",
    info="#5b6470",
    mark="#fff1e6",
    found="#ffe28a",
    keyword="#7a45d1",
    type_name="#0550ae",
    function="#6639ba",
    comment="#68707a",
    string="#0a7a47",
)

DARK = Colors(
    background="#17191c",
    panel="#1e2125",
    line="#30353b",
    text="#e4e7ea",
    dim="#98a1ab",
    accent="#6b9bff",
    on_accent="#0c1220",
    selection="#2f4370",
    code="#262a2f",
    critical="#ff7a9c",
    high="#ff9d66",
    medium="#e3b341",
    low="#7cc79b",
    info="#a9b2bc",
    mark="#3a2a1e",
    found="#5f4c10",
    keyword="#d2a8ff",
    type_name="#79c0ff",
    function="#d2a8ff",
    comment="#8c959f",
    string="#7ee2a8",
)


class Scheme(enum.Enum):
    """What the user chose: one of the themes, or whatever the desktop has."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


_QT_SCHEMES = {
    Scheme.SYSTEM: Qt.ColorScheme.Unknown,
    Scheme.LIGHT: Qt.ColorScheme.Light,
    Scheme.DARK: Qt.ColorScheme.Dark,
}


@dataclass(frozen=True, slots=True)
class Fonts:
    """What the user chose; empty where the program or the system chooses.

    Attributes:
        code_family: of source and code.
        code_points: of the source editor.
        report_points: of the report's text.
    """

    code_family: str = ""
    code_points: float | None = None
    report_points: float | None = None


class Theme(QObject):
    """The theme of the running program.

    Attributes:
        fonts: what the user chose.

    Signals:
        changed: the colours are others now; widgets that paint by themselves read them again.
        fonts_changed: the fonts are others now.
    """

    changed = Signal()
    fonts_changed = Signal()

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app = app
        self.scheme = Scheme.SYSTEM
        self.fonts = Fonts()
        self._colors = LIGHT
        app.setStyle("Fusion")
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_color_scheme_changed)
        self._apply()

    @property
    def colors(self) -> Colors:
        """The colours that are on now."""
        return self._colors

    @property
    def dark(self) -> bool:
        """The dark theme is on."""
        return self._colors is DARK

    def choose(self, scheme: Scheme) -> None:
        """Switch the theme; `SYSTEM` follows the desktop from now on."""
        self.scheme = scheme
        QGuiApplication.styleHints().setColorScheme(_QT_SCHEMES[scheme])
        self._apply()

    def choose_fonts(self, fonts: Fonts) -> None:
        """Use other fonts from now on."""
        if fonts != self.fonts:
            self.fonts = fonts
            self.fonts_changed.emit()

    def code_font(self) -> QFont:
        """The font of source and code, as the user chose it."""
        return code_font(self.fonts)

    def _on_color_scheme_changed(self) -> None:
        self._apply()

    def _apply(self) -> None:
        scheme = QGuiApplication.styleHints().colorScheme()
        wanted_dark = scheme is Qt.ColorScheme.Dark or self.scheme is Scheme.DARK
        self._colors = DARK if wanted_dark else LIGHT
        self._app.setPalette(palette(self._colors))
        self._app.setStyleSheet(style_sheet(self._colors))
        self.changed.emit()


def palette(colors: Colors) -> QPalette:
    """The palette that Fusion paints with."""
    role = QPalette.ColorRole
    out = QPalette()
    for name, value in (
        (role.Window, colors.background),
        (role.WindowText, colors.text),
        (role.Base, colors.panel),
        (role.AlternateBase, colors.background),
        (role.Text, colors.text),
        (role.PlaceholderText, colors.dim),
        (role.Button, colors.panel),
        (role.ButtonText, colors.text),
        (role.ToolTipBase, colors.panel),
        (role.ToolTipText, colors.text),
        (role.Highlight, colors.selection),
        (role.HighlightedText, colors.text),
        (role.Link, colors.accent),
        (role.LinkVisited, colors.accent),
        (role.Accent, colors.accent),
        (role.Mid, colors.line),
        (role.Light, colors.panel),
        (role.Dark, colors.line),
    ):
        out.setColor(name, QColor(value))
    for name in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        out.setColor(QPalette.ColorGroup.Disabled, name, QColor(colors.dim))
    return out


def style_sheet(colors: Colors) -> str:
    """The shipped style sheet with the colours of a theme put in for @names."""
    return filled((paths.resources() / "themes" / "window.qss").read_text(encoding="utf-8"), colors)


def filled(sheet: str, colors: Colors) -> str:
    """A style sheet with the colours of a theme put in for @names, and its icons for @icons."""
    text = sheet
    # The longest names first: @text_dim must not be read as @text.
    for name in sorted(Colors.__slots__, key=len, reverse=True):
        text = text.replace(f"@{name}", getattr(colors, name))
    icons = paths.resources() / "icons" / ("dark" if colors is DARK else "light")
    return text.replace("@icons", icons.as_posix())


def code_font(fonts: Fonts = Fonts()) -> QFont:  # frozen
    """A fixed-pitch font that tells 0 from O and 1 from l where the machine has one."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    if fonts.code_points is not None:
        font.setPointSizeF(fonts.code_points)
    families = [
        *([fonts.code_family] if fonts.code_family else []),
        "JetBrains Mono",
        "Cascadia Mono",
        "SF Mono",
        "Menlo",
        "Consolas",
        "DejaVu Sans Mono",
        font.family(),
    ]
    font.setFamilies(families)
    font.setStyleHint(QFont.StyleHint.Monospace)
    font.setFixedPitch(True)
    return without_ligatures(font)


def without_ligatures(font: QFont) -> QFont:
    """The font as an auditor needs it: every character by itself, `=>` never as an arrow."""
    plain = QFont(font)
    for feature in ("liga", "calt"):
        plain.setFeature(QFont.Tag(feature), 0)
    return plain
