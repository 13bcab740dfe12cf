"""What the entries about one finding make of it, one after another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from spectr_desktop.records.decisions import (
    Merged,
    NoteSet,
    Rechecked,
    Relocated,
    SeveritySet,
    Sighted,
    SightingSplit,
    Split,
    StateSet,
    TextsSet,
    Unmoved,
    Written,
)
from spectr_desktop.records.findings import Location, Sighting, Texts
from spectr_desktop.records.grades import Severity, State

if TYPE_CHECKING:
    from spectr_desktop.records.decisions import Decision

SightingId: TypeAlias = tuple[str, str, int]
"""Run, cell and index: which sighting of all."""


def sighting_id(sighting: Sighting) -> SightingId:
    """Which sighting of all it is."""
    return sighting.run, sighting.cell, sighting.index


@dataclass(slots=True)
class Source:
    """Which text of a file a finding's places in it belong to.

    Attributes:
        sha256: of the text, "" if that is not known.
        order: the count of the entry that said so.
    """

    sha256: str
    order: int


@dataclass(slots=True)
class FindingFold:
    """A finding in the making: the entries about it are taken in, in their order.

    Attributes:
        key: the finding's.
        known: every sighting of the project and the count of its entry, for those that are split
            off.
        sightings: its own, without those of findings that were merged into it.
        written: the auditor's own beginning of it.
        texts, severity, state, note: what the auditor set.
        into: what it was merged into, "" if it was not.
        places: where it is, without the places of merged findings.
        origin: the sighting that the places come from.
        sources: by path, what the places belong to.
        stale: the paths in which its code is no longer what was found.
        recheck: the paths in which it has changed since the decision.
        decided: by path, the text that was decided about; empty before a decision.
        before: by path and sha256, where it was in a text and whether that was stale.
    """

    key: str
    known: Mapping[SightingId, tuple[int, Sighting]]
    sightings: list[Sighting] = field(default_factory=list[Sighting])
    written: Written | None = None
    texts: Texts | None = None
    severity: Severity | None = None
    state: State = State.OPEN
    note: str = ""
    into: str = ""
    places: tuple[Location, ...] = ()
    origin: SightingId | None = None
    sources: dict[str, Source] = field(default_factory=dict[str, Source])
    stale: set[str] = field(default_factory=set[str])
    recheck: set[str] = field(default_factory=set[str])
    decided: dict[str, str] = field(default_factory=dict[str, str])
    before: dict[tuple[str, str], tuple[tuple[Location, ...], bool]] = field(
        default_factory=dict[tuple[str, str], tuple[tuple[Location, ...], bool]]
    )

    @property
    def exists(self) -> bool:
        """Whether anything is left of it: not if its beginning was undone or split off."""
        return self.written is not None or bool(self.sightings)

    @property
    def is_decided(self) -> bool:
        """Whether the auditor said anything about it that rests on its code."""
        return self.written is not None or self.state is not State.OPEN or self.note != ""

    def places_in(self, path: str) -> tuple[Location, ...]:
        """Its places in one file, in their order."""
        return tuple(place for place in self.places if place.path == path)

    def take(self, decision: Decision, order: int) -> None:
        """Take the next entry in; `order` is its count among all of the project."""
        match decision:
            case Sighted():
                self._sight(decision.sighting, order)
            case Written():
                self.written = decision
                self._stand(decision.locations, decision.source_sha256, order)
                self._decide()
            case StateSet():
                # It may be about the finding into which this one was merged.
                self.state = decision.state if decision.key == self.key else self.state
                self.recheck.clear()
                self._decide()
            case NoteSet():
                self.note = decision.note
                if not self.decided:
                    self._decide()
            case Rechecked():
                self.recheck.clear()
                self._decide()
            case SightingSplit():
                self._split(decision, order)
            case Relocated() | Unmoved():
                self._relocate(decision, order)
            case _:
                self._set(decision)

    def _set(self, decision: Decision) -> None:
        match decision:
            case TextsSet():
                self.texts = decision.texts
            case SeveritySet():
                self.severity = decision.severity
            case Merged():
                self.into = decision.into
            case Split():
                self.into = ""
            case _:
                pass

    def _sight(self, sighting: Sighting, order: int) -> None:
        this = sighting_id(sighting)
        if any(sighting_id(one) == this for one in self.sightings):
            return
        self.sightings.append(sighting)
        if not self.places or self._is_better(sighting):
            if self._is_unmapped(sighting) and (self.is_decided or self.into):
                self.recheck.add(sighting.locations[0].path)
            self._stand(sighting.locations, sighting.source_sha256, order)
            self.origin = this

    def _is_better(self, sighting: Sighting) -> bool:
        """Whether a sighting shows the finding in a newer text, or at all."""
        first = next((place for place in sighting.locations if place.anchor.is_found), None)
        if first is None:
            return False
        if not any(place.anchor.is_found for place in self.places):
            return True
        path, sha256 = sighting.locations[0].path, sighting.source_sha256
        source = self.sources.get(path)
        newer = source is None or source.sha256 != sha256
        if newer and (path, sha256) in self.before:
            # A run that began before the last edit ended after it: this text is an older one.
            return False
        return bool(self.stale) or newer

    def _is_unmapped(self, sighting: Sighting) -> bool:
        """Whether a sighting is of another text, and no edit has led from the known one to it.

        What was decided about the one is not carried to the other without a mark.
        """
        if not sighting.locations or not sighting.source_sha256:
            return False
        source = self.sources.get(sighting.locations[0].path)
        return source is not None and source.sha256 not in ("", sighting.source_sha256)

    def _stand(self, places: tuple[Location, ...], sha256: str, order: int) -> None:
        """Take places as they are, found in the text with this sha256."""
        self.places = places
        self.stale.clear()
        self.sources.clear()
        for place in places:
            known = sha256 if place.path == places[0].path else ""
            self.sources[place.path] = Source(known, order)
        if places and sha256:
            path = places[0].path
            self.before[path, sha256] = (self.places_in(path), False)

    def _decide(self) -> None:
        self.decided = {path: source.sha256 for path, source in self.sources.items()}

    def _split(self, decision: SightingSplit, order: int) -> None:
        this = (decision.run, decision.cell, decision.index)
        if self.key == decision.new_key:
            at, sighting = self.known.get(this, (order, None))
            if sighting is not None and at < order:
                self._sight(sighting, order)
            return
        self.sightings = [one for one in self.sightings if sighting_id(one) != this]
        if self.origin == this and self.sightings:
            last = self.sightings[-1]
            self._stand(last.locations, last.source_sha256, order)
            self.origin = sighting_id(last)

    def _relocate(self, decision: Relocated | Unmoved, order: int) -> None:
        path, sha256 = decision.path, decision.source_sha256
        if path not in self.sources:
            return
        if isinstance(decision, Relocated):
            self._replace(path, decision.locations)
            for paths, marked in (
                (self.stale, decision.stale),
                (self.recheck, decision.recheck),
            ):
                if marked:
                    paths.add(path)
                else:
                    paths.discard(path)
        self.sources[path] = Source(sha256, order)
        self.before[path, sha256] = (self.places_in(path), path in self.stale)

    def _replace(self, path: str, places: tuple[Location, ...]) -> None:
        """Put new places of a file where its old ones are."""
        left = list(places)
        out: list[Location] = []
        for place in self.places:
            if place.path != path:
                out.append(place)
            elif left:
                out.append(left.pop(0))
        self.places = (*out, *left)
