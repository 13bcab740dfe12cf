from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectr_desktop.providers.anthropic_status import Failures
from spectr_desktop.providers.anthropic_stream import Message
from spectr_desktop.providers.errors import ProviderError, ServerFailed
from spectr_desktop.providers.wire import SseEvent
from spectr_desktop.records.events import (
    GenerationEnded,
    Heartbeat,
    PhaseChanged,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
    UsageReported,
)
from spectr_desktop.records.run import Phase, StopReason, Usage
from tests.providers.anthropic_asking import (
    ANSWER,
    PING,
    STOP,
    Json,
    ask,
    block,
    closed,
    delta,
    ending,
    sse,
    started,
    stream,
    text,
)
from tests.servers.script import Close, Gate, Pause, Script, reply

_PHASES = [PhaseChanged(Phase.CONNECTING), PhaseChanged(Phase.READING)]


async def _read(*events: Json | bytes) -> list[StreamEvent]:
    """What a stream of these events makes, without the phases before it."""
    heard = await ask(stream(*events))
    assert heard.error is None
    assert heard.events[:2] == _PHASES
    return heard.events[2:]


async def _texts(*events: Json) -> list[str]:
    return [event.text for event in await _read(*events) if isinstance(event, TextDelta)]


async def test_an_answer_is_its_events_in_order() -> None:
    heard = await ask(ANSWER)
    assert heard.error is None
    assert heard.events == [
        *_PHASES,
        UsageReported(Usage(input=9)),
        Heartbeat(),
        TextDelta("Fine."),
        Heartbeat(),
        UsageReported(Usage(input=9, output=5)),
        GenerationEnded(StopReason.NATURAL),
    ]
    assert len(heard.sent) == 1


@pytest.mark.parametrize(
    "event",
    [
        PING,
        block("tool_use", id="t", name="n", input={}),
        block("server_tool_use", id="t"),
        block("unheard_of", text="no text of the answer", thinking="nor a thought"),
        delta("signature_delta", signature="c2ln"),
        delta("input_json_delta", partial_json="{"),
        delta("citations_delta", citation={}),
        delta("unheard_of_delta", text="no text of the answer"),
        delta("text_delta"),
        text(""),
        text(7),
        delta("thinking_delta", thinking=None),
        closed(),
        {"type": "unheard_of", "error": None, "text": "no text of the answer"},
        {"type": "unheard_of", "error": {"type": "of_a_tool"}},
        {"type": "content_block_delta", "delta": [1]},
        {"type": "content_block_start"},
        {"type": "message_start", "message": "m"},
        {"type": "message_delta", "usage": {"output_tokens": True, "input_tokens": -1}},
        {"type": "message_delta", "delta": {"stop_reason": None}, "usage": []},
        {"type": ["ping"]},
        {},
        b"event: ping\ndata:\n\n",
        b"data: [DONE]\n\n",
        b": a comment\n\n",
    ],
    ids=str,
)
async def test_what_says_nothing_to_us_is_a_heartbeat(event: Json | bytes) -> None:
    assert await _read(event, text("on"), ending(), STOP) == [
        Heartbeat(),
        TextDelta("on"),
        UsageReported(Usage(output=5)),
        GenerationEnded(StopReason.NATURAL),
    ]


async def test_thinking_is_a_phase_before_its_text() -> None:
    events = await _read(
        block("thinking", thinking="Let", signature=""),
        delta("thinking_delta", thinking=" me see."),
        delta("signature_delta", signature="c2ln"),
        closed(),
        block(index=1, text=""),
        text("Seen.", 1),
        ending(),
        STOP,
    )
    assert events[:4] == [
        PhaseChanged(Phase.THINKING),
        ThinkingDelta("Let"),
        ThinkingDelta(" me see."),
        Heartbeat(),
    ]
    assert [e.text for e in events if isinstance(e, TextDelta)] == ["Seen."]


@pytest.mark.parametrize(
    "opening",
    [block("thinking", thinking="", signature=""), block("redacted_thinking", data="b3Bh")],
)
async def test_thinking_that_is_not_shown_is_a_phase_with_heartbeats(opening: Json) -> None:
    events = await _read(opening, PING, delta("signature_delta", signature="c2ln"), closed(), STOP)
    assert events[:-1] == [PhaseChanged(Phase.THINKING), *[Heartbeat()] * 3]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([block(text="All of it.")], ["All of it."]),
        ([text("No"), text(" start.")], ["No", " start."]),
        ([block(text=""), block(index=1, text=""), text("First.")], ["First."]),
        ([block(text=""), text("One."), block(text=""), text("Two"), text("s.")],
         ["One.", "\n\nTwo", "s."]),
        ([block(text="One."), block(text="Two.")], ["One.", "\n\nTwo."]),
        ([block(text="One.\n"), block(text="Two.")], ["One.\n", "Two."]),
        ([block(text="One."), block(text="\nTwo.")], ["One.", "\nTwo."]),
        ([block(text="One."), block("thinking", thinking=""), block(text=""), text("Two.")],
         ["One.", "\n\nTwo."]),
        ([block(text="As "), block(text="", citations=[]), text("said"), block(text=", so.")],
         ["As ", "said", ", so."]),
        ([block(text="", citations=[]), text("A."), block("thinking"), block(text="B.")],
         ["A.", "\n\nB."]),
    ],
)  # fmt: skip
async def test_several_blocks_read_as_one_text(events: list[Json], expected: list[str]) -> None:
    assert await _texts(started(input_tokens=1), *events, ending(), STOP) == expected


async def test_usage_is_cumulative_and_the_newest_wins() -> None:
    events = await _read(
        started(
            input_tokens=10,
            output_tokens=1,
            cache_creation_input_tokens=200,
            cache_read_input_tokens=3000,
            cache_creation={"ephemeral_5m_input_tokens": 200},
            service_tier="standard",
        ),
        ending(None, {"output_tokens": 40, "output_tokens_details": {"thinking_tokens": 30}}),
        ending("end_turn", {"output_tokens": 90, "input_tokens": 12, "cache_read_input_tokens": 0}),
        STOP,
    )
    assert [event.usage for event in events if isinstance(event, UsageReported)] == [
        Usage(3210, 1, None, 3000),
        Usage(3210, 40, 30, 3000),
        Usage(212, 90, 30, 0),
    ]


async def test_no_count_is_not_a_count_of_nothing() -> None:
    events = await _read(started(), started(output_tokens=2), ending(usage={"x": 1}), STOP)
    assert [e.usage for e in events if isinstance(e, UsageReported)] == [Usage(output=2)]


@pytest.mark.parametrize(
    ("reason", "expected", "explanation"),
    [
        ("end_turn", StopReason.NATURAL, ""),
        ("stop_sequence", StopReason.NATURAL, ""),
        ("max_tokens", StopReason.LENGTH, ""),
        ("model_context_window_exceeded", StopReason.CONTEXT_FULL, ""),
        ("pause_turn", StopReason.OTHER, "stop reason: pause_turn"),
        ("tool_use", StopReason.OTHER, "stop reason: tool_use"),
        ("unheard_of", StopReason.OTHER, "stop reason: unheard_of"),
    ],
)
async def test_every_stop_reason(reason: str, expected: StopReason, explanation: str) -> None:
    for ends in ([ending(reason)], [ending(reason), ending(None)], [ending(None), ending(reason)]):
        events = await _read(text("Text."), *ends, STOP)
        assert events[-1] == GenerationEnded(expected, explanation)


@pytest.mark.parametrize("ends", [[], [ending(None)], [ending("")], [ending(reason=7)]])
async def test_an_end_without_a_reason_says_so(ends: list[Json]) -> None:
    end = (await _read(text("Text."), *ends, STOP))[-1]
    assert isinstance(end, GenerationEnded)
    assert end.stop_reason is StopReason.OTHER
    assert end.explanation.startswith("127.0.0.1:")
    assert end.explanation.endswith(" did not say why it stopped.")


@pytest.mark.parametrize(
    ("details", "words"),
    [
        ({"type": "refusal", "category": "cyber", "explanation": "Too risky."}, "Too risky."),
        ({"category": "general_harms", "explanation": None}, "(category: general harms)."),
        ({"category": None, "explanation": ""}, "(it gave no reason)."),
        (None, "(it gave no reason)."),
        ("strange", "(it gave no reason)."),
    ],
)
async def test_a_refusal_is_explained_also_without_any_text(details: object, words: str) -> None:
    events = await _read(
        started(input_tokens=9, output_tokens=0),
        ending("refusal", {"output_tokens": 0}, stop_details=details),
        ending(None),
        STOP,
    )
    end = events[-1]
    assert isinstance(end, GenerationEnded)
    assert end.stop_reason is StopReason.REFUSAL
    assert end.explanation.endswith(words)
    assert words == "Too risky." or end.explanation.startswith("127.0.0.1:")


async def test_a_key_in_an_explanation_is_taken_out() -> None:
    heard = await ask(stream(ending("refusal", stop_details={"explanation": "k=secret"}), STOP))
    told = await ask(
        stream(ending("refusal", stop_details={"explanation": "k=secret"}), STOP), key="secret"
    )
    other = await ask(stream(ending("secret"), STOP), key="secret")
    assert heard.events[-1] == GenerationEnded(StopReason.REFUSAL, "k=secret")
    assert told.events[-1] == GenerationEnded(StopReason.REFUSAL, "k=[key]")
    assert other.events[-1] == GenerationEnded(StopReason.OTHER, "stop reason: [key]")


@pytest.mark.parametrize("reason", [None, "end_turn"])
async def test_a_stream_without_its_end_mark_just_ends(reason: str | None) -> None:
    events = await _read(text("Text."), ending(reason))
    assert events[0] == TextDelta("Text.")
    assert not any(isinstance(event, GenerationEnded) for event in events)


async def test_a_connection_left_open_after_the_end_mark_does_not_hold_the_run() -> None:
    heard = await ask(stream(text("Text."), ending(), STOP, Pause(Gate())))
    assert heard.events[-1] == GenerationEnded(StopReason.NATURAL)


async def test_a_broken_connection_keeps_what_had_arrived() -> None:
    heard = await ask(stream(text("Text."), sse(text("more"))[:20], Close()))
    assert TextDelta("Text.") in heard.events
    assert heard.failed().code == "connection_lost"
    assert len(heard.sent) == 1


async def test_the_type_is_the_datas_and_the_events_name_only_without_it() -> None:
    events = await _read(
        sse(text("a"), name="ping"),
        sse({"delta": {"type": "text_delta", "text": "b"}}, name="content_block_delta"),
        sse({"type": "ping"}, name="error"),
        sse({}, name="message_stop"),
    )
    assert events[:3] == [TextDelta("a"), TextDelta("b"), Heartbeat()]
    assert isinstance(events[3], GenerationEnded)


@pytest.mark.parametrize("data", ["[1]", "null", '"text"', "{", "Overloaded", "[" * 100_000])
async def test_what_is_no_event_is_an_error(data: str) -> None:
    heard = await ask(stream(text("Text."), f"data: {data}\n\n".encode()))
    assert TextDelta("Text.") in heard.events
    assert isinstance(heard.failed(), ServerFailed)
    assert heard.failed().code == "protocol"
    assert len(heard.failed().detail) <= 500


def _whole(**fields: object) -> Script:
    given = {"type": "message", "stop_reason": "max_tokens", "usage": {"input_tokens": 3}}
    return reply({**given, **fields})


async def test_an_answer_in_one_piece_is_taken_whole() -> None:
    content = [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "All of it."}]
    heard = await ask(_whole(content=content))
    assert heard.events == [
        *_PHASES,
        UsageReported(Usage(input=3)),
        PhaseChanged(Phase.THINKING),
        ThinkingDelta("Hm."),
        TextDelta("All of it."),
        GenerationEnded(StopReason.LENGTH),
    ]
    assert (await ask(_whole(content=None))).events[-1] == GenerationEnded(StopReason.LENGTH)


@pytest.mark.parametrize("body", [b"<h1>It works</h1>", b"{}", b"[]", b'{"type": "ping"}'])
async def test_a_page_in_place_of_an_answer_is_not_taken_for_one(body: bytes) -> None:
    heard = await ask(reply(body, content_type="text/html"))
    assert heard.failed().code == "protocol"
    assert "text/html" in heard.failed().detail


_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
_JSON = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=6,
)
_WORDS = [
    *("text", "thinking", "redacted_thinking", "text_delta", "thinking_delta", "signature_delta"),
    *("refusal", "end_turn", "overloaded_error", "unheard_of"),
]
_NAMES = [
    *("type", "text", "thinking", "citations", "usage", "input_tokens", "output_tokens_details"),
    *("stop_reason", "stop_details", "explanation", "category", "message", "error"),
]
_FIELDS = st.dictionaries(st.sampled_from(_NAMES), _JSON | st.sampled_from(_WORDS), max_size=5)
_KINDS = [
    *("message_start", "content_block_start", "content_block_delta", "content_block_stop"),
    *("message_delta", "message_stop", "ping", "error", "unheard_of", "message"),
]
_EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(_KINDS) | _JSON,
        "message": _FIELDS | _JSON,
        "content_block": _FIELDS | _JSON,
        "delta": _FIELDS | _JSON,
        "usage": _FIELDS | _JSON,
        "error": _FIELDS | _JSON,
        "request_id": _JSON,
    },
)


@given(st.lists(st.tuples(st.sampled_from(_KINDS), _EVENTS | _JSON), max_size=8))
def test_random_events_raise_nothing_but_our_errors(events: list[tuple[str, Any]]) -> None:
    message = Message(Failures("h:1", lambda: "k"), "m", "req_1")
    for name, value in events:
        try:
            made = message.read(SseEvent(name, json.dumps(value)))
        except ProviderError:
            return
        assert made
        assert all(event.text for event in made if isinstance(event, TextDelta | ThinkingDelta))
        assert message.ended == any(isinstance(event, GenerationEnded) for event in made)
        if message.ended:
            return
