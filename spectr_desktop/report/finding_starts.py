"""Findings that begin without a heading: bold lines, list items, "Finding 3: …"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from spectr_desktop.report.chapters import Chapter, chapter_of, is_no_title, says_no_fault
from spectr_desktop.report.finding_titles import LONGEST_TITLE, Heading, group_of, heading_of, plain
from spectr_desktop.report.finding_words import SEVERITY_LABEL, SEVERITY_OF, WORD, field_of

if TYPE_CHECKING:
    from spectr_desktop.report.finding_lines import Lead

_LONG_LINE = 200
_LONGEST_TITLE = 140
_REST = re.compile(
    rf"[ \t:–—\-|]{{0,4}}(?:[\[(（][ \t]?)?(?:{SEVERITY_LABEL}[ \t]?[:：–—-]?[ \t]?)?"
    rf"\**(?P<word>{WORD})\**(?:[ \t-](?:severity|risk))?(?:[ \t]?[\])）])?"
    r"(?=[ \t]*(?:[:：.,;–—|]|-[ \t]|\Z))[ \t]*[:：.,;–—|-]?[ \t]*",
    re.IGNORECASE,
)
_CUT = re.compile(r"[:：][ \t]+|[：]|[ \t]+[-–—][ \t]+|(?<=[^\W\d])\.[ \t]+|。")
_COUNT = re.compile(
    r"[\W_]{0,4}\d{0,4}[\W_]{0,4}(?:issues?|findings?|found|vulnerabilit\w+|x)?[\W_]{0,4}\Z|"
    r"\W{0,3}\d{1,3}\b",
    re.IGNORECASE,
)
_BEFORE_REST = " \t:：–—-|.,"


class Start(NamedTuple):
    """The beginning of a finding.

    Attributes:
        heading: what it says.
        rest: the text behind the title on the same line.
        strong: it says by itself that it is one, whatever stands round it.
    """

    heading: Heading
    rest: str
    strong: bool


def start_of(lead: Lead, *, listing: bool, grouped: bool) -> Start | None:
    """The finding that a line begins, None if it begins none.

    Args:
        lead: the line.
        listing: findings are expected here: a heading or a sentence announced them.
        grouped: the heading above names a severity.
    """
    begun = (
        _bold(lead, listing=listing)
        if lead.bold
        else _plain(lead, listing=listing, grouped=grouped)
    )
    if begun is None:
        return None
    title = begun.heading.title
    if is_no_title(title) or not re.search(r"[^\W\d_]{2}|[\u3040-\u9fff]", title):
        # "Finding 3:" alone is one, its title follows; "High: 2" is a count.
        return begun if begun.heading.named and not title else None
    if field_of(title) is not None or says_no_fault(title):
        return None
    if chapter_of(title) in (Chapter.APART, Chapter.LISTING) and not begun.strong:
        return None
    return begun


def _bold(lead: Lead, *, listing: bool) -> Start | None:
    words = plain(lead.bold)
    read = heading_of(words)
    rest = lead.rest
    if group_of(words) is not None:
        # The severity alone is bold: the title follows it.
        if not rest or _COUNT.match(rest):
            return None
        severity = group_of(words)
        title, rest = _cut(rest.lstrip(_BEFORE_REST))
        return Start(heading_of(title)._replace(severity=severity), rest, strong=True)
    if not read.title and rest and (read.named or read.severity is not None):
        # Its id or severity alone is bold: the title follows them.
        title, rest = _cut(rest.lstrip(_BEFORE_REST))
        inner = heading_of(title)
        read = Heading(
            inner.title,
            read.severity or inner.severity,
            read.number,
            read.weakness,
            read.numbered,
            read.named,
        )
        return Start(read, rest, strong=True)
    if read.severity is None and (found := _REST.match(rest)):
        read = read._replace(severity=SEVERITY_OF[found["word"].lower()])
        rest = rest[found.end() :]
    rest = rest.lstrip(_BEFORE_REST)
    strong = read.severity is not None or read.named
    if strong and not lead.marker and not read.named and lead.rest and read.severity is None:
        return None
    if not strong and not (listing and (lead.marker or read.numbered or not lead.rest)):
        return None
    return Start(read, rest, strong)


def _plain(lead: Lead, *, listing: bool, grouped: bool) -> Start | None:
    text = lead.rest
    first = text[:1]
    if first == "" or first in "|#>":
        return None
    numbered = lead.marker[:1].isdigit()
    read = heading_of(plain(text[:_LONG_LINE]))
    marked = read.severity is not None and (
        first in "[(【（" or bool(lead.marker) or text.split(":")[0].isupper()
    )
    if not (marked or read.named or (grouped and lead.marker) or (listing and numbered)):
        return None
    if marked and group_of(plain(text)) is not None:
        return None
    if not marked and not read.named and not lead.marker:
        return None
    title, rest = (
        _cut(read.title) if len(text) <= _LONG_LINE else _cut(heading_of(plain(text)).title)
    )
    if rest or len(text) > _LONG_LINE:
        rest = _raw_rest(text, title) or rest
    if len(title) > _LONGEST_TITLE:
        return None
    return Start(read._replace(title=title.rstrip(".。")), rest, strong=marked or read.named)


def _cut(text: str) -> tuple[str, str]:
    """A title and what follows it: up to a colon, a dash or the end of the sentence."""
    text = text.strip()
    words = plain(text[:LONGEST_TITLE])
    found = _CUT.search(words, 4)
    if found is None or found.start() > _LONGEST_TITLE:
        return words, "" if len(text) <= LONGEST_TITLE else text[LONGEST_TITLE:]
    title = words[: found.start()]
    return title, _raw_rest(text, title) or words[found.end() :]


def _raw_rest(text: str, title: str) -> str:
    """What follows a title in the line as it was written."""
    last = title.split()[-1:] or [""]
    at = (
        text.find(last[0], max(0, min(len(title) - len(last[0]), len(text)) - 2)) if last[0] else -1
    )
    if at < 0:
        return ""
    return text[at + len(last[0]) :].lstrip("`*)] \t:：–—-.。|").strip()
