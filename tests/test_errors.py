from __future__ import annotations

from spectr_desktop.errors import SpectrError


def test_an_error_is_its_sentence_and_owns_its_parameters() -> None:
    params: dict[str, str | int] = {"host": "a", "status": 401}
    error = SpectrError("auth", "No entry.", params=params, detail="HTTP 401")
    params["host"] = "b"
    assert str(error) == error.message == "No entry."
    assert (error.code, error.params["host"], error.detail) == ("auth", "a", "HTTP 401")
    assert repr(error) == "SpectrError('auth', 'No entry.')"
    assert SpectrError("x", "y").params == {}
