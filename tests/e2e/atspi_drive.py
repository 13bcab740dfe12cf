# ruff: noqa: ANN401  # pyatspi has no types
"""Uses the window as a screen reader does, through AT-SPI; runs with the system's Python.

Arguments: the program and its arguments. Standard output has one JSON object a step; standard
input gives a line to go on where a step needs the test to do something first.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pyatspi  # type: ignore[import-not-found]
from gi.repository import GLib  # type: ignore[import-not-found]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# How often the other process is looked at, in milliseconds, and for how long, in seconds.
_LOOK_MS = 100
_PATIENCE_S = 60


def _tell(step: str, **what: object) -> None:
    sys.stdout.write(json.dumps({"step": step, **what}) + "\n")
    sys.stdout.flush()


def _until(what: str, look: Callable[[], Any]) -> Any:  # whatever was looked for
    """Look again and again until something is found; an object that goes away is not found."""
    loop = GLib.MainLoop()
    found: list[Any] = []
    failures: list[str] = []

    def tick() -> bool:
        try:
            value = look()
        except Exception as error:  # noqa: BLE001  # also what is not there yet: None has no text
            failures.append(repr(error))
        else:
            if value:
                found.append(value)
                loop.quit()
                return False
        return True

    GLib.timeout_add(_LOOK_MS, tick)
    GLib.timeout_add_seconds(_PATIENCE_S, loop.quit)
    loop.run()
    if not found:
        sys.exit(f"{what} did not come; {failures[-1:]}")
    return found[0]


def _below(node: Any) -> Iterator[Any]:  # pyatspi has no types
    for child in node:
        if child is not None:
            yield child
            yield from _below(child)


def _frame(process: int) -> Any:
    for app in pyatspi.Registry.getDesktop(0):
        if app is not None and app.get_process_id() == process:
            for child in app:
                if child.getRole() == pyatspi.ROLE_FRAME:
                    return child
    return None


def _named(frame: Any, name: str, *interfaces: str) -> Any:
    """The first object of a name that offers the interfaces."""
    for node in _below(frame):
        if node.name == name and set(interfaces) <= set(pyatspi.listInterfaces(node)):
            return node
    return None


def _text(node: Any) -> str:
    text = node.queryText()
    return text.getText(0, text.characterCount)


def _press(frame: Any, name: str) -> None:
    def ready() -> Any:
        node = _named(frame, name, "Action")
        if node is None:
            return None
        state = node.getState()
        usable = (pyatspi.STATE_SHOWING, pyatspi.STATE_SENSITIVE)
        return node if all(map(state.contains, usable)) else None

    _until(name, ready).queryAction().doAction(0)


def _report(frame: Any) -> str:
    node = _named(frame, "Report", "Text")
    return _text(node) if node is not None else ""


def _status(frame: Any) -> str:
    node = _named(frame, "Run status")
    return node.description if node is not None else ""


def main() -> None:
    """Open, read the names, run, read the text while it grows, stop, read the status."""
    program = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
    try:
        frame = _until("the window", lambda: _frame(program.pid))
        _until("a model", lambda: _text(_named(frame, "Model", "EditableText")).strip())
        names = {node.name for node in _below(frame) if node.name}
        source = _text(_named(frame, "Source editor", "Text"))
        _tell("frame", title=frame.name, names=sorted(names), source=source)
        _press(frame, "Run audit")
        first = _until("the first text", lambda: _report(frame))
        _tell("first", text=first)
        sys.stdin.readline()
        more = _until("more text", lambda: text if len(text := _report(frame)) > len(first) else "")
        # The status is brought up to date four times a second.
        status = _until("writing", lambda: text if "Writing" in (text := _status(frame)) else "")
        _tell("more", text=more, status=status)
        _press(frame, "Stop")
        status = _until("the end", lambda: text if "Stopped" in (text := _status(frame)) else "")
        _tell("stopped", status=status, text=_report(frame))
    finally:
        program.send_signal(signal.SIGTERM)
        _tell("ended", code=program.wait())


if __name__ == "__main__":
    main()
