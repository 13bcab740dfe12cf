"""A real llama-server with the practice model, for all tests of a session."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import pytest

from spectr_desktop.providers.engine_files import PRACTICE_ID, find_model, find_program
from spectr_desktop.providers.engine_process import Launch, start

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONTEXT = 4096
_IDLE_WITHIN_S = 60


@dataclass(frozen=True)
class Engine:
    """The server under test: where it is, and what it is doing."""

    base_url: str
    model: str = PRACTICE_ID
    context: int = _CONTEXT

    async def slots_idle(self) -> bool:
        """The server itself says that it is processing nothing."""
        async with httpx.AsyncClient(trust_env=False) as client:
            slots = (await client.get(self.base_url + "/slots")).json()
        return not any(slot["is_processing"] for slot in slots)

    async def until_idle(self) -> None:
        """Ask until it is idle; the server answers between two steps, so that it sets the pace."""
        async with asyncio.timeout(_IDLE_WITHIN_S):
            while not await self.slots_idle():
                pass


def launch(context: int = _CONTEXT) -> Launch:
    """How to start an engine that asks for no key."""
    return Launch(find_program(), find_model(""), context)


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One engine a worker; tests that use it carry `xdist_group("engine")` to share a worker."""
    with pytest.MonkeyPatch.context() as patch:
        # No test's own storage exists yet, and the user's must not be written to.
        patch.setenv("SPECTR_HOME", str(tmp_path_factory.mktemp("engine")))
        process = asyncio.run(start(launch()))
    yield Engine(process.base_url)
    asyncio.run(process.stop())
