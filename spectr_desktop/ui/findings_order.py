"""In which order findings stand, in which groups, and which of them are shown."""

from __future__ import annotations

import enum
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from spectr_desktop.records.grades import Severity, State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spectr_desktop.records.findings import Finding

_SEVERITIES: dict[Severity | None, int] = {each: n for n, each in enumerate(Severity)}
_STATES = {each: n for n, each in enumerate(State)}
_SEARCHED = 2000
_FAR = 10**9


class Sort(enum.Enum):
    """What the order goes by; the key decides between equals."""

    SEVERITY = "severity"
    KEY = "key"
    PLACE = "place"
    STATE = "state"


class Grouping(enum.Enum):
    """What findings are put together by."""

    NONE = "none"
    SEVERITY = "severity"
    FILE = "file"
    STATE = "state"


class Apart(enum.Enum):
    """Groups that do not come from what findings are grouped by.

    FLAT: findings that stand in no group.
    LEADS: those whose code was not found, always the last group.
    """

    FLAT = "flat"
    LEADS = "leads"


GroupName: TypeAlias = Severity | State | str | Apart | None
"""None: the findings that nobody has rated."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the reader wants to see.

    Attributes:
        sort: the order inside a group.
        grouping: the groups.
        text: each of its words stands in title, place, key or note.
        severities: only these, None for those that nobody has rated; all if empty.
        states: only these; all if empty.
        merged: also those that were merged into another one.
    """

    sort: Sort = Sort.SEVERITY
    grouping: Grouping = Grouping.NONE
    text: str = ""
    severities: frozenset[Severity | None] = frozenset()
    states: frozenset[State] = frozenset()
    merged: bool = False

    @property
    def narrows(self) -> bool:
        """Whether findings are left out that are not merged."""
        return bool(self.text.strip() or self.severities or self.states)

    def shows(self, finding: Finding) -> bool:
        """Whether a finding is among those that are wanted."""
        if finding.duplicate_of and not self.merged:
            return False
        if self.severities and finding.severity not in self.severities:
            return False
        if self.states and finding.state not in self.states:
            return False
        words = self.text.casefold().split()
        if not words:
            return True
        searched = _searched(finding)
        return all(word in searched for word in words)

    def group_of(self, finding: Finding, *, lead: bool) -> GroupName:
        """The group that a finding belongs to."""
        if lead:
            return Apart.LEADS
        if self.grouping is Grouping.SEVERITY:
            return finding.severity
        if self.grouping is Grouping.STATE:
            return finding.state
        if self.grouping is Grouping.FILE:
            place = finding.place
            return place.path if place else ""
        return Apart.FLAT

    def sorted(self, findings: Iterable[Finding]) -> list[Finding]:
        """Findings in the order that is wanted."""
        return sorted(findings, key=self._rank)

    def _rank(self, finding: Finding) -> tuple[object, ...]:
        number = key_number(finding.key)
        if self.sort is Sort.SEVERITY:
            return _SEVERITIES.get(finding.severity, len(_SEVERITIES)), number
        if self.sort is Sort.STATE:
            return _STATES[finding.state], number
        if self.sort is Sort.PLACE:
            place = finding.place
            return (place.path, place.start_line, number) if place else ("\U0010ffff", 0, number)
        return number


def group_rank(name: GroupName) -> tuple[int, int, str]:
    """Where a group stands among others of its kind; leads are the last."""
    if isinstance(name, Severity) or name is None:
        return 0, _SEVERITIES.get(name, len(_SEVERITIES)), ""
    if isinstance(name, State):
        return 0, _STATES[name], ""
    if isinstance(name, Apart):
        return (1 if name is Apart.LEADS else -1), 0, ""
    return 0, 0, name


@functools.lru_cache(maxsize=1 << 16)
def key_number(key: str) -> tuple[int, str]:
    """A key as a number, so that F10 comes behind F9; other keys behind all numbers."""
    digits = key[1:]
    return (int(digits) if digits.isascii() and digits.isdecimal() else _FAR), key


def _searched(finding: Finding) -> str:
    parts = [finding.key, finding.texts.title[:_SEARCHED], finding.note[:_SEARCHED]]
    for place in finding.locations[:8]:
        parts += [place.path, f"{place.contract}.{place.function}", str(place.start_line)]
    return "\n".join(parts).casefold()
