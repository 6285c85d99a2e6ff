"""Ketway's own API: what the command line and the console speak."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from ketway.circuits.circuit import Circuit
from ketway.circuits.ionq import read_circuit, read_multi
from ketway.circuits.qir import QirError, check_text
from ketway.circuits.qpy import QpyError, programs_of_text
from ketway.devices.noise import NoiseModel
from ketway.dialects.control import errors
from ketway.dialects.control.routines import answer_view, options_of
from ketway.dialects.control.sessions import SessionRoutes
from ketway.dialects.control.wire import (
    BackendsView,
    BackendView,
    Checks,
    CircuitResult,
    Deleted,
    EventsView,
    EventView,
    Health,
    InputObject,
    JobsQuery,
    JobsView,
    JobView,
    NewJob,
    NoiseModelsView,
    NoiseModelView,
    OptionsView,
    PlanView,
    ResultView,
    WaitQuery,
    iso,
    view,
)
from ketway.dialects.http import Call, Dialect, Operation, encoded, reply
from ketway.dialects.openapi import document
from ketway.jobs.answers import answer_of
from ketway.jobs.ids import is_id
from ketway.jobs.job import CIRCUITS, Job, State
from ketway.jobs.results import Result
from ketway.service.accounts import Accounts
from ketway.service.answer import Answer
from ketway.service.backends import Backend, Backends
from ketway.service.errors import ConflictError, NotFoundError, RefusedError
from ketway.service.jobs import Jobs
from ketway.service.noise_models import NoiseModels
from ketway.service.sessions import Sessions
from ketway.service.submission import Submission
from ketway.store.queries import Filter

NAME = "control"
LONGEST_WAIT = 30.0
LONGEST_PAGE = 1000


def key_of(request: Request) -> str | None:
    """`Authorization: Bearer <key>`."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


class Routes:
    def __init__(
        self,
        jobs: Jobs,
        backends: Backends,
        noise_models: NoiseModels,
        sessions: Sessions,
        health: Callable[[], Health],
        checks: Callable[[], Checks],
    ) -> None:
        self._jobs = jobs
        self._backends = backends
        self._noise_models = noise_models
        self._sessions = SessionRoutes(sessions)
        self._health = health
        self._checks = checks
        self._document: bytes = b""

    async def health(self, _call: Call) -> Response:
        return reply(self._health())

    async def doctor(self, _call: Call) -> Response:
        return reply(await asyncio.to_thread(self._checks))

    async def backends(self, _call: Call) -> Response:
        return reply(BackendsView([_backend(b) for b in self._backends.list()]))

    async def backend(self, call: Call) -> Response:
        return reply(_backend(self._backends.get(call.path("name"))))

    async def noise_models(self, call: Call) -> Response:
        """Those that came with Ketway first, then the project's own, oldest first."""
        noises = self._noise_models.catalogue(call.principal.project_id).noises
        own = {model.name for model in self._noise_models.own(call.principal)}
        views = [
            NoiseModelView(name=name, own=name in own, model=entry.model)
            for name, entry in noises.items()
        ]
        return reply(NoiseModelsView(views))

    async def noise_model(self, call: Call) -> Response:
        model = self._noise_models.get(call.principal, call.path("name"))
        own = any(model.name == other.name for other in self._noise_models.own(call.principal))
        return reply(NoiseModelView(name=model.name, own=own, model=model))

    async def add_noise_model(self, call: Call) -> Response:
        """Jobs on a simulator name it as their noise model from now on. Models never change: a name
        that is taken is refused, unless it is by this very model."""
        model, new = await self._noise_models.add(call.principal, call.raw)
        view = NoiseModelView(name=model.name, own=True, model=model)
        return reply(view, 201 if new else 200)

    async def delete_noise_model(self, call: Call) -> Response:
        """Refused while jobs wait for it."""
        name = call.path("name")
        await self._noise_models.remove(call.principal, name)
        return reply(Deleted(name, "deleted"))

    async def create(self, call: Call) -> Response:
        """The job is on the disk when this is answered."""
        wanted: NewJob = call.body
        submission = await asyncio.to_thread(_submission, wanted)
        job = await self._jobs.submit(call.principal, submission)
        return reply(self._view(job), 201)

    async def plan(self, call: Call) -> Response:
        """How a job would be run; nothing is submitted."""
        submission = await asyncio.to_thread(_submission, call.body)
        planned = await self._jobs.plan(call.principal, submission)
        return reply(
            PlanView(
                circuits=planned.circuits,
                qubits=planned.qubits,
                gates={"1q": planned.gates_1q, "2q": planned.gates_2q},
                plan=planned.parts,
                failure=planned.failure,
            )
        )

    async def list(self, call: Call) -> Response:
        """Newest first, without children."""
        query: JobsQuery = call.query
        if query.limit < 1:
            raise RefusedError(f"limit must be 1 or more, not {query.limit}", "limit")
        if query.next is not None and not is_id(query.next):
            raise RefusedError("next must be what the page before gave as `next`", "next")
        page = await self._jobs.page(
            call.principal,
            Filter(
                states=None if query.state is None else [_state(query.state)],
                backends=None if query.backend is None else [query.backend],
                dialect=query.dialect,
                tags=query.tag,
                session_id=query.session,
                before=query.next,
                limit=min(query.limit, LONGEST_PAGE),
            ),
        )
        return reply(JobsView([view(job, []) for job in page.jobs], page.next))

    async def get(self, call: Call) -> Response:
        """`id` may be a beginning of an id that no other job has."""
        return reply(self._view(await self._waited(call)))

    async def events(self, call: Call) -> Response:
        events = self._jobs.events(self._job(call))
        return reply(EventsView([EventView(e.seq, iso(e.at), e.kind, e.detail) for e in events]))

    async def result(self, call: Call) -> Response:
        """Bitstrings read from the highest bit to bit 0. That of a private job is not given here:
        whoever submitted it can read it once, and it would be gone."""
        job = await self._waited(call)
        if job.private:
            raise ConflictError(
                f"Job {job.id} is private: its result is read once, by the client that submitted "
                "it, and nowhere else."
            )
        if job.routine != CIRCUITS:
            routine_answer = await self._jobs.routine_answer(job, answer_of(job.routine))
            place = None if job.parent_id is None else job.position
            view = await asyncio.to_thread(answer_view, routine_answer, job.routine, place)
            return reply(view)
        answer = await self._jobs.answer(job)
        children = await self._jobs.children(job)
        return reply(await asyncio.to_thread(_result_view, answer, children))

    async def options(self, call: Call) -> Response:
        """What a routine was asked with, beside its circuits and their data. Nothing of a private
        job, and nothing of one that runs circuits as they are."""
        job = self._job(call)
        source = None
        if job.routine != CIRCUITS and not job.private:
            source = await self._jobs.source(job)
        return reply(OptionsView({} if source is None else options_of(source)))

    async def cancel(self, call: Call) -> Response:
        """Answered when the job's process is dead. A job that is final stays what it is."""
        return reply(self._view(await self._jobs.cancel(call.principal, self._job(call).id)))

    async def delete(self, call: Call) -> Response:
        job = self._job(call)
        await self._jobs.delete(call.principal, [job.id])
        return reply(Deleted(job.id, "deleted"))

    async def openapi(self, _call: Call) -> Response:
        """This document."""
        return encoded(self._document)

    def _job(self, call: Call) -> Job:
        return self._jobs.find(call.principal, call.path("id").lower()[:40])

    async def _waited(self, call: Call) -> Job:
        job = self._job(call)
        query: WaitQuery = call.query
        if not 0 <= query.wait <= LONGEST_WAIT:
            raise RefusedError(f"wait must be from 0 to {LONGEST_WAIT:g} seconds", "wait")
        if query.wait and not job.final:
            return await self._jobs.wait(call.principal, job.id, query.wait)
        return job

    def _view(self, job: Job) -> JobView:
        attempts = [
            {
                "number": a.number,
                "state": a.state,
                "started_at": iso(a.started_at),
                "ended_at": iso(a.ended_at),
                "reason": a.reason,
            }
            for a in self._jobs.attempts(job)
        ]
        return view(job, self._jobs.child_ids(job), attempts)

    def operations(self) -> Sequence[Operation]:
        job = "/jobs/{id}"
        # fmt: off
        return (
            Operation("GET", "/health", "getHealth", self.health, "The server itself",
                      answer=Health, public=True),
            Operation("GET", "/doctor", "getDoctor", self.doctor, "What is well, and what is not",
                      answer=Checks),
            Operation("GET", "/backends", "listBackends", self.backends, "All backends",
                      answer=BackendsView),
            Operation("GET", "/backends/{name}", "getBackend", self.backend, "One backend",
                      answer=BackendView),
            Operation("GET", "/noise-models", "listNoiseModels", self.noise_models,
                      "All noise models", answer=NoiseModelsView),
            Operation("POST", "/noise-models", "createNoiseModel", self.add_noise_model,
                      "Give a noise model", body=NoiseModel, answer=NoiseModelView, status=201,
                      also={200: "The project had this very one."},
                      refusals={409: "The name is taken by another model."}),
            Operation("GET", "/noise-models/{name}", "getNoiseModel", self.noise_model,
                      "One noise model", answer=NoiseModelView),
            Operation("DELETE", "/noise-models/{name}", "deleteNoiseModel", self.delete_noise_model,
                      "Delete a noise model", answer=Deleted,
                      refusals={409: "Jobs wait for it, or it came with Ketway."}),
            Operation("POST", "/jobs", "createJob", self.create, "Submit a job",
                      body=NewJob, answer=JobView, status=201),
            Operation("POST", "/plans", "createPlan", self.plan, "Plan a job, submit nothing",
                      body=NewJob, answer=PlanView),
            Operation("GET", "/jobs", "listJobs", self.list, "List jobs",
                      query=JobsQuery, answer=JobsView),
            Operation("GET", job, "getJob", self.get, "One job", query=WaitQuery, answer=JobView),
            Operation("DELETE", job, "deleteJob", self.delete, "Delete a job", answer=Deleted),
            Operation("POST", job + "/cancel", "cancelJob", self.cancel, "Cancel a job",
                      answer=JobView),
            Operation("GET", job + "/events", "getEvents", self.events, "What happened to a job",
                      answer=EventsView),
            Operation("GET", job + "/options", "getOptions", self.options,
                      "What a routine was asked with", answer=OptionsView),
            Operation("GET", job + "/result", "getResult", self.result, "What a job answered",
                      query=WaitQuery, answer=ResultView,
                      refusals={409: "The job has no result, or none yet, or is private."}),
            *self._sessions.operations(),
            Operation("GET", "/openapi.json", "getDocument", self.openapi,
                      "This API as an OpenAPI document", answer=dict[str, Any], public=True),
        )
        # fmt: on

    def dialect(self, accounts: Accounts, max_body: int) -> Dialect:
        operations = self.operations()
        self._document = msgspec.json.encode(
            document(
                operations,
                title="Ketway",
                version="v1",
                description="Ketway's own API: what its command line and console speak.",
                server="/ketway/v1",
                security={"bearer": {"type": "http", "scheme": "bearer"}},
                error=errors.Error,
            )
        )
        return Dialect(operations, accounts, errors.speak, key_of, max_body)


def _submission(wanted: NewJob) -> Submission:
    given = wanted.input
    circuits: Sequence[Circuit] | None = None
    source: str | None = None
    names: list[str | None] = []
    programs = 1
    if wanted.format == "openqasm":
        if not isinstance(given, str) or not given.strip():
            raise RefusedError("input must be the text of an OpenQASM program", "input")
        source = given
    elif wanted.format == "qpy":
        if not isinstance(given, str):
            raise RefusedError("input must be a QPY file in base64", "input")
        source = given
        try:
            programs = programs_of_text(given)
        except QpyError as error:
            raise RefusedError(error.message, "input") from None
    elif wanted.format in ("qir", "ionq.qir.v1"):
        if not isinstance(given, str):
            raise RefusedError("input must be LLVM bitcode in base64", "input")
        source = given
        try:
            check_text(given)
        except QirError as error:
            raise RefusedError(error.message, "input") from None
    elif not isinstance(given, InputObject):
        raise RefusedError(f"input must be an object for format {wanted.format}", "input")
    elif wanted.format == "ionq.circuit.v1" and given.circuit is not None:
        circuits = [read_circuit(given.circuit, given.gateset, given.qubits, "input.circuit")]
    elif wanted.format == "ionq.multi-circuit.v1" and given.circuits:
        circuits = read_multi(given.circuits, given.gateset, given.qubits, "input.circuits")
        names = [circuit.name for circuit in given.circuits]
    else:
        raise RefusedError(
            "format must be ionq.circuit.v1 with input.circuit, ionq.multi-circuit.v1 with "
            "input.circuits, openqasm with a text as input, or qpy, qir or ionq.qir.v1 with a file "
            "in base64 as input",
            "format",
        )
    metadata = None if wanted.metadata is None else msgspec.json.encode(wanted.metadata).decode()
    return Submission(
        dialect=NAME,
        format=wanted.format,
        backend=wanted.backend,
        circuits=circuits,
        source=source,
        programs=programs,
        multi=wanted.format == "ionq.multi-circuit.v1" or programs > 1,
        names=names,
        shots=wanted.shots,
        noise=wanted.noise,
        seed=wanted.seed,
        name=wanted.name,
        metadata=metadata,
    )


def _state(text: str) -> State:
    try:
        return State(text)
    except ValueError:
        raise RefusedError(
            f"unknown state {text!r}: use {', '.join(state.value for state in State)}", "state"
        ) from None


def _backend(backend: Backend) -> BackendView:
    device = backend.device
    noise = "ideal or noisy" if device.noise_models else "ideal"
    description = (
        f"{noise}, to {device.qubits} qubits"
        if device.kind == "simulator"
        else f"a virtual QPU with the noise of {device.noise}"
        if device.driver is None
        else f"run by the driver {device.driver.name}"
    )
    return BackendView(
        name=device.name,
        kind=device.kind,
        status=backend.status,
        qubits=device.qubits,
        native_gates=list(device.native_gates),
        noise_models=list(device.noise_models),
        queue={"waiting": backend.waiting, "running": backend.running},
        description=description,
    )


def _result_view(answer: Answer, children: Sequence[Job]) -> ResultView:
    jobs = children or [answer.job]
    circuits = []
    for index, job in enumerate(jobs):
        result = answer.result(index)
        if result is not None:
            circuits.append(_circuit_result(index, job, result))
    if not circuits:
        raise NotFoundError(f"No circuit of job {answer.job.id} has a result.")
    return ResultView(circuits)


def _circuit_result(index: int, job: Job, result: Result) -> CircuitResult:
    texts = bitstrings(result)
    return CircuitResult(
        index=index,
        id=job.id,
        name=job.name,
        bits=result.bits,
        outcomes=dict(zip(texts, result.weights().tolist(), strict=True)),
        counts=None
        if result.counts is None
        else dict(zip(texts, result.counts.tolist(), strict=True)),
        made_by=msgspec.to_builtins(result.provenance),
    )


def bitstrings(result: Result) -> list[str]:
    bits = np.unpackbits(result.outcomes, axis=1, bitorder="little")[:, : result.bits]
    rows = np.ascontiguousarray(bits[:, ::-1]) + ord("0")
    return [row.tobytes().decode() for row in rows]
