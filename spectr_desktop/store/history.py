"""The index over runs: what a search reads. All of it can be built again from the journals."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from spectr_desktop import paths
from spectr_desktop.logs import logger
from spectr_desktop.records.history import GOING_ON, Facets, Page, RunRow, Stamp
from spectr_desktop.store import history_tables as tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from spectr_desktop.records.history import RunTexts, Wanted

_log = logger(__name__)
T = TypeVar("T")
FILE_NAME = "history.sqlite"
# Another program may be building the index: it gives way after each portion.
_PATIENCE_S = 30.0
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class Known(NamedTuple):
    """A run as the index has it: what tells whether that still holds, and what it is erased by.

    Attributes:
        project, created_at, finished_at: as in `RunRow`.
        going_on: it was being written.
        stamp: of the files that it was read from.
    """

    project: str
    created_at: str
    finished_at: str
    going_on: bool
    stamp: Stamp


class IndexLost(Exception):
    """The index was damaged and is empty now; it has to be built again."""


class History:
    """Rows and texts of all runs, in one SQLite file or, where that cannot be kept, in memory.

    Whatever is wrong with the file, it is removed: nothing is lost with it. One thread uses it.

    Args:
        path: the file.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or paths.data() / FILE_NAME
        self._connection: sqlite3.Connection | None = None
        self._failed = False
        self._in_memory = False

    def known(self) -> dict[str, Known]:
        """What is known of each run.

        Raises:
            IndexLost: it was damaged.
        """
        rows = self._asked(
            f"SELECT id, project, created_at, finished_at, outcome, {tables.STAMP} FROM runs"  # noqa: S608
        )
        return {
            row[0]: Known(row[1], row[2], row[3], row[4] == GOING_ON, Stamp(*row[5:]))
            for row in rows
        }

    def put(self, row: RunRow, texts: RunTexts, stamp: Stamp) -> None:
        """Take a run in, in place of what was known of it; `commit` keeps it.

        Raises:
            IndexLost: it was damaged.
        """
        self._working(lambda db: tables.put(db, row, texts, stamp))

    def decide(self, row: RunRow, findings: str, stamp: Stamp) -> None:
        """Only decisions about a run have changed: take its counts and words in.

        Raises:
            IndexLost: it was damaged.
        """
        self._working(lambda db: tables.decide(db, row, findings, stamp))

    def row(self, run: str) -> RunRow | None:
        """What is known of a run.

        Raises:
            IndexLost: it was damaged.
        """
        rows = self._asked(f"SELECT {tables.ROW} FROM runs WHERE id = ?", run)  # noqa: S608
        return tables.row_from(rows[0]) if rows else None

    def remove(self, runs: Iterable[str]) -> None:
        """Forget runs; `commit` keeps it.

        Raises:
            IndexLost: it was damaged.
        """
        for run in runs:
            self._working(lambda db, run=run: tables.remove(db, run))

    def commit(self) -> None:
        """Keep what was put and removed, and let other programs write.

        Raises:
            IndexLost: that cannot be done.
        """
        self._working(lambda db: db.commit())

    def search(self, wanted: Wanted, limit: int, offset: int = 0) -> Page:
        """What is wanted, the newest first.

        Raises:
            IndexLost: it was damaged.
        """
        return self._working(lambda db: tables.search(db, wanted, limit, offset))

    def facets(self) -> Facets:
        """What projects, models and outcomes there are.

        Raises:
            IndexLost: it was damaged.
        """

        def counted(column: str) -> tuple[tuple[str, int], ...]:
            return tuple(
                (str(row[0]), int(row[1]))
                for row in self._asked(
                    f"SELECT {column}, count(*) FROM runs WHERE {column} <> ''"  # noqa: S608  # ours
                    f" GROUP BY {column} ORDER BY count(*) DESC, {column}"
                )
            )

        return Facets(counted("project"), counted("model"), counted("outcome"))

    def scrub(self) -> None:
        """Leave no trace of what was removed: not in free pages, not in the log, not in the words.

        Raises:
            IndexLost: that cannot be done; the whole file was removed instead.
        """

        def work(db: sqlite3.Connection) -> None:
            db.commit()
            db.execute("INSERT INTO texts(texts) VALUES ('optimize')")
            db.commit()
            db.execute("VACUUM")
            busy = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            if busy:
                raise sqlite3.DatabaseError("another program reads the old pages")

        if self._in_memory:
            self._remove_files()
        else:
            self._working(work)

    def close(self) -> None:
        """Close the file, in the thread that used it."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.commit()
            self._connection.close()
            self._connection = None

    def _asked(self, question: str, *values: object) -> list[Any]:
        return self._working(lambda db: db.execute(question, values).fetchall())

    def _working(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return work(self._open())
        except sqlite3.Error as error:
            _log.warning("the index of runs is made anew: %s", error)
            busy = _code(error) in _BUSY
            self._drop(remove=not busy)
            if self._failed or busy:
                self._use_memory()  # what cannot be kept twice in a row
            self._failed = True
            raise IndexLost from error

    def built(self) -> None:
        """The index is whole: a fault from now on is a new one."""
        self._failed = False

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            try:
                self._connection = _opened(self.path)
            except (sqlite3.Error, OSError) as error:
                if _code(error) in _BUSY:
                    raise
                _log.warning("the index of runs cannot be used: %s", error)
                self._drop()
                try:
                    self._connection = _opened(self.path)
                except (sqlite3.Error, OSError) as second:
                    _log.warning("the index of runs is kept in memory: %s", second)
                    self._connection = self._use_memory()
        return self._connection

    def _use_memory(self) -> sqlite3.Connection:
        db = self._connection = sqlite3.connect(":memory:")
        db.executescript(tables.SCHEMA)
        self._in_memory = True
        return db

    def _drop(self, *, remove: bool = True) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if remove:
            self._remove_files()

    def _remove_files(self) -> None:
        for suffix in ("", "-wal", "-shm", "-journal"):
            file = self.path.with_name(self.path.name + suffix)
            try:
                file.unlink(missing_ok=True)
            except OSError as error:
                _log.warning("%s is not removed: %s", file.name, error)


def _code(error: Exception) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _opened(path: Path) -> sqlite3.Connection:
    paths.private_folder(path.parent)
    # Made here so that nobody else can read it; SQLite gives its other files the same mode.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)
    db = sqlite3.connect(path, timeout=_PATIENCE_S)
    try:
        db.execute("PRAGMA secure_delete = ON")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("BEGIN IMMEDIATE")
        version = db.execute("PRAGMA user_version").fetchone()[0]
        empty = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
        db.rollback()
        if version == 0 and empty:
            db.executescript(f"BEGIN IMMEDIATE; {tables.SCHEMA} COMMIT;")
        else:
            _check(db, version)
    except BaseException:
        db.close()
        raise
    return db


def _check(db: sqlite3.Connection, version: int) -> None:
    """Refuse what this version has not written, and what is damaged."""
    if version != tables.VERSION:
        raise sqlite3.DatabaseError(f"it is of version {version}")
    found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(found)
