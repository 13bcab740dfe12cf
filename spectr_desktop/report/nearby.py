"""Which findings a new sighting may belong to: an index, so that not all of them are asked."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from spectr_desktop.records.decisions import Relocated, Sighted, SightingSplit, Written

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spectr_desktop.records.decisions import Decision
    from spectr_desktop.records.findings import Location, Sighting

_Symbol: TypeAlias = "tuple[str, str] | None"
_Report: TypeAlias = tuple[str, str]

_MOST = 100


class Nearby:
    """Knows the keys of findings by the function and by the lines that entries named for them.

    It may name too many, never too few: what was undone stays in it.
    """

    def __init__(self) -> None:
        self._by_symbol: dict[_Symbol, dict[str, None]] = defaultdict(dict)
        self._by_lines: dict[tuple[_Report, str, int, int], dict[str, None]] = defaultdict(dict)
        self._only_in: dict[_Report, set[str]] = defaultdict(set)
        self._home: dict[str, _Report | None] = {}

    def take(self, decision: Decision) -> None:
        """Note where an entry puts a finding."""
        if isinstance(decision, Sighted):
            self._sighted(decision.key, decision.sighting)
        elif isinstance(decision, Written):
            self._place(decision.key, decision.locations)
            self._leave(decision.key)
        elif isinstance(decision, Relocated):
            self._place(decision.key, decision.locations)
        elif isinstance(decision, SightingSplit):
            for places in [*self._by_symbol.values(), *self._by_lines.values()]:
                if decision.key in places:
                    places[decision.new_key] = None
            self._leave(decision.new_key)

    def keys(self, sighting: Sighting) -> list[str]:
        """The findings that may be meant, of very many the first.

        Those that only the same report names are among them only with the very same lines: a model
        that lists two means two.
        """
        report = (sighting.run, sighting.cell)
        own = self._only_in.get(report, set())
        near: dict[str, None] = {}
        for symbol in _symbols(sighting.locations):
            others = (key for key in self._by_symbol.get(symbol, {}) if key not in own)
            near.update(dict.fromkeys(islice(others, _MOST)))
        for place in sighting.locations[:1]:
            lines = (report, place.path, place.start_line, place.end_line)
            near.update(islice(self._by_lines.get(lines, {}).items(), _MOST))
        return list(near)

    def _sighted(self, key: str, sighting: Sighting) -> None:
        report = (sighting.run, sighting.cell)
        self._place(key, sighting.locations)
        for place in sighting.locations[:1]:
            lines = (report, place.path, place.start_line, place.end_line)
            self._by_lines[lines][key] = None
        if key not in self._home:
            self._home[key] = report
            self._only_in[report].add(key)
        elif self._home[key] != report:
            self._leave(key)

    def _place(self, key: str, locations: Iterable[Location]) -> None:
        for symbol in _symbols(locations):
            self._by_symbol[symbol][key] = None

    def _leave(self, key: str) -> None:
        """More than one report knows it now, or its auditor does."""
        home = self._home.get(key)
        if home is not None:
            self._only_in[home].discard(key)
        self._home[key] = None


def _symbols(locations: Iterable[Location]) -> list[_Symbol]:
    found: list[_Symbol] = list(
        dict.fromkeys((place.contract, place.function) for place in locations)
    )
    return found or [None]
