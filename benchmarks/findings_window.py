"""The window with thousands of findings: the longest stop while they come and are recorded.

    python benchmarks/findings_window.py [COUNT]

A hostile report of COUNT findings (default 5,000) is read from a stream as a run does it, in CPU
time of the main thread. Target: no stop over 50 ms.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from pathlib import Path
from time import thread_time
from typing import TYPE_CHECKING

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

if TYPE_CHECKING:
    from collections.abc import Callable

_TARGET_MS = 50
_PIECE = 2_000
_TEXT = (
    "## High: Wrong sum number {n} of all\n\n**Location:** `Vault.sol`, `Vault.{f}`\n\n"
    "```solidity\nrequire(ok);\n```\n\n**Description:** Words about it.\n\n"
)


def _measure(times: dict[str, list[float]], name: str, step: Callable[[], object]) -> None:
    began = thread_time()
    step()
    times.setdefault(name, []).append((thread_time() - began) * 1000)


def main() -> None:
    """Run once and print the figures."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SPECTR_HOME"] = folder
        _run(count)


def _run(count: int) -> None:
    from PySide6.QtWidgets import QApplication

    from spectr_desktop import paths
    from spectr_desktop.audit.run_findings import RunFindings
    from spectr_desktop.records.events import (
        CellFinished,
        FindingAdded,
        FindingChanged,
        RunEntry,
        TextDelta,
    )
    from spectr_desktop.records.run import Outcome
    from spectr_desktop.records.source import source_file
    from spectr_desktop.ui.main_window import MainWindow
    from spectr_desktop.ui.theme import Theme
    from tests import run_samples

    app = QApplication([])
    gc.disable()  # as the program does, which collects from a timer of its own
    window = MainWindow(Theme(app))
    window.show()
    path = paths.resources() / "examples" / "Vault.sol"
    text = path.read_text(encoding="utf-8")
    window.editor.setPlainText(text)
    control = window.findings.control
    control.open_project(path.parent, "Vault.sol")
    window._on_focus_findings()  # noqa: SLF001
    source = source_file("Vault.sol", text)
    found = RunFindings(run_samples.header(files=(source,)))
    found.prepare()
    control.begin_run([source])
    report = "".join(_TEXT.format(n=n, f="withdraw" if n % 2 else "sweep") for n in range(count))
    times: dict[str, list[float]] = {}

    def read(batch: list[RunEntry]) -> None:
        for entry in found.extended(batch):
            if isinstance(entry.event, FindingAdded | FindingChanged):
                control.tell(entry.event)

    for at in range(0, len(report), _PIECE):
        batch = [RunEntry(0, "1.quick", TextDelta(report[at : at + _PIECE]))]
        _measure(times, "a batch read", lambda batch=batch: read(batch))
        _measure(times, "the list brought up to date", control.refresh)
        _measure(times, "laid out and painted", app.processEvents)
    read([RunEntry(0, "1.quick", CellFinished(Outcome.COMPLETE))])
    while found.pending:
        _measure(times, "a batch read", lambda: read([]))
    control.end_run([])
    recording = control._book.recording(found.sightings)  # noqa: SLF001
    done = False

    def record() -> None:
        nonlocal done
        done = next(recording, None) is None

    while not done:
        _measure(times, "a portion recorded", record)
    _measure(times, "the list at the end", control.refresh)
    _measure(times, "laid out at the end", app.processEvents)
    print(f"{len(found.sightings)} findings, target {_TARGET_MS} ms")
    _print(times)


def _print(times: dict[str, list[float]]) -> None:
    for name, spent in times.items():
        missed = "  MISSED" if max(spent) > _TARGET_MS else ""
        spent.sort()
        print(
            f"{name:30} {len(spent):6} times, p99 {spent[int(len(spent) * 0.99) - 1]:7.1f} ms, "
            f"longest {spent[-1]:7.1f} ms{missed}"
        )


if __name__ == "__main__":
    main()
