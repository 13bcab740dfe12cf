"""Makes docs/sample-report.pdf and its picture: a client's report on the example contract.

    .venv/bin/python packaging/sample_report.py [FOLDER]

The program itself makes them: a scripted server answers an audit of resources/examples with
sample-report.md, the findings are decided on as an auditor does, and the run is exported with a
house style of an invented house. Writes into FOLDER (default docs/).
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEXT = Path(__file__).with_name("sample-report.md")
PAGES = 12
WIDTH = 620
ACROSS = 3
GAP = 16
METHOD = """# Method

The contract was read line by line by two auditors. A language model on a machine of ours gave a
second opinion; what it named was checked by hand and is reported in the auditors' words.
"""
CONTACT = """# About Example Audits

Example Audits is invented, and so is its client. This report shows what Spectr Desktop exports.
"""


def main() -> None:
    """Write both files."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs"
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(SPECTR_HOME=home, QT_QPA_PLATFORM="offscreen")
        pdf, pages = _made()
    (folder / "sample-report.pdf").write_bytes(pdf)
    _write_picture(pages, folder / "sample-report.png")


def _made() -> tuple[bytes, list[bytes]]:
    from spectr_desktop.audit.run_history import RunHistory  # noqa: PLC0415 - found from here on
    from spectr_desktop.project.scope import nsloc  # noqa: PLC0415
    from spectr_desktop.records.house_style import Look  # noqa: PLC0415
    from spectr_desktop.records.report import ReportDocument, ReportKind  # noqa: PLC0415
    from spectr_desktop.report.export.assembly import report_of  # noqa: PLC0415
    from spectr_desktop.ui.pdf import first_pages, pdf  # noqa: PLC0415

    run = _audited()
    _decide()
    history = RunHistory()
    opened = history.open(run)
    history.close()
    header = opened.stored.header
    if header is None:
        raise SystemExit("The run has no header.")
    own = ReportDocument("Example Audits", "Vault Labs", "1.0", METHOD, CONTACT)
    report = report_of(
        header,
        opened.stored.result,
        opened.findings,
        kind=ReportKind.CLIENT,
        nsloc=nsloc,
        document=own,
        title="Vault",
    )
    look = Look(_logo(), "#0f5c7a")

    async def both() -> tuple[bytes, list[bytes]]:
        return await pdf(report, look), await first_pages(report, look, pages=PAGES, width=WIDTH)

    return asyncio.run(both())


def _audited() -> str:
    """The id of the run."""
    from spectr_desktop import cli  # noqa: PLC0415
    from spectr_desktop.store.stored_runs import run_ids  # noqa: PLC0415
    from tests.servers.ollama_server import OllamaServer  # noqa: PLC0415
    from tests.servers.scripted import ThreadedServer  # noqa: PLC0415
    from tests.servers.streams import Answer  # noqa: PLC0415

    answer = Answer(text=TEXT.read_text(encoding="utf-8"), natural=True)
    contract = str(ROOT / "resources" / "examples" / "Vault.sol")
    with ThreadedServer(OllamaServer(answer)) as server:
        arguments = ["--provider", "ollama", "--base-url", server.base_url]
        if cli.main(["audit", contract, *arguments]):
            raise SystemExit("The audit did not end well.")
    return run_ids()[-1]


def _decide() -> None:
    """What an auditor decides on."""
    from spectr_desktop.audit.findings_book import FindingsBook  # noqa: PLC0415
    from spectr_desktop.records.decisions import StateSet  # noqa: PLC0415
    from spectr_desktop.records.grades import State  # noqa: PLC0415

    contract = ROOT / "resources" / "examples" / "Vault.sol"
    book = FindingsBook()
    book.open(contract.parent, contract.name, contract.read_text(encoding="utf-8"))
    states = (State.CONFIRMED, State.CONFIRMED, State.FIXED, State.ACKNOWLEDGED)
    for finding, state in zip(book.findings(), states, strict=True):
        book.decide(StateSet(finding.key, state))


def _logo() -> bytes:
    """The mark of a house that does not exist."""
    from PySide6.QtCore import QBuffer, QIODevice, QPointF, Qt  # noqa: PLC0415
    from PySide6.QtGui import QColor, QImage, QImageWriter, QPainter, QPolygonF  # noqa: PLC0415

    image = QImage(240, 240, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor("#0f5c7a"))
    painter.drawRoundedRect(10, 10, 220, 220, 48, 48)
    painter.setBrush(QColor("white"))
    corners = ((60, 178), (120, 58), (180, 178), (148, 178), (120, 120), (92, 178))
    painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in corners]))
    painter.end()
    out = QBuffer()
    out.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(out, b"png").write(image)
    return bytes(out.data().data())


def _write_picture(pages: list[bytes], path: Path) -> None:
    """All pages side by side, as on a table."""
    from PySide6.QtGui import QColor, QImage, QPainter  # noqa: PLC0415

    images = [QImage.fromData(page) for page in pages]
    height = max(image.height() for image in images)
    rows = -(-len(images) // ACROSS)
    table = QImage(
        GAP + ACROSS * (WIDTH + GAP), GAP + rows * (height + GAP), QImage.Format.Format_RGB32
    )
    table.fill(QColor("#d5d9de"))
    painter = QPainter(table)
    for number, image in enumerate(images):
        row, column = divmod(number, ACROSS)
        painter.drawImage(GAP + column * (WIDTH + GAP), GAP + row * (height + GAP), image)
    painter.end()
    table.save(str(path))


if __name__ == "__main__":
    main()
