from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from spectr_desktop.store.consents import all_consents, allow, consents, forget
from spectr_desktop.store.decisions import DecisionsError, project_folder, project_path

if TYPE_CHECKING:
    from pathlib import Path

HOST = "api.example.org"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "Kunde „Ü“"


def test_what_was_allowed_holds_for_this_project_and_this_host(root: Path, tmp_path: Path) -> None:
    assert consents(root) == {}
    allow(root, HOST)
    assert list(consents(root)) == [HOST]
    assert consents(tmp_path / "another") == {}
    allow(root, "other.example.org")
    assert list(consents(root)) == [HOST, "other.example.org"]


def test_an_answer_leaves_the_rest_of_the_file_alone(root: Path) -> None:
    file = project_folder(root) / "project.json"
    known = json.loads(file.read_text())
    file.write_text(json.dumps({**known, "scope": ["a.sol"]}))
    allow(root, HOST)
    assert json.loads(file.read_text())["scope"] == ["a.sol"]
    forget(root)
    assert consents(root) == {}
    assert json.loads(file.read_text())["root"] == str(root)
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"consents": 1}', '{"consents": {"h": 1}}', "[" * 9999]
)
def test_a_file_that_says_something_else_allows_nothing(root: Path, text: str) -> None:
    (project_folder(root) / "project.json").write_text(text)
    assert consents(root) == {}
    allow(root, HOST)
    assert list(consents(root)) == [HOST]


def test_an_answer_that_cannot_be_kept_is_told(root: Path) -> None:
    folder = project_path(root)
    folder.parent.mkdir(parents=True)
    folder.write_text("no folder")
    with pytest.raises(DecisionsError, match="can be saved"):
        allow(root, HOST)


def test_an_answer_on_a_full_disk_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project_folder(root)

    def full(target: Path, raw: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("spectr_desktop.paths.write_atomically", full)
    with pytest.raises(DecisionsError, match="holds for this run only"):
        allow(root, HOST)
    assert consents(root) == {}


def test_one_host_is_taken_back_and_the_others_stay(root: Path) -> None:
    for host in (HOST, "other.example.org"):
        allow(root, host)
    forget(root, "unknown.example.org")
    forget(root, HOST)
    assert list(consents(root)) == ["other.example.org"]


def test_all_that_was_allowed_is_listed_by_project(root: Path, tmp_path: Path) -> None:
    assert all_consents() == []
    other = tmp_path / "A client"
    for where, host in ((root, "b.example.org"), (root, "a.example.org"), (other, HOST)):
        allow(where, host)
    project_folder(tmp_path / "nothing allowed")
    (project_folder(tmp_path / "damaged") / "project.json").write_bytes(b"{")
    found = all_consents()
    assert [(each.root, each.host) for each in found] == [
        (other, HOST),
        (root, "a.example.org"),
        (root, "b.example.org"),
    ]
    assert found[0].at == consents(other)[HOST]
