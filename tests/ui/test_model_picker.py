from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit

from spectr_desktop.records.server import Locality, ModelInfo, ServerConfig
from spectr_desktop.ui.model_picker import Choice, ModelPicker

if TYPE_CHECKING:
    from PySide6.QtGui import QImage
    from pytestqt.qtbot import QtBot

_OLLAMA = ServerConfig("ollama", "http://127.0.0.1:11434")
_BIG = Choice(
    _OLLAMA,
    ModelInfo("qwen-coder:32b", context=131072, size_bytes=20 * 1024**3, parameter_size="32.8B"),
    "Ollama",
    Locality.LOCAL,
)
_SMALL = Choice(
    _OLLAMA, ModelInfo("smol:135m", context=512, size_bytes=100), "Ollama", Locality.LOCAL
)
_AWAY = Choice(
    ServerConfig("anthropic", "https://api.example.org"),
    ModelInfo("claude-x", label="Claude X"),
    "Anthropic",
    Locality.REMOTE,
)
_ALL = [_BIG, _SMALL, _AWAY]
_DOWN = "Ollama does not answer at 127.0.0.1:11434. Start it with `ollama serve`."


@pytest.fixture
def picker(qtbot: QtBot) -> ModelPicker:
    picker = ModelPicker()
    qtbot.addWidget(picker)
    picker.resize(700, 30)
    with qtbot.waitActive(picker):
        picker.show()
    return picker


def _edit(picker: ModelPicker) -> QLineEdit:
    edit = picker.lineEdit()
    assert edit is not None
    return edit


def _type(picker: ModelPicker, text: str) -> None:
    _edit(picker).setFocus()
    _edit(picker).selectAll()
    QTest.keyClicks(_edit(picker), text)


def _facts(picker: ModelPicker) -> str:
    label = picker.findChild(QLabel, "pickerFacts")
    assert isinstance(label, QLabel)
    return label.text()


def test_it_says_that_it_is_looking(picker: ModelPicker) -> None:
    assert _edit(picker).placeholderText() == "Looking for models…"
    assert picker.choice() is None


def test_the_first_model_is_picked_if_nothing_ever_was(picker: ModelPicker, qtbot: QtBot) -> None:
    with qtbot.waitSignal(picker.choice_changed):
        picker.set_rows(_ALL, [])
    assert picker.choice() == _BIG
    assert picker.currentText() == "qwen-coder:32b"
    assert _facts(picker) == "Ollama · local · 32.8B · 20.0 GB · 128k context"


def test_a_row_says_all_that_is_known_also_to_a_screen_reader(picker: ModelPicker) -> None:
    picker.set_rows(_ALL, [])
    spoken = [
        picker.itemData(row, Qt.ItemDataRole.AccessibleTextRole) for row in range(picker.count())
    ]
    assert spoken == [
        "qwen-coder:32b, Ollama, local, 32.8B, 20.0 GB, 128k context",
        "smol:135m, Ollama, local, 1 MB, 512 context",
        "Claude X, Anthropic, remote",
    ]


@pytest.mark.qt_log_ignore("does not support grabbing", extend=True)
def test_a_server_that_is_down_has_a_row_that_cannot_be_picked(picker: ModelPicker) -> None:
    picker.set_rows([], [_DOWN])
    assert picker.itemText(0) == _DOWN
    assert _edit(picker).placeholderText() == "No model"
    _type(picker, "ollama does")
    QTest.keyClick(_edit(picker), Qt.Key.Key_Return)
    assert picker.choice() is None


def test_the_pick_is_kept_when_the_list_is_read_again(picker: ModelPicker) -> None:
    picker.set_rows(_ALL, [])
    assert picker.pick("Claude X")
    picker.set_rows(list(reversed(_ALL)), [])
    assert picker.choice() == _AWAY
    renewed = replace(_AWAY, model=replace(_AWAY.model, context=200_000))
    picker.set_rows([_BIG, renewed], [])
    assert picker.choice() == renewed


def test_no_other_model_takes_the_place_of_one_that_is_away(picker: ModelPicker) -> None:
    picker.set_rows(_ALL, [])
    picker.set_rows([_AWAY], [_DOWN])
    assert picker.choice() is None
    assert picker.currentText() == ""
    assert _edit(picker).placeholderText() == "Pick a model"
    picker.set_rows(_ALL, [])
    assert picker.choice() == _BIG


def test_a_model_is_picked_by_id_or_title(picker: ModelPicker) -> None:
    picker.set_rows(_ALL, [])
    assert picker.pick("claude-x")
    assert picker.choice() == _AWAY
    assert picker.pick("smol:135m")
    assert picker.choice() == _SMALL
    assert not picker.pick("nosuch")
    assert picker.choice() == _SMALL


def test_none_is_picked_until_the_user_does(picker: ModelPicker) -> None:
    picker.set_rows(_ALL, [])
    picker.pick_none()
    picker.set_rows(_ALL, [])
    assert picker.choice() is None
    picker.pick("smol:135m")
    picker.set_rows(_ALL, [])
    assert picker.choice() == _SMALL


@pytest.mark.qt_log_ignore("does not support grabbing", extend=True)
@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("claude", _AWAY),
        ("CODER", _BIG),
        ("135m", _SMALL),
        ("o", _BIG),  # in more than one name: stays
        ("zebra", _BIG),
        (" ", _BIG),
    ],
)
def test_typing_searches(picker: ModelPicker, typed: str, found: Choice) -> None:
    picker.set_rows(_ALL, [])
    _type(picker, typed)
    _edit(picker).editingFinished.emit()
    assert picker.choice() == found
    assert picker.currentText() == found.model.title


@pytest.mark.qt_log_ignore("does not support grabbing", extend=True)
def test_typing_offers_what_matches(picker: ModelPicker, qtbot: QtBot) -> None:
    picker.set_rows(_ALL, [])
    completer = picker.completer()
    assert completer is not None
    popup = completer.popup()
    assert popup is not None
    _type(picker, "mol")
    assert popup.isVisible()
    offered = completer.completionModel()
    assert [offered.index(row, 0).data() for row in range(offered.rowCount())] == ["smol:135m"]
    QTest.keyClick(popup, Qt.Key.Key_Down)
    QTest.keyClick(popup, Qt.Key.Key_Return)
    assert picker.choice() == _SMALL
    assert not popup.isVisible()


@pytest.mark.qt_log_ignore("does not support grabbing", extend=True)
def test_opening_the_list_asks_for_a_fresh_one(picker: ModelPicker, qtbot: QtBot) -> None:
    picker.set_rows(_ALL, [])
    with qtbot.waitSignal(picker.refresh_requested):
        picker.showPopup()
    view = picker.view()
    assert view.isVisible()
    # A row is as wide as its facts need, and they are painted.
    assert view.sizeHintForColumn(0) > view.fontMetrics().horizontalAdvance("qwen-coder:32b") * 2
    image = view.viewport().grab().toImage()
    assert len(_colors(image, image.width() // 2)) > 1
    picker.hidePopup()


def _colors(image: QImage, left: int) -> set[int]:
    return {
        image.pixel(x, y) for x in range(left, image.width()) for y in range(0, image.height(), 2)
    }


def test_the_arrow_keys_pick_too(picker: ModelPicker) -> None:
    picker.set_rows(_ALL, [])
    _edit(picker).setFocus()
    QTest.keyClick(_edit(picker), Qt.Key.Key_Down)
    assert picker.choice() == _SMALL


def test_the_facts_give_way_to_a_long_name(picker: ModelPicker) -> None:
    label = picker.findChild(QLabel, "pickerFacts")
    assert isinstance(label, QLabel)
    picker.set_rows(_ALL, [])
    assert label.isVisible()
    picker.resize(200, 30)
    assert not label.isVisible()
    assert picker.currentText() == "qwen-coder:32b"


@pytest.mark.parametrize(
    ("choices", "picked"), [([_AWAY, _SMALL], _SMALL), ([_AWAY], _AWAY), ([_SMALL, _BIG], _SMALL)]
)
def test_what_keeps_the_source_here_is_picked_first(
    picker: ModelPicker, choices: list[Choice], picked: Choice
) -> None:
    picker.set_rows(choices, [])
    assert picker.choice() == picked


def test_a_list_that_has_not_changed_is_left_alone(picker: ModelPicker) -> None:
    picker.set_rows(_ALL, [_DOWN])
    rows = picker.model()
    resets: list[int] = []
    rows.modelReset.connect(lambda: resets.append(1))
    rows.rowsRemoved.connect(lambda: resets.append(1))
    picker.set_rows(list(_ALL), [_DOWN])
    assert not resets
    picker.set_rows(_ALL, [])
    assert resets
