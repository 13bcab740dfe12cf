from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectr_desktop.report import line_diff
from spectr_desktop.report.line_diff import Diff, RowKind, diff, edits

_LINES = st.lists(st.sampled_from(["", "a", "b", "a b", "}"]), max_size=12)


def _applied(old: str, new: str) -> str:
    lines = old.split("\n")
    for edit in reversed(edits(old, new)):
        lines[edit.start : edit.end] = edit.lines
    return "\n".join(lines)


def _shown(found: Diff) -> list[str]:
    signs = {RowKind.SAME: " ", RowKind.REMOVED: "-", RowKind.ADDED: "+", RowKind.GAP: "~"}
    return [f"{signs[row.kind]}{row.old},{row.new} {row.text}" for row in found.rows]


@given(_LINES, _LINES)
@settings(deadline=None)
def test_edits_turn_one_text_into_the_other(old: list[str], new: list[str]) -> None:
    before, after = "\n".join(old), "\n".join(new)
    assert _applied(before, after) == after


@given(_LINES, _LINES, st.integers(0, 3))
@settings(deadline=None)
def test_rows_hold_both_texts(old: list[str], new: list[str], context: int) -> None:
    before, after = "\n".join(old).split("\n"), "\n".join(new).split("\n")
    found = diff("\n".join(before), "\n".join(after), context)
    at = new_at = 0
    for row in found.rows:
        if row.kind is RowKind.GAP:
            at, new_at = at + row.hidden, new_at + row.hidden
        if row.kind in (RowKind.SAME, RowKind.REMOVED):
            assert (row.old, row.text) == (at + 1, before[at])
            at += 1
        if row.kind in (RowKind.SAME, RowKind.ADDED):
            assert (row.new, row.text) == (new_at + 1, after[new_at])
            new_at += 1
    assert (at, new_at) == ((len(before), len(after)) if found.rows else (0, 0))
    assert bool(found.rows) is (before != after)


def test_a_change_is_shown_with_its_lines_around() -> None:
    old = "\n".join("abcdefghijkl")
    found = diff(old, old.replace("f", "F"), context=1)
    assert _shown(found) == ["~1,1 ", " 5,5 e", "-6,0 f", "+0,6 F", " 7,7 g", "~8,8 "]
    assert (found.changes, found.removed, found.added, found.cut) == ((2,), 1, 1, 0)
    assert [row.hidden for row in found.rows if row.kind is RowKind.GAP] == [4, 5]


def test_a_single_line_is_shown_rather_than_left_out() -> None:
    found = diff("a\nb\nc\nd", "A\nb\nc\nD", context=1)
    assert _shown(found) == ["-1,0 a", "+0,1 A", " 2,2 b", " 3,3 c", "-4,0 d", "+0,4 D"]
    found = diff("a\nb\nc\nd\ne", "A\nb\nc\nd\nE", context=1)
    assert RowKind.GAP not in {row.kind for row in found.rows}


@pytest.mark.parametrize(
    ("old", "new", "removed", "added"),
    [
        ("uint a = 1;", "uint a = 2;", ["1"], ["2"]),
        ("    require(x > 0);", "\trequire(x > 0);", ["    "], ["\t"]),
        ("a = b;", "a = b;  ", [], ["  "]),
        ("one two three", "completely other words here", [], []),
    ],
)
def test_words_that_changed_are_marked(
    old: str, new: str, removed: list[str], added: list[str]
) -> None:
    first, second = diff(old, new).rows
    assert [old[a:b] for a, b in first.words] == removed
    assert [new[a:b] for a, b in second.words] == added


def test_words_of_lines_too_long_to_compare_are_not() -> None:
    long = " ".join("x" * 200)
    first, second = diff(long, long + " y").rows
    assert first.words == second.words == ()


def test_more_rows_than_anybody_reads_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_diff, "MOST_ROWS", 12)
    old = [str(number) for number in range(40)]
    new = [f"{line}!" if int(line) % 10 == 0 else line for line in old]
    found = diff("\n".join(old), "\n".join(new), context=1)
    assert (len(found.changes), found.cut) == (3, 1)
    assert (found.removed, found.added) == (4, 4)
    assert found.rows[-1].text == "20!"


def test_equal_texts_have_no_difference() -> None:
    assert diff("a\nb", "a\nb") == Diff()
    assert edits("a\nb", "a\nb") == []
