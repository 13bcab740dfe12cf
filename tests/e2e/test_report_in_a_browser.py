"""A hostile report in a real browser: it is shown, and nothing is asked for."""

from __future__ import annotations

import shutil
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from spectr_desktop.records.findings import Texts
from spectr_desktop.records.house_style import Look
from spectr_desktop.report.export.html import html
from tests.report.export.pictures import png
from tests.report.export.report_samples import finding, report, result

if TYPE_CHECKING:
    from pathlib import Path

_BROWSER = shutil.which("chromium") or shutil.which("google-chrome") or ""
_LOADS = (
    "![a](http://192.0.2.1/a.png) <img src=http://192.0.2.1/b.png> <script src=//192.0.2.1/c.js>"
    "</script> <link rel=stylesheet href=http://192.0.2.1/d.css> <iframe src=http://192.0.2.1/>"
    "</iframe> <script>document.title='run'</script> [a](http://192.0.2.1/e)\n\n"
    "```\n</code></pre><img src=http://192.0.2.1/f.png>\n```"
)
_ADDRESS = b"192.0.2.1"
pytestmark = pytest.mark.skipif(not _BROWSER, reason="there is no Chromium")


def _asked(proxy: socket.socket) -> bool:
    """Whether a connection that waits asks for what a page named; the browser has its own."""
    proxy.setblocking(False)
    told = b""
    while True:
        try:
            connection, _ = proxy.accept()
        except BlockingIOError:
            return _ADDRESS in told
        with connection:
            connection.setblocking(True)
            told += connection.recv(4096)


def _browse(page: Path, folder: Path, port: int, *arguments: str) -> str:
    command = [
        _BROWSER,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        f"--user-data-dir={folder / 'profile'}",
        f"--proxy-server=127.0.0.1:{port}",
        "--proxy-bypass-list=<-loopback>",
        *arguments,
        page.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=90)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_page_is_shown_and_asks_for_nothing(tmp_path: Path) -> None:
    texts = Texts("A *title* & <b>", _LOADS, _LOADS, _LOADS, _LOADS, _LOADS)
    made = report(found=[finding(1, texts=texts)], ended=result(text=_LOADS))
    page = tmp_path / "report ö.html"
    page.write_text(html(made, Look(png(), "#7a1fa2")), encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        port = proxy.getsockname()[1]
        shown = _browse(page, tmp_path, port, "--dump-dom")
        picture = tmp_path / "page.png"
        _browse(page, tmp_path, port, f"--screenshot={picture}", "--window-size=900,1200")
        printed = tmp_path / "page.pdf"
        _browse(page, tmp_path, port, f"--print-to-pdf={printed}")
        assert not _asked(proxy)
        # The same browser does ask, where a page has a picture: not having asked means something.
        canary = tmp_path / "canary.html"
        canary.write_text("<img src=http://192.0.2.1/x.png>", encoding="utf-8")
        _browse(canary, tmp_path, port, "--dump-dom", "--timeout=2000")
        assert _asked(proxy)
    assert "<title>Security review of Vault.sol</title>" in shown
    assert 'id="F1"' in shown
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert printed.read_bytes().startswith(b"%PDF")
