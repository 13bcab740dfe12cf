from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from spectr_desktop import paths
from spectr_desktop.audit import compose, recovery
from spectr_desktop.audit.keys import ServerKeys
from spectr_desktop.audit.plan import Limits
from spectr_desktop.audit.session import Session
from spectr_desktop.errors import SpectrError
from spectr_desktop.providers.ollama import Ollama as Adapter
from spectr_desktop.records.run import Outcome
from spectr_desktop.records.server import Locality, ModelInfo, ServerConfig
from spectr_desktop.records.source import source_file
from spectr_desktop.store import stored_runs
from spectr_desktop.store.journal import Journal, JournalError
from spectr_desktop.ui.model_picker import Choice
from spectr_desktop.ui.run_control import RunControl
from tests import part_samples
from tests.servers.script import Gate, Pause, Request, Script, reply
from tests.ui.conftest import SOURCE
from tests.ui.driving import REPORT, journal, signal_future
from tests.ui.left_runs import left, planned

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from spectr_desktop.records.events import RunEntry
    from tests.ui.conftest import Ollama

_FILES = [source_file("Vault.sol", SOURCE)]


@pytest.fixture
async def control() -> AsyncIterator[RunControl]:
    control = RunControl()
    yield control
    control.stop()
    await control.ended()
    await control.close()


@pytest.fixture
def heard(control: RunControl) -> list[tuple[str, str]]:
    """What the control says, in order; text is joined."""
    out: list[tuple[str, str]] = []

    def text(kind: str, words: str) -> None:
        if out and out[-1][0] == kind == "text":
            out[-1] = (kind, out[-1][1] + words)
        else:
            out.append((kind, words))

    control.started.connect(lambda: text("started", ""))
    control.finished.connect(lambda: text("finished", ""))
    control.failed.connect(lambda words, _detail: text("failed", words))
    control.text_received.connect(lambda words: text("text", words))
    control.notice_received.connect(lambda words: text("notice", words))
    # That a run is saved is said with each one that begins.
    control.saved_changed.connect(
        lambda saved: text("not saved", control.not_saved) if not saved else None
    )
    return out


def _choice(server: Ollama) -> Choice:
    name = server.installed[0]["name"]
    config = ServerConfig("ollama", server.base_url)
    return Choice(config, ModelInfo(name), "Ollama", Locality.LOCAL)


async def test_a_run_says_what_happens_in_order(
    control: RunControl, heard: list[tuple[str, str]], ollama: Ollama
) -> None:
    await control.run(_FILES, _choice(ollama))
    assert heard == [("started", ""), ("text", REPORT), ("finished", "")]
    assert control.result is not None
    assert control.result.outcome is Outcome.COMPLETE
    assert control.header is not None
    assert control.header.files == tuple(_FILES)
    assert control.saved
    assert not control.running
    assert control.progress() is None


async def test_the_parts_of_a_run_stand_apart(
    control: RunControl, heard: list[tuple[str, str]], ollama: Ollama
) -> None:
    control.limits = lambda: Limits(context=4096)
    await control.run(part_samples.FILES, _choice(ollama))
    ((_, text),) = [each for each in heard if each[0] == "text"]
    assert text == control.text
    assert control.header is not None
    names = [cell.id for cell in control.header.cells]
    assert len(names) == 3
    assert text.startswith("> **Part 1 of 3: src/A.sol**\n\n")
    assert text.count("\n\n---\n\n> **Part ") == 2
    for name in names:
        assert text[control.starts[control.header.id, name] :].startswith(REPORT)


async def test_one_run_at_a_time(control: RunControl, ollama: Ollama) -> None:
    gate = ollama.answer.within = Gate()
    first = asyncio.create_task(control.run(_FILES, _choice(ollama)))
    await gate.reached()
    assert control.progress() is not None
    await control.run(_FILES, _choice(ollama))  # returns at once
    assert control.running
    gate.open()
    await first
    chats = [r for r in ollama.requests if r.path == "/api/chat" and r.json["messages"]]
    assert len(chats) == 1


async def test_the_same_server_has_the_same_adapter(control: RunControl) -> None:
    config = ServerConfig("ollama", "http://127.0.0.1:1")
    assert control.provider(config) is control.provider(config)


async def test_a_provider_that_nobody_knows_is_an_error(control: RunControl) -> None:
    with pytest.raises(SpectrError, match="nosuch"):
        control.provider(ServerConfig("nosuch"))


async def test_a_run_that_cannot_begin_keeps_the_result_before(
    control: RunControl, heard: list[tuple[str, str]], ollama: Ollama
) -> None:
    await control.run(_FILES, _choice(ollama))
    before, choice = control.result, _choice(ollama)
    ollama.installed.clear()
    await control.run(_FILES, choice)
    assert heard[-1][0] == "failed"
    assert "has no model" in heard[-1][1]
    assert control.result is before
    assert not control.running


async def test_stop_while_it_is_prepared(
    control: RunControl, heard: list[tuple[str, str]], ollama: Ollama
) -> None:
    gate = Gate()
    ollama.routes["POST", "/api/show"] = [Pause(gate)]
    run = asyncio.create_task(control.run(_FILES, _choice(ollama)))
    await gate.reached()
    control.stop()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert heard == [("started", ""), ("failed", "Stopped before the run began.")]
    assert not control.running


async def test_stop_keeps_the_partial(control: RunControl, ollama: Ollama) -> None:
    ollama.answer.within = Gate()
    text = signal_future(control.text_received)
    run = asyncio.create_task(control.run(_FILES, _choice(ollama)))
    await text
    control.stop()
    control.stop()
    await control.ended()
    await run
    await ollama.disconnected()
    assert control.result is not None
    assert control.result.outcome is Outcome.STOPPED
    (kept,) = control.result.texts.values()
    assert kept
    assert REPORT.startswith(kept)
    assert journal()[-1]["outcome"] == "stopped"


async def test_stop_with_nothing_to_stop(control: RunControl) -> None:
    control.stop()
    await control.ended()
    assert not control.running


async def test_a_mistake_while_it_is_prepared_does_not_leave_it_running(
    control: RunControl,
    heard: list[tuple[str, str]],
    ollama: Ollama,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def broken(_self: Adapter, _model: str) -> ModelInfo:
        raise ZeroDivisionError

    monkeypatch.setattr(Adapter, "model", broken)
    with pytest.raises(ZeroDivisionError):
        await control.run(_FILES, _choice(ollama))
    assert heard[-1][0] == "failed"
    assert not control.running


async def test_a_mistake_while_it_runs_does_not_leave_it_running(
    control: RunControl,
    heard: list[tuple[str, str]],
    ollama: Ollama,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def broken(self: Session) -> None:
        await self._journal.close()
        raise ZeroDivisionError

    monkeypatch.setattr(Session, "run", broken)
    with pytest.raises(ZeroDivisionError):
        await control.run(_FILES, _choice(ollama))
    assert heard[-1][0] == "failed"
    assert not control.running
    await control.ended()


async def test_without_a_place_for_the_journal_it_runs_in_memory(
    control: RunControl,
    heard: list[tuple[str, str]],
    ollama: Ollama,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    occupied = tmp_path_factory.mktemp("occupied") / "file"
    occupied.write_text("not a folder")
    monkeypatch.setenv("SPECTR_HOME", str(occupied))
    await control.run(_FILES, _choice(ollama))
    kinds = [kind for kind, _ in heard]
    assert kinds == ["started", "not saved", "text", "finished"]
    assert "cannot be saved" in heard[1][1]
    assert not control.saved
    assert "cannot be saved" in control.not_saved
    (run,) = control.unsaved.runs()
    assert run.folder.parent == occupied / "runs"
    changed = signal_future(control.saved_changed)
    occupied.unlink()
    await control.unsaved.abandon()  # the last try
    assert await changed == (True,)
    assert control.saved
    assert control.not_saved == ""


async def test_a_journal_that_breaks_on_the_way_is_told(
    control: RunControl,
    heard: list[tuple[str, str]],
    ollama: Ollama,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(_self: Journal, _entries: Sequence[RunEntry]) -> None:
        raise JournalError("journal_failed", "The run cannot be saved.")

    monkeypatch.setattr(Journal, "write", full)
    await control.run(_FILES, _choice(ollama))
    assert ("not saved", "The run cannot be saved.") in heard
    assert "".join(words for kind, words in heard if kind == "text") == REPORT
    assert not control.saved


async def test_what_the_model_thinks_is_told_apart(
    control: RunControl, heard: list[tuple[str, str]], ollama: Ollama
) -> None:
    thought: list[str] = []
    control.thinking_received.connect(thought.append)
    chat = ollama.routes["POST", "/api/chat"]
    lines = (
        b'{"message":{"role":"assistant","content":"","thinking":"Hm. "},"done":false}\n'
        b'{"message":{"role":"assistant","content":"","thinking":"Yes."},"done":false}\n'
        b'{"message":{"role":"assistant","content":"Fine"},"done":false}\n'
        b'{"message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}\n'
    )

    def answered(request: Request) -> Script:
        assert callable(chat)
        if not request.json["messages"]:
            return chat(request)
        return reply(lines, content_type="application/x-ndjson")

    ollama.routes["POST", "/api/chat"] = answered
    await control.run(_FILES, _choice(ollama))
    assert "".join(thought) == "Hm. Yes."
    assert ("text", "Fine") in heard


async def test_a_run_is_asked_again_behind_what_was_there(
    control: RunControl, heard: list[tuple[str, str]], ollama: Ollama, tmp_path: Path
) -> None:
    plan = planned(ollama, tmp_path / "Vault.sol")
    stored = stored_runs.read_run(await left(plan, "Half a"))
    assert await control.run_again(stored, ServerConfig("ollama", ollama.base_url))
    ((_, text),) = [each for each in heard if each[0] == "text"]
    assert control.result is not None
    assert control.result.outcome is Outcome.COMPLETE
    assert text == "".join(control.result.texts.values())
    assert text.startswith("Half a")
    assert text.endswith(REPORT)
    first, second = control.ids
    assert first == stored.id
    assert text == control.text
    cell = plan.header.cells[0].id
    assert control.starts == {(first, cell): 0, (second, cell): len(text) - len(REPORT)}
    assert control.header is not None
    assert control.header.cells == plan.header.cells
    assert recovery.is_answered(first)


async def test_a_run_that_cannot_be_asked_again_stays_as_it_was(
    control: RunControl, heard: list[tuple[str, str]], ollama: Ollama, tmp_path: Path
) -> None:
    stored = stored_runs.read_run(await left(planned(ollama, tmp_path / "Vault.sol")))
    control.adopt(stored.title, [stored])
    ollama.installed.clear()
    assert not await control.run_again(stored, ServerConfig("ollama", ollama.base_url))
    assert "has no model" in heard[-1][1]
    assert control.ids == (stored.id,)
    assert control.result == stored.result
    assert not recovery.is_answered(stored.id)


async def test_a_continuation_that_is_not_saved_leaves_the_question(
    control: RunControl, ollama: Ollama, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = stored_runs.read_run(await left(planned(ollama, tmp_path / "Vault.sol")))
    kept = paths.runs().rename(paths.data() / "kept")
    paths.runs().write_text("not a folder")
    assert await control.run_again(stored, ServerConfig("ollama", ollama.base_url))
    assert not control.saved
    paths.runs().unlink()
    kept.rename(paths.runs())
    assert not recovery.is_answered(stored.id)


async def test_an_old_run_is_taken_for_the_newest_and_forgotten(
    control: RunControl, ollama: Ollama, tmp_path: Path
) -> None:
    stored = stored_runs.read_run(await left(planned(ollama, tmp_path / "Vault.sol")))
    changes: list[bool] = []
    control.saved_changed.connect(changes.append)
    control.adopt("Its name", [stored])
    assert (control.title, control.ids, control.saved) == ("Its name", (stored.id,), True)
    assert control.header is not None
    assert control.header.title == "Its name"
    assert control.verdict().kind == "warning"
    control.forget()
    assert (control.header, control.result, control.ids) == (None, None, ())
    assert control.verdict().text == ""
    assert changes == [True, True]


async def test_a_run_without_its_header_says_so(
    control: RunControl, ollama: Ollama, tmp_path: Path
) -> None:
    stored = stored_runs.read_run(await left(planned(ollama, tmp_path / "Vault.sol")))
    control.adopt("20261124", [replace(stored, header=None)])
    assert "beginning of this run's file is damaged" in control.verdict().text


async def test_a_preview_is_the_request_and_sends_no_source(
    control: RunControl, ollama: Ollama
) -> None:
    control.limits = lambda: Limits(seed=5, temperature=0.25, context=4096)
    plan, requests = await control.preview(_FILES, _choice(ollama))
    assert not [request for request in ollama.requests if request.path == "/api/chat"]
    await control.run(_FILES, _choice(ollama))
    (body,) = [r.body for r in ollama.requests if r.path == "/api/chat" and r.json["messages"]]
    shown = [json.loads(each.body) for each in requests if each.body]
    assert json.loads(body) in shown
    assert plan.header.parameters.seed == 5


async def test_keys_that_come_later_reach_questions_too(control: RunControl) -> None:
    asks = RunControl(control, shared=control)
    keys = control.keys = ServerKeys()
    config = ServerConfig("openai", "http://127.0.0.1:1/v1")
    made: list[object] = []

    def connect(_config: ServerConfig, _egress: object, given: object) -> Adapter:
        made.append(given)
        return Adapter(ServerConfig("ollama", "http://127.0.0.1:1"), lambda: "")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compose, "connect", connect)
        asks.provider(config)
    assert made == [keys]
