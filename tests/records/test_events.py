from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from spectr_desktop.records import events
from spectr_desktop.records.codec import RecordError
from spectr_desktop.records.events import event_from_json, event_to_json
from spectr_desktop.records.run import (
    CompleteInput,
    ErrorInfo,
    Outcome,
    Phase,
    StopReason,
    Timings,
    Usage,
)

if TYPE_CHECKING:
    from spectr_desktop.records.events import RunEvent

_ERROR = ErrorInfo("auth", "No.", {"host": "a", "status": 401}, "HTTP 401")
_EVENTS: list[RunEvent] = [
    events.PhaseChanged(Phase.READING),
    events.TextDelta("ü \u2028 \ud800"),
    events.ThinkingDelta(""),
    events.UsageReported(Usage(1, None, 0, 2)),
    events.GenerationEnded(StopReason.REFUSAL, "why"),
    events.Notice("code", "Sentence."),
    events.CellFinished(
        Outcome.CONTEXT_FULL,
        StopReason.LENGTH,
        _ERROR,
        Usage(1),
        Timings(1.5, None, 3.0),
        CompleteInput.NO,
        "x",
    ),
    events.CellFinished(Outcome.COMPLETE),
    events.RunFinished(Outcome.FAILED, _ERROR, Usage(), "2026-11-23T09:00:00Z"),
]


@pytest.mark.parametrize("event", _EVENTS)
def test_an_event_comes_back_as_it_was(event: RunEvent) -> None:
    raw = json.dumps({"t": 1, "cell": "1.quick", **event_to_json(event)})
    assert event_from_json(json.loads(raw)) == event


def test_the_names_are_the_ones_that_the_command_line_promises() -> None:
    assert {event_to_json(event)["event"] for event in _EVENTS} == {
        "phase",
        "text_delta",
        "thinking_delta",
        "usage",
        "generation_ended",
        "notice",
        "cell_outcome",
        "outcome",
    }
    assert event_to_json(_EVENTS[1]) == {"event": "text_delta", "text": "ü \u2028 \ud800"}
    last = event_to_json(events.RunFinished(Outcome.COMPLETE))
    assert list(last)[:3] == ["event", "outcome", "error"]
    assert (last["outcome"], last["error"]) == ("complete", None)


def test_an_unknown_event_is_passed_over() -> None:
    assert event_from_json({"event": "from_the_future", "text": 1}) is None


@pytest.mark.parametrize(
    "value",
    [{}, {"event": 1}, {"event": "text_delta"}, {"event": "phase", "phase": "dancing"}],
)
def test_a_damaged_event_is_an_error(value: dict[str, object]) -> None:
    with pytest.raises(RecordError):
        event_from_json(value)
