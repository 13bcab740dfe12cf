"""The outline of Vyper source, read line by line: the grammar is small and indented."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from spectr_desktop.records.source import Outline, Symbol, SymbolKind

_NAME = r"[^\W\d]\w*"
_DEFINITION = re.compile(rf"(?:def|event|error|struct|interface|enum|flag)\s+({_NAME})")
_VARIABLE = re.compile(rf"({_NAME})\s*:\s*(?!=)\S")
_IMPORT = re.compile(rf"(?:from\s+([\w.]+)\s+)?import\s+([\w.]+)(?:\s+as\s+({_NAME}))?")
_USES = re.compile(r"(?:implements|uses|initializes|exports)\s*:")
_PIECE = re.compile(r"\"\"\"|'''|\"(?:[^\"\\\n]|\\.)*+\"?|'(?:[^'\\\n]|\\.)*+'?|#[^\n]*|[()\[\]{}]")
_KINDS = {
    "def": SymbolKind.FUNCTION,
    "event": SymbolKind.EVENT,
    "error": SymbolKind.ERROR,
    "struct": SymbolKind.STRUCT,
    "interface": SymbolKind.INTERFACE,
    "enum": SymbolKind.ENUM,
    "flag": SymbolKind.ENUM,
}
_NAMED_BY_ITSELF = {
    "__init__": SymbolKind.CONSTRUCTOR,
    "__default__": SymbolKind.FUNCTION,
}
_STARTS = ("def ", "@", "event ", "struct ", "interface ", "flag ", "enum ")
_SIGNATURE = 1_000


@dataclass(slots=True)
class _Statement:
    """Lines that belong together by their brackets, comments and texts over lines taken out."""

    start: int
    indent: int
    end: int
    code: str


@dataclass(slots=True)
class _Reader:
    """What is known between two lines."""

    statements: list[_Statement] = field(default_factory=list[_Statement])
    docstring: str = ""
    depth: int = 0
    broken: bool = False

    def line(self, number: int, line: str) -> None:
        code, docstring = self._code(line)
        inside = self.depth > 0
        self._count(code)
        if not code.strip():
            if docstring and self.statements:
                self.statements[-1].end = number
            return
        if inside and self.statements:
            last = self.statements[-1]
            last.end = number
            if len(last.code) < _SIGNATURE:
                last.code += " " + code.strip()
            return
        indent = len(code) - len(code.lstrip())
        self.statements.append(_Statement(number, indent, number, code.strip()))

    def _code(self, line: str) -> tuple[str, bool]:
        """The line without comments and docstrings, and whether it holds some of the latter."""
        out: list[str] = []
        at = 0
        docstring = bool(self.docstring)
        while at < len(line):
            if self.docstring:
                end = line.find(self.docstring, at)
                if end < 0:
                    break
                at, self.docstring = end + 3, ""
                continue
            found = _PIECE.search(line, at)
            if found is None:
                out.append(line[at:])
                break
            piece = found[0]
            out.append(line[at : found.start()])
            if piece.startswith("#"):
                break
            if piece in {'"""', "'''"}:
                self.docstring, docstring = piece, True
            else:
                out.append(piece)
            at = found.end()
        return "".join(out), docstring

    def _count(self, code: str) -> None:
        for found in _PIECE.finditer(code):
            if found[0] in "([{":
                self.depth += 1
            elif found[0] in ")]}":
                self.broken |= self.depth == 0
                self.depth = max(self.depth - 1, 0)


def vyper_outline(text: str) -> Outline:
    r"""The outline of a Vyper text; nothing raises, broken code gives what is understood of it.

    A function's lines include its decorators; functions of an `interface` stand in it.

    Args:
        text: with `\n` line ends.
    """
    reader = _Reader()
    for number, line in enumerate(text.split("\n"), start=1):
        if reader.depth and line.startswith(_STARTS):
            # A bracket that never closes would swallow the rest of the file.
            reader.broken, reader.depth = True, 0
        reader.line(number, line)
    broken = reader.broken or reader.depth > 0 or bool(reader.docstring)
    return Outline(tuple(_symbols(reader.statements)), broken)


def _symbols(statements: list[_Statement]) -> list[Symbol]:
    out: list[Symbol] = []
    decorators: list[_Statement] = []
    at = 0
    while at < len(statements):
        statement = statements[at]
        at += 1
        if statement.indent:
            continue
        if statement.code.startswith("@"):
            decorators.append(statement)
            continue
        end = at
        while end < len(statements) and statements[end].indent:
            end += 1
        last = max(part.end for part in statements[at - 1 : end])
        symbol = _symbol(statement, decorators, last, "")
        decorators = []
        if symbol is None:
            continue
        out.append(symbol)
        if symbol.kind is SymbolKind.INTERFACE:
            inner = (_symbol(part, [], part.end, symbol.name) for part in statements[at:end])
            out += [part for part in inner if part is not None and part.signature[:4] == "def "]
    return out


def _symbol(
    statement: _Statement, decorators: list[_Statement], last: int, container: str
) -> Symbol | None:
    """The symbol that a statement declares, None if it declares none."""
    code = statement.code
    first = decorators[0].start if decorators else statement.start
    if found := _DEFINITION.match(code):
        word = code.split(None, 1)[0]
        name = found[1]
        kind = _NAMED_BY_ITSELF.get(name, _KINDS[word]) if word == "def" else _KINDS[word]
        if kind is SymbolKind.CONSTRUCTOR:
            name = "constructor"
        elif name == "__default__":
            name = "fallback"
        marks = [decorator.code for decorator in decorators]
        signature = _one_line([*marks, code.removesuffix(":")])
        return Symbol(kind, name, container, first, last, signature)
    if _USES.match(code):
        return None
    if found := _IMPORT.match(code):
        name = ".".join(part for part in (found[1], found[2]) if part)
        return Symbol(SymbolKind.IMPORT, name, container, first, last, _one_line([code]))
    if found := _VARIABLE.match(code):
        return Symbol(
            SymbolKind.STATE_VARIABLE, found[1], container, first, last, _one_line([code])
        )
    return None


def _one_line(parts: list[str]) -> str:
    return " ".join(" ".join(parts).split())[:_SIGNATURE]
