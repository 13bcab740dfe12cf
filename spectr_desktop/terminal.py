"""What the command line says: report or events to standard output, all else to the other."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from spectr_desktop.records.events import (
    Notice,
    Queued,
    RetryScheduled,
    RunFinished,
    TextDelta,
    event_to_json,
)
from spectr_desktop.records.run import ErrorInfo, Outcome, Phase
from spectr_desktop.report.cell_texts import ReportText

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Sequence

    from spectr_desktop.audit.progress import Progress
    from spectr_desktop.errors import SpectrError
    from spectr_desktop.records.events import RunEntry, RunEvent
    from spectr_desktop.records.run import Cell

# What could steer a terminal: C0 without tab and line feed, DEL, C1, and what reorders letters.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_SHOWN_EVERY_S = 0.25
_USUAL_WIDTH = 80
_PHASES = {
    Phase.IDLE: "starting",
    Phase.CONNECTING: "connecting",
    Phase.LOADING: "loading the model",
    Phase.READING: "reading the prompt",
    Phase.THINKING: "thinking",
    Phase.WRITING: "writing",
    Phase.FINISHING: "finishing",
}
_STALLS = {
    "silent": "nothing new for {time}",
    "slow": "far longer than lately, since {time}",
    "unreachable": "the server has not answered for {time}",
}


class ProgressLine:
    """One line on standard error that is written again and again, where that is a terminal."""

    def __init__(self) -> None:
        self._shown = 0

    @staticmethod
    def fits() -> bool:
        """Whether standard error is a terminal that can go back to a line's begin."""
        return sys.stderr.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown")

    def show(self, text: str) -> None:
        """Write the line in place of the one before, cut to the terminal's width."""
        try:
            width = os.get_terminal_size(sys.stderr.fileno()).columns or _USUAL_WIDTH
        except OSError:
            width = _USUAL_WIDTH
        # In the last column some terminals begin a new line.
        cut = _CONTROLS.sub(" ", text).replace("\n", " ").replace("\t", " ")[: width - 1]
        left_over = min(self._shown, width - 1) - len(cut)
        sys.stderr.write("\r" + cut + " " * left_over + "\b" * left_over)
        sys.stderr.flush()
        self._shown = len(cut)

    def clear(self) -> None:
        """Leave nothing of it, so that other text can begin where it began."""
        if self._shown:
            self.show("")
            sys.stderr.write("\r")
            sys.stderr.flush()


_LINE = ProgressLine()


async def show_progress(
    ask: Callable[[], Progress],
    output: TextOutput,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Show where a run is until this is cancelled. Does nothing without a terminal.

    Where the report itself goes to a terminal, the line waits while it is being written.
    """
    if not _LINE.fits():
        return
    try:
        while True:
            progress = ask()
            writes = progress.phase in (Phase.WRITING, Phase.FINISHING)
            if sys.stdout.isatty() and (writes or output.ends_open):
                _LINE.clear()
            else:
                _LINE.show(progress_words(progress))
            await sleep(_SHOWN_EVERY_S)
    finally:
        _LINE.clear()


@contextlib.contextmanager
def progress_of(what: str) -> Generator[Callable[[int, int], None]]:
    """Shows how much of something is done, in hundredths; nothing without a terminal.

    Yields:
        What is told how much is done, and of how much.
    """

    def told(done: int, total: int) -> None:
        if _LINE.fits():
            _LINE.show(f"{what}, {100 * done // max(total, 1)} %")

    try:
        yield told
    finally:
        _LINE.clear()


def progress_words(progress: Progress) -> str:
    """Where a run is: what it does and how long, how fast, and what is wrong, e.g. a stall."""
    doing = _PHASES[progress.phase]
    time = clock(progress.phase_s)
    if progress.position:
        doing = f"waiting for its turn, number {progress.position} in line"
    if progress.left_s is not None:
        time += f" of about {clock(progress.phase_s + progress.left_s)}"
    parts = [f"{doing} {time}"]
    if progress.parts:
        parts.insert(0, f"part {progress.part} of {progress.parts}")
    if progress.speed is not None:
        parts.append(f"{progress.speed:.1f} tokens/s")
    if tokens := progress.earlier_tokens + progress.tokens:
        parts.append(f"{tokens:,} tokens")
    if progress.run_left_s is not None:
        parts.append(f"about {clock(progress.run_left_s)} left")
    if progress.retry is not None:
        again = f"sent again in {progress.retry_s:.0f} s"
        parts.append(f"{again}, attempt {progress.retry.attempt} of {progress.retry.attempts}")
    if (stall := progress.stall.value) in _STALLS:
        parts.append(_STALLS[stall].format(time=clock(progress.stalled_s)))
    if progress.elapsed_s - progress.phase_s >= 1:
        parts.append(f"{clock(progress.elapsed_s)} in all")
    return ", ".join(parts)


def clock(seconds: float) -> str:
    """Hours where there are some, minutes and seconds, e.g. "4:42"."""
    hours, rest = divmod(int(seconds), 3600)
    minutes, seconds_left = divmod(rest, 60)
    return (f"{hours}:{minutes:02}" if hours else f"{minutes}") + f":{seconds_left:02}"


class TextOutput:
    """The model's text as it comes."""

    def __init__(self) -> None:
        self.reader_gone: Callable[[], None] | None = None
        self._ends_open = False
        self._report = ReportText()

    def begin(self, cells: Sequence[Cell]) -> None:
        """A run of these requests is going to be shown; without it their texts have no titles."""
        self._report = ReportText(cells)

    @property
    def ends_open(self) -> bool:
        """The last line that was written has no end yet."""
        return self._ends_open

    def separate(self) -> None:
        """Another report follows: a line, and where Markdown has one, a thematic break."""
        self._put(("\n" if self._ends_open else "") + "\n---\n\n")
        self._ends_open = False

    def show(self, entries: Sequence[RunEntry]) -> None:
        """Take what happened since the last time."""
        for entry in entries:
            self._tell(entry.event)
        text = "".join(
            self._report.add(one.cell, one.event.text)
            for one in entries
            if isinstance(one.event, TextDelta)
        )
        if text:
            self._ends_open = not text.endswith("\n")
            self._put(text)
        if self._ends_open and any(isinstance(e.event, RunFinished) for e in entries):
            self._put("\n")
            self._ends_open = False

    def _tell(self, event: RunEvent) -> None:
        """What the user waits for, on standard error."""
        if isinstance(event, Notice):
            say(event.message)
        elif isinstance(event, Queued) and event.position:
            say(f"Waiting for its turn at the server, number {event.position} in line.")
        elif isinstance(event, RetryScheduled):
            say(
                f"{event.message} It is sent again in {event.delay_ms / 1000:.1f} s, attempt "
                f"{event.attempt} of {event.attempts}."
            )

    def ended(self, outcome: Outcome, error: SpectrError | None = None) -> None:
        """The run ended before it began; the sentence goes to standard error."""
        del outcome, error

    def _put(self, text: str) -> None:
        try:
            put(text)
        except BrokenPipeError:
            forget_stdout()
            if self.reader_gone is not None:
                self.reader_gone()


class EventOutput(TextOutput):
    """One JSON object a line, the outcome last."""

    def separate(self) -> None:
        """Each report ends with its outcome; another line would be no object."""

    def show(self, entries: Sequence[RunEntry]) -> None:
        """Take what happened since the last time."""
        for entry in entries:
            line = {**event_to_json(entry.event), "t": entry.t, "cell": entry.cell}
            self._put(json.dumps(line) + "\n")

    def ended(self, outcome: Outcome, error: SpectrError | None = None) -> None:
        """The run ended before it began."""
        info = error and ErrorInfo(error.code, error.message, error.params, error.detail)
        self._put(json.dumps(event_to_json(RunFinished(outcome, info))) + "\n")


def put(text: str) -> None:
    """To standard output; on a terminal nothing that could steer it."""
    if sys.stdout.isatty():
        _LINE.clear()
        text = _CONTROLS.sub("\ufffd", text)
    sys.stdout.write(text)
    sys.stdout.flush()


def say(sentence: str) -> None:
    """To standard error, as one line."""
    _LINE.clear()
    sys.stderr.write(_CONTROLS.sub(" ", sentence).replace("\n", " ") + "\n")


def forget_stdout() -> None:
    """The reader of a pipe went away: write no more, and let the interpreter exit quietly."""
    sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
