from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spectr_desktop.audit.pack import halves, packed
from spectr_desktop.records.source import source_file


def names(sized: list[tuple[str, float]], room: float) -> list[list[str]]:
    files = [source_file(path, path) for path, _ in sized]
    parts = packed(files, [size for _, size in sized], room)
    return [[file.path for file in part] for part in parts]


def test_files_are_packed_in_their_order() -> None:
    assert names([("a", 4), ("b", 5), ("c", 2), ("d", 1)], 10) == [["a", "b"], ["c", "d"]]
    assert names([("a", 4), ("b", 6)], 10) == [["a", "b"]]
    assert names([], 10) == []


def test_a_folder_stays_together_where_it_fits() -> None:
    sized = [("x/a", 4.0), ("x/b", 2.0), ("y/a", 3.0), ("y/b", 3.0)]
    assert names(sized, 10) == [["x/a", "x/b"], ["y/a", "y/b"]]
    # One that fits nowhere uses what is left.
    assert names([*sized[:2], ("y/a", 3), ("y/b", 9)], 10) == [["x/a", "x/b", "y/a"], ["y/b"]]


def test_a_file_that_is_too_large_is_a_part_of_its_own() -> None:
    assert names([("a", 1), ("b", 11), ("c", 1)], 10) == [["a"], ["b"], ["c"]]
    assert names([("a", 1), ("b", 1)], -5) == [["a"], ["b"]]


_PATHS = st.sampled_from(["", "a/", "a/b/", "c/"])


@given(st.lists(st.tuples(_PATHS, st.integers(1, 30)), max_size=40), st.integers(-5, 40))
def test_every_file_is_in_exactly_one_part_that_holds_it(
    drawn: list[tuple[str, int]], room: int
) -> None:
    sized = {f"{folder}{at}": float(size) for at, (folder, size) in enumerate(drawn)}
    parts = names(list(sized.items()), room)
    assert [path for part in parts for path in part] == list(sized)
    for part in parts:
        assert part
        assert len(part) == 1 or sum(sized[path] for path in part) <= room


def test_a_part_is_halved_in_order() -> None:
    one, two, three = (source_file(name, name) for name in "abc")
    assert halves((one, two, three)) == ((one,), (two, three))
