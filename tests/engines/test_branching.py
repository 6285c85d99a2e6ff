"""Classical control and exact branches on state vectors, against every branch followed by numpy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import branches
from tests.chance import fits

from ketway.circuits import control
from ketway.circuits.circuit import Batch, Builder, Circuit
from ketway.circuits.control import MOST_LOOPS, Op
from ketway.circuits.gates import Kind
from ketway.circuits.qasm import read_qasm
from ketway.devices.noise import NoiseModel
from ketway.engines import branching
from ketway.engines.branching import certainly_few, most_branches
from ketway.engines.dense import DenseEngine
from ketway.engines.engine import Task
from ketway.engines.lowering import lower
from ketway.jobs.failures import Code, FailedError
from ketway.jobs.results import Result

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
TELEPORTATION = (
    HEAD + "qubit[3] q; bit[2] c; bit r; ry(0.7) q[0]; rz(0.3) q[0]; h q[1]; cx q[1], q[2];"
    "cx q[0], q[1]; h q[0]; c[0] = measure q[0]; c[1] = measure q[1];"
    "if (c[1]) x q[2]; if (c[0]) z q[2]; rz(-0.3) q[2]; ry(-0.7) q[2]; r = measure q[2];"
)
UNTIL_SUCCESS = (
    HEAD + "qubit[2] q; bit ok; bit r; while (!ok) { reset q[0]; ry(0.9) q[0]; cx q[0], q[1];"
    "ok = measure q[0]; } r = measure q[1];"
)
CODE = (
    HEAD + "qubit[3] q; qubit[2] a; bit[2] s; bit[3] r; ry(0.6) q; cx q[0], a[0]; cx q[1], a[0];"
    "cx q[1], a[1]; cx q[2], a[1]; s[0] = measure a[0]; s[1] = measure a[1];"
    "switch (s) { case 1 { x q[0]; } case 3 { x q[1]; } case 2 { x q[2]; } } r = measure q;"
)
COUNTER = (
    HEAD + "qubit q; bit[3] c; uint[3] n; while (n < 5) { h q; bit t; t = measure q; reset q;"
    "c = c + uint[3](t); n += 1; } bit big; if (c > 2) { big = 1; }"
)
PROGRAMS = {
    "teleportation": TELEPORTATION,
    "until success": UNTIL_SUCCESS,
    "code": CODE,
    "counter": COUNTER,
    "swap": HEAD + "qubit[3] q; bit[2] c; ry(1) q[0]; h q[2]; c[0] = measure q[2];"
    "if (c[0]) swap q[0], q[1]; c = measure q[0:1];",
    "nothing measured": HEAD + "qubit[2] q; bit c; h q; if (c) x q[0]; else { t q; h q[1]; }",
    "read again": HEAD + "qubit[2] q; bit[2] c; ry(1) q[0]; c[0] = measure q[0]; reset q[0];"
    "c[1] = c[0]; c[0] = measure q[0]; ry(2) q[1]; c[0] = measure q[1];",
    "middle": HEAD + "qubit[2] q; bit[2] c; ry(1) q[0]; c[0] = measure q[0]; ry(1) q[0];"
    "cx q[0], q[1]; reset q[1]; c[1] = measure q[0];",
}


def task(circuit: Circuit, **wanted: object) -> Task:
    batch = Batch(circuit.structure, circuit.params[None])
    return replace(Task(batch, (7,), 4000, False), **wanted)  # type: ignore[arg-type]


def run(circuit: Circuit, **wanted: object) -> Result:
    (result,) = DenseEngine().run(task(circuit, **wanted))
    return result


def counts(result: Result) -> dict[int, int]:
    assert result.counts is not None
    return dict(zip(result.integers(), result.counts.tolist(), strict=True))


def assert_exact(result: Result, wanted: dict[int, float]) -> None:
    assert result.probabilities is not None
    found = dict(zip(result.integers(), result.probabilities.tolist(), strict=True))
    every = found.keys() | wanted.keys()
    assert max(abs(found.get(k, 0.0) - wanted.get(k, 0.0)) for k in every) < 1e-10


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_are_exact_and_sampled_as_every_branch_says(name: str) -> None:
    circuit = read_qasm(PROGRAMS[name])
    wanted = branches.distribution(circuit)
    both = run(circuit, exact=True)
    assert_exact(both, wanted)
    assert fits(counts(both), wanted)
    assert both.shots is not None
    assert np.array_equal(np.bincount(both.shots, minlength=len(both)), both.counts)
    assert_exact(run(circuit, exact=True, shots=0), wanted)
    sampled = run(circuit)
    assert sampled.probabilities is None
    assert fits(counts(sampled), wanted)


@pytest.mark.parametrize("name", PROGRAMS)
def test_noise_follows_what_really_happens(name: str) -> None:
    circuit = read_qasm(PROGRAMS[name])
    one, two, readout = (0.03, 0.05, 0.04) if circuit.qubits < 5 else (0.0, 0.05, 0.04)
    wanted = branches.distribution(circuit, one, two, readout, floor=1e-7)
    noise = NoiseModel("loud", one, two, readout)
    assert fits(counts(run(circuit, noise=noise)), wanted)


def test_teleportation_gives_the_state_back() -> None:
    result = run(read_qasm(TELEPORTATION), exact=True, shots=0)
    assert all(outcome < 4 for outcome in result.integers())


@st.composite
def programs(draw: st.DrawFn) -> str:
    """Random statements on three qubits, with blocks in them."""
    lines = ["qubit[3] q; bit[3] c; uint[3] n;"]
    open_blocks = 0
    for _ in range(draw(st.integers(4, 16))):
        a, b = draw(st.permutations(range(3)))[:2]
        bit = draw(st.integers(0, 2))
        line = draw(
            st.sampled_from(
                [
                    f"ry(0.8) q[{a}];",
                    f"h q[{a}];",
                    f"cx q[{a}], q[{b}];",
                    f"swap q[{a}], q[{b}];",
                    f"c[{bit}] = measure q[{a}];",
                    f"reset q[{a}];",
                    f"n = n + {bit};",
                    f"c[{bit}] = c[{a}] ^ (n > 2);",
                    f"if (c[{bit}]) {{",
                    "if (c == 3 || n[0]) {",
                    f"for uint k{len(lines)} in [0:1] {{",
                    "} else {",
                    "}",
                ]
            )
        )
        if line.startswith("}"):
            if not open_blocks or (line == "} else {" and not lines[-1].startswith("if")):
                continue
            open_blocks -= line == "}"
        open_blocks += line.endswith("{") and not line.startswith("}")
        lines.append(line)
    return HEAD + "\n".join([*lines, "}" * open_blocks])


@settings(deadline=None, max_examples=25)
@given(programs())
def test_any_program(text: str) -> None:
    circuit = read_qasm(text)
    wanted = branches.distribution(circuit)
    assert_exact(run(circuit, exact=True, shots=0), wanted)
    assert fits(counts(run(circuit, shots=300)), wanted)


def angles(values: Sequence[float]) -> Batch:
    """Of each circuit one row: a rotation, and another where it gave 1."""
    rows = []
    for value in values:
        b = Builder(2, bits=2)
        b.add(Kind.RY, [0], [value])
        b.add(Kind.MEASURE, [0, 0])
        jump = b.jump(control.bits([0]))
        b.add(Kind.RY, [1], [2 * value])
        b.land(jump)
        b.add(Kind.MEASURE, [1, 1])
        rows.append(b.circuit())
    return Batch(rows[0].structure, np.stack([row.params for row in rows]))


def same(left: Result, right: Result) -> bool:
    def parts(result: Result) -> list[bytes | None]:
        arrays = (result.outcomes, result.probabilities, result.counts, result.shots)
        return [None if array is None else array.tobytes() for array in arrays]

    return parts(left) == parts(right)


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("noise", [None, NoiseModel("loud", 0.02, 0.02, 0.02)])
def test_a_batch_gives_what_its_circuits_give_alone(exact: bool, noise: NoiseModel | None) -> None:
    batch = angles([0.3, 0.9, 1.4])
    whole = list(DenseEngine().run(Task(batch, (5, 6, 7), 200, exact and noise is None, noise)))
    for row, seed in enumerate((5, 6, 7)):
        alone = Task(
            Batch(batch.structure, batch.params[row : row + 1]),
            (seed,), 200, exact and noise is None, noise, threads=2,
        )  # fmt: skip
        (result,) = DenseEngine().run(alone)
        assert same(result, whole[row])


@pytest.mark.parametrize("noise", [None, NoiseModel("loud", 0.02, 0.02, 0.02)])
@pytest.mark.parametrize("name", ["until success", "code", "counter"])
def test_threads_change_nothing(name: str, noise: NoiseModel | None) -> None:
    circuit = read_qasm(PROGRAMS[name])
    for exact in (True, False):
        wanted = {"exact": exact and noise is None, "noise": noise, "shots": 500}
        assert same(run(circuit, threads=1, **wanted), run(circuit, threads=3, **wanted))


@pytest.mark.parametrize("qubits", [15, 19])
def test_nothing_is_moved_across_a_jump_where_registers_have_many_tiles(qubits: int) -> None:
    b = Builder(qubits, bits=3)
    b.add(Kind.RY, [qubits - 1], [1.0])
    b.add(Kind.MEASURE, [qubits - 1, 0])
    skipped = b.jump(control.bits([0]))
    for qubit in range(qubits - 1):
        b.add(Kind.X, [qubit])
    b.land(skipped)
    b.add(Kind.X, [1], controls=[0])
    b.assign([1], [Op.BIT, 0, Op.IS_ZERO])
    b.add(Kind.MEASURE, [qubits - 2, 2])
    single = "single" if qubits == 19 else "double"
    result = run(b.circuit(), exact=True, shots=50, precision=single, threads=2)
    assert result.integers() == [0b010, 0b101]
    assert result.probabilities == pytest.approx([np.cos(0.5) ** 2, np.sin(0.5) ** 2], abs=1e-5)
    sampled = run(b.circuit(), shots=50, precision=single)
    assert set(sampled.integers()) <= {0b010, 0b101}


def test_a_loop_that_never_ends_is_a_failure_that_names_it() -> None:
    b = Builder(1, bits=1)
    b.add(Kind.X, [0])
    start = len(b.kinds)
    b.add(Kind.MEASURE, [0, 0])
    b.jump(None, start)
    for wanted in ({}, {"exact": True}):
        with pytest.raises(FailedError, match=f"gate 2 more than {MOST_LOOPS:,} times") as caught:
            run(b.circuit(), shots=3, **wanted)
        assert caught.value.failure.gate == 2
        assert caught.value.failure.code == Code.SIMULATION_ERROR


def test_a_loop_may_go_round_as_often_as_stated() -> None:
    text = HEAD + "qubit q; bit r; uint[14] n; while (n < {}) n += 1; r = 1;"
    assert run(read_qasm(text.format(MOST_LOOPS)), shots=2).integers() == [1]
    with pytest.raises(FailedError, match="more than"):
        run(read_qasm(text.format(MOST_LOOPS + 1)), shots=2)


def coins(count: int) -> Circuit:
    """A qubit that is measured again and again: twice as many branches every time."""
    b = Builder(1, bits=count)
    for bit in range(count):
        b.add(Kind.H, [0])
        b.add(Kind.T, [0])
        b.add(Kind.MEASURE, [0, bit])
    return b.circuit()


def test_many_branches_are_sampled() -> None:
    few, many = coins(9), coins(20)
    assert len(run(few, exact=True, shots=10)) == 2**9
    result = run(many, exact=True, shots=10)
    assert result.probabilities is None
    assert result.total == 10
    with pytest.raises(FailedError, match="ask for shots"):
        run(many, exact=True, shots=0)
    assert certainly_few(few.structure, lower(few.structure), 10)
    assert not certainly_few(many.structure, lower(many.structure), 10)


def test_how_many_branches_are_worth_it() -> None:
    assert most_branches(1, 0) == most_branches(12, 0) == branching.MOST_BRANCHES
    assert most_branches(30, 0) == 16
    assert most_branches(30, 1000) == 1000
    assert most_branches(30, 100_000) == branching.MOST_BRANCHES


def test_a_loop_is_never_certain_to_have_few_branches() -> None:
    structure = read_qasm(UNTIL_SUCCESS).structure
    assert not certainly_few(structure, lower(structure), 100)


def test_outcomes_that_are_not_kept_are_listed_if_they_were_drawn() -> None:
    result = run(coins(6), exact=True, shots=20, kept=4)
    assert result.counts is not None
    assert result.probabilities is not None
    assert result.total == 20
    assert 4 <= len(result) < 24
    assert result.probabilities.sum() == pytest.approx(1)
    assert result.provenance.kept == pytest.approx(len(result) / 64)


def test_records_of_many_words_are_read_by_control() -> None:
    b = Builder(1, bits=130)
    b.add(Kind.X, [0])
    for bit in (3, 70, 129):
        b.add(Kind.MEASURE, [0, bit])
    for start in (4, 71):
        b.assign(range(start, start + 58), control.number(0x1234_5678_9ABC))
    b.assign([0], [*control.bits([3, 70, 129]), *control.number(7), Op.EQUAL])
    (outcome,) = run(b.circuit(), shots=5, exact=True).integers()
    number = 0x1234_5678_9ABC
    assert outcome == 1 | 1 << 3 | 1 << 70 | 1 << 129 | number << 4 | number << 71


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from([op for op in Op if op >= Op.AND]),
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**64 - 1) | st.integers(0, 70),
    st.sampled_from([Op.NOT, Op.IS_ZERO, Op.LOW, Op.SIGNED]),
    st.integers(1, 64),
)
def test_the_core_computes_as_python_does(
    op: Op, left: int, right: int, change: Op, width: int
) -> None:
    code = [*control.number(left), *control.number(right), op, change]
    code += [width] if change in (Op.LOW, Op.SIGNED) else []
    b = Builder(1, bits=64)
    b.assign(range(64), code)
    (outcome,) = run(b.circuit(), shots=1).integers()
    assert outcome == branches.value_of(code, ())
