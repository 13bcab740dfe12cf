"""Links from a finding into the reports that have it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from spectr_desktop.ui import finding_words
from spectr_desktop.ui.finding_places import dim_label

if TYPE_CHECKING:
    from spectr_desktop.records.findings import Finding, Sighting

_MOST = 8


class SightingLinks(QWidget):
    """A link for each sighting, the first one first; one of several can be split off.

    Signals:
        sighting_activated: (str run, str cell, int start).
        split_requested: (Sighting) it is a finding of its own.
    """

    sighting_activated = Signal(str, str, int)
    split_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: list[Sighting] = []
        self._links: list[QPushButton] = []
        self._splits: list[QPushButton] = []
        self._more = dim_label("moreSightings", self)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(24, 6, 24, 0)
        self._layout.setSpacing(2)
        self._layout.addWidget(self._more)

    def tab_stops(self) -> list[QWidget]:
        """What the keyboard reaches, from above."""
        return [*itertools.chain(*zip(self._links, self._splits, strict=True))]

    def show_sightings(self, finding: Finding) -> None:
        """Show links to the reports; links are used again."""
        self._shown = [sighting for sighting in finding.sightings if sighting.run][:_MOST]
        while len(self._links) < len(self._shown):
            number = len(self._links)
            link = QPushButton(self)
            link.setObjectName("linkButton")
            link.setCursor(Qt.CursorShape.PointingHandCursor)
            link.clicked.connect(lambda _checked=False, number=number: self._on_clicked(number))
            split = QPushButton(self.tr("Split off"), self)
            split.setObjectName("splitSightingButton")
            split.setToolTip(self.tr("This report means another fault: a finding of its own"))
            split.clicked.connect(lambda _checked=False, number=number: self._on_split(number))
            row = QHBoxLayout()
            row.addWidget(link)
            row.addWidget(split)
            row.addStretch(1)
            self._layout.insertLayout(number, row)
            self._links.append(link)
            self._splits.append(split)
        for number, link in enumerate(self._links):
            link.setVisible(number < len(self._shown))
            if number < len(self._shown):
                words = self._words(self._shown[number])
                link.setText(words.replace("&", "&&"))
                link.setAccessibleName(words)
                self._splits[number].setAccessibleName(self.tr("Split off: {w}").format(w=words))
            several = len(finding.sightings) > 1
            self._splits[number].setVisible(several and number < len(self._shown))
        left = len(finding.sightings) - len(self._shown)
        self._more.setVisible(left > 0)
        self._more.setText(self.tr("And {n} more sightings.").format(n=left))
        self.setVisible(bool(finding.sightings))

    def _words(self, sighting: Sighting) -> str:
        model = finding_words.one_line(sighting.model, 60)
        cell = finding_words.one_line(sighting.cell, 40)
        words = self.tr("In the report of {model}, {cell}").format(model=model, cell=cell)
        return words if sighting.complete else self.tr("{words} (broken off)").format(words=words)

    def _on_clicked(self, number: int) -> None:
        sighting = self._shown[number]
        self.sighting_activated.emit(sighting.run, sighting.cell, sighting.start)

    def _on_split(self, number: int) -> None:
        self.split_requested.emit(self._shown[number])
