"""A run as its folder on the disk tells it."""

from __future__ import annotations

from dataclasses import dataclass, field

from spectr_desktop.records.run import Header, Outcome, RunResult


@dataclass(frozen=True, slots=True)
class RunNote:
    """What is kept beside a journal, and may change.

    Attributes:
        title: as the user calls the run; empty for the header's own.
        answered: the user has decided what becomes of the interrupted run.
    """

    title: str = ""
    answered: bool = False


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run, whole or interrupted.

    Attributes:
        id: name of its folder.
        header: None if its line is gone or damaged; the texts are there all the same.
        result: how it ended, and its texts. Without an end in the journal it is `INTERRUPTED`,
            unless every request of the plan had ended well.
        note: what the user decided about it.
        last_at: when the last thing that is known of it happened, UTC.
        closed: the journal has its end. If not, the program died, or still writes.
        writing: a program that lives is writing the journal now.
        damaged_lines: lines in the middle that cannot be read; a torn last line is none.
        unknown_lines: lines of a kind that only a newer version knows.
    """

    id: str
    header: Header | None
    result: RunResult
    note: RunNote = field(default_factory=RunNote)
    last_at: str = ""
    closed: bool = True
    writing: bool = False
    damaged_lines: int = 0
    unknown_lines: int = 0

    @property
    def title(self) -> str:
        """What a person reads: the user's own name for it, or the header's."""
        return self.note.title or (self.header.title if self.header else self.id)

    @property
    def missing(self) -> tuple[str, ...]:
        """The cells that are not complete, in the order of the plan."""
        return tuple(
            cell.cell for cell in self.result.cells if cell.outcome is not Outcome.COMPLETE
        )
