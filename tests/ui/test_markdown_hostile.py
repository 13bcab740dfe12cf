"""Hostile text in the report: nothing is loaded, and nothing is hidden."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QColor, QImage, QTextDocument
from PySide6.QtWidgets import QMessageBox

from spectr_desktop.ui import dialogs
from spectr_desktop.ui.hostile_text import visible
from spectr_desktop.ui.markdown_view import MarkdownView
from tests.ui.driving import answer, idle, opened

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from spectr_desktop.ui.main_window import MainWindow
    from spectr_desktop.ui.theme import Theme


class Spy(MarkdownView):
    """Notes every resource that the document asks for."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self.asked: list[str] = []

    def loadResource(self, _kind: int, name: QUrl | str) -> QImage:
        self.asked.append(str(name))
        return super().loadResource(_kind, name)


@pytest.fixture
def view(qtbot: QtBot, theme: Theme) -> Spy:
    view = Spy(theme)
    qtbot.addWidget(view)
    view.resize(560, 400)
    view.show()
    return view


def formats(view: MarkdownView) -> list[tuple[str, bool]]:
    """Link target and whether it is an image, of every fragment of the document."""
    found: list[tuple[str, bool]] = []
    block = view.document().begin()
    while block.isValid():
        found += [
            (s.format.anchorHref(), s.format.isImageFormat() or "\ufffc" in block.text())
            for s in block.textFormats()
        ]
        block = block.next()
    return found


def hrefs(view: MarkdownView) -> set[str]:
    return {href for href, _ in formats(view)} - {""}


_HTML = (
    "<script>alert(1)</script>",
    '<iframe src="file:///etc/passwd"></iframe>',
    '<img src=x onerror="alert(1)">',
    "<style>* { color: red }</style>",
    "<details><summary>a</summary>b</details>",
    '<a href="javascript:x">link</a>',
    "<!-- comment -->",
    "<meta http-equiv=refresh content=0>",
)


@pytest.mark.parametrize("html", _HTML)
def test_raw_html_is_text(html: str, view: Spy) -> None:
    view.set_markdown(f"{html}\n\ntext {html}\n\n# {html}\n\n- {html}\n\n| {html} |\n|---|\n")
    view.grab()
    assert view.toPlainText().count(html) == 5
    assert hrefs(view) == set()
    assert view.asked == []


def _images(path: Path) -> list[str]:
    data = base64.b64encode(path.read_bytes()).decode()
    return [
        f"file://{path}",
        str(path),
        path.name,
        f"./{path.name}",
        f"data:image/png;base64,{data}",
        "http://127.0.0.1:9/a.png",
        "https://example.org/a.png",
        "//server/share/a.png",
        "\\\\server\\share\\a.png",
        "qrc:/icons/a.png",
        ":/icons/a.png",
    ]


def test_no_image_is_loaded_or_painted(
    view: Spy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    red = QImage(60, 60, QImage.Format.Format_RGB32)
    red.fill(QColor(255, 0, 0))
    path = tmp_path / "red.png"
    assert red.save(str(path))
    monkeypatch.chdir(tmp_path)
    added: list[object] = []
    monkeypatch.setattr(
        QTextDocument, "addResource", lambda _self, *arguments: added.append(arguments)
    )
    for source in _images(path):
        view.set_markdown(
            f"![alt]({source})\n\n![alt][r] [![alt]({source})](https://example.org)\n\n"
            f'| ![alt]({source}) |\n|---|\n| ![alt][r] |\n\n- ![alt]({source} "title")\n\n'
            f'<img src="{source}">\n\n[r]: {source}\n'
        )
        picture = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        colors = {
            picture.pixel(x, y) for x in range(picture.width()) for y in range(picture.height())
        }
        assert 0xFFFF0000 not in colors
        assert not any(image for _, image in formats(view))
        # Of a target that no Markdown may have the whole mark stays text.
        assert "[image: alt]" in view.toPlainText() or f"![alt]({source})" in view.toPlainText()
    assert view.asked == []
    assert added == []


@pytest.mark.parametrize(
    "target",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "mailto:a@example.org",
        "spectr:show-all/0",
        "http:/\\evil.example",
        "http:evil.example",
        "//evil.example",
        "vbscript:x",
        "#top",
    ],
)
def test_no_other_target_is_a_link(target: str, view: Spy, qtbot: QtBot) -> None:
    view.set_markdown(f"[text](<{target}>) <{target}>\n\n[r][r]\n\n[r]: <{target}>\n")
    assert hrefs(view) == set()
    with qtbot.assertNotEmitted(view.link_requested):
        view.anchorClicked.emit(QUrl(target))


@pytest.mark.parametrize(
    ("target", "emitted"),
    [
        ("https://b\u00fccher.example/", "https://xn--bcher-kva.example/"),
        ("https://\u0430pple.com/", "https://xn--pple-43d.com/"),
        ("https://example.org/\u202egpj.exe", "https://example.org/%E2%80%AEgpj.exe"),
        ("https://good.example@evil.example/", "https://good.example@evil.example/"),
    ],
)
def test_the_true_target_is_asked_about(target: str, emitted: str, view: Spy, qtbot: QtBot) -> None:
    view.set_markdown(f"[text](<{target}>)")
    (href,) = hrefs(view)
    with qtbot.waitSignal(view.link_requested) as caught:
        view.anchorClicked.emit(QUrl(href))
    assert caught.args == [emitted]


def test_what_the_question_about_a_link_shows() -> None:
    assert dialogs.true_target("https://example.org/a") == "https://example.org/a"
    assert "⟦U+202E⟧" in dialogs.true_target("https://example.org/\u202ea")
    assert "evil.example;" in dialogs.true_target("https://good.example@evil.example/")
    assert len(dialogs.true_target("https://example.org/" + "a" * 100_000)) < 1100


async def test_the_dialog_names_the_host(window: MainWindow) -> None:
    window.report.view.link_requested.emit("https://bank.example:443@evil.example/")
    box = await opened(window, QMessageBox)
    assert "evil.example;" in box.informativeText()
    assert box.textFormat() == Qt.TextFormat.PlainText
    await answer(window, "cancel")
    await idle(window)


_HIDDEN = [
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),
    *range(0x200B, 0x2010),
    *range(0x2060, 0x2065),
    *(0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x180E, 0x2800, 0x3164, 0xFEFF, 0xFFA0),
    *(0xE0001, 0xE0041, 0xE007F, 0xE0100, 0x1D173),
]


@pytest.mark.parametrize("code", _HIDDEN)
def test_hidden_characters_are_spelled_out_everywhere(code: int, view: Spy) -> None:
    char = chr(code)
    view.set_markdown(
        f"# a{char}b\n\n| a{char}b |\n|---|\n| a{char}b |\n\n`a{char}b`\n\n```\na{char}b\n```\n\n"
        f'[a{char}b](https://example.org "a{char}b") ![a{char}b](x)\n\n> - a{char}b\n'
    )
    shown = view.toPlainText()
    assert char not in shown
    assert shown.count(f"a⟦U+{code:04X}⟧b") == 8


def test_what_emoji_need_stays() -> None:
    assert (
        visible("\u2764\ufe0f e\u0301 \U0001f680 日本語")
        == "\u2764\ufe0f e\u0301 \U0001f680 日本語"
    )


async def test_hidden_characters_around_the_report(window: MainWindow) -> None:
    window.report.show_banner("a\u202eb", "info")
    window.report.append_thinking("a\u202eb")
    window.report.thinking.button.setChecked(True)
    assert "a⟦U+202E⟧b" in window.report._banner._label.text()
    assert window.report.thinking.view.toPlainText() == "a⟦U+202E⟧b"
