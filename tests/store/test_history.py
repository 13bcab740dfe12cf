from __future__ import annotations

import contextlib
import sqlite3
import stat
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectr_desktop.records.history import (
    GOING_ON,
    HIT_END,
    HIT_START,
    RunRow,
    RunTexts,
    Stamp,
    Wanted,
)
from spectr_desktop.records.run import Outcome
from spectr_desktop.store.history import History, IndexLost
from spectr_desktop.store.history_tables import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "a folder" / "history.sqlite"


@pytest.fixture
def index(file: Path) -> Iterator[History]:
    index = History(file)
    yield index
    index.close()


def put(index: History, name: str, report: str = "", **changes: object) -> RunRow:
    row = RunRow(id=name, title="Vault.sol", outcome=Outcome.COMPLETE)
    for key, value in changes.items():
        object.__setattr__(row, key, value)
    index.put(row, RunTexts("src/Vault.sol", report, "a finding"), Stamp(10, 20, 3, 4, 5))
    index.commit()
    return row


def found(index: History, words: str, **wanted: str) -> list[str]:
    return [row.id for row in index.search(Wanted(words, **wanted), 50).rows]


def test_a_row_comes_back_as_it_was(index: History) -> None:
    row = put(
        index, "r1", project="/a", model="m", provider="ollama", created_at="2026", leads=3,
        severities={"high": 2, "": 1}, damaged_lines=4, continues="r0", kind="follow_up", lines=9,
        locality="local", finished_at="2027",
    )  # fmt: skip
    page = index.search(Wanted(), 10)
    assert (page.rows, page.total, page.lost) == ((row,), 1, False)
    assert index.row("r1") == row
    assert index.row("r2") is None
    assert row.findings == 3
    known = index.known()["r1"]
    assert (known.project, known.going_on) == ("/a", False)
    assert known.stamp == Stamp(10, 20, 3, 4, 5)


def test_a_run_that_goes_on_has_no_outcome(index: History) -> None:
    put(index, "r1", outcome=None)
    put(index, "r2")
    assert index.known()["r1"].going_on
    assert found(index, "", outcome=GOING_ON) == ["r1"]
    assert found(index, "", outcome="complete") == ["r2"]
    assert index.search(Wanted(outcome=GOING_ON), 1).rows[0].outcome is None


@pytest.mark.parametrize(
    ("words", "hits"),
    [
        ("reentrancy", True),
        ("REËNTR", True),  # the last word may be a beginning
        ("reentr guard", False),  # the others may not
        ("guard reentr", True),
        ("assets", True),  # a part of a name
        ("totalAssets", True),
        ("_update", True),
        ("index", True),
        ("$slot", True),
        ('"balance is read"', True),
        ('"is balance read"', False),
        ('"balance is rea"', False),  # a closed quotation is whole
        ('"balance is rea', True),
        ("vault.sol", True),
        ("漏洞", True),
        ("入漏", True),
        ("漏重", False),
        ("", True),
        ("   ", True),
        ("!!", False),
        ("AND", False),
        ("NOT reentrancy", False),
    ],
)
def test_words_are_found(index: History, words: str, hits: bool) -> None:
    text = "Reëntrancy guard: the balance is read by totalAssets, _updateIndex, $slot0. 重入漏洞"
    put(index, "r1", text)
    put(index, "r0", "nothing", title="Other")
    assert ("r1" in found(index, words)) is hits


@given(st.text(max_size=60))
def test_nothing_that_is_typed_is_an_error(words: str) -> None:
    index = History.__new__(History)
    index._connection, index._failed = None, False
    index._use_memory()
    put(index, "r1", words, title=words)
    assert not index.search(Wanted(words), 5).lost
    index.close()


def test_what_was_put_is_found_by_its_own_words(index: History) -> None:
    for number, word in enumerate(("a'b", 'c"d', "e*f", "g:h", "(i)", "-j", "NEAR(k,l)", "{m}")):
        put(index, f"r{number}", word)
        assert found(index, word) == [f"r{number}"], word


def test_hits_are_marked_where_they_stand(index: History) -> None:
    put(index, "r1", "x " * 50 + "the \x02totalAssets\x03 drain " + "y " * 50)
    (row,) = index.search(Wanted("drain"), 5).rows
    assert f"{HIT_START}drain{HIT_END}" in row.snippet
    assert row.snippet.count(HIT_START) == 1
    (row,) = index.search(Wanted("assets"), 5).rows
    assert f" total{HIT_START}Assets{HIT_END}  drain" in row.snippet
    assert row.snippet.startswith("…")
    assert row.snippet.endswith("…")
    assert index.search(Wanted(), 5).rows[0].snippet == ""


def test_pages_and_filters(index: History) -> None:
    for number in range(10):
        put(index, f"r{number}", project=f"/p{number % 2}", model=f"m{number % 3}")
    page = index.search(Wanted(project="/p1"), 2, 1)
    assert ([row.id for row in page.rows], page.total) == (["r7", "r5"], 5)
    assert found(index, "finding", model="m0", project="/p1") == ["r9", "r3"]
    facets = index.facets()
    assert facets.projects == (("/p0", 5), ("/p1", 5))
    assert facets.models == (("m0", 4), ("m1", 3), ("m2", 3))
    assert facets.outcomes == (("complete", 10),)


def test_decisions_change_counts_and_words(index: History) -> None:
    row = put(index, "r1", "the report")
    object.__setattr__(row, "severities", {"low": 1})
    index.decide(row, "a note of the auditor", Stamp(decisions_size=77))
    assert found(index, "auditor") == found(index, "report") == ["r1"]
    assert found(index, "finding") == []
    assert index.row("r1") == row
    assert index.known()["r1"].stamp == Stamp(10, 20, 3, 4, 77)
    index.decide(RunRow("gone", ""), "x", Stamp())
    assert index.row("gone") is None


def test_removed_runs_are_found_no_more(index: History) -> None:
    put(index, "r1", "one")
    put(index, "r2", "one")
    index.remove(["r1", "not there"])
    assert found(index, "one") == ["r2"]


def test_only_the_user_may_read_it(index: History, file: Path) -> None:
    put(index, "r1")
    files = list(file.parent.iterdir())
    assert len(files) == 3
    assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_it_is_kept(index: History, file: Path) -> None:
    put(index, "r1")
    index.close()
    again = History(file)
    assert found(again, "") == ["r1"]
    again.close()


def _version(file: Path) -> None:
    with contextlib.closing(sqlite3.connect(file)) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")


def _garbage(file: Path) -> None:
    file.write_bytes(b"this is no database at all" * 100)


def _torn(file: Path) -> None:
    raw = bytearray(file.read_bytes())
    raw[4096 : len(raw) // 2] = b"\xff" * (len(raw) // 2 - 4096)
    file.write_bytes(raw)


def _empty(file: Path) -> None:
    file.write_bytes(b"")


@pytest.mark.parametrize("spoil", [_version, _garbage, _torn, _empty])
def test_a_file_that_is_no_index_is_made_anew(index: History, file: Path, spoil: object) -> None:
    put(index, "r1", "words " * 5000)
    index.close()
    spoil(file)  # type: ignore[operator]
    again = History(file)
    assert found(again, "") == []
    put(again, "r2")
    again.close()
    last = History(file)
    assert found(last, "") == ["r2"]
    last.close()


def test_damage_while_it_is_open_loses_the_index_only(index: History) -> None:
    put(index, "r1")
    index._open().execute("DROP TABLE runs")
    index.commit()
    with pytest.raises(IndexLost):
        index.known()
    assert index.known() == {}
    put(index, "r2")
    assert found(index, "") == ["r2"]


def test_a_place_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "no folder").write_text("")
    index = History(tmp_path / "no folder" / "history.sqlite")
    put(index, "r1", "words")
    assert found(index, "words") == ["r1"]
    index.close()


def test_what_fails_twice_in_a_row_goes_on_in_memory(index: History, file: Path) -> None:
    for _ in range(2):
        put(index, "r1")
        index._open().execute("DROP TABLE runs")
        index._open().commit()
        with pytest.raises(IndexLost):
            index.known()
    assert not file.exists()
    put(index, "r2")
    assert found(index, "") == ["r2"]
    index.built()


def test_another_program_is_waited_for(index: History, file: Path) -> None:
    put(index, "r1")
    ready, go = threading.Event(), threading.Event()

    def other() -> None:
        with contextlib.closing(sqlite3.connect(file)) as db:
            db.execute("BEGIN IMMEDIATE")
            ready.set()
            go.wait()
            db.rollback()

    thread = threading.Thread(target=other)
    thread.start()
    ready.wait()
    index._open().set_progress_handler(lambda: None, 1)
    timer = threading.Timer(0, go.set)
    timer.start()
    put(index, "r2")
    thread.join()
    timer.join()
    assert found(index, "") == ["r2", "r1"]


def test_scrubbing_leaves_no_word(index: History, file: Path) -> None:
    for number in range(30):
        put(index, f"r{number}", f"Zebrafish{number} " * 500)
    put(index, "s", "others stay")
    index.remove(f"r{number}" for number in range(30))
    index.scrub()
    raw = b"".join(each.read_bytes() for each in file.parent.iterdir()).lower()
    assert b"zebrafish" not in raw
    assert found(index, "others") == ["s"]


def test_scrubbing_what_another_program_reads_removes_the_file(index: History, file: Path) -> None:
    put(index, "r1", "Zebrafish")
    with contextlib.closing(sqlite3.connect(file)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM runs").fetchall()
        index._open().execute("PRAGMA busy_timeout = 0")
        index.remove(["r1"])
        with pytest.raises(IndexLost):
            index.scrub()
    left = b"".join(each.read_bytes() for each in file.parent.iterdir())
    assert b"ebrafish" not in left
