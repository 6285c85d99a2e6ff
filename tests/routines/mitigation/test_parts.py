"""The small parts of mitigation, each by itself."""

from __future__ import annotations

import numpy as np
import pytest
from tests import reference
from tests.routines.making import PAULI, RECORDED, RELAXING, ladder

from ketway.circuits.circuit import Batch, Builder, Circuit
from ketway.circuits.gates import Kind
from ketway.devices.noise import GateNoise, NoiseModel, QubitNoise
from ketway.routines.mitigation.decoupling import pulses
from ketway.routines.mitigation.folding import folds
from ketway.routines.mitigation.injecting import Injection
from ketway.routines.mitigation.layers import layered
from ketway.routines.mitigation.lindblad import anticommuting
from ketway.routines.mitigation.shots import split
from ketway.routines.mitigation.solving import nonnegative
from ketway.routines.mitigation.twirling import PAIRS, conjugations, inverse_of, twirls_matter
from ketway.routines.mitigation.weaving import Weave
from ketway.routines.options import DynamicalDecoupling, Twirling
from ketway.routines.sketch import Sketch


def test_shots_are_split_by_ibms_rules() -> None:
    for shots, many, each, plain, cancelling in RECORDED["splits"]:
        options = Twirling(num_randomizations=many, shots_per_randomization=each)
        assert list(split(shots, options)) == plain
        assert list(split(shots, options, cancelling=True)) == cancelling


def two_qubit_gates() -> Batch:
    builder = Builder(2)
    for kind in (Kind.X, Kind.Y, Kind.Z):
        builder.add(kind, [1], [], [0])
        builder.add(kind, [0], [], [1])
    builder.add(Kind.SWAP, [0, 1])
    for kind, angle in ((Kind.RZZ, np.pi / 2), (Kind.RXX, -np.pi / 2), (Kind.RYY, np.pi)):
        builder.add(kind, [0, 1], [angle])
    builder.add(Kind.MS, [0, 1], [0.25, 0.5, 0.25])
    builder.add(Kind.RZZ, [0, 1], [0.3])  # not Clifford
    made = builder.circuit()
    return Batch(made.structure, made.params[None])


def test_every_two_qubit_clifford_gate_is_twirled_and_no_other() -> None:
    batch = two_qubit_gates()
    tables = conjugations(batch)
    assert sorted(tables) == list(range(batch.structure.gates - 1))
    two = Batch(batch.structure, np.concatenate((batch.params, batch.params + 0.1)))
    assert sorted(conjugations(two)) == list(range(7))  # the angles differ from row to row
    for table in tables.values():
        assert sorted(table.tolist()) == list(range(16))
        assert (inverse_of(table)[table] == np.arange(16)).all()


@pytest.mark.parametrize("folded", [False, True])
def test_a_woven_circuit_does_what_the_circuit_does(folded: bool) -> None:
    batch = two_qubit_gates()
    structure = batch.structure
    counts = {gate: 1 + gate % 2 for gate in range(structure.gates)} if folded else {}
    weave = Weave(structure, conjugations(batch), counts)
    sketch = Sketch(structure)
    weave.draw(sketch, np.arange(structure.gates))
    drawn = sketch.done()
    varied = weave.vary(np.arange(5))
    rows = drawn.batch(np.tile(batch.params, (5, 1)), varied.fresh)
    wanted = reference.unitary_of(Circuit(structure, batch.params[0]))
    assert len(np.unique(rows.params, axis=0)) == 5
    for row in rows.params:
        found = reference.unitary_of(Circuit(rows.structure, row))
        assert abs(np.trace(found.conj().T @ wanted)) == pytest.approx(4)


@pytest.mark.parametrize("method", ["gate_folding", "gate_folding_front", "gate_folding_back"])
def test_folds_make_the_factor(method: str) -> None:
    structure = ladder(1, layers=5).structure  # 20 two-qubit gates
    for factor in (1, 1.5, 2, 3, 4.2, 5):
        counts = folds(structure, factor, method, 3)  # type: ignore[arg-type]
        assert (20 + 2 * sum(counts.values())) / 20 == pytest.approx(factor, abs=0.05)
        assert all((np.diff(structure.operand_starts)[gate] == 2) for gate in counts)
    two_qubit = np.flatnonzero(np.diff(structure.operand_starts) == 2).tolist()
    half = folds(structure, 2, method, 3)  # type: ignore[arg-type]
    if method.endswith("front"):
        assert sorted(half) == two_qubit[:10]
    elif method.endswith("back"):
        assert sorted(half) == two_qubit[10:]
    else:
        assert sorted(half) not in (two_qubit[:10], two_qubit[10:])
        assert folds(structure, 2, method, 4) != half  # type: ignore[arg-type]


def test_an_injection_is_the_channel_of_its_rates() -> None:
    rng = np.random.default_rng(5)
    rates = rng.uniform(0, 0.03, 15)
    matrix = anticommuting()
    for sign in (1, -1):
        injection = Injection(tuple(sign * rates))
        # Fidelities of the Paulis under what is put in, signs counted.
        weights = injection.odds[0] - injection.odds[1]
        fidelities = weights[0] + (1 - 2 * matrix) @ weights[1:]
        assert injection.gain * fidelities == pytest.approx(np.exp(-2 * sign * matrix @ rates))
        assert injection.odds.sum() == pytest.approx(1)
    words = np.random.default_rng(1).integers(0, 2**64, 50_000, dtype=np.uint64)
    paulis, negative = injection.drawn(words)
    seen = np.bincount(paulis + 16 * negative, minlength=32) / 50_000
    assert seen == pytest.approx(injection.odds.ravel(), abs=0.005)


def test_paulis_anticommute_where_their_matrices_do() -> None:
    for p in range(1, 16):
        for q in range(1, 16):
            product = PAIRS[p] @ PAIRS[q]
            commutes = np.allclose(product, PAIRS[q] @ PAIRS[p])
            assert anticommuting()[p - 1, q - 1] == (not commutes)


def test_least_squares_without_negative_unknowns() -> None:
    rng = np.random.default_rng(2)
    for _ in range(50):
        matrix, wanted = rng.normal(size=(12, 6)), rng.normal(size=12)
        found = nonnegative(matrix, wanted)
        pull = matrix.T @ (wanted - matrix @ found)
        # What defines the minimum: no entry could be raised, and none above 0 moved, with profit.
        assert (found >= 0).all()
        assert (pull <= 1e-9).all()
        assert abs(pull[found > 0]).max(initial=0.0) < 1e-9


def test_layers_are_found_once_each() -> None:
    batch = ladder(1, layers=3)
    found = layered(batch, conjugations(batch))
    pairs = [[e.qubits for e in layer.entanglers] for layer in found.layers]
    assert pairs == [[(0, 1), (2, 3)], [(1, 2), (3, 4)]]
    assert found.counts == (3, 3)
    assert found.qubits == ((0, 1, 2, 3), (0, 1, 2, 3, 4))
    assert layered(batch, conjugations(batch), "active").qubits[1] == (1, 2, 3, 4)
    assert layered(batch, conjugations(batch), "all").qubits[0] == (0, 1, 2, 3, 4)
    (first,) = {layer.digest for layer in found.layers[:1]}
    again = ladder(1, layers=1)
    assert layered(again, conjugations(again)).layers[0].digest == first


def waiting() -> Circuit:
    """Qubit 0 waits while 1 and 2 are busy with two gates."""
    builder = Builder(3, 3)
    builder.add(Kind.Z, [1], [], [0])
    builder.add(Kind.Z, [2], [], [1])
    builder.add(Kind.Z, [2], [], [1])
    builder.add(Kind.Z, [1], [], [0])
    for q in range(3):
        builder.add(Kind.MEASURE, [q, q])
    return builder.circuit()


TIMED = NoiseModel(
    "timed",
    gates=(GateNoise(("2q",), duration=3e-7), GateNoise(("x",), duration=1e-7)),
    qubits=(QubitNoise(None, t1=1e-4),),
)


def test_pulses_come_where_a_qubit_waits() -> None:
    structure = waiting().structure
    asap = DynamicalDecoupling(enable=True, scheduling_method="asap", skip_reset_qubits=True)
    found = pulses(structure, asap, TIMED)
    # Before its second gate; it is measured as soon as it has nothing to wait for.
    assert {gate: [p.qubit for p in some] for gate, some in found.items()} == {3: [0, 0]}
    four = DynamicalDecoupling(enable=True, sequence_type="XY4", scheduling_method="asap")
    assert [p.qubit for p in pulses(structure, four, TIMED)[3]] == [0] * 4
    late = pulses(structure, DynamicalDecoupling(enable=True), TIMED)
    assert [p.qubit for p in late[1]] == [2, 2]  # it waits for its first gate
    assert not pulses(structure, asap, PAULI)
    assert not pulses(structure, DynamicalDecoupling(), TIMED)
    slow = NoiseModel(
        "slow", gates=(TIMED.gates[0], GateNoise(("x",), duration=4e-7)), qubits=TIMED.qubits
    )
    assert not pulses(structure, asap, slow)


@pytest.mark.parametrize("sequence", ["XX", "XpXm", "XY4"])
def test_pulses_change_nothing_but_the_noise(sequence: str) -> None:
    circuit = waiting()
    options = DynamicalDecoupling(enable=True, sequence_type=sequence)  # type: ignore[arg-type]
    weave = Weave(circuit.structure, pulses=pulses(circuit.structure, options, TIMED))
    sketch = Sketch(circuit.structure)
    weave.draw(sketch, np.arange(4))
    drawn = sketch.done()
    rows = drawn.batch(np.zeros((1, 0)), weave.vary(np.zeros(1, np.int64)).fresh)
    assert rows.structure.gates > 4
    bare = Builder(3)
    for a, b in ((0, 1), (1, 2), (1, 2), (0, 1)):
        bare.add(Kind.Z, [b], [], [a])
    wanted = reference.unitary_of(bare.circuit())
    found = reference.unitary_of(Circuit(rows.structure, rows.params[0]))
    assert abs(np.trace(found.conj().T @ wanted)) == pytest.approx(8)


def test_relaxing_is_what_makes_gate_twirls_matter() -> None:
    assert twirls_matter(RELAXING)
    assert not twirls_matter(PAULI)
    assert not twirls_matter(None)
