"""Findings as they were: shown with the source that was sent, and not to be decided on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from spectr_desktop.audit.findings_book import FindingsBook
from spectr_desktop.errors import SpectrError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spectr_desktop.records.decisions import Decision, Entry
    from spectr_desktop.records.findings import Finding, Texts
    from spectr_desktop.records.grades import Severity


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
