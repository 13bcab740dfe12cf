from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLabel,
    QLineEdit,
    QListWidget,
    QPlainTextEdit,
    QTabWidget,
    QWidget,
)

from spectr_desktop.records.request import HIDDEN, Purpose, WireRequest
from spectr_desktop.records.server import Locality
from spectr_desktop.ui.request_preview import RequestPreview, Shown
from tests.ui.driving import (
    CONTROL,
    button,
    child,
    press,
    press_key,
    signal_future,
    until,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from spectr_desktop.ui.theme import Theme

_SOURCE = "contract Größe {\n\tuint a; // \u202e hidden\n}\n"
_URL = "https://model.example.org/v1/chat/completions"


def _request(purpose: Purpose = Purpose.GENERATE, content: str = _SOURCE) -> WireRequest:
    body = {"model": "m", "messages": [{"role": "user", "content": content}]}
    headers = (("content-type", "application/json"), ("authorization", f"Bearer {HIDDEN}6789"))
    return WireRequest(purpose, "POST", _URL, headers, json.dumps(body).encode())


_LOAD = WireRequest(Purpose.LOADED, "GET", "https://model.example.org/api/ps", (), b"")
_SHOWN = Shown((_LOAD, _request()), "model.example.org", Locality.REMOTE, 1234)


@pytest.fixture
async def parent(qapp: QApplication) -> AsyncIterator[QWidget]:
    qapp.setQuitOnLastWindowClosed(False)
    parent = QWidget()
    parent.show()
    yield parent
    parent.close()
    gone = signal_future(parent.destroyed)
    parent.deleteLater()
    await gone


class Opened:
    """The dialog on the screen, and the coroutine that waits for its end."""

    def __init__(self, dialog: RequestPreview) -> None:
        self.dialog = dialog
        self.reading = asyncio.create_task(dialog.read())
        self.list = child(dialog, QListWidget, "requestList")
        self.tabs = child(dialog, QTabWidget, "requestForms")
        self._gone = signal_future(dialog.destroyed)

    async def shown(self) -> None:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        await asyncio.sleep(0)
        self.dialog.activateWindow()
        await until(self.dialog.isActiveWindow, app.focusWindowChanged)

    def label(self, name: str) -> str:
        return child(self.dialog, QLabel, name).text()

    async def closed(self) -> None:
        await self.reading
        await self._gone


async def _open(parent: QWidget, theme: Theme, shown: Shown = _SHOWN) -> Opened:
    opened = Opened(RequestPreview(shown, theme, parent))
    await opened.shown()
    return opened


async def test_the_request_with_the_source_is_shown_first(parent: QWidget, theme: Theme) -> None:
    opened = await _open(parent, theme)
    dialog = opened.dialog
    assert opened.list.currentRow() == 1
    assert opened.list.item(0).text().startswith("1. Ask what is loaded: GET, 0")
    assert opened.list.item(1).text().startswith("2. Generate: POST, ")
    assert dialog.text.toPlainText() == (
        "model: m\nmessages 1 role: user\n\n── messages 1 content ──\n"
        + _SOURCE.replace("\u202e", "⟦U+202E⟧")
        + "\n"
    )
    body = _request().body.decode()
    opened.tabs.setCurrentIndex(1)
    assert dialog.bytes.toPlainText().replace("\n", "") == body
    opened.tabs.setCurrentIndex(2)
    assert dialog.headers.toPlainText().split("\n") == [
        f"POST {_URL}",
        "content-type: application/json",
        f"authorization: Bearer {HIDDEN}6789",
    ]
    opened.list.setCurrentRow(0)
    assert dialog.headers.toPlainText() == f"GET {_LOAD.url}"
    for tab, view in enumerate((dialog.text, dialog.bytes)):
        opened.tabs.setCurrentIndex(tab)
        assert view.toPlainText() == "(no body)"
    dialog.reject()
    await opened.closed()


@pytest.mark.parametrize(
    ("locality", "host", "words"),
    [
        (Locality.LOCAL, "127.0.0.1:11434", "stays on this machine: 127.0.0.1:11434"),
        (Locality.LOCAL, "", "stays on this machine: the built-in engine"),
        (Locality.LOCAL_PORT, "127.0.0.1:8080", "may send it on"),
        (Locality.REMOTE, "ev\u202eil.org", "leaves the machine: it goes to ev⟦U+202E⟧il.org"),
    ],
)
async def test_where_it_goes_is_said(
    locality: Locality, host: str, words: str, parent: QWidget, theme: Theme
) -> None:
    opened = await _open(parent, theme, replace(_SHOWN, locality=locality, host=host))
    assert words in opened.label("previewPlace")
    size = opened.label("previewSize")
    assert size.startswith("Requests: 2, together ")
    assert "1,234 tokens" in size
    assert "Nothing of the source was sent" in size
    assert "After the count" not in size
    opened.dialog.reject()
    await opened.closed()


async def test_what_is_known_only_later_is_said(parent: QWidget, theme: Theme) -> None:
    counting = replace(_request(Purpose.COUNT), exact=False)
    opened = await _open(parent, theme, replace(_SHOWN, requests=(counting, _request())))
    assert "known only when it is sent" in opened.list.item(0).text()
    assert "known only" not in opened.list.item(1).text()
    assert "After the count" in opened.label("previewSize")
    opened.dialog.reject()
    await opened.closed()


async def test_each_form_is_copied_as_it_is(parent: QWidget, theme: Theme) -> None:
    opened = await _open(parent, theme)
    request, found = _request(), []
    for tab in range(3):
        opened.tabs.setCurrentIndex(tab)
        press(button(opened.dialog, "copyRequest"))
        found.append(QApplication.clipboard().text())
    assert found[0] == request.readable()
    assert found[1] == request.body.decode()  # without the line ends that are only shown
    assert found[2].startswith(f"POST {_URL}\ncontent-type: ")
    press(button(opened.dialog, "closePreview"))
    await opened.closed()


async def test_it_is_read_and_closed_by_keyboard(parent: QWidget, theme: Theme) -> None:
    opened = await _open(parent, theme)
    dialog = opened.dialog
    assert dialog.focusWidget() is opened.list
    press_key(dialog, Qt.Key.Key_Up)
    assert opened.list.currentRow() == 0
    press_key(dialog, Qt.Key.Key_Down)
    press_key(dialog, Qt.Key.Key_Tab)
    press_key(dialog, Qt.Key.Key_Tab)
    assert dialog.focusWidget() is dialog.text
    press_key(dialog, Qt.Key.Key_F, CONTROL)
    query = dialog.focusWidget()
    assert isinstance(query, QLineEdit)
    query.setText("uint a")
    assert len(dialog.text.extraSelections()) == 1
    press_key(dialog, Qt.Key.Key_Escape)
    assert dialog.isVisible()
    assert not query.isVisible()
    press_key(dialog, Qt.Key.Key_Escape)
    await opened.closed()


async def test_its_window_closes_also_while_words_are_found(parent: QWidget, theme: Theme) -> None:
    opened = await _open(parent, theme)
    press_key(opened.dialog, Qt.Key.Key_F, CONTROL)
    assert opened.dialog.close()
    await opened.closed()


async def test_a_cancelled_wait_closes_it(parent: QWidget, theme: Theme) -> None:
    opened = await _open(parent, theme)
    press_key(opened.dialog, Qt.Key.Key_F, CONTROL)
    opened.reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opened.closed()


async def test_widgets_have_names(parent: QWidget, theme: Theme) -> None:
    opened = await _open(parent, theme)
    kinds = (QPlainTextEdit, QListWidget, QTabWidget, QLineEdit, QAbstractButton)
    for kind in kinds:
        for widget in opened.dialog.findChildren(kind):
            named = widget.text() if isinstance(widget, QAbstractButton) else ""
            assert widget.accessibleName() or named, widget.objectName()
    opened.dialog.reject()
    await opened.closed()


async def test_a_large_request_is_put_in_piece_by_piece(parent: QWidget, theme: Theme) -> None:
    source = "".join(f"    uint value{n}; // Größe\n" for n in range(40_000)) + "x" * 500_000
    opened = await _open(parent, theme, replace(_SHOWN, requests=(_request(content=source),)))
    view = opened.dialog.text
    # The first lines are there at once; the window paints and answers before the last ones come.
    assert view.toPlainText().startswith("model: m\n")
    assert view.blockCount() < 40_000
    assert view.textCursor().position() == 0
    ended = view.document().find
    await until(lambda: not ended("value39999", 0, QTextDocument.FindFlag(0)).isNull(), view.filled)
    shown = view.toPlainText()
    assert shown.replace("\n", "") == opened.dialog._shown.requests[0].readable().replace("\n", "")
    assert max(map(len, shown.split("\n"))) <= 4000
    opened.dialog.reject()
    await opened.closed()


async def test_another_request_replaces_a_text_that_still_grows(
    parent: QWidget, theme: Theme
) -> None:
    large = _request(content="\n".join(map(str, range(20_000))))
    opened = await _open(parent, theme, replace(_SHOWN, requests=(_request(), large)))
    opened.list.setCurrentRow(0)
    assert opened.dialog.text.toPlainText().startswith("model: m\nmessages 1 role: user\n")
    assert "19999" not in opened.dialog.text.toPlainText()
    filled = signal_future(opened.dialog.text.filled)
    opened.list.setCurrentRow(1)
    await filled
    assert opened.dialog.text.toPlainText().count("model: m") == 1
    assert opened.dialog.text.toPlainText().rstrip().endswith("19999")
    opened.dialog.reject()
    await opened.closed()
