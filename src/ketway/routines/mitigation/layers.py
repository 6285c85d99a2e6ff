"""Layers: two-qubit gates that act at the same time, and which layers of circuits are the same.

A gate is in the first layer in which both its qubits are free; one-qubit gates stand between
layers. Layers of the same gates on the same qubits have the same noise, and are learned once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Batch, Builder, Circuit, Structure
from ketway.circuits.gates import Kind

Table: TypeAlias = NDArray[np.uint8]
Strategy: TypeAlias = Literal["active", "active-accum", "active-circuit", "all"]


def digest_of(value: object) -> int:
    """A number that equal values of numbers, tuples and lists share."""
    return int.from_bytes(hashlib.blake2b(repr(value).encode(), digest_size=7).digest(), "little")


@dataclass(frozen=True, order=True)
class Entangler:
    """A two-qubit gate of a layer."""

    qubits: tuple[int, int]
    """Controls first."""
    kind: Kind
    controls: int
    params: tuple[float, ...]


@dataclass(frozen=True)
class Layer:
    """Different gates on different qubits."""

    entanglers: tuple[Entangler, ...]
    """By their qubits."""

    @property
    def digest(self) -> int:
        """A number that equal layers share, whatever machine made them."""
        return digest_of([(e.qubits, int(e.kind), e.controls, e.params) for e in self.entanglers])

    def circuit(self, qubits: tuple[int, ...]) -> Circuit:
        """The layer as a circuit, whose qubit k is `qubits[k]`."""
        number = {qubit: k for k, qubit in enumerate(qubits)}
        builder = Builder(len(qubits))
        for entangler in self.entanglers:
            own = [number[qubit] for qubit in entangler.qubits]
            held = own[: entangler.controls]
            builder.add(entangler.kind, own[entangler.controls :], entangler.params, held)
        return builder.circuit()


@dataclass(frozen=True)
class Layered:
    """The layers of a circuit."""

    layers: tuple[Layer, ...]
    """Those that differ, those that come most often first, and of these those of most gates."""
    places: dict[int, tuple[int, int]]
    """For each gate that is in a layer: which layer it is, and which of its gates."""
    qubits: tuple[tuple[int, ...], ...]
    """For each layer the qubits that are twirled with it, where it first comes."""
    counts: tuple[int, ...]
    """How often each comes."""


def layered(
    batch: Batch, twirled: Mapping[int, Table], strategy: Strategy = "active-accum"
) -> Layered:
    """The layers of these gates, which are the same in all rows."""
    structure = batch.structure
    level = np.zeros(structure.qubits, dtype=np.int64)
    found: list[list[int]] = []
    for gate in sorted(twirled):
        qubits = structure.operands_of(gate)
        place = int(level[qubits].max())
        level[qubits] = place + 1
        if place == len(found):
            found.append([])
        found[place].append(gate)
    counts: dict[Layer, int] = {}
    first: dict[Layer, int] = {}
    places: dict[int, tuple[Layer, int]] = {}
    for k, gates in enumerate(found):
        made = sorted((_entangler(batch, gate), gate) for gate in gates)
        layer = Layer(tuple(entangler for entangler, _ in made))
        counts[layer] = counts.get(layer, 0) + 1
        first.setdefault(layer, k)
        places.update((gate, (layer, j)) for j, (_, gate) in enumerate(made))
    ordered = sorted(counts, key=lambda x: (-counts[x], -len(x.entanglers), first[x]))
    number = {layer: k for k, layer in enumerate(ordered)}
    return Layered(
        tuple(ordered),
        {gate: (number[layer], j) for gate, (layer, j) in places.items()},
        tuple(_twirled_with(structure, found, first[layer], strategy) for layer in ordered),
        tuple(counts[layer] for layer in ordered),
    )


def _entangler(batch: Batch, gate: int) -> Entangler:
    structure = batch.structure
    start, end = structure.param_starts[gate : gate + 2]
    first, second = structure.operands_of(gate)
    return Entangler(
        (first, second),
        Kind(int(structure.kinds[gate])),
        int(structure.controls[gate]),
        tuple(batch.params[0, start:end].tolist()),
    )


def _twirled_with(
    structure: Structure, layers: list[list[int]], place: int, strategy: Strategy
) -> tuple[int, ...]:
    if strategy == "all":
        return tuple(range(structure.qubits))
    some = {
        "active": layers[place : place + 1],
        "active-accum": layers[: place + 1],
        "active-circuit": layers,
    }[strategy]
    return tuple(
        sorted({q for gates in some for gate in gates for q in structure.operands_of(gate)})
    )
