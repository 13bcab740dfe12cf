from __future__ import annotations

import logging
import logging.handlers
import stat
from typing import TYPE_CHECKING

import pytest

from spectr_desktop import logs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Logs go here; the logger is as it was afterwards."""
    root = logging.getLogger("spectr_desktop")
    before = root.level, root.propagate
    logs.start(tmp_path)
    yield tmp_path
    logs.stop()
    root.setLevel(before[0])
    root.propagate = before[1]


def written(folder: Path) -> str:
    return (folder / "spectr-desktop.log").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "said",
    [
        "key sk-ant-api03-SECRETSECRET_1-2 refused",
        "x-api-key: SECRETSECRET",
        "{'x-api-key': 'SECRETSECRET'}",
        "Authorization: Bearer SECRETSECRET",
        "{'authorization': 'Bearer SECRETSECRET', 'b': 1}",
        "[(b'authorization', b'Bearer SECRETSECRET')]",
        "OPENAI_API_KEY=SECRETSECRET",
        '{"api_key": "SECRETSECRET"}',
    ],
)
def test_keys_are_taken_out(folder: Path, said: str) -> None:
    logs.logger("spectr_desktop.somewhere").warning("before %s after", said)
    try:
        raise RuntimeError(said)
    except RuntimeError:
        logs.logger("spectr_desktop.somewhere").exception("it broke")
    text = written(folder)
    assert "SECRET" not in text
    assert "[redacted]" in text
    assert "before" in text
    assert "it broke\nRuntimeError\n" in text


def test_an_error_that_may_quote_somebody_is_told_without_its_words(folder: Path) -> None:
    try:
        try:
            raise OSError(28, "No space left")
        except OSError as cause:
            raise ValueError("no number: 'contract Vault'") from cause
    except ValueError:
        logs.logger("spectr_desktop.somewhere").exception("it broke")
    text = written(folder)
    assert "Vault" not in text.replace("\"no number: 'contract Vault'\"", "")
    assert "it broke\nValueError\n" in text
    assert "OSError: [Errno 28] No space left\n" in text
    assert text.count(f'File "{__file__}"') == 2


def test_other_text_stays(folder: Path) -> None:
    said = "127.0.0.1:8080: ReadError: authorization was not needed"
    logs.logger("spectr_desktop.somewhere").info("%s", said)
    assert said in written(folder)


def test_files_are_private_also_after_rotation(folder: Path) -> None:
    handler = logging.getLogger("spectr_desktop").handlers[0]
    assert isinstance(handler, logging.handlers.RotatingFileHandler)
    logs.logger("spectr_desktop.a").info("one")
    handler.doRollover()
    logs.logger("spectr_desktop.a").info("two")
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == ["spectr-desktop.log", "spectr-desktop.log.1"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert "two" in written(folder)


def test_a_log_that_cannot_be_written_disturbs_nobody(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = logging.getLogger("spectr_desktop").handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(_Full(handler.stream))
    logs.logger("spectr_desktop.a").warning("lost")
    assert capsys.readouterr().err == ""


class _Full:
    """A stream on a full disk."""

    def __init__(self, stream: object) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        raise OSError(28, f"No space left for {len(text)} letters")


def test_without_a_folder_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger("spectr_desktop")
    before = root.level, root.propagate
    logs.start(None)
    logs.start(tmp_path / "missing")
    logs.logger("spectr_desktop.a").error("nowhere")
    logs.stop()
    root.setLevel(before[0])
    root.propagate = before[1]
    assert list(tmp_path.rglob("*.log")) == []
    assert capsys.readouterr().err == ""
    assert root.handlers == []
