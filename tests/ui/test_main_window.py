# ruff: noqa: ASYNC240  # the files are small and the test's own
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import (
    QAccessible,
    QDragEnterEvent,
    QKeySequence,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QFileDialog,
    QMessageBox,
    QWidget,
)

from spectr_desktop.records.server import Locality, ServerConfig
from spectr_desktop.ui.theme import DARK, LIGHT, Scheme
from tests.servers.script import Gate, Pause, reply
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
    drop,
    idle,
    journal,
    name_file,
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

if TYPE_CHECKING:
    from pathlib import Path

    from spectr_desktop.ui.main_window import MainWindow
    from tests.servers.openai_server import OpenAIServer


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


# -- files ------------------------------------------------------------------------------------


async def test_a_file_is_opened_by_argument(window: MainWindow, contract: Path) -> None:
    await start(window, contract)
    assert window.editor.text() == SOURCE
    assert window.windowTitle() == contract.name
    assert window._columns.middle.tabText(0) == contract.name
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
    drop(window, contract)
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
    await start(window, path)
    # Models were found meanwhile, which must not take the sentence away.
    assert window.top.picker.choice() is not None
    assert words in banner(window)
    assert window.editor.text() == ""


async def test_a_change_is_marked_and_saving_takes_the_mark_away(
    window: MainWindow, contract: Path
) -> None:
    await start(window, contract)
    QTest.keyClicks(window.editor, "// x")
    assert window._columns.middle.tabText(0) == f"{contract.name} •"
    press_key(window, Qt.Key.Key_S, CONTROL)
    await idle(window)
    assert window._columns.middle.tabText(0) == contract.name
    assert contract.read_bytes() == b"// x" + SOURCE.replace("\n", "\r\n").encode()
    assert status(window) == f"{contract.name} is saved"


# -- models -----------------------------------------------------------------------------------


async def test_the_picker_says_when_ollama_is_down(window: MainWindow, no_servers: int) -> None:
    await start(window, None)
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
    await start(window, None, named)
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
    await start(window, None)
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
    await start(window, None, ServerConfig("ollama", ollama.base_url), wanted)
    choice = window.top.picker.choice()
    assert choice is not None
    assert choice.model.id == wanted
    assert banner(window) == ""


async def test_a_model_that_nobody_has_is_not_replaced_by_another(
    window: MainWindow, ollama: FakeOllama
) -> None:
    await start(window, None, None, "nosuch")
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
    await start(window, None, named)
    assert window.top.picker.choice() is None  # though Ollama's is in the list
    assert window.top.picker.count() > 1
    expected = "No model server answers at" if "port" in address else "is not a server's address"
    assert expected in banner(window)


# -- the end ----------------------------------------------------------------------------------


async def test_closing_while_it_runs_stops_saves_and_ends(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    ollama.answer.within = Gate()
    await start(window, contract)
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
    await start(window, contract)
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
    await start(window, contract)
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
    await start(window, contract)
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
    await start(window, contract)
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


# -- the window as a thing to look at and to reach --------------------------------------------


async def test_the_theme_changes_during_a_run(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    gate = ollama.answer.within = Gate()
    await start(window, contract)
    press_key(window, Qt.Key.Key_R, CONTROL)
    await gate.reached()
    before = window.editor.palette().base().color().name()
    window.theme.choose(Scheme.DARK)
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
    await start(window, contract)
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
    await start(window, contract)
    button(window, "exportButton").setFocus()
    press_key(window, key, CONTROL)
    focused = window.focusWidget()
    named = child(window, QWidget, name)
    assert focused is not None
    assert focused is named or named.isAncestorOf(focused)


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
    for key in starts:
        if key is not None:
            press_key(window, key, CONTROL)
        while (focused := window.focusWidget()) is not None and focused not in seen:
            seen.add(focused)
            if focused is window.editor:
                break  # Tab indents there
            press_key(window, Qt.Key.Key_Tab)
    return seen


async def test_every_interactive_widget_has_a_name_and_needs_no_mouse(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    await start(window, contract)
    window.report.append_thinking("Let me see.")
    await ran(window)
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

    told = signal_future(window.task_failed)
    window.tasks.start(broken(), "broken")
    (error,) = await told
    assert isinstance(error, ZeroDivisionError)
