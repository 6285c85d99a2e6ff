from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.execution.any_kind import PATIENCE, Run, Test, run_in
from tests.execution.zygotes import until_spares

from ketway.execution.fastest import default_processes
from ketway.execution.zygote import ZygoteProcesses

HERE = Path(__file__).parent


@pytest.fixture(params=["zygote-uvloop", "spares-uvloop", "spawning-uvloop", "spawning-asyncio"])
def way(request: pytest.FixtureRequest) -> str:
    """A kind of process and a kind of loop, as they come together: Linux, macOS, Windows.
    `spares`: of a zygote that has children waiting when a test begins."""
    return str(request.param)


@pytest.fixture
def kind(way: str) -> str:
    return way.partition("-")[0]


@pytest.fixture
def loop_kind(way: str) -> str:
    return way.partition("-")[2]


@pytest.fixture
def entries_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HERE))


@pytest.fixture
def run(kind: str, loop_kind: str) -> Run:
    """Runs a test's coroutine with open processes, and closes them."""

    def run(test: Test, entry: str = "process_entries:act", preload: tuple[str, ...] = ()) -> None:
        async def whole() -> None:
            processes = default_processes(
                entry,
                preload,
                rehearsal="process_entries:rehearse" if kind == "spares" else None,
                force_spawn=kind == "spawning",
            )
            await processes.open()
            if isinstance(processes, ZygoteProcesses) and kind == "spares":
                await until_spares(processes)
            try:
                await asyncio.wait_for(test(processes), PATIENCE)
            finally:
                await processes.close()

        run_in(loop_kind, whole())

    return run
