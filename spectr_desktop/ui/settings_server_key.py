"""A server's key and its test: the two rows that ask somebody, and wait for the answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QLineEdit, QPushButton, QWidget

from spectr_desktop.errors import SpectrError
from spectr_desktop.logs import logger
from spectr_desktop.ui.announcing import announce
from spectr_desktop.ui.hostile_text import visible
from spectr_desktop.ui.settings_row import Row, mark, told

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

    from PySide6.QtGui import QKeyEvent

    from spectr_desktop.records.server import ServerConfig
    from spectr_desktop.ui.tasks import TaskOwner

    Tester = Callable[[ServerConfig], Awaitable[str]]

_log = logger(__name__)


class KeyStore(Protocol):
    """Where keys are kept. Each answer is a sentence on where the key of this server is now."""

    async def stored(self, server: ServerConfig) -> str:
        """Where its key is, "" if there is none."""
        ...

    async def save(self, server: ServerConfig, key: str) -> str:
        """Keep its key."""
        ...

    async def forget(self, server: ServerConfig) -> str:
        """Forget its key."""
        ...


class _KeyEdit(QLineEdit):
    """Return saves the key, and does not press the dialog's OK."""

    entered = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.entered.emit()
            event.accept()
            return
        super().keyPressEvent(event)


class KeyRow(Row):
    """Takes a key, hands it on and forgets it; a key is never shown.

    Signals:
        edited: what is typed is another text; `unsaved` says whether there is any.
    """

    edited = Signal()

    def __init__(self, keys: KeyStore, tasks: TaskOwner, parent: QWidget) -> None:
        self._keys, self._tasks = keys, tasks
        self._config: ServerConfig | None = None
        self._asking: asyncio.Task[None] | None = None
        self._edit = _KeyEdit(parent)
        self._save, self._forget = QPushButton(parent), QPushButton(parent)
        super().__init__(
            "serverKey",
            self._edit,
            label=QCoreApplication.translate("KeyRow", "Key"),
            help_text=QCoreApplication.translate(
                "KeyRow",
                "It goes into the keychain of this system at once, never into the settings file.",
            ),
            beside=[self._save, self._forget],
            parent=parent,
        )
        self._edit.setEchoMode(QLineEdit.EchoMode.Password)
        self._edit.textChanged.connect(self._on_edited)
        self._edit.entered.connect(self._on_save)
        self._save.clicked.connect(self._on_save)
        self._forget.clicked.connect(self._on_forget)
        for button, name, words in (
            (self._save, "saveKey", self.tr("Save key")),
            (self._forget, "forgetKey", self.tr("Forget key")),
        ):
            button.setObjectName(name)
            button.setText(words)
            button.setAccessibleName(words)
            button.setAutoDefault(False)
        self._state = told("said", self, "serverKeyState")
        self.add(self._state)
        self._on_edited()

    @property
    def unsaved(self) -> bool:
        """A key has been typed and not saved."""
        return bool(self._edit.text())

    def show_server(self, config: ServerConfig | None) -> None:
        """Another server is shown, or it has another address; None if that cannot be one."""
        if config is not None and self._is_shown(config):
            return
        self.close_questions()
        self._config = config
        self.setEnabled(config is not None)
        self._say("")

    def ask(self) -> None:
        """Ask where the key of this server is, unless that was asked."""
        config = self._config
        if self._asking is None and config is not None:
            self._asking = self._tasks.start(
                self._tell(lambda: self._keys.stored(config), config), "key stored"
            )

    def drop_text(self) -> None:
        """Forget what is typed: it was for another server."""
        self._edit.setText("")  # not clear(): that could be undone

    def close_questions(self) -> None:
        """What is still being asked is of no use any more; a key that is being saved is saved."""
        if self._asking is not None:
            self._asking.cancel()
        self._asking = self._config = None

    def _drop_question(self) -> None:
        """Where the key was before it was saved or forgotten must not be told afterwards."""
        if self._asking is not None:
            self._asking.cancel()

    def _is_shown(self, config: ServerConfig) -> bool:
        """Keys belong to a kind and an address, whatever else of a server changes."""
        shown = self._config
        return shown is not None and (config.provider, config.base_url) == (
            shown.provider,
            shown.base_url,
        )

    def _on_save(self) -> None:
        key, config = self._edit.text().strip(), self._config
        if not key or config is None:
            return
        if not key.isascii() or not key.isprintable() or " " in key:
            self.show_fault(self.tr("A key has no blanks and only plain letters, digits, marks."))
            return
        self._edit.setText("")
        self._drop_question()
        self._say(self.tr("Saving…"))
        self._tasks.start(self._hand_on(key, config), "save key")

    def _on_forget(self) -> None:
        config = self._config
        if config is not None:
            self._drop_question()
            self._say(self.tr("Forgetting…"))
            self._tasks.start(self._tell(lambda: self._keys.forget(config), config), "forget key")

    async def _hand_on(self, key: str, config: ServerConfig) -> None:
        fault = await self._tell(lambda: self._keys.save(config, key), config)
        if fault and self._is_shown(config) and not self._edit.text():
            self._edit.setText(key)
            self.show_fault(fault)

    async def _tell(self, ask: Callable[[], Awaitable[str]], config: ServerConfig) -> str:
        """Show what came of a question, if its server is still the one that is shown.

        Returns:
            What went wrong, "" if nothing did.

        Raises:
            SpectrError: it went wrong, and another server is shown, or the dialog is closed.
        """
        try:
            sentence, fault = await ask(), ""
        except SpectrError as error:
            if not self._is_shown(config):
                raise  # whoever owns the tasks says it: nothing of it can be seen here any more
            _log.warning("a key: %s", error.code)
            sentence, fault = "", error.message
        if self._is_shown(config):
            self._say(sentence)
            self.show_fault(fault)
            announce(self, sentence or fault)
        return fault

    def _say(self, sentence: str) -> None:
        self._state.setText(visible(sentence))
        self._state.setVisible(bool(sentence))

    def _on_edited(self) -> None:
        self.show_fault("")
        self._save.setEnabled(self.unsaved)
        self.edited.emit()


class ServerTestRow(Row):
    """Asks the server for its models, and says what it answered."""

    def __init__(self, tester: Tester, tasks: TaskOwner, parent: QWidget) -> None:
        self._tester, self._tasks = tester, tasks
        self._config: ServerConfig | None = None
        self._testing: asyncio.Task[None] | None = None
        self._button = QPushButton(parent)
        self._said = told("said", parent, "testServerResult")
        super().__init__(
            "testServer",
            self._button,
            label=QCoreApplication.translate("ServerTestRow", "Test"),
            help_text=QCoreApplication.translate(
                "ServerTestRow", "Asks the server for its models. No source is sent."
            ),
            beside=[self._said],
            captioned=False,
            parent=parent,
        )
        self._button.setAutoDefault(False)
        self._button.clicked.connect(self._on_clicked)
        self._show("")

    def show_server(self, config: ServerConfig | None) -> None:
        """What is to be tested is this now; None if it cannot be."""
        if config is not None:
            config = replace(config, name="")  # which the server does not know
        if config == self._config:
            return
        self.cancel()
        self._config = config
        self._button.setEnabled(config is not None)

    def cancel(self) -> None:
        """Stop a test that goes on, and forget what the last one said."""
        if self._testing is not None:
            self._testing.cancel()
            self._testing = None
        self._show("")

    def _on_clicked(self) -> None:
        if self._testing is not None:
            self.cancel()
        elif self._config is not None:
            self._testing = self._tasks.start(self._test(self._config), "test server")
            self._show(self.tr("Asking the server…"))

    async def _test(self, config: ServerConfig) -> None:
        try:
            sentence, fault = await self._tester(config), ""
        except SpectrError as error:
            sentence, fault = "", error.message
        # A test that was cancelled never comes here, so the widgets are still there.
        self._testing = None
        self._show(sentence, fault)
        announce(self, sentence or fault)

    def _show(self, sentence: str, fault: str = "") -> None:
        words = self.tr("Stop testing") if self._testing is not None else self.tr("Test")
        self._button.setText(words)
        self._button.setAccessibleName(words)
        self._said.setText(visible(sentence or fault))
        mark(self._said, "role", "fault" if fault else "said")
