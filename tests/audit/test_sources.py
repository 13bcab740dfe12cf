from __future__ import annotations

from pathlib import Path

import pytest

from spectr_desktop.audit.sources import (
    Sources,
    changed,
    gather,
    read_sources,
    scope_of,
    told,
)
from spectr_desktop.errors import SpectrError
from tests.project.test_git import commit, repository


def write(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"contract {path.stem} {{}}\n")


def read(*named: Path) -> Sources:
    return read_sources(gather(scope_of(named, None, (), ())))


def paths(sources: Sources) -> list[str]:
    return [file.path for file in sources.files]


def test_one_file_belongs_to_its_folder(vault: Path) -> None:
    sources = read(vault)
    assert sources.root == vault.parent
    (file,) = sources.files
    assert (file.path, file.text) == (vault.name, "contract Vault {}\n")


def test_names_begin_at_the_common_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "src/a b/A.sol", "src/ü/B.sol", "srcs/C.sol")
    monkeypatch.chdir(tmp_path / "src")
    sources = read(Path("a b/A.sol"), tmp_path / "src" / "ü" / "B.sol")
    assert sources.root == tmp_path / "src"
    assert paths(sources) == ["a b/A.sol", "ü/B.sol"]
    sources = read(Path("a b/A.sol"), Path("../srcs/C.sol"))
    assert sources.root == tmp_path
    assert paths(sources) == ["src/a b/A.sol", "srcs/C.sol"]


def test_a_folder_is_the_root_of_what_is_found_in_it(tmp_path: Path) -> None:
    write(tmp_path, "src/a/B.sol", "src/a/A.vy", "src/lib/L.sol", "src/a/read.me")
    gathered = gather(scope_of([tmp_path / "src"], None, (), ()))
    assert told(gathered) == f"Found 2 contracts in {tmp_path / 'src'}; left out: 1 folder (lib)."
    sources = read_sources(gathered)
    assert (sources.root, paths(sources)) == (tmp_path / "src", ["a/A.vy", "a/B.sol"])


def test_files_and_folders_are_taken_together_each_file_once(tmp_path: Path) -> None:
    write(tmp_path, "src/A.sol", "src/lib/L.sol", "notes.txt")
    sources = read(
        tmp_path / "notes.txt", tmp_path / "src/lib/L.sol", tmp_path / "src", tmp_path / "src/A.sol"
    )
    assert paths(sources) == ["notes.txt", "src/lib/L.sol", "src/A.sol"]
    assert told(gather(scope_of([tmp_path / "notes.txt"], None, (), ()))) == ""


def test_the_projects_file_says_what_is_left_out_and_where_names_begin(tmp_path: Path) -> None:
    write(tmp_path, "src/A.sol", "src/old/B.sol", "test/T.sol", "test/mocks/M.sol")
    gathered = gather(scope_of([tmp_path / "src"], tmp_path, ["test"], ["src/old", "mocks"]))
    assert (gathered.root, paths(read_sources(gathered))) == (tmp_path, ["src/A.sol"])
    assert "1 excluded by .spectr.toml" in told(gathered)
    # A file that is named is taken all the same.
    named = scope_of([tmp_path / "src/old/B.sol"], tmp_path, (), ["src/old"])
    assert paths(read_sources(gather(named))) == ["src/old/B.sol"]


def test_the_scope_of_the_projects_file_is_taken_if_nothing_is_named(tmp_path: Path) -> None:
    write(tmp_path, "src/A.sol", "lib/own/B.sol", "src/x/C.sol", "D.sol")
    gathered = gather(scope_of([], tmp_path, ["lib/own", "src/**/C.sol"], ()))
    assert gathered.root == tmp_path
    assert paths(read_sources(gathered)) == ["lib/own/B.sol", "src/x/C.sol"]
    with pytest.raises(SpectrError) as caught:
        scope_of([], tmp_path, (), ())
    assert caught.value.code == "nothing_named"
    with pytest.raises(SpectrError) as caught:
        scope_of([], None, (), ())
    assert caught.value.code == "nothing_named"


def test_a_scope_cannot_lead_out_by_a_link(tmp_path: Path) -> None:
    write(tmp_path, "secret/S.sol", "client/A.sol")
    (tmp_path / "client" / "src").symlink_to(tmp_path / "secret")
    with pytest.raises(SpectrError) as caught:
        scope_of([], tmp_path / "client", ["src"], ())
    assert caught.value.code == "scope_leaves"
    gathered = gather(scope_of([], tmp_path / "client", ["**/*.sol"], ()))
    assert [path.name for path in gathered.paths] == ["A.sol"]


def test_a_folder_without_contracts_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SpectrError, match="no Solidity or Vyper file in") as caught:
        read(tmp_path)
    assert caught.value.code == "nothing_found"


def test_a_file_that_cannot_be_read_stops_no_other(tmp_path: Path) -> None:
    write(tmp_path, "A.sol")
    (tmp_path / "B.sol").write_bytes(b"\0\0")
    (tmp_path / "C.sol").write_bytes(b"x" * (5 * 1024 * 1024 + 1))
    sources = read(tmp_path, tmp_path / "none.sol")
    assert paths(sources) == ["A.sol"]
    assert [problem.code for problem in sources.problems] == ["binary", "too_large", "file_missing"]
    with pytest.raises(SpectrError) as caught:
        read(tmp_path / "B.sol", tmp_path / "none.sol")
    assert caught.value.code == "binary"


def test_only_what_a_commit_does_not_have_is_left(tmp_path: Path) -> None:
    same, crlf, other, gone = "src/Same.sol", "src/Crlf.sol", "src/Other.sol", "src/Gone.sol"
    code = "contract C {}\n"
    names = (same, crlf, other, gone, "lib/L.sol", "src/old/Gone2.sol", "notes/Gone3.sol")
    repo = repository(tmp_path / "r", dict.fromkeys(names, code))
    (repo / crlf).write_bytes(b"contract C {}\r\n")
    (repo / other).write_text("contract D {}\n")
    write(repo, "src/New.sol")
    for name in (gone, "lib/L.sol", "src/old/Gone2.sol", "notes/Gone3.sol"):
        (repo / name).unlink()
    (repo / "src" / "Bad.sol").mkdir()
    scope = scope_of([repo / "src"], repo, (), ["src/old"])
    gathered, sentence = changed(gather(scope), "main", scope)
    assert [path.name for path in gathered.paths] == ["New.sol", "Other.sol"]
    assert sentence == "2 of 4 contracts changed since main; deleted: src/Gone.sol."
    # What a pattern of the project's file means is looked at in the same way.
    scope = scope_of([], repo, ["notes/*.sol", "src/Sa*.sol"], ())
    gathered, sentence = changed(gather(scope), "main", scope)
    assert gathered.paths == ()
    assert sentence == "0 of 1 contract changed since main; deleted: notes/Gone3.sol."
    commit(repo, {other: code})
    scope = scope_of([repo / other, repo / same], None, (), ())
    gathered, sentence = changed(gather(scope), "main~1", scope)
    assert (gathered.paths, sentence) == ((), "0 of 2 contracts changed since main~1.")


def test_a_file_that_cannot_be_read_counts_as_changed(tmp_path: Path) -> None:
    repo = repository(tmp_path / "r", {"A.sol": "contract A {}\n", "B.sol": "contract B {}\n"})
    scope = scope_of([repo / "A.sol", repo / "none.sol"], None, (), ())
    gathered, _ = changed(gather(scope), "HEAD", scope)
    assert [path.name for path in gathered.paths] == ["none.sol"]
    with pytest.raises(SpectrError) as caught:
        changed(gather(scope_of([tmp_path / "x.sol"], None, (), ())), "HEAD", scope)
    assert caught.value.code == "no_repository"
