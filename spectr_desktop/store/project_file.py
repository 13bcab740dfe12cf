"""`.spectr.toml`: what a project's own folder says about its audits.

It belongs to whoever wrote the source, so it is not trusted: nothing in it may send the source
somewhere, read a key, run a program or write a file. It names a server only by the name that the
user gave to one, and whoever reads it asks for consent before the source leaves the machine.
"""

from __future__ import annotations

import os
import stat
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, cast

from spectr_desktop.records.grades import Severity

if TYPE_CHECKING:
    from collections.abc import Callable

FILE_NAME = ".spectr.toml"
_SIZE_LIMIT = 64 * 1024
_PATTERN_LIMIT = 500
_WORD_LIMIT = 300
_TOKEN_LIMIT = 100_000_000
_REFUSED = (
    "base_url", "url", "api_key", "key", "token", "proxy", "ca_file", "output", "brief", "air_gap",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """What the file says; "" and None where it says nothing.

    Attributes:
        folder: that it lies in: the project's.
        model: a model's name, never a file.
        provider: its name.
        server: of the user's settings, by its name.
        scope: files, folders and patterns that are audited if none is named.
        exclude: patterns of what is not audited.
        fail_on: a severity.
        context: in tokens.
        max_tokens: of the answer.
        problems: a sentence for each thing in it that does not hold.
    """

    folder: Path
    model: str = ""
    provider: str = ""
    server: str = ""
    scope: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    fail_on: str = ""
    context: int | None = None
    max_tokens: int | None = None
    problems: tuple[str, ...] = ()

    def said(self) -> tuple[str, ...]:
        """The names of what it says, in their order."""
        names = [item.name for item in fields(self) if item.name not in ("folder", "problems")]
        return tuple(name for name in names if getattr(self, name))


def find_project_file(start: Path) -> Path | None:
    """The nearest `.spectr.toml`, from a file or folder upwards.

    The last folder that is looked into is one with a `.git`, the user's home or the root.
    """
    whole = Path(os.path.abspath(start))  # noqa: PTH100  # links are kept as they are named
    last = {Path.home(), Path(whole.anchor)}
    for folder in (whole, *whole.parents):
        if os.path.isdir(folder):  # noqa: PTH112  # the method raises without the permission
            if os.path.lexists(folder / FILE_NAME):
                return folder / FILE_NAME
            if folder in last or os.path.lexists(folder / ".git"):
                return None
    return None


def read_project_file(path: Path) -> ProjectFile:
    """What a file says. What is wrong with it is among its problems; the rest holds."""
    table, problem = _table(path)
    if problem:
        return ProjectFile(path.parent, problems=(problem,))
    reading = _Reading(table)
    return ProjectFile(
        folder=path.parent,
        model=reading.word("model", _model_problem),
        provider=reading.word("provider"),
        server=reading.word("server"),
        scope=reading.patterns("scope"),
        exclude=reading.patterns("exclude"),
        fail_on=reading.word("fail_on", _severity_problem),
        context=reading.tokens("context"),
        max_tokens=reading.tokens("max_tokens"),
        problems=reading.all_problems(),
    )


class _Reading:
    """Takes values out of a table, and remembers what is wrong with them.

    Args:
        table: of the file.
    """

    def __init__(self, table: dict[str, object]) -> None:
        self._rest = dict(table)
        self._problems: list[str] = []

    def word(self, name: str, problem_of: Callable[[str], str] = lambda _: "") -> str:
        value = self._rest.pop(name, "")
        if not isinstance(value, str) or len(value) > _WORD_LIMIT or not value.isprintable():
            self._refuse(name, "is not a short text")
            return ""
        if problem := problem_of(value):
            self._refuse(name, problem)
            return ""
        return value.strip()

    def tokens(self, name: str) -> int | None:
        value = self._rest.pop(name, None)
        if value is None:
            return None
        # True is an int to Python.
        if type(value) is not int or not 1 <= value <= _TOKEN_LIMIT:
            self._refuse(name, "is not a number of tokens")
            return None
        return value

    def patterns(self, name: str) -> tuple[str, ...]:
        value = self._rest.pop(name, [])
        items = cast("list[object]", value) if isinstance(value, list) else None
        if items is None or len(items) > _PATTERN_LIMIT:
            self._refuse(name, f"is not a list of at most {_PATTERN_LIMIT} patterns")
            return ()
        kept: list[str] = []
        for item in items:
            if not isinstance(item, str) or not item or len(item) > _WORD_LIMIT:
                self._refuse(name, "has an entry that is not a short text")
            elif _leaves(item):
                self._refuse(name, f"names “{item}”, which is not in the folder of the file")
            else:
                kept.append(item)
        return tuple(kept)

    def all_problems(self) -> tuple[str, ...]:
        """Of what was read, and of the names that are left."""
        known = {item.name for item in fields(ProjectFile)} - {"folder", "problems"}
        for name in self._rest:
            shown = name[:_WORD_LIMIT]
            if name.lower() in _REFUSED:
                self._problems.append(
                    f"{FILE_NAME} may not say {shown}: it belongs to the source, and what decides "
                    "where that goes is yours to say. It is left out; use an argument or the "
                    "settings."
                )
            else:
                self._problems.append(
                    f"{FILE_NAME} has a name “{shown}” that is not known. It is left out; known "
                    f"are {', '.join(sorted(known))}."
                )
        return tuple(self._problems)

    def _refuse(self, name: str, why: str) -> None:
        self._problems.append(f"In {FILE_NAME}, {name} {why}. It is left out; correct it there.")


def _table(path: Path) -> tuple[dict[str, object], str]:
    """The file's table, or a sentence that says why there is none."""
    try:
        # A link could point at any file of the user's, a pipe would be waited for.
        info = path.lstat()
        if not stat.S_ISREG(info.st_mode) or info.st_size > _SIZE_LIMIT:
            limit = f"{_SIZE_LIMIT // 1024} KB"
            return {}, f"{path} is left out: it is no regular file, or it has more than {limit}."
        return tomllib.loads(path.read_bytes().decode("utf-8-sig")), ""
    except OSError as error:
        return {}, f"{path} is left out: it cannot be read ({error.strerror or error})."
    except UnicodeDecodeError:
        return {}, f"{path} is left out: it is not UTF-8. Save it as UTF-8."
    except tomllib.TOMLDecodeError as error:
        return {}, f"{path} is left out: it is not TOML ({error}). Correct it."
    except RecursionError:
        return {}, f"{path} is left out: it is nested too deeply. Correct it."


def _leaves(pattern: str) -> bool:
    """Whether it names something outside the folder, on any system."""
    windows = PureWindowsPath(pattern)
    outside = PurePosixPath(pattern).is_absolute() or bool(windows.drive or windows.root)
    return outside or ".." in windows.parts or "\0" in pattern or pattern.startswith("~")


def _model_problem(name: str) -> str:
    if name.lower().endswith(".gguf"):
        return "names a file, which only an argument may do"
    return ""


def _severity_problem(name: str) -> str:
    levels = [severity.value for severity in Severity]
    return "" if not name or name in levels else f"is none of {', '.join(levels)}"
