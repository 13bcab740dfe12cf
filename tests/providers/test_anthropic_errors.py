from __future__ import annotations

import json

import pytest

from spectr_desktop.providers import errors
from spectr_desktop.providers.status import ServerWords, status_error
from spectr_desktop.records.events import (
    GenerationEnded,
    PhaseChanged,
    RateLimit,
    RateLimitsReported,
    RetryScheduled,
    TextDelta,
)
from spectr_desktop.records.run import Phase
from tests.providers.anthropic_asking import (
    ANSWER,
    KEY,
    MODEL,
    Json,
    ask,
    error_body,
    sse,
    stream,
    text,
)
from tests.servers.script import Reset, Script, reply

# Type, its status before a stream, our class and code, and whether it may be sent again.
_ERRORS = [
    ("invalid_request_error", 400, errors.BadRequest, "bad_request", False),
    ("authentication_error", 401, errors.AuthFailed, "auth", False),
    ("billing_error", 402, errors.AuthFailed, "billing", False),
    ("permission_error", 403, errors.AuthFailed, "auth", False),
    ("not_found_error", 404, errors.ModelMissing, "model_missing", False),
    ("conflict_error", 409, errors.BadRequest, "bad_request", True),
    ("request_too_large", 413, errors.BadRequest, "too_large", False),
    ("rate_limit_error", 429, errors.ServerBusy, "server_busy", True),
    ("api_error", 500, errors.ServerFailed, "server_error", True),
    ("timeout_error", 504, errors.ServerFailed, "server_error", True),
    ("overloaded_error", 529, errors.ServerBusy, "server_busy", True),
]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spectr_desktop.providers.retry.FIRST_DELAY_S", 0)


def _refused(
    kind: str, status: int, headers: dict[str, str] | None = None, message: str = "model: what"
) -> Script:
    return reply(error_body(kind, message), status, headers=headers)


@pytest.mark.parametrize(("kind", "status", "cls", "code", "again"), _ERRORS)
async def test_each_error_before_the_stream(
    kind: str, status: int, cls: type[errors.ProviderError], code: str, again: bool
) -> None:
    heard = await ask(_refused(kind, status))
    error = heard.failed()
    assert (type(error), error.code, error.status) == (cls, code, status)
    assert (error.request_id, error.repeatable) == ("req_body", again)
    assert error.detail == f"HTTP {status}. {kind}: model: what req_body"
    assert len(heard.sent) == (3 if again else 1)
    assert len(heard.of(RetryScheduled)) == (2 if again else 0)
    assert heard.of(TextDelta) == []
    assert heard.sent == [heard.sent[0]] * len(heard.sent)


@pytest.mark.parametrize(("kind", "status", "cls", "code", "again"), _ERRORS)
@pytest.mark.parametrize("place", ["inside", "instead"])
async def test_each_error_inside_the_stream(
    kind: str, status: int, cls: type[errors.ProviderError], code: str, again: bool, place: str
) -> None:
    del status, again
    given = error_body(kind, "model: what")
    script = stream(text("Text."), given) if place == "inside" else reply(given)
    heard = await ask(script)
    error = heard.failed()
    assert (type(error), error.code, error.status) == (cls, code, 200)
    assert (error.request_id, error.repeatable) == ("req_body", False)
    assert error.detail == f"HTTP 200. {kind}: model: what req_body"
    assert "HTTP" not in error.message
    assert len(heard.sent) == 1
    assert heard.of(RetryScheduled) == []
    assert bool(heard.of(TextDelta)) == (place == "inside")


async def test_an_error_of_another_kind_inside_the_stream() -> None:
    heard = await ask(stream(text("Text."), error_body("unheard_of")))
    assert heard.failed().code == "server_error"
    assert "in the middle of its answer" in heard.failed().message


@pytest.mark.parametrize(
    "event",
    [
        sse({"error": {"type": "overloaded_error", "message": "m"}}, name="message"),
        sse({"error": {"type": "overloaded_error", "message": "m"}}, name="error"),
        sse({"type": "error", "error": "overloaded_error"}, name="message"),
        sse({"type": "error", "error": json.dumps(error_body("overloaded_error"))}),
        b"event: error\ndata: overloaded_error\n\n",
    ],
)
async def test_errors_inside_the_stream_of_every_shape(event: bytes) -> None:
    heard = await ask(stream(text("Text."), event, headers={"request-id": "req_head"}))
    assert isinstance(heard.failed(), errors.ServerBusy)
    assert heard.failed().request_id == "req_head"
    assert TextDelta("Text.") in heard.events


@pytest.mark.parametrize("place", ["before", "inside"])
async def test_a_source_that_is_too_long_is_told_as_such(place: str) -> None:
    words = "prompt is too long: 208310 tokens > 200000 maximum"
    refused = _refused("invalid_request_error", 400, message=words)
    inside = stream(error_body("invalid_request_error", words))
    heard = await ask(refused if place == "before" else inside)
    assert isinstance(heard.failed(), errors.ContextOverflow)
    assert words in heard.failed().detail


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (413, b"<html><title>Request Entity Too Large</title></html>", "too_large"),
        (400, b"", "bad_request"),
        (403, b"blocked", "auth"),
        (404, b"404 page not found", "not_found"),
        (301, b"", "redirected"),
    ],
)
async def test_answers_that_are_no_json(status: int, body: bytes, code: str) -> None:
    heard = await ask(reply(body, status, "text/html", {"request-id": "req_head"}))
    assert (heard.failed().code, heard.failed().status) == (code, status)
    assert heard.failed().request_id == "req_head"
    assert len(heard.sent) == 1


@pytest.mark.parametrize(
    ("headers", "in_body", "expected"),
    [
        ({"request-id": "req_head"}, "req_body", "req_head"),
        ({}, "req_body", "req_body"),
        ({}, 7, ""),
        ({}, "two\nlines", ""),
        ({}, "x" * 101, ""),
        ({"request-id": KEY}, "", "[key]"),
        ({}, KEY, "[key]"),
    ],
)
async def test_the_request_id_is_the_headers_or_the_bodys(
    headers: dict[str, str], in_body: object, expected: str
) -> None:
    body = error_body("invalid_request_error") | {"request_id": in_body}
    heard = await ask(reply(body, 400, headers=headers))
    assert heard.failed().request_id == expected
    assert heard.failed().detail.endswith(expected or "what happened")


@pytest.mark.parametrize("kind", ["authentication_error", "permission_error"])
async def test_without_a_key_the_variable_is_named(kind: str) -> None:
    for script in (_refused(kind, 401), stream(error_body(kind))):
        heard = await ask(script, key=None)
        assert heard.failed().code == "key_missing"
        assert "ANTHROPIC_API_KEY" in heard.failed().message


async def test_a_busy_service_is_asked_again_and_its_answer_taken() -> None:
    heard = await ask(_refused("overloaded_error", 529), _refused("api_error", 500), ANSWER)
    assert heard.error is None
    assert len(heard.sent) == 3
    assert [(e.attempt, e.attempts, e.code) for e in heard.of(RetryScheduled)] == [
        (2, 3, "server_busy"),
        (3, 3, "server_error"),
    ]
    assert heard.of(TextDelta) == [TextDelta("Fine.")]
    assert len(heard.of(GenerationEnded)) == 1


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 520, 529, 599])
async def test_these_are_sent_again(status: int) -> None:
    heard = await ask(reply(b"", status), ANSWER)
    assert heard.error is None
    assert len(heard.sent) == 2


@pytest.mark.parametrize(
    ("kind", "status", "wish", "times"),
    [
        ("invalid_request_error", 400, "true", 3),
        ("invalid_request_error", 400, "TRUE ", 3),
        ("invalid_request_error", 400, "perhaps", 1),
        ("rate_limit_error", 429, "false", 1),
        ("overloaded_error", 529, "False", 1),
        ("overloaded_error", 529, "perhaps", 3),
        ("authentication_error", 401, "true", 1),
        ("billing_error", 402, "true", 1),
        ("billing_error", 500, "true", 1),
        ("not_found_error", 404, "true", 1),
        ("exceed_context_size_error", 500, "true", 1),
    ],
)
async def test_the_services_own_wish_wins_but_where_it_cannot_help(
    kind: str, status: int, wish: str, times: int
) -> None:
    heard = await ask(_refused(kind, status, {"x-should-retry": wish}))
    assert len(heard.sent) == times
    assert heard.failed().repeatable == (times > 1)


async def test_the_wish_counts_for_nothing_once_the_answer_has_begun() -> None:
    headers = {"x-should-retry": "true"}
    begun = stream(text("Text."), error_body("overloaded_error"), headers=headers)
    heard = await ask(begun)
    lost = await ask(stream(text("Text."), Reset()))
    assert len(heard.sent) == len(lost.sent) == 1
    assert heard.failed().code == "server_busy"
    assert lost.failed().code == "connection_lost"


@pytest.mark.parametrize(
    ("headers", "delay_ms"),
    [
        ({}, 0),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "0.004"}, 4),
        ({"retry-after-ms": "3", "retry-after": "50"}, 3),
        ({"retry-after": "Fri, 01 Jan 2016 00:00:00 GMT"}, 0),
        ({"retry-after": "61"}, 0),
        ({"retry-after": "Fri, 01 Jan 2100 00:00:00 GMT"}, 0),
        ({"retry-after": "soon"}, 0),
    ],
)
async def test_retry_after_in_every_form(headers: dict[str, str], delay_ms: int) -> None:
    heard = await ask(_refused("rate_limit_error", 429, headers), ANSWER)
    assert [event.delay_ms for event in heard.of(RetryScheduled)] == [delay_ms]
    assert heard.error is None


@pytest.mark.parametrize(
    ("entry", "times"),
    [
        ({"type": "model", "id": MODEL}, {429: 3, 503: 3, 500: 3, 409: 3}),
        ({"id": MODEL, "owned_by": "library"}, {429: 3, 503: 3, 500: 1, 409: 1}),
        ({"id": MODEL, "owned_by": "llamacpp"}, {429: 3, 503: 3, 500: 1, 409: 1}),
    ],
)
async def test_a_server_that_only_speaks_the_protocol_is_asked_again_when_it_is_busy(
    entry: Json, times: dict[int, int]
) -> None:
    for status, expected in times.items():
        heard = await ask(reply(b"{}", status), entries=[entry])
        assert len(heard.sent) == expected


def _limits(name: str, limit: str, remaining: str, reset: str) -> dict[str, str]:
    values = {"limit": limit, "remaining": remaining, "reset": reset}
    return {f"anthropic-ratelimit-{name}-{part}": value for part, value in values.items()}


_RESET = "2026-11-24T06:31:00Z"
_ALL = {
    **_limits("requests", "1000", "999", _RESET),
    **_limits("tokens", "400000", "0", "2026-11-24T06:31:00+00:00"),
    **_limits("input-tokens", "300000", "10", _RESET),
    **_limits("output-tokens", "100000", "20", _RESET),
}


async def test_rate_limits_are_told_with_the_status_and_before_any_text() -> None:
    heard = await ask(stream(text("Text."), headers=_ALL))
    assert heard.events[:4] == [
        PhaseChanged(Phase.CONNECTING),
        PhaseChanged(Phase.READING),
        RateLimitsReported(
            (
                RateLimit("requests", 1000, 999, _RESET),
                RateLimit("tokens", 400_000, 0, "2026-11-24T06:31:00+00:00"),
                RateLimit("input-tokens", 300_000, 10, _RESET),
                RateLimit("output-tokens", 100_000, 20, _RESET),
            )
        ),
        TextDelta("Text."),
    ]


async def test_rate_limits_are_told_also_before_an_error() -> None:
    headers = {**_limits("requests", "50", "0", _RESET), "x-should-retry": "false"}
    heard = await ask(_refused("rate_limit_error", 429, headers))
    assert heard.failed().code == "server_busy"
    assert heard.events[-1] == RateLimitsReported((RateLimit("requests", 50, 0, _RESET),))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, []),
        ({"anthropic-ratelimit-unheard-of-limit": "5"}, []),
        (_limits("tokens", "", "", ""), []),
        (_limits("tokens", "many", "-1", KEY), []),
        (_limits("tokens", "9" * 16, "1.5", "tomorrow"), []),
        (_limits("tokens", "7", "x", "tomorrow"), [RateLimit("tokens", 7, None)]),
        (_limits("tokens", "", "", _RESET), [RateLimit("tokens", None, None, _RESET)]),
    ],
)
async def test_of_strange_limits_the_readable_part_is_told(
    headers: dict[str, str], expected: list[RateLimit]
) -> None:
    heard = await ask(stream(text("Text."), headers=headers))
    told = [limit for event in heard.of(RateLimitsReported) for limit in event.limits]
    assert heard.error is None
    assert told == expected


def test_a_status_that_was_only_meant_is_not_claimed() -> None:
    refused = status_error(200, ServerWords("t", "m"), host="h", meant=400)
    assert (refused.code, refused.status) == ("bad_request", 200)
    assert refused.message.startswith("h did not accept the request. See the details")
    failed = status_error(200, ServerWords("t", "m"), host="h", meant=500)
    assert failed.message.startswith("h reported an error in the middle of its answer. ")
    assert refused.detail == failed.detail == "HTTP 200. t: m"
