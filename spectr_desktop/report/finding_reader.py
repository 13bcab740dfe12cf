"""The lines of a report, one after another, told apart into findings and everything else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from spectr_desktop.records.grades import Severity
from spectr_desktop.report.chapters import (
    Chapter,
    chapter_of,
    is_closing,
    is_introducing,
    is_no_title,
    is_scale,
)
from spectr_desktop.report.finding_draft import Draft
from spectr_desktop.report.finding_lines import (
    Label,
    Lead,
    cells_of,
    heading,
    is_closing_fence,
    is_rule,
    labels_of,
    lead_of,
    opening_fence,
)
from spectr_desktop.report.finding_shelf import Shelf
from spectr_desktop.report.finding_starts import Start, start_of
from spectr_desktop.report.finding_tables import TableReader, pair_of
from spectr_desktop.report.finding_titles import Heading, group_of, heading_of, plain
from spectr_desktop.report.finding_words import Field

_LONGEST_PLAIN, _LONGEST_GROUP = 120, 60
_BELOW = 7
"""The level of what is no heading: bold lines, list items, label records."""

_LONGEST_TITLE_LINE = 160
_THOUGHT = re.compile(r"\s*<(think|thinking|thought|reasoning)>", re.IGNORECASE)
_THOUGHT_END = re.compile(r"</(?:think|thinking|thought|reasoning)>", re.IGNORECASE)
# A heading of the same level as the finding's may name these of its parts.
_PARTS = frozenset(
    (
        Field.SEVERITY,
        Field.IMPACT,
        Field.LIKELIHOOD,
        Field.DESCRIPTION,
        Field.SCENARIO,
        Field.PROOF,
        Field.RECOMMENDATION,
        Field.FIX,
        Field.LOCATION,
        Field.CODE,
    )
)
_RECORD_STARTS = frozenset((Field.SEVERITY, Field.CATEGORY, Field.FUNCTION, Field.NUMBER))
_TRANSPARENT = frozenset(("markdown", "md"))
# "[95] **Title**": a confidence before the title.
_SCORE = re.compile(r"[ ]{0,3}\[(\d{1,3}%?)\][ \t]{1,3}(?=\*\*)")
_PLURAL = re.compile(
    r"\W*(?:\d+[.)] )?\W*(?:recommendations|empfehlungen|recommandations|recomendaciones)\b",
    re.IGNORECASE,
)


@dataclass(slots=True)
class _Context:
    level: int
    chapter: Chapter
    group: Severity | None = None


class _Latent(NamedTuple):
    """A line that is the title of a finding if labels follow it."""

    text: str
    start: int
    lead: Lead
    holder: Draft | None


class FindingReader:
    """Takes whole lines; what is found stands on its shelf."""

    def __init__(self) -> None:
        self.shelf = Shelf()
        self._open: Draft | None = None
        self._contexts: list[_Context] = []
        self._fence = ""
        self._language = ""
        self._fence_lines = 0
        self._wrapped = ""
        self._in_thought = False
        self._latent: _Latent | None = None
        self._table: TableReader | None = None
        self._head: list[str] = []
        self._held = ""
        self._rows = 0
        self._gap = True

    @property
    def takes_json(self) -> bool:
        """Whether the next line may begin JSON: outside fences, or at the top of one for it."""
        if self._in_thought:
            return False
        if not self._fence:
            return self._open is None or self._open.index < 0
        return not self._fence_lines and self._language[:4] in ("", "json", "js", "java")

    @property
    def fence(self) -> str:
        """The marks of the open fence, "" if none is open."""
        return self._fence

    def is_open(self, draft: Draft) -> bool:
        """Whether a finding goes on."""
        return draft is self._open

    def line(self, text: str, start: int) -> None:
        """Take the next line, without its end.

        Args:
            text: the line.
            start: its offset in the report.
        """
        if self._in_thought or "</" in text or "<t" in text or "<r" in text or "<T" in text:
            text, start = self._without_thoughts(text, start)
        if self._fence:
            self._fenced(text, start)
            return
        if not text or text.isspace():
            self._gap = True
            self._table = None
            if self._open is not None:
                self._open.text("")
            return
        self._shown(text, start)
        self._gap = False
        if self._open is not None:
            self._open.end = start + len(text.rstrip())
            self.shelf.touch(self._open)

    def add(self, draft: Draft) -> None:
        """Take a finding that was read from JSON."""
        opened = self._open
        if opened is not None and opened.index >= 0 and opened.seen:
            return
        self.shelf.touch(draft)
        self.shelf.close(draft)

    def finish(self) -> Draft | None:
        """End the last finding, and return it if it is one."""
        last = self._open
        self._close()
        return last

    def _without_thoughts(self, text: str, start: int) -> tuple[str, int]:
        end = None
        for found in _THOUGHT_END.finditer(text[:20_000]):
            end = found
        if end is not None:
            # Without an opening mark too: some templates swallow it. What came before was thought.
            if not self._in_thought or not _THOUGHT.match(text):
                self._forget()
            self._in_thought = False
            return text[end.end() :], start + end.end()
        if self._in_thought:
            return "", start
        if not self._fence and _THOUGHT.match(text[:60]):
            self._in_thought = True
            return "", start
        return text, start

    def _forget(self) -> None:
        if self._in_thought:
            return
        self._open = self._latent = self._table = None
        self._contexts.clear()
        self._fence = self._wrapped = ""
        self.shelf.clear()

    def _fenced(self, text: str, start: int) -> None:
        if is_closing_fence(text, self._fence):
            self._fence = ""
            if self._open is not None:
                self._open.close_fence()
                self._open.end = start + len(text.rstrip())
        elif (again := opening_fence(text)) and again[1] and again[0][0] == self._fence[0]:
            # The closing line was forgotten: no source has a line such as "```solidity".
            if self._open is not None:
                self._open.close_fence()
            self._fence = ""
            self._open_fence(text, again)
        else:
            self._fence_lines += 1
            if self._open is not None:
                self._open.code(text)
                self._open.end = start + len(text)
        if self._open is not None:
            self.shelf.touch(self._open)

    def _open_fence(self, text: str, fence: tuple[str, str, int]) -> None:
        marks, language, indent = fence
        if language in _TRANSPARENT and self._open is None:
            self._wrapped = marks
            return
        self._fence, self._language, self._fence_lines = marks, language, 0
        self._latent = None
        if self._open is not None:
            self._open.open_fence(text, language, indent)

    def _shown(self, text: str, start: int) -> None:
        fence = opening_fence(text)
        if fence is not None:
            closes_wrap = self._wrapped and not fence[1] and len(fence[0]) >= len(self._wrapped)
            if closes_wrap and len(self._wrapped) > 3:  # noqa: PLR2004  # three may open a fence
                self._wrapped = ""
                return
            self._open_fence(text, fence)
            return
        if is_rule(text):
            self._on_rule(text)
            return
        title = heading(text)
        if title is not None:
            self._table = None
            self._on_heading(title[0], title[1], start)
            return
        cells = cells_of(text)
        if cells is not None:
            self._on_row(cells, text, start)
            return
        self._table = None
        labels = labels_of(text)
        if labels and self._on_labels(labels, text, start):
            self._latent = None
            return
        self._on_text(text, start)

    def _on_rule(self, text: str) -> None:
        latent, self._latent = self._latent, None
        if (
            latent is not None
            and not self._gap
            and text.lstrip()[:1] in "=-"
            and not latent.lead.marker
        ):
            # The line under a heading in Setext's form.
            if latent.holder is not None:
                latent.holder.take_back()
            self._on_heading(1 if "=" in text else 2, latent.text.strip(), latent.start)

    def _on_heading(self, level: int, text: str, start: int) -> None:
        latent, self._latent = self._latent, None
        opened = self._open
        words = plain(text)
        if opened is not None and self._is_part(opened, level, text, latent):
            return
        group = group_of(words)
        if group is not None:
            self._close()
            self._leave(level)
            self._enter(level, Chapter.SCALE if self._is_scale() else Chapter.LISTING, group)
            return
        read = heading_of(words)
        # A name or a mark makes it a finding, whatever its words are.
        chapter = Chapter.UNKNOWN
        if not read.named and read.severity is None:
            chapter = chapter_of(read.title)
        inside = (
            opened is not None and opened.index >= 0 and not opened.shape and level > opened.level
        )
        if opened is not None and inside and not read.named and read.severity is None:
            opened.part(words)
            return
        self._close()
        self._leave(level)
        if chapter is not Chapter.UNKNOWN:
            self._enter(level, chapter, None)
        elif (not read.title and not read.named and not read.numbered) or (
            read.title and is_no_title(read.title)
        ):
            return
        elif read.named or not self._is_scale():
            self._begin(start, read, level, text)

    def _is_part(self, opened: Draft, level: int, text: str, _latent: _Latent | None) -> bool:
        """Take a heading that names a part of the open finding."""
        labels = labels_of(text)
        if not labels or labels[0].field is Field.TITLE:
            return False
        name = labels[0].field
        deeper = level > opened.level
        if opened.level == _BELOW:
            deeper = opened.shape == "" or (opened.index >= 0 and name not in opened.seen)
            if _PLURAL.match(text) or (name is Field.SEVERITY and opened.known_severity):
                return False
        if not deeper and (
            level != opened.level
            or name not in _PARTS
            or name in opened.seen
            or _PLURAL.match(text)
        ):
            return False
        if not deeper and opened.index < 0 and not opened.seen:
            # "## Overview of withdraw", "## Description": chapters, no finding's parts.
            return False
        for label in labels:
            opened.label(label)
        return True

    def _on_row(self, cells: list[str], text: str, start: int) -> None:
        self._latent = None
        if not cells:
            if self._held and self._rows == 0:
                self._held += f"\n{text}"  # without its delimiters it would be no table
            return
        if self._table is None:
            self._table, self._head, self._rows, self._held = TableReader(cells), cells, 0, ""
            if self._table.lists_findings or (self._open is not None and self._table.names_fields):
                return
        else:
            self._rows += 1
        table, opened = self._table, self._open
        if table.lists_findings and not self._is_title_pair(cells):
            draft = table.finding(cells, start, start + len(text.rstrip()))
            if draft is not None and not self._is_scale():
                self.shelf.rows.append(draft)
            return
        labels = self._row_labels(cells)
        if labels and (opened is not None or labels[0].field in (Field.TITLE, Field.SEVERITY)):
            self._held = ""
            self._on_labels(labels, text, start)
        elif opened is None or (table.names_fields and self._rows > 1):
            return
        elif self._rows == 0:
            # "Field | Value" says nothing; whether it does so, the next row tells.
            self._held = text
        else:
            for line in filter(None, (self._held, text)):
                opened.text(line)
            self._held = ""

    def _row_labels(self, cells: list[str]) -> list[Label]:
        """The labels of a row inside a finding: by its columns, or in the cells themselves."""
        if self._table is not None and self._open is not None and self._table.names_fields:
            return self._table.labels(cells) if self._rows == 1 else []
        label = pair_of(cells)
        if label is not None:
            return [label]
        inner = [label for cell in cells for label in labels_of(cell) if label.value]
        return inner if inner and labels_of(cells[0]) else []

    def _is_title_pair(self, cells: list[str]) -> bool:
        """Whether a row of two cells is a field of one finding, as "Severity | High"."""
        if len(self._head) != 2 or self._rows == 0:  # noqa: PLR2004  # label and value
            return False
        label = pair_of(cells)
        return label is not None and label.field is not Field.TITLE

    def _on_labels(self, labels: list[Label], text: str, start: int) -> bool:
        first = labels[0]
        opened, latent = self._open, self._latent
        if first.field is Field.TITLE and not self._titles(first, opened):
            return False
        if first.bare and not self._takes_bare(first, opened):
            return False
        if opened is not None and self._ends_at(first, opened, text):
            return True
        repeated = opened is None or first.field in opened.seen
        if repeated and latent is not None and first.field is not Field.OTHER and self._may_begin():
            self._begin_latent(latent)
        elif first.field is Field.TITLE:
            if opened is None or opened.heading.title:
                self._begin(start, Heading(""), _BELOW, "", "record")
        elif (
            opened is None
            and first.field in _RECORD_STARTS
            and first.value
            and not self._is_apart()
        ) or (
            opened is not None
            and opened.shape == "record"
            and first.field in opened.seen & _RECORD_STARTS
        ):
            self._begin(start, Heading(""), _BELOW, "", "record")
        if self._open is None:
            return False
        for label in labels:
            self._open.label(label)
        return True

    def _titles(self, label: Label, opened: Draft | None) -> bool:
        """Whether a label such as "Title:" names a finding, and is not a text of one."""
        if not label.value:
            return False
        if opened is None:
            return not self._is_apart()
        if opened.shape == "record":
            return True
        return not opened.heading.title or opened.index >= 0 or bool(opened.seen)

    def _takes_bare(self, label: Label, opened: Draft | None) -> bool:
        """Whether a label without a colon is one: inside a finding only."""
        return opened is not None and label.field not in (Field.OTHER, Field.TITLE, Field.NUMBER)

    def _ends_at(self, first: Label, opened: Draft, text: str) -> bool:
        """Whether a label such as "Recommendations:" begins the report's end."""
        if first.field not in (Field.RECOMMENDATION, Field.DESCRIPTION) or first.value:
            return False
        if not opened.shape or opened.shape == "record":
            return False
        plural = _PLURAL.match(text) and not opened.seen - {Field.SEVERITY}
        if first.field not in opened.seen and not plural:
            return False
        if lead_of(text).indent > opened.indent or (
            first.field is Field.DESCRIPTION and not self._gap
        ):
            return False
        self._close()
        self._enter(_BELOW, Chapter.APART, None)
        return True

    def _on_text(self, text: str, start: int) -> None:
        opened = self._open
        score = _SCORE.match(text)
        lead = lead_of(text[score.end() :] if score else text)
        nested = opened is not None and (
            (bool(opened.shape) and lead.indent > opened.indent and opened.shape != "record")
            or (not opened.shape and opened.index >= 0)
        )
        if not nested and self._begins(lead, text, start):
            if score is not None and self._open is not None:
                self._open.texts[Field.CONFIDENCE] = [score[1]]
            return
        if (
            opened is not None
            and self._gap
            and not lead.indent
            and not lead.marker
            and is_closing(text)
        ):
            self._close()
            self._enter(_BELOW, Chapter.APART, None)
            return
        if (
            not nested
            and is_introducing(text)
            and (opened is None or opened.index < 0 or self._gap)
        ):
            self._close()
            self._enter(_BELOW, Chapter.LISTING, None)
            return
        latent = self._latent_of(lead, text, start)
        if opened is not None:
            opened.text(text[opened.indent :] if nested and opened.indent else text)
        self._latent = latent

    def _latent_of(self, lead: Lead, text: str, start: int) -> _Latent | None:
        if len(text) > _LONGEST_TITLE_LINE or not self._may_begin():
            return None
        whole = lead.bold and not lead.rest
        plain_line = (
            not lead.bold
            and not lead.rest.endswith((".", ";", "。", ",", "{", "}"))
            and len(lead.rest) < _LONGEST_PLAIN
        )
        if not whole and not plain_line:
            return None
        return _Latent(lead.bold or lead.rest, start, lead, self._open)

    def _may_begin(self) -> bool:
        """Whether a finding that is no heading can begin here."""
        opened = self._open
        return opened is None or opened.index < 0 or bool(opened.shape)

    def _begins(self, lead: Lead, text: str, start: int) -> bool:
        """Begin a finding, a group or a chapter at a line that is no heading."""
        if is_scale(text):
            self._close()
            self._enter(_BELOW, Chapter.SCALE, None)
            return True
        if lead.bold and not lead.rest:
            words = plain(lead.bold)
            group, chapter = group_of(words), chapter_of(heading_of(words).title)
            if group is not None or chapter in (Chapter.APART, Chapter.LISTING, Chapter.SCALE):
                self._close()
                self._enter(_BELOW, Chapter.LISTING if group else chapter, group)
                return True
        elif (
            not lead.bold
            and not lead.marker
            and lead.rest.endswith((":", "："))
            and len(lead.rest) < _LONGEST_GROUP
        ):
            group = group_of(plain(lead.rest))
            if group is not None:
                self._close()
                self._enter(_BELOW, Chapter.LISTING, group)
                return True
        context = self._context()
        listing = context is not None and context.chapter is Chapter.LISTING
        group = context.group if context is not None else None
        begun = start_of(lead, listing=listing, grouped=group is not None)
        if begun is None or not self._fits(begun, lead) or self._is_scale():
            return False
        if self._is_apart() and begun.heading.severity is None and not begun.heading.named:
            return False
        self._begin(start, begun.heading, _BELOW, text, lead.shape or "line", lead.indent)
        if self._open is not None and begun.rest:
            for label in labels_of(begun.rest) or [Label(Field.DESCRIPTION, begun.rest)]:
                if label.field is Field.DESCRIPTION and label.value == begun.rest:
                    self._open.text(begun.rest)
                else:
                    self._open.label(label)
        return True

    def _fits(self, begun: Start, lead: Lead) -> bool:
        opened = self._open
        if opened is None or opened.index < 0 or begun.strong:
            return True
        return opened.shape == (lead.shape or "line")

    def _begin_latent(self, latent: _Latent) -> None:
        self._latent = None
        if latent.holder is not None and latent.holder is self._open:
            latent.holder.take_back()
        self._begin(
            latent.start,
            heading_of(plain(latent.text)),
            _BELOW,
            latent.text,
            latent.lead.shape or "line",
            latent.lead.indent,
        )

    def _begin(
        self, start: int, read: Heading, level: int, written: str, shape: str = "", indent: int = 0
    ) -> None:
        self._close()
        context = self._context()
        if shape and read.title:
            # Of a list item only the title: its text names other places.
            last = read.title.split()[-1]
            written = written[: max(0, written.find(last)) + len(last) + 1]
        draft = Draft(start, start, read, level, shape, indent, written=written[:400])
        if context is not None:
            draft.group = context.group
            draft.listed = context.chapter is Chapter.LISTING
            draft.told_again = self._is_apart()
        self._open = draft

    def _close(self) -> None:
        if self._open is not None:
            self.shelf.close(self._open)
            self._open = None

    def _enter(self, level: int, chapter: Chapter, group: Severity | None) -> None:
        self._leave(level)
        self._contexts.append(_Context(level, chapter, group))

    def _leave(self, level: int) -> None:
        while self._contexts and self._contexts[-1].level >= level:
            self._contexts.pop()

    def _context(self) -> _Context | None:
        """The nearest chapter; the report's title is none."""
        last = self._contexts[-1] if self._contexts else None
        return None if last is None or last.chapter is Chapter.TITLE else last

    def _is_apart(self) -> bool:
        context = self._context()
        return context is not None and context.chapter in (Chapter.APART, Chapter.SCALE)

    def _is_scale(self) -> bool:
        context = self._context()
        return context is not None and context.chapter is Chapter.SCALE
