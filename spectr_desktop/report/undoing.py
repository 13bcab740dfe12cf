"""Which of the auditor's decisions count, and what undo and redo mean next."""

from __future__ import annotations

import typing
from typing import TYPE_CHECKING

from spectr_desktop.records.decisions import Decided, Undone

if TYPE_CHECKING:
    from spectr_desktop.records.decisions import Entry

_DECIDED = typing.get_args(Decided)


class Undoing:
    """Keeps the order of decisions and of what was undone.

    Only what the auditor decides can be undone: what runs saw, and where an edit moved code, is
    no decision. An `Undone` names a decision that counts, or an earlier `Undone` whose decision
    does not count; any other changes nothing.
    """

    def __init__(self) -> None:
        self._done: dict[str, None] = {}  # decisions that count, the last one last
        self._undone: dict[str, str] = {}  # by the entry that undid it, the decision that does not
        self._off: set[str] = set()
        # What a new decision has buried can no longer be redone.
        self._redoable: dict[str, None] = {}

    def add(self, entry: Entry) -> None:
        """An entry that is no `Undone`."""
        if isinstance(entry.decision, _DECIDED):
            self._done[entry.id] = None
            self._redoable.clear()

    def base(self, undone: Undone) -> str | None:
        """The id of the decision that will count no longer, or count again; None if none does."""
        return undone.entry if undone.entry in self._done else self._undone.get(undone.entry)

    def undone(self, this: str, undone: Undone) -> None:
        """Take an `Undone` in, whose own id is `this`."""
        target = undone.entry
        if target in self._done:
            del self._done[target]
            self._off.add(target)
            self._undone[this] = target
            self._redoable[this] = None
            return
        base = self._undone.pop(target, None)
        if base is not None:
            self._redoable.pop(target, None)
            self._off.discard(base)
            self._done[base] = None

    def counts(self, entry: str) -> bool:
        """Whether an entry counts."""
        return entry not in self._off

    def undo(self) -> Undone | None:
        """What undoes the last decision that counts."""
        last = next(reversed(self._done), None)
        return Undone(last) if last else None

    def redo(self) -> Undone | None:
        """What makes the one that was undone last count again."""
        last = next(reversed(self._redoable), None)
        return Undone(last) if last else None
