"""Runs of several requests over a socket: what one of them does to the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from spectr_desktop.audit import compose, recovery
from spectr_desktop.audit.plan import Limits, RunPlan, plan_run
from spectr_desktop.providers.errors import ContextOverflow
from spectr_desktop.records.grades import Anchor
from spectr_desktop.records.report import ReportKind
from spectr_desktop.records.run import Outcome, RunResult
from spectr_desktop.records.server import ModelInfo, ServerConfig
from spectr_desktop.records.source import Span, source_file
from spectr_desktop.report.export.assembly import report_of
from spectr_desktop.store import stored_runs
from tests.served_runs import SERVERS, Screen
from tests.servers.faults import Fault
from tests.servers.streams import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectr_desktop.audit.session import Session
    from spectr_desktop.providers.base import Provider
    from spectr_desktop.records.source import SourceFile
    from tests.servers.model_server import ModelServer
    from tests.servers.script import Request, Script

pytestmark = pytest.mark.usefixtures("no_backoff")


def contract(name: str, lines: int = 100) -> SourceFile:
    body = f"    function burn{name}(uint256 amount) external {{}}\n" * lines
    return source_file(f"src/{name}.sol", f"contract {name} {{\n{body}}}\n")


_FILES = [contract(name) for name in ("A", "B", "C")]
_HUGE = contract("Huge", 1000)


def report(name: str, quoted: str = "") -> str:
    code = quoted or name
    return (
        f"# Report on {name}\n\n## High: {name} burns for everybody\n\n"
        f"- **Location:** `src/{code}.sol`, `{code}.burn{code}`\n\n"
        f"```solidity\nfunction burn{code}(uint256 amount) external {{}}\n```\n\n"
        "**Description:** Anybody burns.\n"
    )


def by_part(server: ModelServer, **answers: Answer) -> dict[str, Answer]:
    """Answer a request by the first of these files that is in it; the answers may be changed."""
    path = ("POST", server.generating)
    route = server.routes[path]

    def answered(request: Request) -> Script:
        if server.generates(request):
            server.answer = next(
                answer for name, answer in answers.items() if f"contract {name} " in _sent(request)
            )
        assert callable(route)
        return route(request)

    server.routes[path] = answered
    return answers


def _sent(request: Request) -> str:
    return request.body.decode("utf-8")


def model_of(name: str) -> ModelInfo:
    return ModelInfo(SERVERS[name][1], context=4096)


def planned(
    name: str, server: ModelServer, files: Sequence[SourceFile] = _FILES
) -> tuple[RunPlan, Provider]:
    provider = compose.connect(ServerConfig(name, server.base_url))
    return plan_run(files, model_of(name), provider, Limits()), provider


async def ran(plan: RunPlan, provider: Provider) -> tuple[Session, RunResult]:
    session, error = compose.open_session(plan, provider, Screen().show)
    assert error is None
    return session, await session.run()


def whole(name: str, quoted: str = "") -> Answer:
    return Answer(report(name, quoted), natural=True, seed=5)


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.setenv(variable, "sk-a-key")


@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize(
    ("fault", "own", "run"),
    [
        (Fault.OVERFLOW, "failed", "failed"),
        (Fault.BAD_REQUEST, "failed", "failed"),
        (Fault.SERVER_ERROR, "failed", "failed"),
        (Fault.RATE_LIMITED, "failed", "failed"),
        (Fault.NO_END_MARK, "interrupted", "interrupted"),
        (Fault.CUT, "interrupted", "interrupted"),
        (None, "length_limit", "length_limit"),
    ],
)
async def test_a_fault_of_one_part_leaves_the_others_alone(
    name: str, fault: Fault | None, own: str, run: str
) -> None:
    async with SERVERS[name][0]() as server:
        broken = Answer(report("B"), natural=fault is not None, fault=fault, seed=5)
        by_part(server, A=whole("A"), B=broken, C=whole("C"))
        plan, provider = planned(name, server)
        assert len(plan.requests) == 3
        _, result = await ran(plan, provider)
    assert [cell.outcome.value for cell in result.cells] == ["complete", own, "complete"]
    assert result.outcome.value == run
    assert result.texts["1.quick"] == report("A")
    assert result.texts["3.quick"] == report("C")
    made = report_of(plan.header, result, [], kind=ReportKind.WORKING)
    assert any("2.quick, of 3 requests" in sentence for sentence in made.notices)


@pytest.mark.parametrize(
    ("name", "fault"),
    [*((name, Fault.UNAUTHORIZED) for name in SERVERS), ("anthropic", Fault.NOT_FOUND)],
)
async def test_what_would_repeat_is_not_sent_again(name: str, fault: Fault) -> None:
    async with SERVERS[name][0]() as server:
        by_part(server, A=whole("A"), B=Answer(fault=fault), C=whole("C"))
        plan, provider = planned(name, server)
        _, result = await ran(plan, provider)
        assert server.generations == 2
    assert [cell.outcome.value for cell in result.cells] == ["complete", "failed", "not_sent"]
    assert result.outcome is Outcome.FAILED


@pytest.mark.parametrize("name", SERVERS)
async def test_a_server_that_is_gone_is_not_asked_for_the_rest(name: str) -> None:
    async with SERVERS[name][0]() as server:
        plan, provider = planned(name, server)
    _, result = await ran(plan, provider)
    assert [cell.outcome.value for cell in result.cells] == ["failed", "not_sent", "not_sent"]
    assert result.error is not None
    assert result.error.code == "unreachable"


@pytest.mark.parametrize("name", SERVERS)
async def test_a_file_that_is_too_long_is_never_sent(name: str) -> None:
    async with SERVERS[name][0]() as server:
        by_part(server, Huge=Answer(fault=Fault.GARBAGE), A=whole("A"), B=whole("B"))
        plan, provider = planned(name, server, [_FILES[0], _HUGE, _FILES[1]])
        _, result = await ran(plan, provider)
        assert server.generations == 2
        assert not any("contract Huge " in _sent(request) for request in server.requests)
    assert [cell.outcome.value for cell in result.cells] == ["complete", "failed", "complete"]
    assert (result.outcome, result.error) == (Outcome.FAILED, result.cells[1].error)
    assert result.error is not None
    assert (result.error.code, result.error.params["path"]) == ("context_overflow", "src/Huge.sol")
    stored = stored_runs.read_run(plan.header.id)
    assert (stored.result.cells, stored.missing) == (result.cells, ("2.quick",))
    assert stored.result.error == result.error
    made = report_of(plan.header, result, [], kind=ReportKind.WORKING)
    assert made.scope.coverage.unread_lines == (Span("src/Huge.sol", 1, _HUGE.lines),)
    with pytest.raises(ContextOverflow, match="alone needs"):
        recovery.plan_missing(stored, model_of(name), provider)


async def test_a_file_that_was_never_sent_bears_nothing_out() -> None:
    async with SERVERS["ollama"][0]() as server:
        by_part(server, A=whole("A", "Huge"), B=whole("B", "A"))
        plan, provider = planned("ollama", server, [_FILES[0], _HUGE, _FILES[1]])
        session, _ = await ran(plan, provider)
    from_a, from_b = session.findings.sightings
    assert not any(place.anchor.is_found for place in from_a.locations)
    (place,) = from_b.locations
    assert (place.path, place.anchor) == ("src/A.sol", Anchor.EXACT)
    stored = stored_runs.read_run(plan.header.id)
    assert recovery.findings_of(stored).sightings == [from_a, from_b]


async def test_after_stop_a_file_that_is_too_long_is_not_sent_like_the_rest() -> None:
    async with SERVERS["ollama"][0]() as server:
        plan, provider = planned("ollama", server, [_HUGE, _FILES[0]])
        session, _ = compose.open_session(plan, provider, Screen().show)
        session.cancel()
        result = await session.run()
        assert not server.requests
    assert (result.outcome, result.error) == (Outcome.STOPPED, None)
    assert {cell.outcome for cell in result.cells} == {Outcome.NOT_SENT}


@pytest.mark.parametrize("name", SERVERS)
async def test_only_the_missing_parts_are_asked_for_again(name: str) -> None:
    async with SERVERS[name][0]() as server:
        broken = Answer(report("B"), fault=Fault.CUT, seed=5)
        answers = by_part(server, A=whole("A"), B=broken, C=broken)
        plan, provider = planned(name, server)
        await ran(plan, provider)
        asked = server.generations
        first = stored_runs.read_run(plan.header.id)
        assert first.missing == ("2.quick", "3.quick")
        again = recovery.plan_missing(first, model_of(name), provider)
        assert [one.request for one in again.requests] == [one.request for one in plan.requests[1:]]
        answers["B"] = whole("B")
        await ran(again, provider)
        # The part that is still missing, from a run that has only two of the cells.
        second = stored_runs.read_run(again.header.id)
        last = recovery.plan_missing(second, model_of(name), provider)
        assert [one.request for one in last.requests] == [plan.requests[2].request]
        answers["C"] = whole("C")
        await ran(last, provider)
        assert server.generations == asked + 3
    runs = recovery.chain(stored_runs.read_run(last.header.id))
    result = recovery.joined(runs)
    assert result.outcome is Outcome.COMPLETE
    assert [cell.cell for cell in result.cells] == ["1.quick", "2.quick", "3.quick"]
    made = report_of(plan.header, result, [], kind=ReportKind.WORKING)
    assert [text.cell for text in made.texts] == ["1.quick", "2.quick", "3.quick"]
    assert made.texts[0].text == report("A")
    assert made.texts[1].text.endswith(report("B"))


async def test_parts_with_less_room_are_asked_again_with_the_same_limits() -> None:
    async with SERVERS["ollama"][0]() as server:
        tight = contract("Tight", 220)
        plan, provider = planned("ollama", server, [_FILES[0], tight, _FILES[1]])
        assert plan.header.cells[1].max_tokens == 256
        session, _ = compose.open_session(plan, provider, Screen().show)
        session.cancel()
        await session.run()
        stored = stored_runs.read_run(plan.header.id)
        again = recovery.plan_missing(stored, model_of("ollama"), provider)
    assert [one.request for one in again.requests] == [one.request for one in plan.requests]


async def test_findings_of_a_part_are_looked_up_in_all_files() -> None:
    async with SERVERS["ollama"][0]() as server:
        # The second part tells of the first one's file.
        by_part(server, A=whole("A"), B=whole("B", "A"), C=whole("C"))
        plan, provider = planned("ollama", server)
        session, result = await ran(plan, provider)
    assert result.outcome is Outcome.COMPLETE
    found = session.findings.findings()
    assert [one.key for one in found] == ["F1", "F2", "F3"]
    places = [one.place for one in found]
    assert [place and (place.path, place.anchor) for place in places] == [
        ("src/A.sol", Anchor.EXACT),
        ("src/A.sol", Anchor.EXACT),
        ("src/C.sol", Anchor.EXACT),
    ]
    sightings = session.findings.sightings
    assert [one.cell for one in sightings] == ["1.quick", "2.quick", "3.quick"]
    assert {one.index for one in sightings} == {0}
    assert {one.run for one in sightings} == {plan.header.id}
    hashes = {file.path: file.sha256 for file in _FILES}
    assert [one.source_sha256 for one in sightings] == [
        hashes["src/A.sol"],
        hashes["src/A.sol"],
        hashes["src/C.sol"],
    ]
    for one in sightings:
        assert result.texts[one.cell][one.start :].startswith("## High")
    made = report_of(plan.header, result, found, kind=ReportKind.WORKING)
    assert [text.text for text in made.texts] == [
        report("A"),
        report("B", "A"),
        report("C"),
    ]
    assert made.scope.coverage.unread_lines == ()
    assert (await _recorded(plan)) == [(one.cell, one.index) for one in sightings]


async def _recorded(plan: RunPlan) -> list[tuple[str, int]]:
    """The sightings as the journal alone tells them."""
    stored = stored_runs.read_run(plan.header.id)
    return [(one.cell, one.index) for one in recovery.findings_of(stored).sightings]
