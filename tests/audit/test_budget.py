from __future__ import annotations

from dataclasses import replace

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
    made = budget.parameters(
        info, needed, chooses_context=True, context=context, max_tokens=max_tokens
    )
    assert made == expected


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
    ("read", "counted", "strict", "expected"),
    [
        (None, None, False, CompleteInput.UNKNOWN),
        (None, None, True, CompleteInput.YES),
        (None, 800, False, CompleteInput.UNKNOWN),
        (549, None, True, CompleteInput.NO),
        (549, None, False, CompleteInput.NO),
        (551, None, False, CompleteInput.UNKNOWN),
        (551, None, True, CompleteInput.YES),
        (0, None, False, CompleteInput.NO),
        # A count decides, also where our estimate was far off.
        (400, 400, False, CompleteInput.YES),
        (400, 405, False, CompleteInput.YES),
        (400, 420, False, CompleteInput.UNKNOWN),
        (400, 800, True, CompleteInput.NO),
    ],
)
def test_counts_tell_whether_the_input_was_read(
    read: int | None, counted: int | None, strict: bool, expected: CompleteInput
) -> None:
    found = budget.complete_input(Usage(read), 1000, counted=counted, strict=strict)
    assert found is expected


def test_a_model_keeps_the_context_that_it_is_loaded_with() -> None:
    def context(needed: int, loaded: int | None, own: int | None = None) -> int | None:
        info = replace(model(131072, own), loaded_context=loaded)
        return budget.parameters(info, needed, chooses_context=True).context

    assert context(1000, None) == 16384
    assert context(1000, 24576) == 24576  # no reload
    assert context(1000, 65536) == 65536
    assert context(1000, 4096) == 16384  # too small for the answer
    assert context(30000, 24576) == 49152
    assert context(1000, 24576, own=32768) == 32768


def test_a_context_that_is_asked_for_stays_within_the_models_bounds() -> None:
    def context(asked: int) -> int | None:
        info = model(40960, 8192)
        return budget.parameters(info, 100, chooses_context=True, context=asked).context

    assert (context(2048), context(9000), context(10**6)) == (8192, 9000, 40960)


def test_a_count_is_believed_where_an_estimate_is_not() -> None:
    info = model(4096)
    budget.parameters(info, 5000, chooses_context=True)
    assert budget.parameters(info, 4000, chooses_context=True, counted=True).max_tokens == 256
    for needed in (4096, 5000):
        with pytest.raises(ContextOverflow, match=f"needs {needed} tokens"):
            budget.parameters(info, needed, chooses_context=True, counted=True)
