"""Drivers of every kind of conduct, in the process of an attempt (here: this one)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from ketway.circuits.circuit import Builder, Program
from ketway.circuits.gates import Kind
from ketway.devices.device import Driven
from ketway.drivers import (
    Description,
    Measured,
    Status,
    Task,
    TaskRefusedError,
    UnavailableError,
)
from ketway.execution import driving
from ketway.execution.bundle import Report, Work
from ketway.jobs.encoding import Results, encode_program, encode_results
from ketway.jobs.failures import Code, FailedError

SHOTS = 10


class Machine:
    """A driver that does what a test wants."""

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.started: dict[str, Task] = {}
        self.answers: list[Any] = [Status(state="completed", results=[Measured({"01": SHOTS})])]
        self.canceled: list[str] = []

    def describe(self) -> Description:
        return Description(queue_seconds=12.5)

    def run(self, task: Task) -> None:
        self.started[task.id] = task

    def status(self, task_id: str) -> Status:
        assert task_id in self.started
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Status)
        return answer

    def cancel(self, task_id: str) -> None:
        self.canceled.append(task_id)


class Point:
    name = "machine"

    def __init__(self, made: Callable[..., Any]) -> None:
        self._made = made

    def load(self) -> Callable[..., Any]:
        return self._made


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    found = Machine()
    monkeypatch.setattr(driving.metadata, "entry_points", lambda group: [Point(lambda **_: found)])
    monkeypatch.setattr(driving.time, "sleep", lambda _: None)
    return found


def work(task: Any = "run", name: str = "machine") -> Work:
    return Work(job_id="a-job", attempt=1, task=task, data=None, blob=None, shots=SHOTS,
                driven=Driven(name, options={"url": "there"}), name="mine")  # fmt: skip


def data(circuits: int = 1) -> bytes:
    builder = Builder(2)
    builder.add(Kind.X, (0,))
    return encode_program(Program.of([builder.circuit()] * circuits))


def run(circuits: int = 1) -> Results:
    return Results(encode_results(driving.run(work(), data(circuits))))


def test_a_task_is_the_job(machine: Machine) -> None:
    machine.answers[:0] = [Status(state="queued"), Status(state="running")]
    (found,) = [run().get(0)]
    assert found is not None
    assert found.integers() == [1]
    assert found.total == SHOTS
    assert found.provenance.engine == "driver machine"
    (task,) = machine.started.values()
    assert (task.id, task.shots, task.name) == ("a-job", SHOTS, "mine")
    (circuit,) = task.circuits
    assert (circuit.qubits, circuit.bits, circuit.measured) == (2, 2, False)
    assert "x q[0];" in circuit.qasm


def test_what_is_away_is_asked_again(machine: Machine) -> None:
    machine.answers[:0] = [UnavailableError("no route")] * 4
    assert run().get(0) is not None


BAD: dict[str, tuple[Any, Code, str]] = {
    "a failure": (Status(state="failed", message="the ion is gone"), Code.SIMULATION_ERROR,
                  "The ion is gone" .lower()),
    "canceled there": (Status(state="canceled"), Code.SIMULATION_ERROR, "canceled"),
    "too few circuits": (Status(state="completed"), Code.INTERNAL, "0 of 1 circuits"),
    "too few shots": (Status(state="completed", results=[Measured({"01": 9})]), Code.INTERNAL,
                      "9 shots, and 10"),
    "too few bits": (Status(state="completed", results=[Measured({"1": 10})]), Code.INTERNAL,
                     "no outcome of 2 bits"),
    "no bits": (Status(state="completed", results=[Measured({"0x": 10})]), Code.INTERNAL,
                "no outcome"),
    "less than nothing": (Status(state="completed", results=[Measured({"01": -1, "00": 11})]),
                          Code.INTERNAL, "no outcome"),
    "a refusal": (TaskRefusedError("it is too deep."), Code.INVALID_INPUT, "it is too deep."),
    "a fault": (ZeroDivisionError("oh"), Code.INTERNAL, "ZeroDivisionError: oh"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_conduct_that_is_no_answer_fails_the_job(machine: Machine, name: str) -> None:
    answer, code, said = BAD[name]
    machine.answers = [answer]
    with pytest.raises(FailedError) as caught:
        run()
    assert caught.value.failure.code is code
    assert said in caught.value.failure.message


def test_a_driver_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driving.metadata, "entry_points", lambda group: [Point(Machine)])
    with pytest.raises(FailedError, match=r"no driver 'other'; installed are: machine"):
        driving.run(work(name="other"), data())


def test_one_that_cannot_be_made_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def made(**_: Any) -> Machine:
        raise OSError("no serial port")

    monkeypatch.setattr(driving.metadata, "entry_points", lambda group: [Point(made)])
    with pytest.raises(FailedError, match="no serial port"):
        driving.run(work(), data())
    report: Report = driving.describe(work("describe"))
    assert report.data is None
    assert report.failure is not None


def test_describing_and_calling_off(machine: Machine) -> None:
    report = driving.describe(work("describe"))
    assert report.data is not None
    assert msgspec.json.decode(report.data, type=Description).queue_seconds == 12.5
    assert driving.call_off(work("call off")).failure is None
    assert machine.canceled == ["a-job"]


def test_wide_outcomes_keep_their_bits() -> None:
    builder = Builder(70)
    builder.add(Kind.X, (69,))
    text = "1" + "0" * 69
    found = driving.result_of({text: 3, "0" * 70: 4}, builder.circuit(), 7,
                              driving.Provenance("driver", "1"))  # fmt: skip
    assert found.integers() == [0, 1 << 69]
    assert found.counts is not None
    assert found.counts.tolist() == [4, 3]
