"""Code in a page: its text stays as it is, with colours for Solidity, Vyper and differences."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement

from spectr_desktop.report.code_tokens import BUILT_IN

CODE_CLASSES = frozenset({"c", "s", "mi", "k", "kt", "gi", "gd", "gu"})
"""Names of colours, as Pygments has them."""

# A longer block stays plain, as in the live pane.
_LONGEST = 20_000
# Lines that are kept together in print: more could leave half a page empty.
_MOST_ON_ONE_PAGE = 25
_STRING = r"\"(?:[^\"\\\n]|\\.)*+\"?|'(?:[^'\\\n]|\\.)*+'?"
_REST = r"|(?P<mi>\b(?:0x[\da-fA-F_]+|\d[\d_]*(?:\.\d+)?(?:e\d+)?)\b)|(?P<word>[A-Za-z_$][\w$]*+)"
_SOLIDITY = re.compile(rf"(?P<c>//[^\n]*+|/\*(?s:.)*?(?:\*/|\Z))|(?P<s>{_STRING}){_REST}")
_VYPER = re.compile(rf"(?P<c>\#[^\n]*+)|(?P<s>\"\"\"(?s:.)*?(?:\"\"\"|\Z)|{_STRING}){_REST}")
_LANGUAGES = {
    "solidity": _SOLIDITY, "sol": _SOLIDITY, "vyper": _VYPER, "vy": _VYPER, "python": _VYPER,
}  # fmt: skip
_TYPE = re.compile(
    r"u?int\d*|bytes\d*|u?fixed(?:\d+x\d+)?|address|bool|string|mapping|String|Bytes|DynArray|HashMap"
)
_WORDS = (
    "abstract anonymous as assembly break case catch constant constructor continue contract def "
    "default delete do elif else emit enum error event external fallback False false final for "
    "from function if immutable implements import in indexed interface internal is let library "
    "memory modifier new None not or and override pass payable pragma private public pure "
    "calldata raise receive return returns revert self storage struct super switch this throw "
    "transient True true try type unchecked using virtual view while"
)
_KEYWORDS = BUILT_IN & frozenset(_WORDS.split())
_SIDES = {"+": "gi", "-": "gd", "@": "gu", "…": "gu"}


def code_block(parent: Element, text: str, language: str) -> None:
    """Add a block of code; its text is exactly what was given."""
    kind = "code long" if text.count("\n") >= _MOST_ON_ONE_PAGE else "code"
    pre = SubElement(SubElement(parent, "div", {"class": kind}), "pre", {"tabindex": "0"})
    code = SubElement(pre, "code")
    name = language.lower()
    if name == "diff":
        _difference(code, text)
    elif name in _LANGUAGES and len(text) <= _LONGEST:
        _coloured(code, text, _LANGUAGES[name])
    else:
        code.text = text


def _difference(code: Element, text: str) -> None:
    for index, line in enumerate(text.split("\n")):
        _put(code, "\n" if index else "", "")
        _put(code, line, _SIDES.get(line[:1], ""))


def _coloured(code: Element, text: str, pattern: re.Pattern[str]) -> None:
    at = 0
    for found in pattern.finditer(text):
        kind = found.lastgroup or ""
        if kind == "word":
            kind = "kt" if _TYPE.fullmatch(found[0]) else "k" if found[0] in _KEYWORDS else ""
        if kind:
            _put(code, text[at : found.start()], "")
            _put(code, found[0], kind)
            at = found.end()
    _put(code, text[at:], "")


def _put(code: Element, text: str, kind: str) -> None:
    if kind:
        SubElement(code, "span", {"class": kind}).text = text
    elif len(code):
        code[-1].tail = (code[-1].tail or "") + text
    else:
        code.text = (code.text or "") + text
