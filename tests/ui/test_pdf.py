from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pypdf import PdfReader
from PySide6.QtGui import QImage

from spectr_desktop.errors import SpectrError
from spectr_desktop.records.codec import RecordError
from spectr_desktop.records.house_style import Look
from spectr_desktop.ui import pdf as parent
from spectr_desktop.ui.pdf import first_pages, pdf
from spectr_desktop.ui.pdf_wire import Order, packed, read_frame, unpacked, write_frame
from tests.ui.pdf_samples import client_report, logo, stopped_report, working_report

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROOT = Path(__file__).resolve().parents[2]
_LOOK = Look(logo(), "#0a6b5b")


def _stand_in(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Another child in the place of ours."""
    monkeypatch.setattr(parent, "command", lambda: [sys.executable, "-c", code])


async def test_the_same_report_gives_the_same_bytes_and_tells_its_progress() -> None:
    told: list[tuple[int, int]] = []
    first = await pdf(client_report(), _LOOK, lambda done, count: told.append((done, count)))
    again = await pdf(client_report(), _LOOK)
    assert first == again
    count = len(PdfReader(io.BytesIO(first)).pages)
    assert told == [(number, count) for number in range(1, count + 1)]


async def test_the_first_pages_are_pictures_of_the_asked_width() -> None:
    pictures = await first_pages(client_report(), _LOOK, pages=2, width=300)
    sizes = [QImage.fromData(raw).size().toTuple() for raw in pictures]
    assert sizes == [(300, 425), (300, 425)]


async def test_fewer_pages_give_fewer_pictures() -> None:
    pictures = await first_pages(stopped_report(), Look(), pages=99, width=100)
    assert len(pictures) == len(PdfReader(io.BytesIO(await pdf(stopped_report(), Look()))).pages)


async def test_a_cancelled_child_is_gone_when_the_coroutine_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    begun = asyncio.Event()
    # It answers nothing, whatever comes.
    _stand_in(
        monkeypatch,
        "import os, sys\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\n"
        "print('pages 1 2', file=sys.stderr, flush=True)\n"
        "sys.stdin.buffer.read()\n",
    )
    task = asyncio.create_task(pdf(client_report(), Look(), lambda *_pages: begun.set()))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


@pytest.mark.parametrize(
    ("code", "detail"),
    [
        ("import sys; sys.exit('out of paper')", "out of paper"),
        ("import os; os.abort()", "exit status"),
        ("import sys; sys.stdin.buffer.read(9)", "exit status 0"),
        ("import sys; sys.stdin.buffer.read(9); sys.stdout.write('half a frame')", "exit status 0"),
    ],
)
async def test_a_child_that_fails_is_told_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, code: str, detail: str
) -> None:
    _stand_in(monkeypatch, code)
    with pytest.raises(SpectrError) as failed:
        await pdf(client_report(), Look())
    assert failed.value.code == "pdf_failed"
    assert detail in failed.value.detail


async def test_a_program_that_is_not_there_is_told_in_the_same_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def missing(command: Sequence[str]) -> list[str]:
        return [str(tmp_path / "none"), *command]

    monkeypatch.setattr("spectr_desktop.providers.engine_guard.guarded", missing)
    with pytest.raises(SpectrError) as failed:
        await pdf(client_report(), Look())
    assert failed.value.code == "pdf_failed"


def test_the_child_ends_when_its_parent_lets_the_pipe_go() -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "spectr_desktop", "--make-pdf"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=_ROOT,
    )
    assert child.stdin is not None
    write_frame(child.stdin, packed(Order(client_report(), Look())))
    child.stdin.close()
    child.stdin = None
    out, _ = child.communicate()
    assert (child.returncode, out) == (70, b"")


def test_a_child_without_an_order_says_so() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "spectr_desktop", "--make-pdf"],
        input=b"\0\0",
        capture_output=True,
        cwd=_ROOT,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == b"the order is not whole\n"


def test_modules_of_the_users_folder_are_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gc.py").write_text("raise SystemExit('of a client')")
    (tmp_path / "json.py").write_text("raise SystemExit('of a client')")
    monkeypatch.chdir(tmp_path)
    raw = asyncio.run(pdf(stopped_report(), Look()))
    assert raw.startswith(b"%PDF-")


def test_a_frozen_program_starts_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert parent.command() == [sys.executable, "--make-pdf"]


def test_an_order_comes_out_as_it_went_in() -> None:
    order = Order(working_report(), _LOOK, 3, 900)
    assert unpacked(packed(order)) == order
    pipe = io.BytesIO()
    write_frame(pipe, packed(order))
    pipe.seek(0)
    assert read_frame(pipe) == packed(order)
    assert read_frame(io.BytesIO(pipe.getvalue()[:-1])) is None


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b'{"report": "{}", "look": {}}'])
def test_what_is_no_order_is_refused(raw: bytes) -> None:
    with pytest.raises(RecordError):
        unpacked(raw)
