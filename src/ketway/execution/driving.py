"""Drivers: how a device that is no simulation is run, in the process of an attempt.

A driver is a Python object with four methods, which an installed package names in the entry point
group `ketway.drivers`. It is imported here and nowhere else: what breaks its process breaks one
attempt alone. See docs/how-to/add-a-device.md.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any, Final, Literal, Protocol

import msgspec
import numpy as np

from ketway.circuits.circuit import Circuit, Program
from ketway.circuits.qasm import write_qasm
from ketway.devices.device import Driven
from ketway.execution.bundle import Report, Work
from ketway.jobs.encoding import decode_program, encode_result
from ketway.jobs.failures import Code, FailedError, Failure
from ketway.jobs.results import Provenance, Result, rows_of

GROUP: Final = "ketway.drivers"
POLL_SECONDS: Final = (0.05, 2.0)
"""How long to wait between two questions: at first, and at most. It doubles."""
LONGEST_PAUSE: Final = 60.0


class UnavailableError(Exception):
    """Raised by a driver whose device or service cannot be reached now: it is asked again later,
    and the job goes on waiting."""


class TaskRefusedError(Exception):
    """Raised by a driver for a task that will never run: the job fails, and says the message."""


class TaskCircuit:
    """A circuit of a task."""

    def __init__(self, circuit: Circuit) -> None:
        self._circuit = circuit

    @property
    def qubits(self) -> int:
        return self._circuit.qubits

    @property
    def bits(self) -> int:
        """Of an outcome. A circuit that measures nothing is read at its end, qubit k into bit k."""
        return self._circuit.structure.outcome_bits

    @property
    def measured(self) -> bool:
        """Whether it says itself what is measured."""
        return self._circuit.structure.measured

    @property
    def qasm(self) -> str:
        """As an OpenQASM 3 program."""
        return write_qasm(self._circuit)


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What a driver is to run."""

    id: str
    """The job's. It is the same whenever the job is taken up again, after a crash or a restart: a
    driver that has seen it runs nothing a second time."""
    circuits: list[TaskCircuit]
    shots: int
    seed: int
    name: str | None = None


class Measured(msgspec.Struct, frozen=True):
    """What a circuit gave."""

    counts: dict[str, int]
    """Shots of each outcome, bit 0 on the right; they sum to the shots of the task."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    state: Literal["queued", "running", "completed", "failed", "canceled"]
    results: list[Measured] = []
    """Of a completed task: one for each circuit, in their order."""
    message: str = ""
    """Of a failed one: why."""


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """How a device is now."""

    status: Literal["available", "unavailable"] = "available"
    queue_seconds: float = 0.0
    """How long a task that came now would wait."""


class Driver(Protocol):
    """Made with the options of the device's file. Every method may raise `UnavailableError`."""

    def describe(self) -> Description:
        """How the device is; asked once a minute."""

    def run(self, task: Task) -> None:
        """Start a task, unless it was started before; do not wait for its end."""

    def status(self, task_id: str) -> Status:
        """How a task that was started is."""

    def cancel(self, task_id: str) -> None:
        """Stop a task. One that is over or unknown is no mistake."""


def driver_of(driven: Driven) -> Driver:
    points = [p for p in metadata.entry_points(group=GROUP) if p.name == driven.name]
    if not points:
        known = ", ".join(sorted({p.name for p in metadata.entry_points(group=GROUP)})) or "none"
        raise FailedError(
            Failure(
                Code.INTERNAL,
                f"There is no driver {driven.name!r}; installed are: {known}.",
            )
        )
    try:
        driver: Driver = points[0].load()(**driven.options)
    except Exception as error:
        raise _broken(driven, error) from None
    return driver


def _broken(driven: Driven, error: Exception) -> FailedError:
    text = f"{type(error).__name__}: {error}"[:500].rstrip(".")
    return FailedError(
        Failure(Code.INTERNAL, f"The driver {driven.name!r} cannot be used: {text}.")
    )


# -- in the process of an attempt -----------------------------------------------------------------


def run(work: Work, data: bytes) -> list[bytes | Failure]:
    """The answers of a program's circuits, or why it has none (`FailedError`)."""
    assert work.driven is not None, "asked for a device with a driver"
    program = decode_program(data)
    try:
        return _run(driver_of(work.driven), work, program)
    except FailedError:
        raise
    except TaskRefusedError as error:
        message = str(error)[:500].rstrip(".") or "the device refuses it"
        raise FailedError(Failure(Code.INVALID_INPUT, f"{message}.")) from None
    except Exception as error:
        raise _broken(work.driven, error) from None


def _run(driver: Driver, work: Work, program: Program) -> list[bytes | Failure]:
    circuits = [program.circuit(index) for index in range(len(program))]
    task = Task(
        id=work.job_id,
        circuits=[TaskCircuit(circuit) for circuit in circuits],
        shots=work.shots,
        seed=work.seed,
        name=work.name,
    )
    _patiently(lambda: driver.run(task))
    pause, most = POLL_SECONDS
    while (status := _patiently(lambda: driver.status(task.id))).state in ("queued", "running"):
        time.sleep(pause)
        pause = min(2 * pause, most)
    if status.state != "completed":
        why = status.message.rstrip(".") or f"the device says that it {status.state}"
        raise FailedError(Failure(Code.SIMULATION_ERROR, f"{why[:500]}."))
    if len(status.results) != len(circuits):
        raise FailedError(
            Failure(
                Code.INTERNAL,
                f"The device answered {len(status.results):,} of {len(circuits):,} circuits.",
            )
        )
    assert work.driven is not None, "asked for a device with a driver"
    made = Provenance(f"driver {work.driven.name}", "1")
    return [
        encode_result(result_of(measured.counts, circuit, work.shots, made))
        for measured, circuit in zip(status.results, circuits, strict=True)
    ]


def _patiently(ask: Any) -> Any:
    """The answer, as soon as the device can be reached."""
    pause = 1.0
    while True:
        try:
            return ask()
        except UnavailableError:
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)


def result_of(counts: Mapping[str, int], circuit: Circuit, shots: int, made: Provenance) -> Result:
    """Counts as they are stored; raises `FailedError` for those that cannot be true."""
    bits = circuit.structure.outcome_bits
    taken: dict[int, int] = {}
    for text, count in counts.items():
        if len(text) != bits or set(text) - {"0", "1"} or isinstance(count, bool) or count < 0:
            raise _untrue(f"{text[:80]!r}: {count} is no outcome of {bits} bits with its shots")
        if count:
            taken[int(text, 2)] = int(count)
    if sum(taken.values()) != shots:
        raise _untrue(f"they are {sum(taken.values()):,} shots, and {shots:,} were asked for")
    found = sorted(taken)
    if bits <= 64:
        outcomes = rows_of(np.array(found, dtype=np.uint64), bits)
    else:
        width = -(-bits // 8)
        joined = b"".join(one.to_bytes(width, "little") for one in found)
        outcomes = np.frombuffer(joined, dtype=np.uint8).reshape(len(found), width)
    each = np.array([taken[one] for one in found], dtype=np.int64)
    # A device that only counts does not say in which order its shots were taken.
    order = np.repeat(np.arange(len(found), dtype=np.uint32), each)
    return Result(bits, outcomes, None, each, order, made, circuit.registers)


def _untrue(why: str) -> FailedError:
    return FailedError(Failure(Code.INTERNAL, f"The device's counts cannot be used: {why}."))


def call_off(work: Work) -> Report:
    """Cancel what an attempt may have started."""
    assert work.driven is not None, "asked for a device with a driver"
    try:
        driver_of(work.driven).cancel(work.job_id)
    except FailedError as error:
        return _report(work, failure=error.failure)
    except Exception as error:
        return _report(work, failure=_broken(work.driven, error).failure)
    return _report(work)


def describe(work: Work) -> Report:
    """How the device is. One that cannot be asked is not available."""
    assert work.driven is not None, "asked for a device with a driver"
    try:
        found = driver_of(work.driven).describe()
    except FailedError as error:
        return _report(work, failure=error.failure)
    except Exception as error:
        return _report(work, failure=_broken(work.driven, error).failure)
    return _report(work, data=msgspec.json.encode(found))


def _report(work: Work, data: bytes | None = None, failure: Failure | None = None) -> Report:
    return Report(job_id=work.job_id, attempt=work.attempt, data=data, failure=failure)


__all__: Sequence[str] = [
    "GROUP",
    "Description",
    "Driver",
    "Measured",
    "Status",
    "Task",
    "TaskCircuit",
    "TaskRefusedError",
    "UnavailableError",
]
