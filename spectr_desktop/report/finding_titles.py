"""Titles of findings: their number and severity taken off, Markdown's signs too."""

from __future__ import annotations

import re
from typing import NamedTuple

from spectr_desktop.records.grades import Severity
from spectr_desktop.report.finding_words import SEVERITY_LABEL, SEVERITY_OF, WORD

_LONGEST_GROUP = 80
LONGEST_TITLE = 400
"""Characters of a heading that are looked at."""

_OUTSIDE = re.compile(r"[\W_]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b\ufeff\u2028\u2029]+")
_TAG = re.compile(
    r"</?(?:b|strong|i|em|u|br|hr|p|summary|details|h[1-6]|code|span|font|center)\b[^<>]{0,80}>"
)
_LINK = re.compile(r"\[([^\[\]\n]{1,200})\]\([^()\s]{0,200}\)")
_KEYWORD = re.compile(
    r"(?:(?:security )?(?:finding|issue|vulnerability|bug|problem|vuln|observation|fault|"
    r"weakness|flaw)|"
    r"fund|befund|schwachstelle|feststellung|problème|vulnérabilité|constat|faille|vulnerabilidad|"
    r"hallazgo|problema|achado|vulnerabilità|"
    r"问题|漏洞|发现|脆弱性|問題|指摘|уязвимость|проблема|находка)"
    r"[ \t]{0,2}(?P<number>(?:id[ \t]?)?[#№]?[ \t]?(?:[a-z]{1,5}[-_])?\d{1,4}|"
    r"[一二三四五六七八九十]{1,3})?"
    r"(?P<end>[ \t]{0,3}(?:[:：.)\]、|]|[-–—](?=[ \t]))[ \t]*|[ \t]+(?=[(\[（【])|[ \t]*\Z|"
    r"(?<=\d)[ \t]+)",
    re.IGNORECASE,
)
_ID = re.compile(
    r"(?P<open>[\[(【]?)[ \t]?(?!(?:SWC|CWE|ERC|EIP|SCWE|SCSVS|UTF|SHA|BEP|TWAP)[-_ ])"
    r"(?P<id>(?:[A-Z]{1,8}[-_]){1,3}\d{1,4}|[A-Z]{1,3}[ ]?\d{1,3}(?=[ \t]?[\])】:.]|[ \t][-–—]))"
    r"[ \t]?(?P<close>[\])】]?)(?=[ \t:：.\])|–—-]|\Z)"
)
_WEAKNESS = re.compile(r"[\[(]?(?P<id>(?:SWC|CWE|SCWE)-\d{1,4})[\])]?(?=[ \t:：.\])|–—-]|\Z)")
_NUMBER = re.compile(
    r"(?:[#№][ \t]?\d{1,4}(?:\.\d{1,3}){0,3}[.):]?|\d{1,4}(?:\.\d{1,3}){0,3}(?:[.):\]、．]|"
    r"\.?[ \t]?[-–—](?=[ \t]))|"
    r"\d{1,3}(?:\.\d{1,3}){1,3}(?=[ \t])|[\[(（]\d{1,4}[\])）]|[①-⑳]|\d{1,2}\ufe0f?\u20e3|"
    r"[一二三四五六七八九十]{1,3}[、．.])(?=[ \t\[(（【*`]|[^\x00-\x7f\s]|\Z|(?<=[.):\]、．])[A-Z])"
)
_NOUN = (
    r"(?:[ \t-]?(?:severity|risk|impact|priority|级|级别|危|危险|风险|严重性|リスク|риск)(?!\w))?"
)
_LABELLED = rf"(?:{SEVERITY_LABEL}[ \t]?(?:level)?[ \t]?[:：–—-]?[ \t]?)?"
_MARKED = re.compile(
    rf"[\[(【（][ \t]?{_LABELLED}(?P<word>{WORD}){_NOUN}[ \t]?[\])】）]", re.IGNORECASE
)
_LEADING = re.compile(
    rf"{_LABELLED}(?P<word>{WORD}){_NOUN}(?P<end>[ \t]{{0,3}}(?:[:：|·–—]|-(?=[ \t])|、)|[ \t]*\Z)",
    re.IGNORECASE,
)
_TRAILING = re.compile(
    rf"[ \t]{{0,3}}(?:[|·–—:：]|(?<=[ \t])-|"
    rf",)[ \t]{{0,3}}{_LABELLED}(?P<word>{WORD}){_NOUN}[\s.*]{{0,3}}\Z",
    re.IGNORECASE,
)
_GROUP = re.compile(
    rf"{_LABELLED}(?P<word>{WORD})(?:[ \t-]?(?:severity|risk|priority|level|impact|schwere|"
    r"gravité|sévérité|gravedad|severidad|风险|危险|严重性|级别|級|リスク|深刻度|重大度|"
    r"критичность|риск))?"
    r"(?:[ \t-]{0,2}(?:findings?|issues?|vulnerabilit(?:y|ies)|bugs?|problems?|risks?|items?|"
    r"schwachstellen|"
    r"befunde|vulnérabilités|problèmes|failles|vulnerabilidades|hallazgos|problemas|漏洞|问题|"
    r"の脆弱性|"
    r"脆弱性|уязвимости|проблемы))?[ \t]*(?:[\[(（][ \t]?\d{0,4}[^\])）]{0,20}[\])）])?[\s:：]*\Z",
    re.IGNORECASE,
)
_REVERSED_GROUP = re.compile(
    rf"(?:severity|vulnerabilities|issues|findings|schwachstellen|vulnérabilités|vulnerabilidades|"
    rf"hallazgos|problèmes|gravité|severidad|schweregrad|严重程度|критичность)"
    rf"[ \t]?[:：(–—-]?[ \t]?(?:de[ \t](?:gravité|severidad|"
    rf"criticité)[ \t])?(?P<word>{WORD})[\s)：:]*\Z",
    re.IGNORECASE,
)
_COUNTER = re.compile(r"\A\d{1,3}(?:\.\d{1,3}){0,3}[.)]?[ \t]+")
_EDGES = " \t\r\n:：.-–—|·*_•,、#=>"
_BY_LETTER = {
    "C": Severity.CRITICAL,
    "CRIT": Severity.CRITICAL,
    "H": Severity.HIGH,
    "HIGH": Severity.HIGH,
    "M": Severity.MEDIUM,
    "MED": Severity.MEDIUM,
    "L": Severity.LOW,
    "LOW": Severity.LOW,
    "I": Severity.INFO,
    "INFO": Severity.INFO,
    "G": Severity.INFO,
    "GAS": Severity.INFO,
    "NC": Severity.INFO,
    "QA": Severity.INFO,
}


class Heading(NamedTuple):
    """What a line that may head a finding says.

    Attributes:
        title: the words, without number, severity and signs.
        severity: as named, None if none is.
        number: the finding's id, such as "H-01", "" if it has none.
        weakness: an id such as "SWC-107" before the title, "" if there is none.
        numbered: it begins with a plain number.
        named: it calls itself a finding: an id, or "Finding 3".
    """

    title: str
    severity: Severity | None = None
    number: str = ""
    weakness: str = ""
    numbered: bool = False
    named: bool = False

    @property
    def by_letter(self) -> Severity | None:
        """The severity that an id carries by custom: H-01 is a high one."""
        parts = re.split(r"[-_ \d]", self.number)
        known = [_BY_LETTER[part] for part in parts if part in _BY_LETTER]
        return known[-1] if known else None


def plain(text: str) -> str:
    """A line's words without emphasis, code signs, links, tags and control characters."""
    text = _CONTROL.sub(" ", text[:LONGEST_TITLE])
    if "<" in text:
        text = _TAG.sub("", text)
    if "](" in text:
        text = _LINK.sub(r"\1", text)
    text = text.replace("**", "").replace("`", "").replace("\\", "")
    if text[:2] == "__" or text[-2:] == "__":
        text = text.replace("__", "")
    return " ".join(text.split())


def group_of(text: str) -> Severity | None:
    """The severity that a whole heading consists of, as "High severity findings (2)"."""
    if len(text) > _LONGEST_GROUP:
        return None
    text = _COUNTER.sub("", text.strip(), count=1).strip(_EDGES + "[]【】")
    first = _OUTSIDE.match(text)
    if first is not None:
        text = text[first.end() :]
    found = _GROUP.match(text) or _REVERSED_GROUP.match(text)
    return SEVERITY_OF[found["word"].lower()] if found else None


def heading_of(text: str) -> Heading:
    """Take a heading apart. The text has no Markdown signs (see `plain`)."""
    severity: Severity | None = None
    number = weakness = ""
    numbered = named = False
    text = text.strip()
    for _ in range(8):
        text = text.lstrip(_EDGES)
        if (
            text
            and not text[0].isalnum()
            and text[0] not in "[(【（_$#№①"
            and not text[0].isdigit()
        ):
            text = text[1:]  # emoji and other ornaments
            continue
        if severity is None and (found := _MARKED.match(text) or _LEADING.match(text)):
            severity = SEVERITY_OF[found["word"].lower()]
        elif (found := _KEYWORD.match(text)) and (found["number"] or found["end"].strip()):
            named = named or bool(found["number"])
        elif not number and (found := _ID.match(text)) and _closed(found):
            number, named = found["id"].replace(" ", "-"), True
        elif not weakness and (found := _WEAKNESS.match(text)):
            weakness = found["id"]
        elif found := _NUMBER.match(text):
            numbered = True
        else:
            break
        text = text[found.end() :]
        if text[:1] in "])】）":
            text = text[1:]
    title, severity = _without_mark(text, severity)
    return Heading(title, severity, number, weakness, numbered, named)


def _closed(found: re.Match[str]) -> bool:
    return bool(found["open"]) == bool(found["close"]) or not found["open"]


def _without_mark(text: str, severity: Severity | None) -> tuple[str, Severity | None]:
    text = text.strip().rstrip(_EDGES)
    found = _TRAILING.search(text, max(0, len(text) - 60))
    if found is None:
        found = next(_MARKED.finditer(text), None)
    if found is not None:
        named = SEVERITY_OF[found["word"].lower()]
        if severity is None or named is severity:
            severity = named
            text = f"{text[: found.start()].rstrip()} {text[found.end() :].lstrip()}"
    return text.strip().rstrip(_EDGES).strip(), severity
