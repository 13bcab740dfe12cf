"""A file's code, ready to be searched for quotes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import accumulate, chain
from typing import TYPE_CHECKING

from spectr_desktop.report.code_tokens import (
    SEPARATOR,
    is_string,
    normalised,
    tokens_of,
    weight,
)
from spectr_desktop.report.quote_walk import STRONG_VERBATIM, Hit, Walk
from spectr_desktop.report.quotes import Joint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from spectr_desktop.report.quote_walk import Effort
    from spectr_desktop.report.quotes import Piece, Reading

MOST_HITS = 200
"""Places of one quote that are looked at, in one file."""

_STARTS = 100
_BOUNDARIES = frozenset("{};")


class IndexedCode:
    """A file's code, ready to be searched.

    Attributes:
        tokens: all of them.
        lines: the line of each.
        words: all tokens, each once.
        vyper: it is read as Vyper.
        names: what the sent files define: no model has made such a name up for a variable.

    Args:
        text: of the file.
        language: "solidity", "vyper" or "".
        names: see above.
    """

    def __init__(self, text: str, language: str, names: frozenset[str]) -> None:
        code = tokens_of(normalised(text), language)
        self.tokens, self.lines = code.tokens, code.lines
        self.vyper = language == "vyper"
        self._joined = SEPARATOR + SEPARATOR.join(self.tokens) + SEPARATOR
        # Where the separator before each token stands.
        self._offsets = list(accumulate(map((1).__add__, map(len, self.tokens)), initial=0))
        self.words = frozenset(self.tokens)
        self.names = names

    def tokens_between(self, start_line: int, end_line: int) -> tuple[int, int]:
        """The tokens of some lines: the first, and behind the last."""
        return bisect_left(self.lines, start_line), bisect_right(self.lines, end_line)

    def begins_line(self, token: int) -> bool:
        """Whether a token is the first of its line or of a statement."""
        before = self.tokens[token - 1] if token else ";"
        return before in _BOUNDARIES or self.lines[token] != self.lines[token - 1]

    def verbatim(
        self, tokens: Sequence[str], within: tuple[int, int] | None = None, most: int = MOST_HITS
    ) -> list[Hit]:
        """Where these tokens stand one after another, at most `most` places."""
        if not tokens:
            return []
        strong = weight(list(tokens)) >= STRONG_VERBATIM
        return [
            Hit(start, start + len(tokens), verbatim=True, is_strong=strong, is_enough=True)
            for start in self._places(tokens, within, most)
        ]

    def _places(
        self, tokens: Sequence[str], within: tuple[int, int] | None, most: int
    ) -> Iterator[int]:
        wanted = SEPARATOR + SEPARATOR.join(tokens) + SEPARATOR
        low, high = 0, len(self._joined)
        if within is not None:
            if within[0] >= within[1]:
                return
            low, high = self._offsets[within[0]], self._offsets[within[1]] + 1
        for _ in range(most):
            low = self._joined.find(wanted, low, high)
            if low < 0:
                return
            yield bisect_left(self._offsets, low)
            low += 1

    def similar(
        self, reading: Reading, ranges: Sequence[tuple[int, int]], effort: Effort
    ) -> list[Hit]:
        """Where the statements of a quote stand in order, with small differences or gaps.

        Args:
            reading: the quote.
            ranges: tokens of the functions that the claim names; the rest of the file is looked
                at if the quote is not there.
            effort: what may be spent; when it is gone, what has been found is all.
        """
        pieces = list(reading.pieces)
        leading: list[str] = []
        while pieces and pieces[0].closing:
            leading += pieces.pop(0).tokens
        if not pieces or self._has_foreign_value(reading.tokens):
            return []
        walk = Walk(self, effort)
        run = _longest_known(pieces[0].tokens, self.words)
        for places in (ranges, (None,)):
            hits: dict[tuple[int, int], Hit] = {}
            starts = (self._starts(pieces[0].tokens, run, within) for within in places)
            for start in chain.from_iterable(starts):
                hit = walk.pieces(pieces, start)
                hit = hit and self._with_leading(hit, leading, pieces[0])
                if hit is not None:
                    hits.setdefault((hit.start, hit.end), hit)
                if effort.is_spent:
                    break
            if any(hit.is_enough for hit in hits.values()):
                return list(hits.values())
        return []

    def _with_leading(self, hit: Hit, leading: list[str], first: Piece) -> Hit | None:
        """The hit with the brackets that the quote has before it; None if they are not there."""
        if not leading:
            return hit
        start = self._behind_closed(leading, hit.start)
        if start is None:
            return hit if first.joint is Joint.ELIDED else None
        whole = self.tokens[start : hit.start] == leading
        return hit._replace(start=start, verbatim=hit.verbatim and whole)

    def _behind_closed(self, leading: list[str], start: int) -> int | None:
        """Where these brackets begin that stand before a token, whatever semicolons are lost."""
        at = start
        for bracket in reversed(leading):
            if bracket == ";":
                continue
            while at and self.tokens[at - 1] == ";":
                at -= 1
            if not at or self.tokens[at - 1] != bracket:
                return None
            at -= 1
        return at

    def _has_foreign_value(self, tokens: list[str]) -> bool:
        """Whether there is a number that the file does not have: then the quote is not there."""
        return any(token[0].isdigit() and token not in self.words for token in tokens)

    def _starts(
        self, tokens: list[str], run: tuple[int, int], within: tuple[int, int] | None
    ) -> list[int]:
        """Tokens at which a piece may begin, by the longest part of it that the file knows."""
        begin, length = run
        while length > 0:
            places = self._places(tokens[begin : begin + length], within, _STARTS)
            out = [place - begin for place in places if place >= begin]
            if out:
                return out
            length //= 2
        return []


def _longest_known(tokens: list[str], words: frozenset[str]) -> tuple[int, int]:
    """Where the longest run of tokens begins that the file has, and its length."""
    best = (0, 0)
    begin = 0
    for at, token in enumerate([*tokens, ""]):
        if token in words and not is_string(token):
            continue
        if at - begin > best[1]:
            best = (begin, at - begin)
        begin = at + 1
    return best
