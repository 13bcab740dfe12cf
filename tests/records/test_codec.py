from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectr_desktop.records.codec import RecordError, from_json, to_json
from spectr_desktop.records.house_style import Look
from spectr_desktop.records.run import Header, Outcome, Parameters, Usage
from spectr_desktop.records.server import ModelInfo, ServerConfig
from tests.run_samples import header


@dataclass(frozen=True)
class Sample:
    name: str
    share: float = 0.5
    maybe: int | None = None
    either: str | int = ""
    tags: frozenset[str] = field(default_factory=frozenset)
    outcomes: tuple[Outcome, ...] = ()
    counts: dict[str, str | int] = field(default_factory=dict)
    inner: Usage = field(default_factory=Usage)
    flag: bool = False


@pytest.mark.parametrize(
    "record",
    [
        header(cells=2),
        ModelInfo("m", capabilities=frozenset({"b", "a"}), remote=True),
        ServerConfig("builtin", model_file="ü \ud800.gguf"),
        Parameters(1, temperature=0.0),
        Sample("x", 1.5, 3, 7, frozenset({"t"}), (Outcome.FAILED,), {"a": 1, "b": "c"}, Usage(1)),
    ],
)
def test_a_record_comes_back_as_it_was(record: object) -> None:
    raw = json.dumps(to_json(record))
    assert from_json(type(record), json.loads(raw)) == record


def test_sets_are_sorted_and_enums_are_their_values() -> None:
    sample = Sample("x", tags=frozenset("cab"), outcomes=(Outcome.NOT_SENT,))
    value = to_json(sample)
    assert (value["tags"], value["outcomes"]) == (["a", "b", "c"], ["not_sent"])


def test_bytes_are_base64() -> None:
    look = Look(b"\x89PNG\x00", "#1f6feb")
    assert to_json(look) == {"logo": "iVBORwA=", "accent": "#1f6feb"}
    assert from_json(Look, to_json(look)) == look
    with pytest.raises(RecordError, match=r"Look\.logo: this is no base64"):
        from_json(Look, {"logo": "?"})


def test_what_has_no_json_form_is_refused() -> None:
    with pytest.raises(TypeError, match="complex"):
        to_json(1j)
    with pytest.raises(TypeError, match="type"):
        to_json(Sample)


def test_unknown_keys_are_passed_over_and_missing_ones_have_their_default() -> None:
    assert from_json(Sample, {"name": "x", "from_the_future": [1]}) == Sample("x")


def test_an_integer_is_a_number_with_a_fraction_too() -> None:
    assert from_json(Sample, {"name": "x", "share": 1}).share == 1.0


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (None, "Sample"),
        ([], "Sample"),
        ({}, "name"),
        ({"name": 1}, "Sample.name"),
        ({"name": "x", "share": True}, "Sample.share"),
        ({"name": "x", "share": "1"}, "Sample.share"),
        ({"name": "x", "maybe": True}, "Sample.maybe"),
        ({"name": "x", "maybe": 1.5}, "Sample.maybe"),
        ({"name": "x", "either": None}, "Sample.either"),
        ({"name": "x", "tags": "abc"}, "Sample.tags"),
        ({"name": "x", "tags": [[]]}, r"Sample.tags\[0\]"),
        ({"name": "x", "outcomes": ["complete", "great"]}, r"Sample.outcomes\[1\]"),
        ({"name": "x", "outcomes": [[]]}, r"Sample.outcomes\[0\]"),
        ({"name": "x", "counts": []}, "Sample.counts"),
        ({"name": "x", "counts": {"a": None}}, "Sample.counts.a"),
        ({"name": "x", "inner": {"input": "many"}}, "Sample.inner.input"),
        ({"name": "x", "flag": 1}, "Sample.flag"),
    ],
)
def test_a_wrong_shape_says_where(value: object, where: str) -> None:
    with pytest.raises(RecordError, match=where):
        from_json(Sample, value)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_KEYS = st.sampled_from(list(to_json(header())))


@given(st.dictionaries(_KEYS, _VALUES, max_size=4))
@settings(max_examples=150, deadline=None)
def test_a_damaged_header_raises_nothing_but_record_error(changes: dict[str, Any]) -> None:
    value = {**to_json(header()), **changes}
    try:
        read = from_json(Header, value)
    except RecordError:
        return
    assert from_json(Header, to_json(read)) == read
