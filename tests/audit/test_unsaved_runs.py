from __future__ import annotations

from typing import TYPE_CHECKING

from spectr_desktop.audit.unsaved_runs import UnsavedRun, UnsavedRuns
from spectr_desktop.store.journal import Journal
from tests.run_samples import header

if TYPE_CHECKING:
    from pathlib import Path


async def test_only_what_is_over_and_not_saved_is_named(tmp_path: Path) -> None:
    (tmp_path / "occupied").write_text("a file where the folder should be")
    lost, safe = Journal(header(), tmp_path / "occupied"), Journal(header(), tmp_path / "runs")
    unsaved = UnsavedRuns()
    unsaved.add("Lost.sol", lost)
    unsaved.add("Safe.sol", safe)
    assert unsaved.runs() == []
    await safe.close()
    await lost.close()
    assert lost.error is not None
    assert unsaved.runs() == [UnsavedRun("Lost.sol", lost.folder, lost.error.message)]
    await unsaved.abandon()
    assert unsaved.runs() == []
    assert lost.is_safe
    assert not lost.path.exists()


async def test_what_is_saved_after_the_end_is_named_no_longer(tmp_path: Path) -> None:
    place = tmp_path / "runs"
    place.write_text("a file where the folder should be")
    journal, unsaved = Journal(header(), place), UnsavedRuns()
    unsaved.add("Vault.sol", journal)
    await journal.close()
    assert len(unsaved.runs()) == 1
    place.unlink()
    await unsaved.abandon()  # the last try
    assert journal.saved
    assert journal.path.is_file()
