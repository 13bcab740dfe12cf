"""Thoughts that a model writes into its answer between tags, told apart from the answer."""

from __future__ import annotations

import enum

_TAGS = ("<think>", "<thinking>")
_SPACE = " \t\r\n"


class _Place(enum.Enum):
    START = enum.auto()
    THOUGHT = enum.auto()
    BEHIND = enum.auto()  # between the closing tag and the answer's first letter
    ANSWER = enum.auto()


class ThinkSplitter:
    """Splits a streamed text at `<think>…</think>` (or `<thinking>`) at its very start.

    The tags may be cut anywhere between two deltas. White space behind the closing tag is
    dropped; all else is given out, as (is it thinking, text), in its order and once. White space
    before the opening tag counts as thinking, so that no answer seems to have begun.
    """

    def __init__(self) -> None:
        self._place = _Place.START
        self._closing = ""
        self._held = ""

    def feed(self, text: str) -> list[tuple[bool, str]]:
        """What is known after this text."""
        self._held += text
        out: list[tuple[bool, str]] = []
        if self._place is _Place.START:
            self._start(out)
        if self._place is _Place.THOUGHT:
            self._thought(out)
        if self._place is _Place.BEHIND:
            self._held = self._held.lstrip(_SPACE)
            if self._held:
                self._place = _Place.ANSWER
        if self._place is _Place.ANSWER:
            self._give(out, self._held, thinking=False)
            self._held = ""
        return out

    def finish(self) -> list[tuple[bool, str]]:
        """What was held back for a tag that did not come."""
        out: list[tuple[bool, str]] = []
        self._give(out, self._held, thinking=self._place is _Place.THOUGHT)
        self._held = ""
        return out

    def _start(self, out: list[tuple[bool, str]]) -> None:
        bare = self._held.lstrip(_SPACE)
        for tag in _TAGS:
            if bare.startswith(tag):
                self._give(out, self._held[: len(self._held) - len(bare)], thinking=True)
                self._held = bare[len(tag) :]
                self._closing = tag.replace("<", "</")
                self._place = _Place.THOUGHT
                return
        if not any(tag.startswith(bare) for tag in _TAGS):
            self._place = _Place.ANSWER

    def _thought(self, out: list[tuple[bool, str]]) -> None:
        thought, closing, rest = self._held.partition(self._closing)
        if closing:
            self._place = _Place.BEHIND
        else:
            longest = min(len(thought), len(self._closing) - 1)
            sizes = range(longest, 0, -1)
            kept = next((n for n in sizes if self._closing.startswith(thought[-n:])), 0)
            cut = len(thought) - kept
            thought, rest = thought[:cut], thought[cut:]
        self._give(out, thought, thinking=True)
        self._held = rest

    @staticmethod
    def _give(out: list[tuple[bool, str]], text: str, *, thinking: bool) -> None:
        if text:
            out.append((thinking, text))
