"""A dialog with the exact requests of a run, before anything of them is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, QSize, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from spectr_desktop.records.request import Purpose, WireRequest
from spectr_desktop.records.server import Locality
from spectr_desktop.ui.dialogs import finished
from spectr_desktop.ui.find_bar import FindBar
from spectr_desktop.ui.growing_text import GrowingText
from spectr_desktop.ui.hostile_text import visible

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

    from spectr_desktop.ui.theme import Theme

# Characters of a line in which the bytes are shown: JSON has no line ends of its own.
_BYTES_IN_LINE = 160
_ROWS = 5  # of the list; more of them scroll
_SIZE = QSize(920, 640)
_SHARE_OF_SCREEN = 0.92
_COUNTING = (Purpose.TEMPLATE, Purpose.COUNT)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the dialog shows.

    Attributes:
        requests: in the order in which they would be sent.
        host: where the source goes, as a person reads it; "" for the built-in engine. Of a model
            that Ollama forwards, not Ollama's address but the service's.
        locality: whether that is this machine.
        tokens: of the prompts, estimated.
    """

    requests: tuple[WireRequest, ...]
    host: str
    locality: Locality
    tokens: int


class RequestPreview(QDialog):
    """Shows where the requests go, how large they are, and every byte of them.

    Args:
        shown: what was planned.
        theme: of the marks of what is found.
        parent: the window that it belongs to.
    """

    def __init__(self, shown: Shown, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown = shown
        self.setObjectName("requestPreview")
        self.setWindowTitle(self.tr("What will be sent"))
        self.setAccessibleName(self.windowTitle())
        self._list = self._request_list()
        self.text = self._view("requestText", self.tr("Request as text"))
        self.bytes = self._view("requestBytes", self.tr("Exact bytes of the request"))
        self.headers = self._view("requestHeaders", self.tr("Address and headers"))
        self._views = (self.text, self.bytes, self.headers)
        self._bars = tuple(FindBar(view, theme, view.setExtraSelections) for view in self._views)
        self._tabs = QTabWidget(self)
        self._tabs.setObjectName("requestForms")
        self._tabs.setAccessibleName(self.tr("Forms of the request"))
        titles = (self.tr("As text"), self.tr("Exact bytes"), self.tr("Address and headers"))
        for view, bar, title in zip(self._views, self._bars, titles, strict=True):
            self._tabs.addTab(self._page(view, bar), title)
        self._lay_out()
        for keys, slot in (
            (QKeySequence.StandardKey.Find, self._on_find),
            (QKeySequence(Qt.Key.Key_F3), lambda: self._bar().step(1)),
            (QKeySequence("Shift+F3"), lambda: self._bar().step(-1)),
        ):
            QShortcut(keys, self).activated.connect(slot)
        self._filled: set[int] = set()
        self._list.currentRowChanged.connect(self._on_row_changed)
        self._tabs.currentChanged.connect(self._on_tab_changed)
        self._list.setCurrentRow(len(shown.requests) - 1)  # the one with the source
        self._list.setFocus()

    async def read(self) -> None:
        """Open the dialog and wait until it is closed; a cancelled wait closes it."""
        room = self.screen().availableSize() * _SHARE_OF_SCREEN
        self.resize(_SIZE.boundedTo(room))
        await finished(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc closes the bar first."""
        if event.key() == Qt.Key.Key_Escape and not self._bar().isHidden():
            self._bar().close_bar()
        else:
            super().keyPressEvent(event)

    def _lay_out(self) -> None:
        copy = QPushButton(self.tr("Copy"), self)
        copy.setObjectName("copyRequest")
        copy.setToolTip(self.tr("Copy what this tab shows, unbroken; keys stay hidden"))
        copy.setAutoDefault(False)
        copy.clicked.connect(self._on_copy)
        close = QPushButton(self.tr("Close"), self)
        close.setObjectName("closePreview")
        close.setDefault(True)
        close.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.addWidget(copy)
        buttons.addStretch(1)
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        layout.addWidget(self._label("previewPlace", self._place(), strong=True))
        layout.addWidget(self._label("previewSize", self._size()))
        layout.addWidget(self._list)
        layout.addWidget(self._tabs, 1)
        layout.addLayout(buttons)
        self.setTabOrder(self._list, self._tabs)

    def _page(self, view: GrowingText, bar: FindBar) -> QWidget:
        page = QWidget(self)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(view, 1)
        layout.addWidget(bar)
        return page

    def _view(self, name: str, spoken: str) -> GrowingText:
        view = GrowingText(self)
        view.setObjectName(name)
        view.setAccessibleName(spoken)
        return view

    def _label(self, name: str, text: str, *, strong: bool = False) -> QLabel:
        label = QLabel(text, self)
        label.setObjectName(name)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        font = label.font()
        font.setBold(strong)
        label.setFont(font)
        return label

    def _request_list(self) -> QListWidget:
        found = QListWidget(self)
        found.setObjectName("requestList")
        found.setAccessibleName(self.tr("Requests"))
        for number, request in enumerate(self._shown.requests, 1):
            found.addItem(f"{number}. {self._title(request)}")
        rows = min(max(found.count(), 1), _ROWS)
        found.ensurePolished()
        frame = 2 * found.frameWidth()
        found.setFixedHeight(rows * max(found.sizeHintForRow(0), 20) + frame)
        return found

    def _title(self, request: WireRequest) -> str:
        purposes = {
            Purpose.MODELS: self.tr("Ask for the models"),
            Purpose.READY: self.tr("Ask whether the server is ready"),
            Purpose.LOAD: self.tr("Load the model"),
            Purpose.LOADED: self.tr("Ask what is loaded"),
            Purpose.TEMPLATE: self.tr("Put the text into the model's own form"),
            Purpose.COUNT: self.tr("Count the tokens"),
            Purpose.GENERATE: self.tr("Generate"),
        }
        size = self._bytes(len(request.body))
        title = self.tr("{purpose}: {method}, {size}").format(
            purpose=purposes[request.purpose], method=request.method, size=size
        )
        if request.exact:
            return title
        return self.tr("{request}; a part is known only when it is sent").format(request=title)

    def _place(self) -> str:
        words = {
            Locality.LOCAL: self.tr("This stays on this machine: {host}"),
            Locality.LOCAL_PORT: self.tr(
                "This goes to a port of this machine, {host}; what answers there may send it on"
            ),
            Locality.REMOTE: self.tr("This leaves the machine: it goes to {host}"),
        }
        host = visible(self._shown.host) or self.tr("the built-in engine")
        return words[self._shown.locality].format(host=host)

    def _size(self) -> str:
        requests = self._shown.requests
        words = self.tr(
            "Requests: {count}, together {size}, about {tokens} tokens of input. Nothing of the "
            "source was sent to show this."
        ).format(
            count=len(requests),
            size=self._bytes(sum(len(request.body) for request in requests)),
            tokens=f"{self._shown.tokens:,}",
        )
        if any(request.purpose in _COUNTING for request in requests):
            words += " " + self.tr(
                "After the count a shorter answer may be asked for, where the model has little "
                "room."
            )
        return words

    def _bytes(self, count: int) -> str:
        return QLocale().formattedDataSize(count)

    def _request(self) -> WireRequest | None:
        row = self._list.currentRow()
        return self._shown.requests[row] if row >= 0 else None

    def _bar(self) -> FindBar:
        return self._bars[self._tabs.currentIndex()]

    def _on_find(self) -> None:
        self._bar().open()

    def _on_row_changed(self) -> None:
        for view in self._views:
            view.forget()
        self._filled.clear()
        self._on_tab_changed()

    def _on_tab_changed(self) -> None:
        """Put the request into the tab that is shown, if it is not there yet."""
        tab, request = self._tabs.currentIndex(), self._request()
        if tab in self._filled or request is None:
            return
        self._filled.add(tab)
        nothing = self.tr("(no body)")
        if tab == 0:
            self.text.show_lines((request.readable() or nothing).split("\n"))
        elif tab == 1:
            raw, most = _raw(request) or nothing, _BYTES_IN_LINE
            self.bytes.show_lines([raw[at : at + most] for at in range(0, len(raw), most)])
        else:
            self.headers.show_lines(_head(request).split("\n"))

    def _on_copy(self) -> None:
        request = self._request()
        if request is not None:
            forms = (request.readable, lambda: _raw(request), lambda: _head(request))
            QApplication.clipboard().setText(forms[self._tabs.currentIndex()]())


def _raw(request: WireRequest) -> str:
    return request.body.decode("utf-8", "backslashreplace")


def _head(request: WireRequest) -> str:
    """The request line and the headers."""
    headers = (f"{name}: {value}" for name, value in request.headers)
    return "\n".join((f"{request.method} {request.url}", *headers))
