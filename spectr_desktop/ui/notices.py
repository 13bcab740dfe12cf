"""What the window says above the report: one sentence at a time, of one topic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from spectr_desktop.ui.banner import BannerKind
    from spectr_desktop.ui.report_pane import ReportPane
    from spectr_desktop.ui.run_control import RunControl

Topic = Literal["", "models", "file", "hint", "run"]


class Notices:
    """Knows whom the banner speaks of, so that nobody takes away what somebody else said.

    Attributes:
        topic: of what is said now, "" if nothing is.
    """

    def __init__(self, report: ReportPane, runs: RunControl) -> None:
        self._report, self._runs = report, runs
        self.topic: Topic = ""

    def say(self, topic: Topic, text: str, kind: BannerKind, detail: str = "") -> None:
        """Say something in place of what stands there."""
        self.topic = topic
        self._report.show_banner(text, kind, detail)

    def show_outcome(self) -> None:
        """Say what the report is worth; nothing else is said there any more."""
        self._report.clear_banner()
        self.topic = ""
        verdict = self._runs.verdict()
        if verdict.text:
            self.say("run", verdict.text, verdict.kind, verdict.detail)

    def settle(self, *topics: Topic) -> None:
        """What was said of these topics is over."""
        if self.topic in topics:
            self.show_outcome()
