"""The outline of Solidity source, kept up to date while it is edited."""

from __future__ import annotations

import ctypes
import functools
import re
from typing import TYPE_CHECKING

from spectr_desktop.records.source import Outline, Symbol, SymbolKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import tree_sitter

_CAPSULE = b"tree_sitter.Language"
_CONTAINERS = {
    "contract_declaration": SymbolKind.CONTRACT,
    "interface_declaration": SymbolKind.INTERFACE,
    "library_declaration": SymbolKind.LIBRARY,
}
_KEYWORDS = {
    "contract": SymbolKind.CONTRACT,
    "interface": SymbolKind.INTERFACE,
    "library": SymbolKind.LIBRARY,
}
_MEMBERS = {
    "function_definition": SymbolKind.FUNCTION,
    "modifier_definition": SymbolKind.MODIFIER,
    "constructor_definition": SymbolKind.CONSTRUCTOR,
    "fallback_receive_definition": SymbolKind.FUNCTION,
    "state_variable_declaration": SymbolKind.STATE_VARIABLE,
    "constant_variable_declaration": SymbolKind.STATE_VARIABLE,
    "event_definition": SymbolKind.EVENT,
    "error_declaration": SymbolKind.ERROR,
    "struct_declaration": SymbolKind.STRUCT,
    "enum_declaration": SymbolKind.ENUM,
    "user_defined_type_definition": SymbolKind.TYPE,
    "import_directive": SymbolKind.IMPORT,
}
_COMMENT = re.compile(rb"//[^\n]*|/\*.*?\*/", re.DOTALL)
# What stands behind a signature is not read: a table in one statement can fill a whole file.
_SIGNATURE_BYTES = 4_000
_SIGNATURE = 1_000
# Damaged text can nest errors as deep as it has brackets.
_DEPTH = 12


class SolidityOutline:
    r"""A Solidity text and its outline.

    Nothing raises here: text that is no Solidity gives what is understood of it, marked as broken.
    It is not made for several threads at once.

    Attributes:
        outline: of the text that was given last.

    Args:
        text: with `\n` line ends.
    """

    def __init__(self, text: str = "") -> None:
        # Of the last text that had no errors: a tree with some, edited, can keep them when the
        # text has none any more.
        self._source = self._whole = _encode(text)
        self._tree = _parser().parse(self._source)
        self.outline = _outline(self._tree, self._source)

    def update(self, text: str) -> Outline:
        """Take the text after an edit; only what changed is parsed again, unless that is broken.

        Args:
            text: all of it, not the change alone.

        Returns:
            Its outline.
        """
        source = _encode(text)
        if source != self._source:
            start, old_end, new_end = _change(self._whole, source)
            base = self._tree.copy()
            base.edit(
                start,
                old_end,
                new_end,
                _point(self._whole, start),
                _point(self._whole, old_end),
                _point(source, new_end),
            )
            tree = _parser().parse(source, base)
            if tree.root_node.has_error:
                # What is left of the old tree can be in the way of the right reading.
                tree = _parser().parse(source)
            self._source = source
            self.outline = _outline(tree, source)
            if not self.outline.broken:
                self._whole, self._tree = source, tree
        return self.outline


def solidity_outline(text: str) -> Outline:
    """The outline of a text that is not edited."""
    return SolidityOutline(text).outline


@functools.cache
def _language() -> tree_sitter.Language:
    # Imported here: the window opens before any source is parsed.
    import tree_sitter  # noqa: PLC0415
    import tree_sitter_solidity  # noqa: PLC0415

    pointer = tree_sitter_solidity.language()
    # The grammar still gives an address, which `Language` deprecates for the capsule around it.
    capsule = ctypes.PYFUNCTYPE(
        ctypes.py_object, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p
    )(("PyCapsule_New", ctypes.pythonapi))
    wrapped: object = capsule(pointer, _CAPSULE, None)
    return tree_sitter.Language(wrapped)


def _parser() -> tree_sitter.Parser:
    import tree_sitter  # noqa: PLC0415

    return tree_sitter.Parser(_language())


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _change(old: bytes, new: bytes) -> tuple[int, int, int]:
    """Where two texts differ: start, end in the old one, end in the new one, in bytes."""
    shorter = min(len(old), len(new))
    start = _common(shorter, lambda n: old[:n] == new[:n])
    rest = shorter - start
    tail = _common(rest, lambda n: old[len(old) - n :] == new[len(new) - n :])
    # An edit never begins or ends inside a letter of several bytes.
    while start and start < len(old) and _continues(old[start]):
        start -= 1
    while tail and _continues(old[len(old) - tail]):
        tail -= 1
    return start, len(old) - tail, len(new) - tail


def _continues(byte: int) -> bool:
    """Whether it is inside a letter of UTF-8."""
    return byte & 0xC0 == 0x80  # noqa: PLR2004 - the bits of the encoding


def _common(longest: int, same: Callable[[int], bool]) -> int:
    """The greatest n up to `longest` for which `same(n)` holds, as it does for all below."""
    low, high = 0, longest
    while low < high:
        middle = (low + high + 1) // 2
        if same(middle):
            low = middle
        else:
            high = middle - 1
    return low


def _point(source: bytes, offset: int) -> tuple[int, int]:
    """Row and column, both from 0; the column in bytes."""
    return source.count(b"\n", 0, offset), offset - (source.rfind(b"\n", 0, offset) + 1)


def _outline(tree: tree_sitter.Tree, source: bytes) -> Outline:
    root = tree.root_node
    symbols = tuple(_symbols(root, source, "", 0))
    return Outline(symbols, broken=root.has_error)


def _symbols(
    parent: tree_sitter.Node, source: bytes, container: str, depth: int
) -> Iterator[Symbol]:
    """The symbols below a node; in text that is no code, of the pieces that are."""
    if depth > _DEPTH:
        return
    children = parent.children
    for at, node in enumerate(children):
        kind = node.type
        if kind in _CONTAINERS:
            name = _name(node)
            yield _symbol(node, source, _CONTAINERS[kind], name, container)
            body = node.child_by_field_name("body")
            if body is not None:
                yield from _symbols(body, source, name, depth + 1)
        elif kind in _MEMBERS:
            yield _symbol(node, source, _MEMBERS[kind], _name(node), container)
        elif kind in _KEYWORDS and parent.is_error:
            # The contract has no end: what follows is taken for its content.
            name = _next_name(children, at)
            if name:
                container = name
                last = parent.end_point.row + 1
                first = node.start_point.row + 1
                yield Symbol(_KEYWORDS[kind], name, "", first, last, f"{kind} {name}")
        elif node.has_error and node.child_count:
            yield from _symbols(node, source, container, depth + 1)


def _next_name(siblings: list[tree_sitter.Node], at: int) -> str:
    if at + 1 < len(siblings) and siblings[at + 1].type == "identifier":
        return _text(siblings[at + 1])
    return ""


def _symbol(
    node: tree_sitter.Node, source: bytes, kind: SymbolKind, name: str, container: str
) -> Symbol:
    body = node.child_by_field_name("body")
    plain = kind in (SymbolKind.STRUCT, SymbolKind.ENUM)
    end = node.end_byte if body is None or plain else body.start_byte
    bases = tuple(
        _collapse(ancestor.text or b"")
        for child in node.named_children
        if child.type == "inheritance_specifier"
        and (ancestor := child.child_by_field_name("ancestor")) is not None
    )
    return Symbol(
        kind,
        name,
        container,
        node.start_point.row + 1,
        max(_last_row(node), node.start_point.row) + 1,
        _collapse(source[node.start_byte : min(end, node.start_byte + _SIGNATURE_BYTES)]),
        bases if kind in _CONTAINERS.values() else (),
    )


def _last_row(node: tree_sitter.Node) -> int:
    row, column = node.end_point
    return row if column else row - 1


def _name(node: tree_sitter.Node) -> str:
    match node.type:
        case "constructor_definition":
            return "constructor"
        case "fallback_receive_definition":
            # "function () payable" is how the fallback was written before 0.6.
            return "receive" if node.child(0).type == "receive" else "fallback"
        case "import_directive":
            found = node.child_by_field_name("source")
            return _text(found).strip("\"'") if found else ""
        case _:
            found = node.child_by_field_name("name")
            return _text(found) if found else ""


def _text(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _collapse(raw: bytes) -> str:
    """Code on one line, without comments and its final semicolon."""
    if b"/" in raw:
        raw = _COMMENT.sub(b" ", raw)
    line = " ".join(raw.decode("utf-8", "replace").split())
    return line[:_SIGNATURE].rstrip("; ")
