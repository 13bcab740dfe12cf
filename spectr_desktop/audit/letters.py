"""Letters that a server cut in two: the halves of a pair of surrogates, joined across deltas."""

from __future__ import annotations

import re

_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_FIRST_HALF, _SECOND_HALF = "\ud800", "\udc00"


class Letters:
    """Joins the deltas of one text.

    JSON may hold half a letter, and servers that count as JavaScript does cut an emoji between
    two deltas. A half whose other one never comes is given out as it is.
    """

    def __init__(self) -> None:
        self._half = ""

    def feed(self, text: str) -> str:
        """The text with what was held back; its last half letter waits for the next delta."""
        if not self._half and text.isascii():
            return text
        text = self._half + text
        self._half = ""
        if text and _FIRST_HALF <= text[-1] < _SECOND_HALF:
            text, self._half = text[:-1], text[-1]
        return _PAIR.sub(_joined, text)

    def rest(self) -> str:
        """The half that is left at the end."""
        half, self._half = self._half, ""
        return half


def _joined(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16", "surrogatepass").decode("utf-16")
