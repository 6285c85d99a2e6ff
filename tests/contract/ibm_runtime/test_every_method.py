"""Each public method of the client's classes, called on this server at least once.

What each of them asked the server for is written to `methods.json` by a run with `--record`; the
coverage table is made of it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import expected
import ibm_world
import numpy as np
import pytest
import recorded
import serving
from methods import CLASSES, Watch, members
from qiskit import QuantumCircuit
from qiskit.transpiler import generate_preset_pass_manager
from qiskit_ibm_runtime import (
    Batch,
    EstimatorV2,
    Executor,
    QiskitRuntimeService,
    QuantumProgram,
    SamplerV2,
    Session,
)
from qiskit_ibm_runtime.exceptions import (
    IBMBackendError,
    RuntimeInvalidStateError,
    RuntimeJobFailureError,
    RuntimeJobNotFound,
)
from qiskit_ibm_runtime.executor_estimator import Estimator
from qiskit_ibm_runtime.executor_noise_learner import NoiseLearnerV3
from qiskit_ibm_runtime.executor_sampler import Sampler

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

MACHINE = "ibm_torino"
WATCH = Watch(ibm_world.TAP)


@pytest.fixture(autouse=True)
def watched(service: Any) -> Iterator[None]:
    """The test, but not its fixtures."""
    del service
    with WATCH.on():
        yield


@pytest.fixture
def machine(service: Any) -> Any:
    return service.backend(MACHINE)


@pytest.fixture
def simulator(service: Any) -> Any:
    return service.backend("ibmq_qasm_simulator")


@pytest.fixture
def done(simulator: Any) -> Any:
    """A job that has ended."""
    sampler = SamplerV2(simulator, options={"environment": {"job_tags": ["every"]}})
    job = sampler.run([expected.measured(expected.three())], shots=100)
    job.wait_for_final_state()
    return job


def compiled(circuit: QuantumCircuit, backend: Any) -> QuantumCircuit:
    """Level 3 looks for the qubits with the least errors."""
    manager = generate_preset_pass_manager(optimization_level=3, backend=backend, seed_transpiler=1)
    return manager.run(circuit)


# -- QiskitRuntimeService -------------------------------------------------------------------------


def test_saved_accounts(server: serving.Server, tmp_path: Path) -> None:
    file = str(tmp_path / "accounts.json")
    service = QiskitRuntimeService
    url = f"{server.url}/experimental"
    service.save_account(token="mine", url=url, instance="ketway", filename=file, name="ours")
    assert service.saved_accounts(filename=file)["ours"]["url"] == url
    assert service(name="ours", filename=file).active_account()["token"] == "mine"
    assert service.delete_account(filename=file, name="ours")
    assert service.saved_accounts(filename=file) == {}


def test_the_service(service: Any, server: serving.Server) -> None:
    (instance,) = service.instances()
    assert service.active_instance() == instance["crn"]
    assert service.active_account()["url"].startswith(server.url)
    assert service.channel == "ibm_quantum_platform"
    assert service.usage()["usage_consumed_seconds"] >= 0
    assert service.backend(MACHINE).name == MACHINE
    assert [backend.name for backend in service.backends(name=MACHINE)] == [MACHINE]
    assert service.least_busy(min_num_qubits=5000).name == "simulator_stabilizer"


def test_jobs_of_the_service(service: Any, done: Any) -> None:
    assert service.job(done.job_id()).job_id() == done.job_id()
    assert done.job_id() in [job.job_id() for job in service.jobs(job_tags=["every"])]
    service.delete_job(done.job_id())
    with pytest.raises(RuntimeJobNotFound):
        service.job(done.job_id())


# -- IBMBackend -----------------------------------------------------------------------------------


def test_what_a_backend_is(service: Any, machine: Any) -> None:
    assert (machine.num_qubits, machine.physical_qubits) == (133, 133)
    assert machine.configuration().n_qubits == 133
    assert machine.max_circuits is None
    assert machine.meas_map == [list(range(133))]
    assert machine.is_mock is False
    assert machine.calibration_id is None
    assert machine.service is service
    assert machine.provider is None
    assert machine.status().operational


def test_what_a_backend_can(machine: Any) -> None:
    assert machine.target.num_qubits == 133
    assert (0, 1) in machine.coupling_map
    assert {"cz", "rz", "sx", "x"} <= set(machine.operation_names)
    assert len(machine.operations) == len(machine.operation_names)
    assert ("cz", (0, 1)) in {(gate.name, place) for gate, place in machine.instructions}
    assert machine.instruction_durations.get("cz", (0, 1), "s") > 0
    assert machine.get_translation_stage_plugin() == "ibm_dynamic_circuits"
    assert (machine.dt, machine.dtm) == (4e-9, 4e-9)


def test_what_was_measured_on_a_backend(machine: Any) -> None:
    day = machine.properties().last_update_date
    assert machine.qubit_properties(7).t1 == machine.properties().t1(7)
    assert machine.target_history(day).num_qubits == 133
    assert machine.properties(datetime=day - datetime.timedelta(days=1)) is None
    machine.refresh()
    assert machine.target.num_qubits == 133


def test_options_of_a_backend(machine: Any) -> None:
    machine.set_options(use_fractional_gates=True)
    assert machine.options.use_fractional_gates is True


def test_running_on_a_backend(machine: Any) -> None:
    machine.check_faulty(compiled(expected.three(), machine))
    with pytest.raises(IBMBackendError):  # as IBM has taken that away
        machine.run(expected.three())


# -- RuntimeJobV2 ---------------------------------------------------------------------------------


def test_a_job_that_is_done(service: Any, simulator: Any, done: Any) -> None:
    job = service.job(done.job_id())
    job.wait_for_final_state()
    assert job.status() == "DONE"
    assert (job.done(), job.in_final_state()) == (True, True)
    assert (job.running(), job.cancelled(), job.errored()) == (False, False, False)
    assert job.error_message() is None
    expected.agree(job.result()[0].data.meas.get_counts(), expected.three())
    assert job.backend().name == simulator.name
    assert job.primitive_id == "sampler"
    assert job.inputs["pubs"][0][2] == 100
    assert job.instance == service.active_instance()
    assert job.private is False
    assert (job.image, job.session_id) == (None, None)
    now = datetime.datetime.now(datetime.UTC)
    assert abs(now - job.creation_date) < datetime.timedelta(minutes=5)
    assert "completed" in job.logs()
    assert job.metrics()["usage"]["status"] == "complete"
    assert 0 < job.usage() < 60
    assert job.usage_estimation["quantum_seconds"] is not None
    with pytest.raises(RuntimeInvalidStateError):
        job.cancel()


def test_tags_of_a_job(done: Any) -> None:
    assert done.tags == ["every"]
    done.update_tags(["seen", "twice"])
    assert sorted(done.tags) == ["seen", "twice"]


def test_the_calibration_of_a_job(machine: Any) -> None:
    circuit = compiled(expected.measured(expected.three()), machine)
    job = SamplerV2(machine).run([circuit], shots=10)
    assert job.properties().last_update_date == machine.properties().last_update_date


def test_a_job_that_is_cancelled(simulator: Any) -> None:
    job = SamplerV2(simulator).run([expected.long()])
    assert not job.in_final_state()
    job.cancel()
    assert (job.cancelled(), job.status()) == (True, "CANCELLED")
    with pytest.raises(RuntimeInvalidStateError):
        job.result()


def test_a_job_that_fails(simulator: Any) -> None:
    job = SamplerV2(simulator).run([expected.measured(expected.three())], shots=1_000_000)
    with pytest.raises(RuntimeJobFailureError, match="1,000,000 shots"):
        job.result()
    assert (job.errored(), job.status()) == (True, "ERROR")
    assert "100,000" in job.error_message()


# -- Session and Batch ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Session, Batch])
def test_sessions_and_batches(service: Any, machine: Any, kind: Any) -> None:
    circuit = compiled(expected.measured(expected.three()), machine)
    opened = kind(backend=machine, max_time=600)
    assert (opened.backend(), opened.service) == (MACHINE, service)
    assert opened.status() == "Pending"
    sampler = SamplerV2(mode=opened)
    assert sampler.mode is opened
    job = sampler.run([circuit], shots=10)
    assert job.result()[0].data.meas.num_shots == 10
    assert job.session_id == opened.session_id
    assert opened.details()["max_time"] == 600
    opened.close()
    assert opened.usage() > 0
    again = kind.from_id(opened.session_id, service)
    assert (again.session_id, again.status()) == (opened.session_id, "Closed")
    other = kind(backend=machine)
    other.cancel()
    assert other.status() == "Closed"


# -- The primitives -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [MACHINE, "ibmq_qasm_simulator"])
@pytest.mark.parametrize("kind", [SamplerV2, Sampler], ids=["SamplerV2", "Sampler"])
def test_samplers(service: Any, kind: Any, name: str) -> None:
    backend = service.backend(name)
    circuit = compiled(expected.measured(expected.three()), backend)
    sampler = kind(mode=backend)
    sampler.options.default_shots = 3000
    assert (sampler.backend(), sampler.mode) == (backend, None)
    (result,) = sampler.run([circuit]).result()
    assert result.data.meas.num_shots == 3000
    expected.agree(result.data.meas.get_counts(), expected.three(), 0.1 * (name == MACHINE))


@pytest.mark.parametrize("name", [MACHINE, "ibmq_qasm_simulator"])
@pytest.mark.parametrize("kind", [EstimatorV2, Estimator], ids=["EstimatorV2", "Estimator"])
def test_estimators(service: Any, kind: Any, name: str) -> None:
    backend = service.backend(name)
    circuit = compiled(expected.three(), backend)
    observable = expected.OBSERVABLE.apply_layout(circuit.layout)
    estimator = kind(mode=backend)
    estimator.options.resilience_level = 1
    assert (estimator.backend(), estimator.mode) == (backend, None)
    (result,) = estimator.run([(circuit, observable)], precision=0.02).result()
    wanted = expected.mean(expected.three(), expected.OBSERVABLE)
    assert abs(result.data.evs - wanted) < 0.3
    assert 0 < result.data.stds < 0.2


def test_layers_of_the_primitives_by_the_executor(machine: Any) -> None:
    circuit = compiled(expected.three(), machine)
    observable = expected.OBSERVABLE.apply_layout(circuit.layout)
    sampler, estimator = Sampler(mode=machine), Estimator(mode=machine)
    sampler.options.twirling.enable_gates = True
    estimator.options.resilience_level = 2
    assert sampler.finalize_options().twirling.enable_gates is True
    assert estimator.finalize_options().resilience.zne_mitigation is True
    measured = compiled(expected.measured(expected.three()), machine)
    assert len(sampler.find_unique_layers([measured])) == 2
    assert len(estimator.find_unique_layers([(circuit, observable)])) == 2


def test_the_executor(machine: Any) -> None:
    executor = Executor(mode=machine)
    assert (executor.backend(), executor.mode) == (machine, None)
    program = QuantumProgram(shots=3000)
    program.append_circuit_item(compiled(expected.measured(expected.three()), machine))
    (result,) = executor.run(program).result()
    bits = result["meas"]
    assert bits.shape == (3000, 3)
    outcomes, numbers = np.unique(bits @ [1, 2, 4], return_counts=True)
    counts = {format(k, "03b"): int(n) for k, n in zip(outcomes, numbers, strict=True)}
    expected.agree(counts, expected.three(), noise=0.1)


def test_the_noise_learner(machine: Any) -> None:
    """What it learns of a layer is about what was measured on its gate."""
    circuit = compiled(expected.three(), machine)
    estimator = Estimator(mode=machine)
    estimator.options.resilience_level = 2
    observable = expected.OBSERVABLE.apply_layout(circuit.layout)
    layers = estimator.find_unique_layers([(circuit, observable)])
    learner = NoiseLearnerV3(mode=machine)
    learner.options.num_randomizations = 8
    learner.options.shots_per_randomization = 64
    assert (learner.backend(), learner.mode) == (machine, None)
    result = learner.run(layers).result()
    assert len(result) == len(layers)
    for layer, learned in zip(layers, result, strict=True):
        (gate,) = (step for step in layer.operation.body if step.operation.num_qubits == 2)
        places = {qubit: layer.qubits[k] for k, qubit in enumerate(layer.operation.body.qubits)}
        pair = tuple(circuit.find_bit(places[qubit]).index for qubit in gate.qubits)
        error = machine.target["cz"][pair].error
        # The mean infidelity is 4/5 of the odds of any Pauli; around it are gates on one qubit.
        assert 0.5 < learned.to_pauli_lindblad_map().rates.sum() / error < 5


# -- All of them ----------------------------------------------------------------------------------


def test_every_public_method_has_been_called(request: pytest.FixtureRequest) -> None:
    """By the tests above; the committed list is of this client, and holds what each asked for."""
    chosen = request.config
    if chosen.option.keyword or chosen.option.markexpr or any("::" in arg for arg in chosen.args):
        pytest.skip("only where the tests above have run")
    public = {(name, member) for name, cls in CLASSES.items() for member in members(cls)}
    assert public - WATCH.called == set()
    found = recorded.of_methods(ibm_world.TAP.lines)
    table = {
        name: {m: found.get(f"{name}.{m}", []) for m in members(cls)}
        for name, cls in CLASSES.items()
    }
    if chosen.getoption("--record"):
        recorded.write_methods(table)
        return
    committed = recorded.methods()
    assert {name: sorted(rows) for name, rows in table.items()} == {
        name: sorted(rows) for name, rows in committed.items()
    }
    news = {
        f"{name}.{member}": sorted(set(calls) - set(committed[name][member]))
        for name, rows in table.items()
        for member, calls in rows.items()
    }
    assert {member: calls for member, calls in news.items() if calls} == {}
