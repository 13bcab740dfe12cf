from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectr_desktop.report.line_map import Change, LineMap, NewRange

VAULT = """\
contract Vault {
    mapping(address => uint256) balances;

    function add() external payable {
        balances[msg.sender] += msg.value;
    }

    function take(uint256 amount) external {
        require(balances[msg.sender] >= amount);
        (bool ok, ) = msg.sender.call{value: amount}("");
        require(ok);
        balances[msg.sender] -= amount;
    }
}
"""
CALL = 10
_GONE = NewRange(0, 0, Change.GONE)


def edited(old: str, new: str) -> LineMap:
    assert old in VAULT
    return LineMap(VAULT, VAULT.replace(old, new))


def test_lines_below_an_edit_get_new_numbers() -> None:
    lines = edited("    mapping", "    uint256 a;\n    uint256 b;\n    mapping")
    assert lines.place(1, 1) == NewRange(1, 1, Change.SAME)
    assert lines.place(CALL, CALL + 1) == NewRange(CALL + 2, CALL + 3, Change.SAME)


def test_an_edited_line_is_found_by_its_likeness() -> None:
    lines = edited('{value: amount}("")', '{value: amount, gas: 5000}("")')
    assert lines.place(CALL, CALL) == NewRange(CALL, CALL, Change.EDITED)


def test_an_edited_line_is_found_among_new_ones() -> None:
    call = '        (bool ok, ) = msg.sender.call{value: amount}("");\n'
    new = "        uint256 left = 1;\n        total -= left;\n        emit Paid(amount);\n"
    longer = call.replace("amount}", "amount, gas: 5000}")
    lines = edited(call, new + longer + new)
    assert lines.place(CALL, CALL) == NewRange(CALL + 3, CALL + 3, Change.EDITED)
    lines = edited(call, longer.replace("ok", "done") + longer)
    assert lines.place(CALL, CALL) == NewRange(CALL + 1, CALL + 1, Change.EDITED)


def test_a_block_with_two_equal_copies_elsewhere_is_gone() -> None:
    line = "        balances[msg.sender] -= amount;\n"
    moved = "    function other() internal {\n" + line + line + "    }\n\n"
    start = VAULT.index("    function add")
    text = VAULT.replace(line, "")
    lines = LineMap(VAULT, text[:start] + moved + text[start:])
    assert lines.place(CALL + 2, CALL + 2) == _GONE


def test_a_line_that_came_between_is_an_edit() -> None:
    lines = edited("        require(ok);", "        count += 1;\n        require(ok);")
    assert lines.place(CALL, CALL + 1) == NewRange(CALL, CALL + 2, Change.EDITED)
    assert lines.place(CALL, CALL) == NewRange(CALL, CALL, Change.SAME)


def test_the_rest_of_a_range_keeps_its_edges() -> None:
    lines = edited("        require(ok);\n", "        if (!ok) revert Failed();\n")
    assert lines.place(CALL, CALL + 1) == NewRange(CALL, CALL + 1, Change.EDITED)
    lines = edited("        require(ok);\n", "")
    assert lines.place(CALL, CALL + 2) == NewRange(CALL, CALL + 1, Change.EDITED)


def test_a_line_that_moved_is_found_where_it_is() -> None:
    line = "        balances[msg.sender] -= amount;\n"
    call = "        (bool ok, )"
    without = VAULT.replace(line, "")
    lines = LineMap(VAULT, without.replace(call, line + call))
    assert {lines.place(CALL, CALL).change, lines.place(CALL + 2, CALL + 2).change} <= {
        Change.SAME,
        Change.MOVED,
    }
    assert lines.place(CALL, CALL)[:2] == (CALL + 1, CALL + 1)
    assert lines.place(CALL + 2, CALL + 2)[:2] == (CALL, CALL)


def test_what_was_removed_is_gone() -> None:
    start = VAULT.index("    function take")
    lines = LineMap(VAULT, VAULT[:start] + "}\n")
    assert lines.place(CALL, CALL) == _GONE
    assert lines.place(8, 13) == _GONE
    assert LineMap(VAULT, "").place(1, 14) == _GONE


def test_what_was_replaced_by_something_else_is_gone() -> None:
    lines = edited(
        '        (bool ok, ) = msg.sender.call{value: amount}("");\n        require(ok);\n',
        "        _pay();\n",
    )
    assert lines.place(CALL, CALL) == _GONE


def test_a_bracket_that_stayed_is_not_the_code() -> None:
    body = VAULT[VAULT.index("    function take") : VAULT.rindex("    }\n}")]
    lines = edited(body, "    function stop() internal {\n        halted = true;\n")
    assert lines.place(8, 13) == _GONE


def test_white_space_at_the_end_of_a_line_does_not_matter() -> None:
    lines = LineMap(VAULT, VAULT.replace(";\n", ";  \n"))
    assert lines.place(8, 13) == NewRange(8, 13, Change.SAME)


@pytest.mark.parametrize(("start", "end"), [(0, 0), (-1, 3), (5, 4), (99, 99)])
def test_lines_that_are_none_are_gone(start: int, end: int) -> None:
    assert LineMap(VAULT, VAULT).place(start, end) == _GONE


def test_a_range_over_the_end_is_cut() -> None:
    assert LineMap("a\nb", "x\na\nb").place(1, 9) == NewRange(2, 3, Change.SAME)


_LINES = st.lists(st.sampled_from(["a", "b", "c;", "  x += 1;", "  require(ok, 1);", "}", ""]))


@given(_LINES, _LINES)
def test_lines_are_only_mapped_to_equal_ones_and_in_order(old: list[str], new: list[str]) -> None:
    lines = LineMap("\n".join(old), "\n".join(new))
    kept = [(at, to) for at, to in enumerate(lines._to) if to >= 0]
    assert all(lines._old[at] == lines._new[to] for at, to in kept)
    assert [to for _, to in kept] == sorted({to for _, to in kept})
    for start in range(1, len(lines._old) + 1):
        for end in (start, len(lines._old)):
            found = lines.place(start, end)
            assert 0 <= found.start <= found.end <= len(lines._new)
            assert (found.start == 0) == (found.change is Change.GONE)
            if found.change in (Change.SAME, Change.MOVED):
                block = lines._old[start - 1 : end]
                moved = lines._new[found.start - 1 : found.end]
                assert [line.strip() for line in moved] == [line.strip() for line in block]


@given(_LINES, st.integers(0, 20), _LINES)
def test_an_insertion_moves_every_line_below_it(
    old: list[str], at: int, inserted: list[str]
) -> None:
    unique = [f"{number} {line}" for number, line in enumerate(old)]
    at = min(at, len(unique))
    lines = LineMap("\n".join(unique), "\n".join(unique[:at] + inserted + unique[at:]))
    for number in range(1, len(unique) + 1):
        here = number if number <= at else number + len(inserted)
        assert lines.place(number, number) == NewRange(here, here, Change.SAME)


def test_many_equal_lines_are_no_trouble() -> None:
    old = "\n".join(["a", "b"] * 5_000)
    new = "\n".join(["b", "c", "a"] * 3_300)
    assert LineMap(old, new).place(1, 10_000).change is not Change.SAME
