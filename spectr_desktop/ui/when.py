"""Points in time as a person reads them: by the user's clock, with the day if it is another."""

from __future__ import annotations

from PySide6.QtCore import QDate, QDateTime, QLocale, Qt


def moment(utc: str) -> str:
    """The time of today, or day and time; "?" where it is not known.

    Args:
        utc: as headers and journals write it, ISO 8601.
    """
    at = QDateTime.fromString(utc, Qt.DateFormat.ISODate).toLocalTime()
    if not at.isValid():
        return "?"
    short, locale = QLocale.FormatType.ShortFormat, QLocale()
    if at.date() == QDate.currentDate():
        return locale.toString(at.time(), short)
    return locale.toString(at, short)
