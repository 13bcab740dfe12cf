from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from spectr_desktop import paths
from spectr_desktop.providers import turns
from spectr_desktop.providers.turns import Turns
from spectr_desktop.records.events import Queued, StreamEvent, TextDelta

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

_TEXT = TextDelta("text")
_OTHER = """
import asyncio, sys
from spectr_desktop.providers.turns import Turns

async def held():
    sys.stdout.write("begun\\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    yield None

async def main():
    async for _ in Turns("a", 1).in_turn(held):
        pass

asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_POLL_S", 0.001)


class Work:
    """A generation that goes on until the test lets it end."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.over = asyncio.Event()
        self.events: list[StreamEvent] = []
        self.task: asyncio.Task[None] | None = None

    async def generate(self) -> AsyncGenerator[StreamEvent, None]:
        self.begun.set()
        await self.over.wait()
        yield _TEXT

    async def run(self, line: Turns) -> None:
        async with contextlib.aclosing(line.in_turn(self.generate)) as events:
            async for event in events:
                self.events.append(event)

    async def start(self, line: Turns, *, waits: int = 0) -> None:
        """Start it; return when it has begun, or stands in the queue."""
        self.task = asyncio.create_task(self.run(line))
        while not self.begun.is_set() and Queued(waits) not in self.events:  # noqa: ASYNC110
            await asyncio.sleep(0.001)

    async def end(self) -> None:
        assert self.task is not None
        self.over.set()
        await self.task


def tickets() -> list[Path]:
    return sorted((paths.data() / "turns").glob("*/*"))


async def test_one_at_a_time_in_the_order_of_coming() -> None:
    line = Turns("a", 1)
    first, second, third = Work(), Work(), Work()
    await first.start(line)
    await second.start(line, waits=1)
    await third.start(Turns("a", 1), waits=2)
    assert not second.begun.is_set()
    await first.end()
    await second.begun.wait()
    assert not third.begun.is_set()
    await second.end()
    await third.end()
    assert first.events == [_TEXT]
    assert second.events == [Queued(1), Queued(0), _TEXT]
    assert third.events == [Queued(2), Queued(1), Queued(0), _TEXT]
    assert tickets() == []


async def test_a_server_that_answers_two_is_asked_by_two() -> None:
    line = Turns("a", 2)
    first, second, third, other = Work(), Work(), Work(), Work()
    await first.start(line)
    await second.start(line)
    await third.start(line, waits=1)
    await other.start(Turns("b", 1))
    for work in (second, first, third, other):
        await work.end()
    assert third.events[:2] == [Queued(1), Queued(0)]


async def test_who_leaves_the_queue_holds_nobody_up() -> None:
    line = Turns("a", 1)
    first, second, third = Work(), Work(), Work()
    await first.start(line)
    await second.start(line, waits=1)
    await third.start(line, waits=2)
    assert second.task is not None
    second.task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await second.task
    await first.end()
    await third.end()
    assert tickets() == []


@pytest.mark.parametrize("killed", [True, False])
async def test_programs_share_the_queue_and_a_killed_one_leaves_it(
    killed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", _OTHER]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:  # noqa: ASYNC220
        assert process.stdout is not None
        assert await asyncio.to_thread(process.stdout.readline) == b"begun\n"
        work = Work()
        await work.start(Turns("a", 1), waits=1)
        assert not work.begun.is_set()
        if killed:
            process.kill()
            monkeypatch.setattr(turns, "_YOUNG_NS", 0)
        process.communicate()
    await work.end()
    assert work.events == [Queued(1), Queued(0), _TEXT]
    assert tickets() == []


async def test_a_ticket_that_is_just_being_drawn_counts() -> None:
    line = Turns("a", 1)
    folder = paths.private_folder(line._folder)
    young = folder / f"{time.time_ns():020}-1-0.ticket"
    young.touch()
    (folder / "notes.txt").write_text("not ours")
    work = Work()
    await work.start(line, waits=1)
    young.unlink()
    await work.end()
    assert [path.name for path in tickets()] == ["notes.txt"]


async def test_without_a_place_there_is_no_queue(caplog: pytest.LogCaptureFixture) -> None:
    (paths.data().parent).mkdir(exist_ok=True)
    paths.data().write_text("a file where the folder should be")
    work = Work()
    await work.start(Turns("a", 1))
    await work.end()
    assert work.events == [_TEXT]
    assert "no queue" in caplog.text


async def test_a_folder_that_vanishes_stops_nobody() -> None:
    line = Turns("a", 1)
    first, second = Work(), Work()
    await first.start(line)
    for path in tickets():
        os.unlink(path)  # noqa: PTH108
    await second.start(line)
    await first.end()
    await second.end()
