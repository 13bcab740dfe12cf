"""Runs that are over and whose journals still wait for their disk."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from spectr_desktop.store.journal import Journal


class UnsavedRun(NamedTuple):
    """One that would be lost with the program.

    Attributes:
        title: of the run.
        folder: where it shall be saved.
        reason: one sentence that says why it is not.
    """

    title: str
    folder: Path
    reason: str


class UnsavedRuns:
    """Knows the journals of a program's runs until they are safe.

    Their threads go on trying after the run's end; whoever ends the program asks here first.
    """

    def __init__(self) -> None:
        self._journals: list[tuple[str, Journal]] = []

    def add(self, title: str, journal: Journal) -> None:
        """Know the journal of a run that begins."""
        self._forget_safe()
        self._journals.append((title, journal))

    def runs(self) -> list[UnsavedRun]:
        """Those that are over and not saved, the oldest first."""
        self._forget_safe()
        return [
            UnsavedRun(title, journal.folder, error.message)
            for title, journal in self._journals
            if journal.ended and (error := journal.error) is not None
        ]

    async def abandon(self) -> None:
        """Try a last time, then give up: the program ends. All runs have been stopped before."""
        journals, self._journals = self._journals, []
        await asyncio.gather(*(journal.abandon() for _, journal in journals))

    def _forget_safe(self) -> None:
        self._journals = [
            (title, journal) for title, journal in self._journals if not journal.is_safe
        ]
