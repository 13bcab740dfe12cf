"""How many tokens a request needs and how many it may have, reckoned before anything is sent."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from spectr_desktop.providers.errors import ContextOverflow
from spectr_desktop.records.run import CompleteInput, Parameters, Usage

if TYPE_CHECKING:
    from spectr_desktop.records.server import ModelInfo

# Solidity measured 3.7 to 4.8 characters a token; other tokenizers need more tokens.
_CHARACTERS_PER_TOKEN = 3.0
# No tokenizer at hand packs source tighter than this: beyond it the input surely does not fit.
_SURELY = 6.0
# The least share of an estimate that a text can really have.
LEAST_SHARE = _CHARACTERS_PER_TOKEN / _SURELY
_MAX_TOKENS = 8192
_PRACTICE_MAX_TOKENS = 512
_LEAST_ANSWER = 256
_DEFAULT_CONTEXT = 16384
# What is left of a context at its end: product.md, outcome `context_full`.
CONTEXT_MARGIN = 8
# Fewer tokens read than this share of the estimate: the input was cut.
_CUT_SHARE = 0.55
# A count made beforehand may differ a little from the one of the answer.
_COUNT_SHARE = 0.98
# Of a context, what is kept for the answer where the source has to be sent in parts: at most this
# share of it, and at most the other one where the user asked for a length.
_ANSWER_SHARE = 0.25
_ASKED_ANSWER_SHARE = 0.5


def estimate(*texts: str) -> int:
    """Tokens that the texts will have, rather too many than too few."""
    return tokens(sum(map(len, texts)))


def tokens(characters: int) -> int:
    """Tokens of a text of this length, as `estimate` reckons."""
    return math.ceil(characters / _CHARACTERS_PER_TOKEN)


def room(
    model: ModelInfo,
    *,
    chooses_context: bool,
    context: int | None = None,
    max_tokens: int | None = None,
) -> int | None:
    """Tokens that the input of one of several requests may have; None if no limit is known.

    What is left is for the answer: all that it may have, or a fair share of a small context.

    Args:
        model: whose limits hold.
        chooses_context: as in `parameters`.
        context: as in `parameters`.
        max_tokens: as in `parameters`.
    """
    limit = context or model.context
    if limit is not None and chooses_context:
        limit = _allowed(model, limit)
    if limit is None:
        return None
    share = _ANSWER_SHARE if max_tokens is None else _ASKED_ANSWER_SHARE
    return limit - min(_answer(model, max_tokens), int(limit * share))


def parameters(
    model: ModelInfo,
    needed: int,
    *,
    chooses_context: bool,
    context: int | None = None,
    max_tokens: int | None = None,
    counted: bool = False,
    path: str = "",
) -> Parameters:
    """The limits of a request.

    Args:
        model: whose limits hold.
        needed: the input, in tokens.
        chooses_context: the server loads the model with the context that we ask for.
        context: what the user asked for, None if nothing.
        max_tokens: what the user asked for, None if nothing.
        counted: the server has counted `needed`; otherwise it is our estimate.
        path: of the one file of a part, where other parts are sent without it; "" otherwise.

    Raises:
        ContextOverflow: the input is longer than the context, by the server's count or else
            whatever the tokenizer.
    """
    wanted = _answer(model, max_tokens)
    if chooses_context:
        context = _context(model, needed + wanted) if context is None else _allowed(model, context)
    limit = context or model.context
    if limit is not None:
        surely = needed if counted else needed * LEAST_SHARE
        if surely > limit or (counted and needed == limit):
            raise _overflow(model, needed, limit, path, counted=counted)
        if max_tokens is None:
            wanted = max(min(wanted, limit - needed), min(_LEAST_ANSWER, wanted))
    return Parameters(max_tokens=wanted, context=context)


def _answer(model: ModelInfo, max_tokens: int | None) -> int:
    """Tokens that an answer may have where there is room for all of it."""
    wanted = max_tokens or (_PRACTICE_MAX_TOKENS if model.practice else _MAX_TOKENS)
    return min(wanted, model.max_output) if model.max_output else wanted


def _overflow(
    model: ModelInfo, needed: int, limit: int, path: str, *, counted: bool
) -> ContextOverflow:
    about = "" if counted else "about "
    params: dict[str, str | int] = {"needed": needed, "limit": limit, "model": model.title}
    if path:
        # A name is as untrusted as the text of its file: one line of it.
        name = params["path"] = " ".join(path.split())
        return ContextOverflow(
            "context_overflow",
            f"“{name}” alone needs {about}{needed} tokens, and “{model.title}” holds {limit}. It "
            "was not sent. Choose a model with a larger context for it.",
            params=params,
        )
    return ContextOverflow(
        "context_overflow",
        f"The source needs {about}{needed} tokens, and “{model.title}” holds {limit}. Nothing was "
        "sent. Choose a model with a larger context, or audit fewer files.",
        params=params,
    )


def _context(model: ModelInfo, needed: int) -> int:
    """Room for the request, the same for all that fit: another size loads the model anew."""
    if model.loaded_context and model.loaded_context >= max(needed, model.own_context or 0):
        return model.loaded_context
    room = max(_DEFAULT_CONTEXT, model.loaded_context or 0)
    while room < needed:
        room *= 2
    return _allowed(model, room)


def _allowed(model: ModelInfo, context: int) -> int:
    """Not more than the model can hold, and never less than its own settings ask for."""
    return max(min(context, model.context or context), model.own_context or 0)


def complete_input(
    usage: Usage, estimated: int, *, counted: int | None, strict: bool
) -> CompleteInput:
    """Whether all that was sent was read (product.md, `complete_input`).

    Args:
        usage: what the server says of it.
        estimated: our own estimate, in tokens.
        counted: what the server counted beforehand, None if it cannot.
        strict: a server that is known never to cut has accepted the input.
    """
    read = usage.input
    if read is not None and read < (counted or estimated) * _CUT_SHARE:
        return CompleteInput.NO
    exact = counted is not None and read is not None and read >= counted * _COUNT_SHARE
    return CompleteInput.YES if exact or strict else CompleteInput.UNKNOWN
