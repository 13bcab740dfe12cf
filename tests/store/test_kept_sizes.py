from __future__ import annotations

from typing import TYPE_CHECKING

from spectr_desktop import paths
from spectr_desktop.store.kept_sizes import Kept, kept_sizes

if TYPE_CHECKING:
    from pathlib import Path

_NOTHING = Kept(0, 0)


def _put(path: Path, size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)


def test_nothing_is_kept_at_first() -> None:
    assert set(kept_sizes().values()) == {_NOTHING}


def test_every_kind_is_counted_apart(home: Path) -> None:
    for run in ("a", "b"):
        _put(paths.runs() / run / "journal.jsonl", 1000)
    _put(paths.runs() / "b" / "more" / "deep", 24)
    _put(paths.runs() / ".lock", 0)
    _put(paths.projects() / "p" / "decisions.jsonl", 300)
    _put(home / "drafts" / "d.json", 7)
    _put(home / "history.sqlite", 4096)
    _put(home / "history.sqlite-wal", 100)
    _put(home / "logs" / "spectr.log", 50)
    _put(home / "deleted" / "x" / "1" / "run" / "journal.jsonl", 9)
    _put(home / "settings.toml", 10_000)
    assert kept_sizes() == {
        "runs": Kept(2, 2024),
        "projects": Kept(1, 300),
        "index": Kept(2, 4196),
        "drafts": Kept(1, 7),
        "logs": Kept(1, 50),
        "deleted": Kept(1, 9),
    }


def test_links_are_not_followed(home: Path, tmp_path: Path) -> None:
    _put(tmp_path / "elsewhere" / "big", 100_000)
    paths.runs().mkdir(parents=True)
    (paths.runs() / "link").symlink_to(tmp_path / "elsewhere")
    assert kept_sizes()["runs"].size < 1000


def test_it_ends_when_nobody_waits() -> None:
    _put(paths.runs() / "a" / "journal.jsonl", 1000)
    assert kept_sizes(lambda: True)["runs"] == _NOTHING


def test_a_folder_that_is_a_file_is_nothing() -> None:
    _put(paths.runs(), 5)
    assert kept_sizes()["runs"] == _NOTHING
