"""Text that is too long or hides something: cut, broken into pieces, spelled out."""

from __future__ import annotations

import re

MOST_CUT_LINES = 2000
MOST_COLUMNS = 32

# A link of the report is http or https and nothing else, so that none can look like this.
SHOW_ALL_LINK = "spectr:show-all/"
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


def rest_of_cut(source: str, *, fence: bool) -> list[str]:
    """What is not shown of a cut block: lines, spelled out and broken for the layout.

    Args:
        source: the block's whole text.
        fence: whether it is a fenced code block.
    """
    body = body_of(source, fence=fence)
    return pieces(visible(body[len(shown_of(body)) :].removeprefix("\n")))


def show_all_number(href: str) -> int:
    """The cut block that a link of our own is to show; -1 for any other link."""
    number = href.removeprefix(SHOW_ALL_LINK)
    return int(number) if number != href and number.isdecimal() else -1


def body_of(source: str, *, fence: bool) -> str:
    """A cut block's text; of a fence what stands between its first and its closing line."""
    body = source.strip()
    if not fence:
        return body
    opening, _, body = body.partition("\n")
    code, _, last = body.rpartition("\n")
    closing = last.strip()
    marks = opening.strip()[:3]
    closed = len(closing) >= len(marks) and not closing.strip(marks[:1])
    return code if closed else body


def shown_of(body: str) -> str:
    """The part of a cut block that is shown at once; the limit counts laid out lines too."""
    from spectr_desktop.report.blocks import BLOCK_LIMIT  # noqa: PLC0415  # loads markdown-it

    end = BLOCK_LIMIT
    for number, match in enumerate(re.finditer("\n", body[:BLOCK_LIMIT]), start=1):
        if number == MOST_CUT_LINES:
            end = match.start()
            break
    return body[:end]


def is_refused_table(text: str) -> bool:
    """Whether a paragraph is rows of a table too large for one: they stay lines."""
    if not text.startswith("|") or "\n" not in text:
        return False
    rows = text.split("\n")
    return all(row.startswith("|") for row in rows) and (
        bool(rows[2:]) or rows[1].count("|") > MOST_COLUMNS
    )
