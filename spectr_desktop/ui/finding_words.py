"""What the list and the pane of findings call things: states, places, badges, evidence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from spectr_desktop.records.grades import Anchor, State
from spectr_desktop.ui import severities
from spectr_desktop.ui.hostile_text import visible

if TYPE_CHECKING:
    from spectr_desktop.records.findings import Category, Finding, Location

LONGEST_TITLE = 300
_LONGEST_NAME = 120
_LONGEST_WORD = 20
_LONG_WORD = re.compile(rf"\S{{{_LONGEST_WORD}}}(?=\S)")
_BREAK_HERE = "\u200b"

_STATES = {
    State.OPEN: QT_TRANSLATE_NOOP("finding", "Open"),
    State.CONFIRMED: QT_TRANSLATE_NOOP("finding", "Confirmed"),
    State.FALSE_POSITIVE: QT_TRANSLATE_NOOP("finding", "False positive"),
    State.ACKNOWLEDGED: QT_TRANSLATE_NOOP("finding", "Acknowledged"),
    State.FIXED: QT_TRANSLATE_NOOP("finding", "Fixed"),
    State.PARTLY_FIXED: QT_TRANSLATE_NOOP("finding", "Partly fixed"),
    State.DUPLICATE: QT_TRANSLATE_NOOP("finding", "Duplicate"),
    State.WONT_FIX: QT_TRANSLATE_NOOP("finding", "Won't fix"),
}


def _tr(text: str) -> str:
    return QCoreApplication.translate("finding", text)


def state_word(state: State) -> str:
    """What a state is called."""
    return _tr(str(_STATES[state]))


def one_line(text: str, most: int = LONGEST_TITLE) -> str:
    """A text of a model on one line, cut, with hidden characters spelled out."""
    head = text[: most * 4]
    shown = visible(" ".join(head.split()))
    cut = len(text) > len(head) or len(shown) > most
    return shown[: most - 1] + "…" if cut else shown


def breakable(text: str) -> str:
    """A text whose endless words may be broken at the edge of a label."""
    return _LONG_WORD.sub(lambda match: match[0] + _BREAK_HERE, text)


def title(finding: Finding) -> str:
    """The title on one line, and words for a finding without one."""
    return one_line(finding.texts.title) or _tr("Without a title")


def severity_word(finding: Finding) -> str:
    """The word of a finding's severity, also if nobody has rated it."""
    return severities.word(finding.severity) if finding.severity else _tr("Not rated")


def symbol(place: Location) -> str:
    """Contract.function as far as they are known, else the file's name."""
    names = [name for name in (place.contract, place.function) if name]
    if names:
        return one_line(".".join(names), _LONGEST_NAME)
    return one_line(place.path.rpartition("/")[2], _LONGEST_NAME) or _tr("No place")


def place_words(place: Location | None) -> str:
    """A place in a few words: Vault.withdraw · 42; without a line if no code was found."""
    if place is None:
        return _tr("No place named")
    if not place.anchor.is_found or not place.start_line:
        return symbol(place)
    return f"{symbol(place)} · {place.start_line}"


def place_link(place: Location) -> str:
    """A found place as a link says it: Vault.withdraw · lines 33–38."""
    if place.end_line > place.start_line:
        span = _tr("lines {start}–{end}").format(start=place.start_line, end=place.end_line)
    else:
        span = _tr("line {start}").format(start=place.start_line)
    return f"{symbol(place)} · {span}"


def badge(finding: Finding) -> str:
    """Whether the code was found; it says nothing of the claim."""
    if finding.by_hand and not finding.locations:
        return _tr("by hand")
    if finding.is_lead:
        return _tr("code not found")
    place = finding.place
    if place is not None and place.anchor is Anchor.SYMBOL_ONLY:
        return _tr("function found")
    return _tr("code found")


def marks(finding: Finding) -> list[str]:
    """What the auditor has to know of a finding beside its badge, the most pressing first."""
    out: list[str] = []
    if finding.recheck:
        out.append(_tr("re-check"))
    elif finding.stale:
        out.append(_tr("stale"))
    if finding.duplicate_of:
        out.append(_tr("merged into {key}").format(key=one_line(finding.duplicate_of, 40)))
    elif finding.state is not State.OPEN:
        out.append(state_word(finding.state).lower())
    return out


def spoken(finding: Finding) -> str:
    """A row of the list for those who do not see it."""
    parts = [
        f"{severity_word(finding)}: {title(finding)}",
        one_line(finding.key, 40),
        place_words(finding.place),
        badge(finding),
        *marks(finding),
    ]
    return ", ".join(parts)


def evidence(finding: Finding) -> str:
    """What speaks for a finding, counted and nothing more."""
    sightings = finding.sightings
    if not sightings:
        return _tr("Written by the auditor; no run has reported it.")
    runs = len({sighting.run for sighting in sightings})
    models = len({sighting.model for sighting in sightings})
    in_runs = _tr("1 run") if runs == 1 else _tr("{n} runs").format(n=runs)
    by_models = _tr("1 model") if models == 1 else _tr("{n} models").format(n=models)
    if len(sightings) > runs:
        return _tr("Seen {n} times in {runs} by {models}; nothing else supports it.").format(
            n=len(sightings), runs=in_runs, models=by_models
        )
    return _tr("Seen in {runs} by {models}; nothing else supports it.").format(
        runs=in_runs, models=by_models
    )


def category_words(category: Category) -> str:
    """The kind of weakness: ids that the tables know, then the model's own words."""
    ids = [category.scwe] if category.scwe else []
    if category.owasp_sc:
        ids.append(f"OWASP {category.owasp_sc}:{category.year}")
    if category.cwe:
        ids.append(f"CWE-{category.cwe}")
    label = one_line(category.model_label, _LONGEST_NAME)
    if label:
        ids.append(_tr("in the model's words: {label}").format(label=label))
    return ", ".join(ids)
