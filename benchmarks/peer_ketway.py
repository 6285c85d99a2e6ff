"""Ketway's own engines, called as an attempt calls them, in Ketway's environment."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import msgspec

from benchmarks.circuits import Gate
from benchmarks.tasks import THREADS, Task
from benchmarks.turns import Ready, take_turns
from ketway.circuits.circuit import Builder, Circuit, Program
from ketway.circuits.gates import Kind
from ketway.devices.noise import NoiseModel
from ketway.engines.engine import Plan
from ketway.engines.expectation import expectations
from ketway.engines.observables import Observables
from ketway.engines.planner import Machine, plan_program
from ketway.engines.running import run_program
from ketway.jobs.failures import Failure
from ketway.jobs.results import Result

_KINDS = {
    "h": Kind.H,
    "rx": Kind.RX,
    "ry": Kind.RY,
    "rz": Kind.RZ,
    "rzz": Kind.RZZ,
    "cx": Kind.X,
    "cp": Kind.PHASE,
}
_CONTROLLED = ("cx", "cp")


def prepare(task: Task, given: argparse.Namespace) -> Ready:
    circuits = [_circuit(task.qubits, gates) for gates in task.circuits]
    if task.terms is not None:
        return _expectations(task, circuits)
    noise = None
    if task.noise is not None:
        noise = NoiseModel("bench", task.noise.one_qubit, task.noise.two_qubit)
    exact = not task.shots
    seeds = range(len(circuits))
    machine = Machine(bytes=1 << 36, threads=THREADS)

    def planned(program: Program) -> list[Plan]:
        if given.engine is not None:
            forced = Plan(given.engine, "the benchmark wants it", 0, 0.0, given.precision)
            return [forced] * len(program.batches)
        return [
            msgspec.structs.replace(each, precision=given.precision)
            if each.engine == "dense"
            else each
            for each in plan_program(program, task.shots, exact, noise, machine)
        ]

    engines = {each.engine for each in planned(Program.of(circuits))}

    def run() -> Any:
        """Planning is a part of it: the peers' calls choose as well."""
        program = Program.of(circuits)
        plans = planned(program)
        found: dict[int, Result | Failure] = dict(
            run_program(program, plans, seeds, task.shots, exact, noise, THREADS)
        )
        last = found[len(circuits) - 1]
        assert isinstance(last, Result), last
        if task.shots:
            return last.total
        weights = dict(zip(last.integers(), last.weights().tolist(), strict=True))
        return [weights.get(outcome, 0.0) for outcome in range(8)]

    if task.qubits <= 12:
        run()
    return Ready(f"Ketway {', '.join(sorted(engines))} {given.precision}", run)


def _expectations(task: Task, circuits: Sequence[Circuit]) -> Ready:
    assert task.terms is not None
    terms = [(term.letters, list(term.qubits), term.coefficient) for term in task.terms()]

    def run() -> list[float]:
        (batch,) = Program.of(circuits).batches
        observables = Observables.of_letters(task.qubits, [terms])
        found: list[float] = expectations(batch, observables, threads=THREADS)[:, 0].tolist()
        return found

    run()
    return Ready("Ketway dense double", run)


def _circuit(qubits: int, gates: Sequence[Gate]) -> Circuit:
    builder = Builder(qubits)
    for name, on, angle in gates:
        held = 1 if name in _CONTROLLED else 0
        params = () if angle is None else (angle,)
        builder.add(_KINDS[name], on[held:], params, on[:held])
    return builder.circuit()


if __name__ == "__main__":
    take_turns(prepare)
