from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectr_desktop.audit import budget, prompts
from spectr_desktop.audit.parts import SourceParts, numbers_of, part_title, run_title
from spectr_desktop.audit.plan import FollowUp
from spectr_desktop.errors import SpectrError
from spectr_desktop.records.source import source_file

_AUDIT = FollowUp(prompts.AUDIT)
_FILES = [source_file(f"src/C{n}.sol", f"contract C{n} {{}}\n" * 60) for n in range(6)]


def estimated(source: SourceParts, title: str, *numbers: int) -> int:
    composed = source.composed(tuple(_FILES[n] for n in numbers), title)
    return budget.estimate(composed.system, composed.user)


def test_what_fits_is_one_part() -> None:
    whole = SourceParts(_FILES, _AUDIT, "", None)
    assert whole.divided() == [tuple(_FILES)]
    needed = estimated(whole, run_title(_FILES), *range(6))
    assert len(SourceParts(_FILES, _AUDIT, "", needed).divided()) == 1
    assert len(SourceParts(_FILES, _AUDIT, "", needed - 1).divided()) == 2


def test_a_title_tells_its_numbers() -> None:
    assert numbers_of(part_title(2, 13, tuple(_FILES))) == (2, 13)
    assert numbers_of("") == numbers_of(run_title(_FILES)) == (0, 0)


def test_a_question_and_a_single_file_are_never_divided() -> None:
    assert len(SourceParts(_FILES, FollowUp("ask", question="Why?"), "", 50).divided()) == 1
    assert len(SourceParts(_FILES[:1], _AUDIT, "", 50).divided()) == 1


@given(st.integers(300, 4000), st.floats(0.5, 1.5))
@settings(max_examples=60, deadline=None)
def test_no_part_of_several_files_is_longer_than_its_room(room: int, share: float) -> None:
    source = SourceParts(_FILES, _AUDIT, "", room)
    parts = source.divided(share)
    assert [file for part in parts for file in part] == _FILES
    for number, part in enumerate(parts, 1):
        composed = source.composed(part, part_title(number, len(parts), part))
        needed = budget.estimate(composed.system, composed.user) * share
        assert len(part) == 1 or needed <= room + share
        assert source.holds(part, int(needed))


def test_a_part_holds_by_the_servers_count_or_else_by_the_estimate() -> None:
    source = SourceParts(_FILES, _AUDIT, "", 1500)
    assert source.holds(tuple(_FILES), 1500)
    assert not source.holds(tuple(_FILES), 1501)
    assert not source.holds(tuple(_FILES), None)
    assert source.holds(tuple(_FILES[:1]), 9999)


def test_a_part_is_named_with_those_beside_it() -> None:
    assert part_title(2, 3, tuple(_FILES[1:3])) == "part 2 of 3: src/C1.sol and 1 more"
    assert part_title(3, 3, (_FILES[4],)) == "part 3 of 3: src/C4.sol"
    source = SourceParts(_FILES, _AUDIT, "", None)
    assert "# Report on src/C0.sol and 5 more\n" in source.composed(tuple(_FILES)).user


def test_a_source_of_empty_files_is_none() -> None:
    with pytest.raises(SpectrError) as caught:
        SourceParts([source_file("a.sol", " \n")], _AUDIT, "", None)
    assert caught.value.code == "nothing_to_audit"
