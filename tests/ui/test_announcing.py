from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent

from benchmarks.corpus import report, tokens
from spectr_desktop.ui import announcing
from spectr_desktop.ui.report_pane import ReportPane
from spectr_desktop.ui.theme import Scheme, Theme

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Qt would hand to a screen reader."""
    said: list[str] = []

    def update(event: QAccessibleAnnouncementEvent) -> None:
        assert event.politeness() == QAccessible.AnnouncementPoliteness.Polite
        said.append(event.message())

    monkeypatch.setattr(announcing.QAccessible, "isActive", lambda: True)
    monkeypatch.setattr(announcing.QAccessible, "updateAccessibility", update)
    return said


@pytest.fixture
def pane(qtbot: QtBot, theme: Theme) -> ReportPane:
    pane = ReportPane(theme)
    qtbot.addWidget(pane)
    pane.resize(560, 500)
    pane.show()
    return pane


def test_a_section_is_told_once_and_a_token_never(pane: ReportPane, said: list[str]) -> None:
    text = report(6000)
    headings = [line.lstrip("# ") for line in text.split("\n") if line.startswith("#")]
    for token in tokens(text):
        pane.append_text(token)
        pane.view.render_now()
    pane.finish()
    assert len(said) == len(headings) < len(tokens(text)) / 50
    assert said[0] == f"Section: {headings[0]}"


def test_headings_of_one_frame_are_told_together(pane: ReportPane, said: list[str]) -> None:
    pane.append_text("".join(f"# Section {n}\n\ntext\n\n" for n in range(6)))
    pane.view.render_now()
    assert said == ["Section: Section 3; Section 4; Section 5"]


def test_a_document_that_is_written_anew_tells_nothing_again(
    pane: ReportPane, theme: Theme, said: list[str]
) -> None:
    pane.append_text("# One\n\ntext\n\n# Two\n\ntext\n\n")
    pane.view.render_now()
    theme.choose(Scheme.DARK)
    pane.view.zoom(1)
    pane.view.zoom_now()
    assert len(said) == 1
    pane.append_text("# Three\n\ntext\n\n")
    pane.view.render_now()
    assert said[1:] == ["Section: Three"]


def test_each_run_is_told_and_one_from_the_history_is_not(
    pane: ReportPane, said: list[str]
) -> None:
    for _ in range(2):
        pane.start("Vault.sol")
        pane.append_text("# One\n\ntext\n\n")
        pane.finish()
    assert said == ["Section: One"] * 2
    pane.set_markdown("# Old\n\ntext\n")
    assert "Section: Old" not in said


def test_a_copy_and_a_match_are_told(pane: ReportPane, said: list[str]) -> None:
    pane.set_markdown("# Old\n\nword word\n")
    said.clear()
    pane.finder.open()
    pane.finder.query.setText("word")
    pane.finder.step(1)
    pane.copying.copy_report()
    assert said == ["2 of 2", "The report is copied"]


def test_nothing_is_sent_when_nobody_listens(
    pane: ReportPane, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcing.QAccessible, "isActive", lambda: False)
    pane.tell("Word")
    assert said == []
