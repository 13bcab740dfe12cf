"""Makes the README's pictures: the real window on a run whose report is an example of ours.

    .venv/bin/python packaging/pictures.py [FOLDER]

Needs Linux with Xvfb and xdotool (`packaging/dev.py test` installs them). Writes
window-light.png and window-dark.png into FOLDER (default docs/). With the fonts Inter and
JetBrains Mono installed the pictures look as on a desktop that has them.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIZE = "1400x880x24"
REPORT = Path(__file__).with_name("example-report.md")
WRITTEN_S = 5  # until the report is there, and its findings in the list
FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include>
<alias binding="strong"><family>sans-serif</family><prefer><family>Inter</family></prefer></alias>
<alias binding="strong"><family>Sans Serif</family><prefer><family>Inter</family></prefer></alias>
</fontconfig>
"""
GRAB = (
    "import sys; from PySide6.QtGui import QGuiApplication; app = QGuiApplication([]); "
    "sys.exit(not app.primaryScreen().grabWindow(0).save(sys.argv[1]))"
)
SCHEMES = ("light", "dark")


class Screen:
    """An X server of its own, and the program on it, in the colours of a scheme."""

    def __init__(self, stack: contextlib.ExitStack, scheme: str) -> None:
        read, write = os.pipe()
        server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", SIZE, "-nolisten", "tcp"],
            pass_fds=[write],
            stderr=subprocess.DEVNULL,
        )
        stack.callback(server.wait)
        stack.callback(server.terminate)
        os.close(write)
        with os.fdopen(read) as answer:
            display = f":{answer.readline().strip()}"
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        fonts = home / "fonts.conf"
        fonts.write_text(FONTS, encoding="utf-8")
        (home / "spectr").mkdir()
        settings = home / "spectr" / "settings.toml"
        settings.write_text(f'[appearance]\ntheme = "{scheme}"\n', encoding="utf-8")
        self.environment = {
            **os.environ,
            "DISPLAY": display,
            "QT_QPA_PLATFORM": "xcb",
            "SPECTR_HOME": str(home / "spectr"),
            "FONTCONFIG_FILE": str(fonts),
        }

    def start(self, stack: contextlib.ExitStack, *arguments: str) -> None:
        """Start the program and wait until its window is there."""
        command = [sys.executable, "-m", "spectr_desktop", *arguments]
        program = subprocess.Popen(command, cwd=ROOT, env=self.environment)
        stack.callback(program.wait)
        stack.callback(program.terminate)
        search = ["xdotool", "search", "--sync", "--onlyvisible", "--class", "spectr-desktop"]
        window = self._run(*search).split()[-1]
        pause(2)
        self._run("xdotool", "windowfocus", window)

    def press(self, *keys: str) -> None:
        """Press keys, as a user does."""
        for key in keys:
            self._run("xdotool", "key", key)
            pause(0.3)

    def grab(self, path: Path) -> None:
        """Write what the screen shows."""
        self._run(sys.executable, "-c", GRAB, str(path))

    def _run(self, *command: str) -> str:
        return subprocess.run(
            command, env=self.environment, check=True, capture_output=True, text=True, timeout=60
        ).stdout


def pause(seconds: float) -> None:
    """Let the window go on: it is another process, and only time tells when it looks well."""
    threading.Event().wait(seconds)


def main() -> None:
    """Take both pictures."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs"
    sys.path.insert(0, str(ROOT))
    from tests.servers.ollama_server import OllamaServer  # noqa: PLC0415 - found from here on
    from tests.servers.scripted import ThreadedServer  # noqa: PLC0415
    from tests.servers.streams import Answer  # noqa: PLC0415

    text = REPORT.read_text(encoding="utf-8")
    for scheme in SCHEMES:
        with contextlib.ExitStack() as stack:
            server = stack.enter_context(
                ThreadedServer(OllamaServer(Answer(text=text, natural=True)))
            )
            screen = Screen(stack, scheme)
            arguments = ("--provider", "ollama", "--base-url", server.base_url)
            screen.start(stack, "resources/examples/Vault.sol", *arguments)
            screen.press("ctrl+r")
            pause(WRITTEN_S)
            screen.press("ctrl+2", "j", "j", "k")
            screen.grab(folder / f"window-{scheme}.png")


if __name__ == "__main__":
    main()
