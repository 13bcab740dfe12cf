from __future__ import annotations

import stat
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from spectr_desktop import paths
from spectr_desktop.errors import SpectrError
from spectr_desktop.records.grades import State
from spectr_desktop.records.house_style import HouseStyle, Look
from spectr_desktop.records.report import ReportDocument
from spectr_desktop.store import house_styles
from spectr_desktop.store.house_styles import HouseStyles, checked_name

if TYPE_CHECKING:
    from pathlib import Path

STYLE = HouseStyle(
    "Ätna & Söhne",
    "Security review",
    ReportDocument("A. Auditor", "Client", "1.0", "# Before", "After\n"),
    Look(b"\x89PNG\x00\xff", "#1f6feb"),
    (State.CONFIRMED,),
    "{client}-{date}",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "house-styles"


@pytest.fixture
def styles(folder: Path) -> HouseStyles:
    return HouseStyles(folder)


def file_of(folder: Path) -> Path:
    (file,) = folder.glob("style-*")
    return file


def test_what_is_kept_comes_back(styles: HouseStyles, folder: Path) -> None:
    assert styles.names() == []
    styles.write(STYLE)
    assert HouseStyles(folder).names() == ["Ätna & Söhne"]
    assert HouseStyles(folder).read("Ätna & Söhne") == STYLE


def test_they_are_among_the_programs_data() -> None:
    HouseStyles().write(STYLE)
    assert file_of(paths.data() / "house-styles").is_file()


def test_the_usual_one_is_always_there(styles: HouseStyles) -> None:
    assert styles.read("") == HouseStyle()


def test_only_the_user_may_read_them(styles: HouseStyles, folder: Path) -> None:
    styles.write(STYLE)
    styles.set_last(STYLE.name)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


@pytest.mark.parametrize(
    "name",
    ["../../x", "CON", "a/b\\c", "100 %", "x.", ".", "日本の監査", "%2F", "“quotes”", "x" * 80],
)
def test_any_name_is_a_safe_file(styles: HouseStyles, folder: Path, name: str) -> None:
    styles.write(replace(STYLE, name=name))
    assert styles.names() == [name]
    assert styles.read(name).name == name
    file = file_of(folder)
    assert file.name.isascii()
    assert len(file.name) < 255
    assert not set(file.name) & set('<>:"/\\|?*')


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "日" * 27, "a\u202eb", "a\x00", "a\ud800"])
def test_a_name_that_cannot_be_is_one_sentence(
    styles: HouseStyles, folder: Path, name: str
) -> None:
    with pytest.raises(SpectrError, match="choose another name") as caught:
        styles.write(replace(STYLE, name=name))
    assert caught.value.code == "style_name"
    assert not folder.exists()


def test_a_name_is_tidied() -> None:
    assert checked_name("  A\t e\u0301 ") == "A \u00e9"


def test_names_that_differ_in_case_are_the_same(styles: HouseStyles) -> None:
    styles.write(replace(STYLE, name="Acme"))
    styles.write(replace(STYLE, name="ACME", title="Other"))
    assert styles.names() == ["Acme"]
    assert styles.read("acme") == replace(STYLE, name="Acme", title="Other")
    styles.rename("acme", "ACME")
    assert styles.names() == ["ACME"]


def test_a_new_one_replaces_none(styles: HouseStyles) -> None:
    styles.write(STYLE)
    with pytest.raises(SpectrError) as caught:
        styles.write(replace(STYLE, title="Other"), new=True)
    assert caught.value.code == "style_exists"
    assert styles.read(STYLE.name) == STYLE


def test_a_profile_is_renamed_and_stays_the_last_one(styles: HouseStyles) -> None:
    styles.write(STYLE)
    styles.write(replace(STYLE, name="Other"))
    styles.set_last(STYLE.name)
    with pytest.raises(SpectrError) as caught:
        styles.rename(STYLE.name, "other")
    assert caught.value.code == "style_exists"
    styles.rename(STYLE.name, "New")
    assert styles.names() == ["New", "Other"]
    assert styles.read("New") == replace(STYLE, name="New")
    assert styles.last() == "New"
    with pytest.raises(SpectrError) as caught:
        styles.rename(STYLE.name, "Again")
    assert caught.value.code == "style_missing"


def test_what_is_deleted_is_gone_and_not_the_last_one(styles: HouseStyles) -> None:
    styles.write(STYLE)
    styles.set_last(STYLE.name)
    assert styles.last() == STYLE.name
    styles.delete(STYLE.name)
    styles.delete(STYLE.name)
    assert styles.names() == []
    assert styles.last() == ""
    with pytest.raises(SpectrError) as caught:
        styles.read(STYLE.name)
    assert caught.value.code == "style_missing"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b'{"look": 3}',
        b'{"look": {"logo": "no base64!"}}',
        b'{"states": ["unheard of"]}',
        b"\xff\xfe",
        b"[" * 100_000,
        b" " * (house_styles.MOST_BYTES + 1),
    ],
)
def test_a_damaged_file_is_one_sentence_and_can_be_saved_anew(
    styles: HouseStyles, folder: Path, raw: bytes
) -> None:
    styles.write(STYLE)
    file_of(folder).write_bytes(raw)
    assert styles.names() == [STYLE.name]
    with pytest.raises(SpectrError, match=r"cannot be read from .* The usual style") as caught:
        styles.read(STYLE.name)
    assert caught.value.code == "style_damaged"
    styles.write(STYLE)
    assert styles.read(STYLE.name) == STYLE


def test_what_others_put_into_the_folder_is_left_alone(styles: HouseStyles, folder: Path) -> None:
    styles.write(STYLE)
    for name in ("style-%zz.json", "style-%41.json", "notes.json", "style-x.json.bak"):
        (folder / name).write_text("{}")
    (folder / "last").write_bytes(b"\xff")
    assert styles.names() == [STYLE.name]
    assert styles.last() == ""


def test_a_newer_program_may_have_written_it(styles: HouseStyles, folder: Path) -> None:
    styles.write(STYLE)
    file = file_of(folder)
    file.write_text(file.read_text().replace("{", '{"font": "Inter",', 1))
    assert styles.read(STYLE.name) == STYLE


def test_a_disk_that_cannot_leaves_the_old_one(
    styles: HouseStyles, monkeypatch: pytest.MonkeyPatch
) -> None:
    styles.write(STYLE)

    def full(target: Path, raw: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(paths, "write_private", full)
    with pytest.raises(SpectrError, match=r"No space left on device.*still in the window"):
        styles.write(replace(STYLE, title="Other"))
    assert styles.read(STYLE.name) == STYLE


def test_one_that_is_too_large_is_refused(styles: HouseStyles) -> None:
    long = replace(STYLE.document, before="x" * house_styles.MOST_BYTES)
    with pytest.raises(SpectrError, match="shorten"):
        styles.write(replace(STYLE, document=long))


def test_two_programs_give_a_name_once(folder: Path) -> None:
    kept, refused = list[str](), list[str]()
    start = threading.Barrier(8)

    def write(title: str) -> None:
        start.wait()
        try:
            HouseStyles(folder).write(replace(STYLE, title=title), new=True)
            kept.append(title)
        except SpectrError as error:
            refused.append(error.code)

    threads = [threading.Thread(target=write, args=(str(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (title,) = kept
    assert refused == ["style_exists"] * 7
    assert HouseStyles(folder).read(STYLE.name).title == title
