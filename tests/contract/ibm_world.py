"""What the suites of IBM's clients share, as a plugin of pytest: one Ketway for the whole session,
in its own process, the variables that lead to it, and a world that ends at this machine."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import recorded
import recording
import serving
import wiretap
import world_of_tests

TAP = wiretap.Wiretap()
SDK_VARIABLES = ("QISKIT", "IAM_", "GLOBAL_", "IBM_", "QE_", "USAGE_DATA", "REQUESTS_CA", "CURL_CA")
WORLD = tempfile.TemporaryDirectory(prefix="ketway-contract-ibm-")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--record",
        action="store_true",
        help="write what the client called in this run (a complete one): ibm_clients.json, and "
        "of qiskit-ibm-runtime methods.json",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Before the SDK is imported."""
    del config
    world_of_tests.close(Path(WORLD.name) / "home", SDK_VARIABLES, TAP)


@pytest.fixture(scope="session")
def server() -> Iterator[serving.Server]:
    running = serving.start(Path(WORLD.name) / "server")
    yield running
    alive = running.process.poll() is None
    code = running.stop()
    log = serving.tail(running.log)
    assert alive, f"Ketway ended by itself, with exit code {code}.\n{log}"
    assert code == 0, f"Ketway ended with exit code {code} after SIGTERM.\n{log}"
    assert "Traceback" not in log, log


def told(url: str, *options: str) -> dict[str, str]:
    """IBM's variables, as `ketway env` gives them to a user."""
    command = [serving.ketway_python(), "-m", "ketway", "env", "--json", "--url", url, *options]
    done = subprocess.run(command, env=serving.environment(), capture_output=True, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return {name: value for name, value in found.items() if name.startswith(SDK_VARIABLES[:3])}


@pytest.fixture(scope="session")
def variables(server: serving.Server) -> dict[str, str]:
    return told(server.url)


@pytest.fixture(scope="session")
def client() -> str:
    """Whose requests these are: the name of a package."""
    return "qiskit-ibm-runtime"


@pytest.fixture(autouse=True)
def named(client: str) -> Iterator[None]:
    TAP.sdk = client
    yield
    TAP.sdk = None


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test sets the variables that its recipe needs."""
    for name in list(os.environ):
        if name.startswith(SDK_VARIABLES):
            monkeypatch.delenv(name)


@pytest.fixture
def recipe_a(variables: dict[str, str], bare: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but variables of the environment."""
    del bare
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def service(recipe_a: None) -> Any:
    """By recipe A. Each test has one of its own: a service keeps the configuration of a backend,
    and what `use_fractional_gates` has once taken out of it."""
    from qiskit_ibm_runtime import QiskitRuntimeService

    del recipe_a
    return QiskitRuntimeService()


def pytest_sessionfinish(session: pytest.Session) -> None:
    seen = recorded.of_clients(TAP.lines)
    recording.finish(
        session,
        recorded.CLIENTS,
        seen,
        missing=recorded.missing,
        write=recorded.write_clients,
    )
