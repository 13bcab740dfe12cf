from __future__ import annotations

from typing import TYPE_CHECKING

from spectr_desktop import paths
from spectr_desktop.records.decisions import NoteSet
from spectr_desktop.store.projects import Sighters, projects, sighters
from tests.history_samples import decide, sighted

if TYPE_CHECKING:
    from pathlib import Path


def test_no_place_is_no_project() -> None:
    assert projects() == []


def test_projects_say_whose_they_are(tmp_path: Path) -> None:
    root = tmp_path / "Kunde 'Ü'"
    root.mkdir()
    decide(root, sighted("r1"), sighted("r2", "F2"), NoteSet("F1", "a note"))
    (one,) = projects()
    assert one.root == str(root)
    assert one.decisions_size == (one.folder / "decisions.jsonl").stat().st_size > 0
    assert sighters(one.folder) == Sighters(frozenset({"r1", "r2"}), 3)


def test_damage_is_left_out(tmp_path: Path) -> None:
    decide(tmp_path, sighted("r1"))
    (one,) = projects()
    with (one.folder / "decisions.jsonl").open("ab") as file:
        file.write(b'nonsense\n[1]\n{"kind": "sighted", "sighting": 3}\n{"torn')
    assert sighters(one.folder).runs == {"r1"}
    (one.folder / "project.json").write_text("[]")
    bare = paths.private_folder(paths.projects() / "bare")
    found = {each.folder: (each.root, each.decisions_size > 0) for each in projects()}
    assert found == {one.folder: ("", True), bare: ("", False)}
    assert sighters(bare) == Sighters(frozenset(), 0)
