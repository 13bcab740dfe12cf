"""The window: three columns, and in one method all the wiring between them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QMainWindow, QVBoxLayout, QWidget

from spectr_desktop.errors import SpectrError
from spectr_desktop.ui import dialogs, window_state
from spectr_desktop.ui.actions import Actions, main_menu
from spectr_desktop.ui.change_bar import ChangeBar
from spectr_desktop.ui.columns import Columns
from spectr_desktop.ui.export_control import ExportControl
from spectr_desktop.ui.file_control import FileControl
from spectr_desktop.ui.findings_desk import Around, FindingsDesk
from spectr_desktop.ui.hostile_text import visible
from spectr_desktop.ui.keeping import Keeping
from spectr_desktop.ui.link_control import LinkControl
from spectr_desktop.ui.model_control import ModelControl
from spectr_desktop.ui.notices import Notices
from spectr_desktop.ui.project_view import ProjectView
from spectr_desktop.ui.reader_control import ReaderControl
from spectr_desktop.ui.report_pane import ReportPane
from spectr_desktop.ui.run_control import RunControl
from spectr_desktop.ui.run_desk import RunDesk
from spectr_desktop.ui.run_opener import Panes
from spectr_desktop.ui.saving_notice import SavingNotice
from spectr_desktop.ui.server_control import ServerControl
from spectr_desktop.ui.settings_control import SettingsControl
from spectr_desktop.ui.source_editor import SourceEditor
from spectr_desktop.ui.status_line import StatusLine
from spectr_desktop.ui.tasks import TaskOwner
from spectr_desktop.ui.top_bar import TopBar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent

    from spectr_desktop.records.server import ServerConfig
    from spectr_desktop.ui.settings_dialog import SettingsDialog
    from spectr_desktop.ui.theme import Theme


class MainWindow(QMainWindow):
    """The program's only window.

    Signals:
        closed: everything is stopped and saved; the program may end.
        task_failed: (an exception) a task ended by a mistake of the program.
    """

    closed = Signal()
    task_failed = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self.tasks = TaskOwner(self._on_task_error)
        self.runs = RunControl(self)
        self._asking = False
        self._closing = False
        self._may_close = False
        self.setObjectName("mainWindow")
        self.setAcceptDrops(True)
        self.top = TopBar(self)
        self.models = ModelControl(self.top.picker, self.runs, self._root, self)
        self.files = ProjectView(self)
        self.editor = SourceEditor(theme, self)
        self.file = FileControl(self.editor, self)
        self.report = ReportPane(theme, self)
        self.status = StatusLine(self)
        self.notices = Notices(self.report, self.runs)
        self.actions_by_name = Actions(self)
        self.reader = ReaderControl(self.report, self.editor, self.actions_by_name, theme)
        self.servers = ServerControl(self.runs, self.actions_by_name, self)
        self.links = LinkControl(self.runs.egress, self.tasks, self)
        around = Around(
            self.runs,
            self.report,
            self.editor,
            self.tasks,
            self.file.source,
            self.top.picker.choice,
            self.models.may_send,
        )
        self.findings = FindingsDesk(theme, around, self)
        self.source_bar = ChangeBar(theme, self)
        self.reader.source.put_above(self.source_bar)
        panes = Panes(self.runs, self.file, self.findings, self.report, self.source_bar, self.tasks)
        self.keeping = Keeping(theme, self.editor, panes, self.report.offers, self.models, self)
        self.settings = SettingsControl(
            theme, self.editor, self.runs, self.servers, self.tasks, self
        )
        self.settings.add_page(self._add_settings_parts)
        self.models.servers = self.settings.servers
        self.saving = SavingNotice(self.runs, self.report.offers)
        self.exports = ExportControl(self.runs, self.findings.of_runs, theme, self.tasks, self)
        self.desk = RunDesk(self)
        self._lay_out()
        self._add_actions()
        self._wire()
        self.settings.show_look()
        self._show_file()
        self._show_choice()

    # -- building ---------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self._columns = Columns(
            self.files,
            self.findings.list_page,
            self.keeping.history_page,
            self.reader.source,
            self.report,
            self.findings.pane_page,
            self,
        )
        central = QWidget(self)
        layout = QVBoxLayout(central)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.top)
        layout.addWidget(self._columns, 1)
        layout.addWidget(self.status)
        self.setCentralWidget(central)
        available = self.screen().availableGeometry()
        self.resize(min(1400, available.width()), min(880, available.height()))
        self._state = window_state.load()
        window_state.apply(self._state, self, self._columns)

    def _add_actions(self) -> None:
        add = self.actions_by_name.add
        opens = add("open_file", self.tr("Open…"), ["Ctrl+O"], self._on_open)
        save = add("save", self.tr("Save"), ["Ctrl+S"], self._on_save)
        save_as = add("save_as", self.tr("Save as…"), ["Ctrl+Shift+S"], self._on_save_as)
        run = add("run", self.tr("Run audit"), ["Ctrl+R"], self.desk.run)
        # Esc is Stop only while something runs, so that it stays what it is elsewhere.
        add("stop", self.tr("Stop"), ["Ctrl+.", "Esc"], self.desk.stop).setEnabled(False)
        export = add("export", self.tr("Export…"), ["Ctrl+E"], self._on_export)
        refresh = add(
            "refresh_models", self.tr("Look for models again"), ["F5"], self.refresh_models
        )
        unload = add("unload_model", self.tr("Unload the model"), [], self._on_unload)
        shows = add("preview", self.tr("Show what will be sent…"), [], self.desk.preview)
        erases = add("erase_client", self.tr("Erase this client…"), [], self._on_erase)
        settings = add("settings", self.tr("Settings…"), ["Ctrl+,"], self.settings.open_dialog)
        quits = add("quit", self.tr("Quit"), ["Ctrl+Q"], self.close)
        add("focus_files", self.tr("Files"), ["Ctrl+1"], self._on_focus_files)
        add("focus_findings", self.tr("Findings"), ["Ctrl+2"], self._on_focus_findings)
        add("focus_history", self.tr("History"), ["Ctrl+3"], self._on_focus_history)
        add("focus_source", self.tr("Source"), ["Ctrl+4"], lambda: self._focus(self.editor))
        add("focus_report", self.tr("Report"), ["Ctrl+5"], self._on_focus_report)
        add("focus_finding", self.tr("Finding"), ["Ctrl+6"], self._on_focus_finding)
        writes = add(
            "add_finding",
            self.tr("New finding from the selection"),
            ["Ctrl+Shift+N"],
            self.findings.write_finding,
        )
        asks = add(
            "ask_selection",
            self.tr("Ask about the selection"),
            ["Ctrl+Shift+A"],
            self.findings.show_selection,
        )
        add("focus_model", self.tr("Model"), ["Ctrl+M"], self._on_focus_model)
        add("menu", self.tr("Menu"), ["F10"], self.top.menu_button.showMenu)
        actions = self.actions_by_name
        groups = (
            [opens, save, save_as],
            [run, actions["stop"], shows, export],
            [writes, asks],
            *self.reader.menu_actions,
            [refresh, unload, self.servers.menu, actions["air_gap"]],
            [actions.theme_menu(self.theme, self.settings.keep_theme), settings],
            [erases],
            [quits],
        )
        self.top.set_menu(main_menu(groups, self))

    def _wire(self) -> None:
        """All that one part of the window tells another; `desk` tells what a run does."""
        self.top.open_requested.connect(self._on_open)
        self.top.run_requested.connect(self.desk.run)
        self.top.stop_requested.connect(self.desk.stop)
        self.top.export_requested.connect(self._on_export)
        self.models.refreshed.connect(self._on_refreshed)
        self.models.failed.connect(self._on_file_error)
        self.top.picker.choice_changed.connect(self._show_choice)
        self.top.picker.refresh_requested.connect(self.refresh_models)
        self.files.itemActivated.connect(lambda: self._focus(self.editor))
        self.file.document_changed.connect(self._on_document_changed)
        self.file.failed.connect(self._on_file_error)
        self.file.saved.connect(
            lambda name: self.status.show_message(self.tr("{name} is saved").format(name=name))
        )
        self.editor.files_dropped.connect(self._on_files_dropped)
        self.editor.paste_refused.connect(self._on_file_error)
        self.editor.modified_changed.connect(self._show_title)
        self.editor.blockCountChanged.connect(self._show_file)
        self.report.view.link_requested.connect(self.links.open)
        self.links.refused.connect(lambda text: self.notices.say("hint", text, "info"))
        self.servers.egress_changed.connect(self._show_choice)
        self.servers.told.connect(self.status.show_message)
        self.servers.failed.connect(self._on_file_error)
        self.exports.failed.connect(self._on_file_error)
        self.exports.exported.connect(
            lambda path: self.status.show_message(
                self.tr("The report is in {path}").format(path=path)
            )
        )
        self.runs.text_received.connect(self.report.append_text)
        self.runs.thinking_received.connect(self.report.append_thinking)
        self.runs.finding_told.connect(self.findings.tell)
        self.desk.changed.connect(self._show_choice)
        self.desk.changed.connect(self._show_export)
        self.desk.report_wanted.connect(lambda: self._columns.show_page(self.report))
        self.file.saved.connect(lambda _name: self.findings.control.on_saved())
        self.file.reloaded.connect(lambda _name: self.findings.control.on_saved())
        self.findings.failed.connect(self._on_file_error)
        self.findings.told.connect(self.status.show_message)
        self.findings.counted.connect(self._show_findings)
        self.findings.pane_wanted.connect(lambda: self._columns.show_page(self.findings.pane_page))
        self.findings.report_wanted.connect(lambda: self._columns.show_page(self.report))
        self.findings.link_requested.connect(self.links.open)
        self.findings.asking_changed.connect(self.desk.show_asking)
        self.keeping.failed.connect(self._on_file_error)
        self.keeping.told.connect(self.status.show_message)
        self.keeping.run_opened.connect(self.desk.show_opened)
        self.keeping.history_wanted.connect(self._on_focus_history)
        self.keeping.erased.connect(self._on_erased)
        self.settings.failed.connect(self._on_file_error)
        self.settings.told.connect(self.status.show_message)
        self.settings.servers_changed.connect(self.refresh_models)
        self.saving.export_requested.connect(self._on_export)
        self.saving.told.connect(self.status.show_message)
        self.runs.saved_changed.connect(self.status.show_saved)

    # -- what the program asks of the window ------------------------------------------------

    def start(
        self,
        paths: Sequence[Path],
        named: ServerConfig | None,
        model: str,
        usual: ServerConfig | None = None,
    ) -> None:
        """Open the files of the command line and look for models; the loop runs by now.

        Args:
            paths: what to open.
            named: the server to prefer, None if none was named.
            model: the model to prefer, "" if none was named.
            usual: what holds for the servers that nobody named: proxy, requests at a time, …
        """
        self.models.want(named, model, usual)
        self.settings.prepare()
        last = self.settings.settings.get("storage.reopen_file") and self._state.file
        if paths:
            self.open_path(paths[0])
        elif last and Path(self._state.file).is_file():  # that it is gone need not be told
            self.tasks.start(self._open_last(), "open the last file")
        self.refresh_models()
        self.tasks.start(self.settings.start(), "settings")
        self.tasks.start(self.keeping.start(), "keeping")

    def open_path(self, path: Path) -> None:
        """Open a file; asks first if the one that is open has unsaved changes."""
        self.tasks.start(self.file.open(path), "open")

    async def _open_last(self) -> None:
        await self.file.open(Path(self._state.file))
        self.editor.go_to_line(self._state.line)

    def refresh_models(self) -> None:
        """Ask all servers again, without blocking."""
        self.tasks.start(self.models.refresh(), "models")

    def close_now(self) -> None:
        """Stop, save what the model wrote, and end, without a question (SIGTERM)."""
        if not self._closing:
            self._closing = True
            self.tasks.start(self._shut_down(), "shut down")

    # -- files ------------------------------------------------------------------------------

    def _on_open(self) -> None:
        self.tasks.start(self.file.ask_and_open(), "open dialog")

    def _on_save(self) -> None:
        self.tasks.start(self.file.save(), "save")

    def _on_save_as(self) -> None:
        self.tasks.start(self.file.save_as(), "save as")

    def _on_document_changed(self) -> None:
        self.notices.settle("file", "hint")
        self._show_file()
        self.findings.control.open_project(self._root(), self.file.name)
        self.editor.setFocus()

    def _root(self) -> Path | None:
        return self.file.root

    def _on_files_dropped(self, paths: list[Path]) -> None:
        if paths:
            self.open_path(paths[0])

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files may be dropped anywhere on the window."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        self._on_files_dropped(
            [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        )
        event.acceptProposedAction()

    # -- models -----------------------------------------------------------------------------

    def _on_refreshed(self, problem: str) -> None:
        if problem and self.notices.topic in ("", "models"):
            self.notices.say("models", problem, "warning")
        elif not problem:
            self.notices.settle("models")

    def _on_focus_model(self) -> None:
        edit = self.top.picker.lineEdit()
        if edit is not None:
            edit.setFocus(Qt.FocusReason.ShortcutFocusReason)
            edit.selectAll()

    # -- what is kept -----------------------------------------------------------------------

    def _add_settings_parts(self, dialog: SettingsDialog) -> None:
        """What the window itself puts into the settings."""
        from spectr_desktop.ui.settings_consents import ConsentsPart  # noqa: PLC0415  # rarely
        from spectr_desktop.ui.settings_storage import StoragePart  # noqa: PLC0415  # rarely

        keeping, root = self.keeping, self.file.root
        client = str(root.resolve()) if root is not None else ""
        dialog.add_to_page("privacy", ConsentsPart(self.theme, self.tasks, dialog))
        part = StoragePart(
            self.tasks, client, lambda: keeping.erase_client(client), keeping.erase_older, dialog
        )
        dialog.add_to_page("storage", part)

    def _on_erased(self) -> None:
        self._keep_state()
        self.exports.forget_folder()

    def _on_erase(self) -> None:
        root = self.file.root
        if root is None:
            self.notices.say("hint", self.tr("Open a file of that client first."), "info")
        else:
            self.keeping.erase_client(str(root.resolve()))

    # -- export -----------------------------------------------------------------------------

    def _on_export(self) -> None:
        if self.runs.result is not None:
            self.exports.export(self.file.folder)

    # -- showing ----------------------------------------------------------------------------

    def _show_file(self) -> None:
        document = self.file.document
        characters = self.editor.document().characterCount()
        # The empty block after a last line end is no line of the file.
        ends = self.editor.document().lastBlock().length() == 1
        self.files.show_file(
            document.path if document else None,
            self.editor.blockCount() - ends,
            characters // 3,
        )
        self._show_title()
        self._show_export()

    def _show_title(self) -> None:
        name = visible(self.file.name)
        mark = " •" if self.file.modified else ""
        # A tab takes an & for the mark of its mnemonic.
        tab = name.replace("&", "&&") + mark
        self._columns.middle.setTabText(0, tab if name else self.tr("No file"))
        self.setWindowTitle(f"{name}{mark}" if name else "Spectr Desktop")

    def _show_choice(self) -> None:
        choice = self.top.picker.choice()
        locality, host = (
            (choice.locality, self.models.host(choice)) if choice is not None else (None, "")
        )
        self.top.show_locality(locality, host, refusals=self.servers.refusals)
        self.actions_by_name["unload_model"].setEnabled(
            choice is not None and not self.runs.running
        )
        why = "" if choice else self.tr("Pick a model first, with Ctrl+M.")
        self.findings.set_ask_enabled(choice is not None, why)

    def _show_export(self) -> None:
        ready = self.exports.ready
        self.top.export_button.setEnabled(ready)
        self.actions_by_name["export"].setEnabled(ready)
        self.exports.refresh()

    def _show_findings(self, count: int) -> None:
        self._columns.show_count(self.findings.list_page, self.tr("Findings"), count)
        self.exports.refresh()

    def _on_focus_files(self) -> None:
        self._columns.show_page(self.files)
        self._focus(self.files)

    def _on_focus_report(self) -> None:
        self._columns.show_page(self.report)
        self._focus(self.report.view)

    def _on_focus_findings(self) -> None:
        self._columns.show_page(self.findings.list_page)
        self._focus(self.findings.view)

    def _on_focus_history(self) -> None:
        self._columns.show_page(self.keeping.history_page)
        self._focus(self.keeping.history_page)

    def _on_focus_finding(self) -> None:
        self._columns.show_page(self.findings.pane_page)
        self._focus(self.findings.pane)

    def _focus(self, widget: QWidget) -> None:
        widget.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _on_file_error(self, error: SpectrError) -> None:
        self.notices.say("file", error.message, "error", error.detail)

    def _on_unload(self) -> None:
        choice = self.top.picker.choice()
        if choice is not None:
            self.tasks.start(self.servers.unload(choice), "unload")

    def _on_task_error(self, error: BaseException) -> None:
        if isinstance(error, SpectrError):  # whoever waited for it is gone
            self._on_file_error(error)
            return
        self.task_failed.emit(error)

    # -- the end ----------------------------------------------------------------------------

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ignored until everything is stopped and saved; then the program ends by itself."""
        if self._may_close:
            event.accept()
            return
        event.ignore()
        if not self._asking and not self._closing:
            self._asking = True
            self.tasks.start(self._ask_and_shut_down(), "close")

    def _keep_state(self) -> None:
        document = None if self.keeping.is_erased(self.file.root) else self.file.document
        name = str(document.path.absolute()) if document else ""
        line = self.editor.textCursor().blockNumber() + 1
        window_state.save(window_state.of_window(self, self._columns, name, line))

    async def _ask_and_shut_down(self) -> None:
        try:
            may_close = await self.file.may_discard() and await self._may_lose_runs()
        finally:
            self._asking = False
        if may_close and not self._closing:
            self._closing = True
            await self._shut_down()

    async def _may_lose_runs(self) -> bool:
        """No report is only in memory, or the user lets it go."""
        lost = [(run.title, run.reason) for run in self.runs.unsaved.runs()]
        if self.runs.running and self.runs.not_saved:
            lost.append((self.runs.title, self.runs.not_saved))
        if not lost:
            return True
        title, reason = lost[-1]
        answer = await dialogs.ask(
            self,
            self.tr("Quit although the report on {name} is not saved?").format(name=title),
            reason,
            {"cancel": self.tr("Cancel"), "quit": self.tr("Quit")},
            default="cancel",
        )
        return answer == "quit"

    async def _shut_down(self) -> None:
        self._keep_state()
        self.runs.stop()
        await self.runs.ended()
        await self.findings.close()
        self.settings.close()
        self.exports.close()
        await self.keeping.close()
        await self.tasks.close()
        await self.runs.close()
        self._may_close = True
        self.close()
        self.closed.emit()
