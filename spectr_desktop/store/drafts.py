"""Unsaved edits, one file each, that outlive a program which was killed."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import os
import re
import secrets
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

from spectr_desktop import locks, paths
from spectr_desktop.errors import SpectrError
from spectr_desktop.logs import logger

if TYPE_CHECKING:
    from pathlib import Path

_log = logger(__name__)

_SUFFIX = ".json"
_NAME = re.compile(r"[0-9a-f]{16}")
# The text comes last in the file, so that of a torn one its beginning can be read.
_TEXT = b'"text":"'
_HALF = re.compile("[\ud800-\udbff]\\Z")  # of a pair of escapes that was torn
_ESCAPE = 6  # characters of the longest escape in JSON: \u and four digits
_ENCODINGS = ("utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "cp1252", "latin-1")
_NEWLINES = ("\n", "\r\n", "\r")


@dataclass(frozen=True, slots=True)
class Draft:
    r"""Unsaved edits of one file.

    Attributes:
        path: of the file, absolute; "" for a text that has none yet.
        root: the project's folder, "" if there is none.
        encoding: of the file, to write it again if it is gone.
        newline: the line end that most of its lines have.
        based_on: sha256 of the text that the file had on the disk, "" for a new text.
        saved_at: UTC, as ISO 8601 with seconds.
        text: all of it, with `\n` line ends.
        id: 16 hexadecimal digits; "" before it is kept.
        damaged: not all of it could be read; the text may end early.
    """

    path: str
    root: str
    encoding: str
    newline: str
    based_on: str
    saved_at: str
    text: str = field(repr=False)
    id: str = ""
    damaged: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What programs that are dead by now have left.

    Attributes:
        drafts: the newest first.
        problems: one sentence for each draft of which nothing could be read.
    """

    drafts: tuple[Draft, ...] = ()
    problems: tuple[SpectrError, ...] = ()


def digest(text: str) -> str:
    """Sha256 of a text, as `Draft.based_on` has it."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def now() -> str:
    """The time as a draft keeps it."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


class Drafts:
    """The drafts of this program, and those that others left behind.

    Each draft has a lock file beside it, which the program that writes it holds as long as it
    lives: no other one offers the draft meanwhile. Not for the thread of the window: every method
    but `close` waits for the disk.

    Args:
        folder: where they are, None for their place among the program's data.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or paths.data() / "drafts"
        self._held: dict[str, int] = {}  # by id, the descriptor of its lock file

    def found(self) -> Found:
        """The drafts whose program is dead; they are this program's from now on."""
        drafts: list[Draft] = []
        problems: list[SpectrError] = []
        for file in sorted(self._folder.glob(f"*{_SUFFIX}")):
            name = file.name.removesuffix(_SUFFIX)
            if not _NAME.fullmatch(name) or name in self._held or not self._take(name):
                continue
            try:
                drafts.append(replace(_read(file), id=name))
            except FileNotFoundError:  # its program has just removed it
                self._give_back(name)
            except (OSError, ValueError) as error:
                problems.append(self._set_aside(file, error))
                self._give_back(name)
        self._sweep()
        drafts.sort(key=lambda draft: draft.saved_at, reverse=True)
        return Found(tuple(drafts), tuple(problems))

    def write(self, draft: Draft) -> Draft:
        """Keep a draft, in place of what was kept under its id.

        Returns:
            The draft with its id, a new one if it had none.

        Raises:
            SpectrError: "draft_failed"; what was kept before is still there.
        """
        kept = draft
        try:
            paths.private_folder(self._folder)
            if not draft.id:
                kept = replace(draft, id=self._new_id())
            file = self._folder / f"{kept.id}{_SUFFIX}"
            paths.write_private(file, _encoded(kept))
        except OSError as error:
            if not draft.id and kept.id:
                self._give_back(kept.id)
            raise SpectrError(
                "draft_failed",
                f"Unsaved changes cannot be kept in {self._folder} ({error.strerror or error}). "
                "Save the file yourself; what you type after that is tried again.",
                params={"folder": str(self._folder)},
                detail=str(error),
            ) from error
        return kept

    def delete(self, draft_id: str) -> None:
        """Remove a draft; one that is gone already is no error.

        Raises:
            SpectrError: "draft_failed", it is still there.
        """
        if not _NAME.fullmatch(draft_id):
            return
        try:
            (self._folder / f"{draft_id}{_SUFFIX}").unlink(missing_ok=True)
        except OSError as error:
            raise SpectrError(
                "draft_failed",
                f"A draft in {self._folder} cannot be deleted ({error.strerror or error}); "
                "delete it yourself.",
                params={"folder": str(self._folder)},
                detail=str(error),
            ) from error
        self._give_back(draft_id)

    def close(self) -> None:
        """Give all locks back: what is still there is offered at the next start."""
        for descriptor in self._held.values():
            os.close(descriptor)
        self._held.clear()

    def _new_id(self) -> str:
        for _ in range(3):  # another program may sweep a lock file that is not yet locked
            name = secrets.token_hex(8)
            if self._take(name):
                return name
        raise OSError("no lock could be taken")

    def _take(self, name: str) -> bool:
        """Hold a draft's lock; False if another program does."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
        try:
            descriptor = os.open(self._lock_file(name), flags, 0o600)
        except OSError as error:
            _log.warning("no lock file for draft %s: %s", name, error)
            return False
        try:
            locks.lock(descriptor, wait=False)
        except OSError:
            os.close(descriptor)
            return False
        self._held[name] = descriptor
        return True

    def _give_back(self, name: str) -> None:
        descriptor = self._held.pop(name, None)
        if descriptor is not None:
            os.close(descriptor)  # before it is removed: Windows removes no open file
        with contextlib.suppress(OSError):
            self._lock_file(name).unlink(missing_ok=True)

    def _lock_file(self, name: str) -> Path:
        return self._folder / f"{name}.lock"

    def _sweep(self) -> None:
        """Remove lock files without a draft that nobody holds."""
        for file in self._folder.glob("*.lock"):
            name = file.name.removesuffix(".lock")
            draft = self._folder / f"{name}{_SUFFIX}"
            if name not in self._held and not draft.exists() and self._take(name):
                self._give_back(name)

    def _set_aside(self, file: Path, error: Exception) -> SpectrError:
        aside = file.with_suffix(".damaged")
        try:
            file.replace(aside)
        except OSError as failure:
            _log.warning("draft %s not set aside: %s", file.name, failure)
            aside = file
        _log.warning("draft %s cannot be read: %s", file.name, type(error).__name__)
        return SpectrError(
            "draft_damaged",
            f"Unsaved changes of an earlier session cannot be read; the file is kept as {aside}.",
            params={"path": str(aside)},
            detail=str(error) if isinstance(error, OSError) else "",
        )


def _encoded(draft: Draft) -> bytes:
    values = asdict(draft)
    text = values.pop("text")
    del values["id"], values["damaged"]
    values["text_sha256"] = digest(text)
    # ASCII only: lone surrogates in a source stay readable.
    return json.dumps({**values, "text": text}, separators=(",", ":")).encode("ascii")


def _read(file: Path) -> Draft:
    """A draft, or what is left of it.

    Raises:
        OSError: the file cannot be read.
        ValueError: nothing of a text is left in it.
    """
    raw = file.read_bytes()
    try:
        values: Any = json.loads(raw)
    except (ValueError, RecursionError):
        values = _salvaged(raw)
    if not isinstance(values, dict):
        raise ValueError("no draft")  # noqa: TRY004  # the file is wrong, not the program
    known = cast("dict[str, Any]", values)
    text = known.get("text")
    if not isinstance(text, str):
        raise ValueError("no text")  # noqa: TRY004  # as above
    words = {key: value for key, value in known.items() if isinstance(value, str)}
    encoding, newline = words.get("encoding", ""), words.get("newline", "")
    return Draft(
        path=words.get("path", ""),
        root=words.get("root", ""),
        encoding=encoding if encoding in _ENCODINGS else "utf-8",
        newline=newline if newline in _NEWLINES else "\n",
        based_on=words.get("based_on", ""),
        saved_at=_time(words.get("saved_at", "")),
        text=text,
        damaged=words.get("text_sha256") != digest(text),
    )


def _time(text: str) -> str:
    try:
        return text if datetime.datetime.fromisoformat(text).tzinfo else ""
    except ValueError:
        return ""


def _salvaged(raw: bytes) -> dict[str, Any]:
    """What can be read of a file that ends early or has foreign bytes in it."""
    head, found, tail = raw.partition(_TEXT)
    if not found:
        raise ValueError("no text")
    body = tail.decode("ascii", "replace")
    body = body.removesuffix("}").removesuffix('"')
    values: dict[str, Any] = {}
    with contextlib.suppress(ValueError):
        values = json.loads(head.rstrip(b",") + b"}")
    for cut in range(min(_ESCAPE, len(body)) + 1):  # an escape may be torn
        with contextlib.suppress(ValueError):
            text = json.loads(f'"{body[: len(body) - cut]}"', strict=False)
            return {**values, "text": _HALF.sub("", text)}
    # A foreign quote or backslash inside: what stands before it.
    text, _ = json.JSONDecoder(strict=False).raw_decode(f'"{_plain(body)}"')
    return {**values, "text": text}


def _plain(body: str) -> str:
    """The longest beginning that is the inside of one JSON string."""
    whole = re.match(r'(?:[^"\\]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*', body)
    return whole[0] if whole else ""
