"""pennylane-qiskit: its device takes a backend of IBM's client, found by recipe A."""

from __future__ import annotations

import pytest

pytest_plugins = ["ibm_world"]


@pytest.fixture(scope="session")
def client() -> str:
    return "pennylane-qiskit"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The primitives that pennylane-qiskit uses are the older of two."""
    for item in items:
        for name in ("SamplerV2", "EstimatorV2"):
            ignored = f"ignore:The {name} class:DeprecationWarning"
            item.add_marker(pytest.mark.filterwarnings(ignored))
