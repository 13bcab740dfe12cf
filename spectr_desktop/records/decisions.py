"""What a project's auditor decided, and what its runs saw: one entry a line, only ever appended."""

from __future__ import annotations

import datetime
import secrets
from dataclasses import dataclass, fields
from typing import Any, ClassVar, TypeAlias

from spectr_desktop.records.codec import RecordError, from_json, to_json
from spectr_desktop.records.findings import Location, Sighting, Texts
from spectr_desktop.records.grades import Severity, State

_ID_BYTES = 6


@dataclass(frozen=True, slots=True)
class Sighted:
    """A run reported the finding; the first sighting makes it."""

    kind: ClassVar[str] = "sighted"
    key: str
    sighting: Sighting


@dataclass(frozen=True, slots=True)
class StateSet:
    """The auditor decided what the finding is; a mark to check it again is gone with that."""

    kind: ClassVar[str] = "state"
    key: str
    state: State


@dataclass(frozen=True, slots=True)
class NoteSet:
    """The auditor's own words, "" for none."""

    kind: ClassVar[str] = "note"
    key: str
    note: str


@dataclass(frozen=True, slots=True)
class TextsSet:
    """The texts were edited; None: back to the originals."""

    kind: ClassVar[str] = "texts"
    key: str
    texts: Texts | None


@dataclass(frozen=True, slots=True)
class SeveritySet:
    """The auditor's own severity; None: back to that of the sightings."""

    kind: ClassVar[str] = "severity"
    key: str
    severity: Severity | None


@dataclass(frozen=True, slots=True)
class Merged:
    """The finding is the same as another one."""

    kind: ClassVar[str] = "merged"
    key: str
    into: str


@dataclass(frozen=True, slots=True)
class Split:
    """A merged finding stands for itself again."""

    kind: ClassVar[str] = "split"
    key: str


@dataclass(frozen=True, slots=True)
class SightingSplit:
    """One sighting of a finding becomes a finding of its own.

    Attributes:
        key: the finding that has it.
        run, cell, index: which sighting.
        new_key: of the finding that it becomes.
    """

    kind: ClassVar[str] = "sighting_split"
    key: str
    run: str
    cell: str
    index: int
    new_key: str


@dataclass(frozen=True, slots=True)
class Written:
    """The auditor wrote a finding about selected lines.

    Attributes:
        key: a new one.
        texts: his words.
        severity: his too.
        locations: the selection, the main one first.
        source_sha256: of the file of the first location, as it was then.
    """

    kind: ClassVar[str] = "written"
    key: str
    texts: Texts
    severity: Severity | None
    locations: tuple[Location, ...]
    source_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Relocated:
    """A file changed, and with it the finding's places in that file.

    Attributes:
        key: the finding.
        path: the file.
        source_sha256: of its new text.
        locations: the finding's places in this file, in their order; other files are not meant.
        stale: the code of these places is no longer the code that was found.
        recheck: it was decided, and this code has changed since.
    """

    kind: ClassVar[str] = "relocated"
    key: str
    path: str
    source_sha256: str
    locations: tuple[Location, ...]
    stale: bool
    recheck: bool


@dataclass(frozen=True, slots=True)
class Unmoved:
    """A file changed, and nothing of that touches the places of these findings."""

    kind: ClassVar[str] = "unmoved"
    keys: tuple[str, ...]
    path: str
    source_sha256: str


@dataclass(frozen=True, slots=True)
class Rechecked:
    """The auditor looked at the changed code, and what he decided holds."""

    kind: ClassVar[str] = "rechecked"
    key: str


@dataclass(frozen=True, slots=True)
class Undone:
    """The entry with this id no longer counts; undoing that counts it again."""

    kind: ClassVar[str] = "undone"
    entry: str


# What the auditor decides and may undo.
Decided: TypeAlias = (
    StateSet
    | NoteSet
    | TextsSet
    | SeveritySet
    | Merged
    | Split
    | SightingSplit
    | Written
    | Rechecked
)
Decision: TypeAlias = Decided | Sighted | Relocated | Unmoved | Undone


@dataclass(frozen=True, slots=True)
class Entry:
    """A decision as it is kept.

    Attributes:
        id: twelve random hex digits: two programs that append at once need no common count.
        at: when, in UTC: "2026-11-24T10:42:00Z".
        decision: what.
    """

    id: str
    at: str
    decision: Decision


_CLASSES: dict[str, type[Decision]] = {
    cls.kind: cls
    for cls in (
        Sighted,
        StateSet,
        NoteSet,
        TextsSet,
        SeveritySet,
        Merged,
        Split,
        SightingSplit,
        Written,
        Relocated,
        Unmoved,
        Rechecked,
        Undone,
    )
}


def new_entry(decision: Decision, at: datetime.datetime | None = None) -> Entry:
    """An entry with an id of its own.

    Args:
        decision: what.
        at: when, with its zone; None for now.
    """
    when = (at or datetime.datetime.now(datetime.UTC)).astimezone(datetime.UTC)
    return Entry(secrets.token_hex(_ID_BYTES), when.strftime("%Y-%m-%dT%H:%M:%SZ"), decision)


def entry_to_json(entry: Entry) -> dict[str, Any]:
    """The entry as one object: id, time and kind, then what the kind has."""
    decision = entry.decision
    out: dict[str, Any] = {"id": entry.id, "at": entry.at, "kind": decision.kind}
    for item in fields(decision):
        out[item.name] = to_json(getattr(decision, item.name))
    return out


def entry_from_json(value: dict[str, Any]) -> Entry | None:
    """The entry that an object describes; None for a kind that this version does not know.

    Raises:
        RecordError: there is no id, time or kind, or the rest does not fit the kind.
    """
    name, at, kind = value.get("id"), value.get("at"), value.get("kind")
    if not (isinstance(name, str) and isinstance(at, str) and isinstance(kind, str)):
        raise RecordError("an entry has no id, time or kind")
    cls = _CLASSES.get(kind)
    return None if cls is None else Entry(name, at, from_json(cls, value))
