"""Findings in the whole window: from a run to a decision, and back to the source."""

# the files are small and the test's own
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from spectr_desktop import paths
from spectr_desktop.records.grades import State
from spectr_desktop.records.report import ReportKind
from spectr_desktop.store import stored_runs
from spectr_desktop.ui.findings_control import SELECTION
from tests.servers.script import Gate
from tests.servers.streams import Answer
from tests.ui.driving import (
    CONTROL,
    SHIFT,
    answer,
    asked,
    button,
    idle,
    press,
    press_key,
    ran,
    start,
    status,
    until,
)
from tests.ui.export_samples import export_from

if TYPE_CHECKING:
    from pathlib import Path

    from spectr_desktop.records.findings import Finding
    from spectr_desktop.ui.main_window import MainWindow
    from tests.ui.conftest import Ollama as FakeOllama

_SOURCE = """contract Vault {
    mapping(address => uint256) balances;

    function withdraw() external {
        uint256 amount = balances[msg.sender];
        (bool ok, ) = msg.sender.call{value: amount}("");
        require(ok);
        balances[msg.sender] = 0;
    }

    function sweep(address payable to) external {
        require(tx.origin == owner, "not owner");
        to.transfer(address(this).balance);
    }
}
"""
_REPORT = """# Report

Two faults and a claim.

## High: Reentrancy in withdraw

- **Location:** `Vault.sol`, `Vault.withdraw`

```solidity
(bool ok, ) = msg.sender.call{value: amount}("");
```

**Description:** The call goes out first.

## Medium: Phishing through tx.origin

- **Location:** `Vault.sol`, `Vault.sweep`

```solidity
require(tx.origin == owner, "not owner");
```

**Description:** Another contract may be in between.

## Low: Burning

- **Location:** `Vault.sol`, `Vault.burn`

```solidity
function burn(uint256 x) external { _burn(msg.sender, x); }
```

**Description:** Anybody burns.
"""


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    path = tmp_path / "Vault.sol"
    path.write_text(_SOURCE)
    return path


@pytest.fixture
async def audited(window: MainWindow, ollama: FakeOllama, vault: Path) -> MainWindow:
    """The window after a run with two findings and a lead."""
    ollama.answer = Answer(text=_REPORT)
    await start(window, vault)
    await ran(window)
    window.findings.control.finish_recording()
    return window


def found(window: MainWindow) -> list[Finding]:
    return window.findings.control._book.findings()


def states(window: MainWindow) -> dict[str, State]:
    return {one.key: one.state for one in found(window)}


def choose(window: MainWindow, key: str) -> None:
    """As the reader does it: to the list, and down to a finding."""
    press_key(window, Qt.Key.Key_2, CONTROL)
    press_key(window, Qt.Key.Key_Home)
    for _ in range(10):
        if window.findings.view.selected_keys() == [key]:
            return
        press_key(window, Qt.Key.Key_J)
    raise AssertionError(key)


def marked(window: MainWindow) -> dict[int, list[str]]:
    gutter = window.editor.gutter
    lines = range(1, window.editor.blockCount() + 1)
    return {n: [m.key for m in marks] for n in lines if (marks := gutter.marks_at(n))}


async def test_findings_come_while_the_report_streams(
    window: MainWindow, ollama: FakeOllama, vault: Path
) -> None:
    gate = Gate()
    half = _REPORT.index("## Low")
    ollama.answer = Answer(text=_REPORT, within=gate, within_after=half // 5)
    await start(window, vault)
    press_key(window, Qt.Key.Key_R, CONTROL)
    await gate.reached()
    await until(lambda: bool(found(window)), window.findings.counted)
    assert found(window)[0].key == "new 1"
    gate.open()
    await idle(window)
    window.findings.control.finish_recording()
    assert [one.key for one in found(window)] == ["F1", "F2", "F3"]
    assert [one.is_lead for one in found(window)] == [False, False, True]
    assert window._columns.left.tabText(1) == "Findings  3"


async def test_a_finding_shows_its_lines_and_its_paragraph(audited: MainWindow) -> None:
    choose(audited, "F2")
    assert audited.editor.textCursor().blockNumber() + 1 == 12
    assert audited.findings.pane.key == "F2"
    press_key(audited, Qt.Key.Key_Return)
    assert audited._columns.right.currentWidget() is audited.findings.pane_page
    sighting = found(audited)[1].sightings[0]
    audited.findings.pane.sighting_activated.emit(sighting.run, sighting.cell, sighting.start)
    assert audited._columns.right.currentWidget() is audited.report
    shown = audited.report.view.textCursor().block().text()
    assert "Phishing through tx.origin" in shown


async def test_the_way_back_from_source_and_report(audited: MainWindow) -> None:
    assert marked(audited) == {6: ["F1"], 12: ["F2"]}
    editor = audited.editor
    line = editor.document().findBlockByNumber(11)
    top = editor.blockBoundingGeometry(line).translated(editor.contentOffset()).center().y()
    QTest.mouseClick(editor.gutter, Qt.MouseButton.LeftButton, pos=QPoint(8, round(top)))
    assert audited.findings.view.selected_keys() == ["F2"]
    assert audited.findings.pane.key == "F2"
    view = audited.report.view
    press_key(audited, Qt.Key.Key_5, CONTROL)
    cursor = view.document().find("The call goes out first")
    view.setTextCursor(cursor)
    assert audited.findings.view.selected_keys() == ["F1"]
    assert audited.findings.pane.key == "F1"


async def test_states_by_key_undone_and_done_again(audited: MainWindow) -> None:
    choose(audited, "F1")
    press_key(audited, Qt.Key.Key_2)
    assert states(audited)["F1"] is State.CONFIRMED
    choose(audited, "F2")
    press_key(audited, Qt.Key.Key_3)
    assert states(audited)["F2"] is State.FALSE_POSITIVE
    press_key(audited, Qt.Key.Key_U)
    press_key(audited, Qt.Key.Key_U)
    assert set(states(audited).values()) == {State.OPEN}
    press_key(audited, Qt.Key.Key_U)
    assert status(audited) == "Nothing to undo."
    press_key(audited, Qt.Key.Key_U, SHIFT)
    assert states(audited)["F1"] is State.CONFIRMED


async def test_decisions_are_there_when_the_file_is_opened_again(
    audited: MainWindow, vault: Path, tmp_path: Path
) -> None:
    choose(audited, "F1")
    press_key(audited, Qt.Key.Key_2)
    audited.findings.pane.note_changed.emit("F1", "seen with the team")
    elsewhere = tmp_path / "elsewhere" / "Other.sol"
    elsewhere.parent.mkdir()
    elsewhere.write_text("contract Other {}\n")
    audited.open_path(elsewhere)
    await idle(audited)
    assert found(audited) == []
    assert marked(audited) == {}
    audited.open_path(vault)
    await idle(audited)
    first = found(audited)[0]
    assert (first.key, first.state) == ("F1", State.CONFIRMED)
    assert first.note == "seen with the team"
    assert marked(audited) == {6: ["F1"], 12: ["F2"]}


async def test_lines_follow_what_is_typed(audited: MainWindow) -> None:
    choose(audited, "F1")
    press_key(audited, Qt.Key.Key_2)
    cursor = audited.editor.textCursor()
    cursor.setPosition(0)
    cursor.insertText("// one\n// two\n")
    audited.findings.control.take_source()
    assert marked(audited) == {8: ["F1"], 14: ["F2"]}
    call = audited.editor.document().find("msg.sender.call")
    call.insertText("to.call")
    audited.findings.control.take_source()
    assert found(audited)[0].recheck
    audited.editor.document().setModified(False)


async def test_the_export_has_what_was_decided(audited: MainWindow, tmp_path: Path) -> None:
    choose(audited, "F1")
    press_key(audited, Qt.Key.Key_2)
    dialog = await export_from(audited, tmp_path, ".md", ".json")
    assert dialog.wanted().kind is ReportKind.CLIENT
    press(button(dialog, "exportKind_working"))
    press(button(dialog, "exportWrite"))
    await answer(dialog, "both")
    await idle(audited)
    dialog.reject()
    report = (tmp_path / "Vault-report 2.md").read_text()
    row = (
        "| F1 | Reentrancy in withdraw | high | `Vault.sol:6` `Vault.withdraw` | yes | confirmed |"
    )
    assert row in report
    assert "| F3 | Burning | low | `Vault.sol` `Vault.burn` | no |" in report


async def test_a_question_streams_into_the_pane(audited: MainWindow, ollama: FakeOllama) -> None:
    choose(audited, "F1")
    press_key(audited, Qt.Key.Key_Return)
    ollama.answer = Answer(text="It **can** be entered again.\n")
    area = audited.findings.pane.follow_up_area
    area.question.setFocus()
    QTest.keyClicks(area.question, "Is it real?")
    press_key(audited, Qt.Key.Key_Return)
    await idle(audited)
    assert audited.findings.pane.follow_up.toPlainText() == "It can be entered again."
    prompt = asked(ollama)[-1]["messages"][-1]["content"]
    assert "The question: Is it real?" in prompt
    assert "Claim: Reentrancy in withdraw" in prompt
    assert _SOURCE in prompt
    assert [one.key for one in found(audited)] == ["F1", "F2", "F3"]
    assert audited.report.text() == _REPORT
    runs = [stored_runs.read_run(run) for run in stored_runs.run_ids()]
    # A question has the whole source too: by its folder it is erased with the client.
    roots = [run.header.root for run in runs if run.header is not None]
    assert roots == [str(audited.file.root)] * 2


async def test_an_answer_can_be_stopped(audited: MainWindow, ollama: FakeOllama) -> None:
    choose(audited, "F1")
    gate = Gate()
    ollama.answer = Answer(text="word " * 400, within=gate)
    audited.findings.pane.ask_requested.emit("F1", "why?")
    await gate.reached()
    await until(
        lambda: bool(audited.findings.pane.follow_up.text()),
        audited.findings.asks.runs.text_received,
    )
    assert audited.actions_by_name["stop"].isEnabled()
    press_key(audited, Qt.Key.Key_Period, CONTROL)
    await idle(audited)
    gate.open()
    assert not audited.findings.asks.running
    assert not audited.actions_by_name["stop"].isEnabled()
    assert audited.findings.pane.follow_up.text().startswith("word")


async def test_a_draft_asks_for_a_test_and_runs_nothing(
    audited: MainWindow, ollama: FakeOllama
) -> None:
    choose(audited, "F2")
    code = "contract VaultTest is Test {\n    function test_phishing() public {}\n}"
    ollama.answer = Answer(text=f"Shows it.\n\n```solidity\n{code}\n```\n")
    audited.findings.pane.draft_requested.emit("F2")
    await idle(audited)
    assert "test_phishing" in audited.findings.pane.follow_up.toPlainText()
    assert "Foundry" in asked(ollama)[-1]["messages"][-1]["content"]


async def test_lines_that_are_no_finding(audited: MainWindow, ollama: FakeOllama) -> None:
    audited.editor.go_to_line(13)
    press_key(audited, Qt.Key.Key_A, CONTROL | SHIFT)
    assert audited.findings.pane.key == SELECTION
    ollama.answer = Answer(text="It sends all ether.\n")
    audited.findings.pane.ask_requested.emit(SELECTION, "What does it do?")
    await idle(audited)
    assert audited.findings.pane.follow_up.toPlainText() == "It sends all ether."
    assert "to.transfer(address(this).balance);" in asked(ollama)[-1]["messages"][-1]["content"]
    audited.findings.pane.state_requested.emit(SELECTION, State.CONFIRMED)
    assert len(found(audited)) == 3
    audited.editor.setFocus()
    press_key(audited, Qt.Key.Key_N, CONTROL | SHIFT)
    by_hand = found(audited)[-1]
    assert (by_hand.key, by_hand.by_hand, by_hand.is_lead) == ("F4", True, False)
    assert by_hand.place is not None
    assert (by_hand.place.start_line, by_hand.place.function) == (13, "sweep")


async def test_what_a_run_still_says_cannot_be_decided_on(
    window: MainWindow, ollama: FakeOllama, vault: Path
) -> None:
    gate = Gate()
    ollama.answer = Answer(text=_REPORT, within=gate, within_after=_REPORT.index("## Low") // 5)
    await start(window, vault)
    press_key(window, Qt.Key.Key_R, CONTROL)
    await gate.reached()
    await until(lambda: bool(found(window)), window.findings.counted)
    window.findings.view.state_requested.emit(["new 1"], State.CONFIRMED)
    assert states(window)["new 1"] is State.OPEN
    press_key(window, Qt.Key.Key_Period, CONTROL)
    gate.open()
    await idle(window)
    window.findings.control.finish_recording()
    assert found(window)[0].key == "F1"


async def test_what_is_probably_known_is_asked(audited: MainWindow, ollama: FakeOllama) -> None:
    other = _REPORT.replace("Reentrancy in withdraw", "Balance is cleared too late")
    ollama.answer = Answer(text=other)
    await ran(audited)
    audited.findings.control.finish_recording()
    assert [one.key for one in found(audited)] == ["F1", "F2", "F3", "F4"]
    choose(audited, "F4")
    header = audited.findings.pane.header
    assert header._mark_words.text() == "This is probably F1 again."
    press_key(audited, Qt.Key.Key_Return)
    press(header.merge)
    assert found(audited)[3].duplicate_of == "F1"
    assert audited.findings.pane.key == "F1"
    assert len(found(audited)[0].sightings) == 2


async def test_one_of_several_sightings_is_split_off(
    audited: MainWindow, ollama: FakeOllama
) -> None:
    await ran(audited)
    audited.findings.control.finish_recording()
    assert len(found(audited)) == 3
    choose(audited, "F2")
    press_key(audited, Qt.Key.Key_Return)
    press(audited.findings.pane.sightings._splits[1])
    assert [(one.key, len(one.sightings)) for one in found(audited)] == [
        ("F1", 2),
        ("F2", 1),
        ("F3", 2),
        ("F4", 1),
    ]
    press_key(audited, Qt.Key.Key_2, CONTROL)
    press_key(audited, Qt.Key.Key_U)
    assert len(found(audited)[1].sightings) == 2


async def test_a_run_goes_on_while_another_file_is_open(
    window: MainWindow, ollama: FakeOllama, vault: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere" / "Other.sol"
    elsewhere.parent.mkdir()
    elsewhere.write_text("contract Other {}\n")
    gate = Gate()
    ollama.answer = Answer(text=_REPORT, within=gate, within_after=20)
    await start(window, vault)
    press_key(window, Qt.Key.Key_R, CONTROL)
    await gate.reached()
    window.file._editor.document().setModified(False)
    await window.file.open(elsewhere)
    gate.open()
    await idle(window)
    window.findings.control.finish_recording()
    assert found(window) == []
    header = window.runs.header
    assert header is not None
    assert [one.key for one in window.findings.of_runs([header.id])] == ["F1", "F2", "F3"]
    await window.file.open(vault)
    assert [one.key for one in found(window)] == ["F1", "F2", "F3"]


async def test_a_text_without_a_name_has_findings_too(
    window: MainWindow, ollama: FakeOllama
) -> None:
    ollama.answer = Answer(text=_REPORT.replace("Vault.sol", "Untitled.sol"))
    await start(window, None)
    window.editor.setPlainText(_SOURCE)
    await ran(window)
    window.findings.control.finish_recording()
    assert marked(window) == {6: ["F1"], 12: ["F2"]}
    assert not (paths.data() / "projects").exists()
    window.editor.document().setModified(False)
