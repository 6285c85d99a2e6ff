"""The endpoints of IonQ's API v0.4."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from starlette.responses import Response

from ketway.circuits.circuit import Program
from ketway.dialects.http import Call, Dialect, Operation, encoded, reply
from ketway.dialects.ionq import errors
from ketway.dialects.ionq.asking import APART, cursor, ids_of, job_of, key_of, page_size
from ketway.dialects.ionq.devices import CALIBRATED, calibration, calibrations, named, newest
from ketway.dialects.ionq.mitigation import aggregation_of
from ketway.dialects.ionq.outcomes import by_circuit
from ketway.dialects.ionq.reading import metadata_of, noise_of, shots_of
from ketway.dialects.ionq.settings import Settings, kept_of
from ketway.dialects.ionq.showing import from_cirq
from ketway.dialects.ionq.wire import (
    CalibrationsQuery,
    JobOperationResponse,
    JobsBulkOperationRequest,
    JobsOperationResponse,
)
from ketway.dialects.ionq_v04 import (
    compiled,
    debiasing,
    devices,
    formats,
    hybrid,
    showing,
    verifying,
)
from ketway.dialects.ionq_v04.sessions import SessionRoutes
from ketway.dialects.ionq_v04.spending import SpendingRoutes
from ketway.dialects.ionq_v04.submitting import (
    debias_of_settings,
    settings_of,
    submission_of,
)
from ketway.dialects.ionq_v04.wire import (
    BackendObject,
    CharacterizationObject,
    CharacterizationsQuery,
    CharacterizationsResponse,
    CloneJobPayload,
    GetJobsQuery,
    GetJobsResponse,
    JobCreationPayload,
    JobCreationResponse,
    JobObject,
    ProgressResponse,
    ResultsQuery,
    Whoami,
)
from ketway.dialects.openapi import document
from ketway.jobs.debiased import Aggregation
from ketway.jobs.ids import now
from ketway.jobs.job import CIRCUITS, Job, State
from ketway.jobs.results import Result
from ketway.service.accounts import Accounts
from ketway.service.backends import Backends
from ketway.service.errors import NotCompletedError, NotFoundError, RefusedError
from ketway.service.jobs import Jobs
from ketway.service.sessions import Sessions
from ketway.service.spending import Spending
from ketway.store.queries import Filter

_ANSWERS_JOB = {404: "No such job in this project."}


class Routes:
    def __init__(
        self, jobs: Jobs, backends: Backends, sessions: Sessions, spending: Spending
    ) -> None:
        self._jobs = jobs
        self._backends = backends
        self._sessions = SessionRoutes(sessions, backends, self._list)
        self._spending = SpendingRoutes(jobs, backends, spending)
        self._document: bytes = b""

    # -- jobs ---------------------------------------------------------------------------------

    async def create(self, call: Call) -> Response:
        """The job is on the disk when this is answered. Its form was checked; what its backend
        cannot do makes a job that has failed, with a code."""
        payload: JobCreationPayload = call.body
        large = len(call.raw) > 256 * 1024
        submission = (
            await asyncio.to_thread(submission_of, payload) if large else submission_of(payload)
        )
        job = await self._jobs.submit(call.principal, submission)
        return _created(job)

    async def list(self, call: Call) -> Response:
        """Newest first; children only where `parent_job_id` or `ids` asks for them."""
        return await self._list(call, session_id=call.query.session_id)

    async def _list(self, call: Call, session_id: str | None) -> Response:
        query: GetJobsQuery = call.query
        page = await self._jobs.page(
            call.principal,
            Filter(
                ids=query.ids,
                parent_id=query.parent_job_id,
                states=None if query.status is None else _states(query.status),
                backends=None if query.target is None else query.target.split(","),
                session_id=session_id,
                before=cursor(query.next),
                limit=page_size(query.limit),
            ),
        )
        shown = GetJobsResponse([await self._show(job, call) for job in page.jobs])
        # cirq-ionq goes on asking until `next` is absent; ionq-core insists that it is there.
        if page.next is not None or not from_cirq(call.request):
            shown.next = page.next
        return reply(shown)

    async def get(self, call: Call) -> Response:
        job = self._job(call)
        shown = await self._show(job, call, self._jobs.child_ids(job))
        if showing.debiased(job):
            answer = await self._jobs.answer(job)
            shown.output["error_mitigation"] = debiasing.output_of(job, answer)
        if showing.answered(job) and self._verifies(job):
            mitigated = shown.output.setdefault("error_mitigation", {})
            mitigated["symmetry_verification"] = await self._symmetries(job)
        native = await self._compiled(job)
        if native is not None:
            shown.stats["compiled_gate_counts"] = {"1q": native.one, "2q": native.two}
        return reply(shown)

    async def delete(self, call: Call) -> Response:
        """A job that still runs is canceled first. Its children, payload and results go with it."""
        job = self._job(call)
        await self._jobs.delete(call.principal, [job.id])
        return reply(JobOperationResponse(job.id, "deleted"))

    async def delete_many(self, call: Call) -> Response:
        """All or none: if one of them is not there, nothing is deleted."""
        ids = ids_of(call.body.ids)
        await self._jobs.delete(call.principal, ids)
        return reply(JobsOperationResponse(ids, "deleted"))

    async def cancel(self, call: Call) -> Response:
        """Answered when the job's process is dead. A job that is final stays what it is."""
        job = await self._jobs.cancel(call.principal, self._job(call).id)
        return reply(JobOperationResponse(job.id, "canceled"))

    async def cancel_many(self, call: Call) -> Response:
        ids = ids_of(call.body.ids)
        for job_id in ids:
            self._jobs.get(call.principal, job_id)
        await asyncio.gather(*(self._jobs.cancel(call.principal, job_id) for job_id in ids))
        return reply(JobsOperationResponse(ids, "canceled"))

    async def clone(self, call: Call) -> Response:
        """A new job with the circuits of this one, and what the body changes."""
        job = self._job(call)
        changed = await self._changed(call, job)
        return _created(await self._jobs.submit_again(call.principal, job.id, **changed))

    async def move(self, call: Call) -> Response:
        """As `clone`; the old job is canceled if it had not ended."""
        job = self._job(call)
        changed = await self._changed(call, job)
        moved = await self._jobs.submit_again(call.principal, job.id, **changed)
        await self._jobs.cancel(call.principal, job.id)
        return _created(moved)

    async def _changed(self, call: Call, job: Job) -> dict[str, Any]:
        changed = _changed(call.body, job)
        if hybrid.is_hybrid(job) and "shots" in changed:  # they are part of what it is told
            source = await self._jobs.source(job)
            assert source is not None, "a job is kept as it was sent"
            changed["source"] = hybrid.with_shots(source, changed["shots"])
        return changed

    # -- results ------------------------------------------------------------------------------

    async def probabilities(self, call: Call) -> Response:
        """`sharpen` and `aggregation` change nothing where nothing was debiased."""
        job = self._job(call)
        if job.children:
            return await self.aggregated(call)
        how = aggregation_of(call.query.sharpen, call.query.aggregation)
        return await self._result(job, formats.PROBABILITIES, how)

    async def aggregated(self, call: Call) -> Response:
        """Keyed by child job, in the order of the circuits: SDKs go by the order of the keys."""
        return await self._aggregated(
            self._job(call), aggregation_of(call.query.sharpen, call.query.aggregation)
        )

    async def _aggregated(self, job: Job, how: Aggregation = "average") -> Response:
        if hybrid.is_hybrid(job):
            await hybrid.measured(self._jobs, job)  # says that there is nothing
        answer = await self._jobs.answer(job)
        program = await self._verified_program(job)
        if not job.children:
            result = answer.aggregated(how)
            if program is not None:
                result = await asyncio.to_thread(verifying.verified, program, job.position, result)
            return encoded(by_circuit([job.id], [result]))
        ids = self._jobs.child_ids(job)

        def results() -> Iterator[Result | None]:
            for i in range(len(ids)):
                found = answer.aggregated(how, i)
                yield found if program is None else verifying.verified(program, i, found)

        return encoded(await asyncio.to_thread(lambda: by_circuit(ids, results())))

    async def _verified_program(self, job: Job) -> Program | None:
        """The program of a job whose symmetries are verified; None of others."""
        if not self._verifies(job):
            return None
        return await self._jobs.program(job)

    def _verifies(self, job: Job) -> bool:
        """A circuit's settings are those of its job."""
        return verifying.verifies(self._jobs.whole(job), self._backends)

    async def _symmetries(self, job: Job) -> dict[str, Any]:
        program = await self._jobs.program(job)
        result = (await self._jobs.answer(job)).result()
        return await asyncio.to_thread(verifying.output_of, program, job.position, result)

    async def histogram(self, call: Call) -> Response:
        return await self._result(self._job(call), formats.HISTOGRAM)

    async def shots(self, call: Call) -> Response:
        """Also of the ideal simulator: the shots are drawn once, when the job runs."""
        return await self._result(self._job(call), formats.SHOTS)

    async def _result(self, job: Job, format_: str, how: Aggregation = "average") -> Response:
        if job.children:
            raise NotFoundError(
                f"Job {job.id} has {job.children} circuits: ask each of its child jobs, or for "
                "/results/probabilities/aggregated."
            )
        result: Result | None
        if hybrid.is_hybrid(job):
            result = await hybrid.measured(self._jobs, job)
        else:
            result = (await self._jobs.answer(job)).aggregated(how)
            program = await self._verified_program(job)
            if program is not None:
                result = await asyncio.to_thread(verifying.verified, program, job.position, result)
        if result is None:
            raise NotCompletedError(f"Job {job.id} has no result: it is {job.state}.")
        if result.counts is None and format_ not in formats.formats_of(shots=False):
            raise NotFoundError(f"Job {job.id} has no shots.")
        if len(result) + result.total > APART:
            return encoded(await asyncio.to_thread(formats.write, format_, result))
        return encoded(formats.write(format_, result))

    async def artifact(self, call: Call) -> Response:
        job, wanted = self._job(call), call.path("artifact_id")
        known = (formats.AGGREGATE,) if job.children else formats.formats_of(shots=True)
        for format_ in known:
            if formats.artifact_id(job.id, format_) == wanted:
                if format_ == formats.AGGREGATE:
                    return await self._aggregated(job)
                return await self._result(job, format_)
        for format_, media_type in compiled.MEDIA_TYPES.items():
            if formats.artifact_id(job.id, format_) == wanted and not job.children:
                return encoded(await self._written(job, format_), media=media_type)
        if showing.debiased(job):
            program = await self._verified_program(job)
            answer = await self._jobs.answer(job)
            content = await asyncio.to_thread(debiasing.artifact, job, answer, wanted, program)
            if content is not None:
                return encoded(content)
        raise NotFoundError(
            f"Job {job.id} has no artifact {wanted}; the job's `results` and `output` name those "
            "it has."
        )

    async def format_schema(self, call: Call) -> Response:
        wanted = call.path("format")
        found = formats.schema(wanted)
        if found is None:
            raise NotFoundError(f"There is no format {wanted}.")
        return reply(found)

    async def circuit(self, call: Call) -> Response:
        """The job's circuit as text in another language: a JSON string."""
        job, language = self._job(call), call.path("lang")
        format_ = compiled.LANGUAGES.get(language)
        if format_ is None:
            known = " and ".join(compiled.LANGUAGES)
            raise NotFoundError(f"There is no circuit language {language}; there are {known}.")
        return reply((await self._written(job, format_)).decode())

    async def progress(self, call: Call) -> Response:
        """Of an optimization: what was tried, in order. It is there when the job has ended."""
        job = self._job(call)
        if not hybrid.is_hybrid(job):
            raise NotFoundError(f"Job {job.id} has no progress: it runs its circuits as they are.")
        answer = None
        if job.state is State.COMPLETED and not job.dry_run and job.parent_id is None:
            answer = await hybrid.answered(self._jobs, job)
        return reply(hybrid.progress_of(job, self._jobs.child_ids(job), answer))

    async def _written(self, job: Job, format_: str) -> bytes:
        if hybrid.is_hybrid(job):
            raise NotFoundError(f"Job {job.id} is a {hybrid.type_of(job)} job: no circuit is kept.")
        if job.children:
            raise NotFoundError(
                f"Job {job.id} has {job.children} circuits: ask for one of its child jobs."
            )
        program = await self._jobs.program(job)
        given = (program, job.position, format_, compiled.compilation_of(job, self._backends))
        if compiled.takes_long(program):
            return await asyncio.to_thread(compiled.write, *given)
        return compiled.write(*given)

    async def _compiled(self, job: Job) -> compiled.Counts | None:
        """How many native gates a QPU has run; None of a job so large that counting takes long."""
        ran = job.state is State.COMPLETED and job.routine == CIRCUITS
        if not ran or self._backends.cost_model(job.backend) is None:
            return None
        program = await self._jobs.program(job)
        if compiled.gates_in(program) > compiled.COUNTED:
            return None
        index = None if job.children else job.position
        given = (program, index, compiled.compilation_of(job, self._backends))
        if compiled.takes_long(program):
            return await asyncio.to_thread(compiled.counts, *given)
        return compiled.counts(*given)

    async def variant(self, call: Call) -> Response:
        job, kind = self._job(call), call.path("kind")
        format_ = debiasing.KINDS.get(kind)
        if format_ is None:
            known = ", ".join(debiasing.KINDS)
            raise NotFoundError(f"There are no results of the kind {kind[:40]}; there are {known}.")
        if not showing.debiased(job):
            raise NotFoundError(f"Job {job.id} has no variants: it was not debiased.")
        wanted = call.path("variant_id")
        found = debiasing.variant(job, await self._jobs.answer(job), wanted)
        if found is None:
            raise NotFoundError(f"Job {job.id} has no variant {wanted[:80]}.")
        return encoded(formats.write(format_, found))

    # -- backends -----------------------------------------------------------------------------

    async def backends(self, _call: Call) -> Response:
        at = now()
        return reply([devices.backend_object(b, at) for b in self._backends.list("ionq")])

    async def backend(self, call: Call) -> Response:
        return reply(
            devices.backend_object(self._backends.get(call.path("backend"), "ionq"), now())
        )

    async def characterizations(self, call: Call) -> Response:
        device = self._backends.get(call.path("backend"), "ionq").device
        return reply(devices.characterizations(device, call.query, now()))

    async def characterization(self, call: Call) -> Response:
        device = self._backends.get(call.path("backend"), "ionq").device
        return reply(devices.characterization(named(device, call.path("UUID"), now())))

    async def calibration(self, _call: Call) -> Response:
        return reply(calibration(newest(self._backends.get(CALIBRATED).device, now())))

    async def calibrations(self, call: Call) -> Response:
        return reply(calibrations(self._backends.get(CALIBRATED).device, call.query, now()))

    # -- the rest -----------------------------------------------------------------------------

    async def whoami(self, call: Call) -> Response:
        who = call.principal
        return reply(Whoami(who.key_id, who.key_name, who.project_id))

    async def api_docs(self, _call: Call) -> Response:
        """This document."""
        return encoded(self._document)

    # -- helpers ------------------------------------------------------------------------------

    async def _show(
        self, job: Job, call: Call, child_ids: Sequence[str] | None = None
    ) -> JobObject:
        shown = showing.show(job, call.request, self._backends, child_ids)
        if hybrid.is_hybrid(job) and job.state is State.COMPLETED and not job.dry_run:
            showing.fill(shown, job, await hybrid.answered(self._jobs, job))
        return shown

    def _job(self, call: Call) -> Job:
        return job_of(self._jobs, call)

    def operations(self) -> Sequence[Operation]:
        job = "/jobs/{UUID}"
        results = job + "/results"
        variant = job + "/variants/{variant_id}/results/{kind}"
        device = "/backends/{backend}"
        figures = device + "/characterizations"
        probabilities = dict[str, float]
        # The estimate's path is no job's: it comes before those that take any id.
        estimate, *spending = self._spending.operations()
        # fmt: off
        return (
            Operation("GET", "/whoami", "getWhoami", self.whoami, "Who the key belongs to",
                      answer=Whoami),
            Operation("GET", "/backends", "getBackends", self.backends, "All backends",
                      answer=list[BackendObject], public=True),
            Operation("GET", device, "getBackend", self.backend, "One backend",
                      answer=BackendObject, public=True),
            Operation("GET", figures, "getCharacterizationsForBackend", self.characterizations,
                      "Figures measured on a backend, newest first",
                      query=CharacterizationsQuery, answer=CharacterizationsResponse, public=True),
            Operation("GET", figures + "/{UUID}", "getCharacterization", self.characterization,
                      "Figures measured on one day", answer=CharacterizationObject, public=True),
            Operation("POST", "/jobs", "CreateJob", self.create, "Create a job",
                      body=JobCreationPayload, answer=JobCreationResponse, status=201),
            Operation("GET", "/jobs", "GetJobs", self.list, "List jobs",
                      query=GetJobsQuery, answer=GetJobsResponse),
            Operation("DELETE", "/jobs", "DeleteJobs", self.delete_many, "Delete jobs",
                      body=JobsBulkOperationRequest, answer=JobsOperationResponse),
            Operation("PUT", "/jobs/status/cancel", "CancelJobs", self.cancel_many, "Cancel jobs",
                      body=JobsBulkOperationRequest, answer=JobsOperationResponse),
            estimate,
            Operation("GET", job, "GetJob", self.get, "One job", answer=JobObject,
                      refusals=_ANSWERS_JOB),
            Operation("DELETE", job, "DeleteJob", self.delete, "Delete a job",
                      answer=JobOperationResponse, refusals=_ANSWERS_JOB),
            Operation("POST", job + "/clone", "CloneJob", self.clone, "Submit a job again",
                      body=CloneJobPayload, answer=JobCreationResponse, status=201),
            Operation("POST", job + "/move", "MoveJob", self.move, "Move a job to another backend",
                      body=CloneJobPayload, answer=JobCreationResponse, status=201),
            Operation("PUT", job + "/status/cancel", "CancelJob", self.cancel, "Cancel a job",
                      answer=JobOperationResponse, refusals=_ANSWERS_JOB),
            Operation("GET", results + "/probabilities", "GetJobProbabilities",
                      self.probabilities, "Probability of each outcome",
                      query=ResultsQuery, answer=dict[str, float | probabilities],
                      refusals={404: "No such job, or not completed."}),
            Operation("GET", results + "/probabilities/aggregated", "GetJobProbabilitiesAggregated",
                      self.aggregated, "Probabilities of each circuit of a job",
                      query=ResultsQuery, answer=dict[str, probabilities]),
            Operation("GET", results + "/histogram", "GetJobHistogram", self.histogram,
                      "Shots of each outcome", answer=dict[str, int]),
            Operation("GET", results + "/shots", "GetJobShots", self.shots,
                      "Outcome of each shot", answer=list[str]),
            Operation("GET", job + "/artifacts/{artifact_id}", "GetJobArtifact", self.artifact,
                      "A result in one of its formats"),
            Operation("GET", job + "/circuits/{lang}", "GetJobCircuit", self.circuit,
                      "A job's circuit in a language", answer=str),
            Operation("GET", variant, "GetVariantResults", self.variant,
                      "Results of a debiasing variant",
                      answer=dict[str, float] | list[str],
                      refusals={404: "No such job or variant, or not debiased."}),
            Operation("GET", job + "/progress", "GetJobProgress", self.progress,
                      "What an optimization has tried", answer=ProgressResponse,
                      refusals={404: "No such job, or not a hybrid one."}),
            Operation("GET", "/schemas/formats/{format}", "GetFormatSchema", self.format_schema,
                      "The JSON Schema of a result format", answer=dict[str, Any]),
            *self._sessions.operations(),
            *spending,
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
                title="IonQ API v0.4, as Ketway serves it",
                version="v0.4",
                description="Served by Ketway for IonQ's SDKs. Not affiliated with IonQ.",
                server="/v0.4",
                security={"apiKey": {"type": "apiKey", "in": "header", "name": "Authorization"}},
                error=errors.Error,
            )
        )
        return Dialect(operations, accounts, errors.speak, key_of, max_body)


def _created(job: Job) -> Response:
    # IonQ answers `submitted` whatever becomes of the job a moment later.
    return reply(JobCreationResponse(job.id, State.SUBMITTED.value, job.session_id), 201)


def _states(text: str) -> list[State]:
    # Not a state of IonQ's, but qiskit-ionq 1.1.1 asks for it (ionq_session.py, `cancel`).
    if text == "queued":
        return [State.SUBMITTED, State.READY]
    try:
        return [State(text)]
    except ValueError:
        raise RefusedError(
            f"unknown status {text!r}: use {', '.join(state.value for state in State)}", "status"
        ) from None


def _changed(body: CloneJobPayload, job: Job) -> dict[str, Any]:
    """The fields of the submission that a body changes."""
    backend = body.backend or job.backend
    if body.parent is not None:
        raise RefusedError("Ketway takes no new circuits into a job: leave parent out", "parent")
    changed: dict[str, Any] = {"backend": backend, "vendor": "ionq"}
    settings = body.settings or Settings(kept_of(job).error_mitigation)
    changed["debias"] = debias_of_settings(settings, backend)
    if backend != job.backend:
        changed["noise"] = None  # noise models belong to the simulator
        changed["session_id"] = None  # a session is one of its backend
    if body.session_id is not None:
        changed["session_id"] = body.session_id
    if body.name is not None:
        changed["name"] = body.name
    if (metadata := metadata_of(body.metadata)) is not None:
        changed["metadata"] = metadata
    if body.shots is not None:
        changed["shots"] = shots_of(body.shots)
    if body.settings is not None:
        changed["settings"] = settings_of(body.settings)
    if body.characterization_id is not None:
        changed["characterization"] = body.characterization_id
    if body.dry_run is not None:
        changed["dry_run"] = body.dry_run
    if body.noise is not None:
        changed["noise"] = noise_of(body.noise)
    return changed
