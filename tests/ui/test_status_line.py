from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QLabel

from spectr_desktop.audit.progress import Progress, Stall
from spectr_desktop.records.events import RateLimit, RetryScheduled
from spectr_desktop.records.run import CellResult, Outcome, Phase, RunResult, Timings, Usage
from spectr_desktop.records.server import ServerState
from spectr_desktop.ui.status_line import StatusLine, clock

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

_PROGRESS = Progress(
    Phase.WRITING, elapsed_s=282.9, phase_s=60.0, tokens=601, speed=10.0, first_token_s=7.1
)
_RESULT = RunResult(
    Outcome.COMPLETE,
    "2026-11-23T10:00:00Z",
    (CellResult("1.quick", Outcome.COMPLETE, timings=Timings(1.0, 2.0, 61_900.0, 12.34)),),
    {"1.quick": "x"},
    usage=Usage(1234, 567),
)


@pytest.fixture
def line(qtbot: QtBot) -> StatusLine:
    line = StatusLine()
    qtbot.addWidget(line)
    return line


def _text(line: StatusLine, name: str = "runStatus") -> str:
    label = line.findChild(QLabel, name)
    assert isinstance(label, QLabel)
    return label.text()


def test_nothing_runs(line: StatusLine) -> None:
    assert _text(line) == "Ready"


def test_a_screen_reader_hears_what_is_shown(line: StatusLine) -> None:
    line.show_message("Vault.sol is saved")
    label = line.findChild(QLabel, "runStatus")
    assert isinstance(label, QLabel)
    assert label.accessibleName() == "Run status"
    assert label.accessibleDescription() == "Vault.sol is saved"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (59.9, "0:59"), (282, "4:42"), (3600, "1:00:00")]
)
def test_the_clock_counts_whole_seconds(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


def test_progress_has_phase_time_and_speed(line: StatusLine) -> None:
    line.show_progress(_PROGRESS)
    assert _text(line) == "●  Writing  4:42     10.0 tokens/s     601 tokens"


def test_the_room_that_is_left_is_told_while_it_writes(line: StatusLine) -> None:
    room = replace(_PROGRESS, context_used=2048, context=8192, limit=8192)
    line.show_progress(room)
    assert _text(line).endswith("601 tokens     context ~25 %     at most 7,591 left")
    line.show_progress(replace(room, exact=True))
    assert "context 25 %" in _text(line)
    label = line.findChild(QLabel, "runStatus")
    assert isinstance(label, QLabel)
    assert label.toolTip().split("\n") == [
        "First token after 7.1 s",
        "2,048 of 8,192 tokens of the context are used",
    ]
    line.show_progress(replace(room, phase=Phase.READING, speed=None))
    assert _text(line) == "●  Reading the source  4:42"


def test_a_run_of_parts_says_which_and_counts_all(line: StatusLine) -> None:
    part = replace(_PROGRESS, part=2, parts=3, earlier_tokens=1000, run_left_s=75.5, left_s=3.0)
    line.show_progress(replace(part, limit=700))
    assert _text(line) == (
        "●  Writing, part 2 of 3  4:42     10.0 tokens/s     1,601 tokens     "
        "at most 99 left in this part     about 1:16 left (estimate)"
    )


def test_the_result_of_parts_has_the_times_of_all(line: StatusLine) -> None:
    cells = (
        CellResult("1.quick", Outcome.COMPLETE, usage=Usage(10, 100), timings=_timings(50.0)),
        CellResult("2.quick", Outcome.COMPLETE, usage=Usage(10, 100), timings=_timings(100.0)),
    )
    line.show_result(replace(_RESULT, cells=cells), saved=True)
    assert _text(line).startswith("Complete  2:00     66.7 tokens/s     1,234 tokens read")
    assert "Ended after 120.0 s" in line.totals(replace(_RESULT, cells=cells))


def _timings(speed: float) -> Timings:
    return Timings(1.0, 2.0, 60_000.0, speed)


def test_what_is_left_is_marked_as_an_estimate(line: StatusLine) -> None:
    line.show_progress(replace(_PROGRESS, phase=Phase.LOADING, left_s=11.2))
    assert _text(line).endswith("about 0:12 left (estimate)")


def test_every_phase_has_a_word_of_its_own(line: StatusLine) -> None:
    seen = set()
    for phase in Phase:
        line.show_progress(replace(_PROGRESS, phase=phase))
        seen.add(_text(line))
    assert len(seen) == len(Phase)


@pytest.mark.parametrize(
    ("stall", "words"),
    [
        (Stall.SILENT, "nothing new for 1:15"),
        (Stall.SLOW, "far longer than lately, since 1:15"),
        (Stall.UNREACHABLE, "the server has not answered for 1:15"),
    ],
)
def test_a_stall_says_what_and_for_how_long(line: StatusLine, stall: Stall, words: str) -> None:
    line.show_progress(replace(_PROGRESS, stall=stall, stalled_s=75.0))
    assert words in _text(line)
    line.show_progress(_PROGRESS)
    assert words not in _text(line)


def test_a_queue_and_a_retry_are_told(line: StatusLine) -> None:
    line.show_progress(replace(_PROGRESS, phase=Phase.IDLE, position=2))
    assert _text(line).startswith("●  Waiting for its turn, number 2 in line  4:42")
    retry = RetryScheduled(2, 3, 4000, "server_busy", "Busy.")
    line.show_progress(replace(_PROGRESS, phase=Phase.CONNECTING, retry=retry, retry_s=3.2))
    assert "the server is busy; sent again in 4 s, attempt 2 of 3" in _text(line)
    line.show_progress(replace(_PROGRESS, retry=replace(retry, code="server_error")))
    assert "the server reported an error; sent again in 0 s" in _text(line)


def test_what_a_service_allows_is_in_the_tooltip(line: StatusLine) -> None:
    limits = (
        RateLimit("requests", 50, 49, "2026-11-24T10:00:00Z"),
        RateLimit("input-tokens", None, 40_000),
        RateLimit("tokens", 5, None),
    )
    line.show_progress(replace(_PROGRESS, first_token_s=None, limits=limits))
    label = line.findChild(QLabel, "runStatus")
    assert isinstance(label, QLabel)
    assert label.toolTip().split("\n") == [
        "requests: 49 of 50 left, until 2026-11-24T10:00:00Z",
        "input tokens: 40,000 left",
    ]


def test_what_a_service_hardly_allows_any_more_is_in_the_line(line: StatusLine) -> None:
    limits = (RateLimit("requests", 50, 5), RateLimit("input-tokens", 50_000, 40_000))
    line.show_progress(replace(_PROGRESS, limits=limits))
    assert _text(line).endswith("only 5 requests left")
    assert "input tokens" not in _text(line)


@pytest.mark.parametrize("state", ServerState)
def test_after_stop_the_servers_state_stands_behind_the_result(
    line: StatusLine, state: ServerState
) -> None:
    line.show_result(replace(_RESULT, outcome=Outcome.STOPPED), saved=True)
    before = _text(line)
    line.show_server(ServerState.UNKNOWN)
    line.show_server(state)
    assert _text(line).startswith(before)
    assert "server" in _text(line).removeprefix(before)


def test_a_result_has_time_speed_and_tokens(line: StatusLine) -> None:
    line.show_result(_RESULT, saved=True)
    assert _text(line) == "Complete  1:01     12.3 tokens/s     1,234 tokens read, 567 written"
    assert _text(line, "savedStatus") == "saved"
    label = line.findChild(QLabel, "runStatus")
    assert isinstance(label, QLabel)
    assert label.toolTip().split("\n")[-3:] == [
        "Ended after 61.9 s",
        "1,234 tokens read",
        "567 tokens written",
    ]


@pytest.mark.parametrize("outcome", Outcome)
def test_only_a_complete_run_looks_finished(line: StatusLine, outcome: Outcome) -> None:
    line.show_result(replace(_RESULT, outcome=outcome), saved=False)
    assert _text(line).startswith("Complete") is outcome.finished
    assert _text(line, "savedStatus") == "not saved"


def test_a_result_without_figures_has_none(line: StatusLine) -> None:
    line.show_result(replace(_RESULT, cells=(), usage=Usage()), saved=True)
    assert _text(line) == "Complete"
