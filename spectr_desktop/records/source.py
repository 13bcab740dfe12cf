"""Source files as they are sent and stored."""

from __future__ import annotations

import enum
import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """Lines of a file, counted from 1, both ends included."""

    path: str
    start_line: int
    end_line: int


@dataclass(frozen=True, slots=True)
class SourceFile:
    r"""A source file in a run: the text that was sent, and what identifies it.

    Attributes:
        path: relative to the project, with forward slashes.
        text: with `\n` line ends, as the editor holds it.
        sha256: of the text in UTF-8.
        lines: how many lines the text has; an unfinished last line counts.
        language: "solidity", "vyper" or "".
        role: "in_scope" (examined) or "reference" (read only to understand the rest).
    """

    path: str
    text: str
    sha256: str
    lines: int
    language: str
    role: str = "in_scope"


@dataclass(frozen=True, slots=True)
class GitState:
    """What git says of the files of a run.

    Attributes:
        commit: the full hash of HEAD, "" if there is none yet.
        branch: "" where HEAD is on none.
        dirty: a file that was sent is not in that commit as it was sent; None if that could not be
            told.
    """

    commit: str = ""
    branch: str = ""
    dirty: bool | None = None


_LANGUAGES = {".sol": "solidity", ".vy": "vyper", ".vyi": "vyper"}


def source_file(path: str, text: str) -> SourceFile:
    """The record of a text under a name."""
    suffix = path[path.rfind(".") :].lower() if "." in path else ""
    lines = text.count("\n") + (0 if text.endswith("\n") or not text else 1)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return SourceFile(path, text, digest, lines, _LANGUAGES.get(suffix, ""))


class SymbolKind(enum.Enum):
    """What a symbol of the source is."""

    CONTRACT = "contract"
    INTERFACE = "interface"
    LIBRARY = "library"
    FUNCTION = "function"
    MODIFIER = "modifier"
    CONSTRUCTOR = "constructor"
    STATE_VARIABLE = "state_variable"
    EVENT = "event"
    ERROR = "error"
    STRUCT = "struct"
    ENUM = "enum"
    TYPE = "type"
    IMPORT = "import"


@dataclass(frozen=True, slots=True)
class Symbol:
    """A named part of a source file.

    Attributes:
        kind: what it is.
        name: "constructor", "receive" and "fallback" name themselves; of an import the path or the
            module as written.
        container: the contract that it stands in, "" at the top level.
        start_line: its first line, counted from 1.
        end_line: its last line, included.
        signature: as written, on one line: parameters with types, visibility, modifiers, returns.
        bases: what a contract inherits from, in order.
    """

    kind: SymbolKind
    name: str
    container: str
    start_line: int
    end_line: int
    signature: str = ""
    bases: tuple[str, ...] = ()

    @property
    def is_contract(self) -> bool:
        """Whether it is a contract, an interface or a library."""
        kinds = (SymbolKind.CONTRACT, SymbolKind.INTERFACE, SymbolKind.LIBRARY)
        return self.kind in kinds


@dataclass(frozen=True, slots=True)
class Outline:
    """The symbols of a file in the order of their first lines, a contract before what it holds.

    Attributes:
        symbols: all of them.
        broken: the parser met text that is no code; the symbols are what it understood.
    """

    symbols: tuple[Symbol, ...] = ()
    broken: bool = False
