"""A settings dialog on its own, with a keychain and a tester that do as they are told."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QDialogButtonBox, QLabel, QLineEdit

from spectr_desktop.errors import SpectrError
from spectr_desktop.store.settings import Settings
from spectr_desktop.ui.settings_dialog import SettingsDialog
from spectr_desktop.ui.tasks import TaskOwner
from tests.ui.driving import active, child

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from PySide6.QtWidgets import QPushButton

    from spectr_desktop.records.server import ServerConfig
    from spectr_desktop.ui.theme import Theme


class Keys:
    """Keeps keys in memory.

    Attributes:
        kept: (provider, address) → key.
        asked: how often somebody wanted to know where a key is.
        locked: nothing can be saved.
        held: an answer waits for this event, if it is not None.
    """

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.asked: list[tuple[str, str]] = []
        self.locked = False
        self.held: asyncio.Event | None = None

    async def stored(self, server: ServerConfig) -> str:
        place = (server.provider, server.base_url)
        self.asked.append(place)
        return "Saved in a test." if place in self.kept else ""

    async def save(self, server: ServerConfig, key: str) -> str:
        if self.held is not None:
            await self.held.wait()
        if self.locked:
            raise SpectrError("keychain_locked", "The keychain is locked. Unlock it.")
        self.kept[server.provider, server.base_url] = key
        return "Saved in a test."

    async def forget(self, server: ServerConfig) -> str:
        self.kept.pop((server.provider, server.base_url), None)
        return "Forgotten."


class Tester:
    """Answers as a server, or not.

    Attributes:
        answer: a sentence, or what is raised; None waits until the test is cancelled.
        tested: what was asked.
        cancelled: how many tests were.
    """

    def __init__(self) -> None:
        self.answer: str | SpectrError | None = "It offers 2 models."
        self.tested: list[ServerConfig] = []
        self.cancelled = 0

    async def __call__(self, server: ServerConfig) -> str:
        self.tested.append(server)
        if isinstance(self.answer, SpectrError):
            raise self.answer
        if self.answer is None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        return self.answer or ""


class Opened:
    """The dialog and all that it was given.

    Attributes:
        applied: what the dialog told, in order.
        errors: what its tasks did not handle.
    """

    def __init__(self, theme: Theme, settings: Settings | None = None) -> None:
        self.settings = settings or Settings.load()
        self.keys, self.tester = Keys(), Tester()
        self.errors: list[BaseException] = []
        self.tasks = TaskOwner(self.errors.append)
        self.applied: list[frozenset[str]] = []
        self.dialog = SettingsDialog(
            self.settings, theme, self.tasks, tester=self.tester, keys=self.keys
        )
        self.dialog.applied.connect(self.applied.append)

    @property
    def ok(self) -> QPushButton:
        return child(self.dialog, QDialogButtonBox, "").button(QDialogButtonBox.StandardButton.Ok)

    def text(self, name: str) -> str:
        """What a label says, "" if it is hidden."""
        label = child(self.dialog, QLabel, name)
        return "" if label.isHidden() else label.text()

    def type_into(self, name: str, text: str) -> None:
        """Replace what stands in a field."""
        child(self.dialog, QLineEdit, name).setText(text)

    async def idle(self) -> None:
        """Return once nothing is being asked."""
        while self.tasks._tasks:
            await asyncio.wait(set(self.tasks._tasks))


@contextlib.asynccontextmanager
async def open_settings(
    theme: Theme, settings: Settings | None = None
) -> AsyncGenerator[Opened, None]:
    """The dialog, shown and active; nothing of it is left afterwards."""
    opened = Opened(theme, settings)
    opened.dialog.open()
    async with active(opened.dialog, opened.tasks):
        yield opened
    assert opened.errors == []
