from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import (
    QAccessible,
    QDesktopServices,
    QDragEnterEvent,
    QDropEvent,
    QKeySequence,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QFileDialog,
    QLabel,
    QMessageBox,
    QWidget,
)

from spectr_desktop import paths
from spectr_desktop.providers.ollama import Ollama
from spectr_desktop.records.run import Outcome
from spectr_desktop.records.server import Locality, ServerConfig
from spectr_desktop.ui.theme import DARK, LIGHT, Scheme
from tests.servers.script import Gate, Pause, reply
from tests.servers.scripted import ScriptedServer, ThreadedServer
from tests.servers.streams import Answer, Fault
from tests.ui.conftest import SOURCE
from tests.ui.conftest import Ollama as FakeOllama
from tests.ui.driving import (
    CONTROL,
    NONE,
    REPORT,
    answer,
    banner,
    button,
    child,
    dialogs_of,
    idle,
    journal,
    name_file,
    opened,
    press,
    press_key,
    signal_future,
    status,
    until,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from spectr_desktop.ui.main_window import MainWindow
    from tests.servers.openai_server import OpenAIServer

STOPPED = "The run was stopped, so the report ends where it was."
KEYS = {
    "open_file": ["Ctrl+O"],
    "save": ["Ctrl+S"],
    "save_as": ["Ctrl+Shift+S"],
    "run": ["Ctrl+R"],
    "stop": ["Ctrl+.", "Esc"],
    "export": ["Ctrl+E"],
    "quit": ["Ctrl+Q"],
    "focus_files": ["Ctrl+1"],
    "focus_source": ["Ctrl+4"],
    "focus_report": ["Ctrl+5"],
    "focus_model": ["Ctrl+M"],
}
NAMES = {
    "projectView": "Project files",
    "sourceEditor": "Source editor",
    "reportView": "Report",
    "modelPicker": "Model",
    "runButton": "Run audit",
    "stopButton": "Stop",
    "exportButton": "Export report",
    "runStatus": "Run status",
}


async def _start(
    window: MainWindow, path: Path | None, named: ServerConfig | None = None, model: str = ""
) -> None:
    """As `app` does it: the arguments of the command line, then all servers are asked."""
    window.start((path,) if path else (), named, model)
    await idle(window)


async def _ran(window: MainWindow) -> None:
    """Press Run and wait until the run is over."""
    press(button(window, "runButton"))
    await idle(window)


def _asked(server: ScriptedServer) -> list[dict[str, Any]]:
    """The bodies of all requests that carry source."""
    bodies = [json.loads(r.body) for r in server.requests if r.method == "POST" and r.body]
    return [body for body in bodies if body.get("messages")]


def _drop(window: MainWindow, path: Path) -> None:
    """Drop a file in the middle of the window's own ground."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    where, buttons = QPointF(10, 10), Qt.MouseButton.LeftButton
    enter = QDragEnterEvent(where.toPoint(), Qt.DropAction.CopyAction, data, buttons, NONE)
    window.dragEnterEvent(enter)
    assert enter.isAccepted()
    window.dropEvent(QDropEvent(where, Qt.DropAction.CopyAction, data, buttons, NONE))


# -- files ------------------------------------------------------------------------------------


async def test_a_file_is_opened_by_argument(window: MainWindow, contract: Path) -> None:
    await _start(window, contract)
    assert window.editor.text() == SOURCE
    assert window.windowTitle() == contract.name
    assert window._middle.tabText(0) == contract.name
    item = window.files.topLevelItem(0)
    assert item is not None
    assert item.text(0) == contract.name


async def test_a_file_is_opened_by_dialog(window: MainWindow, contract: Path) -> None:
    press(button(window, "openButton"))
    await name_file(window, contract)
    await idle(window)
    assert window.editor.text() == SOURCE
    assert window.focusWidget() is window.editor


async def test_a_file_is_opened_by_dropping_it(window: MainWindow, contract: Path) -> None:
    _drop(window, contract)
    await idle(window)
    assert window.editor.text() == SOURCE


async def test_a_web_address_is_no_file(window: MainWindow) -> None:
    data = QMimeData()
    data.setUrls([QUrl("https://example.org/Vault.sol")])
    enter = QDragEnterEvent(
        QPointF(1, 1).toPoint(), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, NONE
    )
    enter.ignore()
    window.dragEnterEvent(enter)
    assert not enter.isAccepted()


@pytest.mark.parametrize(
    ("raw", "words"),
    [(None, "There is no file"), (b"a\0b", "NUL"), (b" " * (5 * 1024**2 + 1), "too large")],
    ids=["missing", "binary", "too_large"],
)
async def test_what_cannot_be_opened_gets_a_sentence(
    window: MainWindow, ollama: FakeOllama, tmp_path: Path, raw: bytes | None, words: str
) -> None:
    path = tmp_path / "x.sol"
    if raw is not None:
        path.write_bytes(raw)
    await _start(window, path)
    # Models were found meanwhile, which must not take the sentence away.
    assert window.top.picker.choice() is not None
    assert words in banner(window)
    assert window.editor.text() == ""


async def test_a_change_is_marked_and_saving_takes_the_mark_away(
    window: MainWindow, contract: Path
) -> None:
    await _start(window, contract)
    QTest.keyClicks(window.editor, "// x")
    assert window._middle.tabText(0) == f"{contract.name} •"
    press_key(window, Qt.Key.Key_S, CONTROL)
    await idle(window)
    assert window._middle.tabText(0) == contract.name
    assert contract.read_bytes() == b"// x" + SOURCE.replace("\n", "\r\n").encode()
    assert status(window) == f"{contract.name} is saved"


# -- models -----------------------------------------------------------------------------------


async def test_the_picker_says_when_ollama_is_down(window: MainWindow, no_servers: int) -> None:
    await _start(window, None)
    sentence = (
        f"Ollama does not answer at 127.0.0.1:{no_servers}. Start it with `ollama serve`, "
        "or pick another provider."
    )
    assert sentence in banner(window)
    assert window.top.picker.itemText(0) == sentence
    assert window.top.picker.choice() is None
    assert button(window, "runButton").isEnabled()
    window.editor.insertPlainText(SOURCE)
    press_key(window, Qt.Key.Key_R, CONTROL)
    await idle(window)
    assert "Pick a model first" in banner(window)


async def test_the_picker_is_filled_without_blocking(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    gate = Gate()
    tags = reply({"models": ollama.installed})
    ollama.routes["GET", "/api/tags"] = [Pause(gate), *tags]
    window.start((contract,), None, "")
    await gate.reached()
    # The server has not answered, and the window works.
    await until(lambda: window.editor.text() == SOURCE, window.file.document_changed)
    QTest.keyClicks(window.editor, "//")
    assert window.editor.text().startswith("//")
    assert window.top.picker.count() == 0
    gate.open()
    await idle(window)
    offered = [window.top.picker.itemText(row) for row in range(window.top.picker.count())]
    assert ollama.installed[0]["name"] in offered
    assert window.top.picker.choice() is not None


async def test_a_server_that_comes_back_is_found_by_looking_again(
    window: MainWindow, no_servers: int, monkeypatch: pytest.MonkeyPatch, openai: OpenAIServer
) -> None:
    named = ServerConfig("openai", openai.base_url)
    listed = openai.routes.pop(("GET", "/v1/models"))
    await _start(window, None, named)
    assert banner(window)
    openai.routes["GET", "/v1/models"] = listed
    press_key(window, Qt.Key.Key_F5)
    await idle(window)
    assert banner(window) == ""
    choice = window.top.picker.choice()
    assert choice is not None
    assert choice.locality is Locality.LOCAL_PORT


@pytest.mark.qt_log_ignore("does not support grabbing", extend=True)
async def test_opening_the_list_asks_the_servers_again(
    window: MainWindow, ollama: FakeOllama
) -> None:
    await _start(window, None)
    ollama.installed.reverse()
    before = window.top.picker.choice()
    window.top.picker.showPopup()
    await idle(window)
    window.top.picker.hidePopup()
    after = window.top.picker.choice()
    assert before is not None
    assert after is not None
    assert after.key == before.key
    assert window.top.picker.itemText(0) == ollama.installed[0]["name"]


async def test_the_model_of_the_command_line_is_picked(
    window: MainWindow, ollama: FakeOllama
) -> None:
    wanted = ollama.installed[-1]["name"]
    await _start(window, None, ServerConfig("ollama", ollama.base_url), wanted)
    choice = window.top.picker.choice()
    assert choice is not None
    assert choice.model.id == wanted
    assert banner(window) == ""


async def test_a_model_that_nobody_has_is_not_replaced_by_another(
    window: MainWindow, ollama: FakeOllama
) -> None:
    await _start(window, None, None, "nosuch")
    assert "No server offers “nosuch”" in banner(window)
    assert window.top.picker.choice() is None
    press_key(window, Qt.Key.Key_F5)
    await idle(window)
    assert window.top.picker.choice() is None


@pytest.mark.parametrize("address", ["http://127.0.0.1:{port}", "ftp://here"])
async def test_a_named_server_that_is_not_there_is_not_replaced_by_another(
    window: MainWindow, ollama: FakeOllama, no_servers: int, address: str
) -> None:
    named = ServerConfig("openai", address.format(port=no_servers))
    await _start(window, None, named)
    assert window.top.picker.choice() is None  # though Ollama's is in the list
    assert window.top.picker.count() > 1
    expected = "No model server answers at" if "port" in address else "is not a server's address"
    assert expected in banner(window)


# -- a run ------------------------------------------------------------------------------------


async def test_a_run_streams_into_the_pane_and_the_journal(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    gate = ollama.answer.within = Gate()
    await _start(window, contract)
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
    await _start(window, contract)
    QTest.keyClicks(window.editor, "// only in the editor ")
    sent = window.editor.text()
    press_key(window, Qt.Key.Key_R, CONTROL)
    await gate.reached()
    # What is typed from now on belongs to the next run.
    QTest.keyClicks(window.editor, "// too late ")
    gate.open()
    await idle(window)
    (asked,) = _asked(ollama)
    prompt = asked["messages"][-1]["content"]
    assert sent in prompt
    assert "too late" not in prompt
    assert contract.read_bytes() == SOURCE.replace("\n", "\r\n").encode()
    assert journal()[0]["files"][0]["text"] == sent
    assert window._middle.tabText(0).endswith("•")


async def test_nothing_to_audit_says_so(window: MainWindow, ollama: FakeOllama) -> None:
    await _start(window, None)
    await _ran(window)
    assert "Open a contract first" in banner(window)
    window.editor.setPlainText("  \n")
    await _ran(window)
    assert "There is nothing to audit" in banner(window)
    assert status(window) == "Not started"
    assert _asked(ollama) == []
    assert list(paths.runs().glob("*")) == []


async def test_a_contract_takes_the_hint_away(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    await _start(window, None)
    await _ran(window)
    assert banner(window)
    _drop(window, contract)
    await idle(window)
    assert banner(window) == ""


async def test_a_second_press_sends_nothing(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    gate = ollama.answer.within = Gate()
    await _start(window, contract)
    press_key(window, Qt.Key.Key_R, CONTROL)
    window._on_run()
    await gate.reached()
    press_key(window, Qt.Key.Key_R, CONTROL)
    window._on_run()
    gate.open()
    await idle(window)
    assert len(_asked(ollama)) == 1


async def test_a_name_that_is_typed_but_not_confirmed_counts(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    await _start(window, contract)
    wanted = ollama.installed[-1]["name"]
    press_key(window, Qt.Key.Key_M, CONTROL)
    edit = window.top.picker.lineEdit()
    assert window.focusWidget() is edit or window.focusWidget() is window.top.picker
    assert edit is not None
    edit.setText(wanted)
    window._on_run()
    await idle(window)
    assert _asked(ollama)[0]["model"] == wanted
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
    await _start(window, contract, named)
    press_key(window, Qt.Key.Key_R, CONTROL)
    await gate.reached()
    await until(lambda: _PHASES[phase] in status(window), window._status_timer.timeout)
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
    await _start(window, contract)
    await _ran(window)
    gate = Gate()
    ollama.routes["POST", "/api/show"] = [Pause(gate)]
    press_key(window, Qt.Key.Key_R, CONTROL)
    await gate.reached()
    assert status(window) == "Asking the server"
    press_key(window, Qt.Key.Key_Escape)
    await ollama.disconnected()
    await idle(window)
    assert "Stopped before anything was sent" in banner(window)
    assert window.report.text() == REPORT
    assert len(_asked(ollama)) == 1


async def test_escape_means_nothing_while_nothing_runs(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    await _start(window, contract)
    press_key(window, Qt.Key.Key_Escape)
    press_key(window, Qt.Key.Key_Period, CONTROL)
    await _ran(window)
    assert journal()[-1]["outcome"] == "complete"


async def test_the_focus_stays_where_run_and_stop_are(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    gate = ollama.answer.within = Gate()
    await _start(window, contract)
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
        (Fault.UNAUTHORIZED, "did not accept the key", "failed", False),
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
    await _start(window, contract)
    await _ran(window)
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
        await _start(window, contract, ServerConfig("ollama", gone.base_url))
    await _ran(window)
    assert f"Ollama does not answer at 127.0.0.1:{gone.port}." in banner(window)
    assert status(window) == "Not started"
    assert not window.runs.running


async def test_a_model_that_is_gone_has_a_sentence(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    await _start(window, contract)
    ollama.installed.clear()
    await _ran(window)
    assert "has no model" in banner(window)
    assert _asked(ollama) == []


async def test_an_answer_that_is_no_answer_leaves_a_window_that_works(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    await _start(window, contract)
    shown = ollama.routes["POST", "/api/show"]
    ollama.routes["POST", "/api/show"] = reply(b"<html>", content_type="text/html")
    await _ran(window)
    assert banner(window)
    assert button(window, "runButton").isVisible()
    ollama.routes["POST", "/api/show"] = shown
    await _ran(window)
    assert window.report.text() == REPORT


async def test_the_output_limit_is_told(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    ollama.limited = True
    await _start(window, contract)
    await _ran(window)
    assert "reached its output limit" in banner(window)
    assert journal()[-1]["outcome"] == "length_limit"
    assert status(window).startswith("Cut at the output limit")
    assert window.report.text()


async def test_a_stopped_report_never_looks_finished(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    ollama.answer.within = Gate()
    await _start(window, contract)
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


async def _export_to(window: MainWindow, path: Path) -> None:
    press_key(window, Qt.Key.Key_E, CONTROL)
    await name_file(window, path)
    await idle(window)


async def test_export_writes_the_report_with_its_stamp(
    window: MainWindow, ollama: FakeOllama, contract: Path, tmp_path: Path
) -> None:
    ollama.answer.within = Gate()
    await _start(window, contract)
    press_key(window, Qt.Key.Key_R, CONTROL)
    await until(lambda: bool(window.report.text()), window.runs.text_received)
    press_key(window, Qt.Key.Key_Escape)
    await idle(window)
    target = tmp_path / "Bericht"
    await _export_to(window, target)
    text = target.with_suffix(".md").read_text(encoding="utf-8")
    assert f"Not complete. {STOPPED}" in text
    assert window.report.text().strip() in text
    assert contract.name in text
    assert status(window) == f"The report is in {target}.md"


async def test_nothing_is_exported_when_there_is_nothing(window: MainWindow) -> None:
    press_key(window, Qt.Key.Key_E, CONTROL)
    window._on_export()
    await asyncio.sleep(0)
    assert dialogs_of(window) == []


async def test_an_export_that_fails_says_so(
    window: MainWindow,
    ollama: FakeOllama,
    contract: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await _start(window, contract)
    await _ran(window)

    def full(target: Path, raw: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(paths, "write_atomically", full)
    await _export_to(window, tmp_path / "x.md")
    assert "cannot be written (No space left on device)" in banner(window)
    assert not (tmp_path / "x.md").exists()
    assert window.report.text() == REPORT


# -- the end ----------------------------------------------------------------------------------


async def test_closing_while_it_runs_stops_saves_and_ends(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    ollama.answer.within = Gate()
    await _start(window, contract)
    press_key(window, Qt.Key.Key_R, CONTROL)
    await until(lambda: bool(window.report.text()), window.runs.text_received)
    closed = signal_future(window.closed)
    window.close()
    await closed
    await ollama.disconnected()
    assert not window.isVisible()
    assert journal()[-1]["outcome"] == "stopped"
    assert written(journal()) == window.report.text()


async def test_closing_while_a_run_is_prepared_ends(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    gate = Gate()
    await _start(window, contract)
    ollama.routes["POST", "/api/show"] = [Pause(gate)]
    press_key(window, Qt.Key.Key_R, CONTROL)
    await gate.reached()
    closed = signal_future(window.closed)
    press_key(window, Qt.Key.Key_Q, CONTROL)
    await closed
    assert not window.isVisible()


@pytest.mark.parametrize("key", ["save", "discard"])
async def test_closing_asks_for_unsaved_changes(
    window: MainWindow, contract: Path, key: str
) -> None:
    await _start(window, contract)
    QTest.keyClicks(window.editor, "// x")
    closed = signal_future(window.closed)
    window.close()
    window.close()  # impatient: one question is enough
    box = await opened(window, QMessageBox)
    assert len(window.findChildren(QMessageBox)) == 1
    assert contract.name in box.text()
    assert window.isVisible()
    await answer(window, key)
    await closed
    assert contract.read_bytes().startswith(b"// x") is (key == "save")


async def test_closing_can_be_called_off(window: MainWindow, contract: Path) -> None:
    await _start(window, contract)
    QTest.keyClicks(window.editor, "// x")
    window.close()
    await answer(window, "cancel")
    await idle(window)
    assert window.isVisible()
    assert window.editor.text().startswith("// x")
    window.close()  # asks again
    assert "Save the changes" in await answer(window, "cancel")
    await idle(window)


async def test_the_system_ends_the_program_also_while_it_asks(
    window: MainWindow, contract: Path
) -> None:
    await _start(window, contract)
    QTest.keyClicks(window.editor, "// x")
    closed = signal_future(window.closed)
    window.close()
    await opened(window, QMessageBox)
    window.close_now()
    await closed
    assert not window.isVisible()


async def test_closing_ends_a_dialog_that_is_open(window: MainWindow) -> None:
    press(button(window, "openButton"))
    await opened(window, QFileDialog)
    closed = signal_future(window.closed)
    window.close_now()
    await closed
    assert dialogs_of(window) == []


# -- where the source goes --------------------------------------------------------------------


@pytest.fixture
def remote(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scripted server counts as somebody else's machine."""
    monkeypatch.setattr(Ollama, "locality", lambda _self, _model: Locality.REMOTE)


@pytest.mark.usefixtures("remote")
async def test_a_remote_model_asks_before_anything_is_sent(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    await _start(window, contract)
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
    assert len(_asked(ollama)) == 2


@pytest.mark.usefixtures("remote")
async def test_the_badge_names_the_remote_host(window: MainWindow, ollama: FakeOllama) -> None:
    await _start(window, None)
    badge = child(window, QLabel, "privacyBadge")
    assert badge.isVisible()
    assert badge.text() == "Remote"
    assert f"127.0.0.1:{ollama.port}" in badge.toolTip()


async def test_a_cloud_model_of_ollama_names_its_cloud(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    ollama.installed[:] = [{**ollama.installed[0], "name": "big:cloud", "remote_host": "x"}]
    await _start(window, contract)
    press_key(window, Qt.Key.Key_R, CONTROL)
    assert "ollama.com" in await answer(window, "cancel")
    await idle(window)
    assert _asked(ollama) == []


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


# -- the window as a thing to look at and to reach --------------------------------------------


async def test_the_theme_changes_during_a_run(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    gate = ollama.answer.within = Gate()
    await _start(window, contract)
    press_key(window, Qt.Key.Key_R, CONTROL)
    await gate.reached()
    before = window.editor.palette().base().color().name()
    window._theme.choose(Scheme.DARK)
    assert before == LIGHT.panel
    assert window.editor.palette().base().color().name() == DARK.panel
    gate.open()
    await idle(window)
    assert window.report.text() == REPORT
    assert "reëntrancy" in window.report.view.toPlainText()
    assert journal()[-1]["outcome"] == "complete"


@pytest.mark.qt_log_ignore("does not support grabbing", extend=True)
async def test_a_menu_that_is_open_holds_nothing_up(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    gate = ollama.answer.within = Gate()
    await _start(window, contract)
    press_key(window, Qt.Key.Key_R, CONTROL)
    await gate.reached()
    menu = window.top.menu_button.menu()
    shown = signal_future(menu.aboutToShow)
    # From the event loop, as a key press comes: the menu may hold on to its caller.
    QTimer.singleShot(0, window, lambda: press_key(window, Qt.Key.Key_F10))
    await shown
    gate.open()
    await idle(window)
    assert menu.isVisible()
    assert window.report.text() == REPORT
    QTest.keyClick(menu, Qt.Key.Key_Escape)
    assert not menu.isVisible()


async def test_the_names_are_those_of_the_contract(window: MainWindow) -> None:
    for name, accessible in NAMES.items():
        assert child(window, QWidget, name).accessibleName() == accessible


async def test_the_shortcuts_are_those_of_the_contract(window: MainWindow) -> None:
    for name, keys in KEYS.items():
        action = window.actions_by_name[name]
        assert action.objectName() == name
        assert action.shortcuts() == [QKeySequence(key) for key in keys]
    every = [key.toString() for action in window.actions() for key in action.shortcuts()]
    assert len(every) == len(set(every))


@pytest.mark.parametrize(
    ("key", "name"),
    [(Qt.Key.Key_1, "projectView"), (Qt.Key.Key_4, "sourceEditor"), (Qt.Key.Key_M, "modelPicker")],
)
async def test_a_shortcut_brings_the_focus(
    window: MainWindow, contract: Path, key: Qt.Key, name: str
) -> None:
    await _start(window, contract)
    button(window, "exportButton").setFocus()
    press_key(window, key, CONTROL)
    focused = window.focusWidget()
    assert focused is not None
    assert name in (focused.objectName(), focused.parentWidget().objectName())


def _interactive(window: MainWindow) -> list[QWidget]:
    """All widgets on the screen that take keys or clicks, without the parts of a scroll area."""
    return [
        widget
        for widget in window.findChildren(QWidget)
        if widget.isVisible()
        and widget.isEnabled()
        and (widget.focusPolicy() & Qt.FocusPolicy.TabFocus or isinstance(widget, QAbstractButton))
    ]


async def _walked(window: MainWindow) -> set[QWidget]:
    """Every widget that Tab reaches, from the first one and from each focus shortcut."""
    seen: set[QWidget] = set()
    button(window, "openButton").setFocus()
    starts = [None, Qt.Key.Key_1, Qt.Key.Key_4, Qt.Key.Key_5, Qt.Key.Key_M]
    for start in starts:
        if start is not None:
            press_key(window, start, CONTROL)
        while (focused := window.focusWidget()) is not None and focused not in seen:
            seen.add(focused)
            if focused is window.editor:
                break  # Tab indents there
            press_key(window, Qt.Key.Key_Tab)
    return seen


async def test_every_interactive_widget_has_a_name_and_needs_no_mouse(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    await _start(window, contract)
    window.report.append_thinking("Let me see.")
    await _ran(window)
    interactive = _interactive(window)
    unnamed = []
    for widget in interactive:
        interface = QAccessible.queryAccessibleInterface(widget)
        if interface is None or not interface.text(QAccessible.Text.Name):
            unnamed.append(f"{type(widget).__name__} {widget.objectName()}")
    assert unnamed == []
    reached = await _walked(window)
    proxied = {widget.focusProxy() for widget in reached} | reached
    missed = [
        f"{type(widget).__name__} {widget.objectName()}"
        for widget in interactive
        if widget not in proxied and widget.focusProxy() not in proxied
    ]
    assert missed == []


async def test_a_mistake_of_the_program_is_told(window: MainWindow, qapp: QApplication) -> None:
    async def broken() -> None:
        raise ZeroDivisionError

    task = window.tasks.start(broken(), "broken")
    await asyncio.wait({task})
    await asyncio.sleep(0)
    assert "made a mistake" in banner(window)
    assert "ZeroDivisionError" in banner(window)
