"""A run of two requests that kills its own program at the instant at which an event is shown.

    python -m tests.e2e.killed_session BASE_URL EVENT [PHASE]

Shown are the events of the run, as the command line tells them.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from typing import TYPE_CHECKING

from spectr_desktop.audit import compose
from spectr_desktop.records.events import event_to_json
from spectr_desktop.records.server import ServerConfig
from tests.run_samples import plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectr_desktop.records.events import RunEntry


async def _main(base_url: str, event: str, phase: str) -> None:
    provider = compose.connect(ServerConfig("ollama", base_url))
    model = await compose.choose_model(provider, "")

    def show(entries: Sequence[RunEntry]) -> None:
        for entry in entries:
            line = {**event_to_json(entry.event), "t": entry.t, "cell": entry.cell}
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()
            if line["event"] == event and line.get("phase", "") == phase:
                os.kill(os.getpid(), signal.SIGKILL)

    session, error = compose.open_session(plan(cells=2, model=model), provider, show)
    assert error is None
    await session.run()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], sys.argv[2], (*sys.argv[3:], "")[0]))
