"""The verbs on jobs: submit, get, list, wait, cancel, delete, submit again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

import msgspec
from sqlalchemy import Connection

from ketway.circuits.charging import charged
from ketway.circuits.circuit import Program
from ketway.devices.device import Device
from ketway.devices.loading import Catalogue
from ketway.engines.planner import Machine
from ketway.execution.bundle import Read, Report, Source, Work
from ketway.jobs.debiased import LEAST_SHOTS
from ketway.jobs.encoding import Results, decode_program, encode_program
from ketway.jobs.failures import Code, FailedError, Failure
from ketway.jobs.ids import new_id, now
from ketway.jobs.job import CIRCUITS, Attempt, Event, Job, PlanPart, State
from ketway.jobs.packing import unpack
from ketway.scheduling.dispatcher import Dispatcher
from ketway.scheduling.messages import UNRUNNABLE
from ketway.service.accounts import Principal
from ketway.service.answer import Answer
from ketway.service.errors import NotCompletedError, NotFoundError, RefusedError
from ketway.service.noise_models import NoiseModels
from ketway.service.sessions import refused
from ketway.service.submission import (
    Planned,
    Prepared,
    Submission,
    check,
    noise_of,
    plan_program,
    plan_submission,
    prepare,
    priced,
)
from ketway.service.watch import Watch
from ketway.store import changes, queries, session_changes
from ketway.store.changes import Claim, Payload
from ketway.store.queries import Filter
from ketway.store.session_changes import NotJoinedError
from ketway.store.store import Store

T = TypeVar("T")

PROGRAM, SOURCE, INPUTS = "program", "source", "inputs"
"""Kinds of payload: circuits as arrays, the text or parameters that were sent, and what a routine
made of these."""

_SOURCES: Final[Mapping[str, Source]] = {"qpy": "qpy", "qir": "qir", "ionq.qir.v1": "ionq.qir"}
"""By the format of a job; every other that is a text is OpenQASM."""

ELSEWHERE_SECONDS = 30 * 24 * 3600.0
"""How long an attempt may wait for a device that has a queue of its own."""
FRESH = 1_000
"""Small payloads of jobs that wait, kept at hand so that starting one asks the store nothing."""


class Page(msgspec.Struct, frozen=True):
    jobs: list[Job]
    next: str | None
    """The cursor of the following page; None on the last."""


class Limits(msgspec.Struct, frozen=True):
    """Seconds that an attempt may take, by the kind of its device."""

    simulator: float
    qpu: float


class Jobs:
    def __init__(
        self,
        store: Store,
        noise_models: NoiseModels,
        machine: Machine,
        limits: Limits,
        watch: Watch,
        clock: Callable[[], int] = now,
    ) -> None:
        self._store = store
        self._noise_models = noise_models
        self.machine = machine
        self._limits = limits
        self._watch = watch
        self._clock = clock
        """The time of jobs and sessions."""
        self._dispatcher: Dispatcher | None = None
        self._fresh: dict[str, Payload] = {}

    def attach(self, dispatcher: Dispatcher) -> None:
        """The dispatcher asks this service what to run, so it is made after it."""
        self._dispatcher = dispatcher

    @property
    def dispatcher(self) -> Dispatcher:
        assert self._dispatcher is not None, "`attach` comes first"
        return self._dispatcher

    def _catalogue_of(self, owner: Principal | Job) -> Catalogue:
        return self._noise_models.catalogue(owner.project_id)

    # -- planning -----------------------------------------------------------------------------

    async def plan(self, principal: Principal, submission: Submission) -> Planned:
        """What would happen to a submission, without submitting it."""
        catalogue, machine = self._catalogue_of(principal), self.machine
        if submission.circuits is not None:
            return await asyncio.to_thread(plan_submission, submission, catalogue, machine)
        check(submission, catalogue)
        assert submission.source is not None, "a submission has circuits or a source"
        source = _bytes(submission.source)
        report = await self.dispatcher.read(
            Work(
                job_id=new_id(),
                attempt=0,
                task="read",
                data=source,
                blob=None,
                source=_source(submission.format),
            )
        )
        if report.failure is not None:
            return Planned(failure=report.failure)

        def plan_what_was_read() -> Planned:
            program = decode_program(self._store.unpack(report.data, report.blob))
            if report.blob is not None:
                self._store.blobs.remove(report.blob)
            return plan_submission(submission, catalogue, machine, program)

        return await asyncio.to_thread(plan_what_was_read)

    # -- submitting ---------------------------------------------------------------------------

    async def submit(self, principal: Principal, submission: Submission) -> Job:
        """Accept a job: when this returns, it is on the disk."""
        if submission.big:
            prepared, payload = await asyncio.to_thread(self._prepare, submission, principal)
        else:
            prepared, payload = self._prepare(submission, principal)
        return await self._accept(prepared, payload)

    def _prepare(
        self, submission: Submission, principal: Principal
    ) -> tuple[Prepared, Payload | None]:
        catalogue, at = self._catalogue_of(principal), self._clock()
        prepared = prepare(submission, principal, catalogue, self.machine, at)
        if prepared.program is not None:
            return prepared, self._store.pack(PROGRAM, encode_program(prepared.program))
        assert submission.source is not None, "a submission has circuits or a source"
        return prepared, self._store.pack(SOURCE, _bytes(submission.source))

    async def _accept(self, prepared: Prepared, payload: Payload | None) -> Job:
        job = prepared.job
        if job.session_id is None:
            await self._store.write(lambda c: changes.insert_job(c, prepared.family, payload))
        else:
            await self._join(job.session_id, prepared.family, payload)
        if not job.final:
            if payload is not None and payload.data is not None and len(self._fresh) < FRESH:
                self._fresh[job.id] = payload
            self.dispatcher.enqueue(job)
        return job

    async def _join(self, session_id: str, family: list[Job], payload: Payload | None) -> None:
        at, backend = self._clock(), family[0].backend
        try:
            await self._store.write(lambda c: session_changes.insert_job(c, family, payload, at))
        except NotJoinedError as error:
            raise refused(error, session_id, backend, family[0].cost or 0.0) from None
        self.dispatcher.sessions.settled(session_id)

    async def submit_again(self, principal: Principal, job_id: str, **changed: object) -> Job:
        """A new job with the circuits of an old one; `changed` are fields of the submission."""
        job = self.get(principal, job_id)
        if job.parent_id is not None:
            raise RefusedError(
                f"job {job_id} is circuit {job.position} of job {job.parent_id}: "
                "submit that one again",
                "id",
            )
        # What a routine bore is no part of what was submitted.
        kids = await self.children(job) if job.routine == CIRCUITS else []
        submission = Submission(
            dialect=job.dialect,
            format=job.format,
            backend=job.backend,
            multi=bool(kids),
            names=[kid.name for kid in kids],
            child_settings=[kid.settings for kid in kids],
            shots=job.shots,
            noise=job.noise,
            name=job.name,
            metadata=job.metadata,
            routine=job.routine,
            settings=job.settings,
            tags=job.tags,
            max_seconds=job.max_seconds,
            dry_run=job.dry_run,
            session_id=job.session_id,
            debias=job.debias if job.shots >= LEAST_SHOTS else None,
            **await self._content(job),  # type: ignore[arg-type]
        )
        return await self.submit(principal, msgspec.structs.replace(submission, **changed))

    async def _content(self, job: Job) -> dict[str, object]:
        source = await self._payload(job.id, SOURCE)
        if source is not None:
            return {"source": source, "programs": max(1, job.circuits)}
        data = await self._payload(job.id, PROGRAM)
        assert data is not None, "a job has a payload"
        program = decode_program(data)
        return {"circuits": [program.circuit(i) for i in range(len(program))]}

    async def _payload(self, job_id: str, kind: str) -> bytes | None:
        found = self._store.read(lambda c: queries.payload(c, job_id, kind))
        if found is None:
            return None
        if found.data is not None:
            return found.data
        return await asyncio.to_thread(self._store.unpack, None, found.blob)

    # -- reading ------------------------------------------------------------------------------

    def get(self, principal: Principal, job_id: str) -> Job:
        job = self._store.read(lambda c: queries.job(c, principal.project_id, job_id))
        if job is None:
            raise NotFoundError(f"There is no job {job_id}.")
        return job

    def find(self, principal: Principal, prefix: str) -> Job:
        """A job by its id or by a beginning of it that no other has."""
        ids = self._store.read(
            lambda c: queries.ids_with_prefix(c, principal.project_id, prefix, 3)
        )
        if prefix in ids:
            return self.get(principal, prefix)
        if not ids:
            raise NotFoundError(f"There is no job {prefix}.")
        if len(ids) > 1:
            raise RefusedError(f"several jobs begin with {prefix}: type more of the id", "id")
        return self.get(principal, ids[0])

    async def wait(self, principal: Principal, job_id: str, seconds: float) -> Job:
        """The job, as soon as it is final, or as it is after `seconds`."""
        deadline = time.monotonic() + seconds
        while True:
            job = self.get(principal, job_id)
            left = deadline - time.monotonic()
            if job.final or left <= 0:
                return job
            await self._watch.wait(job.parent_id or job_id, left)

    async def page(self, principal: Principal, wanted: Filter) -> Page:
        more = msgspec.structs.replace(wanted, limit=wanted.limit + 1)
        found = await self._store.read_apart(
            lambda c: queries.listing(c, principal.project_id, more)
        )
        page = found[: wanted.limit]
        return Page(page, page[-1].id if len(found) > wanted.limit else None)

    async def count(self, principal: Principal, wanted: Filter) -> int:
        """How many jobs fit, on all pages."""
        return await self._store.read_apart(
            lambda c: queries.count(c, principal.project_id, wanted)
        )

    async def tags(self, principal: Principal, dialect: str, search: str) -> list[str]:
        """Those of the project's jobs that contain a text."""
        return await self._store.read_apart(
            lambda c: queries.tags(c, principal.project_id, dialect, search)
        )

    def child_ids(self, job: Job) -> list[str]:
        if not job.children:
            return []
        return self._store.read(lambda c: queries.child_ids(c, job.id))

    async def children(self, job: Job) -> list[Job]:
        if not job.children:
            return []
        return await self._store.read_apart(lambda c: queries.children(c, job.id))

    def whole(self, job: Job) -> Job:
        """The job that a circuit is of; any other is its own."""
        parent_id = job.parent_id
        if parent_id is None:
            return job
        found = self._store.read(lambda c: queries.job(c, job.project_id, parent_id))
        return found or job

    def attempts(self, job: Job) -> list[Attempt]:
        return self._store.read(lambda c: queries.attempts_of(c, job.parent_id or job.id))

    def events(self, job: Job) -> list[Event]:
        return self._store.read(lambda c: queries.events_of(c, job.parent_id or job.id))

    async def answer(self, job: Job) -> Answer:
        """The stored result of a job, the same at every reading."""
        if job.routine != CIRCUITS:
            raise NotFoundError(
                f"Job {job.id} has no results circuit by circuit: its routine is {job.routine}."
            )
        place = job.parent_id or job.id
        found = self._store.read(lambda c: queries.result(c, place))
        if found is None:
            raise NotCompletedError(f"Job {job.id} has no result: it is {job.state}.")
        data, blob = found
        if data is None:
            data = await asyncio.to_thread(self._store.unpack, data, blob)
        answer = Answer(job, Results(data), job.position if job.parent_id else 0)
        if not job.children and answer.first in answer.results.failures:
            raise NotCompletedError(f"Job {job.id} has no result: it is {job.state}.")
        return answer

    async def routine_answer(self, job: Job, type_: Callable[..., T]) -> T:
        """The stored answer of a job's routine, or of the job that it is a circuit of. That of a
        private job is read once."""
        found = self._store.read(lambda c: queries.result(c, job.parent_id or job.id))
        if found is None:
            raise NotCompletedError(
                f"The result of job {job.id} was read: it is a private job, and has it once."
                if job.private and job.state is State.COMPLETED
                else f"Job {job.id} has no result: it is {job.state}."
            )
        data, blob = found
        if data is None:
            answer = await asyncio.to_thread(lambda: unpack(self._store.unpack(None, blob), type_))
        else:
            answer = unpack(data, type_)
        if job.private and not await self._forget(job):
            return await self.routine_answer(job, type_)  # somebody was quicker: say so
        return answer

    async def _forget(self, job: Job) -> bool:
        """Take away what a private job was and what came of it; False if that was done before."""
        blobs = await self._store.write(lambda c: changes.forget(c, job.id))
        for blob in blobs or ():
            await asyncio.to_thread(self._store.blobs.remove, blob)
        return blobs is not None

    async def source(self, job: Job) -> bytes | None:
        """What was sent of the job, as it was sent; None where nothing is kept of it."""
        return await self._payload(job.id, SOURCE)

    async def retag(self, principal: Principal, job_id: str, tags: Sequence[str]) -> Job:
        """Give a job other tags."""
        job = self.get(principal, job_id)
        await self._store.write(lambda c: changes.retag(c, job_id, tags))
        return msgspec.structs.replace(job, tags=list(tags))

    async def program(self, job: Job) -> Program:
        """What the job runs; of a child, what its parent runs."""
        data = await self._payload(job.parent_id or job.id, PROGRAM)
        if data is None:
            raise NotCompletedError(f"Job {job.id} has not been read: it is {job.state}.")
        return decode_program(data)

    # -- ending -------------------------------------------------------------------------------

    async def cancel(self, principal: Principal, job_id: str) -> Job:
        """Cancel a job; one that is final stays as it is. Returns when its process is dead."""
        job = self.get(principal, job_id)
        if job.parent_id is not None:
            raise RefusedError(
                f"job {job_id} is circuit {job.position} of job {job.parent_id}, which runs as "
                "a whole: cancel that one",
                "id",
            )
        if not job.final:
            self._fresh.pop(job_id, None)
            await self.dispatcher.cancel(job_id)
            job = self.get(principal, job_id)
        return job

    async def delete(self, principal: Principal, ids: Sequence[str]) -> None:
        """Delete jobs with everything that belongs to them; what runs is canceled first."""
        for job_id in ids:
            job = self.get(principal, job_id)
            if job.parent_id is not None and job.parent_id not in ids:
                raise RefusedError(
                    f"job {job_id} is circuit {job.position} of job {job.parent_id}: "
                    "delete that one",
                    "id",
                )
        for job_id in ids:
            if self.get(principal, job_id).parent_id is None:
                await self.cancel(principal, job_id)
        blobs = await self._store.write(
            lambda c: changes.remove(c, principal.project_id, list(ids))
        )
        for blob in blobs:
            await asyncio.to_thread(self._store.blobs.remove, blob)

    # -- what the dispatcher asks -------------------------------------------------------------

    def work_of(self, job: Job, claim: Claim, threads: int) -> Work:
        reading = job.state is State.SUBMITTED
        payload = self._fresh.pop(job.id, None) or self._store.read(
            lambda c: queries.payload(c, job.id, _kind_wanted(job))
        )
        assert payload is not None, "a job has a payload"
        if job.routine != CIRCUITS:
            return self._routine_work(job, claim, payload, threads)
        if reading:
            return Work(
                job_id=job.id,
                attempt=claim.attempt,
                task="read",
                data=payload.data,
                blob=payload.blob,
                source=_source(job.format),
            )
        catalogue = self._catalogue_of(job)
        device = catalogue.device(job.backend)
        noise = noise_of(catalogue, device, job.noise, job.characterization)
        if noise is not None and not job.debias:
            # Circuits lie on the first qubits. What strikes others need not travel.
            noise = noise.on(range(job.qubits))
        return Work(
            job_id=job.id,
            attempt=claim.attempt,
            task="run",
            data=payload.data,
            blob=payload.blob,
            plan=job.plan or [],
            seed=job.seed,
            children=job.children,
            shots=job.shots,
            exact=noise is None,
            places=device.qubits if job.debias else 0,
            noise=noise,
            driven=device.driver,
            name=job.name,
            threads=threads,
        )

    def _routine_work(self, job: Job, claim: Claim, payload: Payload, threads: int) -> Work:
        catalogue = self._catalogue_of(job)
        device = catalogue.device(job.backend)
        return Work(
            job_id=job.id,
            attempt=claim.attempt,
            task="read" if job.state is State.SUBMITTED else "run",
            data=payload.data,
            blob=payload.blob,
            source="params",
            routine=job.routine,
            device=device.name,
            machine=self.machine,
            dry=job.dry_run and _answers_dry(device),
            seed=job.seed,
            noise=noise_of(catalogue, device, job.noise, job.characterization),
            threads=threads,
        )

    def limit_of(self, job: Job) -> float:
        """The most seconds that an attempt at a job may take."""
        device = self._catalogue_of(job).devices.get(job.backend)
        limit = self._limits.simulator  # also of a device that is gone, whose job fails at once
        if device is not None and device.kind == "qpu":
            limit = self._limits.qpu if device.driver is None else ELSEWHERE_SECONDS
        return limit if job.max_seconds is None else min(limit, job.max_seconds)

    async def when_read(self, job: Job, report: Report) -> Job | None:
        """A program text was read in a process of its own: plan it, or fail the job."""
        if report.failure is not None:
            await self._fail(job, report.failure)
            return None
        if job.backend not in self._catalogue_of(job).devices:
            await self._fail(job, UNRUNNABLE)
            return None
        assert report.read is not None, "a report without failure says what was read"
        if job.routine != CIRCUITS:
            return await self._when_routine_read(job, report.read, report)
        job = msgspec.structs.replace(
            job,
            qubits=report.read.qubits,
            gates_1q=report.read.gates_1q,
            gates_2q=report.read.gates_2q,
        )
        data = report.data
        if data is None:
            data = await asyncio.to_thread(self._store.unpack, None, report.blob)
        catalogue = self._catalogue_of(job)
        device = catalogue.device(job.backend)
        program = decode_program(data)
        try:
            parts: list[PlanPart] = await asyncio.to_thread(
                plan_program, program, device, job, catalogue, self.machine
            )
        except FailedError as error:
            await self._fail(job, error.failure)
            return None
        payload = Payload(PROGRAM, report.data, report.blob)
        dry = job.dry_run and device.kind == "qpu"
        children = _sizes(program) if job.children else []
        job, at = priced(job, catalogue), self._clock()
        ready = await self._store.write(
            lambda c: (
                changes.make_ready(c, job, parts, payload, children, dry=dry, at=at)
                if self._paid(c, job)
                else None
            )
        )
        if ready is None:
            await self._fail(job, _UNPAID)
        if dry or not ready:
            return None
        return msgspec.structs.replace(job, state=State.READY, plan=parts)

    def _paid(self, connection: Connection, job: Job) -> bool:
        """Whether the session of a job, if it has one, can pay what the job turned out to cost."""
        if job.session_id is None or not job.cost or job.dry_run:
            return True
        return session_changes.charge(connection, job.session_id, job.cost, self._clock())

    async def _when_routine_read(self, job: Job, read: Read, report: Report) -> Job | None:
        """It was planned where it was read."""
        job = msgspec.structs.replace(
            job,
            qubits=read.qubits,
            gates_1q=read.gates_1q,
            gates_2q=read.gates_2q,
            circuits=read.circuits or 1,
            shots=read.shots or 0,
            seed=job.seed if read.seed is None else read.seed,
        )
        parts = read.plan or []
        catalogue, at = self._catalogue_of(job), self._clock()
        job, device = priced(job, catalogue), catalogue.device(job.backend)
        dry = job.dry_run and device.kind == "qpu" and not _answers_dry(device)
        payload = Payload(INPUTS, report.data, report.blob)
        ready = await self._store.write(
            lambda c: (
                changes.make_ready(c, job, parts, payload, dry=dry, at=at)
                if self._paid(c, job)
                else None
            )
        )
        if ready is None:
            await self._fail(job, _UNPAID)
        if dry or not ready:
            return None
        return msgspec.structs.replace(job, state=State.READY, plan=parts)

    async def _fail(self, job: Job, failure: Failure) -> None:
        # One circuit and no batch: where in the program says more than which circuit.
        if failure.circuit == 0 and failure.code is not Code.INTERNAL:
            failure = msgspec.structs.replace(failure, circuit=None)
        at = self._clock()
        await self._store.write(lambda c: changes.fail(c, job.id, failure, at))


_UNPAID = Failure(
    Code.QUOTA_EXHAUSTED,
    "The job costs more than its session may still spend: take fewer shots or gates, or open a "
    "session with a higher cost limit.",
)


def _answers_dry(device: Device) -> bool:
    """Whether a dry run has an answer that nothing was computed for, as IBM's have."""
    return device.vendor == "ibm"


def _kind_wanted(job: Job) -> str:
    """Which payload an attempt at a job needs."""
    if job.state is State.SUBMITTED:
        return SOURCE
    return PROGRAM if job.routine == CIRCUITS else INPUTS


def _bytes(source: str | bytes) -> bytes:
    return source.encode() if isinstance(source, str) else source


def _source(format_: str) -> Source:
    """Which reader a program text is for."""
    return _SOURCES.get(format_, "openqasm")


def _sizes(program: Program) -> list[tuple[int, int, int]]:
    """Qubits, one-qubit gates and others of each circuit."""
    structures = [program.structure(index) for index in range(len(program))]
    return [(structure.qubits, *charged(structure)) for structure in structures]
