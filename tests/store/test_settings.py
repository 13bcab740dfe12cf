from __future__ import annotations

import errno
import os
import stat
import threading
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from spectr_desktop import paths
from spectr_desktop.errors import SpectrError
from spectr_desktop.records.server import ServerConfig
from spectr_desktop.records.settings import SavedServer
from spectr_desktop.store import settings_file
from spectr_desktop.store.settings import Settings
from spectr_desktop.store.settings_table import TABLE, Kind, Setting, Value

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from pathlib import Path

_OLLAMA = SavedServer("a", ServerConfig("ollama", name="Mine"))
_CLAUDE = SavedServer("b", ServerConfig("anthropic", proxy="http://p:1"))
_LOCAL = SavedServer("c", ServerConfig("openai", "http://127.0.0.1:8080"), enabled=False)

_COMMENTED = """# mine
version = 1 # v
unknown = 7

[appearance] # look
# a comment
theme = "dark" # c
of_a_newer_version = [1, 2]

# first
[[servers]]
id = "a" # its id
provider = "ollama"
name = "Mine"
extra = 1

# second
[[servers]]
id = "b"
provider = "anthropic"
proxy = "http://p:1"

# of the tail
[tail]
x = 1
"""

_INLINE = """servers = [{provider = "ollama"}, {id = "q", provider = "anthropic"}]
[appearance]
theme = "dark"
"""
_SCATTERED = """[[servers]]
provider = "ollama"
[appearance]
theme = "dark"
[[servers]]
id = "q"
provider = "anthropic"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mit Leerzeichen & 'ü'" / "settings.toml"


def _put(file: Path, text: str | bytes) -> Settings:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Settings.load(file)


def _another(setting: Setting) -> Value:
    match setting.kind:
        case Kind.FLAG:
            return not setting.default
        case Kind.CHOICE:
            return next(c for c, _ in reversed(setting.choices) if c != setting.default)
        case Kind.NAME:
            return "own-2"
        case Kind.FONT:
            return 'Schrift "ü" \\ #1'
        case Kind.INTEGER:
            return int(setting.maximum)
        case Kind.NUMBER:
            return 0.7


def test_without_a_file_there_are_defaults_and_no_problem(file: Path) -> None:
    settings = Settings.load(file)
    assert {setting.key: settings.get(setting.key) for setting in TABLE} == {
        setting.key: setting.default for setting in TABLE
    }
    assert settings.servers == ()
    assert settings.problems == []
    settings.save()
    assert not file.exists()


def test_the_usual_place_is_among_the_programs_data(home: Path) -> None:
    settings = Settings.load()
    settings.set("editor.wrap", True)
    settings.save()
    assert stat.S_IMODE((home / "settings.toml").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert Settings.load().get("editor.wrap") is True


@pytest.mark.parametrize("setting", TABLE, ids=lambda setting: setting.key)
def test_each_setting_is_kept_and_can_be_the_default_again(file: Path, setting: Setting) -> None:
    settings = Settings.load(file)
    settings.set(setting.key, _another(setting))
    settings.save()
    again = Settings.load(file)
    assert again.problems == []
    assert again.get(setting.key) == _another(setting) != setting.default
    assert tomllib.loads(file.read_text(encoding="utf-8"))["version"] == settings_file.VERSION
    again.set(setting.key, setting.default)
    again.save()
    assert Settings.load(file).get(setting.key) == setting.default
    assert setting.key.split(".")[1] not in file.read_text(encoding="utf-8")


def test_servers_are_kept(file: Path) -> None:
    config = ServerConfig("openai", "https://x/v1", "", 3, "", "http://p:1", "/ä b.pem", '"N" \\ ü')
    servers = (_OLLAMA, SavedServer("x", config, enabled=False), _CLAUDE)
    settings = Settings.load(file)
    settings.set_servers(servers)
    settings.save()
    again = Settings.load(file)
    assert again.servers == servers
    assert again.problems == []
    again.set_servers(())
    again.save()
    assert Settings.load(file).servers == ()


def test_comments_order_and_unknown_keys_stay(file: Path) -> None:
    settings = _put(file, _COMMENTED)
    settings.set("appearance.theme", "light")
    settings.set("appearance.report_font_size", 12)
    settings.set("editor.wrap", True)
    settings.set_servers((replace(_OLLAMA, enabled=False), _CLAUDE, _LOCAL))
    settings.save()
    text = file.read_text(encoding="utf-8")
    expected = _COMMENTED.replace('"dark"', '"light"')
    expected = expected.replace("[1, 2]\n", "[1, 2]\nreport_font_size = 12\n")
    expected = expected.replace("extra = 1\n", "extra = 1\nenabled = false\n")
    assert text.startswith(expected[: expected.index("\n# of the tail")])
    assert "[tail]\nx = 1\n" in text
    again = Settings.load(file)
    assert again.servers == (replace(_OLLAMA, enabled=False), _CLAUDE, _LOCAL)
    assert again.get("editor.wrap") is True


def test_servers_can_be_moved_and_removed_and_nothing_else_of_them_is_lost(file: Path) -> None:
    settings = _put(file, _COMMENTED)
    settings.set_servers((_CLAUDE, _LOCAL, _OLLAMA))
    settings.save()
    again = Settings.load(file)
    assert again.servers == (_CLAUDE, _LOCAL, _OLLAMA)
    text = file.read_text(encoding="utf-8")
    assert text.index("[[servers]]") < text.index("[tail]")
    assert text.index("# first") < text.index("# second") < text.index('id = "b"')
    assert text.index("extra = 1") < text.index("# of the tail") < text.index("[tail]")
    for words in ("# mine", "# first", "# second", "extra = 1", "# its id", "[tail]", "# c"):
        assert words in text
    again.set_servers((_OLLAMA,))
    again.save()
    document = tomllib.loads(file.read_text(encoding="utf-8"))
    assert document["servers"] == [{"id": "a", "provider": "ollama", "name": "Mine", "extra": 1}]
    assert document["tail"] == {"x": 1}
    assert document["unknown"] == 7
    text = file.read_text(encoding="utf-8")
    assert "# second" not in text
    assert text.index('id = "a"') < text.index("# of the tail") < text.index("[tail]")
    last = Settings.load(file)
    last.set_servers(())
    last.save()
    assert Settings.load(file).servers == ()
    assert "# of the tail" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "text",
    [
        'appearance.theme = "dark"\n',
        'appearance = {theme = "dark"}\n',
        '[appearance]\ntheme = "dark"',
        '[appearance]\r\ntheme = "dark"\r\n\r\n# x\r\n[z]\r\ny = 1\r\n',
        '\ufeff[appearance]\ntheme = "dark"\n',
        '[appearance]\ntheme = "dark"\n[x]\ny = 1\n[appearance.deeper]\nz = 1\n',
        _INLINE,
        _SCATTERED,
    ],
)
def test_a_file_may_be_written_in_any_way_that_toml_has(file: Path, text: str) -> None:
    settings = _put(file, text)
    assert settings.get("appearance.theme") == "dark"
    before = settings.servers
    settings.set("appearance.theme", "light")
    settings.set("appearance.report_font_size", 11)
    settings.set("audit.seed", 7)
    settings.set_servers((*before[::-1], _LOCAL))
    settings.save()
    again = Settings.load(file)
    assert again.problems == []
    assert again.get("appearance.theme") == "light"
    assert again.get("appearance.report_font_size") == 11
    assert again.get("audit.seed") == 7
    assert again.servers == (*before[::-1], _LOCAL)


@pytest.mark.parametrize(
    "damage", [b"{", b"\xff\xfe", b"a = ", b"[" * 99999, b"x = " + b"9" * 9999, b"#" * 5_000_000]
)
def test_a_damaged_file_is_set_aside(file: Path, damage: bytes) -> None:
    settings = _put(file, damage)
    (kept,) = file.parent.glob("settings.toml.damaged-*")
    assert kept.read_bytes() == damage
    assert not file.exists()
    assert settings.get("editor.indent") == 4
    (problem,) = settings.problems
    assert kept.name in problem
    settings.set("editor.indent", 2)
    settings.save()
    assert Settings.load(file).get("editor.indent") == 2
    # A second one of the same second has a name of its own.
    _put(file, damage)
    assert len(list(file.parent.glob("settings.toml.damaged-*"))) == 2


@pytest.mark.parametrize(
    ("text", "on"),
    [
        (b"[privacy]\nair_gap = true\n[[", True),
        (b"privacy.air_gap=true\n\xff", True),
        (b"  air_gap\t= true # on\n[privacy\n", True),
        (b"[privacy]\nair_gap = false\n[[", False),
        (b"# air_gap = true\n[[", False),
        (b"[[", False),
    ],
)
def test_a_damaged_file_keeps_air_gap_mode_on(file: Path, text: bytes, on: bool) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text)
    settings = Settings.load(file)
    assert settings.get("privacy.air_gap") is on
    assert len(settings.problems) == 1 + on
    settings.save()
    assert Settings.load(file).get("privacy.air_gap") is on


def test_a_file_that_is_damaged_meanwhile_is_set_aside_when_saving(file: Path) -> None:
    settings = _put(file, _COMMENTED)
    file.write_bytes(b"{")
    settings.set("editor.indent", 2)
    settings.save()
    (kept,) = file.parent.glob("settings.toml.damaged-*")
    assert kept.read_bytes() == b"{"
    again = Settings.load(file)
    assert again.get("editor.indent") == 2
    assert again.get("appearance.theme") == "dark"
    assert again.servers == (_OLLAMA, _CLAUDE)
    assert len(settings.problems) == 1


def test_a_value_that_cannot_be_is_the_default_and_stays_in_the_file(file: Path) -> None:
    settings = _put(file, '[editor]\nindent = "two" # mine\nwrap = true\n[audit]\nseed = -5\n')
    assert settings.get("editor.indent") == 4
    assert settings.get("editor.wrap") is True
    assert ["`editor.indent`" in problem for problem in settings.problems] == [True, False]
    settings.set("editor.font_size", 12)
    settings.save()
    assert 'indent = "two" # mine' in file.read_text(encoding="utf-8")
    settings.set("editor.indent", 4)
    settings.set("audit.seed", 5)
    settings.save()
    again = Settings.load(file)
    assert again.problems == []
    assert again.get("audit.seed") == 5


@pytest.mark.parametrize("text", ["editor = 7\n", 'editor = "x"\n', "[[editor]]\nx = 1\n"])
def test_a_section_that_is_none_is_replaced_only_when_something_in_it_is_set(
    file: Path, text: str
) -> None:
    settings = _put(file, text)
    settings.set("editor.indent", 4)  # nothing to take out
    settings.set("audit.seed", 1)
    settings.save()
    assert text in file.read_text(encoding="utf-8")
    settings.set("editor.indent", 2)
    settings.save()
    assert Settings.load(file).get("editor.indent") == 2


def test_a_server_that_cannot_be_used_stays_in_the_file(file: Path) -> None:
    text = (
        '[[servers]]\nid = "n"\nprovider = "of a newer version"\n\n'
        '[[servers]]\nid = "p"\nprovider = "openai"\nproxy = "http://u:p@x"\n'
    )
    settings = _put(file, text)
    (off,) = settings.servers
    settings.set_servers((*settings.servers, _LOCAL))
    settings.save()
    assert text in file.read_text(encoding="utf-8")
    settings.set_servers((replace(off, enabled=True),))
    settings.save()
    document = tomllib.loads(file.read_text(encoding="utf-8"))
    assert document["servers"][0]["provider"] == "of a newer version"
    assert "proxy" not in document["servers"][1]


def test_refused_values_change_nothing(file: Path) -> None:
    settings = Settings.load(file)
    settings.set("editor.indent", 2)
    with pytest.raises(SpectrError):
        settings.set("editor.indent", 99)
    with pytest.raises(SpectrError):
        settings.set_servers((SavedServer("a", ServerConfig("openai", proxy="u:p@x")),))
    assert settings.get("editor.indent") == 2
    assert settings.servers == ()
    settings.save()
    assert "u:p" not in file.read_text(encoding="utf-8")


def test_two_programs_keep_what_each_changed(file: Path) -> None:
    _put(file, _COMMENTED)
    one, two = Settings.load(file), Settings.load(file)
    one.set("editor.indent", 2)
    one.set("audit.seed", 1)
    one.set_servers((replace(_OLLAMA, enabled=False), _CLAUDE, _LOCAL))
    one.save()
    two.set("audit.seed", 2)
    two.set_servers((_OLLAMA, SavedServer("d", ServerConfig("builtin"))))
    two.save()
    both = Settings.load(file)
    assert both.get("editor.indent") == 2
    assert both.get("audit.seed") == 2
    assert both.servers == (
        replace(_OLLAMA, enabled=False),
        _LOCAL,
        SavedServer("d", ServerConfig("builtin")),
    )


def test_a_server_that_another_program_removed_comes_back_if_it_was_changed_here(
    file: Path,
) -> None:
    _put(file, _COMMENTED)
    one, two = Settings.load(file), Settings.load(file)
    one.set_servers(())
    one.save()
    two.set_servers((_OLLAMA, replace(_CLAUDE, enabled=False)))
    two.save()
    assert Settings.load(file).servers == (replace(_CLAUDE, enabled=False),)


def test_programs_that_save_at_once_lose_nothing(file: Path) -> None:
    _put(file, _COMMENTED)
    numbers = [s for s in TABLE if s.kind is Kind.INTEGER]
    ready = threading.Barrier(len(numbers))

    def save(setting: Setting) -> None:
        settings = Settings.load(file)
        settings.set(setting.key, int(setting.maximum))
        ready.wait()
        settings.save()

    with ThreadPoolExecutor(len(numbers)) as pool:
        list(pool.map(save, numbers))
    settings = Settings.load(file)
    assert settings.problems == []
    for setting in numbers:
        assert settings.get(setting.key) == setting.maximum


def test_a_sound_file_that_cannot_be_written_anew_is_kept_beside(file: Path) -> None:
    text = f"x = {'[' * 200}{']' * 200}\n{_COMMENTED}"
    settings = _put(file, text)
    assert settings.problems == []
    assert settings.get("appearance.theme") == "dark"
    settings.set("editor.indent", 2)
    settings.save()
    again = Settings.load(file)
    assert (again.get("editor.indent"), again.get("appearance.theme")) == (2, "dark")
    (kept,) = file.parent.glob("settings.toml.damaged-*")
    assert kept.read_text(encoding="utf-8") == text
    assert kept.name in settings.problems[0]


def _rename_first(document: MutableMapping[str, Any]) -> None:
    document["editor"]["indent"] = document["editor"].pop("tab")


def _halve_next(document: MutableMapping[str, Any]) -> None:
    document["editor"]["indent"] = document["editor"]["indent"] // 2


def test_an_older_file_is_brought_up_and_keeps_its_comments(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings_file, "VERSION", 3)
    monkeypatch.setattr(settings_file, "MIGRATIONS", {1: _rename_first, 2: _halve_next})
    text = "version = 1 # v\n[editor] # e\ntab = 8\n"
    settings = _put(file, text)
    assert settings.get("editor.indent") == 4
    assert file.read_text(encoding="utf-8") == text
    settings.set("editor.wrap", True)
    settings.save()
    saved = file.read_text(encoding="utf-8")
    assert "# v" in saved
    assert "# e" in saved
    assert tomllib.loads(saved) == {"version": 3, "editor": {"indent": 4, "wrap": True}}


def test_a_newer_file_keeps_its_version_and_all_that_is_unknown(file: Path) -> None:
    text = 'version = 99\n\n[editor]\nindent = 2\nsmell = "sweet"\n'
    settings = _put(file, text)
    assert settings.get("editor.indent") == 2
    settings.set("editor.indent", 3)
    settings.save()
    assert file.read_text(encoding="utf-8") == text.replace("indent = 2", "indent = 3")


@pytest.mark.parametrize("version", ['"x"', "0", "-1", "true", "[]"])
def test_a_version_that_is_none_is_taken_for_this_one(file: Path, version: str) -> None:
    settings = _put(file, f"version = {version}\n[editor]\nindent = 2\n")
    assert settings.get("editor.indent") == 2
    settings.set("editor.indent", 3)
    settings.save()
    assert Settings.load(file).get("editor.indent") == 3


def test_a_place_that_cannot_be_written_keeps_the_settings_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    settings = Settings.load(tmp_path / "file" / "settings.toml")
    assert settings.problems == []
    settings.set("editor.indent", 2)
    with pytest.raises(SpectrError) as caught:
        settings.save()
    assert caught.value.code == "settings_not_saved"
    assert str(tmp_path) in caught.value.message
    assert settings.get("editor.indent") == 2
    (tmp_path / "file").unlink()
    settings.save()
    assert Settings.load(tmp_path / "file" / "settings.toml").get("editor.indent") == 2


def test_a_full_disk_leaves_the_old_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _put(file, _COMMENTED)
    settings.set("editor.indent", 2)

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(SpectrError, match="could not be saved"):
            settings.save()
    assert file.read_text(encoding="utf-8") == _COMMENTED
    settings.save()
    assert Settings.load(file).get("editor.indent") == 2


def test_a_file_that_cannot_be_read_is_said_and_never_replaced(file: Path) -> None:
    file.mkdir(parents=True)  # a folder of that name
    settings = Settings.load(file)
    assert "cannot be read" in settings.problems[0]
    settings.set("editor.indent", 2)
    with pytest.raises(SpectrError):
        settings.save()
    assert file.is_dir()


def test_a_damaged_file_that_cannot_be_set_aside_is_never_replaced(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path) -> Path:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(settings_file, "set_aside", refuse)
    settings = _put(file, "{")
    assert "is damaged" in settings.problems[0]
    settings.set("editor.indent", 2)
    with pytest.raises(SpectrError):
        settings.save()
    assert file.read_text() == "{"


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    kept = tmp_path / "dotfiles.toml"
    kept.write_text(_COMMENTED, encoding="utf-8")
    file.parent.mkdir()
    file.symlink_to(kept)
    settings = Settings.load(file)
    settings.set("editor.indent", 2)
    settings.save()
    assert file.is_symlink()
    assert "indent = 2" in kept.read_text(encoding="utf-8")


def test_what_is_set_to_what_it_is_writes_nothing_new(file: Path) -> None:
    settings = _put(file, _COMMENTED)
    settings.set("appearance.theme", "dark")
    settings.set_servers(settings.servers)
    settings.save()
    assert file.read_text(encoding="utf-8") == _COMMENTED
    assert paths.data() != file.parent
