"""Reports and logos that tests of the PDF make up."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QIODevice, Qt
from PySide6.QtGui import QImage

from spectr_desktop.records.findings import Texts
from spectr_desktop.records.grades import Severity, State
from spectr_desktop.records.report import Report, ReportDocument
from spectr_desktop.records.run import Outcome
from tests.report.export.report_samples import client, finding, findings, place, report, result

if TYPE_CHECKING:
    from spectr_desktop.records.findings import Finding

LONG_LINE = "abcdefghi " * 2300 + "0123456789" * 2300
WIDE_TABLE = "\n".join(
    [
        "| " + " | ".join(f"Column {n}" for n in range(12)) + " |",
        "|" + " --- |" * 12,
        *(
            "| " + " | ".join(f"cell{row}x{n} of some words" for n in range(12)) + " |"
            for row in range(6)
        ),
    ]
)
LONG_TABLE = "\n".join(
    ["| Step | Call |", "| --- | --- |", *(f"| {n} | `call{n}()` |" for n in range(120))]
)
NESTED = "\n".join(f"{'  ' * depth}- depth{depth} of the list" for depth in range(16))
SCRIPTS = "汉字 漢字 かな カナ 한국어 שלום العربية Ελληνικά Кириллица ✅ ⚠️ 😀 🚀 ∀x≤→ ☑"
_DOCUMENT = ReportDocument(
    auditor="Ada Auditor & Co.",
    client="Größe AG",
    version="1.0",
    before="# How we work\n\nWe **read** the code.\n\n## Team\n\nTwo people, four weeks.",
    after="# About us\n\nWe are at <https://example.org/about>.",
)
_WORDS = (
    "The balance is set to zero only after the call, so that the one who is called can withdraw "
    "again before that. Everybody's deposits can be taken in one transaction. "
)


def logo(width: int = 600, height: int = 200, kind: str = "PNG") -> bytes:
    """A picture of one colour."""
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.darkGreen)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    assert image.save(buffer, kind)  # pyright: ignore[reportCallIssue, reportArgumentType]
    return bytes(buffer.data().data())


def long_finding(number: int, severity: Severity | None = Severity.HIGH) -> Finding:
    """A finding with texts of some paragraphs; its words say its number."""
    quote = f"function withdraw{number}() external {{\n    call();\n    clear();\n}}"
    texts = Texts(
        f"Withdrawal number {number} can be entered again before the balance is cleared",
        f"{_WORDS * 3}Description{number}.\n\n- first\n- second\n\n{_WORDS}",
        f"1. Deposit.\n2. Withdraw, and again from `receive`.\n\nScenario{number}.",
        f"```solidity\ncontract Proof{number} {{\n    // again\n    uint256 x = 1;\n}}\n```",
        f"Clear first. Advice{number}.",
        f"```solidity\nfunction withdraw{number}() external {{\n    clear();\n    call();\n}}\n```",
    )
    where = replace(place(), start_line=40 + number, end_line=43 + number, quote=quote)
    return replace(finding(number, severity, texts=texts), locations=(where,))


def client_report() -> Report:
    """A whole report for a client: three findings a severity."""
    severities = [one for one in Severity for _ in range(3)]
    found = [long_finding(n, severity) for n, severity in enumerate(severities, 1)]
    found[1] = replace(found[1], state=State.FIXED)
    return replace(client(found), document=_DOCUMENT, title="Vault of Größe AG")


def working_report() -> Report:
    """Everything that a working report has."""
    return replace(report(), document=_DOCUMENT)


def stopped_report() -> Report:
    """The run was stopped."""
    return client(findings(), result(Outcome.STOPPED))


def hostile_report() -> Report:
    """What a model may write to break a page."""
    texts = [
        f"```solidity\n{LONG_LINE}\n```\n\nBehind the line.",
        WIDE_TABLE,
        LONG_TABLE,
        NESTED,
        SCRIPTS,
        f"A word {'W' * 3000} without end.\n\n`{'c' * 500}`",
        "> " * 12 + "deep quote\n\n" + "> a\n> b\n",
        "\u202eevil\u202c <script>alert(1)</script> [x](javascript:alert(1)) ![i](http://e.vil/p.png)",
        "# H\n\n" * 60,
        "\n".join(f"```\n{n}\n```" for n in range(30)),
    ]
    title = f"\u202e<b>T</b> {SCRIPTS} {'long ' * 30}"
    found = [
        replace(finding(n), texts=Texts(f"{title}{n}", text, text, "", text))
        for n, text in enumerate(texts, 1)
    ]
    hostile = ReportDocument(client="C" * 400, auditor="\u202eA" * 50, version="<v>")
    return replace(report(found=found), document=hostile, title=title)
