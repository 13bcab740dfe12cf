"""Markdown that somebody else wrote, written anew from its tokens: whole, closed, and no HTML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spectr_desktop.report.export.escapes import (
    code,
    escaped,
    fenced,
    in_cell,
    line_start,
    one_line,
    visible,
)
from spectr_desktop.report.inlines import MARKDOWN, Inlines, References, mark_tasks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.token import Token

DEEPEST_OWN = 4
"""Levels of headings that a report's own headings have; headings in texts are below."""

_NEWLINE = re.compile(r"\r\n?")
_LANGUAGE = re.compile(r"[\w.+#-]{1,30}")
_LINK = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
_UNSAFE_IN_LINK = re.compile(r"[\s()<>\\\x00-\x1f\x7f`*\[\]|]")
_ALIGNED = {"left": ":---", "center": ":---:", "right": "---:"}
_MARKERS = {"em_open": "*", "strong_open": "**", "s_open": "~~"}
_LIST_MARK = re.compile(r"(?:([-+])|\d{1,9}([.)]))(?: |$)")
# The mark that keeps a list apart from one with the other mark.
_BULLETS = {"-": "+", "+": "-"}
_DELIMITERS = {".": ")", ")": "."}
_INDENT = 4
_MOST_DIGITS = 999_999_999
_HEADINGS = 6


def canonical(text: str, below: int = DEEPEST_OWN, behind: str = "") -> str:
    """A text as Markdown that means the same, and can be put into another one.

    Every construct of it ends in it; raw HTML is text; links lead to the web or by mail only;
    images are named, not loaded; headings are below the report's own. Between blocks stand blank
    lines, and what is nested is indented by four.

    Args:
        text: Markdown, hostile or cut anywhere.
        below: the level of the heading that it stands under: its own begin one deeper.
        behind: the canonical Markdown that it follows: a list at the end of that and one at its
            own beginning stay two.

    Returns:
        It without blank lines around; "" for nothing.
    """
    source = _NEWLINE.sub("\n", text).replace("\0", "\ufffd")
    references: References = {}
    tokens: list[Token] = []
    MARKDOWN.block.parse(source, MARKDOWN, {"references": references}, tokens)
    Inlines(references).parse(tokens)
    mark_tasks(tokens)
    for token in tokens:
        if token.type == "heading_open":
            token.tag = f"h{min(_HEADINGS, below + int(token.tag[1:]))}"
    return "\n\n".join(block for _, block in _blocks(tokens, _last_mark(behind)))


def _last_mark(markdown: str) -> str:
    """The bullet, or the sign behind the number, of a list that ends Markdown; "" for none."""
    # Only items and what is no part of a list begin at the edge.
    line = next((one for one in reversed(markdown.split("\n")) if one[:1].strip()), "")
    found = _LIST_MARK.match(line)
    return found[1] or found[2] if found is not None else ""


def _blocks(tokens: Sequence[Token], last_mark: str = "") -> list[tuple[str, str]]:
    """The blocks on one level, behind a list with a mark: the type of each, and its Markdown."""
    out: list[tuple[str, str]] = []
    bullet = last_mark if last_mark in _BULLETS else "-"
    delimiter = last_mark if last_mark in _DELIMITERS else "."
    listed = _BULLETS.get(last_mark) and "bullet_list_open"
    listed = listed or (_DELIMITERS.get(last_mark) and "ordered_list_open")
    for inside in _spans(tokens):
        kind = inside[0].type
        after_list = kind == (out[-1][0] if out else listed)
        if kind == "bullet_list_open":
            # With the same marks two lists would be one.
            bullet = _BULLETS[bullet] if after_list else "-"
            block = _list(inside, lambda _number, mark=bullet: mark)
        elif kind == "ordered_list_open":
            delimiter = _DELIMITERS[delimiter] if after_list else "."
            block = _list(inside, lambda number, mark=delimiter: f"{number}{mark}")
        else:
            block = _block(kind, inside)
        if block:
            out.append((kind, block))
    return out


def _block(kind: str, tokens: Sequence[Token]) -> str:
    if kind == "heading_open":
        title = " ".join(_lines(tokens[1]))
        return f"{'#' * int(tokens[0].tag[1:])} {_closing_marks(title)}" if title else ""
    if kind == "paragraph_open":
        return _paragraph(tokens[1])
    if kind in ("fence", "code_block"):
        language = _LANGUAGE.match(tokens[0].info.strip())
        return fenced(tokens[0].content, language[0] if language else "")
    if kind == "blockquote_open":
        inner = "\n\n".join(block for _, block in _blocks(tokens[1:-1]))
        return (
            "\n".join(f"> {line}" if line else ">" for line in inner.split("\n")) if inner else ""
        )
    if kind == "table_open":
        return _table(tokens)
    return "***" if kind == "hr" else escaped(tokens[0].content)


def _spans(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """The tokens of each block on this level, its opening and closing ones included."""
    start = depth = 0
    for index, token in enumerate(tokens):
        depth += token.nesting
        if depth == 0:
            yield tokens[start : index + 1]
            start = index + 1


def _paragraph(token: Token) -> str:
    out: list[str] = []
    for line in _lines(token):
        if line.strip():
            out.append(line)
        elif out and line:
            out[-1] = f"{out[-1].rstrip()}  "  # a line of nothing but a break
    return "\n".join(out)


def _closing_marks(title: str) -> str:
    """A title without what would close its heading."""
    return title[:-1] + "\\#" if title.endswith("#") and not title.endswith("\\#") else title


def _list(tokens: Sequence[Token], marker: _Marker) -> str:
    tight = any(
        token.type == "paragraph_open" and token.hidden and token.level == tokens[0].level + 2
        for token in tokens
    )
    start = tokens[0].attrGet("start")
    number = 1 if start is None else int(start)
    items: list[str] = []
    for inside in _spans(tokens[1:-1]):
        mark = marker(min(number, _MOST_DIGITS))
        items.append(_item(mark, inside, tight=tight))
        number += 1
    return ("\n" if tight else "\n\n").join(items)


def _item(mark: str, tokens: Sequence[Token], *, tight: bool) -> str:
    text = ""
    before = ""
    for kind, block in _blocks(tokens[1:-1]):
        if text:
            # Behind some blocks the next line would go on with them.
            apart = not tight or before in _GO_ON or (before, kind) == _TWO_PARAGRAPHS
            # A lonely mark under a line is no list: it makes the line a heading.
            apart = apart or not block.split("\n", 1)[0].strip("-+*.)0123456789")
            text += "\n\n" if apart else "\n"
        text += block
        before = kind
    if "task" in tokens[0].meta:
        text = f"{tokens[2].content[:_BOX]} {text.lstrip()}"
    indent = max(_INDENT, len(mark) + 1)
    first, *others = text.split("\n")
    if not first.strip("-+* "):
        # Marks of lists in lists and nothing else would be a rule.
        first, others = "", [first, *others] if first else others
    lines = [f"{mark:<{indent}}{first}" if first else mark]
    lines += [" " * indent + line if line else "" for line in others]
    return "\n".join(lines)


_BOX = len("[x]")
_GO_ON = ("bullet_list_open", "ordered_list_open", "blockquote_open", "table_open")
_TWO_PARAGRAPHS = ("paragraph_open", "paragraph_open")


def _table(tokens: Sequence[Token]) -> str:
    rows: list[list[str]] = []
    aligned: list[str] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(in_cell(" ".join(_lines(token))))
        elif token.type == "th_open":
            side = str(token.attrGet("style") or "").removeprefix("text-align:")
            aligned.append(_ALIGNED.get(side, "---"))
    lines = [f"| {' | '.join(row)} |" for row in rows]
    lines.insert(1, f"| {' | '.join(aligned)} |")
    return "\n".join(lines)


def _lines(token: Token) -> list[str]:
    """The lines of inline content; none of them opens a block."""
    text = _inline(token.children or ())
    *lines, last = text.split("\n")
    # Two blanks at the end of a line break it.
    out = [line_start(line) + ("  " if line.endswith("  ") else "") for line in lines]
    return [*out, line_start(last)]


def _inline(tokens: Sequence[Token]) -> str:
    out: list[str] = []
    around: list[tuple[str, list[str]]] = []
    links: list[str] = []
    for index, token in enumerate(tokens):
        kind = token.type
        if kind == "link_open":
            links.append(str(token.attrGet("href") or ""))
            if out and out[-1].endswith("!"):
                out[-1] = f"{out[-1][:-1]}\\!"  # with the bracket it would be an image
            out.append("[" if _LINK.match(links[-1]) else "")
        elif kind == "link_close":
            out.append(_link_end(links.pop()))
        elif kind in _MARKERS:
            around.append((kind, out))
            out = []
        elif kind.endswith("_close"):
            inner = "".join(out)
            opening, out = around.pop()
            odd = sum(one == "em_open" for one, _ in around) % 2 == 1
            before = "".join(out[-2:])[-2:]
            after = tokens[index + 1].content[:1] if index + 1 < len(tokens) else ""
            out.append(_marked(inner, _mark(opening, before, after, odd=odd)))
        else:
            if kind == "softbreak" and out:
                out[-1] = out[-1].rstrip(" ")  # two of them would break the line
            out.append(_leaf(token))
    return "".join(out)


def _leaf(token: Token) -> str:
    if token.type == "text":
        return escaped(token.content.replace("\n", " "))
    if token.type == "softbreak":
        return "\n"
    if token.type == "hardbreak":
        return "  \n"
    if token.type == "code_inline":
        return _code(token.content)
    return _image(token) if token.type == "image" else escaped(token.content)


def _mark(opening: str, before: str, after: str, *, odd: bool) -> str:
    """The mark of an emphasis: two of the same beside or in one another could be read as one."""
    mark = _MARKERS[opening]
    in_word = any(one.isalnum() or one == "_" for one in (before[-1:], after))
    beside = before.endswith("*") and before != "\\*"
    doubtful = beside or (opening == "em_open" and odd)
    return mark.replace("*", "_") if doubtful and not in_word else mark


def _marked(inner: str, mark: str) -> str:
    """Marks around words: blanks at their edges would undo them, and stand outside."""
    words = inner.strip()
    if not words:
        return inner
    before, _, after = inner.partition(words)
    return f"{before}{mark}{words}{mark}{after}"


def _code(text: str) -> str:
    if text.strip():
        return code(text)
    return f"` {text} `" if text else ""


def _link_end(href: str) -> str:
    """What stands behind the words of a link; one that leads elsewhere is shown, not followed."""
    if not _LINK.match(href):
        return f" ({code(href)})" if href else ""
    return f"]({_UNSAFE_IN_LINK.sub(lambda sign: f'%{ord(sign[0]):02X}', visible(href))})"


def _image(token: Token) -> str:
    words = one_line(_inline(token.children or ()))
    source = code(str(token.attrGet("src") or ""))
    return " ".join(part for part in ("Image:", words, f"({source})" if source else "") if part)


if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    _Marker: TypeAlias = Callable[[int], str]
