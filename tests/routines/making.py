"""PUBs and machines for the tests of routines, and their values computed slowly."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tests import channels, reference

from ketway.circuits.circuit import Batch, Builder, Circuit, Floats
from ketway.circuits.gates import Kind
from ketway.devices.noise import GateNoise, NoiseModel, QubitNoise
from ketway.engines.observables import Observables
from ketway.engines.planner import Machine
from ketway.routines.pubs import EstimatorPub
from ketway.routines.runner import Runner

RECORDED: dict[str, Any] = json.loads(Path(__file__).with_name("recorded.json").read_text())

PAULI = NoiseModel(
    "pauli",
    one_qubit=0.0005,
    two_qubit=0.01,
    qubits=tuple(QubitNoise(q, p01=0.01 + 0.005 * q, p10=0.04) for q in range(5)),
)
"""A machine of five qubits that are misread differently."""

RELAXING = NoiseModel(
    "relaxing",
    gates=(
        GateNoise(("2q",), duration=4e-7, depolarising=0.004),
        GateNoise(("x", "1q"), duration=1e-8),
        GateNoise(("cz",), (1, 2), duration=8e-7, pauli={"ZI": 0.004, "XY": 0.002}),
    ),
    qubits=(
        QubitNoise(None, t1=4e-5, t2=3e-5, p01=0.01, p10=0.03),
        QubitNoise(1, t1=2e-5, p01=0.05, p10=0.0),
    ),
)
"""One whose noise is no mixture of Paulis, and not the same everywhere."""


def runner(noise: NoiseModel | None = None, seed: int = 7, threads: int = 1) -> Runner:
    return Runner(noise=noise, machine=Machine(1 << 32, threads=threads), seed=seed)


def pub_of(
    batch: Batch,
    sums: Sequence[Mapping[str, float]],
    points: Any,
    members: Any,
    precision: float = 0.0,
    shots: int | None = None,
) -> EstimatorPub:
    """`points` and `members` are broadcast against each other."""
    observables = Observables.of_labels(batch.structure.qubits, [list(s.items()) for s in sums])
    rows, which = np.broadcast_arrays(np.array(points), np.array(members))
    return EstimatorPub(
        batch,
        rows.shape,
        rows.ravel().astype(np.int64),
        observables,
        which.ravel().astype(np.int64),
        precision,
        shots,
    )


def ladder(
    points: int, layers: int = 4, qubits: int = 5, seed: int = 0, span: float = 0.5
) -> Batch:
    """Layers of rotations and controlled Zs between neighbours."""
    builder = Builder(qubits)
    for q in range(qubits):
        builder.add(Kind.RX, [q], [0.0])
    for _ in range(layers):
        for start in (0, 1):
            for q in range(start, qubits - 1, 2):
                builder.add(Kind.Z, [q + 1], [], [q])
        for q in range(qubits):
            builder.add(Kind.RX, [q], [0.0])
            builder.add(Kind.RZ, [q], [0.0])
    structure = builder.circuit().structure
    rng = np.random.default_rng(seed)
    return Batch(structure, rng.uniform(-span, span, (points, structure.params)))


SUMS: tuple[dict[str, float], ...] = (
    {"ZZIII": 1.0},
    {"IIIIZ": 1.0},
    {"XIIII": 0.5, "IZIZI": 1.0},
    {"IYYII": 1.0, "IIIII": 0.25},
)


def true_values(pub: EstimatorPub, noise: NoiseModel | None = None) -> Floats:
    """All elements, from state vectors, or from density matrices measured in each basis."""
    out = np.empty(len(pub.points))
    for k, (point, member) in enumerate(zip(pub.points, pub.members, strict=True)):
        circuit = Circuit(pub.batch.structure, pub.batch.params[point])
        out[k] = _value(circuit, pub.observables, int(member), noise)
    return out.reshape(pub.shape)


def _value(
    circuit: Circuit, observables: Observables, member: int, noise: NoiseModel | None
) -> float:
    total = float(observables.offsets[member])
    for term in range(observables.starts[member], observables.starts[member + 1]):
        product = observables.members[term]
        letters = [
            (observables.x[product, q // 8] >> (q % 8) & 1)
            + 2 * (observables.z[product, q // 8] >> (q % 8) & 1)
            for q in range(observables.qubits)
        ]
        total += observables.coefficients[term] * product_value(circuit, letters, noise)
    return total


def product_value(circuit: Circuit, letters: Sequence[int], noise: NoiseModel | None) -> float:
    """Of the product with X (1), Z (2) or Y (3) on each qubit, measured after a change of basis
    that brings no noise."""
    structure = circuit.structure
    builder = Builder(circuit.qubits, len(letters))
    starts = structure.param_starts
    for gate, kind in enumerate(structure.kinds.tolist()):
        operands, held = structure.operands_of(gate), int(structure.controls[gate])
        params = circuit.params[starts[gate] : starts[gate + 1]].tolist()
        builder.add(Kind(kind), operands[held:], params, operands[:held])
    turned = {1: (np.pi / 2, 0.0, np.pi), 3: (np.pi / 2, 0.0, np.pi / 2)}
    mask = 0
    for q, letter in enumerate(letters):
        if letter in turned:
            builder.add(Kind.DRESSING, [q], turned[int(letter)])
        builder.add(Kind.MEASURE, [q, q])
        mask |= (letter > 0) << q
    measured = builder.circuit()
    if noise is None:
        found = reference.distribution(measured)
    else:
        found = channels.distribution(measured, noise)
    return sum(p * (-1) ** (outcome & mask).bit_count() for outcome, p in found.items())


def chance(values: Floats, truth: Floats, errors: Floats) -> float:
    """How far values are from the truth, in standard errors, on average (root mean square)."""
    return float(np.sqrt(np.mean(((values - truth) / errors) ** 2)))
