"""A suggested fix as a difference to the code that it mends, where that can be told."""

from __future__ import annotations

import difflib
import re

from spectr_desktop.report.export.canonical import canonical
from spectr_desktop.report.export.escapes import fenced
from spectr_desktop.report.inlines import MARKDOWN

_NEWLINE = re.compile(r"\r\n?")
_DIFF_LINE = re.compile(r"[-+ @]|diff |index |\\ No newline")
_CHANGED = re.compile(r"^[-+]", re.MULTILINE)
# More lines are no fix of a quote; comparing takes time by the square of them.
_MOST_LINES = 200
_ALIKE = 0.5
_CONTEXT = 3


def fix_markdown(fix: str, quote: str) -> str:
    """The fix as Markdown: a diff if it is one, or if it is the quoted code, changed.

    Where less than half of the lines are the same it may mend another place, and stays as it is.

    Args:
        fix: Markdown.
        quote: the code that was found, "" if none was.
    """
    code = _only_code(fix)
    if code is None:
        return canonical(fix)
    if _is_diff(code):
        return fenced(code, "diff")
    difference = _difference(_lines(quote), _lines(code))
    return fenced(difference, "diff") if difference else canonical(fix)


def _only_code(text: str) -> str | None:
    """The code of a text that is one block of code; None if it is more, or none."""
    tokens = MARKDOWN.parse(_NEWLINE.sub("\n", text)) if len(text) < _MOST_CHARACTERS else []
    if len(tokens) != 1 or tokens[0].type not in ("fence", "code_block"):
        return None
    return tokens[0].content


_MOST_CHARACTERS = 20_000


def _is_diff(code: str) -> bool:
    lines = _lines(code)
    return _CHANGED.search(code) is not None and all(
        _DIFF_LINE.match(line) for line in lines if line
    )


def _difference(old: list[str], new: list[str]) -> str:
    if not old or not new or max(len(old), len(new)) > _MOST_LINES:
        return ""
    margin = _margin(old), _margin(new)
    # A quote often lacks the indentation of its first line, and a fix has another one.
    old, new = ([line[by:] for line in lines] for lines, by in zip((old, new), margin, strict=True))
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    same = sum(size for _, _, size in matcher.get_matching_blocks())
    if old == new or same < _ALIKE * len(old):
        return ""
    lines = [*difflib.unified_diff(old, new, n=_CONTEXT, lineterm="")][2:]
    # Where in the file the quote stands, the hunk's figures do not know.
    return "\n".join("…" if line.startswith("@@") else line for line in lines).removeprefix("…\n")


def _margin(lines: list[str]) -> int:
    return min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)


def _lines(text: str) -> list[str]:
    return _NEWLINE.sub("\n", text).strip("\n").split("\n") if text.strip() else []
