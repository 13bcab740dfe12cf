from __future__ import annotations

import asyncio
import io
import os
import sys
from typing import TYPE_CHECKING

import pytest

from spectr_desktop.audit.progress import Progress, Stall
from spectr_desktop.audit.run_report import RunReport
from spectr_desktop.records.events import (
    CellFinished,
    RetryScheduled,
    RunEntry,
    RunFinished,
    TextDelta,
)
from spectr_desktop.records.run import Outcome, Phase
from spectr_desktop.terminal import TextOutput, clock, progress_of, progress_words, say
from tests.part_samples import planned
from tests.program import start
from tests.servers.script import Gate
from tests.servers.scripted import ThreadedServer
from tests.test_cli import at, whole

if TYPE_CHECKING:
    from pathlib import Path

_RETRY = RetryScheduled(2, 5, 3000, "server_busy", "The server is busy.")


@pytest.mark.parametrize(
    ("progress", "expected"),
    [
        (Progress(Phase.LOADING, 3.2, 3.2, 0), "loading the model 0:03"),
        (
            Progress(Phase.READING, 45.0, 42.0, 0, left_s=48.5),
            "reading the prompt 0:42 of about 1:30, 0:45 in all",
        ),
        (
            Progress(Phase.WRITING, 4000.0, 61.0, 1234, speed=42.06),
            "writing 1:01, 42.1 tokens/s, 1,234 tokens, 1:06:40 in all",
        ),
        (
            Progress(Phase.CONNECTING, 5.0, 5.0, 0, position=3),
            "waiting for its turn, number 3 in line 0:05",
        ),
        (
            Progress(Phase.CONNECTING, 5.0, 5.0, 0, retry=_RETRY, retry_s=2.4),
            "connecting 0:05, sent again in 2 s, attempt 2 of 5",
        ),
        (
            Progress(Phase.THINKING, 30.0, 30.0, 1, stall=Stall.SILENT, stalled_s=21.0),
            "thinking 0:30, 1 tokens, nothing new for 0:21",
        ),
        (
            Progress(
                Phase.WRITING,
                90.0,
                30.0,
                20,
                speed=4.0,
                part=2,
                parts=3,
                earlier_tokens=1000,
                run_left_s=75.0,
            ),
            "part 2 of 3, writing 0:30, 4.0 tokens/s, 1,020 tokens, about 1:15 left, 1:30 in all",
        ),
    ],
)
def test_what_is_said_of_a_run(progress: Progress, expected: str) -> None:
    assert progress_words(progress) == expected


def test_the_texts_of_parts_stand_apart(capsys: pytest.CaptureFixture[str]) -> None:
    output, header = TextOutput(), planned().header
    output.begin(header.cells)
    open_code = "## A\n\n```solidity\ncontract A"
    output.show([RunEntry(0, "1.quick", TextDelta(open_code[:9]))])
    output.show(
        [
            RunEntry(1, "1.quick", TextDelta(open_code[9:])),
            RunEntry(1, "1.quick", CellFinished(Outcome.INTERRUPTED)),
            RunEntry(2, "2.quick", TextDelta("## B")),
        ]
    )
    output.show([RunEntry(3, "", RunFinished(Outcome.INTERRUPTED))])
    report = RunReport()
    report.go_on(header)
    report.add("1.quick", open_code)
    report.add("2.quick", "## B")
    assert capsys.readouterr().out == report.text + "\n"
    assert "contract A\n```\n\n---\n\n> **Part 2 of 3: src/B.sol**\n\n## B" in report.text


def test_the_clock() -> None:
    assert [clock(s) for s in (0, 59.9, 60, 3599, 3600)] == [
        "0:00", "0:59", "1:00", "59:59", "1:00:00",
    ]  # fmt: skip


def seen_on(text: str) -> list[str]:
    """The lines that a terminal shows after this; it knows no more than return and backspace."""
    lines: list[list[str]] = [[]]
    column = 0
    for letter in text:
        if letter == "\n":
            lines.append([])
            column = 0
        elif letter == "\r":
            column = 0
        elif letter == "\b":
            column -= 1
        else:
            line = lines[-1]
            line.extend(" " * (column - len(line)))
            line[column : column + 1] = letter
            column += 1
    return ["".join(line).rstrip() for line in lines]


pytest_pty = pytest.mark.skipif(sys.platform == "win32", reason="there is no pty")


class Terminal:
    """A terminal of some width, and what was written to it."""

    def __init__(self, columns: int = 80) -> None:
        import termios  # noqa: PLC0415  # not on Windows

        self._own, self.end = os.openpty()
        termios.tcsetwinsize(self.end, (24, columns))
        self.text = ""

    async def until(self, words: str) -> None:
        while words not in self.text:
            assert await self._more(), self.text

    async def rest(self) -> str:
        """All that comes, once nobody else writes."""
        os.close(self.end)
        while await self._more():
            pass
        os.close(self._own)
        return self.text

    async def _more(self) -> bool:
        try:
            piece = await asyncio.to_thread(os.read, self._own, 4096)
        except OSError:  # Linux says so when the other end is closed
            return False
        self.text += piece.decode()
        return bool(piece)


@pytest_pty
async def test_the_line_goes_on_beside_a_report_in_a_pipe(vault: Path) -> None:
    gate, terminal = Gate(), Terminal(24)
    with (
        ThreadedServer(whole("Text. " * 9, within=gate, within_after=3)) as server,
        start("audit", vault, *at(server), stderr=terminal.end) as process,
    ):
        await gate.reached()
        await terminal.until("writing 0:0")
        gate.open()
        out, _ = await asyncio.to_thread(process.communicate)
    text = await terminal.rest()
    assert process.returncode == 0
    assert out == b"Text. " * 9 + b"\n"
    assert seen_on(text) == [""]
    # Cut to the width: a longer one could not be taken back.
    assert "\n" not in text
    assert max(len(piece) for piece in text.replace("\b", "").split("\r")) <= 23
    assert not any(letter < " " for letter in text if letter not in "\r\b")


@pytest_pty
async def test_the_line_leaves_the_terminal_to_the_report(vault: Path) -> None:
    before, terminal = Gate(), Terminal()
    report = "## One\n\nText without an end"
    with ThreadedServer(whole(report, before=before)) as server:
        ends = {"stdout": terminal.end, "stderr": terminal.end}
        with start("audit", vault, *at(server), **ends) as process:
            await before.reached()
            await terminal.until("reading the prompt 0:0")
            before.open()
            await asyncio.to_thread(process.wait)
    text = (await terminal.rest()).replace("\r\n", "\n")
    assert seen_on(text) == ["## One", "", "Text without an end", ""]
    assert "writing" not in text


@pytest_pty
@pytest.mark.parametrize("dumb", [True, False])
async def test_no_line_where_it_cannot_be_taken_back(vault: Path, dumb: bool) -> None:
    terminal = Terminal()
    with ThreadedServer(whole("Text.\n")) as server:
        # A sentence goes to standard error, so that something is there to be compared.
        named = [vault, vault.parent / "none.sol"]
        environment = {"TERM": "dumb" if dumb else "xterm"}
        with start("audit", *named, *at(server), env=environment, stderr=terminal.end) as process:
            await asyncio.to_thread(process.communicate)
    text = (await terminal.rest()).replace("\r\n", "\n")
    (sentence, rest) = seen_on(text)
    assert (sentence.startswith("There is no file"), rest) == (True, "")
    assert ("\r" not in text) == dumb


class _Screen(io.StringIO):
    """A terminal of unknown width."""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise OSError


def test_how_much_is_written_is_shown_and_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = _Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with progress_of("writing ü\x1b.pdf") as told:
        told(1, 3)
        assert seen_on(screen.getvalue()) == ["writing ü .pdf, 33 %"]
        told(0, 0)
        assert seen_on(screen.getvalue()) == ["writing ü .pdf, 0 %"]
        say("A sentence.")
        told(3, 3)
    assert seen_on(screen.getvalue()) == ["A sentence.", ""]


def test_what_is_said_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    say("There is no file a\x1b[31m\u202egnp\u2066.sol\nb\x9b.")
    assert capsys.readouterr().err == "There is no file a [31m gnp .sol b .\n"
