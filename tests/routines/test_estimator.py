from __future__ import annotations

import numpy as np
import pytest
from tests.routines.making import (
    PAULI,
    RECORDED,
    RELAXING,
    SUMS,
    chance,
    ladder,
    pub_of,
    runner,
    true_values,
)

from ketway.circuits.circuit import Batch, Builder
from ketway.circuits.gates import Kind
from ketway.devices.noise import NoiseModel
from ketway.jobs.failures import FailedError
from ketway.routines.estimator import estimate, plan_estimate
from ketway.routines.options import EstimatorOptions, Resilience, Twirling

BARE = EstimatorOptions(resilience_level=0)
GATES = {
    "cx": (Kind.X, 1), "cy": (Kind.Y, 1), "cz": (Kind.Z, 1), "swap": (Kind.SWAP, 0),
    "h": (Kind.H, 0), "s": (Kind.S, 0), "t": (Kind.T, 0), "sx": (Kind.SX, 0),
    "rx": (Kind.RX, 0), "ry": (Kind.RY, 0), "rz": (Kind.RZ, 0),
}  # fmt: skip


def recorded(width: int = 4, first: int = 0, measured: bool = False) -> Batch:
    """The recorded circuit on a machine with some qubits, on those from `first` on."""
    builder = Builder(width, 4 if measured else 0)
    for name, qubits, column in RECORDED["estimates"]["gates"]:
        kind, controls = GATES[name]
        own = [first + q for q in qubits]
        builder.add(kind, own[controls:], [] if column is None else [0.0], own[:controls])
    for q in range(4 if measured else 0):
        builder.add(Kind.MEASURE, [first + q, q])
    sweep = np.array(RECORDED["estimates"]["sweep"])
    return Batch(builder.circuit().structure, sweep.reshape(6, -1))


PLACES = {
    "scalar": (0, 0),
    "line": ([0, 1, 2], 0),
    "paired": ([3, 4, 5], [0, 1, 2]),
    "product": ([0, 1, 2], [[0], [1], [2]]),
    "square": ([[0, 1, 2], [3, 4, 5]], [0, 1, 2]),
}


@pytest.mark.parametrize("case", PLACES)
@pytest.mark.parametrize("measured", [False, True])
def test_exact_values_are_qiskits(case: str, measured: bool) -> None:
    sums = RECORDED["estimates"]["sums"]
    pub = pub_of(recorded(measured=measured), sums, *PLACES[case])
    answer = estimate(pub, EstimatorOptions(), runner(), 0)
    assert answer.evs == pytest.approx(np.array(RECORDED["estimates"]["evs"][case]), abs=1e-10)
    assert answer.evs.shape == np.shape(RECORDED["estimates"]["evs"][case])
    assert not answer.stds.any()


@pytest.mark.parametrize("case", ["scalar", "square"])
def test_shots_of_few_qubits_of_a_wide_machine_agree_with_qiskit(case: str) -> None:
    sums = [
        {f"{'I' * 100}{k}{'I' * 52}": c for k, c in s.items()}
        for s in RECORDED["estimates"]["sums"]
    ]
    pub = pub_of(recorded(156, 52, measured=True), sums, *PLACES[case], precision=0.01)
    truth = np.array(RECORDED["estimates"]["evs"][case])
    exact = estimate(pub_of(pub.batch, sums, *PLACES[case]), BARE, runner(), 0)
    assert exact.evs == pytest.approx(truth, abs=1e-10)
    answer = estimate(pub, BARE, runner(), 0)
    assert answer.metadata["shots"] == 10_000
    assert chance(answer.evs, truth, answer.stds) < 2.5
    assert (answer.stds == answer.ensemble_standard_error).all()


def test_what_no_gate_touches_is_zero() -> None:
    builder = Builder(40)
    builder.add(Kind.H, [20])
    batch = Batch(builder.circuit().structure, np.zeros((1, 0)))
    labels = [
        "".join(
            letter if q in (39 - a, 39 - b) else "I"
            for q, letter in zip(range(40), "Z" * 40, strict=True)
        )
        for a, b in [(3, 9), (3, 20)]
    ]
    flipped = labels[0].replace("Z", "X", 1)
    pub = pub_of(batch, [{labels[0]: 1.0}, {labels[1]: 1.0}, {flipped: 1.0}], 0, [0, 1, 2])
    assert estimate(pub, BARE, runner(), 0).evs.tolist() == [1.0, 0.0, 0.0]


def test_local_observables_of_a_wide_shallow_circuit_see_little_of_it() -> None:
    batch = ladder(2, layers=1, qubits=60)
    labels = ["I" * (59 - q) + "Z" + "I" * q for q in (0, 30, 59)]
    pub = pub_of(batch, [{label: 1.0} for label in labels], [[0], [1]], [0, 1, 2])
    found = estimate(pub, BARE, runner(), 0).evs
    # One layer: a qubit, its neighbours, and theirs.
    small = ladder(2, layers=1, qubits=60).params
    for column, middle in enumerate((0, 30, 59)):
        some = [q for q in range(middle - 2, middle + 3) if 0 <= q < 60]
        narrow = ladder(2, layers=1, qubits=len(some))
        columns = [*some, *(60 + 2 * q + k for q in some for k in (0, 1))]
        place = some.index(middle)
        label = "I" * (len(some) - 1 - place) + "Z" + "I" * place
        near = pub_of(Batch(narrow.structure, small[:, columns]), [{label: 1.0}], [0, 1], 0)
        assert found[:, column] == pytest.approx(true_values(near), abs=1e-10)


@pytest.mark.parametrize("noise", [PAULI, RELAXING], ids=lambda noise: noise.name)
def test_noisy_values_are_those_of_density_matrices(noise: NoiseModel) -> None:
    batch = ladder(2, layers=2)
    pub = pub_of(batch, SUMS, [[0], [1]], range(4))
    truth = true_values(pub, noise)
    assert estimate(pub, BARE, runner(noise), 0).evs == pytest.approx(truth, abs=1e-9)
    shot = pub_of(batch, SUMS, [[0], [1]], range(4), precision=0.01)
    answer = estimate(shot, BARE, runner(noise), 0)
    assert chance(answer.evs, truth, answer.stds) < 2


def test_a_noisy_clifford_circuit_of_many_qubits_has_exact_values() -> None:
    builder = Builder(40)
    builder.add(Kind.H, [0])
    for q in range(39):
        builder.add(Kind.X, [q + 1], [], [q])
    batch = Batch(builder.circuit().structure, np.zeros((1, 0)))
    noise = NoiseModel("n", two_qubit=0.01, readout=0.02)
    pub = pub_of(batch, [{"Z" * 2 + "I" * 38: 1.0}], 0, [0])
    bare = float(estimate(pub, BARE, runner(noise), 0).evs[0])
    # The last CNOT's errors that anticommute, and two readings.
    assert bare == pytest.approx(0.99 * 0.96**2)
    read = float(estimate(pub, EstimatorOptions(), runner(noise), 0).evs[0])
    assert read == pytest.approx(0.99)


def test_only_needed_configurations_are_run() -> None:
    batch = ladder(50, layers=1)
    pub = pub_of(batch, [{"ZZZZZ": 1.0}, {"XXXXX": 1.0}], range(50), [0] * 25 + [1] * 25, 0.1)
    assert len(plan_estimate(pub, BARE, runner())) == 1
    machine = runner(PAULI)
    taken = []
    whole = machine.sample_seeded
    machine.sample_seeded = lambda batch, shots, seeds: (
        taken.append(len(batch)) or whole(batch, shots, seeds)
    )  # type: ignore[method-assign, func-returns-value]
    estimate(pub, BARE, machine, 0)
    assert sum(taken) == 50


def test_measurements_in_the_middle_and_control_are_followed() -> None:
    builder = Builder(2, 1)
    builder.add(Kind.RX, [0], [0.0])
    builder.add(Kind.MEASURE, [0, 0])
    jump = builder.jump([0, 0])  # Op.BIT of bit 0
    builder.add(Kind.X, [1])
    builder.land(jump)
    builder.add(Kind.H, [0])
    structure = builder.circuit().structure
    pub = pub_of(Batch(structure, np.array([[1.1]])), [{"ZI": 1.0}, {"IX": 1.0}], 0, [0, 1], 0.01)
    answer = estimate(pub, BARE, runner(), 0)
    assert chance(answer.evs, np.array([np.cos(1.1)] * 2), answer.stds) < 2.5
    exact = estimate(pub_of(pub.batch, [{"ZI": 1.0}, {"IX": 1.0}], 0, [0, 1]), BARE, runner(), 0)
    assert exact.evs == pytest.approx(np.cos(1.1))


def test_a_seed_gives_the_same_bytes_for_any_number_of_threads() -> None:
    pub = pub_of(ladder(3), SUMS, [[0], [1], [2]], range(4), 0.05)
    options = EstimatorOptions(resilience_level=2)
    one, two = (estimate(pub, options, runner(RELAXING, threads=t), 3) for t in (1, 2))
    assert one.evs.tobytes() == two.evs.tobytes()
    assert one.evs_extrapolated is not None
    assert two.evs_extrapolated is not None
    assert one.evs_extrapolated.tobytes() == two.evs_extrapolated.tobytes()
    other = estimate(pub, options, runner(RELAXING), 4)
    assert (other.evs != one.evs).any()


def test_shots_are_split_over_randomizations() -> None:
    pub = pub_of(ladder(1), SUMS, 0, range(4), 1 / 64)
    answer = estimate(pub, EstimatorOptions(), runner(PAULI), 0)
    assert answer.metadata["shots"] == 4096
    assert answer.metadata["num_randomizations"] == 32
    assert (answer.stds != answer.ensemble_standard_error).any()
    own = Twirling(enable_measure=True, num_randomizations=5, shots_per_randomization=70)
    answer = estimate(pub, EstimatorOptions(resilience_level=0, twirling=own), runner(PAULI), 0)
    assert (answer.metadata["shots"], answer.metadata["num_randomizations"]) == (350, 5)
    given = pub_of(ladder(1), SUMS, 0, range(4), 1 / 64, shots=1000)
    assert estimate(given, BARE, runner(PAULI), 0).metadata["shots"] == 1000


@pytest.mark.parametrize("level", [0, 1, 2])
def test_without_noise_no_level_changes_anything_but_by_chance(level: int) -> None:
    pub = pub_of(ladder(4), SUMS, [[0], [1], [2], [3]], range(4), 0.02)
    truth = true_values(pub)
    answer = estimate(pub, EstimatorOptions(resilience_level=level), runner(), 0)  # type: ignore[arg-type]
    assert chance(answer.evs, truth, np.maximum(answer.stds, 1e-3)) < 2


def test_contradicting_options_are_refused_in_words() -> None:
    pub = pub_of(ladder(1), SUMS, 0, range(4), 0.1)
    both = EstimatorOptions(resilience=Resilience(zne_mitigation=True, pec_mitigation=True))
    with pytest.raises(FailedError, match="set one of them to False"):
        estimate(pub, both, runner(PAULI), 0)
    exact = pub_of(ladder(1), SUMS, 0, range(4))
    with pytest.raises(FailedError, match="ask for a precision above 0"):
        estimate(
            exact, EstimatorOptions(resilience=Resilience(pec_mitigation=True)), runner(PAULI), 0
        )
