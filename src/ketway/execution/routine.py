"""What the process of an attempt does at a job with a routine: read and plan it, or run it."""

from __future__ import annotations

from typing import Any

import msgspec

from ketway.circuits.circuit import Structure
from ketway.devices.loading import load
from ketway.engines.parts import parts_of
from ketway.engines.planner import Machine
from ketway.execution.bundle import Read, Report, Work
from ketway.jobs.encoding import check_structure
from ketway.jobs.failures import Code, FailedError, Failure
from ketway.jobs.packing import pack, unpack
from ketway.routines.dry import DryRunner
from ketway.routines.registry import find
from ketway.routines.routine import Bearing, Routine
from ketway.routines.runner import Runner
from ketway.store.blobs import Blobs


def report(work: Work, data: bytes, blobs: Blobs, devices: str) -> Report:
    routine = find(work.routine)
    try:
        if work.task == "read":
            return _read(routine, work, data, blobs, devices)
        return _run(routine, work, data, blobs)
    except FailedError as error:
        return Report(job_id=work.job_id, attempt=work.attempt, failure=error.failure)


def _read(routine: Routine, work: Work, data: bytes, blobs: Blobs, devices: str) -> Report:
    """Planned here as well: the server would have to unpack it all for that."""
    assert work.machine is not None, "a routine is planned on reading"
    inputs = routine.read(data)
    size = routine.size(inputs)
    routine.check(inputs, load(devices).device(work.device))
    runner = _runner(routine, inputs, work, work.machine)
    plans = routine.plan(inputs, runner)
    for planned in plans:
        _check_seconds(planned.seconds, work.machine)
    inline, blob = blobs.keep(pack(inputs))
    return Report(
        job_id=work.job_id,
        attempt=work.attempt,
        data=inline,
        blob=blob,
        read=Read(
            qubits=size.qubits,
            gates_1q=size.gates_1q,
            gates_2q=size.gates_2q,
            circuits=size.circuits,
            shots=size.shots,
            seed=routine.seed(inputs),
            plan=parts_of(plans, [1] * len(plans)),
        ),
    )


def _check_seconds(seconds: float, machine: Machine) -> None:
    if machine.seconds is not None and seconds > machine.seconds:
        raise FailedError(
            Failure(
                Code.SIMULATION_TIMEOUT,
                f"The job would take about {seconds:,.0f} s here, and the limit is "
                f"{machine.seconds:,.0f} s: use fewer qubits, gates, shots or circuits.",
            )
        )


def _run(routine: Routine, work: Work, data: bytes, blobs: Blobs) -> Report:
    assert work.machine is not None, "a routine plans what it runs"
    inputs = unpack(data, routine.inputs)
    for structure in routine.structures(inputs):
        _check(structure)
    # Whether it takes too long was decided on reading; now only the clock says so.
    machine = msgspec.structs.replace(work.machine, threads=work.threads, seconds=None)
    answer = routine.run(inputs, _runner(routine, inputs, work, machine))
    inline, blob = blobs.keep(pack(answer))
    born = routine.ran(inputs, answer) if isinstance(routine, Bearing) else ()
    return Report(job_id=work.job_id, attempt=work.attempt, data=inline, blob=blob, born=born)


def _runner(routine: Routine, inputs: Any, work: Work, machine: Machine) -> Runner:
    kind = DryRunner if work.dry else Runner
    return kind(noise=routine.noise(inputs, work.noise), machine=machine, seed=work.seed)


def _check(structure: Structure) -> None:
    try:
        check_structure(structure)
    except ValueError as error:
        raise FailedError(Failure(Code.INTERNAL, f"The job cannot be run: {error}.")) from None
