"""Canonical Markdown as a tree of HTML elements: an extension that makes `markdown` read it.

The package differs from the live pane in lists, fences, tables and emphasis. Its block parser is
replaced by one that reads what `canonical` writes, and nothing else, and its inline patterns by the
live pane's own parser. So there is no raw HTML, no attribute list and no placeholder that a text
could forge: what is not a construct of canonical Markdown is text.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, ElementTree, SubElement

from markdown import Markdown
from markdown.blockparser import BlockParser
from markdown.extensions import Extension
from markdown.treeprocessors import Treeprocessor
from markdown.util import Registry

from spectr_desktop.report.export.html_code import code_block
from spectr_desktop.report.inlines import MARKDOWN
from spectr_desktop.report.simple_inlines import simple_children

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TypeAlias

    from markdown_it.token import Token

    Change: TypeAlias = Callable[[Element], None]

_FENCE = re.compile(r"(`{3,})([^`]*)")
_HEADING = re.compile(r"(#{1,6}) ")
_ITEM = re.compile(r"([-+]|(\d{1,9})([.)]))(?: +|$)")
_DELIMITER = re.compile(r"\|(?: :?-+:? \|)+")
_CELL_END = re.compile(r"(?<!\\)\|")
_TASK = re.compile(r"\[([ xX])\] +")
_RULES = ("***", "---")
_INDENT = 4
# Without these a text means itself. An underscore inside a word marks nothing.
_MARK = re.compile(r"[\\`*\[\]&<~]|  \n|(?<![^\W_])_|_(?![^\W_])")
_EMPTY = ("br", "hr")
_ELEMENTS = {"em": "em", "strong": "strong", "s": "del"}


def converted(text: str, *changes: Change) -> str:
    """Canonical Markdown as HTML that is well-formed, but not sanitised.

    Args:
        text: as `markdown` and `canonical` write it.
        changes: made to the tree, in this order.
    """
    made = Markdown(extensions=[_Canonical(changes)])
    made.serializer = _serialized
    return made.convert(text)


def tree(text: str) -> Element:
    """The blocks of canonical Markdown, as children of one element."""
    blocks = _Blocks(Markdown(extensions=[_Canonical(())]))
    blocks.parseDocument(text.split("\n"))
    return blocks.root


class _Canonical(Extension):
    def __init__(self, changes: Sequence[Change]) -> None:
        super().__init__()
        self._changes = changes

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802  # the package's name
        md.parser = _Blocks(md)
        md.preprocessors = Registry()
        md.postprocessors = Registry()
        md.treeprocessors = Registry()
        md.treeprocessors.register(_Changing(self._changes), "changes", 0)


class _Changing(Treeprocessor):
    def __init__(self, changes: Sequence[Change]) -> None:
        super().__init__()
        self._changes = changes

    def run(self, root: Element) -> None:
        for change in self._changes:
            change(root)


def _serialized(root: Element) -> str:
    """A tree as HTML; the package's own serializer takes what looks like an entity for one."""
    out: list[str] = []
    _write(root, out)
    return "".join(out)


def _write(element: Element, out: list[str]) -> None:
    tag = element.tag
    attributes = "".join(
        f' {name}="{escape(value)}"' for name, value in sorted(element.attrib.items())
    )
    out.append(f"<{tag}{attributes}>")
    if element.text:
        out.append(escape(element.text, quote=False))
    for child in element:
        _write(child, out)
    if tag not in _EMPTY:
        out.append(f"</{tag}>")
    if element.tail:
        out.append(escape(element.tail, quote=False))


class _Blocks(BlockParser):
    """Reads the blocks of canonical Markdown."""

    def __init__(self, md: Markdown) -> None:
        super().__init__(md)
        self._parsed: dict[str, Sequence[Token]] = {}

    def parseDocument(self, lines: Iterable[str]) -> ElementTree:  # noqa: N802  # the package's
        self.root = Element(self.md.doc_tag)
        self._read(self.root, list(lines))
        return ElementTree(self.root)

    def _read(self, parent: Element, lines: list[str]) -> bool:
        """Read blocks into an element; whether blank lines stand between them."""
        at = 0
        apart = blank = False
        while at < len(lines):
            line = lines[at]
            if not line:
                at += 1
                blank = True
                continue
            apart = apart or (blank and len(parent) > 0)
            blank = False
            at = self._block(parent, lines, at)
        return apart

    def _block(self, parent: Element, lines: list[str], at: int) -> int:  # noqa: PLR0911  # a kind each
        """Read one block; the line behind it."""
        line = lines[at]
        heading = _HEADING.match(line)
        if heading is not None:
            self._inline(SubElement(parent, f"h{len(heading[1])}"), line[heading.end() :])
            return at + 1
        fence = _FENCE.fullmatch(line)
        if fence is not None:
            end = _index(lines, fence[1], at + 1)
            code_block(parent, "\n".join(lines[at + 1 : end]), fence[2])
            return end + 1
        if line in _RULES:
            SubElement(parent, "hr")
            return at + 1
        if _ITEM.match(line):
            return self._list(parent, lines, at)
        if _begins_table(lines, at):
            return self._table(parent, lines, at)
        if line[0] == ">":
            end = _while(lines, at, lambda one: one.startswith(">"))
            self._read(SubElement(parent, "blockquote"), [one[2:] for one in lines[at:end]])
            return end
        return self._paragraph(parent, lines, at)

    def _paragraph(self, parent: Element, lines: list[str], at: int) -> int:
        end = at + 1
        while end < len(lines) and lines[end] and not _interrupts(lines, end):
            end += 1
        self._inline(SubElement(parent, "p"), "\n".join(lines[at:end]))
        return end

    def _list(self, parent: Element, lines: list[str], at: int) -> int:
        marker = _ITEM.match(lines[at])
        assert marker is not None  # noqa: S101  # the caller looked
        kind = marker[3] or marker[1]
        made = SubElement(parent, "ol" if marker[2] else "ul")
        if marker[2] and int(marker[2]) != 1:
            made.set("start", str(int(marker[2])))
        loose = False
        while marker is not None and (marker[3] or marker[1]) == kind:
            indent = max(_INDENT, len(marker[1]) + 1)
            end = _end_of_item(lines, at + 1, indent)
            own = [lines[at][indent:], *(line[indent:] for line in lines[at + 1 : end])]
            task = _TASK.match(own[0])
            if task is not None:
                own[0] = own[0][task.end() :]
            item = SubElement(made, "li")
            loose = self._read(item, own) or loose
            if task is not None:
                _put_box(item, task[1])
            at = _while(lines, end, lambda one: not one)
            marker = _ITEM.match(lines[at]) if at < len(lines) else None
            loose = loose or (at > end and marker is not None and (marker[3] or marker[1]) == kind)
        if not loose:
            _tighten(made)
        return at

    def _table(self, parent: Element, lines: list[str], at: int) -> int:
        end = _while(lines, at, lambda one: one.startswith("|"))
        made = SubElement(parent, "table")
        sides = [_side(cell) for cell in _cells(lines[at + 1])]
        self._row(SubElement(made, "thead"), "th", lines[at], sides)
        body = SubElement(made, "tbody") if end > at + 2 else None
        for line in lines[at + 2 : end]:
            if body is not None:
                self._row(body, "td", line, sides)
        return end

    def _row(self, parent: Element, tag: str, line: str, sides: list[str]) -> None:
        row = SubElement(parent, "tr")
        for text, side in zip(_cells(line), sides, strict=False):
            self._inline(SubElement(row, tag, {"class": side} if side else {}), text)

    def _inline(self, element: Element, text: str) -> None:
        text = text.strip(" ")
        if _MARK.search(text) is None:
            element.text = text
            return
        tokens = self._parsed.get(text)
        if tokens is None:
            tokens = self._parsed[text] = _children(text)
        _fill(element, tokens)


def _children(text: str) -> list[Token]:
    simple = simple_children(text, references=False)
    if simple is not None:
        return simple
    out: list[Token] = []
    # Canonical text is escaped: it needs no limit on its length.
    MARKDOWN.inline.parse(text, MARKDOWN, {}, out)
    return out


def _fill(element: Element, tokens: Sequence[Token]) -> None:
    open_ones = [element]
    for token in tokens:
        inside = open_ones[-1]
        kind, _, end = token.type.rpartition("_")
        if end == "open":
            made = SubElement(inside, _ELEMENTS.get(kind, "a"))
            if kind == "link":
                made.set("href", str(token.attrGet("href") or ""))
            open_ones.append(made)
        elif end == "close":
            open_ones.pop()
        elif token.type == "code_inline":
            SubElement(inside, "code").text = token.content
        elif token.type == "hardbreak":
            SubElement(inside, "br").tail = "\n"
        else:
            add_text(inside, "\n" if token.type == "softbreak" else token.content)


def add_text(element: Element, text: str) -> None:
    """Put text behind all that an element has."""
    if len(element):
        element[-1].tail = (element[-1].tail or "") + text
    else:
        element.text = (element.text or "") + text


def _put_box(item: Element, done: str) -> None:
    """Begin an item with the box of a task, before its words."""
    first = item[0] if len(item) and item[0].tag == "p" else item
    box = Element("span", {"class": "task"})
    box.text = "☐" if done == " " else "☑"
    box.tail, first.text = first.text, None
    first.insert(0, box)


def _tighten(made: Element) -> None:
    """Take the paragraphs of a list's items away, as of one that has no blank lines."""
    for item in made:
        children = [*item]
        item[:] = []
        for child in children:
            if child.tag == "p":
                add_text(item, child.text or "")
                item.extend(child)
            else:
                item.append(child)


def _interrupts(lines: list[str], at: int) -> bool:
    """Whether a line ends the paragraph before it: what is text is escaped."""
    line = lines[at]
    return (
        line[0] in "#>-+`*0123456789|"
        and (
            line[0] == ">"
            or line in _RULES
            or _HEADING.match(line) is not None
            or _FENCE.fullmatch(line) is not None
            or _ITEM.match(line) is not None
        )
    ) or _begins_table(lines, at)


def _begins_table(lines: list[str], at: int) -> bool:
    return (
        lines[at].startswith("|")
        and at + 1 < len(lines)
        and _DELIMITER.fullmatch(lines[at + 1]) is not None
    )


def _end_of_item(lines: list[str], at: int, indent: int) -> int:
    """The line behind those that are indented, and the blank ones between them."""
    end = at
    pad = " " * indent
    while at < len(lines) and (not lines[at] or lines[at].startswith(pad)):
        at += 1
        if lines[at - 1]:
            end = at
    return end


def _index(lines: list[str], line: str, at: int) -> int:
    try:
        return lines.index(line, at)
    except ValueError:
        return len(lines)


def _while(lines: list[str], at: int, holds: Callable[[str], bool]) -> int:
    while at < len(lines) and holds(lines[at]):
        at += 1
    return at


def _cells(line: str) -> list[str]:
    return [cell.replace("\\|", "|") for cell in _CELL_END.split(line)[1:-1]]


def _side(delimiter: str) -> str:
    cell = delimiter.strip()
    left, right = cell.startswith(":"), cell.endswith(":")
    return "center" if left and right else "right" if right else "left" if left else ""
