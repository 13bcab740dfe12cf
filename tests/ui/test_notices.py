from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QLabel

from spectr_desktop.records.run import Outcome, RunResult
from spectr_desktop.ui.notices import Notices
from spectr_desktop.ui.report_pane import ReportPane
from spectr_desktop.ui.run_control import RunControl
from tests.run_samples import plan
from tests.ui.driving import child

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from spectr_desktop.ui.theme import Theme

STOPPED = RunResult(Outcome.STOPPED, "", (), {"1.quick": "text"})


@pytest.fixture
def pane(qtbot: QtBot, theme: Theme) -> ReportPane:
    pane = ReportPane(theme)
    qtbot.addWidget(pane)
    return pane


@pytest.fixture
def runs(pane: ReportPane) -> RunControl:
    return RunControl(pane)


@pytest.fixture
def notices(pane: ReportPane, runs: RunControl) -> Notices:
    return Notices(pane, runs)


def text(pane: ReportPane) -> str:
    label = child(pane, QLabel, "reportBanner")
    return "" if label.isHidden() else label.text()


def test_one_sentence_takes_the_place_of_another(notices: Notices, pane: ReportPane) -> None:
    notices.say("models", "No server.", "warning")
    notices.say("file", "It cannot be read.", "error")
    assert text(pane).endswith("It cannot be read.")
    assert notices.topic == "file"


def test_nobody_takes_away_what_somebody_else_said(notices: Notices, pane: ReportPane) -> None:
    notices.say("file", "It cannot be read.", "error")
    notices.settle("models", "hint")
    assert text(pane).endswith("It cannot be read.")
    notices.settle("file")
    assert text(pane) == ""
    assert notices.topic == ""


def test_what_is_settled_gives_way_to_the_reports_worth(
    notices: Notices, pane: ReportPane, runs: RunControl
) -> None:
    runs.result, runs.header = STOPPED, plan().header
    notices.say("hint", "Pick a model.", "info")
    notices.settle("hint")
    assert "topped" in text(pane)
    assert notices.topic == "run"
    notices.settle("models", "file", "hint")
    assert "topped" in text(pane)


def test_a_whole_report_needs_no_words(
    notices: Notices, pane: ReportPane, runs: RunControl
) -> None:
    runs.result = replace(STOPPED, outcome=Outcome.COMPLETE)
    runs.header = plan().header
    notices.say("run", "It goes on.", "info")
    notices.show_outcome()
    assert text(pane) == ""
    assert notices.topic == ""
