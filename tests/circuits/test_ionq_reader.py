"""What IonQ's JSON gates mean, as circuits."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from ketway.circuits.circuit import Builder, Circuit, Program
from ketway.circuits.gates import IONQ_NATIVE, IONQ_QIS, Kind
from ketway.circuits.ionq import (
    CircuitObject,
    GateObject,
    Gateset,
    read_circuit,
    read_multi,
    too_many_controls,
)
from ketway.jobs.failures import Code


def read(gates: list[dict[str, Any]], gateset: Gateset = "qis", qubits: int | None = 4) -> Circuit:
    decoded = msgspec.json.decode(msgspec.json.encode(gates), type=list[GateObject])
    return read_circuit(decoded, gateset, qubits, "input.circuit")


def same(left: Circuit, right: Circuit) -> bool:
    return left.structure.digest == right.structure.digest and np.array_equal(
        left.params, right.params
    )


def built(*gates: tuple[Any, ...], qubits: int = 4) -> Circuit:
    builder = Builder(qubits)
    for gate in gates:
        builder.add(*gate)
    return builder.circuit()


@pytest.mark.parametrize(
    ("gate", "expected"),
    [
        ({"gate": "h", "target": 2}, (Kind.H, [2])),
        ({"gate": "si", "targets": [2]}, (Kind.SDG, [2])),
        ({"gate": "v", "target": 1}, (Kind.SX, [1])),
        ({"gate": "vi", "target": 1}, (Kind.SXDG, [1])),
        ({"gate": "not", "target": 1}, (Kind.X, [1])),
        ({"gate": "cnot", "target": 1, "control": 0}, (Kind.X, [1], [], [0])),
        ({"gate": "cnot", "targets": [1], "controls": [0, 3]}, (Kind.X, [1], [], [0, 3])),
        ({"gate": "x", "target": 1, "control": 0}, (Kind.X, [1], [], [0])),
        ({"gate": "rx", "target": 0, "rotation": 2}, (Kind.RX, [0], [2.0])),
        ({"gate": "ry", "target": 0, "controls": [3], "rotation": -1.5},
         (Kind.RY, [0], [-1.5], [3])),
        ({"gate": "z", "target": 0}, (Kind.Z, [0])),
        ({"gate": "z", "target": 0, "rotation": None}, (Kind.Z, [0])),
        ({"gate": "z", "target": 0, "rotation": 0.0}, (Kind.PHASE, [0], [0.0])),
        ({"gate": "z", "targets": [1], "controls": [0], "rotation": 0.7},
         (Kind.PHASE, [1], [0.7], [0])),
        ({"gate": "swap", "targets": [0, 3]}, (Kind.SWAP, [0, 3])),
        ({"gate": "xx", "targets": [0, 3], "rotation": 1}, (Kind.RXX, [0, 3], [1.0])),
        ({"gate": "yy", "targets": [3, 0], "rotation": 1}, (Kind.RYY, [3, 0], [1.0])),
        ({"gate": "zz", "targets": [3, 0], "rotation": 1, "controls": [1]},
         (Kind.RZZ, [3, 0], [1.0], [1])),
        ({"gate": "h", "target": 1, "controls": []}, (Kind.H, [1])),
        ({"gate": "h", "target": 3.0}, (Kind.H, [3])),
        ({"gate": "cnot", "targets": [3.0], "controls": [1.0]}, (Kind.X, [3], [], [1])),
        ({"gate": "h", "target": 1, "targets": [1]}, (Kind.H, [1])),
        ({"gate": "x", "target": 1, "control": 0, "controls": [0.0]}, (Kind.X, [1], [], [0])),
        ({"gate": "h", "target": 1, "condition": {"any": 1}}, (Kind.H, [1])),
    ],
)  # fmt: skip
def test_qis_gate(gate: dict[str, Any], expected: tuple[Any, ...]) -> None:
    assert same(read([gate]), built(expected))


@pytest.mark.parametrize(
    ("gate", "expected"),
    [
        ({"gate": "gpi", "target": 1, "phase": 0.5}, (Kind.GPI, [1], [0.5])),
        ({"gate": "gpi2", "targets": [1], "phase": -1}, (Kind.GPI2, [1], [-1.0])),
        ({"gate": "ms", "targets": [1, 0], "phases": [0, 0.25]},
         (Kind.MS, [1, 0], [0, 0.25, 0.25])),
        ({"gate": "ms", "targets": [1, 0], "phases": [0, 0.25], "angle": 0.1},
         (Kind.MS, [1, 0], [0, 0.25, 0.1])),
        ({"gate": "zz", "targets": [1, 0], "angle": 0.1}, (Kind.ZZ, [1, 0], [0.1])),
        ({"gate": "zz", "targets": [1, 0], "phase": 0.1}, (Kind.ZZ, [1, 0], [0.1])),
        ({"gate": "zz", "targets": [1, 0], "phase": 0.1, "angle": 0.1},
         (Kind.ZZ, [1, 0], [0.1])),
        ({"gate": "nop", "target": 2}, (Kind.NOP, [2])),
    ],
)  # fmt: skip
def test_native_gate(gate: dict[str, Any], expected: tuple[Any, ...]) -> None:
    assert same(read([gate], "native"), built(expected))


def test_every_gate_of_the_table_can_be_read() -> None:
    fields: dict[str, Any] = {
        "rotation": 0.1, "terms": ["XX"], "coefficients": [1.0], "time": 1.0,
        "phase": 0.1, "phases": [0.1, 0.2], "targets": [0, 1],
    }  # fmt: skip
    for name, gate in IONQ_QIS.items():
        wanted = dict(fields) if gate.params else {**fields, "rotation": None}
        wanted |= {"control": 3} if name == "cnot" else {}
        circuit = read([{"gate": name, **wanted}])
        assert set(circuit.structure.kinds.tolist()) == {gate.kind}
    for name, gate in IONQ_NATIVE.items():
        circuit = read([{"gate": name, **fields}], "native")
        assert set(circuit.structure.kinds.tolist()) == {gate.kind}


def test_a_one_qubit_gate_acts_on_each_target_in_order() -> None:
    circuit = read([
        {"gate": "rx", "targets": [2, 0], "rotation": 0.5, "controls": [3]},
        {"gate": "h", "targets": [1, 0, 3]},
    ])  # fmt: skip
    assert same(
        circuit,
        built(
            (Kind.RX, [2], [0.5], [3]),
            (Kind.RX, [0], [0.5], [3]),
            (Kind.H, [1]),
            (Kind.H, [0]),
            (Kind.H, [3]),
        ),
    )


def test_a_nop_without_targets_is_dropped() -> None:
    nop: dict[str, Any] = {"gate": "nop"}
    gates = [nop, {"gate": "gpi", "target": 0, "phase": 0}, nop]
    assert same(read(gates, "native"), built((Kind.GPI, [0], [0.0])))


def test_pauliexp_is_read_from_the_right_and_scaled_by_its_time() -> None:
    circuit = read([
        {"gate": "pauliexp", "targets": [3, 1], "terms": ["XY", "ZI"],
         "coefficients": [0.5, -2], "time": 0.25},
        {"gate": "pauliexp", "targets": [0], "terms": ["Z"], "coefficients": [1], "time": 0,
         "controls": [2]},
    ])  # fmt: skip
    builder = Builder(4)
    builder.add_pauliexp([3, 1], ["YX", "IZ"], [0.125, -0.5])
    builder.add_pauliexp([0], ["Z"], [0.0], [2])
    assert same(circuit, builder.circuit())


@pytest.mark.parametrize(
    ("gates", "qubits", "expected"),
    [
        ([], None, 0),
        ([], 0, 0),
        ([], 3, 3),
        ([{"gate": "h", "target": 6}], None, 7),
        ([{"gate": "cnot", "target": 0, "control": 9.0}], None, 10),
        ([{"gate": "h", "target": 6}], 9, 9),
    ],
)
def test_number_of_qubits(gates: list[dict[str, Any]], qubits: int | None, expected: int) -> None:
    circuit = read(gates, qubits=qubits)
    assert circuit.qubits == expected
    assert circuit.structure.bits == 0
    assert not circuit.structure.measured
    assert circuit.structure.gates == len(gates)


def test_arrays_have_the_types_of_a_structure() -> None:
    for gates in ([], [{"gate": "h", "target": 1.0}]):
        structure = read(gates).structure
        empty = Builder(4).circuit().structure
        assert [part.dtype for part in structure.arrays] == [part.dtype for part in empty.arrays]


def multi(*circuits: dict[str, Any], **job: Any) -> list[Circuit]:
    decoded = msgspec.json.decode(msgspec.json.encode(circuits), type=list[CircuitObject])
    return read_multi(decoded, job.get("gateset", "qis"), job.get("qubits"))


def test_circuits_of_a_job_inherit_and_override() -> None:
    """The example of IonQ's own document."""
    first, second = multi(
        {
            "name": "qis circuit override",
            "gateset": "qis",
            "circuit": [{"gate": "h", "target": 0}, {"gate": "cnot", "target": 0, "control": 1}],
        },
        {
            "name": "native circuit from parent",
            "qubits": 3,
            "registers": {"a": [0, None]},
            "circuit": [
                {"gate": "ms", "targets": [0, 1], "phases": [0, 0.25]},
                {"gate": "gpi2", "target": 0, "phase": 0.75},
            ],
        },
        gateset="native",
        qubits=2,
    )
    assert same(first, built((Kind.H, [0]), (Kind.X, [0], [], [1]), qubits=2))
    assert same(
        second, built((Kind.MS, [0, 1], [0, 0.25, 0.25]), (Kind.GPI2, [0], [0.75]), qubits=3)
    )


def test_circuits_read_together_are_those_read_alone() -> None:
    rng = np.random.default_rng(5)
    circuits: list[list[dict[str, Any]]] = []
    for _ in range(30):
        gates: list[dict[str, Any]] = []
        for _ in range(int(rng.integers(0, 8))):
            first, second = (int(q) for q in rng.permutation(5)[:2])
            kinds: list[dict[str, Any]] = [
                {"gate": "h", "targets": [first, second]},
                {"gate": "cnot", "target": first, "control": second},
                {"gate": "rz", "target": first, "rotation": float(rng.normal())},
                {"gate": "pauliexp", "targets": [first, second], "terms": ["XZ", "YY"],
                 "coefficients": [1, 2], "time": 0.5},
            ]  # fmt: skip
            gates.append(kinds[int(rng.integers(4))])
        circuits.append(gates)
    together = multi(*({"circuit": gates} for gates in circuits))
    for gates, circuit in zip(circuits, together, strict=True):
        alone = read(gates, qubits=None)
        assert same(circuit, alone)
        assert circuit.qubits == alone.qubits


def test_equal_structures_are_shared_so_that_a_gradient_is_one_batch() -> None:
    circuits = multi(
        *({"circuit": [{"gate": "rx", "target": 0, "rotation": shift}]} for shift in range(50)),
        {"circuit": [{"gate": "ry", "target": 0, "rotation": 1}]},
        {"qubits": 2, "circuit": [{"gate": "rx", "target": 0, "rotation": 1}]},
    )
    assert len({id(circuit.structure) for circuit in circuits}) == 3
    program = Program.of(circuits)
    assert [len(batch) for batch in program.batches] == [50, 1, 1]
    assert program.batches[0].params.ravel().tolist() == [float(shift) for shift in range(50)]


def test_more_than_seven_controls_are_read_and_fail_later() -> None:
    seven = {"gate": "x", "target": 7, "controls": list(range(7))}
    eight = {"gate": "x", "target": 8, "controls": list(range(8))}
    assert too_many_controls(read([], qubits=0).structure) is None
    assert too_many_controls(read([seven], qubits=8).structure) is None
    failure = too_many_controls(read([seven, eight, eight], qubits=9).structure, circuit=4)
    assert failure is not None
    assert (failure.code, failure.circuit, failure.gate) == (Code.TOO_MANY_CONTROLS, 4, 1)
    assert failure.message.startswith("Gate 1 (x) has 8 controls; a gate may have at most 7.")
