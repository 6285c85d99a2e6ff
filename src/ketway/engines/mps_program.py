"""A structure as blocks for a matrix product state: what is multiplied together, and where.

A *wire* is a qubit until a swap: a swap without controls only exchanges the wires of two qubits,
and costs nothing. A *site* is a wire's place in the chain. Gates that follow each other on the same
wire or pair of wires are one block, so that they cost the chain one operator. A block acts across a
*cut* (between site c and site c + 1) with an operator of some Schmidt rank, which is the factor by
which the chain's bond at that cut can grow.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from ketway.circuits.circuit import Structure
from ketway.circuits.gates import Kind
from ketway.devices.noise import NoiseModel
from ketway.engines.lowering import Readout, read
from ketway.engines.mps_order import order_of

PAIR_RANK: Final = 4
"""No operator on two qubits has more terms."""

_LARGEST: Final = 62
"""The exponent of the largest bond that is told from larger ones; no machine holds it."""


@dataclass(frozen=True)
class Block:
    """Gates that make one operator, or one measurement or reset in the middle."""

    wires: tuple[int, ...]
    gates: tuple[int, ...]
    rank: int
    """The operator's Schmidt rank across any cut is at most this; 0 for an event."""
    slot: int = -1
    """Where a measurement is written."""

    @property
    def event(self) -> bool:
        return self.rank == 0


@dataclass(frozen=True)
class Program:
    """The blocks of a structure, in an order in which they can be applied."""

    structure: Structure
    readout: Readout
    blocks: tuple[Block, ...]
    gate_wires: tuple[tuple[int, ...], ...]
    """The wires of each gate's operands, when it acts."""
    site_of: tuple[int, ...]
    """For each wire."""
    end_wires: tuple[int, ...]
    """For each qubit, when it is read."""

    @property
    def eventful(self) -> bool:
        return len(self.readout.events) > 0

    def is_reset(self, block: Block) -> bool:
        return bool(self.structure.kinds[block.gates[0]] == Kind.RESET)

    @property
    def read_sites(self) -> tuple[int, ...]:
        """For each qubit of the readout."""
        return tuple(self.site_of[self.end_wires[qubit]] for qubit in self.readout.qubits)


def lower(structure: Structure, noise: NoiseModel | None = None) -> Program:
    """The program of a structure. With noise, swaps are blocks too, since errors follow them."""
    readout = read(structure)
    draft = _Draft(structure, readout, noisy=noise is not None and not noise.ideal)
    for gate in range(structure.gates):
        draft.add(gate)
    blocks = tuple(draft.blocks[place] for place in sorted(draft.blocks))
    site_of = order_of(structure.qubits, [(b.wires, b.rank) for b in blocks if b.rank > 1])
    wires = tuple(draft.gate_wires)
    return Program(structure, readout, blocks, wires, tuple(site_of), tuple(draft.wire_of))


class _Draft:
    """Blocks while they are made; a block stays open until another one follows on its wires."""

    def __init__(self, structure: Structure, readout: Readout, noisy: bool) -> None:
        self.structure, self.noisy = structure, noisy
        self.blocks: dict[int, Block] = {}
        self.gate_wires: list[tuple[int, ...]] = []
        self.wire_of = list(range(structure.qubits))
        self._latest: list[int] = [-1] * structure.qubits
        self._places = 0
        self._slots = dict(zip(readout.events.tolist(), readout.event_slots.tolist(), strict=True))
        self._starts = structure.operand_starts.tolist()
        self._operands = structure.operands.tolist()
        self._kinds = structure.kinds.tolist()
        self._controls = structure.controls.tolist()
        self._terms = np.diff(structure.param_starts).tolist()

    def add(self, gate: int) -> None:
        kind, controls = self._kinds[gate], self._controls[gate]
        qubits = self._operands[self._starts[gate] : self._starts[gate + 1]]
        event = kind in (Kind.MEASURE, Kind.RESET)
        if event:
            qubits = qubits[:1]
        wires = tuple([self.wire_of[q] for q in qubits])
        self.gate_wires.append(wires)
        if event:
            if gate in self._slots:
                self._put(Block(wires, (gate,), 0, self._slots[gate]))
            return
        rank = self._rank(kind, controls, len(wires), self._terms[gate])
        if kind == Kind.SWAP and not controls:
            a, b = qubits
            self.wire_of[a], self.wire_of[b] = self.wire_of[b], self.wire_of[a]
            if not self.noisy:
                return
        if kind != Kind.NOP and wires:
            self._merge(wires, gate, rank)

    def _rank(self, kind: int, controls: int, width: int, terms: int) -> int:
        if kind == Kind.SWAP:
            return PAIR_RANK if controls else 1
        if kind == Kind.PAULIEXP:
            widest = 4 ** (width // 2)
            return int(min(widest, 2 ** min(terms, 2 * width)))
        return 1 if width == 1 else 2

    def _merge(self, wires: tuple[int, ...], gate: int, rank: int) -> None:
        if len(wires) > 2:
            self._put(Block(wires, (gate,), rank))
            return
        held = {self._latest[wire] for wire in wires}
        if len(held) == 1 and -1 not in held:
            (place,) = held
            block = self.blocks[place]
            if not block.event and len(wires) <= len(block.wires) <= 2:
                ranks = min(PAIR_RANK, block.rank * rank)
                self.blocks[place] = Block(block.wires, (*block.gates, gate), ranks)
                return
        before: tuple[int, ...] = ()
        if len(wires) == 2:  # what acted on one of them alone is drawn into the pair
            for place in sorted(held - {-1}):
                block = self.blocks[place]
                if len(block.wires) == 1 and not block.event:
                    before += self.blocks.pop(place).gates
        self._put(Block(wires, (*before, gate), rank))

    def _put(self, block: Block) -> None:
        for wire in block.wires:
            self._latest[wire] = self._places
        self.blocks[self._places] = block
        self._places += 1


def bond_dimension(structure: Structure) -> int:
    """At most so large is any bond of the chain, whatever the parameters; nothing is run.

    Each block multiplies the bonds that it crosses by its rank; no bond is more than twice its
    neighbours', since a site has two levels.
    """
    program = lower(structure)
    cuts = no_bonds(program)
    for sites, rank in crossings(program):
        cross(cuts, sites, rank)
    return 1 << min(_LARGEST, math.ceil(max(cuts)))


def no_bonds(program: Program) -> list[float]:
    """Bonds as exponents of 2: `cuts[s]` is the one left of site s; both ends stay 0."""
    return [0.0] * (len(program.site_of) + 1)


def crossings(program: Program) -> Iterator[tuple[list[int], int]]:
    """The sites, ascending, and the rank of every block that can entangle."""
    for block in program.blocks:
        if block.rank > 1:
            yield sorted([program.site_of[wire] for wire in block.wires]), block.rank


def cross(cuts: list[float], sites: Sequence[int], rank: int) -> None:
    """What one block makes of the bounds."""
    exponent = math.log2(rank)
    first, last = sites[0], sites[-1]
    for left, (a, b) in enumerate(pairwise(sites), 1):
        most = 2.0 * min(left, len(sites) - left)
        for cut in range(a + 1, b + 1):
            cuts[cut] += min(exponent, most)
    for cut in range(first + 1, last + 1):
        cuts[cut] = min(cuts[cut], cuts[cut - 1] + 1)
    for cut in range(last, first, -1):
        cuts[cut] = min(cuts[cut], cuts[cut + 1] + 1)
