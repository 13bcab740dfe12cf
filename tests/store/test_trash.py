from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from spectr_desktop import paths
from spectr_desktop.locks import lock
from spectr_desktop.store import trash
from spectr_desktop.store.stored_runs import RunsError, run_ids
from spectr_desktop.store.trash import Trash
from tests.history_samples import keep_run

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def bin_() -> Iterator[Trash]:
    made = Trash()
    yield made
    made.close()


def test_deleted_runs_come_back_as_they_were(bin_: Trash) -> None:
    one, two, three = keep_run(1), keep_run(2), keep_run(3)
    raw = (paths.runs() / one / "journal.jsonl").read_bytes()
    token = bin_.delete([one, two])
    assert run_ids() == [three]
    assert [folder.name for folder in trash.put_aside()] == [one, two]
    assert bin_.restore(token) == [one, two]
    assert run_ids() == [three, two, one]
    assert (paths.runs() / one / "journal.jsonl").read_bytes() == raw
    assert trash.put_aside() == []


def test_deletions_come_back_apart(bin_: Trash) -> None:
    one, two = keep_run(1), keep_run(2)
    first, second = bin_.delete([one]), bin_.delete([two])
    assert bin_.restore(first) == [one]
    assert bin_.restore(second) == [two]
    with pytest.raises(RunsError, match="cannot be brought back") as error:
        bin_.restore(second)
    assert error.value.code == "undo_failed"


def test_a_run_that_is_being_written_stays_and_so_do_the_others(bin_: Trash) -> None:
    one, two = keep_run(1), keep_run(2)
    descriptor = os.open(paths.runs() / two / "journal.jsonl", os.O_RDWR)
    lock(descriptor, wait=True)
    with pytest.raises(RunsError, match="still being written"):
        bin_.delete([one, two])
    os.close(descriptor)
    assert run_ids() == [two, one]


def test_what_cannot_be_moved_stays_and_so_do_the_others(
    bin_: Trash, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = keep_run(1), keep_run(2)
    rename = type(paths.runs()).rename

    def fails(self: object, target: object) -> object:
        if str(self).endswith(two):
            raise PermissionError(13, "Permission denied")
        return rename(self, target)  # type: ignore[arg-type]

    monkeypatch.setattr(type(paths.runs()), "rename", fails)
    with pytest.raises(RunsError, match="Nothing was deleted"):
        bin_.delete([one, two])
    assert run_ids() == [two, one]


def test_a_run_that_is_gone_is_no_error(bin_: Trash) -> None:
    one = keep_run(1)
    token = bin_.delete([one, "20200101T000000Z-000000"])
    assert bin_.restore(token) == [one]


def test_no_place_is_a_sentence(bin_: Trash) -> None:
    one = keep_run(1)
    trash.deleted().write_text("")
    with pytest.raises(RunsError, match="Nothing was deleted"):
        bin_.delete([one])
    assert run_ids() == [one]


def test_an_orderly_end_deletes_for_good() -> None:
    made = Trash()
    made.close()
    assert not trash.deleted().exists()
    made.delete([keep_run(1)])
    assert stat.S_IMODE(trash.deleted().stat().st_mode) == 0o700
    made.close()
    assert list(trash.deleted().iterdir()) == []
    made.delete([keep_run(2)])  # it can be used again
    made.close()


def test_what_the_dead_have_left_is_swept_and_nothing_else(bin_: Trash) -> None:
    one, two = keep_run(1), keep_run(2)
    token = bin_.delete([one])
    dead = Trash()
    dead.delete([two])
    os.close(dead._lock)  # as the system does when a program dies
    stray = paths.private_folder(trash.deleted() / "abc" / "def")
    trash.sweep()
    assert [folder.name for folder in trash.put_aside()] == [one]
    assert not stray.exists()
    assert len(list(trash.deleted().iterdir())) == 2  # a folder and its lock
    assert bin_.restore(token) == [one]
