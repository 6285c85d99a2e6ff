from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.circuits.qir import programs as qir

from ketway.cli.exits import CommandError, Exit
from ketway.cli.program import recognise

EXAMPLES = Path(__file__).parents[2] / "examples"
GATES = [{"gate": "h", "target": 0}]


def read(value: Any, called: str = "file.json") -> Any:
    return recognise(json.dumps(value).encode(), called)


def test_the_examples_are_what_they_look_like() -> None:
    circuit = recognise((EXAMPLES / "bell.json").read_bytes(), "bell.json")
    assert circuit.format == "ionq.circuit.v1"
    assert isinstance(circuit.input, dict)
    assert circuit.input["qubits"] == 2
    program = recognise((EXAMPLES / "bell.qasm").read_bytes(), "bell.qasm")
    assert program.format == "openqasm"
    assert program.input == (EXAMPLES / "bell.qasm").read_text()


def test_a_circuit_and_several() -> None:
    assert read({"qubits": 1, "circuit": GATES}).format == "ionq.circuit.v1"
    assert read({"circuits": [{"circuit": GATES}]}).format == "ionq.multi-circuit.v1"


def test_a_whole_job_body_keeps_what_it_asks_for() -> None:
    program = read(
        {
            "type": "ionq.circuit.v1",
            "input": {"qubits": 1, "circuit": GATES},
            "backend": "qpu.forte-1",
            "shots": "20",
            "noise": {"model": "aria-1", "seed": 3},
            "name": "mine",
            "metadata": {"a": "b"},
            "settings": {"error_mitigation": {"debiasing": False}},
            "dry_run": False,
        }
    )
    assert (program.format, program.backend, program.shots) == (
        "ionq.circuit.v1",
        "qpu.forte-1",
        20,
    )
    assert program.noise == {"model": "aria-1", "seed": 3}
    assert (program.name, program.metadata) == ("mine", {"a": "b"})
    assert program.ignored == ("dry_run", "settings")


def test_a_body_without_a_type_is_known_by_its_input() -> None:
    assert read({"input": {"circuits": []}}).format == "ionq.multi-circuit.v1"
    assert read({"input": {"circuit": []}}).format == "ionq.circuit.v1"


def test_the_program_in_a_qasm_body() -> None:
    program = read({"type": "ionq.qasm3.v1", "input": {"data": "OPENQASM 3.0;"}})
    assert (program.format, program.input) == ("openqasm", "OPENQASM 3.0;")


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("OPENQASM 2.0;\nqreg q[1];", "-"),
        ("// a\n/* b\n c */ \n OPENQASM 3;", "notes.txt"),
        ("qubit q; h q;", "old.QASM"),
        ("\ufeffOPENQASM 3;", "windows.txt"),
    ],
)
def test_openqasm_by_its_header_or_its_name(text: str, called: str) -> None:
    assert recognise(text.encode(), called).format == "openqasm"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "f is empty"),
        (b"\xff\xfe", "not text in UTF-8 (byte 0)"),
        (b"hello", "neither JSON"),
        (b'{"circuit": [}', "line 1, column 14"),
        (b"[1]", "a JSON list"),
        (b"{}", 'no "circuit"'),
        (b'{"input": 3}', '"input" is to be an object'),
        (
            b'{"input": {}, "type": "quantum-function"}',
            '"quantum-function" is not one of ionq.circ',
        ),
        (b'{"input": {}, "type": 4}', '"type" 4'),
        (b'{"input": {}, "type": "ionq.qasm3.v1"}', '"input.data"'),
        (b'{"input": {}, "shots": "many"}', '"shots" is to be a whole number'),
        (b'{"input": {}, "shots": true}', '"shots" is to be a whole number'),
        (b'{"input": {}, "noise": "aria-1"}', '"noise" is to be an object'),
        (b'{"input": {}, "name": 1}', '"name" is to be a string'),
        (b'{"circuit": ' + b"[" * 100_000, "cannot be read|is not JSON"),
        (b'{"qubits": ' + b"1" * 5000 + b"}", "is not JSON that can be read"),
    ],
)
def test_what_is_wrong_is_said(content: bytes, said: str) -> None:
    with pytest.raises(CommandError) as caught:
        recognise(content, "f")
    assert any(part in caught.value.message for part in said.split("|"))
    assert caught.value.exit_code is Exit.USAGE


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zlib.compress])
def test_qpy_is_recognised_also_compressed(pack: Callable[[bytes], bytes]) -> None:
    content = pack(b"QISKIT" + bytes(range(30)))
    program = recognise(content, "bell.qpy")
    assert (program.format, program.input) == ("qpy", base64.b64encode(content).decode())
    with pytest.raises(CommandError):
        recognise(gzip.compress(b"something else"), "bell.qpy")


def test_qir_is_bitcode_and_its_text_is_refused_with_a_way_out() -> None:
    text = qir.program(qir.qis("h__body", qir.q(0)))
    data = qir.assembled(text)
    encoded = base64.b64encode(data).decode()
    found = recognise(data, "a.bc")
    assert (found.format, found.input) == ("qir", encoded)
    with pytest.raises(CommandError, match="llvm-as"):
        recognise(text.encode(), "a.ll")
    body = {"type": "ionq.qir.v1", "input": {"data": encoded}}
    assert read(body).format == "ionq.qir.v1"
    with pytest.raises(CommandError, match="QIR in base64"):
        read({"type": "ionq.qir.v1", "input": {"data": 1}})
