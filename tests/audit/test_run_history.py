from __future__ import annotations

import os
import sqlite3
import threading
from typing import TYPE_CHECKING

import pytest

from spectr_desktop import paths
from spectr_desktop.audit import run_history
from spectr_desktop.audit.run_history import RunHistory
from spectr_desktop.locks import lock
from spectr_desktop.records.decisions import Merged, NoteSet, SeveritySet, StateSet, TextsSet
from spectr_desktop.records.findings import Texts
from spectr_desktop.records.grades import Severity, State
from spectr_desktop.records.history import FOLLOW_UP, GOING_ON, Wanted
from spectr_desktop.records.run import Cell, Outcome
from spectr_desktop.store import trash
from spectr_desktop.store.stored_runs import RunsError
from tests.history_samples import REPORT, SOURCE, decide, keep_run, sighted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def history() -> Iterator[RunHistory]:
    made = RunHistory()
    yield made
    made.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "Kunde & Söhne"
    folder.mkdir()
    return folder


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs whose journals are read."""
    seen: list[str] = []
    original = run_history.read_run
    monkeypatch.setattr(run_history, "read_run", lambda run: seen.append(run) or original(run))
    return seen


def listed(history: RunHistory, words: str = "", **wanted: str) -> list[str]:
    history.refresh()
    return [row.id for row in history.search(Wanted(words, **wanted)).rows]


def test_no_runs_are_an_empty_history(history: RunHistory) -> None:
    assert listed(history) == []
    assert history.facets().projects == ()
    assert not history.changed


def test_runs_are_listed_with_what_is_known(history: RunHistory, root: Path) -> None:
    run = keep_run(root=str(root))
    assert listed(history) == [run]
    assert history.changed
    (row,) = history.search(Wanted()).rows
    assert (row.title, row.project, row.model) == ("Vault.sol", str(root), "smollm2")
    assert (row.outcome, row.locality, row.lines) == (Outcome.COMPLETE, "local", 9)
    assert (row.severities, row.leads, row.findings) == ({"high": 1}, 0, 1)
    assert row.created_at == "2026-11-20T00:00:00Z"
    for words in ("reentrancy", "vault.sol", "assets", "ether before"):
        assert listed(history, words) == [run], words
    assert listed(history, "zebra") == []


def test_only_what_changed_is_read_again(history: RunHistory, read: list[str]) -> None:
    one, two = keep_run(1), keep_run(2)
    steps: list[tuple[int, int]] = []
    assert history.refresh(lambda done, total: steps.append((done, total)))
    assert steps == [(0, 2), (1, 2), (2, 2)]
    assert sorted(read) == [one, two]
    read.clear()
    history.refresh()
    assert read == []
    assert not history.changed
    with (paths.runs() / one / "journal.jsonl").open("a") as file:
        file.write("nonsense\n")
    history.refresh()
    assert read == [one]
    assert history.search(Wanted()).rows[1].damaged_lines == 1


def test_a_new_program_finds_the_index_of_the_last(read: list[str]) -> None:
    one = keep_run(1)
    first = RunHistory()
    first.refresh()
    first.close()
    read.clear()
    second = RunHistory()
    assert listed(second) == [one]
    assert read == []
    second.close()


def test_a_lost_index_is_built_again(history: RunHistory) -> None:
    run = keep_run()
    history.refresh()
    history.close()
    (paths.data() / "history.sqlite").write_bytes(b"no database")
    assert listed(history) == [run]
    history._index._open().execute("DROP TABLE texts")
    history._index.commit()
    assert history.search(Wanted("withdraw")).lost
    assert history.facets().models == ()
    assert listed(history, "withdraw") == [run]


def test_an_index_that_can_never_be_kept_is_made_in_memory(
    history: RunHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = keep_run()
    original = history._index.put

    def fails(*arguments: object) -> None:
        if history._index._in_memory:
            original(*arguments)  # type: ignore[arg-type]
            return

        def full(_db: object) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        history._index._working(full)

    monkeypatch.setattr(history._index, "put", fails)
    assert listed(history, "withdraw") == [run]
    assert not (paths.data() / "history.sqlite").exists()


def test_cancelled_refreshing_goes_on_later(history: RunHistory) -> None:
    runs = [keep_run(number) for number in range(5)]
    count: list[int] = []
    assert not history.refresh(lambda done, _: count.append(done), lambda: count[-1] == 2)
    assert len(history.search(Wanted()).rows) == 2
    assert sorted(listed(history)) == runs


def test_runs_that_are_gone_are_forgotten(history: RunHistory) -> None:
    one, two = keep_run(1), keep_run(2)
    history.refresh()
    (paths.runs() / one / "journal.jsonl").unlink()
    (paths.runs() / one).rmdir()
    assert listed(history) == [two]


def test_damaged_runs_are_listed_as_damaged(history: RunHistory) -> None:
    one, two = keep_run(1), keep_run(2)
    journal = paths.runs() / one / "journal.jsonl"
    journal.write_bytes(b"torn" + journal.read_bytes()[50:])
    (paths.runs() / two / "journal.jsonl").unlink()
    (paths.runs() / two / "journal.jsonl").mkdir()
    paths.private_folder(paths.runs() / "20260101T000000Z-empty")
    assert listed(history) == [two, one]
    second, first = history.search(Wanted()).rows
    assert (first.damaged_lines, first.title) == (1, one)
    assert first.created_at == "2026-11-20T00:00:01Z"
    assert (second.damaged_lines, second.outcome) == (1, Outcome.INTERRUPTED)
    assert listed(history, "withdraw") == [one]


def test_a_run_that_is_being_written_goes_on_until_it_ends(history: RunHistory) -> None:
    run = keep_run(outcome=None)
    descriptor = os.open(paths.runs() / run / "journal.jsonl", os.O_RDWR)
    lock(descriptor, wait=True)
    assert listed(history, outcome=GOING_ON) == [run]
    assert history.search(Wanted()).rows[0].outcome is None
    with pytest.raises(RunsError, match="still being written"):
        history.delete([run])
    os.close(descriptor)  # nothing of the file changes with that
    assert listed(history, outcome="interrupted") == [run]


def test_questions_are_told_from_audits(history: RunHistory) -> None:
    ask = Cell("1.ask", 1, "ask", (), 10, "ab" * 32)
    keep_run(cells=(ask,))
    history.refresh()
    assert history.search(Wanted()).rows[0].kind == FOLLOW_UP


def test_what_the_auditor_decided_is_counted_and_found(
    history: RunHistory, root: Path, read: list[str]
) -> None:
    run = keep_run(root=str(root))
    other = keep_run(2, root=str(root / "elsewhere"))
    decide(root, sighted(run))
    history.refresh()
    read.clear()
    decide(
        root,
        TextsSet("F1", Texts("Double spend", "Mine.")),
        NoteSet("F1", "asked the client"),
        SeveritySet("F1", Severity.CRITICAL),
    )
    assert listed(history, "double spend client") == [run]
    assert read == []  # the journal is the same
    row = history.search(Wanted("client")).rows[0]
    assert row.severities == {"critical": 1}
    decide(root, StateSet("F1", State.FALSE_POSITIVE))
    history.refresh()
    assert history.search(Wanted("client")).rows[0].findings == 0
    assert listed(history, "withdraw") == [other, run]


def test_older_journals_are_found_through_the_decisions(history: RunHistory, root: Path) -> None:
    run = keep_run()
    decide(root, sighted(run))
    history.refresh()
    assert history.search(Wanted()).rows[0].project == str(root)
    assert history.facets().projects == ((str(root), 1),)


def test_an_opened_run_is_as_it_was(history: RunHistory, root: Path) -> None:
    run = keep_run(root=str(root))
    opened = history.open(run)
    assert opened.stored.header is not None
    assert opened.stored.header.files[0].text == SOURCE
    assert opened.stored.result.texts == {"1.quick": REPORT}
    (finding,) = opened.findings
    assert (finding.key, finding.texts.title) == ("F1", "Reëntrancy in withdraw")
    assert finding.place is not None
    assert (finding.place.start_line, finding.place.function) == (5, "withdraw")
    assert opened.chain == ()
    decide(root, sighted(run, "F7"), NoteSet("F7", "a note"), StateSet("F7", State.CONFIRMED))
    (finding,) = history.open(run).findings
    assert (finding.key, finding.note, finding.state) == ("F7", "a note", State.CONFIRMED)


def test_findings_that_were_not_recorded_are_there_too(history: RunHistory, root: Path) -> None:
    second = "\n## [Low] Odd pragma\n\n- Location: Vault.sol, line 1\n\nIt floats.\n"
    run = keep_run(text=REPORT + second, root=str(root))
    decide(root, sighted(run), sighted("another", "F2"), Merged("F1", "F2"))
    keys = [(one.key, one.texts.title) for one in history.open(run).findings]
    assert keys == [("F2", "Reëntrancy in withdraw"), ("R1", "Odd pragma")]


def test_the_chain_goes_back_to_the_first(history: RunHistory) -> None:
    first = keep_run(1)
    second = keep_run(2, continues=first)
    third = keep_run(3, continues=second)
    chain = history.open(third).chain
    assert [stored.id for stored in chain] == [second, first]
    circle = keep_run(4, continues="20261120T000005Z-000005")
    keep_run(5, continues=circle)
    assert [stored.id for stored in history.open(circle).chain] == ["20261120T000005Z-000005"]
    lost = keep_run(6, continues="20200101T000000Z-000000")
    assert history.open(lost).chain == ()


def test_no_such_run_is_a_sentence(history: RunHistory) -> None:
    for name in ("gone", "../x", ""):
        with pytest.raises(RunsError, match="There is no run"):
            history.open(name)


def test_a_run_without_a_header_opens(history: RunHistory) -> None:
    run = keep_run()
    journal = paths.runs() / run / "journal.jsonl"
    journal.write_bytes(b"\n".join([b"lost", *journal.read_bytes().split(b"\n")[1:]]))
    opened = history.open(run)
    assert (opened.stored.header, opened.findings) == (None, ())
    assert opened.stored.result.texts == {"1.quick": REPORT}


def test_a_new_name_is_found_and_an_empty_one_is_the_first_again(history: RunHistory) -> None:
    run = keep_run()
    history.refresh()
    assert history.rename(run, "  Second\nreview  " + "x" * 300).startswith("Second review xx")
    row = history.search(Wanted("second review")).rows[0]
    assert (row.id, len(row.title)) == (run, 200)
    assert not history.refresh() or not history.changed
    history.rename(run, "")
    assert history.search(Wanted()).rows[0].title == "Vault.sol"
    with pytest.raises(RunsError, match="There is no run"):
        history.rename("20200101T000000Z-000000", "x")


def test_deleting_can_be_undone_while_the_program_runs(history: RunHistory) -> None:
    one, two = keep_run(1), keep_run(2)
    history.refresh()
    token = history.delete([one])
    assert [row.id for row in history.search(Wanted()).rows] == [two]
    assert listed(history) == [two]
    assert history.undelete(token) == [one]
    assert [row.id for row in history.search(Wanted("withdraw")).rows] == [two, one]
    history.delete([one])
    history.close()
    assert trash.put_aside() == []
    assert listed(history) == [two]


def test_what_a_dead_program_put_aside_is_swept(history: RunHistory) -> None:
    dead = RunHistory()
    dead.delete([keep_run(1)])
    os.close(dead._trash._lock)
    history.sweep()
    assert trash.put_aside() == []
    dead._index.close()


def test_what_is_deleted_while_runs_are_read_does_not_come_back(history: RunHistory) -> None:
    runs = [keep_run(number) for number in range(4)]
    steps = history.refreshing()
    assert next(steps) == (0, 4)
    assert next(steps) == (1, 4)
    history.delete([runs[0], runs[3]])  # one that was read, one that was not
    assert [*steps][-1] == (4, 4)
    assert [row.id for row in history.search(Wanted()).rows] == [runs[2], runs[1]]


def test_a_header_that_names_no_folder_does_not_hide_the_others(history: RunHistory) -> None:
    one, two = keep_run(1, root="/a\0b"), keep_run(2)
    assert listed(history) == [two, one]
    assert history.search(Wanted()).rows[1].damaged_lines == 1


def test_two_programs_may_build_the_index_at_once(history: RunHistory) -> None:
    runs = [keep_run(number, text="short") for number in range(60)]
    errors: list[BaseException] = []

    def build() -> None:
        other = RunHistory()
        try:
            other.refresh()
            assert other.search(Wanted("short")).total == 60
        except BaseException as error:  # noqa: BLE001  # told below
            errors.append(error)
        finally:
            other.close()

    threads = [threading.Thread(target=build) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert history.search(Wanted(), 100).total == len(runs)
    assert (paths.data() / "history.sqlite").exists()
    history.refresh()
    assert not history.changed
