"""From a request to a job: checked, planned, and made into rows.

What is wrong with the *form* of a request is refused at once. What a backend cannot do makes a job
that has failed, with a code, as the vendors' services do: the client finds it where it looks.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec
import numpy as np

from ketway.circuits.charging import charged
from ketway.circuits.circuit import Circuit, Program, Structure, kind_table
from ketway.circuits.gates import GATES, Kind
from ketway.circuits.ionq import too_many_controls
from ketway.devices.characterization import NoCharacterizationError
from ketway.devices.device import Device, Vendor
from ketway.devices.history import current, find
from ketway.devices.loading import Catalogue, UnknownNameError
from ketway.devices.noise import NoiseModel
from ketway.devices.own_noise import own_noise
from ketway.devices.price import Load
from ketway.engines.parts import parts_of
from ketway.engines.planner import Machine, divided, plan
from ketway.engines.seeds import derive
from ketway.jobs.debiased import LEAST_SHOTS
from ketway.jobs.failures import Code, FailedError, Failure
from ketway.jobs.ids import new_ids, now
from ketway.jobs.job import CIRCUITS, Job, Noise, PlanPart, State
from ketway.service.accounts import Principal
from ketway.service.errors import RefusedError

MAX_CIRCUITS = 5_000
MAX_GATES = 150_000
MAX_SHOTS = 1_000_000
BIG_CIRCUITS = 50
BIG_GATES = 2_000
BIG_TEXT = 64 * 1024
"""From here on a submission is prepared in a thread, so that others are answered meanwhile."""

_IS_NATIVE = kind_table(gate.kind for gate in GATES.values() if gate.native)
_IS_NATIVE[Kind.NOP] = False  # every device takes it, and none lists it
_DEBIASING = "debiasing"
_IS_CONTROL = kind_table((Kind.JUMP, Kind.ASSIGN))

_seeds = random.SystemRandom()


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """What a dialect understood of a request to run something."""

    dialect: str
    format: str
    backend: str
    vendor: Vendor | None = None
    """Whose backends it may name; None for anybody's."""
    circuits: Sequence[Circuit] | None = None
    """The circuits, already read; or else `source`."""
    source: str | bytes | None = None
    """A program text that is still to be read; QPY is in base64. Or the parameters of a routine."""
    routine: str = CIRCUITS
    programs: int = 1
    """How many circuits the text says it has."""
    multi: bool = False
    """Whether each circuit becomes a child job, also if there is only one."""
    names: Sequence[str | None] = ()
    """Names of the children."""
    child_settings: Sequence[str | None] = ()
    shots: int
    noise: Noise | None = None
    seed: int | None = None
    """What all randomness is to follow from; else the noise's seed, else a fresh one."""
    name: str | None = None
    metadata: str | None = None
    settings: str | None = None
    tags: list[str] | None = None
    private: bool = False
    max_seconds: float | None = None
    dry_run: bool = False
    session_id: str | None = None
    characterization: str | None = None
    """By which figures of its device to run it; None for those of now."""
    debias: bool | None = None
    """Whether to run it as variants, whose errors differ; None for what its device does unasked."""

    @property
    def big(self) -> bool:
        """Whether preparing it takes long."""
        if self.circuits is None:
            return len(self.source or "") > BIG_TEXT
        gates = sum(circuit.structure.gates for circuit in self.circuits)
        return len(self.circuits) > BIG_CIRCUITS or gates > BIG_GATES


class Prepared(msgspec.Struct, frozen=True):
    """A job with its children behind it, and the program that it is to run."""

    family: list[Job]
    program: Program | None

    @property
    def job(self) -> Job:
        return self.family[0]


def noise_of(
    catalogue: Catalogue, device: Device, noise: Noise | None, characterization: str | None
) -> NoiseModel | None:
    """The model that will be applied; None for an ideal run. A device that is characterized has the
    noise of that day."""
    if characterization is not None:
        try:
            return own_noise(device, characterization)
        except NoCharacterizationError as error:
            raise FailedError(Failure(Code.INVALID_INPUT, f"{error}.")) from None
    name = noise.model if noise is not None else device.noise
    if name is None:
        return None
    model = catalogue.noise(name)
    return None if model.ideal else model


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """What would be run, and how; or why it would not."""

    circuits: int = 0
    qubits: int = 0
    gates_1q: int = 0
    gates_2q: int = 0
    parts: list[PlanPart] = []
    failure: Failure | None = None


def check(submission: Submission, catalogue: Catalogue) -> Device:
    """The device behind the backend; raises `RefusedError` for what cannot be asked of it."""
    device = _device(submission, catalogue)
    _check_sizes(submission)
    return device


def plan_submission(
    submission: Submission, catalogue: Catalogue, machine: Machine, program: Program | None = None
) -> Planned:
    """The plan alone. `program` is what was read of a submission that is a text."""
    device = check(submission, catalogue)
    submission = _characterized(submission, device, now())
    if program is None:
        assert submission.circuits is not None, "a text is read before it is planned"
        noise = noise_of(catalogue, device, submission.noise, submission.characterization)
        program = divided(Program.of(submission.circuits), noise)
    parts: list[PlanPart] = []
    failure: Failure | None = None
    try:
        parts = plan_program(program, device, submission, catalogue, machine)
    except FailedError as error:
        failure = error.failure
    counts = [charged(batch.structure) for batch in program.batches]
    return Planned(
        circuits=len(program),
        qubits=max(batch.structure.qubits for batch in program.batches),
        gates_1q=_total(program, [one for one, _ in counts]),
        gates_2q=_total(program, [two for _, two in counts]),
        parts=parts,
        failure=failure,
    )


def prepare(
    submission: Submission,
    principal: Principal,
    catalogue: Catalogue,
    machine: Machine,
    at: int | None = None,
) -> Prepared:
    """Check and plan; may take a while for large jobs, so call it off the event loop then. `at` is
    when it was submitted: now, if nothing is said."""
    device = check(submission, catalogue)
    at = now() if at is None else at
    submission = _characterized(submission, device, at)
    program = None
    if submission.circuits is not None:
        noise = noise_of(catalogue, device, submission.noise, submission.characterization)
        program = divided(Program.of(submission.circuits), noise)
    parts: list[PlanPart] | None = None
    failure: Failure | None = None
    if program is not None:
        try:
            parts = plan_program(program, device, submission, catalogue, machine)
        except FailedError as error:
            failure = error.failure
            if not submission.multi:  # which circuit it is says nothing
                failure = msgspec.structs.replace(failure, circuit=None)
    # A simulator runs a dry run like any other: there is nothing that it would save.
    dry = submission.dry_run and device.kind == "qpu"
    debias = _debiases(submission, device, program)
    family = _family(submission, principal, program, parts, failure, at, dry=dry, debias=debias)
    family[0] = priced(family[0], catalogue)
    return Prepared(family, program)


def priced(job: Job, catalogue: Catalogue) -> Job:
    """The job with what it takes of its device, if that is a virtual QPU and its size is known."""
    device = catalogue.device(job.backend)
    if device.kind != "qpu" or not job.qubits or device.timing is None:
        return job
    load = Load(
        circuits=job.circuits,
        gates_1q=job.gates_1q,
        gates_2q=job.gates_2q,
        shots=job.shots,
        mitigated=job.debias,
    )
    found = catalogue.quote(device.name, load)
    return msgspec.structs.replace(
        job, busy_micros=found.micros, cost=found.cost, cost_unit=found.unit
    )


def _device(submission: Submission, catalogue: Catalogue) -> Device:
    try:
        device = catalogue.device(submission.backend, submission.vendor)
    except UnknownNameError as error:
        message = str(error).replace("device", "backend", 1)
        raise RefusedError(message, "backend") from None
    if device.driver is not None and submission.routine != CIRCUITS:
        raise RefusedError(
            f"{device.name} runs circuits and nothing else: run the loop in your program, or send "
            "the job to `simulator`",
            "backend",
        )
    if submission.noise is None:
        return device
    seed = submission.noise.seed
    if seed is not None and not 0 <= seed < 1 << 63:
        raise RefusedError("noise.seed must be from 0 to 2^63 - 1", "noise.seed")
    if device.kind == "qpu":
        raise RefusedError(
            f"noise models belong to the simulator; {device.name} has noise of its own. "
            "Leave `noise` out, or send the job to `simulator`.",
            "noise",
        )
    try:
        catalogue.qubits(device.name, submission.noise.model)
    except UnknownNameError as error:
        raise RefusedError(str(error), "noise.model") from None
    return device


def _characterized(submission: Submission, device: Device, at: int) -> Submission:
    """With the figures by which it will run: now, and whenever it is run again."""
    if submission.characterization is not None:
        try:
            find(device, submission.characterization, at)
        except NoCharacterizationError as error:
            raise RefusedError(f"{error}", "characterization_id") from None
        return submission
    found = current(device, at)
    return msgspec.structs.replace(submission, characterization=None if found is None else found.id)


def _debiases(submission: Submission, device: Device, program: Program | None) -> bool:
    """IonQ's QPUs debias unasked from 500 shots on, but not what is written in their own gates:
    who does that has reasons. Simulators have nothing to debias."""
    if _DEBIASING not in device.error_mitigations or submission.routine != CIRCUITS:
        return False
    if device.driver is not None:  # what it does of its own is its own
        return False
    enough = submission.shots >= LEAST_SHOTS
    if submission.debias is None:
        return enough and not (program is not None and _any_native(program))
    if submission.debias and not enough:
        raise RefusedError(
            f"debiasing needs at least {LEAST_SHOTS} shots, and this job has {submission.shots}: "
            "take more shots, or send debiasing as false",
            "shots",
        )
    return submission.debias


def _any_native(program: Program) -> bool:
    return any(_IS_NATIVE[batch.structure.kinds].any() for batch in program.batches)


def _check_sizes(submission: Submission) -> None:
    if submission.routine != CIRCUITS:
        return  # known when its parameters are read
    if not 1 <= submission.shots <= MAX_SHOTS:
        raise RefusedError(
            f"shots must be from 1 to {MAX_SHOTS:,}, not {submission.shots:,}", "shots"
        )
    circuits = submission.circuits
    count = submission.programs if circuits is None else len(circuits)
    if not count:
        raise RefusedError("a job needs at least one circuit", "input.circuits")
    if count > MAX_CIRCUITS:
        raise RefusedError(
            f"a job takes at most {MAX_CIRCUITS:,} circuits, and this one has "
            f"{count:,}: split it into several jobs",
            "input.circuits",
        )
    if circuits is None:
        return
    gates = sum(circuit.structure.gates for circuit in circuits)
    if gates > MAX_GATES:
        raise RefusedError(
            f"a job takes at most {MAX_GATES:,} gates, and this one has {gates:,}: "
            "split it into several jobs",
            "input",
        )


def plan_program(
    program: Program,
    device: Device,
    submission: Submission | Job,
    catalogue: Catalogue,
    machine: Machine,
) -> list[PlanPart]:
    """How each batch will be run; raises `FailedError` for what cannot be done here."""
    noise = noise_of(catalogue, device, submission.noise, submission.characterization)
    limits = _Limits.of(catalogue, device, submission.noise)
    firsts = _first_circuits(program)
    if device.driver is not None:
        for index, batch in enumerate(program.batches):
            _check_device(batch.structure, limits, firsts[index])
        return [_elsewhere(device, len(program))]
    plans = []
    for index, batch in enumerate(program.batches):
        _check_device(batch.structure, limits, firsts[index])
        try:
            plans.append(
                plan(
                    batch,
                    shots=submission.shots,
                    exact=noise is None,
                    noise=noise,
                    machine=machine,
                )
            )
        except FailedError as error:
            located = msgspec.structs.replace(error.failure, circuit=firsts[index])
            raise FailedError(located) from None
    return parts_of(plans, [len(batch) for batch in program.batches])


def _elsewhere(device: Device, circuits: int) -> PlanPart:
    """Nothing is needed of this machine."""
    assert device.driver is not None, "asked for a device with a driver"
    reason = f"{device.name} is run by the driver {device.driver.name}"
    return PlanPart(
        engine="driver", reason=reason, bytes=0, seconds=0.0, precision="none", circuits=circuits
    )


def _first_circuits(program: Program) -> list[int]:
    """For each batch, the first circuit of the job that is in it: where a message points."""
    firsts = [len(program)] * len(program.batches)
    for index, (batch, _) in enumerate(program.order):
        firsts[batch] = min(firsts[batch], index)
    return firsts


class _Limits(msgspec.Struct, frozen=True):
    """What a device can do, under the noise model that was asked for."""

    name: str
    qubits: int
    native_gates: tuple[str, ...]
    control: bool
    """Whether classical bits may decide what happens while it runs."""

    @classmethod
    def of(cls, catalogue: Catalogue, device: Device, noise: Noise | None) -> _Limits:
        model = None if noise is None else noise.model
        name = device.name if model is None else f"{device.name} with noise model {model}"
        return cls(
            name,
            catalogue.qubits(device.name, model),
            catalogue.native_gates(device.name, model),
            device.kind == "simulator",
        )


def _check_device(structure: Structure, limits: _Limits, circuit: int) -> None:
    failure = too_many_controls(structure, circuit)
    if failure is not None:
        raise FailedError(failure)
    if structure.qubits > limits.qubits:
        raise FailedError(
            Failure(
                Code.NOT_ENOUGH_QUBITS,
                f"The circuit needs {structure.qubits} qubits; {limits.name} has {limits.qubits}.",
                circuit=circuit,
            )
        )
    if structure.has_control and not limits.control:
        place = int(_IS_CONTROL[structure.kinds].argmax())
        raise FailedError(
            Failure(
                Code.UNSUPPORTED_GATE,
                f"{limits.name} cannot decide by classical bits while it runs, and gate {place} "
                f"({GATES[Kind(structure.kinds[place])].name}) does: use the simulator, or decide "
                "after the measurements.",
                circuit=circuit,
                gate=place,
            )
        )
    native = _IS_NATIVE[structure.kinds]
    for kind in np.unique(structure.kinds[native]) if native.any() else ():
        gate = GATES[Kind(kind)]
        if gate.name not in limits.native_gates:
            raise FailedError(
                Failure(
                    Code.UNSUPPORTED_GATE,
                    f"{limits.name} has no native gate {gate.name}; its native gates are "
                    f"{', '.join(limits.native_gates)}.",
                    circuit=circuit,
                    gate=int((structure.kinds == kind).argmax()),
                )
            )


def _family(
    submission: Submission,
    principal: Principal,
    program: Program | None,
    parts: list[PlanPart] | None,
    failure: Failure | None,
    at: int,
    *,
    dry: bool,
    debias: bool,
) -> list[Job]:
    count = submission.programs if program is None else len(program)
    children = count if submission.multi else 0
    ids = new_ids(1 + children)
    seed = submission.seed
    if seed is None and submission.noise is not None:
        seed = submission.noise.seed
    state = (
        State.FAILED
        if failure is not None
        else State.SUBMITTED
        if program is None
        else State.COMPLETED
        if dry
        else State.READY
    )
    counts = [] if program is None else [charged(batch.structure) for batch in program.batches]
    job = Job(
        id=ids[0],
        project_id=principal.project_id,
        user_id=principal.user_id,
        dialect=submission.dialect,
        format=submission.format,
        backend=submission.backend,
        name=submission.name,
        metadata=submission.metadata,
        routine=submission.routine,
        settings=submission.settings,
        tags=submission.tags,
        private=submission.private,
        max_seconds=submission.max_seconds,
        state=state,
        shots=submission.shots,
        seed=_seeds.getrandbits(63) if seed is None else seed,
        debias=debias,
        characterization=submission.characterization,
        noise=submission.noise,
        dry_run=submission.dry_run,
        session_id=submission.session_id,
        circuits=count,
        children=children,
        qubits=0 if program is None else max(b.structure.qubits for b in program.batches),
        gates_1q=_total(program, [one for one, _ in counts]),
        gates_2q=_total(program, [two for _, two in counts]),
        plan=parts,
        failure=failure,
        submitted_at=at,
        ready_at=at if program is not None and failure is None else None,
        completed_at=at if state in (State.FAILED, State.COMPLETED) else None,
    )
    if not children:
        return [job]
    # Circuits that are still to be read are as large as they turn out to be.
    sizes = (
        [(0, 0, 0)] * children
        if program is None
        else [(program.batches[b].structure.qubits, *counts[b]) for b, _ in program.order]
    )
    names = submission.names or [None] * children
    settings = submission.child_settings or [None] * children
    return [
        job,
        *(
            msgspec.structs.replace(
                job,
                id=ids[1 + i],
                parent_id=job.id,
                position=i,
                name=names[i],
                settings=settings[i],
                metadata=None,
                seed=derive(job.seed, i),
                circuits=1,
                children=0,
                qubits=qubits,
                gates_1q=one,
                gates_2q=two,
                plan=None,
            )
            for i, (qubits, one, two) in enumerate(sizes)
        ),
    ]


def _total(program: Program | None, per_batch: list[int]) -> int:
    if program is None:
        return 0
    return sum(len(batch) * gates for batch, gates in zip(program.batches, per_batch, strict=True))
