"""The line below the window: what the run is doing, for how long, how fast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from spectr_desktop.records.run import Outcome, Phase

if TYPE_CHECKING:
    from spectr_desktop.audit.session import Progress
    from spectr_desktop.records.run import RunResult

# A silence worth a word while text should come (product.md, "stalled").
_STALLED_S = 20.0
# A speed needs a little time to mean anything.
_SPEED_AFTER_S = 0.5


class StatusLine(QWidget):
    """Phase, time, speed; and at the right whether the run is saved."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("statusLine")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._status = QLabel(self)
        self._status.setObjectName("runStatus")
        self._status.setAccessibleName(self.tr("Run status"))
        self._status.setTextFormat(Qt.TextFormat.PlainText)
        self._saved = QLabel(self)
        self._saved.setObjectName("savedStatus")
        self._saved.setTextFormat(Qt.TextFormat.PlainText)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 4, 14, 4)
        layout.addWidget(self._status, 1)
        layout.addWidget(self._saved)
        self.show_idle()

    def show_idle(self) -> None:
        """Nothing runs."""
        self._show(self.tr("Ready"))
        self._saved.clear()

    def show_message(self, text: str) -> None:
        """A short word on something that was done, e.g. a file that was saved."""
        self._show(text)

    def show_progress(self, progress: Progress) -> None:
        """A run is going on."""
        names = {
            Phase.IDLE: self.tr("Starting"),
            Phase.CONNECTING: self.tr("Connecting"),
            Phase.LOADING: self.tr("Loading the model"),
            Phase.READING: self.tr("Reading the source"),
            Phase.THINKING: self.tr("Thinking"),
            Phase.WRITING: self.tr("Writing"),
            Phase.FINISHING: self.tr("Finishing"),
        }
        parts = [f"●  {names[progress.phase]}  {clock(progress.elapsed_s)}"]
        writes = progress.phase in (Phase.THINKING, Phase.WRITING)
        if writes and progress.writing_s > _SPEED_AFTER_S:
            speed = (progress.tokens - 1) / progress.writing_s
            parts.append(self.tr("{speed} tokens/s").format(speed=f"{speed:.1f}"))
            parts.append(self.tr("{count} tokens").format(count=f"{progress.tokens:,}"))
        if writes and progress.silent_s > _STALLED_S:
            parts.append(self.tr("nothing new for {time}").format(time=clock(progress.silent_s)))
        self._show("     ".join(parts))

    def show_result(self, result: RunResult, *, saved: bool) -> None:
        """The run has ended."""
        names = {
            Outcome.COMPLETE: self.tr("Complete"),
            Outcome.STOPPED: self.tr("Stopped"),
            Outcome.LENGTH_LIMIT: self.tr("Cut at the output limit"),
            Outcome.CONTEXT_FULL: self.tr("Cut: the context is full"),
            Outcome.REFUSED: self.tr("Declined by the provider"),
            Outcome.INTERRUPTED: self.tr("Interrupted"),
            Outcome.FAILED: self.tr("Failed"),
            Outcome.NOT_SENT: self.tr("Not sent"),
        }
        parts = [names[result.outcome]]
        timings = result.cells[0].timings if result.cells else None
        if timings is not None and timings.total_ms is not None:
            parts[0] += "  " + clock(timings.total_ms / 1000)
        if timings is not None and timings.tokens_per_second is not None:
            parts.append(
                self.tr("{speed} tokens/s").format(speed=f"{timings.tokens_per_second:.1f}")
            )
        if result.usage.input is not None and result.usage.output is not None:
            parts.append(
                self.tr("{read} tokens read, {written} written").format(
                    read=f"{result.usage.input:,}", written=f"{result.usage.output:,}"
                )
            )
        self._show("     ".join(parts))
        self._saved.setText(self.tr("saved") if saved else self.tr("not saved"))

    def _show(self, text: str) -> None:
        if self._status.text() != text:
            self._status.setText(text)
            # Its name stays "Run status", so what it says has to be read somewhere else.
            self._status.setAccessibleDescription(text)


def clock(seconds: float) -> str:
    """Minutes and seconds, e.g. "4:42"."""
    whole = int(seconds)
    if whole >= 3600:  # noqa: PLR2004  # an hour
        return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
    return f"{whole // 60}:{whole % 60:02}"
