"""The History tab: what was audited before, searched as one types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from spectr_desktop.ui import history_style
from spectr_desktop.ui.finding_words import one_line
from spectr_desktop.ui.history_filters import HistoryFilters
from spectr_desktop.ui.history_list import HistoryList
from spectr_desktop.ui.history_model import HistoryModel

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QShowEvent

    from spectr_desktop.records.history import Facets, Page, Wanted
    from spectr_desktop.ui.theme import Theme

# A bar for fewer would only flicker.
_WORTH_A_BAR = 10


class HistoryView(QWidget):
    """Filters, the list of runs, and what can be done with them.

    Attributes:
        filters: what is searched for.
        model: the rows.
        list: shows them.

    Signals:
        shown: the tab came to the front.
        search_requested: (Wanted) something else is wanted.
        more_requested: (Wanted, int) the next rows of it, from this number on.
        open_requested: (str) a run is to be seen.
        rename_requested: (str id, str title).
        delete_requested: (list[str]) these runs.
        undo_requested: of what was deleted last.
        erase_requested: (str root) a client with everything that is kept of it.
        erase_older_requested: everything older than an age.
    """

    shown = Signal()
    search_requested = Signal(object)
    more_requested = Signal(object, int)
    open_requested = Signal(str)
    rename_requested = Signal(str, str)
    delete_requested = Signal(list)
    undo_requested = Signal()
    erase_requested = Signal(str)
    erase_older_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._building = self._erasing = False
        self._shown_for: Wanted | None = None
        self.setObjectName("historyView")
        self.setAccessibleName(self.tr("History"))
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.filters = HistoryFilters(self)
        self.model = HistoryModel(self)
        self.list = HistoryList(self.model, theme, self)
        self._menu_button = self._made_menu_button()
        self._progress = QProgressBar(self)
        self._progress.setObjectName("historyProgress")
        self._progress.setAccessibleName(self.tr("Building the list of runs"))
        self._progress.setTextVisible(False)
        self._progress.setFixedHeight(3)
        policy = self._progress.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # the list must not jump
        self._progress.setSizePolicy(policy)
        self._progress.hide()
        self._empty = self._label("historyEmpty")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self._empty.setMargin(24)
        self._count = self._label("historyCount")
        self._bar = self._made_bar()
        self._lay_out()
        self._wire()
        self._on_theme_changed()
        self._show_state()

    def _label(self, name: str) -> QLabel:
        label = QLabel(self)
        label.setObjectName(name)
        label.setTextFormat(Qt.TextFormat.PlainText)
        return label

    def _made_menu_button(self) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName("historyMenuButton")
        button.setText("⋯")
        button.setAccessibleName(self.tr("More for the history"))
        button.setToolTip(self.tr("Erase a client, or what is old"))
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        menu.setAccessibleName(self.tr("More for the history"))
        self._erase_action = menu.addAction("")
        self._erase_action.setObjectName("erase_client")
        self._erase_action.triggered.connect(lambda _checked=False: self._erase())
        older = menu.addAction(self.tr("Erase what is older than…"))
        older.setObjectName("erase_older")
        older.triggered.connect(lambda _checked=False: self.erase_older_requested.emit())
        menu.aboutToShow.connect(self._name_client)
        button.setMenu(menu)
        return button

    def _made_bar(self) -> QFrame:
        bar = QFrame(self)
        bar.setObjectName("historyUndoBar")
        self._deleted = self._label("historyDeleted")
        undo = QPushButton(self.tr("Undo"), bar)
        undo.setObjectName("historyUndoButton")
        undo.setAccessibleName(self.tr("Bring the deleted runs back"))
        undo.clicked.connect(lambda _checked=False: self.undo_requested.emit())
        row = QHBoxLayout(bar)
        row.setContentsMargins(12, 5, 8, 5)
        row.addWidget(self._deleted, 1)
        row.addWidget(undo)
        bar.hide()
        return bar

    def _lay_out(self) -> None:
        self.filters.top.addWidget(self._menu_button)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.list)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.filters)
        layout.addWidget(self._progress)
        layout.addWidget(self._stack, 1)
        layout.addWidget(self._bar)
        layout.addWidget(self._count)
        self.setFocusProxy(self.filters.words)

    def _wire(self) -> None:
        self.filters.wanted_changed.connect(self._on_wanted_changed)
        self.filters.left.connect(self._go_to_list)
        self.model.more_requested.connect(
            lambda offset: self.more_requested.emit(self.filters.wanted, offset)
        )
        self.model.rename_requested.connect(self.rename_requested)
        self.list.run_opened.connect(self.open_requested)
        self.list.customContextMenuRequested.connect(self._on_menu_requested)
        self.list.keys[Qt.Key.Key_Delete] = self._delete
        self.list.keys[Qt.Key.Key_U] = self.undo_requested.emit
        self.list.keys[Qt.Key.Key_Slash] = self.filters.go_to_words
        self._theme.changed.connect(self._on_theme_changed)

    # From outside

    def show_page(self, wanted: Wanted, page: Page) -> None:
        """Show what was found in place of what is shown."""
        if self.list.editing:
            return  # whoever writes a title sees the rest when it is kept
        keep = wanted == self._shown_for
        self._shown_for = wanted
        self.list.show_page(page, searching=bool(wanted.words.strip()), keep=keep)
        self._show_state()

    def add_page(self, wanted: Wanted, page: Page, offset: int) -> None:
        """Show further rows behind those that are shown."""
        if wanted == self._shown_for:
            self.model.add_page(page, offset)
            self._show_state()

    def show_facets(self, facets: Facets) -> None:
        """Offer the projects, models and outcomes that there are."""
        self.filters.show_facets(facets)

    def show_progress(self, done: int, total: int, erasing: bool = False) -> None:
        """How many runs have been read of those that are new; the same numbers end it.

        Args:
            done: so many.
            total: of so many.
            erasing: they are not read but erased.
        """
        self._building = done < total
        self._erasing = erasing
        self._progress.setMaximum(max(1, total))
        self._progress.setValue(done)
        self._progress.setVisible(self._building and total >= _WORTH_A_BAR)
        self._show_state()

    def show_deleted(self, count: int) -> None:
        """So many runs were deleted and can come back; none takes the bar away."""
        one = self.tr("1 run deleted")
        self._deleted.setText(one if count == 1 else self.tr("{n} runs deleted").format(n=count))
        self._bar.setVisible(count > 0)

    def showEvent(self, event: QShowEvent) -> None:
        """Runs may have come since the tab was seen last."""
        super().showEvent(event)
        self.shown.emit()

    # What the reader does

    def context_menu(self) -> QMenu:
        """What can be done with the selected runs, each with its key."""
        row, chosen = self.list.current_row(), self.list.selected_runs()
        menu = QMenu(self.list)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setAccessibleName(self.tr("Run"))

        def add(name: str, text: str, key: str, slot: Callable[[], object], on: bool) -> None:
            action = menu.addAction(text)
            action.setObjectName(name)
            if key:
                action.setShortcut(QKeySequence(key))
                action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
                action.setShortcutVisibleInContextMenu(True)
            action.setEnabled(on)
            action.triggered.connect(lambda _checked=False: slot())

        run = row.id if row else ""
        add("open", self.tr("Open"), "Return", lambda: self.open_requested.emit(run), bool(run))
        add("rename", self.tr("Rename"), "F2", self.list.rename_current, bool(run))
        add("delete", self.tr("Delete"), "Del", self._delete, bool(chosen))
        undo = self.undo_requested.emit
        add("undo", self.tr("Bring deleted runs back"), "U", undo, not self._bar.isHidden())
        menu.addSeparator()
        self._name_client()
        text, on = self._erase_action.text(), self._erase_action.isEnabled()
        add("erase", text, "", self._erase, on)
        return menu

    def _on_wanted_changed(self) -> None:
        self.search_requested.emit(self.filters.wanted)

    def _on_menu_requested(self, place: QPoint) -> None:
        self.context_menu().popup(self.list.viewport().mapToGlobal(place))

    def _go_to_list(self) -> None:
        if self._stack.currentWidget() is self.list:
            self.list.go_to_first()

    def _delete(self) -> None:
        if runs := self.list.selected_runs():
            self.delete_requested.emit(runs)

    def _client(self) -> str:
        """The project of the current run, else the one that is chosen above."""
        row = self.list.current_row()
        return (row.project if row else "") or self.filters.wanted.project

    def _erase(self) -> None:
        if client := self._client():
            self.erase_requested.emit(client)

    def _name_client(self) -> None:
        client = self._client()
        name = one_line(client.rstrip("/\\").replace("\\", "/").rpartition("/")[2], 40)
        text = self.tr("Erase client “{name}”…").format(name=name)
        # An ampersand in a menu underlines what follows it.
        self._erase_action.setText(
            (text if client else self.tr("Erase client…")).replace("&", "&&")
        )
        self._erase_action.setEnabled(bool(client))

    # How it looks

    def _show_state(self) -> None:
        listed = bool(self.model.rows)
        self._stack.setCurrentWidget(self.list if listed else self._empty)
        self._empty.setText(self._empty_words())
        total = self.model.total
        words = self.tr("1 run") if total == 1 else self.tr("{n} runs")
        text = words.format(n=f"{total:,}")
        if self._building:
            reading, erasing = self.tr("reading {done} of {all}…"), self.tr("erasing…")
            text = f"{text}, {erasing if self._erasing else reading}".format(
                done=f"{self._progress.value():,}", all=f"{self._progress.maximum():,}"
            )
        elif self.filters.narrows:
            text = self.tr("{runs} found").format(runs=text)
        self._count.setText(text)
        self._count.setVisible(listed or self._building)

    def _empty_words(self) -> str:
        if self._building:
            return self.tr("The list of runs is being built from the runs on this disk.")
        if self.filters.narrows:
            return self.tr("No run has what is searched for.\n\nEsc in the field empties it.")
        return self.tr(
            "No runs yet.\n\nEvery audit is kept here with its report, its source as it was and"
            " its findings, also if it was stopped or broke off."
        )

    def _on_theme_changed(self) -> None:
        self.setStyleSheet(history_style.sheet(self._theme))
