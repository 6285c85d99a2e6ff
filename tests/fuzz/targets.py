"""One target for each format that strangers send: bytes in; an error that says what is wrong, or a
circuit that holds together. Anything else is a defect, and comes out as another exception."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from tests.circuits.formats import writers
from tests.circuits.formats.circuits import CIRCUITS
from tests.circuits.qir import programs as qir_programs

from ketway.circuits import qasm, qir, qpy
from ketway.circuits.circuit import Circuit, Program
from ketway.circuits.ionq import ReadError
from ketway.dialects.ionq_v03 import submitting as v03
from ketway.dialects.ionq_v03.wire import CreateJob
from ketway.dialects.ionq_v04 import submitting as v04
from ketway.dialects.ionq_v04.wire import JobCreationPayload
from ketway.jobs.encoding import decode_program, encode_program
from ketway.jobs.failures import FailedError
from ketway.service.errors import RefusedError

CASES: Final = Path(__file__).with_name("cases")
CIRCUITS_OF_TESTS: Final = Path(__file__).parents[1] / "circuits"

SECONDS: Final = 1
"""No input may take longer, however it is made."""
WRITTEN: Final = 1_000
"""Circuits with more gates are read, and not written and read once more: that takes the longer."""
BYTES: Final = 4096
"""No input is longer: what is wrong with a reader shows in little."""

_QASM: Final = qasm.Limits(gates=20_000, qubits=200, bits=1_000)
_QPY: Final = qpy.Limits(instructions=20_000, work=60_000, qubits=200, bits=1_000)
"""Less than a server reads: a run under instruments is several times slower. QIR has no loops and
no definitions, so that little of it never becomes much."""


@dataclass(frozen=True)
class Target:
    read: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    words: tuple[bytes, ...]
    """What is worth putting anywhere."""


def _holds(circuits: list[Circuit]) -> None:
    """What a reader made can be kept and comes back as it was."""
    program = Program.of(circuits)
    again = decode_program(encode_program(program))
    assert len(again) == len(circuits)
    for index, circuit in enumerate(circuits):
        assert again.structure(index).digest == circuit.structure.digest
        bits = circuit.structure.bits or circuit.qubits  # without bits, registers name qubits
        for register in circuit.registers:
            assert all(0 <= bit < bits for bit in register.bits)


def _says(error: FailedError | RefusedError | ReadError) -> None:
    text = str(error) if isinstance(error, ReadError | RefusedError) else error.failure.message
    assert text.strip(), "an error says what is wrong"
    assert len(text) < 2_000, "and does so in few words"


def read_ionq(data: bytes) -> None:
    versions: tuple[Any, ...] = (
        (CreateJob, v03.submission_of),
        (JobCreationPayload, v04.submission_of),
    )
    for kind, submission_of in versions:
        try:
            submission = submission_of(msgspec.json.decode(data, type=kind))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue  # the server answers 400 to these before a dialect sees them
        except (ReadError, RefusedError, FailedError) as error:
            _says(error)
            continue
        if submission.circuits:
            _holds(list(submission.circuits))


def read_qasm(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    try:
        circuit = qasm.read_qasm(text, _QASM)
    except qasm.QasmError as error:
        lines = text.split("\n")
        assert 1 <= error.line <= len(lines)
        assert 1 <= error.column <= len(lines[error.line - 1]) + 1
        _says(error)
        return
    _holds([circuit])
    if circuit.structure.gates > WRITTEN:
        return
    try:
        written = qasm.write_qasm(circuit)
    except FailedError:
        return  # what no program says: a phase that is controlled, a jump
    again = qasm.read_qasm(written).structure
    if circuit.structure.has_control:  # blocks and conditions may be put in other words
        assert (again.qubits, again.bits) == (circuit.qubits, circuit.structure.bits)
    else:
        assert again.digest == circuit.structure.digest


def read_qpy(data: bytes) -> None:
    try:
        for template in qpy.read_qpy(data, _QPY):
            if not template.parameters:
                _holds([template.circuit()])
    except FailedError as error:
        _says(error)


def read_qir(data: bytes) -> None:
    for every_qubit in (False, True):
        try:
            _holds([qir.read_qir(data, every_qubit=every_qubit)])
        except qir.QirError as error:
            _says(error)


# -- seeds ----------------------------------------------------------------------------------------


def _formats(write: Callable[[Any], str | bytes]) -> list[bytes]:
    written = [write(circuit) for circuit in CIRCUITS.values()]
    return [text.encode() if isinstance(text, str) else text for text in written]


def _ionq_seeds() -> list[bytes]:
    circuits = [json.loads(text) for text in _formats(writers.ionq)]
    program = {"type": "ionq.circuit.v1", "backend": "simulator", "shots": 100}
    found: list[Any] = [{**program, "input": circuit} for circuit in circuits]
    native = {"gate": "ms", "targets": [0, 1], "phases": [0.5, 0.25], "angle": 0.1}
    exponential = {
        "gate": "pauliexp", "targets": [0, 1], "terms": ["XY"], "coefficients": [1], "time": 1,
    }  # fmt: skip
    several: list[Any] = [
        {"name": "a", "circuit": [{"gate": "x", "target": 0}], "registers": {"m": [0, None]}},
        {"circuit": [exponential], "qubits": 2, "gateset": "qis"},
    ]
    text = {"data": "OPENQASM 3.0; qubit q;", "format": "openqasm"}
    found += [
        {"input": {"gateset": "native", "qubits": 2, "circuit": [native]}, "target": "qpu.aria-1"},
        {"input": {"circuits": several}, "error_mitigation": {"debias": False}, "shots": "20"},
        {"input": several, "metadata": {"a": "\u001f"}, "noise": {"model": "aria-1", "seed": 3}},
        {**program, "type": "ionq.multi-circuit.v1", "input": {"circuits": several}},
        {**program, "type": "ionq.qasm3.v1", "input": text, "name": "n", "dry_run": True},
        {**program, "input": text, "settings": {"compilation": {"opt": 1, "precision": "1E-3"}}},
    ]
    return [json.dumps(body).encode() for body in found]


def _corpus(folder: str, field: str, most: int) -> list[bytes]:
    """Of those that real Qiskit wrote, the small ones."""
    found = []
    for path in sorted((CIRCUITS_OF_TESTS / folder / "corpus").glob("*.json")):
        for record in json.loads(path.read_text()).values():
            text = record.get(field, "") if isinstance(record, dict) else ""
            if 0 < len(text) <= most:
                found.append(text)
    return [base64.b64decode(text) if field == "qpy" else text.encode() for text in found]


def _qasm_seeds() -> list[bytes]:
    return [*_formats(writers.qasm2), *_formats(writers.qasm3), *_corpus("qasm", "qasm", 1_500)]


def _qir_seeds() -> list[bytes]:
    document = json.loads((CIRCUITS_OF_TESTS / "qir" / "producers.json").read_text())
    found = [base64.b64decode(record["bitcode"]) for record in document["read"].values()]
    found += [base64.b64decode(text) for text in document["refused"].values()]
    q, r, qis, rt = qir_programs.q, qir_programs.r, qir_programs.qis, qir_programs.rt
    lines = [qis("h__body", q(0)), "br label %b", "a:", qis("mz__body", q(0), r(0)), "br label %c"]
    lines += ["b:", qis("rx__adj", "double 0.1", q(1)), "br label %a", "c:"]
    lines += [rt("result_record_output", r(0), "i8* null")]
    return [*found, qir_programs.bitcode(*lines), qir_programs.bitcode(*lines[:1])]


_QASM_WORDS = (
    'include "stdgates.inc"; include "qelib1.inc"; OPENQASM 3.0; OPENQASM 2.0; qubit[ bit[ qreg '
    "creg gate def ctrl negctrl inv pow( @ measure reset barrier if else for in while switch case "
    "default break continue let const int[ uint[ float[ angle[ bool[ input output box delay[ "
    "gphase( U( cx h rz( = -> ++ ** << >> && || == != <= >= ! ~ ^ & | [0:1] [-1] {0} pi euler sin( "
    "popcount( rotl( 1e308 0x10 0b1_0 9223372036854775807 100ns $0 // /* */ #pragma true false"
)
_IONQ_WORDS = (
    "gate target targets control controls rotation phase phases angle terms coefficients time "
    "circuit circuits registers gateset native qis ms zz gpi gpi2 pauliexp cnot swap null true -1 "
    '1e400 0.5 18446744073709551616 "" [] {} metadata settings noise shots \\u0000 \\ud800'
)
_NUMBERS = (b"\xff" * 8, b"\x80" + bytes(7), b"\x7f" + b"\xff" * 7, bytes(8), b"\0\0\0\1")

TARGETS: dict[str, Target] = {
    "ionq": Target(read_ionq, _ionq_seeds, tuple(w.encode() for w in _IONQ_WORDS.split())),
    "qasm": Target(read_qasm, _qasm_seeds, tuple(w.encode() for w in _QASM_WORDS.split(" "))),
    "qpy": Target(read_qpy, lambda: _corpus("qpy", "qpy", 2_500), _NUMBERS),
    "qir": Target(read_qir, _qir_seeds, _NUMBERS),
}


def cases(name: str) -> list[bytes]:
    """What a fuzzer found: a case in base64 on each line, what is wrong with it before it."""
    path = CASES / f"{name}.txt"
    lines = path.read_text().splitlines() if path.exists() else []
    return [base64.b64decode(line) for line in lines if line and not line.startswith("#")]
