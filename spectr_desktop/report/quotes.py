"""Code as a model quotes it, without what quoting has put around it."""

from __future__ import annotations

import enum
import itertools
import re
from dataclasses import dataclass, replace

from spectr_desktop.report.code_tokens import normalised, tokens_of

QUOTE_LIMIT = 8_000
"""Characters of a quote that are looked at."""

_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#39;", "'"), ("&amp;", "&"))
_FENCE = re.compile(r"^[ \t>]{0,20}(?:```|~~~)[^\n]{0,200}$", re.MULTILINE)
_BLOCK_QUOTE = re.compile(r"^[ \t]{0,8}>[ \t]?", re.MULTILINE)
_NUMBERED = re.compile(
    r"[ \t]{0,12}(?:[Ll](?:ine[ \t])?)?\[?(\d{1,6})\]?[ \t]?(?:[:|\u2502]|\t|->)"
)
_BARE_NUMBER = re.compile(r"[ \t]{0,12}(\d{1,6})(?=[ \t]{1,8}\S|[ \t]*$)")
_PATH_LINE = re.compile(
    r"\s*(?:(?://|#)\s*)?[\w./\\@-]{1,200}\.(?:sol|vyi?)(?:[:#][\w:,-]{0,40})?:?\s*\n"
)
_ELIDED_LINE = re.compile(
    r"^[ \t]*[\[(<{]?[ \t]*(?:\.{3,}|(?:\.{3}[ \t]*)?(?:snip|snipped|omitted)(?:[ \t]*\.{3})?)"
    r"[ \t]*[\])>}]?[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_ELIDING = re.compile(
    r"\.{3}|\b(?:snip|snipped|omitted|elided|rest of|existing|unchanged|remaining|truncated"
    r"|skipped|other (?:code|logic|functions|checks|lines)|same as|more code)\b",
    re.IGNORECASE,
)
_SIGN = re.compile(r"^[ \t]{0,4}[+-](?![+=-])[ \t]?", re.MULTILINE)
_MARKED = re.compile(r"^[ \t]{0,4}([+-])(?![+=-])", re.MULTILINE)
_OPEN_COMMENT = re.compile(r"\A(?:[ \t]*(?:\*(?!/)[^\n]*)?\n){0,60}[ \t]*\*+/")
_STARS = re.compile(r"\A(?:[ \t]*\*[ \t][^\n]*\n)+")
_CLOSING = frozenset("{}();")
_HEADS = frozenset(("contract", "abstract", "library", "interface"))
_SIGNATURE = frozenset(("function", "def", "modifier", "constructor", "event", "error"))


class Joint(enum.Enum):
    """What a quote says about the place between two of its pieces."""

    STATEMENT = "statement"
    ELIDED = "elided"
    INLINE = "inline"


@dataclass(frozen=True, slots=True)
class Piece:
    """A statement of a quote, or a part of one.

    Attributes:
        tokens: never empty.
        joint: how it hangs together with the piece before it.
        closing: it is brackets and semicolons alone.
        signature: it begins a definition.
    """

    tokens: list[str]
    joint: Joint
    closing: bool
    signature: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a quote.

    Attributes:
        tokens: all of its code, without the marks of what was left out.
        pieces: the same, statement by statement.
        elided: something was left out visibly.
        cut: the quote is longer than what was looked at.
        comments_before: the lines of comments that it begins with, stripped.
        comments_behind: the lines of comments that it ends with.
    """

    tokens: list[str]
    pieces: list[Piece]
    elided: bool
    cut: bool
    comments_before: frozenset[str]
    comments_behind: frozenset[str]


def readings(quote: str, language: str) -> list[Reading]:
    """The ways to read a quote, the most likely one first; at most three, none if it is empty.

    Fences, back-ticks, line numbers, marks of a block quote and a line with the file's name are
    taken away. The signs of a diff may be code, so a quote with signs is read with and without
    them, and one with both kinds also as what stood there before.

    Args:
        quote: as the model wrote it; `QUOTE_LIMIT` characters of it are looked at.
        language: of the file that it is looked up in.
    """
    cut = len(quote) > QUOTE_LIMIT
    text = _without_frame(quote[:QUOTE_LIMIT])
    texts = [text]
    signs = set(_MARKED.findall(text))
    if signs:
        texts.append(_SIGN.sub("", text))
    if len(signs) > 1:
        before = [line for line in text.split("\n") if not line.lstrip(" \t").startswith("+")]
        texts.append(_SIGN.sub("", "\n".join(before)))
    out = [_reading(one, language, cut=cut) for one in texts]
    return [reading for reading in out if reading.tokens]


def comment_lines(quote: str, language: str) -> list[str]:
    """The stripped lines of a quote that is comments alone; empty if it is more than that."""
    text = _without_frame(quote[:QUOTE_LIMIT])
    if tokens_of(text, language).tokens:
        return []
    return [line.strip() for line in text.split("\n") if line.strip()]


def _without_frame(quote: str) -> str:
    text = normalised(_FENCE.sub("", quote.replace("\r", "\n"))).strip("\n")
    if "&" in text:
        for entity, sign in _ENTITIES:
            text = text.replace(entity, sign)
    lines = [line for line in text.split("\n") if line.strip()]
    if lines and all(line.lstrip().startswith(">") for line in lines):
        text = _BLOCK_QUOTE.sub("", text)
    text = _without_numbers(text)
    if found := _PATH_LINE.match(text):
        text = text[found.end() :]
    for opening in (_OPEN_COMMENT, _STARS):
        if found := opening.match(text):
            # It begins inside a comment: the sign that opens it is not in the quote.
            return "/*" + text if opening is _OPEN_COMMENT else _star_lines(text, found.end())
    return text


def _star_lines(text: str, end: int) -> str:
    if end == len(text) or text[:end].count("\n") > 1:
        return "/*" + text[:end] + "*/" + text[end:]
    return text


def _without_numbers(text: str) -> str:
    """The text without the line numbers that all its lines begin with."""
    lines = text.split("\n")
    full = [line for line in lines if line.strip()]
    for pattern in (_NUMBERED, _BARE_NUMBER):
        found = [pattern.match(line) for line in full]
        if not full or None in found:
            continue
        numbers = [int(match[1]) for match in found if match]
        rising = all(first < second for first, second in itertools.pairwise(numbers))
        if rising and (pattern is _NUMBERED or len(numbers) > 1):
            return "\n".join(pattern.sub("", line, count=1) for line in lines)
    return text


def _reading(text: str, language: str, *, cut: bool) -> Reading:
    text = _ELIDED_LINE.sub("...", text)
    code = tokens_of(text, language)
    marks = {before for _, before, comment in code.comments if _ELIDING.search(comment)}
    pieces = _pieces(code.tokens, code.lines, marks, vyper=language == "vyper")
    tokens = [token for token in code.tokens if not token.startswith("...")]
    count = len(code.tokens)
    before = [comment for _, at, comment in code.comments if at == 0]
    behind = [comment for _, at, comment in code.comments if at == count]
    return Reading(
        tokens,
        pieces,
        bool(marks) or len(tokens) < count,
        cut,
        _stripped(before),
        _stripped(behind),
    )


def bare_line(line: str) -> str:
    """The words of a line of a comment, without the signs that make it one."""
    return " ".join(line.split()).strip(" /*#\"'")


def _stripped(comments: list[str]) -> frozenset[str]:
    lines = (line for comment in comments for line in comment.split("\n"))
    return frozenset(bare_line(line) for line in lines)


def _pieces(tokens: list[str], lines: list[int], marks: set[int], *, vyper: bool) -> list[Piece]:
    """Cut the tokens at the ends of statements, of lines and at what was left out."""
    out: list[Piece] = []
    current: list[str] = []
    depth = 0
    joint = Joint.STATEMENT
    for at, part in enumerate(tokens):
        new_line = at > 0 and lines[at] != lines[at - 1]
        elided = part.startswith("...")
        if current and (elided or at in marks or (new_line and depth == 0)):
            out.append(_piece(current, joint))
            current, joint = [], Joint.STATEMENT
        if at in marks:
            joint = Joint.ELIDED
        if elided:
            last = at + 1 == len(tokens)
            alone = (at == 0 or new_line) and (last or lines[at + 1] != lines[at])
            after = not out or out[-1].tokens[-1] in {";", "{", "}"}
            whole = depth == 0 and (alone or after)
            joint = Joint.ELIDED if whole else Joint.INLINE
            continue
        current.append(part)
        if part in "([":
            depth += 1
        elif part in ")]":
            depth = max(depth - 1, 0)
        elif depth == 0 and part in "{};" and not vyper:
            out.append(_piece(current, joint))
            current, joint = [], Joint.STATEMENT
    if current:
        out.append(_piece(current, joint))
    return _with_whole_signatures(_without_vague(out))


def _without_vague(pieces: list[Piece]) -> list[Piece]:
    """Without the brackets behind what was left out: which ones they are cannot be known.

    Behind the head of a contract something is always left out, whether the quote says so or not.
    """
    out: list[Piece] = []
    elided = False
    for at, piece in enumerate(pieces):
        elided |= piece.joint is Joint.ELIDED or (at > 0 and is_head(pieces[at - 1].tokens))
        if elided and piece.closing and at + 1 < len(pieces):
            continue
        out.append(replace(piece, joint=Joint.ELIDED) if elided else piece)
        elided = False
    return out


def is_head(tokens: list[str]) -> bool:
    """Whether it is the first line of a contract."""
    return tokens[0] in _HEADS and tokens[-1] == "{"


def _piece(tokens: list[str], joint: Joint) -> Piece:
    signature = tokens[0] in _SIGNATURE and len(tokens) > 1
    return Piece(tokens, joint, _CLOSING.issuperset(tokens), signature)


def _with_whole_signatures(pieces: list[Piece]) -> list[Piece]:
    """The lines of a signature that follow its first one are marked too."""
    out: list[Piece] = []
    inside = False
    for piece in pieces:
        inside = piece.signature or (inside and piece.joint is Joint.STATEMENT)
        out.append(replace(piece, signature=True) if inside else piece)
        inside = inside and piece.tokens[-1] not in {"{", "}", ";"}
    return out
