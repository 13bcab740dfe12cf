from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QObject
from PySide6.QtTest import QSignalSpy

from spectr_desktop.audit.findings_book import FindingsBook
from spectr_desktop.errors import SpectrError
from spectr_desktop.records.findings import Texts
from spectr_desktop.store.decisions import project_path
from spectr_desktop.ui.settling import Settling
from spectr_desktop.ui.tasks import TaskOwner
from tests.ui.driving import signal_future

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot


@pytest.fixture
def settling(qtbot: QtBot) -> Iterator[Settling]:
    parent = QObject()
    yield Settling(TaskOwner(lambda error: pytest.fail(str(error))), parent)
    parent.deleteLater()


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The descriptors that were brought to the disk."""
    seen: list[int] = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        seen.append(descriptor)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    return seen


def book(root: Path) -> FindingsBook:
    made = FindingsBook()
    made.open(root, "A.sol", "contract A {}\n")
    return made


def write(to: FindingsBook) -> None:
    to.write_finding(Texts("Mine"), None, "A.sol", 1, 1)


async def test_what_was_decided_is_brought_to_the_disk(
    settling: Settling, synced: list[int], tmp_path: Path
) -> None:
    made = book(tmp_path)
    settling.watch(made)
    assert not settling.timer.isActive()  # there is nothing
    write(made)
    settling.watch(made)
    settling.watch(made)
    assert settling.timer.isActive()
    before = len(synced)
    tried = signal_future(settling.tried)
    settling.timer.timeout.emit()
    await tried
    assert len(synced) == before + 1
    assert not settling.timer.isActive()
    assert not made.unsettled


async def test_a_disk_that_comes_back_is_written_and_told(
    settling: Settling, tmp_path: Path
) -> None:
    told = QSignalSpy(settling.settled)
    made = book(tmp_path)
    folder = project_path(tmp_path)
    folder.parent.mkdir(parents=True)
    folder.write_text("in the way")
    with pytest.raises(SpectrError, match="cannot be saved"):
        write(made)
    settling.watch(made)
    for _ in range(2):
        await settling.settle()
        assert settling.timer.isActive()
    assert told.count() == 0
    folder.unlink()
    await settling.settle()
    assert told.count() == 1
    assert not settling.timer.isActive()
    assert [one.texts.title for one in book(tmp_path).findings()] == ["Mine"]


async def test_the_book_of_a_project_that_was_closed_is_settled_too(
    settling: Settling, tmp_path: Path
) -> None:
    books = [book(tmp_path / name) for name in ("a", "b")]
    for each in books:
        write(each)
        settling.watch(each)
    await settling.settle()
    assert not any(each.unsettled for each in books)
