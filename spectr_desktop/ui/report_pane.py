"""The live report and what stands round it: banner, thinking, empty state, the way back down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import (
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from spectr_desktop.ui.announcing import SectionAnnouncer, announce
from spectr_desktop.ui.banner import Banner
from spectr_desktop.ui.change_bar import ChangeBar
from spectr_desktop.ui.copy_control import CopyControl
from spectr_desktop.ui.find_bar import FindBar
from spectr_desktop.ui.hostile_text import visible
from spectr_desktop.ui.markdown_view import MarkdownView
from spectr_desktop.ui.report_outline import ReportOutline

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent, QShowEvent

    from spectr_desktop.ui.banner import BannerKind
    from spectr_desktop.ui.theme import Theme

_THINKING_MS = 100
_THINKING_HEIGHT = 180
_LONGEST_LINE = 4096
_LONGEST_THINKING = 256 * 1024
_CHARACTERS_A_TOKEN = 6
_PILL_MARGIN = 14


class ThinkingSection(QWidget):
    """What the model thought, folded and dimmed; hidden while there is none.

    Folded or off the screen it only counts: the text is written out when it can be seen.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._pending: list[str] = []
        self._length = 0
        self._pieces = 0
        self._tokens: int | None = None
        self._shown = 0
        self._column = 0
        self.setObjectName("thinkingSection")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.button = QToolButton(self)
        self.button.setObjectName("thinkingButton")
        self.button.setCheckable(True)
        self.button.setAutoRaise(True)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.button.toggled.connect(self._on_toggled)
        self.view = QPlainTextEdit(self)
        self.view.setObjectName("thinkingView")
        self.view.setAccessibleName(self.tr("Thinking"))
        self.view.setReadOnly(True)
        self.view.setUndoRedoEnabled(False)
        self.view.setTabChangesFocus(True)
        self.view.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        self.view.setMaximumHeight(_THINKING_HEIGHT)
        self.view.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 5, 18, 5)
        layout.setSpacing(2)
        layout.addWidget(self.button)
        layout.addWidget(self.view)
        self._timer = QTimer(self, singleShot=True, interval=_THINKING_MS)
        self._timer.timeout.connect(self.render_now)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self.clear()

    def clear(self) -> None:
        """Forget the text, fold and hide the section."""
        self._timer.stop()
        self._pending.clear()
        self._length = self._pieces = self._shown = self._column = 0
        self._tokens = None
        self.view.clear()
        self.button.setChecked(False)
        self._on_toggled(unfolded=False)
        self.hide()

    def append(self, text: str) -> None:
        """Take the next piece of the model's thinking."""
        if not text:
            return
        self._pending.append(text)
        self._length += len(text)
        self._pieces += 1
        if self.isHidden():
            self.show()
            self._show_count()
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()

    def set_tokens(self, tokens: int | None) -> None:
        """How many tokens it was, as the server counted; None if it did not say."""
        self._tokens = tokens
        self._show_count()

    def render_now(self) -> None:
        """Show the count, and the text if the section is unfolded."""
        self._timer.stop()
        self._show_count()
        if not self._pending or not self.button.isChecked():
            return
        text = self._broken("".join(self._pending))
        self._pending.clear()
        text = text[: max(0, _LONGEST_THINKING - self._shown)]
        self._shown += len(text)
        bar = self.view.verticalScrollBar()
        following, top = bar.value() >= bar.maximum() - 1, bar.value()
        cursor = QTextCursor(self.view.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(visible(text))
        bar.setValue(bar.maximum() if following else top)

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what came while the section was not on the screen."""
        super().showEvent(event)
        self.render_now()

    def _broken(self, text: str) -> str:
        """Text with a line break in endless lines, which would be laid out again and again."""
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        out: list[str] = []
        for number, line in enumerate(text.split("\n")):
            if number:
                self._column = 0
            pieces: list[str] = []
            rest = line
            while len(rest) > _LONGEST_LINE - self._column:
                pieces.append(rest[: _LONGEST_LINE - self._column])
                rest = rest[_LONGEST_LINE - self._column :]
                self._column = 0
            self._column += len(rest)
            out.append("\n".join([*pieces, rest]))
        return "\n".join(out)

    def _show_count(self) -> None:
        if self._tokens is not None:
            text = self.tr("Thinking · {count} tokens").format(count=f"{self._tokens:,}")
        else:
            # Most servers send a token a piece; the others cannot have sent fewer than this.
            about = max(self._pieces, self._length // _CHARACTERS_A_TOKEN)
            text = self.tr("Thinking · about {count} tokens").format(count=f"{about:,}")
        self.button.setText(text)
        state = self.tr("unfolded") if self.button.isChecked() else self.tr("folded")
        self.button.setAccessibleName(f"{text}, {state}")

    def _on_toggled(self, unfolded: bool) -> None:
        arrow = Qt.ArrowType.DownArrow if unfolded else Qt.ArrowType.RightArrow
        self.button.setArrowType(arrow)
        self.view.setVisible(unfolded)
        self.render_now()

    def _on_theme_changed(self) -> None:
        colors = self._theme.colors
        self.setStyleSheet(
            f"#thinkingSection {{ background: {colors.panel}; }}"
            f" QToolButton {{ color: {colors.dim}; border: none; }}"
            f" QPlainTextEdit {{ color: {colors.dim}; background: {colors.panel}; }}"
        )


class ReportPane(QWidget):
    """The live report with its banner, its thinking section and its empty state.

    Attributes:
        view: the report itself; its `link_requested` is for the window to answer.
        offers: the bar above all, for what the window offers.
        thinking: the folded section above it.
        finder: the find bar below it.
        copying: the context menu and the button on code blocks.
        outline: a button with the report's headings, to be put beside the pane's title.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("reportPane")
        self._theme = theme
        self.offers = ChangeBar(theme, self)
        self._banner = Banner(theme, self)
        self.thinking = ThinkingSection(theme, self)
        self.view = MarkdownView(theme, self)
        self._empty = QLabel(self._nothing_yet(), self)
        self._empty.setObjectName("reportEmpty")
        self._empty.setTextFormat(Qt.TextFormat.PlainText)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self._empty.setMargin(40)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.view)
        self.finder = FindBar(
            self.view, theme, self.view.setExtraSelections, self.view.settled_end, self
        )
        self.copying = CopyControl(self.view)
        self.outline = ReportOutline(theme, self)
        self._sections = SectionAnnouncer(self.view)
        self._totals = QLabel(self)
        self._totals.setObjectName("reportTotals")
        self._totals.setTextFormat(Qt.TextFormat.PlainText)
        self._totals.setWordWrap(True)
        self._totals.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._totals.hide()
        self.pill = QPushButton(self.tr("New text below ↓"), self._stack)
        self.pill.setObjectName("newTextButton")
        self.pill.setAccessibleName(self.tr("New text below"))
        self.pill.setToolTip(self.tr("Go to the newest text and follow it"))
        self.pill.setCursor(Qt.CursorShape.PointingHandCursor)
        self.pill.hide()
        self._lay_out()
        self._wire()
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.offers)
        layout.addWidget(self._banner)
        layout.addWidget(self.thinking)
        layout.addWidget(self._stack, 1)
        layout.addWidget(self.finder)
        layout.addWidget(self._totals)
        QWidget.setTabOrder(self.view, self.copying.button)
        QWidget.setTabOrder(self.copying.button, self.pill)
        QWidget.setTabOrder(self.pill, self.finder.query)

    def _wire(self) -> None:
        self.view.restarted.connect(self.finder.restart)
        self.view.rendered.connect(self.finder.refresh)
        self.copying.find_requested.connect(self.finder.open)
        self.view.restarted.connect(self.outline.clear)
        self.view.headings_settled.connect(self.outline.add)
        self.view.restarted.connect(self._sections.restart)
        self.view.headings_settled.connect(self._sections.take)
        self.finder.told.connect(self.tell)
        self.copying.told.connect(self.tell)
        self.outline.heading_chosen.connect(self._on_heading_chosen)
        self.outline.left.connect(self.view.setFocus)
        self.pill.clicked.connect(self._on_pill_clicked)
        self.view.left_behind_changed.connect(self._on_left_behind_changed)

    def start(self, title: str) -> None:
        """Drop what was shown; the next text belongs to the run of this title."""
        first = self.tr("The first words appear here.")
        self._reset(f"{visible(title)}\n{first}" if title else self._nothing_yet())

    def append_text(self, text: str) -> None:
        """Take the next piece of the report's Markdown."""
        if text:
            self.view.append(text)
            self._stack.setCurrentWidget(self.view)

    def append_thinking(self, text: str) -> None:
        """Take the next piece of the model's thinking."""
        self.thinking.append(text)

    def finish(self) -> None:
        """Show all that has come; the run is over."""
        self.view.finish()
        self.thinking.render_now()
        if not self.view.text():
            self._empty.setText(self._nothing_yet())

    def set_markdown(self, text: str) -> None:
        """Show a whole report, such as one from the history."""
        self._reset(self._nothing_yet())
        if text:
            self._sections.skip()
            self.view.set_markdown(text)
            self._stack.setCurrentWidget(self.view)

    def tell(self, sentence: str) -> None:
        """Have a screen reader say a sentence."""
        announce(self.view, sentence)

    def text(self) -> str:
        """The report's Markdown so far, verbatim."""
        return self.view.text()

    def show_banner(self, text: str, kind: BannerKind, detail: str = "") -> None:
        """Say above the report how it ended, when it is not complete; plain text only."""
        self._banner.say(text, kind, detail)

    def show_totals(self, text: str) -> None:
        """Say below the report how long it took and how much it was; "" for nothing."""
        self._totals.setText(text)
        self._totals.setVisible(bool(text))

    def clear_banner(self) -> None:
        """Hide the banner."""
        self._banner.clear()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the pill at the lower edge."""
        super().resizeEvent(event)
        self._place_pill()

    def _reset(self, empty: str) -> None:
        self.clear_banner()
        self.show_totals("")
        self.thinking.clear()
        self.view.clear()
        self._sections.start()
        self._empty.setText(empty)
        self._stack.setCurrentWidget(self._empty)

    def _nothing_yet(self) -> str:
        return self.tr(
            "The report appears here while the model writes it.\nPress Ctrl+R to run an audit."
        )

    def _place_pill(self) -> None:
        size = self.pill.sizeHint()
        left = (self._stack.width() - size.width()) // 2
        top = self._stack.height() - size.height() - _PILL_MARGIN
        self.pill.setGeometry(left, top, size.width(), size.height())

    def _on_left_behind_changed(self, left: bool) -> None:
        if not left and self.pill.hasFocus():
            self.view.setFocus()
        self._place_pill()
        # Behind the empty state there is nothing to go to.
        self.pill.setVisible(left and self._stack.currentWidget() is self.view)
        self.pill.raise_()

    def _on_heading_chosen(self, position: int) -> None:
        self.view.setFocus()
        self.view.go_to(position)

    def _on_pill_clicked(self) -> None:
        self.view.setFocus()
        self.view.scroll_to_end()

    def _on_theme_changed(self) -> None:
        colors = self._theme.colors
        self._totals.setStyleSheet(
            f"QLabel {{ color: {colors.dim}; background: {colors.panel};"
            f" border-top: 1px solid {colors.line}; padding: 6px 20px; }}"
        )
        self._empty.setStyleSheet(f"QLabel {{ color: {colors.dim}; background: {colors.panel}; }}")
        self.pill.setStyleSheet(
            f"QPushButton {{ background: {colors.accent}; color: {colors.on_accent};"
            " border: none; border-radius: 13px; padding: 5px 14px; font-weight: 600; }"
            f" QPushButton:focus {{ border: 2px solid {colors.text}; }}"
        )
