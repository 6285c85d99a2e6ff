"""The committed coverage tables are what code, operations and recorded calls make them."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

CONTRACT = Path(__file__).resolve().parent / "contract"


@pytest.fixture(scope="module")
def table() -> ModuleType:
    """The module by its path: the contract tests' folder is no package, and has short names."""
    spec = importlib.util.spec_from_file_location("coverage_table", CONTRACT / "coverage_table.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path[:] = before
    return module


def test_the_committed_pages_are_the_computed_ones(table: ModuleType) -> None:
    computed = table.computed()
    assert len(computed) == 3
    for file, text in computed.items():
        assert file.read_text(encoding="utf-8") == text, "stale: run script/coverage-table"


def test_every_recorded_call_has_a_row(table: ModuleType) -> None:
    for ionq in (table.coverage_ionq_v04, table.coverage_ionq_v03):
        rows = set(ionq.CALLS.templates())
        for sdk in ionq.SDKS:
            assert set(ionq.CALLS.read()[sdk]) <= rows, sdk
    recorded = table.coverage_ibm_runtime.recorded
    rows = {f"{row['method']} {row['path']}" for row in recorded.rows()}
    for client, asked in recorded.clients().items():
        assert set(asked) <= rows, client
    for name, members in recorded.methods().items():
        for member, asked in members.items():
            assert set(asked) <= rows, f"{name}.{member}"


def test_a_fixed_path_is_not_taken_for_a_job_id(table: ModuleType) -> None:
    seen = table.coverage_ionq_v04.CALLS.by_sdk(
        [
            ("sdk", "GET", "/v0.4/jobs/estimate"),
            ("sdk", "GET", "/v0.4/jobs/0190-ab"),
            ("sdk", "PUT", "/v0.4/jobs/status/cancel"),
            ("sdk", "GET", "/v0.4/nothing"),
        ]
    )
    assert seen == {
        "sdk": ["GET /jobs/estimate", "GET /jobs/{UUID}", "GET /nothing", "PUT /jobs/status/cancel"]
    }


def test_an_operation_of_ibms_is_found_wherever_it_is_served(table: ModuleType) -> None:
    recorded = table.coverage_ibm_runtime.recorded
    lines = [
        ("client", "GET", "/experimental/api/v1/jobs/01-ab"),
        ("client Session.status", "GET", "/api/v1/sessions/01-ab"),
        ("client", "GET", "http://quantum.selfhost.test/api/v1/backends"),
        ("client", "GET", "/runtime/usage"),
        ("client", "GET", "/api/version"),
        ("client", "GET", "/nothing/at/all"),
    ]
    assert recorded.of_clients(lines) == {
        "client": [
            "GET /api/version",
            "GET /backends",
            "GET /jobs/{id}",
            "GET /nothing/at/all",
            "GET /runtime/usage",
            "GET /sessions/{id}",
        ]
    }
    assert recorded.of_methods(lines) == {"Session.status": ["GET /sessions/{id}"]}
