"""Which finding was merged into which."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from spectr_desktop.report.finding_fold import FindingFold


class Merges:
    """The tree of merged findings.

    A finding that was merged into one that does not exist stands for itself; so do those that
    were merged in a circle.

    Args:
        fold: gives a finding by its key.
    """

    def __init__(self, fold: Callable[[str], FindingFold]) -> None:
        self._fold = fold
        self._targets: dict[str, str] = {}
        self._merged: dict[str, set[str]] = {}  # by their target

    def note(self, key: str) -> None:
        """Something that joins or parts a finding was filed, or counts no longer."""
        old, new = self._targets.get(key, ""), self._fold(key).into
        if old:
            self._merged[old].discard(key)
        if new:
            self._merged.setdefault(new, set()).add(key)
        self._targets[key] = new

    def noted(self, key: str) -> bool:
        """Whether a finding was ever merged."""
        return key in self._targets

    def parent(self, key: str) -> str:
        """What a finding was merged into, "" if it stands for itself."""
        if not self._targets.get(key):
            return ""
        into = self._into(key)
        return into if into and not self._in_circle(key) else ""

    def root(self, key: str) -> str:
        """The finding that stands for this one in the end, or itself."""
        while parent := self.parent(key):
            key = parent
        return key

    def lineage(self, keys: Iterable[str]) -> set[str]:
        """These keys and all that they were merged into."""
        found: set[str] = set()
        for key in keys:
            current = key
            while current and current not in found:
                found.add(current)
                current = self.parent(current)
        return found

    def family(self, keys: Iterable[str]) -> set[str]:
        """These keys and all that was ever to be joined with them, also where that is void."""
        found: set[str] = set()
        left = list(keys)
        while left:
            key = left.pop()
            if key and key not in found:
                found.add(key)
                left.append(self._targets.get(key, ""))
                left += self._merged.get(key, ())
        return found

    def below(self, key: str) -> list[str]:
        """All that was merged into a finding, directly or not, nearer ones first."""
        found = self._directly_below(key)
        for one in found:  # grows while it is walked; there are no circles
            found += self._directly_below(one)
        return found

    def _directly_below(self, key: str) -> list[str]:
        if not self._merged.get(key):
            return []
        merged = sorted(self._merged[key], key=lambda one: (len(one), one))
        return [one for one in merged if self.parent(one) == key]

    def _into(self, key: str) -> str:
        into = self._targets.get(key, "")
        return into if into and self._fold(key).exists and self._fold(into).exists else ""

    def _in_circle(self, key: str) -> bool:
        seen = {key}
        current = self._into(key)
        while current and current not in seen:
            seen.add(current)
            current = self._into(current)
        return current == key
