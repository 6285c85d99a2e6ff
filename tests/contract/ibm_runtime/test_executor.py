"""The executor, and the primitives that the client builds upon it, against Qiskit itself.

Jobs have seeds of their own here, so that each comparison by chance has a stated rate of false
alarms.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import ClassicalRegister, Parameter, QuantumRegister
from qiskit.quantum_info import (
    PauliLindbladMap,
    QubitSparsePauli,
    SparsePauliOp,
    Statevector,
    average_gate_fidelity,
)
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel
from qiskit_ibm_runtime import Batch, Executor, QuantumProgram, Session
from qiskit_ibm_runtime.exceptions import IBMRuntimeError, RuntimeJobFailureError
from qiskit_ibm_runtime.executor_estimator import Estimator
from qiskit_ibm_runtime.executor_sampler import Sampler
from qiskit_ibm_runtime.fake_provider import FakeManilaV2
from qiskit_ibm_runtime.quantum_program.params_converters import QUANTUM_PROGRAM_PARAMS_CONVERTERS
from samplomatic import InjectNoise, Twirl, build
from samplomatic.quantum_program import QuantumProgram as SamplomaticProgram
from samplomatic.transpiler import generate_boxing_pass_manager
from scipy.stats import chi2, chi2_contingency

ALARM = 1e-9
"""The rate of false alarms of a comparison of counts."""
SIGMAS = 6.5
"""So far may a mean be from what was expected: a rate below 1e-10."""

Bits = NDArray[np.bool_]


@pytest.fixture
def simulator(service: Any) -> Any:
    return service.backend("simulator_statevector")


@pytest.fixture
def manila(service: Any) -> Any:
    """Five qubits with the noise that they had one day in 2021."""
    return service.backend("ibmq_manila")


@pytest.fixture(scope="module")
def aer() -> AerSimulator:
    """Aer with the same noise, from the client's package. Of the properties, since the target has
    one error for both directions of misreading."""
    noise = NoiseModel.from_backend_properties(FakeManilaV2().properties())
    return AerSimulator(noise_model=noise, method="density_matrix")


def turned() -> QuantumCircuit:
    """A circuit of three parameters, whose names are not in the order of their use."""
    c, a, b = (Parameter(name) for name in "cab")
    circuit = QuantumCircuit(3)
    for qubit, angle in enumerate((c, a, b)):
        circuit.rx(angle, qubit)
        circuit.rz(0.3 + qubit, qubit)
    circuit.cx(0, 1)
    circuit.cx(1, 2)
    circuit.rx(0.7, 1)
    return circuit


POINTS = np.array([[0.4, 1.1, 2.0], [2.5, 0.2, 1.3]])


def measured(circuit: QuantumCircuit) -> QuantumCircuit:
    return circuit.measure_all(inplace=False)


def isa(circuit: QuantumCircuit, backend: Any) -> QuantumCircuit:
    qubits = list(range(circuit.num_qubits))
    return transpile(circuit, backend, initial_layout=qubits, seed_transpiler=1)


def ideal(circuit: QuantumCircuit, point: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities; bit k of an outcome is qubit k."""
    found: NDArray[np.float64] = Statevector(circuit.assign_parameters(point)).probabilities()
    return found


def expected(circuit: QuantumCircuit, sums: SparsePauliOp, point: NDArray[np.float64]) -> float:
    return float(Statevector(circuit.assign_parameters(point)).expectation_value(sums).real)


def counts(bits: Bits) -> NDArray[np.int64]:
    """How often each outcome is there, over all axes but the last."""
    width = bits.shape[-1]
    return np.bincount(bits.reshape(-1, width) @ (1 << np.arange(width)), minlength=1 << width)


def counts_of(array: Any) -> NDArray[np.int64]:
    """The same of Qiskit's `BitArray`."""
    return counts(array.to_bool_array(order="little"))


def drawn_from(seen: NDArray[np.int64], probabilities: NDArray[np.float64]) -> bool:
    """Whether counts could have been drawn from a distribution."""
    there = probabilities > 1e-12
    if seen[~there].any():
        return False
    wanted = probabilities[there] / probabilities[there].sum() * seen.sum()
    assert wanted.min() > 9, "too few shots for this test"
    if len(wanted) == 1:
        return True
    statistic = ((seen[there] - wanted) ** 2 / wanted).sum()
    return bool(chi2.sf(statistic, len(wanted) - 1) > ALARM)


def drawn_alike(one: NDArray[np.int64], other: NDArray[np.int64]) -> bool:
    """Whether two counts could have been drawn from one distribution."""
    both = np.array([one, other])
    return bool(chi2_contingency(both[:, both.sum(axis=0) > 0]).pvalue > ALARM)


def by_aer(aer: AerSimulator, circuit: QuantumCircuit, shots: int = 40_000) -> NDArray[np.int64]:
    found = aer.run(circuit, shots=shots, seed_simulator=5).result().get_counts()
    width = circuit.num_clbits
    return np.array([found.get(f"{outcome:0{width}b}", 0) for outcome in range(1 << width)])


def near(values: Any, wanted: Any, deviations: Any) -> bool:
    """Whether means are as near as their deviations let expect."""
    far = np.abs(np.asarray(values) - wanted)
    return bool((far <= SIGMAS * np.maximum(deviations, 1e-6)).all())


def boxed(circuit: QuantumCircuit) -> tuple[QuantumCircuit, Any]:
    """A template and its samplex, twirled all over."""
    manager = generate_boxing_pass_manager(enable_gates=True, enable_measures=True)
    template, samplex = build(manager.run(circuit))
    return template, samplex


# -- the executor ---------------------------------------------------------------------------------


def test_circuits_with_sweeps(simulator: Any) -> None:
    pair = QuantumCircuit(
        QuantumRegister(3), ClassicalRegister(1, "one"), ClassicalRegister(2, "b")
    )
    pair.h(0)
    pair.cx(0, 2)
    pair.measure([0, 2], [0, 2])
    sweep = np.array([POINTS, POINTS[::-1] + 0.1, POINTS * 0.8])
    told = {"list": [1, 2.5, None, True, "ä"], "array": np.array([np.nan, np.inf, 1.0])}
    program = QuantumProgram(shots=4000, passthrough_data=told)
    program.append_circuit_item(measured(turned()), sweep)
    program.append_circuit_item(pair)
    executor = Executor(simulator)
    executor.options.environment.job_tags = ["sweep"]
    executor.options.execution.rep_delay = 1e-4
    assert executor.backend() is simulator
    assert executor.mode is None
    job = executor.run(program)
    result = job.result()
    assert job.tags == ["sweep"]
    assert job.primitive_id == "executor"
    # What the job was asked comes back as the client reads it.
    asked = job.inputs["quantum_program"]
    assert [item.shape for item in asked.items] == [(3, 2), ()]
    assert len(result) == 2
    bits = result[0]["meas"]
    assert bits.shape == (3, 2, 4000, 3)
    for place in np.ndindex(3, 2):
        assert drawn_from(counts(bits[place]), ideal(turned(), sweep[place]))
    assert set(result[1]) == {"one", "b"}
    assert drawn_from(counts(result[1]["one"]), np.array([0.5, 0.5]))
    assert not result[1]["b"][:, 0].any()
    assert (result[1]["b"][:, 1] == result[1]["one"][:, 0]).all()
    assert result.passthrough_data["list"] == told["list"]
    np.testing.assert_array_equal(result.passthrough_data["array"], told["array"])
    assert {part.idx_item: part.size for span in result.timing for part in span.parts} == {
        0: 6,
        1: 1,
    }
    assert 0 <= result.timing.duration < 60


def test_what_a_samplex_draws(simulator: Any) -> None:
    """Twirled, over a sweep: with the flips taken back it is the circuit."""
    circuit = transpile(measured(turned()), basis_gates=["rz", "sx", "cx"], seed_transpiler=1)
    template, samplex = boxed(circuit)
    program = SamplomaticProgram(shots=100)
    program.append_samplex_item(
        template, samplex, {"parameter_values": POINTS}, shape=(25, 2), chunk_size=10
    )
    result = Executor(simulator).run(QuantumProgram.from_(program)).result()
    flips = result[0]["measurement_flips.meas"]
    assert flips.shape == (25, 2, 1, 3)
    assert {tuple(row) for row in flips.reshape(-1, 3)} > {(False, False, False)}
    bits = result[0]["meas"] ^ flips
    for point in range(2):
        assert drawn_from(counts(bits[:, point]), ideal(turned(), POINTS[point]))
    assert [part.size for span in result.timing for part in span.parts] == [10] * 5


def test_noise_that_a_samplex_injects(simulator: Any) -> None:
    """An expectation value shrinks by the fidelity that Qiskit says; with the scale -1, and the
    signs, it grows."""
    noise = PauliLindbladMap.from_sparse_list([("XX", [0, 1], 0.1), ("Y", [1], 0.05)], 2)
    circuit = QuantumCircuit(2)
    with circuit.box([Twirl(), InjectNoise("n", "n")]):
        circuit.cx(0, 1)
    with circuit.box([Twirl()]):
        circuit.measure_all()
    template, samplex = build(circuit)
    program = QuantumProgram(shots=1)
    for scale in (1.0, 2.0, -1.0):
        given = {"pauli_lindblad_maps.n": noise, "noise_scales.n": scale}
        program.append_samplex_item(template, samplex, samplex_arguments=given, shape=(6000,))
    result = Executor(simulator).run(program).result()
    for scale, item in zip((1.0, 2.0, -1.0), result, strict=True):
        bits = item["meas"] ^ item["measurement_flips.meas"]
        values = 1.0 - 2.0 * (bits[:, 0].sum(axis=-1) % 2)
        if scale < 0:
            signs = 1.0 - 2.0 * (item["pauli_signs"].sum(axis=-1) % 2)
            values *= signs * noise.inverse().gamma()
        wanted = noise.scale_rates(scale).pauli_fidelity(QubitSparsePauli("ZZ"))
        assert near(values.mean(), wanted, values.std() / np.sqrt(len(values)))


@pytest.mark.parametrize("version", QUANTUM_PROGRAM_PARAMS_CONVERTERS)
def test_every_version_that_the_client_reads(
    simulator: Any, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Executor, "_SCHEMA_VERSION", version)
    template, samplex = boxed(transpile(measured(turned()), basis_gates=["rz", "sx", "cx"]))
    program = QuantumProgram(shots=4000)
    program.append_circuit_item(measured(turned()), POINTS)
    program.append_samplex_item(
        template, samplex, samplex_arguments={"parameter_values": POINTS[0]}, shape=(4,)
    )
    plain, drawn = Executor(simulator).run(program).result()
    assert drawn_from(counts(plain["meas"][1]), ideal(turned(), POINTS[1]))
    bits = drawn["meas"] ^ drawn["measurement_flips.meas"]
    assert drawn_from(counts(bits), ideal(turned(), POINTS[0]))


def test_points_of_the_readout(simulator: Any) -> None:
    circuit = QuantumCircuit(2)
    circuit.x(0)
    circuit.measure_all()
    found = {}
    for level in ("kerneled", "avg_kerneled", "both"):
        program = QuantumProgram(shots=200, meas_level=level)
        program.append_circuit_item(circuit)
        found[level] = Executor(simulator).run(program).result()[0]
    assert found["kerneled"]["meas_iq"].shape == (200, 2)
    assert found["avg_kerneled"]["meas_avg_iq"].shape == (2,)
    assert set(found["both"]) == {"meas", "meas_iq"}
    assert found["both"]["meas"].all(axis=0).tolist() == [True, False]
    assert np.sign(found["avg_kerneled"]["meas_avg_iq"].real).tolist() == [-1, 1]


def test_the_noise_of_a_machine_is_aers(manila: Any, aer: AerSimulator) -> None:
    circuit = isa(measured(turned()), manila)
    program = QuantumProgram(shots=40_000)
    program.append_circuit_item(circuit, POINTS)
    (found,) = Executor(manila).run(program).result()
    for point, bits in zip(POINTS, found["meas"], strict=True):
        seen = counts(bits)
        assert drawn_alike(seen, by_aer(aer, circuit.assign_parameters(point)))
        assert not drawn_from(seen, ideal(turned(), point))


def test_decisions_in_the_middle(manila: Any) -> None:
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.measure(0, 0)
    with circuit.if_test((0, 1)):
        circuit.x(1)
    circuit.measure(1, 1)
    program = QuantumProgram(shots=1000)
    program.append_circuit_item(isa(circuit, manila))
    (found,) = Executor(manila).run(program).result()
    assert 0.85 < (found["c"][:, 0] == found["c"][:, 1]).mean() < 1


def test_sessions_and_batches(service: Any, manila: Any) -> None:
    program = QuantumProgram(shots=10)
    program.append_circuit_item(isa(measured(turned()), manila), POINTS, chunk_size=1)
    with Session(backend=manila) as session:
        executor = Executor(session)
        assert executor.mode is session
        result = executor.run(program).result()
        assert [span.parts[0].size for span in result.timing] == [1, 1]
    with Batch(backend=manila) as batch:
        estimator, sampler = Estimator(), Sampler()
        assert estimator.mode is sampler.mode is batch
        jobs = [
            sampler.run([isa(QuantumCircuit(1, 1), manila)], shots=10),
            estimator.run([(isa(QuantumCircuit(1), manila), "IIIIZ")], precision=0.1),
        ]
        for job in jobs:
            assert job.session_id == batch.session_id
            assert job.result()
            assert service.job(job.job_id()).status() == "DONE"


def test_a_dry_run(manila: Any) -> None:
    program = QuantumProgram(shots=10)
    program.append_circuit_item(isa(measured(turned()), manila), POINTS)
    job = Executor(manila).run(program, dry_run=True)
    assert job.result()[0]["meas"].shape == (2, 10, 3)


def test_mistakes_are_told(simulator: Any, manila: Any) -> None:
    def told(backend: Any, program: QuantumProgram) -> str:
        job = Executor(backend).run(program)
        with pytest.raises(RuntimeJobFailureError) as caught:
            job.result()
        return str(caught.value)

    program = QuantumProgram(shots=10)
    program.append_circuit_item(measured(turned()), POINTS)
    message = told(manila, program)
    assert "7000" in message
    assert "is no gate of ibmq_manila" in message
    program = QuantumProgram(shots=10)
    program.append_circuit_item(measured(turned()), np.where(POINTS > 2, np.nan, POINTS))
    assert "quantum_program.items[0].circuit_arguments" in told(simulator, program)
    # JSON has no such number; in an array, as above, it may pass.
    program = QuantumProgram(shots=10, passthrough_data=float("nan"))
    program.append_circuit_item(measured(turned()), POINTS)
    with pytest.raises(IBMRuntimeError, match=r"400 Client Error.*not JSON"):
        Executor(simulator).run(program)


# -- the sampler that is built upon it -------------------------------------------------------------


@pytest.mark.parametrize("twirled", [False, True])
def test_the_sampler(simulator: Any, twirled: bool) -> None:
    pair = QuantumCircuit(
        QuantumRegister(2), ClassicalRegister(1, "one"), ClassicalRegister(1, "b")
    )
    pair.h(0)
    pair.cx(0, 1)
    pair.measure([0, 1], [0, 1])
    pair.metadata = {"called": "pair"}
    swept = measured(turned())
    basis = ["rz", "sx", "cx"]
    sampler = Sampler(simulator)
    sampler.options.twirling.enable_gates = sampler.options.twirling.enable_measure = twirled
    assert sampler.backend() is simulator
    assert sampler.mode is None
    assert sampler.finalize_options().twirling.num_randomizations == "auto"
    pubs = [transpile(pair, basis_gates=basis), (transpile(swept, basis_gates=basis), POINTS)]
    gates, every = sampler.find_unique_layers(pubs), sampler.find_unique_layers(pubs, types="all")
    assert (0 < len(gates) < len(every)) is twirled
    result = sampler.run(pubs, shots=4096).result()
    one, other = result[0].data.one, result[0].data.b
    assert one.num_shots == 4096
    assert drawn_from(counts_of(one), np.array([0.5, 0.5]))
    assert (one.array == other.array).all()
    assert result[0].metadata["circuit_metadata"] == {"called": "pair"}
    assert result[1].data.meas.shape == (2,)
    for point in range(2):
        assert drawn_from(counts_of(result[1].data.meas[point]), ideal(turned(), POINTS[point]))


def test_the_sampler_on_a_machine(manila: Any, aer: AerSimulator) -> None:
    circuit = isa(measured(turned()), manila)
    sampler = Sampler(manila)
    result = sampler.run([(circuit, POINTS[0])], shots=20_000).result()
    alike = by_aer(aer, circuit.assign_parameters(POINTS[0]))
    assert drawn_alike(counts_of(result[0].data.meas), alike)
    sampler.options.dynamical_decoupling.enable = True
    sampler.options.dynamical_decoupling.sequence_type = "XY4"
    result = sampler.run([(circuit, POINTS[0])], shots=20_000).result()
    # The pulses cost a little and win nothing, since waiting costs nothing here.
    there = counts_of(result[0].data.meas) / 20_000
    assert np.abs(there - alike / alike.sum()).sum() / 2 < 0.03


def test_the_samplers_points_of_the_readout(simulator: Any) -> None:
    sampler = Sampler(simulator)
    sampler.options.execution.meas_type = "kerneled"
    result = sampler.run([(measured(turned()), POINTS)], shots=20).result()
    assert result[0].data.meas.shape == (2, 20, 3)


# -- the estimator that is built upon it -----------------------------------------------------------

OBSERVABLES = ["ZZZ", "IXY", "ZIX"]


@pytest.mark.parametrize("level", [0, 1, 2])
def test_the_estimator(simulator: Any, level: int) -> None:
    circuit = transpile(turned(), basis_gates=["rz", "sx", "cx"], seed_transpiler=1)
    estimator = Estimator(simulator)
    estimator.options.resilience_level = level
    assert estimator.backend() is simulator
    assert estimator.mode is None
    assert estimator.finalize_options().resilience.zne_mitigation is (level == 2)
    estimator.options.resilience.zne.extrapolator = "linear"
    pubs = [(circuit, [[o] for o in OBSERVABLES], POINTS), (circuit, "ZZZ", POINTS[0])]
    result = estimator.run(pubs, precision=0.02).result()
    for data, points, sums in (
        (result[0].data, POINTS, OBSERVABLES),
        (result[1].data, POINTS[:1], ["ZZZ"]),
    ):
        wanted = [[expected(turned(), SparsePauliOp(o), p) for p in points] for o in sums]
        # A spread that shots or randomizations show is itself estimated: here at least so much.
        spread = np.maximum(data.stds, 0.02)
        assert near(data.evs, np.reshape(wanted, np.shape(data.evs)), spread)
    assert result[0].data.evs.shape == (3, 2)


def test_mitigation_on_a_machine(manila: Any, aer: AerSimulator) -> None:
    """What is misread is in the plain values, and TREX takes it out."""
    circuit = isa(turned(), manila)
    observable = SparsePauliOp("ZZZ").apply_layout(circuit.layout)
    parity = np.array([1 - 2 * (outcome.bit_count() % 2) for outcome in range(8)])
    seen = by_aer(aer, isa(measured(turned()), manila).assign_parameters(POINTS[0]), 400_000)
    wanted, ideally = (
        parity @ seen / seen.sum(),
        expected(turned(), SparsePauliOp("ZZZ"), POINTS[0]),
    )
    found = []
    for level in (0, 1):
        estimator = Estimator(manila, options={"resilience_level": level})
        data = estimator.run([(circuit, observable, POINTS[0])], precision=0.01).result()[0].data
        found.append(float(data.evs))
    assert near(found[0], wanted, 0.01 + 1 / np.sqrt(400_000))
    assert abs(found[1] - ideally) < abs(found[0] - ideally)


@pytest.mark.parametrize("amplified", [False, True])
def test_layer_noise_that_is_given(simulator: Any, amplified: bool) -> None:
    """A machine without noise shows what PEC and PEA do for noise that is not there: PEC multiplies
    by what the noise would have cost, PEA adds what its factors say."""
    circuit = QuantumCircuit(2)
    circuit.cx(0, 1)
    noise = PauliLindbladMap.from_sparse_list([("X", [0], 0.02), ("ZX", [0, 1], 0.03)], 2)
    fidelity = noise.pauli_fidelity(QubitSparsePauli("IZ"))
    estimator = Estimator(simulator)
    resilience = estimator.options.resilience
    resilience.measure_mitigation = False
    resilience.pec_mitigation, resilience.zne_mitigation = not amplified, amplified
    # Each draws noise once: the spread of their means is that of the values.
    estimator.options.twirling.num_randomizations = 2000
    estimator.options.twirling.shots_per_randomization = 1
    if amplified:
        resilience.zne.amplifier = "pea"
        resilience.zne.noise_factors = [1, 2, 3]
    pub = (circuit, "IZ")
    layers = estimator.find_unique_layers([pub])
    assert [tuple(layer.operation.body.count_ops()) for layer in layers] == [("cx",)]
    assert len(estimator.find_unique_layers([pub], types="all")) >= len(layers)
    resilience.layer_noise_model = [(layer, noise) for layer in layers]
    data = estimator.run([pub], precision=0.01).result()[0].data
    if amplified:
        wanted = fidelity ** np.arange(3)
        assert near(data.evs_noise_factors, wanted, np.maximum(data.stds_noise_factors, 0.01))
    else:
        assert near(data.evs, 1 / fidelity, np.maximum(data.stds, 0.01))


def test_the_noise_learner(manila: Any, aer: AerSimulator) -> None:
    """Needs `qiskit-noise-learning`, which the client has as an extra."""
    pytest.importorskip("qiskit_noise_learning")
    from qiskit_ibm_runtime.executor_noise_learner import NoiseLearnerV3

    circuit = QuantumCircuit(2)
    circuit.cx(0, 1)
    circuit = isa(circuit, manila)
    estimator = Estimator(manila)
    estimator.options.resilience.pec_mitigation = True
    (layer,) = estimator.find_unique_layers([(circuit, "IIIZZ")])
    learner = NoiseLearnerV3(manila)
    learner.options.num_randomizations = 16
    learner.options.layer_pair_depths = [0, 4, 16]
    assert learner.backend() is manila
    assert learner.mode is None
    (learned,) = learner.run([layer]).result().to_pauli_lindblad_maps()
    errors = aer.options.noise_model._local_quantum_errors["cx"][0, 1]
    infidelity = 1 - average_gate_fidelity(errors.to_quantumchannel())
    # Of two qubits; small rates add up to the infidelity of the process.
    assert sum(learned.rates) == pytest.approx(infidelity * 5 / 4, rel=0.4)


# -- completeness ----------------------------------------------------------------------------------


def test_nothing_public_is_left_out() -> None:
    """What these tests call is all there is; a method that a new client has is missed here."""
    primitive = {"backend", "mode", "options", "run"}
    layered = primitive | {"find_unique_layers", "finalize_options"}
    for kind, names in (
        (Executor, primitive),
        (QuantumProgram, {"append_circuit_item", "append_samplex_item", "from_"}),
        (Sampler, layered),
        (Estimator, layered),
    ):
        there = {*dir(kind), *kind.__annotations__}
        assert {name for name in there if not name.startswith("_")} == names
