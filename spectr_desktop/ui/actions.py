"""The window's actions: names, shortcuts and where they are offered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from spectr_desktop.ui.theme import Scheme, Theme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


class Actions(QObject):
    """Makes the actions of a window and keeps them by object name."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._by_name: dict[str, QAction] = {}

    def add(
        self, name: str, text: str, shortcuts: list[str], slot: Callable[[], object]
    ) -> QAction:
        """An action of the whole window.

        Args:
            name: its object name, a part of the contract with tests and scripts.
            text: as menus show it.
            shortcuts: in Qt's portable form; the first is shown.
            slot: called when it is triggered.
        """
        action = QAction(text, self._window)
        action.setObjectName(name)
        action.setShortcuts([QKeySequence(keys) for keys in shortcuts])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.triggered.connect(lambda _checked=False: slot())
        self._window.addAction(action)
        self._by_name[name] = action
        return action

    def __getitem__(self, name: str) -> QAction:
        return self._by_name[name]

    def theme_menu(self, theme: Theme, choose: Callable[[Scheme], None]) -> QMenu:
        """A menu with the three ways to choose the theme."""
        menu = QMenu(self.tr("Appearance"), self._window)
        group = QActionGroup(menu)
        labels = {
            Scheme.SYSTEM: self.tr("Follow the system"),
            Scheme.LIGHT: self.tr("Light"),
            Scheme.DARK: self.tr("Dark"),
        }
        for scheme, label in labels.items():
            action = menu.addAction(label)
            action.setObjectName(f"theme_{scheme.value}")
            action.setCheckable(True)
            action.setData(scheme.value)
            action.triggered.connect(lambda _checked=False, chosen=scheme: choose(chosen))
            group.addAction(action)
        self._theme, self._themes = theme, group
        theme.changed.connect(self._show_theme)  # the settings choose it too
        self._show_theme()
        return menu

    def _show_theme(self) -> None:
        for action in self._themes.actions():
            action.setChecked(action.data() == self._theme.scheme.value)


def main_menu(groups: Iterable[Sequence[QAction | QMenu]], parent: QWidget) -> QMenu:
    """A menu of these actions and menus, with a line between the groups."""
    menu = QMenu(parent)
    for group in groups:
        if not menu.isEmpty():
            menu.addSeparator()
        menu.addActions([each.menuAction() if isinstance(each, QMenu) else each for each in group])
    return menu
