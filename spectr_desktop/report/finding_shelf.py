"""The findings of one report, each once, although it tells them in lists, tables and sections."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spectr_desktop.report.chapters import is_no_title, says_no_fault
from spectr_desktop.report.finding_words import Field

if TYPE_CHECKING:
    from spectr_desktop.records.findings import Claim
    from spectr_desktop.report.finding_draft import Draft

_WORDS = re.compile(r"[^\W_]+")
_CJK = re.compile(r"[\u3040-\u9fff]")
_MOST_COMPARED = 300
_ALIKE = 0.6
_TELLING = frozenset(
    (
        Field.IMPACT,
        Field.LIKELIHOOD,
        Field.LOCATION,
        Field.RECOMMENDATION,
        Field.SCENARIO,
        Field.PROOF,
        Field.DESCRIPTION,
        Field.CATEGORY,
        Field.FIX,
        Field.CODE,
        Field.FUNCTION,
    )
)
_ENOUGH = 2


class Shelf:
    """Keeps drafts that are findings, in order of appearance; indexes never change.

    Attributes:
        findings: the findings.
        rows: what summaries and tables tell; at the end, what no section told becomes a finding.
        added, changed: indexes since they were last taken.
        was_cleared: everything before was void, since it was last asked.
    """

    def __init__(self) -> None:
        self.findings: list[Draft] = []
        self.rows: list[Draft] = []
        self.added: list[int] = []
        self.changed: dict[int, None] = {}
        self.was_cleared = False
        self._by_title: dict[str, list[Draft]] = {}

    def clear(self) -> None:
        """Forget everything: it was no report."""
        self.was_cleared = self.was_cleared or bool(self.findings)
        self.findings, self.rows, self.added = [], [], []
        self.changed.clear()
        self._by_title.clear()

    def touch(self, draft: Draft) -> None:
        """Note that a draft has grown; it becomes a finding when it says enough."""
        if draft.index >= 0:
            self.changed[draft.index] = None
            return
        if draft.told_again or draft.rejected or is_no_title(draft.heading.title):
            return
        if draft.known_severity is None and not draft.heading.named:
            return
        twins = self._by_title.get(_key(draft.title))
        if twins is None:
            self._add(draft)
        elif twins[-1].shape != draft.shape and twins[-1].is_poor:
            self._replace(twins[-1], draft)

    def close(self, draft: Draft) -> None:
        """Take a draft that ended: it is a finding, or it is none."""
        if draft.index >= 0:
            self.changed[draft.index] = None
            return
        if draft.rejected or is_no_title(draft.title) or not _tells(draft):
            return
        if draft.told_again:
            self.rows.append(draft)
            return
        twins = self._by_title.get(_key(draft.title))
        if twins is not None and not draft.seen and not draft.texts and not draft.fences:
            return
        if twins is None or (
            len(twins) < _MOST_COMPARED and all(_differ(twin, draft) for twin in twins)
        ):
            self._add(draft)

    def settle(self) -> None:
        """Give rows to the findings that they name; those left are findings of their own."""
        rows = self._distinct_rows()
        taken: set[int] = set()
        by_number = {d.heading.number: d for d in reversed(self.findings) if d.heading.number}
        left: list[Draft] = []
        for row in rows:
            twins = self._by_title.get(_key(row.title), ())
            same = next((twin for twin in twins if twin.index not in taken), None)
            if same is None and row.heading.number:
                same = by_number.get(row.heading.number)
            if same is None:
                left.append(row)
            else:
                taken.add(same.index)
                self._complete(same, row)
        left = self._unlike(left, taken)
        if len(left) <= len(self.findings) - len(taken):
            return
        for row in left:
            self._add(row)

    def _unlike(self, rows: list[Draft], taken: set[int]) -> list[Draft]:
        """The rows that resemble no finding which is still without a row."""
        if len(rows) > _MOST_COMPARED or len(self.findings) > _MOST_COMPARED:
            return rows
        left: list[Draft] = []
        for row in rows:
            words = _bag(row.title)
            ranked = [
                (len(words & bag) / max(1, min(len(words), len(bag))), -draft.index)
                for draft in self.findings
                if draft.index not in taken
                for bag in (_bag(draft.title),)
            ]
            likeness, place = max(ranked, default=(0.0, 0))
            if likeness < _ALIKE:
                left.append(row)
            else:
                taken.add(-place)
                self._complete(self.findings[-place], row)
        return left

    def _distinct_rows(self) -> list[Draft]:
        seen: dict[str, Draft] = {}
        for row in self.rows:
            before = seen.get(_key(row.title))
            if before is None or (before.is_poor and not row.is_poor):
                seen[_key(row.title)] = row
        return list(seen.values())

    def _complete(self, draft: Draft, row: Draft) -> None:
        """A section without a severity has the one of its row."""
        if draft.known_severity is None and row.known_severity is not None:
            draft.severity = row.known_severity
            self.changed[draft.index] = None

    def _add(self, draft: Draft) -> None:
        draft.index = len(self.findings)
        self.findings.append(draft)
        self.added.append(draft.index)
        self._by_title.setdefault(_key(draft.title), []).append(draft)

    def _replace(self, poor: Draft, draft: Draft) -> None:
        draft.index, poor.index = poor.index, -1
        draft.group = draft.group or poor.known_severity
        self.findings[draft.index] = draft
        twins = self._by_title[_key(draft.title)]
        twins[twins.index(poor)] = draft
        self.changed[draft.index] = None


def _tells(draft: Draft) -> bool:
    if draft.known_severity is not None or draft.heading.named:
        return True
    text = "\n".join(draft.texts.get(Field.DESCRIPTION, ())[:8])
    if says_no_fault(draft.heading.title) or says_no_fault(text):
        return False
    told = len(draft.seen & _TELLING)
    if draft.listed:
        return bool(told or draft.fences or text.strip() or draft.shape)
    return told >= _ENOUGH


def _key(title: str) -> str:
    return "".join(_WORDS.findall(title.casefold()))


def _bag(title: str) -> set[str]:
    words = {word for word in _WORDS.findall(title.casefold()) if len(word) > 2}  # noqa: PLR2004
    words |= {title[i : i + 2] for i in range(len(title) - 1) if _CJK.match(title, i)}
    return words - {"the", "and", "for", "with", "from", "vulnerability", "can", "has", "not"}


def _differ(first: Draft, second: Draft) -> bool:
    """Whether two findings of one title are about different places."""
    one, other = first.build(complete=True).claims, second.build(complete=True).claims
    if not one or not other:
        return False
    return _places_differ(one[0], other[0])


def _places_differ(one: Claim, other: Claim) -> bool:
    for name in ("function", "contract", "path"):
        before, after = getattr(one, name), getattr(other, name)
        if before and after and before != after:
            return True
    return bool(
        one.quote and other.quote and " ".join(one.quote.split()) != " ".join(other.quote.split())
    )
