"""The files of a command line, as they are sent: under names that begin at their common folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from spectr_desktop.project.document import read_document
from spectr_desktop.records.source import source_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectr_desktop.records.source import SourceFile


def read_sources(named: Sequence[Path]) -> tuple[Path, list[SourceFile]]:
    """The folder that all the files are in, which is the project's, and the files.

    Raises:
        SpectrError: one of them cannot be read, or is no source.
    """
    documents = [read_document(path) for path in named]
    whole = [path.absolute() for path in named]
    root = Path(os.path.commonpath([path.parent for path in whole]))
    names = [path.relative_to(root).as_posix() for path in whole]
    files = [source_file(name, doc.text) for name, doc in zip(names, documents, strict=True)]
    return root, files
