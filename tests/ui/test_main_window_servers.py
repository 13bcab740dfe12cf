"""What the window tells of servers: details, queues, retries, the time after Stop, air-gap mode."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QDesktopServices
from PySide6.QtWidgets import QLabel, QPlainTextEdit

from spectr_desktop.audit import compose
from spectr_desktop.providers.turns import Turns
from spectr_desktop.records.server import ServerConfig, ServerState
from tests.servers.faults import Fault
from tests.servers.script import Gate, reply
from tests.servers.streams import Answer
from tests.ui.driving import (
    CONTROL,
    REPORT,
    asked,
    banner,
    button,
    child,
    dialogs_of,
    idle,
    journal,
    press,
    press_key,
    ran,
    start,
    status,
    until,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from spectr_desktop.records.events import StreamEvent
    from spectr_desktop.ui.main_window import MainWindow
    from tests.servers.openai_server import OpenAIServer
    from tests.ui.conftest import Ollama


async def shown(window: MainWindow, words: str) -> None:
    """Wait until the status line says this."""
    await until(lambda: words in status(window), window.desk.status_timer.timeout)


async def test_the_servers_words_wait_behind_a_button(
    window: MainWindow, ollama: Ollama, contract: Path
) -> None:
    ollama.answer = Answer(fault=Fault.BAD_REQUEST)
    await start(window, contract)
    await ran(window)
    details = child(window.report, QPlainTextEdit, "detailsView")
    unfold = button(window.report, "detailsButton")
    assert "unexpected EOF" not in banner(window)
    assert not details.isVisible()
    assert unfold.accessibleName() == "Details, folded"
    unfold.setFocus()
    press_key(window, Qt.Key.Key_Space)
    assert details.isVisible()
    assert "unexpected EOF" in details.toPlainText()
    assert unfold.accessibleName() == "Details, unfolded"
    press(unfold)
    assert not details.isVisible()
    ollama.answer = Answer(text=REPORT)
    await ran(window)
    assert not unfold.isVisible()


async def test_a_retry_counts_down_and_can_be_stopped(
    window: MainWindow, ollama: Ollama, contract: Path
) -> None:
    ollama.answer = Answer(fault=Fault.RATE_LIMITED, headers={"retry-after": "50"})
    await start(window, contract)
    press_key(window, Qt.Key.Key_R, CONTROL)
    await shown(window, "attempt 2 of 3")
    assert "Connecting" in status(window)
    press_key(window, Qt.Key.Key_Escape)
    await idle(window)
    lines = journal()
    assert ollama.generations == 1
    assert lines[-1]["outcome"] == "stopped"
    (retry,) = [line for line in lines if line.get("event") == "retry"]
    assert (retry["attempt"], retry["delay_ms"], retry["code"]) == (2, 50_000, "server_busy")


async def test_a_run_behind_another_programs_waits_in_line(
    window: MainWindow, ollama: Ollama, contract: Path
) -> None:
    gate = Gate()

    async def other() -> AsyncGenerator[StreamEvent, None]:
        await gate.passed()
        for nothing in ():
            yield nothing

    await start(window, contract)
    line = Turns(ollama.base_url, 1).in_turn(other)
    holding = window.tasks.start(anext(line, None), "another program's run")  # type: ignore[arg-type]
    await gate.reached()
    press_key(window, Qt.Key.Key_R, CONTROL)
    await shown(window, "Waiting for its turn, number 1 in line")
    assert ollama.generations == 0
    gate.open()
    await holding
    await idle(window)
    assert window.report.text() == REPORT
    events = [line for line in journal() if line.get("event") == "queued"]
    assert [event["position"] for event in events] == [1, 0]


@pytest.fixture
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compose, "_STATE_PAUSE_S", 0.0)


@pytest.mark.usefixtures("_no_pause")
@pytest.mark.parametrize(
    ("states", "words"),
    [
        ([ServerState.READING, ServerState.IDLE], "server idle"),
        ([ServerState.WORKING, ServerState.IDLE], "server idle"),
        ([ServerState.UNKNOWN] * 3, "what the server does now is unknown"),
    ],
)
async def test_after_stop_the_server_is_asked(
    window: MainWindow,
    ollama: Ollama,
    contract: Path,
    states: list[ServerState],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = ollama.answer.within = Gate()
    left = list(states)

    async def state(_self: object) -> ServerState:
        return left.pop(0)

    monkeypatch.setattr("spectr_desktop.providers.ollama.Ollama.state", state)
    said: list[str] = []
    await start(window, contract)
    real = window.status.show_server
    monkeypatch.setattr(
        window.status, "show_server", lambda s: (real(s), said.append(status(window)))
    )
    press_key(window, Qt.Key.Key_R, CONTROL)
    await gate.reached()
    press_key(window, Qt.Key.Key_Escape)
    await idle(window)
    assert left == []
    assert status(window).startswith("Stopped")
    assert status(window).endswith(words)
    if states[0] is ServerState.READING:
        assert said[0].endswith("server still reading the prompt")


@pytest.mark.usefixtures("_no_pause")
async def test_an_unloaded_model_is_an_idle_server(
    window: MainWindow, ollama: Ollama, contract: Path
) -> None:
    gate = ollama.answer.within = Gate()
    ollama.routes["GET", "/api/ps"] = reply({"models": []})
    await start(window, contract)
    press_key(window, Qt.Key.Key_R, CONTROL)
    await gate.reached()
    press_key(window, Qt.Key.Key_Escape)
    await idle(window)
    assert status(window).endswith("server idle")


async def test_an_input_that_was_cut_is_told_also_when_the_run_is_complete(
    window: MainWindow, ollama: Ollama, contract: Path
) -> None:
    ollama.answer = Answer(text=REPORT, counted=24)
    await start(window, contract)
    await ran(window)
    assert journal()[-1]["outcome"] == "complete"
    assert banner(window).startswith("▲  The model read only a part of the source.")


async def test_an_answer_without_a_word_is_told(
    window: MainWindow, ollama: Ollama, contract: Path
) -> None:
    ollama.answer = Answer(text="")
    await start(window, contract)
    await ran(window)
    assert banner(window) == "▲  The model ended without writing a word."


async def test_the_report_ends_with_what_it_took(
    window: MainWindow, ollama: Ollama, contract: Path
) -> None:
    totals = child(window.report, QLabel, "reportTotals")
    await start(window, contract)
    assert not totals.isVisible()
    await ran(window)
    assert totals.isVisible()
    assert totals.text().startswith("Connected after ")
    assert "First token after" in totals.text()
    assert totals.text().endswith("tokens written")
    gate = ollama.answer.within = Gate()
    press_key(window, Qt.Key.Key_R, CONTROL)
    await gate.reached()
    assert not totals.isVisible()
    gate.open()
    await idle(window)


# -- air-gap mode -------------------------------------------------------------------------------


def badge(window: MainWindow) -> str:
    return child(window, QLabel, "privacyBadge").text()


def trigger(window: MainWindow, name: str) -> None:
    action = window.findChild(QAction, name)
    assert action is not None
    action.trigger()


async def test_air_gap_mode_refuses_and_counts(
    window: MainWindow, openai: OpenAIServer, contract: Path
) -> None:
    trigger(window, "air_gap")
    assert badge(window) == "Air-gapped"
    await start(window, contract, ServerConfig("openai", "http://192.0.2.7:9"))
    assert "Air-gap mode is on, so 192.0.2.7 was not contacted" in banner(window)
    assert badge(window) == "Air-gapped · 1 refused"
    trigger(window, "air_gap")
    assert not child(window, QLabel, "privacyBadge").isVisible()  # no model is picked


async def test_a_local_model_works_in_air_gap_mode(
    window: MainWindow, ollama: Ollama, contract: Path
) -> None:
    window.servers.set_air_gap(on=True)
    await start(window, contract)
    await ran(window)
    assert window.report.text() == REPORT
    assert badge(window) == "Air-gapped"


async def test_a_cloud_model_behind_a_local_server_is_refused(
    window: MainWindow, ollama: Ollama, contract: Path
) -> None:
    ollama.installed[:] = [{**ollama.installed[0], "name": "big:cloud", "remote_host": "x"}]
    await start(window, contract)
    window.servers.set_air_gap(on=True)
    press_key(window, Qt.Key.Key_R, CONTROL)
    await idle(window)
    assert dialogs_of(window) == []
    assert "“big:cloud” was not contacted" in banner(window)
    assert asked(ollama) == []
    assert badge(window) == "Air-gapped · 1 refused"


async def test_the_mode_is_not_switched_while_a_run_goes_on(
    window: MainWindow, ollama: Ollama, contract: Path
) -> None:
    gate = ollama.answer.within = Gate()
    await start(window, contract)
    press_key(window, Qt.Key.Key_R, CONTROL)
    await gate.reached()
    assert not window.actions_by_name["air_gap"].isEnabled()
    assert not window.actions_by_name["unload_model"].isEnabled()
    gate.open()
    await idle(window)
    assert window.actions_by_name["air_gap"].isEnabled()
    assert window.actions_by_name["unload_model"].isEnabled()


async def test_no_link_is_opened_in_air_gap_mode(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: gone.append(url.toString()))
    window.servers.set_air_gap(on=True)
    window.report.view.link_requested.emit("https://example.org/")
    await idle(window)
    assert "no link is opened: https://example.org/" in banner(window)
    assert (gone, dialogs_of(window)) == ([], [])


# -- what servers are told ----------------------------------------------------------------------


def chats(server: Ollama) -> list[dict[str, Any]]:
    return [json.loads(r.body) for r in server.requests if r.path == "/api/chat"]


async def test_a_model_is_unloaded_on_demand(
    window: MainWindow, ollama: Ollama, contract: Path
) -> None:
    await start(window, contract)
    trigger(window, "unload_model")
    await idle(window)
    (sent,) = chats(ollama)
    assert (sent["messages"], sent["keep_alive"]) == ([], 0)
    assert status(window) == "gemma3-270m:latest is unloaded"


async def test_a_server_that_unloads_nothing_says_so(
    window: MainWindow, openai: OpenAIServer, contract: Path
) -> None:
    await start(window, contract, ServerConfig("openai", openai.base_url))
    trigger(window, "unload_model")
    await idle(window)
    assert status(window) == "The server unloads no model itself"


async def test_an_unload_that_fails_has_a_sentence(
    window: MainWindow, ollama: Ollama, contract: Path
) -> None:
    await start(window, contract)
    ollama.installed.clear()
    trigger(window, "unload_model")
    await idle(window)
    assert "has no model" in banner(window)


@pytest.mark.parametrize(
    ("level", "think"), [("default", None), ("off", False), ("on", True), ("high", "high")]
)
async def test_a_model_thinks_as_hard_as_it_is_told(
    window: MainWindow, ollama: Ollama, contract: Path, level: str, think: object
) -> None:
    entry = ollama.installed[0]
    entry["capabilities"] = ["completion", "thinking"]
    await start(window, contract)
    trigger(window, f"thinking_{level}")
    await ran(window)
    (sent,) = asked(ollama)
    assert sent.get("think") == think
    assert journal()[0]["parameters"]["thinking"] == (None if level == "default" else level)


async def test_a_model_that_cannot_think_is_not_asked_to(
    window: MainWindow, ollama: Ollama, contract: Path
) -> None:
    await start(window, contract)
    trigger(window, "thinking_high")
    await ran(window)
    (sent,) = asked(ollama)
    assert "think" not in sent
    assert any(line.get("code") == "thinking_ignored" for line in journal())
