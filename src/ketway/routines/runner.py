"""Runs the circuits of a routine: plans each batch, and has the planned engine do it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Batch, Floats, Program
from ketway.devices.noise import NoiseModel
from ketway.engines.engine import Plan
from ketway.engines.expectation import expectations, plan_expectations
from ketway.engines.observables import Observables
from ketway.engines.planner import Machine, divided, plan
from ketway.engines.running import run_program, take_shots
from ketway.engines.seeds import derive
from ketway.jobs.failures import FailedError, Failure
from ketway.jobs.results import Provenance, Result, width_of
from ketway.routines.placing import on_qubits, used_qubits
from ketway.routines.seeing import Sight, sights

LearnedT = TypeVar("LearnedT")


@dataclass(frozen=True)
class Expecting:
    """Expectation values that are wanted, and how each part of them will be found."""

    rows: int
    observables: Observables
    parts: tuple[tuple[Sight, Plan], ...]

    @property
    def plan(self) -> Plan:
        return total([planned for _, planned in self.parts])


class Runner:
    """What a routine may ask for while it runs. The same job seed gives the same answers.

    `noise` is what every circuit suffers; None is an ideal machine. `used` collects what computed
    the answers, for the provenance of the result.

    Qubits on which nothing acts are left out before anything is planned: circuits may be as wide as
    the machine that they are for.
    """

    def __init__(self, *, noise: NoiseModel | None, machine: Machine, seed: int) -> None:
        self.noise = None if noise is None or noise.ideal else noise
        self.machine = machine
        self.seed = seed
        self.used: list[Provenance] = []
        self._learned: dict[str, Any] = {}

    def once(self, name: str, learn: Callable[[], LearnedT]) -> LearnedT:
        """What is learned of the machine under a name: learned when it is first asked for."""
        if name not in self._learned:
            self._learned[name] = learn()
        found: LearnedT = self._learned[name]
        return found

    def beside(self, noise: NoiseModel | None) -> Runner:
        """The same with another noise model. What it runs is noted here."""
        other = Runner(noise=noise, machine=self.machine, seed=self.seed)
        other.used = self.used
        return other

    def sample(self, batch: Batch, shots: int, key: int) -> NDArray[np.uint8]:
        """Shots of each row in the order taken: shape (rows, shots, bytes of an outcome), bit k of
        an outcome is bit k % 8 of byte k // 8.

        `key` names this draw among those of the job: two with one key draw the same.
        """
        return self.sample_seeded(batch, shots, self.seeds_of(key, 0, len(batch)))

    def seeds_of(self, key: int, first: int, count: int) -> list[int]:
        """The seeds of some rows of a draw, for those that run it a part at a time."""
        seed = derive(self.seed, key)
        return [derive(seed, row) for row in range(first, first + count)]

    def sample_seeded(self, batch: Batch, shots: int, seeds: Sequence[int]) -> NDArray[np.uint8]:
        width = width_of(batch.structure.outcome_bits)
        out = np.empty((len(batch), shots, width), dtype=np.uint8)
        program, noise = self._program(batch)
        plans = [plan(each, shots, False, noise, self.machine) for each in program.batches]
        for row, answer in take_shots(program, plans, seeds, shots, noise, self.machine.threads):
            if isinstance(answer, Failure):
                raise FailedError(msgspec.structs.replace(answer, circuit=None))
            out[row] = answer.outcomes
            self._note(answer.provenance)
        return out

    def distributions(self, batch: Batch) -> Iterator[Result]:
        """The exact distribution of each row, noise included."""
        program, noise = self._program(batch)
        plans = [plan(each, 0, True, noise, self.machine) for each in program.batches]
        found: dict[int, Result] = {}
        seeds, threads = [0] * len(batch), self.machine.threads
        for row, answer in run_program(program, plans, seeds, 0, True, noise, threads):
            if isinstance(answer, Failure):
                raise FailedError(msgspec.structs.replace(answer, circuit=None))
            self._note(answer.provenance)
            found[row] = answer
            if len(program.batches) == 1:
                yield found.pop(row)
        yield from (found[row] for row in sorted(found))

    def _program(self, batch: Batch) -> tuple[Program, NoiseModel | None]:
        """The circuits on the qubits that they use, and the noise of those."""
        noise, structure = self.noise, batch.structure
        if structure.measured:
            used = used_qubits(structure)
            if len(used) < structure.qubits:
                batch = Batch(on_qubits(structure, used), batch.params)
                noise = None if noise is None else noise.on(used.tolist())
                noise = None if noise is None or noise.ideal else noise
        order = tuple((0, row) for row in range(len(batch)))
        return divided(Program((batch,), order, ((),) * len(batch)), noise), noise

    def _note(self, provenance: Provenance) -> None:
        if not self.used or self.used[-1].engine != provenance.engine:
            self.used.append(provenance)

    def plan_sampling(self, batch: Batch, shots: int) -> Plan:
        """How `sample` would be done; raises `FailedError` where it cannot be."""
        return self._planned(batch, shots, False)

    def plan_distributions(self, batch: Batch) -> Plan:
        """How `distributions` would be found; raises `FailedError` where they cannot be."""
        return self._planned(batch, 0, True)

    def _planned(self, batch: Batch, shots: int, exact: bool) -> Plan:
        program, noise = self._program(batch)
        return total([plan(each, shots, exact, noise, self.machine) for each in program.batches])

    def expect(self, batch: Batch, observables: Observables) -> Floats:
        """Exact expectation values: shape (rows, observables).

        Only what an observable can see of the circuits is run, and what single products see, each
        for itself, if all together see too much.
        """
        return self.expected(self.expecting(batch, observables))

    def expecting(self, batch: Batch, observables: Observables) -> Expecting:
        """How `expect` would find them; raises `FailedError` where it cannot."""
        parts = tuple(
            (
                sight,
                plan_expectations(sight.batch, sight.observables, self.machine, noise=self.noise),
            )
            for sight in sights(batch, observables, noisy=self.noise is not None)
        )
        return Expecting(len(batch), observables, parts)

    def expected(self, wanted: Expecting) -> Floats:
        values = np.zeros((wanted.rows, wanted.observables.products))
        for sight, planned in wanted.parts:
            values[:, sight.products] = expectations(
                sight.batch,
                sight.observables,
                noise=self.noise,
                precision=planned.precision,
                threads=self.machine.threads,
            )
            self._note(Provenance(planned.engine, "expectation", planned.precision))
        return wanted.observables.combined(values)


def total(plans: Sequence[Plan]) -> Plan:
    """What runs one after the other needs, said of the one that needs the most."""
    if not plans:
        return Plan("none", "nothing has to be run", 0, 0.0)
    largest = max(plans, key=lambda plan: (plan.bytes, plan.seconds))
    return msgspec.structs.replace(largest, seconds=sum(plan.seconds for plan in plans))


def scaled(planned: Plan | None, times: float, more: int = 0) -> Plan:
    """The plan of so many times as much work, which holds some bytes more."""
    if planned is None:
        return total([])
    return msgspec.structs.replace(
        planned, seconds=planned.seconds * times, bytes=planned.bytes + more
    )
