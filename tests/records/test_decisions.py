from __future__ import annotations

import dataclasses
import datetime
import json
import typing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectr_desktop.records.codec import RecordError
from spectr_desktop.records.decisions import (
    Decision,
    Entry,
    NoteSet,
    StateSet,
    Undone,
    entry_from_json,
    entry_to_json,
    new_entry,
)
from spectr_desktop.records.grades import State

_TEXT = st.text(st.characters(categories=None), max_size=12)
_KINDS = typing.get_args(Decision)


def _values(hint: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - any hint of a record
    """Values for a type hint, every field of a record drawn."""
    if hint is str:
        return _TEXT
    if dataclasses.is_dataclass(hint):
        hints = typing.get_type_hints(hint)
        names = [field.name for field in dataclasses.fields(hint)]
        return st.builds(
            typing.cast("type", hint), **{name: _values(hints[name]) for name in names}
        )
    if typing.get_origin(hint) is tuple:
        return st.lists(_values(typing.get_args(hint)[0]), max_size=2).map(tuple)
    if type(None) in typing.get_args(hint):
        return st.none() | _values(typing.get_args(hint)[0])
    return st.from_type(hint)


@given(st.builds(Entry, _TEXT, _TEXT, st.one_of([_values(kind) for kind in _KINDS])))
def test_an_entry_comes_back_as_it_was(entry: Entry) -> None:
    assert entry_from_json(json.loads(json.dumps(entry_to_json(entry)))) == entry


def test_every_kind_has_a_name_of_its_own() -> None:
    assert sorted(kind.kind for kind in _KINDS) == [
        "merged",
        "note",
        "rechecked",
        "relocated",
        "severity",
        "sighted",
        "sighting_split",
        "split",
        "state",
        "texts",
        "undone",
        "unmoved",
        "written",
    ]


def test_an_entry_is_one_flat_object() -> None:
    at = datetime.datetime(
        2026, 11, 24, 12, 0, 5, 999, datetime.timezone(datetime.timedelta(hours=2))
    )
    entry = new_entry(StateSet("F1", State.CONFIRMED), at)
    assert entry_to_json(entry) == {
        "id": entry.id,
        "at": "2026-11-24T10:00:05Z",
        "kind": "state",
        "key": "F1",
        "state": "confirmed",
    }


def test_ids_are_short_and_differ() -> None:
    entries = [new_entry(NoteSet("F1", "")) for _ in range(100)]
    assert len({entry.id for entry in entries}) == 100
    assert {len(entry.id) for entry in entries} == {12}
    assert all(entry.at.endswith("Z") and len(entry.at) == 20 for entry in entries)


def test_a_kind_of_the_future_is_passed_over() -> None:
    assert entry_from_json({"id": "1", "at": "", "kind": "pinned", "key": 7}) is None


def test_a_key_of_the_future_is_passed_over() -> None:
    value = {**entry_to_json(Entry("1", "", Undone("0"))), "why": "because"}
    assert entry_from_json(value) == Entry("1", "", Undone("0"))


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"id": "1", "at": ""},
        {"id": 1, "at": "", "kind": "split", "key": "F1"},
        {"id": "1", "at": 5, "kind": "split", "key": "F1"},
        {"id": "1", "at": "", "kind": [], "key": "F1"},
        {"id": "1", "at": "", "kind": "split"},
        {"id": "1", "at": "", "kind": "state", "key": "F1", "state": "great"},
        {"id": "1", "at": "", "kind": "state", "key": "F1", "state": []},
        {"id": "1", "at": "", "kind": "unmoved", "keys": "F1", "path": "", "source_sha256": ""},
    ],
)
def test_a_damaged_entry_is_an_error(value: dict[str, Any]) -> None:
    with pytest.raises(RecordError):
        entry_from_json(value)
