"""Expectation values against Qulacs and Aer, called in this process, in the same run, in turns.

    python -m benchmarks.expectation [--threads 2] [--rounds 5] [--only chain,random,cat]

`chain`: 200 parameter rows of 12 qubits, and a Hamiltonian of 60 terms, Ising and XY on a chain.
`random`: one row of 20 qubits and 200 random terms, which share nothing.
`cat`: 1,000 qubits in a cat state and 1,000 terms, with Stim as the peer, asked term by term.

What is timed is what a user of each would call, from its own circuit and observable objects (made
beforehand for peers) to numbers in Python. Everybody's answers are compared. Beside our figure
stand the circuits alone, and the least that the sums could take: every amplitude that they need,
read once from memory at the speed that this machine reads an array of that size.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.kernels import Figure, Layers, gates_of, installed, qulacs_circuits, report
from ketway.circuits.circuit import Batch, Builder
from ketway.circuits.gates import Kind
from ketway.engines import core
from ketway.engines.engine import Precision
from ketway.engines.expectation import expectations
from ketway.engines.observables import Observables

Terms = list[tuple[str, list[int], float]]
Work = Callable[[], Any]


def chain(qubits: int) -> Terms:
    """Ising and XY on a chain, in a field along X and Z, with three longer bonds."""
    pairs = [[q, q + 1] for q in range(qubits - 1)]
    terms: Terms = [(word, pair, 0.3) for word in ("XX", "YY", "ZZ") for pair in pairs]
    terms += [(letter, [q], 0.7) for letter in "XZ" for q in range(qubits)]
    return terms + [("ZZ", [q, q + 2], 0.1) for q in range(60 - len(terms))]


def random_terms(qubits: int, count: int) -> Terms:
    rng = np.random.default_rng(7)
    letters = rng.choice(list("IXYZ"), (count, qubits))
    return [("".join(row), [*range(qubits)], float(rng.normal())) for row in letters]


def in_turns(works: dict[str, Work], rounds: int) -> list[Figure]:
    """Everybody once, then everybody again: the best of each."""
    best = dict.fromkeys(works, (float("inf"), 0.0))
    for _ in range(rounds):
        for name, work in works.items():
            wall, cpu = time.perf_counter(), time.process_time()
            work()
            best[name] = min(best[name], (time.perf_counter() - wall, time.process_time() - cpu))
    return [Figure(name, *found) for name, found in best.items()]


def ours(batch: Batch, terms: Terms, threads: int, precision: Precision = "double") -> Work:
    def work() -> Any:
        observables = Observables.of_letters(batch.structure.qubits, [terms])
        return expectations(batch, observables, precision=precision, threads=threads)[:, 0]

    return work


def qulacs(batch: Batch, terms: Terms) -> Work:
    import qulacs

    circuits = qulacs_circuits(batch)
    observable = qulacs.Observable(batch.structure.qubits)
    for word, qubits, c in terms:
        text = " ".join(f"{p} {q}" for p, q in zip(word, qubits, strict=True) if p != "I")
        observable.add_operator(c, text)

    def work() -> Any:
        out = []
        state = qulacs.QuantumState(batch.structure.qubits)
        for c in circuits:
            state.set_zero_state()
            c.update_quantum_state(state)
            out.append(observable.get_expectation_value(state))
        return np.array(out)

    return work


def aer(batch: Batch, terms: Terms, threads: int) -> Work:
    from qiskit import QuantumCircuit
    from qiskit.quantum_info import SparsePauliOp
    from qiskit_aer import AerSimulator

    qubits = batch.structure.qubits
    operator = SparsePauliOp.from_sparse_list(terms, num_qubits=qubits)
    simulator = AerSimulator(method="statevector", max_parallel_threads=threads)
    circuits = []
    for row in range(len(batch)):
        c = QuantumCircuit(qubits)
        for name, a, b in gates_of(batch, row):
            getattr(c, name)(*((a, b) if name == "cx" else (b, a)))
        c.save_expectation_value(operator, range(qubits))
        circuits.append(c)

    def work() -> Any:
        result = simulator.run(circuits, shots=1).result()
        assert result.success
        return np.array([result.data(i)["expectation_value"] for i in range(len(circuits))])

    return work


def least(batch: Batch, terms: Terms) -> str:
    """The sums' share of the memory, and how long reading it would take."""
    qubits = batch.structure.qubits
    flips = {tuple(q for p, q in zip(w, on, strict=True) if p in "XY") for w, on, _ in terms}
    size = 16 * 2**qubits * (1 + sum(bool(f) for f in flips) / 2) * len(batch)
    array = np.ones(2 * 2**qubits)
    speed = 0.0
    for _ in range(20):
        begun = time.perf_counter()
        array.max()
        speed = max(speed, array.nbytes / (time.perf_counter() - begun))
    return (
        f"  the sums read {size / 1e6:,.0f} MB: at least {size / speed:.3f} s "
        f"at {speed / 1e9:.0f} GB/s of one thread\n"
    )


def compared(title: str, batch: Batch, terms: Terms, threads: int, rounds: int) -> None:
    works: dict[str, Work] = {
        "ketway, double": ours(batch, terms, threads),
        "ketway, one thread": ours(batch, terms, 1),
        "ketway, single": ours(batch, terms, threads, "single"),
        "ketway, circuits alone": ours(batch, [], threads),
    }
    if installed("qulacs"):
        works["Qulacs"] = qulacs(batch, terms)
    if installed("qiskit_aer"):
        works["Aer"] = aer(batch, terms, threads)
    answers = {name: work() for name, work in works.items() if "alone" not in name}
    first = answers["ketway, double"]
    for name, answer in answers.items():
        far = float(np.abs(answer - first).max())
        assert far < (1e-4 if "single" in name else 1e-10), f"{name} is {far} away"
    report(title, in_turns(works, rounds))
    sys.stdout.write(least(batch, terms))


def of_chain(threads: int, rounds: int) -> None:
    batch, terms = Layers(12, 12, 200).batch(), chain(12)
    gates = batch.structure.gates
    title = f"200 circuits of 12 qubits, {gates} gates, a chain of {len(terms)} terms"
    compared(title, batch, terms, threads, rounds)


def of_random(threads: int, rounds: int) -> None:
    batch, terms = Layers(20, 8).batch(), random_terms(20, 200)
    title = f"20 qubits, {batch.structure.gates} gates, {len(terms)} random terms"
    compared(title, batch, terms, threads, rounds)


def of_cat(rounds: int) -> None:
    import stim  # type: ignore[import-untyped,unused-ignore]

    qubits = 1000
    b = Builder(qubits)
    b.add(Kind.H, [0])
    for q in range(qubits - 1):
        b.add(Kind.X, [q + 1], controls=[q])
    circuit = b.circuit()
    batch = Batch(circuit.structure, circuit.params[None])
    terms: Terms = [("ZZ", [q, (7 * q + 1) % qubits], 1.0) for q in range(qubits)]
    terms = [term for term in terms if term[1][0] != term[1][1]]
    text = "H 0\n" + "\n".join(f"CX {q} {q + 1}" for q in range(qubits - 1))

    def peer() -> float:
        simulator = stim.TableauSimulator()
        simulator.do(stim.Circuit(text))
        total = 0.0
        for word, on, c in terms:
            product = stim.PauliString(qubits)
            for p, q in zip(word, on, strict=True):
                product[q] = p
            total += c * simulator.peek_observable_expectation(product)
        return total

    work = ours(batch, terms, 1)
    assert peer() == work()[0] == len(terms)
    report(
        f"a cat of {qubits:,} qubits, {len(terms)} terms",
        in_turns({"ketway": work, "Stim, asked term by term": peer}, rounds),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Expectation values against peers.")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="chain,random,cat")
    args = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", str(args.threads))  # before a peer is loaded
    sys.stdout.write(f"instruction set {core.isa()}, {args.threads} threads\n")
    for name in args.only.split(","):
        if name == "chain":
            of_chain(args.threads, args.rounds)
        elif name == "random":
            of_random(args.threads, args.rounds)
        elif name == "cat":
            of_cat(args.rounds)
        else:
            parser.error(f"no benchmark is called {name!r}: chain, random, cat")


if __name__ == "__main__":
    main()
