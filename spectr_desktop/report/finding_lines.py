"""One line of a report taken apart: marker, bold words, labels, table cells, fences."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from spectr_desktop.report.finding_words import LONGEST_LABEL, Field, field_of

_LONGEST_MARK = 160
_MOST_LABELS = 12
LONGEST_LOOK = 600
"""Characters of a line that are looked at for marks; the rest is only text."""

_HEADING = re.compile(r"[ ]{0,3}(?:>[ ]?)?(#{1,6})(?:[ \t]+(.*)|\Z)")
_TIGHT_HEADING = re.compile(r"(#{2,6})([^#\s!].*)")
_FENCE = re.compile(
    r"([ \t]{0,12}(?:(?:[-*+]|\d{1,3}[.)])[ \t]{1,4})?(?:>[ ]?)?)(`{3,}|~{3,})([^`\n]{0,80})\Z"
)
_MARKER = re.compile(
    r"([ \t]{0,40})(?:>[ \t]?)?(?:([-*+•–]|\d{1,3}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?)?"
)
_RULE = re.compile(r"[ \t]{0,3}(?:[-*_=─—][ \t]?){3,200}\Z")
_BOLD = re.compile(r"[^\w\s*_\[(【<>|`#\\]{0,4}[ \t]{0,2}(\*\*\*|\*\*|__)(?=\S)")
_SEPARATOR = re.compile(
    r"[ \t]*\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{1,}:?[ \t]*){0,60}\|?[ \t]*\Z"
)
_ORNAMENT = re.compile(r"[^\w【#№(\[]+")
_WITH_VALUE = re.compile(r"([^()（）]{2,40}?)[ \t]*[(（]([^()（）]{2,40})[)）]\Z")
_DASHED = re.compile(r"([^\W\d_][\w ]{2,24})[ \t][-–—=][ \t](?=\S)")
_NEXT_BOLD = re.compile(r"(?:[ \t]*[|,;·•/][ \t]*|[ \t]+)(?=(?:\*\*|__)[^*_\n]{2,40}(?:\*\*|__))")
_NEXT_PLAIN = re.compile(r"[ \t]*[|,;·•/，、；][ \t]*(?=[^:：|,;*]{2,30}[:：])")
_SHORT = frozenset(
    (
        Field.NUMBER,
        Field.SEVERITY,
        Field.IMPACT,
        Field.LIKELIHOOD,
        Field.CONFIDENCE,
        Field.CATEGORY,
        Field.LOCATION,
        Field.CONTRACT,
        Field.FUNCTION,
        Field.LINES,
        Field.OTHER,
        Field.TITLE,
    )
)
SHORT_FIELDS = _SHORT


class Label(NamedTuple):
    """A label and what stands behind it on its line; `bare` if it had no colon."""

    field: Field
    value: str
    bare: bool = False


class Lead(NamedTuple):
    """How a line begins.

    Attributes:
        indent: blanks before it.
        marker: "-", "1." or "".
        bold: its words in bold at the beginning, "" if there are none.
        rest: what follows the bold words, or the whole text.
    """

    indent: int
    marker: str
    bold: str
    rest: str

    @property
    def shape(self) -> str:
        """Lists of findings keep one shape: kind of marker, bold or not, numbered inside or not."""
        marker = "1" if self.marker[:1].isdigit() else self.marker[:1]
        inner = "1" if re.match(r"[^\w]{0,4}(?:[^\W\d_]{0,20}[ \t]?#?)?\d", self.bold) else ""
        return f"{self.indent}{marker}{'b' if self.bold else ''}{inner}"


def heading(line: str) -> tuple[int, str] | None:
    """Level and text of an ATX heading."""
    found = _HEADING.match(line[:LONGEST_LOOK]) or _TIGHT_HEADING.match(line[:LONGEST_LOOK])
    if found is None:
        return None
    return len(found[1]), (found[2] or "").strip().rstrip("#").strip()


def opening_fence(line: str) -> tuple[str, str, int] | None:
    """Marks, language and indentation of a line that opens a code fence."""
    if "```" not in line[:24] and "~~~" not in line[:24]:
        return None
    found = _FENCE.match(line) if len(line) <= _LONGEST_MARK else None
    if found is None:
        return None
    return found[2], found[3].strip().lower(), len(found[1].expandtabs(4))


def is_closing_fence(line: str, marks: str) -> bool:
    """Whether a line closes the fence that these marks opened."""
    stripped = line[:_LONGEST_MARK].strip(" \t>")
    if not stripped.startswith(marks[:3]) or len(line) > _LONGEST_MARK:
        return False
    return len(stripped) >= len(marks) and not stripped.strip(marks[0])


def is_rule(line: str) -> bool:
    """Whether a line is a thematic break."""
    return len(line) <= _LONGEST_MARK and _RULE.match(line) is not None


@lru_cache(maxsize=16)
def lead_of(line: str) -> Lead:
    """Marker, bold words and rest of a line."""
    line = line[:LONGEST_LOOK]
    found = _MARKER.match(line)
    assert found is not None  # every part of it may be missing  # noqa: S101
    indent = len(found[1].expandtabs(4))
    text = line[found.end() :].rstrip()
    bold = _BOLD.match(text)
    if bold is None:
        return Lead(indent, found[2] or "", "", text)
    end = text.find(bold[1], bold.end())
    if end < 0:
        return Lead(indent, found[2] or "", "", text)
    return Lead(
        indent, found[2] or "", text[bold.end() : end].strip(), text[end + len(bold[1]) :].strip()
    )


def labels_of(line: str) -> list[Label]:
    """The labels with which a line begins, with their values; none if it begins with none."""
    lead = lead_of(line)
    first = _bold_label(lead) if lead.bold else _plain_label(lead)
    if first is None:
        return []
    tail = line[LONGEST_LOOK:]
    if first.field not in _SHORT:
        return [first._replace(value=first.value + tail)] if tail else [first]
    labels = _split(first)
    if tail:
        labels[-1] = labels[-1]._replace(value=labels[-1].value + tail)
    return labels


def cells_of(line: str) -> list[str] | None:
    """The cells of a table's row; an empty list for the line below its head; None if it is none."""
    line = line.strip()
    if not line.startswith("|") or "|" not in line[1:2000]:
        return None
    if _SEPARATOR.match(line[:LONGEST_LOOK]):
        return []
    parts = line.strip("|").replace("\\|", "\0").split("|", 40)
    return [part.replace("\0", "|").strip() for part in parts]


def _outside(text: str) -> str:
    found = _ORNAMENT.match(text)
    return text[found.end() :] if found else text


def _label(name: str, value: str, *, bare: bool = False) -> Label | None:
    name = _outside(name)
    field = field_of(name)
    if field is None and (found := _WITH_VALUE.match(name[:90])):
        field = field_of(found[1])
        value = f"{found[2]}. {value}" if value.strip() else found[2]
    return None if field is None else Label(field, value.strip(), bare)


def _bold_label(lead: Lead) -> Label | None:
    inside, after = lead.bold, lead.rest
    if inside.endswith((":", "：")):
        return _label(inside[:-1], after)
    if after.startswith((":", "：")):
        return _label(inside, after[1:])
    colon = _colon(inside)
    if colon > 0:
        return _label(inside[:colon], f"{inside[colon + 1 :]} {after}")
    if not after:
        return _label(inside, "", bare=True)
    if after[:1] in "-–—|=" and after[1:2] in " \t":
        return _label(inside, after[1:])
    found = _label(inside, after)
    # "**Impact** of this is …" is prose; "**Severity** High" is not.
    return found if found and found.field in (Field.SEVERITY, Field.LOCATION) else None


def _plain_label(lead: Lead) -> Label | None:
    text = lead.rest
    if text.startswith("【"):
        end = text.find("】", 0, 40)
        return _label(text[1:end], text[end + 1 :].lstrip(":： ")) if end > 0 else None
    colon = _colon(text)
    if colon > 0:
        return _label(
            text[:colon].strip("*_ "), text[colon + 1 :].removeprefix("**").removeprefix("*")
        )
    if len(text) <= LONGEST_LABEL and not lead.marker:
        return _label(text, "", bare=True)
    if (found := _DASHED.match(text[:60])) is not None:
        named = _label(found[1], text[found.end() :])
        if named and named.field in (Field.SEVERITY, Field.IMPACT, Field.LIKELIHOOD):
            return named
    return None


def _colon(text: str) -> int:
    places = [place for sign in ":：" if (place := text.find(sign, 0, 60)) > 0]
    return min(places, default=-1)


def _split(first: Label) -> list[Label]:
    """The labels of a line such as "Severity: High | Impact: High | Location: `x`"."""
    labels = [first]
    while len(labels) < _MOST_LABELS:
        value = labels[-1].value
        for found in (*_NEXT_BOLD.finditer(value, 0, 400), *_NEXT_PLAIN.finditer(value, 0, 400)):
            following = labels_of(value[found.end() :])
            if following and not following[0].bare:
                labels[-1] = labels[-1]._replace(value=value[: found.start()].strip())
                labels += following
                break
        else:
            break
        if labels[-1].field not in _SHORT:
            break
        if len(following) > 1:
            break
    return labels
