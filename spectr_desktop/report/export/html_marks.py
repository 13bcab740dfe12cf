"""What a page adds to a report's tree: anchors, contents, chips, boxes, and tables that scroll.

Only what the report itself wrote is marked. Where that stands is counted, never read from a text:
a heading of the auditor's that is called "Findings", or a finding inside a quote, is none of ours.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from xml.etree.ElementTree import Element, SubElement

from spectr_desktop.records.grades import Severity, State
from spectr_desktop.records.report import ReportKind
from spectr_desktop.report.export.canonical import canonical
from spectr_desktop.report.export.html_tree import add_text, tree
from spectr_desktop.report.export.wording import UNRATED, plain_word, severity_word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectr_desktop.records.report import Report, ReportFinding

SEVERITY_CLASSES = frozenset({*(one.value for one in Severity), UNRATED})
STATE_CLASSES = frozenset(one.value for one in State)

_TITLES = ("h1", "h2", "h3")
_CONTAINERS = ("header", "main", "section", "article")
_LABEL = re.compile(r"[A-Za-z]{1,4}-?\d{1,9}")
_SEVERITY_COLUMN = 2


class _Chapter(NamedTuple):
    """A heading of level 1 to 3 and what follows, up to the next one.

    Attributes:
        anchor: "" for none.
        blocks: the heading first.
        finding: what it tells, None for other chapters.
    """

    anchor: str
    blocks: list[Element]
    finding: ReportFinding | None = None


def mark(root: Element, report: Report) -> None:
    """Make the tree of a whole report into the parts of its page.

    They are a header, a nav with the contents, and a main part of sections, in which each finding
    is an article.
    """
    title, *chapters = _chapters([*root], report)
    main = Element("main")
    for chapter in chapters:
        if chapter.finding is None:
            _section(main, chapter)
        else:
            _article(main[-1], chapter)
    _mark_own_tables(main, report, {id(c.finding): c.anchor for c in chapters if c.finding})
    root[:] = [_header(title, len(report.notices)), _contents(chapters), main]
    for parent in root.iter():
        _wrap_tables(parent)
        if parent.tag in _CONTAINERS:
            for child in parent:
                child.tail = "\n"


def _chapters(blocks: Sequence[Element], report: Report) -> list[_Chapter]:
    """The chapters of a report in their order, which is that of `markdown`."""
    groups: list[list[Element]] = []
    for block in blocks:
        if block.tag in _TITLES:
            groups.append([])
        groups[-1].append(block)
    roles = _Roles()
    before, after = (tree(canonical(one, below=1)) for one in _own_texts(report))
    roles.ours("title", "disclaimer")
    roles.own(before)
    roles.ours("scope", "coverage", "classification", "summary")
    roles.findings("findings", report.findings)
    roles.findings("leads", report.leads)
    last = len(roles.all)
    roles.own(after)
    if report.kind is ReportKind.WORKING:
        roles.ours("run-parameters", "model-report")
    chapters = [
        _Chapter(anchor, group, finding)
        for (anchor, finding), group in zip(roles.all, groups, strict=True)
    ]
    # What the auditor says at the end before his first heading belongs to no finding.
    loose = _without_heading(after)
    if loose:
        ending = chapters[last - 1].blocks[-loose:]
        del chapters[last - 1].blocks[-loose:]
        chapters.insert(last, _Chapter("", ending))
    return chapters


class _Roles:
    """What the chapters of a report are, as an anchor that no other has and a finding."""

    def __init__(self) -> None:
        self.all: list[tuple[str, ReportFinding | None]] = []
        self._taken: set[str] = set()
        self._own = 0

    def ours(self, *anchors: str) -> None:
        self.all += [(anchor, None) for anchor in anchors]

    def own(self, section: Element) -> None:
        for block in section:
            if block.tag in _TITLES:
                self._own += 1
                self.all.append((f"own-{self._own}", None))

    def findings(self, anchor: str, findings: Sequence[ReportFinding]) -> None:
        if findings:
            self.ours(anchor)
        for number, one in enumerate(findings, 1):
            name = one.label
            if not _LABEL.fullmatch(name) or name in self._taken:
                name = f"{anchor}-{number}"
            self._taken.add(name)
            self.all.append((name, one))


def _own_texts(report: Report) -> tuple[str, str]:
    return report.document.before, report.document.after


def _without_heading(section: Element) -> int:
    """How many blocks of a section stand before its first heading."""
    found = (index for index, block in enumerate(section) if block.tag in _TITLES)
    return next(found, len(section))


def _header(title: _Chapter, notices: int) -> Element:
    header = Element("header")
    heading, *others = title.blocks
    header.append(heading)
    for stamp in others[:notices]:
        stamp.tag = "aside"
        stamp.set("class", "stamp")
    for block in others:
        if block.tag == "table":
            _name_rows(block)
        header.append(block)
    return header


def _contents(chapters: Sequence[_Chapter]) -> Element:
    nav = Element("nav", {"aria-labelledby": "contents"})
    SubElement(nav, "h2", {"id": "contents"}).text = "Contents"
    entries = SubElement(nav, "ul")
    for chapter in chapters:
        if not chapter.anchor:
            continue
        heading = chapter.blocks[0]
        place = entries
        if heading.tag == "h3" and len(entries):
            last = entries[-1]
            place = last[-1] if last[-1].tag == "ul" else SubElement(last, "ul")
        link = SubElement(SubElement(place, "li"), "a", {"href": f"#{chapter.anchor}"})
        if chapter.finding is not None:
            word = severity_word(chapter.finding.severity)
            SubElement(link, "span", {"class": f"dot {word}"})
        add_text(link, "".join(heading.itertext()))
    return nav


def _section(main: Element, chapter: _Chapter) -> None:
    section = SubElement(main, "section")
    section.extend(chapter.blocks)
    if chapter.anchor:
        chapter.blocks[0].set("id", chapter.anchor)
    if chapter.anchor == "run-parameters":
        for block in chapter.blocks:
            if block.tag == "table":
                _name_rows(block)


def _article(section: Element, chapter: _Chapter) -> None:
    """A finding with its label as a link to itself, and chips for severity and status."""
    finding = chapter.finding
    assert finding is not None  # noqa: S101  # the caller looked
    severity = severity_word(finding.severity)
    heading, facts, *others = chapter.blocks
    article = SubElement(section, "article", {"id": chapter.anchor, "class": severity})
    text = heading.text or ""
    if text.startswith(f"{finding.label} "):
        heading.text = ""
        link = Element("a", {"class": "label", "href": f"#{chapter.anchor}"})
        link.text = finding.label
        link.tail = text[len(finding.label) :]
        heading.insert(0, link)
    facts.set("class", "facts")
    for item, word, kind in (
        (facts[0], severity, severity),
        (facts[1], plain_word(finding.state), finding.state.value),
    ):
        name = item[0]
        said = (name.tail or "").lstrip()
        if said.lower().startswith(word):
            name.tail = " "
            chip = SubElement(item, "span", {"class": f"chip {kind}"})
            chip.text, chip.tail = said[: len(word)], said[len(word) :]
    article.extend([heading, facts, *others])


def _mark_own_tables(main: Element, report: Report, anchors: dict[int, str]) -> None:
    """Link the rows of the summaries to their findings, and give severities their chips."""
    tables = {section[0].get("id", ""): section.find("table") for section in main if len(section)}
    for name, findings in (("summary", report.findings), ("leads", report.leads)):
        table = tables.get(name)
        if table is None or not findings:
            continue
        for row, finding in zip(_rows(table), findings, strict=True):
            label = row[0].text
            row[0].text = None
            link = {"class": "to", "href": f"#{anchors[id(finding)]}"}
            SubElement(row[0], "a", link).text = label
            _chip(row[_SEVERITY_COLUMN], severity_word(finding.severity))
            if name == "summary":
                _chip(row[-1], finding.state.value, len(plain_word(finding.state)))
    matrix = tables.get("classification")
    for row in _rows(matrix) if matrix is not None else []:
        row[0].tag = "th"
        row[0].set("scope", "row")
        for cell in row[1:]:
            _chip(cell, cell.text or "")


def _chip(cell: Element, kind: str, length: int | None = None) -> None:
    """Put the first words of a cell into a chip."""
    text = cell.text or kind
    cell.text = None
    chip = Element("span", {"class": f"chip {kind}"})
    chip.text = text[:length]
    chip.tail = text[length:] if length is not None else ""
    cell.insert(0, chip)


def _rows(table: Element) -> list[Element]:
    return table.findall("tbody/tr")


def _name_rows(table: Element) -> None:
    """Make the first cell of each row its head; the table has no other."""
    head = table.find("thead")
    if head is not None:
        table.remove(head)
    table.set("class", "names")
    for row in _rows(table):
        row[0].tag = "th"
        row[0].set("scope", "row")


def _wrap_tables(parent: Element) -> None:
    """Put tables into boxes that scroll, also by keyboard, so that they never widen the page."""
    for index, child in enumerate(parent):
        if child.tag != "table" or parent.get("class") == "scroll":
            continue
        for cell in child.iterfind("thead/tr/th"):
            cell.set("scope", "col")
        named = {"class": "scroll", "tabindex": "0", "role": "region", "aria-label": "Table"}
        box = Element("div", named)
        box.tail, child.tail = child.tail, None
        parent[index] = box
        box.append(child)
