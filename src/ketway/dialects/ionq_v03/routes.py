"""The endpoints of IonQ's API v0.3."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec
from starlette.responses import Response

from ketway.dialects.http import BadBodyError, Call, Dialect, Operation, encoded, reply
from ketway.dialects.ionq.asking import APART, cursor, ids_of, job_of, key_of, page_size
from ketway.dialects.ionq.devices import CALIBRATED, calibration, calibrations, named, newest
from ketway.dialects.ionq.mitigation import aggregation_of
from ketway.dialects.ionq.outcomes import by_circuit, probabilities
from ketway.dialects.ionq.wire import (
    CalibrationsQuery,
    JobOperationResponse,
    JobsBulkOperationRequest,
    JobsOperationResponse,
)
from ketway.dialects.ionq_v03 import devices, errors, reporting, showing
from ketway.dialects.ionq_v03.submitting import submission_of
from ketway.dialects.ionq_v03.wire import (
    BackendObject,
    BackendsQuery,
    CharacterizationObject,
    CharacterizationsQuery,
    CharacterizationsResponse,
    CreateJob,
    DeleteQuery,
    FieldsQuery,
    GetJobsQuery,
    GetJobsResponse,
    JobCreated,
    JobObject,
    Report,
    ReportQuery,
    ResultsQuery,
    seconds,
)
from ketway.dialects.openapi import document
from ketway.jobs.ids import now
from ketway.jobs.job import Job, State
from ketway.jobs.results import Result
from ketway.service.accounts import Accounts
from ketway.service.backends import Backends
from ketway.service.errors import NotCompletedError, NotFoundError, RefusedError
from ketway.service.jobs import Jobs
from ketway.service.usage import Usage
from ketway.store.queries import Filter

QUANTUM_LOG = "qir.quantum-log.v0"
"""What CUDA-Q asks for results in: shots that were taken, also of the ideal simulator."""
FORMATS = (QUANTUM_LOG, "ionq.result.probabilities.json.v1")

_body = msgspec.json.Decoder(JobsBulkOperationRequest)


class Routes:
    def __init__(self, jobs: Jobs, backends: Backends, usage: Usage) -> None:
        self._jobs = jobs
        self._backends = backends
        self._usage = usage
        self._document: bytes = b""

    # -- jobs ---------------------------------------------------------------------------------

    async def create(self, call: Call) -> Response:
        """The job is on the disk when this is answered. Its form was checked; what its target
        cannot do makes a job that has failed, with a code."""
        return reply(await submitted(self._jobs, call))

    async def list(self, call: Call) -> Response:
        """Newest first; children only where `id` asks for them."""
        query: GetJobsQuery = call.query
        page = await self._jobs.page(
            call.principal,
            Filter(
                ids=query.id if query.ids is None else query.ids,
                states=None if query.status is None else [showing.state_of(query.status)],
                backends=None if query.target is None else query.target.split(","),
                user_id=query.submitter_id,
                before=cursor(query.next),
                limit=page_size(query.limit),
            ),
        )
        shown = GetJobsResponse(
            [showing.chosen(showing.show(job, self._jobs.child_ids), query) for job in page.jobs]
        )
        # Left out on the last page: cirq-ionq 1.5 asks on until it is (ionq_client.py, `_list`).
        if page.next is not None:
            shown.next = page.next
        return reply(shown)

    async def get(self, call: Call) -> Response:
        shown = showing.show(self._job(call), self._jobs.child_ids)
        return reply(showing.chosen(shown, call.query))

    async def delete(self, call: Call) -> Response:
        """A job that still runs is canceled first. Its children, payload and results go with it."""
        job = self._job(call)
        await self._jobs.delete(call.principal, [job.id])
        return reply(JobOperationResponse(job.id, "deleted"))

    async def delete_many(self, call: Call) -> Response:
        """Their ids in the body, or as `ids` in the query. All or none: if one of them is not
        there, nothing is deleted."""
        query: DeleteQuery = call.query
        wanted = ids_of(query.ids or _ids_in(call.raw))
        await self._jobs.delete(call.principal, wanted)
        return reply(JobsOperationResponse(wanted, "deleted"))

    async def cancel(self, call: Call) -> Response:
        """Answered when the job's process is dead. A job that is final stays what it is."""
        job = await self._jobs.cancel(call.principal, self._job(call).id)
        return reply(JobOperationResponse(job.id, "canceled"))

    async def cancel_many(self, call: Call) -> Response:
        wanted = ids_of(call.body.ids)
        for job_id in wanted:
            self._jobs.get(call.principal, job_id)
        await asyncio.gather(*(self._jobs.cancel(call.principal, job_id) for job_id in wanted))
        return reply(JobsOperationResponse(wanted, "canceled"))

    # -- results ------------------------------------------------------------------------------

    async def results(self, call: Call) -> Response:
        """Of several circuits, keyed by child job in the order of the circuits. `sharpen` changes
        nothing where nothing was debiased."""
        job, query = self._job(call), call.query
        if query.format not in (None, *FORMATS):
            raise RefusedError(
                f"unknown format {query.format[:40]!r}: use {', '.join(FORMATS)}", "format"
            )
        answer = await self._jobs.answer(job)
        how = aggregation_of(query.sharpen)
        if job.children:
            ids = self._jobs.child_ids(job)
            return encoded(
                await asyncio.to_thread(
                    lambda: by_circuit(ids, (answer.aggregated(how, i) for i in range(len(ids))))
                )
            )
        # What multiplies shares by shots, to get counts, gets those that were taken.
        result = answer.result() if query.format else answer.aggregated(how)
        if result is None:
            raise NotCompletedError(
                f"Job {job.id} has no result: it is {showing.status_of(job.state)}."
            )

        def write() -> bytes:
            return msgspec.json.encode(_values(result, job, query.format))

        if len(result) + result.total > APART:
            return encoded(await asyncio.to_thread(write))
        return encoded(write())

    # -- backends -----------------------------------------------------------------------------

    async def backends(self, call: Call) -> Response:
        at = now()
        found = self._backends.list("ionq")
        return reply([devices.backend_object(backend, at, call.query) for backend in found])

    async def characterizations(self, call: Call) -> Response:
        device = self._backends.get(call.path("backend"), "ionq").device
        return reply(devices.characterizations(device, call.query, now()))

    async def current(self, call: Call) -> Response:
        device = self._backends.get(call.path("backend"), "ionq").device
        return reply(devices.characterization(newest(device, now())))

    async def characterization(self, call: Call) -> Response:
        """Of any device: a few digests tell whose it is."""
        wanted = call.path("UUID")
        for backend in self._backends.list("ionq"):
            with suppress(NotFoundError):
                return reply(devices.characterization(named(backend.device, wanted, now())))
        raise NotFoundError(f"There is no characterization {wanted[:80]}.")

    async def calibration(self, _call: Call) -> Response:
        """Not v0.3's: cirq-ionq 1.5 asks every version for it (ionq_client.py)."""
        return reply(calibration(newest(self._backends.get(CALIBRATED).device, now())))

    async def calibrations(self, call: Call) -> Response:
        return reply(calibrations(self._backends.get(CALIBRATED).device, call.query, now()))

    # -- the rest -----------------------------------------------------------------------------

    async def report(self, call: Call) -> Response:
        """What the project ran, by member and by backend; the last 30 days unless dates are
        given."""
        today = datetime.fromtimestamp(now() / 1e6, UTC).date()
        found = await reporting.report(
            self._usage, call.principal, call.path("org_id"), call.query, today
        )
        return reply(found)

    async def api_docs(self, _call: Call) -> Response:
        """This document."""
        return encoded(self._document)

    def _job(self, call: Call) -> Job:
        return job_of(self._jobs, call)

    def operations(self) -> Sequence[Operation]:
        job = "/jobs/{UUID}"
        figures = "/characterizations/backends/{backend}"
        missing = {404: "No such job in this project."}
        numbers = dict[str, float]
        # fmt: off
        return (
            Operation("POST", "/jobs", "createJob", self.create, "Create a job",
                      body=CreateJob, answer=JobCreated),
            Operation("GET", "/jobs", "getJobs", self.list, "List jobs",
                      query=GetJobsQuery, answer=GetJobsResponse),
            Operation("DELETE", "/jobs", "deleteJobs", self.delete_many, "Delete jobs",
                      query=DeleteQuery, raw=True, answer=JobsOperationResponse),
            Operation("PUT", "/jobs/status/cancel", "cancelJobs", self.cancel_many, "Cancel jobs",
                      body=JobsBulkOperationRequest, answer=JobsOperationResponse),
            Operation("GET", job, "getJob", self.get, "One job",
                      query=FieldsQuery, answer=JobObject, refusals=missing),
            Operation("DELETE", job, "deleteJob", self.delete, "Delete a job",
                      answer=JobOperationResponse, refusals=missing),
            Operation("PUT", job + "/status/cancel", "cancelJob", self.cancel, "Cancel a job",
                      answer=JobOperationResponse, refusals=missing),
            Operation("GET", job + "/results", "getJobResults", self.results,
                      "Probability of each outcome", query=ResultsQuery,
                      answer=dict[str, float | numbers],
                      refusals={404: "No such job, or not completed."}),
            Operation("GET", "/backends", "getBackends", self.backends, "All backends",
                      query=BackendsQuery, answer=list[BackendObject], public=True),
            Operation("GET", figures, "getCharacterizationsForBackend", self.characterizations,
                      "Figures measured on a backend, newest first",
                      query=CharacterizationsQuery, answer=CharacterizationsResponse, public=True),
            Operation("GET", figures + "/current", "getCharacterizationsCurrentForBackend",
                      self.current, "The newest figures of a backend",
                      answer=CharacterizationObject, public=True),
            Operation("GET", "/characterizations/{UUID}", "getCharacterization",
                      self.characterization, "Figures measured on one day",
                      answer=CharacterizationObject, public=True),
            Operation("GET", "/report/organizations/{org_id}", "getOrganizationReport",
                      self.report, "What members and backends ran",
                      query=ReportQuery, answer=Report),
            Operation("GET", "/calibrations/current", "GetCurrentCalibration", self.calibration,
                      "Latest figures in the shape of v0.1", answer=dict[str, Any], public=True),
            Operation("GET", "/calibrations", "GetCalibrations", self.calibrations,
                      "Figures in the shape of v0.1, newest first",
                      query=CalibrationsQuery, answer=dict[str, Any], public=True),
            Operation("GET", "/api-docs", "GetApiDocs", self.api_docs,
                      "This API as an OpenAPI document", answer=dict[str, Any], public=True),
        )
        # fmt: on

    def dialect(self, accounts: Accounts, max_body: int) -> Dialect:
        operations = self.operations()
        self._document = msgspec.json.encode(
            document(
                operations,
                title="IonQ API v0.3, as Ketway serves it",
                version="v0.3",
                description="Served by Ketway for IonQ's older SDKs. Not affiliated with IonQ.",
                server="/v0.3",
                security={"apiKey": {"type": "apiKey", "in": "header", "name": "Authorization"}},
                error=errors.Error,
            )
        )
        return Dialect(operations, accounts, errors.speak, key_of, max_body)


async def submitted(jobs: Jobs, call: Call) -> JobCreated:
    """The job that a request asks for. IonQ always says `ready`, whatever becomes of it."""
    payload: CreateJob = call.body
    large = len(call.raw) > 256 * 1024
    submission = (
        await asyncio.to_thread(submission_of, payload) if large else submission_of(payload)
    )
    job = await jobs.submit(call.principal, submission)
    return JobCreated(job.id, State.READY.value, seconds(job.submitted_at))


def _values(result: Result, job: Job, format_: str | None) -> dict[int, float]:
    if format_ == QUANTUM_LOG and result.counts is not None:
        return showing.quantum_log(result, job.shots)
    return probabilities(result)


def _ids_in(raw: bytes) -> Sequence[str]:
    if not raw:
        raise RefusedError("ids is missing: which jobs to delete", "ids")
    try:
        return _body.decode(raw).ids
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadBodyError(
            f'The body must be {{"ids": [...]}}: {error}.', "body", ["ids"]
        ) from None
