"""The compiled core against plain formulas: every kernel, every width, every fusion."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests import reference
from tests.corpus import qft, random_circuit

from ketway.circuits.circuit import Builder, Circuit
from ketway.circuits.gates import Kind
from ketway.engines import core
from ketway.engines.lowering import lower

TOLERANCE = {False: 1e-10, True: 1e-5}


def state(circuit: Circuit, single: bool = False, threads: int = 1) -> NDArray[np.complex128]:
    lowered = lower(circuit.structure)
    rows = lowered.rows(circuit.params[None])
    return core.state(lowered.code, rows, single=single, threads=threads)


def distance(found: NDArray[np.complex128], expected: NDArray[np.complex128]) -> float:
    """The largest difference of amplitudes, up to a global phase (which lowering drops)."""
    phase = np.vdot(found, expected)
    return float(np.abs(found * phase / abs(phase) - expected).max())


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9), st.integers(0, 60), st.integers(0, 10**6))
def test_any_circuit_agrees_with_the_formulas(qubits: int, gates: int, seed: int) -> None:
    circuit = random_circuit(qubits, gates, seed)
    expected = reference.state_of(circuit)
    for single, tolerance in TOLERANCE.items():
        assert distance(state(circuit, single), expected) < tolerance


@pytest.mark.parametrize("qubits", [12, 13, 14, 15, 16])
def test_registers_of_one_and_of_many_tiles_agree_with_the_formulas(qubits: int) -> None:
    circuit = random_circuit(qubits, 70, qubits, controls=4)
    expected = reference.state_of(circuit)
    for single, tolerance in TOLERANCE.items():
        assert distance(state(circuit, single), expected) < tolerance


def layers(qubits: int, depth: int, seed: int = 5) -> Circuit:
    rng = np.random.default_rng(seed)
    b = Builder(qubits)
    for d in range(depth):
        for q in range(qubits):
            b.add([Kind.RX, Kind.RY, Kind.RZ][rng.integers(3)], [q], [rng.uniform(0, 6)])
        for q in range(d % 2, qubits - 1, 2):
            b.add(Kind.X, [q + 1], controls=[q])
    return b.circuit()


def test_layers_of_rotations_and_cnots_on_a_wide_register() -> None:
    circuit = layers(15, 6)
    expected = reference.state_of(circuit)
    assert distance(state(circuit), expected) < 1e-10
    assert distance(state(circuit, single=True), expected) < 1e-5


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("qubits", [3, 11, 16])
def test_threads_give_the_same_bytes(qubits: int, single: bool) -> None:
    circuit = random_circuit(qubits, 60, 3 + qubits)
    one = state(circuit, single, 1).tobytes()
    assert state(circuit, single, 2).tobytes() == one
    assert state(circuit, single, 3).tobytes() == one


def test_gates_are_fused() -> None:
    circuit = layers(12, 12)
    lowered = lower(circuit.structure)
    groups, passes = core.describe(lowered.code, lowered.rows(circuit.params[None]))
    assert groups < circuit.structure.gates / 2
    assert passes == 1


def groups_of(circuit: Circuit) -> int:
    lowered = lower(circuit.structure)
    return core.describe(lowered.code, lowered.rows(circuit.params[None]))[0]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from([Kind.RX, Kind.RZ, Kind.U, Kind.PHASE, Kind.RY]), min_size=4))
def test_a_run_of_gates_on_one_qubit_is_one_matrix(kinds: list[Kind]) -> None:
    b = Builder(12)
    for i, kind in enumerate(kinds):
        b.add(kind, [5], [0.3 + i, 0.2, 0.1][: 3 if kind == Kind.U else 1])
    b.add(Kind.RX, [5], [0.4])
    circuit = b.circuit()
    # Of the two phases that a run may start with, each is a table of its own.
    assert groups_of(circuit) <= 2
    assert distance(state(circuit), reference.state_of(circuit)) < 1e-10


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_phases_are_gathered_in_tables(seed: int) -> None:
    rng = np.random.default_rng(seed)
    b = Builder(12)
    for q in range(12):
        b.add(Kind.RY, [q], [rng.uniform(0, 3)])
    for _ in range(60):
        a, c = rng.choice(12, 2, replace=False).tolist()
        if rng.integers(2):
            b.add(Kind.PHASE, [a], [rng.uniform(0, 6)], controls=[c])
        else:
            b.add(Kind.RZZ, [a, c], [rng.uniform(0, 6)])
    for q in range(12):
        b.add(Kind.RX, [q], [rng.uniform(0, 3)])
    circuit = b.circuit()
    assert groups_of(circuit) < 12 + 60 / 2
    assert distance(state(circuit), reference.state_of(circuit)) < 1e-10


def test_a_fourier_transform_is_a_few_tables() -> None:
    circuit = qft(12, 1234)
    assert groups_of(circuit) < 12 + 66 / 2
    assert distance(state(circuit), reference.state_of(circuit)) < 1e-10


def test_swaps_only_rename() -> None:
    b = Builder(4)
    b.add(Kind.X, [0])
    for a, c in ((0, 1), (1, 2), (2, 3)):
        b.add(Kind.SWAP, [a, c])
    circuit = b.circuit()
    lowered = lower(circuit.structure)
    groups, _ = core.describe(lowered.code, lowered.rows(circuit.params[None]))
    assert groups == 1
    assert abs(state(circuit)[0b1000]) == 1


def test_pauli_sums_of_large_angles_stay_exact() -> None:
    b = Builder(4)
    for q in range(4):
        b.add(Kind.H, [q])
    b.add_pauliexp([0, 1, 2, 3], ["XXII", "ZIZI", "IYIY", "ZZZZ"], [7.5, -9.0, 3.25, 11.0], [])
    b.add_pauliexp([2, 0], ["XY", "ZX", "YI"], [30.0, 1.0, -4.0], [3, 1])
    circuit = b.circuit()
    assert distance(state(circuit), reference.state_of(circuit)) < 1e-11


def pauli(word: str, psi: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """A Pauli product on a state, letter j on bit j."""
    index = np.arange(len(psi))
    for q, letter in enumerate(word):
        bit = index >> q & 1
        if letter in "XY":
            psi = psi[index ^ (1 << q)]
        if letter == "Y":
            psi = np.where(bit, 1j, -1j) * psi
        elif letter == "Z":
            psi = np.where(bit, -1, 1) * psi
    return psi


@pytest.mark.parametrize("threads", [1, 2])
def test_pauli_products_wider_than_a_tile(threads: int) -> None:
    n = 15
    mixed, flips, sign = "XYXYXYXYXYXYXYX", "X" * n, "Z" + "I" * (n - 1)
    b = Builder(n)
    expected = np.ones(1, dtype=complex)
    for q in range(n):
        b.add(Kind.RY, [q], [0.1 * (q + 1)])
        half = 0.05 * (q + 1)
        expected = np.kron(np.array([np.cos(half), np.sin(half)]), expected)
    b.add_pauliexp(list(range(n)), [mixed], [0.3])
    expected = np.cos(0.3) * expected - 1j * np.sin(0.3) * pauli(mixed, expected)
    # Of two products that anticommute, a sum squares to a number: its exponential is known.
    for second in (flips, sign):
        b.add_pauliexp(list(range(n)), [mixed, second], [0.4, 0.7])
        r = float(np.hypot(0.4, 0.7))
        moved = (0.4 * pauli(mixed, expected) + 0.7 * pauli(second, expected)) / r
        expected = np.cos(r) * expected - 1j * np.sin(r) * moved
    circuit = b.circuit()
    assert lower(circuit.structure).code.codes[-2:].tolist() == [core.PAULI_SUM] * 2
    assert distance(state(circuit, threads=threads), expected) < 1e-10


SCRIPT = """
import json, sys
import numpy as np
from ketway.circuits.circuit import Batch
from ketway.engines import core
from ketway.engines.dense import DenseEngine
from ketway.engines.engine import Task
from tests.corpus import qft, random_circuit
circuit = random_circuit(11, 60, 4)
task = Task(Batch(circuit.structure, circuit.params[None]), (9,), 4000, True)
(result,) = DenseEngine().run(task)
drawn = result.outcomes[result.shots]
print(json.dumps([core.isa(), drawn.tobytes().hex(), result.probabilities.sum()]))
"""


def in_process(isa: str) -> list[object]:
    env = {**os.environ, "KETWAY_ISA": isa, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=env, capture_output=True, text=True, check=True
    )
    found: list[object] = json.loads(done.stdout)
    return found


def test_a_narrower_instruction_set_can_be_forced_and_draws_the_same_shots() -> None:
    baseline, wide = in_process("baseline"), in_process("avx512")
    assert baseline[0] == "baseline"
    assert wide[0] == core.isa() or os.environ.get("KETWAY_ISA")
    assert baseline[1] == wide[1]


def test_memory_that_does_not_come_is_a_memory_error() -> None:
    b = Builder(core.MAX_QUBITS)
    b.add(Kind.H, [0])
    circuit = b.circuit()
    lowered = lower(circuit.structure)
    with pytest.raises(MemoryError):
        core.run(
            lowered.code,
            lowered.rows(circuit.params[None]),
            single=False,
            threads=2,
            exact=False,
            shots=1,
            kept=1,
            floor=0,
            seeds=np.zeros(1, dtype=np.uint64),
        )


def test_the_library_runs_with_threads_after_a_fork() -> None:
    circuit = random_circuit(6, 30, 1)
    expected = state(circuit, threads=2).tobytes()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, state(circuit, threads=2).tobytes())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        assert pipe.read() == expected
    os.waitpid(child, 0)
