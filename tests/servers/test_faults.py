"""The scripted model servers fail as they are told."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import json

import httpx
import pytest

from tests.servers.asking import KINDS, TEXT, ask, opened
from tests.servers.faults import Fault
from tests.servers.script import Gate, Request, Send, Wait
from tests.servers.scripted import ScriptedServer
from tests.servers.streams import Answer, Events, streamed

pytestmark = pytest.mark.parametrize("kind", KINDS)

_CUT = TEXT[:12]  # three deltas, the last of them ranc
_JSON, _PAGE, _NONE = "application/json", "text/html", ""


@pytest.mark.parametrize(
    ("fault", "status", "content_type"),
    [
        (Fault.UNAUTHORIZED, 401, _JSON),
        (Fault.FORBIDDEN, 403, _NONE),
        (Fault.NOT_FOUND, 404, None),  # Ollama's is plain text
        (Fault.BAD_REQUEST, 400, _JSON),
        (Fault.OVERFLOW, 400, _JSON),
        (Fault.TOO_LARGE, 413, _PAGE),
        (Fault.REQUEST_TIMEOUT, 408, None),
        (Fault.CONFLICT, 409, None),
        (Fault.RATE_LIMITED, 429, _JSON),
        (Fault.SERVER_ERROR, 500, _NONE),
        (Fault.UNAVAILABLE, 503, _JSON),
        (Fault.GATEWAY_TIMEOUT, 504, _PAGE),
        (Fault.OVERLOADED, 529, _JSON),
        (Fault.ERROR_BODY, 200, _JSON),
        (Fault.WRONG_TYPE, 200, _PAGE),
    ],
)
async def test_a_refusal_comes_instead_of_a_stream(
    kind: str, fault: Fault, status: int, content_type: str | None
) -> None:
    seen = await ask(kind, Answer(fault=fault))
    assert (seen.status, seen.failure, seen.whole) == (status, None, False)
    given = seen.headers.get("content-type", "").partition(";")[0]
    assert content_type is None or given == content_type
    assert bool(seen.body) == bool(given)
    assert given != _JSON or "error" in json.loads(seen.body)


@pytest.mark.parametrize("form", [{}, {"retry-after": "0"}, {"x-should-retry": "false"}])
async def test_a_fault_has_its_headers_and_its_number_of_times(
    kind: str, form: dict[str, str]
) -> None:
    answer = Answer(fault=Fault.RATE_LIMITED, fault_times=2, headers=form)
    async with KINDS[kind][0](answer) as server:
        seen = [await ask(kind, answer, server) for _ in range(3)]
    assert [answered.status for answered in seen] == [429, 429, 200]
    assert [form.items() <= dict(answered.headers).items() for answered in seen[:2]] == [True] * 2
    assert not form.keys() & seen[2].headers.keys()
    assert seen[2].whole


async def test_a_redirect_names_another_port(kind: str) -> None:
    async with ScriptedServer() as target:
        answer = Answer(fault=Fault.REDIRECT, redirect_port=target.port)
        seen = await ask(kind, answer)
    assert seen.status == 307
    assert seen.headers["location"] == target.base_url + KINDS[kind][0].generating


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.CLOSED_BEFORE_HEAD, httpx.RemoteProtocolError),
        (Fault.RESET_BEFORE_HEAD, httpx.ReadError),
    ],
)
async def test_a_connection_ends_without_a_head(
    kind: str, fault: Fault, error: type[Exception]
) -> None:
    seen = await ask(kind, Answer(fault=fault))
    assert (seen.status, type(seen.failure)) == (0, error)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.ERROR_INSIDE, None),
        (Fault.NO_END_MARK, None),
        (Fault.HALF_EVENT, None),
        (Fault.CUT, httpx.RemoteProtocolError),
        (Fault.CUT_LETTER, httpx.RemoteProtocolError),
        (Fault.RESET, httpx.ReadError),
    ],
)
@pytest.mark.parametrize("seed", [None, 4])
async def test_a_stream_breaks_after_some_deltas(
    kind: str, fault: Fault, error: type[Exception] | None, seed: int | None
) -> None:
    seen = await ask(kind, Answer(text=TEXT, fault=fault, seed=seed))
    assert (seen.status, seen.whole) == (200, False)
    assert type(seen.failure) is (error or type(None))
    assert ("error" in seen.body) == (fault is Fault.ERROR_INSIDE)
    if fault is Fault.ERROR_INSIDE:
        assert "error" in seen.events[-1]
    elif fault is Fault.RESET:
        # The system may drop what had arrived but was not read.
        assert _CUT.startswith(seen.text)
    else:
        assert seen.text == (TEXT if fault is Fault.NO_END_MARK else _CUT)
    if fault in (Fault.HALF_EVENT, Fault.CUT, Fault.CUT_LETTER):
        half = seen.body.rpartition("\n")[2]
        assert "{" in half
        assert not half.endswith("}")


async def test_a_letter_is_cut_between_its_bytes(kind: str) -> None:
    # The fourth delta and the next have plain letters only.
    seen = await ask(kind, Answer(text="abcd" * 5 + "ef🏦", fault=Fault.CUT_LETTER))
    decoder = codecs.getincrementaldecoder("utf-8")()
    assert decoder.decode(bytes(seen.raw)).endswith("ef")
    assert decoder.getstate()[0] == "🏦".encode()[:1]
    assert seen.text == "abcd" * 5


@pytest.mark.parametrize("fault", [Fault.STALL, Fault.HALF_OPEN])
async def test_silence_lasts_until_the_client_leaves(kind: str, fault: Fault) -> None:
    answer = Answer(text=TEXT, fault=fault)
    async with KINDS[kind][0](answer) as server:
        asking = asyncio.create_task(ask(kind, answer, server))
        await answer.silence.reached()
        asking.cancel()
        await server.disconnected()
        with contextlib.suppress(asyncio.CancelledError):
            await asking
    assert server.generations == 1


@pytest.mark.parametrize("fault", [Fault.STALL, Fault.HALF_OPEN])
async def test_silence_may_end_in_a_hang_up(kind: str, fault: Fault) -> None:
    answer = Answer(text=TEXT, fault=fault)
    answer.silence.open()
    seen = await ask(kind, answer)
    assert isinstance(seen.failure, httpx.RemoteProtocolError)
    assert seen.text == (_CUT if fault is Fault.STALL else "")


async def test_an_endless_stream_goes_on_until_the_client_leaves(kind: str) -> None:
    answer = Answer(text=TEXT, fault=Fault.ENDLESS)
    size = 0
    async with KINDS[kind][0](answer) as server, httpx.AsyncClient(trust_env=False) as client:
        async with opened(kind, server, client) as got:
            pieces = got.aiter_bytes()
            while size < 100_000:
                size += len(await anext(pieces))
        await server.disconnected()


async def test_a_huge_line_has_no_end(kind: str) -> None:
    seen = await ask(kind, Answer(text=TEXT, fault=Fault.HUGE_LINE))
    assert (seen.failure, seen.text) == (None, _CUT)
    assert len(seen.raw) - seen.raw.rindex(b"\n") > 9 * 1024 * 1024


async def test_garbage_has_the_right_type(kind: str) -> None:
    seen = await ask(kind, Answer(fault=Fault.GARBAGE))
    good = await ask(kind, Answer())
    assert (seen.status, seen.failure) == (200, None)
    assert seen.headers["content-type"] == good.headers["content-type"]
    with pytest.raises(UnicodeDecodeError):
        seen.raw.decode()


async def test_compressed_events_can_be_read_as_they_come(kind: str) -> None:
    within = Gate()
    answer = Answer(text=TEXT, fault=Fault.GZIP, within=within)
    body = b""
    async with (
        KINDS[kind][0](answer) as server,
        httpx.AsyncClient(trust_env=False) as client,
        opened(kind, server, client) as got,
    ):
        assert got.headers["content-encoding"] == "gzip"
        pieces = got.aiter_bytes()
        while b'"ranc"' not in body:
            body += await anext(pieces)
        assert not within.is_open
        within.open()
        body += b"".join([piece async for piece in pieces])
    assert (await ask(kind, Answer(text=TEXT))).raw == body


@pytest.mark.parametrize("fault", [Fault.SLOW_HEAD, Fault.DELAYED])
async def test_slowness_changes_nothing(kind: str, fault: Fault) -> None:
    seen = await ask(kind, Answer(text=TEXT, fault=fault))
    assert (seen.text, seen.whole) == (TEXT, True)


def test_slowness_is_in_the_script(kind: str) -> None:
    request = Request("POST", KINDS[kind][0].generating, {}, b"")
    events = Events("text/plain", [b"{a}"], [b"{b}"] * 9, [b"{c}"], b"{d}")
    head = list(streamed(request, Answer(fault=Fault.SLOW_HEAD), events, {}))
    delayed = list(streamed(request, Answer(fault=Fault.DELAYED), events, {}))
    assert [len(step.payload) for step in head[:40] if isinstance(step, Send)] == [1] * 40
    assert all(isinstance(step, Wait) for step in delayed[1::2])
    assert len(delayed) > 4
