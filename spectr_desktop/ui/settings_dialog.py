"""The settings dialog: pages made from the table, one of servers, and those that others add."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from spectr_desktop.errors import SpectrError
from spectr_desktop.logs import logger
from spectr_desktop.store.settings_table import PAGES
from spectr_desktop.ui.announcing import announce
from spectr_desktop.ui.hostile_text import visible
from spectr_desktop.ui.settings_fields import translated
from spectr_desktop.ui.settings_page import SettingsPage
from spectr_desktop.ui.settings_servers import ServersPage
from spectr_desktop.ui.settings_style import sheet

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QShowEvent

    from spectr_desktop.store.settings import Settings
    from spectr_desktop.ui.settings_server_key import KeyStore, Tester
    from spectr_desktop.ui.tasks import TaskOwner
    from spectr_desktop.ui.theme import Theme

_log = logger(__name__)

_SIZE = (840, 700)
_OF_SCREEN = 0.95
_PAGES_WIDTH = 170


class SettingsDialog(QDialog):
    """Shows the settings. What is changed holds with OK; Cancel drops it.

    Args:
        settings: what is shown and changed.
        theme: whose colours it has.
        tasks: holds what the dialog asks servers and the keychain.
        tester: asks a server for its models and gives a sentence; a SpectrError is shown.
        keys: where keys are kept.
        parent: the window.

    Signals:
        applied: (frozenset[str]) keys of what was changed, "servers" for those; they hold now.
    """

    applied = Signal(object)

    def __init__(
        self,
        settings: Settings,
        theme: Theme,
        tasks: TaskOwner,
        *,
        tester: Tester,
        keys: KeyStore,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._settings, self._theme = settings, theme
        self._on_accept: dict[QWidget, Callable[[], None]] = {}
        self._pages: dict[str, SettingsPage] = {}
        self.setObjectName("settingsDialog")
        self.setWindowTitle(self.tr("Settings"))
        theme.changed.connect(self._dress)
        self._dress()  # before there is anything that would be dressed twice
        self._list = QListWidget(self)
        self._list.setObjectName("settingsPages")
        self._list.setAccessibleName(self.tr("Pages"))
        self._list.setFixedWidth(_PAGES_WIDTH)
        self._stack = QStackedWidget(self)
        self._list.currentRowChanged.connect(self._stack.setCurrentIndex)
        self._servers = ServersPage(settings.servers, tester, keys, tasks, self)
        self._servers.edited.connect(self._show_fault)
        self.add_page(self.tr("Servers"), self._servers)
        for page, title in PAGES:
            made = SettingsPage(page, settings, self)
            made.edited.connect(self._show_fault)
            self._pages[page] = made
            self.add_page(translated(title), made)
        self._message = QLabel(self)
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        self._lay_out()
        self._list.setCurrentRow(0)
        self._show_fault()

    def add_page(
        self,
        title: str,
        widget: QWidget,
        on_accept: Callable[[], None] | None = None,
        after: str = "",
    ) -> None:
        """Add a page that somebody else made.

        Args:
            title: its name in the list.
            widget: what is on it; a `ScrolledPage` scrolls by itself.
            on_accept: called with OK, before the dialog closes; what it raises as a SpectrError
                is shown, and the dialog stays open.
            after: key of the page of the table that it follows; "" for the end.
        """
        known = self._pages.get(after)
        at = self._stack.indexOf(known) + 1 if known is not None else self._stack.count()
        self._stack.insertWidget(at, widget)
        self._list.insertItem(at, title)
        if on_accept is not None:
            self._on_accept[widget] = on_accept

    def add_to_page(self, page: str, widget: QWidget) -> None:
        """Put a widget below the settings of a page of the table."""
        self._pages[page].add(widget)

    def accept(self) -> None:
        """Apply and save; the dialog stays open with a sentence where that does not work."""
        if self._fault():
            return
        changed = self._apply()
        if changed:
            self.applied.emit(changed)
        at = self._stack.currentIndex()
        try:
            self._settings.save()
            for widget, on_accept in self._on_accept.items():
                at = self._stack.indexOf(widget)
                on_accept()
        except SpectrError as error:
            _log.warning("settings: %s", error.code)
            self._list.setCurrentRow(at)
            self._say(error.message)
            return
        super().accept()

    def done(self, result: int) -> None:
        """Close; what is still being asked is dropped (called by Qt)."""
        self._servers.close_questions()
        super().done(result)

    def showEvent(self, event: QShowEvent) -> None:
        """Lay the lists out as the style sheet wants them (called by Qt)."""
        super().showEvent(event)
        # They measured their lines when they were filled, before they had a style.
        for view in self.findChildren(QListWidget):
            view.doItemsLayout()
        wanted = self._list.sizeHintForColumn(0) + 2 * self._list.frameWidth()
        self._list.setFixedWidth(max(_PAGES_WIDTH, wanted))

    def _apply(self) -> frozenset[str]:
        changed: set[str] = set()
        for page in self._pages.values():
            for key, value in page.changes().items():
                if self._settings.get(key) != value:
                    changed.add(key)
                self._settings.set(key, value)
        servers = self._servers.changed_servers()
        if servers is not None and servers != self._settings.servers:
            self._settings.set_servers(servers)
            changed.add("servers")
        return frozenset(changed)

    def _lay_out(self) -> None:
        self._message.setObjectName("settingsMessage")
        self._message.setAccessibleName(self.tr("What is wrong"))
        self._message.setWordWrap(True)
        self._message.setTextFormat(Qt.TextFormat.PlainText)
        for kind, name, text in (
            (QDialogButtonBox.StandardButton.Ok, "settingsOk", self.tr("OK")),
            (QDialogButtonBox.StandardButton.Cancel, "settingsCancel", self.tr("Cancel")),
        ):
            button = self._buttons.button(kind)
            button.setObjectName(name)
            button.setText(text)
            button.setIcon(QIcon())
            button.setAccessibleName(text)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        foot = QWidget(self)
        foot.setObjectName("settingsFoot")
        line = QHBoxLayout(foot)
        line.addWidget(self._message, 1)
        line.addWidget(self._buttons)
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(self._list)
        middle.addWidget(self._stack, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        if self._settings.problems:
            whole.addWidget(self._problems())
        whole.addLayout(middle, 1)
        whole.addWidget(foot)
        room = self.screen().availableGeometry().size() * _OF_SCREEN
        self.resize(min(_SIZE[0], room.width()), min(_SIZE[1], room.height()))

    def _problems(self) -> QLabel:
        label = QLabel(visible("\n".join(self._settings.problems)), self)
        label.setObjectName("settingsProblems")
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        return label

    def _dress(self) -> None:
        self.setStyleSheet(sheet(self._theme.colors))

    def _fault(self) -> str:
        """Why OK cannot be pressed, with the name of the page, "" if it can."""
        for at in range(self._stack.count()):
            page = self._stack.widget(at)
            fault = page.fault() if isinstance(page, SettingsPage | ServersPage) else ""
            if fault:
                return f"{self._list.item(at).text()}: {fault}"
        return ""

    def _show_fault(self) -> None:
        fault = self._fault()
        self._buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(not fault)
        self._say(fault)

    def _say(self, sentence: str) -> None:
        if sentence != self._message.text():
            self._message.setText(visible(sentence))
            announce(self, sentence)
