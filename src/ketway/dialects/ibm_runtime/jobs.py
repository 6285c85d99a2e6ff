"""The endpoints of jobs: run a program, look at it, read what came of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import msgspec
from starlette.responses import Response

from ketway.dialects.http import BadBodyError, Call, Operation, encoded, reply
from ketway.dialects.ibm_runtime import errors, results
from ketway.dialects.ibm_runtime.backends import BackendRoutes
from ketway.dialects.ibm_runtime.errors import IbmError
from ketway.dialects.ibm_runtime.moments import moment
from ketway.dialects.ibm_runtime.versions import USAGE_WITHOUT_SECONDS_SINCE, version_of
from ketway.dialects.ibm_runtime.wire import (
    JobObject,
    JobPayload,
    JobQuery,
    JobsQuery,
    JobsResponse,
    Kept,
    MetricsObject,
    NewJob,
    TagsPayload,
    TagsQuery,
    TagsResponse,
    job_object,
    metrics_object,
)
from ketway.jobs.answers import CustomAnswer, answer_of
from ketway.jobs.ids import is_id
from ketway.jobs.job import FINAL, Job, State
from ketway.routines import registry
from ketway.service.errors import ConflictError, NotCompletedError, NotFoundError
from ketway.service.jobs import Jobs
from ketway.service.submission import Submission
from ketway.service.usage import Usage
from ketway.store.queries import Filter

NAME: Final = "ibm_runtime"
FORMAT: Final = "ibm.params"
LONGEST_PAGE: Final = 200
MOST_TAGS: Final = 8
LONGEST_TAG: Final = 86
HOLD_SECONDS: Final = 0.4
"""A poll for a job that has not ended waits so long for it to. The client asks every half second
(runtime_job_v2.py, `wait_for_final_state`), so without this a job of milliseconds takes one."""


class JobRoutes:
    def __init__(self, jobs: Jobs, backends: BackendRoutes, usage: Usage) -> None:
        self._jobs = jobs
        self._backends = backends
        self._usage = usage

    async def create(self, call: Call) -> Response:
        """Accepted when this answers: what is wrong with its parameters makes a job that failed."""
        payload: JobPayload = call.body
        if payload.program_id not in registry.names():
            # 404 means this to the client, and nothing else (qiskit_runtime_service.py, `_run`).
            raise IbmError(
                404,
                errors.VALIDATION,
                f"There is no program {payload.program_id[:80]!r}.",
                f"Known are {', '.join(registry.names())}.",
            )
        named = self._backends.named(payload.backend, 400)
        _check_tags(payload.tags)
        await self._usage.check(call.principal, NAME)
        kept = Kept(
            cost=payload.cost,
            log_level=payload.log_level,
            image=payload.runtime,
            calibration_id=payload.calibration_id,
            caller=call.request.headers.get("x-qx-client-application", "")[:500],
        )
        job = await self._jobs.submit(
            call.principal,
            Submission(
                dialect=NAME,
                format=FORMAT,
                routine=payload.program_id,
                backend=named.backend.device.name,
                dry_run=named.mock,
                source=bytes(payload.params),
                shots=0,
                settings=msgspec.json.encode(kept).decode(),
                tags=payload.tags or None,
                private=payload.private,
                max_seconds=payload.cost or None,
                session_id=payload.session_id,
            ),
        )
        return reply(NewJob(job.id, named.name, job.session_id or msgspec.UNSET, job.private))

    # -- reading ------------------------------------------------------------------------------

    async def list(self, call: Call) -> Response:
        query: JobsQuery = call.query
        wanted = _filter(query)
        page = await self._jobs.page(call.principal, wanted)
        total = await self._jobs.count(call.principal, wanted)
        # service.jobs(skip=...) goes on asking until it has `count - skip` jobs, so that a count
        # below the offset would make it ask for ever (qiskit_runtime_service.py, `jobs`).
        count = max(total, query.offset)
        return reply(
            JobsResponse([job_object(j) for j in page.jobs], count, wanted.limit, query.offset)
        )

    async def get(self, call: Call) -> Response:
        query: JobQuery = call.query
        job = self._job(call)
        if query.exclude_params:
            if not job.final:
                job = await self._jobs.wait(call.principal, job.id, HOLD_SECONDS)
            return reply(job_object(job))
        shown = job_object(job)
        if not job.private:
            source = await self._jobs.source(job)
            if source is not None:
                shown.params = msgspec.Raw(source)
        return reply(shown)

    async def results(self, call: Call) -> Response:
        """The answer as JSON; or, of a job that failed, why. As plain text: IBM's other client
        takes nothing else (QRMI)."""
        job = self._job(call)
        if job.state in (State.FAILED, State.CANCELED):
            return encoded(_why(job).encode(), media="text/plain")
        if not job.final:
            return Response(status_code=204)
        try:
            device = self._backends.named(job.backend).backend.device
            text = await results.text_of(self._jobs, job, device)
        except NotCompletedError:
            return Response(status_code=204)
        return encoded(text, media="text/plain")

    async def interim_results(self, call: Call) -> Response:
        """Clients before 0.38 ask for what is known before the end. No program tells any."""
        self._job(call)
        return encoded(b"null", media="text/plain")

    async def logs(self, call: Call) -> Response:
        """What happened to the job, a line each, and what its program had to say."""
        job = self._job(call)
        lines = [f"{_clock(e.at)} {e.kind}" for e in self._jobs.events(job)]
        if job.failure is not None:
            lines.append(job.failure.message)
        custom = answer_of(job.routine) is CustomAnswer
        # The answer of a private job is read once, and that for its result.
        if custom and job.state is State.COMPLETED and not job.private:
            lines += (await self._jobs.routine_answer(job, CustomAnswer)).log
        return encoded("".join(f"{line}\n" for line in lines).encode(), media="text/plain")

    async def metrics(self, call: Call) -> Response:
        old = version_of(call.request) < USAGE_WITHOUT_SECONDS_SINCE
        return reply(metrics_object(self._job(call), with_seconds=old))

    # -- changing -----------------------------------------------------------------------------

    async def cancel(self, call: Call) -> Response:
        """Dead when this answers."""
        job = self._job(call)
        if not job.final:
            job = await self._jobs.cancel(call.principal, job.id)
            if job.state is State.CANCELED:
                return Response(status_code=204)
        raise ConflictError(f"Job {job.id} has ended ({job.state}) and cannot be cancelled.")

    async def delete(self, call: Call) -> Response:
        job = self._job(call)
        if not job.final:
            raise ConflictError(f"Job {job.id} has not ended ({job.state}): cancel it first.")
        await self._jobs.delete(call.principal, [job.id])
        return Response(status_code=204)

    async def retag(self, call: Call) -> Response:
        payload: TagsPayload = call.body
        _check_tags(payload.tags)
        await self._jobs.retag(call.principal, self._job(call).id, payload.tags)
        return Response(status_code=204)

    async def tags(self, call: Call) -> Response:
        """Those of the project's jobs that contain the searched text."""
        query: TagsQuery = call.query
        return reply(TagsResponse(await self._jobs.tags(call.principal, NAME, query.search)))

    def _job(self, call: Call) -> Job:
        job_id = call.path("job_id")
        if is_id(job_id):
            job = self._jobs.get(call.principal, job_id)
            if job.dialect == NAME:
                return job
        raise NotFoundError(f"There is no job {job_id[:80]}.")

    def operations(self) -> tuple[Operation, ...]:
        one = "/jobs/{job_id}"
        # fmt: off
        return (
            Operation("POST", "/jobs", "create_job", self.create, "Run a program",
                      body=JobPayload, answer=NewJob,
                      refusals={404: "There is no such program.",
                                409: "The instance's limit is reached."}),
            Operation("GET", "/jobs", "list_jobs", self.list, "The project's jobs",
                      query=JobsQuery, answer=JobsResponse),
            Operation("GET", one, "get_job", self.get, "One job", query=JobQuery,
                      answer=JobObject),
            Operation("DELETE", one, "delete_job", self.delete, "Delete a job that has ended",
                      status=204, refusals={409: "The job has not ended."}),
            Operation("GET", one + "/results", "get_job_results", self.results,
                      "What came of a job", media="text/plain"),
            Operation("GET", one + "/interim_results", "get_job_interim_results",
                      self.interim_results, "What is known before a job ends",
                      media="text/plain"),
            Operation("POST", one + "/cancel", "cancel_job", self.cancel, "Cancel a job",
                      status=204, refusals={409: "The job has ended."}),
            Operation("GET", one + "/logs", "get_job_logs", self.logs, "What happened to a job",
                      media="text/plain"),
            Operation("GET", one + "/metrics", "get_job_metrics", self.metrics,
                      "When a job ran, and for how long", answer=MetricsObject),
            Operation("PUT", one + "/tags", "replace_job_tags", self.retag, "Give a job other tags",
                      body=TagsPayload, status=204),
            Operation("GET", "/tags", "list_tags", self.tags, "The tags of jobs",
                      query=TagsQuery, answer=TagsResponse),
        )
        # fmt: on


def _why(job: Job) -> str:
    if job.failure is not None:
        return job.failure.message
    return "The job was cancelled."


def _clock(at: int) -> str:
    return datetime.fromtimestamp(at / 1e6, UTC).isoformat(timespec="milliseconds")


def _check_tags(tags: list[str]) -> None:
    if len(tags) > MOST_TAGS:
        raise IbmError(
            400, errors.TOO_MANY_TAGS, f"A job has at most {MOST_TAGS} tags, not {len(tags):,}."
        )
    for tag in tags:
        if not 1 <= len(tag) <= LONGEST_TAG:
            raise IbmError(
                400, errors.BAD_TAG, f"A tag has 1 to {LONGEST_TAG} characters, not {len(tag):,}."
            )


def _filter(query: JobsQuery) -> Filter:
    if query.limit < 1 or query.offset < 0 or query.offset >= 1 << 62:
        raise BadBodyError(
            "limit must be 1 or more, and offset 0 or more.", "query", ("limit", "offset")
        )
    states = None
    if query.pending is not None:
        states = [state for state in State if (state in FINAL) is not query.pending]
    return Filter(
        dialect=NAME,
        backends=None if query.backend is None else [query.backend],
        routines=None if query.program is None else [query.program],
        tags=query.tags,
        states=states,
        session_id=query.session_id,
        submitted_from=moment(query.created_after, "created_after"),
        submitted_to=moment(query.created_before, "created_before"),
        oldest_first=query.sort == "ASC",
        offset=query.offset,
        limit=min(query.limit, LONGEST_PAGE),
    )
