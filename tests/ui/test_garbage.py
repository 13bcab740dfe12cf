from __future__ import annotations

import gc
import threading
import weakref
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QObject

from spectr_desktop.ui.garbage import GuiThreadCollector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot


class _Cycle:
    def __init__(self, threads: list[int]) -> None:
        self.itself = self
        weakref.finalize(self, lambda: threads.append(threading.get_ident()))


@pytest.fixture
def collector(qtbot: QtBot) -> Iterator[GuiThreadCollector]:
    parent = QObject()
    collector = GuiThreadCollector(parent)
    yield collector
    collector.stop()


def _litter(count: int) -> list[list[int]]:
    return [[number] for number in range(count)]


def test_another_thread_collects_nothing(collector: GuiThreadCollector) -> None:
    died: list[int] = []
    _Cycle(died)
    thread = threading.Thread(target=_litter, args=(50_000,))
    thread.start()
    thread.join()
    assert not died


def test_the_timer_collects_on_its_own_thread(collector: GuiThreadCollector) -> None:
    died: list[int] = []
    _Cycle(died)
    kept = _litter(50_000)
    collector.collect()
    assert died == [threading.get_ident()]
    assert len(kept) == 50_000


def test_without_litter_nothing_is_done(
    collector: GuiThreadCollector, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[int] = []
    monkeypatch.setattr(gc, "get_count", lambda: (0, 0, 0))
    monkeypatch.setattr(gc, "collect", done.append)
    collector.collect()
    assert not done


def test_at_the_end_the_interpreter_collects_again(collector: GuiThreadCollector) -> None:
    assert not gc.isenabled()
    collector.stop()
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
