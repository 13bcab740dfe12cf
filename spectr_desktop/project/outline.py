"""The outline of a source file, by its language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spectr_desktop.project.solidity import SolidityOutline, solidity_outline
from spectr_desktop.project.vyper import vyper_outline
from spectr_desktop.records.source import Outline, source_file

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


class EditedOutline:
    """The outline of a file that is being edited; of Solidity only what changed is parsed again.

    Attributes:
        outline: of the text that was given last.
    """

    def __init__(self, source: SourceFile) -> None:
        self._file = source
        self._solidity = SolidityOutline(source.text) if source.language == "solidity" else None
        self.outline = self._solidity.outline if self._solidity else outline(source)

    def update(self, text: str) -> Outline:
        """Take the whole text after an edit; returns its outline."""
        if self._solidity is not None:
            self.outline = self._solidity.update(text)
        else:
            self.outline = outline(source_file(self._file.path, text))
        return self.outline
