from __future__ import annotations

import asyncio

import pytest

from spectr_desktop.ui.tasks import TaskOwner


@pytest.fixture
def errors() -> list[BaseException]:
    return []


@pytest.fixture
def owner(errors: list[BaseException]) -> TaskOwner:
    return TaskOwner(errors.append)


async def test_a_task_runs_under_its_name(owner: TaskOwner, errors: list[BaseException]) -> None:
    async def work() -> str:
        return "done"

    task = owner.start(work(), "work")
    assert task.get_name() == "work"
    assert await task == "done"
    await owner.close()
    assert errors == []


async def test_an_exception_is_told_and_logged(
    owner: TaskOwner, errors: list[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> None:
        raise ZeroDivisionError("by zero")

    await asyncio.wait({owner.start(fail(), "division")})
    await asyncio.sleep(0)  # the task's own callback runs after ours
    assert [type(error) for error in errors] == [ZeroDivisionError]
    assert "task division failed" in caplog.text


async def test_close_cancels_each_task_once_and_waits(
    owner: TaskOwner, errors: list[BaseException]
) -> None:
    cancelled: list[str] = []

    async def hang(name: str) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)  # a second cancel would arrive here
            cancelled.append(name)
            raise

    tasks = [owner.start(hang(name), name) for name in ("one", "two")]
    await asyncio.sleep(0)
    await owner.close()
    assert all(task.cancelled() for task in tasks)
    assert sorted(cancelled) == ["one", "two"]
    assert errors == []


async def test_a_task_may_close_its_own_owner(owner: TaskOwner) -> None:
    task = owner.start(owner.close(), "shut down")
    await task
    assert not task.cancelled()
