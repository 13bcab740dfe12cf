"""What a screen reader is told: politely, once a section, never once a token."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QWidget

    from spectr_desktop.ui.headings import Heading

_MOST_TITLES = 3


def announce(widget: QWidget, sentence: str) -> None:
    """Have a screen reader say a sentence when it has nothing else to say."""
    if QAccessible.isActive() and sentence:
        event = QAccessibleAnnouncementEvent(widget, sentence)
        event.setPoliteness(QAccessible.AnnouncementPoliteness.Polite)
        QAccessible.updateAccessibility(event)


class SectionAnnouncer(QObject):
    """Says the headings of a growing report, each once, however often it is written anew."""

    def __init__(self, view: QWidget) -> None:
        super().__init__(view)
        self._view = view
        self._told = 0
        self._count = 0

    def start(self) -> None:
        """Another report begins."""
        self._told = self._count = 0

    def restart(self) -> None:
        """The same report is written anew, as after a change of the theme."""
        self._count = 0

    def skip(self) -> None:
        """What comes until the next start needs no words: a report from the history."""
        self._told = sys.maxsize

    def take(self, headings: Sequence[Heading]) -> None:
        """Headings that are settled now."""
        self._count += len(headings)
        new = self._count - self._told
        if new <= 0:
            return
        self._told = self._count
        titles = [heading.text for heading in headings[-new:]]
        text = "; ".join(titles[-_MOST_TITLES:])
        announce(self._view, self.tr("Section: {title}").format(title=text))
