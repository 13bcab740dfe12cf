from __future__ import annotations

import math

import pytest

from spectr_desktop.errors import SpectrError
from spectr_desktop.providers import registry
from spectr_desktop.store.settings_servers import PROVIDERS
from spectr_desktop.store.settings_table import PAGES, SETTINGS, TABLE, Kind, Setting


def test_providers_are_those_of_the_registry() -> None:
    assert registry.names() == PROVIDERS


def test_keys_are_unique_and_have_a_section_and_a_name() -> None:
    assert len(SETTINGS) == len(TABLE)
    assert all(len(key.split(".")) == 2 for key in SETTINGS)


@pytest.mark.parametrize("setting", TABLE, ids=lambda setting: setting.key)
def test_each_setting_can_be_what_it_is_by_itself(setting: Setting) -> None:
    assert setting.check(setting.default) == setting.default
    assert setting.page in [*dict(PAGES), "prompts"]  # whose page is made by hand
    assert setting.label
    assert setting.help.endswith(".")
    assert (setting.default is None) == bool(setting.unset)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("editor.indent", 0),
        ("editor.indent", 17),
        ("editor.indent", True),
        ("editor.indent", 4.0),
        ("editor.indent", "4"),
        ("editor.indent", None),
        ("editor.wrap", 1),
        ("editor.wrap", "true"),
        ("audit.temperature", math.nan),
        ("audit.temperature", math.inf),
        ("audit.temperature", -0.1),
        ("audit.temperature", False),
        ("audit.thinking", "very"),
        ("audit.thinking", ["on"]),
        ("appearance.theme", None),
        ("editor.font", ""),
        ("editor.font", "Mono\u202e"),
        ("editor.font", "x" * 201),
        ("editor.font", 7),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_what_can(key: str, value: object) -> None:
    with pytest.raises(SpectrError) as caught:
        SETTINGS[key].check(value)
    assert caught.value.code == "bad_setting"
    assert caught.value.params["key"] == key
    assert SETTINGS[key].label in caught.value.message


def test_bounds_are_allowed_and_a_whole_number_is_a_number() -> None:
    for setting in TABLE:
        if setting.kind in {Kind.INTEGER, Kind.NUMBER}:
            for bound in (setting.minimum, setting.maximum):
                assert setting.check(int(bound)) == bound
    assert SETTINGS["audit.temperature"].check(1) == 1.0
    assert isinstance(SETTINGS["audit.temperature"].check(1), float)


def test_the_sentence_has_the_bounds() -> None:
    with pytest.raises(SpectrError, match="a whole number from 256 to 100,000,000"):
        SETTINGS["audit.context"].check(5)
    with pytest.raises(SpectrError, match="a number from 0 to 2"):
        SETTINGS["audit.temperature"].check(3)
