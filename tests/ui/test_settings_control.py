# ruff: noqa: ASYNC240  # the files are small and the test's own
from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit

from spectr_desktop import paths
from spectr_desktop.errors import SpectrError
from spectr_desktop.records.server import ServerConfig
from spectr_desktop.records.settings import SavedServer
from spectr_desktop.store.settings import Settings
from spectr_desktop.ui.model_picker import _CHOICE, Choice
from spectr_desktop.ui.request_preview import RequestPreview
from spectr_desktop.ui.settings_dialog import SettingsDialog
from spectr_desktop.ui.theme import Scheme
from tests.servers.script import Gate
from tests.ui.conftest import SOURCE
from tests.ui.driving import (
    CONTROL,
    asked,
    banner,
    button,
    child,
    idle,
    journal,
    open_window,
    opened,
    press,
    press_key,
    ran,
    start,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from spectr_desktop.ui.main_window import MainWindow
    from tests.servers.openai_server import OpenAIServer
    from tests.ui.conftest import Ollama


def kept(**values: object) -> None:
    """Settings as a program before has left them; `__` stands for the dot."""
    settings = Settings.load()
    for key, value in values.items():
        settings.set(key.replace("__", "."), value)  # type: ignore[arg-type]
    settings.save()


def served(*servers: ServerConfig) -> None:
    """Servers as the user has set them up."""
    settings = Settings.load()
    settings.set_servers(tuple(SavedServer(str(n), s) for n, s in enumerate(servers)))
    settings.save()


async def in_dialog(window: MainWindow, change: Callable[[SettingsDialog], None]) -> None:
    """Open the settings, change something, press OK."""
    press_key(window, Qt.Key.Key_Comma, CONTROL)
    dialog = await opened(window, SettingsDialog)
    change(dialog)
    ok = child(dialog, QAbstractButton, "settingsOk")
    assert ok.isEnabled(), child(dialog, QLabel, "settingsMessage").text()
    press(ok)
    await idle(window)


def typed(name: str, text: str) -> Callable[[SettingsDialog], None]:
    return lambda dialog: child(dialog, QLineEdit, name).setText(text)


async def test_what_is_asked_of_a_run_is_in_the_request_and_the_header(
    ollama: Ollama, contract: Path
) -> None:
    kept(audit__temperature=0.3, audit__seed=42, audit__context=4096, audit__max_tokens=555)
    async with open_window() as window:
        await start(window, contract)
        await ran(window)
    (body,) = asked(ollama)
    options = body["options"]
    assert (options["temperature"], options["seed"]) == (0.3, 42)
    assert (options["num_ctx"], options["num_predict"]) == (4096, 555)
    parameters = journal()[0]["parameters"]
    assert (parameters["temperature"], parameters["seed"]) == (0.3, 42)


async def test_what_is_changed_in_the_dialog_holds_for_the_next_run(
    window: MainWindow, ollama: Ollama, contract: Path
) -> None:
    await start(window, contract)

    def change(dialog: SettingsDialog) -> None:
        typed("audit.seed", "7")(dialog)
        typed("audit.max_tokens", "333")(dialog)

    await in_dialog(window, change)
    await ran(window)
    (body,) = asked(ollama)
    assert (body["options"]["seed"], body["options"]["num_predict"]) == (7, 333)
    assert Settings.load().get("audit.seed") == 7


async def test_a_change_during_a_run_is_for_the_next_one(
    window: MainWindow, ollama: Ollama, contract: Path
) -> None:
    await start(window, contract)
    gate = ollama.answer.before = Gate()
    press(button(window, "runButton"))
    await gate.reached()
    press_key(window, Qt.Key.Key_Comma, CONTROL)
    dialog = await opened(window, SettingsDialog)
    typed("audit.seed", "7")(dialog)
    child(dialog, QAbstractButton, "privacy.air_gap").click()
    press(child(dialog, QAbstractButton, "settingsOk"))
    assert not window.runs.egress.air_gap
    assert not window.actions_by_name["air_gap"].isChecked()
    gate.open()
    await idle(window)
    assert window.runs.egress.air_gap
    assert window.actions_by_name["air_gap"].isChecked()
    ollama.answer.before = None
    await ran(window)
    first, second = asked(ollama)
    assert first["options"].get("seed") != 7
    assert second["options"]["seed"] == 7


async def test_the_look_is_there_from_the_start() -> None:
    kept(appearance__theme="dark", editor__font_size=19, editor__wrap=True)
    async with open_window() as window:
        assert window.theme.scheme is Scheme.DARK
        assert window.editor.font().pointSize() == 19
        assert window.editor.lineWrapMode() == window.editor.LineWrapMode.WidgetWidth


async def test_the_menus_theme_is_kept(window: MainWindow) -> None:
    window.settings.keep_theme(Scheme.DARK)
    assert Settings.load().get("appearance.theme") == "dark"
    assert window.theme.scheme is Scheme.DARK


async def test_a_theme_that_cannot_be_kept_holds_and_is_told(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_self: Settings) -> None:
        raise SpectrError("settings_not_saved", "The settings cannot be saved.")

    monkeypatch.setattr(Settings, "save", full)
    window.settings.keep_theme(Scheme.DARK)
    assert window.theme.scheme is Scheme.DARK
    assert "cannot be saved" in banner(window)


async def test_servers_are_in_the_picker_under_their_names(
    window: MainWindow, ollama: Ollama, openai: OpenAIServer, contract: Path
) -> None:
    served(
        ServerConfig("openai", openai.base_url, name="The <b>GPU</b> box"),
        ServerConfig("ollama", ollama.base_url, name="Office"),
    )
    await start(window, contract)
    titles = {choice.provider_title for choice in choices(window)}
    assert {"The <b>GPU</b> box", "Office"} <= titles


def choices(window: MainWindow) -> list[Choice]:
    """All that can be picked."""
    picker = window.top.picker
    rows = [picker.itemData(row, _CHOICE) for row in range(picker.count())]
    return [row for row in rows if isinstance(row, Choice)]


async def test_a_server_is_asked_through_its_proxy(
    ollama: Ollama, contract: Path, openai: OpenAIServer
) -> None:
    served(ServerConfig("openai", "http://models.example:8080", proxy=openai.base_url, name="P"))
    async with open_window() as window:
        await start(window, contract)
    assert [r.path for r in openai.requests if "models.example" in r.path]


async def test_the_server_test_says_what_answers(window: MainWindow, ollama: Ollama) -> None:
    await start(window, None)
    sentence = await window.settings._test(ServerConfig("ollama", ollama.base_url))
    assert sentence.startswith("It answers, with")
    del ollama.installed[1:]
    (only,) = ollama.installed
    sentence = await window.settings._test(ServerConfig("ollama", ollama.base_url))
    assert sentence == f"It answers, with the model {only['name']}."


async def test_the_server_test_says_why_nothing_answers(
    window: MainWindow, closed_port: int
) -> None:
    with pytest.raises(SpectrError, match=r"127\.0\.0\.1"):
        await window.settings._test(ServerConfig("ollama", f"http://127.0.0.1:{closed_port}"))


async def test_air_gap_mode_is_on_before_anybody_is_asked(openai: OpenAIServer) -> None:
    kept(privacy__air_gap=True)
    served(ServerConfig("openai", "http://198.51.100.7:8080", name="Far"))
    async with open_window() as window:
        await start(window, None)
        assert window.runs.egress.air_gap
        assert window.actions_by_name["air_gap"].isChecked()
        assert window.servers.refusals == 1


@pytest.mark.parametrize("wanted", [True, False])
async def test_the_last_file_is_opened_if_that_is_wanted(
    contract: Path, no_servers: int, wanted: bool
) -> None:
    kept(storage__reopen_file=wanted)
    async with open_window() as window:
        await start(window, contract)
        window.editor.go_to_line(2)
    async with open_window() as window:
        await start(window, None)
        assert window.editor.text() == (SOURCE if wanted else "")
        if wanted:
            assert window.editor.textCursor().blockNumber() == 1


async def test_a_last_file_that_is_gone_is_no_news(contract: Path, no_servers: int) -> None:
    kept(storage__reopen_file=True)
    async with open_window() as window:
        await start(window, contract)
    contract.unlink()
    async with open_window() as window:
        await start(window, None)
        assert contract.name not in banner(window)
        assert window.editor.text() == ""


async def test_a_damaged_file_is_told_and_left_alone(
    qapp: QApplication, ollama: Ollama, contract: Path
) -> None:
    paths.private_folder(paths.data())
    file = paths.data() / "settings.toml"
    file.write_text('[appearance\ntheme = "dark"\n')
    async with open_window() as window:
        await start(window, contract)
        assert "settings.toml" in banner(window)
        assert window.editor.text() == SOURCE
        await ran(window)
        assert "settings.toml" not in banner(window)
    (aside,) = paths.data().glob("settings.toml.damaged-*")
    assert aside.read_text() == '[appearance\ntheme = "dark"\n'


async def test_a_second_wish_brings_the_dialog_to_the_front(window: MainWindow) -> None:
    await start(window, None)
    press_key(window, Qt.Key.Key_Comma, CONTROL)
    first = await opened(window, SettingsDialog)
    window.settings.open_dialog()
    assert window.findChildren(SettingsDialog) == [first]
    press(child(first, QAbstractButton, "settingsCancel"))
    await idle(window)


async def test_the_window_closes_with_the_dialog_open() -> None:
    async with open_window() as window:
        await start(window, None)
        window.settings.open_dialog()
        assert (await opened(window, SettingsDialog)).isVisible()


async def test_what_will_be_sent_is_what_is_sent(
    window: MainWindow, ollama: Ollama, contract: Path
) -> None:
    await start(window, contract)
    window.actions_by_name["preview"].trigger()
    dialog = await opened(window, RequestPreview)
    shown = dialog._shown.requests
    press(child(dialog, QAbstractButton, "closePreview"))
    await idle(window)
    assert asked(ollama) == []
    await ran(window)
    (body,) = asked(ollama)
    assert body in [json.loads(each.body) for each in shown if each.body]
