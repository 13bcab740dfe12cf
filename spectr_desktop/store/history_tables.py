"""The tables of the index over runs, and what is asked of them."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

from spectr_desktop.records.history import GOING_ON, Page, RunRow
from spectr_desktop.records.run import Outcome
from spectr_desktop.store.history_snippets import snippet
from spectr_desktop.store.history_words import TOKENIZER, expression, fit, parts

if TYPE_CHECKING:
    from spectr_desktop.records.history import RunTexts, Stamp, Wanted

VERSION = 1
STAMP = "journal_size, journal_mtime, note_size, note_mtime, decisions_size"
ROW = (
    "id, title, project, created_at, finished_at, provider, model, outcome, locality, kind, lines,"
    " severities, leads, damaged_lines, continues"
)
SCHEMA = f"""
CREATE TABLE runs (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, title TEXT, project TEXT, created_at TEXT,
    finished_at TEXT, provider TEXT, model TEXT, outcome TEXT, locality TEXT, kind TEXT,
    lines INTEGER, severities TEXT, leads INTEGER, damaged_lines INTEGER, continues TEXT,
    journal_size INTEGER, journal_mtime INTEGER, note_size INTEGER, note_mtime INTEGER,
    decisions_size INTEGER
);
CREATE VIRTUAL TABLE texts USING fts5(
    title, files, report, findings, parts, tokenize="{TOKENIZER}", prefix='1 2 3'
);
PRAGMA user_version = {VERSION};
"""


def put(db: sqlite3.Connection, row: RunRow, texts: RunTexts, stamp: Stamp) -> None:
    """Take a run in, in place of what was known of it."""
    remove(db, row.id)
    values = (*_values(row), *_stamp_values(stamp))
    marks = ", ".join("?" * len(values))
    columns = f"{ROW}, {STAMP}"
    cursor = db.execute(f"INSERT INTO runs ({columns}) VALUES ({marks})", values)  # noqa: S608
    _put_texts(db, cursor.lastrowid, row.title, (texts.files, texts.report, texts.findings))


def _put_texts(db: sqlite3.Connection, n: object, title: str, texts: tuple[str, str, str]) -> None:
    held = tuple(fit(text) for text in (title, *texts))
    db.execute(
        "INSERT INTO texts (rowid, title, files, report, findings, parts)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (n, *held, parts(*held)),
    )


def decide(db: sqlite3.Connection, row: RunRow, findings: str, stamp: Stamp) -> None:
    """Take in what was decided about a run; its report stays."""
    found = db.execute(
        "SELECT rowid, files, report, findings FROM texts WHERE rowid ="
        " (SELECT n FROM runs WHERE id = ?)",
        (row.id,),
    ).fetchone()
    if found is None:
        return
    n, files, report, before = found
    db.execute(
        "UPDATE runs SET severities = ?, leads = ?, decisions_size = ? WHERE n = ?",
        (json.dumps(row.severities), row.leads, stamp.decisions_size, n),
    )
    if before != fit(findings):
        db.execute("DELETE FROM texts WHERE rowid = ?", (n,))
        _put_texts(db, n, row.title, (files, report, findings))


def remove(db: sqlite3.Connection, run: str) -> None:
    """Forget a run."""
    db.execute("DELETE FROM texts WHERE rowid = (SELECT n FROM runs WHERE id = ?)", (run,))
    db.execute("DELETE FROM runs WHERE id = ?", (run,))


def _values(row: RunRow) -> tuple[object, ...]:
    return (
        row.id,
        fit(row.title),
        row.project,
        fit(row.created_at),
        fit(row.finished_at),
        fit(row.provider),
        fit(row.model),
        row.outcome.value if row.outcome else GOING_ON,
        row.locality,
        row.kind,
        row.lines,
        json.dumps(row.severities),
        row.leads,
        row.damaged_lines,
        fit(row.continues),
    )


def _stamp_values(stamp: Stamp) -> tuple[int, ...]:
    return (
        stamp.journal_size,
        stamp.journal_mtime,
        stamp.note_size,
        stamp.note_mtime,
        stamp.decisions_size,
    )


def row_from(values: tuple[object, ...], found: str = "") -> RunRow:
    """The record of a row.

    Raises:
        DatabaseError: it is none.
    """
    try:
        out = list(values)
        out[7] = None if out[7] == GOING_ON else Outcome(out[7])
        out[11] = json.loads(str(out[11]))
        return RunRow(*out, found)  # type: ignore[arg-type]
    except ValueError as error:
        raise sqlite3.DatabaseError("a row is none") from error


def search(db: sqlite3.Connection, wanted: Wanted, limit: int, offset: int) -> Page:
    """What is wanted, the newest first."""
    words = expression(wanted.words)
    filters = {"project": wanted.project, "model": wanted.model, "outcome": wanted.outcome}
    tests = [f"{column} = :{column}" for column, value in filters.items() if value]
    if words:
        tests.append("n IN (SELECT rowid FROM texts WHERE texts MATCH :words)")
    elif wanted.words.strip():
        return Page()  # nothing but signs
    where = f"WHERE {' AND '.join(tests)}" if tests else ""
    values = {**filters, "words": words, "limit": str(limit), "offset": str(offset)}
    total = db.execute(f"SELECT count(*) FROM runs {where}", values).fetchone()[0]  # noqa: S608
    found = db.execute(
        f"SELECT n, {ROW} FROM runs {where} ORDER BY id DESC"  # noqa: S608  # ours
        " LIMIT CAST(:limit AS INTEGER) OFFSET CAST(:offset AS INTEGER)",
        values,
    ).fetchall()
    snippets = _snippets(db, words, [row[0] for row in found]) if words else {}
    return Page(tuple(row_from(row[1:], snippets.get(row[0], "")) for row in found), total)


def _snippets(db: sqlite3.Connection, words: str, numbers: list[int]) -> dict[int, str]:
    """By number, where the words stand: in a finding, else in the report, else in a path."""
    chosen = ", ".join(str(number) for number in numbers)
    rows = db.execute(
        f"SELECT rowid, findings, report, files FROM texts WHERE rowid IN ({chosen})"  # noqa: S608
    )
    return {number: snippet(texts, words) for number, *texts in rows}
