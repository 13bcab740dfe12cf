"""Which symbols of the source a claim names, and which ones stand around a line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from spectr_desktop.records.source import SymbolKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spectr_desktop.records.findings import Claim
    from spectr_desktop.records.source import Outline, Symbol

_CONTRACTS = frozenset((SymbolKind.CONTRACT, SymbolKind.INTERFACE, SymbolKind.LIBRARY))
_CODE = frozenset((SymbolKind.FUNCTION, SymbolKind.MODIFIER, SymbolKind.CONSTRUCTOR))
_LONGEST = 300
_MOST_BASES = 100
_WORDS = re.compile(r"[\w$]+")
_LEADING = re.compile(
    r"\A(?:(?:function|modifier|def|contract|library|interface|abstract)\s+)+", re.IGNORECASE
)


class Place(NamedTuple):
    """A symbol and the number of its file."""

    file: int
    symbol: Symbol


class Name(NamedTuple):
    """What a claim names, cleaned: "" for what it does not name."""

    contract: str
    function: str


def name_of(claim: Claim) -> Name:
    """Contract and function of a claim, without parameters, back-ticks and key words.

    "Vault.withdraw(uint256)" as a function names the contract as well.
    """
    contract = _words(claim.contract)
    function = _words(claim.function)
    if len(function) > 1 and not contract:
        contract = function[-2:-1]
    return Name(contract[-1] if contract else "", function[-1] if function else "")


def _words(text: str) -> list[str]:
    text = text[:_LONGEST].strip().strip("`*\"'")
    text = _LEADING.sub("", text, count=1).split("(", 1)[0].replace("::", ".").replace("#", ".")
    return [found[0] for part in text.split(".") if (found := _WORDS.search(part))]


class NamedSymbols:
    """The symbols of all files that were sent, by name.

    Args:
        outlines: one a file, in the files' order.
    """

    def __init__(self, outlines: Sequence[Outline]) -> None:
        self._outlines = outlines
        self._members: dict[str, list[Place]] = {}
        self._contracts: dict[str, list[Place]] = {}
        self._interfaces: set[tuple[int, str]] = set()
        for number, outline in enumerate(outlines):
            for symbol in outline.symbols:
                if symbol.kind is SymbolKind.IMPORT or not symbol.name:
                    continue
                table = self._contracts if symbol.kind in _CONTRACTS else self._members
                table.setdefault(symbol.name.casefold(), []).append(Place(number, symbol))
                if symbol.kind is SymbolKind.INTERFACE:
                    self._interfaces.add((number, symbol.name))

    def names(self) -> frozenset[str]:
        """All names that the files define, but those of imports."""
        tables = (self._members, self._contracts)
        return frozenset(
            place.symbol.name for table in tables for places in table.values() for place in places
        )

    def contracts(self, name: Name, pool: Sequence[int]) -> list[Place]:
        """The contracts that a claim names, of the given files if one of them has it."""
        named = self._contracts.get((name.contract or name.function).casefold(), [])
        if not name.contract:
            # A model that has no function to name may call the contract one.
            named = named if not self._members.get(name.function.casefold()) else []
        return self._preferred(named, name.contract or name.function, pool)

    def functions(self, name: Name, pool: Sequence[int]) -> list[Place]:
        """The functions, or other members, that a claim names; inherited ones too.

        Args:
            name: what is named.
            pool: the files that the claim may mean.
        """
        if not name.function:
            return []
        wanted = name.function
        if wanted in {"__init__", "init"} and wanted not in self._members:
            wanted = "constructor"
        named = self._members.get(wanted.casefold(), [])
        if not named:
            return []
        contracts = self.contracts(name, pool) if name.contract else []
        if contracts:
            return self._preferred(self._inherited(named, contracts), wanted, pool)
        inside = [place for place in named if place.file in pool]
        if not inside:
            own = [
                Place(number, symbol)
                for number in pool
                for symbol in self._outlines[number].symbols
                if symbol.kind in _CONTRACTS
            ]
            inside = self._inherited(named, own)
        return self._preferred(inside, wanted, pool)

    def _inherited(self, named: list[Place], contracts: list[Place]) -> list[Place]:
        """The members that stand in these contracts, or else in the nearest of their bases."""
        seen: set[str] = set()
        level = contracts
        while level and len(seen) < _MOST_BASES:
            here = {(place.file, place.symbol.name) for place in level}
            found = [place for place in named if (place.file, place.symbol.container) in here]
            # Vyper's contract is the file itself.
            if found:
                return found
            bases = [base.rsplit(".", 1)[-1] for place in level for base in place.symbol.bases]
            level = list[Place]()
            for base in bases:
                if base not in seen:
                    seen.add(base)
                    level += self._contracts.get(base.casefold(), [])
        return []

    def around(self, file: int, start_line: int, end_line: int) -> Name:
        """The contract and the function that some lines of a file belong to."""
        contract = function = ""
        for symbol in self._outlines[file].symbols:
            if symbol.start_line > end_line:
                break
            if symbol.end_line < start_line:
                continue
            if symbol.kind in _CONTRACTS:
                contract, function = symbol.name, ""
            elif symbol.kind in _CODE and not function:
                contract, function = symbol.container, symbol.name
        return Name(contract, function)

    def _preferred(self, places: list[Place], name: str, pool: Sequence[int]) -> list[Place]:
        """Those of the given files, with the same case, and code before its declaration."""
        wishes: tuple[Callable[[Place], bool], ...] = (
            lambda place: place.file in pool,
            lambda place: place.symbol.name == name,
            lambda place: place.symbol.kind in _CODE or place.symbol.kind in _CONTRACTS,
            lambda place: (place.file, place.symbol.container) not in self._interfaces,
        )
        out = places
        for wish in wishes:
            out = [place for place in out if wish(place)] or out
        return out
