"""One circuit in every format has one distribution: the one that Qiskit's state vector has."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.circuits.formats import writers
from tests.circuits.formats.circuits import CIRCUITS

from ketway.circuits.circuit import Batch, Circuit, Program
from ketway.circuits.ionq import CircuitObject, read_circuit
from ketway.circuits.qasm import read_qasm
from ketway.circuits.qir import read_qir
from ketway.circuits.qpy import read_qpy
from ketway.engines.planner import Machine, plan
from ketway.engines.running import run_program
from ketway.jobs.results import Result

ANSWERS: dict[str, Any] = json.loads(Path(__file__).with_name("answers.json").read_text())
FORMATS = ("ionq", "qasm2", "qasm3", "qir", "ionq.qir", "qpy")


def read(name: str, format_: str) -> Circuit:
    written = CIRCUITS[name]
    match format_:
        case "ionq":
            given = msgspec.json.decode(writers.ionq(written), type=CircuitObject)
            return read_circuit(given.circuit, "qis", given.qubits, "input.circuit")
        case "qasm2":
            return read_qasm(writers.qasm2(written))
        case "qasm3":
            return read_qasm(writers.qasm3(written))
        case "qir":
            return read_qir(writers.qir(written))
        case "ionq.qir":
            return read_qir(writers.qir(written), every_qubit=True)
    (template,) = read_qpy(base64.b64decode(ANSWERS[name]["qpy"]))
    return template.circuit()


def distribution(circuit: Circuit) -> dict[int, float]:
    """By the engines, as a job has it."""
    chosen = plan(
        Batch(circuit.structure, circuit.params[None]), 0, True, None, Machine(bytes=1 << 30)
    )
    ((_, result),) = run_program(Program.of([circuit]), [chosen], [1], 0, True, None, 1)
    assert isinstance(result, Result)
    assert result.probabilities is not None
    return dict(zip(result.integers(), result.probabilities.tolist(), strict=True))


def test_every_circuit_has_an_answer() -> None:
    assert ANSWERS.keys() == CIRCUITS.keys()
    assert len(CIRCUITS) >= 30


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("name", CIRCUITS)
def test_the_distribution_is_qiskits(name: str, format_: str) -> None:
    found = distribution(read(name, format_))
    wanted = {int(outcome): p for outcome, p in ANSWERS[name]["probabilities"].items()}
    for outcome in found.keys() | wanted.keys():
        assert found.get(outcome, 0) == pytest.approx(wanted.get(outcome, 0), abs=1e-10)
