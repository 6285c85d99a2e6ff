"""The calls of v0.1 and v0.2 that pytket-ionq 0.23 makes, the last client that knows them.

It asks v0.2 for the backends, and v0.1 for the rest (pytket/extensions/ionq/backends/ionq.py).
There, a job has its histogram with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from starlette.responses import Response

from ketway.dialects.http import Call, Dialect, Operation, reply
from ketway.dialects.ionq.asking import job_of, key_of
from ketway.dialects.ionq.outcomes import probabilities
from ketway.dialects.ionq.wire import JobOperationResponse
from ketway.dialects.ionq_v03 import devices, errors, showing
from ketway.dialects.ionq_v03.routes import submitted
from ketway.dialects.ionq_v03.wire import BackendObject, BackendsQuery, CreateJob, JobCreated
from ketway.jobs.ids import now
from ketway.jobs.job import State
from ketway.service.accounts import Accounts
from ketway.service.backends import Backends
from ketway.service.jobs import Jobs


class Data(msgspec.Struct):
    histogram: dict[int, float]


class JobWithData(msgspec.Struct, kw_only=True):
    id: str
    status: str
    target: str
    qubits: int
    data: Data | UnsetType = UNSET
    failure: Any = UNSET


class Legacy:
    def __init__(self, jobs: Jobs, backends: Backends) -> None:
        self._jobs = jobs
        self._backends = backends

    async def create(self, call: Call) -> Response:
        return reply(await submitted(self._jobs, call))

    async def get(self, call: Call) -> Response:
        job = job_of(self._jobs, call)
        shown = JobWithData(
            id=job.id,
            status=showing.status_of(job.state),
            target=job.backend,
            qubits=job.qubits,
            failure=showing.show(job, self._jobs.child_ids).failure,
        )
        if job.state is State.COMPLETED and not job.children and not job.dry_run:
            result = (await self._jobs.answer(job)).result()
            if result is not None:
                shown.data = Data(probabilities(result))
        return reply(shown)

    async def cancel(self, call: Call) -> Response:
        job = await self._jobs.cancel(call.principal, job_of(self._jobs, call).id)
        return reply(JobOperationResponse(job.id, "canceled"))

    async def backends(self, _call: Call) -> Response:
        at, query = now(), BackendsQuery()
        return reply(
            [devices.backend_object(found, at, query) for found in self._backends.list("ionq")]
        )

    def operations(self) -> Sequence[Operation]:
        job = "/jobs/{UUID}"
        # fmt: off
        return (
            Operation("GET", "/backends", "getBackends", self.backends, "All backends",
                      answer=list[BackendObject], public=True),
            # With a slash at the end, as pytket-ionq writes it, and without.
            Operation("POST", "/jobs/", "createJob", self.create, "Create a job",
                      body=CreateJob, answer=JobCreated),
            Operation("POST", "/jobs", "createJobWithoutSlash", self.create, "Create a job",
                      body=CreateJob, answer=JobCreated),
            Operation("GET", job, "getJob", self.get, "One job, with its results",
                      answer=JobWithData),
            Operation("PUT", job + "/status/cancel", "cancelJob", self.cancel, "Cancel a job",
                      answer=JobOperationResponse),
        )
        # fmt: on

    def dialect(self, accounts: Accounts, max_body: int) -> Dialect:
        return Dialect(self.operations(), accounts, errors.speak, key_of, max_body)
