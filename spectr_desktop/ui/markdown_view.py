"""The widget that shows Markdown while it is being written."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QFontMetricsF, QImage, QKeySequence, QPainter, QTextCursor
from PySide6.QtWidgets import QTextBrowser, QTextEdit, QWidget

from spectr_desktop.ui.copying import Sources, selection_data
from spectr_desktop.ui.frame_governor import FrameGovernor
from spectr_desktop.ui.headings import headings_of
from spectr_desktop.ui.hostile_text import REST, show_number
from spectr_desktop.ui.markdown_boxes import paint_boxes
from spectr_desktop.ui.markdown_code import CodePainter
from spectr_desktop.ui.markdown_feed import TURN, Feed, Wishes
from spectr_desktop.ui.markdown_formats import BODY_SCALE, MEASURE, Formats
from spectr_desktop.ui.markdown_writer import DocumentWriter
from spectr_desktop.ui.reading_place import Place, top_of
from spectr_desktop.ui.severity_chips import paint_chips
from spectr_desktop.ui.theme import without_ligatures

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData
    from PySide6.QtGui import (
        QHideEvent,
        QKeyEvent,
        QPaintEvent,
        QResizeEvent,
        QShowEvent,
        QWheelEvent,
    )

    from spectr_desktop.report.blocks import BlockSplitter
    from spectr_desktop.ui.markdown_lines import Line, Table
    from spectr_desktop.ui.theme import Theme

_END_PIXELS = 4
_MARGIN = 24
_ZOOM_MS = 40
_ZOOMS = (60, 70, 80, 90, 100, 110, 125, 150, 175, 200, 250, 300)
_WHEEL_NOTCH = 120  # Qt's unit: eighths of a degree, 15 degrees a notch


class MarkdownView(QTextBrowser):
    """A read-only report that grows.

    Text is buffered by `append` and shown at most 30 times a second, and less often when frames
    are dear; a view that is not on the screen catches up when it is shown. Settled blocks are
    never touched again. The end is followed only while the reader is there.

    Attributes:
        sources: which Markdown stands behind which place.

    Signals:
        link_requested: the reader wants to open a link; its whole target, http or https only.
        rendered: a frame has been written into the document.
        left_behind_changed: text has come below what the reader sees (True), or he is there again.
        restarted: the document will be emptied and written anew.
        headings_settled: (list[Heading]) headings that are final now, in order.
        zoomed: the text is as large as that many per cent now.
    """

    link_requested = Signal(str)
    rendered = Signal()
    left_behind_changed = Signal(bool)
    restarted = Signal()
    headings_settled = Signal(list)
    zoomed = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._pieces: list[str] = []
        self._finished = False
        self._rewriting: Place | None = None
        self._scrolled = False
        self._left_behind = False
        self._governor = FrameGovernor()
        self._zoom = self._zoom_shown = 100
        self._wheel = 0
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
        self.sources = Sources()
        self._wishes = Wishes()
        self._code = CodePainter(self.document(), theme.colors)
        self._frame_timer = QTimer(self, singleShot=True)
        self._frame_timer.timeout.connect(self._on_frame_due)
        self._turn_timer = QTimer(self, singleShot=True, interval=0)
        self._turn_timer.timeout.connect(self._work)
        self._zoom_timer = QTimer(self, singleShot=True, interval=_ZOOM_MS)
        self._zoom_timer.timeout.connect(self.zoom_now)
        self._color_timer = QTimer(self, singleShot=True)
        self._color_timer.timeout.connect(self._on_color_step)
        self._restart_document()
        self.anchorClicked.connect(self._on_anchor_clicked)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        theme.changed.connect(self._render_again)
        theme.fonts_changed.connect(self._render_again)

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
        self._wishes.clear()
        self.viewport().setUpdatesEnabled(True)
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
        self._rewrite(Place())

    @property
    def busy(self) -> bool:
        """Whether text that is due is still being written, a bite at each turn of the loop."""
        return self._turn_timer.isActive()

    def write_rest_now(self) -> None:
        """Write at once what waits and may be shown."""
        while self._feed.busy:
            self._work()

    def toPlainText(self) -> str:
        """The text as shown; what is still being written is written first."""
        if self.busy:
            self.write_rest_now()
        return super().toPlainText()

    def toHtml(self) -> str:
        """The report as HTML; what is still being written is written first."""
        if self.busy:
            self.write_rest_now()
        return super().toHtml()

    def render_now(self) -> None:
        """Show what has been appended since the last frame."""
        self._frame_timer.stop()
        if not self._feed.busy:
            return
        self._governor.begin()
        with self._governor.work():
            self._work()

    def color_now(self) -> None:
        """Colour all settled code that waits for it."""
        self._color_timer.stop()
        while self._code.waiting:
            self._code.step()

    def zoom(self, steps: int) -> None:
        """Make the text larger by so many steps, smaller if negative, as at first with 0."""
        nearest = min(range(len(_ZOOMS)), key=lambda n: abs(_ZOOMS[n] - self._zoom))
        step = min(max(nearest + steps, 0), len(_ZOOMS) - 1)
        self._zoom = _ZOOMS[step] if steps else 100
        # A turn of the wheel is many steps, and each would write the document anew.
        self._zoom_timer.start()

    def zoom_now(self) -> None:
        """Show the text in the size that was wished; the line at the top stays there."""
        self._zoom_timer.stop()
        if self._zoom == self._zoom_shown:
            return
        self._zoom_shown = self._zoom
        self._render_again()
        self.zoomed.emit(self._zoom)

    def go_to(self, position: int) -> None:
        """Show the line of a position at the upper edge, with the caret in it."""
        cursor = QTextCursor(self.document())
        cursor.setPosition(min(position, self.document().characterCount() - 1))
        self.setTextCursor(cursor)
        top = top_of(self.document(), position)
        self.verticalScrollBar().setValue(round(top - self.document().documentMargin()))

    def settled_end(self) -> int:
        """The position up to which the document will not change."""
        return self._writer.tail_start

    def scroll_to_end(self) -> None:
        """Bring the reader to the newest text, where the view follows it."""
        self.document().size()
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum())

    def loadResource(self, _kind: int, _name: QUrl | str) -> QImage:
        """Nothing is ever loaded: an empty image, since Qt asks again after a None."""
        return QImage()

    def createMimeDataFromSelection(self) -> QMimeData:
        """Copy: plain text as it stands there, and rich text for white paper."""
        return selection_data(self.textCursor(), self._theme.colors)

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what came while the view was not on the screen."""
        super().showEvent(event)
        if self._on_screen():
            self.render_now()
            self._schedule_colors()

    def hideEvent(self, event: QHideEvent) -> None:
        """Off the screen nothing is done."""
        super().hideEvent(event)
        self._frame_timer.stop()
        self._color_timer.stop()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the measure readable, and the end in view where it was."""
        whole = self._finished and self.verticalScrollBar().maximum() == 0
        following = self._at_end() and not whole
        super().resizeEvent(event)
        self._fit_width()
        if following:
            self.scroll_to_end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+Home shows the margin above the first line too, where Qt stops at the line."""
        super().keyPressEvent(event)
        if event.matches(QKeySequence.StandardKey.MoveToStartOfDocument):
            self.verticalScrollBar().setValue(0)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll, or zoom with Ctrl."""
        if not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().wheelEvent(event)
            return
        # A touch pad sends a notch in many small parts.
        self._wheel += event.angleDelta().y()
        steps = int(self._wheel / _WHEEL_NOTCH)
        self._wheel -= steps * _WHEEL_NOTCH
        if steps:
            self.zoom(steps)
        event.accept()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the boxes, then the text over them."""
        with self._governor.painting():
            painter = QPainter(self.viewport())
            left, top = self.horizontalScrollBar().value(), self.verticalScrollBar().value()
            painter.translate(-left, -top)
            seen = event.rect().translated(left, top)
            paint_boxes(painter, self.document(), seen.top(), seen.bottom(), self._theme.colors)
            paint_chips(painter, self.document(), seen.top(), seen.bottom(), self._theme.colors)
            painter.end()
            super().paintEvent(event)
        # A window that was minimised is painted when it comes back.
        if self._feed.busy:
            self._schedule()
        self._schedule_colors()

    def _restart_document(self, splitter: BlockSplitter | None = None) -> None:
        # First: to empty the document moves the scroll bar, and places mean nothing then.
        self.restarted.emit()
        self._color_timer.stop()
        self._turn_timer.stop()
        self._code.restart(self._theme.colors)
        self.document().clear()
        self.sources.clear()
        self._feed = Feed(self.sources, self._wishes, self.text, splitter)
        # Of the document and not of the code's format, which cannot hold such a wish.
        font = without_ligatures(self.font())
        scale, chosen = BODY_SCALE * self._zoom_shown / 100, self._theme.fonts.report_points
        self.document().setDocumentMargin(_MARGIN * max(1, self._zoom_shown / 100))
        if chosen is not None:
            font.setPointSizeF(chosen * self._zoom_shown / 100)
        elif font.pointSizeF() > 0:
            font.setPointSizeF(font.pointSizeF() * scale)
        else:
            font.setPixelSize(round(font.pixelSize() * scale))
        self.document().setDefaultFont(font)
        self._writer = DocumentWriter(
            self.document(), Formats(self._theme.colors, font, self._theme.code_font())
        )
        self._fit_width()

    def _fit_width(self) -> None:
        letters = QFontMetricsF(self.document().defaultFont()).averageCharWidth()
        widest = round(MEASURE * letters + 2 * self.document().documentMargin())
        width = min(self.viewport().width(), widest)
        if width != self.lineWrapColumnOrWidth():
            self.setLineWrapColumnOrWidth(width)

    def _on_screen(self) -> bool:
        return self.isVisible() and not self.window().isMinimized()

    def _schedule(self) -> None:
        if self._finished or self._rewriting is not None:
            return  # which is written in turns of its own
        if not self._frame_timer.isActive() and self._on_screen():
            self._frame_timer.start(ceil(self._governor.wait() * 1000))

    def _schedule_colors(self) -> None:
        if self._code.waiting and not self._color_timer.isActive() and self._on_screen():
            self._color_timer.start(ceil(self._governor.wait() * 1000))

    def _on_frame_due(self) -> None:
        if not self._on_screen():
            return
        # The last frame may have been painted since the timer was set.
        if self._governor.wait() > 0:
            self._schedule()
        else:
            self.render_now()

    def _work(self) -> None:
        """One turn: so much of what waits that the window can go on answering."""
        self._turn_timer.stop()
        spent = 0
        while self._feed.busy and spent < TURN:
            bite = self._feed.take([content for _, content in self._writer.tail])
            if self._feed.knowing is not None:
                self._render_again(self._feed.knowing)
                return
            self._show(bite.settled, bite.tail)
            spent += bite.cost + 1
        if self._feed.busy:
            if self._finished or self._rewriting is not None:
                self._turn_timer.start()
            else:
                self._schedule()
        self._keep_place()

    def _show(self, settled: list[Line | Table], tail: list[Line | Table]) -> None:
        if self._writer.shows(settled, tail):
            done = self._writer.write(settled, tail)  # which edits nothing
            self._tell(done)
            self._feed.wrote(done, lambda: self._writer.tail)
            self._schedule_colors()
            return
        following = self._at_end() and self._rewriting is None
        bar = self.verticalScrollBar()
        top = bar.value()
        done = self._write(settled, tail)
        self._feed.wrote(done, lambda: self._writer.tail)
        if following:
            self.scroll_to_end()
        elif self._rewriting is None:
            bar.setValue(top)
            self._set_left_behind(left=bar.maximum() - bar.value() > _END_PIXELS)
        self._schedule_colors()
        self.rendered.emit()

    def _write(
        self, settled: list[Line | Table], tail: list[Line | Table]
    ) -> list[tuple[int, Line | Table]]:
        caret = self.textCursor()
        anchor, position = caret.anchor(), caret.position()
        kept = max(anchor, position) < self._writer.tail_start
        edit = QTextCursor(self.document())
        edit.beginEditBlock()
        try:
            done = self._writer.write(settled, tail)
        finally:
            edit.endEditBlock()
        self._tell(done)
        self._code.follow(self._writer.tail)
        if not kept:
            self._select(anchor, position)
        return done

    def _tell(self, done: list[tuple[int, Line | Table]]) -> None:
        """These lines are settled: their code may be coloured, their headings listed."""
        self._code.add(done)
        headings = headings_of(done)
        if headings:
            self.headings_settled.emit(headings)

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
            # A reader at the end of a finished report reads there: what he sees stays.
            growing = not self._finished or splitter is not None
            at_end = self._at_end() and growing
            place = Place.of(self, at_end=at_end, left_behind=self._left_behind)
        self._rewrite(place, splitter)

    def _rewrite(self, place: Place, splitter: BlockSplitter | None = None) -> None:
        self._restart_document(splitter)
        self._rewriting = place
        self._scrolled = False
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
        done = not self._turn_timer.isActive()
        covered = not self.viewport().updatesEnabled()
        # What is cut at last has been longer before, so that the place may be lost again.
        if (covered and place.is_written(self)) or (done and not self._scrolled):
            place.show(self)
        if covered and (done or place.is_written(self)):
            self.viewport().setUpdatesEnabled(True)
        if done:
            self._rewriting = None
            self._select(place.anchor, place.caret)
            self._set_left_behind(left=place.left_behind and not self._at_end())

    def _set_left_behind(self, *, left: bool) -> None:
        if left != self._left_behind:
            self._left_behind = left
            self.left_behind_changed.emit(left)

    def _on_scrolled(self, value: int) -> None:
        # To the end Qt scrolls by itself when the document becomes shorter.
        shown = self._rewriting is not None and self.viewport().updatesEnabled()
        self._scrolled = self._scrolled or (shown and value < self.verticalScrollBar().maximum())
        if self._at_end():
            self._set_left_behind(left=False)

    def _on_anchor_clicked(self, url: QUrl) -> None:
        number = show_number(url.toString())
        if number >= 0:
            self._show_more(number)
        elif url.scheme().lower() in ("http", "https") and url.host():
            self.link_requested.emit(url.toString(QUrl.ComponentFormattingOption.FullyEncoded))

    def _show_more(self, number: int) -> None:
        """Show a further part of a cut block, or of a report that is not shown further."""
        self._wishes.add(number)
        if number == REST:
            self._feed.go_on()
            self._work()
        else:
            self._render_again()

    def _on_color_step(self) -> None:
        if not self._on_screen():
            return
        with self._governor.work():
            self._code.step()
        self._schedule_colors()
