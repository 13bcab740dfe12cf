"""Text that is too long or hides something: cut, broken into pieces, spelled out."""

from __future__ import annotations

import re

# A link of the report is http or https and nothing else, so that none can look like this.
SHOW_LINK = "spectr:show/"
REST = 10**9
"""Stands for the rest of the report where the number of a cut block would."""

_STEP = 64 * 1024
# Qt lays a paragraph out anew at every edit, and one whose letters change direction by the
# square of its length: 16,000 characters take 0.6 s, 64,000 take 9 s.
_LONG_LINE = 4000
LONG_FOREIGN_LINE = 2000

# Characters that hide, reorder or break text; Qt gives U+FDD0, U+FDD1 and U+2029 a meaning.
# Seen by nobody: soft hyphen, combining grapheme joiner, Hangul and Khmer fillers, Mongolian
# separators, the blank of Braille, zero-width and invisible operators, tags, and the variation
# selectors but those that emoji need (FE0E, FE0F).
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2029-\u202e\u2060-\u206f\u2800\u3164\ufdd0\ufdd1\ufe00-\ufe0d\ufeff\uffa0"
    "\ufff0-\ufffc\ud800-\udfff\U00013430-\U00013440\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def visible(text: str) -> str:
    """Text with hidden characters spelled out, such as ⟦U+202E⟧."""
    return _HIDDEN.sub(lambda match: f"⟦U+{ord(match[0]):04X}⟧", text)


def pieces(text: str) -> list[str]:
    """The lines of a text, long ones in pieces."""
    out: list[str] = []
    for line in text.split("\n"):
        most = longest(line)
        out += [line[at : at + most] for at in range(0, len(line) or 1, most)]
    return out


def longest(line: str) -> int:
    """How many characters of such a line the layout can bear."""
    return _LONG_LINE if line.isascii() else LONG_FOREIGN_LINE


def show_number(href: str) -> int:
    """What a link of our own is to show: the number of a cut block, or `REST`; else -1."""
    number = href.removeprefix(SHOW_LINK)
    return int(number) if number != href and number.isdecimal() else -1


def line_offset(text: str, lines: int, start: int = 0) -> int:
    """The offset so many lines behind another one; the end if there are fewer."""
    at = start
    while lines > 0 and at < len(text):
        step = at + _STEP
        found = text.count("\n", at, step)
        if found < lines:
            lines -= found
            at = step
            continue
        for _ in range(lines):
            at = text.index("\n", at) + 1
        return at
    return min(at, len(text))


def beginning(text: str, characters: int, lines: int) -> str:
    """The beginning of a text, ended by whichever limit comes first."""
    head = text[:characters]
    return head if head.count("\n") < lines else head[: line_offset(head, lines) - 1]


def is_refused_table(text: str) -> bool:
    """Whether a paragraph is rows of a table too large for one: they stay lines."""
    if not text.startswith("|") or "\n" not in text:
        return False
    from spectr_desktop.report.block_limits import MOST_COLUMNS  # noqa: PLC0415  # markdown-it

    rows = text.split("\n")
    return all(row.startswith("|") for row in rows) and (
        bool(rows[2:]) or rows[1].count("|") > MOST_COLUMNS
    )
