"""The models of all servers: asked for, put into the picker, and allowed to read the source."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from spectr_desktop.errors import SpectrError
from spectr_desktop.providers.egress import is_loopback
from spectr_desktop.records.server import Locality
from spectr_desktop.ui import dialogs
from spectr_desktop.ui.hostile_text import visible
from spectr_desktop.ui.model_picker import Choice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtWidgets import QWidget

    from spectr_desktop.providers.base import Provider
    from spectr_desktop.records.server import ServerConfig
    from spectr_desktop.ui.model_picker import ModelPicker
    from spectr_desktop.ui.run_control import RunControl

_CLOUD = "ollama.com"


class ModelControl(QObject):
    """Keeps the picker filled.

    Attributes:
        servers: gives those that the user has set up.

    Signals:
        refreshed: all servers have been asked; the sentence that says what is missing, or "".
        failed: (SpectrError) an answer of the user cannot be kept.
    """

    refreshed = Signal(str)
    failed = Signal(object)

    def __init__(
        self,
        picker: ModelPicker,
        runs: RunControl,
        root: Callable[[], Path | None],
        window: QWidget,
    ) -> None:
        """A control of the models.

        Args:
            picker: shows them.
            runs: asks their servers.
            root: gives the folder of the project that is open, None for a text without a file.
            window: asks the user.
        """
        super().__init__(window)
        self._root = root
        self.servers: Callable[[], Sequence[ServerConfig]] = tuple
        self._picker = picker
        self._runs = runs
        self._window = window
        self._named: ServerConfig | None = None
        self._wanted = ""
        self._usual: ServerConfig | None = None
        # What was allowed while the program runs and could not be kept, by project and host.
        self._consents: set[tuple[Path | None, str]] = set()

    def want(
        self, named: ServerConfig | None, model: str, usual: ServerConfig | None = None
    ) -> None:
        """Prefer the server and the model of the command line; `usual` holds for all others."""
        self._named, self._wanted, self._usual = named, model, usual

    def configs(self) -> tuple[ServerConfig, ...]:
        """The servers that are worth asking, in order."""
        from spectr_desktop.audit import compose  # noqa: PLC0415  # after the window is shown

        keys = self._runs.keys
        has_key = keys.has if keys is not None else None
        return compose.known_configs(self._named, self._usual, self.servers(), has_key)

    async def refresh(self) -> None:
        """Ask all servers, all at once: one that does not answer keeps no other waiting."""
        from spectr_desktop.audit import compose  # noqa: PLC0415  # after the window is shown

        choices: list[Choice] = []
        problems: dict[ServerConfig, str] = {}
        providers: dict[ServerConfig, Provider] = {}
        for config in self.configs():
            try:
                providers[config] = self._runs.provider(config)
            except SpectrError as error:
                problems[config] = error.message
        offers = await asyncio.gather(*map(compose.offer, providers.values()))
        for (config, provider), found in zip(providers.items(), offers, strict=True):
            title = config.name or compose.provider_title(config.provider)
            choices += [
                Choice(config, model, title, provider.locality(model)) for model in found.models
            ]
            if found.error is not None:
                problems[config] = found.error.message
        # A server that the user named is not replaced by another one without a word.
        own = self._named is None or any(choice.config == self._named for choice in choices)
        self._picker.set_rows(choices, list(problems.values()), first=own)
        # Who named a server or a model is told that it is not there; else one that works is enough.
        problem = problems.get(self._named, "") if self._named else ""
        if not choices and problems:
            problem = problem or next(iter(problems.values()))
        if self._wanted:
            problem = problem or self._pick_wanted()
            self._wanted = ""
        self.refreshed.emit(problem)

    def host(self, choice: Choice) -> str:
        """Where the source goes with this choice, as a person reads it: all that see it."""
        base_url = self._runs.provider(choice.config).config.base_url
        own = base_url.partition("://")[2]
        if not choice.model.remote:
            return own
        return _CLOUD if is_loopback(base_url) else f"{_CLOUD} via {own}"

    async def may_send(self, choice: Choice) -> bool:
        """The user lets the source leave this machine; asked once for each project and host."""
        host, root = self.host(choice), self._root()
        if choice.locality is not Locality.REMOTE or self._allowed(root, host):
            return True
        if self._runs.egress.air_gap:
            return True  # nothing to ask: the guard refuses, and says so
        what = self.tr("“{model}” does not run on this machine.").format(model=choice.model.title)
        if root is not None:
            more = self.tr("Once you send it, this holds for all files in {folder}.")
            what = f"{what} {more.format(folder=root)}"
        answer = await dialogs.ask(
            self._window,
            self.tr("Send the source to {host}?").format(host=host),
            visible(what),
            {"send": self.tr("Send"), "cancel": self.tr("Cancel")},
            default="cancel",
        )
        if answer == "send":
            self._allow(root, host)
        return answer == "send"

    def forget(self, root: Path) -> None:
        """What was allowed for a project holds no more, nor for those in its folder."""
        self._consents = {
            (folder, host)
            for folder, host in self._consents
            if folder is None or not folder.is_relative_to(root)
        }

    def _allowed(self, root: Path | None, host: str) -> bool:
        if (root, host) in self._consents:
            return True
        if root is None:
            return False
        from spectr_desktop.store.consents import consents  # noqa: PLC0415  # with the first run

        return host in consents(root)

    def _allow(self, root: Path | None, host: str) -> None:
        from spectr_desktop.store.consents import allow  # noqa: PLC0415  # with the first run

        if root is None:
            self._consents.add((root, host))
            return
        try:
            allow(root, host)  # the file alone counts, so that it can be taken back there
        except SpectrError as error:
            self._consents.add((root, host))
            self.failed.emit(error)

    def _pick_wanted(self) -> str:
        """Pick the model of the command line; a sentence if nobody has it."""
        is_file = self._named is not None and bool(self._named.model_file)
        name = Path(self._wanted).stem if is_file else self._wanted
        if self._picker.pick(name):
            return ""
        self._picker.pick_none()
        return self.tr("No server offers “{name}”. Pick another model.").format(name=name)
