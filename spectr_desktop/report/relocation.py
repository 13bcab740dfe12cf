"""Where a finding is after its file was edited, and whether it has to be looked at again."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NamedTuple

from spectr_desktop.records.decisions import Relocated
from spectr_desktop.records.grades import Anchor
from spectr_desktop.records.source import SymbolKind
from spectr_desktop.report.line_map import Change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectr_desktop.records.findings import Location
    from spectr_desktop.records.source import Outline
    from spectr_desktop.report.finding_fold import FindingFold
    from spectr_desktop.report.line_map import LineMap

_BY_QUOTE = (Anchor.EXACT, Anchor.MOVED, Anchor.FUZZY)
_CALLABLE = (SymbolKind.FUNCTION, SymbolKind.MODIFIER, SymbolKind.CONSTRUCTOR)


class Edit(NamedTuple):
    """One edit of one file.

    Attributes:
        path: the file.
        source_sha256: of its new text.
        lines: where its lines are now.
        outline: of its old text, None if it is not known.
    """

    path: str
    source_sha256: str
    lines: LineMap
    outline: Outline | None


def relocated(
    fold: FindingFold, edit: Edit, *, decided: bool, judged: Mapping[str, str]
) -> Relocated | None:
    """What an edit does to a finding; None if it does nothing to it.

    A text that was there before brings back what was known of it. A decided finding asks to be
    looked at again if its own lines changed, or any of the function around them (as far as the
    outline tells): the client's fix often stands in another line than the mistake.

    Args:
        fold: the finding, with its places in the old text.
        edit: the edit.
        decided: whether it, or what it was merged into, was decided.
        judged: by path, the sha256 of the text that this decision was about.
    """
    path, sha256 = edit.path, edit.source_sha256
    old = fold.places_in(path)
    new = tuple(_followed(place, edit.lines) for place in old)
    changed = any(change not in (None, Change.SAME) for _, change in new)
    touched = changed or any(_around_changed(place, edit) for place in old)
    places, stale = tuple(place for place, _ in new), changed or path in fold.stale
    recheck = decided and (touched or path in fold.recheck)
    known = fold.before.get((path, sha256))
    if known is not None:
        places, stale = known
        recheck = recheck and judged.get(path) != sha256
    if (places, stale, recheck) == (old, path in fold.stale, path in fold.recheck):
        return None
    return Relocated(fold.key, path, sha256, places, stale, recheck)


def _followed(place: Location, lines: LineMap) -> tuple[Location, Change | None]:
    """The place in the new text and what became of its lines; None if it never had any."""
    if place.start_line <= 0 or not place.anchor.is_found:
        return place, None
    start, end, change = lines.place(place.start_line, place.end_line)
    anchor = place.anchor
    if change is Change.GONE:
        anchor = Anchor.UNVERIFIED
    elif change is Change.EDITED and anchor in _BY_QUOTE:
        anchor = Anchor.FUZZY
    elif change is Change.MOVED and anchor is Anchor.EXACT:
        anchor = Anchor.MOVED
    return dataclasses.replace(place, start_line=start, end_line=end, anchor=anchor), change


def _around_changed(place: Location, edit: Edit) -> bool:
    """Whether anything of the function around a place has changed."""
    symbols = edit.outline.symbols if edit.outline else ()
    return any(
        edit.lines.place(symbol.start_line, symbol.end_line).change is not Change.SAME
        for symbol in symbols
        if symbol.kind in _CALLABLE
        and symbol.start_line <= place.end_line
        and place.start_line <= symbol.end_line
    )
