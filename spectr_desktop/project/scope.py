"""The size of what is in scope, as auditors quote it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spectr_desktop.records.source import SourceFile

_STRING = r"\"(?:[^\"\\\n]|\\.)*+\"?|'(?:[^'\\\n]|\\.)*+'?"
_SOLIDITY = re.compile(rf"//[^\n]*|/\*[\s\S]*?(?:\*/|\Z)|{_STRING}")
_VYPER = re.compile(
    rf"#[^\n]*|\"\"\"[\s\S]*?(?:\"\"\"|\Z)|'''[\s\S]*?(?:'''|\Z)|{_STRING}",
)
_SOLIDITY_HEAD = re.compile(
    r"\b(?:function\b|modifier\b|constructor\s*\(|(?:fallback|receive)\s*\(\s*\))[^{};]*+"
)
_VYPER_HEAD = re.compile(r"\bdef\b[^()\n]*+\([^()]*+\)")


def nsloc(file: SourceFile) -> int:
    """Normalised source lines of code: without comments and blank lines.

    The head of a function, a modifier or a constructor counts as one line however it is broken.
    """
    vyper = file.language == "vyper"
    comments, head = (_VYPER, _VYPER_HEAD) if vyper else (_SOLIDITY, _SOLIDITY_HEAD)
    bare = comments.sub(_without, file.text)
    joined = head.sub(_on_one_line, bare)
    return sum(1 for line in joined.split("\n") if line.strip())


def _without(found: re.Match[str]) -> str:
    """Nothing of a comment but its line ends; of a string its quotation marks, it is code."""
    text = found[0]
    if text.startswith(("//", "/*", "#", '"""', "'''")):
        return "\n" * text.count("\n") or " "
    return '""'


def _on_one_line(found: re.Match[str]) -> str:
    return found[0].replace("\n", " ")
