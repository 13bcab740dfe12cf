"""Source files as they are sent and stored."""

from __future__ import annotations

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


_LANGUAGES = {".sol": "solidity", ".vy": "vyper", ".vyi": "vyper"}


def source_file(path: str, text: str) -> SourceFile:
    """The record of a text under a name."""
    suffix = path[path.rfind(".") :].lower() if "." in path else ""
    lines = text.count("\n") + (0 if text.endswith("\n") or not text else 1)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return SourceFile(path, text, digest, lines, _LANGUAGES.get(suffix, ""))
