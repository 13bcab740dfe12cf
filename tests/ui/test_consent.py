"""Before source leaves this machine the user is asked, whatever it is that would carry it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from spectr_desktop import paths
from spectr_desktop.providers.ollama import Ollama
from spectr_desktop.providers.openai_compatible import OpenAICompatible
from spectr_desktop.records.server import Locality, ModelInfo, ServerConfig
from spectr_desktop.store import consents, stored_runs
from spectr_desktop.ui.model_picker import Choice
from spectr_desktop.ui.request_preview import RequestPreview
from tests.servers.scripted import ThreadedServer
from tests.servers.streams import Answer, Fault
from tests.ui.conftest import Ollama as FakeOllama
from tests.ui.driving import (
    CONTROL,
    REPORT,
    answer,
    asked,
    child,
    dialogs_of,
    idle,
    open_window,
    opened,
    press,
    press_key,
    ran,
    start,
)

if TYPE_CHECKING:
    from pathlib import Path

    from spectr_desktop.ui.main_window import MainWindow
    from tests.servers.openai_server import OpenAIServer

pytestmark = pytest.mark.usefixtures("_remote")


@pytest.fixture
def _remote(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scripted servers count as somebody else's machines."""
    for adapter in (Ollama, OpenAICompatible):
        monkeypatch.setattr(adapter, "locality", lambda _self, _model: Locality.REMOTE)


def forget_all(window: MainWindow) -> None:
    root = window.file.root
    assert root is not None
    consents.forget(root)


async def run(window: MainWindow, key: str) -> str:
    """Press Run and answer the question; returns its text."""
    press_key(window, Qt.Key.Key_R, CONTROL)
    text = await answer(window, key)
    await idle(window)
    return text


async def with_findings(window: MainWindow, contract: Path) -> None:
    """After a run that was allowed, and then taken back."""
    await start(window, contract)
    await run(window, "send")
    window.findings.control.finish_recording()
    forget_all(window)
    press_key(window, Qt.Key.Key_2, CONTROL)
    press_key(window, Qt.Key.Key_Home)
    if not window.findings.view.selected_keys():  # the head of a group
        press_key(window, Qt.Key.Key_J)
    press_key(window, Qt.Key.Key_Return)


@pytest.mark.parametrize("kind", ["ask", "draft"])
async def test_questions_and_drafts_ask_too(
    window: MainWindow, ollama: FakeOllama, contract: Path, kind: str
) -> None:
    await with_findings(window, contract)
    seen = len(ollama.requests)
    for key in ("cancel", "send"):
        if kind == "ask":
            question = window.findings.pane.follow_up_area.question
            question.setFocus()
            question.clear()
            QTest.keyClicks(question, "Is it real?")
            press_key(window, Qt.Key.Key_Return)
        else:
            press(child(window, QPushButton, "draftButton"))
        assert f"127.0.0.1:{ollama.port}" in await answer(window, key)
        await idle(window)
        if key == "cancel":
            assert len(ollama.requests) == seen
            assert not window.findings.asks.running
    assert len(asked(ollama)) == 2


async def test_running_the_missing_part_asks_too(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    ollama.answer = Answer(text=REPORT, fault=Fault.CUT)
    await start(window, contract)
    await run(window, "send")
    forget_all(window)
    stored = stored_runs.read_run(window.runs.ids[-1])
    seen = len(ollama.requests)
    ollama.answer = Answer(text=REPORT)
    for key in ("cancel", "send"):
        again = window.tasks.start(window.keeping.run_again(stored), "again")
        await answer(window, key)
        await again
        await idle(window)
        if key == "cancel":
            assert len(ollama.requests) == seen
    assert len(asked(ollama)) == 2


async def test_tokens_are_not_counted_before_the_answer(
    window: MainWindow, openai: OpenAIServer, contract: Path
) -> None:
    await start(window, contract, ServerConfig("openai", openai.base_url))
    press_key(window, Qt.Key.Key_R, CONTROL)
    await answer(window, "cancel")
    await idle(window)
    assert [request.path for request in openai.requests if request.method == "POST"] == []
    await run(window, "send")
    paths_asked = [request.path for request in openai.requests if request.method == "POST"]
    assert paths_asked[0] == "/apply-template"  # the first of the count: it has the source
    assert paths_asked[-1] == "/v1/chat/completions"


async def test_the_preview_needs_no_answer_and_sends_no_source(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    await start(window, contract)
    window.desk.preview()
    preview = await opened(window, RequestPreview)
    assert dialogs_of(window) == [preview]
    preview.reject()
    await idle(window)
    assert asked(ollama) == []


async def test_the_answer_holds_in_the_next_start_and_for_the_folder(
    ollama: FakeOllama, contract: Path
) -> None:
    async with open_window() as window:
        await start(window, contract)
        await run(window, "send")
    beside = contract.with_name("Beside.sol")
    beside.write_text("contract Beside {}\n")
    async with open_window() as window:
        await start(window, beside)
        await ran(window)  # nobody asks
        assert window.report.text() == REPORT


async def test_it_holds_for_no_other_folder_and_no_folder_below(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    await start(window, contract)
    await run(window, "send")
    below = contract.parent / "below" / "Other.sol"
    below.parent.mkdir()
    below.write_text("contract Other {}\n")
    window.open_path(below)
    await idle(window)
    seen = len(ollama.requests)
    await run(window, "cancel")
    assert len(ollama.requests) == seen


async def test_it_holds_for_no_other_host(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    with ThreadedServer(FakeOllama()) as other:
        await start(window, contract)
        await run(window, "send")
        choice = window.top.picker.choice()
        assert choice is not None
        config = ServerConfig("ollama", other.base_url)
        window.top.picker.set_rows([replace(choice, config=config)], [])
        assert window.top.picker.pick(choice.model.id)
        assert f"127.0.0.1:{other.port}" in await run(window, "cancel")
        assert other.requests == []


async def test_a_cloud_model_behind_another_machine_names_both(
    window: MainWindow, contract: Path
) -> None:
    await start(window, contract)
    assert window.file.root is not None
    consents.allow(window.file.root, "ollama.com")  # for this machine's own Ollama
    consents.allow(window.file.root, "10.1.2.3:11434")
    window.servers.set_air_gap(on=False)
    config = ServerConfig("ollama", "http://10.1.2.3:11434")
    cloud = ModelInfo("big:cloud", remote=True)
    window.top.picker.set_rows([Choice(config, cloud, "Big box", Locality.REMOTE)], [])
    assert window.top.picker.pick("big:cloud")
    assert "ollama.com via 10.1.2.3:11434" in await run(window, "cancel")


async def test_what_is_taken_back_is_asked_again_at_once(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    await start(window, contract)
    await run(window, "send")
    await ran(window)
    assert len(asked(ollama)) == 2
    forget_all(window)
    await run(window, "cancel")
    assert len(asked(ollama)) == 2


async def test_an_answer_that_cannot_be_kept_holds_until_the_end(
    window: MainWindow, ollama: FakeOllama, contract: Path
) -> None:
    await start(window, contract)
    paths.projects().mkdir(parents=True, exist_ok=True)
    assert window.file.root is not None
    place = consents.project_path(window.file.root)
    if place.exists():
        (place / "project.json").unlink(missing_ok=True)
        place.rmdir()
    place.write_text("no folder")
    await run(window, "send")
    assert len(asked(ollama)) == 1
    await ran(window)  # nobody asks
    assert len(asked(ollama)) == 2
