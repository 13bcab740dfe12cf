"""The companion of runs, and through it the notifications of the desktop."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from jeepney import DBusAddress
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget

from spectr_desktop.ui.run_companion import RunCompanion
from spectr_desktop.ui.tasks import TaskOwner
from tests.desktop_bus import Service, bus, service
from tests.ui.driving import signal_future, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("dbus-daemon") is None, reason="needs dbus-daemon"
)
_NAME = "org.freedesktop.Notifications"
_WHERE = DBusAddress("/org/freedesktop/Notifications", _NAME, _NAME)
_GIVEN = "of-the-compositor"
_ANSWERS = {"Notify": ("u", (7,)), "CloseNotification": ("", ()), "Inhibit": ("u", (9,))}


@pytest.fixture
async def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Service]:
    """A desktop that shows notifications."""
    with bus(tmp_path) as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        monkeypatch.setenv("PATH", str(tmp_path))  # no systemd-inhibit
        async with service(address, _NAME, _ANSWERS) as desktop:
            yield desktop


@pytest.fixture
async def tasks() -> AsyncIterator[TaskOwner]:
    errors: list[BaseException] = []
    tasks = TaskOwner(errors.append)
    yield tasks
    await tasks.close()
    assert errors == []


@pytest.fixture
async def window(qapp: QApplication) -> AsyncIterator[QWidget]:
    """A window that is not in front: it is not shown yet."""
    qapp.setQuitOnLastWindowClosed(False)
    window = QWidget()
    window.setWindowState(Qt.WindowState.WindowMinimized)
    yield window
    window.close()
    gone = signal_future(window.destroyed)
    window.deleteLater()
    await gone


async def _ended(tasks: TaskOwner) -> None:
    while tasks._tasks:
        await asyncio.wait(set(tasks._tasks))


async def test_the_end_of_a_run_is_told(
    desktop: Service, tasks: TaskOwner, window: QWidget
) -> None:
    RunCompanion(window, tasks).run_ended("The audit is complete", 3, 1)
    asked = await desktop.calls.get()
    assert asked.member == "Notify"
    assert asked.body == (
        "Spectr Desktop",
        0,
        "spectr-desktop",
        "The audit is complete",
        "Findings: 3, leads: 1.",
        ["default", "Show"],
        {"desktop-entry": ("s", "spectr-desktop")},
        -1,
    )
    await desktop.emit(_WHERE, "NotificationClosed", "uu", 8, 2)  # somebody else's
    await desktop.emit(_WHERE, "NotificationClosed", "uu", 7, 2)
    await desktop.gone(asked.sender)
    assert desktop.calls.empty()
    await _ended(tasks)


async def test_a_click_brings_the_window(
    desktop: Service,
    tasks: TaskOwner,
    window: QWidget,
    qapp: QApplication,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_ACTIVATION_TOKEN", "")
    RunCompanion(window, tasks).run_ended("The audit is complete", 0, 0)
    asked = await desktop.calls.get()
    await desktop.emit(_WHERE, "ActivationToken", "us", 7, _GIVEN)
    await desktop.emit(_WHERE, "ActionInvoked", "us", 7, "default")
    await until(window.isActiveWindow, qapp.focusWindowChanged)
    assert not window.isMinimized()
    assert os.environ["XDG_ACTIVATION_TOKEN"] == _GIVEN
    closed = await desktop.calls.get()
    assert (closed.member, closed.body) == ("CloseNotification", (7,))
    await desktop.gone(asked.sender)


async def test_the_next_run_takes_the_notification_away(
    desktop: Service, tasks: TaskOwner, window: QWidget
) -> None:
    companion = RunCompanion(window, tasks)
    companion.keeps_awake = False
    companion.run_ended("The audit failed", 0, 0)
    asked = await desktop.calls.get()
    companion.run_started()
    await desktop.gone(asked.sender)
    await _ended(tasks)


async def test_in_front_nothing_is_told(
    desktop: Service, tasks: TaskOwner, window: QWidget, qapp: QApplication
) -> None:
    companion = RunCompanion(window, tasks)
    window.showNormal()
    window.activateWindow()
    await until(window.isActiveWindow, qapp.focusWindowChanged)
    companion.run_ended("The audit is complete", 3, 1)
    assert tasks._tasks == set()


async def test_both_can_be_switched_off(
    desktop: Service, tasks: TaskOwner, window: QWidget
) -> None:
    companion = RunCompanion(window, tasks)
    companion.keeps_awake = companion.notifies = False
    companion.run_started()
    companion.run_ended("The audit is complete", 3, 1)
    assert tasks._tasks == set()


async def test_a_run_that_fails_lets_the_machine_sleep(
    desktop: Service, tasks: TaskOwner, window: QWidget
) -> None:
    companion = RunCompanion(window, tasks)
    address = os.environ["DBUS_SESSION_BUS_ADDRESS"]
    async with service(address, "org.gnome.SessionManager", _ANSWERS) as session:
        companion.run_started()
        asked = await session.calls.get()
        companion.run_failed()
        await session.gone(asked.sender)
    assert (await desktop.calls.get()).body[3] == "The audit failed"


async def test_a_desktop_without_notifications_is_logged(
    tmp_path: Path,
    tasks: TaskOwner,
    window: QWidget,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    with bus(tmp_path) as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        RunCompanion(window, tasks).run_ended("The audit is complete", 3, 1)
        await _ended(tasks)
    assert "shows no notification: org.freedesktop.DBus.Error.ServiceUnknown" in caplog.text
