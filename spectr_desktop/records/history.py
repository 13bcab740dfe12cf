"""Runs as the history lists them: a row each, without the texts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from spectr_desktop.records.run import Outcome

HIT_START, HIT_END = "\x02", "\x03"
"""Stand around a hit in a snippet; no indexed text has them."""

FOLLOW_UP = "follow_up"
AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class RunRow:
    """What the list shows of a run.

    Attributes:
        id: name of its folder.
        title: as the user calls it, else the header's.
        project: the project's folder, "" if it is not known.
        created_at, finished_at: UTC as headers write it, "" if it is not known.
        provider, model: who wrote the report.
        outcome: how it ended; None while a program is writing it.
        locality: of `Locality`, "" if the header is gone.
        kind: `AUDIT`, or `FOLLOW_UP` for a question about a finding or a piece of the source.
        lines: of the report.
        severities: by the severity's word ("" for not rated), how many findings.
        leads: how many claims whose code was not found.
        damaged_lines: of its journal.
        continues: id of the run that it goes on with, "" for none.
        snippet: where the words that were searched for stand, hits between `HIT_START` and
            `HIT_END`; "" without a search.
    """

    id: str
    title: str
    project: str = ""
    created_at: str = ""
    finished_at: str = ""
    provider: str = ""
    model: str = ""
    outcome: Outcome | None = None
    locality: str = ""
    kind: str = AUDIT
    lines: int = 0
    severities: dict[str, int] = field(default_factory=dict[str, int])
    leads: int = 0
    damaged_lines: int = 0
    continues: str = ""
    snippet: str = ""

    @property
    def findings(self) -> int:
        """How many findings, leads apart."""
        return sum(self.severities.values())


@dataclass(frozen=True, slots=True)
class RunTexts:
    """What of a run is searched.

    Attributes:
        files: the paths of what was sent, a line each.
        report: what the model wrote.
        findings: titles, texts and the auditor's notes.
    """

    files: str = ""
    report: str = ""
    findings: str = ""


@dataclass(frozen=True, slots=True)
class Stamp:
    """By what the files of a run are known to be the same; bytes, and nanoseconds of the clock.

    Attributes:
        journal_size, journal_mtime: of the journal.
        note_size, note_mtime: of what stands beside it, 0 if there is nothing.
        decisions_size: of the project's decisions, 0 if there are none.
    """

    journal_size: int = 0
    journal_mtime: int = 0
    note_size: int = 0
    note_mtime: int = 0
    decisions_size: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is searched for; empty is everything.

    Attributes:
        words: words and "phrases", all of which a run must have; the last may be a beginning.
        project: the project's folder.
        model: the model's id.
        outcome: of `Outcome`, or `GOING_ON`.
    """

    words: str = ""
    project: str = ""
    model: str = ""
    outcome: str = ""


GOING_ON = "going_on"


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of what was found, the newest first.

    Attributes:
        rows: these.
        total: how many were found altogether.
        lost: the index had to be removed: it has to be built before this says anything.
    """

    rows: tuple[RunRow, ...] = ()
    total: int = 0
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Facets:
    """What can be chosen from, each with the number of its runs, the most frequent first."""

    projects: tuple[tuple[str, int], ...] = ()
    models: tuple[tuple[str, int], ...] = ()
    outcomes: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class ErasePlan:
    """What erasing would take away, counted before anybody is asked.

    Attributes:
        root: the project's folder; None for what is older than an age.
        days: the age; 0 for a project.
        runs: their ids, deleted ones that may still be undone too.
        projects: their folders among the program's own files.
        drafts: files of text that was not saved.
        roots: the folders of the projects, for a person to read.
        bytes: of all these.
        decisions: how many entries the projects hold.
        first, last: when the oldest and the newest of the runs began; "" if there is none.
    """

    root: Path | None
    days: int
    runs: tuple[str, ...]
    projects: tuple[Path, ...]
    drafts: tuple[Path, ...]
    roots: tuple[str, ...]
    bytes: int
    decisions: int
    first: str
    last: str

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to erase."""
        return not (self.runs or self.projects or self.drafts)
