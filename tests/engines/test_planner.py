from __future__ import annotations

import numpy as np
import pytest
from tests.corpus import ghz, qft, random_circuit, teleportation, vqe

from ketway.circuits import control
from ketway.circuits.circuit import Batch, Builder, Circuit, Program
from ketway.circuits.gates import Kind
from ketway.devices.noise import GateNoise, NoiseModel, QubitNoise
from ketway.engines.engine import Plan
from ketway.engines.planner import (
    CLIFFORD_ABOVE,
    DOUBLE_UP_TO,
    ENGINES,
    Machine,
    divided,
    gib,
    plan,
    plan_program,
)
from ketway.engines.running import run_program
from ketway.jobs.failures import Code, FailedError, Failure
from ketway.jobs.results import Result

BIG = Machine(bytes=16 << 30)
LOUD = NoiseModel("loud", 0.01, 0.02)


def batch_of(circuit: Circuit, rows: int = 1) -> Batch:
    return Batch(circuit.structure, np.tile(circuit.params, (rows, 1)))


def planned(
    circuit: Circuit,
    shots: int = 0,
    exact: bool = True,
    noise: NoiseModel | None = None,
    machine: Machine = BIG,
) -> Plan:
    return plan(batch_of(circuit), shots, exact, noise, machine)


def refused(circuit: Circuit, machine: Machine, **asked: object) -> Failure:
    with pytest.raises(FailedError) as caught:
        planned(circuit, machine=machine, **asked)  # type: ignore[arg-type]
    return caught.value.failure


def test_engines_know_their_own_names() -> None:
    assert set(ENGINES) == {"clifford", "dense", "density", "mps"}
    assert all(engine.name == name for name, engine in ENGINES.items())


def test_wide_clifford_circuits_need_no_state_vector() -> None:
    found = planned(ghz(1000), 100_000)
    assert found.engine == "clifford"
    assert "1,000 qubits" in found.reason
    assert found.bytes < 1 << 30
    assert found.seconds > 0


def test_narrow_circuits_are_dense_whatever_their_gates() -> None:
    assert planned(ghz(CLIFFORD_ABOVE)).engine == "dense"
    assert planned(ghz(CLIFFORD_ABOVE + 1)).engine == "clifford"
    assert planned(qft(CLIFFORD_ABOVE + 1)).engine == "dense"


def test_noise_on_clifford_circuits_is_sampled_with_frames() -> None:
    assert planned(ghz(3), 100, exact=False, noise=LOUD).engine == "clifford"
    assert planned(vqe(3), 100, exact=False, noise=LOUD).engine == "dense"
    silent = NoiseModel("ideal", 0, 0)
    assert planned(ghz(3), 100, exact=False, noise=silent).engine == "dense"


def test_relaxation_needs_a_state_vector() -> None:
    timed = (GateNoise(("2q",), duration=1e-6),)
    warm = NoiseModel("warm", gates=timed, qubits=(QubitNoise(t1=1e-4),))
    assert planned(ghz(16), 100, exact=False, noise=warm).engine == "dense"
    only_phases = NoiseModel("still", gates=timed, qubits=(QubitNoise(t2=1e-4),))
    assert planned(ghz(16), 100, exact=False, noise=only_phases).engine == "clifford"
    failure = refused(ghz(50), BIG, shots=100, exact=False, noise=warm)
    assert "without t1" in failure.message


def test_measurement_in_the_middle_stays_clifford() -> None:
    for noise in (None, LOUD):
        assert planned(teleportation(), 100, exact=False, noise=noise).engine == "clifford"
    assert planned(teleportation()).engine == "clifford"


def test_precision_falls_where_memory_starts_to_matter() -> None:
    assert planned(qft(DOUBLE_UP_TO)).precision == "double"
    assert planned(qft(DOUBLE_UP_TO + 1)).precision == "single"


def test_what_exceeds_memory_is_refused_with_the_numbers() -> None:
    failure = refused(vqe(40, layers=1), Machine(bytes=20 << 30))
    assert failure.code == Code.NOT_ENOUGH_QUBITS
    for part in ("40 qubits", "single precision", "grants 20 GiB", "at most", "Clifford"):
        assert part in failure.message


def test_the_advice_about_qubits_is_true() -> None:
    machine = Machine(bytes=3 << 30)
    failure = refused(vqe(36, layers=1), machine)
    most = int(failure.message.split("at most ")[1].split()[0])
    assert planned(vqe(most, layers=1), machine=machine).engine == "dense"
    assert refused(vqe(most + 1, layers=1), machine).code == Code.NOT_ENOUGH_QUBITS


def test_clifford_circuits_can_be_too_many_shots() -> None:
    failure = refused(ghz(5000), Machine(bytes=100 << 20), shots=1_000_000, exact=False)
    assert failure.code == Code.NOT_ENOUGH_QUBITS
    assert "1,000,000 shots" in failure.message
    assert "fewer shots" in failure.message


def test_noise_without_shots_is_refused_with_the_way_out() -> None:
    failure = refused(ghz(60), BIG, exact=True, noise=LOUD)
    assert failure.code == Code.INVALID_INPUT
    assert "ask for shots" in failure.message


def test_wide_circuits_with_events_need_shots_unless_they_are_clifford() -> None:
    circuit = random_circuit(4, 30, seed=2, measures=1)
    assert planned(circuit).engine == "dense"
    assert "the distribution is exact" in planned(circuit).reason
    assert planned(circuit, 10).engine == "dense"
    wide = random_circuit(20, 60, seed=2, measures=20)
    assert "ask for shots" in refused(wide, BIG).message
    assert planned(wide, 10).engine == "dense"
    assert "else by shots" in planned(wide, 10).reason


def conditional(qubits: int) -> Circuit:
    b = Builder(qubits, bits=1)
    b.add(Kind.H, [0])
    b.add(Kind.MEASURE, [0, 0])
    jump = b.jump(control.bits([0]))
    b.add(Kind.X, [qubits - 1])
    b.land(jump)
    return b.circuit()


def test_classical_control_needs_a_state_vector() -> None:
    for noise, exact in ((None, True), (LOUD, False)):
        found = planned(conditional(18), 100, exact=exact, noise=noise)
        assert found.engine == "dense"
        assert "classical bits decide" in found.reason
    assert planned(conditional(18)).engine == "dense"
    failure = refused(conditional(100), BIG, shots=10)
    assert failure.code == Code.NOT_ENOUGH_QUBITS
    assert "classical bits decide" in failure.message
    assert "only a state vector" in refused(conditional(38), BIG, shots=10).message


def test_no_machine_is_big_enough_for_a_thousand_qubits() -> None:
    failure = refused(vqe(1500, layers=1), BIG)
    assert failure.code == Code.NOT_ENOUGH_QUBITS
    assert "2^1473 GiB" in failure.message


def test_a_batch_that_is_partly_clifford_says_which_part_could_run() -> None:
    circuit = vqe(50, layers=1)
    params = np.stack([circuit.params, np.zeros_like(circuit.params), circuit.params])
    with pytest.raises(FailedError, match="1 of the 3 circuits of this structure are all Clifford"):
        plan(Batch(circuit.structure, params), 0, True, None, BIG)


def test_a_run_that_would_take_too_long_is_refused() -> None:
    machine = Machine(bytes=16 << 30, seconds=1e-9)
    failure = refused(qft(12), machine)
    assert failure.code == Code.SIMULATION_TIMEOUT
    assert "limit" in failure.message
    assert refused(ghz(900), machine).code == Code.SIMULATION_TIMEOUT


def test_asking_for_nothing_is_refused() -> None:
    assert refused(ghz(2), BIG, shots=0, exact=False).code == Code.INVALID_INPUT


def test_a_refusal_names_the_first_circuit_it_concerns() -> None:
    program = Program.of([ghz(3), ghz(4), vqe(60), ghz(3), vqe(60)])
    with pytest.raises(FailedError) as caught:
        plan_program(program, 0, True, None, BIG)
    assert caught.value.failure.circuit == 2


def test_a_program_has_one_plan_per_batch() -> None:
    program = Program.of([vqe(4, seed=s) for s in range(50)] + [ghz(100)] * 3)
    plans = plan_program(program, 10, False, None, BIG)
    assert [p.engine for p in plans] == ["dense", "clifford"]


def test_rows_with_clifford_angles_alone_are_clifford() -> None:
    b = Builder(40)
    for q in range(40):
        b.add(Kind.RX, [q], [np.pi / 2])
    assert planned(b.circuit()).engine == "clifford"


@pytest.mark.parametrize(
    ("size", "text"),
    [(512, "512 bytes"), (64 << 30, "64 GiB"), (1.5 * 2**20, "1.5 MiB"), (2.0**80, "1.1e+15 GiB")],
)
def test_sizes_are_for_people(size: float, text: str) -> None:
    assert gib(size) == text


def test_the_planners_events_are_those_the_dense_engine_cannot_do_exactly() -> None:
    b = Builder(2, bits=2)
    b.add(Kind.T, [0])
    b.add(Kind.MEASURE, [0, 1])
    b.add(Kind.T, [1])
    b.add(Kind.MEASURE, [1, 0])
    circuit = b.circuit()
    assert planned(circuit).engine == "dense"
    ((_, result),) = run_program(Program.of([circuit]), [planned(circuit)], [1], 0, True, None, 1)
    assert isinstance(result, Result)
    assert result.integers() == [0]


def bricks(qubits: int, layers: int) -> Circuit:
    b = Builder(qubits)
    for layer in range(layers):
        for q in range(qubits):
            b.add(Kind.RY, [q], [0.3 + q])
        for q in range(layer % 2, qubits - 1, 2):
            b.add(Kind.X, [q + 1], controls=[q])
    return b.circuit()


def test_wide_circuits_of_little_entanglement_are_chains() -> None:
    found = planned(vqe(60, layers=1), 100, exact=False)
    assert (found.engine, found.bonds) == ("mps", 0)
    assert found.bytes < 1 << 30


def test_wide_circuits_of_much_entanglement_are_chains_with_bounded_bonds() -> None:
    found = planned(bricks(60, 24), 10, exact=False)
    assert found.engine == "mps"
    assert found.bonds > 0
    assert f"bonds up to {found.bonds:,}" in found.reason
    assert found.bytes <= BIG.bytes


def test_few_qubits_with_many_noisy_shots_are_a_density_matrix() -> None:
    assert planned(vqe(4), 100_000, exact=False, noise=LOUD).engine == "density"
    assert planned(vqe(4), 50, exact=False, noise=LOUD).engine == "dense"
    assert planned(vqe(4), 0, noise=LOUD).engine == "density"


def test_the_choice_does_not_depend_on_the_batch_or_the_machine() -> None:
    circuit = vqe(5)
    for shots in (500, 2000, 8000):
        engines = {
            plan(batch_of(circuit, rows), shots, False, LOUD, machine).engine
            for rows in (1, 7, 100)
            for machine in (BIG, Machine(bytes=BIG.bytes, paces={"density, double": 50.0}))
        }
        assert len(engines) == 1, shots


# ---------------------------------------------------------------- pieces


def blocks(count: int, width: int, seed: int = 0) -> Circuit:
    """Circuits side by side that nothing connects; the first is all Clifford."""
    rng = np.random.default_rng(seed)
    b = Builder(count * width)
    for k in range(count):
        first = k * width
        b.add(Kind.H, [first])
        for q in range(first, first + width):
            b.add(Kind.RY, [q], [float(rng.uniform(0.3, 2)) if k else 0.0])
        for q in range(first, first + width - 1):
            b.add(Kind.X, [q + 1], controls=[q])
    return b.circuit()


def test_sixty_qubits_in_twelve_pieces_are_planned_and_run() -> None:
    circuit = blocks(12, 5, seed=1)
    program = Program.of([circuit])
    (found,) = plan_program(program, 100, True, None, BIG)
    assert sum(piece.count for piece in found.pieces) == 6
    assert "up to 10 of 60 qubits" in found.reason
    assert found.bytes < 1 << 30
    ((_, result),) = run_program(program, [found], [3], 100, True, None, 1)
    assert isinstance(result, Result), result
    assert result.bits == 60
    assert result.total == 100
    assert 0 < result.provenance.kept < 1
    assert len(result) >= 1 << 20
    assert result.weights().sum() == pytest.approx(1)


def test_a_wide_piece_decides_what_fits() -> None:
    circuit = blocks(2, 30)
    found = planned(circuit)
    assert [piece.engine for piece in found.pieces] == ["clifford", "dense"]
    assert (found.engine, found.precision) == ("dense", "single")
    failure = refused(circuit, Machine(bytes=1 << 30))
    assert "Of the 60 qubits, 30 must be computed together." in failure.message
    assert refused(circuit, Machine(bytes=16 << 30, seconds=1e-9)).code == Code.SIMULATION_TIMEOUT


def test_with_noise_each_connected_part_has_an_engine_of_its_own() -> None:
    circuit = blocks(3, 4)
    program = Program.of([circuit])
    (found,) = plan_program(program, 200, False, LOUD, BIG)
    assert [(piece.engine, piece.count) for piece in found.pieces] == [
        ("clifford", 1),
        ("dense", 2),
    ]
    ((_, result),) = run_program(program, [found], [3], 200, False, LOUD, 1)
    assert isinstance(result, Result), result
    assert result.total == 200
    assert result.provenance.engine == "clifford+dense"
    assert result.provenance.noise == "loud"


def test_wide_clifford_circuits_stay_whole() -> None:
    b = Builder(40)
    for q in range(0, 40, 2):
        b.add(Kind.H, [q])
        b.add(Kind.X, [q + 1], controls=[q])
    assert planned(b.circuit()).pieces == ()


def test_a_reduced_circuit_is_planned_as_what_is_left() -> None:
    b = Builder(35, bits=20)
    for q in range(35):
        b.add(Kind.RY, [q], [0.4])
    for q in range(18):
        b.add(Kind.X, [q + 1], controls=[q])
        b.add(Kind.MEASURE, [q, q])
    found = planned(b.circuit())
    assert [(piece.engine, piece.precision) for piece in found.pieces] == [("dense", "double")]
    assert "19" not in found.reason
    assert "18 of 35 qubits" in found.reason


def test_batches_are_divided_by_which_of_their_pieces_are_clifford() -> None:
    circuit = blocks(2, 16)
    turned = np.zeros_like(circuit.params)
    other = turned.copy()
    other[0] = 0.3
    rows = [circuit.params, turned, other, circuit.params]
    program = divided(Program.of([Circuit(circuit.structure, row) for row in rows]), None)
    assert sorted(len(batch) for batch in program.batches) == [1, 1, 2]
    plans = plan_program(program, 10, False, None, BIG)
    engines = [
        [piece.engine for piece in plans[batch].pieces] or plans[batch].engine
        for batch, _ in program.order
    ]
    mixed = ["clifford", "dense"]
    assert engines == [mixed, "clifford", ["dense", "clifford"], mixed]
