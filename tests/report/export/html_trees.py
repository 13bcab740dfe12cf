"""What a reader sees of a text, as a tree: of the live pane's tokens, and of a page."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from spectr_desktop.report.export.escapes import visible
from spectr_desktop.report.inlines import MARKDOWN, Inlines, References, mark_tasks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

Node = list[Any]
"""A tag, with what it says of itself, and its children: nodes, and texts of inline ones."""

_SPACE = re.compile(r"[ \t\n]+")
_MARKS = {"em", "strong", "del"}
_INLINE = {"em", "strong", "del", "a", "code", "br"}
_BLOCKS = {"ul", "ol", "li", "blockquote", "table", "tr", "th", "td", "hr", "p", "pre"}
_HEADINGS = {f"h{level}" for level in range(1, 7)}
_VOID = {"br", "hr", "img", "meta"}
_TAGS = {"bullet_list": "ul", "ordered_list": "ol", "list_item": "li", "s": "del", "link": "a"}
_WEB = re.compile(r"(?i)https?://|mailto:")
_DEEPEST = 6
_SHIFT = 4


def of_pane(text: str) -> Node:
    """The tree of a text as the live pane parses it, its headings below those of a report."""
    tokens: list[Token] = []
    references: References = {}
    source = re.sub("\r\n?", "\n", text).replace("\0", "\ufffd")
    MARKDOWN.block.parse(source, MARKDOWN, {"references": references}, tokens)
    Inlines(references).parse(tokens)
    mark_tasks(tokens)
    root: Node = ["root"]
    open_ones = [root]
    for token in tokens:
        _take(token, open_ones)
    return _settled(root)


def _take(token: Token, open_ones: list[Node]) -> None:
    inside = open_ones[-1]
    if token.type in ("fence", "code_block"):
        inside.append(["pre", visible(token.content).strip("\n")])
    elif token.type == "inline":
        _take_inline(token.children or (), inside)
    elif token.type == "hr":
        inside.append(["hr"])
    elif token.type.startswith(("thead", "tbody")):
        pass
    elif token.nesting == 1:
        made: Node = [_tag(token)]
        inside.append(made)
        open_ones.append(made)
        box = token.meta.get("task")
        if box:
            made.append(["box", box])
    elif token.nesting == -1:
        open_ones.pop()
    else:
        inside.append(["p", token.content])


def _tag(token: Token) -> str:
    kind = token.type.rpartition("_")[0]
    if kind == "heading":
        return f"h{min(_DEEPEST, _SHIFT + int(token.tag[1:]))}"
    if kind == "ordered_list":
        return f"ol {token.attrGet('start') if token.attrGet('start') is not None else 1}"
    side = str(token.attrGet("style") or "").removeprefix("text-align:")
    return f"{token.tag} {side}".strip() if kind in ("th", "td") else _TAGS.get(kind, token.tag)


def _take_inline(tokens: Sequence[Token], inside: Node) -> None:
    open_ones = [inside]
    elsewhere: list[str] = []
    for token in tokens:
        inside = open_ones[-1]
        kind = token.type.rpartition("_")[0]
        href = str(token.attrGet("href"))
        if token.nesting == 1:
            made = [_TAGS.get(kind, kind)]
            if kind == "link" and not _WEB.match(href):
                # A link that leads elsewhere is its words, and behind them where it would lead.
                made = inside
                elsewhere.append(href)
            elif kind == "link":
                made[0] = f"a {unquote(visible(href))}"
                inside.append(made)
            else:
                inside.append(made)
            open_ones.append(made)
        elif token.nesting == -1:
            open_ones.pop()
            if kind == "link" and open_ones[-1] is inside:
                _say_where(inside, elsewhere.pop())
        elif token.type == "image":
            _take_image(token, inside)
        elif token.type == "code_inline":
            inside.append(["code", visible(token.content)])
        elif token.type == "hardbreak":
            inside.append(["br"])
        else:
            inside.append("\n" if token.type == "softbreak" else visible(token.content))


def _take_image(token: Token, inside: Node) -> None:
    inside.append("Image: ")
    _take_inline(token.children or (), inside)
    _say_where(inside, str(token.attrGet("src")))


def _say_where(inside: Node, target: str) -> None:
    if target:
        inside += [" (", ["code", visible(target)], ")"]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root: Node = ["root"]
        self._open = [self.root]
        self._tags: list[str] = []
        self._code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        inside = self._open[-1]
        if tag in _VOID:
            if tag in ("br", "hr"):
                inside.append([tag])
            return
        self._tags.append(tag)
        made = inside
        if tag == "span" and given.get("class") == "task":
            made = ["box"]
        elif tag in ("th", "td"):
            made = [f"{tag} {given.get('class', '')}".strip()]
        elif tag == "ol":
            made = [f"ol {given.get('start', '1')}"]
        elif tag == "a":
            made = [f"a {unquote(given.get('href', ''))}"]
        elif tag in _INLINE | _BLOCKS | _HEADINGS and not (tag == "code" and "pre" in self._tags):
            made = [tag]
        if made is not inside:
            inside.append(made)
        self._open.append(made)

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        assert self._tags.pop() == tag
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].append(data)


def of_page(html: str) -> Node:
    """The tree of HTML; every element of it has to be closed in its place."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert len(reader._open) == 1
    return _settled(reader.root)


def _settled(node: Node) -> Node:
    """A tree in which text stands in paragraphs, blanks are one, and nothing is empty."""
    tag = node[0]
    kind = tag.partition(" ")[0]
    if kind == "pre":
        return ["pre", "".join(_texts(node)).strip("\n")]
    if kind in ("code", "box"):
        return [kind, _SPACE.sub(" ", "".join(_texts(node)))]
    children: list[Any] = []
    for child in node[1:]:
        if isinstance(child, str):
            if children and isinstance(children[-1], str):
                children[-1] += child
            else:
                children.append(child)
        else:
            made = _settled(child)
            # An emphasis of nothing cannot be seen.
            children.append(" " if made[0] in _MARKS and made[1:] in ([], [" "]) else made)
    if kind in ("root", "li", "blockquote", "table", "tr"):
        children = _in_paragraphs(children)
        children = [one for one in children if len(one) > 1 or one[0] not in _MAY_GO]
        return [tag, *children]
    if kind in _HEADINGS:
        children = [" " if one == ["br"] else one for one in children]  # a title is one line
    return [tag, *(_trimmed(children) if kind not in _INLINE else _squeezed(children))]


_MAY_GO = {"p", "blockquote", *_HEADINGS}


def _texts(node: Node) -> list[str]:
    out: list[str] = []
    for child in node[1:]:
        out += [child] if isinstance(child, str) else _texts(child)
    return out


def _in_paragraphs(children: list[Any]) -> list[Node]:
    out: list[Node] = []
    running: list[Any] = []
    for child in [*children, ["end"]]:
        if isinstance(child, str) or child[0].partition(" ")[0] in _INLINE | {"box"}:
            running.append(child)
            continue
        trimmed = _trimmed(running)
        if trimmed:
            out.append(["p", *trimmed])
        running = []
        # A box stands in its item or in the item's first paragraph.
        if out and child[0] == "p" and len(out[-1]) > 1 and out[-1][1:] == [out[-1][-1]]:
            last = out[-1][-1]
            if isinstance(last, list) and last[0] == "box":
                out[-1] = ["p", last, *child[1:]]
                continue
        out.append(child)
    return out[:-1]


def _squeezed(children: list[Any]) -> list[Any]:
    out: list[Any] = []
    for child in children:
        if not isinstance(child, str):
            out.append(child)
        elif out and isinstance(out[-1], str):
            out[-1] += child
        else:
            out.append(child)
    out = [_SPACE.sub(" ", one) if isinstance(one, str) else one for one in out]
    for index, one in enumerate(out):
        if isinstance(one, str) and index and out[index - 1][0] == "br":
            out[index] = one.lstrip(" ")
    return [one for one in out if one]


def _trimmed(children: list[Any]) -> list[Any]:
    out = _squeezed(children)
    for index, one in enumerate(out):
        if isinstance(one, str) and (index == 0 or out[index - 1][0] in ("br", "box")):
            one = one.lstrip(" ")  # noqa: PLW2901  # the same text, shorter
        if isinstance(one, str) and (index == len(out) - 1 or out[index + 1][0] == "br"):
            one = one.rstrip(" ")  # noqa: PLW2901
        out[index] = one
    out = [one for one in out if one != ""]
    # Nor can a break be seen before the first word.
    return _trimmed(out[1:]) if out and out[0] == ["br"] else out
