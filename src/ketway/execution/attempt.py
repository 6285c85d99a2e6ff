"""What the process of an attempt does: the only place where engines and parsers run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from ketway.circuits import qir, qpy
from ketway.circuits.charging import charged
from ketway.circuits.circuit import Circuit, Program
from ketway.circuits.qasm import read_qasm
from ketway.engines.engine import Plan
from ketway.engines.running import run_program
from ketway.engines.seeds import derive
from ketway.execution import driving, routine
from ketway.execution.bundle import Read, Report, Work, decode_bundle, encode_report
from ketway.execution.debiasing import run_debiased
from ketway.jobs.encoding import decode_program, encode_program, encode_result, encode_results
from ketway.jobs.failures import Code, FailedError, Failure
from ketway.jobs.job import CIRCUITS, PlanPart
from ketway.store.blobs import Blobs


def perform(request: bytes, send: Callable[[bytes], None]) -> None:
    """Do all work of a bundle; send a report for each piece as soon as it is done."""
    bundle = decode_bundle(request)
    blobs = Blobs(Path(bundle.blobs))
    for work in bundle.works:
        send(encode_report(_report(work, blobs, bundle.devices)))


def _report(work: Work, blobs: Blobs, devices: str) -> Report:
    if work.task in ("call off", "describe"):
        return driving.call_off(work) if work.task == "call off" else driving.describe(work)
    data = work.data if work.data is not None else blobs.get(work.blob or "")
    try:
        if work.routine != CIRCUITS:
            return routine.report(work, data, blobs, devices)
        return _read(work, data, blobs) if work.task == "read" else _run(work, data, blobs)
    except MemoryError:
        return _failed(
            work,
            Code.SIMULATION_ERROR,
            "The run needed more memory than was planned for it. Use fewer qubits, fewer shots "
            "or fewer circuits in one job.",
        )


def _failed(work: Work, code: Code, message: str) -> Report:
    return Report(job_id=work.job_id, attempt=work.attempt, failure=Failure(code, message))


def _read(work: Work, data: bytes, blobs: Blobs) -> Report:
    try:
        circuits = _circuits(work, data.decode())
    except FailedError as error:
        return Report(job_id=work.job_id, attempt=work.attempt, failure=error.failure)
    counts = [charged(circuit.structure) for circuit in circuits]
    inline, blob = blobs.keep(encode_program(Program.of(circuits)))
    return Report(
        job_id=work.job_id,
        attempt=work.attempt,
        data=inline,
        blob=blob,
        read=Read(
            qubits=max(circuit.qubits for circuit in circuits),
            gates_1q=sum(one for one, _ in counts),
            gates_2q=sum(two for _, two in counts),
        ),
    )


def _circuits(work: Work, text: str) -> list[Circuit]:
    """What was written, as circuits; `FailedError` says why it cannot be read."""
    if work.source == "openqasm":
        return [read_qasm(text)]
    if work.source in ("qir", "ionq.qir"):
        every = work.source == "ionq.qir"
        return [qir.read_qir(qir.of_text(text), every_qubit=every)]
    circuits: list[Circuit] = []
    for index, template in enumerate(qpy.read_qpy(qpy.of_text(text))):
        try:
            circuits.append(template.circuit())
        except FailedError as error:
            raise FailedError(msgspec.structs.replace(error.failure, circuit=index)) from None
    return circuits


def seeds_of(seed: int, circuits: int, children: int) -> list[int]:
    """The seed of each circuit. A circuit that is a child job has a seed of its own, which alone
    makes its answer again; the circuit of a single job has the job's."""
    if not children:
        return [seed]
    return [derive(seed, index) for index in range(circuits)]


def _run(work: Work, data: bytes, blobs: Blobs) -> Report:
    if work.driven is not None:
        return _run_elsewhere(work, data, blobs)
    program = decode_program(data)
    if work.places:
        return _run_debiased(work, program, blobs)
    frames: list[bytes | Failure | None] = [None] * len(program)
    for index, answer in run_program(
        program,
        _plans(work.plan, len(program.batches)),
        seeds_of(work.seed, len(program), work.children),
        shots=work.shots,
        exact=work.exact,
        noise=work.noise,
        threads=work.threads,
    ):
        frames[index] = answer if isinstance(answer, Failure) else encode_result(answer)
    return _answer(work, [frame for frame in frames if frame is not None], len(frames), blobs)


def _run_elsewhere(work: Work, data: bytes, blobs: Blobs) -> Report:
    try:
        frames = driving.run(work, data)
    except FailedError as error:
        return Report(job_id=work.job_id, attempt=work.attempt, failure=error.failure)
    return _answer(work, frames, len(frames), blobs)


def _run_debiased(work: Work, program: Program, blobs: Blobs) -> Report:
    frames = run_debiased(
        program,
        _plans(work.plan, len(program.batches)),
        seeds_of(work.seed, len(program), work.children),
        shots=work.shots,
        noise=work.noise,
        places=work.places,
        threads=work.threads,
    )
    return _answer(work, frames, len(program), blobs)


def _answer(work: Work, frames: list[bytes | Failure], circuits: int, blobs: Blobs) -> Report:
    """`frames` begins with the answers of the circuits."""
    done = frames[:circuits]
    failed = {i: frame for i, frame in enumerate(done) if isinstance(frame, Failure)}
    if len(failed) == len(done) and done:
        return Report(
            job_id=work.job_id,
            attempt=work.attempt,
            # Of a job of one circuit, which circuit it is says nothing.
            failure=failed[0]
            if work.children
            else msgspec.structs.replace(failed[0], circuit=None),
            failed_circuits=failed if work.children else {},
        )
    inline, blob = blobs.keep(encode_results(frames))
    return Report(
        job_id=work.job_id,
        attempt=work.attempt,
        data=inline,
        blob=blob,
        failure=_of_parent(failed, len(done)),
        failed_circuits=failed,
    )


def _of_parent(failed: dict[int, Failure], circuits: int) -> Failure | None:
    """A parent with a failed circuit has failed; the results of the others are kept."""
    if not failed:
        return None
    first = min(failed)
    return Failure(
        failed[first].code,
        f"{len(failed)} of {circuits} circuits failed. Circuit {first}: {failed[first].message}",
        circuit=first,
    )


def _plans(parts: Sequence[PlanPart], batches: int) -> list[Plan]:
    """One plan for each batch."""
    plans: dict[int, Plan] = {}
    for part in parts:
        planned = msgspec.convert(msgspec.structs.asdict(part), Plan)
        plans |= dict.fromkeys(range(batches) if part.batches is None else part.batches, planned)
    return [plans[index] for index in range(batches)]
