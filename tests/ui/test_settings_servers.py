from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QFileDialog, QLineEdit, QListWidget, QPushButton

from spectr_desktop import paths
from spectr_desktop.errors import SpectrError
from spectr_desktop.records.server import ServerConfig
from spectr_desktop.records.settings import SavedServer
from spectr_desktop.store.settings import Settings
from tests.ui.driving import child, name_file, press, press_key
from tests.ui.driving import opened as opened_dialog
from tests.ui.settings_samples import Opened, open_settings

if TYPE_CHECKING:
    from pathlib import Path

    from spectr_desktop.ui.theme import Theme

_KEY = "sk-ant-geheim-0123456789"
_OLLAMA = SavedServer("a", ServerConfig("ollama", name="Büro <b>x</b>\u202e", parallel=2))
_CLAUDE = SavedServer("b", ServerConfig("anthropic", name="Claude"))
_BUILTIN = SavedServer("c", ServerConfig("builtin"), enabled=False)


@pytest.fixture
def settings() -> Settings:
    settings = Settings.load()
    settings.set_servers((_OLLAMA, _CLAUDE, _BUILTIN))
    settings.save()
    return settings


def _select(opened: Opened, row: int) -> None:
    child(opened.dialog, QListWidget, "serverList").setCurrentRow(row)


def _lines(opened: Opened) -> list[str]:
    servers = child(opened.dialog, QListWidget, "serverList")
    return [servers.item(row).text() for row in range(servers.count())]


def _choose(opened: Opened, provider: str) -> None:
    kinds = child(opened.dialog, QComboBox, "serverProvider")
    kinds.setCurrentIndex(kinds.findData(provider))


async def test_servers_are_listed_as_plain_text(theme: Theme, settings: Settings) -> None:
    async with open_settings(theme, settings) as opened:
        assert _lines(opened) == [
            "Büro <b>x</b>⟦U+202E⟧ · Ollama",
            "Claude · Claude",
            "Built-in engine",
        ]
        press(opened.ok)
        assert opened.applied == []


async def test_a_server_is_added_by_keyboard_and_kept(theme: Theme) -> None:
    async with open_settings(theme) as opened:
        assert "None is set up" in opened.text("serversHint")
        add = child(opened.dialog, QPushButton, "addServer")
        add.setFocus()
        press_key(opened.dialog, Qt.Key.Key_Space)
        name = child(opened.dialog, QLineEdit, "server_name")
        assert name.hasFocus()
        QTest.keyClicks(name, "GPU box")
        press_key(opened.dialog, Qt.Key.Key_Tab)
        press_key(opened.dialog, Qt.Key.Key_Down)
        press_key(opened.dialog, Qt.Key.Key_Down)
        press_key(opened.dialog, Qt.Key.Key_Tab)
        QTest.keyClicks(opened.dialog.focusWidget(), "http://192.168.1.20:8080/v1")
        opened.type_into("server_parallel", "3")
        assert _lines(opened) == ["GPU box · OpenAI-compatible · http://192.168.1.20:8080/v1"]
        press_key(opened.dialog, Qt.Key.Key_Return)
        assert opened.applied == [frozenset({"servers"})]
        (server,) = Settings.load().servers
        assert server.enabled
        assert server.config == ServerConfig(
            "openai", "http://192.168.1.20:8080/v1", parallel=3, name="GPU box"
        )


async def test_servers_are_moved_removed_and_switched_off(theme: Theme, settings: Settings) -> None:
    async with open_settings(theme, settings) as opened:
        up = child(opened.dialog, QPushButton, "moveServerUp")
        down = child(opened.dialog, QPushButton, "moveServerDown")
        assert (up.isEnabled(), down.isEnabled()) == (False, True)
        press(down)
        _select(opened, 2)
        assert (up.isEnabled(), down.isEnabled()) == (True, False)
        press(up)
        _select(opened, 2)
        press(child(opened.dialog, QPushButton, "removeServer"))
        child(opened.dialog, QListWidget, "serverList").setFocus()
        _select(opened, 0)
        press_key(opened.dialog, Qt.Key.Key_Space)
        press(opened.ok)
        assert Settings.load().servers == (
            SavedServer("b", _CLAUDE.config, enabled=False),
            _BUILTIN,
        )


async def test_the_last_server_can_be_removed(theme: Theme) -> None:
    settings = Settings.load()
    settings.set_servers((_CLAUDE,))
    settings.save()
    async with open_settings(theme, settings) as opened:
        press(child(opened.dialog, QPushButton, "removeServer"))
        assert child(opened.dialog, QPushButton, "addServer").hasFocus()
        assert not child(opened.dialog, QLineEdit, "server_name").isVisible()
        press(opened.ok)
        assert Settings.load().servers == ()


async def test_a_form_has_the_fields_that_its_kind_knows(theme: Theme, settings: Settings) -> None:
    async with open_settings(theme, settings) as opened:

        def shown(name: str) -> bool:
            return child(opened.dialog, QLineEdit, name).isVisible()

        assert [shown(f"server_{n}") for n in ("base_url", "keep_alive", "model_file")] == [
            True,
            True,
            False,
        ]
        _select(opened, 2)
        assert [shown(f"server_{n}") for n in ("base_url", "proxy", "model_file")] == [
            False,
            False,
            True,
        ]
        assert not shown("serverKey")
        _choose(opened, "anthropic")
        assert shown("serverKey")
        assert not shown("server_keep_alive")


@pytest.mark.parametrize("field", ["proxy", "base_url"])
async def test_a_password_in_an_address_is_refused(
    theme: Theme, settings: Settings, field: str
) -> None:
    async with open_settings(theme, settings) as opened:
        opened.type_into(f"server_{field}", "http://me:geheim@host:1")
        assert "password" in opened.text(f"server_{field}Fault")
        assert "password" in opened.text("settingsMessage")
        assert "geheim" not in "".join(_lines(opened)) + opened.text("settingsMessage")
        assert not opened.ok.isEnabled()
        assert not child(opened.dialog, QPushButton, "testServer").isEnabled()
        opened.type_into(f"server_{field}", "http://host:1")
        press(opened.ok)
        assert getattr(Settings.load().servers[0].config, field) == "http://host:1"


async def test_a_fault_counts_on_whichever_server_is_shown(
    theme: Theme, settings: Settings
) -> None:
    async with open_settings(theme, settings) as opened:
        opened.type_into("server_parallel", "many")
        _select(opened, 1)
        assert opened.text("settingsMessage").startswith("Servers: Büro")
        assert not opened.ok.isEnabled()
        _select(opened, 0)
        assert child(opened.dialog, QLineEdit, "server_parallel").text() == "many"
        opened.type_into("server_parallel", "2")
        assert opened.ok.isEnabled()


async def test_a_test_says_what_the_server_answered(theme: Theme, settings: Settings) -> None:
    async with open_settings(theme, settings) as opened:
        button = child(opened.dialog, QPushButton, "testServer")
        opened.type_into("server_base_url", "http://127.0.0.1:1")
        press(button)
        assert opened.text("testServerResult") == "Asking the server…"
        assert button.text() == "Stop testing"
        await opened.idle()
        assert opened.text("testServerResult") == "It offers 2 models."
        assert button.text() == "Test"
        assert opened.tester.tested == [ServerConfig("ollama", "http://127.0.0.1:1", parallel=2)]
        opened.tester.answer = SpectrError("unreachable", "It does not answer\u202e. Start it.")
        press(button)
        await opened.idle()
        assert opened.text("testServerResult") == "It does not answer⟦U+202E⟧. Start it."
        opened.type_into("server_base_url", "http://127.0.0.1:2")
        assert opened.text("testServerResult") == ""


async def test_a_test_can_be_stopped_and_ends_with_the_dialog(
    theme: Theme, settings: Settings
) -> None:
    async with open_settings(theme, settings) as opened:
        opened.tester.answer = None
        button = child(opened.dialog, QPushButton, "testServer")
        press(button)
        await asyncio.sleep(0)
        press(button)
        await opened.idle()
        assert opened.tester.cancelled == 1
        assert opened.text("testServerResult") == ""
        press(button)
        await asyncio.sleep(0)
        _select(opened, 1)
        await opened.idle()
        assert opened.tester.cancelled == 2
        press(button)
        await asyncio.sleep(0)
        press_key(opened.dialog, Qt.Key.Key_Escape)
        await opened.idle()
        assert opened.tester.cancelled == 3


async def test_a_key_is_saved_and_forgotten_and_never_shown(
    theme: Theme, settings: Settings
) -> None:
    async with open_settings(theme, settings) as opened:
        _select(opened, 1)
        field = child(opened.dialog, QLineEdit, "serverKey")
        save = child(opened.dialog, QPushButton, "saveKey")
        assert field.echoMode() is QLineEdit.EchoMode.Password
        assert not save.isEnabled()
        QTest.keyClicks(field, _KEY)
        assert not opened.ok.isEnabled()
        assert "Save the key" in opened.text("settingsMessage")
        field.setFocus()
        press_key(opened.dialog, Qt.Key.Key_Return)
        assert field.text() == ""
        await opened.idle()
        assert opened.dialog.isVisible()
        assert opened.keys.kept == {("anthropic", ""): _KEY}
        assert opened.text("serverKeyState") == "Saved in a test."
        field.undo()
        assert field.text() == ""
        press(child(opened.dialog, QPushButton, "forgetKey"))
        await opened.idle()
        assert opened.keys.kept == {}
        assert opened.text("serverKeyState") == "Forgotten."
        press(opened.ok)
    for file in paths.data().rglob("*"):
        assert not file.is_file() or _KEY.encode() not in file.read_bytes()


async def test_a_key_that_could_not_be_saved_is_still_there(
    theme: Theme, settings: Settings
) -> None:
    async with open_settings(theme, settings) as opened:
        _select(opened, 1)
        opened.keys.locked = True
        opened.type_into("serverKey", _KEY)
        press(child(opened.dialog, QPushButton, "saveKey"))
        await opened.idle()
        assert opened.text("serverKeyFault") == "The keychain is locked. Unlock it."
        assert child(opened.dialog, QLineEdit, "serverKey").text() == _KEY


async def test_what_is_no_key_is_refused(theme: Theme, settings: Settings) -> None:
    async with open_settings(theme, settings) as opened:
        opened.type_into("serverKey", "two words")
        press(child(opened.dialog, QPushButton, "saveKey"))
        await opened.idle()
        assert "no blanks" in opened.text("serverKeyFault")
        assert opened.keys.kept == {}
        assert child(opened.dialog, QLineEdit, "serverKey").text() == "two words"


async def test_an_answer_for_another_server_is_not_shown(theme: Theme, settings: Settings) -> None:
    async with open_settings(theme, settings) as opened:
        await opened.idle()
        opened.keys.held = asyncio.Event()
        opened.type_into("serverKey", _KEY)
        press(child(opened.dialog, QPushButton, "saveKey"))
        await asyncio.sleep(0)
        _select(opened, 1)
        opened.keys.held.set()
        await opened.idle()
        assert opened.keys.kept == {("ollama", ""): _KEY}
        assert opened.text("serverKeyState") == ""


async def test_a_key_that_is_being_saved_is_saved_though_the_dialog_closes(
    theme: Theme, settings: Settings
) -> None:
    async with open_settings(theme, settings) as opened:
        opened.keys.held = asyncio.Event()
        opened.type_into("serverKey", _KEY)
        press(child(opened.dialog, QPushButton, "saveKey"))
        await asyncio.sleep(0)
        press_key(opened.dialog, Qt.Key.Key_Escape)
        opened.keys.held.set()
        await opened.idle()
        assert opened.keys.kept == {("ollama", ""): _KEY}


@pytest.mark.parametrize("closed", [False, True])
async def test_a_key_that_could_not_be_saved_is_told_to_the_window_if_it_is_too_late_here(
    theme: Theme, settings: Settings, *, closed: bool
) -> None:
    async with open_settings(theme, settings) as opened:
        opened.keys.held, opened.keys.locked = asyncio.Event(), True
        opened.type_into("serverKey", _KEY)
        press(child(opened.dialog, QPushButton, "saveKey"))
        await asyncio.sleep(0)
        if closed:
            press_key(opened.dialog, Qt.Key.Key_Escape)
        else:
            _select(opened, 1)
        opened.keys.held.set()
        await opened.idle()
        assert opened.text("serverKeyFault") == ""
        error = opened.errors.pop()
        assert isinstance(error, SpectrError)
        assert error.code == "keychain_locked"


async def test_the_keychain_is_asked_once_an_address(theme: Theme, settings: Settings) -> None:
    async with open_settings(theme, settings) as opened:
        await opened.idle()
        assert opened.keys.asked == [("ollama", "")]
        opened.keys.kept["ollama", "http://host:1"] = _KEY
        address = child(opened.dialog, QLineEdit, "server_base_url")
        address.setFocus()
        QTest.keyClicks(address, "http://host:1")
        opened.type_into("server_name", "Another name")
        press_key(opened.dialog, Qt.Key.Key_Tab)
        await opened.idle()
        assert opened.keys.asked == [("ollama", ""), ("ollama", "http://host:1")]
        assert opened.text("serverKeyState") == "Saved in a test."
        _choose(opened, "openai")
        await opened.idle()
        assert opened.keys.asked[2:] == [("openai", "http://host:1")]
        assert opened.text("serverKeyState") == ""


async def test_a_file_is_chosen(theme: Theme, settings: Settings, tmp_path: Path) -> None:
    model = tmp_path / "ein Modell & 'ü'.gguf"
    model.write_bytes(b"GGUF")
    async with open_settings(theme, settings) as opened:
        _select(opened, 2)
        press(child(opened.dialog, QPushButton, "choose_model_file"))
        await name_file(opened.dialog, model)
        await opened.idle()
        press(child(opened.dialog, QPushButton, "choose_model_file"))
        (await opened_dialog(opened.dialog, QFileDialog)).reject()
        await opened.idle()
        press(opened.ok)
        assert Settings.load().servers[2].config.model_file == str(model)
