"""Comparing a quote with a file's code, statement by statement.

Nothing is found by how alike it looks: every token of a quote has to be accounted for. What may
differ is what does not change the code's meaning, or what the quote itself says is left out. One
other operator, number or known name, one statement too many or too few, and the quote is not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from spectr_desktop.report.code_tokens import (
    DEFINITIONS,
    is_built_in,
    is_string,
    is_word,
    weight,
)
from spectr_desktop.report.quotes import Joint, is_head

if TYPE_CHECKING:
    from spectr_desktop.report.quotes import Piece

STRONG_VERBATIM = 1.65
"""What `weight` gives at least for code that means something wherever it stands word for word."""

_STRONG = 1.8
_STRONG_IN_FUNCTION = 1.1
_PER_TOKEN = 0.04
_MOST_TOKENS = 25
_ELIDED_TOKENS = 6_000
_INLINE_TOKENS = 80
_STEPS = 8_000
_BOUNDARIES = frozenset("{};")
_FUNCTIONS = frozenset(("function", "def"))
_ALIASES = {"uint": "uint256", "int": "int256", "byte": "bytes1"}
# Built in as members or options alone; elsewhere they are usual names of variables.
_FREE = frozenset(
    [
        "value",
        "from",
        "sender",
        "data",
        "timestamp",
        "number",
        "balance",
        "origin",
        "code",
        "gas",
        "max",
        "min",
        "log",
        "test",
        "address_",
        "coinbase",
        "sig",
        "length",
    ]
)
_CHECKS = frozenset(("require", "revert", "assert"))
_LEFT_OUT = frozenset(("virtual", "override"))
_PLACES = frozenset(("memory", "calldata", "payable"))


class Code(Protocol):
    """What is compared with: see `IndexedCode`."""

    tokens: list[str]
    lines: list[int]
    words: frozenset[str]
    names: frozenset[str]
    vyper: bool


class Hit(NamedTuple):
    """Tokens of a file that are a quote's: from `start` up to, not including, `end`.

    Attributes:
        start: the first token.
        end: behind the last one.
        verbatim: nothing differs but white space, comments and what is left out visibly.
        is_strong: it means something wherever it stands.
        is_enough: it means something in the function that the claim names.
    """

    start: int
    end: int
    verbatim: bool
    is_strong: bool
    is_enough: bool


class Effort:
    """What one look-up may spend: hostile text ends it early, and always at the same place."""

    def __init__(self) -> None:
        self.steps = 0

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left."""
        return self.steps > _STEPS


class Walk:
    """Compares pieces with a file's tokens, piece after piece."""

    def __init__(self, code: Code, effort: Effort) -> None:
        self._code = code
        self._tokens = code.tokens
        self._effort = effort
        self._names: dict[str, str] = {}
        self._same: list[str] = []
        self._edits = 0

    def pieces(self, pieces: list[Piece], start: int) -> Hit | None:
        """The hit that begins at a token, None if there is none."""
        self._names, self._same, self._edits = {}, [], 0
        begin = end = start
        for number, piece in enumerate(pieces):
            found = self._next(piece, end, first=number == 0)
            if found is not None:
                # The head of a contract says where to look; what is meant comes after it.
                begin = found[0] if number == 1 and is_head(pieces[0].tokens) else begin
                end = found[1]
            elif all(rest.closing for rest in pieces[number:]):
                # Models close what they opened, whatever they left out before.
                self._edits += 1
            else:
                return None
        return self._hit(begin, end) if self._is_plausible(pieces) else None

    def _hit(self, start: int, end: int) -> Hit:
        verbatim = not (self._edits or self._names)
        if not self._names:
            strong = weight(self._same) >= STRONG_VERBATIM
            return Hit(start, end, verbatim, strong, is_enough=True)
        worth = weight(self._same, verbatim=False) + _PER_TOKEN * min(len(self._same), _MOST_TOKENS)
        return Hit(start, end, verbatim, worth >= _STRONG, worth >= _STRONG_IN_FUNCTION)

    def _is_plausible(self, pieces: list[Piece]) -> bool:
        """Whether the names that differ are few, and one name stands for one other only."""
        new = len(self._names)
        count = sum(len(piece.tokens) for piece in pieces)
        # A name that was exchanged in one place is kept in none.
        kept = set(self._same)
        exchanged = kept.isdisjoint(self._names.values())
        return new <= 1 + count // 60 and len(set(self._names.values())) == new and exchanged

    def _next(self, piece: Piece, at: int, *, first: bool) -> tuple[int, int] | None:
        """Where a piece begins and ends: at a token, or where the quote lets it begin."""
        tokens = self._tokens
        end = self._piece(piece, at)
        if end is not None or first:
            return None if end is None else (at, end)
        if at < len(tokens) and tokens[at] == ";" and piece.tokens[0] != ";":
            # The quote lost the semicolon before this piece.
            end = self._piece(piece, at + 1)
            if end is not None:
                self._edits += 1
                return at + 1, end
        if piece.joint is Joint.INLINE:
            return self._behind_inline(piece, at)
        return self._behind(piece, at) if piece.joint is Joint.ELIDED else None

    def _behind_inline(self, piece: Piece, at: int) -> tuple[int, int] | None:
        """The piece in the rest of the statement."""
        for start in range(at, min(at + _INLINE_TOKENS, len(self._tokens))):
            end = self._piece(piece, start)
            if end is not None:
                return start, end
            if self._tokens[start] == ";":
                break
        return None

    def _behind(self, piece: Piece, at: int) -> tuple[int, int] | None:
        """The piece behind whole statements, in the same function."""
        tokens, first = self._tokens, piece.tokens[0]
        if not self._begins_statement(at):
            return None
        known = first in self._code.words
        for start in range(at, min(at + _ELIDED_TOKENS, len(tokens))):
            self._effort.steps += start & 1
            if self._effort.is_spent:
                return None
            token = tokens[start]
            if (token == first or not known) and self._begins_statement(start):
                end = self._piece(piece, start)
                if end is not None:
                    return start, end
            # A function that is left out whole ends the search, unless the next one is quoted.
            other = token in _FUNCTIONS and first not in _FUNCTIONS
            if other and start > at and self._begins_statement(start):
                return None
        return None

    def _begins_statement(self, at: int) -> bool:
        if at == 0 or at >= len(self._tokens):
            return at == 0
        if self._code.vyper:
            return self._code.lines[at] != self._code.lines[at - 1]
        return self._tokens[at - 1] in _BOUNDARIES or self._tokens[at] in _BOUNDARIES

    def _piece(self, piece: Piece, at: int) -> int | None:
        """Behind the last token of a piece that begins here; what it changed is undone if not."""
        names, same, edits = dict(self._names), len(self._same), self._edits
        end = self._compare(piece, at)
        if end is None:
            self._names, self._edits = names, edits
            del self._same[same:]
        return end

    def _compare(self, piece: Piece, at: int) -> int | None:
        tokens, quoted = self._tokens, piece.tokens
        number = 0
        while number < len(quoted):
            self._effort.steps += 1
            if at >= len(tokens):
                return None
            said, real = quoted[number], tokens[at]
            if said == real:
                self._same.append(real)
            elif self._is_other_name(quoted, number, at):
                self._names[said] = real
            elif self._is_other_text(quoted, number, at) or (
                _ALIASES.get(said, said) == _ALIASES.get(real, real)
            ):
                self._edits += 1
            elif skipped := self._left_out(piece, number, at):
                self._edits += 1
                at += skipped
                continue
            elif said == ";" and real == "{" and piece.signature:
                self._edits += 1
            else:
                return None
            number += 1
            at += 1
        return at

    def _is_other_name(self, quoted: list[str], number: int, at: int) -> bool:
        """Whether a variable has another name in the quote: one that nothing else here has."""
        said, real = quoted[number], self._tokens[at]
        if said in self._names or said in self._code.words or said in self._code.names:
            return self._names.get(said) == real
        return (
            self._may_be_variable(said)
            and self._may_be_variable(real)
            and not self._has_meaning(quoted, number)
            and not self._has_meaning(self._tokens, at)
            and quoted[0] not in {"import", "pragma", "using"}
        )

    def _may_be_variable(self, token: str) -> bool:
        free = token in _FREE or (token == "self" and not self._code.vyper)  # noqa: S105 - a name
        plain = free or not is_built_in(token)
        return plain and is_word(token) and not token.lstrip("_$")[:1].isupper()

    def _has_meaning(self, tokens: list[str], at: int) -> bool:
        """Whether a name is more than a variable's here: called, a member, a type, a modifier."""
        before = tokens[at - 1] if at else ""
        after = tokens[at + 1] if at + 1 < len(tokens) else ""
        # `self.` is how Vyper names a contract's own variables.
        if before == "." and tokens[at - 2 : at - 1] != ["self"]:
            return True
        # A colon names an argument; in Vyper it declares a variable.
        called = after in {"(", "{"} or (after == ":" and not self._code.vyper)
        return called or is_word(after) or before in {"emit", "revert", *DEFINITIONS}

    def _is_other_text(self, quoted: list[str], number: int, at: int) -> bool:
        """Whether it is the same text but for case and its end."""
        said, real = quoted[number], self._tokens[at]
        if not (is_string(said) and is_string(real)):
            return False
        return _folded(said) == _folded(real)

    def _left_out(self, piece: Piece, number: int, at: int) -> int:
        """How many tokens of the file the quote may leave out here: 0 if none."""
        tokens, said = self._tokens, piece.tokens[number]
        if said == ")" and tokens[at] == "," and piece.tokens[0] in _CHECKS:
            message = is_string("".join(tokens[at + 1 : at + 2]))
            return 2 if message and tokens[at + 2 : at + 3] == [")"] else 0
        if not piece.signature:
            return 0
        real = tokens[at]
        if real in _LEFT_OUT:
            return 1
        if said in {",", ")"} and number > 1 and is_word(piece.tokens[number - 1]):
            return int(real in _PLACES or (is_word(real) and not is_built_in(real)))
        return 0


def _folded(text: str) -> str:
    return text.strip('"').rstrip(".!").casefold()
