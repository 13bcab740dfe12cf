"""The record of a finding, from what its entries have made of it and of those merged into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectr_desktop.records.findings import Finding, Location, Sighting, Texts
from spectr_desktop.records.grades import Severity, State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spectr_desktop.report.finding_fold import FindingFold

_RANK = {severity: rank for rank, severity in enumerate(Severity)}


def built(
    fold: FindingFold,
    below: Sequence[FindingFold],
    into: str,
    root: FindingFold,
    newest: Mapping[str, tuple[str, int]],
) -> Finding:
    """Make the record.

    Args:
        fold: the finding.
        below: all that was merged into it.
        into: what it was merged into, "" if it stands for itself.
        root: what stands for it in the end, or itself.
        newest: by path, the newest text's sha256 and the count of the entry that led to it.
    """
    group = (fold, *below)
    sightings = tuple(sighting for one in group for sighting in one.sightings)
    severity, origin = _severity(fold, sightings)
    original = _original(fold)
    texts = original if fold.texts is None else fold.texts
    behind = [_is_behind(one, newest) for one in group]
    return Finding(
        key=fold.key,
        sightings=sightings,
        texts=texts,
        severity=severity,
        severity_origin=origin,
        locations=_locations(group),
        state=State.DUPLICATE if into else fold.state,
        note=fold.note,
        edited=texts != original,
        recheck=any(
            (one.recheck or late) and (one.is_decided or root.is_decided)
            for one, late in zip(group, behind, strict=True)
        ),
        stale=any(one.stale or late for one, late in zip(group, behind, strict=True)),
        duplicate_of=into,
        by_hand=fold.written is not None,
    )


def _original(fold: FindingFold) -> Texts:
    return fold.written.texts if fold.written else fold.sightings[0].texts


def _severity(fold: FindingFold, sightings: Sequence[Sighting]) -> tuple[Severity | None, str]:
    """The auditor's severity, else the worst of the sightings, and whose it is."""
    own = fold.severity or (fold.written.severity if fold.written else None)
    if own is not None:
        return own, "auditor"
    rated = [(one.severity, one.severity_origin) for one in sightings if one.severity]
    return min(rated, key=lambda pair: _RANK[pair[0]], default=(None, ""))


def _locations(group: Sequence[FindingFold]) -> tuple[Location, ...]:
    """Its own places, then those of merged findings that are other ones."""
    found = list(group[0].places)
    taken = {(place.path, place.start_line, place.end_line) for place in found}
    for one in group[1:]:
        for place in one.places:
            lines = (place.path, place.start_line, place.end_line)
            if place.anchor.is_found and lines not in taken:
                taken.add(lines)
                found.append(place)
    return tuple(found)


def _is_behind(fold: FindingFold, newest: Mapping[str, tuple[str, int]]) -> bool:
    """Whether a file was edited since the finding was placed, and its lines did not follow.

    It happens to what was undone while the file was edited, and to a sighting that stood in
    another finding then.
    """
    for path, source in fold.sources.items():
        sha256, order = newest.get(path, ("", 0))
        if source.sha256 and sha256 != source.sha256 and order > source.order:
            return True
    return False
