"""The findings of a project: a filter, a list with keys of its own, and how many there are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from spectr_desktop.records.grades import State
from spectr_desktop.ui import finding_words
from spectr_desktop.ui.findings_list import FindingsList
from spectr_desktop.ui.findings_menu import FindingsMenu
from spectr_desktop.ui.findings_model import FindingsModel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spectr_desktop.records.findings import Finding
    from spectr_desktop.ui.findings_order import Wishes
    from spectr_desktop.ui.theme import Theme

_FILTER_MS = 120
_MOST_GOALS = 9


class FindingsView(QWidget):
    """The list of findings and what stands round it.

    Attributes:
        model: what is listed.
        list: shows it.
        filter: the words that findings must have.
        menu: how it is sorted, grouped and filtered.

    Signals:
        selected: (str key) the reader went to another finding.
        shown: (str key) he wants to see it: Enter, or a double click.
        state_requested: (list[str] keys, State) he decided.
        merge_requested: (list[str] keys, str into) they are the same as another one.
        split_requested: (str key) a merged one stands for itself after all.
        undo_requested, redo_requested: of what was decided.
        edit_requested, note_requested: (str key) he wants to write.
        copy_requested: (list[str] keys, bool) he wants them on the clipboard, as rich text too.
    """

    selected = Signal(str)
    shown = Signal(str)
    state_requested = Signal(list, object)
    merge_requested = Signal(list, str)
    split_requested = Signal(str)
    undo_requested = Signal()
    redo_requested = Signal()
    edit_requested = Signal(str)
    note_requested = Signal(str)
    copy_requested = Signal(list, bool)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._running = False
        self.setObjectName("findingsView")
        self.setAccessibleName(self.tr("Findings"))
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.model = FindingsModel(self)
        self.filter = QLineEdit(self)
        self.filter.setObjectName("findingsFilter")
        self.filter.setAccessibleName(self.tr("Filter findings"))
        self.filter.setPlaceholderText(self.tr("Filter  ( / )"))
        self.filter.setToolTip(self.tr("Words in title, place, key or note"))
        self.filter.setClearButtonEnabled(True)
        self.filter.setMaxLength(200)
        self.menu = FindingsMenu(self)
        self.list = FindingsList(self.model, theme, self)
        self._empty = QLabel(self)
        self._empty.setObjectName("findingsEmpty")
        self._empty.setTextFormat(Qt.TextFormat.PlainText)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self._empty.setMargin(24)
        self._count = QLabel(self)
        self._count.setObjectName("findingsCount")
        self._count.setTextFormat(Qt.TextFormat.PlainText)
        self._filter_timer = QTimer(self, singleShot=True, interval=_FILTER_MS)
        self._filter_timer.timeout.connect(self.filter_now)
        self._lay_out()
        self._wire()
        self._show_counts()

    def _lay_out(self) -> None:
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.list)
        row = QHBoxLayout()
        row.setContentsMargins(10, 8, 10, 8)
        row.setSpacing(8)
        row.addWidget(self.filter, 1)
        row.addWidget(self.menu)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(row)
        layout.addWidget(self._stack, 1)
        layout.addWidget(self._count)

    def _wire(self) -> None:
        self.filter.textChanged.connect(lambda _text: self._filter_timer.start())
        self.filter.installEventFilter(self)
        self.menu.wished.connect(self._on_wished)
        self.menu.sort_again_requested.connect(self.settle)
        self.list.finding_selected.connect(self.selected)
        self.list.finding_shown.connect(self.shown)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._on_menu_requested)
        key, keys = Qt.Key, self.list.keys
        keys[key.Key_J, False] = lambda: self.list.step(1)
        keys[key.Key_K, False] = lambda: self.list.step(-1)
        keys[key.Key_Slash, False] = self._go_to_filter
        for number, state in enumerate(State):
            keys[Qt.Key(key.Key_1 + number), False] = lambda s=state: self._request_state(s)
        keys[key.Key_E, False] = lambda: self._request_for_one(self.edit_requested)
        keys[key.Key_N, False] = lambda: self._request_for_one(self.note_requested)
        keys[key.Key_C, False] = lambda: self._copy(rich=False)
        keys[key.Key_C, True] = lambda: self._copy(rich=True)
        keys[key.Key_M, False] = self._merge
        keys[key.Key_S, False] = self._split
        keys[key.Key_U, False] = self.undo_requested.emit
        keys[key.Key_U, True] = self.redo_requested.emit

    # From outside

    def set_findings(self, findings: Sequence[Finding]) -> None:
        """Take all findings as they are now; rows that are there keep their place."""
        first = not self.model.shown_count
        self.list.set_findings(findings)
        if first:
            self.model.settle()
        self._show_counts()

    def settle(self) -> None:
        """Put new and changed findings where they belong."""
        self.list.settle()
        self._show_counts()

    def select(self, key: str) -> bool:
        """Select a finding without a signal; False if the list does not show it."""
        return self.list.select(key)

    def selected_keys(self) -> list[str]:
        """The selected findings from top to bottom."""
        return self.list.selected_keys()

    def clear(self) -> None:
        """Forget all findings; the filter stays."""
        self.set_findings([])

    def set_running(self, running: bool) -> None:
        """Whether findings may come by themselves; when that ends, the list is settled."""
        if self._running and not running:
            self.list.settle()
        self._running = running
        self._show_counts()

    def filter_now(self) -> None:
        """Show only what has the words of the filter."""
        self._filter_timer.stop()
        self._on_wished(self.menu.wishes)

    # What the reader does

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys in the filter: Esc leaves it, Down and Enter go to the list."""
        escape, press = QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress
        if watched is self.filter and isinstance(event, QKeyEvent):
            key = Qt.Key(event.key())
            if event.type() == escape and key == Qt.Key.Key_Escape:
                event.accept()
                return True
            if event.type() == press and key in _LEAVING:
                self.filter_now()
                self._go_to_list()
                return True
        return super().eventFilter(watched, event)

    def context_menu(self) -> QMenu:
        """What can be done with the selected findings, each with its key."""
        keys, one = self.selected_keys(), self.list.current_key()
        finding = self.model.finding(one) if one else None
        menu = QMenu(self.list)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setAccessibleName(self.tr("Finding"))

        def add(name: str, text: str, key: str, slot: Callable[[], object], on: bool) -> None:
            action = menu.addAction(text)
            action.setObjectName(name)
            action.setShortcut(QKeySequence(key))
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.setShortcutVisibleInContextMenu(True)
            action.setEnabled(on)
            action.triggered.connect(lambda _checked=False: slot())

        add("show", self.tr("Show"), "Return", lambda: self.shown.emit(one), bool(one))
        menu.addSeparator()
        for number, state in enumerate(State, 1):
            word = finding_words.state_word(state)
            request = lambda state=state: self._request_state(state)  # noqa: E731
            add(f"state_{state.value}", word, str(number), request, bool(keys))
        menu.addSeparator()
        edit, note = self.edit_requested, self.note_requested
        add("edit", self.tr("Edit"), "E", lambda: self._request_for_one(edit), bool(one))
        add("note", self.tr("Note"), "N", lambda: self._request_for_one(note), bool(one))
        add("merge", self.tr("Merge into…"), "M", self._merge, bool(keys))
        merged = finding is not None and bool(finding.duplicate_of)
        add("split", self.tr("Split off again"), "S", self._split, merged)
        menu.addSeparator()
        copied = self.tr("Copy as Markdown"), self.tr("Copy as rich text")
        add("copy_markdown", copied[0], "C", lambda: self._copy(rich=False), bool(keys))
        add("copy_rich", copied[1], "Shift+C", lambda: self._copy(rich=True), bool(keys))
        menu.addSeparator()
        add("undo", self.tr("Undo"), "U", self.undo_requested.emit, True)
        add("redo", self.tr("Redo"), "Shift+U", self.redo_requested.emit, True)
        return menu

    def merge_menu(self, key: str) -> QMenu:
        """The findings that one may be the same as: those at its place, then those above it."""
        menu = QMenu(self.list)
        menu.setObjectName("mergeMenu")
        menu.setAccessibleName(self.tr("Merge into"))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addSection(self.tr("Merge {key} into").format(key=finding_words.one_line(key, 40)))
        for goal in self._merge_goals(key):
            words = f"{finding_words.one_line(goal.key, 40)}  {finding_words.title(goal)}"
            # An ampersand in a menu underlines what follows it.
            action = menu.addAction(words[:80].replace("&", "&&"))
            action.setObjectName(f"merge_{goal.key}")
            action.triggered.connect(
                lambda _checked=False, into=goal.key: self.merge_requested.emit([key], into)
            )
        return menu

    def _merge_goals(self, key: str) -> list[Finding]:
        keys = self.model.keys()
        at = keys.index(key)
        around = [*reversed(keys[:at]), *keys[at + 1 :]]
        found = [self.model.finding(each) for each in around]
        others = [each for each in found if each is not None and not each.duplicate_of]
        mine = self.model.finding(key)
        place = _symbol(mine) if mine is not None else None
        near = [each for each in others if place is not None and _symbol(each) == place]
        return [*near, *(each for each in others if each not in near)][:_MOST_GOALS]

    def _merge(self) -> None:
        """Several into the topmost of them; a single one into one that the reader chooses."""
        keys = self.selected_keys()
        if len(keys) > 1:
            self.merge_requested.emit(keys[1:], keys[0])
        elif keys:
            menu = self.merge_menu(keys[0])
            box = self.list.visualRect(self.model.index_of(keys[0]))
            menu.popup(self.list.viewport().mapToGlobal(QPoint(box.left() + 24, box.bottom())))
            if len(menu.actions()) > 1:
                menu.setActiveAction(menu.actions()[1])

    def _split(self) -> None:
        finding = self.model.finding(self.list.current_key())
        if finding is not None and finding.duplicate_of:
            self.split_requested.emit(finding.key)

    def _request_state(self, state: State) -> None:
        if keys := self.selected_keys():
            self.state_requested.emit(keys, state)

    def _copy(self, *, rich: bool) -> None:
        if keys := self.selected_keys():
            self.copy_requested.emit(keys, rich)

    def _request_for_one(self, signal: object) -> None:
        if key := self.list.current_key():
            signal.emit(key)  # type: ignore[attr-defined]

    def _go_to_filter(self) -> None:
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter.selectAll()

    def _go_to_list(self) -> None:
        if self.list.isHidden():
            # There is nothing to go to but what the filter leaves out.
            self.filter.clear()
            self.filter_now()
        self.list.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if not self.list.current_key():
            self.list.step(1)

    def _on_wished(self, wishes: Wishes) -> None:
        self.model.wish(replace(wishes, text=self.filter.text()))
        self._show_counts()

    def _on_menu_requested(self, place: QPoint) -> None:
        self.context_menu().popup(self.list.viewport().mapToGlobal(place))

    # Words

    def _show_counts(self) -> None:
        findings, leads = self.model.counts
        words = self.tr("1 finding") if findings == 1 else self.tr("{n} findings")
        text = words.format(n=f"{findings:,}")
        if leads:
            more = self.tr("1 lead") if leads == 1 else self.tr("{n} leads")
            text = f"{text}, {more.format(n=f'{leads:,}')}"
        if self.model.wishes.narrows:
            text = self.tr("{shown} shown of {all}").format(shown=self.model.shown_count, all=text)
        merged = self.model.merged_count
        if merged:
            text = f"{text} · {self.tr('{n} merged').format(n=merged)}"
        self._count.setText(text)
        self._count.setVisible(bool(findings or leads or merged))
        self._empty.setText(self._empty_words())
        listed = bool(self.model.shown_count)
        self._stack.setCurrentWidget(self.list if listed else self._empty)
        self.setFocusProxy(self.list if listed else self.filter)

    def _empty_words(self) -> str:
        if any(self.model.counts):
            return self.tr("No finding has what the filter asks for.")
        if self.model.merged_count:
            return self.tr("All findings are merged into others.")
        if self._running:
            return self.tr(
                "Nothing found so far. A finding appears here as soon as the model has written it."
            )
        return self.tr(
            "No findings yet.\n\nRun an audit with Ctrl+R: each finding of the report appears here"
            " while the model writes, with the place in the source if its code is found there."
        )


_LEAVING = (Qt.Key.Key_Escape, Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter)


def _symbol(finding: Finding) -> tuple[str, str, str] | None:
    place = finding.place
    return (place.path, place.contract, place.function) if place else None
