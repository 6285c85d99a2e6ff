from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.execution.any_kind import PATIENCE, Run, Test, run_in

from ketway.execution.fastest import default_processes

HERE = Path(__file__).parent


@pytest.fixture(params=["zygote", "spawning"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["asyncio", "uvloop"])
def loop_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def entries_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HERE))


@pytest.fixture
def run(kind: str, loop_kind: str) -> Run:
    """Runs a test's coroutine with open processes, and closes them."""

    def run(test: Test, entry: str = "process_entries:act", preload: tuple[str, ...] = ()) -> None:
        async def whole() -> None:
            processes = default_processes(entry, preload, force_spawn=kind == "spawning")
            await processes.open()
            try:
                await asyncio.wait_for(test(processes), PATIENCE)
            finally:
                await processes.close()

        run_in(loop_kind, whole())

    return run
