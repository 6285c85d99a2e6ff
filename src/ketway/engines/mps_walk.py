"""The walk of all shots through a program: together until an error or a measurement parts them.

Without noise and without measurements in the middle the walk has one path, and all shots are drawn
at its end. An error of the noise is a Pauli after some gate; shots with the same errors go the same
way. The walk is depth first, so that few states live at once, and random numbers are taken in its
order, which follows from the seed alone.
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ketway.devices.noise import NoiseModel
from ketway.engines import seeds
from ketway.engines.faults import gaps_of
from ketway.engines.mps_chain import Chain
from ketway.engines.mps_operators import Error, Operators
from ketway.engines.mps_program import Program
from ketway.engines.mps_reading import Bits, coins, draw, steps_of
from ketway.engines.noise import Sites, limits_of, misreadings, noise_sites

Shots: TypeAlias = NDArray[np.int64]
Strikes: TypeAlias = list[tuple[int, tuple[Error, ...]]]
"""The blocks of one shot in which something goes wrong, the next one last, and what it is."""

_ONE: Final = 2.0**64
"""As many as 64 random bits can be."""


class _Place(NamedTuple):
    """A noise site: the block and gate that it follows, and its wires."""

    block: int
    gate: int
    wires: tuple[int, ...]


class Walked(NamedTuple):
    records: Bits
    """Shape (shots, slots): what each shot read."""
    truncation: float
    """The worst of all paths."""
    chain: Chain
    """At the end of the last path."""


def walk(
    program: Program,
    operators: Operators,
    start: Chain,
    noise: NoiseModel | None,
    shots: int,
    seed: int,
) -> Walked:
    """Run a program; `start` is used up."""
    walker = _Walker(program, operators, noise, shots, seed)
    return walker.run(start)


class _Walker:
    def __init__(
        self,
        program: Program,
        operators: Operators,
        noise: NoiseModel | None,
        shots: int,
        seed: int,
    ) -> None:
        self.program, self.operators = program, operators
        self.noise, self.shots, self.seed = noise, shots, seed
        self.source = seeds.bits(seed, "chain")
        self.records = np.zeros((shots, len(program.readout.slot_bits)), dtype=np.uint8)
        self.strikes: dict[int, Strikes] = {}
        self.next = np.full(shots, len(program.blocks), dtype=np.int64)
        """The block of each shot's next strike."""
        if noise is not None:
            self.strikes = _strikes(program, noise, shots, seed)
            for shot, strikes in self.strikes.items():
                self.next[shot] = strikes[-1][0]
        self.events = [p for p, block in enumerate(program.blocks) if block.event]

    def run(self, start: Chain) -> Walked:
        blocks = self.program.blocks
        chain, worst = start, 0.0
        waiting: list[tuple[Chain, int, Shots]] = [(start, 0, np.arange(self.shots))]
        while waiting:
            chain, place, shots = waiting.pop()
            stop = self._parting(place, shots)
            for block in range(place, stop):
                for operator in self.operators.of(block):
                    chain.apply(operator)
            if stop == len(blocks):
                self._read(chain, shots)
                worst = max(worst, chain.truncation)
            elif blocks[stop].event:
                waiting.extend(self._event(chain, stop, shots))
            else:
                waiting.extend(self._struck(chain, stop, shots))
        self._misread()
        return Walked(self.records, worst, chain)

    def _parting(self, place: int, shots: Shots) -> int:
        """The next block where shots that are together here may part."""
        stop = len(self.program.blocks)
        at = int(np.searchsorted(self.events, place))
        if at < len(self.events):
            stop = self.events[at]
        return min(stop, int(self.next[shots].min(initial=stop)))

    def _struck(self, chain: Chain, place: int, shots: Shots) -> list[tuple[Chain, int, Shots]]:
        """A block in which some of these shots meet errors."""
        hit = self.next[shots] == place
        alike: dict[tuple[Error, ...], list[int]] = {}
        for shot in shots[hit].tolist():
            strikes = self.strikes[shot]
            alike.setdefault(strikes.pop()[1], []).append(shot)
            self.next[shot] = strikes[-1][0] if strikes else len(self.program.blocks)
        groups = [(errors, np.array(group, dtype=np.int64)) for errors, group in alike.items()]
        if not hit.all():
            groups.append(((), shots[~hit]))
        parted = []
        for errors, group in groups:
            own = chain.copy()
            for operator in self.operators.of(place, errors):
                own.apply(operator)
            parted.append((own, place + 1, group))
        return parted

    def _event(self, chain: Chain, place: int, shots: Shots) -> list[tuple[Chain, int, Shots]]:
        """A measurement or a reset in the middle."""
        block = self.program.blocks[place]
        site = self.program.site_of[block.wires[0]]
        zero, one = (np.array([weight]) for weight in chain.weights(site))
        ones = coins(self.source, len(shots)) < steps_of(zero, one)
        resets = self.program.is_reset(block)
        parted = []
        for value in (0, 1):
            group = shots[ones == bool(value)]
            if not len(group):
                continue
            if block.slot >= 0:
                self.records[group, block.slot] = value
            own = chain.copy()
            own.project(site, value, 0 if resets else value)
            parted.append((own, place + 1, group))
        return parted

    def _read(self, chain: Chain, shots: Shots) -> None:
        if not len(shots):
            return
        sites = self.program.read_sites
        bits = draw(chain, max(sites, default=-1) + 1, len(shots), self.source)
        for site, slots in zip(sites, self.program.readout.slots, strict=True):
            for slot in slots:
                self.records[shots, slot] = bits[:, site]

    def _misread(self) -> None:
        """Each bit is read wrong by the figures of its qubit."""
        if self.noise is None:
            return
        odds = misreadings(self.noise, self.program.readout.slot_qubits)
        if not odds.any():
            return
        source = seeds.bits(self.seed, "chain/read")
        draws = source.random_raw(self.records.size).reshape(self.records.shape)
        chances = np.where(self.records == 1, odds[:, 1], odds[:, 0])
        self.records ^= (draws < chances * _ONE).astype(np.uint8)


def _strikes(program: Program, noise: NoiseModel, shots: int, seed: int) -> dict[int, Strikes]:
    """What goes wrong in each shot; shots without errors are not listed."""
    found: dict[int, dict[int, list[Error]]] = {}
    sites = noise_sites(program.structure, noise)
    limits = limits_of(sites.distributions)
    for table, places in _places(program, sites).items():
        odds = max(0.0, 1 - float(sites.distributions[table, 0]))
        if not odds:
            continue
        source = seeds.bits(seed, f"chain/errors/{table}")
        hits = gaps_of(odds).places(source, shots * len(places))
        draws = np.asarray(source.random_raw(len(hits)), dtype=np.uint64)
        last = int(np.flatnonzero(sites.distributions[table])[-1])
        chosen = np.minimum(np.searchsorted(limits[table, 1:], draws, side="right") + 1, last)
        for hit, pauli in zip(hits.tolist(), chosen.tolist(), strict=True):
            shot, index = divmod(hit, len(places))
            place = places[index]
            errors = found.setdefault(shot, {}).setdefault(place.block, [])
            for wire, letter in zip(place.wires, (pauli & 3, pauli >> 2), strict=False):
                if letter:
                    errors.append(Error(place.gate, wire, letter))
    return {
        shot: [
            (block, tuple(sorted(errors, key=_by_gate)))
            for block, errors in sorted(struck.items(), reverse=True)
        ]
        for shot, struck in found.items()
    }


def _by_gate(error: Error) -> tuple[int, int, int]:
    """Two Paulis after one gate on one wire commute up to a phase, so their order is free."""
    return error.gate, error.wire, error.letter


def _places(program: Program, sites: Sites) -> dict[int, list[_Place]]:
    """The noise sites, by the distribution of their errors."""
    pairs, starts, tables = sites.qubits.tolist(), sites.starts.tolist(), sites.tables.tolist()
    operands = program.structure.operands_of
    found: dict[int, list[_Place]] = {}
    for block, held in enumerate(program.blocks):
        for gate in held.gates:
            if starts[gate] == starts[gate + 1]:
                continue
            wire_of = dict(zip(operands(gate), program.gate_wires[gate], strict=True))
            for site in range(starts[gate], starts[gate + 1]):
                wires = tuple(wire_of[qubit] for qubit in pairs[site] if qubit >= 0)
                found.setdefault(tables[site], []).append(_Place(block, gate, wires))
    return found
