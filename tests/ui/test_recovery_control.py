# ruff: noqa: ASYNC240  # the files are small and the test's own
from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QMessageBox

from spectr_desktop.audit import recovery
from spectr_desktop.records.run import Outcome
from spectr_desktop.records.server import Locality
from spectr_desktop.store import stored_runs
from spectr_desktop.store.journal import Journal
from spectr_desktop.ui.when import moment
from tests.servers.script import Gate, Pause
from tests.ui.conftest import SOURCE
from tests.ui.driving import (
    NONE,
    answer,
    asked,
    banner,
    button,
    child,
    idle,
    open_window,
    opened,
    press,
    press_key,
    ran,
    start,
    status,
)
from tests.ui.export_samples import export_from
from tests.ui.left_runs import (
    FIRST_PART,
    FOUND,
    answered,
    journal_of,
    left,
    listed,
    offered,
    planned,
    report_bar,
    said,
)

if TYPE_CHECKING:
    from pathlib import Path

    from spectr_desktop.ui.main_window import MainWindow
    from tests.ui.conftest import Ollama


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A contract on the disk."""
    path = tmp_path / "client" / "Vault.sol"
    path.parent.mkdir()
    path.write_text(SOURCE)
    return path


def keys_of(window: MainWindow) -> list[str]:
    """The findings in the list."""
    return [one.key for one in window.findings.control._book.findings()]


async def test_a_card_says_what_was_left(window: MainWindow, ollama: Ollama, file: Path) -> None:
    run = await left(planned(ollama, file))
    await start(window, None)
    bar = report_bar(window)
    at = moment(stored_runs.read_run(run).last_at)
    assert said(bar).endswith(
        f"The report on Vault.sol was interrupted at {at}: 9 lines, 1 finding, 1 lead."
    )
    assert offered(bar) == ["open", "again", "delete"]
    assert asked(ollama) == []
    assert window.report.text() == ""


async def test_nothing_is_offered_after_a_good_end(
    window: MainWindow, ollama: Ollama, file: Path
) -> None:
    await start(window, file)
    assert said(report_bar(window)) == ""


async def test_open_shows_it_and_asks_nobody(
    window: MainWindow, ollama: Ollama, file: Path
) -> None:
    run = await left(planned(ollama, file))
    await start(window, None)
    await answered(window, report_bar(window), "open")
    assert window.report.text() == FIRST_PART
    assert window.editor.text() == SOURCE
    assert not window.editor.isReadOnly()
    assert keys_of(window) == ["F1", "F2"]
    assert "The program ended before the run did" in banner(window)
    assert asked(ollama) == []
    assert offered(report_bar(window)) == ["again"]  # the card is settled
    assert recovery.is_answered(run)


async def test_the_missing_part_is_one_request_the_same_as_before(
    window: MainWindow, ollama: Ollama, file: Path, tmp_path: Path
) -> None:
    plan = planned(ollama, file)
    run = await left(plan)
    ollama.answer.text = FOUND.replace("High", "Critical")
    await start(window, None)
    await answered(window, report_bar(window), "again")
    (body,) = asked(ollama)
    request = plan.requests[0].request
    assert [m["content"] for m in body["messages"]] == [request.system, request.prompt]
    result = window.runs.result
    assert result is not None
    assert result.outcome is Outcome.COMPLETE
    text = window.report.text()
    assert text == "".join(result.texts.values())
    assert text.startswith(FIRST_PART)
    assert text.count("The run was interrupted here.") == 1
    assert text.endswith(ollama.answer.text)
    assert "Complete" in status(window)
    assert recovery.interrupted() == []
    assert recovery.is_answered(run)
    # Both answers tell of one bug: it is one finding that was seen twice.
    (bug,) = [one for one in window.findings.of_runs(window.runs.ids) if len(one.sightings) == 2]
    assert [one.run for one in bug.sightings] == list(window.runs.ids)
    (await export_from(window, tmp_path, ".md")).reject()
    (file,) = tmp_path.glob("*-report.md")
    exported = file.read_text()
    assert "The run was interrupted here." in exported
    assert "An unfin" in exported
    assert "Complete" in exported or "complete" in exported


async def test_a_place_in_the_second_answer_is_found_behind_the_seam(
    window: MainWindow, ollama: Ollama, file: Path
) -> None:
    await left(planned(ollama, file), "Nothing yet.\n")
    ollama.answer.text = "Some words first.\n\n" + FOUND
    await start(window, None)
    await answered(window, report_bar(window), "again")
    (found,) = window.findings.of_runs(window.runs.ids)
    window.findings.control._on_sighting(
        found.sightings[0].run, found.sightings[0].cell, found.sightings[0].start
    )
    cursor = window.report.view.textCursor()
    assert cursor.block().text().endswith("Anybody withdraws")


async def test_again_can_be_stopped_and_is_offered_once_more(
    window: MainWindow, ollama: Ollama, file: Path
) -> None:
    await left(planned(ollama, file))
    gate = Gate()
    ollama.routes["POST", "/api/show"] = [Pause(gate)]
    await start(window, None)
    press(child(report_bar(window), QAbstractButton, "change_again"))
    await gate.reached()
    press_key(window, Qt.Key.Key_Escape, NONE)
    await idle(window)
    assert asked(ollama) == []
    assert window.report.text() == FIRST_PART
    assert "again" in offered(report_bar(window))
    assert len(recovery.interrupted()) == 1


async def test_a_model_that_is_gone_leaves_the_card(
    window: MainWindow, ollama: Ollama, file: Path
) -> None:
    await left(planned(ollama, file))
    await start(window, None)
    ollama.installed.clear()
    await answered(window, report_bar(window), "again")
    assert "has no model" in banner(window)
    assert window.report.text() == FIRST_PART
    assert keys_of(window) == ["F1", "F2"]
    assert offered(report_bar(window)) == ["open", "again", "delete"]


async def test_again_asks_before_the_source_leaves_the_machine(
    window: MainWindow, ollama: Ollama, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from spectr_desktop.providers.ollama import Ollama as Adapter  # noqa: PLC0415  # its name

    monkeypatch.setattr(Adapter, "locality", lambda _self, _model: Locality.REMOTE)
    await left(planned(ollama, file))
    await start(window, None)
    press(child(report_bar(window), QAbstractButton, "change_again"))
    text = await answer(window, "cancel")
    await idle(window)
    assert text.startswith("Send the source to 127.0.0.1:")
    assert asked(ollama) == []
    assert "again" in offered(report_bar(window))
    press(child(report_bar(window), QAbstractButton, "change_again"))
    await answer(window, "send")
    await idle(window)
    assert len(asked(ollama)) == 1


async def test_air_gap_mode_refuses_another_machine(window: MainWindow, file: Path) -> None:
    class Elsewhere:
        base_url = "http://198.51.100.1:11434"

    await left(planned(Elsewhere(), file))  # type: ignore[arg-type]  # only its address
    await start(window, None)
    window.servers.set_air_gap(on=True)
    await answered(window, report_bar(window), "again")
    assert "Air-gap" in banner(window)
    assert window.servers.refusals == 1
    assert "again" in offered(report_bar(window))


async def test_delete_can_be_undone_in_the_history(
    window: MainWindow, ollama: Ollama, file: Path
) -> None:
    run = await left(planned(ollama, file))
    await start(window, None)
    await answered(window, report_bar(window), "delete")
    assert window.keeping.history_page.isVisible()
    assert said(report_bar(window)) == ""
    assert not journal_of(run).exists()
    await listed(window)
    press(button(window.keeping.history_view, "historyUndoButton"))
    await idle(window)
    await listed(window)
    assert journal_of(run).exists()
    assert len(recovery.interrupted()) == 1


async def test_closed_cards_do_not_come_back(ollama: Ollama, file: Path) -> None:
    run = await left(planned(ollama, file))
    async with open_window() as window:
        await start(window, None)
        press(child(report_bar(window), QAbstractButton, "changeClose"))
        await idle(window)
        assert window.report.text() == ""
    assert journal_of(run).exists()
    async with open_window() as window:
        await start(window, None)
        assert said(report_bar(window)) == ""


async def test_a_card_that_nobody_answered_comes_back(ollama: Ollama, file: Path) -> None:
    await left(planned(ollama, file))
    for _ in range(2):
        async with open_window() as window:
            await start(window, None)
            assert "was interrupted" in said(report_bar(window))


async def test_several_wait_in_line(window: MainWindow, ollama: Ollama, file: Path) -> None:
    for name in ("A.sol", "B.sol", "C.sol"):
        await left(planned(ollama, file.with_name(name)), "One line.\n")
    await start(window, None)
    bar = report_bar(window)
    names = []
    while said(bar):
        names.append(said(bar).split()[4])
        press(child(bar, QAbstractButton, "changeClose"))
        await idle(window)
    assert sorted(names) == ["A.sol", "B.sol", "C.sol"]


async def test_what_another_window_looked_after_is_not_asked_twice(
    window: MainWindow, ollama: Ollama, file: Path
) -> None:
    run = await left(planned(ollama, file))
    await start(window, None)
    recovery.settle(run)
    await answered(window, report_bar(window), "again")
    assert asked(ollama) == []
    assert "another window" in banner(window)
    assert said(report_bar(window)) == ""


async def test_a_run_of_another_program_that_goes_on_is_not_offered(
    window: MainWindow, ollama: Ollama, file: Path
) -> None:
    journal = Journal(planned(ollama, file).header)
    await start(window, None)
    assert said(report_bar(window)) == ""
    await journal.close()


async def test_unsaved_edits_are_asked_for_first(
    window: MainWindow, ollama: Ollama, file: Path, contract: Path
) -> None:
    run = await left(planned(ollama, file))
    await start(window, contract)
    window.editor.insertPlainText("// mine\n")
    press(child(report_bar(window), QAbstractButton, "change_open"))
    await answer(window, "cancel")
    await idle(window)
    assert window.editor.text().startswith("// mine\n")
    assert window.report.text() == ""
    assert offered(report_bar(window)) == ["open", "again", "delete"]
    assert not recovery.is_answered(run)
    press(child(report_bar(window), QAbstractButton, "change_open"))
    await answer(window, "discard")
    await idle(window)
    assert window.editor.text() == SOURCE
    assert window.report.text() == FIRST_PART


async def test_edits_of_the_very_file_that_are_saved_leave_the_past_to_be_read(
    window: MainWindow, ollama: Ollama, file: Path
) -> None:
    await left(planned(ollama, file))
    await start(window, file)
    window.editor.insertPlainText("// mine\n")
    press(child(report_bar(window), QAbstractButton, "change_open"))
    await answer(window, "save")
    await idle(window)
    assert file.read_text() == "// mine\n" + SOURCE
    assert window.editor.text() == SOURCE
    assert window.editor.isReadOnly()
    assert "The file has changed since." in said(window.source_bar)


async def test_a_run_that_goes_on_is_not_replaced(
    window: MainWindow, ollama: Ollama, file: Path
) -> None:
    await left(planned(ollama, file))
    await start(window, file)
    gate = ollama.answer.before = Gate()
    press(button(window, "runButton"))
    await gate.reached()
    press(child(report_bar(window), QAbstractButton, "change_again"))
    gate.open()
    await idle(window)
    assert len(asked(ollama)) == 1
    assert "again" in offered(report_bar(window))


async def test_damaged_lines_are_told(window: MainWindow, ollama: Ollama, file: Path) -> None:
    run = await left(planned(ollama, file))
    raw = journal_of(run).read_bytes().split(b"\n")
    journal_of(run).write_bytes(b"\n".join([raw[0], b"{half", b"\xff", *raw[1:]]))
    await start(window, None)
    await answered(window, report_bar(window), "open")
    assert "2 lines of this run's file are damaged" in banner(window)
    assert "Some of this report may be missing here" in window.report.text()
    assert window.report.text().endswith(FIRST_PART)


async def test_without_its_beginning_the_text_can_be_read(
    window: MainWindow, ollama: Ollama, file: Path
) -> None:
    run = await left(planned(ollama, file))
    _, rest = journal_of(run).read_bytes().split(b"\n", 1)
    journal_of(run).write_bytes(b"{\n" + rest)
    await start(window, file)
    assert offered(report_bar(window)) == ["open", "delete"]
    await answered(window, report_bar(window), "open")
    assert window.report.text() == FIRST_PART
    assert "The beginning of this run's file is damaged" in banner(window)
    assert window.editor.text() == SOURCE
    assert not button(window, "exportButton").isEnabled()
    await ran(window)
    assert button(window, "exportButton").isEnabled()


async def test_a_run_that_is_gone_on_with_is_not_offered_itself(ollama: Ollama, file: Path) -> None:
    first = planned(ollama, file)
    run = await left(first)
    second = planned(ollama, file)
    await left(replace(second, header=replace(second.header, continues=run)), FOUND)
    async with open_window() as window:
        await start(window, None)
        bar = report_bar(window)
        assert "16 lines, 2 findings, 1 lead" in said(bar)
        await answered(window, bar, "open")
        assert offered(bar) == ["again"]
        assert window.report.text().count("The run was interrupted here.") == 1


async def test_a_hostile_name_stays_one_line(window: MainWindow, ollama: Ollama) -> None:
    from pathlib import Path  # noqa: PLC0415  # the name is not on this disk

    plan = planned(ollama, Path("/nowhere/<b>x\u202egpj.sol"))
    await left(replace(plan, header=replace(plan.header, title="<b>x\u202egpj\n.sol")))
    await start(window, None)
    assert "\u202e" not in said(report_bar(window))
    assert "\n" not in said(report_bar(window))
    assert "<b>" in said(report_bar(window))


async def test_a_run_again_keeps_what_was_asked_of_it(
    window: MainWindow, ollama: Ollama, file: Path
) -> None:
    from spectr_desktop.audit.compose import Limits  # noqa: PLC0415  # beside its only use

    limits = Limits(context=4096, max_tokens=777, temperature=0.5, seed=11)
    await left(planned(ollama, file, limits=limits))
    await start(window, None)
    await answered(window, report_bar(window), "again")
    (body,) = asked(ollama)
    options = body["options"]
    assert (options["num_ctx"], options["num_predict"]) == (4096, 777)
    assert (options["temperature"], options["seed"]) == (0.5, 11)
    header = json.loads(journal_of(window.runs.ids[-1]).read_bytes().split(b"\n")[0])
    assert header["continues"] == window.runs.ids[0]


async def test_quitting_while_a_card_asks_loses_nothing(ollama: Ollama, file: Path) -> None:
    await left(planned(ollama, file))
    async with open_window() as window:
        await start(window, file)
        window.editor.insertPlainText("// mine\n")
        press(child(report_bar(window), QAbstractButton, "change_open"))
        box = await opened(window, QMessageBox)
        assert box.isVisible()
    assert len(recovery.interrupted()) == 1


@pytest.mark.parametrize("root", [None, ""])
async def test_of_an_old_source_the_findings_of_both_parts_are_shown(
    window: MainWindow, ollama: Ollama, file: Path, root: str | None
) -> None:
    await left(planned(ollama, file, root=root), FOUND)
    ollama.answer.text = FOUND.replace("High", "Low").replace("Anybody withdraws", "It is empty")
    file.write_text("contract Other {}\n")
    await start(window, None)
    await answered(window, report_bar(window), "again")
    assert window.editor.isReadOnly()
    found = window.findings.of_runs(window.runs.ids)
    seen = {one.run for each in found for one in each.sightings}
    assert seen == set(window.runs.ids)
    assert "Complete" in status(window)
    assert said(report_bar(window)) == ""
