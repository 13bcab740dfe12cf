"""Where the words of a search stand in a text: a few words round them, with marks.

SQLite's own function compares every hit with every other one, which for a common word in a long
report takes longer than the search.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from spectr_desktop.records.history import HIT_END, HIT_START

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_BEFORE, _BEHIND = 40, 110  # characters shown around the first hit
_MOST_HITS = 40  # of each word: those further down change nothing
_TERM = re.compile(r'"([^"]+)"( \*)?')
_TOKEN = re.compile(r"[\w$]+")


class _Hit(NamedTuple):
    start: int
    end: int
    term: int


def snippet(texts: Sequence[str], expression: str) -> str:
    """The place in the first of these texts that has the most of the words; "" for none.

    Args:
        texts: the better ones first.
        expression: as `history_words.expression` makes it.
    """
    small = [folded(text) for text in texts]
    for whole in (True, False):  # words first, then what stands inside of names
        terms = _terms(expression, whole=whole)
        best, best_count = "", 0
        for text, lower in zip(texts, small, strict=True):
            found = (_hits(lower, n, term, whole=whole) for n, term in enumerate(terms))
            hits = sorted(hit for each in found for hit in each)
            first, count = _densest(hits) if hits else (None, 0)
            if first is not None and count > best_count:
                best, best_count = _cut(text, hits, first), count
        if best:
            return best
    return ""


def folded(text: str) -> str:
    """A text as words are compared: without accents, in small letters, as long as before."""
    if not text.isascii():
        odd = {c for c in set(text) if c > "\x7f"}
        text = text.translate({ord(c): unicodedata.normalize("NFD", c)[0] for c in odd})
    return text.lower()


def _terms(expression: str, *, whole: bool) -> list[re.Pattern[str]]:
    out: list[re.Pattern[str]] = []
    for term, prefix in _TERM.findall(expression):
        tokens = [re.escape(token) for token in _TOKEN.findall(folded(term))]
        if tokens:
            end = "" if prefix or not whole else r"(?![\w$])"
            out.append(re.compile(r"[^\w$]*".join(tokens) + end))
    return out


def _hits(lower: str, number: int, term: re.Pattern[str], *, whole: bool) -> Iterator[_Hit]:
    found = 0
    for match in term.finditer(lower):
        # Asked here and not in the pattern, which then begins with letters and is found fast.
        if whole and match.start() and _TOKEN.match(lower[match.start() - 1]):
            continue
        yield _Hit(match.start(), match.end(), number)
        found += 1
        if found == _MOST_HITS:
            return


def _densest(hits: list[_Hit]) -> tuple[_Hit, int]:
    """The first hit behind which the most different words stand near, and how many."""
    best, best_count = hits[0], 0
    for number, hit in enumerate(hits):
        near = hits[number : number + _MOST_HITS]
        count = len({each.term for each in near if each.start < hit.start + _BEHIND})
        if count > best_count:
            best, best_count = hit, count
    return best, best_count


def _cut(text: str, hits: list[_Hit], first: _Hit) -> str:
    start, stop = max(0, first.start - _BEFORE), min(len(text), first.start + _BEHIND)
    stop = max(stop, first.end)
    if start:
        space = text.find(" ", start, first.start)
        start = space + 1 if space >= 0 else start
    if stop < len(text):
        space = text.rfind(" ", first.end, stop)
        stop = space if space >= 0 else stop
    out, at = ["…" if start else ""], start
    for hit in hits:
        if hit.start >= max(at, first.start) and hit.end <= stop:
            out += [text[at : hit.start], HIT_START, text[hit.start : hit.end], HIT_END]
            at = hit.end
    return "".join([*out, text[at:stop], "…" if stop < len(text) else ""])
