"""What observables see of a circuit: the gates that can change their values, and no others.

Walked from the end to the start, a gate matters if it acts on a qubit that is seen, and then all
its qubits are seen. A qubit that is seen and on which nothing acts is 0: Z is worth 1 there, and X
and Y nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Batch, Structure, kind_table
from ketway.circuits.gates import Kind
from ketway.engines.clifford_gates import clifford_rows
from ketway.engines.observables import Bits, Masks, Observables
from ketway.engines.prepass.sheet import Sheet
from ketway.jobs.failures import Code, FailedError, Failure
from ketway.routines.placing import Index, on_qubits, qubit_places

WIDE: Final = 24
"""Qubits above which each product is computed with what it alone sees, if that is less."""

_PASSED: Final = kind_table((Kind.NOP, Kind.GLOBAL_PHASE, Kind.MEASURE))


@dataclass(frozen=True)
class Sight:
    """Some products, and circuits on the qubits that they see."""

    products: Index
    """Which of the products."""
    batch: Batch
    observables: Observables
    """Each is one product."""


def sights(batch: Batch, observables: Observables, *, noisy: bool) -> Iterator[Sight]:
    """What has to be run for the values of all products. Those that are nothing are in no sight.

    `noisy`: readings may be wrong, so that a Z on an idle qubit is not quite 1.
    """
    structure = batch.structure
    if observables.qubits != structure.qubits:
        raise FailedError(
            Failure(
                Code.INVALID_INPUT,
                f"The observables are on {observables.qubits:,} qubits and the circuit on "
                f"{structure.qubits:,}: give every observable as many as the circuit has.",
            )
        )
    if not observables.products:
        return
    x, z = _letters(observables.x, structure.qubits), _letters(observables.z, structure.qubits)
    every = np.arange(observables.products)
    if structure.has_events and not _ends_in_measurements(structure):
        yield Sight(every, batch, _products(x, z))  # the engine says what is wrong with it
        return
    seen, gates = _seen(structure, np.any(x | z, axis=0))
    if seen.sum() > WIDE and not clifford_rows(batch).all():
        yield from _one_by_one(batch, x, z, every, noisy)
        return
    yield _sight(batch, gates, seen, x, z, every, noisy)


def _one_by_one(
    batch: Batch, x: NDArray[np.bool_], z: NDArray[np.bool_], products: Index, noisy: bool
) -> Iterator[Sight]:
    """Products that see the same gates together, each kind by itself."""
    together: dict[bytes, tuple[Index, NDArray[np.bool_], list[int]]] = {}
    known: dict[bytes, bytes] = {}
    for product in products.tolist():
        on = x[product] | z[product]
        support = np.packbits(on).tobytes()
        if support not in known:
            seen, gates = _seen(batch.structure, on)
            known[support] = key = gates.tobytes() + np.packbits(seen).tobytes()
            together.setdefault(key, (gates, seen, []))
        together[known[support]][2].append(product)
    for gates, seen, some in together.values():
        chosen = np.array(some, dtype=np.int64)
        yield _sight(batch, gates, seen, x[chosen], z[chosen], chosen, noisy)


def _sight(
    batch: Batch,
    gates: Index,
    seen: NDArray[np.bool_],
    x: NDArray[np.bool_],
    z: NDArray[np.bool_],
    products: Index,
    noisy: bool,
) -> Sight:
    reduced = Sheet.of(batch.structure).some(gates).packed()
    qubits = np.flatnonzero(seen)
    if not noisy:
        used = np.zeros(len(seen), dtype=np.bool_)
        used[reduced.structure.operands[qubit_places(reduced.structure)]] = True
        something = ~(x & ~used).any(axis=1)
        x, z, products = x[something], z[something] & used, products[something]
        qubits = np.flatnonzero(used) if used.any() else qubits[:1]
    smaller = reduced.batch(batch)
    return Sight(
        products,
        Batch(on_qubits(smaller.structure, qubits), smaller.params),
        _products(x[:, qubits], z[:, qubits]),
    )


def _products(x: NDArray[np.bool_], z: NDArray[np.bool_]) -> Observables:
    """Each as an observable. Those that are the identity on what is left are worth 1."""
    bits = Bits(
        np.packbits(x, axis=1, bitorder="little"), np.packbits(z, axis=1, bitorder="little")
    )
    return Observables.of_bits(x.shape[1], bits, np.arange(len(x) + 1), np.ones(len(x)))


def _letters(masks: Masks, qubits: int) -> NDArray[np.bool_]:
    found = np.unpackbits(masks, axis=1, count=qubits, bitorder="little")
    return np.asarray(found, dtype=np.bool_)


def _ends_in_measurements(structure: Structure) -> bool:
    """Whether nothing happens to a qubit after it is measured, and nothing is reset or decided."""
    if structure.has_control or (structure.kinds == Kind.RESET).any():
        return False
    starts = structure.operand_starts
    measured = np.zeros(structure.qubits, dtype=np.bool_)
    for gate in range(int(np.argmax(structure.kinds == Kind.MEASURE)), structure.gates):
        qubits = structure.operands[starts[gate] : starts[gate + 1]]
        if structure.kinds[gate] == Kind.MEASURE:
            measured[qubits[0]] = True
        elif not _PASSED[structure.kinds[gate]] and measured[qubits].any():
            return False
    return True


def _seen(structure: Structure, on: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], Index]:
    """The qubits that are seen at the start by what acts on these at the end, and the gates that
    matter to it."""
    starts, operands = structure.operand_starts.tolist(), structure.operands.tolist()
    bare = (structure.kinds != Kind.GLOBAL_PHASE) | (structure.controls == 0)
    passed = (_PASSED[structure.kinds] & bare).tolist()
    seen = on.tolist()
    kept: list[int] = []
    for gate in range(structure.gates - 1, -1, -1):
        if passed[gate]:
            continue
        qubits = operands[starts[gate] : starts[gate + 1]]
        if len(qubits) == 1:
            if seen[qubits[0]]:
                kept.append(gate)
        elif any(seen[qubit] for qubit in qubits):
            kept.append(gate)
            for qubit in qubits:
                seen[qubit] = True
    return np.array(seen, dtype=np.bool_), np.array(kept[::-1], dtype=np.int64)
