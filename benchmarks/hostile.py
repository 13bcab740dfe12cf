"""The live report under hostile text: the longest gap of the event loop and the peak of memory.

    python benchmarks/hostile.py [CASE ...] [stream] [append] [whole]

Each text is shown three ways in a shown view on the window's loop, each in a process of its own:
streamed in frames of 33 tokens, appended in one piece, and set as a whole. A timer of a few
milliseconds measures the longest gap. Targets: 200 ms and 500 MB.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psutil
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication

from benchmarks.corpus import report
from spectr_desktop.ui.loop import WindowLoop
from spectr_desktop.ui.markdown_view import MarkdownView
from spectr_desktop.ui.theme import Theme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_GAP_MS = 200
_MEMORY_MB = 500
_PROBE_MS = 2
_FRAME = 33 * 4
# What lies behind comes in larger pieces: no limit that is watched lies there.
_STREAMED = 160_000
_PIECE = 16_000
_WAYS = ("stream", "append", "whole")


def _table(columns: int, rows: int, cell: str = "x") -> str:
    lines = ["|" + " h |" * columns, "|" + "---|" * columns]
    return "\n".join(lines + [("|" + f" {cell} |" * columns)] * rows) + "\n"


def _nested_lists(depth: int) -> str:
    return "".join("  " * min(level, 500) + "- item\n" for level in range(depth))


def _flat_list(size: int) -> str:
    line = "- an item of a long list with `code` and **bold** words\n"
    return line * (size // len(line))


CASES: dict[str, Callable[[], str]] = {
    "line of 10 MB": lambda: "word *x* " * 1_100_000,
    "line of 10 MB, no space": lambda: "x" * 10_000_000,
    "10,000 nested quotes": lambda: "> " * 10_000 + "deep\n",
    "quotes, a level a line": lambda: "".join("> " * n + "q\n" for n in range(400)),
    "10,000 nested lists": lambda: _nested_lists(10_000),
    "10,000 lists in a line": lambda: "- " * 10_000 + "deep\n",
    "table of 5,000 columns": lambda: _table(5_000, 50),
    "fence without end, 10 MB": lambda: "```\n" + "x = 1;\n" * 1_430_000,
    "1,000,000 newlines": lambda: "a" + "\n" * 1_000_000 + "b\n",
    "250,000 short paragraphs": lambda: "a\n\n" * 250_000,
    "200,000 *": lambda: "*" * 200_000,
    "200,000 [": lambda: "[" * 200_000,
    "200,000 `": lambda: "`" * 200_000,
    "5,000 * with words": lambda: "*a " * 5_000,
    "15,000 [": lambda: "[" * 15_000,
    "15,000 ` of all lengths": lambda: "".join("`" * n + " " for n in range(170)),
    "5,000 definitions": lambda: (
        "".join(f"[r{n}]: https://example.org/{n}\n" for n in range(5_000)) + "\n[r1] [r4999]\n"
    ),
    "5,000 late definitions": lambda: (
        "[r4999]\n\n"
        + report(60_000)
        + "\n\n"
        + "".join(f"[r{n}]: https://example.org/{n}\n" for n in range(5_000))
    ),
    "100,000 links": lambda: "[a](https://example.org/) " * 100_000,
    "600 links": lambda: "[a](https://example.org/) " * 600,
    "deep emphasis": lambda: "*a **b " * 2_000 + "c** d*" * 2_000,
    "table 2,000 x 60": lambda: _table(60, 2_000),
    "table 40 x 60": lambda: _table(60, 40, ""),
    "table 400 x 6": lambda: _table(6, 400, "a few words"),
    "list of 60 KB": lambda: _flat_list(60_000),
    "list of 240 KB": lambda: _flat_list(240_000),
    "paragraph of 60 KB": lambda: "some **words** of `text`\n" * 2_400,
    "one line of 60 KB": lambda: "some **words** of `text` " * 2_400,
    "right-to-left, 60 KB": lambda: "\u05d0\u05d1\u05d2 abc \u0627\u0644 " * 4_000,
    "emoji, 60 KB": lambda: "\U0001f680" * 60_000,
    "combining marks, 60 KB": lambda: "a" + "\u0301" * 60_000,
    "hidden characters, 60 KB": lambda: "\u202e" * 60_000,
    "10,000 headings and rules": lambda: "# a\n---\n" * 10_000,
    "report of 200 KB": lambda: report(200_000),
    "report of 1 MB": lambda: report(1_000_000),
}


def _pieces(text: str) -> Iterator[str]:
    for at in range(0, min(len(text), _STREAMED), _FRAME):
        yield text[at : min(at + _FRAME, _STREAMED)]
    for at in range(_STREAMED, len(text), _PIECE):
        yield text[at : at + _PIECE]


async def _turn() -> None:
    await asyncio.sleep(0)


async def _show(view: MarkdownView, text: str, way: str) -> None:
    if way == "whole":
        view.set_markdown(text)
    elif way == "append":
        view.append(text)
        view.render_now()
        await _turn()
        view.finish()
    else:
        for piece in _pieces(text):
            view.append(piece)
            view.render_now()
            await _turn()
        view.finish()
    while getattr(view, "busy", False) or view._frame_timer.isActive():  # noqa: SLF001
        await _turn()
    for _ in range(20):
        await asyncio.sleep(0.01)


class _Probe:
    """Measures the longest gap between two turns of the event loop, by the clock and in CPU time.

    On a machine that does other things as well only the second compares.
    """

    def __init__(self) -> None:
        self.longest = self.longest_cpu = 0.0
        self._last = perf_counter()
        self._last_cpu = process_time()
        self.timer = QTimer(interval=_PROBE_MS, timerType=Qt.TimerType.PreciseTimer)
        self.timer.timeout.connect(self._on_timeout)
        self.timer.start()

    def _on_timeout(self) -> None:
        now, cpu = perf_counter(), process_time()
        self.longest = max(self.longest, now - self._last)
        self.longest_cpu = max(self.longest_cpu, cpu - self._last_cpu)
        self._last, self._last_cpu = now, cpu


def _peak_mb() -> float:
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset / 1e6
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def child(name: str, way: str) -> None:
    """Show one text one way and print what it took."""
    app = QApplication([])
    theme = Theme(app)
    view = MarkdownView(theme)
    view.resize(900, 700)
    view.show()
    text = CASES[name]()
    loop = WindowLoop(app)
    asyncio.set_event_loop(loop)

    async def run() -> dict[str, float]:
        view.set_markdown("# A first report\n\nwith *some* text\n")
        view.clear()
        await asyncio.sleep(0.2)
        probe = _Probe()
        await asyncio.sleep(0.05)
        started = perf_counter()
        await _show(view, text, way)
        total = perf_counter() - started
        probe.timer.stop()
        assert view.text() == text
        return {
            "gap": probe.longest * 1000,
            "cpu": probe.longest_cpu * 1000,
            "rss": _peak_mb(),
            "total": total,
        }

    print(json.dumps(loop.run_until_complete(run())))
    loop.close()


def main() -> None:
    ways = [way for way in _WAYS if way in sys.argv[1:]] or _WAYS
    wanted = [word for word in sys.argv[1:] if word not in _WAYS]
    print(f"{'case':32} {'way':7} {'gap ms':>8} {'gap CPU':>8} {'peak MB':>8} {'total s':>8}")
    missed = 0
    for name in CASES:
        if wanted and not any(word in name for word in wanted):
            continue
        for way in ways:
            command = [sys.executable, __file__, "--child", name, way]
            try:
                done = subprocess.run(
                    command, capture_output=True, text=True, check=False, timeout=300
                )
                figures = json.loads(done.stdout.splitlines()[-1])
            except (subprocess.TimeoutExpired, IndexError) as error:
                print(f"{name:32} {way:7} {type(error).__name__}", flush=True)
                missed += 1
                continue
            over = figures["cpu"] > _GAP_MS or figures["rss"] > _MEMORY_MB
            missed += over
            print(
                f"{name:32} {way:7} {figures['gap']:8.0f} {figures['cpu']:8.0f} "
                f"{figures['rss']:8.0f} {figures['total']:8.1f}{'  MISSED' if over else ''}",
                flush=True,
            )
    print(f"target: gap <= {_GAP_MS} ms, peak <= {_MEMORY_MB} MB; {missed} missed")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:4])
    else:
        main()
