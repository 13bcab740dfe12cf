"""What the history calls things: outcomes with their signs, times, counts of findings."""

from __future__ import annotations

import datetime
from pathlib import PurePath

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QLocale

from spectr_desktop.records.history import FOLLOW_UP, GOING_ON, HIT_END, HIT_START, RunRow
from spectr_desktop.records.run import Outcome
from spectr_desktop.ui.finding_words import one_line

_OUTCOMES = {
    Outcome.COMPLETE: QT_TRANSLATE_NOOP("history", "Complete"),
    Outcome.STOPPED: QT_TRANSLATE_NOOP("history", "Stopped"),
    Outcome.LENGTH_LIMIT: QT_TRANSLATE_NOOP("history", "Cut at the output limit"),
    Outcome.CONTEXT_FULL: QT_TRANSLATE_NOOP("history", "Cut, context full"),
    Outcome.REFUSED: QT_TRANSLATE_NOOP("history", "Refused"),
    Outcome.INTERRUPTED: QT_TRANSLATE_NOOP("history", "Interrupted"),
    Outcome.FAILED: QT_TRANSLATE_NOOP("history", "Failed"),
    Outcome.NOT_SENT: QT_TRANSLATE_NOOP("history", "Not sent"),
}
_SIGNS = {Outcome.COMPLETE: "✓", Outcome.FAILED: "■", None: "●"}
_LONGEST_TITLE = 200
_LONGEST_SNIPPET = 300
_LONGEST_HINT = 300


def tr(text: str) -> str:
    """A sentence of the history in the user's language."""
    return QCoreApplication.translate("history", text)


def outcome_word(outcome: Outcome | None) -> str:
    """How a run ended; None while it goes on."""
    return tr(str(_OUTCOMES[outcome])) if outcome else tr("Going on")


def outcome_choice(value: str) -> str:
    """The words for an outcome as the index keeps it."""
    return outcome_word(None if value == GOING_ON else Outcome(value))


def sign(outcome: Outcome | None) -> str:
    """The sign before the words; the tick belongs to `complete` alone."""
    return _SIGNS.get(outcome, "▲")


def title(row: RunRow) -> str:
    """The title on one line."""
    return one_line(row.title, _LONGEST_TITLE) or tr("Without a title")


def when(row: RunRow, now: datetime.datetime | None = None) -> str:
    """When it began, in the user's time: only the hour for today, with the year if not this."""
    try:
        began = datetime.datetime.fromisoformat(row.created_at).astimezone()
    except (ValueError, OverflowError):
        return tr("date unknown")
    today = (now or datetime.datetime.now(datetime.UTC)).astimezone()
    locale = QLocale()
    clock = f"{began:%H:%M}"
    if began.date() == today.date():
        return tr("today, {time}").format(time=clock)
    month = locale.monthName(began.month, QLocale.FormatType.ShortFormat)
    if began.year == today.year:
        return f"{began.day} {month}, {clock}"
    return f"{began.day} {month} {began.year}"


def findings(row: RunRow) -> str:
    """How much was found, in words."""
    count = row.findings
    text = tr("1 finding") if count == 1 else tr("{n} findings").format(n=count)
    if row.leads:
        more = tr("1 lead") if row.leads == 1 else tr("{n} leads").format(n=row.leads)
        return f"{text}, {more}" if count else more
    return text if count else tr("no findings")


def marks(row: RunRow) -> list[str]:
    """What else has to be known of a run, the most pressing first."""
    out: list[str] = []
    if row.damaged_lines:
        out.append(tr("file damaged"))
    if row.kind == FOLLOW_UP:
        out.append(tr("question"))
    elif row.continues:
        out.append(tr("goes on with an earlier run"))
    return out


def facts(row: RunRow) -> str:
    """The line that says how it ended and what was found."""
    parts = [f"{sign(row.outcome)} {outcome_word(row.outcome)}"]
    if row.kind != FOLLOW_UP:
        parts.append(findings(row))
    return " · ".join([*parts, *marks(row)])


def project(row: RunRow) -> str:
    """The name of the project's folder, "" if it is not known."""
    return one_line(PurePath(row.project).name or row.project, 80)


def engine(row: RunRow) -> str:
    """When, which model, and of which project."""
    return " · ".join(part for part in (when(row), one_line(row.model, 80), project(row)) if part)


def hint(row: RunRow) -> str:
    """What is too long for a row: the whole title and the project's folder."""
    folder = one_line(row.project, _LONGEST_HINT)
    return "\n".join(part for part in (title(row), folder, row.id) if part)


def snippet(row: RunRow) -> list[tuple[str, bool]]:
    """The snippet in pieces, each with whether it is a hit."""
    out: list[tuple[str, bool]] = []
    for number, piece in enumerate(row.snippet[: _LONGEST_SNIPPET * 2].split(HIT_START)):
        hit, _end, rest = piece.partition(HIT_END) if number else ("", "", piece)
        out += [(_flat(hit), True), (_flat(rest), False)]
    return [(text, is_hit) for text, is_hit in out if text]


def spoken(row: RunRow) -> str:
    """A row for those who do not see it."""
    parts = [title(row), outcome_word(row.outcome), engine(row)]
    parts += [findings(row)] if row.kind != FOLLOW_UP else []
    return ", ".join([*parts, *marks(row)])


def _flat(text: str) -> str:
    """On one line, with the spaces at its ends."""
    head = " " if text[:1].isspace() else ""
    tail = " " if text[-1:].isspace() else ""
    inside = one_line(text, _LONGEST_SNIPPET)
    return f"{head}{inside}{tail}" if inside else head
