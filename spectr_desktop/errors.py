"""The one error that a person may see: a code, its parameters and an English sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class SpectrError(Exception):
    """Something that the user has to know, said in one sentence with a remedy.

    Lower rooms raise it (or a subclass); `ui` may translate by `code` and `params`.

    Attributes:
        code: stable, snake_case, e.g. "unreachable".
        message: one English sentence (or two short ones): what happened, what to do.
        params: the values that the sentence mentions, for a translation.
        detail: the other side's own words, shown behind "Details" and in the log; never a key.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        params: Mapping[str, str | int] | None = None,
        detail: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.params: dict[str, str | int] = dict(params or {})
        self.detail = detail

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.code!r}, {self.message!r})"
