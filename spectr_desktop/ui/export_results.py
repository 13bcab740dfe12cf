"""How an export goes: a line a file, while it is written and afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from spectr_desktop.ui.hostile_text import visible
from spectr_desktop.ui.settings_page import ScrolledPage
from spectr_desktop.ui.settings_row import mark, told

if TYPE_CHECKING:
    from pathlib import Path


class ResultLine(QWidget):
    """One file.

    Args:
        name: of the format.
        path: where it goes.
        at: which line it is, from 1.
        parent: where it is.
    """

    def __init__(self, name: str, path: Path, at: int, parent: QWidget) -> None:
        super().__init__(parent)
        self._name, self._path = name, path
        self._words = told("said", self, f"exportResult{at}")
        self._words.setAccessibleName(self.tr("Export as {format}").format(format=name))
        self._note = told("help", self, f"exportNote{at}")
        self._note.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._note.hide()
        self._open = QPushButton(self.tr("Open folder"), self)
        self._open.setObjectName(f"exportOpenFolder{at}")
        self._open.setAccessibleName(self.tr("Open the folder of {name}").format(name=path.name))
        self._open.setAutoDefault(False)
        self._open.clicked.connect(self._on_open)
        self._open.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 12)
        layout.addWidget(self._words)
        layout.addWidget(self._note)
        line = QHBoxLayout()
        line.addWidget(self._open)
        line.addStretch()
        layout.addLayout(line)
        self.say(self.tr("waits"))

    def say(self, words: str) -> None:
        """How far it is."""
        self._words.setText(f"{self._name}: {visible(words)}")

    def show_progress(self, done: int, total: int) -> None:
        """So much of it is made."""
        if self._path.suffix == ".pdf":
            text = self.tr("page {done} of {total}")
            self.say(text.format(done=f"{done:,}", total=f"{total:,}"))
        else:
            self.say(self.tr("{percent} %").format(percent=100 * done // max(1, total)))

    def note_seal(self, sha256: str) -> None:
        """What the auditor has to know of a bundle, shown once it is written."""
        text = self.tr(
            "It holds the sources, all texts of the model, and every decision and note on the "
            "project, whatever kind its report is of. The SHA-256 of its manifest is {hash}: give "
            "it to the client by another way than the bundle."
        )
        self._note.setText(text.format(hash=sha256))
        self._note.setAccessibleName(self.tr("About the bundle"))

    def show_written(self) -> None:
        """It is on the disk."""
        self._note.setVisible(bool(self._note.text()))
        self.say(self.tr("written to {path}").format(path=self._path))
        self._open.show()

    def show_fault(self, sentence: str) -> None:
        """It is not, and why."""
        mark(self._words, "role", "fault")
        self.say(sentence)

    def _on_open(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._path.parent)))


class ResultsPage(ScrolledPage):
    """The lines of one export."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: list[ResultLine] = []

    def begin(self, files: list[tuple[str, Path]]) -> list[ResultLine]:
        """Lines for these files, in place of those that are there.

        Args:
            files: name of the format, and path.
        """
        for line in self._lines:
            self.box.removeWidget(line)
            line.hide()
            line.deleteLater()
        self._lines = [
            ResultLine(name, path, at, self.inside) for at, (name, path) in enumerate(files, 1)
        ]
        for line in self._lines:
            self.add(line)
        return self._lines
