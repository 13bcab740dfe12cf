from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectr_desktop.audit import budget
from spectr_desktop.providers.errors import ContextOverflow
from spectr_desktop.records.run import CompleteInput, Parameters, Usage
from spectr_desktop.records.server import ModelInfo


def model(context: int | None = None, own: int | None = None, most: int | None = None) -> ModelInfo:
    return ModelInfo("m", context=context, own_context=own, max_output=most)


def test_the_estimate_counts_characters_of_all_texts() -> None:
    assert (budget.estimate("", ""), budget.estimate("abc", "d")) == (0, 2)
    assert budget.estimate("x" * 3000) == 1000


@pytest.mark.parametrize(
    ("info", "needed", "context", "max_tokens", "expected"),
    [
        (model(), 1000, None, None, Parameters(8192, 16384)),
        (model(), 9000, None, None, Parameters(8192, 32768)),
        (model(4096), 1000, None, None, Parameters(3096, 4096)),
        (model(40960), 30000, None, None, Parameters(8192, 40960)),
        (model(131072, own=65536), 1000, None, None, Parameters(8192, 65536)),
        (model(131072), 1000, 8192, None, Parameters(7192, 8192)),
        (model(4096), 1000, None, 3500, Parameters(3500, 4096)),
        (model(4096), 4000, None, None, Parameters(256, 4096)),
        (model(4096), 4000, None, 100, Parameters(100, 4096)),
        (model(200_000, most=4096), 1000, None, 9000, Parameters(4096, 16384)),
    ],
)
def test_a_context_is_chosen_that_holds_input_and_answer(
    info: ModelInfo, needed: int, context: int | None, max_tokens: int | None, expected: Parameters
) -> None:
    given_limits = {"context": context, "max_tokens": max_tokens}
    assert budget.parameters(info, needed, chooses_context=True, **given_limits) == expected


def test_a_server_that_chooses_is_not_told_a_context() -> None:
    assert budget.parameters(model(4096), 1000, chooses_context=False) == Parameters(3096)
    assert budget.parameters(model(), 10**6, chooses_context=False) == Parameters(8192)
    asked = budget.parameters(model(4096), 1000, chooses_context=False, context=2048)
    assert asked == Parameters(1048, 2048)


def test_the_practice_model_writes_little() -> None:
    practice = ModelInfo("p", context=8192, practice=True)
    assert budget.parameters(practice, 100, chooses_context=True).max_tokens == 512


@pytest.mark.parametrize("context", [None, 2048])
def test_what_surely_does_not_fit_is_refused_before_it_is_sent(context: int | None) -> None:
    info = model(4096)
    limit = context or 4096
    fits = limit * 2
    budget.parameters(info, fits, chooses_context=True, context=context)
    with pytest.raises(ContextOverflow) as caught:
        budget.parameters(info, fits + 1, chooses_context=True, context=context)
    assert caught.value.code == "context_overflow"
    assert str(fits + 1) in caught.value.message
    assert "Nothing was sent." in caught.value.message


_SIZES = st.none() | st.integers(1, 10**6)


@given(st.integers(1, 300_000), _SIZES, _SIZES, _SIZES, st.booleans())
@settings(max_examples=300, deadline=None)
def test_limits_are_always_usable(
    needed: int, context: int | None, own: int | None, most: int | None, chooses: bool
) -> None:
    try:
        made = budget.parameters(model(context, own, most), needed, chooses_context=chooses)
    except ContextOverflow:
        assert context is not None
        return
    assert 1 <= made.max_tokens <= (most or 8192)
    assert (made.context is not None) == chooses
    if chooses and context is None:
        assert made.context is not None
        assert made.context >= needed + made.max_tokens


@pytest.mark.parametrize(
    ("read", "never_cuts", "expected"),
    [
        (None, True, CompleteInput.UNKNOWN),
        (549, True, CompleteInput.NO),
        (549, False, CompleteInput.NO),
        (551, False, CompleteInput.UNKNOWN),
        (551, True, CompleteInput.YES),
        (0, False, CompleteInput.NO),
    ],
)
def test_counts_tell_whether_the_input_was_read(
    read: int | None, never_cuts: bool, expected: CompleteInput
) -> None:
    assert budget.complete_input(Usage(read), 1000, never_cuts=never_cuts) is expected
