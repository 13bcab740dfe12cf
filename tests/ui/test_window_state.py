from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QRect

from spectr_desktop import paths
from spectr_desktop.ui import window_state
from spectr_desktop.ui.window_state import WindowState, fitting
from tests.ui.driving import open_window

if TYPE_CHECKING:
    from pathlib import Path

LEFT, RIGHT = QRect(0, 0, 1920, 1040), QRect(1920, 0, 1280, 984)


async def test_the_window_looks_as_it_was_closed(no_servers: int) -> None:
    async with open_window() as window:
        window.setGeometry(30, 40, 700, 500)
        window._columns.setSizes([200, 260, 238])
        window._columns.show_page(window.findings.list_page)
        window._columns.show_page(window.findings.pane_page)
        sizes = window._columns.sizes()
    async with open_window() as window:
        assert window.geometry() == QRect(30, 40, 700, 500)
        assert window._columns.sizes() == sizes
        assert window._columns.in_front() == ("findingsPage", "findingPage")
    file = paths.data() / "window.json"
    assert file.stat().st_mode & 0o777 == 0o600


async def test_a_window_on_a_screen_that_is_gone_comes_back(no_servers: int) -> None:
    window_state.save(WindowState(place=(5000, 3000, 700, 500)))
    async with open_window() as window:
        assert window.screen().availableGeometry().contains(window.geometry())
        assert window.size().width() == 700


async def test_a_maximized_window_is_one_again_and_knows_its_smaller_size(no_servers: int) -> None:
    async with open_window() as window:
        window.setGeometry(30, 40, 600, 500)
        window.showMaximized()
    assert window_state.load().maximized
    async with open_window() as window:
        assert window.isMaximized()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"place": "x"}', '{"columns": [1, "a"]}', "[" * 9999]
)
async def test_a_damaged_file_is_as_good_as_none(no_servers: int, text: str) -> None:
    paths.private_folder(paths.data())
    (paths.data() / "window.json").write_text(text)
    assert window_state.load() == WindowState()


@pytest.mark.parametrize(
    "state",
    [
        WindowState(columns=(0, 1, 2)),
        WindowState(columns=(1,)),
        WindowState(tabs=("nowhere", "")),
        WindowState(place=(0, 0, -5, 10**9)),
    ],
)
async def test_values_that_make_no_sense_change_nothing(
    no_servers: int, state: WindowState
) -> None:
    async with open_window() as window:
        usual = window._columns.sizes(), window._columns.in_front(), window.size()
    window_state.save(state)
    async with open_window() as window:
        assert (window._columns.sizes(), window._columns.in_front(), window.size()) == usual


def test_a_disk_that_cannot_keep_it_is_no_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SPECTR_HOME", os.fspath(tmp_path / "file" / "home"))
    window_state.save(WindowState(line=3))
    assert window_state.load() == WindowState()


@pytest.mark.parametrize(
    ("place", "screens", "found"),
    [
        ((), [LEFT], None),
        ((0, 0, 800, 600), [], None),
        ((0, 0, 100, 600), [LEFT], None),
        ((100, 100, 800, 600), [LEFT], (100, 100, 800, 600)),
        ((2000, 100, 800, 600), [LEFT, RIGHT], (2000, 100, 800, 600)),
        ((2000, 100, 800, 600), [LEFT], (1120, 100, 800, 600)),  # the second screen is gone
        ((-790, 100, 800, 600), [LEFT], (0, 100, 800, 600)),  # too little to take hold of
        ((-400, 100, 800, 600), [LEFT], (-400, 100, 800, 600)),  # where the user has put it
        ((100, -50, 800, 600), [LEFT], (100, 0, 800, 600)),  # its title was out of reach
        ((0, 0, 3840, 2160), [LEFT], (0, 0, 1920, 1040)),  # a smaller screen
        ((2500, 950, 800, 600), [LEFT, RIGHT], (2400, 384, 800, 600)),
    ],
)  # fmt: skip
def test_a_window_can_always_be_seen_and_moved(
    place: tuple[int, ...], screens: list[QRect], found: tuple[int, int, int, int] | None
) -> None:
    assert fitting(place, screens) == (QRect(*found) if found else None)
