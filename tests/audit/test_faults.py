"""Every fault of every server: how the run ends, what is said and kept, how often was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING

import pytest

from tests.served_runs import CELL, CUT, REPORT, SERVERS, opened
from tests.servers.faults import Fault
from tests.servers.scripted import ScriptedServer
from tests.servers.streams import Answer

if TYPE_CHECKING:
    from spectr_desktop.records.run import ErrorInfo, RunResult

pytestmark = pytest.mark.usefixtures("no_backoff")

_KEY = "sk-a-key"
_REMEDIES = ("Check ", "Choose ", "Pick ", "Start ", "Set ", "Try ", "run the audit again")


@dataclass(frozen=True)
class Row:
    """A fault, and what must come of it.

    Attributes:
        ends: "outcome/code", or several where the specification leaves it open.
        kept: the text that is left.
        requests: requests for text that reach the server.
        times: requests that get the fault; None for all.
        headers: what comes with the status.
        own: by adapter, where one differs: other ends, or another number of requests.
    """

    fault: Fault | None
    ends: str
    kept: str = ""
    requests: int = 1
    times: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    own: Mapping[str, str | int] = field(default_factory=dict)

    def __str__(self) -> str:
        name = self.fault.name.lower() if self.fault else "none"
        words = [f"{header}={value}" for header, value in self.headers.items()]
        return "-".join([name, *words, *([f"{self.times}x"] if self.times else [])])

    def ends_of(self, adapter: str) -> list[str]:
        own = self.own.get(adapter)
        return (own if isinstance(own, str) else self.ends).split()

    def requests_of(self, adapter: str) -> int:
        own = self.own.get(adapter)
        return own if isinstance(own, int) else self.requests


_PERSISTENT = {"anthropic": 3}  # the only one that asks again after these
_PAST = "Wed, 21 Oct 2015 07:28:00 GMT"
_NO, _YES = {"x-should-retry": "false"}, {"x-should-retry": "true"}
_BUSY, _BROKEN, _REFUSED = "failed/server_busy", "failed/server_error", "failed/bad_request"
_LOST, _NO_END = "interrupted/connection_lost", "interrupted/no_end_mark"
_STRANGE = "failed/protocol"
_EITHER = f"{_BUSY} {_BROKEN}"
_OPEN = f"{_REFUSED} {_EITHER}"
_ROWS = [
    Row(None, "complete", REPORT),
    # Refused once and for all.
    Row(Fault.UNAUTHORIZED, "failed/auth"),
    Row(Fault.FORBIDDEN, "failed/auth", own={"ollama": "failed/forbidden"}),
    Row(Fault.NOT_FOUND, "failed/not_found failed/model_missing"),
    Row(Fault.BAD_REQUEST, _REFUSED),
    Row(Fault.OVERFLOW, "failed/context_overflow"),
    Row(Fault.TOO_LARGE, "failed/too_large"),
    Row(Fault.REDIRECT, "failed/redirected"),
    # Asked again, and in vain.
    Row(Fault.RATE_LIMITED, _BUSY, requests=3),
    Row(Fault.RATE_LIMITED, _BUSY, requests=3, headers={"retry-after": "0"}),
    Row(Fault.RATE_LIMITED, _BUSY, requests=3, headers={"retry-after": _PAST}),
    Row(Fault.RATE_LIMITED, _BUSY, requests=3, headers={"retry-after-ms": "0"}),
    Row(Fault.RATE_LIMITED, _BUSY, requests=3, headers=_YES),
    Row(Fault.RATE_LIMITED, _BUSY, requests=3, headers=_NO, own={"anthropic": 1}),
    Row(Fault.UNAVAILABLE, _BUSY, requests=3),
    Row(Fault.OVERLOADED, _BUSY, own=_PERSISTENT),
    Row(Fault.OVERLOADED, _BUSY, headers=_NO),
    Row(Fault.SERVER_ERROR, _BROKEN, own=_PERSISTENT),
    Row(Fault.GATEWAY_TIMEOUT, _BROKEN, own=_PERSISTENT),
    Row(Fault.REQUEST_TIMEOUT, _OPEN, own=_PERSISTENT),
    Row(Fault.CONFLICT, _OPEN, own=_PERSISTENT),
    Row(Fault.BAD_REQUEST, _REFUSED, headers=_YES, own=_PERSISTENT),
    # Asked again, and answered.
    Row(Fault.RATE_LIMITED, "complete", REPORT, requests=2, times=1),
    Row(Fault.UNAVAILABLE, "complete", REPORT, requests=3, times=2),
    # Never asked again: the request was written, or the answer had begun.
    Row(Fault.CLOSED_BEFORE_HEAD, _LOST),
    Row(Fault.RESET_BEFORE_HEAD, _LOST),
    Row(Fault.WRONG_TYPE, _STRANGE),
    Row(Fault.GARBAGE, f"{_STRANGE} {_NO_END}", own={"ollama": _STRANGE}),
    Row(Fault.ERROR_BODY, _EITHER),
    Row(Fault.ERROR_INSIDE, _EITHER, CUT),
    Row(Fault.NO_END_MARK, _NO_END, REPORT),
    Row(Fault.HALF_EVENT, _NO_END, CUT),
    Row(Fault.CUT, _LOST, CUT),
    Row(Fault.CUT_LETTER, _LOST, CUT),
    Row(Fault.RESET, _LOST, CUT),
    Row(Fault.HUGE_LINE, _STRANGE, CUT),
    # No fault, only unusual.
    Row(Fault.SLOW_HEAD, "complete", REPORT),
    Row(Fault.DELAYED, "complete", REPORT),
    Row(Fault.GZIP, "complete", REPORT),
]
_SILENT = [(Fault.HALF_OPEN, 0), (Fault.STALL, len(CUT)), (Fault.ENDLESS, 3 * len(REPORT))]


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.setenv(variable, _KEY)


def test_no_fault_is_left_out() -> None:
    assert {row.fault for row in _ROWS} | {fault for fault, _ in _SILENT} == {None, *Fault}


@pytest.mark.parametrize("row", _ROWS, ids=str)
@pytest.mark.parametrize("name", SERVERS)
async def test_every_fault_of_every_server_has_its_end(name: str, row: Row) -> None:
    answer = Answer(REPORT, natural=True, fault=row.fault, fault_times=row.times, seed=5)
    answer.headers = row.headers
    async with ScriptedServer() as elsewhere, SERVERS[name][0](answer) as server:
        answer.redirect_port = elsewhere.port
        session, _ = await opened(name, server.base_url)
        result = await session.run()
    assert _end(result) in row.ends_of(name)
    # After a reset the system may drop what had arrived but was not read.
    kept = result.texts[CELL]
    assert kept == row.kept or (row.fault is Fault.RESET and row.kept.startswith(kept))
    assert server.generations == row.requests_of(name)
    assert not elsewhere.requests
    if result.error:
        _assert_useful(result.error, server.base_url.removeprefix("http://"))


@pytest.mark.parametrize(
    ("name", "fault", "length"), [(n, *f) for n, f in product(SERVERS, _SILENT)]
)
async def test_stop_ends_what_would_have_no_end(name: str, fault: Fault, length: int) -> None:
    async with SERVERS[name][0](Answer(REPORT, fault=fault, seed=5)) as server:
        session, screen = await opened(name, server.base_url)
        run = asyncio.create_task(session.run())
        if fault is not Fault.ENDLESS:
            await server.answer.silence.reached()
        await screen.shown(length)
        session.cancel()
        result = await run
        await server.disconnected()
    assert (_end(result), server.generations) == ("stopped", 1)
    kept = result.texts[CELL]
    assert kept == screen.text
    assert kept == (REPORT * (len(kept) // len(REPORT) + 1))[: len(kept)]
    assert fault is Fault.ENDLESS or len(kept) == length


@pytest.mark.parametrize("name", SERVERS)
async def test_a_server_that_is_gone_is_unreachable(name: str) -> None:
    async with SERVERS[name][0]() as server:
        session, _ = await opened(name, server.base_url)
    result = await session.run()
    assert _end(result) == "failed/unreachable"
    assert (result.texts[CELL], server.generations) == ("", 0)
    assert result.error is not None
    _assert_useful(result.error, server.base_url.removeprefix("http://"))


def _end(result: RunResult) -> str:
    return result.outcome.value + (f"/{result.error.code}" if result.error else "")


def _assert_useful(error: ErrorInfo, host: str) -> None:
    """The sentence is for a person, and says where it happened or what to do."""
    sentence = error.message
    assert sentence.endswith(".")
    assert not any(mark in sentence for mark in ("{", '":', "<", "\n"))
    assert host in sentence or any(remedy in sentence for remedy in _REMEDIES)
    assert _KEY not in f"{sentence} {error.detail} {error.params}"
