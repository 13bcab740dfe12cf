"""What a frame of the live report costs, at any length and for blocks that never end.

    python benchmarks/pane_frames.py
    xvfb-run -a env QT_QPA_PLATFORM=xcb python benchmarks/pane_frames.py

CPU time of frames of 33 tokens: parsing, document edit, layout, following the end and painting of
the whole pane. Memory is what the process gains by a report of 200 KB that is streamed.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from statistics import mean, quantiles
from time import process_time

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psutil
from PySide6.QtGui import QImage, QTextCursor
from PySide6.QtWidgets import QApplication

from benchmarks.corpus import report
from benchmarks.live_pane import measure, ours
from spectr_desktop.report.blocks import parse_document
from spectr_desktop.ui.markdown_formats import Formats
from spectr_desktop.ui.markdown_lines import Table, block_lines
from spectr_desktop.ui.markdown_view import MarkdownView
from spectr_desktop.ui.markdown_writer import DocumentWriter
from spectr_desktop.ui.theme import Theme

_HEADER = "| ID | Severity | Contract | Line | Description |\n|---|---|---|---|---|\n"


def _row(number: int) -> str:
    return f"| SC-{number:03d} | **High** | `Vault` | {number} | a price is not checked |\n"


def _table(rows: int) -> str:
    return _HEADER + "".join(map(_row, range(1, rows)))


def _cut(text: str, size: int) -> str:
    return (text * (size // len(text) + 1))[:size]


def _sparse_table() -> str:
    lines = ["|" + "a|" * 60, "|" + "-|" * 60]
    lines += ["|" + " |" * (n % 60) + "x|" for n in range(40)]
    return "\n".join(lines) + "\n"


def _stress() -> dict[str, str]:
    words = "the owner can **drain** all `funds` of the [vault](https://example.org) at once "
    return {
        "20 KB table": _table(330),
        "20 KB paragraph": _cut(words, 20_000),
        "20 KB fence": "```solidity\n" + _cut("    uint256 shares = assets;\n", 20_000),
        "20 KB list": _cut(f"- {words}\n", 20_000),
        "sparse table of 60 columns": _sparse_table(),
        "240 KB list": _cut(f"- {words}\n", 240_000),
    }


def _line(name: str, times: list[float], target: str = "") -> None:
    cuts = [cut * 1000 for cut in quantiles(times, n=100)]
    print(
        f"{name:28} {len(times):5} frames, p50 {cuts[49]:6.1f} ms, p99 {cuts[98]:6.1f} ms, "
        f"longest {max(times) * 1000:6.1f} ms{target}"
    )


def _rows(theme: Theme) -> None:
    """Document edit, layout and paint of one more row: a long table against a short one."""
    ends: dict[int, float] = {}
    for rows in (25, 400):
        table = block_lines(parse_document(_table(rows))[0])[0]
        assert isinstance(table, Table)
        view = MarkdownView(theme)
        view.resize(900, 700)
        view.show()
        document = view.document()
        writer = DocumentWriter(document, Formats(theme.colors, document.defaultFont()))
        canvas = QImage(900, 700, QImage.Format.Format_ARGB32_Premultiplied)
        times: list[float] = []
        for count in range(1, rows + 1):
            started = process_time()
            edit = QTextCursor(document)
            edit.beginEditBlock()
            writer.write([], [table._replace(rows=table.rows[:count])])
            edit.endEditBlock()
            view.scroll_to_end()
            view.viewport().render(canvas)
            times.append(process_time() - started)
        ends[rows] = mean(times[-12:]) * 1000
        view.close()
    print(
        f"one more row: {ends[25]:.1f} ms with 25 rows, {ends[400]:.1f} ms with 400, "
        f"ratio {ends[400] / ends[25]:.2f} (target about 1); without parsing"
    )


def main() -> None:
    """Print a line for each document."""
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    theme = Theme(app)
    measure({"ours": ours}, theme, report(20_000))
    gc.collect()
    process = psutil.Process()
    text = report(200_000)
    before = process.memory_info().rss
    pane = measure({"ours": ours}, theme, text, keep=True)["ours"]
    gc.collect()
    gained = (process.memory_info().rss - before) / 1e6
    pane.close()
    print(f"platform {app.platformName()}")
    print(f"memory gained by 200 KB: {gained:.1f} MB (target 30)")
    for size in (10, 50, 200):
        times = measure({"ours": ours}, theme, report(size * 1000))["ours"].times
        _line(f"report of {size} KB", times, " (target p50 3, p99 16)")
    _rows(theme)
    print("single blocks, apart from the targets:")
    for name, document in _stress().items():
        _line(name, measure({"ours": ours}, theme, document)["ours"].times)


if __name__ == "__main__":
    main()
