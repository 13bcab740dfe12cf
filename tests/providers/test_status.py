from __future__ import annotations

import json
import re
from urllib.parse import quote, quote_plus

import pytest

from spectr_desktop.providers import errors
from spectr_desktop.providers.status import (
    ServerWords,
    key_of,
    not_a_stream,
    readable_key,
    redacted,
    server_words,
    status_error,
)

_OVERFLOW = {"error": {"code": 400, "type": "exceed_context_size_error", "message": "too long"}}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"error": {"type": "t", "message": "m"}}', ServerWords("t", "m")),
        (b'{"type": "error", "error": {"type": "t", "message": "m"}}', ServerWords("t", "m")),
        (b'{"error": {"type": "t", "code": "c", "message": "m"}}', ServerWords("t c", "m")),
        (b'{"error": {"type": "t", "code": "t", "message": "m"}}', ServerWords("t", "m")),
        (b'{"error": {"code": 429, "message": "m"}}', ServerWords("429", "m")),
        (b'{"error": "words"}', ServerWords("", "words")),
        (
            json.dumps({"error": json.dumps(_OVERFLOW)}).encode(),
            ServerWords("exceed_context_size_error", "too long"),
        ),
        (b'{"message": "m"}', ServerWords("", "m")),
        (b'{"error": null}', ServerWords("", "None")),
        (b'{"error": [1]}', ServerWords("", "[1]")),
        (b'{"error": {}}', ServerWords("", "{}")),
        (
            b" <html><title>Bad &amp;\n gateway\xff</title></html>",
            ServerWords("", "Bad & gateway\ufffd"),
        ),
        (b"<h1>Bad gateway</h1>", ServerWords()),
        (b"Bad\n gateway\xff", ServerWords("", "Bad gateway\ufffd")),
        (b"", ServerWords()),
        ({"error": {"type": "t", "message": None}}, ServerWords("t", "")),
    ],
)
def test_error_bodies_of_every_shape_are_read(body: bytes, expected: ServerWords) -> None:
    assert server_words(body) == expected


def test_words_are_cut_but_never_before_the_key_is_out() -> None:
    key = "K" * 40
    said = "x" * 280 + key + "y" * 5000
    for body in (said.encode(), json.dumps({"error": said}).encode(), {"error": {"type": said}}):
        words = server_words(body, key)
        error = status_error(400, words, host="h")
        for text in (words.message, words.type, error.message, error.detail):
            assert "KK" not in text
            assert len(text) < 9000
    assert redacted("a k b", "k") == "a [key] b"
    assert redacted("a", "") == redacted("a", None) == "a"


@pytest.mark.parametrize("key", ['sk-a/b+c&d="e" f', "sk-größe", "sk-\udcff"])
def test_a_key_is_taken_out_as_urls_and_json_write_it(key: str) -> None:
    forms = [quote(key, safe="", errors="replace"), quote_plus(key, errors="replace")]
    forms += [quote(key, errors="replace"), json.dumps(key), json.dumps(key).replace("/", "\\/")]
    forms.append(re.sub("%..", lambda found: found[0].lower(), forms[0]))
    for form in forms:
        said = redacted(f"before {form} after", key)
        assert "sk-" not in said
        assert said.replace('"', "") == "before [key] after"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("text/html; charset=utf-8", "text/html"),
        ("Application/JSON", "application/json"),
        ("", "none"),
        ("text/sk-key", "unknown"),
        ("sk-key", "unknown"),
    ],
)
def test_only_a_known_content_type_is_shown(said: str, shown: str) -> None:
    assert not_a_stream("h", said).detail == f"content type {shown}"


@pytest.mark.parametrize(
    ("status", "kind", "message", "expected", "code"),
    [
        (401, "", "", errors.AuthFailed, "auth"),
        (403, "", "", errors.AuthFailed, "auth"),
        (200, "authentication_error", "x", errors.AuthFailed, "auth"),
        (400, "exceed_context_size_error", "", errors.ContextOverflow, "context_overflow"),
        (400, "invalid_request_error", "Prompt is too long: 3 > 2", None, "context_overflow"),
        (200, "", "the input is longer than the context length", None, "context_overflow"),
        (404, "", "model 'a' not found", errors.ModelMissing, "model_missing"),
        (404, "", "", errors.ModelMissing, "model_missing"),
        (200, "not_found_error", "model: a", errors.ModelMissing, "model_missing"),
        (404, "", "404 page not found", errors.BadRequest, "not_found"),
        (429, "", "", errors.ServerBusy, "server_busy"),
        (503, "", "loading", errors.ServerBusy, "server_busy"),
        (529, "overloaded_error", "", errors.ServerBusy, "server_busy"),
        (200, "overloaded_error", "", errors.ServerBusy, "server_busy"),
        (200, "tokens rate_limit_exceeded", "", errors.ServerBusy, "server_busy"),
        (301, "", "", errors.BadRequest, "redirected"),
        (400, "", "bad", errors.BadRequest, "bad_request"),
        (413, "", "", errors.BadRequest, "too_large"),
        (402, "", "", errors.AuthFailed, "billing"),
        (429, "insufficient_quota", "", errors.AuthFailed, "billing"),
        (500, "", "out of memory", errors.ServerFailed, "server_error"),
        (200, "", "killed", errors.ServerFailed, "server_error"),
    ],
)
def test_each_answer_has_its_error(
    status: int,
    kind: str,
    message: str,
    expected: type[errors.ProviderError] | None,
    code: str,
) -> None:
    words = ServerWords(kind, message)
    error = status_error(status, words, host="h:1", model="a", request_id="req_1")
    assert error.code == code
    assert expected is None or type(error) is expected
    assert (error.status, error.request_id) == (status, "req_1")
    assert error.detail.startswith(f"HTTP {status}.")
    assert error.detail.endswith("req_1")
    assert message in error.detail
    assert "\n" not in error.message
    assert error.message.endswith(".")


def test_the_sentences_name_the_remedy() -> None:
    missing = status_error(404, ServerWords(), host="h", model="a", pull="ollama pull a")
    assert missing.message.startswith("h has no model “a”. Get it with `ollama pull a`, or")
    refused = status_error(401, ServerWords(), host="h", key_variable="SOME_KEY")
    assert refused.message == "h did not accept the key. Check SOME_KEY."
    inside = status_error(200, ServerWords("", "it\n broke"), host="h")
    assert inside.message.startswith("h reported an error in the middle of its answer. See the")
    assert "it\n broke" in inside.detail
    outside = status_error(500, ServerWords("", "Why?"), host="h")
    assert outside.message.startswith("h reported an error (HTTP 500). See the details")
    assert "Why?" in outside.detail
    assert "text/html" in not_a_stream("h", "text/html").detail


@pytest.mark.parametrize(
    ("status", "kind", "headers", "repeatable", "after"),
    [
        (429, "", {}, True, None),
        (503, "", {"retry-after": "7"}, True, 7.0),
        (429, "insufficient_quota", {"retry-after": "7"}, False, 7.0),
        (500, "", {"retry-after": "7"}, False, 7.0),
        (429, "", None, False, None),
    ],
)
def test_only_a_busy_server_is_asked_again(
    status: int, kind: str, headers: dict[str, str] | None, repeatable: bool, after: float | None
) -> None:
    error = status_error(status, ServerWords(kind), host="h", headers=headers)
    assert (error.repeatable, error.retry_after_s) == (repeatable, after)


@pytest.mark.parametrize("needed", [True, False])
def test_a_key_is_given_only_if_it_can_stand_in_a_header(needed: bool) -> None:
    assert key_of(lambda: "k-1", host="h", variable="V", needed=needed) == "k-1"
    for strange in ("k\nk", "k\x00", "kü", "k\u2028"):
        with pytest.raises(errors.AuthFailed) as caught:
            key_of(lambda text=strange: text, host="h", variable="V", needed=needed)
        assert caught.value.code == "key_malformed"
        assert strange not in caught.value.message + caught.value.detail


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_missing_key_matters_only_where_it_is_needed(nothing: str | None) -> None:
    assert key_of(lambda: nothing, host="h", variable="V", needed=False) is None
    with pytest.raises(errors.AuthFailed, match="no key for h") as caught:
        key_of(lambda: nothing, host="h", variable="V", needed=True)
    assert caught.value.code == "key_missing"


@pytest.mark.parametrize(
    ("url", "key", "told"),
    [
        ("http://model.example.org:8000", "k", True),
        ("http://10.0.0.1", "k", True),
        ("http://10.0.0.1", None, False),
        ("https://model.example.org", "k", False),
        ("http://127.0.0.1:8080", "k", False),
        ("http://localhost", "k", False),
    ],
)
def test_a_key_that_everybody_can_read_is_told(url: str, key: str | None, told: bool) -> None:
    notices = readable_key(url, lambda: key)
    assert bool(notices) is told
    assert not told or notices[0].message.endswith(".")
