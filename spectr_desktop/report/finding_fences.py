"""Code fences in a finding: the quote, a mend, or part of a text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from spectr_desktop.report.finding_words import Field

_NO_SOURCE = frozenset(
    (
        *("json", "bash", "sh", "shell", "console", "text", "txt", "plaintext", "mermaid", "toml"),
        *("yaml", "yml", "log", "output", "markdown", "md", "http", "csv", "xml", "html"),
    )
)
_FIXING = re.compile(
    r"\b(?:fix(?:ed|es)?|corrected|recommend\w*|mitigat\w+|updated|secure[d]?|safer?|instead|"
    r"replace\w*|patched|"
    r"suggest\w*|should (?:be|look)|improved|remedi\w+|korrigiert\w*|behoben\w*|empfohlen\w*|"
    r"corrigé\w*|corregid\w+|"
    r"change(?: it)? to|rewrite|add (?:a|the) |use (?:the )?)\b|修复|改为|修正|建议|推荐|исправ\w+|"
    r"рекоменд\w+",
    re.IGNORECASE,
)
_SHOWING = re.compile(
    r"vulnerab|problem|affected|issue|current|existing|original|before|insecure|verwundbar|"
    r"betroffen|"
    r"vulnérable|漏洞代码|問題|уязвим|bad\b|unsafe",
    re.IGNORECASE,
)
_ATTACKING = re.compile(
    r"\b(?:attack(?:er)?(?:'s)? (?:contract|code|would)|exploit\w*|proof of concept|poc|"
    r"attacker contract|malicious "
    r"contract|foundry|forge test|test case|angreifer\w*|attaquant|atacante)\b|攻击合约|"
    r"攻撃コントラクト|"
    r"атакующ",
    re.IGNORECASE,
)
_MENDED = re.compile(r"fixed|corrected|recommended|attack", re.IGNORECASE)
_ATTACK_CODE = re.compile(
    r"\bcontract[ \t]+\w{0,40}(?:Attack|Exploit|Malicious|Evil|PoC|Test)\w{0,40}|"
    r"\bfunction test\w*\("
)
CODE_SIGNS = re.compile(r"[;{}()=]")


@dataclass(slots=True)
class Fence:
    """A fence while it is read; `hint` is the text before it, `opening` its first line."""

    language: str
    indent: int
    hint: str
    opening: str
    lines: list[str] = field(default_factory=list[str])
    closed: bool = False

    def code(self) -> str:
        """What stands in it, without the indentation of the fence."""
        indent = self.indent
        if not indent:
            return "\n".join(self.lines).strip("\n").rstrip()
        lines = (line[min(indent, len(line) - len(line.lstrip(" \t"))) :] for line in self.lines)
        return "\n".join(lines).strip("\n").rstrip()

    def block(self) -> str:
        """Its code as Markdown that ends, however it was indented or cut."""
        code = self.code()
        runs = re.findall(r"`{3,}", code)
        ticks = "`" * (max(map(len, runs), default=2) + 1)
        # A name such as "js highlight=1", or with a back-tick of its own, names no language.
        name = re.match(r"[\w.+#-]{0,30}", self.language)
        return f"{ticks}{name[0] if name else ''}\n{code}\n{ticks}"

    def markdown(self) -> str:
        """All of it, as it was written."""
        end = [self.opening.strip()[:3]] if self.closed else []
        return "\n".join([self.opening, *self.lines, *end])


def purpose_of(name: Field, fence: Fence) -> Field:
    """What a fence is: the quote (CODE), a mend (FIX), or text of a field.

    Args:
        name: the field in which it stands.
        fence: the fence.
    """
    language = re.split(r"[ \t,:{]", fence.language, maxsplit=1)[0]
    if language in ("diff", "patch"):
        return Field.FIX
    if language in _NO_SOURCE or not CODE_SIGNS.search("\n".join(fence.lines[:40])[:4000]):
        return name if name is not Field.CODE else Field.DESCRIPTION
    if name in (Field.RECOMMENDATION, Field.FIX):
        return Field.FIX
    if name in (Field.PROOF, Field.SCENARIO):
        return name
    return _purpose_by_words(fence)


def _purpose_by_words(fence: Fence) -> Field:
    """What the sentence above a fence or a comment at its top says that it is."""
    head = "\n".join(fence.lines[:6])[:600].lstrip()
    comment = head.split("\n", 1)[0] if head.startswith(("//", "/*")) else ""
    announces = fence.hint.rstrip().endswith((":", "：", "*"))
    for hint, is_sure in ((comment, True), (fence.hint, announces)):
        if _SHOWING.search(hint) and not _MENDED.search(hint):
            return Field.CODE
        if _ATTACKING.search(hint):
            return Field.PROOF
        if is_sure and _FIXING.search(hint):
            return Field.FIX
    return Field.PROOF if _ATTACK_CODE.search(head) else Field.CODE
