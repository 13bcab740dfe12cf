"""CPU time of the live report: ours against plain text and against setMarkdown a frame.

    python benchmarks/live_pane.py [KILOBYTES ...]

A stream of 1,000 tokens a second at 30 frames a second: a frame is 33 tokens, its parsing, its
document edit, layout, following the end and painting of the whole pane. Frames run as fast as they
can, those of all ways in turn, so that a busy moment strikes each; only their CPU time counts, and
the ratios within one run are what compares between machines. setMarkdown is too slow for every
frame of a long report: every n-th frame is measured and stands for n.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from math import log
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


class Pane:
    """One way in a shown window; `times` holds the CPU seconds of each frame."""

    def __init__(self, way: Way, theme: Theme, every: int = 1) -> None:
        self._view, self._frame = way(theme)
        self._view.resize(*_SIZE)
        self._view.show()
        viewport = self._view.viewport()
        self._canvas = QImage(viewport.size(), QImage.Format.Format_ARGB32_Premultiplied)
        self._every = every
        self._waiting: list[str] = []
        self.times: list[float] = []

    def show(self, text: str) -> None:
        """Show the next piece, in a frame of its own or with those before it."""
        self._waiting.append(text)
        if len(self._waiting) < self._every:
            return
        before = "".join(self._waiting[:-1])
        last = self._waiting[-1]
        self._waiting.clear()
        started = process_time()
        self._frame(before + last)
        self._view.viewport().render(self._canvas)
        self.times.append(process_time() - started)

    def total(self) -> float:
        """CPU seconds of all frames."""
        return sum(self.times) * self._every

    def close(self) -> None:
        """Drop the window."""
        self._view.close()
        self._view.deleteLater()


def measure(
    ways: dict[str, Way], theme: Theme, text: str, *, keep: bool = False
) -> dict[str, Pane]:
    """All ways over one text, frame by frame in turn; the caller closes panes that are kept."""
    every = max(1, len(text) // 25_000)
    panes = {
        name: Pane(way, theme, every if way is everything else 1) for name, way in ways.items()
    }
    parts = tokens(text)
    for at in range(0, len(parts), _TOKENS_A_FRAME):
        piece = "".join(parts[at : at + _TOKENS_A_FRAME])
        for pane in panes.values():
            pane.show(piece)
    for pane in () if keep else panes.values():
        pane.close()
    return panes


def main() -> None:
    """Print a line for each size and way, and the growth over the sizes."""
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    theme = Theme(app)
    sizes = [int(argument) for argument in sys.argv[1:]] or [10, 50, 200]
    ways: dict[str, Way] = {"ours": ours, "insertText": plain, "setMarkdown": everything}
    measure(ways, theme, report(4_000))
    totals: dict[int, float] = {}
    for size in sizes:
        panes = measure(ways, theme, report(size * 1000))
        for name, pane in panes.items():
            cuts = quantiles(pane.times, n=100)
            print(
                f"{size:4} KB  {name:12} {pane.total():7.2f} s CPU   "
                f"frame p50 {cuts[49] * 1000:5.1f} ms, p99 {cuts[98] * 1000:6.1f} ms"
            )
        total = {name: pane.total() for name, pane in panes.items()}
        totals[size] = total["ours"]
        target = {50: " (target >= 8)", 200: " (target >= 20)"}.get(size, "")
        print(
            f"{size:4} KB  ours takes {total['ours'] / total['insertText']:.2f} x insertText "
            f"(target <= 1.8); setMarkdown takes "
            f"{total['setMarkdown'] / total['ours']:.1f} x ours{target}"
        )
    if len(sizes) > 1:
        first, last = sizes[0], sizes[-1]
        growth = log(totals[last] / totals[first]) / log(last / first)
        print(f"growth exponent {first} to {last} KB: {growth:.2f} (target <= 1.0)")


if __name__ == "__main__":
    main()
