"""How the window looked when it was closed last: place, size, columns, tabs, open file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QGuiApplication

from spectr_desktop.ui import kept_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QMainWindow

    from spectr_desktop.ui.columns import Columns

_FILE_NAME = "window.json"
# So much of a window has to be on a screen that it can be taken and moved.
_GRIP = 80
_SMALLEST = 200


@dataclass(frozen=True, slots=True)
class WindowState:
    """What is kept of a window; empty for one that was never closed.

    Attributes:
        place: left, top, width, height, in device-independent pixels.
        maximized: it filled its screen; `place` is how large it was before.
        columns: widths of the three columns.
        tabs: the object names of the pages in front: left, right.
        file: the file that was open.
        line: where the caret was in it, from 1.
    """

    place: tuple[int, ...] = ()
    maximized: bool = False
    columns: tuple[int, ...] = ()
    tabs: tuple[str, ...] = ()
    file: str = ""
    line: int = 1


def load() -> WindowState:
    """What was kept; a damaged file is as good as none."""
    return kept_state.load(WindowState(), _FILE_NAME)


def save(state: WindowState) -> None:
    """Keep it; a disk that cannot is no error."""
    kept_state.save(state, _FILE_NAME)


def apply(state: WindowState, window: QMainWindow, columns: Columns) -> None:
    """Make the window look as it did, as far as the screens of today allow."""
    screens = [screen.availableGeometry() for screen in QGuiApplication.screens()]
    if (place := fitting(state.place, screens)) is not None:
        window.setGeometry(place)
    if state.maximized:
        window.setWindowState(window.windowState() | Qt.WindowState.WindowMaximized)
    if len(state.columns) == columns.count() and all(width > 0 for width in state.columns):
        columns.setSizes(list(state.columns))
    columns.bring_to_front(state.tabs)


def of_window(window: QMainWindow, columns: Columns, file: str, line: int) -> WindowState:
    """How the window looks now."""
    maximized = bool(window.windowState() & Qt.WindowState.WindowMaximized)
    place = window.normalGeometry() if maximized else window.geometry()
    return WindowState(
        place=(place.x(), place.y(), place.width(), place.height()),
        maximized=maximized,
        columns=tuple(columns.sizes()),
        tabs=columns.in_front(),
        file=file,
        line=line,
    )


def fitting(place: Sequence[int], screens: Sequence[QRect]) -> QRect | None:
    """A place where the window can be seen and moved; None where it may choose by itself.

    Args:
        place: left, top, width, height, as kept.
        screens: the parts of all screens that windows may take.
    """
    if len(place) != 4 or not screens or min(place[2:]) < _SMALLEST:  # noqa: PLR2004  # a rectangle
        return None
    wanted = QRect(*place)
    # Its upper edge is where it is taken.
    edge = QRect(wanted.x(), wanted.y(), wanted.width(), _GRIP)
    best = max(screens, key=lambda screen: _area(screen.intersected(edge)))
    seen = best.intersected(edge)
    fits = wanted.width() <= best.width() and wanted.height() <= best.height()
    if fits and seen.width() >= _GRIP and seen.height() >= _GRIP // 2 and wanted.y() >= best.y():
        return wanted
    # The screen is another one, or gone: as large as before, as far as there is room.
    home = best if _area(seen) else screens[0]
    size = wanted.size().boundedTo(home.size())
    left = min(max(wanted.x(), home.x()), home.x() + home.width() - size.width())
    top = min(max(wanted.y(), home.y()), home.y() + home.height() - size.height())
    return QRect(left, top, size.width(), size.height())


def _area(rectangle: QRect) -> int:
    return max(0, rectangle.width()) * max(0, rectangle.height())
