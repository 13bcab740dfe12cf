"""The settings of the program: read once, changed in memory, saved when the user says so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from spectr_desktop import paths
from spectr_desktop.errors import SpectrError
from spectr_desktop.logs import logger
from spectr_desktop.store import settings_file
from spectr_desktop.store.settings_servers import check_server, read_servers
from spectr_desktop.store.settings_table import SETTINGS, TABLE, Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from spectr_desktop.records.settings import SavedServer

_log = logger(__name__)

FILE_NAME = "settings.toml"
_AIR_GAP = re.compile(rb"(?m)^[ \t]*(?:privacy\.)?air_gap[ \t]*=[ \t]*true\b")


class Settings:
    """All settings; `load` makes one.

    Two programs may have the same file: `save` writes only what this one changed.

    Attributes:
        problems: a sentence for each thing in the file that could not be used.
    """

    def __init__(self, path: Path) -> None:
        self.problems: list[str] = []
        self._path = path
        self._values: dict[str, Value] = {}  # what differs from the default
        self._changed: set[str] = set()
        self._servers: tuple[SavedServer, ...] = ()
        self._saved_servers: tuple[SavedServer, ...] = ()

    @classmethod
    def load(cls, path: Path | None = None) -> Settings:
        """Read the settings; raises nothing.

        A damaged file is set aside, and the defaults hold. A value that cannot be used is as
        good as none, and stays in the file until the user changes that setting.

        Args:
            path: the file, None for its place among the program's data.
        """
        settings = cls(path or paths.data() / FILE_NAME)
        settings._read()
        return settings

    def get(self, key: str) -> Value:
        """The value of a setting: the user's, or the default."""
        return self._values.get(key, SETTINGS[key].default)

    def set(self, key: str, value: object) -> None:
        """Change a setting, in memory; `save` keeps it.

        Raises:
            SpectrError: "bad_setting"; the setting is what it was.
        """
        checked = SETTINGS[key].check(value)
        if checked == self.get(key) and key in self._values:
            return
        if checked == SETTINGS[key].default:
            self._values.pop(key, None)
        else:
            self._values[key] = checked
        self._changed.add(key)

    @property
    def servers(self) -> tuple[SavedServer, ...]:
        """The servers that the user set up, in their order."""
        return self._servers

    def set_servers(self, servers: Sequence[SavedServer]) -> None:
        """Change the servers, in memory; `save` keeps them.

        Raises:
            SpectrError: "bad_server"; they are what they were.
        """
        for server in servers:
            check_server(server)
        self._servers = tuple(servers)

    def save(self) -> None:
        """Write what was changed.

        Raises:
            SpectrError: "settings_not_saved". The settings hold in memory, and the next call
                tries again.
        """
        if not self._changed and self._servers == self._saved_servers:
            return
        try:
            target = self._path.resolve()  # a link stays one
            with settings_file.held(target):
                self._write(target)
        except OSError as error:
            _log.warning("settings not saved: %s", error)
            raise SpectrError(
                "settings_not_saved",
                f"The settings hold until the program ends, but could not be saved in "
                f"{self._path}. See that the disk has room and that you may write there, then "
                "try again.",
                params={"path": str(self._path)},
                detail=str(error),
            ) from error
        self._changed.clear()
        self._saved_servers = self._servers

    def _write(self, target: Path) -> None:
        from spectr_desktop.store.settings_text import changed_text  # noqa: PLC0415  # only to save

        changed = {key: self._values.get(key) for key in self._changed}
        try:
            before = settings_file.read_text(target)
            settings_file.parse(before)
            after = changed_text(before, changed, self._saved_servers, self._servers)
        except settings_file.DamagedError:
            # Somebody damaged it since we read it: what is in memory is the best there is.
            self._set_aside(target)
            before = ""
            after = changed_text("", dict(self._values), (), self._servers)
        if after != before:
            paths.write_private(target, after.encode("utf-8"))

    def _read(self) -> None:
        try:
            document = settings_file.parse(settings_file.read_text(self._path))
        except settings_file.DamagedError:
            was_on = self._says_air_gap()
            try:
                self._set_aside(self._path)
            except OSError as error:
                _log.warning("damaged settings not set aside: %s", error)
                self.problems.append(
                    f"The settings file {self._path} is damaged, so the defaults are used. "
                    "Mend it or rename it."
                )
            if was_on:
                self.set("privacy.air_gap", value=True)
                self.problems.append("Air-gap mode is on, as the damaged file says.")
            return
        except OSError as error:
            _log.warning("settings not read: %s", error)
            self.problems.append(
                f"The settings file {self._path} cannot be read, so the defaults are used. "
                "See that you may read it."
            )
            return
        if settings_file.version_of(document) > settings_file.VERSION:
            _log.info("the settings file is of a newer version; what is unknown is kept")
        settings_file.migrate(document)
        self._take(document)

    def _says_air_gap(self) -> bool:
        """Whether the file wants the mode on, however damaged it is."""
        try:
            return _AIR_GAP.search(self._path.read_bytes()) is not None
        except OSError:
            return False

    def _take(self, document: Mapping[str, Any]) -> None:
        for setting in TABLE:
            section, name = setting.key.split(".")
            table: object = document.get(section, {})
            if not isinstance(table, dict) or name not in table:
                continue
            try:
                self._values[setting.key] = setting.check(cast("dict[str, Any]", table)[name])
            except SpectrError as error:
                self.problems.append(
                    f"`{setting.key}` in the settings file cannot be used, so the default is. "
                    f"{error.message}"
                )
        self._servers = self._saved_servers = read_servers(document.get("servers"), self.problems)

    def _set_aside(self, path: Path) -> None:
        kept = settings_file.set_aside(path)
        self.problems.append(
            f"The settings file was damaged and is now {kept.name}; the defaults are used. "
            "What you need of it can be copied back."
        )
