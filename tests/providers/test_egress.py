from __future__ import annotations

import pytest

from spectr_desktop.providers.egress import EgressGuard, is_loopback_host
from spectr_desktop.providers.errors import EgressRefused
from spectr_desktop.records.server import Locality, ModelInfo


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost", "LocalHost", "::ffff:127.0.0.1"],
)
def test_what_is_this_machine(host: str) -> None:
    assert is_loopback_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "10.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "0.0.0.0", "::", "2130706433", "0x7f.1",  # noqa: S104
        "127.1", "localhost.", "localhost.evil.org", "127.0.0.1.evil.org", "localhost.localdomain",
        "ip6-localhost", "", "fe80::1%lo", "１２７.0.0.1",  # noqa: RUF001
    ],
)  # fmt: skip
def test_what_only_looks_like_it(host: str) -> None:
    assert not is_loopback_host(host)
    guard = EgressGuard(air_gap=True)
    with pytest.raises(EgressRefused) as caught:
        guard.check(host, target=host, allowed=frozenset({host}))
    assert caught.value.code == "air_gap"


def test_a_proxy_on_this_machine_is_no_way_round() -> None:
    guard = EgressGuard(air_gap=True)
    allowed = frozenset({"api.example.org", "127.0.0.1"})
    with pytest.raises(EgressRefused, match=r"api\.example\.org was not contacted"):
        guard.check("127.0.0.1", target="api.example.org", allowed=allowed)
    guard.air_gap = False
    guard.check("127.0.0.1", target="api.example.org", allowed=allowed)


def test_a_host_that_nobody_named_is_refused_in_any_mode() -> None:
    guard = EgressGuard()
    with pytest.raises(EgressRefused) as caught:
        guard.check("169.254.169.254", target="a", allowed=frozenset({"a"}))
    assert caught.value.code == "egress"


def test_refusals_are_counted_and_told() -> None:
    guard = EgressGuard(air_gap=True)
    told: list[int] = []
    guard.on_refused = lambda: told.append(guard.refusals)
    for host in ("a", "b"):
        with pytest.raises(EgressRefused):
            guard.check(host, target=host, allowed=frozenset({host}))
    guard.check("127.0.0.1", target="127.0.0.1", allowed=frozenset({"127.0.0.1"}))
    assert told == [1, 2]


@pytest.mark.parametrize(
    ("model", "locality", "refused"),
    [
        (ModelInfo("m"), Locality.LOCAL, False),
        (ModelInfo("m"), Locality.LOCAL_PORT, False),
        (ModelInfo("m"), Locality.REMOTE, True),
        (ModelInfo("m:cloud", remote=True), Locality.LOCAL, True),
    ],
)
def test_a_local_server_may_not_forward(
    model: ModelInfo, locality: Locality, refused: bool
) -> None:
    guard = EgressGuard(air_gap=True)
    if refused:
        with pytest.raises(EgressRefused):
            guard.check_model(model, locality)
    else:
        guard.check_model(model, locality)
    assert guard.refusals == refused
    EgressGuard().check_model(model, locality)
