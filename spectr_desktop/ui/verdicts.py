"""What a report is worth, said above it in sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from spectr_desktop.records.run import CompleteInput, Outcome
from spectr_desktop.ui.banner import BannerKind  # a dataclass reads it

if TYPE_CHECKING:
    from spectr_desktop.records.run import Header, RunResult


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a report is worth, in sentences, how loud, and what the server said itself."""

    text: str = ""
    kind: BannerKind = "info"
    detail: str = ""


def verdict_of(result: RunResult | None, header: Header | None, damaged_lines: int) -> Verdict:
    """What a report is worth; no words if it is all there.

    Args:
        result: how its run ended; None if there is none yet.
        header: of the run; None if it is lost.
        damaged_lines: of the file that it was read from.
    """
    if result is None:
        return Verdict()
    if header is None:
        return Verdict(_headless(), "warning")
    from spectr_desktop.report.export.stamps import PARTLY_READ, STAMPS  # noqa: PLC0415  # rarely

    sentences: list[str] = []
    kind: BannerKind = "info"
    detail = result.error.detail if result.error else ""
    if not result.outcome.finished:
        sentences.append(result.error.message if result.error else STAMPS[result.outcome])
        explained = [cell.explanation for cell in result.cells if cell.explanation != detail]
        sentences += [text for text in explained if text]
        kind = "error" if result.outcome is Outcome.FAILED else "warning"
    elif not any(text.strip() for text in result.texts.values()):
        sentences.append(_translate("The model ended without writing a word."))
        kind = "warning"
    if damaged_lines:
        sentences.append(_damaged(damaged_lines))
        kind = "error" if kind == "error" else "warning"
    if any(cell.complete_input is CompleteInput.NO for cell in result.cells):
        sentences.append(PARTLY_READ)
        kind = "error" if kind == "error" else "warning"
    if header.model.practice:
        sentences.append(practice_notice())
    return Verdict(" ".join(sentences), kind, detail)


def practice_notice() -> str:
    """What the reader of a practice report has to know, before and after."""
    return _translate("This is the practice model. Its findings are worth nothing.")


def _headless() -> str:
    return _translate(
        "The beginning of this run's file is damaged: its source is not known. What the model "
        "wrote can be read and copied."
    )


def _damaged(count: int) -> str:
    if count == 1:
        return _translate("1 line of this run's file is damaged, and what it said is lost.")
    text = _translate("{count} lines of this run's file are damaged, and what they said is lost.")
    return text.format(count=f"{count:,}")


def _translate(text: str) -> str:
    return QCoreApplication.translate("verdicts", text)
