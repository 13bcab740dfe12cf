"""The settings in the window: applied when they are read and when they change, and their dialog."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, Signal

from spectr_desktop import paths
from spectr_desktop.errors import SpectrError
from spectr_desktop.ui.theme import Fonts, Scheme

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from spectr_desktop.audit.plan import Limits
    from spectr_desktop.records.server import ServerConfig
    from spectr_desktop.store.settings import Settings
    from spectr_desktop.ui.run_control import RunControl
    from spectr_desktop.ui.server_control import ServerControl
    from spectr_desktop.ui.settings_dialog import SettingsDialog
    from spectr_desktop.ui.source_editor import SourceEditor
    from spectr_desktop.ui.tasks import TaskOwner
    from spectr_desktop.ui.theme import Theme

_FILE_NAME = "settings.toml"


class SettingsControl(QObject):
    """Reads the settings when something of them is first needed.

    Signals:
        failed: (SpectrError) a setting cannot be used, or the keychain does not answer.
        servers_changed: other servers are set up, or their keys are others.
        applied: settings were changed in the dialog.
        told: (str) a sentence for the status line.
    """

    failed = Signal(object)
    servers_changed = Signal()
    applied = Signal()
    told = Signal(str)

    def __init__(
        self,
        theme: Theme,
        editor: SourceEditor,
        runs: RunControl,
        servers: ServerControl,
        tasks: TaskOwner,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._theme, self._editor, self._runs = theme, editor, runs
        self._servers, self._tasks, self._window = servers, tasks, window
        self._dialog: SettingsDialog | None = None
        self._pages: list[Callable[[SettingsDialog], None]] = []
        self._air_gap_waits = False
        runs.limits = self.limits
        runs.finished.connect(self._on_run_ended)
        runs.failed.connect(self._on_run_ended)

    def show_look(self) -> None:
        """Theme, fonts and the editor's ways; before the window is shown, and laid out by then.

        A font that is set before a widget gets its place is lost with a style sheet.
        """
        if (paths.data() / _FILE_NAME).exists():  # else all is as it is by itself
            self._apply_look()

    @cached_property
    def settings(self) -> Settings:
        """All settings."""
        from spectr_desktop.store.settings import Settings  # noqa: PLC0415  # where there is a file

        return Settings.load()

    def prepare(self) -> None:
        """After the window is shown, and before any server is asked."""
        from spectr_desktop.audit.keys import ServerKeys  # noqa: PLC0415  # after the window is shown

        self._runs.keys = ServerKeys()
        if self.settings.get("privacy.air_gap"):
            self._servers.set_air_gap(on=True)
        self.applied.emit()

    async def start(self) -> None:
        """What is wrong with the file is said, and keys are loaded."""
        if self.settings.problems:
            problems = "\n".join(self.settings.problems)
            first = self.settings.problems[0]
            self.failed.emit(SpectrError("settings_problem", first, detail=problems))
        before = self._with_keys()
        await self._load_keys()
        if self._with_keys() != before:  # else all of them are being asked by now
            self.servers_changed.emit()

    def servers(self) -> tuple[ServerConfig, ...]:
        """The servers that the user has set up and not switched off."""
        return tuple(server.config for server in self.settings.servers if server.enabled)

    def limits(self) -> Limits:
        """What is asked of every run."""
        from spectr_desktop.audit.preferences import limits_of  # noqa: PLC0415  # with the first run

        return limits_of(self.settings)

    def keep_theme(self, scheme: Scheme) -> None:
        """The menu has another theme: that is a setting too."""
        self._theme.choose(scheme)
        try:
            self.settings.set("appearance.theme", scheme.value)
            self.settings.save()
        except SpectrError as error:
            self.failed.emit(error)

    def add_page(self, add: Callable[[SettingsDialog], None]) -> None:
        """Have something more put into the dialog, each time that it is made."""
        self._pages.append(add)

    def open_dialog(self) -> None:
        """Show the dialog, or bring it to the front."""
        if self._dialog is not None:
            self._dialog.raise_()
            self._dialog.activateWindow()
            return
        from spectr_desktop.audit.keys import ServerKeys  # noqa: PLC0415  # rarely
        from spectr_desktop.ui.settings_dialog import SettingsDialog  # noqa: PLC0415  # rarely
        from spectr_desktop.ui.settings_prompts import PromptsPage  # noqa: PLC0415  # rarely

        keys = self._runs.keys = self._runs.keys or ServerKeys()
        dialog = SettingsDialog(
            self.settings,
            self._theme,
            self._tasks,
            tester=self._test,
            keys=keys,
            parent=self._window,
        )
        page = PromptsPage(self._theme, dialog)
        page.set_chosen({n: str(self.settings.get(f"prompts.{n}")) for n in page.chosen})
        dialog.add_page(self.tr("Prompts"), page, lambda: self._keep_prompts(page), after="audit")
        for add in self._pages:
            add(dialog)
        dialog.applied.connect(self._on_applied)
        dialog.finished.connect(self._on_finished)
        self._dialog = dialog
        dialog.open()

    def close(self) -> None:
        """Close the dialog, if it is open."""
        if self._dialog is not None:
            self._dialog.reject()

    def _keep_prompts(self, page: QWidget) -> None:
        from spectr_desktop.ui.settings_prompts import PromptsPage  # noqa: PLC0415  # as above

        assert isinstance(page, PromptsPage)  # noqa: S101  # it was made above
        if not page.accept():
            raise SpectrError("prompt_incomplete", self.tr("A prompt has to be mended first."))
        for name, version in page.chosen.items():
            self.settings.set(f"prompts.{name}", version)
        self.settings.save()

    async def _test(self, server: ServerConfig) -> str:
        """Ask a server for its models; what it answers, as a sentence."""
        from spectr_desktop.audit import compose  # noqa: PLC0415  # rarely

        keys = self._runs.keys
        if keys is not None:
            await keys.load([server])
        provider = compose.connect(server, self._runs.egress, keys)
        try:
            found = await compose.offer(provider)
        finally:
            await provider.close()
        if found.error is not None:
            raise found.error
        count = len(found.models)
        if count == 1:
            return self.tr("It answers, with the model {name}.").format(name=found.models[0].title)
        names = ", ".join(model.title for model in found.models[:3])
        return self.tr("It answers, with {count} models: {names}{more}").format(
            count=f"{count:,}",
            names=names,
            more=" …" if count > 3 else "",  # noqa: PLR2004  # as above
        )

    def _on_applied(self, changed: frozenset[str]) -> None:
        self._apply_look()
        if "privacy.air_gap" in changed:
            self._air_gap_waits = True
            if self._runs.running:  # its connection is open: the mode would claim what is not so
                self.told.emit(self.tr("Air-gap mode is switched when the run has ended"))
            else:
                self._on_run_ended()
        self.applied.emit()

    def _on_run_ended(self) -> None:
        if self._air_gap_waits:
            self._air_gap_waits = False
            self._servers.set_air_gap(on=bool(self.settings.get("privacy.air_gap")))

    def _on_finished(self) -> None:
        dialog, self._dialog = self._dialog, None
        if dialog is not None:
            dialog.deleteLater()
            # A key may have been saved without any setting being another one.
            self._tasks.start(self._refresh_servers(), "servers")

    async def _refresh_servers(self) -> None:
        await self._load_keys()
        self.servers_changed.emit()

    def _with_keys(self) -> list[ServerConfig]:
        keys = self._runs.keys
        return [server for server in self.servers() if keys is not None and keys.has(server)]

    async def _load_keys(self) -> None:
        # Only those of servers that the user has set up: a locked keychain asks for its password.
        if self._runs.keys is None or not self.servers():
            return
        try:
            await self._runs.keys.load(self.servers())
        except SpectrError as error:
            self.failed.emit(error)

    def _apply_look(self) -> None:
        get = self.settings.get
        scheme = Scheme(str(get("appearance.theme")))
        if scheme is not self._theme.scheme:
            self._theme.choose(scheme)
        self._theme.choose_fonts(
            Fonts(
                str(get("editor.font") or ""),
                cast("float | None", get("editor.font_size")),
                cast("float | None", get("appearance.report_font_size")),
            )
        )
        self._editor.set_indent(cast("int", get("editor.indent")))
        self._editor.set_wrapped(bool(get("editor.wrap")))
