"""What follows a run that nobody watched: its findings go to the project, its server is asked."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from spectr_desktop.audit import recovery
from spectr_desktop.records.grades import Severity
from spectr_desktop.records.server import ServerState
from spectr_desktop.store import stored_runs

if TYPE_CHECKING:
    from spectr_desktop.audit.session import Session
    from spectr_desktop.providers.base import Provider

_STATE_PATIENCE_S = 3.0
_WORDS = {
    ServerState.IDLE: "The server is idle.",
    ServerState.READING: "The server is still reading the prompt.",
    ServerState.WORKING: "The server is still working.",
    ServerState.UNKNOWN: "What the server does now is unknown.",
}


async def server_sentence(provider: Provider) -> str:
    """What the server does after Stop, if it says so at once."""
    try:
        async with asyncio.timeout(_STATE_PATIENCE_S):
            state = await provider.state()
    except TimeoutError:
        state = ServerState.UNKNOWN
    return _WORDS[state]


async def give_to_project(session: Session) -> int:
    """The project gets what the run has found, so that the window shows it there.

    Returns:
        How many findings and leads it got; 0 too where the run itself could not be kept.

    Raises:
        SpectrError: they cannot be written.
    """
    if session.unsaved is not None:
        return 0
    run = session.plan.header.id
    return await asyncio.to_thread(lambda: recovery.record(stored_runs.read_run(run)))


def has_finding(session: Session, severity: Severity) -> bool:
    """Whether a finding, not a lead, is that bad or worse."""
    order = list(Severity)
    return any(
        finding.severity is not None and order.index(finding.severity) <= order.index(severity)
        for finding in session.findings.findings()
        if not finding.is_lead
    )
