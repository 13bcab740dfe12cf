"""CPU time of the live report: ours against plain text and against setMarkdown a frame.

    python benchmarks/live_pane.py [KILOBYTES ...]

A stream of 1,000 tokens a second at 30 frames a second: a frame is 33 tokens, its parsing, its
document edit, layout, following the end and painting. Frames run as fast as they can; only their
CPU time counts, and the ratios within one run are what compares between machines.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import quantiles
from time import process_time

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from PySide6.QtGui import QImage, QTextCursor
from PySide6.QtWidgets import QApplication, QTextEdit

from benchmarks.corpus import report, tokens
from spectr_desktop.ui.markdown_view import MarkdownView
from spectr_desktop.ui.theme import Theme

_TOKENS_A_FRAME = 33
_SIZE = (900, 700)

Frame = Callable[[str], None]
Way = Callable[[Theme], tuple[QTextEdit, Frame]]


def ours(theme: Theme) -> tuple[QTextEdit, Frame]:
    view = MarkdownView(theme)

    def frame(text: str) -> None:
        view.append(text)
        view.render_now()
        view.color_now()

    return view, frame


def plain(_theme: Theme) -> tuple[QTextEdit, Frame]:
    view = QTextEdit()
    view.setUndoRedoEnabled(False)
    cursor = QTextCursor(view.document())

    def frame(text: str) -> None:
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(text)
        view.document().size()
        view.verticalScrollBar().setValue(view.verticalScrollBar().maximum())

    return view, frame


def everything(_theme: Theme) -> tuple[QTextEdit, Frame]:
    view = QTextEdit()
    view.setUndoRedoEnabled(False)
    pieces: list[str] = []

    def frame(text: str) -> None:
        pieces.append(text)
        view.setMarkdown("".join(pieces))
        view.document().size()
        view.verticalScrollBar().setValue(view.verticalScrollBar().maximum())

    return view, frame


def measure(way: Way, theme: Theme, text: str) -> list[float]:
    """CPU seconds of each frame."""
    view, frame = way(theme)
    view.resize(*_SIZE)
    view.show()
    canvas = QImage(view.viewport().size(), QImage.Format.Format_ARGB32_Premultiplied)
    parts = tokens(text)
    times: list[float] = []
    for at in range(0, len(parts), _TOKENS_A_FRAME):
        piece = "".join(parts[at : at + _TOKENS_A_FRAME])
        started = process_time()
        frame(piece)
        view.viewport().render(canvas)
        times.append(process_time() - started)
    view.close()
    view.deleteLater()
    return times


def main() -> None:
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    theme = Theme(app)
    sizes = [int(argument) for argument in sys.argv[1:]] or [10, 50]
    measure(ours, theme, report(4_000))
    for size in sizes:
        text = report(size * 1000)
        totals: dict[str, float] = {}
        ways: dict[str, Way] = {"ours": ours, "insertText": plain}
        if size <= 50:
            ways["setMarkdown"] = everything
        for name, way in ways.items():
            times = measure(way, theme, text)
            totals[name] = sum(times)
            cuts = quantiles(times, n=100)
            print(
                f"{size:4} KB  {name:12} {totals[name]:7.2f} s CPU   "
                f"frame p50 {cuts[49] * 1000:5.1f} ms, p99 {cuts[98] * 1000:6.1f} ms"
            )
        ratio = totals["ours"] / totals["insertText"]
        line = f"{size:4} KB  ours takes {ratio:.2f} x insertText"
        if "setMarkdown" in totals:
            line += f"; setMarkdown takes {totals['setMarkdown'] / totals['ours']:.1f} x ours"
        print(line)


if __name__ == "__main__":
    main()
