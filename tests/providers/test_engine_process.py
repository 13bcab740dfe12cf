"""An engine is started, drained, awaited and ended, whatever it does."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import TYPE_CHECKING

import httpx
import pytest

from spectr_desktop import paths
from spectr_desktop.providers import engine_process
from spectr_desktop.providers.engine_files import find_model, find_program
from spectr_desktop.providers.engine_process import EngineProcess, Launch, start
from spectr_desktop.providers.errors import EngineFailed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.providers.conftest import Watch

pytestmark = pytest.mark.usefixtures("fake_program")


@pytest.fixture
def launch(model_file: Path) -> Launch:
    return Launch(find_program(), find_model(str(model_file)), 512, key="a-key")


def _notes() -> list[Path]:
    return list((paths.data() / "engines").iterdir())


async def test_an_engine_starts_answers_and_ends(launch: Launch, watch: Watch) -> None:
    engine = await start(launch)
    assert engine.alive
    assert len(_notes()) == 1
    await engine.stop()
    await watch.gone.wait()
    assert not engine.alive
    assert not _notes()
    await engine.stop()


async def test_keys_stay_here_and_the_engines_own_is_handed_over(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "secret")
    engine = await start(launch)
    async with httpx.AsyncClient(trust_env=False) as client:
        seen = (await client.get(engine.base_url)).json()["environment"]
    await engine.stop()
    assert seen["LLAMA_API_KEY"] == "a-key"
    assert "secret" not in seen.values()
    assert not any("a-key" in word for word in launch.command(1, ()))


async def test_the_last_words_of_an_engine_that_dies_are_the_detail(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_ENGINE", "dies")
    with pytest.raises(EngineFailed, match="did not start") as caught:
        await start(launch)
    assert caught.value.code == "engine_failed"
    assert caught.value.detail.endswith("error loading model: tensors are missing")
    assert not _notes()


async def test_an_engine_that_does_not_know_a_flag_is_started_without_it(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_ENGINE", "old")
    engine = await start(launch)
    assert engine.alive
    await engine.stop()


async def test_a_taken_port_is_given_up_for_another(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = [taken.getsockname()[1], engine_process.free_port()]
        monkeypatch.setattr(engine_process, "free_port", lambda: ports.pop(0))
        engine = await start(launch)
        await engine.stop()
    assert ports == []


async def test_taken_ports_are_not_tried_for_ever(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(engine_process, "free_port", lambda: tried.append(port) or port)
        with pytest.raises(EngineFailed) as caught:
            await start(launch)
    assert len(tried) == 4
    assert "couldn't bind" in caught.value.detail


async def test_stop_while_loading_kills_the_engine(
    launch: Launch, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_ENGINE", "slow deaf")
    loading = asyncio.create_task(start(launch))
    await watch.started.wait()
    loading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loading
    await watch.gone.wait()
    assert not _notes()


async def test_an_engine_that_does_not_want_to_end_is_killed(
    launch: Launch, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_ENGINE", "deaf")
    monkeypatch.setattr(engine_process, "_GRACE_S", 0.05)
    engine = await start(launch)
    await watch.started.wait()
    await engine.stop()
    await watch.gone.wait()


async def test_output_never_blocks_and_only_its_end_is_kept(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_ENGINE", "talks")
    engine = await start(launch)
    await engine.stop()
    assert len(engine.output) == 200
    assert engine.output[-1].startswith("line 9999")


async def test_what_cannot_be_started_fails(
    launch: Launch, fake_program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_process, "guarded", lambda command: command)
    fake_program.unlink()  # noqa: ASYNC240  # nothing else runs
    with pytest.raises(EngineFailed) as caught:
        await start(launch)
    assert "No such file" in caught.value.detail


def test_a_frozen_programs_libraries_stay_its_own(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_process.sys, "frozen", True, raising=False)
    monkeypatch.setenv("LD_LIBRARY_PATH", "/bundle")
    assert "LD_LIBRARY_PATH" not in launch.environment()
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "/usr/local/lib")
    assert launch.environment()["LD_LIBRARY_PATH"] == "/usr/local/lib"


async def test_an_engine_killed_by_others_is_noticed(launch: Launch) -> None:
    engine = await start(launch)
    os.kill(engine.pid, 9)
    await engine.ended()
    assert not engine.alive
    await engine.stop()


def test_an_engine_that_cannot_be_watched_is_not_left_behind(
    launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def refuse(process: object) -> None:
        seen.append(process.pid)  # pyright: ignore[reportAttributeAccessIssue]
        raise OSError("no job")

    monkeypatch.setattr(engine_process, "watched", refuse)
    port = engine_process.free_port()
    with pytest.raises(OSError, match="no job"):
        EngineProcess(launch.command(port, ()), launch.environment(), port)
    with pytest.raises(ProcessLookupError):
        os.kill(seen[0], 0)


def test_the_child_gets_nobodys_secrets(launch: Launch, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = (
        "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENAI_KEY", "HF_TOKEN", "AWS_SECRET_ACCESS_KEY",
        "SOME_PASSWORD", "https_proxy", "HTTP_PROXY", "ALL_PROXY", "LLAMA_ARG_HF_REPO",
        "LLAMA_ARG_MODEL_URL",
    )  # fmt: skip
    for name in secret:
        monkeypatch.setenv(name, "SECRET")
    monkeypatch.setenv("LLAMA_ARG_THREADS", "2")
    environment = launch.environment()
    assert [name for name, value in environment.items() if value == "SECRET"] == []
    assert environment["LLAMA_ARG_THREADS"] == "2"
    assert environment["LLAMA_API_KEY"] == "a-key"
    assert environment["LLAMA_OFFLINE"] == "1"
    assert environment["PATH"]
