"""The committed coverage table is what the code, the operations and the recorded calls make it."""

from __future__ import annotations

import importlib.util
import json
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


def test_the_committed_page_is_the_computed_one(table: ModuleType) -> None:
    committed = table.PAGE.read_text(encoding="utf-8")
    assert committed == table.computed(), "stale: run script/coverage-table"


def test_every_recorded_call_has_a_row(table: ModuleType) -> None:
    recorded = json.loads(table.calls.CALLS.read_text())
    rows = set(table.calls.templates())
    for sdk in table.SDKS:
        assert set(recorded[sdk]["calls"]) <= rows, sdk


def test_a_fixed_path_is_not_taken_for_a_job_id(table: ModuleType) -> None:
    seen = table.calls.by_sdk(
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
