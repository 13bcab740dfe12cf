"""What a reader does with the pane that has the focus: find, zoom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QWidget

from spectr_desktop.ui.find_bar import FindArea, FindBar

if TYPE_CHECKING:
    from spectr_desktop.ui.actions import Actions
    from spectr_desktop.ui.report_pane import ReportPane
    from spectr_desktop.ui.source_editor import SourceEditor
    from spectr_desktop.ui.theme import Theme

_STOP_KEYS = ["Ctrl+.", "Esc"]


class ReaderControl(QObject):
    """Owns the actions that work on the report or on the source, wherever the reader is.

    Attributes:
        source: the source editor with its find bar, to be put into the window.
        menu_actions: what the menu offers, in groups.
    """

    def __init__(
        self, report: ReportPane, editor: SourceEditor, actions: Actions, theme: Theme
    ) -> None:
        super().__init__(report)
        self._report = report
        self._editor = editor
        self._actions = actions
        editor_find = FindBar(editor, theme, editor.mark_found)
        self.source = FindArea(editor, editor_find)
        self._bars = (report.finder, editor_find)
        self._in_source = False
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._on_focus_changed)
        for bar in self._bars:
            bar.open_changed.connect(self._on_bar_changed)
        self._add_actions()

    def _add_actions(self) -> None:
        add = self._actions.add
        find = add("find", self.tr("Find…"), ["Ctrl+F"], lambda: self._bar().open())
        add("find_next", self.tr("Find next"), ["F3"], lambda: self._bar().step(1))
        add("find_previous", self.tr("Find previous"), ["Shift+F3"], lambda: self._bar().step(-1))
        end = add("close_find", self.tr("Close the find bar"), [], self._on_close)
        end.setEnabled(False)
        # Some keyboards have + only with Shift, and some on the key of =.
        larger = add("zoom_in", self.tr("Larger text"), ["Ctrl++", "Ctrl+="], lambda: self._zoom(1))
        smaller = add("zoom_out", self.tr("Smaller text"), ["Ctrl+-"], lambda: self._zoom(-1))
        usual = add("zoom_reset", self.tr("Usual text size"), ["Ctrl+0"], lambda: self._zoom(0))
        outline = add(
            "outline", self.tr("Outline of the report"), ["Ctrl+J"], self._report.outline.open
        )
        copying = self._report.copying
        add("copy_code", self.tr("Copy code"), ["Ctrl+Shift+C"], copying.copy_code)
        copies = add("copy_report", self.tr("Copy report as Markdown"), [], copying.copy_report)
        rich = add("copy_rich", self.tr("Copy report as rich text"), [], copying.copy_rich)
        self.menu_actions = [[find, outline, copies, rich], [larger, smaller, usual]]

    def _bar(self) -> FindBar:
        """The bar of the pane that has the focus, or had it last."""
        return self._bars[self._in_source]

    def _on_focus_changed(self, _old: QWidget | None, new: QWidget | None) -> None:
        if new is None:
            return
        if self.source.isAncestorOf(new):
            self._in_source = True
        elif self._report.isAncestorOf(new):
            self._in_source = False

    def _zoom(self, steps: int) -> None:
        if not self._in_source:
            self._report.view.zoom(steps)
        elif steps:
            self._editor.zoom(steps)
        else:
            self._editor.reset_zoom()

    def _on_close(self) -> None:
        bar = self._bar()
        (bar if not bar.isHidden() else self._bars[not self._in_source]).close_bar()

    def _on_bar_changed(self) -> None:
        """Esc closes a bar as long as there is one; after that it is Stop again."""
        is_open = any(not bar.isHidden() for bar in self._bars)
        keys = _STOP_KEYS[:1] if is_open else _STOP_KEYS
        self._actions["stop"].setShortcuts([QKeySequence(key) for key in keys])
        self._actions["close_find"].setShortcuts([QKeySequence("Esc")] if is_open else [])
        self._actions["close_find"].setEnabled(is_open)
