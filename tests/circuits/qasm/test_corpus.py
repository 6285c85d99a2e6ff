"""Programs that real Qiskit wrote (`make_corpus.py`), and cirq, PennyLane and pytket
(`make_exports.py`), and what their circuits do, exactly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests import branches, reference

from ketway.circuits.circuit import Circuit
from ketway.circuits.control import check
from ketway.circuits.qasm import QasmError, read_qasm, read_template
from ketway.circuits.template import TemplateError

CORPUS: dict[str, dict[str, dict[str, Any]]] = {
    path.stem: json.loads(path.read_text())
    for path in sorted((Path(__file__).parent / "corpus").glob("*.json"))
}
ALL = [(subject, name) for subject, records in CORPUS.items() for name in records if name]


def cases(field: str, wanted: bool = True) -> list[tuple[str, str]]:
    return [(s, n) for s, n in ALL if (field in CORPUS[s][n]) is wanted]


def close(found: dict[int, float], expected: dict[str, float]) -> None:
    wanted = {int(key, 2): p for key, p in expected.items()}
    for outcome in found.keys() | wanted.keys():
        assert found.get(outcome, 0) == pytest.approx(wanted.get(outcome, 0), abs=1e-9)


def distribution(circuit: Circuit) -> dict[int, float]:
    """Of the bits that an outcome has."""
    if not circuit.structure.has_events:
        return reference.distribution(circuit)
    check(circuit.structure)
    found: dict[int, float] = {}
    for outcome, chance in branches.distribution(circuit).items():
        kept = outcome & ((1 << circuit.structure.bits) - 1)
        found[kept] = found.get(kept, 0.0) + chance
    return found


def test_every_subject_is_there() -> None:
    assert {
        "gates", "custom", "library", "parameters", "measured", "transpiled", "control",
        "variables", "random", "exports",
    } == CORPUS.keys()  # fmt: skip


@pytest.mark.parametrize(("subject", "name"), cases("values", False))
def test_what_a_program_does(subject: str, name: str) -> None:
    record = CORPUS[subject][name]
    circuit = read_template(record["qasm"]).circuit()
    close(distribution(circuit), record["exact"])
    assert read_qasm(record["qasm"]).structure.digest == circuit.structure.digest


@pytest.mark.parametrize(("subject", "name"), cases("values"))
def test_inputs(subject: str, name: str) -> None:
    """Values in the order of Qiskit's `circuit.parameters`."""
    record = CORPUS[subject][name]
    template = read_template(record["qasm"])
    batch = template.batch(np.array(record["values"]))
    assert len(batch) == len(record["exact"])
    for params, expected in zip(batch.params, record["exact"], strict=True):
        close(distribution(Circuit(batch.structure, params)), expected)
    with pytest.raises(TemplateError, match="no values"):
        template.circuit()
    with pytest.raises(QasmError, match="has no value"):
        read_qasm(record["qasm"])


@pytest.mark.parametrize(("subject", "name"), cases("registers"))
def test_registers(subject: str, name: str) -> None:
    record = CORPUS[subject][name]
    found = {r.name: list(r.bits) for r in read_template(record["qasm"]).registers}
    for register, bits in record["registers"].items():
        # Qiskit changes names that are words of OpenQASM.
        assert found[f"{register}_0" if name == "words" else register] == bits
