"""The report of a run as the window shows it, behind those of the runs that it goes on with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectr_desktop.audit import recovery
from spectr_desktop.report.cell_texts import ReportText

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spectr_desktop.records.run import Header
    from spectr_desktop.records.stored_run import StoredRun


class RunReport:
    """Knows the text on the screen, and where each run's text of each cell begins in it.

    Args:
        runs: those that have ended, as `recovery.chain` gives them.

    Attributes:
        starts: by run and cell, in characters.
    """

    def __init__(self, runs: Sequence[StoredRun] = ()) -> None:
        header = runs[0].header if runs else None
        self._report = ReportText(header.cells if header is not None else ())
        self._texts = recovery.joined(runs).texts if runs else {}
        self._shown = [self._report.add_all(self._texts)]
        self.starts = _starts(runs, self._report.starts)
        self._run = self._when = ""
        self._asked_again: set[str] = set()

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self._shown)

    def go_on(self, header: Header) -> None:
        """Another run begins; what parts it from the text that is there is shown at once."""
        if not self._texts:
            self._report = ReportText(header.cells)
        self._run, self._when = header.id, header.created_at
        self._asked_again = {cell.id for cell in header.cells if self._texts.get(cell.id)}
        if header.cells and header.cells[0].id in self._asked_again:
            self._shown.append(self._again(header.cells[0].id))

    def add(self, cell: str, text: str) -> str:
        """Take more of a cell's text.

        Returns:
            What is to be shown of it.
        """
        before = self._again(cell) if cell in self._asked_again else ""
        shown = before + self._report.add(cell, text)
        self.starts.setdefault((self._run, cell), self._report.starts[cell])
        self._shown.append(shown)
        return shown

    def _again(self, cell: str) -> str:
        self._asked_again.remove(cell)
        return self._report.again(cell, self._when)


def _starts(runs: Sequence[StoredRun], begins: Mapping[str, int]) -> dict[tuple[str, str], int]:
    """Where the texts of a chain's runs begin in the report that all make together.

    Args:
        runs: in order.
        begins: where the joined text of each cell does.
    """
    starts: dict[tuple[str, str], int] = {}
    for count, run in enumerate(runs, 1):
        so_far = recovery.joined(runs[:count]).texts
        for cell, own in run.result.texts.items():
            if cell in begins:
                starts[run.id, cell] = begins[cell] + len(so_far[cell]) - len(own)
    return starts
