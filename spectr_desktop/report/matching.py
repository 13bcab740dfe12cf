"""Whether a run reports what is known already: surely, perhaps, or not."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spectr_desktop.records.findings import Category, Location, Sighting
    from spectr_desktop.report.finding_fold import FindingFold

MatchKind: TypeAlias = Literal["exact", "probable", "new"]

_WORD = re.compile(r"\w+")
_FILLING = frozenset(("a", "an", "and", "by", "for", "in", "of", "on", "the", "to", "via", "with"))
_SAME_WORDS = 0.75
_SAME_LETTERS = 0.85
_LONGEST = 200
_MOST_SIGHTINGS = 50


class Match(NamedTuple):
    """What a sighting belongs to.

    Attributes:
        kind: "exact" may be carried over silently, "probable" is for the auditor to say.
        key: of the finding; for "new" the one that it would get.
    """

    kind: MatchKind
    key: str


class _Likeness(NamedTuple):
    """How much a sighting is like a finding; greater is more."""

    exact: bool
    identical: bool
    overlap: bool
    same_class: bool
    same_title: bool


def compatible(one: Category, other: Category) -> bool:
    """Whether two kinds of weakness may be the same: by the narrowest table that has both."""
    if one.scwe and other.scwe:
        return one.scwe == other.scwe
    if one.owasp_sc and other.owasp_sc and one.year == other.year:
        return one.owasp_sc == other.owasp_sc
    label = _words(one.model_label)
    return bool(label) and label == _words(other.model_label)


def similar_titles(one: str, other: str) -> bool:
    """Whether two titles say nearly the same."""
    first, second = _words(one), _words(other)
    if not first or not second:
        return False
    words, others = set(first) - _FILLING, set(second) - _FILLING
    if words and 2 * len(words & others) / (len(words) + len(others)) >= _SAME_WORDS:
        return True
    left, right = " ".join(first)[:_LONGEST], " ".join(second)[:_LONGEST]
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    quick = matcher.real_quick_ratio() >= _SAME_LETTERS and matcher.quick_ratio() >= _SAME_LETTERS
    return quick and matcher.ratio() >= _SAME_LETTERS


def best_match(sighting: Sighting, folds: Iterable[tuple[FindingFold, str]], new_key: str) -> Match:
    """What a sighting belongs to.

    Exact: in the same function of the same contract, with lines in common, and of a compatible
    kind or nearly the same title. Probable: in the same function, and lines in common or a
    compatible kind; or several are exact. Within one run only the very same lines and kind are
    exact, and within one report nothing else is a match: a model that lists two means two.

    Args:
        sighting: the new one.
        folds: the findings that there are, each with the key of what it is merged into (or its
            own); their lines are those of the newest source.
        new_key: for what is new.
    """
    exact: list[tuple[_Likeness, str, str]] = []
    probable: list[tuple[_Likeness, str, str]] = []
    for fold, root in folds:
        found = _likeness(sighting, fold)
        if found is not None:
            (exact if found.exact else probable).append((found, fold.key, root))
    pool = exact or probable
    if not pool:
        return Match("new", new_key)
    best = max(pool, key=lambda item: item[0])  # the first of equal ones
    rivals = {root for likeness, _, root in pool if likeness.identical >= best[0].identical}
    sure = bool(exact) and len(rivals) == 1
    return Match("exact" if sure else "probable", best[1])


def _likeness(sighting: Sighting, fold: FindingFold) -> _Likeness | None:
    """How much they are alike, None if they are not the same at all."""
    near, overlap, identical = _places(sighting, fold)
    if not near:
        return None
    known = fold.sightings[:_MOST_SIGHTINGS]
    same_class = any(compatible(sighting.category, one.category) for one in known)
    in_run = [one for one in fold.sightings if one.run == sighting.run]
    again = _is_lead_again(sighting, fold, known)
    twin = (identical or again) and same_class
    # Titles are dear to compare: first what is decided without them.
    if any(one.cell == sighting.cell for one in in_run) and not twin:
        return None
    title = fold.written.texts.title if fold.written else fold.sightings[0].texts.title
    titles = dict.fromkeys((title, *(one.texts.title for one in known)))
    same_title = any(similar_titles(sighting.texts.title, one) for one in titles)
    if not (overlap or same_class or (same_title and not _found(sighting.locations))):
        return None
    exact = overlap and (same_class or same_title)
    if again:
        exact = identical = True
    if in_run and not twin:
        exact = False
    return _Likeness(exact, identical, overlap, same_class, same_title)


def _places(sighting: Sighting, fold: FindingFold) -> tuple[bool, bool, bool]:
    """Whether they have a function in common, lines too, and just the same lines."""
    near = not sighting.locations and not fold.places
    overlap = identical = False
    for mine in sighting.locations:
        source = fold.sources.get(mine.path)
        # Lines of different texts cannot be compared.
        same_text = source is None or not (
            mine.path == sighting.locations[0].path
            and source.sha256
            and sighting.source_sha256
            and source.sha256 != sighting.source_sha256
        )
        for place in fold.places:
            if not _same_symbol(mine, place):
                continue
            near = True
            if mine.path == place.path and same_text and mine.anchor.is_found and place.start_line:
                common = mine.start_line <= place.end_line and place.start_line <= mine.end_line
                overlap = overlap or common
                identical = identical or (
                    (mine.start_line, mine.end_line) == (place.start_line, place.end_line)
                )
    return near, overlap, identical


def _same_symbol(one: Location, other: Location) -> bool:
    if (one.contract, one.function) != (other.contract, other.function):
        return False
    # Without a contract only the file says where it is; a file may also have been renamed.
    return one.contract != "" or one.path == other.path


def _found(places: Iterable[Location]) -> bool:
    return any(place.anchor.is_found for place in places)


def _is_lead_again(sighting: Sighting, fold: FindingFold, known: Iterable[Sighting]) -> bool:
    """Whether nothing of both was found, and they claim the same in the same words."""
    if _found(sighting.locations) or _found(fold.places) or not sighting.locations:
        return False
    mine = sighting.locations[0]
    same_claim = any((place.path, place.quote) == (mine.path, mine.quote) for place in fold.places)
    if not same_claim:
        return False
    titles = {one.texts.title for one in known}
    if fold.written:
        titles.add(fold.written.texts.title)
    return any(_words(one) == _words(sighting.texts.title) for one in titles)


def _words(text: str) -> list[str]:
    return _WORD.findall(text[: 2 * _LONGEST].casefold())
