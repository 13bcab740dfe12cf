from __future__ import annotations

import errno
import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectr_desktop import paths
from spectr_desktop.records.codec import to_json
from spectr_desktop.records.events import (
    CellFinished,
    PhaseChanged,
    RunEntry,
    RunFinished,
    TextDelta,
    UsageReported,
)
from spectr_desktop.records.run import ErrorInfo, Outcome, Phase, Usage
from spectr_desktop.records.stored_run import RunNote, StoredRun
from spectr_desktop.store import stored_runs
from spectr_desktop.store.journal import Journal, _entry_line, _line
from spectr_desktop.store.stored_runs import (
    DAMAGE,
    DIED,
    ReadLines,
    RunsError,
    is_closed,
    is_writing,
    read_lines,
    read_note,
    read_run,
    run_ids,
    write_note,
)
from tests.run_samples import header

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROOT = Path(__file__).parents[2]
_ONE, _TWO = "1.quick", "2.quick"
_END = RunFinished(Outcome.COMPLETE, usage=Usage(10, 20), finished_at="2026-11-23T09:00:09Z")
_WHOLE = [
    RunEntry(0, _ONE, PhaseChanged(Phase.CONNECTING)),
    RunEntry(1000, _ONE, TextDelta("## Reëntr")),
    RunEntry(2000, _ONE, TextDelta("ancy \u2028 \ud800 🏦\n")),
    RunEntry(2100, _ONE, UsageReported(Usage(5, 10))),
    RunEntry(2500, _ONE, CellFinished(Outcome.COMPLETE, usage=Usage(5, 10))),
    RunEntry(3000, _TWO, PhaseChanged(Phase.CONNECTING)),
    RunEntry(4000, _TWO, TextDelta("second")),
    RunEntry(5000, _TWO, CellFinished(Outcome.COMPLETE)),
    RunEntry(9000, "", _END),
]
_HEADER = header(cells=2)


def raw_lines(entries: Sequence[RunEntry] = _WHOLE) -> list[bytes]:
    return [_line(to_json(_HEADER)), *(_entry_line(entry) for entry in entries)]


def kept(raw: bytes, run: str = _HEADER.id) -> str:
    """A run with this journal."""
    folder = paths.private_folder(paths.runs() / run)
    (folder / "journal.jsonl").write_bytes(raw)
    return run


def stored(lines: Sequence[bytes]) -> StoredRun:
    return read_run(kept(b"".join(lines)))


def outcomes(run: StoredRun) -> list[Outcome]:
    return [cell.outcome for cell in run.result.cells]


def test_a_whole_run_reads_back() -> None:
    run = stored(raw_lines())
    assert run.header == _HEADER
    assert run.result.outcome is Outcome.COMPLETE
    assert run.result.texts == {_ONE: "## Reëntrancy \u2028 \ud800 🏦\n", _TWO: "second"}
    assert run.result.usage == Usage(10, 20)
    assert outcomes(run) == [Outcome.COMPLETE] * 2
    assert (run.closed, run.writing, run.damaged_lines, run.unknown_lines) == (True, False, 0, 0)
    assert run.last_at == run.result.finished_at == "2026-11-23T09:00:09Z"
    assert (run.title, run.missing) == ("Vault.sol", ())
    assert is_closed(run.id)


@pytest.mark.parametrize(
    ("length", "outcome", "cells"),
    [
        (0, Outcome.INTERRUPTED, [Outcome.NOT_SENT, Outcome.NOT_SENT]),
        (1, Outcome.INTERRUPTED, [Outcome.INTERRUPTED, Outcome.NOT_SENT]),
        (4, Outcome.INTERRUPTED, [Outcome.INTERRUPTED, Outcome.NOT_SENT]),
        (5, Outcome.INTERRUPTED, [Outcome.COMPLETE, Outcome.NOT_SENT]),
        (7, Outcome.INTERRUPTED, [Outcome.COMPLETE, Outcome.INTERRUPTED]),
        # All that was planned is there: only the last line is not.
        (8, Outcome.COMPLETE, [Outcome.COMPLETE, Outcome.COMPLETE]),
    ],
)
def test_a_run_whose_program_died_is_interrupted(
    length: int, outcome: Outcome, cells: list[Outcome]
) -> None:
    run = stored(raw_lines(_WHOLE[:length]))
    assert run.result.outcome is outcome
    assert outcomes(run) == cells
    assert not run.closed
    assert not is_closed(run.id)
    assert run.damaged_lines == 0
    died = [cell.error for cell in run.result.cells if cell.outcome is Outcome.INTERRUPTED]
    assert all(error == DIED for error in died)
    assert run.result.error == (died[0] if died else None)


def test_how_the_cells_ended_says_how_an_unclosed_run_did() -> None:
    error = ErrorInfo("unreachable", "Gone.")
    ended = RunEntry(2500, _ONE, CellFinished(Outcome.FAILED, error=error))
    run = stored(raw_lines([*_WHOLE[:3], ended]))
    assert (run.result.outcome, run.result.error) == (Outcome.FAILED, error)
    assert run.missing == (_ONE, _TWO)
    assert run.last_at == "2026-11-23T09:00:02Z"


@pytest.mark.parametrize("cut", [1, 7, 30])
def test_a_torn_last_line_is_normal(cut: int) -> None:
    raw = b"".join(raw_lines(_WHOLE[:3]))
    whole_but_for_its_end = cut == 1
    run = stored([raw[:-cut]])
    assert run.damaged_lines == 0
    text = "## Reëntrancy \u2028 \ud800 🏦\n" if whole_but_for_its_end else "## Reëntr"
    assert run.result.texts == {_ONE: text}


@pytest.mark.parametrize("cut", [None, 5, -1])
def test_a_journal_without_a_whole_header_is_a_run_too(cut: int | None) -> None:
    run = stored([_line(to_json(_HEADER))[:cut] if cut else b""])
    assert run.header == (_HEADER if cut == -1 else None)
    assert (run.result.outcome, run.closed, run.damaged_lines) == (Outcome.INTERRUPTED, False, 0)
    assert run.title == (_HEADER.title if cut == -1 else _HEADER.id)


def test_zeros_that_a_power_cut_left_are_a_torn_line() -> None:
    run = stored([*raw_lines(_WHOLE[:3]), bytes(8192)])
    assert (run.damaged_lines, run.result.outcome) == (0, Outcome.INTERRUPTED)
    assert DAMAGE not in run.result.texts[_ONE]


@pytest.mark.parametrize(
    "line",
    [
        b"\x00\xff\xfe",
        b"\xef\xbb\xbf{}",
        b"[]",
        b"7",
        b"null",
        b"{}",
        b'{"t":1,"cell":"1.quick"}',
        b'{"t":"1","cell":"1.quick","event":"text_delta","text":"x"}',
        b'{"t":1,"cell":"1.quick","event":"text_delta","text":7}',
        b'{"t":1,"cell":"1.quick","event":["text_delta"]}',
        b'{"t":1,"cell":"1.quick","event":"phase","phase":{}}',
        b"[" * 100_000,
        b"9" * 10_000,
    ],
)
def test_a_damaged_line_is_counted_and_its_place_is_marked(line: bytes) -> None:
    lines = raw_lines()
    lines[3] = line + b"\n"
    run = stored(lines)
    assert run.damaged_lines == 1
    assert run.result.texts == {_ONE: "## Reëntr" + DAMAGE, _TWO: "second"}
    assert run.closed


@pytest.mark.parametrize(
    ("number", "texts"),
    [
        (1, {_ONE: DAMAGE + "## Reëntrancy", _TWO: "second"}),
        (2, {_ONE: DAMAGE + "ancy", _TWO: "second"}),
        (3, {_ONE: "## Reëntr" + DAMAGE, _TWO: "second"}),
        (5, {_ONE: "## Reëntrancy" + DAMAGE, _TWO: "second"}),
        (6, {_ONE: "## Reëntrancy", _TWO: DAMAGE + "second"}),
        (7, {_ONE: "## Reëntrancy", _TWO: DAMAGE}),
        (8, {_ONE: "## Reëntrancy", _TWO: "second" + DAMAGE}),
    ],
)
def test_wherever_text_may_be_missing_it_says_so(number: int, texts: dict[str, str]) -> None:
    entries = [replace(_WHOLE[2], event=TextDelta("ancy")) if e is _WHOLE[2] else e for e in _WHOLE]
    lines = raw_lines(entries)
    lines[number] = b"damaged\n"
    assert stored(lines).result.texts == texts


def test_damage_before_a_torn_end_is_marked_at_the_end() -> None:
    run = stored([*raw_lines(_WHOLE[:2]), b"damaged\n", b'{"t":'])
    assert run.result.texts == {_ONE: "## Reëntr" + DAMAGE}


def test_a_damaged_header_costs_no_text() -> None:
    run = stored([b"damaged\n", *raw_lines()[1:]])
    assert (run.header, run.damaged_lines) == (None, 1)
    assert run.result.texts[_TWO] == "second"
    assert outcomes(run) == [Outcome.COMPLETE] * 2
    assert run.title == run.id
    died = stored([b"damaged\n", *raw_lines(_WHOLE[:3])[1:]])
    assert (died.last_at, died.result.outcome) == ("", Outcome.INTERRUPTED)


def test_what_a_newer_version_knows_is_counted_apart() -> None:
    lines = raw_lines()
    lines.insert(2, b"\n")  # an empty line says nothing
    lines.insert(5, b'{"t":2050,"cell":"1.quick","event":"picture","bytes":"x"}\n')
    lines[3] = lines[3].replace(b'"event"', b'"newer":[1],"event"')
    run = stored(lines)
    assert (run.unknown_lines, run.damaged_lines) == (1, 0)
    assert run.result.texts == stored(raw_lines()).result.texts
    last = kept(b"".join(lines) + b'{"t":9999,"cell":"","event":"farewell"}\n')
    assert not is_closed(last)
    assert read_run(last).closed


@pytest.mark.parametrize(
    ("began", "last"),
    [("no time", "no time"), ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z")],
)
def test_an_odd_time_of_the_start_is_no_failure(began: str, last: str) -> None:
    first = _line(to_json(replace(_HEADER, created_at=began)))
    assert stored([first, *raw_lines(_WHOLE[:3])[1:]]).last_at == last


# One long line is in it, and one that only a newer version knows.
_LINES = [
    *raw_lines(_WHOLE[:4]),
    _entry_line(RunEntry(2200, _ONE, TextDelta("long " * 400))),
    b'{"t":2300,"cell":"1.quick","event":"picture"}\n',
    *raw_lines(_WHOLE[4:])[1:],
]
_RAW = b"".join(_LINES)
_STARTS = [sum(map(len, _LINES[:n])) for n in range(len(_LINES) + 1)]


@given(
    start=st.integers(0, len(_RAW)),
    length=st.integers(1, 3000),
    kind=st.sampled_from(["overwritten", "cut out", "zeroed", "torn"]),
    noise=st.binary(min_size=1, max_size=200),
)
def test_damage_loses_only_the_lines_that_it_touches(
    start: int, length: int, kind: str, noise: bytes
) -> None:
    end = len(_RAW) if kind == "torn" else min(len(_RAW), start + length)
    put = {"overwritten": (noise * length)[: end - start], "zeroed": bytes(end - start)}
    read = read_lines(_RAW[:start] + put.get(kind, b"") + _RAW[end:])
    # A line is touched if a byte of it is, its end too; a cut joins what stands on both sides.
    touched = {
        number
        for number, (first, after) in enumerate(pairwise(_STARTS))
        if (first < end and start < after) or first <= end < after
    }
    spared = [
        entry
        for number, line in enumerate(_LINES[1:], 1)
        if number not in touched
        for entry in read_lines(b"\n" + line).entries
        if entry is not None
    ]
    found = [entry for entry in read.entries if entry is not None]
    assert all(entry in found for entry in spared), "one that was not touched is lost"
    if 0 not in touched:
        assert read.header == _HEADER
    if kind == "torn":
        assert read.damaged == 0
    elif kind == "zeroed":
        assert read.damaged == (end < len(_RAW))
    elif kind == "cut out":
        assert read.damaged <= 1
    stored_runs.stored_run("x", read, RunNote(), writing=False)


@given(st.binary(max_size=400))
def test_whatever_the_file_holds_it_is_read(raw: bytes) -> None:
    read = read_lines(raw)
    assert read.header is None
    run = stored_runs.stored_run("x", read, RunNote(), writing=False)
    assert not run.result.outcome.finished


def test_a_long_journal_takes_memory_in_proportion(tmp_path: Path) -> None:
    line = _entry_line(RunEntry(1, _ONE, TextDelta("word and more words " * 8)))
    raw = _line(to_json(_HEADER)) + line * 100_000
    kept(raw)
    child = (
        "import resource, sys\n"
        "from spectr_desktop.store.stored_runs import read_run\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024\n"
        "before = peak()\n"
        f"run = read_run({_HEADER.id!r})\n"
        "print(peak() - before, len(run.result.texts['1.quick']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", child], check=True, capture_output=True, text=True, cwd=_ROOT
    )
    grown, length = map(int, done.stdout.split())
    assert length == 160 * 100_000
    assert grown < 6 * len(raw)


def test_runs_are_listed_the_newest_first() -> None:
    assert run_ids() == []
    names = ["20261123T090000Z-0a1b2c", "20261124T090000Z-000000", "20261122T090000Z-ffffff"]
    for name in names:
        kept(b"", name)
    (paths.runs() / ".hidden").mkdir()
    (paths.runs() / "20261125T090000Z-aaaaaa").mkdir()  # died before its journal was made
    (paths.runs() / "file").write_text("")
    assert run_ids() == [names[1], names[0], names[2]]


def test_a_run_whose_folder_says_nothing_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    run = kept(b"")

    def refuse(_path: Path) -> bool:
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr(
        stored_runs.Path if hasattr(stored_runs, "Path") else Path, "exists", refuse
    )
    assert run_ids() == [run]


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "a\\b", "a\0b", ".hidden", "gone"])
def test_a_run_that_is_not_there_is_said(name: str) -> None:
    with pytest.raises(RunsError, match="There is no run") as caught:
        read_run(name)
    assert caught.value.code == "run_missing"


def test_a_journal_that_cannot_be_read_is_said() -> None:
    (paths.runs() / "x" / "journal.jsonl").mkdir(parents=True)
    with pytest.raises(RunsError, match="cannot be read") as caught:
        read_run("x")
    assert caught.value.code == "run_unreadable"
    assert is_closed("x")
    assert not is_writing("x")


def test_what_is_kept_beside_a_run_reads_back() -> None:
    run = kept(b"".join(raw_lines()))
    assert read_note(run) == RunNote()
    note = RunNote("Große Prüfung \ud800", answered=True)
    write_note(run, note)
    assert read_note(run) == note
    assert (read_run(run).note, read_run(run).title) == (note, note.title)
    file = paths.runs() / run / "run.json"
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("raw", [b"", b"[]", b"\xff", b"[" * 100_000, b'{"title": 7}'])
def test_a_damaged_note_is_as_good_as_none(raw: bytes) -> None:
    run = kept(b"")
    (paths.runs() / run / "run.json").write_bytes(raw)
    assert read_note(run) == RunNote()


def test_a_note_that_cannot_be_kept_is_said() -> None:
    with pytest.raises(RunsError, match="There is no run"):
        write_note("gone", RunNote("x"))
    run = kept(b"")
    (paths.runs() / run / "run.json").mkdir()
    with pytest.raises(RunsError, match="cannot be kept") as caught:
        write_note(run, RunNote("x"))
    assert caught.value.code == "run_not_kept"


def test_an_end_behind_a_torn_line_is_found() -> None:
    run = kept(b"".join(raw_lines()) + b'{"t":')
    assert is_closed(run)
    assert not is_closed(kept(b"\n\n"))
    assert not is_closed(kept(b"\xff" * 200_000))


async def test_a_run_is_written_as_long_as_its_journal_is_open() -> None:
    journal = Journal(_HEADER)
    assert is_writing(_HEADER.id)
    assert read_run(_HEADER.id).writing
    await journal.close()
    assert not is_writing(_HEADER.id)
    assert not is_writing("gone")


_CHILD = """
import sys
from dataclasses import replace
from tests.run_samples import header
from spectr_desktop.records.events import RunEntry, TextDelta
from spectr_desktop.store.journal import Journal

journal = Journal(replace(header(cells=2), id=sys.argv[1]))
for number in range(200):
    journal.write([RunEntry(number, "1.quick", TextDelta(f"{number} of {sys.argv[1]} "))])
print("written", flush=True)
sys.stdin.readline()
"""


def test_two_programs_at_one_home_harm_nothing() -> None:
    names = ["20261123T090000Z-000001", "20261123T090000Z-000002"]
    children = [
        subprocess.Popen(
            [sys.executable, "-c", _CHILD, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=_ROOT,
            env={**os.environ, "PYTHONPATH": str(_ROOT)},
        )
        for name in names
    ]
    try:
        for child in children:
            assert child.stdout is not None
            assert child.stdout.readline() == b"written\n"
        assert run_ids() == names[::-1]
        assert all(is_writing(name) for name in names)
        children[0].kill()
        children[0].wait()
        assert [is_writing(name) for name in names] == [False, True]
    finally:
        for child in children:
            child.kill()
            child.communicate()
    for name in names:
        run = read_run(name)
        text = "".join(f"{number} of {name} " for number in range(200))
        assert run.result.texts == {_ONE: text}
        assert (run.result.outcome, run.damaged_lines) == (Outcome.INTERRUPTED, 0)


def test_an_empty_journal_has_no_lines() -> None:
    assert read_lines(b"") == ReadLines(None, ())
