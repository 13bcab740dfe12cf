from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from spectr_desktop.audit import history_thread
from spectr_desktop.audit.history_thread import HistoryThread
from spectr_desktop.audit.run_history import RunHistory
from spectr_desktop.records.history import Wanted
from spectr_desktop.store import trash
from spectr_desktop.store.stored_runs import RunsError
from tests.history_samples import keep_run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def thread() -> AsyncIterator[HistoryThread]:
    made = HistoryThread()
    yield made
    await made.close()
    assert "history" not in [each.name for each in threading.enumerate()]


async def refreshed(thread: HistoryThread) -> list[tuple[int, int, bool]]:
    """Refresh to the end; what was told."""
    steps: list[tuple[int, int, bool]] = []
    over = asyncio.Event()

    def told(done: int, total: int, changed: bool) -> None:
        steps.append((done, total, changed))
        if done == total:
            over.set()

    thread.refresh(told)
    await over.wait()
    return steps


async def test_calls_are_answered_in_their_own_thread(thread: HistoryThread) -> None:
    one = keep_run()
    names = await thread.call(lambda _history: threading.current_thread().name)
    assert names == "history"
    assert await refreshed(thread) == [(0, 1, True), (1, 1, True)]
    page = await thread.call(lambda history: history.search(Wanted()))
    assert [row.id for row in page.rows] == [one]
    assert await refreshed(thread) == [(0, 0, False)]


async def test_what_a_call_raises_comes_back(thread: HistoryThread) -> None:
    with pytest.raises(RunsError):
        await thread.call(lambda history: history.open("gone"))
    assert await thread.call(lambda _history: 7) == 7


async def test_a_search_does_not_wait_for_the_end_of_a_refresh(thread: HistoryThread) -> None:
    for number in range(5):
        keep_run(number)
    counts: list[int] = []
    over = asyncio.Event()
    found: list[asyncio.Task[int]] = []

    async def count() -> int:
        return await thread.call(lambda history: history.search(Wanted()).total)

    def told(done: int, total: int, _changed: bool) -> None:
        counts.append(done)
        if done == 1:
            found.append(asyncio.get_running_loop().create_task(count()))
        if done == total:
            over.set()

    gate, reached = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold(history: RunHistory) -> None:
        """The refresh is held after its first run, so that the search comes in between."""
        steps = history.refreshing()

        def refreshing() -> object:
            yield next(steps)
            yield next(steps)
            loop.call_soon_threadsafe(reached.set)
            gate.wait()
            yield from steps

        history.refreshing = refreshing  # type: ignore[method-assign]

    await thread.call(hold)
    thread.refresh(told)
    await reached.wait()
    gate.set()
    await over.wait()
    assert 0 < await found[0] <= 5
    assert counts[-1] == 5


async def test_a_second_refresh_begins_anew(thread: HistoryThread) -> None:
    keep_run(1)
    thread.refresh(lambda *_: None)
    keep_run(2)
    assert (await refreshed(thread))[-1][0] > 0
    page = await thread.call(lambda history: history.search(Wanted()))
    assert page.total == 2


async def test_a_refresh_that_fails_is_logged_and_over(
    thread: HistoryThread, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_history: RunHistory) -> object:
        raise ValueError("a mistake")
        yield

    monkeypatch.setattr(RunHistory, "refreshing", fails)
    assert await refreshed(thread) == [(0, 0, False)]
    assert "could not be refreshed" in caplog.text
    assert await thread.call(lambda _history: 7) == 7


async def test_the_end_deletes_for_good_and_gives_up_what_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    thread = HistoryThread()
    run = keep_run()
    await thread.call(lambda history: history.delete([run]))
    held, go = threading.Event(), threading.Event()

    def hold(_history: RunHistory) -> None:
        held.set()
        go.wait()

    loop = asyncio.get_running_loop()
    first = loop.create_task(thread.call(hold))
    await asyncio.to_thread(held.wait)
    second = loop.create_task(thread.call(lambda _history: 7))
    await asyncio.sleep(0)
    closing = loop.create_task(thread.close())
    again = loop.create_task(thread.close())
    await asyncio.sleep(0)
    go.set()
    await asyncio.gather(closing, again)
    await first
    with pytest.raises(asyncio.CancelledError):
        await second
    assert trash.put_aside() == []


async def test_a_thread_that_was_never_needed_is_closed_at_once() -> None:
    thread = HistoryThread()
    await thread.close()
    assert "history" not in [each.name for each in threading.enumerate()]


async def test_what_the_dead_left_is_swept_when_it_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    swept: list[str] = []
    monkeypatch.setattr(history_thread.RunHistory, "sweep", lambda _self: swept.append("swept"))
    thread = HistoryThread()
    await thread.call(lambda _history: swept.append("called"))
    await thread.close()
    assert swept == ["swept", "called"]
