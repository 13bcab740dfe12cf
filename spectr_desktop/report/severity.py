"""The severity that a heading names: never guessed, only read."""

from __future__ import annotations

import re
from typing import NamedTuple

from spectr_desktop.records.grades import Severity

_LONGEST = 300


class SeverityMark(NamedTuple):
    """A severity and where a heading names it.

    Attributes:
        severity: what it is.
        start, end: all that says so, with its brackets or its colon.
        word_start, word_end: the word alone.
    """

    severity: Severity
    start: int
    end: int
    word_start: int
    word_end: int


_WORD = r"(?P<word>critical|high|medium|low|informational|info)"
_SEVERITY = rf"(?:severity[ \t]?[:\u2013\u2014-]?[ \t]?)?{_WORD}(?:[ \t-](?:severity|risk))?"
_BRACKETED = re.compile(rf"(?P<mark>[\[(][ \t]?{_SEVERITY}[ \t]?[\])])", re.IGNORECASE)
# "3.", "H-01:", "[M-2]", "Finding 4:" before it, and behind it a colon, a dash or the end:
# "High gas use" and "Low-level call" name no severity.
_LABEL = (
    r"(?:(?:finding|issue|vulnerability)\b[ \t]*)?"
    r"(?:[\[(#]?(?:[a-z]{1,4}-?)?\d{1,4}(?:\.\d{1,3}){0,3}[\])]?)?[ \t]?[.:)|\u2013\u2014-]?[ \t]*"
)
_END = r"(?:[ \t]?[:|·\u2013\u2014]|(?=[ \t]-[ \t])|(?=[ \t]*\Z))"
_LEADING = re.compile(
    rf"[^\w\[(]{{0,8}}{_LABEL}(?P<mark>{_SEVERITY}{_END})",
    re.IGNORECASE,
)


def severity_mark(heading: str) -> SeverityMark | None:
    """Where a heading names a severity: in brackets anywhere, or at its start.

    Args:
        heading: its text without Markdown's signs.
    """
    heading = heading[:_LONGEST]
    found = _LEADING.match(heading) or _BRACKETED.search(heading)
    if found is None:
        return None
    start, end = found.span("mark")
    word = found["word"].lower()
    severity = Severity.INFO if word.startswith("info") else Severity(word)
    return SeverityMark(severity, start, end, *found.span("word"))


def severity_of(heading: str) -> Severity | None:
    """The severity that a heading names, None if it names none."""
    mark = severity_mark(heading)
    return mark.severity if mark else None
