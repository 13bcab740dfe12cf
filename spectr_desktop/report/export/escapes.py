"""Text that others wrote, made harmless in Markdown: it stays text, on its line, in its cell."""

from __future__ import annotations

import re

# Characters that hide, reorder or break text. What emoji need (U+200D, U+FE0F) stays.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_SPACES = re.compile(r"[\t\n\x0b\x0c\r\x85\u2028\u2029 ]+")
_BREAKS = re.compile(r"\r\n?|[\t\n\x0b\x0c\x85\u2028\u2029]")
# An underscore inside a word marks nothing; a name such as total_assets stays readable.
_MARKS = re.compile(r"[\\`*\[\]]|(?<![^\W_])_|_(?![^\W_])|~|<|>|&(?=[#\w])")
_REPLACED = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
_LINE_START = re.compile(r"#|[-+*](?=[ \t]|$)|~~~")
_NUMBERED = re.compile(r"(\d{1,9})([.)])(?=[ \t]|$)")
# Under a line of text these make a heading or a table of it.
_RULE = re.compile(r"[-=:|+* \t]*[-=][-=:|+* \t]*")
_TICKS = re.compile("`+")


def visible(text: str) -> str:
    """Text with hidden characters spelled out, such as ⟦U+202E⟧; line ends and tabs stay."""
    if text.isprintable():
        return text
    return _HIDDEN.sub(lambda match: f"⟦U+{ord(match[0]):04X}⟧", text)


def one_line(text: str) -> str:
    """Text without line ends, and with hidden characters spelled out."""
    return visible(_SPACES.sub(" ", text)).strip()


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, wherever in a line it stands but at its beginning."""
    return _MARKS.sub(lambda found: _REPLACED.get(found[0]) or f"\\{found[0]}", visible(text))


def inline(text: str) -> str:
    """One escaped line, for a heading, a list or a paragraph."""
    return line_start(escaped(one_line(text)))


def line_start(line: str) -> str:
    """An escaped line, so that its beginning opens no block."""
    line = line.strip(" \t")
    if _RULE.fullmatch(line):
        line = "".join(f"&#{ord(sign)};" if sign in "-=:|+" else sign for sign in line)
    numbered = _NUMBERED.match(line)
    if numbered is not None:
        return f"{numbered[1]}\\{line[numbered.end(1) :]}"
    return f"\\{line}" if _LINE_START.match(line) else line


def cell(text: str) -> str:
    """One escaped line for a cell of a table."""
    return in_cell(escaped(one_line(text)))


def in_cell(markdown: str) -> str:
    """Markdown of one line for a cell: a pipe ends it nowhere, also not in code."""
    return markdown.replace("|", "\\|")


def code(text: str) -> str:
    """A code span; "" for nothing. In a cell it needs `in_cell` too."""
    plain = visible(_BREAKS.sub(" ", text))
    if not plain.strip():
        return ""
    fence = "`" * (_longest_ticks(plain) + 1)
    pad = " " if plain[0] in "` " or plain[-1] in "` " else ""
    return f"{fence}{pad}{plain}{pad}{fence}"


def fenced(text: str, language: str = "") -> str:
    """A code block that nothing in the text can close."""
    shown = visible(text.replace("\r\n", "\n").replace("\r", "\n")).strip("\n")
    fence = "`" * max(3, _longest_ticks(shown) + 1)
    return f"{fence}{language}\n{shown}\n{fence}"


def _longest_ticks(text: str) -> int:
    return max((len(run) for run in _TICKS.findall(text)), default=0)
