from __future__ import annotations

from dataclasses import replace

import pytest

from spectr_desktop.providers.anthropic import Anthropic
from spectr_desktop.providers.egress import EgressGuard
from spectr_desktop.records.events import Notice, PhaseChanged, RetryScheduled
from spectr_desktop.records.run import THINKING, GenerationRequest, Parameters
from spectr_desktop.records.server import ServerConfig
from tests.providers.anthropic_asking import ANSWER, KEY, MODEL, REQUEST, Json, adapter, ask
from tests.servers.script import Reset, Script, reply
from tests.servers.scripted import ScriptedServer

_COUNT = "/v1/messages/count_tokens"
_PLAIN: Json = {
    "model": MODEL,
    "system": "You audit.",
    "messages": [{"role": "user", "content": "The source."}],
    "max_tokens": 64,
    "stream": True,
}
_ADAPTIVE = {"type": "adaptive", "display": "summarized"}
_EFFORTS = frozenset({"effort:low", "effort:medium", "effort:high", "effort:max"})


def _request(
    *capabilities: str,
    max_tokens: int = 64,
    thinking: str | None = None,
    temperature: float | None = None,
) -> GenerationRequest:
    parameters = Parameters(max_tokens, temperature=temperature, thinking=thinking)
    return GenerationRequest(
        MODEL, "You audit.", "The source.", parameters, frozenset(capabilities)
    )


async def _sent(request: GenerationRequest) -> tuple[Json, list[str]]:
    """The body that was sent, and the codes of the notices that were told before anything else."""
    heard = await ask(ANSWER, request=request)
    assert heard.error is None
    notices = heard.of(Notice)
    assert heard.events[: len(notices)] == notices
    assert isinstance(heard.events[len(notices)], PhaseChanged)
    assert all(MODEL in n.message or "tokens" in n.message for n in notices)
    assert all(n.message.endswith(".") for n in notices)
    (body,) = heard.sent
    return body, [notice.code for notice in notices]


async def test_nothing_is_sent_that_nobody_asked_for() -> None:
    everything = ["thinking", "thinking:adaptive", "thinking:enabled", "temperature", *_EFFORTS]
    for capabilities in ([], everything):
        assert await _sent(_request(*capabilities)) == (_PLAIN, [])


async def test_an_empty_system_text_is_left_out() -> None:
    body, _ = await _sent(replace(REQUEST, system=""))
    assert body == {name: value for name, value in _PLAIN.items() if name != "system"}


@pytest.mark.parametrize("temperature", [0.0, 0.5, 1.0])
async def test_a_temperature_is_sent_only_to_models_that_take_one(temperature: float) -> None:
    taken = await _sent(_request("completion", "temperature", temperature=temperature))
    assert taken == (_PLAIN | {"temperature": temperature}, [])
    for capabilities in ([], ["completion", "thinking"]):
        ignored = await _sent(_request(*capabilities, temperature=temperature))
        assert ignored == (_PLAIN, ["temperature_ignored"])


@pytest.mark.parametrize(
    ("capabilities", "level", "fields", "notices"),
    [
        (["thinking:adaptive"], "on", {"thinking": _ADAPTIVE}, []),
        (["thinking:adaptive", "thinking:enabled"], "on", {"thinking": _ADAPTIVE}, []),
        (["thinking:adaptive", *_EFFORTS], "on", {"thinking": _ADAPTIVE}, []),
        *(
            (
                ["thinking:adaptive", *_EFFORTS],
                level,
                {"thinking": _ADAPTIVE, "output_config": {"effort": level}},
                [],
            )
            for level in ("low", "medium", "high", "max")
        ),
        (
            ["thinking:adaptive", "effort:low"],
            "max",
            {"thinking": _ADAPTIVE},
            ["thinking_ignored"],
        ),
        (["thinking:disabled"], "off", {"thinking": {"type": "disabled"}}, []),
        (["thinking", "thinking:adaptive"], "off", {}, ["thinking_ignored"]),
        (["completion"], "off", {}, []),
        ([], "off", {}, []),
        ([], "on", {}, ["thinking_ignored"]),
        (["thinking", *_EFFORTS], "high", {}, ["thinking_ignored"]),
        (["thinking:disabled"], "low", {}, ["thinking_ignored"]),
    ],
)
async def test_thinking_is_asked_for_as_the_model_has_it(
    capabilities: list[str], level: str, fields: Json, notices: list[str]
) -> None:
    assert await _sent(_request(*capabilities, thinking=level)) == (_PLAIN | fields, notices)


@pytest.mark.parametrize(
    ("level", "max_tokens", "budget"),
    [
        ("low", 64_000, 2048),
        ("on", 64_000, 8192),
        ("medium", 64_000, 8192),
        ("high", 64_000, 16_384),
        ("max", 128_000, 32_768),
        ("max", 64_000, 32_000),
        ("on", 8192, 4096),
        ("low", 3000, 1500),
        ("max", 2048, 1024),
        ("low", 1025, 1024),
    ],
)
async def test_a_budget_leaves_room_for_the_answer(
    level: str, max_tokens: int, budget: int
) -> None:
    thinking = {"type": "enabled", "budget_tokens": budget, "display": "summarized"}
    given = _request("thinking:enabled", *_EFFORTS, max_tokens=max_tokens, thinking=level)
    body, notices = await _sent(given)
    assert body == _PLAIN | {"max_tokens": max_tokens, "thinking": thinking}
    assert notices == []
    assert 1024 <= budget < max_tokens


@pytest.mark.parametrize("max_tokens", [1, 1024])
async def test_without_room_for_thinking_none_is_asked_for(max_tokens: int) -> None:
    given = _request("thinking:enabled", max_tokens=max_tokens, thinking="max")
    assert await _sent(given) == (_PLAIN | {"max_tokens": max_tokens}, ["thinking_ignored"])


@pytest.mark.parametrize(
    ("level", "temperature", "fields", "notices"),
    [
        ("on", 0.0, {"thinking": _ADAPTIVE}, ["temperature_ignored"]),
        ("on", 1.0, {"thinking": _ADAPTIVE, "temperature": 1.0}, []),
        ("off", 0.0, {"thinking": {"type": "disabled"}, "temperature": 0.0}, []),
    ],
)
async def test_a_model_that_thinks_takes_no_temperature(
    level: str, temperature: float, fields: Json, notices: list[str]
) -> None:
    known = ("temperature", "thinking", "thinking:adaptive", "thinking:disabled")
    given = _request(*known, thinking=level, temperature=temperature)
    assert await _sent(given) == (_PLAIN | fields, notices)


async def test_all_that_is_ignored_is_told() -> None:
    given = _request(thinking="on", temperature=0.0)
    assert await _sent(given) == (_PLAIN, ["thinking_ignored", "temperature_ignored"])


async def test_a_notice_is_told_once_however_often_the_request_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("spectr_desktop.providers.retry.FIRST_DELAY_S", 0)
    heard = await ask(reply(b"", 503), ANSWER, request=_request(temperature=0.0))
    assert [notice.code for notice in heard.of(Notice)] == ["temperature_ignored"]
    assert len(heard.of(RetryScheduled)) == 1
    assert heard.sent == [_PLAIN, _PLAIN]


def _cached(text: str) -> Json:
    return {"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}


@pytest.mark.parametrize(
    ("prompt", "repeated", "content"),
    [
        ("s" * 5000 + "q", 0, "s" * 5000 + "q"),
        ("s" * 5000 + "q", 4095, "s" * 5000 + "q"),
        ("🏦" * 4096 + "q", 4096, [_cached("🏦" * 4096), {"type": "text", "text": "q"}]),
        ("s" * 5000 + "q", 5000, [_cached("s" * 5000), {"type": "text", "text": "q"}]),
        ("s" * 5000, 5000, [_cached("s" * 5000)]),
        ("s" * 5000 + " \n", 5000, [_cached("s" * 5000 + " \n")]),
        ("s" * 5000, 9999, [_cached("s" * 5000)]),
    ],
)
async def test_what_later_requests_repeat_is_marked_for_the_cache(
    prompt: str, repeated: int, content: str | list[Json]
) -> None:
    body, _ = await _sent(replace(REQUEST, prompt=prompt, repeated=repeated))
    assert body == _PLAIN | {"messages": [{"role": "user", "content": content}]}
    blocks = content if isinstance(content, list) else [{"text": content}]
    assert "".join(str(part["text"]) for part in blocks) == prompt


async def _counted(
    answer: Script, request: GenerationRequest = REQUEST
) -> tuple[int | None, list[Json]]:
    async with ScriptedServer({("POST", _COUNT): answer}) as server:
        counted = await adapter(server).count_tokens(request)
        assert all(received.headers["x-api-key"] == KEY for received in server.requests)
        return counted, [received.json for received in server.requests]


_QUESTION = {name: _PLAIN[name] for name in ("model", "system", "messages")}


async def test_tokens_are_counted_as_they_would_be_sent() -> None:
    assert await _counted(reply({"input_tokens": 2095})) == (2095, [_QUESTION])
    known = ("thinking:adaptive", "temperature", *_EFFORTS)
    thinking = _request(*known, thinking="high", temperature=1.0)
    expected = _QUESTION | {"thinking": _ADAPTIVE}
    assert await _counted(reply({"input_tokens": 3}), thinking) == (3, [expected])
    repeated = replace(REQUEST, prompt="s" * 5000, repeated=5000)
    expected = _QUESTION | {"messages": [{"role": "user", "content": [_cached("s" * 5000)]}]}
    assert await _counted(reply({"input_tokens": 3}), repeated) == (3, [expected])


@pytest.mark.parametrize(
    "answer",
    [
        reply(b"404 page not found", 404, "text/plain"),
        reply({"error": {"type": "not_found_error", "message": "model: x"}}, 404),
        reply(b"", 405),
        reply({"error": {"type": "authentication_error", "message": "m"}}, 401),
        reply({"error": {"type": "overloaded_error", "message": "m"}}, 529),
        reply(b"<h1>It works</h1>", content_type="text/html"),
        reply([]),
        reply({}),
        reply({"input_tokens": "many"}),
        reply({"input_tokens": 0}),
        reply({"input_tokens": True}),
        [Reset()],
    ],
)
async def test_a_count_that_does_not_come_is_none_and_not_asked_for_again(answer: Script) -> None:
    counted, questions = await _counted(answer)
    assert counted is None
    assert len(questions) == 1


async def test_who_may_not_be_asked_counts_nothing() -> None:
    for guard, url, key in [
        (EgressGuard(air_gap=True), "https://gateway.invalid", KEY),
        (None, "http://127.0.0.1:1", KEY),
        (None, "", None),
        (None, "", "k\nk"),
    ]:
        asking = Anthropic(ServerConfig("anthropic", url), lambda given=key: given, guard)
        assert await asking.count_tokens(REQUEST) is None


@pytest.mark.parametrize("level", THINKING)
async def test_every_level_can_be_asked_of_every_model(level: str) -> None:
    for known in ([], ["thinking"], ["thinking:adaptive"], ["thinking:enabled"]):
        body, _ = await _sent(_request(*known, max_tokens=9000, thinking=level))
        assert body["model"] == MODEL
