"""Clients before 0.41, by the channel that IBM has closed: `url` and `token` are all they take."""

from __future__ import annotations

from typing import Any

import pytest
import serving

pytest_plugins = ["ibm_world"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """That these clients are old is known."""
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("ignore::DeprecationWarning"))


@pytest.fixture(scope="session")
def legacy(server: serving.Server) -> Any:
    """Signed in once: the service keeps nothing of a test."""
    from qiskit_ibm_runtime import QiskitRuntimeService

    return QiskitRuntimeService(channel="ibm_quantum", token="mine", url=f"{server.url}/api")


@pytest.fixture(params=["ibmq_qasm_simulator", "simulator", "ibm_torino"])
def backend(request: pytest.FixtureRequest, legacy: Any) -> Any:
    """One of IBM's simulators, one of IonQ's, and a machine with its noise."""
    return legacy.backend(request.param)


@pytest.fixture
def machine(legacy: Any) -> Any:
    return legacy.backend("ibm_torino")
