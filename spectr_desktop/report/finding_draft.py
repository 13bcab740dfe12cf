"""A finding while it is read: texts by field, quotes, and what was named."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from spectr_desktop.records.findings import Claim, ParsedFinding
from spectr_desktop.records.grades import Severity
from spectr_desktop.report.finding_claims import claims_of
from spectr_desktop.report.finding_fences import CODE_SIGNS, Fence, purpose_of
from spectr_desktop.report.finding_lines import SHORT_FIELDS, Label
from spectr_desktop.report.finding_places import filled, lines_in, places_in
from spectr_desktop.report.finding_titles import Heading, heading_of, plain
from spectr_desktop.report.finding_words import Field, level_in, names_nothing, severity_in

_MUCH = 400
_PROSE_LEFT = 18
_WEAKNESSES = re.compile(r"\b(?:SWC|CWE|SCWE)-\d{1,4}\b")
_ONLY_CODE = re.compile(r"`[^`\n]{3,2000}`\Z")
# "`Vault.withdraw` · Confidence: 95": a place under the title, without a label.
_PLACE_LINE = re.compile(
    r"[ \t]{0,3}\*{0,2}(`[^`\n]{2,160}`)\*{0,2}"
    r"(?:[ \t]*[·|][ \t]*\w{2,20}:[ \t]*[\w.%]{1,20})*[ \t]*\Z"
)
_AFTER_LEVEL = re.compile(
    r"[\W_]{0,8}\w{1,20}[*_`\])]{0,4}[ \t]{0,3}[-–—:.,;(：，。（][ \t]*(.+)",
    re.DOTALL,
)
_ITEM = re.compile(r"[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]|[ \t]{2,}\S|[`(]")


@dataclass(slots=True, eq=False)
class Draft:
    """Collects one finding.

    Attributes:
        start, end: offsets in the report's text.
        heading: what its first line says.
        level: of its heading, 7 for bold lines, list items and label records.
        shape: of the list that it belongs to, "" for headings.
        group: the severity of the group that it stands in.
        written: the first line as it is written.
        told_again: it stands in a summary: another section may tell it in full.
        listed: it stands in a list of findings.
        index: its place among the findings, -1 until it is one.
        cut: it broke off inside.
        rejected: it says itself that it is none ("Severity: N/A").
        own: the place that labels of its own name; `given` those of a JSON object.
    """

    start: int
    end: int
    heading: Heading
    level: int
    shape: str = ""
    indent: int = 0
    group: Severity | None = None
    written: str = ""
    told_again: bool = False
    listed: bool = False
    index: int = -1
    severity: Severity | None = None
    rejected: bool = False
    cut: bool = False
    levels: dict[Field, str] = field(default_factory=dict[Field, str])
    seen: set[Field] = field(default_factory=set[Field])
    texts: dict[Field, list[str]] = field(default_factory=dict[Field, list[str]])
    fences: list[tuple[Field, Fence]] = field(default_factory=list[tuple[Field, Fence]])
    current: Field = Field.DESCRIPTION
    own: Claim = field(default_factory=Claim)
    given: list[Claim] = field(default_factory=list[Claim])
    _fence: Fence | None = None
    _before: str = ""
    _gap: bool = False

    @property
    def known_severity(self) -> Severity | None:
        """As its heading, its label, its group or the letter of its id names it."""
        return self.heading.severity or self.severity or self.group or self.heading.by_letter

    @property
    def title(self) -> str:
        """Its words; those of its category where it has none."""
        if self.heading.title:
            return self.heading.title
        category = self.texts.get(Field.CATEGORY)
        return heading_of(plain(category[0])).title if category else ""

    @property
    def is_poor(self) -> bool:
        """It says hardly more than its title."""
        long = sum(len(line) for lines in self.texts.values() for line in lines) > _MUCH
        return not self.fences and not long and len(self.seen - {Field.SEVERITY}) <= 1

    def label(self, label: Label) -> None:
        """Take a label; the lines that follow belong to it."""
        name, value = label.field, label.value
        self._gap = False
        self._before = value or name.value
        if name is Field.TITLE:
            self._take_title(value)
            return
        if name is Field.NUMBER:
            if not self.heading.number:
                number = heading_of(f"{plain(value)}:").number
                self.heading = self.heading._replace(number=number)
            return
        self.seen.add(name)
        self.current = name
        if name is Field.SEVERITY:
            self._take_severity(value)
        elif name in (Field.IMPACT, Field.LIKELIHOOD):
            self._take_level(name, value)
        elif name in (Field.CONTRACT, Field.FUNCTION, Field.LINES):
            self._take_place(name, value)
        elif value:
            self.texts.setdefault(name, []).append(value)

    def text(self, line: str) -> None:
        """Take a line of text; an empty one parts paragraphs."""
        if not line or line.isspace():
            self._gap = True
            if (lines := self.texts.get(self.current)) is not None:
                lines.append("")
            return
        current = self.current
        if (
            current is Field.DESCRIPTION
            and not self.texts.get(current)
            and (place := _PLACE_LINE.match(line))
        ):
            self.texts.setdefault(Field.LOCATION, []).append(place[1])
            self.seen.add(Field.LOCATION)
            return
        if current in SHORT_FIELDS:
            filled_already = self._has(current)
            if filled_already and not (
                current is Field.LOCATION and _ITEM.match(line) and not self._gap
            ):
                current = self.current = (
                    Field.IMPACT if current is Field.IMPACT else Field.DESCRIPTION
                )
            elif current in (
                Field.SEVERITY,
                Field.CONTRACT,
                Field.FUNCTION,
                Field.LINES,
                Field.LIKELIHOOD,
            ):
                self.label(Label(current, line.strip(" \t-*+•")))
                return
            elif current is Field.IMPACT and not self.levels.get(current):
                self._take_level(current, line)
                return
        self._before = line
        self._gap = False
        self.texts.setdefault(current, []).append(line)

    def part(self, words: str) -> None:
        """Take a heading inside the finding that is no known label: the text goes on."""
        if self.current not in (Field.SCENARIO, Field.PROOF, Field.RECOMMENDATION):
            self.current = Field.DESCRIPTION
        self._before = words
        self.texts.setdefault(self.current, []).extend(("", words, ""))

    def take_back(self) -> None:
        """Give the last line of text back: it heads the next finding."""
        lines = self.texts.get(self.current)
        while lines and not lines[-1]:
            lines.pop()
        if lines:
            lines.pop()

    def open_fence(self, line: str, language: str, indent: int) -> None:
        """Begin a code fence."""
        if self.current in SHORT_FIELDS and self.current is not Field.LOCATION:
            self.current = Field.DESCRIPTION
        self._fence = Fence(language, indent, self._before[-200:], line)
        self.fences.append((self.current, self._fence))

    def code(self, line: str) -> None:
        """Take a line of the open fence."""
        if self._fence is not None:
            self._fence.lines.append(line)

    def close_fence(self) -> None:
        """End the fence; where it belongs can be said now."""
        fence, self._fence = self._fence, None
        if fence is None:
            return
        fence.closed = True
        self._before = ""
        name, _ = self.fences[-1]
        place = purpose_of(name, fence)
        self.fences[-1] = (place, fence)
        if place not in (Field.CODE, Field.FIX):
            self.fences.pop()
            kept = Field.DESCRIPTION if place in SHORT_FIELDS else place
            self.texts.setdefault(kept, []).append(fence.markdown())

    @property
    def in_fence(self) -> bool:
        """Whether a fence is open: the finding cannot have ended by itself."""
        return self._fence is not None

    def build(self, *, complete: bool) -> ParsedFinding:
        """The finding as far as it is read."""
        description = self._text(Field.DESCRIPTION)
        impact = self._text(Field.IMPACT)
        scenario, proof = self._text(Field.SCENARIO), self._text(Field.PROOF)
        recommendation = self._text(Field.RECOMMENDATION)
        quotes, fixes, open_text = self._codes()
        blocks = [fence.block() for fence in fixes]
        codes = [fence.code() for fence in fixes]
        inline_fix = self._text(Field.FIX)
        if inline_fix and not fixes and _ONLY_CODE.match(inline_fix):
            blocks, codes = [inline_fix], [inline_fix.strip("`")]
        elif inline_fix:
            recommendation = _joined(recommendation, inline_fix)
        if open_text and open_text[0] is Field.PROOF:
            proof = _joined(proof, open_text[1])
        elif open_text and open_text[0] is Field.SCENARIO:
            scenario = _joined(scenario, open_text[1])
        category = self._text(Field.CATEGORY) or self.heading.weakness
        if not category:
            category = ", ".join(dict.fromkeys(_WEAKNESSES.findall(self.title)))
        description = _joined(description, impact)
        return ParsedFinding(
            title=self.title,
            severity=self.known_severity,
            impact=self.levels.get(Field.IMPACT, ""),
            likelihood=self.levels.get(Field.LIKELIHOOD, ""),
            category=plain(category) if len(category) < _MUCH else category,
            claims=claims_of(
                [*self.given, *self._places()],
                self.written or self.title,
                quotes,
                codes,
                description,
            ),
            description=description,
            exploit_scenario=scenario,
            proof_of_concept=proof,
            recommendation=recommendation,
            suggested_fix="\n\n".join(blocks),
            confidence=plain(self._text(Field.CONFIDENCE)),
            start=self.start,
            end=self.end,
            complete=complete,
        )

    def _places(self) -> list[Claim]:
        places = places_in(self._text(Field.LOCATION), bare=True)
        if self.own == Claim():
            return places
        return [filled(self.own, places[0]), *places[1:]] if places else [self.own]

    def _has(self, name: Field) -> bool:
        if name in (Field.IMPACT, Field.LIKELIHOOD):
            return bool(self.levels.get(name)) or bool(self.texts.get(name))
        if name is Field.SEVERITY:
            return self.severity is not None or self.rejected
        if name is Field.CONTRACT:
            return bool(self.own.contract)
        if name is Field.FUNCTION:
            return bool(self.own.function)
        if name is Field.LINES:
            return bool(self.own.start_line)
        return any(self.texts.get(name, ()))

    def _text(self, name: Field) -> str:
        return "\n".join(self.texts.get(name, ())).strip()

    def _take_title(self, value: str) -> None:
        words = heading_of(plain(value))
        if not self.heading.title:
            self.written = value
        if self.heading.title or not words.title:
            self.current = Field.DESCRIPTION
            if value:
                self.texts.setdefault(Field.DESCRIPTION, []).append(value)
            return
        before = self.heading
        self.heading = Heading(
            words.title,
            before.severity or words.severity,
            before.number or words.number,
            before.weakness or words.weakness,
            before.numbered,
            before.named,
        )
        self.current = Field.DESCRIPTION

    def _take_severity(self, value: str) -> None:
        if not value:
            return
        found = severity_in(value)
        if found is None:
            self.rejected = self.rejected or names_nothing(value)
        elif self.severity is None:
            self.severity = found
        self.current = Field.DESCRIPTION
        rest = value.partition("\n")[0]
        if found is not None and (dash := re.search(r"[ \t][-–—][ \t]", rest[:40])):
            self._keep(Field.IMPACT, rest[dash.end() :])

    def _take_level(self, name: Field, value: str) -> None:
        if not value:
            return
        level = level_in(value)
        if level and name not in self.levels:
            self.levels[name] = level
        rest = _AFTER_LEVEL.match(value) if level else None
        if rest is not None or not level:
            self._keep(Field.IMPACT, rest[1] if rest else value)
        self.current = Field.IMPACT if name is Field.IMPACT else Field.DESCRIPTION

    def _keep(self, name: Field, value: str) -> None:
        if len(value) >= _PROSE_LEFT:
            self.texts.setdefault(name, []).append(value)

    def _take_place(self, name: Field, value: str) -> None:
        if not value:
            return
        words = plain(value)
        if name is Field.LINES:
            first, last = lines_in(words)
            self.own = replace(self.own, start_line=first, end_line=last)
            return
        found = places_in(value, bare=True)
        claim = found[0] if found else Claim()
        if name is Field.CONTRACT:
            word = re.match(r"[A-Za-z_]\w{0,80}(?=\W|\Z)", words)
            if not claim.contract and not claim.path and word and "." not in words[:80]:
                claim = replace(claim, contract=word[0])
            self.own = filled(
                replace(self.own, contract=claim.contract or self.own.contract), claim
            )
        else:
            word = re.match(r"[A-Za-z_]\w{0,80}", words)
            name_of = claim.function or (word[0] if word else "")
            self.own = filled(replace(self.own, function=name_of), replace(claim, function=name_of))
        self.texts.setdefault(Field.LOCATION, [])
        if len(found) > 1:
            self.texts[Field.LOCATION].append(value)

    def _codes(self) -> tuple[list[str], list[Fence], tuple[Field, str] | None]:
        """Quotes, fixes, and the text of an open fence that is neither."""
        quotes: list[str] = []
        fixes: list[Fence] = []
        other: tuple[Field, str] | None = None
        for name, fence in self.fences:
            place = name if fence.closed else purpose_of(name, fence)
            code = fence.code()
            if not code:
                continue
            if place is Field.CODE:
                quotes.append(code)
            elif place is Field.FIX:
                fixes.append(fence)
            elif not fence.closed:
                other = place, fence.markdown()
        if not quotes and CODE_SIGNS.search(written := self._text(Field.CODE)):
            quotes.append(written.strip("` \n"))
        return quotes, fixes, other


def _joined(first: str, second: str) -> str:
    return f"{first}\n\n{second}" if first and second else first or second
