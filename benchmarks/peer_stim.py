"""Stim, called directly: its own frame simulator, and bits as it packs them."""

from __future__ import annotations

import argparse

import stim

from benchmarks.tasks import Task
from benchmarks.turns import Ready, take_turns


def prepare(task: Task, _given: argparse.Namespace) -> Ready:
    assert task.noise is not None
    (gates,) = task.circuits
    circuit = stim.Circuit()
    for name, on, _ in gates:
        circuit.append({"h": "H", "cx": "CX"}[name], on)
        # Of depolarising noise IonQ's figure is the weight of the identity's mixture; Stim's is
        # the probability of an error: 3/4 and 15/16 of it.
        if len(on) == 1:
            circuit.append("DEPOLARIZE1", on, task.noise.one_qubit * 3 / 4)
        else:
            circuit.append("DEPOLARIZE2", on, task.noise.two_qubit * 15 / 16)
    circuit.append("M", range(task.qubits))

    def run() -> int:
        sampler = circuit.compile_sampler(seed=1)
        return len(sampler.sample_bit_packed(task.shots))

    return Ready(f"Stim {stim.__version__}", run)


if __name__ == "__main__":
    take_turns(prepare)
