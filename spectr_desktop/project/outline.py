"""The outline of a source file, by its language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectr_desktop.project.solidity import solidity_outline
from spectr_desktop.project.vyper import vyper_outline
from spectr_desktop.records.source import Outline

if TYPE_CHECKING:
    from spectr_desktop.records.source import SourceFile


def outline(source: SourceFile) -> Outline:
    """The symbols of a source file; of a language that is not known, none."""
    match source.language:
        case "solidity":
            return solidity_outline(source.text)
        case "vyper":
            return vyper_outline(source.text)
        case _:
            return Outline()
