# ruff: noqa: ASYNC240  # the files are small and the test's own
from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QDesktopServices,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QLabel,
    QMessageBox,
)

from spectr_desktop import paths
from spectr_desktop.providers.ollama import Ollama
from spectr_desktop.records.run import Outcome
from spectr_desktop.records.server import Locality, ServerConfig
from spectr_desktop.report.export.canonical import canonical
from tests.servers.script import Gate, Pause, reply
from tests.servers.scripted import ScriptedServer, ThreadedServer
from tests.servers.streams import Answer, Fault
from tests.ui.conftest import SOURCE
from tests.ui.conftest import Ollama as FakeOllama
from tests.ui.driving import (
    CONTROL,
    REPORT,
    answer,
    asked,
    banner,
    button,
    child,
    dialogs_of,
    drop,
    idle,
    journal,
    open_window,
    opened,
    press,
    press_key,
    ran,
    signal_future,
    start,
    status,
    until,
    written,
)
from tests.ui.export_samples import export_from

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from spectr_desktop.ui.main_window import MainWindow
    from tests.servers.openai_server import OpenAIServer


STOPPED = "The run was stopped, so the report ends where it was."


# -- a run ------------------------------------------------------------------------------------


async def test_a_run_streams_into_the_pane_and_the_journal(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    gate = ollama.answer.within = Gate()
    await start(window, contract)
    press_key(window, Qt.Key.Key_R, CONTROL)
    await gate.reached()
    await until(lambda: bool(window.report.text()), window.runs.text_received)
    first = window.report.text()
    assert first == REPORT[: len(first)]
    assert len(first) < len(REPORT)
    assert button(window, "stopButton").isVisible()
    assert not button(window, "runButton").isVisible()
    assert not button(window, "exportButton").isEnabled()
    gate.open()
    await idle(window)
    lines = journal()
    assert window.report.text() == written(lines) == REPORT
    assert "reëntrancy" in window.report.view.toPlainText()
    assert "##" not in window.report.view.toPlainText()
    assert lines[-1]["event"] == "outcome"
    assert lines[-1]["outcome"] == "complete"
    assert banner(window) == ""
    assert status(window).startswith("Complete")
    assert child(window.status, QLabel, "savedStatus").text() == "saved"
    assert button(window, "runButton").isVisible()
    assert button(window, "exportButton").isEnabled()


async def test_the_run_reads_the_buffer_and_not_the_file(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    gate = ollama.answer.within = Gate()
    await start(window, contract)
    QTest.keyClicks(window.editor, "// only in the editor ")
    sent = window.editor.text()
    press_key(window, Qt.Key.Key_R, CONTROL)
    await gate.reached()
    # What is typed from now on belongs to the next run.
    QTest.keyClicks(window.editor, "// too late ")
    gate.open()
    await idle(window)
    (sent_body,) = asked(ollama)
    prompt = sent_body["messages"][-1]["content"]
    assert sent in prompt
    assert "too late" not in prompt
    assert contract.read_bytes() == SOURCE.replace("\n", "\r\n").encode()
    assert journal()[0]["files"][0]["text"] == sent
    assert window._columns.middle.tabText(0).endswith("•")


async def test_nothing_to_audit_says_so(window: MainWindow, ollama: FakeOllama) -> None:
    await start(window, None)
    await ran(window)
    assert "Open a contract first" in banner(window)
    window.editor.setPlainText("  \n")
    await ran(window)
    assert "There is nothing to audit" in banner(window)
    assert status(window) == "Not started"
    assert asked(ollama) == []
    assert list(paths.runs().glob("*")) == []


async def test_a_contract_takes_the_hint_away(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    await start(window, None)
    await ran(window)
    assert banner(window)
    drop(window, contract)
    await idle(window)
    assert banner(window) == ""


async def test_a_second_press_sends_nothing(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    gate = ollama.answer.within = Gate()
    await start(window, contract)
    press_key(window, Qt.Key.Key_R, CONTROL)
    window.desk.run()
    await gate.reached()
    press_key(window, Qt.Key.Key_R, CONTROL)
    window.desk.run()
    gate.open()
    await idle(window)
    assert len(asked(ollama)) == 1


async def test_a_name_that_is_typed_but_not_confirmed_counts(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    await start(window, contract)
    wanted = ollama.installed[-1]["name"]
    press_key(window, Qt.Key.Key_M, CONTROL)
    edit = window.top.picker.lineEdit()
    assert window.focusWidget() is edit or window.focusWidget() is window.top.picker
    assert edit is not None
    edit.setText(wanted)
    window.desk.run()
    await idle(window)
    assert asked(ollama)[0]["model"] == wanted
    assert window.top.picker.currentText() == wanted


# -- Stop -------------------------------------------------------------------------------------

_PHASES = {
    "connecting": "Connecting",
    "loading": "Loading the model",
    "reading": "Reading the source",
    "writing": "Writing",
}
_STOPS: dict[str, Callable[[MainWindow], None]] = {
    "button": lambda window: press(button(window, "stopButton")),
    "escape": lambda window: press_key(window, Qt.Key.Key_Escape),
    "control_period": lambda window: press_key(window, Qt.Key.Key_Period, CONTROL),
}


def _hold(phase: str, ollama: FakeOllama, openai: OpenAIServer) -> tuple[ScriptedServer, Gate]:
    """Let the server hang so that a run stays in a phase."""
    gate = Gate()
    if phase == "connecting":
        openai.routes["GET", "/health"] = [Pause(gate)]
        return openai, gate
    if phase == "loading":
        ollama.loading = gate
    elif phase == "reading":
        ollama.answer.before = gate
    else:
        ollama.answer.within = gate
    return ollama, gate


@pytest.mark.parametrize("how", _STOPS)
@pytest.mark.parametrize("phase", _PHASES)
async def test_stop_works_in_every_phase(
    window: MainWindow,
    ollama: FakeOllama,
    openai: OpenAIServer,
    contract: Path,
    phase: str,
    how: str,
) -> None:
    server, gate = _hold(phase, ollama, openai)
    named = ServerConfig("openai", openai.base_url) if server is openai else None
    await start(window, contract, named)
    press_key(window, Qt.Key.Key_R, CONTROL)
    await gate.reached()
    await until(lambda: _PHASES[phase] in status(window), window.desk.status_timer.timeout)
    finished = signal_future(window.runs.finished)
    _STOPS[how](window)
    await finished
    await server.disconnected()
    await idle(window)
    lines = journal()
    assert banner(window) == f"▲  {STOPPED}"
    assert status(window).startswith("Stopped")
    assert lines[-1]["event"] == "outcome"
    assert lines[-1]["outcome"] == "stopped"
    assert window.report.text() == written(lines) == REPORT[: len(window.report.text())]
    assert bool(window.report.text()) is (phase == "writing")
    assert button(window, "runButton").isVisible()
    assert window.runs.result is not None
    assert window.runs.result.outcome is Outcome.STOPPED


async def test_stop_before_anything_is_sent_keeps_the_report_before(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    await start(window, contract)
    await ran(window)
    gate = Gate()
    ollama.routes["POST", "/api/show"] = [Pause(gate)]
    press_key(window, Qt.Key.Key_R, CONTROL)
    await gate.reached()
    assert status(window) == "Asking the server"
    press_key(window, Qt.Key.Key_Escape)
    await ollama.disconnected()
    await idle(window)
    assert "Stopped before the run began" in banner(window)
    assert window.report.text() == REPORT
    assert len(asked(ollama)) == 1


async def test_escape_means_nothing_while_nothing_runs(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    await start(window, contract)
    press_key(window, Qt.Key.Key_Escape)
    press_key(window, Qt.Key.Key_Period, CONTROL)
    await ran(window)
    assert journal()[-1]["outcome"] == "complete"


async def test_the_focus_stays_where_run_and_stop_are(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    gate = ollama.answer.within = Gate()
    await start(window, contract)
    button(window, "runButton").setFocus()
    press_key(window, Qt.Key.Key_Space)
    await gate.reached()
    assert window.focusWidget() is button(window, "stopButton")
    press_key(window, Qt.Key.Key_Space)
    await idle(window)
    assert journal()[-1]["outcome"] == "stopped"
    assert window.focusWidget() is button(window, "runButton")


# -- what goes wrong --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "words", "outcome", "keeps"),
    [
        (Fault.UNAUTHORIZED, "is not signed in", "failed", False),
        (Fault.NOT_FOUND, "does not know this request", "failed", False),
        (Fault.BAD_REQUEST, "did not accept the request", "failed", False),
        (Fault.ERROR_INSIDE, "reported an error", "failed", True),
        (Fault.CUT, "connection", "interrupted", True),
        (Fault.RESET, "connection", "interrupted", True),
        (Fault.NO_END_MARK, "without its end mark", "interrupted", True),
    ],
)
async def test_a_failure_has_a_sentence_and_keeps_the_text(
    window: MainWindow,
    ollama: FakeOllama,
    contract: Path,
    fault: Fault,
    words: str,
    outcome: str,
    keeps: bool,
) -> None:
    ollama.answer = Answer(text=REPORT, fault=fault)
    await start(window, contract)
    await ran(window)
    lines = journal()
    assert words in banner(window)
    assert lines[-1]["outcome"] == outcome
    assert status(window).startswith(outcome.capitalize())
    assert window.report.text() == written(lines) == REPORT[: len(written(lines))]
    assert bool(written(lines)) is keeps
    assert button(window, "runButton").isVisible()


async def test_a_server_that_went_away_has_a_sentence(
    window: MainWindow, contract: Path, monkeypatch: pytest.MonkeyPatch, ollama: FakeOllama
) -> None:
    with ThreadedServer(FakeOllama()) as gone:
        await start(window, contract, ServerConfig("ollama", gone.base_url))
    await ran(window)
    assert f"Ollama does not answer at 127.0.0.1:{gone.port}." in banner(window)
    assert status(window) == "Not started"
    assert not window.runs.running


async def test_a_model_that_is_gone_has_a_sentence(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    await start(window, contract)
    ollama.installed.clear()
    await ran(window)
    assert "has no model" in banner(window)
    assert asked(ollama) == []


async def test_an_answer_that_is_no_answer_leaves_a_window_that_works(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    await start(window, contract)
    shown = ollama.routes["POST", "/api/show"]
    ollama.routes["POST", "/api/show"] = reply(b"<html>", content_type="text/html")
    await ran(window)
    assert banner(window)
    assert button(window, "runButton").isVisible()
    ollama.routes["POST", "/api/show"] = shown
    await ran(window)
    assert window.report.text() == REPORT


async def test_the_output_limit_is_told(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    ollama.limited = True
    await start(window, contract)
    await ran(window)
    assert "reached its output limit" in banner(window)
    assert journal()[-1]["outcome"] == "length_limit"
    assert status(window).startswith("Cut at the output limit")
    assert window.report.text()


async def test_a_stopped_report_never_looks_finished(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    ollama.answer.within = Gate()
    await start(window, contract)
    press_key(window, Qt.Key.Key_R, CONTROL)
    await until(lambda: bool(window.report.text()), window.runs.text_received)
    press_key(window, Qt.Key.Key_Escape)
    await idle(window)
    press_key(window, Qt.Key.Key_S, CONTROL)
    await idle(window)
    assert STOPPED in banner(window)
    window.open_path(contract.parent / "nosuch.sol")
    await idle(window)
    assert "There is no file" in banner(window)
    window.open_path(contract)
    await idle(window)
    assert STOPPED in banner(window)
    press_key(window, Qt.Key.Key_F5)
    await idle(window)
    assert STOPPED in banner(window)


# -- export -----------------------------------------------------------------------------------


async def test_export_writes_the_report_with_its_stamp(
    window: MainWindow, ollama: FakeOllama, contract: Path, tmp_path: Path
) -> None:
    ollama.answer.within = Gate()
    await start(window, contract)
    press_key(window, Qt.Key.Key_R, CONTROL)
    await until(lambda: bool(window.report.text()), window.runs.text_received)
    press_key(window, Qt.Key.Key_Escape)
    await idle(window)
    dialog = await export_from(window, tmp_path, ".md")
    assert STOPPED in child(dialog, QLabel, "exportNotice").text()
    (target,) = tmp_path.glob("*-report.md")
    text = target.read_text(encoding="utf-8")
    assert f"Not complete. {STOPPED}" in text
    assert canonical(window.report.text()) in text
    assert contract.name in text
    assert status(window) == f"The report is in {target}"


async def test_export_writes_what_machines_read(
    window: MainWindow, ollama: FakeOllama, contract: Path, tmp_path: Path
) -> None:
    await start(window, contract)
    await ran(window)
    await export_from(window, tmp_path, ".json", ".sarif", ".csv")
    for suffix in (".json", ".sarif", ".csv"):
        (target,) = tmp_path.glob(f"*-report{suffix}")
        raw = target.read_bytes()
        # What was not found in the source is a lead, which SARIF has no place for.
        assert (b"whole balance can be drawn twice" in raw) == (suffix != ".sarif")
        if suffix == ".sarif":
            assert json.loads(raw)["version"] == "2.1.0"


async def test_nothing_is_exported_when_there_is_nothing(window: MainWindow) -> None:
    press_key(window, Qt.Key.Key_E, CONTROL)
    window._on_export()
    await asyncio.sleep(0)
    assert dialogs_of(window) == []


async def test_the_dialog_follows_the_run_that_is_shown(
    window: MainWindow, ollama: FakeOllama, contract: Path, tmp_path: Path
) -> None:
    await start(window, contract)
    await ran(window)
    dialog = await export_from(window, tmp_path, ".md")
    window.activateWindow()
    ollama.answer.within = Gate()
    text = signal_future(window.runs.text_received)
    window.desk.run()
    await text
    assert "An audit is running" in child(dialog, QLabel, "exportWhyNot").text()
    assert not button(dialog, "exportWrite").isEnabled()
    window.desk.stop()
    await until(lambda: not window.runs.running, window.desk.changed)
    assert child(dialog, QLabel, "exportSubject").text().startswith("Another run is shown now")
    assert button(dialog, "exportWrite").isEnabled()
    assert dialogs_of(window) == [dialog]
    window.exports.export(tmp_path)
    assert dialogs_of(window) == [dialog]
    dialog.reject()


async def test_an_export_that_fails_says_so(
    window: MainWindow,
    ollama: FakeOllama,
    contract: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await start(window, contract)
    await ran(window)

    def full(target: Path, raw: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(paths, "write_atomically", full)
    dialog = await export_from(window, tmp_path, ".md")
    words = child(dialog, QLabel, "exportResult1").text()
    assert "cannot be written (No space left on device)" in words
    assert list(tmp_path.glob("*.md")) == []
    assert window.report.text() == REPORT


# -- where the source goes --------------------------------------------------------------------


@pytest.fixture
def remote(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scripted server counts as somebody else's machine."""
    monkeypatch.setattr(Ollama, "locality", lambda _self, _model: Locality.REMOTE)


@pytest.mark.usefixtures("remote")
async def test_a_remote_model_asks_before_anything_is_sent(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    await start(window, contract)
    seen = len(ollama.requests)
    press_key(window, Qt.Key.Key_R, CONTROL)
    text = await answer(window, "cancel")
    await idle(window)
    assert f"127.0.0.1:{ollama.port}" in text
    assert len(ollama.requests) == seen
    assert window.report.text() == ""
    assert not window.runs.running
    press_key(window, Qt.Key.Key_R, CONTROL)
    await answer(window, "send")
    await idle(window)
    assert window.report.text() == REPORT
    press_key(window, Qt.Key.Key_R, CONTROL)  # asked once
    await idle(window)
    assert len(asked(ollama)) == 2


@pytest.mark.usefixtures("remote")
async def test_the_answer_holds_for_the_project_and_the_host_and_no_other(
    ollama: FakeOllama, contract: Path, tmp_path: Path
) -> None:
    async with open_window() as window:
        await start(window, contract)
        press_key(window, Qt.Key.Key_R, CONTROL)
        await answer(window, "send")
        await idle(window)
    async with open_window() as window:
        await start(window, contract)
        await ran(window)  # nobody asks
        assert window.report.text() == REPORT
        other = tmp_path / "another" / "Other.sol"
        other.parent.mkdir()
        other.write_text("contract Other {}\n")
        window.open_path(other)
        await idle(window)
        seen = len(ollama.requests)
        press_key(window, Qt.Key.Key_R, CONTROL)
        await answer(window, "cancel")
        await idle(window)
        assert len(ollama.requests) == seen


@pytest.mark.usefixtures("remote")
async def test_the_badge_names_the_remote_host(window: MainWindow, ollama: FakeOllama) -> None:
    await start(window, None)
    badge = child(window, QLabel, "privacyBadge")
    assert badge.isVisible()
    assert badge.text() == "Remote"
    assert f"127.0.0.1:{ollama.port}" in badge.toolTip()


async def test_a_cloud_model_of_ollama_names_its_cloud(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    ollama.installed[:] = [{**ollama.installed[0], "name": "big:cloud", "remote_host": "x"}]
    await start(window, contract)
    press_key(window, Qt.Key.Key_R, CONTROL)
    assert "ollama.com" in await answer(window, "cancel")
    await idle(window)
    assert asked(ollama) == []


@pytest.mark.parametrize("key", ["open", "cancel"])
async def test_a_link_opens_only_after_showing_where_it_goes(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    gone: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: gone.append(url.toString()))
    window.report.view.link_requested.emit("https://example.org/<b>x</b>")
    box = await opened(window, QMessageBox)
    assert box.informativeText() == "https://example.org/<b>x</b>"
    await answer(window, key)
    await idle(window)
    assert len(gone) == (1 if key == "open" else 0)
