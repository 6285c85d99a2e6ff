from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from tests import reference
from tests.chance import fits
from tests.corpus import bernstein_vazirani, ghz, qft, random_clifford, teleportation, vqe

from ketway.circuits.circuit import Builder, Circuit, Program, Register
from ketway.circuits.gates import Kind
from ketway.engines import running, seeds
from ketway.engines.clifford import CliffordEngine
from ketway.engines.dense import DenseEngine
from ketway.engines.engine import Plan, Task
from ketway.engines.planner import Machine, plan_program
from ketway.engines.running import run_program
from ketway.jobs.failures import Code, FailedError, Failure
from ketway.jobs.results import Result

BROKEN = Plan("broken", "for a test", 0, 0.0)


class Broken(CliffordEngine):
    """Fails as it is told to, at rows of certain seeds; works in groups of `group` rows."""

    name = "broken"

    def __init__(self, errors: dict[int, BaseException], group: int = 1) -> None:
        self.errors, self.group = errors, group

    def run(self, task: Task) -> Iterator[Result]:
        results = super().run(task)
        for start in range(0, len(task.batch), self.group):
            some = task.seeds[start : start + self.group]
            for seed in some:
                if seed in self.errors:
                    raise self.errors[seed]
            for _ in some:
                yield next(results)


def answers(program: Program, plans: list[Plan], shots: int = 20) -> dict[int, Result | Failure]:
    found = list(run_program(program, plans, range(len(program)), shots, False, None, 1))
    assert len(found) == len(dict(found)) == len(program)
    return dict(found)


def install(monkeypatch: pytest.MonkeyPatch, engine: Broken) -> None:
    monkeypatch.setitem(running.ENGINES, "broken", engine)


def test_every_circuit_is_answered_under_its_own_index() -> None:
    circuits = [ghz(20), teleportation(), ghz(20), bernstein_vazirani(0b1011, 20), teleportation()]
    program = Program.of(circuits)
    plans = [Plan("clifford", "", 0, 0.0)] * len(program.batches)
    found = answers(program, plans)
    for index, circuit in enumerate(circuits):
        result = found[index]
        assert isinstance(result, Result)
        assert result.bits == circuit.structure.outcome_bits
        assert result.total == 20
        assert result.provenance.seed == index
    assert found[3].integers() == [0b1011]  # type: ignore[union-attr]


def test_a_batch_of_many_is_many_batches_of_one() -> None:
    circuits = [random_clifford(6, 30, seed=0)] * 3 + [random_clifford(6, 30, seed=1)] * 3
    program = Program.of(circuits)
    plan = Plan("clifford", "", 0, 0.0)
    together = answers(program, [plan] * len(program.batches))
    for index, circuit in enumerate(circuits):
        ((_, alone),) = run_program(Program.of([circuit]), [plan], [index], 20, False, None, 1)
        result = together[index]
        assert isinstance(alone, Result)
        assert isinstance(result, Result)
        assert (alone.outcomes == result.outcomes).all()
        assert (alone.shots == result.shots).all()


def test_registers_are_each_circuits_own() -> None:
    plain = ghz(3)
    named = [
        Circuit(plain.structure, plain.params, (Register(name, (0, 1, 2)),)) for name in ("a", "b")
    ]
    found = answers(Program.of([*named, plain]), [Plan("clifford", "", 0, 0.0)])
    names = [[r.name for r in found[i].registers] for i in range(3)]  # type: ignore[union-attr]
    assert names == [["a"], ["b"], []]


@pytest.mark.parametrize("group", [1, 3, 10])
def test_one_circuits_error_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch, group: int
) -> None:
    refusal = FailedError(Failure(Code.UNSUPPORTED_GATE, "no such gate"))
    errors: dict[int, BaseException] = {
        2: ValueError("bad angle"), 3: MemoryError(), 5: refusal, 9: RuntimeError(),
    }  # fmt: skip
    install(monkeypatch, Broken(errors, group))
    found = answers(Program.of([ghz(3)] * 10), [BROKEN])
    failed = {i: a for i, a in found.items() if isinstance(a, Failure)}
    assert set(failed) == {2, 3, 5, 9}
    assert all(failure.circuit == index for index, failure in failed.items())
    assert failed[2].code == failed[3].code == Code.SIMULATION_ERROR
    assert "bad angle" in failed[2].message
    assert "memory" in failed[3].message
    assert failed[5].code == Code.UNSUPPORTED_GATE
    for index, answer in found.items():
        if isinstance(answer, Result):
            assert answer.provenance.seed == index


def test_an_engine_that_stops_early_is_an_error_of_what_it_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Lazy(Broken):
        def run(self, task: Task) -> Iterator[Result]:
            if 1 not in task.seeds[:1]:
                yield next(CliffordEngine().run(task))

    install(monkeypatch, Lazy({}))
    found = answers(Program.of([ghz(3)] * 3), [BROKEN])
    assert [isinstance(found[i], Failure) for i in range(3)] == [False, True, False]
    assert "no result" in found[1].message  # type: ignore[union-attr]


def test_being_stopped_is_not_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Broken({0: KeyboardInterrupt()}))
    with pytest.raises(KeyboardInterrupt):
        answers(Program.of([ghz(3)]), [BROKEN])


@pytest.mark.parametrize("breaks_after", [None, 0, 3])
def test_small_circuits_that_run_together_answer_as_alone(
    monkeypatch: pytest.MonkeyPatch, breaks_after: int | None
) -> None:
    program = Program.of([vqe(4, seed=1), *(qft(n, 1) for n in (2, 3, 4, 5)), vqe(5, seed=2)])
    plans = plan_program(program, 20, True, None, Machine(bytes=1 << 30))
    together: list[int] = []
    run_many = DenseEngine.run_many

    def broken(self: DenseEngine, tasks: Sequence[Task], threads: int) -> Iterator[Result]:
        for result in run_many(self, tasks, threads):
            if len(together) == breaks_after:
                raise MemoryError
            together.append(len(tasks))
            yield result

    monkeypatch.setattr(DenseEngine, "run_many", broken)
    found = dict(run_program(program, plans, range(6), 20, True, None, 2))
    assert together == [6] * (6 if breaks_after is None else breaks_after)
    for index, (circuit, plan) in enumerate(zip(range(6), plans, strict=True)):
        batch = program.batches[program.order[circuit][0]]
        (alone,) = DenseEngine().run(Task(batch, (index,), 20, True, None, plan.precision))
        answer = found[index]
        assert isinstance(answer, Result)
        assert answer.probabilities is not None
        assert alone.probabilities is not None
        assert answer.probabilities.tobytes() == alone.probabilities.tobytes()
        assert answer.outcomes.tobytes() == alone.outcomes.tobytes()
        assert (answer.counts == alone.counts).all()


def test_planned_programs_run_as_planned() -> None:
    circuits = [vqe(4, seed=1), ghz(30), vqe(4, seed=2), qft(5, 3), teleportation(2)]
    program = Program.of(circuits)
    plans = plan_program(program, 3000, False, None, Machine(bytes=4 << 30))
    assert {p.engine for p in plans} == {"clifford", "dense"}
    given = [seeds.derive(1, i) for i in range(len(circuits))]
    for index, result in run_program(program, plans, given, 3000, False, None, 1):
        assert isinstance(result, Result), result
        if circuits[index].qubits <= 5:
            counts = dict(zip(result.integers(), result.counts.tolist(), strict=True))  # type: ignore[union-attr]
            assert fits(counts, reference.distribution(circuits[index]))


def test_registers_that_nothing_writes_are_not_given_out() -> None:
    """Every qubit is read then, and there are fewer of them than bits that a register names."""
    b = Builder(2, bits=3)
    b.add(Kind.H, [0])
    written = Register("c", (0, 1, 2))
    (unmeasured,) = answers(
        Program.of([b.circuit((written,))]), [Plan("dense", "", 0, 0.0)]
    ).values()
    assert isinstance(unmeasured, Result)
    assert (unmeasured.bits, unmeasured.registers) == (2, ())
    b.add(Kind.MEASURE, [0, 2])
    (measured,) = answers(Program.of([b.circuit((written,))]), [Plan("dense", "", 0, 0.0)]).values()
    assert isinstance(measured, Result)
    assert measured.registers == (written,)
