from __future__ import annotations

import json

import pytest
from benchmarks.circuits import BATCH, DEEP, Size, batch_job, layered, single_job


@pytest.mark.parametrize(("size", "gates"), [(BATCH, 210), (DEEP, 296)])
def test_the_sizes_are_those_that_are_claimed(size: Size, gates: int) -> None:
    circuits = layered(size)
    assert len(circuits) == size.circuits
    assert {len(circuit) for circuit in circuits} == {gates}
    touched = {qubit for gate in circuits[0] for qubit in gate.qubits}
    assert touched == set(range(size.qubits))


def test_a_seed_gives_the_same_circuits() -> None:
    """The peers make theirs in processes of their own."""
    assert layered(BATCH) == layered(BATCH)
    assert layered(BATCH, seed=2) != layered(BATCH)


def test_requests_hold_every_gate() -> None:
    size = Size(circuits=2, qubits=3, layers=2)
    circuits = layered(size)
    batch = json.loads(batch_job(size, circuits))
    written = [circuit["circuit"] for circuit in batch["input"]["circuits"]]
    assert [len(circuit) for circuit in written] == [len(circuit) for circuit in circuits]
    single = json.loads(single_job(size, circuits[0], shots=7))
    assert single["input"]["circuit"] == written[0]
    assert single["shots"] == 7
    for gate, sent in zip(circuits[0], written[0], strict=True):
        if gate.angle is None:
            assert sent == {"gate": "cnot", "control": gate.qubits[0], "target": gate.qubits[1]}
        else:
            assert sent == {"gate": gate.name, "target": gate.qubits[0], "rotation": gate.angle}
