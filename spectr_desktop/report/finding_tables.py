"""Tables in a report: fields of one finding, or one finding a row."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spectr_desktop.report.chapters import is_no_title
from spectr_desktop.report.finding_draft import Draft
from spectr_desktop.report.finding_lines import Label
from spectr_desktop.report.finding_titles import heading_of, plain
from spectr_desktop.report.finding_words import Field, field_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_FEWEST_LABELS = 2
_LETTERS = re.compile(r"[^\W\d_]{2}|[\u3040-\u9fff]")


class TableReader:
    """Follows one table, a row at a time."""

    def __init__(self, head: Sequence[str]) -> None:
        self._head = [field_of(plain(cell)) for cell in head]
        if Field.TITLE not in self._head and Field.SEVERITY in self._head:
            # "Severity | Description": the description names the finding.
            for name in (Field.DESCRIPTION, Field.CATEGORY):
                if name in self._head:
                    self._head[self._head.index(name)] = Field.TITLE
                    break

    @property
    def lists_findings(self) -> bool:
        """Whether each row is a finding: there are a title and a severity, an id or a place."""
        told = {
            Field.SEVERITY,
            Field.NUMBER,
            Field.RECOMMENDATION,
            Field.LOCATION,
            Field.DESCRIPTION,
        }
        return Field.TITLE in self._head and bool(told & set(self._head)) and len(self._head) > 1

    @property
    def names_fields(self) -> bool:
        """Whether the columns are fields of the one finding that the table stands in."""
        known = [name for name in self._head if name not in (None, Field.OTHER)]
        return len(known) >= _FEWEST_LABELS and len(self._head) > _FEWEST_LABELS

    def labels(self, cells: Sequence[str]) -> list[Label]:
        """A row's cells by their columns."""
        pairs = zip(self._head, cells, strict=False)
        return [Label(name, cell) for name, cell in pairs if name is not None and cell]

    def finding(self, cells: Sequence[str], start: int, end: int) -> Draft | None:
        """The finding in a row, None if it has none."""
        labels = self.labels(cells)
        title = next((label.value for label in labels if label.field is Field.TITLE), "")
        words = plain(title)
        heading = heading_of(words)
        if is_no_title(heading.title) or not _LETTERS.search(heading.title):
            return None
        if words.lower().strip(" :*") in ("total", "totals", "sum", "gesamt", "合计", "总计"):
            return None
        draft = Draft(start, end, heading, level=7, shape="row", told_again=True)
        for label in labels:
            if label.field is not Field.TITLE:
                draft.label(label)
        return None if draft.rejected else draft


def pair_of(cells: Sequence[str]) -> Label | None:
    """The label in a row of two cells such as "Severity | High"."""
    if len(cells) != _FEWEST_LABELS:
        return None
    name = field_of(plain(cells[0]))
    return None if name is None else Label(name, cells[1])
