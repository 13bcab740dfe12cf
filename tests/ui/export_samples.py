"""An export dialog on its own, with makers that do as they are told."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QIODevice, QSize, Qt
from PySide6.QtGui import QImage, QImageWriter
from PySide6.QtWidgets import QLabel, QLineEdit, QTreeWidget

from spectr_desktop import paths
from spectr_desktop.report.export import formats
from spectr_desktop.store.house_styles import HouseStyles
from spectr_desktop.ui.export_dialog import ExportDialog
from spectr_desktop.ui.export_makers import Makers
from spectr_desktop.ui.export_state import ExportState
from spectr_desktop.ui.export_subject import Subject
from spectr_desktop.ui.tasks import TaskOwner
from tests.report.export.report_samples import findings, result
from tests.run_samples import header
from tests.ui.driving import (
    CONTROL,
    active,
    button,
    child,
    opened,
    press,
    press_key,
    signal_future,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from pathlib import Path

    from PySide6.QtWidgets import QTreeWidgetItem

    from spectr_desktop.records.findings import Finding
    from spectr_desktop.records.house_style import Look
    from spectr_desktop.records.report import Report
    from spectr_desktop.records.run import RunResult
    from spectr_desktop.ui.export_makers import Progress
    from spectr_desktop.ui.main_window import MainWindow
    from spectr_desktop.ui.theme import Theme


def png(width: int = 60, height: int = 84, color: str = "#336699") -> bytes:
    """A picture of one colour."""
    image = QImage(QSize(width, height), QImage.Format.Format_RGB32)
    image.fill(color)
    return png_of(image)


def png_of(image: QImage, kind: bytes = b"png") -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    assert QImageWriter(buffer, kind).write(image)  # pyright: ignore[reportArgumentType]
    return bytes(buffer.data().data())


class FakeMakers:
    """Makes files and pictures as those of the program do, or fails.

    Attributes:
        asked: (report, width) of each preview.
        made: (suffix, report, runs) of each file.
        looks: of each preview and each file.
        faults: by suffix or "preview", what is raised.
        held: by suffix or "preview", an event that is waited for.
        cancelled: what was waited for when it was cancelled.
        write_held: writing waits for it.
        write_fault: what writing raises.
        pages: what a preview has.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[Report, int]] = []
        self.made: list[tuple[str, Report, tuple[str, ...]]] = []
        self.looks: list[Look] = []
        self.faults: dict[str, Exception] = {}
        self.held: dict[str, asyncio.Event] = {}
        self.begun: dict[str, asyncio.Event] = {}
        self.cancelled: list[str] = []
        self.write_held: asyncio.Event | None = None
        self.write_fault: Exception | None = None
        self.pages = [png(), png()]

    @property
    def makers(self) -> Makers:
        return Makers(self.first_pages, self.exported, self.write, self.seal)

    @property
    def text_makers(self) -> Makers:
        """The program's own writers of text, without a process for pages."""
        return Makers(self.first_pages, self.text, self.write_really)

    async def text(
        self, report: Report, look: Look, runs: tuple[str, ...], suffix: str, progress: Progress
    ) -> bytes:
        progress(1, 1)
        assert runs
        return await asyncio.to_thread(formats.exported, report, suffix, look)

    async def write_really(self, path: Path, raw: bytes) -> None:
        await asyncio.to_thread(paths.write_atomically, path, raw)

    async def first_pages(
        self, report: Report, look: Look, *, pages: int, width: int
    ) -> list[bytes]:
        self.asked.append((report, width))
        self.looks.append(look)
        await self._wait("preview")
        return self.pages[:pages]

    async def exported(
        self, report: Report, look: Look, runs: tuple[str, ...], suffix: str, progress: Progress
    ) -> bytes:
        self.made.append((suffix, report, runs))
        self.looks.append(look)
        progress(12, 80)
        await self._wait(suffix)
        return f"{suffix} of {report.kind.value}".encode()

    def seal(self, raw: bytes) -> str:
        assert raw[:4] == b".zip"
        return "5ea1" * 16

    async def write(self, path: Path, raw: bytes) -> None:
        self.begun.setdefault("write", asyncio.Event()).set()
        if self.write_held is not None:
            await self.write_held.wait()
        if self.write_fault is not None:
            raise self.write_fault
        await asyncio.to_thread(path.write_bytes, raw)

    async def _wait(self, what: str) -> None:
        if what in self.faults:
            raise self.faults[what]
        if what in self.held:
            self.begun.setdefault(what, asyncio.Event()).set()
            try:
                await self.held[what].wait()
            except asyncio.CancelledError:
                self.cancelled.append(what)
                raise

    def hold(self, what: str) -> asyncio.Event:
        """Have it wait; gives the event that is set when it has begun."""
        self.held[what] = asyncio.Event()
        return self.begun.setdefault(what, asyncio.Event())


class Opened:
    """The dialog and all that it was given."""

    def __init__(self, theme: Theme, folder: Path, state: ExportState, styles: Path) -> None:
        self.fakes = FakeMakers()
        self.errors: list[BaseException] = []
        self.tasks = TaskOwner(self.errors.append)
        self.folder = folder
        self.states: list[ExportState] = []
        self.exported: list[str] = []
        self.failed: list[object] = []
        self.styles = HouseStyles(styles)
        self.dialog = ExportDialog(theme, self.tasks, self.styles, state, makers=self.fakes.makers)
        self.dialog.state_changed.connect(self.states.append)
        self.dialog.exported.connect(self.exported.append)
        self.dialog.failed.connect(self.failed.append)

    def show(
        self, found: Sequence[Finding] | None = None, ended: RunResult | None = None
    ) -> Subject:
        """Tell the dialog of a run."""
        found = findings() if found is None else found
        subject = Subject(header(), ended or result(), tuple(found), ("run-0", "run-1"))
        self.dialog.show_subject(subject, "", self.folder)
        return subject

    def text(self, name: str) -> str:
        """What a label says, "" if it is hidden."""
        label = child(self.dialog, QLabel, name)
        return "" if label.isHidden() else label.text()

    def type_into(self, name: str, text: str) -> None:
        """Replace what stands in a field."""
        child(self.dialog, QLineEdit, name).setText(text)

    def click(self, name: str) -> None:
        """Press a button, wherever it is."""
        button(self.dialog, name).click()

    def item(self, key: str) -> QTreeWidgetItem:
        """The row of a finding."""
        tree = child(self.dialog, QTreeWidget, "exportFindings")
        rows = [tree.topLevelItem(row) for row in range(tree.topLevelItemCount())]
        (row,) = [row for row in rows if row is not None and row.text(0) == key]
        return row

    def choose_formats(self, *suffixes: str) -> None:
        """Choose exactly these."""
        self.dialog.parts.report.show_formats(suffixes)
        self.dialog.parts.report.formats_changed.emit()

    async def preview(self) -> None:
        """The pause is over; returns when pages or a sentence are shown."""
        settled = signal_future(self.dialog.parts.preview.settled)
        self.dialog.parts.preview.timer.timeout.emit()
        await settled

    async def write(self) -> None:
        """Press Export and wait until all is over."""
        press(button(self.dialog, "exportWrite"))
        await self.idle()

    async def idle(self) -> None:
        """Return once nothing is being done."""
        while self.tasks._tasks:
            await asyncio.wait(set(self.tasks._tasks))


@contextlib.asynccontextmanager
async def open_export(
    theme: Theme, folder: Path, state: ExportState | None = None
) -> AsyncGenerator[Opened, None]:
    """The dialog, shown and active; nothing of it is left afterwards."""
    state = state or ExportState(formats=(".md", ".pdf"))
    opened = Opened(theme, folder, state, folder / "styles")
    opened.dialog.show()
    async with active(opened.dialog, opened.tasks):
        yield opened
    assert opened.errors == []


async def export_from(window: MainWindow, folder: Path, *suffixes: str) -> ExportDialog:
    """Export from the window, with makers that need no child process."""
    window.exports.makers = FakeMakers().text_makers
    press_key(window, Qt.Key.Key_E, CONTROL)
    return await written(window, folder, *suffixes)


async def written(window: MainWindow, folder: Path, *suffixes: str) -> ExportDialog:
    """Write from the dialog that was asked for."""
    dialog = await opened(window, ExportDialog)
    dialog.parts.toggle.setChecked(False)
    dialog.parts.folder.setText(str(folder))
    dialog.parts.report.show_formats(suffixes)
    dialog.parts.report.formats_changed.emit()
    press(button(dialog, "exportWrite"))
    while dialog.writing:
        await asyncio.wait(set(window.tasks._tasks))
    return dialog
