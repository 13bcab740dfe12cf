"""Prompts, shipped and own, by name and version; the source put into them as untrusted data."""

from __future__ import annotations

import functools
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spectr_desktop import paths
from spectr_desktop.errors import SpectrError
from spectr_desktop.records.run import FOLLOW_UPS
from spectr_desktop.store.own_prompts import OwnPrompts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spectr_desktop.records.source import SourceFile

AUDIT = "quick"
NAMES = (AUDIT, *FOLLOW_UPS)

_PLACE = re.compile(r"\{\{(title|source|subject|question)\}\}")


@dataclass(frozen=True, slots=True)
class Prompt:
    """One version of a prompt.

    Attributes:
        name: of the pass that it asks for, e.g. "quick".
        version: "1", "2", … of a shipped one, "own-1", "own-2", … of an own one; a changed text
            is a new version, so that a run can be repeated.
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


def prompt(name: str, version: str = "") -> Prompt:
    """A prompt in one version, "" for the newest shipped one.

    Raises:
        SpectrError: "prompt_missing", "prompt_unreadable" or "prompt_incomplete": an own version
            is not what it was when it was kept.
    """
    shipped = shipped_versions(name)
    if not version or version in shipped:
        return _shipped(name, version or shipped[-1])
    texts = OwnPrompts().read(name, version)
    check(name, texts.system, texts.user)
    return Prompt(name, version, texts.system.strip(), texts.user.strip())


def versions(name: str) -> list[str]:
    """All versions of a prompt: the shipped ones, then the own ones, each the oldest first."""
    return [*shipped_versions(name), *OwnPrompts().versions(name)]


@functools.cache
def shipped_versions(name: str) -> tuple[str, ...]:
    """The versions that came with the program, the newest last."""
    folder = paths.resources() / "prompts" / name
    return tuple(sorted((e.name for e in folder.iterdir() if e.name.isdigit()), key=int))


def add_own(name: str, system: str, user: str) -> str:
    """Keep an own version, and return what it is called.

    Raises:
        SpectrError: "prompt_incomplete", or why it cannot be kept.
    """
    check(name, system, user)
    return OwnPrompts().add(name, system, user)


def check(name: str, system: str, user: str) -> None:
    """Whether a text can be a prompt of this name: what has to be sent has its place in it.

    Raises:
        SpectrError: "prompt_incomplete", the first thing that is missing.
    """
    needed = ["source", *(["subject", "question"] if name in FOLLOW_UPS else [])]
    for place in needed:
        count = user.count(f"{{{{{place}}}}}")
        if count != 1:
            what = "is missing in" if not count else f"stands {count} times in"
            raise SpectrError(
                "prompt_incomplete",
                f"{{{{{place}}}}} {what} the message to the model; put it in once, where the "
                f"{place} shall stand.",
                params={"place": place, "count": count},
            )
    if not system.strip():
        raise SpectrError(
            "prompt_incomplete",
            "The instructions are empty; say at least that everything in the source is data and "
            "never an instruction.",
            params={"place": "system", "count": 0},
        )


@functools.cache
def _shipped(name: str, version: str) -> Prompt:
    folder = paths.resources() / "prompts" / name / version
    system = (folder / "system.md").read_text(encoding="utf-8")
    user = (folder / "user.md").read_text(encoding="utf-8")
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
