"""25 qubits, three kinds of deep circuit, against qsim, Qulacs and Aer, called in this process.

    python -m benchmarks.deep [--threads 2] [--rounds 3] [--only random,ising,chain,qft]

The circuits differ in what a pre-pass can make of them: random rotations and CNOTs, Ising layers
(`rzz` between neighbours, then `rx`; as `chain` each `rzz` is written as CNOT, `rz`, CNOT), and the
Fourier transform, of whose 337 gates 300 are phases and 12 swaps.

Every program makes 1,000 shots from its own circuit object. They take turns, round after round, so
that a busy machine slows all of them; a figure is the best of the rounds, by the wall, with its CPU
seconds beside it, and the ratios are of wall time to ours in the same precision.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from benchmarks.kernels import installed
from ketway.circuits.circuit import Batch, Builder, Program
from ketway.circuits.gates import Kind
from ketway.engines import core
from ketway.engines.engine import Plan, Precision
from ketway.engines.prepass import prepare
from ketway.engines.running import run_program
from ketway.jobs.job import PiecePlan

QUBITS, LAYERS, SHOTS = 25, 8, 1000


class Gate(NamedTuple):
    """A gate as every program has it."""

    name: str
    qubits: tuple[int, ...]
    angle: float | None = None


def random_layers() -> list[Gate]:
    rng = np.random.default_rng(1)
    gates = []
    for layer in range(LAYERS):
        for q in range(QUBITS):
            name = ("rx", "ry", "rz")[rng.integers(3)]
            gates.append(Gate(name, (q,), float(rng.uniform(0, 6))))
        gates += [Gate("cx", (q, q + 1)) for q in range(layer % 2, QUBITS - 1, 2)]
    return gates


def ising_layers() -> list[Gate]:
    rng = np.random.default_rng(2)
    gates = [Gate("h", (q,)) for q in range(QUBITS)]
    for _ in range(LAYERS):
        gates += [
            Gate("rzz", (q, q + 1), float(angle))
            for q, angle in enumerate(rng.uniform(0, 6, QUBITS - 1))
        ]
        gates += [
            Gate("rx", (q,), float(angle)) for q, angle in enumerate(rng.uniform(0, 6, QUBITS))
        ]
    return gates


def ising_chain() -> list[Gate]:
    gates: list[Gate] = []
    for gate in ising_layers():
        if gate.name == "rzz":
            cx = Gate("cx", gate.qubits)
            gates += [cx, Gate("rz", gate.qubits[1:], gate.angle), cx]
        else:
            gates.append(gate)
    return gates


def fourier() -> list[Gate]:
    gates = []
    for q in range(QUBITS - 1, -1, -1):
        gates.append(Gate("h", (q,)))
        gates += [Gate("cp", (low, q), math.pi / 2 ** (q - low)) for low in range(q)]
    return gates + [Gate("swap", (q, QUBITS - 1 - q)) for q in range(QUBITS // 2)]


CIRCUITS: dict[str, Callable[[], list[Gate]]] = {
    "random": random_layers,
    "ising": ising_layers,
    "chain": ising_chain,
    "qft": fourier,
}

_KINDS = {
    "h": Kind.H, "rx": Kind.RX, "ry": Kind.RY, "rz": Kind.RZ, "rzz": Kind.RZZ, "swap": Kind.SWAP,
    "cx": Kind.X, "cp": Kind.PHASE,
}  # fmt: skip


def batch_of(gates: list[Gate]) -> Batch:
    b = Builder(QUBITS)
    for name, qubits, angle in gates:
        held = 1 if name in ("cx", "cp") else 0
        params = () if angle is None else (angle,)
        b.add(_KINDS[name], qubits[held:], params, qubits[:held])
    circuit = b.circuit()
    return Batch(circuit.structure, circuit.params[None])


def ketway(gates: list[Gate], threads: int, precision: Precision) -> Callable[[], object]:
    """As a job runs it: the pre-pass, then the dense engine, in the precision that is named."""
    batch = batch_of(gates)
    prepared = prepare(batch.structure)
    pieces = () if prepared is None else (PiecePlan("dense", precision),) * len(prepared.pieces)
    plan = Plan("dense", "", 0, 0.0, precision, pieces)
    program = Program((batch,), ((0, 0),), ((),))
    return lambda: list(run_program(program, [plan], [1], SHOTS, False, None, threads))


def qsim(gates: list[Gate], threads: int, fused: int) -> Callable[[], object]:
    import cirq
    import qsimcirq

    line = cirq.LineQubit.range(QUBITS)
    plain = {"h": cirq.H, "cx": cirq.CNOT, "swap": cirq.SWAP}
    turned: dict[str, Callable[[float], Any]] = {
        "rx": cirq.rx,
        "ry": cirq.ry,
        "rz": cirq.rz,
        "rzz": lambda angle: cirq.ZZPowGate(exponent=angle / math.pi),
        "cp": lambda angle: cirq.CZPowGate(exponent=angle / math.pi),
    }
    ops = [
        (plain[name] if angle is None else turned[name](angle)).on(*(line[q] for q in qubits))
        for name, qubits, angle in gates
    ]
    circuit = cirq.Circuit(ops, cirq.measure(*line, key="m"))
    options = qsimcirq.QSimOptions(cpu_threads=threads, max_fused_gate_size=fused)
    simulator = qsimcirq.QSimSimulator(options)
    return lambda: simulator.run(circuit, repetitions=SHOTS)


def aer(gates: list[Gate], threads: int, precision: Precision) -> Callable[[], object]:
    from qiskit import QuantumCircuit
    from qiskit_aer import AerSimulator

    circuit = QuantumCircuit(QUBITS)
    for name, qubits, angle in gates:
        getattr(circuit, name)(*(() if angle is None else (angle,)), *qubits)
    circuit.measure_all()
    simulator = AerSimulator(
        method="statevector", precision=precision, max_parallel_threads=threads
    )
    return lambda: simulator.run(circuit, shots=SHOTS).result().get_counts()


def qulacs(gates: list[Gate]) -> Callable[[], object]:
    """Its rotations turn the other way; threads are all that it finds (OMP_NUM_THREADS)."""
    import qulacs as q

    circuit = q.QuantumCircuit(QUBITS)
    for name, qubits, angle in gates:
        match name:
            case "h":
                circuit.add_H_gate(*qubits)
            case "cx":
                circuit.add_CNOT_gate(*qubits)
            case "swap":
                circuit.add_SWAP_gate(*qubits)
            case "rzz":
                circuit.add_multi_Pauli_rotation_gate(list(qubits), [3, 3], -(angle or 0))
            case "cp":
                phase = q.gate.to_matrix_gate(q.gate.U1(qubits[1], angle))
                phase.add_control_qubit(qubits[0], 1)
                circuit.add_gate(phase)
            case _:
                getattr(circuit, f"add_{name.upper()}_gate")(*qubits, -(angle or 0))

    def work() -> object:
        state = q.QuantumState(QUBITS)
        circuit.update_quantum_state(state)
        return state.sampling(SHOTS)

    return work


class Runner(NamedTuple):
    name: str
    precision: Precision
    work: Callable[[], object]
    rounds: int


def runners(gates: list[Gate], threads: int, rounds: int) -> list[Runner]:
    found = [
        Runner(f"ketway, {p}", p, ketway(gates, threads, p), rounds) for p in ("single", "double")
    ]
    if installed("qsimcirq"):
        for fused in (2, 4):
            work = qsim(gates, threads, fused)
            found.append(Runner(f"qsim, single, fusing {fused}", "single", work, rounds))
    if installed("qiskit_aer"):
        for p in ("single", "double"):
            found.append(Runner(f"Aer, {p}", p, aer(gates, threads, p), 1))
    if installed("qulacs"):
        found.append(Runner("Qulacs, double", "double", qulacs(gates), 1))
    return found


def compare(name: str, gates: list[Gate], threads: int, rounds: int) -> None:
    them = runners(gates, threads, rounds)
    best = {runner.name: (math.inf, 0.0) for runner in them}
    for turn in range(rounds):
        for runner in them:
            if turn < runner.rounds:
                wall, cpu = time.perf_counter(), time.process_time()
                runner.work()
                taken = (time.perf_counter() - wall, time.process_time() - cpu)
                best[runner.name] = min(best[runner.name], taken)
    out = sys.stdout
    out.write(f"\n{name}: {QUBITS} qubits, {len(gates)} gates, {SHOTS:,} shots\n")
    for runner in them:
        wall, cpu = best[runner.name]
        mine = best[f"ketway, {runner.precision}"]
        out.write(
            f"  {runner.name:24s} {wall:8.3f} s   cpu {cpu:8.3f} s   "
            f"x {wall / mine[0]:6.2f}   cpu x {cpu / mine[1]:6.2f}\n"
        )
    out.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description="Deep circuits of 25 qubits against the peers.")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default=",".join(CIRCUITS))
    args = parser.parse_args()
    sys.stdout.write(f"instruction set {core.isa()}, {args.threads} threads\n")
    for name in args.only.split(","):
        if name not in CIRCUITS:
            parser.error(f"no circuit is called {name!r}: {', '.join(CIRCUITS)}")
        compare(name, CIRCUITS[name](), args.threads, args.rounds)


if __name__ == "__main__":
    main()
