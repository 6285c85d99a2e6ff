"""From a request to rows: what is checked, refused, planned, and how a family is made."""

from __future__ import annotations

from typing import Any

import pytest

from ketway.circuits import control
from ketway.circuits.circuit import Builder, Circuit
from ketway.circuits.gates import Kind
from ketway.devices import loading
from ketway.engines.planner import Machine
from ketway.engines.seeds import derive
from ketway.jobs.failures import Code
from ketway.jobs.job import Noise, State
from ketway.service import submission as module
from ketway.service.accounts import Principal
from ketway.service.errors import RefusedError
from ketway.service.submission import Prepared, Submission, prepare

CATALOGUE = loading.load()
MACHINE = Machine(bytes=8 << 30)
YOU = Principal("u" * 24, "project", "key")


def circuit(angle: float = 0.3, qubits: int = 2) -> Circuit:
    builder = Builder(qubits)
    builder.add(Kind.RX, [0], [angle])
    builder.add(Kind.X, [1], controls=[0])
    return builder.circuit()


def prepared(*circuits: Circuit, **more: Any) -> Prepared:
    values = {"backend": "simulator", "circuits": circuits, "shots": 100, **more}
    return prepare(Submission(dialect="d", format="f", **values), YOU, CATALOGUE, MACHINE)


def test_a_single_job_is_ready_at_once() -> None:
    found = prepared(circuit())
    (job,) = found.family
    assert (job.state, job.circuits, job.children, job.qubits) == (State.READY, 1, 0, 2)
    assert (job.gates_1q, job.gates_2q) == (1, 1)
    assert (job.user_id, job.project_id) == (YOU.user_id, YOU.project_id)
    assert job.ready_at == job.submitted_at
    assert job.plan is not None
    assert [part.circuits for part in job.plan] == [1]
    assert found.program is not None


def test_each_circuit_of_several_is_a_child_with_a_seed_of_its_own() -> None:
    circuits = [circuit(0.1), circuit(0.2, qubits=3), circuit(0.4)]
    found = prepared(*circuits, multi=True, names=["a", None, "c"], noise=Noise("aria-1", 9))
    parent, *children = found.family
    assert (parent.circuits, parent.children, parent.seed, parent.qubits) == (3, 3, 9, 3)
    assert (parent.gates_1q, parent.gates_2q) == (3, 3)
    assert [child.name for child in children] == ["a", None, "c"]
    assert [child.position for child in children] == [0, 1, 2]
    assert [child.qubits for child in children] == [2, 3, 2]
    assert [child.seed for child in children] == [derive(9, i) for i in range(3)]
    assert {child.parent_id for child in children} == {parent.id}
    ids = [job.id for job in found.family]
    assert ids == sorted(ids)
    assert parent.plan is not None
    assert sum(part.circuits for part in parent.plan) == 3


def test_seeds_are_fresh_unless_given() -> None:
    seeds = {prepared(circuit()).job.seed for _ in range(20)}
    assert len(seeds) == 20
    assert all(0 <= seed < 1 << 63 for seed in seeds)
    assert prepared(circuit(), seed=5, noise=Noise("aria-1", 9)).job.seed == 5
    assert prepared(circuit(), noise=Noise("aria-1", 0)).job.seed == 0


def test_what_cannot_be_run_is_a_failed_job_that_says_which_circuit() -> None:
    wide = Builder(60)
    wide.add(Kind.T, [59])
    found = prepared(circuit(), wide.circuit(), multi=True)
    assert {job.state for job in found.family} == {State.FAILED}
    assert found.job.failure is not None
    assert found.job.failure.code is Code.NOT_ENOUGH_QUBITS
    assert found.job.failure.circuit == 1
    assert found.job.completed_at == found.job.submitted_at
    assert found.job.ready_at is None
    assert found.program is not None  # it can still be cloned to where it fits


def test_a_dry_run_is_over_on_a_qpu_and_runs_on_a_simulator() -> None:
    assert prepared(circuit(), dry_run=True).job.state is State.READY
    found = prepared(circuit(), dry_run=True, backend="qpu.forte-1").job
    assert (found.state, found.started_at) == (State.COMPLETED, None)


def test_a_program_text_is_only_taken_in() -> None:
    found = prepared(circuits=None, source="anything")
    assert (found.job.state, found.program, found.job.plan) == (State.SUBMITTED, None, None)


def test_circuits_of_one_structure_are_one_batch_unless_engines_differ() -> None:
    found = prepared(*(circuit(angle) for angle in (0.1, 0.2, 0.0)), multi=True)
    assert found.program is not None
    assert [len(batch) for batch in found.program.batches] == [3]
    noisy = prepared(
        *(circuit(angle) for angle in (0.1, 0.0, 0.2)), multi=True, noise=Noise("aria-1")
    )
    assert noisy.program is not None
    assert sorted(len(batch) for batch in noisy.program.batches) == [1, 2]
    assert [noisy.program.circuit(i).params[0] for i in range(3)] == [0.1, 0.0, 0.2]
    assert {part.engine for part in noisy.job.plan or ()} == {"dense", "clifford"}


@pytest.mark.parametrize(("more", "key", "says"), [
    ({"backend": "simulater"}, "backend", "did you mean 'simulator'"),
    ({"noise": Noise("aria-one")}, "noise.model", "aria-1"),
    ({"noise": Noise("aria-1"), "backend": "qpu.aria-1"}, "noise", "noise of its own"),
    ({"noise": Noise("aria-1", 1 << 63)}, "noise.seed", "2^63"),
    ({"shots": 0}, "shots", "from 1 to 1,000,000"),
    ({"shots": module.MAX_SHOTS + 1}, "shots", "1,000,001"),
    ({"circuits": []}, "input.circuits", "at least one"),
    ({"circuits": [circuit()] * (module.MAX_CIRCUITS + 1)}, "input.circuits", "5,001"),
])  # fmt: skip
def test_what_means_nothing_is_refused(more: dict[str, Any], key: str, says: str) -> None:
    with pytest.raises(RefusedError) as caught:
        prepared(**{"circuits": [circuit()], **more})
    assert caught.value.keys == (key,)
    assert says in caught.value.message


def test_gates_are_counted_over_all_circuits() -> None:
    builder = Builder(1)
    for _ in range(1_001):
        builder.add(Kind.H, [0])
    with pytest.raises(RefusedError, match="150,150"):
        prepared(*[builder.circuit()] * 150, multi=True)


def conditional() -> Circuit:
    builder = Builder(2, bits=1)
    builder.add(Kind.H, [0])
    builder.add(Kind.MEASURE, [0, 0])
    jump = builder.jump(control.bits([0]))
    builder.add(Kind.X, [1])
    builder.land(jump)
    return builder.circuit()


def test_a_machine_that_cannot_decide_while_it_runs_says_where_it_should() -> None:
    (job,) = prepared(conditional(), backend="qpu.forte-1").family
    assert job.failure is not None
    assert job.failure.code == Code.UNSUPPORTED_GATE
    assert job.failure.gate == 2
    assert "qpu.forte-1 cannot decide by classical bits" in job.failure.message
    (job,) = prepared(conditional()).family
    assert job.failure is None
    assert job.plan is not None
    assert "the distribution is exact" in job.plan[0].reason
