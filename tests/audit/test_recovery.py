from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from spectr_desktop import paths
from spectr_desktop.audit import compose, recovery
from spectr_desktop.audit.plan import FollowUp, RunPlan
from spectr_desktop.errors import SpectrError
from spectr_desktop.records.events import CellFinished, RunEntry, RunFinished, TextDelta
from spectr_desktop.records.run import CellResult, Outcome, RunResult, Usage
from spectr_desktop.records.server import ModelInfo, ServerConfig
from spectr_desktop.records.source import source_file
from spectr_desktop.store import stored_runs
from spectr_desktop.store.journal import Journal

MODEL = ModelInfo("smollm2", context=8192)
PROVIDER = compose.connect(ServerConfig("ollama", "http://127.0.0.1:9"))
SOURCE = "contract Vault {\n    function burn() external {}\n}\n"
REPORT = "## High: Burning\n\n```solidity\nfunction burn() external {}\n```\nAnybody burns.\n"


def planned(**follow: str) -> RunPlan:
    ask = FollowUp(**follow) if follow else None
    files = [source_file("Vault.sol", SOURCE)]
    return compose.plan_run(files, MODEL, PROVIDER, compose.Limits(seed=7), None, ask, "/a")


async def died(plan: RunPlan, text: str = REPORT) -> str:
    """A run of which nothing but this was written."""
    journal = Journal(plan.header)
    journal.write([RunEntry(61_000, plan.header.cells[0].id, TextDelta(text))])
    await journal.close()
    return plan.header.id


async def ended(plan: RunPlan, text: str) -> str:
    journal = Journal(plan.header)
    cell = plan.header.cells[0].id
    journal.write(
        [
            RunEntry(1, cell, TextDelta(text)),
            RunEntry(2, cell, CellFinished(Outcome.COMPLETE, usage=Usage(5, 7))),
            RunEntry(2, "", RunFinished(Outcome.COMPLETE, usage=Usage(5, 7))),
        ]
    )
    await journal.close()
    return plan.header.id


async def test_a_run_that_died_is_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    run = await died(planned())
    await ended(planned(), REPORT)
    await died(planned(kind="ask", question="Why?"))
    (found,) = recovery.interrupted()
    assert (found.stored.id, found.lines, found.findings) == (run, 7, 1)
    assert found.stored.result.outcome is Outcome.INTERRUPTED
    recovery.settle(run)
    assert recovery.interrupted() == []
    assert stored_runs.read_run(run).note.answered


async def test_a_run_that_goes_on_did_not_die() -> None:
    journal = Journal(planned().header)
    assert recovery.interrupted() == []
    await journal.close()
    assert len(recovery.interrupted()) == 1


async def test_a_run_whose_beginning_is_damaged_is_found_too() -> None:
    run = await died(planned())
    file = paths.runs() / run / "journal.jsonl"
    _, rest = file.read_bytes().split(b"\n", 1)
    file.write_bytes(b"{\n" + rest)
    (found,) = recovery.interrupted()
    assert (found.lines, found.findings, found.stored.header) == (7, 0, None)
    with pytest.raises(SpectrError, match="is not known"):
        recovery.findings_of(found.stored)
    with pytest.raises(SpectrError, match="cannot be asked again"):
        recovery.plan_missing(found.stored, MODEL, PROVIDER)


async def test_the_missing_part_is_the_same_request() -> None:
    plan = planned()
    stored = stored_runs.read_run(await died(plan))
    again = recovery.plan_missing(stored, MODEL, PROVIDER)
    assert again.requests[0].request == plan.requests[0].request
    assert again.header.id != plan.header.id
    assert again.header.continues == plan.header.id
    same = {"id": "", "created_at": "", "continues": ""}
    assert replace(again.header, **same) == replace(plan.header, **same)


async def test_a_question_and_a_whole_run_are_not_asked_again() -> None:
    question = stored_runs.read_run(await died(planned(kind="ask", question="Why?")))
    whole = stored_runs.read_run(await ended(planned(), REPORT))
    for stored in (question, whole):
        with pytest.raises(SpectrError, match="cannot be asked again"):
            recovery.plan_missing(stored, MODEL, PROVIDER)


async def test_another_prompt_is_not_the_same_request() -> None:
    plan = planned()
    cell = replace(plan.header.cells[0], prompt_sha256="0" * 64)
    changed = replace(plan, header=replace(plan.header, cells=(cell,)))
    stored = stored_runs.read_run(await died(changed))
    with pytest.raises(SpectrError, match="another one now"):
        recovery.plan_missing(stored, MODEL, PROVIDER)


async def test_a_chain_is_one_report_with_a_seam() -> None:
    first = stored_runs.read_run(await died(planned(), "one ```\n"))
    again = recovery.plan_missing(first, MODEL, PROVIDER)
    last = stored_runs.read_run(await ended(again, "two"))
    runs = recovery.chain(last)
    assert [run.id for run in runs] == [first.id, last.id]
    result = recovery.joined(runs)
    assert result.outcome is Outcome.COMPLETE
    (text,) = result.texts.values()
    assert text.startswith("one ```\n")
    assert text.endswith("two")
    assert text.count("interrupted here") == 1
    assert again.header.created_at in text
    assert result.usage == Usage(5, 7)
    assert recovery.joined([first]) is first.result


async def test_a_chain_ends_where_a_run_is_gone_or_names_itself() -> None:
    plan = planned()
    gone = await ended(replace(plan, header=replace(plan.header, continues="gone")), "a")
    assert [run.id for run in recovery.chain(stored_runs.read_run(gone))] == [gone]
    other = planned()
    itself = await ended(
        replace(other, header=replace(other.header, continues=other.header.id)), "a"
    )
    assert [run.id for run in recovery.chain(stored_runs.read_run(itself))] == [itself]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "word",
        "# Title\n",
        "```solidity\ncontract",
        "~~~~\n```\n~~~",
        "````\n```\n",
        "a ```\n",
        "``` `\n",
    ],
)
def test_a_seam_is_never_inside_code(text: str) -> None:
    tokens = MarkdownIt().parse(text + recovery.seam(text, "2026-11-24T10:00:00Z") + "New words.")
    kinds = [token.type for token in tokens if token.level == 0 and token.nesting >= 0]
    assert kinds[-4:] == ["hr", "blockquote_open", "hr", "paragraph_open"]
    assert tokens[-2].content == "New words."


def results(*outcomes: Outcome) -> RunResult:
    cells = tuple(CellResult(f"{n}.quick", outcome) for n, outcome in enumerate(outcomes, 1))
    return RunResult(Outcome.INTERRUPTED, "", cells, {})


@pytest.mark.parametrize(
    ("before", "after", "outcome"),
    [
        ((Outcome.INTERRUPTED,), (Outcome.STOPPED,), Outcome.STOPPED),
        ((Outcome.COMPLETE, Outcome.NOT_SENT), (), Outcome.INTERRUPTED),
        ((Outcome.INTERRUPTED, Outcome.FAILED), (Outcome.COMPLETE,), Outcome.FAILED),
        ((Outcome.INTERRUPTED,), (Outcome.COMPLETE,), Outcome.COMPLETE),
    ],
)
def test_the_newest_end_of_each_cell_counts(
    before: tuple[Outcome, ...], after: tuple[Outcome, ...], outcome: Outcome
) -> None:
    assert recovery.continued(results(*before), results(*after), when="").outcome is outcome


def test_a_run_asks_its_own_server_as_it_is_configured_now() -> None:
    header = planned().header
    known = ServerConfig("ollama", "http://127.0.0.1:9", proxy="p", name="Mine")
    assert recovery.server_of(header, [ServerConfig("openai"), known]) is known
    assert recovery.server_of(header, []) == ServerConfig("ollama", "http://127.0.0.1:9")
    builtin = replace(header, provider="builtin", base_url="http://127.0.0.1:4711")
    assert recovery.server_of(builtin, []) == ServerConfig("builtin")


def test_nothing_is_found_where_nothing_is() -> None:
    assert recovery.interrupted() == []
    assert asyncio.run(died(planned())) in {run.stored.id for run in recovery.interrupted()}
