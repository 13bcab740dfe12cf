"""Findings as they were: shown with the source that was sent, and not to be decided on."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from spectr_desktop.audit.findings_book import FindingsBook
from spectr_desktop.errors import SpectrError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from spectr_desktop.records.decisions import Decision, Entry
    from spectr_desktop.records.findings import Finding, Texts
    from spectr_desktop.records.grades import Severity

_NUMBER = re.compile(r"\d*$")


class PastFindings(FindingsBook):
    """The findings of a run of long ago, at their places in what it sent.

    A decision made here would move the project's findings to an old state of the source: whoever
    wants to decide opens the file.

    Args:
        findings: as the run reported them, with what was decided since.
        texts: by path, the source as it was sent.
    """

    def __init__(self, findings: Sequence[Finding], texts: Mapping[str, str]) -> None:
        super().__init__()
        self._past = {one.key: one for one in findings}
        self._texts = dict(texts)

    def findings(self) -> list[Finding]:
        """All of them, in their order."""
        return list(self._past.values())

    def finding(self, key: str) -> Finding | None:
        """One of them; None for a key that none has."""
        return self._past.get(key)

    def decide(self, decision: Decision) -> NoReturn:
        """Refuse.

        Raises:
            SpectrError: always.
        """
        raise _past(decision)

    def write_finding(
        self, texts: Texts, severity: Severity | None, path: str, start: int, end: int
    ) -> NoReturn:
        """Refuse.

        Raises:
            SpectrError: always.
        """
        raise _past(texts, severity, path, start, end)

    def undo(self) -> NoReturn:
        """Refuse.

        Raises:
            SpectrError: always.
        """
        raise _past()

    def redo(self) -> NoReturn:
        """Refuse.

        Raises:
            SpectrError: always.
        """
        raise _past()

    def source_changed(self, path: str, text: str) -> bool:
        """The past does not change."""
        del path, text
        return False

    def _append(self, entries: Sequence[Entry]) -> None:
        del entries


def _past(*_refused: object) -> SpectrError:
    return SpectrError(
        "past_findings",
        "These findings are shown as they were. Open the file to decide on them.",
    )


def joined_findings(of_runs: Iterable[Sequence[Finding]]) -> list[Finding]:
    """The findings of several runs, each once.

    A key of a project means the same in all of them; what no project knows is numbered in each run
    by itself, and gets a key of its own.
    """
    found: dict[str, Finding] = {}
    for one in (finding for findings in of_runs for finding in findings):
        key, before = one.key, found.get(one.key)
        if before is not None and not _is_same(before, one):
            key, before = _free_key(key, found), None
        old = before.sightings if before else ()
        more = tuple(each for each in one.sightings if each not in old)
        found[key] = replace(one, key=key, sightings=(*old, *more))
    return [*found.values()]


def _is_same(one: Finding, other: Finding) -> bool:
    shared = set(one.sightings) & set(other.sightings)
    return bool(shared) or one.sightings == other.sightings


def _free_key(key: str, found: dict[str, Finding]) -> str:
    letters = _NUMBER.sub("", key)
    number = len(found) + 1
    while f"{letters}{number}" in found:
        number += 1
    return f"{letters}{number}"
