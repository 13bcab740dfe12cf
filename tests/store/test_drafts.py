from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from spectr_desktop import paths
from spectr_desktop.errors import SpectrError
from spectr_desktop.store.drafts import Draft, Drafts, digest, now

_ROOT = Path(__file__).parents[2]
_TEXT = "contract Vault {\n    // ä \U0001f600 \ud800 \u2028\n}\n"
_DRAFT = Draft("/p/Vault.sol", "/p", "utf-8-sig", "\r\n", digest("old"), now(), _TEXT)
_OTHER_PROGRAM = """
import sys
from spectr_desktop.store.drafts import Draft, Drafts
drafts = Drafts()
drafts.write(Draft("/p/A.sol", "/p", "utf-8", "\\n", "", "2026-01-01T00:00:00+00:00", "theirs"))
sys.stdout.write("kept")
sys.stdout.flush()
sys.stdin.read()
"""


@pytest.fixture
def folder(home: Path) -> Path:
    return home / "drafts"


def _left_behind(draft: Draft = _DRAFT) -> Draft:
    """A draft whose program is dead."""
    drafts = Drafts()
    kept = drafts.write(draft)
    drafts.close()
    return kept


def _only(folder: Path) -> Path:
    (file,) = folder.glob("*.json")
    return file


def test_a_draft_comes_back_character_for_character(folder: Path) -> None:
    kept = _left_behind()
    found = Drafts().found()
    assert found.drafts == (replace(_DRAFT, id=kept.id),)
    assert found.problems == ()


def test_only_the_user_may_read_it(folder: Path) -> None:
    _left_behind()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def test_the_same_draft_is_written_over(folder: Path) -> None:
    drafts = Drafts()
    kept = drafts.write(_DRAFT)
    again = drafts.write(replace(kept, text="more"))
    assert again.id == kept.id
    assert json.loads(_only(folder).read_bytes())["text"] == "more"
    drafts.delete(kept.id)
    assert list(folder.iterdir()) == []
    drafts.delete(kept.id)
    drafts.close()


def test_what_a_living_program_types_is_not_offered(folder: Path) -> None:
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", _OTHER_PROGRAM]
    with subprocess.Popen(command, cwd=_ROOT, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        assert process.stdout.read(4) == b"kept"
        assert Drafts().found().drafts == ()
        process.kill()
        process.wait()
        mine = Drafts()
        assert [draft.text for draft in mine.found().drafts] == ["theirs"]
    # Whoever found it has it from now on.
    assert Drafts().found().drafts == ()
    mine.close()
    assert [draft.text for draft in Drafts().found().drafts] == ["theirs"]


def test_own_drafts_are_not_offered_and_the_newest_comes_first(folder: Path) -> None:
    _left_behind(replace(_DRAFT, saved_at="2026-01-01T10:00:00+00:00", text="older"))
    _left_behind(replace(_DRAFT, saved_at="2026-01-02T09:00:00+00:00", text="newer"))
    drafts = Drafts()
    drafts.write(replace(_DRAFT, text="mine"))
    assert [draft.text for draft in drafts.found().drafts] == ["newer", "older"]
    assert drafts.found().drafts == ()
    drafts.close()


def test_locks_without_a_draft_are_swept(folder: Path) -> None:
    kept = _left_behind()
    (folder / f"{kept.id}.json").unlink()
    (folder / "notes.txt").write_text("not ours")
    assert Drafts().found().drafts == ()
    assert [file.name for file in folder.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("lost", range(1, 40))
def test_a_torn_draft_gives_what_is_left(folder: Path, lost: int) -> None:
    _left_behind()
    file = _only(folder)
    file.write_bytes(file.read_bytes()[:-lost])
    (draft,) = Drafts().found().drafts
    assert _TEXT.startswith(draft.text)
    assert len(_TEXT) - len(draft.text) <= lost
    assert (draft.path, draft.encoding, draft.newline) == ("/p/Vault.sol", "utf-8-sig", "\r\n")
    assert draft.damaged is (draft.text != _TEXT)


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (b'"root":"/p"', b'"root":7'),
        (b'"encoding":"utf-8-sig"', b'"encoding":"rot13"'),
        (b'"saved_at":"20', b'"saved_at":"x20'),
    ],
)
def test_wrong_facts_do_not_cost_the_text(folder: Path, good: bytes, bad: bytes) -> None:
    _left_behind()
    file = _only(folder)
    assert good in file.read_bytes()
    file.write_bytes(file.read_bytes().replace(good, bad))
    (draft,) = Drafts().found().drafts
    assert draft.text == _TEXT
    assert not draft.damaged


def test_a_text_that_is_not_what_was_kept_says_so(folder: Path) -> None:
    _left_behind()
    file = _only(folder)
    file.write_bytes(file.read_bytes().replace(b"contract", b"cont\x00act"))
    (draft,) = Drafts().found().drafts
    assert draft.text == _TEXT.replace("contract", "cont\0act")
    assert draft.damaged


def test_a_foreign_quote_ends_what_can_be_read(folder: Path) -> None:
    _left_behind()
    file = _only(folder)
    file.write_bytes(file.read_bytes().replace(b"Vault {", b'Vau"t {'))
    (draft,) = Drafts().found().drafts
    assert draft.text == "contract Vau"
    assert draft.damaged


@pytest.mark.parametrize("raw", [b"", b"[]", b'{"text": 7}', b"\xff\xfe", b"[" * 99_999])
def test_of_which_nothing_can_be_read_is_set_aside(folder: Path, raw: bytes) -> None:
    _left_behind()
    file = _only(folder)
    file.write_bytes(raw)
    found = Drafts().found()
    assert found.drafts == ()
    (problem,) = found.problems
    aside = file.with_suffix(".damaged")
    assert problem.code == "draft_damaged"
    assert str(aside) in problem.message
    assert aside.read_bytes() == raw
    assert list(folder.iterdir()) == [aside]


def test_a_draft_that_cannot_be_written_is_one_sentence_and_the_old_one_stays(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafts = Drafts()
    kept = drafts.write(_DRAFT)

    def full(target: Path, raw: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(paths, "write_atomically", full)
    with pytest.raises(SpectrError, match="No space left") as caught:
        drafts.write(replace(kept, text="more"))
    assert caught.value.code == "draft_failed"
    with pytest.raises(SpectrError):
        drafts.write(replace(_DRAFT, text="another"))
    assert sorted(file.name for file in folder.iterdir()) == [f"{kept.id}.json", f"{kept.id}.lock"]
    drafts.close()
    assert [draft.text for draft in Drafts().found().drafts] == [_TEXT]


def test_names_that_are_no_ids_touch_nothing(home: Path) -> None:
    home.mkdir()
    (home / "x.json").write_text("{}")
    Drafts().delete("../x")
    assert os.listdir(home) == ["x.json"]  # noqa: PTH208
