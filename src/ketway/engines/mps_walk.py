"""The walk of all shots through a program: together until an error or a measurement parts them.

Without noise and without measurements in the middle the walk has one path, and all shots are drawn
at its end. An error of the noise is a Pauli after some gate; shots with the same errors go the same
way. The walk is depth first, so that few states live at once, and random numbers are taken in its
order, which follows from the seed alone.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from ketway.engines.noise import noise_sites

Shots: TypeAlias = NDArray[np.int64]
Strikes: TypeAlias = list[tuple[int, tuple[Error, ...]]]
"""The blocks of one shot in which something goes wrong, the next one last, and what it is."""

_LETTERS: Final = 4


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
        """Each bit that was measured is wrong with one probability."""
        if self.noise is None or not self.noise.readout or not self.records.size:
            return
        source = seeds.bits(self.seed, "chain/read")
        places = gaps_of(self.noise.readout).places(source, self.records.size)
        self.records.reshape(-1)[places] ^= 1


def _strikes(program: Program, noise: NoiseModel, shots: int, seed: int) -> dict[int, Strikes]:
    """What goes wrong in each shot; shots without errors are not listed."""
    found: dict[int, dict[int, list[Error]]] = {}
    one, two = _places(program)
    kinds = ((one, 0.75 * noise.one_qubit, "one"), (two, 0.9375 * noise.two_qubit, "two"))
    for places, odds, name in kinds:
        source = seeds.bits(seed, f"chain/{name}")
        hits = gaps_of(odds).places(source, shots * len(places)) if places else np.empty(0, int)
        letters = np.asarray(source.random_raw(len(hits)), dtype=np.uint64)
        options = _LETTERS ** (1 if name == "one" else 2) - 1
        chosen = (letters % np.uint64(options)).astype(np.int64) + 1
        for hit, letter in zip(hits.tolist(), chosen.tolist(), strict=True):
            shot, index = divmod(hit, len(places))
            place = places[index]
            errors = found.setdefault(shot, {}).setdefault(place.block, [])
            for wire, own in zip(
                place.wires, (letter % _LETTERS, letter // _LETTERS), strict=False
            ):
                if own:
                    errors.append(Error(place.gate, wire, own))
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


def _places(program: Program) -> tuple[Sequence[_Place], Sequence[_Place]]:
    """The noise sites of one and of two qubits."""
    sites = noise_sites(program.structure)
    pairs, starts = sites.qubits.tolist(), sites.starts.tolist()
    operands = program.structure.operands_of
    one: list[_Place] = []
    two: list[_Place] = []
    for block, held in enumerate(program.blocks):
        for gate in held.gates:
            if starts[gate] == starts[gate + 1]:
                continue
            wire_of = dict(zip(operands(gate), program.gate_wires[gate], strict=True))
            for first, second in pairs[starts[gate] : starts[gate + 1]]:
                if second < 0:
                    one.append(_Place(block, gate, (wire_of[first],)))
                else:
                    two.append(_Place(block, gate, (wire_of[first], wire_of[second])))
    return one, two
