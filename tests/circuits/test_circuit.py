from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import reference
from tests.corpus import (
    adder,
    bernstein_vazirani,
    ghz,
    grover,
    qaoa,
    qft,
    random_circuit,
    teleportation,
    vqe,
    w_state,
)

from ketway.circuits.circuit import Builder, Circuit, Program, Register, Structure, name_of
from ketway.circuits.gates import Kind


def small() -> Circuit:
    b = Builder(4, bits=2)
    b.add(Kind.H, [0])
    b.add(Kind.X, [2], controls=[0, 1])
    b.add(Kind.RX, [3], [0.5])
    b.add_pauliexp([1, 3], ["XZ", "IY"], [0.1, 0.2], controls=[0])
    b.add(Kind.NOP, [0])
    b.add(Kind.GLOBAL_PHASE, [], [0.3])
    b.add(Kind.MEASURE, [3, 1])
    b.add(Kind.RESET, [3])
    return b.circuit()


def test_the_builder_lays_gates_out_as_the_structure_says() -> None:
    circuit = small()
    s = circuit.structure
    assert [name_of(kind) for kind in s.kinds] == [
        "h", "x", "rx", "pauliexp", "nop", "gphase", "measure", "reset",
    ]  # fmt: skip
    assert [s.operands_of(g) for g in range(s.gates)] == [
        [0], [0, 1, 2], [3], [0, 1, 3], [0], [], [3, 1], [3],
    ]  # fmt: skip
    assert s.controls.tolist() == [0, 2, 0, 1, 0, 0, 0, 0]
    assert s.param_starts.tolist() == [0, 0, 0, 1, 3, 3, 4, 4, 4]
    assert circuit.params.tolist() == [0.5, 0.1, 0.2, 0.3]
    assert s.letters.tolist() == [1, 3, 0, 2]
    assert (s.qubits, s.bits, s.gates, s.params) == (4, 2, 8, 4)


def test_counts_are_by_width_and_leave_out_what_is_no_gate() -> None:
    # h and rx; the doubly controlled x and the controlled exponential.
    assert small().structure.counts == (2, 2)
    assert Builder(3).circuit().structure.counts == (0, 0)
    assert ghz(5).structure.counts == (1, 4)


def test_without_measurements_every_qubit_is_read() -> None:
    assert not ghz(5).structure.measured
    assert ghz(5).structure.outcome_bits == 5
    assert small().structure.measured
    assert small().structure.outcome_bits == 2


def test_equal_structures_have_equal_digests_whatever_their_parameters() -> None:
    assert vqe(4, seed=1).structure.digest == vqe(4, seed=2).structure.digest
    assert small().structure.digest == small().structure.digest


CHANGES: dict[str, object] = {
    "qubits": 5,
    "bits": 3,
    "kinds": np.array([5, 1, 11, 25, 24, 26, 27, 28], dtype=np.uint8),
    "controls": np.array([0, 1, 0, 1, 0, 0, 0, 0], dtype=np.uint8),
    "operand_starts": np.array([0, 1, 4, 5, 8, 9, 9, 10, 12], dtype=np.int32),
    "operands": np.array([0, 0, 1, 2, 3, 0, 1, 3, 0, 3, 0, 3], dtype=np.int32),
    "param_starts": np.array([0, 0, 0, 1, 2, 3, 4, 4, 4], dtype=np.int32),
    "letters": np.array([1, 3, 0, 3], dtype=np.uint8),
}


@pytest.mark.parametrize("field", CHANGES)
def test_every_part_of_a_structure_is_in_its_digest(field: str) -> None:
    structure = small().structure
    before = getattr(structure, field)
    if isinstance(before, np.ndarray):
        assert before.shape == np.shape(CHANGES[field])
    changed = replace(structure, **{field: CHANGES[field]})  # type: ignore[arg-type]
    assert changed.digest != structure.digest


def test_a_digest_is_the_same_in_every_process() -> None:
    code = "from tests.corpus import qft; print(qft(5).structure.digest.hex())"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": "77"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == qft(5).structure.digest.hex()


def test_a_digest_does_not_depend_on_how_the_arrays_lie_in_memory() -> None:
    s = small().structure
    spread = np.repeat(s.operands, 2)[::2]
    assert not spread.flags["C_CONTIGUOUS"]
    assert replace(s, operands=spread).digest == s.digest


def same(a: Circuit, b: Circuit) -> bool:
    return (
        a.structure.digest == b.structure.digest
        and a.params.tolist() == b.params.tolist()
        and a.registers == b.registers
    )


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=30))
def test_a_program_gives_back_its_circuits_in_order(picks: list[tuple[int, int]]) -> None:
    makers = (
        lambda seed: vqe(2, seed=seed),
        lambda seed: qaoa(3, seed=seed),
        lambda seed: ghz(2 + seed),
        lambda seed: replace(vqe(2, seed=seed), registers=(Register(f"r{seed}", (0, 1)),)),
    )
    circuits = [makers[which](seed) for which, seed in picks]
    program = Program.of(circuits)
    assert len(program) == len(circuits)
    assert all(same(program.circuit(i), c) for i, c in enumerate(circuits))
    assert all(program.structure(i).digest == c.structure.digest for i, c in enumerate(circuits))
    assert len(program.batches) == len({c.structure.digest for c in circuits})
    assert sum(len(batch) for batch in program.batches) == len(circuits)
    # Rows of a batch are in the order of the job.
    rows: dict[int, int] = {}
    for batch, row in program.order:
        assert row == rows.get(batch, 0)
        rows[batch] = row + 1


def test_batches_are_matrices_even_without_parameters() -> None:
    (batch,) = Program.of([ghz(3), ghz(3), ghz(3)]).batches
    assert batch.params.shape == (3, 0)
    (batch,) = Program.of([vqe(3, seed=s) for s in range(4)]).batches
    assert batch.params.shape == (4, batch.structure.params)


def test_a_structure_is_a_value_that_engines_can_rebuild() -> None:
    s = small().structure
    again = Structure(s.qubits, s.bits, *(array.copy() for array in s.arrays))
    assert again.digest == s.digest


# The corpus and the reference check each other here: what these circuits answer is known.


def test_known_answers() -> None:
    assert reference.distribution(ghz(4)) == pytest.approx({0: 0.5, 15: 0.5})
    assert reference.distribution(w_state(5)) == pytest.approx({1 << q: 0.2 for q in range(5)})
    assert reference.distribution(adder(3, 5, 6)) == pytest.approx({11: 1})
    assert reference.distribution(bernstein_vazirani(0b1101, 4)) == pytest.approx({0b1101: 1})
    assert reference.distribution(teleportation(3)) == pytest.approx(dict.fromkeys(range(4), 0.25))
    assert reference.distribution(grover(4, 11))[11] > 0.95


@pytest.mark.parametrize("value", range(8))
def test_the_fourier_transform_is_the_formula(value: int) -> None:
    wanted = [np.exp(2j * math.pi * k * value / 8) / math.sqrt(8) for k in range(8)]
    assert np.allclose(reference.state_of(qft(3, value)), wanted)


def test_random_circuits_have_every_kind_and_keep_probability() -> None:
    circuit = random_circuit(5, 60, seed=1, measures=2, resets=1)
    others = (Kind.JUMP, Kind.ASSIGN, Kind.DRESSING)
    assert set(circuit.structure.kinds.tolist()) == {int(k) for k in Kind if k not in others}
    assert sum(reference.distribution(circuit).values()) == pytest.approx(1)
    again = random_circuit(5, 60, seed=1, measures=2, resets=1)
    assert same(circuit, again)
