"""pytket-qiskit: its backends find the service by IBM's variables, or are given one."""

from __future__ import annotations

import pytest

pytest_plugins = ["ibm_world"]


@pytest.fixture(scope="session")
def client() -> str:
    return "pytket-qiskit"


@pytest.fixture(autouse=True)
def pointed(recipe_a: None) -> None:
    del recipe_a


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The sampler that pytket-qiskit uses is the older of two, and so are parts of Aer."""
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("ignore:The SamplerV2 class:DeprecationWarning"))
        item.add_marker(pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"))
