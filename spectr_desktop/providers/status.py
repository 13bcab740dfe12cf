"""From an HTTP status and a server's own words to our error, for every adapter alike."""

from __future__ import annotations

import html
import json
import mimetypes
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from spectr_desktop.logs import logger
from spectr_desktop.providers.egress import is_loopback
from spectr_desktop.providers.errors import (
    AuthFailed,
    BadRequest,
    ContextOverflow,
    ModelMissing,
    ProviderError,
    ServerBusy,
    ServerFailed,
)
from spectr_desktop.providers.retry import asked_delay
from spectr_desktop.providers.wire import as_object, json_object
from spectr_desktop.records.events import Notice

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spectr_desktop.providers.base import KeySource

_log = logger(__name__)

_KEY_REFUSED = (401, 403)
_BUSY = (429, 503, 529)
# Sent again by the rule for servers of which nothing else is known: a 500 may be out of memory.
BUSY_ONLY = frozenset({429, 503})
_KEPT = 4000  # characters of a server's own words
_OVERFLOW = (
    "exceed_context_size",
    "context_length_exceeded",
    "longer than the context",
    "exceeds the available context",
    "prompt is too long",
    "maximum context length",
    "longer than the maximum model length",  # vLLM
    "does not fit in context length",  # LM Studio, as the two below
    "when context the overflows",
    "context size has been exceeded",
)
_UNPAID = ("billing_error", "insufficient_quota")
_ESCAPE = re.compile("%[0-9A-F]{2}")
_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class ServerWords:
    """What an error body says: a type and a sentence in the server's own words."""

    type: str = ""
    message: str = ""


def server_words(body: bytes | dict[str, Any], key: str | None = None) -> ServerWords:
    """Read an error body of any known shape.

    Known: `{"error": {"type", "message"}}`, `{"error": "text"}` (Ollama, whose text may be a
    JSON document again), `{"message": …}`, and of a web page its title. Anything else is returned
    as text. A server may
    repeat the key that it was sent, so the key is taken out before anything is shortened.
    """
    value = body if isinstance(body, dict) else json_object(body)
    if value is None:
        text = body.decode("utf-8", "replace") if isinstance(body, bytes) else ""
        if text.lstrip().startswith("<"):  # a page of some machine on the way
            title = _TITLE.search(text[:100_000])
            text = html.unescape(title.group(1)) if title else ""
        return ServerWords("", redacted(" ".join(text.split()), key)[:_KEPT])
    error: object = value.get("error", value)
    if isinstance(error, str):
        inner = json_object(error)
        if inner is not None:
            return server_words(inner, key)
    fields = as_object(error)
    kind, code = fields.get("type") or "", fields.get("code") or ""
    # OpenAI's code says more than its type; other servers repeat the status or the type there.
    kind = (
        f"{kind} {code}"
        if kind and isinstance(code, str) and code not in ("", kind)
        else kind or code
    )
    message = fields.get("message") or "" if fields else error
    return ServerWords(redacted(str(kind), key)[:_KEPT], redacted(str(message), key)[:_KEPT])


def redacted(text: str, key: str | None) -> str:
    """The text without the key, if it stands in it, also as URLs and JSON write it."""
    if not key:
        return text
    forms = {quote(key, safe, errors="replace") for safe in ("", "/")}
    forms |= {_ESCAPE.sub(lambda found: found[0].lower(), form) for form in forms}
    forms |= {form.replace("%20", "+") for form in forms}
    in_json = json.dumps(key)[1:-1]
    forms |= {key, in_json, in_json.replace("/", "\\/")}
    for form in forms:
        text = text.replace(form, "[key]")
    return text


def key_of(source: KeySource, *, host: str, variable: str, needed: bool) -> str | None:
    """The key for a request's header.

    Raises:
        AuthFailed: it is needed and missing, or it cannot stand in a header.
    """
    key = source()
    if not key:
        if not needed:
            return None
        raise key_missing(host, variable)
    if not (key.isascii() and key.isprintable()):
        # The HTTP library would say so too, and repeat the key while doing it.
        raise AuthFailed(
            "key_malformed",
            f"The key for {host} has characters that no key has. Copy it into {variable} again.",
            params={"host": host, "variable": variable},
        )
    return key


def readable_key(base_url: str, source: KeySource) -> tuple[Notice, ...]:
    """A word of warning where the key travels unencrypted over a network."""
    if not base_url.startswith("http:") or is_loopback(base_url) or not source():
        return ()
    host = urlsplit(base_url).netloc
    return (
        Notice(
            "readable_key",
            f"The key and the source travel unencrypted to {host}: everybody on the way can read "
            "them. Use https:// if the server has it.",
        ),
    )


def key_missing(host: str, variable: str) -> AuthFailed:
    """The server wants a key, and there is none."""
    return AuthFailed(
        "key_missing",
        f"There is no key for {host}. Save one in the settings of the window, or set {variable} "
        "and start the program again.",
        params={"host": host, "variable": variable},
    )


def status_error(
    status: int,
    words: ServerWords,
    *,
    host: str,
    model: str = "",
    key_variable: str = "",
    key_sent: bool = True,
    pull: str = "",
    request_id: str = "",
    headers: Mapping[str, str] | None = None,
    repeated: frozenset[int] = BUSY_ONLY,
    meant: int | None = None,
) -> ProviderError:
    """The error for an answer that is none.

    Args:
        status: the HTTP status, or 200 for an error inside a stream.
        words: what the body says.
        host: host and port, for the sentence.
        model: the model that was asked for.
        key_variable: the environment variable that holds the key.
        key_sent: the request had a key.
        pull: a command that brings a missing model, e.g. "ollama pull NAME".
        request_id: the provider's own id of the request.
        headers: of the answer; None inside a stream, where nothing is sent again.
        repeated: statuses after which the request may be sent again.
        meant: of an error inside a stream, the status that it has where it comes before one.
    """
    params: dict[str, str | int] = {"host": host, "model": model, "status": status}
    error = _classified(meant or status, words, params, key_variable=key_variable, pull=pull)
    if isinstance(error, AuthFailed) and not key_sent:
        error = key_missing(host, key_variable)
    error.status = status
    error.request_id = request_id
    said = ": ".join(part for part in (words.type, words.message) if part)
    error.detail = " ".join(part for part in (f"HTTP {status}.", said, request_id) if part)
    if headers is not None:
        error.repeatable = status in repeated and error.code != "billing"
        error.retry_after_s = asked_delay(headers)
    # Not the server's words: some repeat what they were sent.
    _log.info("%s: HTTP %d, %s, request %s", host, status, error.code, request_id or "without id")
    return error


def _classified(
    status: int,
    words: ServerWords,
    params: dict[str, str | int],
    *,
    key_variable: str,
    pull: str,
) -> ProviderError:
    said = f"{words.type} {words.message}".lower()
    host = params["host"]
    if status == HTTPStatus.PAYMENT_REQUIRED or any(mark in said for mark in _UNPAID):
        return AuthFailed(
            "billing",
            f"{host} declines because of the account's credit or plan. Settle it there, or pick "
            "another model.",
            params=params,
        )
    if status in _KEY_REFUSED or "authentication_error" in said or "permission_error" in said:
        remedy = f" Check {key_variable}." if key_variable else ""
        return AuthFailed("auth", f"{host} did not accept the key.{remedy}", params=params)
    if any(mark in said for mark in _OVERFLOW):
        return ContextOverflow(
            "context_overflow",
            "The source is longer than the model's context, so nothing was read. Choose a model "
            "with a larger context, or audit fewer files.",
            params=params,
        )
    if status == HTTPStatus.NOT_FOUND or "not_found_error" in said or "model_not_found" in said:
        return _missing(said.strip(), params, pull)
    if status in _BUSY or "overloaded_error" in said or "rate_limit" in said:
        return ServerBusy("server_busy", f"{host} is busy. Try again in a while.", params=params)
    return _by_status(status, params)


def _by_status(status: int, params: dict[str, str | int]) -> ProviderError:
    """The error for words that say nothing known."""
    host = params["host"]
    inside = int(params["status"]) < HTTPStatus.MULTIPLE_CHOICES  # no sentence names a 200
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return BadRequest(
            "redirected",
            f"{host} sends the request elsewhere (HTTP {status}). Check the address, also whether "
            "it begins with http or https.",
            params=params,
        )
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return BadRequest(
            "too_large",
            f"{host} takes no request of this size. Audit fewer files at a time.",
            params=params,
        )
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return BadRequest(
            "bad_request",
            f"{host} did not accept the request{'' if inside else f' (HTTP {status})'}. See the "
            "details, and choose other limits or another model.",
            params=params,
        )
    where = "in the middle of its answer" if inside else f"(HTTP {status})"
    return ServerFailed(
        "server_error",
        f"{host} reported an error {where}. See the details and the server's log, then run the "
        "audit again.",
        params=params,
    )


def _missing(said: str, params: dict[str, str | int], pull: str) -> ProviderError:
    host, model = params["host"], params["model"]
    if model and ("model" in said or not said):
        remedy = f"Get it with `{pull}`, or pick another model." if pull else "Pick another model."
        return ModelMissing(
            "model_missing", f"{host} has no model “{model}”. {remedy}", params=params
        )
    return BadRequest(
        "not_found",
        f"{host} does not know this request. Check the address and the provider.",
        params=params,
    )


def reply_object(body: bytes, host: str, content_type: str) -> dict[str, Any]:
    """The JSON object that a short question is answered with.

    Raises:
        ServerFailed: the body is anything else.
    """
    found = json_object(body)
    if found is None:
        raise not_a_stream(host, content_type)
    return found


def not_a_stream(host: str, content_type: str) -> ServerFailed:
    """A 200 whose body is a web page or the like."""
    kind = content_type.partition(";")[0].strip().lower()
    known = mimetypes.guess_extension(kind, strict=False) is not None
    return ServerFailed(
        "protocol",
        f"{host} answered, but not as a model server does. Check the address and the provider.",
        params={"host": host},
        # Of a type that nobody knows the words are the server's own.
        detail=f"content type {kind if known else 'unknown' if kind else 'none'}",
    )
