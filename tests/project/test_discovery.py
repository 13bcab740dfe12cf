from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectr_desktop.errors import SpectrError
from spectr_desktop.project import discovery
from spectr_desktop.project.discovery import Found, Patterns, discover, would_find

if TYPE_CHECKING:
    from pathlib import Path


def tree(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("contract C {}\n")
    return root


def names(found: Found, root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in found.files]


def test_contracts_are_found_in_the_order_of_their_names(tmp_path: Path) -> None:
    tree(tmp_path, "src/b.vy", "src/a/Z.SOL", "I.vyi", "src/B.sol", "README.md", "test/mocks/M.sol")
    found = discover(tmp_path)
    assert names(found, tmp_path) == [
        "I.vyi", "src/B.sol", "src/a/Z.SOL", "src/b.vy", "test/mocks/M.sol",
    ]  # fmt: skip
    assert (found.skipped_folders, found.excluded, found.links) == ((), 0, 0)


@pytest.mark.parametrize(
    "folder",
    [
        "node_modules", "lib", "out", "artifacts", "cache", "build", "broadcast", "typechain",
        "typechain-types", ".git", ".deps",
    ],
)  # fmt: skip
def test_what_is_installed_or_built_is_not_entered(tmp_path: Path, folder: str) -> None:
    tree(tmp_path, "A.sol", f"{folder}/B.sol", f"src/{folder}/deep/C.sol")
    found = discover(tmp_path)
    assert names(found, tmp_path) == ["A.sol"]
    told = () if folder.startswith(".") else {folder, f"src/{folder}"}
    assert set(found.skipped_folders) == set(told)
    assert not would_find(f"src/{folder}/deep/C.sol")
    assert would_find("src/C.sol")


def test_a_folder_that_is_named_is_searched_whatever_its_name(tmp_path: Path) -> None:
    tree(tmp_path, "lib/own/A.sol")
    assert names(discover(tmp_path / "lib"), tmp_path) == ["lib/own/A.sol"]


def test_a_folder_may_be_called_like_a_contract(tmp_path: Path) -> None:
    tree(tmp_path, "src/A.sol/A.json", "src/A.sol/In.sol", "._B.sol", "src/.C.sol")
    assert names(discover(tmp_path), tmp_path) == ["src/A.sol/In.sol"]


def test_no_link_is_followed(tmp_path: Path) -> None:
    outside = tree(tmp_path / "outside", "Secret.sol")
    root = tree(tmp_path / "root", "A.sol", "src/B.sol")
    (root / "src" / "round").symlink_to(root)
    (root / "away").symlink_to(outside)
    (root / "Away.sol").symlink_to(outside / "Secret.sol")
    (root / "gone.sol").symlink_to(root / "nothing")
    found = discover(root)
    assert names(found, root) == ["A.sol", "src/B.sol"]
    assert found.links == 4


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with a name")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    tree(tmp_path, "A.sol")
    os.mkfifo(tmp_path / "B.sol")
    assert names(discover(tmp_path), tmp_path) == ["A.sol"]


@pytest.mark.parametrize(
    ("pattern", "meant", "not_meant"),
    [
        ("test/**", ["test/A.sol", "test/a/b/A.sol", "test"], ["src/test/A.sol", "tests/A.sol"]),
        ("**/mocks/*.sol", ["mocks/A.sol", "a/b/mocks/A.sol"], ["mocks/a/A.sol", "mocks/A.vy"]),
        ("mocks", ["mocks/A.sol", "a/mocks/b/A.sol"], ["mocks2/A.sol"]),
        ("*Test.sol", ["ATest.sol", "a/b/Test.sol"], ["Test.sol.bak/A.sol", "TestA.sol"]),
        ("./src/Old.sol", ["src/Old.sol"], ["Old.sol", "a/src/Old.sol"]),
        ("/src/", ["src/A.sol"], ["a/src/A.sol"]),
        ("src/**/x/**/A.sol", ["src/x/A.sol", "src/a/x/b/A.sol"], ["src/A.sol", "x/A.sol"]),
        ("src/?.sol", ["src/A.sol"], ["src/AB.sol", "src/a/B.sol"]),
        ("**", ["A.sol", "a/A.sol"], []),
        ("", [], ["A.sol"]),
        ("./", [], ["A.sol"]),
    ],
)
def test_patterns(pattern: str, meant: list[str], not_meant: list[str]) -> None:
    patterns = Patterns([pattern])
    assert [name for name in meant if not patterns.match(name)] == []
    assert [name for name in not_meant if patterns.match(name)] == []


@given(st.lists(st.text("ab*?/[", max_size=12)), st.text("ab/", min_size=1, max_size=20))
def test_any_pattern_has_an_answer(patterns: list[str], name: str) -> None:
    assert Patterns(patterns).match(name) in (True, False)
    assert Patterns([*patterns, "**"]).match(name)


def test_a_pattern_made_to_last_is_soon_answered() -> None:
    # Tried one by one, the ways to match this are more than anybody can wait for.
    assert not Patterns(["**/a/" * 60 + "b"]).match("a/" * 200 + "c")
    assert not Patterns(["*a" * 100 + "b"]).match("a" * 400)


def test_patterns_begin_at_the_projects_folder(tmp_path: Path) -> None:
    tree(tmp_path, "src/A.sol", "src/old/B.sol", "src/old2/C.sol")
    excluded = Patterns(["src/old", "*2/C.sol"])
    found = discover(tmp_path / "src", excluded, tmp_path)
    assert names(found, tmp_path) == ["src/A.sol", "src/old2/C.sol"]
    assert found.excluded == 1


def test_a_folder_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path, "a/A.sol", "b/B.sol", "c/C.sol")
    limits = {"FILE_LIMIT": "contracts", "BYTES_LIMIT": "MB", "ENTRY_LIMIT": "names"}
    for limit, word in limits.items():
        with monkeypatch.context() as patched:
            patched.setattr(discovery, limit, 2)
            with pytest.raises(SpectrError) as caught:
                discover(tmp_path)
        assert caught.value.code == "folder_too_large"
        assert word in caught.value.message
    assert len(discover(tmp_path).files) == 3


def test_a_folder_that_cannot_be_read_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path, "closed/A.sol")
    real = os.scandir

    def refuse(path: Path) -> object:
        if path.name == "closed":  # file modes do not hold for root
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(SpectrError, match="closed cannot be read") as caught:
        discover(tmp_path)
    assert caught.value.code == "folder_unreadable"
