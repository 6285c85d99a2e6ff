"""Requests made up from our own documents, against a real server: whatever is sent, the answer is
one that the document promises, and never a fault of ours.

Ids in paths are mostly those of jobs that exist, so that more than the 404 is reached.
"""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.acceptance.serving import BELL, Server

from ketway.dialects.control import routes as control
from ketway.dialects.ionq_v04 import routes as ionq_v04

SEED = 20260804
CHECKS = [
    checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
bounded = settings(
    max_examples=30,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def jobs(shared: Server) -> list[str]:
    """A job of one circuit, one of several, a circuit of that, one that failed."""
    client = shared.client()
    single = client.submit(BELL)
    several = client.submit({"gateset": "qis", "circuits": [BELL, BELL]}, "ionq.multi-circuit.v1")
    wide = {"qubits": 99, "gateset": "qis", "circuit": [{"gate": "t", "target": 0}]}
    failed = client.submit(wide)
    for job_id in (single, several, failed):
        client.ended(job_id)
    return [single, several, *client.job(several)["child_ids"][:1], failed]


def with_real_ids(case: Any, jobs: list[str]) -> None:
    """Three of four times, by what was made up; never to delete."""
    given = case.path_parameters or {}
    for name in ("UUID", "id"):
        if name in given and case.method != "DELETE":
            place = sum(str(given[name]).encode()) % (len(jobs) + 1)
            given[name] = [*jobs, given[name]][place]


def check(shared: Server, document: str, method: str, path: str, jobs: list[str]) -> None:
    operation = schemathesis.openapi.from_url(f"{shared.url}{document}")[path][method]

    @seed(SEED)
    @bounded
    @given(case=operation.as_strategy())
    def any_request(case: Any) -> None:
        with_real_ids(case, jobs)
        case.call_and_validate(checks=CHECKS, timeout=30)

    any_request()


def operations(mounted: Any) -> list[tuple[str, str]]:
    """All of a dialect's; its services are not asked anything here."""
    return [(operation.method, operation.path) for operation in mounted.operations()]


@pytest.mark.parametrize(("method", "path"), operations(ionq_v04.Routes(None, None, None, None)))  # type: ignore[arg-type]
def test_ionq_v04_is_as_documented(shared: Server, jobs: list[str], method: str, path: str) -> None:
    check(shared, "/v0.4/api-docs", method, path, jobs)


@pytest.mark.parametrize(
    ("method", "path"),
    operations(control.Routes(None, None, None, None, lambda: None, lambda: None)),  # type: ignore[arg-type,return-value]
)
def test_control_is_as_documented(shared: Server, jobs: list[str], method: str, path: str) -> None:
    check(shared, "/ketway/v1/openapi.json", method, path, jobs)
