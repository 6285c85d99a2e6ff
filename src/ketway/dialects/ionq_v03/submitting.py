"""From v0.3's request bodies to what the service takes."""

from __future__ import annotations

from typing import Final

import msgspec

from ketway.circuits.circuit import Circuit
from ketway.circuits.ionq import CircuitObject, read_circuit
from ketway.dialects.ionq.compilation import check_compilation
from ketway.dialects.ionq.mitigation import debias_of
from ketway.dialects.ionq.reading import (
    MULTI,
    QASM,
    QIR,
    SINGLE,
    check_circuits,
    check_gates,
    circuits_of,
    metadata_of,
    noise_of,
    qir_of,
    shots_of,
    with_registers,
)
from ketway.dialects.ionq.settings import Kept
from ketway.dialects.ionq.wire import Registers
from ketway.dialects.ionq_v03.wire import CreateJob, ProgramObject
from ketway.service.errors import RefusedError
from ketway.service.submission import Submission

NAME: Final = "ionq_v03"

CIRCUIT_FORMATS: Final = ("ionq.circuit.v0", "ionq.circuit.v1")
QASM_FORMATS: Final = ("openqasm", "qasm", "qasm2", "qasm3", "openqasm2", "openqasm3", QASM)
"""IonQ's pages name none of them; the text itself says which version it is."""
QIR_FORMATS: Final = ("qir", QIR)


def submission_of(payload: CreateJob) -> Submission:
    """Check a request to create a job, and read its circuits."""
    program, where = _program(payload)
    kept = Kept()
    debias: bool | None = None
    if payload.settings is not None:
        check_compilation(payload.settings)
        kept.compilation = payload.settings.compilation
        kept.error_mitigation = payload.settings.error_mitigation
        debias = debias_of(kept.error_mitigation or {}, "settings.error_mitigation")
    if payload.error_mitigation is not None:
        asked = msgspec.to_builtins(payload.error_mitigation)
        debias = debias_of(asked, "error_mitigation")
        kept.error_mitigation = {"debiasing": bool(payload.error_mitigation.debias)}
    kept.registers = payload.registers or None

    format_, source = SINGLE, None
    circuits: list[Circuit] | None = None
    children: list[CircuitObject] = []
    if isinstance(program, list):
        format_, children = MULTI, [_of_list(p, f"{where}[{i}]") for i, p in enumerate(program)]
        check_circuits(children)
        circuits = circuits_of(children, "qis", None, where)
    elif (given := program.format or CIRCUIT_FORMATS[0]) in QASM_FORMATS:
        format_, source = QASM, _text(program, where, "an OpenQASM program as text")
    elif given in QIR_FORMATS:
        format_, source = QIR, qir_of(program.data, f"{where}.data")
    elif given not in CIRCUIT_FORMATS:
        raise RefusedError(
            f"unknown format {given[:40]!r}: use {CIRCUIT_FORMATS[0]}, {QASM_FORMATS[0]} or "
            f"{QIR_FORMATS[0]}",
            f"{where}.format",
        )
    elif program.circuits is not None:
        format_, children = MULTI, _children(program, where)
        circuits = circuits_of(
            children, program.gateset or "qis", program.qubits, f"{where}.circuits"
        )
    else:
        circuits = [_single(program, payload.registers, where)]
    return Submission(
        dialect=NAME,
        format=format_,
        backend=payload.target,
        vendor="ionq",
        circuits=circuits,
        source=source,
        multi=format_ == MULTI,
        names=[child.name for child in children],
        child_settings=[Kept(registers=child.registers).text() for child in children],
        shots=_shots(payload.shots),
        noise=noise_of(payload.noise),
        name=payload.name,
        metadata=metadata_of(payload.metadata),
        settings=kept.text(),
        dry_run=bool(payload.dry_run),
        debias=debias,
    )


def _program(payload: CreateJob) -> tuple[ProgramObject | list[ProgramObject], str]:
    """What to run, and what the client calls it."""
    if payload.input is not None:
        if payload.body is not None:
            raise RefusedError("the request has both input and body: send input", "body")
        return payload.input, "input"
    if payload.body is not None:
        return payload.body, "body"
    raise RefusedError("input is missing: an object that says what to run", "input")


def _single(program: ProgramObject, registers: Registers | None, where: str) -> Circuit:
    if program.circuit is None:
        raise RefusedError(
            f"{where}.circuit is missing: a list of gates; several circuits go to {where}.circuits",
            f"{where}.circuit",
        )
    check_gates(len(program.circuit))
    circuit = read_circuit(
        program.circuit, program.gateset or "qis", program.qubits, f"{where}.circuit"
    )
    return with_registers(circuit, registers, "registers")


def _children(program: ProgramObject, where: str) -> list[CircuitObject]:
    if program.circuit is not None:
        raise RefusedError(
            f"{where}.circuit beside {where}.circuits means nothing: put it among the circuits",
            f"{where}.circuit",
        )
    if not program.circuits:
        raise RefusedError(f"{where}.circuits is empty: a list of circuits", f"{where}.circuits")
    check_circuits(program.circuits)
    return program.circuits


def _of_list(program: ProgramObject, where: str) -> CircuitObject:
    """One program of a list: a circuit like those of `circuits`."""
    if program.format is not None and program.format not in CIRCUIT_FORMATS:
        raise RefusedError(
            f"a list takes programs in {CIRCUIT_FORMATS[0]}, not in {program.format[:40]!r}: "
            "send this one in a job of its own",
            f"{where}.format",
        )
    if program.circuit is None:
        raise RefusedError(f"{where}.circuit is missing: a list of gates", f"{where}.circuit")
    return CircuitObject(
        program.circuit,
        program.name,
        program.qubits,
        program.gateset,
        program.registers,
    )


def _text(program: ProgramObject, where: str, what: str) -> str:
    if not isinstance(program.data, str) or not program.data.strip():
        raise RefusedError(f"{where}.data is missing: {what}", f"{where}.data")
    return program.data


def _shots(given: int | float | str | None) -> int:
    if isinstance(given, float):
        if not given.is_integer():
            raise RefusedError(f"shots must be a whole number, not {given}", "shots")
        return int(given)
    return shots_of(given)
