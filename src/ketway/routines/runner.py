"""Runs the circuits of a routine: plans each batch, and has the planned engine do it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Batch, Floats, Program
from ketway.devices.noise import NoiseModel
from ketway.engines.engine import Plan
from ketway.engines.expectation import expectations, plan_expectations
from ketway.engines.observables import Observables
from ketway.engines.planner import Machine, plan
from ketway.engines.running import run_program
from ketway.engines.seeds import derive
from ketway.jobs.failures import FailedError, Failure
from ketway.jobs.results import Provenance


class Runner:
    """What a routine may ask for while it runs. The same job seed gives the same answers.

    `noise` is what every circuit suffers; None is an ideal machine. `used` collects what computed
    the answers, for the provenance of the result.
    """

    def __init__(self, *, noise: NoiseModel | None, machine: Machine, seed: int) -> None:
        self.noise = None if noise is None or noise.ideal else noise
        self.machine = machine
        self.seed = seed
        self.used: list[Provenance] = []

    def sample(self, batch: Batch, shots: int, key: int) -> NDArray[np.uint8]:
        """Shots of each row in the order taken: shape (rows, shots, bytes of an outcome), bit k of
        an outcome is bit k % 8 of byte k // 8.

        `key` names this draw among those of the job: two with one key draw the same.
        """
        seed = derive(self.seed, key)
        seeds = [derive(seed, row) for row in range(len(batch))]
        return self.sample_seeded(batch, shots, seeds)

    def sample_seeded(self, batch: Batch, shots: int, seeds: Sequence[int]) -> NDArray[np.uint8]:
        planned = self.plan_sampling(batch, shots)
        program = Program(
            (batch,), tuple((0, row) for row in range(len(batch))), ((),) * len(batch)
        )
        rows: list[NDArray[np.uint8]] = [np.zeros((0, 0), np.uint8)] * len(batch)
        for row, answer in run_program(
            program, [planned], seeds, shots, False, self.noise, self.machine.threads
        ):
            if isinstance(answer, Failure):
                raise FailedError(msgspec.structs.replace(answer, circuit=None))
            assert answer.shots is not None, "shots were asked for"
            rows[row] = answer.outcomes[answer.shots]
            if not self.used or self.used[-1].engine != answer.provenance.engine:
                self.used.append(answer.provenance)
        return np.stack(rows)

    def plan_sampling(self, batch: Batch, shots: int) -> Plan:
        """How `sample` would be done; raises `FailedError` where it cannot be."""
        return plan(batch, shots, False, self.noise, self.machine)

    def expect(self, batch: Batch, observables: Observables) -> Floats:
        """Exact expectation values: shape (rows, observables)."""
        planned = self.plan_expecting(batch, observables)
        return expectations(
            batch,
            observables,
            noise=self.noise,
            precision=planned.precision,
            threads=self.machine.threads,
        )

    def plan_expecting(self, batch: Batch, observables: Observables) -> Plan:
        return plan_expectations(batch, observables, self.machine, noise=self.noise)
