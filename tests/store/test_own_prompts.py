from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from spectr_desktop.errors import SpectrError
from spectr_desktop.store import own_prompts
from spectr_desktop.store.own_prompts import OwnPrompt, OwnPrompts

if TYPE_CHECKING:
    from pathlib import Path


def test_versions_are_numbered_and_never_change(home: Path) -> None:
    own = OwnPrompts()
    assert own.versions("quick") == []
    assert [own.add("quick", "s", str(number)) for number in range(11)][-1] == "own-11"
    assert own.versions("quick") == [f"own-{number}" for number in range(1, 12)]
    assert own.versions("ask") == []
    assert OwnPrompts().read("quick", "own-1") == OwnPrompt("s", "0")
    assert OwnPrompts().read("quick", "own-11") == OwnPrompt("s", "10")


def test_only_the_user_may_read_them(home: Path) -> None:
    OwnPrompts().add("quick", "s", "u")
    everything = list((home / "prompts").rglob("*"))
    assert {stat.S_IMODE(e.stat().st_mode) for e in everything if e.is_dir()} == {0o700}
    assert {stat.S_IMODE(e.stat().st_mode) for e in everything if e.is_file()} == {0o600}


def test_a_number_that_is_taken_is_not_given_again(home: Path) -> None:
    own = OwnPrompts()
    own.add("quick", "s", "u")
    (home / "prompts" / "quick" / "2").mkdir()  # what is left of a damaged one
    (home / "prompts" / "quick" / "03").mkdir()
    assert own.versions("quick") == ["own-1"]
    assert own.add("quick", "s", "u") == "own-3"


@pytest.mark.parametrize("version", ["own-2", "own-0", "own-", "1x", "own-../../1", ""])
def test_a_version_that_is_not_there_is_one_sentence(home: Path, version: str) -> None:
    OwnPrompts().add("quick", "s", "u")
    with pytest.raises(SpectrError, match="not on this machine") as caught:
        OwnPrompts().read("quick", version)
    assert caught.value.code == "prompt_missing"


@pytest.mark.parametrize("raw", [b"\xff", b"x" * (own_prompts.MOST_BYTES + 1), None])
def test_a_version_that_cannot_be_read_is_one_sentence(home: Path, raw: bytes | None) -> None:
    OwnPrompts().add("quick", "s", "u")
    file = home / "prompts" / "quick" / "1" / "system.md"
    if raw is None:
        file.unlink()
    else:
        file.write_bytes(raw)
    with pytest.raises(SpectrError, match="cannot be read") as caught:
        OwnPrompts().read("quick", "own-1")
    assert caught.value.code == "prompt_unreadable"


def test_what_cannot_be_kept_leaves_nothing(home: Path) -> None:
    (home / "prompts").mkdir(parents=True)
    (home / "prompts" / "quick").write_text("a file where the folder should be")
    with pytest.raises(SpectrError, match="still in the window") as caught:
        OwnPrompts().add("quick", "s", "u")
    assert caught.value.code == "prompt_not_kept"
    with pytest.raises(SpectrError) as caught:
        OwnPrompts().add("ask", "s", "x" * (own_prompts.MOST_BYTES + 1))
    assert caught.value.code == "prompt_too_long"
    assert OwnPrompts().versions("ask") == []
