"""Words of a search and words of a text, as the index of runs understands both."""

from __future__ import annotations

import re

_LONGEST_QUERY = 400
_MOST_WORDS = 24
_QUERY = re.compile(r'"([^"]*)("?)|([^\s"]+)')
# What the tokenizer takes for a part of a word: see `TOKENIZER`.
_TOKEN = re.compile(r"[^\W]|\$")
TOKENIZER = "unicode61 remove_diacritics 2 tokenchars '_$'"

_NAME = re.compile(r"[\w$]{2,200}")
_PARTS = re.compile(r"[^\W\d_]+?(?=[A-Z][a-z])|[a-z]+(?=[A-Z0-9])|[^\W\d_]+|\d+")
_JOINED = re.compile(r"[_$]|[a-z][A-Z0-9]|[A-Z]{2}[a-z]|\d[A-Za-z]")
# Languages that put no space between words: each character is a word of the index.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
# No snippet may show what looks like a mark of a hit, and SQLite takes no lone surrogates.
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def fit(text: str) -> str:
    """A text as the index may hold it."""
    return _UNFIT.sub(" ", text)


def parts(*texts: str) -> str:
    """The words inside of names: `totalAssets` holds `total` and `assets`; each name once."""
    names: dict[str, None] = {}
    for text in texts:
        names.update(dict.fromkeys(_NAME.findall(text)))
    found: dict[str, None] = {}
    for name in names:
        if _JOINED.search(name):
            found[" ".join(_PARTS.findall(name))] = None
        elif not name.isascii():
            found.update((" ".join(run), None) for run in _UNSPACED.findall(name))
    return "\n".join(found)


def expression(words: str) -> str:
    """The search as FTS5 takes it; "" if there is no word in it.

    All words have to be there; what stands in quotation marks has to stand together. The last one
    may be the beginning of a word unless its quotation is closed. Nothing that is typed is syntax.
    """
    terms: list[tuple[str, bool]] = []
    for match in _QUERY.finditer(fit(words[:_LONGEST_QUERY])):
        phrase, closed, word = match.groups()
        term = word if word is not None else phrase
        if _TOKEN.search(term):
            terms.append((_UNSPACED.sub(_spaced, term), bool(closed)))
    terms = terms[:_MOST_WORDS]
    quoted = ['"{}"'.format(term.replace('"', "")) for term, _ in terms]
    if quoted and not terms[-1][1]:
        quoted[-1] += " *"
    return " AND ".join(quoted)


def _spaced(match: re.Match[str]) -> str:
    return " ".join(["", *match[0], ""])
