"""Runs that a killed program has left, and how their card in the window is read and answered."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QAbstractButton, QLabel

from spectr_desktop import paths
from spectr_desktop.audit import compose
from spectr_desktop.records.events import CellFinished, RunEntry, RunFinished, TextDelta
from spectr_desktop.records.run import Outcome
from spectr_desktop.records.server import ModelInfo, ServerConfig
from spectr_desktop.records.source import source_file
from spectr_desktop.store.journal import Journal
from tests.ui.conftest import SOURCE
from tests.ui.driving import child, idle, press

if TYPE_CHECKING:
    from pathlib import Path

    from spectr_desktop.audit.plan import RunPlan
    from spectr_desktop.ui.change_bar import ChangeBar
    from spectr_desktop.ui.main_window import MainWindow
    from tests.servers.model_server import ModelServer

FOUND = (
    "## [High] Anybody withdraws\n\n"
    "```solidity\nfunction withdraw() external {}\n```\n\n"
    "Nobody is asked who they are.\n"
)
FIRST_PART = FOUND + "\n## [Low] An unfin"


def planned(
    server: ModelServer,
    path: Path,
    *,
    provider: str = "ollama",
    model: str = "smollm2:latest",
    text: str = SOURCE,
    root: str | None = None,
    limits: compose.Limits | None = None,
) -> RunPlan:
    """What a window would have asked of a server about a file."""
    asked = compose.connect(ServerConfig(provider, server.base_url))
    folder = str(path.parent) if root is None else root
    return compose.plan_run(
        [source_file(path.name, text)],
        ModelInfo(model, context=8192),
        asked,
        limits or compose.Limits(),
        None,
        None,
        folder,
    )


async def left(plan: RunPlan, text: str = FIRST_PART) -> str:
    """A run whose program was killed after this text; its id."""
    journal = Journal(plan.header)
    journal.write([RunEntry(61_000, plan.header.cells[0].id, TextDelta(text))])
    await journal.close()
    return plan.header.id


async def ended(plan: RunPlan, text: str = FOUND) -> str:
    """A run that is complete; its id."""
    journal = Journal(plan.header)
    cell = plan.header.cells[0].id
    journal.write(
        [
            RunEntry(1, cell, TextDelta(text)),
            RunEntry(2, cell, CellFinished(Outcome.COMPLETE)),
            RunEntry(2, "", RunFinished(Outcome.COMPLETE)),
        ]
    )
    await journal.close()
    return plan.header.id


def journal_of(run: str) -> Path:
    """The file of a run."""
    return paths.runs() / run / "journal.jsonl"


def report_bar(window: MainWindow) -> ChangeBar:
    """The bar above the report."""
    return window.report.offers


def said(bar: ChangeBar) -> str:
    """What a bar says, "" for nothing."""
    label = child(bar, QLabel, "changeSentence")
    return "" if bar.isHidden() else label.text()


def offered(bar: ChangeBar) -> list[str]:
    """The answers that a bar offers, in order."""
    if bar.isHidden():
        return []
    buttons = bar._all_buttons()
    return [button.objectName().removeprefix("change_") for button in buttons]


async def answered(window: MainWindow, bar: ChangeBar, key: str) -> None:
    """Press an answer and wait until nothing happens any more."""
    press(child(bar, QAbstractButton, f"change_{key}"))
    await idle(window)


async def listed(window: MainWindow) -> None:
    """Return once the history has looked at all runs and shows them."""
    history = window.keeping.history
    looked: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def told(done: int, total: int, changed: bool) -> None:
        history._on_refreshed(done, total, changed)
        if done == total and not looked.done():
            looked.set_result(None)

    history._thread.refresh(told)
    await looked
    await idle(window)
