"""Whatever a settings file has beside the settings is there after they were changed."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from spectr_desktop.records.server import ServerConfig
from spectr_desktop.records.settings import SavedServer
from spectr_desktop.store.settings_servers import FIELDS, read_servers
from spectr_desktop.store.settings_text import changed_text

_IDS = ["a", "b", "c", "d"]
_VALUES = ["1", '"x # y"', "'''\n[[servers]]\n'''", "[1, 2]", "{z = 1}", "1979-05-27", "inf"]
_LINES = st.sampled_from(["", "# a comment", "  # [[servers]]"])
_UNKNOWN = st.builds(
    lambda name, value: f"u{name} = {value}", st.integers(0, 99), st.sampled_from(_VALUES)
)


@st.composite
def _body(draw: st.DrawFn, known: list[str]) -> str:
    unknown = {line.split(" ")[0]: line for line in draw(st.lists(_UNKNOWN, max_size=3))}
    lines = draw(st.permutations([*unknown.values(), *known]))
    out: list[str] = []
    for line in lines:
        out += [*draw(st.lists(_LINES, max_size=2)), line]
    return "\n".join([*out, *draw(st.lists(_LINES, max_size=2)), ""])


@st.composite
def _files(draw: st.DrawFn) -> str:
    sections = [("", ["version = 1"])]
    for name, known in (("editor", "indent = 3"), ("audit", "seed = 5")):
        if draw(st.booleans()):
            sections.append((f"[{name}]\n", [known]))
    deeper = ("unknown", "editor.deeper", "unknown.deeper")
    sections += [(f"[{name}]\n", []) for name in deeper if draw(st.booleans())]
    sections += [("[[others]]\n", [])] * draw(st.integers(0, 2))
    ids = draw(st.lists(st.sampled_from(_IDS), unique=True, max_size=3))
    servers = [("[[servers]]\n", [f'id = "{i}"', 'provider = "ollama"']) for i in ids]
    first, rest = sections[0], draw(st.permutations(sections[1:]))
    at = draw(st.integers(0, len(rest)))
    ordered = [first, *rest[:at], *servers, *rest[at:]]
    return "".join(head + draw(_body(known)) for head, known in ordered)


def _others(text: str) -> dict[str, Any]:
    """All but what was changed."""
    document = tomllib.loads(text)
    for key in ("indent", "font_size"):
        document.get("editor", {}).pop(key, None)
    document.get("audit", {}).pop("seed", None)
    for server in document.get("servers", []):
        for name in ("provider", "enabled", *FIELDS):
            server.pop(name, None)
    return {key: value for key, value in document.items() if value not in ({}, [])}


def _servers(text: str) -> tuple[SavedServer, ...]:
    return read_servers(tomllib.loads(text).get("servers"), [])


@examples(max_examples=60, deadline=None)
@given(_files(), st.data())
def test_only_what_was_changed_is_another(text: str, data: st.DataObject) -> None:
    before = _servers(text)
    values = data.draw(
        st.fixed_dictionaries(
            {},
            optional={
                "editor.indent": st.sampled_from([2, None]),
                "editor.font_size": st.just(12),
                "audit.seed": st.sampled_from([7, None]),
            },
        )
    )
    changed = [
        data.draw(st.sampled_from([s, SavedServer(s.id, ServerConfig("openai"), enabled=False)]))
        for s in before
    ]
    new = SavedServer("new", ServerConfig("builtin", name='a "name"'))
    after = tuple(data.draw(st.permutations([*changed, new])))
    written = changed_text(text, dict(values), before, after)
    document = tomllib.loads(written)
    for key, value in values.items():
        section, name = key.split(".")
        assert document.get(section, {}).get(name) == value
    assert _servers(written) == after
    expected = _others(text)
    expected["servers"] = {s["id"]: s for s in expected.get("servers", [])} | {"new": {"id": "new"}}
    found = _others(written)
    found["servers"] = {s["id"]: s for s in found["servers"]}
    assert found == expected
    assert sorted(_comments(written)) == sorted(_comments(text))


@examples(max_examples=40, deadline=None)
@given(_files(), st.data())
def test_what_was_removed_is_gone_and_nothing_else(text: str, data: st.DataObject) -> None:
    before = _servers(text)
    after = tuple(s for s in before if data.draw(st.booleans()))
    written = changed_text(text, {}, before, after)
    assert _servers(written) == after
    kept = {s.id for s in after}
    expected = _others(text)
    expected["servers"] = [s for s in expected.get("servers", []) if s["id"] in kept]
    assert {"servers": [], **_others(written)} == expected


def _comments(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip().startswith("#")]
