"""What of an open tail is shown: unfinished marks are closed or held back, so that nothing flashes.

Only the display of a tail is healed. Settled blocks and stored text are what the author wrote.
What is held back is short: an endless line, label or address is shown as it comes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Delimiter

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence
    from typing import Any

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_LINE_LIMIT = 2000
_LABEL_LIMIT = 120
_TARGET_LIMIT = 1000
_TRAILING_LIMIT = 200
_MOST_OPENERS = 12

# A line of marks alone, of the beginning of a list item or task, or one that only its end decides:
# a table's row and a fence's first line. Each beginning of such a line is such a line too.
_UNDECIDED = re.compile(
    r"(?:[ \t>]|(?:[-*+]|\d{1,9}[.)])[ \t])*+"
    r"(?:[-+*_=|:#>~`!<&\\ \t]*|\d{1,9}[.)]?|\[(?:[ xX]\]?)?[ \t]*|\|.*|`{3,}[^`]*|~{3,}.*)"
)
_DEFINITION = re.compile(r"\[[^\[\]]+\]:\s*(?:\S+(?:\s+(?:\"[^\"]*|'[^']*|\([^)]*)?)?)?")
_MARKS = re.compile(r"\\(?:.|$)|`+|!?\[|\]", re.DOTALL)
_TICKS = re.compile(r"`+")
_TARGET_MARKS = re.compile(r"\\.|[()\s]", re.DOTALL)
_TITLE = re.compile(r"\s+(?:\"[^\"]*\"|'[^']*'|\([^()]*\))?\s*\)")
_HALF_TITLE = re.compile(r"\s+(?:\"[^\"]*\"?|'[^']*'?|\([^()]*\)?)?\s*")
# An entity, an address, and the first word behind an underscore, which may be a name in code.
_UNDECIDED_END = re.compile(r"(?:&#?\w{0,31}|<(?:[a-zA-Z][^\s<>]*)?|(?<!\w)_\w+)$")
_NAME = re.compile(r"\w*?(?:[a-z][A-Z]|\d|[(\[=])")


def shown_length(source: str) -> int:
    """How much of an open tail is parsed: all but a last line whose kind is not decided."""
    start = source.rfind("\n") + 1
    if 0 < len(source) - start <= _LINE_LIMIT and _UNDECIDED.fullmatch(source, start):
        return start
    return len(source)


def open_inline(tokens: Sequence[Token], source: str) -> int | None:
    """The index of the inline token at the end of a tail, if further text may belong to it."""
    index = len(tokens) - 1
    while index > 0 and tokens[index].nesting < 0:
        index -= 1
    token, opening = tokens[index], tokens[index - 1]
    if token.type != "inline" or token.map is None:
        return None
    finished = source.count("\n")
    if opening.type == "paragraph_open":
        # Behind a blank line the paragraph is over.
        return index if finished <= token.map[1] else None
    if opening.type == "heading_open":
        return index if finished < token.map[1] else None
    return None


def healed(content: str, *, ended: bool) -> str:
    """Inline text without its undecided end and with closed code.

    Args:
        content: the last inline text of a tail.
        ended: its last line has come to its end.
    """
    content = _without_table_header(content)
    if len(content) <= _LINE_LIMIT and _DEFINITION.fullmatch(content):
        return ""
    text, code = _Scan(content, ended=ended).result
    if code:
        return text + code
    if ended and text == content:
        return text
    return _without_trailing(text)


def open_children(
    text: str, parser: MarkdownIt, env: MutableMapping[str, Any]
) -> tuple[list[Token], bool]:
    """The inline tokens of healed text, and whether open emphasis was closed at its end."""
    children: list[Token] = []
    state = StateInline(text, parser, env, children)
    parser.inline.tokenize(state)
    balance, *others = parser.inline.ruler2.getRules("")
    balance(state)
    closed = _close_emphasis(state)
    for rule in others:
        rule(state)
    return children, closed


def without_half_line(tokens: list[Token], line: int) -> list[Token]:
    """Leave out a fence's or a table's unfinished last line, of this number, while it is open."""
    if not tokens or tokens[0].type == "fence":
        return [without_marker(token) for token in tokens]
    if tokens[0].type != "table_open":
        return tokens
    row = [line, line + 1]
    start = next((i for i, t in enumerate(tokens) if t.type == "tr_open" and t.map == row), None)
    if start is None:
        return tokens
    end = next(i for i in range(start, len(tokens)) if tokens[i].type == "tr_close")
    return tokens[:start] + tokens[end + 1 :]


def without_marker(fence: Token) -> Token:
    """A fence without a last line that looks like the start of its closing line."""
    head, newline, last = fence.content.rpartition("\n")
    if last and not last.strip(fence.markup[0] + " "):
        return fence.copy(content=head + newline)
    return fence


def _without_table_header(content: str) -> str:
    """Leave out a last line that its next line may make into the header of a table."""
    head, _, last = content.rpartition("\n")
    return head if last.startswith("|") and len(last) <= _LINE_LIMIT else content


def _without_trailing(text: str) -> str:
    """Leave out the marks at the end, and before them only marks."""
    found = _UNDECIDED_END.search(text, max(0, len(text) - _TRAILING_LIMIT))
    kept = text[: found.start()] if found else text
    while True:
        before = kept
        kept = kept.rstrip().rstrip("*_~!")
        if (len(kept) - len(kept.rstrip("\\"))) % 2:
            kept = kept[:-1]
        if kept == before:
            return kept if len(text) - len(kept) <= _TRAILING_LIMIT else text


class _Scan:
    """One walk over the code spans, brackets and escapes of inline text.

    Attributes:
        result: the text up to what is undecided, and what closes the code at its end.
    """

    def __init__(self, content: str, *, ended: bool) -> None:
        self._content = content
        self._ended = ended
        self._brackets: list[int] = []
        self._at = 0
        self.result = self._walk()

    def _walk(self) -> tuple[str, str]:
        content = self._content
        while found := _MARKS.search(content, self._at):
            mark, self._at = found[0], found.end()
            if mark == "\\":
                return self._held(found.start())
            if mark[0] == "`" and not self._skip_code(len(mark)):
                return self._open_code(found.start())
            if mark[-1] == "[":
                self._brackets.append(found.start())
            elif mark == "]" and self._brackets:
                text = self._behind_label(self._brackets.pop())
                if text is not None:
                    return text, ""
        return self._held(len(content))

    def _held(self, end: int) -> tuple[str, str]:
        """The text up to an end, or up to a label that is still open."""
        least = len(self._content) - _LABEL_LIMIT
        return self._content[: next((at for at in self._brackets if at >= least), end)], ""

    def _skip_code(self, length: int) -> bool:
        for run in _TICKS.finditer(self._content, self._at):
            if len(run[0]) == length:
                self._at = run.end()
                return True
        return False

    def _open_code(self, start: int) -> tuple[str, str]:
        text, code = self._held(start)
        if len(text) < start:
            return text, code
        ticks = self._content[start : self._at]
        if len(ticks) > _TRAILING_LIMIT:
            return self._content, ""
        code = self._content[self._at :]
        if not self._ended:
            code = code.rstrip("`").rstrip()
        if not code.strip():
            return text, ""
        # A blank before and one behind the code are no part of it.
        return text + ticks + code, " " + ticks if code[0] in " \n" else ticks

    def _behind_label(self, start: int) -> str | None:
        """The text without a half-received link or image, or None if there is none."""
        content, end = self._content, self._at
        if end == len(content):
            undecided = not self._ended and end - start <= _LABEL_LIMIT
            return content[:start] if undecided else None
        if content[end] == "[":
            self._brackets.append(start)
            self._at = end + 1
        if content[end] != "(":
            return None
        target_end = _target_end(content, end + 1)
        if target_end is not None:
            self._at = target_end
            return None
        if not _may_go_on(content, end + 1):
            return None
        label = "" if content[start] == "!" else content[start + 1 : end - 1]
        return content[:start] + label


def _target_end(content: str, start: int) -> int | None:
    """Where a link's address and title end; None if they do not, the text's end if too far."""
    depth = 1
    limit = start + _TARGET_LIMIT
    for found in _TARGET_MARKS.finditer(content, start, limit):
        mark = found[0]
        if mark.isspace():
            if found.start() == start:
                continue
            title = _TITLE.match(content, found.start())
            return title.end() if title else None
        depth += (mark == "(") - (mark == ")")
        if not depth:
            return found.end()
    return len(content) if len(content) > limit else None


def _may_go_on(content: str, start: int) -> bool:
    """Whether a link's address without an end may still come to one."""
    if len(content) - start > _TARGET_LIMIT:
        return False
    found = re.compile(r"\S\s").search(content, start)
    return found is None or _HALF_TITLE.fullmatch(content, found.start() + 1) is not None


def _close_emphasis(state: StateInline) -> bool:
    """Pair the marks that nothing closes with marks behind the text; whether there were any."""
    openers: list[Delimiter] = []
    reach = -1
    for index, delimiter in enumerate(state.delimiters):
        reach = max(reach, delimiter.end)
        # Inside a pair, an opener can close only inside it too.
        if delimiter.open and delimiter.end < 0 and index > reach and _opens(state, delimiter):
            openers.append(delimiter)
    if len(openers) > _MOST_OPENERS:
        return False
    for opener in reversed(openers):
        token = state.push("text", "", 0)
        token.content = state.tokens[opener.token].content
        opener.end = len(state.delimiters)
        at = len(state.tokens) - 1
        state.delimiters.append(Delimiter(opener.marker, 0, at, -1, open=False, close=True))
    return bool(openers)


def _opens(state: StateInline, delimiter: Delimiter) -> bool:
    """Whether a mark looks like one: neither a sign inside a word nor the start of a name."""
    first = last = delimiter.token
    mark = state.tokens[first].content
    while first and state.tokens[first - 1].content == mark:
        first -= 1
    before = state.tokens[first - 1] if first else None
    if before is not None and before.type == "text" and before.content[-1:].isalnum():
        return not before.content[-1:].isascii()
    while last + 1 < len(state.tokens) and state.tokens[last + 1].content == mark:
        last += 1
    following = state.tokens[last + 1].content if last + 1 < len(state.tokens) else ""
    return mark != "_" or not _NAME.match(following)
