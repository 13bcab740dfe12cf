"""The shipped prompts, by name and version, and the source put into them as untrusted data."""

from __future__ import annotations

import functools
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spectr_desktop import paths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectr_desktop.records.source import SourceFile

_PLACE = re.compile(r"\{\{(title|source|subject|question)\}\}")


@dataclass(frozen=True, slots=True)
class Prompt:
    """One version of a shipped prompt.

    Attributes:
        name: of the pass that it asks for, e.g. "quick".
        version: "1", "2", …; a changed text is a new version, so that a run can be repeated.
        system: sent as it is.
        user: with `{{title}}` and `{{source}}`; in a follow-up also with `{{subject}}` and
            `{{question}}`.
    """

    name: str
    version: str
    system: str
    user: str


@dataclass(frozen=True, slots=True)
class Composed:
    """A prompt with the source in it, ready to send."""

    system: str
    user: str

    @property
    def sha256(self) -> str:
        """Identifies both texts."""
        joined = f"{self.system}\0{self.user}"
        return hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()


@functools.cache
def prompt(name: str, version: str = "") -> Prompt:
    """A version of a shipped prompt, the newest one if none is named."""
    folder = paths.resources() / "prompts" / name
    version = version or max(
        (entry.name for entry in folder.iterdir() if entry.name.isdigit()), key=int
    )
    system = (folder / version / "system.md").read_text(encoding="utf-8")
    user = (folder / version / "user.md").read_text(encoding="utf-8")
    return Prompt(name, version, system.strip(), user.strip())


def compose(
    chosen: Prompt, title: str, files: Sequence[SourceFile], subject: str = "", question: str = ""
) -> Composed:
    """Put the files, and in a follow-up what it is about, into a prompt.

    The marks round a source carry a part of its hash, which no source can contain in advance,
    so that nothing inside can end the data early. Texts go in whole and unchanged.
    """
    blocks = [_marked(file) for file in files]
    # A file's name is as untrusted as its text, and stands outside the fence: one line of it.
    given = {
        "title": " ".join(title.split()),
        "source": "\n\n".join(blocks),
        "subject": _marked_subject(subject),
        "question": question.strip(),
    }
    # One pass over the template: what looks like a place inside a source stays as it is.
    user = _PLACE.sub(lambda match: given[match.group(1)], chosen.user)
    return Composed(chosen.system, user)


def _marked(file: SourceFile) -> str:
    mark = file.sha256[:12]
    end = "" if file.text.endswith("\n") else "\n"
    return (
        f"<<<source {mark} {' '.join(file.path.split())}\n"
        f"{_fence(file.text)}{file.language}\n{file.text}{end}{_fence(file.text)}\n"
        f"source {mark}>>>"
    )


def _marked_subject(text: str) -> str:
    """A model's words or a piece of the source: as untrusted as the source itself."""
    mark = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"<<<subject {mark}\n{text.strip()}\nsubject {mark}>>>"


def _fence(text: str) -> str:
    """A code fence that the text cannot close."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    return "`" * max(3, longest + 1)
