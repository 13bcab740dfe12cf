"""What a reader copies from the report with: a context menu, and a button on each code block."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QMouseEvent, QTextBlock
from PySide6.QtWidgets import QMenu, QToolButton

from spectr_desktop.ui.markdown_formats import steps
from spectr_desktop.ui.markdown_writer import is_code, is_code_start
from spectr_desktop.ui.reading_place import block_at, block_rect

if TYPE_CHECKING:
    from spectr_desktop.ui.markdown_view import MarkdownView

_COPIED_MS = 1500
_INSET = 5


class CopyControl(QObject):
    """Copies from one report view.

    Attributes:
        button: lies over the code block that the pointer or the caret is in.

    Signals:
        find_requested: "Find…" was chosen.
        told: (str) something was copied; a sentence for those who do not see it.
    """

    find_requested = Signal()
    told = Signal(str)

    def __init__(self, view: MarkdownView) -> None:
        super().__init__(view)
        self._view = view
        self._code = -1  # where the code begins that the button lies over
        self.button = QToolButton(view.viewport())
        self.button.setObjectName("copyCodeButton")
        self.button.setCursor(Qt.CursorShape.ArrowCursor)
        self.button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.button.hide()
        self._copied_timer = QTimer(self, singleShot=True, interval=_COPIED_MS)
        self._copied_timer.timeout.connect(self._show_copy)
        self._show_copy()
        self.button.clicked.connect(self.copy_code)
        view.viewport().installEventFilter(self)
        view.viewport().setMouseTracking(True)
        view.cursorPositionChanged.connect(self._on_caret_moved)
        view.verticalScrollBar().valueChanged.connect(self._place)
        view.rendered.connect(self._place)
        view.restarted.connect(self._hide)
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.customContextMenuRequested.connect(self._on_menu_requested)

    # The menu

    def menu(self, place: QPoint) -> QMenu:
        """The context menu for a place of the viewport."""
        view = self._view
        selected, has_text = view.textCursor().hasSelection(), bool(view.text())
        code = self._code_at(place.y())
        menu = QMenu(view)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name, text, enabled, slot in (
            ("copy", self.tr("Copy"), selected, view.copy),
            ("copy_markdown", self.tr("Copy as Markdown"), selected, self.copy_markdown),
            ("copy_code", self.tr("Copy code"), code >= 0, lambda: self._copy_code(code)),
            ("copy_report", self.tr("Copy report as Markdown"), has_text, self.copy_report),
            ("copy_rich", self.tr("Copy report as rich text"), has_text, self.copy_rich),
            ("select_all", self.tr("Select all"), has_text, view.selectAll),
            ("find", self.tr("Find…"), True, self.find_requested.emit),
        ):
            if name in ("copy_report", "select_all"):
                menu.addSeparator()
            action = menu.addAction(text)
            action.setObjectName(name)
            action.setEnabled(enabled)
            action.triggered.connect(lambda _checked=False, slot=slot: slot())
        return menu

    def copy_markdown(self) -> None:
        """Copy the Markdown of the blocks that the selection touches."""
        cursor = self._view.textCursor()
        if cursor.hasSelection():
            self._copy(
                self._view.sources.markdown(cursor.selectionStart(), cursor.selectionEnd()),
                self.tr("The Markdown is copied"),
            )

    def copy_report(self) -> None:
        """Copy the whole report as the model wrote it."""
        if text := self._view.text():
            self._copy(text, self.tr("The report is copied"))

    def copy_rich(self) -> None:
        """Copy the whole report as rich text, which is as complete as its Markdown."""
        from spectr_desktop.ui.rich_copy import put_markdown  # noqa: PLC0415  # rarely

        if text := self._view.text():
            put_markdown(text, rich=True)
            self.told.emit(self.tr("The report is copied as rich text"))

    def copy_code(self) -> None:
        """Copy the code block that the pointer or the caret is in."""
        if self._code >= 0:
            self._copy_code(self._code)
            self._copied_timer.start()
            self.button.setText(self.tr("Copied"))
            self.button.setAccessibleName(self.tr("Copied"))

    def _copy_code(self, start: int) -> None:
        text = self._view.sources.code(start)
        if text is None:
            text = _shown_code(self._view.document().findBlock(start))
        self._copy(text.removesuffix("\n"), self.tr("The code is copied"))

    def _copy(self, text: str, sentence: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self.told.emit(sentence)

    def _on_menu_requested(self, place: QPoint) -> None:
        self.menu(place).popup(self._view.viewport().mapToGlobal(place))

    # The button

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Follow the pointer."""
        if event.type() == QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            if not event.buttons():
                self._show_over(self._code_at(event.position().toPoint().y()))
        elif event.type() == QEvent.Type.Leave and not self.button.hasFocus():
            self._hide()
        elif event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _code_at(self, height: int) -> int:
        """Where the code begins that is at a height of the viewport; -1 if none is."""
        document = self._view.document()
        padding = steps(document.defaultFont()).code
        height += self._view.verticalScrollBar().value()
        block = block_at(document, height - padding)
        if not is_code(block.userState()):
            block = block.next()  # the padding above the first line
        if not block.isValid() or not is_code(block.userState()):
            return -1
        first = _first_line(block)
        above = block_rect(first).top() - padding
        return first.position() if above <= height else -1

    def _show_over(self, start: int) -> None:
        if start == self._code:
            return
        if start < 0:
            self._hide()
            return
        self._code = start
        self._copied_timer.stop()
        self._show_copy()
        self._place()
        self.button.show()

    def _hide(self) -> None:
        self._code = -1
        if self.button.hasFocus():
            self._view.setFocus()
        self.button.hide()

    def _place(self) -> None:
        """Put the button into the code's upper right corner, or as near as the view allows."""
        if self._code < 0:
            return
        view, document = self._view, self._view.document()
        first = document.findBlock(self._code)
        if not is_code_start(first.userState()):
            self._hide()
            return
        scrolled = view.verticalScrollBar().value()
        padding = steps(document.defaultFont()).code
        top = round(block_rect(first).top()) - padding + 2 + _INSET - scrolled
        size = self.button.sizeHint().expandedTo(self.button.minimumSize())
        right = round(document.textWidth() - document.documentMargin()) - _INSET
        right -= view.horizontalScrollBar().value()
        bottom = round(block_rect(_last_line(first)).bottom()) - scrolled
        y = min(max(top, _INSET), max(bottom - size.height(), top))
        self.button.setGeometry(right - size.width(), y, size.width(), size.height())

    def _show_copy(self) -> None:
        self.button.setText(self.tr("Copy"))
        self.button.setAccessibleName(self.tr("Copy code"))
        metrics = self.button.fontMetrics()
        words = (self.tr("Copy"), self.tr("Copied"))
        self.button.setMinimumWidth(max(map(metrics.horizontalAdvance, words)) + 18)

    def _on_caret_moved(self) -> None:
        block = self._view.textCursor().block()
        if self._view.hasFocus() and is_code(block.userState()):
            self._show_over(_first_line(block).position())


def _first_line(block: QTextBlock) -> QTextBlock:
    while not is_code_start(block.userState()) and is_code(block.previous().userState()):
        block = block.previous()
    return block


def _last_line(block: QTextBlock) -> QTextBlock:
    following = block.next()
    while is_code(following.userState()) and not is_code_start(following.userState()):
        block, following = following, following.next()
    return block


def _shown_code(block: QTextBlock) -> str:
    lines = [block.text()]
    last = _last_line(block)
    while block != last:
        block = block.next()
        lines.append(block.text())
    return "\n".join(lines)
