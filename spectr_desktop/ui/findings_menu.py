"""The menu that says how the findings are sorted, grouped and filtered."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton

from spectr_desktop.records.grades import Severity, State
from spectr_desktop.ui import finding_words, severities
from spectr_desktop.ui.findings_order import Grouping, Sort, Wishes

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget


class FindingsMenu(QToolButton):
    """A button with a menu; its text names what is left out.

    Attributes:
        wishes: what is ticked; the text of the filter is not from here.

    Signals:
        wished: (Wishes) the reader has ticked something else.
        sort_again_requested: he wants new findings where they belong.
    """

    wished = Signal(object)
    sort_again_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.wishes = Wishes()
        self.setObjectName("findingsMenuButton")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolTip(self.tr("Sort, group and choose what is shown"))
        self._menu = QMenu(self)
        self._menu.setAccessibleName(self.tr("How findings are shown"))
        self._build()
        self.setMenu(self._menu)
        self._show_words()

    def _build(self) -> None:
        sorts = {
            Sort.SEVERITY: self.tr("Severity"),
            Sort.KEY: self.tr("Key"),
            Sort.PLACE: self.tr("Place"),
            Sort.STATE: self.tr("State"),
        }
        groupings = {
            Grouping.NONE: self.tr("Nothing"),
            Grouping.SEVERITY: self.tr("Severity"),
            Grouping.FILE: self.tr("File"),
            Grouping.STATE: self.tr("State"),
        }
        sort = self._choice(self.tr("Sort by"), "sort", sorts)
        sort.triggered.connect(lambda action: self._wish(sort=action.data()))
        grouping = self._choice(self.tr("Group by"), "group", groupings)
        grouping.triggered.connect(lambda action: self._wish(grouping=action.data()))
        self._menu.addSeparator()
        rated: dict[object, str] = {each: severities.word(each) for each in Severity}
        rated[None] = self.tr("Not rated")
        self._ticks(self.tr("Severities"), "severity", rated, self._on_severities)
        states: dict[object, str] = {each: finding_words.state_word(each) for each in State}
        self._ticks(self.tr("States"), "state", states, self._on_states)
        merged = self._menu.addAction(self.tr("Show merged findings"))
        merged.setObjectName("show_merged")
        merged.setCheckable(True)
        merged.toggled.connect(lambda checked: self._wish(merged=checked))
        self._menu.addSeparator()
        again = self._menu.addAction(self.tr("Sort again"))
        again.setObjectName("sort_again")
        again.triggered.connect(lambda _checked=False: self.sort_again_requested.emit())

    def _choice(self, title: str, name: str, words: dict[Sort, str] | dict[Grouping, str]) -> QMenu:
        menu = self._menu.addMenu(title)
        group = QActionGroup(menu)
        for value, word in words.items():
            action = menu.addAction(word)
            action.setObjectName(f"{name}_{value.value}")
            action.setData(value)
            action.setCheckable(True)
            action.setChecked(value in (self.wishes.sort, self.wishes.grouping))
            group.addAction(action)
        return menu

    def _ticks(
        self,
        title: str,
        name: str,
        words: dict[object, str],
        slot: Callable[[frozenset[object]], None],
    ) -> None:
        menu = self._menu.addMenu(title)
        actions = []
        for value, word in words.items():
            action = menu.addAction(word)
            action.setObjectName(f"{name}_{getattr(value, 'value', 'none')}")
            action.setCheckable(True)
            action.setChecked(True)
            actions.append((action, value))

        def on_toggled() -> None:
            ticked = frozenset(value for action, value in actions if action.isChecked())
            # All of them is what "all" means, also when more kinds come; none would show nothing.
            slot(frozenset() if len(ticked) == len(actions) else ticked)

        for action, _ in actions:
            action.toggled.connect(on_toggled)

    def _on_severities(self, ticked: frozenset[object]) -> None:
        self._wish(severities=ticked)

    def _on_states(self, ticked: frozenset[object]) -> None:
        self._wish(states=ticked)

    def _wish(self, **changes: object) -> None:
        self.wishes = replace(self.wishes, **changes)  # type: ignore[arg-type]
        self._show_words()
        self.wished.emit(self.wishes)

    def _show_words(self) -> None:
        states = self.wishes.states
        if len(states) == 1:
            words = finding_words.state_word(next(iter(states)))
        elif states or self.wishes.severities:
            words = self.tr("Some")
        else:
            words = self.tr("All")
        self.setText(f"{words} ▾")
        self.setAccessibleName(self.tr("Sort, group, show: {what}").format(what=words))
