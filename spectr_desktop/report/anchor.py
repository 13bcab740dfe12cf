"""Where the source bears out what a report claims: no line number is believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from spectr_desktop.records.findings import Location
from spectr_desktop.records.grades import Anchor
from spectr_desktop.records.source import Outline
from spectr_desktop.report.code_tokens import weight
from spectr_desktop.report.named_symbols import Name, NamedSymbols, Place, name_of
from spectr_desktop.report.quote_match import IndexedCode
from spectr_desktop.report.quote_walk import STRONG_VERBATIM, Effort
from spectr_desktop.report.quotes import bare_line, comment_lines, readings
from spectr_desktop.report.sent_paths import SentPaths

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spectr_desktop.records.findings import Claim
    from spectr_desktop.records.source import SourceFile
    from spectr_desktop.report.quote_walk import Hit
    from spectr_desktop.report.quotes import Reading

_COMMENT_LETTERS = 20
_MOST_COMMENT_LINES = 60
_IN_FUNCTION, _IN_CONTRACT, _ELSEWHERE = range(3)


class _Found(NamedTuple):
    """A place of the quote, with all that decides between several."""

    rank: int
    inside_line: bool
    distance: int
    file: int
    start_line: int
    end_line: int
    hit: Hit


class _Asked(NamedTuple):
    """A claim with what is known about the names in it.

    Attributes:
        pool: the files that it may mean.
        missing: it names a file, and none that was sent.
        functions: what it names as the function.
        contracts: what it names as the contract.
    """

    claim: Claim
    name: Name
    pool: list[int]
    missing: bool
    functions: list[Place]
    contracts: list[Place]


class SourceIndex:
    """The files that were sent, ready to be asked where a claim's code stands.

    It takes about 10 ms for a thousand lines to make one, and a look-up about 1 ms. A look-up
    depends on the files and the claim alone.

    Args:
        files: as they were sent.
        outlines: by path; a file may lack one, then no function of it is known.
    """

    def __init__(self, files: Sequence[SourceFile], outlines: Mapping[str, Outline]) -> None:
        self._files = list(files)
        self._paths = SentPaths([file.path for file in files])
        self._symbols = NamedSymbols([outlines.get(file.path, Outline()) for file in files])
        names = self._symbols.names()
        self._code = [IndexedCode(file.text, file.language, names) for file in files]
        self._texts: dict[int, list[str]] = {}
        self._bare: dict[int, list[str]] = {}

    def locate(self, claim: Claim) -> Location:
        """Find what a claim names.

        The quote decides. It is there if each of its tokens is: white space, line breaks and
        comments never matter. For `FUZZY` there may be lost semicolons, a check without its
        message, a signature without `virtual` or without its parameters' names, and another name
        for one variable, if nothing in the file has that name. What the quote marks as left out
        ("...") may be statements of one function; what it leaves out silently is missed. A quote
        that says too little by itself ("return true;") counts only in the function that the
        claim names.

        Of several places the named contract and function decide, then the nearest to the claimed
        line, then the first. A quote with several places and a claim that says neither function
        nor line is `FUZZY`.

        A file that was not sent is `MISSING_FILE`, unless the quote stands word for word in one
        other place: models mix up the files of a project, and then it is `MOVED`. The same goes
        for a quote that is not in the file that is named. Paths are compared as text.

        Without the quote a function is `SYMBOL_ONLY`; a contract only if no function is named.

        Of a quote the first 8,000 characters are looked at; a longer one is `FUZZY` at best.

        Args:
            claim: anything at all.

        Returns:
            The place; without lines if it is not found. Nothing raises.
        """
        asked = self._asked(claim)
        found = self._quote(asked)
        if found is not None:
            return found
        if asked.missing:
            return _nowhere(claim, claim.path, Anchor.MISSING_FILE)
        # A function that does not exist is not made up for by its contract.
        places = asked.functions or ([] if claim.function.strip() else asked.contracts)
        if places:
            place = min(places, key=lambda place: _distance(claim, *_lines(place)))
            start, end = _lines(place)
            return self._location(claim, place.file, start, end, Anchor.SYMBOL_ONLY, place)
        path = self._files[asked.pool[0]].path if len(asked.pool) == 1 else claim.path
        return _nowhere(claim, path, Anchor.UNVERIFIED)

    def _asked(self, claim: Claim) -> _Asked:
        everything = list(range(len(self._files)))
        named = claim.path.strip() != ""
        pool = self._paths.find(claim.path) if named else everything
        missing = named and not pool
        name = name_of(claim)
        return _Asked(
            claim,
            name,
            pool,
            missing,
            self._symbols.functions(name, pool or everything),
            self._symbols.contracts(name, pool or everything),
        )

    def _quote(self, asked: _Asked) -> Location | None:
        if not asked.claim.quote.strip():
            return None
        effort = Effort()
        read: dict[str, list[Reading]] = {}
        in_pool = set(asked.pool) | {place.file for place in asked.functions}
        others = [number for number in range(len(self._files)) if number not in in_pool]
        pool = [*asked.pool, *sorted(in_pool.difference(asked.pool))]
        if asked.missing:
            pool, others = [], list(range(len(self._files)))
        return (
            self._verbatim(asked, pool, read)
            or self._comment(asked, pool)
            or self._only_place(asked, others, read)
            or self._similar(asked, pool, read, effort)
        )

    def _readings(self, asked: _Asked, file: int, read: dict[str, list[Reading]]) -> list[Reading]:
        language = self._files[file].language
        if language not in read:
            read[language] = readings(asked.claim.quote, language)
        return read[language]

    def _verbatim(
        self, asked: _Asked, pool: Sequence[int], read: dict[str, list[Reading]]
    ) -> Location | None:
        for number in range(3):
            found: list[_Found] = []
            reading = None
            for file in pool:
                ways = self._readings(asked, file, read)[number : number + 1]
                for reading in ways:
                    found += self._places(asked, file, reading)
            if found and reading is not None:
                return self._chosen(asked, found, reading)
        return None

    def _places(self, asked: _Asked, file: int, reading: Reading) -> list[_Found]:
        """Where a quote stands word for word: in the named functions, or else in the file."""
        code = self._code[file]
        hits: list[Hit] = []
        for within in self._ranges(asked, file):
            hits += code.verbatim(reading.tokens, within)
        if not hits and weight(reading.tokens) >= STRONG_VERBATIM:
            hits = code.verbatim(reading.tokens)
        return self._weighed(asked, file, hits)

    def _ranges(self, asked: _Asked, file: int) -> list[tuple[int, int]]:
        return [
            self._code[file].tokens_between(*_lines(place))
            for place in asked.functions
            if place.file == file
        ]

    def _weighed(self, asked: _Asked, file: int, hits: list[Hit]) -> list[_Found]:
        """The hits that mean something where they stand."""
        out: list[_Found] = []
        lines = self._code[file].lines
        for hit in hits:
            start, end = lines[hit.start], lines[hit.end - 1]
            rank = _rank(asked, file, start, end)
            if hit.is_strong or (rank == _IN_FUNCTION and hit.is_enough):
                distance = _distance(asked.claim, start, end)
                inside = not self._code[file].begins_line(hit.start)
                out.append(_Found(rank, inside, distance, file, start, end, hit))
        return out

    def _only_place(
        self, asked: _Asked, others: Sequence[int], read: dict[str, list[Reading]]
    ) -> Location | None:
        """The one place in files that were not named where the quote stands word for word."""
        found: list[_Found] = []
        first = None
        for file in others:
            for reading in self._readings(asked, file, read)[:2]:
                here = [one for one in self._places(asked, file, reading) if one.hit.is_strong]
                if here and reading.tokens:
                    found += here
                    first = first or reading
                    break
        if first is None or first.cut:
            return None
        best = min(one[:2] for one in found)
        kept = [one for one in found if one[:2] == best]
        if len(kept) > 1:
            return None
        return self._at(asked, kept[0], first, Anchor.MOVED)

    def _similar(
        self, asked: _Asked, pool: Sequence[int], read: dict[str, list[Reading]], effort: Effort
    ) -> Location | None:
        for number in range(3):
            found: list[_Found] = []
            reading = None
            for file in pool:
                for reading in self._readings(asked, file, read)[number : number + 1]:
                    hits = self._code[file].similar(reading, self._ranges(asked, file), effort)
                    found += self._weighed(asked, file, hits)
            if found and reading is not None:
                return self._chosen(asked, found, reading)
        return None

    def _chosen(self, asked: _Asked, found: list[_Found], reading: Reading) -> Location:
        """Decide between places, and say how well the best of them fits."""
        best = min(found, key=lambda one: (not one.hit.verbatim, *one[:6]))
        rivals = [
            one for one in found if one.rank == best.rank and one.hit.verbatim == best.hit.verbatim
        ]
        claimed = asked.claim.start_line > 0
        if reading.cut or not best.hit.verbatim:
            anchor = Anchor.FUZZY
        elif claimed:
            anchor = Anchor.MOVED if best.distance else Anchor.EXACT
        elif best.rank == _IN_FUNCTION:
            anchor = Anchor.EXACT
        elif len(rivals) > 1:
            anchor = Anchor.FUZZY
        else:
            anchor = Anchor.MOVED if asked.name.function else Anchor.EXACT
        if anchor is Anchor.EXACT and best.file not in asked.pool:
            anchor = Anchor.MOVED
        return self._at(asked, best, reading, anchor)

    def _at(self, asked: _Asked, one: _Found, reading: Reading, anchor: Anchor) -> Location:
        lines = self._lines_of(one.file)
        start, end = one.start_line, one.end_line
        for _ in range(_MOST_COMMENT_LINES if reading.comments_before else 0):
            if start < 2 or bare_line(lines[start - 2]) not in reading.comments_before:  # noqa: PLR2004
                break
            start -= 1
        for _ in range(_MOST_COMMENT_LINES if reading.comments_behind else 0):
            if end >= len(lines) or bare_line(lines[end]) not in reading.comments_behind:
                break
            end += 1
        return self._location(asked.claim, one.file, start, end, anchor)

    def _comment(self, asked: _Asked, pool: Sequence[int]) -> Location | None:
        """A quote that is comments alone, line by line."""
        for file in pool:
            wanted = comment_lines(asked.claim.quote, self._files[file].language)
            wanted = [bare for line in wanted if (bare := bare_line(line))]
            if sum(map(len, wanted)) < _COMMENT_LETTERS:
                continue
            lines = self._bare_lines(file)
            found = [
                at + 1
                for at, line in enumerate(lines)
                if line == wanted[0] and lines[at : at + len(wanted)] == wanted
            ]
            if found:
                start = min(found, key=lambda line: _distance(asked.claim, line, line))
                end = start + len(wanted) - 1
                exact = _distance(asked.claim, start, end) == 0 and len(found) == 1
                anchor = Anchor.EXACT if exact else Anchor.MOVED
                return self._location(asked.claim, file, start, end, anchor)
        return None

    def _lines_of(self, file: int) -> list[str]:
        if file not in self._texts:
            self._texts[file] = self._files[file].text.split("\n")
        return self._texts[file]

    def _bare_lines(self, file: int) -> list[str]:
        if file not in self._bare:
            self._bare[file] = [bare_line(line) for line in self._lines_of(file)]
        return self._bare[file]

    def _location(
        self,
        claim: Claim,
        file: int,
        start: int,
        end: int,
        anchor: Anchor,
        place: Place | None = None,
    ) -> Location:
        around = self._symbols.around(file, start, end) if place is None else _own_name(place)
        return Location(
            self._files[file].path,
            start,
            end,
            around.contract,
            around.function,
            claim.quote,
            max(claim.start_line, 0),
            anchor,
        )


def _own_name(place: Place) -> Name:
    symbol = place.symbol
    return Name(symbol.name, "") if symbol.is_contract else Name(symbol.container, symbol.name)


def _lines(place: Place) -> tuple[int, int]:
    return place.symbol.start_line, place.symbol.end_line


def _rank(asked: _Asked, file: int, start: int, end: int) -> int:
    for rank, places in ((_IN_FUNCTION, asked.functions), (_IN_CONTRACT, asked.contracts)):
        for place in places:
            first, last = _lines(place)
            if place.file == file and start <= last and end >= first:
                return rank
    return _ELSEWHERE


def _distance(claim: Claim, start: int, end: int) -> int:
    """Lines between the claimed range and another one; 0 if they touch or none is claimed."""
    first, last = claim.start_line, max(claim.end_line, claim.start_line)
    if first <= 0:
        return 0
    return max(start - last, first - end, 0)


def _nowhere(claim: Claim, path: str, anchor: Anchor) -> Location:
    line = max(claim.start_line, 0)
    names = claim.contract.strip(), claim.function.strip()
    return Location(path, 0, 0, *names, claim.quote, line, anchor)
