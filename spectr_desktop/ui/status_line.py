"""The line below the window: what the run is doing, for how long, how fast."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from spectr_desktop.records.run import Outcome, Phase
from spectr_desktop.records.server import ServerState

if TYPE_CHECKING:
    from spectr_desktop.audit.progress import Progress
    from spectr_desktop.records.run import RunResult

# A tenth of what a service allows is little.
_LOW = 10


class StatusLine(QWidget):
    """Phase, time, speed; and at the right whether the run is saved."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("statusLine")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._result = ""
        self._status = QLabel(self)
        self._status.setObjectName("runStatus")
        self._status.setAccessibleName(self.tr("Run status"))
        self._status.setTextFormat(Qt.TextFormat.PlainText)
        # A long line must not make the window wider.
        self._status.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._saved = QLabel(self)
        self._saved.setObjectName("savedStatus")
        self._saved.setTextFormat(Qt.TextFormat.PlainText)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 4, 14, 4)
        layout.addWidget(self._status, 1)
        layout.addWidget(self._saved)
        self.show_idle()

    def text(self) -> str:
        """What it says of the run."""
        return self._status.text()

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
        doing = names[progress.phase]
        if progress.position:
            doing = self.tr("Waiting for its turn, number {n} in line").format(n=progress.position)
        parts = [f"●  {doing}  {clock(progress.elapsed_s)}"]
        if progress.parts:
            of = self.tr("part {n} of {all}").format(n=progress.part, all=progress.parts)
            parts[0] = f"●  {doing}, {of}  {clock(progress.elapsed_s)}"
        parts += self._speed(progress)
        whole = progress.run_left_s
        if (seconds := progress.left_s if whole is None else whole) is not None:
            left = clock(math.ceil(seconds))
            parts.append(self.tr("about {time} left (estimate)").format(time=left))
        parts += self._worries(progress)
        self._show("     ".join(parts))
        self._status.setToolTip("\n".join(self._more(progress)))

    def show_result(self, result: RunResult, *, saved: bool) -> None:
        """The run has ended."""
        from spectr_desktop.report.run_timings import run_timings  # noqa: PLC0415  # with a result

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
        timings = run_timings(result.cells)
        if timings.total_ms is not None:
            parts[0] += "  " + clock(timings.total_ms / 1000)
        if timings.tokens_per_second is not None:
            parts.append(
                self.tr("{speed} tokens/s").format(speed=f"{timings.tokens_per_second:.1f}")
            )
        if result.usage.input is not None and result.usage.output is not None:
            parts.append(
                self.tr("{read} tokens read, {written} written").format(
                    read=f"{result.usage.input:,}", written=f"{result.usage.output:,}"
                )
            )
        self._result = "     ".join(parts)
        self._show(self._result)
        self._status.setToolTip("\n".join(self.totals(result)))
        self.show_saved(saved)

    def show_saved(self, saved: bool) -> None:
        """Whether the newest run is on the disk."""
        self._saved.setText(self.tr("saved") if saved else self.tr("not saved"))

    def show_server(self, state: ServerState) -> None:
        """What the server does after Stop; said behind how the run ended."""
        words = {
            ServerState.IDLE: self.tr("server idle"),
            ServerState.READING: self.tr("server still reading the prompt"),
            ServerState.WORKING: self.tr("server still working"),
            ServerState.UNKNOWN: self.tr("what the server does now is unknown"),
        }
        self._show(f"{self._result}     {words[state]}")

    def _speed(self, progress: Progress) -> list[str]:
        """How fast the answer comes, how much there is, how much room is left."""
        if progress.phase not in (Phase.THINKING, Phase.WRITING):
            return []
        parts: list[str] = []
        if progress.speed is not None:
            parts.append(self.tr("{speed} tokens/s").format(speed=f"{progress.speed:.1f}"))
            count = progress.earlier_tokens + progress.tokens
            parts.append(self.tr("{count} tokens").format(count=f"{count:,}"))
        if progress.context_used is not None and progress.context:
            share = min(100, round(100 * progress.context_used / progress.context))
            text = self.tr("context {share} %") if progress.exact else self.tr("context ~{share} %")
            parts.append(text.format(share=share))
        if progress.limit is not None:
            left = max(0, progress.limit - progress.tokens)
            text = self.tr("at most {count} left")
            if progress.parts:
                text = self.tr("at most {count} left in this part")
            parts.append(text.format(count=f"{left:,}"))
        return parts

    def _more(self, progress: Progress) -> list[str]:
        """What does not fit into the line."""
        lines: list[str] = []
        if progress.first_token_s is not None:
            seconds = f"{progress.first_token_s:.1f}"
            lines.append(self.tr("First token after {time} s").format(time=seconds))
        if progress.context_used is not None and progress.context:
            lines.append(
                self.tr("{used} of {all} tokens of the context are used").format(
                    used=f"{progress.context_used:,}", all=f"{progress.context:,}"
                )
            )
        return [*lines, *self._limits(progress)]

    def _worries(self, progress: Progress) -> list[str]:
        """What is not as it should be: a retry, a stall, a limit that is nearly reached."""
        parts: list[str] = []
        if progress.retry is not None:
            reasons = {
                "server_busy": self.tr("the server is busy"),
                "unreachable": self.tr("the server does not answer"),
            }
            reason = reasons.get(progress.retry.code, self.tr("the server reported an error"))
            parts.append(
                self.tr("{reason}; sent again in {time} s, attempt {n} of {all}").format(
                    reason=reason,
                    time=math.ceil(progress.retry_s),
                    n=progress.retry.attempt,
                    all=progress.retry.attempts,
                )
            )
        stalls = {
            "silent": self.tr("nothing new for {time}"),
            "slow": self.tr("far longer than lately, since {time}"),
            "unreachable": self.tr("the server has not answered for {time}"),
        }
        if (stall := progress.stall.value) in stalls:
            parts.append(stalls[stall].format(time=clock(progress.stalled_s)))
        for limit in progress.limits:
            if limit.limit is None or limit.remaining is None:
                continue
            if limit.remaining * _LOW <= limit.limit:
                count, what = f"{limit.remaining:,}", limit.name.replace("-", " ")
                parts.append(self.tr("only {count} {what} left").format(count=count, what=what))
        return parts

    def totals(self, result: RunResult) -> list[str]:
        """Where the time of a run went, and its tokens."""
        from spectr_desktop.report.run_timings import run_timings  # noqa: PLC0415  # with a result

        timings = run_timings(result.cells)
        times = {
            self.tr("Connected after {time} s"): timings.connect_ms,
            self.tr("Loaded in {time} s"): timings.loading_ms,
            self.tr("Read in {time} s"): timings.reading_ms,
            self.tr("First token after {time} s"): timings.first_token_ms,
            self.tr("Ended after {time} s"): timings.total_ms,
        }
        tokens = {
            self.tr("{count} tokens read"): result.usage.input,
            self.tr("{count} of them from a cache"): result.usage.cached,
            self.tr("{count} tokens written"): result.usage.output,
            self.tr("{count} of them thinking"): result.usage.thinking,
        }
        lines = [
            text.format(time=f"{milliseconds / 1000:.1f}")
            for text, milliseconds in times.items()
            if milliseconds is not None
        ]
        return lines + [
            text.format(count=f"{count:,}") for text, count in tokens.items() if count is not None
        ]

    def _limits(self, progress: Progress) -> list[str]:
        """What the service still allows, a line each."""
        lines: list[str] = []
        for limit in progress.limits:
            if limit.remaining is None:
                continue
            of = f" {self.tr('of')} {limit.limit:,}" if limit.limit is not None else ""
            until = f", {self.tr('until')} {limit.resets_at}" if limit.resets_at else ""
            name = limit.name.replace("-", " ")
            lines.append(f"{name}: {limit.remaining:,}{of} {self.tr('left')}{until}")
        return lines

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
