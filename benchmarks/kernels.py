"""The dense engine against Qulacs, qsim and Aer, called in this process, in the same run.

    python -m benchmarks.kernels [--threads 2] [--only layers,wide,noise,small] [--shots-of-aer 20]

Every program computes the same circuits: layers of random rotations and CNOTs between neighbours.
What is timed is what a user of each would call, from its own circuit object (made beforehand for
peers, whose Python objects are not the point) to numbers in Python. A peer that is not installed
is left out. Where Aer is given fewer shots, since it runs each noisy one from the start, its time
is scaled and marked so. Figures are the best of the rounds, and CPU seconds beside them, so that a
busy machine shows.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ketway.circuits.circuit import Batch, Builder
from ketway.circuits.gates import Kind
from ketway.devices.noise import NoiseModel
from ketway.engines import core
from ketway.engines.dense import DenseEngine
from ketway.engines.engine import Precision, Task

ROTATIONS = (Kind.RX, Kind.RY, Kind.RZ)
FORTE = NoiseModel("forte-like", one_qubit=0.000267, two_qubit=0.00495)


@dataclass(frozen=True)
class Layers:
    """Rotations on every qubit, then CNOTs on every other pair, again and again."""

    qubits: int
    depth: int
    rows: int = 1

    def batch(self) -> Batch:
        rng = np.random.default_rng(1)
        b = Builder(self.qubits)
        for d in range(self.depth):
            for q in range(self.qubits):
                b.add(ROTATIONS[rng.integers(3)], [q], [0.0])
            for q in range(d % 2, self.qubits - 1, 2):
                b.add(Kind.X, [q + 1], controls=[q])
        circuit = b.circuit()
        angles = rng.uniform(0, 6, (self.rows, len(circuit.params)))
        return Batch(circuit.structure, angles)


@dataclass(frozen=True)
class Figure:
    name: str
    wall: float
    cpu: float
    note: str = ""


def measure(name: str, work: Callable[[], object], rounds: int, scale: float = 1) -> Figure:
    """The best of some rounds; `scale` where only a part of the work was done."""
    best = (float("inf"), 0.0)
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        best = min(best, (time.perf_counter() - wall, time.process_time() - cpu))
    note = "" if scale == 1 else f"(a {scale:g}th was run, and scaled)"
    return Figure(name, best[0] * scale, best[1] * scale, note)


def ours(
    batch: Batch,
    threads: int,
    shots: int = 0,
    exact: bool = False,
    noise: NoiseModel | None = None,
    precision: Precision = "double",
) -> Callable[[], object]:
    seeds = tuple(range(len(batch)))
    task = Task(batch, seeds, shots, exact, noise, precision, threads)
    return lambda: list(DenseEngine().run(task))


def gates_of(batch: Batch, row: int) -> list[tuple[str, int, int | float]]:
    found: list[tuple[str, int, int | float]] = []
    for g, kind in enumerate(batch.structure.kinds.tolist()):
        operands = batch.structure.operands_of(g)
        if kind == Kind.X:
            found.append(("cx", operands[0], operands[1]))
        else:
            angle = batch.params[row, batch.structure.param_starts[g]]
            found.append((Kind(kind).name.lower(), operands[0], float(angle)))
    return found


def qulacs_circuits(batch: Batch) -> list[Any]:
    import qulacs

    out = []
    for row in range(len(batch)):
        c = qulacs.QuantumCircuit(batch.structure.qubits)
        for name, a, b in gates_of(batch, row):
            if name == "cx":
                c.add_CNOT_gate(a, b)
            else:  # its rotations turn the other way
                getattr(c, f"add_{name.upper()}_gate")(a, -b)
        out.append(c)
    return out


def qulacs_states(batch: Batch, read: Callable[[Any], object]) -> Callable[[], object]:
    import qulacs

    circuits = qulacs_circuits(batch)

    def work() -> object:
        out = []
        for c in circuits:
            state = qulacs.QuantumState(batch.structure.qubits)
            c.update_quantum_state(state)
            out.append(read(state))
        return out

    return work


def qulacs_exact(batch: Batch) -> Callable[[], object]:
    return qulacs_states(batch, lambda state: np.abs(state.get_vector()) ** 2)


def qulacs_shots(batch: Batch, shots: int) -> Callable[[], object]:
    return qulacs_states(batch, lambda state: state.sampling(shots))


def cirq_circuits(batch: Batch, measured: bool) -> list[Any]:
    import cirq

    qubits = cirq.LineQubit.range(batch.structure.qubits)
    out = []
    for row in range(len(batch)):
        ops = []
        for name, a, b in gates_of(batch, row):
            if name == "cx":
                ops.append(cirq.CNOT(qubits[a], qubits[int(b)]))
            else:
                ops.append(getattr(cirq, name)(b)(qubits[a]))
        if measured:
            ops.append(cirq.measure(*qubits, key="m"))
        out.append(cirq.Circuit(ops))
    return out


def qsim_exact(batch: Batch, threads: int) -> Callable[[], object]:
    import qsimcirq

    simulator = qsimcirq.QSimSimulator(qsimcirq.QSimOptions(cpu_threads=threads))
    circuits = cirq_circuits(batch, measured=False)
    return lambda: [np.abs(simulator.simulate(c).final_state_vector) ** 2 for c in circuits]


def qsim_shots(batch: Batch, threads: int, shots: int, fused: int) -> Callable[[], object]:
    import qsimcirq

    options = qsimcirq.QSimOptions(cpu_threads=threads, max_fused_gate_size=fused)
    simulator = qsimcirq.QSimSimulator(options)
    (circuit,) = cirq_circuits(batch, measured=True)
    return lambda: simulator.run(circuit, repetitions=shots)


def aer(
    batch: Batch,
    threads: int,
    shots: int,
    noise: NoiseModel | None = None,
    precision: Precision = "double",
) -> Callable[[], object]:
    from qiskit import QuantumCircuit
    from qiskit_aer import AerSimulator
    from qiskit_aer.noise import NoiseModel as AerNoise
    from qiskit_aer.noise import depolarizing_error

    model = None
    if noise is not None:
        model = AerNoise()
        model.add_all_qubit_quantum_error(
            depolarizing_error(noise.one_qubit, 1), ["rx", "ry", "rz"]
        )
        model.add_all_qubit_quantum_error(depolarizing_error(noise.two_qubit, 2), ["cx"])
    simulator = AerSimulator(
        method="statevector", precision=precision, noise_model=model, max_parallel_threads=threads
    )
    circuits = []
    for row in range(len(batch)):
        c = QuantumCircuit(batch.structure.qubits)
        for name, a, b in gates_of(batch, row):
            getattr(c, name)(*((a, b) if name == "cx" else (b, a)))
        if shots:
            c.measure_all()
        else:
            c.save_probabilities()
        circuits.append(c)

    def work() -> object:
        result = simulator.run(circuits, shots=shots or 1).result()
        assert result.success
        return result

    return work


def installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def report(title: str, figures: list[Figure]) -> None:
    out = sys.stdout
    out.write(f"\n{title}\n")
    first = figures[0]
    for f in figures:
        ratio = f.wall / first.wall
        out.write(
            f"  {f.name:28s} {f.wall:9.3f} s   cpu {f.cpu:9.3f} s   x {ratio:7.2f} {f.note}\n"
        )
    out.flush()


def layers(threads: int, rounds: int) -> None:
    batch = Layers(12, 12, 200).batch()
    figures = [measure("ketway, double", ours(batch, threads, exact=True), rounds)]
    figures.append(measure("ketway, one thread", ours(batch, 1, exact=True), rounds))
    if installed("qulacs"):
        figures.append(measure("Qulacs", qulacs_exact(batch), rounds))
    if installed("qsimcirq"):
        figures.append(measure("qsim, single", qsim_exact(batch, threads), 1))
    if installed("qiskit_aer"):
        figures.append(measure("Aer", aer(batch, threads, 0), 1))
    report(f"200 circuits of 12 qubits, {batch.structure.gates} gates, exact", figures)


def small(threads: int, rounds: int) -> None:
    batch = Layers(5, 6, 1000).batch()
    figures = [measure("ketway, one thread", ours(batch, 1, exact=True), rounds)]
    if installed("qulacs"):
        figures.append(measure("Qulacs", qulacs_exact(batch), rounds))
    report(f"1,000 circuits of 5 qubits, {batch.structure.gates} gates, exact", figures)


def wide(threads: int, rounds: int) -> None:
    batch = Layers(25, 8).batch()
    shots = 1000
    figures = [
        measure("ketway, single", ours(batch, threads, shots, precision="single"), rounds),
        measure("ketway, double", ours(batch, threads, shots), rounds),
    ]
    if installed("qsimcirq"):
        for fused in (2, 4):
            work = qsim_shots(batch, threads, shots, fused)
            figures.append(measure(f"qsim, single, fusing {fused}", work, rounds))
    if installed("qulacs"):
        figures.append(measure("Qulacs, double", qulacs_shots(batch, shots), 1))
    if installed("qiskit_aer"):
        figures.append(measure("Aer, single", aer(batch, threads, shots, precision="single"), 1))
        figures.append(measure("Aer, double", aer(batch, threads, shots), 1))
    report(f"25 qubits, {batch.structure.gates} gates, {shots} shots", figures)


def noise(threads: int, rounds: int, aer_shots: int) -> None:
    shots = 1000
    for qubits, depth in ((12, 13), (20, 13)):
        batch = Layers(qubits, depth).batch()
        few = shots if qubits < 15 else aer_shots
        figures = [measure("ketway, double", ours(batch, threads, shots, noise=FORTE), rounds)]
        single = ours(batch, threads, shots, noise=FORTE, precision="single")
        figures.append(measure("ketway, single", single, rounds))
        if installed("qiskit_aer"):
            work = aer(batch, threads, few, FORTE)
            figures.append(measure("Aer, double", work, 1, shots / few))
        gates = batch.structure.gates
        report(f"{qubits} qubits, {gates} gates, noise, {shots} shots", figures)


def main() -> None:
    parser = argparse.ArgumentParser(description="The dense engine against its peers.")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="small,layers,wide,noise")
    parser.add_argument("--shots-of-aer", type=int, default=20)
    args = parser.parse_args()
    sys.stdout.write(f"instruction set {core.isa()}, {args.threads} threads\n")
    for name in args.only.split(","):
        if name == "small":
            small(args.threads, args.rounds)
        elif name == "layers":
            layers(args.threads, args.rounds)
        elif name == "wide":
            wide(args.threads, args.rounds)
        elif name == "noise":
            noise(args.threads, args.rounds, args.shots_of_aer)
        else:
            parser.error(f"no benchmark is called {name!r}: small, layers, wide, noise")


if __name__ == "__main__":
    main()
