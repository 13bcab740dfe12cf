"""Chunks of every shape that servers send, over a real socket."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from spectr_desktop.providers import openai_stream
from spectr_desktop.providers.errors import (
    ConnectionLost,
    ServerFailed,
)
from spectr_desktop.providers.openai_errors import Failures
from spectr_desktop.providers.openai_stream import Answer
from spectr_desktop.providers.sse import HEARTBEAT
from spectr_desktop.providers.wire import SseEvent
from spectr_desktop.records.events import (
    GenerationEnded,
    TextDelta,
    ThinkingDelta,
    UsageReported,
)
from spectr_desktop.records.run import StopReason, Usage
from tests.providers.completions import (
    COMPLETIONS,
    DONE,
    data,
    delta,
    failed,
    generated,
    opened,
    stream,
    text,
    thinking,
    usage,
)
from tests.servers.script import Close, Gate, Pause, Reset, Script, Send, chunk, reply

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_NATURAL = GenerationEnded(StopReason.NATURAL)


def _whole(finish: str | None = "length", **message: Any) -> Script:  # noqa: ANN401  # whatever a message has
    return reply(
        {
            "choices": [{"index": 0, "message": message, "finish_reason": finish}],
            "usage": {"prompt_tokens": 7, "completion_tokens": 3},
        }
    )


# What ends an answer


@pytest.mark.parametrize(
    ("finish", "reason", "explanation"),
    [
        ("stop", StopReason.NATURAL, ""),
        ("STOP", StopReason.NATURAL, ""),
        ("eos", StopReason.NATURAL, ""),
        ("eos_token", StopReason.NATURAL, ""),
        ("end_turn", StopReason.NATURAL, ""),
        ("stop_sequence", StopReason.NATURAL, ""),
        ("length", StopReason.LENGTH, ""),
        ("MAX_TOKENS", StopReason.LENGTH, ""),
        ("model_length", StopReason.CONTEXT_FULL, ""),
        ("content_filter", StopReason.REFUSAL, ""),
        ("tool_calls", StopReason.OTHER, "finish reason: tool_calls"),
        ("function_call", StopReason.OTHER, "finish reason: function_call"),
        ("abort", StopReason.OTHER, "finish reason: abort"),
        ("", StopReason.OTHER, "finish reason: empty"),
        (None, StopReason.NATURAL, ""),
    ],
)
async def test_every_finish_reason_is_told(
    finish: str | None, reason: StopReason, explanation: str
) -> None:
    events, _ = await generated(stream(delta(content="a"), delta(finish, content="b"), DONE))
    assert text(events) == "ab"
    assert events[-1] == GenerationEnded(reason, explanation)


async def test_a_blank_reason_in_every_chunk_is_no_end() -> None:
    chunks = [delta("", content=letter) for letter in "abc"]
    events, _ = await generated(stream(*chunks, delta("stop"), DONE))
    assert text(events) == "abc"
    assert events[-1] == _NATURAL
    cut, _ = await generated(stream(*chunks))
    assert not any(isinstance(event, GenerationEnded) for event in cut)


@pytest.mark.parametrize("mark", [b"data: [DONE]\r\n\r\n", b"data:[DONE] \n\n", b"data: [DONE]"])
async def test_the_end_mark_may_have_blanks_around_it(mark: bytes) -> None:
    events, _ = await generated(stream(delta(content="a"), mark))
    assert events[-1] == _NATURAL


async def test_deltas_and_counts_behind_the_finish_reason_are_taken() -> None:
    script = stream(delta("stop", content="a"), delta(content="b"), usage(5, 2), DONE)
    events, _ = await generated(script)
    assert text(events) == "ab"
    assert UsageReported(Usage(5, 2)) in events
    assert events[-1] == _NATURAL


@pytest.mark.parametrize("ending", [[], [Close()], [Reset()]])
async def test_after_the_finish_reason_the_connection_may_end_anyhow(ending: Script) -> None:
    script = (
        [*opened(delta("stop", content="a")), *ending]
        if ending
        else stream(delta("stop", content="a"))
    )
    events, _ = await generated(script)
    assert text(events) == "a"
    assert events[-1] == _NATURAL


async def test_without_an_end_mark_it_is_interrupted_and_keeps_every_letter() -> None:
    events, _ = await generated(stream(delta(content="<thi")))
    assert text(events) == "<thi"
    assert not any(isinstance(event, GenerationEnded) for event in events)
    error, kept = await failed([*opened(delta(content="<thi")), Close()], ConnectionLost)
    assert (error.code, kept) == ("connection_lost", "<thi")
    nothing, _ = await generated(stream())
    assert not any(isinstance(event, GenerationEnded) for event in nothing)


@pytest.mark.parametrize("counted", [True, False])
async def test_a_connection_left_open_after_the_end_does_not_hold_the_run(
    monkeypatch: pytest.MonkeyPatch, counted: bool
) -> None:
    monkeypatch.setattr(openai_stream, "_GRACE_S", 0.2)
    ending = data(delta("stop")) + (data(usage(5, 1)) if counted else b"")
    script = [*opened(delta(content="text"), ending), Pause(Gate())]
    events, _ = await generated(script, client_leaves=True)
    assert text(events) == "text"
    assert (UsageReported(Usage(5, 1)) in events) is counted
    assert events[-1] == _NATURAL


@pytest.mark.parametrize("suspends", [True, False])
async def test_the_grace_is_not_prolonged_by_comments(
    monkeypatch: pytest.MonkeyPatch, suspends: bool
) -> None:
    monkeypatch.setattr(openai_stream, "_GRACE_S", 0.02)

    async def endless() -> AsyncGenerator[SseEvent, None]:
        yield SseEvent("message", data(delta("stop", content="a")).decode()[6:].strip())
        while True:
            if suspends:
                await asyncio.sleep(0)
            yield HEARTBEAT

    answer = Answer(Failures("h", lambda: None, "m", {}))
    events = [event async for event in openai_stream._streamed(endless(), answer)]
    assert text(events) == "a"
    assert events[-1] == _NATURAL


@pytest.mark.parametrize(
    "script",
    [
        stream(DONE),
        stream(delta(role="assistant", content=""), DONE),
        stream(delta(role="assistant"), delta("stop"), usage(36_000, 0), DONE),
        reply({"choices": [{"message": {}}]}),
    ],
)
async def test_an_answer_without_a_word_is_a_failure_with_a_remedy(script: Script) -> None:
    error, _ = await failed(script, ServerFailed)
    assert error.code == "empty_answer"
    assert "ended its answer before the first word. Look at its log" in error.message


@pytest.mark.parametrize(
    "script",
    [
        stream(delta(role="assistant"), delta("length"), usage(5, 16), DONE),
        stream(delta("stop"), usage(5, 1), DONE),
        stream(delta(reasoning="Hm."), delta("stop"), DONE),
    ],
)
async def test_who_wrote_or_thought_something_did_not_fail(script: Script) -> None:
    events, _ = await generated(script)
    assert isinstance(events[-1], GenerationEnded)


async def test_a_refusal_says_why() -> None:
    said = [delta(refusal="I cannot "), delta(refusal="do that.")]
    events, _ = await generated(stream(*said, delta("stop"), DONE))
    assert text(events) == ""
    assert events[-1] == GenerationEnded(StopReason.REFUSAL, "I cannot do that.")
    events, _ = await generated(stream(delta(content="Well."), *said, delta("stop"), DONE))
    assert events[-1] == GenerationEnded(StopReason.NATURAL, "I cannot do that.")
    events, _ = await generated(stream(*said, delta("content_filter"), DONE))
    assert events[-1] == GenerationEnded(StopReason.REFUSAL, "I cannot do that.")


# Text and thoughts


async def test_only_the_first_choice_counts() -> None:
    other = delta("length", index=1, content="other")
    chunks = [
        delta(content="a"),
        other,
        {"choices": [other["choices"][0], delta(content="b")["choices"][0]]},
    ]
    events, _ = await generated(stream(*chunks, delta("stop"), DONE))
    assert text(events) == "ab"
    assert events[-1] == _NATURAL


async def test_a_choice_without_an_index_is_the_first() -> None:
    chunk_of_it = {"choices": [{"delta": {"content": "a"}, "finish_reason": "stop"}]}
    events, _ = await generated(stream(chunk_of_it, DONE))
    assert text(events) == "a"


@pytest.mark.parametrize(
    "field",
    [
        {"reasoning_content": "Hm.", "content": None},
        {"reasoning": "Hm."},
        {"reasoning_content": "Hm.", "reasoning": "Hm."},
        {"reasoning_content": "", "reasoning": "Hm.", "reasoning_details": [{"text": "Hm."}]},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]},
    ],
)
async def test_a_thought_is_told_once_under_whatever_name(field: dict[str, Any]) -> None:
    script = stream(delta(**field), delta(content="<think>no tag"), delta("stop"), DONE)
    events, _ = await generated(script)
    assert thinking(events) == "Hm."
    assert text(events) == "<think>no tag"


async def test_thoughts_between_tags_are_told_apart() -> None:
    parts = ["<th", "ink>\nHm", ".</thi", "nk>\n", "\n# Rep", "ort <think>"]
    events, _ = await generated(stream(*(delta(content=part) for part in parts), DONE))
    assert thinking(events) == "\nHm."
    assert text(events) == "# Report <think>"
    first = next(event for event in events if isinstance(event, TextDelta | ThinkingDelta))
    assert isinstance(first, ThinkingDelta)


async def test_content_in_parts_is_text() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}, {"type": "image"}]
    events, _ = await generated(stream(delta(content=parts), DONE))
    assert text(events) == "ab"


@pytest.mark.parametrize(
    "strange",
    [
        {},
        {"choices": None, "moderation": {}, "obfuscation": "xyz"},
        {"choices": ["?"]},
        {"choices": [{"index": 0, "delta": "?"}]},
        {"choices": [], "usage": {"prompt_tokens": "many", "completion_tokens": True}},
        delta(content=7, reasoning={"effort": "low"}, tool_calls=[{"index": 0}]),
        delta(content=None) | {"error": None},
    ],
)
async def test_what_nobody_knows_is_passed_over(strange: dict[str, Any]) -> None:
    script = stream(b": OPENROUTER PROCESSING\n\n:\n\n", delta(content="a"), strange, DONE)
    events, _ = await generated(script)
    assert text(events) == "a"
    assert events[-1] == _NATURAL


# Answers in one piece, and what is none


async def test_an_answer_in_one_piece_is_taken_whole() -> None:
    events, server = await generated(_whole(content="All of it.", reasoning_content="Hm."))
    assert [e for e in events if isinstance(e, TextDelta)] == [TextDelta("All of it.")]
    assert [e for e in events if isinstance(e, ThinkingDelta)] == [ThinkingDelta("Hm.")]
    assert UsageReported(Usage(7, 3)) in events
    assert events[-1] == GenerationEnded(StopReason.LENGTH)
    assert [r.path for r in server.requests].count(COMPLETIONS[1]) == 1


async def test_an_answer_in_one_piece_may_think_between_tags_or_refuse() -> None:
    events, _ = await generated(_whole(None, content="<think>Hm.</think>\nYes."))
    assert (thinking(events), text(events)) == ("Hm.", "Yes.")
    assert events[-1] == _NATURAL
    events, _ = await generated(_whole("stop", content=None, refusal="No."))
    assert events[-1] == GenerationEnded(StopReason.REFUSAL, "No.")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{}", "application/json"),
        (b'{"choices": []}', "application/json"),
        (b'{"hello": "world"}', "application/json"),
        (b"[1]", "application/json"),
        (b"<!doctype html><title>Sign in</title>", "text/html"),
        (b"Hello", "text/plain"),
        (b"", "text/plain"),
    ],
)
async def test_what_is_no_answer_is_not_taken_for_one(body: bytes, content_type: str) -> None:
    error, _ = await failed(reply(body, content_type=content_type), ServerFailed)
    assert error.code == "protocol"
    assert content_type in error.detail


@pytest.mark.parametrize("content_type", ["", "text/plain; charset=utf-8"])
@pytest.mark.parametrize("first", [b"", b": hello\n\n", b"event: message\n", b"\xef\xbb\xbf\n"])
async def test_a_stream_is_known_by_its_first_bytes_too(content_type: str, first: bytes) -> None:
    script = list(stream(first + data(delta(content="a")), DONE, content_type=content_type))
    if not content_type:
        head = script[0]
        assert isinstance(head, Send)
        script = [Send(head.payload.replace(b"Content-Type: \r\n", b"")), *script[1:]]
    events, _ = await generated(script)
    assert text(events) == "a"
    assert events[-1] == _NATURAL


async def test_a_stream_without_a_content_type_streams() -> None:
    gate = Gate()
    body = data(delta(content="a"))
    letters = [Send(chunk(body[start : start + 1])) for start in range(len(body))]
    head, *_ = opened(content_type="text/plain")
    script = [head, *letters, Pause(gate), Send(chunk(DONE)), Send(chunk(b""))]
    events, _ = await generated(script, seen=lambda e: gate.open() if text([e]) else None)
    assert events[-1] == _NATURAL
