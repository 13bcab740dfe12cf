"""What the command line says: report or events to standard output, all else to the other."""

from __future__ import annotations

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
from spectr_desktop.records.run import ErrorInfo, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spectr_desktop.errors import SpectrError
    from spectr_desktop.records.events import RunEntry, RunEvent

# What could steer a terminal: C0 without tab and line feed, DEL, C1.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class TextOutput:
    """The model's text as it comes."""

    def __init__(self) -> None:
        self.reader_gone: Callable[[], None] | None = None
        self._ends_open = False

    def show(self, entries: Sequence[RunEntry]) -> None:
        """Take what happened since the last time."""
        for entry in entries:
            self._tell(entry.event)
        text = "".join(e.event.text for e in entries if isinstance(e.event, TextDelta))
        if text:
            self._ends_open = not text.endswith("\n")
            self._put(text)
        if self._ends_open and any(isinstance(e.event, RunFinished) for e in entries):
            self._put("\n")

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
        text = _CONTROLS.sub("\ufffd", text)
    sys.stdout.write(text)
    sys.stdout.flush()


def say(sentence: str) -> None:
    """To standard error, as one line."""
    sys.stderr.write(_CONTROLS.sub(" ", sentence).replace("\n", " ") + "\n")


def forget_stdout() -> None:
    """The reader of a pipe went away: write no more, and let the interpreter exit quietly."""
    sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
