"""Findings of a report that is JSON, also a broken one: whole objects are taken as they close."""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from spectr_desktop.records.findings import Claim
from spectr_desktop.report.chapters import is_no_title
from spectr_desktop.report.finding_draft import Draft
from spectr_desktop.report.finding_lines import Label
from spectr_desktop.report.finding_places import filled, lines_in, places_in
from spectr_desktop.report.finding_titles import heading_of, plain
from spectr_desktop.report.finding_words import Field, field_of, severity_in

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_KEY = 60
_WASTE = 65_536
_DEEPEST_PLACE, _DEEPEST_WORDS = 2, 3
LONGEST_OBJECT = 1_500_000
"""Characters of an object that is still read."""

_DEEPEST = 8
_DEEPEST_STACK = 200
_OUTSIDE = re.compile(r'["{}\[\],:]')
_INSIDE = re.compile(r'["\\]')
_BEGINS = re.compile(
    r'[ \t]*(?:\[[ \t]*)?(?:\{[ \t]*)?(?:"[^"\n]{1,60}"[ \t]*:|\}?[ \t]*\]?[ \t]*,?[ \t]*\r?\Z)'
)
_COMMA = re.compile(r",(\s*[}\]])")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|[_\-]+")
_NO_LIST = re.compile(
    r"location|instance|reference|line|step|element|affected|code|file|source|tool|trace|link|"
    r"input|output|"
    r"param|abi|component",
    re.IGNORECASE,
)
_HOLDER = re.compile(
    r"finding|issue|vulnerab|bug|result|^[\w-]{0,20}\d{1,4}$|^(?:critical|high|medium|low|info)",
    re.IGNORECASE,
)
_PATHS = (
    "file",
    "path",
    "filename",
    "filepath",
    "file path",
    "file name",
    "contract path",
    "source file",
    "uri",
)
_STARTS = (
    "line",
    "lines",
    "line number",
    "line numbers",
    "line start",
    "start line",
    "start",
    "lineno",
    "line range",
)
_ENDS = ("line end", "end line", "end")
_CODES = ("code", "snippet", "code snippet", "quote", "vulnerable code", "evidence", "content")
_WORDS = ("description", "desc", "text", "message", "comment", "note")


def begins_json(line: str) -> bool:
    """Whether a line may begin a JSON object or array."""
    return line.lstrip(" \t")[:1] in ("{", "[") and _BEGINS.match(line[:200]) is not None


@dataclass(slots=True)
class _Open:
    start: int
    is_object: bool
    key: str
    holds: bool = False
    comma: int = -1
    pending_key: str = ""


class JsonScanner:
    """Follows JSON text and hands out each object that describes a finding when it closes."""

    def __init__(self, offset: int) -> None:
        self._text = ""
        self._base = offset
        self._at = offset
        self._stack: list[_Open] = []
        self._in_string = False
        self._skip = False
        self._string_start = -1
        self._last_string = ""
        self.done = False
        """The outermost value has closed, or the text is no JSON after all."""

    def feed(self, text: str) -> list[Draft]:
        """Take the next piece, cut anywhere, and return the findings that it completes."""
        self._text += text
        found: list[Draft] = []
        position = self._at - self._base
        if self._skip and position < len(self._text):
            position, self._skip = position + 1, False
        while position < len(self._text):
            sign = (_INSIDE if self._in_string else _OUTSIDE).search(self._text, position)
            if sign is None:
                break
            position = sign.end()
            if sign[0] == "\\":
                self._skip = position >= len(self._text)
                position += not self._skip
                continue
            draft = self._sign(sign[0], self._base + sign.start())
            if draft is not None:
                found.append(draft)
        self._at = self._base + len(self._text)
        self._trim()
        return found

    def finish(self) -> list[Draft]:
        """What the objects that are still open say so far: at most one finding."""
        for entry in reversed(self._stack):
            if not entry.is_object or entry.holds or entry.comma < 0:
                continue
            text = self._text[entry.start - self._base : entry.comma - self._base] + "}"
            draft = self._draft(entry, text, entry.comma)
            if draft is not None:
                return [draft]
        return []

    def _sign(self, sign: str, at: int) -> Draft | None:
        if sign == '"':
            self._quote(at)
        elif sign in "{[":
            self._open(sign, at)
        elif sign in "}]":
            return self._close(sign, at)
        elif self._stack:
            top = self._stack[-1]
            if sign == ",":
                top.comma = at
            elif top.is_object:
                top.pending_key = self._last_string
        return None

    def _quote(self, at: int) -> None:
        self._in_string = not self._in_string
        if self._in_string:
            self._string_start = at + 1
        elif at - self._string_start <= _LONGEST_KEY and self._string_start >= self._base:
            self._last_string = self._text[self._string_start - self._base : at - self._base]
        else:
            self._last_string = ""

    def _open(self, sign: str, at: int) -> None:
        if len(self._stack) >= _DEEPEST_STACK:
            self.done = True
            self._stack.clear()
            return
        parent = self._stack[-1] if self._stack else None
        key = "" if parent is None else parent.pending_key if parent.is_object else parent.key
        self._stack.append(_Open(at, sign == "{", key))

    def _close(self, sign: str, at: int) -> Draft | None:
        if not self._stack:
            self.done = True
            return None
        entry = self._stack.pop()
        self.done = self.done or not self._stack
        if not entry.is_object or sign != "}" or entry.holds:
            return None
        if entry.start < self._base:
            return None
        return self._draft(
            entry, self._text[entry.start - self._base : at + 1 - self._base], at + 1
        )

    def _draft(self, entry: _Open, text: str, end: int) -> Draft | None:
        depth = self._stack.index(entry) if entry in self._stack else len(self._stack)
        if depth > _DEEPEST or len(text) > LONGEST_OBJECT:
            return None
        parent = self._stack[depth - 1] if depth else None
        if parent is not None and parent.is_object and not _HOLDER.search(entry.key):
            return None
        if parent is not None and _NO_LIST.search(entry.key) and not _HOLDER.search(entry.key):
            return None
        value = _loaded(text)
        draft = None if value is None else draft_of(value, entry.start, end)
        if draft is not None:
            draft.group = severity_in(_spaced(entry.key)) if entry.key else None
            for holder in self._stack[:depth]:
                holder.holds = True
        return draft

    def _trim(self) -> None:
        """Forget what no object that may still be a finding needs."""
        keep = next((e.start for e in self._stack if e.is_object and not e.holds), self._at)
        if self._in_string:
            keep = min(keep, self._string_start)
        if self._at - keep > 2 * LONGEST_OBJECT:
            for entry in self._stack:
                entry.holds = entry.holds or self._at - entry.start > LONGEST_OBJECT
            keep = next((e.start for e in self._stack if e.is_object and not e.holds), self._at)
        if keep - self._base > _WASTE or keep == self._at:
            self._text = self._text[keep - self._base :]
            self._base = keep


def draft_of(value: dict[str, Any], start: int, end: int) -> Draft | None:
    """The finding that an object describes, None if it describes none."""
    named = [(_spaced(key), item) for key, item in value.items()]
    fields = [(field_of(key), key, item) for key, item in named]
    title = _title(fields)
    heading = heading_of(plain(title))
    if not heading.title:
        heading = heading._replace(title=plain(title))
    draft = Draft(start, end, heading, level=7, shape="json")
    for name, key, item in fields:
        if name is None or name is Field.TITLE or key in _PATHS or key in _STARTS or key in _ENDS:
            if name is Field.TITLE and (words := _words(item)) and words != title:
                draft.label(Label(Field.DESCRIPTION, words))
            continue
        if name in (Field.CODE, Field.FIX):
            _take_code(draft, name, _words(item))
        elif name in (Field.LOCATION, Field.CONTRACT, Field.FUNCTION):
            draft.seen.add(name)
        elif words := _words(item):
            draft.label(Label(name, words))
    draft.given = _claims(dict(named))
    told = draft.seen - {Field.CATEGORY, Field.CODE, Field.CONFIDENCE, Field.OTHER}
    if (
        is_no_title(draft.title)
        or draft.rejected
        or not told
        or len(draft.seen) < 2 - bool(draft.severity)
    ):
        return None
    texts = draft.seen & {Field.DESCRIPTION, Field.RECOMMENDATION, Field.IMPACT, Field.SCENARIO}
    return draft if draft.known_severity or texts else None


def _title(fields: list[tuple[Field | None, str, object]]) -> str:
    wanted = ("title", "name", "headline")
    titles = {
        key: item for name, key, item in fields if name is Field.TITLE and isinstance(item, str)
    }
    for key in (*wanted, *titles):
        if titles.get(key, "").strip():
            return titles[key]
    return ""


def _take_code(draft: Draft, name: Field, code: str) -> None:
    code = code.strip("\n")
    fenced = code.lstrip().startswith("```") and code.rstrip().endswith("```")
    if fenced:
        code = code.strip().removesuffix("```").partition("\n")[2]
    if not code.strip():
        return
    draft.seen.add(name)
    if name is Field.FIX and not re.search(r"[;{}]|^[+-]", code):
        draft.label(Label(Field.RECOMMENDATION, code))
        return
    draft.current = name
    draft.open_fence("```", "diff" if name is Field.FIX else "solidity", 0)
    for line in code.split("\n"):
        draft.code(line)
    draft.close_fence()
    draft.current = Field.DESCRIPTION


def _claims(value: dict[str, Any], depth: int = 0) -> list[Claim]:
    """The places of an object: its own keys, then its locations."""
    path = next((plain(str(value[key])) for key in _PATHS if isinstance(value.get(key), str)), "")
    first, last = _lines(value)
    own = Claim(path=path if "." in path else "", start_line=first, end_line=last)
    if path and (found := places_in(path)):
        own = filled(found[0], own)
    for key, item in cast("dict[str, object]", value).items():
        name = field_of(key)
        if name in (Field.CONTRACT, Field.FUNCTION) and (words := _words(item)):
            own = filled(own, _named(words, is_function=name is Field.FUNCTION))
    if depth:
        code = next((value[key] for key in _CODES if isinstance(value.get(key), str)), "")
        own = Claim(
            own.path, own.start_line, own.end_line, own.contract, own.function, code.strip("\n")
        )
    claims: list[Claim] = []
    for key, item in cast("dict[str, object]", value).items():
        name = field_of(key)
        is_list = isinstance(item, list)
        if key in _PATHS and isinstance(item, str):
            continue
        if name is Field.LOCATION or (name is Field.DESCRIPTION and is_list):
            claims += _located(item, depth + 1) if depth < _DEEPEST_PLACE else ()
        elif name is Field.FUNCTION and is_list:
            named = (_named(str(word), is_function=True) for word in cast("list[object]", item))
            claims += [claim for claim in named if claim != Claim()]
    if own != Claim():
        claims = (
            [filled(own, claims[0]) if not own.quote else own, *claims[1:]] if claims else [own]
        )
        if claims[0].path and len(claims) > 1:
            claims = [
                claims[0],
                *(c if c.path else filled(c, Claim(path=own.path)) for c in claims[1:]),
            ]
    return list(dict.fromkeys(claims))


def _located(item: object, depth: int) -> Iterator[Claim]:
    if isinstance(item, str):
        yield from places_in(item, bare=True)
    elif isinstance(item, dict):
        pairs = cast("dict[str, Any]", item)
        yield from _claims({_spaced(key): value for key, value in pairs.items()}, depth)
    elif isinstance(item, list):
        for entry in cast("list[object]", item)[:50]:
            yield from _located(entry, depth)


def _named(words: str, *, is_function: bool) -> Claim:
    found = places_in(words, bare=True)
    if found:
        return found[0]
    word = re.match(r"\w{1,80}", words)
    if word is None:
        return Claim()
    return Claim(function=word[0]) if is_function else Claim(contract=word[0])


def _lines(value: dict[str, Any]) -> tuple[int, int]:
    start = next((value[key] for key in _STARTS if value.get(key) not in (None, "", [])), "")
    end = next((value[key] for key in _ENDS if isinstance(value.get(key), (int, str))), "")
    if isinstance(start, list):
        numbers = [str(item) for item in cast("list[object]", start)[:2]]
        start = "-".join(numbers) if len(numbers) > 1 else "".join(numbers)
    if isinstance(start, (int, str)) and str(start)[:1] in "0123456789Ll":
        return lines_in(f"{start}-{end}" if end else str(start))
    return 0, 0


def _words(value: object, depth: int = 0) -> str:
    """The text of a value: lists a line each, objects their values."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None or depth > _DEEPEST_WORDS:
        return ""
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, list):
        parts = (_words(item, depth + 1) for item in cast("list[object]", value)[:200])
        return "\n".join(part for part in parts if part)
    if isinstance(value, dict):
        pairs = cast("dict[str, object]", value)
        wanted = [pairs[key] for key in _WORDS if key in pairs] or list(pairs.values())[:20]
        return "\n".join(part for item in wanted if (part := _words(item, depth + 1)))
    return ""


def _spaced(key: str) -> str:
    return _CAMEL.sub(" ", key[:_LONGEST_KEY]).strip().lower()


def _loaded(text: str) -> dict[str, Any] | None:
    for attempt in (text, None):
        with contextlib.suppress(ValueError, RecursionError):
            value = json.loads(
                attempt if attempt is not None else _COMMA.sub(r"\1", text), strict=False
            )
            return cast("dict[str, Any]", value) if isinstance(value, dict) else None
    return None
