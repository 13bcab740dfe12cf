from __future__ import annotations

import pytest

from spectr_desktop.errors import SpectrError
from spectr_desktop.records.server import ServerConfig
from spectr_desktop.records.settings import SavedServer
from spectr_desktop.store.settings_servers import (
    check_field,
    check_server,
    ids_of,
    new_id,
    read_servers,
)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("base_url", "http://127.0.0.1:11434"),
        ("base_url", "localhost:8080/v1"),
        ("base_url", "https://[::1]:8443/v1/"),
        ("base_url", "https://api.example/client/v4/ai/@cf/meta/v1"),
        ("proxy", "http://proxy.example:3128"),
        ("proxy", "proxy:3128"),
        ("keep_alive", "1h30m"),
        ("keep_alive", "-1"),
        ("ca_file", "/etc/mit Leerzeichen & 'ü'.pem"),
        ("model_file", "C:\\models\\x.gguf"),
        ("name", "GPU im Büro"),
        ("parallel", 64),
        ("parallel", None),
        ("proxy", ""),
    ],
)
def test_what_a_server_may_have(field: str, value: object) -> None:
    check_field(field, value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("base_url", "ftp://x"),
        ("base_url", "http://"),
        ("base_url", "http://[::1"),
        ("base_url", "http://x:port"),
        ("base_url", "https://x/v1?key=abc"),
        ("base_url", "https://x/v1#abc"),
        ("base_url", "http://two words"),
        ("base_url", "http://x\n"),
        ("proxy", "socks5://x:1"),
        ("keep_alive", "a while"),
        ("ca_file", "undecodable\udcff"),
        ("ca_file", "null\0"),
        ("name", "x" * 101),
        ("name", 7),
        ("parallel", 0),
        ("parallel", 65),
        ("parallel", True),
        ("parallel", "2"),
    ],
)
def test_what_a_server_may_not_have(field: str, value: object) -> None:
    with pytest.raises(SpectrError) as caught:
        check_field(field, value)
    assert caught.value.params == {"field": field}


@pytest.mark.parametrize("field", ["base_url", "proxy"])
@pytest.mark.parametrize(
    "address",
    [
        "http://me:geheim@host:1",
        "me:geheim@host",
        "geheim@host",
        "http://me:geheim/x@host",
        "http:\\\\me:geheim@host",
    ],
)
def test_a_password_in_an_address_is_refused_and_not_repeated(field: str, address: str) -> None:
    with pytest.raises(SpectrError) as caught:
        check_field(field, address)
    assert "password" in caught.value.message
    assert "geheim" not in repr(caught.value) + str(caught.value.params)


def test_a_server_of_no_known_kind_is_refused() -> None:
    check_server(SavedServer("a", ServerConfig("ollama")))
    with pytest.raises(SpectrError, match="ollama, anthropic, openai, builtin"):
        check_server(SavedServer("a", ServerConfig("gopher")))


def test_new_ids_differ() -> None:
    assert len({new_id() for _ in range(100)}) == 100


def test_a_table_without_an_id_has_the_same_one_each_time() -> None:
    entries = [{"provider": "ollama"}, {"provider": "ollama"}, {"id": "a"}, {"id": "a"}, {"id": 7}]
    ids = ids_of(entries)
    assert ids == ids_of(entries)
    assert len(set(ids)) == 5
    assert ids[2] == "a"


def test_a_server_is_read_whole() -> None:
    problems: list[str] = []
    entry = {
        "id": "a",
        "provider": "openai",
        "name": "Büro",
        "base_url": "https://x/v1",
        "parallel": 3,
        "proxy": "http://p:1",
        "ca_file": "/ca.pem",
        "enabled": False,
        "of_a_newer_version": 1,
    }
    config = ServerConfig("openai", "https://x/v1", "", 3, "", "http://p:1", "/ca.pem", "Büro")
    assert read_servers([entry], problems) == (SavedServer("a", config, enabled=False),)
    assert problems == []
    assert read_servers(None, problems) == ()


def test_a_server_that_would_lead_elsewhere_is_off() -> None:
    problems: list[str] = []
    (server,) = read_servers(
        [{"id": "a", "provider": "openai", "proxy": "http://me:geheim@p:1"}], problems
    )
    assert not server.enabled
    assert server.config.proxy == ""
    assert "password" in problems[0]
    assert "geheim" not in problems[0]


def test_a_limit_that_is_wrong_is_the_default() -> None:
    problems: list[str] = []
    (server,) = read_servers([{"id": "a", "provider": "ollama", "parallel": "many"}], problems)
    assert server.enabled
    assert server.config.parallel is None
    assert "`parallel`" in problems[0]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (7, 0),
        ("x", 0),
        ({"provider": "ollama"}, 1),
        ([1, {"provider": "ollama"}], 1),
        ([{"provider": "gopher"}], 0),
        ([{}], 0),
        ([{"provider": ["ollama"]}], 0),
        ([{"provider": "ollama", "enabled": "yes"}], 1),
    ],
)
def test_what_is_no_server_is_told_of(value: object, kept: int) -> None:
    problems: list[str] = []
    assert len(read_servers(value, problems)) == kept
    assert len(problems) == (value != {"provider": "ollama"})
