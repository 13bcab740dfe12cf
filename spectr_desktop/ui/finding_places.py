"""Where a finding points to: links, the lines of the source, and the model's own quote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from spectr_desktop.records.grades import Anchor
from spectr_desktop.ui import finding_words
from spectr_desktop.ui.code_excerpt import CodeExcerpt, Excerpt, excerpt, quoted

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectr_desktop.records.findings import Finding, Location
    from spectr_desktop.ui.theme import Theme

MOST_PLACES = 6


class _Place(QWidget):
    """One place: its link, its lines, and the quote if it differs from them."""

    activated = Signal(str, int, int)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._place: Location | None = None
        self.link = QPushButton(self)
        self.link.setObjectName("linkButton")
        self.link.setCursor(Qt.CursorShape.PointingHandCursor)
        self.link.clicked.connect(self._on_clicked)
        self.words = dim_label("placeWords", self)
        self.code = CodeExcerpt("placeCode", self.tr("Code"), theme, self)
        self.quote_words = dim_label("quoteWords", self)
        self.quote = CodeExcerpt("placeQuote", self.tr("The model's quote"), theme, self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 6)
        layout.setSpacing(6)
        layout.addWidget(self.link, 0, Qt.AlignmentFlag.AlignLeft)
        for widget in (self.words, self.code, self.quote_words, self.quote):
            layout.addWidget(widget)

    def show_place(self, place: Location, source: str | None) -> None:
        """Show a place in the source as it is now."""
        self._place = place
        found = place.anchor.is_found and place.start_line > 0
        self.link.setVisible(found)
        self.link.setText(finding_words.place_link(place).replace("&", "&&"))
        self.link.setAccessibleName(
            self.tr("Go to {place}").format(place=finding_words.place_link(place))
        )
        lines = None
        if found and source is not None:
            lines = excerpt(source, place.path, place.start_line, place.end_line)
        self.code.setVisible(lines is not None)
        if lines is not None:
            self.code.show_excerpt(lines)
        words = self._words(place, lines, found=found)
        self.words.setText(words)
        self.words.setVisible(bool(words))
        differs = bool(place.quote.strip()) and not _stands_in(place.quote, source if found else "")
        self.quote_words.setVisible(differs)
        self.quote.setVisible(differs)
        if differs:
            self.quote_words.setText(self.tr("The model quoted it like this:"))
            self.quote.show_excerpt(quoted(place.quote))

    def _words(self, place: Location, lines: Excerpt | None, *, found: bool) -> str:
        path = finding_words.one_line(place.path, 200) or self.tr("no file")
        if place.anchor is Anchor.MISSING_FILE:
            return self.tr("{path} is not among the files that were sent.").format(path=path)
        if not found:
            where = f"{path} · {finding_words.symbol(place)}"
            return self.tr("The model names {place}; its code was not found in the source.").format(
                place=where
            )
        out = [path]
        if place.anchor is Anchor.MOVED:
            out.append(self.tr("the model said line {n}").format(n=place.claimed_line))
        elif place.anchor is Anchor.FUZZY:
            out.append(self.tr("found with small differences"))
        elif place.anchor is Anchor.SYMBOL_ONLY:
            out.append(self.tr("only the function was found, not the quoted code"))
        if lines is None:
            out.append(self.tr("the source is not open"))
        elif lines.left_out:
            out.append(self.tr("{n} more lines below").format(n=lines.left_out))
        return " · ".join(out)

    def _on_clicked(self) -> None:
        place = self._place
        if place is not None:
            self.activated.emit(place.path, place.start_line, place.end_line)


class PlacesSection(QWidget):
    """All places of a finding, the main one first.

    Signals:
        location_activated: (str path, int start, int end) the reader wants to see it in the editor.
    """

    location_activated = Signal(str, int, int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._rows: list[_Place] = []
        self._more = dim_label("morePlaces", self)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(24, 0, 24, 0)
        self._layout.setSpacing(4)
        self._layout.addWidget(self._more)

    def tab_stops(self) -> list[QWidget]:
        """What the keyboard reaches, from above."""
        return [stop for row in self._rows for stop in (row.link, row.code, row.quote)]

    def show_places(self, finding: Finding, source_of: Callable[[str], str | None]) -> None:
        """Show where a finding points to; rows are used again."""
        places = finding.locations[:MOST_PLACES]
        while len(self._rows) < len(places):
            row = _Place(self._theme, self)
            row.activated.connect(self.location_activated)
            self._layout.insertWidget(len(self._rows), row)
            self._rows.append(row)
        for number, row in enumerate(self._rows):
            row.setVisible(number < len(places))
            if number < len(places):
                place = places[number]
                row.show_place(place, source_of(place.path) if place.anchor.is_found else None)
        left = len(finding.locations) - len(places)
        words = self.tr("And {n} more places.").format(n=left) if left > 0 else ""
        self._more.setText(words or ("" if places else self.tr("No place is named.")))
        self._more.setVisible(bool(self._more.text()))


def dim_label(name: str, parent: QWidget) -> QLabel:
    """A label of plain text in the second colour; long words break."""
    label = QLabel(parent)
    label.setObjectName(name)
    label.setProperty("dim", True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _stands_in(quote: str, source: str | None) -> bool:
    """Whether a quote is in the source but for its white space."""
    return "".join(quote.split()) in "".join((source or "").split())
