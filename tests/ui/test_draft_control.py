# ruff: noqa: ASYNC240  # the files are small and the test's own
from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QTableView, QToolButton

from spectr_desktop import paths
from spectr_desktop.store.drafts import Draft, Drafts, digest
from spectr_desktop.ui.diff_dialog import DiffDialog
from spectr_desktop.ui.draft_control import DraftControl
from tests.ui.driving import answer, child, opened, press, signal_future
from tests.ui.edited_file import EditedFile, HandTimer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from spectr_desktop.errors import SpectrError
    from spectr_desktop.ui.theme import Theme

_ROOT = Path(__file__).parents[2]
_SOURCE = "contract Vault {}\n"
_THEN = "2026-01-02T09:30:00+00:00"


class _Desk(EditedFile):
    """The file with its drafts."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.drafts = DraftControl(
            self.editor, self.file, self.bar, self.tasks, theme, self, timer=HandTimer
        )
        self.problems: list[SpectrError] = []
        self.drafts.failed.connect(self.problems.append)
        self.quiet, self.longest = self.drafts._quiet, self.drafts._longest

    def type(self, text: str) -> None:
        QTest.keyClicks(self.editor, text)

    async def kept(self) -> None:
        assert isinstance(self.quiet, HandTimer)
        self.quiet.run_out()
        await self.settled()


@pytest.fixture
async def desk(theme: Theme) -> AsyncIterator[_Desk]:
    desk = _Desk(theme)
    desk.show()
    yield desk
    await desk.drafts.flush()
    await desk.settled()
    gone = signal_future(desk.destroyed)
    desk.deleteLater()
    await gone


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    path = tmp_path / "Vault & 'ü'.sol"
    path.write_bytes(_SOURCE.encode())
    return path


def _on_disk() -> list[str]:
    """The texts of all drafts, whoever has them."""
    files = (paths.data() / "drafts").glob("*.json")
    return sorted(Path(file).read_text() for file in files)


def _left(path: Path | str, text: str, base: str = _SOURCE) -> Draft:
    """A draft of a program that is dead."""
    drafts = Drafts()
    kept = drafts.write(
        Draft(str(path), "", "utf-8", "\n", digest(base) if path else "", _THEN, text)
    )
    drafts.close()
    return kept


async def _found_again(desk: _Desk) -> list[Draft]:
    """What the next start finds."""
    await desk.drafts.flush()
    drafts = Drafts()
    try:
        return list(drafts.found().drafts)
    finally:
        drafts.close()


def _sentence(desk: _Desk) -> str:
    return "" if desk.bar.isHidden() else child(desk.bar, QLabel, "changeSentence").text()


async def test_edits_are_kept_after_the_last_key(desk: _Desk, vault: Path) -> None:
    await desk.file.open(vault)
    assert not desk.quiet.isActive()
    desk.type("// x")
    assert _on_disk() == []
    await desk.kept()
    (draft,) = await _found_again(desk)
    assert (draft.path, draft.root) == (str(vault), str(vault.parent))
    assert (draft.text, draft.based_on) == ("// x" + _SOURCE, digest(_SOURCE))
    assert vault.read_bytes() == _SOURCE.encode()
    await desk.settled()


async def test_the_waits_are_short_enough(desk: _Desk) -> None:
    for clock, most in ((desk.quiet, 1000), (desk.longest, 5000)):
        assert clock.isSingleShot()
        assert 0 < clock.interval() < most
    await desk.settled()


async def test_who_types_on_and_on_is_kept_too(desk: _Desk, vault: Path) -> None:
    await desk.file.open(vault)
    desk.type("// x")
    assert isinstance(desk.longest, HandTimer)
    desk.longest.run_out()
    await asyncio.sleep(0)  # the task has begun
    desk.type("y")  # while it is written
    assert desk.longest.isActive()
    await desk.settled()
    (text,) = _on_disk()
    assert "// xcontract" in text
    await desk.kept()
    (text,) = _on_disk()
    assert "// xycontract" in text
    await desk.settled()


async def test_a_new_text_without_a_file_is_kept(desk: _Desk) -> None:
    desk.type("contract New {}")
    await desk.kept()
    (draft,) = await _found_again(desk)
    assert (draft.path, draft.root, draft.text) == ("", "", "contract New {}")
    await desk.settled()


async def test_saving_removes_the_draft(desk: _Desk, vault: Path) -> None:
    await desk.file.open(vault)
    desk.type("// x")
    await desk.kept()
    assert await desk.file.save()
    await desk.settled()
    assert _on_disk() == []
    desk.type("y")
    await desk.kept()
    assert len(_on_disk()) == 1
    await desk.settled()


async def test_undoing_everything_removes_the_draft(desk: _Desk, vault: Path) -> None:
    await desk.file.open(vault)
    desk.type("x")
    await desk.kept()
    desk.editor.undo()
    await desk.settled()
    assert _on_disk() == []
    await desk.settled()


async def test_typing_the_old_text_again_removes_the_draft(desk: _Desk, vault: Path) -> None:
    await desk.file.open(vault)
    desk.type("x")
    await desk.kept()
    cursor = desk.editor.textCursor()
    cursor.deletePreviousChar()
    assert desk.file.modified
    await desk.kept()
    assert _on_disk() == []
    await desk.settled()


async def test_undo_while_the_first_draft_is_written_leaves_none(desk: _Desk, vault: Path) -> None:
    await desk.file.open(vault)
    desk.type("x")
    assert isinstance(desk.quiet, HandTimer)
    desk.quiet.run_out()
    await asyncio.sleep(0)
    desk.editor.undo()
    await desk.settled()
    assert _on_disk() == []
    await desk.settled()


async def test_opening_another_file_after_discard_removes_the_draft(
    desk: _Desk, vault: Path, tmp_path: Path
) -> None:
    other = tmp_path / "Other.sol"
    other.write_text("other")
    await desk.file.open(vault)
    desk.type("x")
    await desk.kept()
    opening = desk.tasks.start(desk.file.open(other), "open")
    await answer(desk, "discard")
    await opening
    await desk.settled()
    assert _on_disk() == []
    await desk.settled()


@pytest.mark.parametrize(("key", "left"), [("discard", 0), ("cancel", 1), ("save", 0)], ids=str)
async def test_the_end_after_a_question(desk: _Desk, vault: Path, key: str, left: int) -> None:
    await desk.file.open(vault)
    desk.type("x")
    await desk.kept()
    closing = desk.tasks.start(desk.file.may_discard(), "close")
    await answer(desk, key)
    assert await closing is (key != "cancel")
    assert len(await _found_again(desk)) == left
    await desk.settled()


async def test_who_types_on_after_discard_keeps_what_they_type(desk: _Desk, vault: Path) -> None:
    await desk.file.open(vault)
    desk.type("x")
    closing = desk.tasks.start(desk.file.may_discard(), "close")
    await answer(desk, "discard")
    await closing
    desk.type("y")
    (draft,) = await _found_again(desk)
    assert draft.text == "xy" + _SOURCE
    await desk.settled()


async def test_the_end_without_a_question_keeps_the_last_key(desk: _Desk, vault: Path) -> None:
    await desk.file.open(vault)
    desk.type("// x")
    (draft,) = await _found_again(desk)  # no timer has run out
    assert draft.text == "// x" + _SOURCE
    await desk.settled()


async def test_a_full_disk_is_told_once_and_tried_again(
    desk: _Desk, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = paths.write_atomically

    def full(target: Path, raw: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(paths, "write_atomically", full)
    await desk.file.open(vault)
    for letter in "xyz":
        desk.type(letter)
        await desk.kept()
    assert [error.code for error in desk.problems] == ["draft_failed"]
    monkeypatch.setattr(paths, "write_atomically", real)
    assert isinstance(desk.longest, HandTimer)
    desk.longest.run_out()  # nobody has typed since
    await desk.settled()
    assert len(_on_disk()) == 1
    monkeypatch.setattr(paths, "write_atomically", full)
    desk.type("!")
    await desk.kept()
    assert len(desk.problems) == 2
    await desk.settled()


# -- the next start ---------------------------------------------------------------------------


async def test_a_draft_is_offered_and_put_back_as_one_edit(desk: _Desk, vault: Path) -> None:
    _left(vault, "// mine\n" + _SOURCE + "// end\n")
    await desk.drafts.offer_found()
    assert _sentence(desk).startswith(f"▲  Unsaved changes to {vault.name} from ")
    assert desk.answers() == ["open", "difference", "delete"]
    desk.answer("open")
    await desk.settled()
    assert desk.editor.text() == "// mine\n" + _SOURCE + "// end\n"
    assert desk.file.modified
    assert vault.read_bytes() == _SOURCE.encode()
    assert desk.bar.isHidden()
    desk.editor.undo()
    assert desk.editor.text() == _SOURCE
    assert not desk.file.modified
    await desk.settled()
    assert _on_disk() == []
    await desk.settled()


async def test_what_is_typed_after_it_was_put_back_stays_one_draft(
    desk: _Desk, vault: Path
) -> None:
    left = _left(vault, "// mine\n" + _SOURCE)
    (draft,) = await desk.drafts.found()
    assert await desk.drafts.restore(draft)
    desk.type("more ")
    await desk.kept()
    (draft,) = await _found_again(desk)
    assert (draft.id, draft.text) == (left.id, "// mine\nmore " + _SOURCE)
    await desk.settled()


async def test_edits_that_are_open_are_asked_for_first(
    desk: _Desk, vault: Path, tmp_path: Path
) -> None:
    other = tmp_path / "Other.sol"
    other.write_text("other")
    _left(vault, "mine")
    await desk.file.open(other)
    desk.type("x")
    await desk.kept()
    await desk.drafts.offer_found()
    desk.answer("open")
    await answer(desk, "cancel")
    await desk.settled()
    assert desk.editor.text() == "xother"
    assert len(_on_disk()) == 2
    assert desk.answers() == ["open", "difference", "delete"]
    desk.answer("open")
    await answer(desk, "discard")
    await desk.settled()
    (draft,) = await _found_again(desk)
    assert (draft.path, draft.text) == (str(vault), "mine")
    await desk.settled()


async def test_a_file_that_changed_meanwhile_is_said_to_have(desk: _Desk, vault: Path) -> None:
    _left(vault, "// mine\n" + _SOURCE)
    vault.write_text("// theirs\n" + _SOURCE)
    (draft,) = await desk.drafts.found()
    assert await desk.drafts.restore(draft)
    assert "was changed by another program after these edits" in _sentence(desk)
    desk.answer("difference")
    dialog = await opened(desk, DiffDialog)
    await desk.settled()
    rows = child(dialog, QTableView, "diffRows").model()
    texts = [rows.index(row, 0).data() for row in range(rows.rowCount())]
    assert texts[:2] == ["// theirs", "// mine"]
    dialog.reject()
    desk.editor.undo()
    assert desk.editor.text() == "// theirs\n" + _SOURCE
    await desk.settled()


async def test_the_draft_of_a_file_that_is_gone_brings_it_back(desk: _Desk, vault: Path) -> None:
    _left(vault, "mine\n")
    vault.unlink()
    (draft,) = await desk.drafts.found()
    assert await desk.drafts.restore(draft)
    assert (desk.file.name, desk.editor.text()) == (vault.name, "mine\n")
    assert desk.file.modified
    assert await desk.file.save()
    assert vault.read_bytes() == b"mine\n"
    await desk.settled()
    assert _on_disk() == []
    await desk.settled()


async def test_the_draft_of_a_new_text_has_no_file(desk: _Desk, vault: Path) -> None:
    await desk.file.open(vault)
    _left("", "contract New {}")
    await desk.drafts.offer_found()
    assert _sentence(desk).startswith("▲  Unsaved changes to a new file from ")
    desk.answer("open")
    await desk.settled()
    assert (desk.file.document, desk.file.name) == (None, "Untitled.sol")
    assert desk.editor.text() == "contract New {}"
    assert desk.file.modified
    await desk.settled()


@pytest.mark.parametrize("key", ["delete", "cancel"])
async def test_deleting_asks(desk: _Desk, vault: Path, key: str) -> None:
    _left(vault, "mine")
    await desk.drafts.offer_found()
    desk.answer("delete")
    assert vault.name in await answer(desk, key)
    await desk.settled()
    assert desk.bar.isHidden() is (key == "delete")
    assert len(_on_disk()) == (key == "cancel")
    await desk.settled()


async def test_a_closed_offer_comes_again_at_the_next_start(desk: _Desk, vault: Path) -> None:
    _left(vault, "mine")
    await desk.drafts.offer_found()
    press(child(desk.bar, QToolButton, "changeClose"))
    assert desk.bar.isHidden()
    (draft,) = await _found_again(desk)
    assert draft.text == "mine"
    await desk.settled()


async def test_damaged_drafts_are_said_to_be_so(desk: _Desk, vault: Path) -> None:
    torn = _left(vault, "mine, all of it")
    lost = _left(vault, "gone")
    folder = paths.data() / "drafts"
    file = folder / f"{torn.id}.json"
    file.write_bytes(file.read_bytes()[:-9])
    (folder / f"{lost.id}.json").write_bytes(b"?")
    await desk.drafts.offer_found()
    assert "The end of them may be lost." in _sentence(desk)
    assert [error.code for error in desk.problems] == ["draft_damaged"]
    desk.answer("open")
    await desk.settled()
    assert desk.editor.text() == "mine, al"
    await desk.settled()


# -- a real program ---------------------------------------------------------------------------

_PROGRAM = """
import asyncio, sys
from pathlib import Path
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from spectr_desktop.ui.draft_control import DraftControl
from spectr_desktop.ui.loop import WindowLoop
from spectr_desktop.ui.theme import Theme
from tests.ui.edited_file import EditedFile

async def main(app):
    window = EditedFile(Theme(app))
    drafts = DraftControl(
        window.editor, window.file, window.bar, window.tasks, window.theme, window
    )
    def tell():
        sys.stdout.write("kept\\n")
        sys.stdout.flush()
    drafts.kept.connect(tell)
    window.show()
    await window.file.open(Path(sys.argv[1]))
    QTest.keyClicks(window.editor, "// typed ")
    await asyncio.get_running_loop().create_future()

app = QApplication([])
app.setQuitOnLastWindowClosed(False)
with asyncio.Runner(loop_factory=lambda: WindowLoop(app)) as runner:
    runner.run(main(app))
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
async def test_the_edits_of_a_killed_program_are_found_by_the_next(
    desk: _Desk, vault: Path
) -> None:
    command = [sys.executable, "-c", _PROGRAM, str(vault)]
    with subprocess.Popen(  # noqa: ASYNC220
        command, cwd=_ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "kept\n"
        assert await desk.drafts.found() == []  # it still lives
        process.send_signal(signal.SIGKILL)
    await desk.drafts.offer_found()
    desk.answer("open")
    await desk.settled()
    assert desk.editor.text() == "// typed " + _SOURCE
    assert vault.read_text() == _SOURCE
    await desk.settled()
