"""Programs are killed at random moments, and all that they had shown is kept."""

from __future__ import annotations

import random
import signal
from typing import TYPE_CHECKING

import pytest

from spectr_desktop.records.run import Outcome
from tests.e2e.killing import (
    Shown,
    command_line,
    driver,
    endless_server,
    killed,
    rest,
    survived,
    window,
)
from tests.servers.ollama_server import OllamaServer
from tests.servers.script import Gate, Request, Script
from tests.servers.scripted import ThreadedServer
from tests.servers.streams import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_KILLS = 20
_KINDS = {"command line": command_line, "window": window}


@pytest.fixture(scope="module")
def endless() -> Iterator[OllamaServer]:
    server = endless_server()
    with ThreadedServer(server):
        yield server


@pytest.fixture
def seed() -> int:
    """Printed, so that a failure can be repeated."""
    chosen = random.SystemRandom().randrange(2**32)
    print(f"seed {chosen}")  # noqa: T201
    return chosen


@pytest.mark.parametrize("number", range(_KILLS))
def test_killed_at_any_moment_nothing_that_was_shown_is_lost(
    number: int, endless: OllamaServer, home: Path, vault: Path, seed: int
) -> None:
    start = list(_KINDS.values())[number % 2]
    shown = killed(start(endless, home, vault), seed)
    survived(home, shown)


class Holding(OllamaServer):
    """Holds the answer to the first request where it is told, and always the second one.

    Without that the run could end in the very batch whose events are shown.
    """

    def __init__(self, where: str) -> None:
        super().__init__(Answer(text="Fine, all of it.", natural=True, seed=None))
        self._where = where
        self.routes["POST", self.generating] = self._held

    def _held(self, request: Request) -> Script:
        if self.generates(request):
            first = self.generations == 1
            self.answer.before = Gate() if not first or self._where == "before" else None
            self.answer.within = Gate() if self._where == "within" else None
        return self._chat(request)


@pytest.mark.parametrize(
    ("event", "where", "first"),
    [
        (("phase", "connecting"), "before", Outcome.INTERRUPTED),
        (("phase", "loading"), "before", Outcome.INTERRUPTED),
        (("phase", "reading"), "before", Outcome.INTERRUPTED),
        (("phase", "writing"), "within", Outcome.INTERRUPTED),
        (("text_delta",), "within", Outcome.INTERRUPTED),
        (("cell_outcome",), "", Outcome.COMPLETE),
    ],
)
def test_killed_at_the_instant_of_an_event(
    event: tuple[str, ...], where: str, first: Outcome, home: Path
) -> None:
    server = Holding(where)
    with ThreadedServer(server):
        child = driver("killed_session", server.base_url, *event, home=home)
        shown = rest(child)
    assert child.returncode == -signal.SIGKILL
    assert [value for value in shown.events[-1].values() if value in event] == [*event]
    (run,) = survived(home, shown)
    assert run.result.cells[0].outcome is first
    assert run.result.cells[1].outcome in (Outcome.NOT_SENT, Outcome.INTERRUPTED)


def test_killed_while_another_program_runs_at_the_same_home(
    endless: OllamaServer, home: Path, vault: Path, seed: int
) -> None:
    other_server = endless_server()
    with ThreadedServer(other_server):
        one, other = command_line(endless, home, vault), window(other_server, home, vault)
        shown = [killed(one, seed), killed(other, seed + 1)]
    runs = survived(home, Shown(seed))
    texts = ["".join(run.result.texts.values()) for run in runs]
    for each in shown:
        assert not each.text or any(text.startswith(each.text) for text in texts)
