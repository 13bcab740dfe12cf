"""The runs subcommands: list, show, export, verify, delete and erase what is kept of runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spectr_desktop.errors import SpectrError
from spectr_desktop.terminal import put, say

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from spectr_desktop.audit.run_history import OpenedRun, RunHistory
    from spectr_desktop.records.history import ErasePlan, RunRow

    # The only name that argparse has for what `add_subparsers` gives.
    _Commands = argparse._SubParsersAction[Any]  # pyright: ignore[reportPrivateUsage]  # noqa: SLF001

EXIT_DONE = 0
EXIT_OTHER = 2
_ALL = 1_000_000
_MOST_NAMED = 5


def add_parser(commands: _Commands) -> None:
    """Add `runs` and its own subcommands."""
    runs = commands.add_parser(
        "runs", help="list, show, export, delete or erase earlier runs, or verify a bundle"
    )
    kinds = runs.add_subparsers(required=True, metavar="WHAT")
    listed = kinds.add_parser("list", help="the runs that are kept, the newest first")
    listed.add_argument("--json", action="store_true", help="as JSON")
    listed.add_argument("--project", type=Path, metavar="DIR", help="only of this folder")
    listed.add_argument("--search", default="", metavar="WORDS", help="only with these words")
    listed.set_defaults(run=_list)
    show = kinds.add_parser("show", help="what is known of a run, and its report")
    show.add_argument("id", metavar="ID", help="its id, or the beginning of it")
    show.set_defaults(run=_show)
    _add_export(kinds)
    delete = kinds.add_parser("delete", help="delete runs for good; here it cannot be undone")
    delete.add_argument("ids", nargs="+", metavar="ID", help="ids, or beginnings of them")
    delete.add_argument("--yes", action="store_true", help="do not ask")
    delete.set_defaults(run=_delete)
    erase = kinds.add_parser("erase", help="erase all that is kept of a client's folder")
    erase.add_argument("folder", type=Path, metavar="DIR", help="the client's folder")
    erase.add_argument("--yes", action="store_true", help="do not ask")
    erase.set_defaults(run=_erase)


def _add_export(kinds: _Commands) -> None:
    export = kinds.add_parser("export", help="write the report of a run to files")
    export.add_argument("id", metavar="ID", help="its id, or the beginning of it")
    export.add_argument(
        "--output",
        action="append",
        type=Path,
        required=True,
        metavar="FILE",
        help="a name that ends in .md, .html, .pdf, .json, .sarif, .csv, or in .zip for a bundle "
        "with the sources and all texts of the model; may be given several times",
    )
    export.add_argument(
        "--kind",
        choices=["client", "working"],
        default="working",
        help="client: findings that you confirmed, without leads and texts of the model",
    )
    export.add_argument("--findings", metavar="KEYS", help="only these, such as F1,F3")
    export.add_argument("--style", default="", metavar="NAME", help="a house style of the window")
    export.add_argument("--yes", action="store_true", help="replace files without asking")
    export.set_defaults(run=_export)
    verify = kinds.add_parser("verify", help="check that a bundle is whole; needs no network")
    verify.add_argument("file", type=Path, metavar="FILE", help="the bundle, a .zip")
    verify.set_defaults(run=_verify)


async def _list(given: argparse.Namespace) -> int:
    from spectr_desktop.records.history import Wanted  # noqa: PLC0415  # not for --help

    history = _history()
    try:
        history.refresh()
        project = str(given.project.resolve()) if given.project else ""
        wanted = Wanted(given.search, project)
        page = history.search(wanted, _ALL)
        if page.lost:
            history.refresh()
            page = history.search(wanted, _ALL)
    finally:
        history.close()
    if given.json:
        put(json.dumps([_as_json(row) for row in page.rows], indent=2) + "\n")
    else:
        put("".join("\t".join(_columns(row)) + "\n" for row in page.rows))
    return EXIT_DONE


async def _show(given: argparse.Namespace) -> int:
    from spectr_desktop import cli_exports  # noqa: PLC0415  # not for --help

    opened = _opened(given.id)
    stored = opened.stored
    if stored.writing:
        say(f"The run {stored.id} is still being written; this is what has come so far.")
    if stored.damaged_lines:
        say(f"The file of this run is damaged in {stored.damaged_lines} places; the rest is here.")
    put((await cli_exports.shown(opened)).decode("utf-8"))
    return EXIT_DONE


async def _export(given: argparse.Namespace) -> int:
    from spectr_desktop import cli_exports  # noqa: PLC0415  # not for --help

    outputs = cli_exports.chosen(given.output)
    wish = cli_exports.wish_of(_opened(given.id), given.kind, given.findings, given.style)
    there = cli_exports.existing(outputs)
    if there and not _confirmed(f"Replace {', '.join(there)}?", yes=given.yes):
        return EXIT_OTHER
    return EXIT_DONE if await cli_exports.write_all(wish, outputs) else EXIT_OTHER


async def _verify(given: argparse.Namespace) -> int:
    from spectr_desktop import cli_exports  # noqa: PLC0415  # not for --help

    put(await cli_exports.verified(given.file) + "\n")
    return EXIT_DONE


async def _delete(given: argparse.Namespace) -> int:
    history = _history()
    try:
        runs = list(dict.fromkeys(_full_id(one) for one in given.ids))
        _check_all_free(runs)
        named = ", ".join(runs[:_MOST_NAMED]) + (", …" if len(runs) > _MOST_NAMED else "")
        question = f"Delete {_count(len(runs), 'run')} for good ({named})? It cannot be undone."
        if not _confirmed(question, yes=given.yes):
            return EXIT_OTHER
        history.delete(runs)
    finally:
        history.close()  # with this they are gone
    say(f"{_count(len(runs), 'run')} deleted.")
    return EXIT_DONE


async def _erase(given: argparse.Namespace) -> int:
    history = _history()
    try:
        plan = history.erase_plan(given.folder)
        if plan.is_empty:
            say(f"Nothing is kept of {given.folder}, so there is nothing to erase.")
            return EXIT_DONE
        if not _confirmed(_question(plan), yes=given.yes):
            return EXIT_OTHER
        history.erase_project(given.folder)
    finally:
        history.close()
    say(f"Erased: {_what(plan)}.")
    return EXIT_DONE


def _history() -> RunHistory:
    from spectr_desktop.audit.run_history import RunHistory  # noqa: PLC0415  # not for --help

    return RunHistory()


def _opened(beginning: str) -> OpenedRun:
    history = _history()
    try:
        return history.open(_full_id(beginning))
    finally:
        history.close()


def _full_id(beginning: str) -> str:
    """The only run whose id begins like this.

    Raises:
        SpectrError: there is none, or there are several.
    """
    from spectr_desktop.store.stored_runs import run_ids  # noqa: PLC0415  # as above

    runs = run_ids()
    found = [run for run in runs if run.startswith(beginning)] if beginning else []
    if beginning in runs:
        return beginning
    if len(found) == 1:
        return found[0]
    if found:
        named = ", ".join(found[:_MOST_NAMED]) + (", …" if len(found) > _MOST_NAMED else "")
        raise SpectrError(
            "run_ambiguous",
            f"“{beginning}” is the beginning of {len(found)} runs ({named}). Give more of the id.",
            params={"run": beginning},
        )
    raise SpectrError(
        "run_missing",
        f"There is no run “{beginning}”. `spectr-desktop runs list` names all of them.",
        params={"run": beginning},
    )


def _check_all_free(runs: Sequence[str]) -> None:
    """Refuse to ask about what could not be deleted anyway.

    Raises:
        SpectrError: one is still being written.
    """
    from spectr_desktop.store.stored_runs import is_writing  # noqa: PLC0415  # as above

    for run in runs:
        if is_writing(run):
            raise SpectrError(
                "run_going_on",
                f"The run {run} is still being written. Stop it first, then delete it.",
                params={"run": run},
            )


def _confirmed(question: str, *, yes: bool) -> bool:
    """Whether the user wants it: asked on a terminal, elsewhere said with --yes."""
    if yes:
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        say(f"{question} Nothing was done: add --yes to do it.")
        return False
    say(f"{question} Type yes to go on:")
    if sys.stdin.readline().strip().lower() == "yes":
        return True
    say("Nothing was done.")
    return False


def _question(plan: ErasePlan) -> str:
    return (
        f"Erase {_what(plan)} for good? It cannot be undone. The contract files themselves and "
        "exported reports are not touched."
    )


def _what(plan: ErasePlan) -> str:
    parts = [
        _count(len(plan.runs), "run"),
        _count(plan.decisions, "decision"),
        _count(len(plan.drafts), "draft"),
    ]
    return ", ".join(parts) + f" of {', '.join(plan.roots) or plan.root}, and all logs"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def _columns(row: RunRow) -> tuple[str, ...]:
    found = _counted(row.findings, "finding")
    leads = f", {_counted(row.leads, 'lead')}" if row.leads else ""
    damaged = ", damaged" if row.damaged_lines else ""
    outcome = row.outcome.value.replace("_", " ") if row.outcome else "going on"
    cells = (row.id, row.created_at, outcome + damaged, row.model, found + leads, row.title)
    # A tab or a line end in a title would make another row of it.
    return tuple(" ".join(cell.split()) for cell in cells)


def _as_json(row: RunRow) -> dict[str, Any]:
    from spectr_desktop.records.codec import to_json  # noqa: PLC0415  # as above
    from spectr_desktop.records.history import GOING_ON  # noqa: PLC0415

    value = to_json(row)
    del value["snippet"]
    return {**value, "outcome": value["outcome"] or GOING_ON, "findings": row.findings}


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
