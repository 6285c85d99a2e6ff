"""What the suites of IonQ's SDKs share, as a plugin of pytest: one Ketway for the whole session, in
its own process; and a world that ends at this machine."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import serving
import wiretap
import world_of_tests

KEY = "contract-tests"
TAP = wiretap.Wiretap()
SDK_VARIABLES = ("IONQ", "QISKIT", "CIRQ", "PENNYLANE", "PYTKET")
WORLD = tempfile.TemporaryDirectory(prefix="ketway-contract-")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--record",
        action="store_true",
        help="write calls.json: which operations each SDK called in this run (a complete one)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Before any SDK is imported: no settings of the person who runs this, and no way out."""
    del config
    world_of_tests.close(Path(WORLD.name) / "home", SDK_VARIABLES, TAP)


@pytest.fixture(scope="session", autouse=True)
def world() -> Iterator[Path]:
    """An empty working folder: qiskit-ionq looks for a `.env` file."""
    before = Path.cwd()
    folder = Path(WORLD.name) / "work"
    folder.mkdir()
    os.chdir(folder)
    yield folder
    os.chdir(before)


@pytest.fixture(scope="session")
def server(world: Path) -> Iterator[serving.Server]:
    del world
    running = serving.start(Path(WORLD.name) / "server")
    yield running
    alive = running.process.poll() is None
    code = running.stop()
    log = serving.tail(running.log)
    assert alive, f"Ketway ended by itself, with exit code {code}.\n{log}"
    assert code == 0, f"Ketway ended with exit code {code} after SIGTERM.\n{log}"


@pytest.fixture(scope="session")
def key() -> str:
    return KEY


@pytest.fixture(scope="session")
def tap() -> wiretap.Wiretap:
    return TAP


@pytest.fixture(autouse=True)
def named(request: pytest.FixtureRequest) -> Iterator[None]:
    """Tell the wiretap whose requests these are."""
    TAP.sdk = getattr(request.module, "SDK", None)
    yield
    TAP.sdk = None
