"""A project's findings, as the entries of its decision file make them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spectr_desktop.records.decisions import (
    Merged,
    Rechecked,
    Relocated,
    Sighted,
    SightingSplit,
    Split,
    StateSet,
    Undone,
    Unmoved,
    Written,
)
from spectr_desktop.records.source import source_file
from spectr_desktop.report.finding_build import built
from spectr_desktop.report.finding_fold import FindingFold, SightingId, sighting_id
from spectr_desktop.report.line_map import LineMap
from spectr_desktop.report.matching import Match, best_match
from spectr_desktop.report.merges import Merges
from spectr_desktop.report.nearby import Nearby
from spectr_desktop.report.relocation import Edit, relocated
from spectr_desktop.report.undoing import Undoing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spectr_desktop.records.decisions import Decision, Entry
    from spectr_desktop.records.findings import Finding, Sighting
    from spectr_desktop.records.source import Outline

# What may make a finding appear, vanish, join another or leave it.
_JOINING = (Merged, Split, SightingSplit, Sighted, Written, Undone)
_KEY = re.compile(r"F(\d{1,9})")


class ProjectFindings:
    """Replays entries, and says what they add up to.

    A finding is nothing but what the entries about it that count make of it, so that undoing
    restores it exactly. `apply` only files an entry; findings are made when they are asked for.

    The questions (`match`, `undo`, `relocate`, …) change nothing: their answers become entries,
    which are written down and then applied.

    Args:
        entries: to begin with, in the order of the file.
    """

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._undoing = Undoing()
        self._merges = Merges(self._fold)
        self._logs: dict[str, list[tuple[int, Entry]]] = {}
        self._nearby = Nearby()
        self._keys_of: dict[str, tuple[str, ...]] = {}
        self._sightings: dict[SightingId, tuple[int, Sighting]] = {}
        self._highest = 0
        # By path: the newest text that an edit led to, and the count of the entry that said so.
        self._newest: dict[str, tuple[str, int]] = {}
        self._folds: dict[str, FindingFold] = {}
        self._findings: dict[str, Finding] = {}
        for entry in entries:
            self._take(entry)

    def apply(self, entry: Entry) -> set[str]:
        """Take an entry in. One that is known already changes nothing.

        Returns:
            The keys of the findings that may look different now.
        """
        if entry.id in self._keys_of:
            return set()
        decision = entry.decision
        joins = isinstance(decision, _JOINING)
        kin = self._merges.family if joins else self._merges.lineage
        keys = self._concerned(decision)
        changed = kin(keys)
        if isinstance(decision, Relocated | Unmoved):
            changed |= self._shown_in(decision.path)
        self._take(entry)
        return changed | kin(keys) if joins else changed

    @property
    def findings(self) -> list[Finding]:
        """All of them in the order of their keys; merged ones say into which."""
        return [found for key in self._ordered() if (found := self.finding(key)) is not None]

    def finding(self, key: str) -> Finding | None:
        """One of them; None if there is none, or its beginning was undone."""
        if key not in self._logs:
            return None
        fold = self._fold(key)
        if not fold.exists:
            return None
        if key not in self._findings:
            below = [self._fold(one) for one in self._merges.below(key)]
            into = self._merges.parent(key)
            root = self._fold(self._merges.root(key))
            self._findings[key] = built(fold, below, into, root, self._newest)
        return self._findings[key]

    def next_key(self) -> str:
        """A key that no entry has named yet."""
        return f"F{self._highest + 1}"

    def match(self, sighting: Sighting) -> Match:
        """What a new sighting belongs to; see `best_match`.

        Call `relocate` first if the file has changed since the findings were placed.
        """
        this = sighting_id(sighting)
        if this in self._sightings:
            for fold in self._existing():
                if any(sighting_id(one) == this for one in fold.sightings):
                    return Match("exact", fold.key)
        keys = sorted(self._nearby.keys(sighting), key=_rank)
        folds = (self._fold(key) for key in keys)
        pairs = ((fold, self._merges.root(fold.key)) for fold in folds if fold.exists)
        return best_match(sighting, pairs, self.next_key())

    def split_off(self, sighting: Sighting) -> SightingSplit | None:
        """What makes one sighting a finding of its own; None if it is one, or is not known."""
        this = sighting_id(sighting)
        for fold in self._existing():
            if any(sighting_id(one) == this for one in fold.sightings):
                alone = len(fold.sightings) == 1 and fold.written is None
                return None if alone else SightingSplit(fold.key, *this, self.next_key())
        return None

    def undo(self) -> Undone | None:
        """What undoes the auditor's last decision that counts, without an end but the first."""
        return self._undoing.undo()

    def redo(self) -> Undone | None:
        """What makes the decision that was undone last count again, until he decides anew."""
        return self._undoing.redo()

    def seen_in(self, run: str) -> set[str]:
        """The findings that a run reported, itself or as one that was merged into them.

        The others are not seen in this run, which does not say that they are fixed.
        """
        own = {
            fold.key
            for fold in self._existing()
            if any(sighting.run == run for sighting in fold.sightings)
        }
        return self._merges.lineage(own)

    def relocate(
        self, path: str, old_text: str, new_text: str, outline: Outline | None = None
    ) -> list[Relocated | Unmoved]:
        """What an edit does to the findings in a file.

        Findings that are known to stand in another text than the old one are left alone, so that
        the sightings of a run that ended after an edit can be brought up to it: with the text that
        was sent as the old one.

        Args:
            path: the file.
            old_text: before.
            new_text: after: always the newest there is.
            outline: of the old text; with it, a change anywhere in the function around a decided
                finding asks to look at it again.
        """
        old, new = source_file(path, old_text), source_file(path, new_text)
        concerned = [
            fold
            for fold in self._existing()
            if path in fold.sources and fold.sources[path].sha256 in ("", old.sha256)
        ]
        if old.sha256 == new.sha256 or not concerned:
            return []
        edit = Edit(path, new.sha256, LineMap(old_text, new_text), outline)
        out: list[Relocated | Unmoved] = []
        unmoved: list[str] = []
        for fold in concerned:
            root = self._fold(self._merges.root(fold.key))
            judge = fold if fold.is_decided else root
            found = relocated(fold, edit, decided=judge.is_decided, judged=judge.decided)
            if found is None:
                unmoved.append(fold.key)
            else:
                out.append(found)
        if unmoved:
            out.append(Unmoved(tuple(unmoved), path, new.sha256))
        return out

    def _concerned(self, decision: Decision) -> tuple[str, ...]:
        """The keys that an entry is about."""
        match decision:
            case Undone():
                base = self._undoing.base(decision)
                return () if base is None else self._keys_of[base]
            case Unmoved():
                return decision.keys
            case SightingSplit():
                return decision.key, decision.new_key
            case Rechecked() | StateSet():
                # Who looked at a finding has looked at all that was merged into it.
                return (decision.key, *self._merges.below(decision.key))
            case _:
                return (decision.key,)

    def _take(self, entry: Entry) -> None:
        if entry.id in self._keys_of:
            return
        decision, order = entry.decision, len(self._keys_of)
        keys = self._keys_of[entry.id] = self._concerned(decision)
        self._findings.clear()
        if isinstance(decision, Undone):
            self._undoing.undone(entry.id, decision)
            for key in keys:
                self._folds.pop(key, None)
                if self._merges.noted(key):
                    self._merges.note(key)
            return
        self._undoing.add(entry)
        self._nearby.take(decision)
        if isinstance(decision, Sighted):
            self._sightings.setdefault(sighting_id(decision.sighting), (order, decision.sighting))
        elif isinstance(decision, Relocated | Unmoved):
            self._newest[decision.path] = (decision.source_sha256, order)
        for key in keys:
            self._file(key, order, entry)
        if isinstance(decision, Merged | Split):
            self._merges.note(decision.key)

    def _file(self, key: str, order: int, entry: Entry) -> None:
        """Put an entry into a finding's log."""
        log = self._logs.get(key)
        if log is None:
            log = self._logs[key] = []
            number = _KEY.fullmatch(key)
            self._highest = max(self._highest, int(number[1]) if number else 0)
        log.append((order, entry))
        if key in self._folds:
            self._folds[key].take(entry.decision, order)

    def _fold(self, key: str) -> FindingFold:
        fold = self._folds.get(key)
        if fold is None:
            fold = FindingFold(key, self._sightings)
            for order, entry in self._logs.get(key, ()):
                if self._undoing.counts(entry.id):
                    fold.take(entry.decision, order)
            if key in self._logs:
                self._folds[key] = fold
        return fold

    def _shown_in(self, path: str) -> set[str]:
        """What was asked for and has a place in a file: what does not follow an edit is stale."""
        shown = self._findings.items()
        return {key for key, found in shown if any(place.path == path for place in found.locations)}

    def _ordered(self) -> list[str]:
        return sorted(self._logs, key=_rank)

    def _existing(self) -> Iterable[FindingFold]:
        folds = (self._fold(key) for key in self._ordered())
        return (fold for fold in folds if fold.exists)


def _rank(key: str) -> tuple[int, str]:
    number = _KEY.fullmatch(key)
    return (int(number[1]) if number else 0, key)
