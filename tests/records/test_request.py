from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectr_desktop.records.request import HIDDEN, Purpose, WireRequest, masked

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def _request(body: bytes) -> WireRequest:
    return WireRequest(Purpose.GENERATE, "POST", "http://a/v1", (), body)


@given(st.text())
def test_at_most_four_characters_of_a_key_are_shown(key: str) -> None:
    shown = masked(key)
    end = shown.removeprefix(HIDDEN)
    assert len(end) <= (4 if len(key) >= 20 else 0)
    assert key.endswith(end)


@pytest.mark.parametrize(
    ("key", "shown"),
    [("", ""), ("k" * 19, HIDDEN), ("sk-ant-0123456789-wxyz", HIDDEN + "wxyz")],
)
def test_a_short_key_is_not_shown_at_all(key: str, shown: str) -> None:
    assert masked(key) == shown


def test_a_body_is_read_by_a_person() -> None:
    body = {
        "model": "m",
        "options": {"num_ctx": 4096, "seed": None},
        "messages": [{"role": "user", "content": "Audit.\ncontract Größe {\r\n}\n"}],
        "stop": [],
        "stream": True,
    }
    assert _request(json.dumps(body).encode()).readable().split("\n") == [
        "model: m",
        "options num_ctx: 4096",
        "options seed: null",
        "messages 1 role: user",
        "",
        "── messages 1 content ──",
        "Audit.",
        "contract Größe {\r",
        "}",
        "",
        "",
        "stop: []",
        "stream: true",
    ]


@given(_VALUES)
def test_no_text_of_a_body_is_left_out(value: object) -> None:
    def texts(inner: object) -> list[str]:
        if isinstance(inner, dict):
            return [text for item in inner.values() for text in texts(item)]
        if isinstance(inner, list):
            return [text for item in inner for text in texts(item)]
        return [inner] if isinstance(inner, str) else []

    shown = _request(json.dumps(value).encode()).readable()
    assert all(text in shown for text in texts(value))


@pytest.mark.parametrize(
    ("body", "shown"),
    [(b"", ""), (b"no json \xff", "no json �"), (b"[" * 100_000, "[" * 100_000)],
)
def test_a_body_that_is_no_json_is_shown_as_it_is(body: bytes, shown: str) -> None:
    assert _request(body).readable() == shown
