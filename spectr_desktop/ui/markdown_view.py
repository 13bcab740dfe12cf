"""The widget that shows Markdown while it is being written."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QImage, QPainter, QTextCursor
from PySide6.QtWidgets import QTextBrowser, QTextEdit, QWidget

from spectr_desktop.ui.hostile_text import show_all_number
from spectr_desktop.ui.markdown_boxes import paint_boxes
from spectr_desktop.ui.markdown_code import CodePainter
from spectr_desktop.ui.markdown_cuts import CutBlocks
from spectr_desktop.ui.markdown_feed import TURN, Feed
from spectr_desktop.ui.markdown_formats import BODY_SCALE, Formats
from spectr_desktop.ui.markdown_writer import DocumentWriter
from spectr_desktop.ui.theme import without_ligatures

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent, QResizeEvent, QShowEvent

    from spectr_desktop.report.blocks import BlockSplitter
    from spectr_desktop.ui.markdown_lines import Line, Table
    from spectr_desktop.ui.theme import Theme

_FRAME_MS = 33
_REST = 3
_END_PIXELS = 4
_MARGIN = 24
_MEASURE = 80


class MarkdownView(QTextBrowser):
    """A read-only report that grows.

    Text is buffered by `append` and shown at most 30 times a second, and less often when frames
    are dear; a view that is not on the screen catches up when it is shown. Settled blocks are
    never touched again. The end is followed only while the reader is there.

    Signals:
        link_requested: the reader wants to open a link; its whole target, http or https only.
        rendered: a frame has been written into the document.
        left_behind_changed: text has come below what the reader sees (True), or he is there again.
    """

    link_requested = Signal(str)
    rendered = Signal()
    left_behind_changed = Signal(bool)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._pieces: list[str] = []
        self._finished = False
        self._rewriting: _Place | None = None
        self._left_behind = False
        self._rest_until = 0.0
        self.setObjectName("reportView")
        self.setAccessibleName(self.tr("Report"))
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setOpenLinks(False)
        self.setOpenExternalLinks(False)
        self.setFrameShape(QTextBrowser.Shape.NoFrame)
        self.setLineWrapMode(QTextEdit.LineWrapMode.FixedPixelWidth)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextBrowserInteraction
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.document().setUndoRedoEnabled(False)
        self.document().setDocumentMargin(_MARGIN)
        self._code = CodePainter(self.document(), theme.colors)
        self._cuts = CutBlocks(self.document())
        self._turn_timer = QTimer(self, singleShot=True, interval=0)
        self._turn_timer.timeout.connect(self._work)
        self._cut_timer = QTimer(self, singleShot=True, interval=0)
        self._cut_timer.timeout.connect(self._on_cut_step)
        self._frame_timer = QTimer(self, singleShot=True)
        self._frame_timer.timeout.connect(self.render_now)
        self._color_timer = QTimer(self, singleShot=True, interval=0)
        self._color_timer.timeout.connect(self._on_color_step)
        self._restart_document()
        self.anchorClicked.connect(self._on_anchor_clicked)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        theme.changed.connect(self._on_theme_changed)

    def append(self, text: str) -> None:
        """Take the next piece of Markdown; a later frame shows it."""
        if not text:
            return
        if self._finished:
            # One more part after the end: its first words may belong to the last block.
            self._finished = False
            self._render_again()
        self._pieces.append(text)
        self._feed.append(text)
        self._schedule()

    def finish(self) -> None:
        """Show all that is left; what is appended after this goes on where the text ended."""
        if self._finished:
            return
        self._frame_timer.stop()
        self._finished = True
        self._feed.end()
        self._work()

    def clear(self) -> None:
        """Drop the text and start anew."""
        self._frame_timer.stop()
        self._pieces.clear()
        self._finished = False
        self._rewriting = None
        self.viewport().setUpdatesEnabled(True)
        self._cuts.clear()
        self._restart_document()
        self._set_left_behind(left=False)

    def text(self) -> str:
        """All Markdown so far, verbatim."""
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    def set_markdown(self, text: str) -> None:
        """Show a whole, finished text from its beginning."""
        self.clear()
        if text:
            self._pieces.append(text)
        self._finished = True
        self._rewrite(_Place(top=0))

    @property
    def busy(self) -> bool:
        """Whether text that is due is still being written, a bite at each turn of the loop."""
        return self._turn_timer.isActive() or self._cut_timer.isActive()

    def write_rest_now(self) -> None:
        """Write at once what is being written in bites."""
        while self._turn_timer.isActive():
            self._work()
        while self._cut_timer.isActive():
            self.color_now()
            self._on_cut_step()

    def toPlainText(self) -> str:
        """The text as shown; what is still being written is written first."""
        self.write_rest_now()
        return super().toPlainText()

    def toHtml(self) -> str:
        """The report as HTML; what is still being written is written first."""
        self.write_rest_now()
        return super().toHtml()

    def render_now(self) -> None:
        """Show what has been appended since the last frame."""
        self._frame_timer.stop()
        if not self._feed.busy:
            return
        started = perf_counter()
        self._work()
        now = perf_counter()
        self._rest_until = started + max(_FRAME_MS / 1000, (now - started) * (1 + _REST))

    def color_now(self) -> None:
        """Colour all settled code that waits for it."""
        self._color_timer.stop()
        while self._code.waiting:
            self._code.step()

    def scroll_to_end(self) -> None:
        """Bring the reader to the newest text, where the view follows it."""
        self.document().size()
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum())

    def loadResource(self, _kind: int, _name: QUrl | str) -> QImage:
        """Nothing is ever loaded: an empty image, since Qt asks again after a None."""
        return QImage()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what came while the view was not on the screen."""
        super().showEvent(event)
        if self._feed.has_text:
            self.render_now()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the measure readable, and the end in view where it was."""
        whole = self._finished and self.verticalScrollBar().maximum() == 0
        following = self._at_end() and not whole
        top = self.verticalScrollBar().value()
        super().resizeEvent(event)
        self._fit_width()
        if following:
            self.scroll_to_end()
        elif self._rewriting is not None:
            # The bar that comes with the first lines takes width, and Qt lays out step by step.
            self.document().size()
            self.verticalScrollBar().setValue(top)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the boxes, then the text over them."""
        painter = QPainter(self.viewport())
        left, top = self.horizontalScrollBar().value(), self.verticalScrollBar().value()
        painter.translate(-left, -top)
        seen = event.rect().translated(left, top)
        paint_boxes(painter, self.document(), seen.top(), seen.bottom(), self._theme.colors)
        painter.end()
        super().paintEvent(event)

    def _restart_document(self, splitter: BlockSplitter | None = None) -> None:
        self._color_timer.stop()
        self._turn_timer.stop()
        self._cut_timer.stop()
        self._cuts.restart()
        self._code.restart(self._theme.colors)
        self.document().clear()
        self._feed = Feed(splitter)
        # Of the document and not of the code's format, which cannot hold such a wish.
        font = without_ligatures(self.font())
        if font.pointSizeF() > 0:
            font.setPointSizeF(font.pointSizeF() * BODY_SCALE)
        else:
            font.setPixelSize(round(font.pixelSize() * BODY_SCALE))
        self.document().setDefaultFont(font)
        self._writer = DocumentWriter(self.document(), Formats(self._theme.colors, font))
        self._fit_width()

    def _fit_width(self) -> None:
        letters = self.fontMetrics().averageCharWidth() * BODY_SCALE
        widest = round(_MEASURE * letters) + 2 * _MARGIN
        width = min(self.viewport().width(), widest)
        if width != self.lineWrapColumnOrWidth():
            self.setLineWrapColumnOrWidth(width)

    def _schedule(self) -> None:
        if self._frame_timer.isActive() or not self.isVisible() or self.window().isMinimized():
            return
        rest = self._rest_until - perf_counter()
        self._frame_timer.start(max(0, round(rest * 1000)))

    def _work(self) -> None:
        """One turn: so much of what waits that the window can go on answering."""
        self._turn_timer.stop()
        spent = 0
        while self._feed.busy and spent < TURN:
            shown = [content for _, content in self._writer.tail]
            bite, knowing = self._feed.take(shown)
            if knowing is not None:
                self._render_again(knowing)
                return
            self._show(bite.settled, bite.tail)
            spent += bite.cost + 1
        awaited = self._finished or self._rewriting is not None or self.isVisible()
        if self._feed.busy and awaited:
            self._turn_timer.start()
        self._keep_place()
        self.rendered.emit()

    def _show(self, settled: list[Line | Table], tail: list[Line | Table]) -> None:
        following = self._at_end() and self._rewriting is None
        bar = self.verticalScrollBar()
        top = bar.value()
        self._write(settled, tail)
        if following:
            self.scroll_to_end()
        else:
            # Laid out now: Qt would do it later in steps that stop the window.
            self.document().size()
            bar.setValue(top)
            if self._rewriting is None:
                self._set_left_behind(left=bar.maximum() - bar.value() > _END_PIXELS)
        if self._code.waiting and not self._color_timer.isActive():
            self._color_timer.start()
        if self._cuts.waiting:
            self._cut_timer.start()

    def _write(self, settled: list[Line | Table], tail: list[Line | Table]) -> None:
        caret = self.textCursor()
        anchor, position = caret.anchor(), caret.position()
        kept = max(anchor, position) < self._writer.tail_start
        edit = QTextCursor(self.document())
        edit.beginEditBlock()
        try:
            written = self._writer.write(settled, tail)
            self._code.add(written)
            self._cuts.add(written)
        finally:
            edit.endEditBlock()
        self._code.follow(self._writer.tail)
        if not kept:
            self._select(anchor, position)

    def _select(self, anchor: int, position: int) -> None:
        caret = self.textCursor()
        if (caret.anchor(), caret.position()) == (anchor, position):
            return
        end = self.document().characterCount() - 1
        top = self.verticalScrollBar().value()
        caret.setPosition(min(anchor, end))
        caret.setPosition(min(position, end), QTextCursor.MoveMode.KeepAnchor)
        self.setTextCursor(caret)
        self.verticalScrollBar().setValue(top)

    def _at_end(self) -> bool:
        bar = self.verticalScrollBar()
        return bar.maximum() - bar.value() <= _END_PIXELS

    def _render_again(self, splitter: BlockSplitter | None = None) -> None:
        """Write the whole document anew from the text; the reader stays where he is."""
        place = self._rewriting
        if place is None:
            caret = self.textCursor()
            place = _Place(
                self.verticalScrollBar().value(),
                self._at_end(),
                self._left_behind,
                caret.anchor(),
                caret.position(),
            )
        self._rewrite(place, splitter)

    def _rewrite(self, place: _Place, splitter: BlockSplitter | None = None) -> None:
        self._restart_document(splitter)
        self._rewriting = place
        # What was shown stays on the screen until the reader's place is written again.
        self.viewport().setUpdatesEnabled(False)
        text = self.text()
        if not (self._finished and splitter is None and self._feed.take_whole(text)):
            self._feed.append(text)
            if self._finished:
                self._feed.end()
        self._work()

    def _keep_place(self) -> None:
        """Bring the reader back to where he was before the document was written anew."""
        place = self._rewriting
        if place is None:
            return
        bar = self.verticalScrollBar()
        done = not self._turn_timer.isActive()
        if not self.viewport().updatesEnabled():
            self.document().size()
            if done or (not place.following and bar.maximum() > place.top + bar.pageStep()):
                bar.setValue(bar.maximum() if place.following else place.top)
                self.viewport().setUpdatesEnabled(True)
        if done:
            self._rewriting = None
            self._select(place.anchor, place.position)
            self._set_left_behind(left=place.left_behind and not self._at_end())

    def _set_left_behind(self, *, left: bool) -> None:
        if left != self._left_behind:
            self._left_behind = left
            self.left_behind_changed.emit(left)

    def _on_scrolled(self) -> None:
        if self._at_end():
            self._set_left_behind(left=False)

    def _on_theme_changed(self) -> None:
        self._render_again()

    def _on_anchor_clicked(self, url: QUrl) -> None:
        number = show_all_number(url.toString())
        if number >= 0:
            self._cuts.ask_for(number, self._feed.cuts, self.text())
            if self._cuts.waiting:
                self._cut_timer.start()
        elif url.scheme().lower() in ("http", "https") and url.host():
            self.link_requested.emit(url.toString(QUrl.ComponentFormattingOption.FullyEncoded))

    def _on_color_step(self) -> None:
        bar = self.verticalScrollBar()
        top = bar.value()
        self._code.step()
        # What follows is laid out anew; until then Qt takes the document for shorter.
        self.document().size()
        bar.setValue(top)
        if self._code.waiting:
            self._color_timer.start()

    def _on_cut_step(self) -> None:
        """Write the next lines of a cut block that the reader wants to see whole."""
        self._cut_timer.stop()
        if self._code.waiting or self._turn_timer.isActive():
            # Both know positions in the document, which this would move.
            self._cut_timer.start()
            return
        following, bar = self._at_end(), self.verticalScrollBar()
        top, height = bar.value(), self.document().size().height()
        caret = self.textCursor()
        anchor, position = caret.anchor(), caret.position()
        tail = [content for _, content in self._writer.tail]
        edit = QTextCursor(self.document())
        edit.beginEditBlock()
        try:
            self._writer.write([], [])
            at, added = self._cuts.step()
            self._writer.write([], tail)
        finally:
            edit.endEditBlock()
        self._select(*(p + added if p > at else p for p in (anchor, position)))
        grown = self.document().size().height() - height
        above = self.document().findBlock(at).layout().position().y() < top
        bar.setValue(bar.maximum() if following else top + round(grown) * above)
        if self._cuts.waiting:
            self._cut_timer.start()


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the reader was before the document was written anew."""

    top: int
    following: bool = False
    left_behind: bool = False
    anchor: int = 0
    position: int = 0
