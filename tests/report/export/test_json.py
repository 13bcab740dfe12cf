from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from spectr_desktop import paths
from spectr_desktop.records.codec import RecordError
from spectr_desktop.records.findings import Texts
from spectr_desktop.records.grades import Severity, State
from spectr_desktop.records.report import REPORT_SCHEMA, ReportKind
from spectr_desktop.records.run import CompleteInput, Outcome, Timings
from spectr_desktop.report.export.json import json_text, report_from_json, report_to_json
from tests.report.export.report_samples import client, finding, place, report, result

SCHEMA = json.loads(
    (paths.resources() / "schemas" / "spectr-report-1.schema.json").read_text(encoding="utf-8")
)
_VALIDATOR = Draft202012Validator(SCHEMA)


def faults(value: dict[str, Any]) -> list[str]:
    return [error.message for error in _VALIDATOR.iter_errors(value)]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["title"] == REPORT_SCHEMA


@pytest.mark.parametrize("kind", list(ReportKind))
@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("found", [None, []])
def test_every_report_fits_the_schema(
    kind: ReportKind, outcome: Outcome, found: list[Any] | None
) -> None:
    made = report(kind, found, result(outcome))
    assert faults(json.loads(json_text(made))) == []


def test_the_schema_is_strict() -> None:
    good = report_to_json(report())
    for path in (
        [],
        ["engine"],
        ["scope", "files", 0],
        ["findings", 0],
        ["findings", 0, "evidence"],
    ):
        changed = json.loads(json.dumps(good))
        inner = changed
        for step in path:
            inner = inner[step]
        inner["more"] = 1
        assert faults(changed)
        del inner["more"]
        del inner[next(iter(inner))]
        assert faults(changed)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("schema", "spectr-report/2"),
        ("outcome", "done"),
        ("kind", "draft"),
        ("left_out", -1),
        ("notices", [1]),
    ],
)
def test_the_schema_knows_its_values(name: str, value: object) -> None:
    assert faults({**report_to_json(report()), name: value})


def test_the_schema_refuses_what_a_client_must_not_have_and_a_missing_stamp() -> None:
    good = report_to_json(client())
    working = report_to_json(report())
    assert faults(good) == []
    assert faults({**good, "leads": working["leads"]})
    assert faults({**good, "texts": working["texts"]})
    assert faults({**good, "findings": working["findings"]})
    assert faults({**good, "outcome": "stopped"})


@pytest.mark.parametrize("kind", list(ReportKind))
def test_a_report_comes_back_as_it_was(kind: ReportKind) -> None:
    made = report(kind)
    text = json_text(made)
    assert report_from_json(text) == made
    assert report_from_json(text.encode()) == made
    assert json_text(report_from_json(text)) == text


def test_waits_of_the_server_are_not_reported() -> None:
    timed = result(timings=Timings(1, 2, 3, 4, loading_ms=5, reading_ms=float("nan")))
    assert set(report_to_json(report(ended=timed))["engine"]["timings"]) == {
        "connect_ms",
        "first_token_ms",
        "total_ms",
        "tokens_per_second",
    }


@pytest.mark.parametrize("figure", [float("nan"), float("inf")])
def test_figures_that_are_none_are_null(figure: float) -> None:
    text = json_text(report(ended=result(timings=Timings(figure, figure, figure, 1.0))))
    timings = json.loads(text)["engine"]["timings"]
    assert (timings["connect_ms"], timings["first_token_ms"], timings["total_ms"]) == (None,) * 3
    assert faults(json.loads(text)) == []


def test_it_is_canonical() -> None:
    text = json_text(report(ended=result(text="Größe 🏦 \ud800 \u2028")))
    assert text.endswith("}\n")
    assert "Größe 🏦 \\ud800 \u2028" in text
    value = json.loads(text)
    again = json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    assert again.replace("\ud800", "\\ud800") == text
    assert text.encode("utf-8").decode("utf-8") == text


_WORDS = st.text(st.characters(codec=None), max_size=30)


@given(_WORDS, st.sampled_from(Severity), st.sampled_from(State), st.sampled_from(CompleteInput))
@settings(max_examples=100, deadline=None)
def test_any_words_come_back(
    text: str, severity: Severity, state: State, read: CompleteInput
) -> None:
    one = replace(
        finding(1, severity, state),
        texts=Texts(*[text] * 6),
        locations=(place(quote=text),),
        note=text,
    )
    for kind in ReportKind:
        made = report(kind, [one], result(text=text, complete_input=read), title=text, root=text)
        written = json_text(made)
        assert report_from_json(written.encode()) == made
        assert faults(json.loads(written)) == []


_GOOD = json.loads(json_text(report()))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        b"\xff\xfe\xfa",
        '{"schema": "spectr-report/2"}',
        json.dumps({**_GOOD, "scope": []}),
        json.dumps({**_GOOD, "scope": {"files": [], "coverage": {"cells": [1]}}}),
        json.dumps({**_GOOD, "outcome": "done"}),
        json.dumps({**_GOOD, "findings": [{}]}),
        json.dumps({name: value for name, value in _GOOD.items() if name != "title"}),
    ],
)
def test_what_is_no_report_is_refused(text: str | bytes) -> None:
    with pytest.raises(RecordError):
        report_from_json(text)


def test_keys_of_newer_versions_are_ignored() -> None:
    assert report_from_json(json.dumps({**_GOOD, "new": 1})) == report()
