"""The pre-pass: what is run in place of a circuit, and how its answer is put together again.

Each pass is a function of the structure, so that rows of one batch, whoever shares it, go the same
way. What a pass may do depends on noise: errors follow every gate, so with noise no gate is
replaced by another, and only gates go whose qubits nobody sees. A piece numbers its qubits anew, so
it gets the noise of its own places, and its figures are told by the circuit's numbers again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from ketway.circuits.circuit import Structure
from ketway.devices.noise import NoiseModel
from ketway.engines.engine import Task
from ketway.engines.prepass.cone import light_cone, touched
from ketway.engines.prepass.merging import merged
from ketway.engines.prepass.phases import with_phases
from ketway.engines.prepass.pieces import Piece, connections, in_order, pieces
from ketway.engines.prepass.sheet import Sheet
from ketway.engines.prepass.swaps import without_swaps
from ketway.engines.seeds import derive
from ketway.jobs.results import Result

SMALL: Final = 12
"""Qubits up to which a circuit without noise runs before a pre-pass would have looked at it.
Part of what a seed means, like `pieces.TOGETHER`."""
_SMALL_NOISY: Final = 4
_PLACE: Final = re.compile(r"\[([0-9,]+)\]")
"""The qubits that a figure of noise is about."""


@dataclass(frozen=True)
class Prepared:
    """The pieces that are run in place of a circuit."""

    bits: int
    """Of an outcome of the circuit."""
    pieces: tuple[Piece, ...]

    def task(self, task: Task, k: int) -> Task:
        """The task of piece k. Its seeds are the circuits' own if there is no other piece, else
        `derive(seed of the circuit, k)`."""
        batch = self.pieces[k].batch(task.batch)
        task = replace(task, noise=self.noise_of(task.noise, k))
        if len(self.pieces) == 1:
            return replace(task, batch=batch)
        return replace(task, batch=batch, seeds=tuple(derive(seed, k) for seed in task.seeds))

    def noise_of(self, noise: NoiseModel | None, k: int) -> NoiseModel | None:
        """The noise of the circuit's qubits on those of piece k."""
        return None if noise is None else noise.on(self.pieces[k].qubits.tolist())

    def merge(self, results: Sequence[Result], seed: int, kept: int) -> Result:
        """The answer of a circuit with this seed, from its pieces' answers."""
        results = [
            _told(result, piece.qubits.tolist())
            for result, piece in zip(results, self.pieces, strict=True)
        ]
        return merged(results, [piece.bits for piece in self.pieces], self.bits, seed, kept)


def prepare(structure: Structure, noise: NoiseModel | None = None) -> Prepared | None:
    """What to run in place of circuits of this structure; None if they are best run as they are."""
    if structure.has_control:
        return None  # every pass takes gates to happen once, in their order
    noisy = noise is not None and not noise.ideal
    if structure.qubits <= (_SMALL_NOISY if noisy else SMALL):
        return None
    return reduced(structure, noise)


def _told(result: Result, qubits: list[int]) -> Result:
    """A result whose figures name the circuit's qubits."""
    made = result.provenance
    if not any("[" in name for name in made.rates):
        return result

    def whole(found: re.Match[str]) -> str:
        return f"[{','.join(str(qubits[int(q)]) for q in found[1].split(','))}]"

    rates = {_PLACE.sub(whole, name): rate for name, rate in made.rates.items()}
    return replace(result, provenance=msgspec.structs.replace(made, rates=rates))


def reduced(structure: Structure, noise: NoiseModel | None) -> Prepared | None:
    """The same for circuits of any size."""
    noisy = noise is not None and not noise.ideal
    whole = sheet = Sheet.of(structure)
    if not noisy:
        sheet = with_phases(without_swaps(sheet))
    if noisy and noise is not None and (noise.awake or noise.beyond_paulis):
        sheet = touched(sheet)
    else:
        sheet = light_cone(sheet, noisy)
    connected = connections(sheet)
    if sheet is whole and not connected.part.any() and in_order(sheet):
        return None
    idle = noisy and noise is not None and (noise.misreads or bool(noise.awake))
    return Prepared(structure.outcome_bits, pieces(sheet, connected, alone=noisy, idle=idle))
