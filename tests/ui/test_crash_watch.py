from __future__ import annotations

import asyncio
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QThread

from spectr_desktop.ui.crash_watch import Crash, CrashWatch
from tests.ui.driving import signal_future, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QApplication


class _Seen(list[tuple[Crash, bool]]):
    """What a listener was told, and in which threads."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: set[QThread] = set()

    def tell(self, crash: Crash, first: bool) -> None:
        self.append((crash, first))
        self.threads.add(QThread.currentThread())


@pytest.fixture
def watch(qapp: QApplication) -> Iterator[CrashWatch]:
    watch = CrashWatch()
    yield watch
    watch.uninstall()
    watch.deleteLater()


def _error(kind: type[Exception] = ValueError) -> Exception:
    try:
        raise kind("sk-ant-SECRET-0123456789")
    except kind as error:
        return error


async def test_each_place_is_first_once(watch: CrashWatch) -> None:
    seen = _Seen()
    watch.tell(seen.tell)
    for kind in (ValueError, ValueError, TypeError, ValueError):
        told = signal_future(watch.crashed)
        watch.take(_error(kind), "a test")
        assert not told.done()  # never at once
        await told
    assert [first for _, first in seen] == [True, False, True, False]
    assert [crash.kind for crash, _ in seen] == [
        "ValueError",
        "ValueError",
        "TypeError",
        "ValueError",
    ]
    assert "SECRET" not in str(seen).replace('sk-ant-SECRET-0123456789")\\n', "")


async def test_threads_are_told_in_the_gui_thread(watch: CrashWatch) -> None:
    seen = _Seen()
    watch.tell(seen.tell)
    watch.install()

    def fail() -> None:
        raise ValueError

    threads = [threading.Thread(target=fail) for _ in range(4)]
    for thread in threads:
        thread.start()
    await until(lambda: len(seen) == 4, watch.crashed)
    for thread in threads:
        thread.join()
    assert seen.threads == {QThread.currentThread()}
    assert sorted(first for _, first in seen) == [False, False, False, True]


async def test_who_comes_later_hears_of_what_was_before(watch: CrashWatch) -> None:
    watch.take(_error(), "a test")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    seen = _Seen()
    told = signal_future(watch.crashed)
    watch.tell(seen.tell)
    await told
    assert [first for _, first in seen] == [True]


async def test_the_loop_is_heard(watch: CrashWatch, caplog: pytest.LogCaptureFixture) -> None:
    watch.tell(_Seen().tell)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(watch.on_loop_error)

    def fail() -> None:
        raise ZeroDivisionError

    told = signal_future(watch.crashed)
    loop.call_soon(fail)
    ((crash, first),) = [await told]
    assert (crash.kind, first) == ("ZeroDivisionError", True)
    loop.call_exception_handler({"message": "Odd end of <Task 'contract Vault'>"})
    assert "the loop says: Odd end of " in caplog.text
    assert "Vault" not in caplog.text
    loop.set_exception_handler(None)


async def test_an_error_that_cannot_be_told_comes_back_never(
    watch: CrashWatch, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    watch.install()

    def broken(_told: BaseException) -> str:
        error = _error(KeyError)
        sys.excepthook(type(error), error, error.__traceback__)
        raise error

    monkeypatch.setattr("spectr_desktop.logs.told", broken)
    watch.take(_error(), "a test")
    assert caplog.text.count("could not be told: ValueError") == 1


async def test_a_listener_that_crashes_is_logged_and_not_told_of_itself(
    watch: CrashWatch, caplog: pytest.LogCaptureFixture
) -> None:
    calls = 0

    def broken(_crash: Crash, _first: bool) -> None:
        nonlocal calls
        calls += 1
        raise KeyError

    watch.install()
    watch.tell(broken)
    for expected in (1, 2):
        told = signal_future(watch.crashed)
        watch.take(_error(), "a test")
        await told
        for _ in range(5):
            await asyncio.sleep(0)
        assert calls == expected
    assert "unexpected error in a slot or an event\nKeyError" in caplog.text


def test_the_end_of_the_program_passes(
    watch: CrashWatch, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    passed: list[type[BaseException]] = []
    monkeypatch.setattr(sys, "__excepthook__", lambda kind, *_: passed.append(kind))
    watch.install()
    for error in (KeyboardInterrupt(), SystemExit(3)):
        sys.excepthook(type(error), error, None)
    assert passed == [KeyboardInterrupt, SystemExit]
    assert caplog.text == ""


def test_the_hooks_are_given_back(watch: CrashWatch) -> None:
    before = sys.excepthook, threading.excepthook, sys.unraisablehook
    watch.install()
    assert sys.excepthook is not before[0]
    watch.uninstall()
    watch.uninstall()
    assert (sys.excepthook, threading.excepthook, sys.unraisablehook) == before
