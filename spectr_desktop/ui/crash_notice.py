"""A strip below the window's parts that tells of mistakes of the program.

It is no window: a window would take the focus, on Wayland whatever it is asked for, and the next
letter that the user types would press one of its buttons. The keys Alt+C, Alt+L and Alt+G reach
it from everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from spectr_desktop.ui.announcing import announce
from spectr_desktop.ui.hostile_text import visible

if TYPE_CHECKING:
    from pathlib import Path

    from spectr_desktop.store.fatal_files import Death
    from spectr_desktop.ui.crash_watch import Crash
    from spectr_desktop.ui.theme import Theme

_MOST_STORIES = 5


class CrashNotice(QFrame):
    """Hidden until something has to be told; what follows while it is open is counted in it."""

    def __init__(self, theme: Theme, folder: Path | None, parent: QWidget | None = None) -> None:
        """Make it; `folder` is that of the log."""
        super().__init__(parent)
        self._theme = theme
        self._folder = folder
        self._sentence = ""
        self._stories: list[str] = []
        self._more = 0
        self.setObjectName("crashNotice")
        self._label = QLabel(self)
        self._label.setObjectName("crashText")
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setWordWrap(True)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._copy = self._button("copyDiagnosticsButton", self.tr("&Copy diagnostics"))
        self._copy.setToolTip(
            self.tr("Versions, the place of the mistake, the end of the log: no source, no key")
        )
        self._copy.clicked.connect(self._on_copy)
        logs_button = self._button("openLogsButton", self.tr("Open the &log folder"))
        logs_button.setEnabled(folder is not None)
        logs_button.clicked.connect(self._on_open_logs)
        goes_on = self._button("goOnButton", self.tr("&Go on"))
        goes_on.clicked.connect(self.clear)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        for button in (self._copy, logs_button, goes_on):
            row.addWidget(button)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 10, 16, 10)
        layout.setSpacing(8)
        layout.addWidget(self._label)
        layout.addLayout(row)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self.hide()

    def tell_crash(self, crash: Crash, first: bool) -> None:
        """An exception that nobody expected; one that was told before is counted only."""
        if not self.isHidden():
            self._more += 1
            if first:
                self._keep(crash.story)
            self._show_text()
        elif first:
            self._begin(
                self.tr(
                    "The program made a mistake ({kind}) and goes on; the log says more."
                ).format(kind=visible(crash.kind)),
                crash.story,
            )

    def tell_death(self, death: Death) -> None:
        """The program had died before this start."""
        when = death.ended.astimezone().strftime("%Y-%m-%d %H:%M")
        sentence = self.tr(
            "The program ended unexpectedly at {when}. What the model wrote is kept;"
            " please send the diagnostics to those who maintain the program."
        )
        self._begin(sentence.format(when=when), death.stacks)

    def diagnostics(self) -> str:
        """What "Copy diagnostics" copies."""
        from spectr_desktop.ui.diagnostics import diagnostics  # noqa: PLC0415  # seldom needed

        return diagnostics([f"{self._text()}", *self._stories], self._folder)

    def clear(self) -> None:
        """The user has read it."""
        self.hide()
        self._stories.clear()
        self._more = 0

    def _button(self, name: str, text: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAccessibleName(text.replace("&", ""))
        button.setAutoDefault(False)
        return button

    def _begin(self, sentence: str, story: str) -> None:
        self._sentence = sentence
        self._stories = [story]
        self._more = 0
        self._show_text()
        self.show()

    def _keep(self, story: str) -> None:
        if len(self._stories) < _MOST_STORIES:
            self._stories.append(story)

    def _text(self) -> str:
        if not self._more:
            return self._sentence
        return f"{self._sentence} {self.tr('{count} more since.').format(count=self._more)}"

    def _show_text(self) -> None:
        text = self._text()
        self._label.setText(text)
        self._label.setAccessibleName(text)
        self._copy.setText(self.tr("&Copy diagnostics"))
        if self._more == 0:
            announce(self, text)

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self.diagnostics())
        self._copy.setText(self.tr("&Copied"))
        announce(self, self.tr("Copied"))

    def _on_open_logs(self) -> None:
        if self._folder is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder)))

    def _on_theme_changed(self) -> None:
        colors = self._theme.colors
        self.setStyleSheet(
            f"#crashNotice {{ background: {colors.mark}; border: none;"
            f" border-top: 2px solid {colors.critical}; }}"
            f" QLabel {{ color: {colors.text}; background: transparent; }}"
        )
