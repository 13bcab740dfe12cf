"""A run of three parts, as the command line leaves one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectr_desktop.audit import compose
from spectr_desktop.records.events import CellFinished, RunEntry, RunFinished, TextDelta
from spectr_desktop.records.run import Outcome
from spectr_desktop.records.server import ModelInfo, ServerConfig
from spectr_desktop.store.journal import Journal
from tests.audit.test_runs_in_parts import contract, report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectr_desktop.audit.plan import RunPlan

MODEL = ModelInfo("smollm2", context=4096)
FILES = [contract(name) for name in ("A", "B", "C")]
REPORTS = {f"{n}.quick": report(name) for n, name in enumerate("ABC", 1)}


def planned(base_url: str = "http://127.0.0.1:9", root: str = "") -> RunPlan:
    provider = compose.connect(ServerConfig("ollama", base_url))
    plan = compose.plan_run(FILES, MODEL, provider, compose.Limits(), None, None, root)
    assert [cell.id for cell in plan.header.cells] == [*REPORTS]
    return plan


async def ended(plan: RunPlan, texts: Mapping[str, str], cut: str = "") -> str:
    """A run that is on the disk; its id.

    Args:
        plan: of the run.
        texts: by cell.
        cut: the cell that was stopped; "" if the run is complete.
    """
    journal = Journal(plan.header)
    for cell, text in texts.items():
        outcome = Outcome.STOPPED if cell == cut else Outcome.COMPLETE
        journal.write(
            [RunEntry(1, cell, TextDelta(text)), RunEntry(2, cell, CellFinished(outcome))]
        )
    whole = Outcome.STOPPED if cut else Outcome.COMPLETE
    journal.write([RunEntry(3, "", RunFinished(whole))])
    await journal.close()
    return plan.header.id
