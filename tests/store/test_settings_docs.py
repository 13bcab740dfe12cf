"""docs/settings.md has a line for each setting, as the table has it."""

from __future__ import annotations

from pathlib import Path

from spectr_desktop.store.settings_servers import FIELDS, PROVIDERS
from spectr_desktop.store.settings_table import TABLE, Kind, Setting

_DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


def _default(setting: Setting) -> str:
    if setting.default is None:
        return setting.unset[0].lower() + setting.unset[1:]
    return f"`{str(setting.default).lower()}`" if setting.default != "" else "none"


def _allowed(setting: Setting) -> str:
    match setting.kind:
        case Kind.FLAG:
            return "`true`, `false`"
        case Kind.CHOICE:
            return ", ".join(f"`{choice}`" for choice, _ in setting.choices)
        case Kind.FONT:
            return "name of a font"
        case Kind.NAME:
            return "name of a version"
        case Kind.INTEGER:
            return f"whole number, {setting.minimum:g} to {int(setting.maximum)}"
        case Kind.NUMBER:
            return f"number, {setting.minimum:g} to {setting.maximum:g}"


def line_of(setting: Setting) -> str:
    what = f"{setting.label}. {setting.help}"
    return f"| `{setting.key}` | {_allowed(setting)} | {_default(setting)} | {what} |"


def test_each_setting_is_in_the_docs_as_in_the_table() -> None:
    lines = [
        line
        for line in _DOCS.read_text(encoding="utf-8").splitlines()
        if line.startswith("| `") and "." in line.split("`")[1]
    ]
    assert lines == [line_of(setting) for setting in TABLE]


def test_each_field_of_a_server_is_in_the_docs() -> None:
    text = _DOCS.read_text(encoding="utf-8")
    for name in ("id", "provider", "enabled", *FIELDS):
        assert f"| `{name}` |" in text
    for provider in PROVIDERS:
        assert f"`{provider}`" in text
