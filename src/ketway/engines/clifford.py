"""The Clifford engine: circuits of stabiliser gates, on thousands of qubits.

Stim computes one reference sample; Pauli frames say how everything else differs from it. Without
noise, the outcomes are an affine subspace and each of its points is equally likely, measurements in
the middle included, so the exact distribution costs no more than finding the subspace. With noise,
or where the subspace is too wide to number, each shot is a column of frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import stim  # type: ignore[import-untyped]
from numpy.typing import NDArray

from ketway.circuits.circuit import Structure
from ketway.circuits.gates import GATES, Kind
from ketway.devices.noise import NoiseModel
from ketway.engines import seeds
from ketway.engines.affine import Space, space_of
from ketway.engines.bitrows import Rows, counted, counted_integers, turned
from ketway.engines.clifford_gates import clifford_rows
from ketway.engines.clifford_program import Program, lower
from ketway.engines.engine import Task
from ketway.engines.faults import Faults, FaultSource
from ketway.engines.frames import Choices, Coins, walk
from ketway.engines.noise import Sites, figures_of, misreadings, noise_sites
from ketway.jobs.failures import Code, FailedError, Failure
from ketway.jobs.results import Provenance, Result, width_of

_NUMBERED: Final = 20
"""Spaces up to this dimension are sampled by number; wider ones are sampled with frames."""

_FRAME_BYTES: Final = 1 << 25
"""Frames of one walk; more shots take more walks. Part of what a seed means: never change it."""

_CHOOSING: Final = (Kind.MEASURE, Kind.RESET)
"""Kinds that may make a random choice."""

_KEEPING: Final = (
    *_CHOOSING,
    *(kind for kind, gate in GATES.items() if gate.diagonal),
    *(Kind.X, Kind.Y, Kind.SWAP, Kind.GPI, Kind.PAULIEXP),
)
"""Kinds that map basis states to basis states; `pauliexp` is counted by its terms instead."""

_WALK_WORDS: Final = (16, 2048)
"""Fewest and most words of shots in one walk."""


@dataclass(frozen=True)
class _Drawn:
    """What was drawn of one circuit."""

    outcomes: Rows
    counts: NDArray[np.int64]
    shots: NDArray[np.uint32]


@dataclass
class _Prepared:
    """What the rows of a batch that mean the same gates share."""

    program: Program
    reference: NDArray[np.uint8]
    """The reference sample: one outcome."""
    space: Space | None
    """All outcomes, where that was asked for or is narrow enough to number."""
    faults: Faults | None
    """What can go wrong, with noise."""
    figures: dict[str, float]
    """What of the noise was applied."""


class CliffordEngine:
    """Stabiliser circuits, exactly, or shot by shot with Pauli noise and readout errors."""

    name = "clifford"
    version = f"2/stim-{stim.__version__}"

    def run(self, task: Task) -> Iterator[Result]:
        noise = None if task.noise is None or task.noise.ideal else task.noise
        noisy = noise is not None
        exact = task.exact and not noisy
        if noise is not None and noise.beyond_paulis:
            raise FailedError(
                Failure(
                    Code.UNSUPPORTED_GATE,
                    f"The Clifford engine cannot do what in the noise model {noise.name} is no "
                    "mixture of Paulis (relaxation, damping, channels): use fewer qubits, or a "
                    "model without.",
                )
            )
        sites = None if noise is None else noise_sites(task.batch.structure, noise)
        if task.shots <= 0 and not exact:
            why = "Noise is sampled" if noisy else "Without the exact distribution, circuits run"
            raise FailedError(Failure(Code.INVALID_INPUT, f"{why} shot by shot: ask for shots."))
        able = clifford_rows(task.batch)
        prepared: tuple[bytes, _Prepared] | None = None
        for clifford, params, seed in zip(able, task.batch.params, task.seeds, strict=True):
            if not clifford:
                raise FailedError(
                    Failure(
                        Code.UNSUPPORTED_GATE,
                        "The Clifford engine was given a circuit whose gates are not all Clifford.",
                    )
                )
            if prepared is None or prepared[0] != params.tobytes():
                program = lower(task.batch.structure, params, sites)
                prepared = (params.tobytes(), _prepare(program, task, sites))
            yield self._result(prepared[1], task, seed, noisy)

    def estimate(
        self,
        structure: Structure,
        rows: int,
        shots: int,
        noise: NoiseModel | None,
        exact: bool,
        kept: int,
    ) -> tuple[int, float]:
        """Peak bytes of one circuit's run and seconds of the whole batch, both a little high."""
        return _estimate(structure, rows, shots, noise, exact, kept)

    def _result(self, prepared: _Prepared, task: Task, seed: int, noisy: bool) -> Result:
        space = prepared.space
        drawn = _draw(prepared, task, seed) if task.shots else None
        outcomes = probabilities = counts = shots = None
        kept = 1.0
        if drawn is not None:
            outcomes, counts, shots = drawn.outcomes, drawn.counts, drawn.shots
        if task.exact and not noisy:
            assert space is not None
            outcomes = space.first(min(1 << space.dimension, _floor_power(task.kept)))
            if drawn is not None:
                outcomes, counts, shots = _merged(outcomes, drawn, prepared.program.bits)
            probabilities = np.full(len(outcomes), 0.5**space.dimension)
            kept = float(len(outcomes) * 0.5**space.dimension)
        assert outcomes is not None
        noise = task.noise if noisy else None
        provenance = Provenance(
            engine=self.name,
            version=self.version,
            seed=seed,
            noise=noise.name if noise else None,
            rates=prepared.figures,
            kept=kept,
        )
        return Result(prepared.program.bits, outcomes, probabilities, counts, shots, provenance)


def _prepare(program: Program, task: Task, sites: Sites | None) -> _Prepared:
    records = _records(program)
    reference = _reference(program, records)
    noisy = sites is not None
    choices = program.qubits + program.fresh
    space = None
    # Without noise, as many choices as shots cost what the shots would; fewer are a gain.
    if not noisy and (task.exact or choices <= task.shots):
        flips = walk(program, choices, Choices().choose, None)
        vectors = turned(flips, program.bits, choices)
        space = space_of(reference, vectors, None if task.exact else _NUMBERED)
    if sites is None or task.noise is None:
        return _Prepared(program, reference, space, None, {})
    misread = misreadings(task.noise, tuple(program.read))
    tables = sites.tables.tolist()
    faults = Faults(tables, sites.distributions, sites.widths, misread, records)
    figures = figures_of(sites, task.noise, tuple(program.read))
    return _Prepared(program, reference, space, faults, figures)


def _records(program: Program) -> list[bool]:
    """What each measurement gives if every random one gives 0: the same on every machine."""
    if not program.written:
        return []
    records: list[bool] = stim.Circuit(program.text).reference_sample().tolist()
    return records


def _reference(program: Program, records: list[bool]) -> NDArray[np.uint8]:
    """The outcome of the reference sample."""
    bits = np.zeros(width_of(program.bits) * 8, dtype=np.uint8)
    # The last write to a bit wins, as assignment in order does.
    for bit, record in zip(program.written, records, strict=True):
        bits[bit] = record
    return np.packbits(bits, bitorder="little")


def _draw(prepared: _Prepared, task: Task, seed: int) -> _Drawn:
    space, program = prepared.space, prepared.program
    if space is not None and space.dimension <= _NUMBERED:
        raw = np.asarray(seeds.bits(seed, "points").random_raw(task.shots), dtype=np.uint64)
        numbers = raw & np.uint64((1 << space.dimension) - 1)
        found, counts, shots = counted_integers(numbers, space.dimension)
        return _Drawn(space.points(found), counts, shots)
    rows = np.empty((task.shots, width_of(program.bits)), dtype=np.uint8)
    step = walk_words(program.qubits) * 64
    for part, start in enumerate(range(0, task.shots, step)):
        shots_here = min(step, task.shots - start)
        faults = None
        if prepared.faults is not None:
            faults = FaultSource(prepared.faults, seed, part, shots_here)
        coins = Coins(seeds.bits(seed, f"coins/{part}"))
        flips = walk(program, shots_here, coins.choose, faults)
        rows[start : start + shots_here] = turned(flips, program.bits, shots_here)
    rows ^= prepared.reference
    return _Drawn(*counted(rows, program.bits))


def walk_words(qubits: int) -> int:
    """Words of shots in one walk."""
    fewest, most = _WALK_WORDS
    return max(fewest, min(most, _FRAME_BYTES // (16 * max(1, qubits))))


def _merged(
    kept: Rows, drawn: _Drawn, bits: int
) -> tuple[Rows, NDArray[np.int64], NDArray[np.uint32]]:
    """The kept outcomes and those drawn beyond them, and where in that list the shots are.

    Every outcome that was drawn is listed, kept or not, so that the counts sum to the shots.
    """
    outcomes, _, places = counted(np.concatenate((kept, drawn.outcomes)), bits)
    moved = places[len(kept) :]
    counts = np.zeros(len(outcomes), dtype=np.int64)
    counts[moved] = drawn.counts
    return outcomes, counts, moved[drawn.shots]


def _floor_power(number: int) -> int:
    return 1 << (max(1, number).bit_length() - 1)


def _estimate(
    structure: Structure,
    rows: int,
    shots: int,
    noise: NoiseModel | None,
    exact: bool,
    kept: int,
) -> tuple[int, float]:
    qubits, bits = max(1, structure.qubits), structure.outcome_bits
    width = width_of(bits)
    noisy = noise is not None and not noise.ideal
    # Without noise, the columns of one walk are random choices; with it, or too many, shots.
    choices = qubits + int(np.isin(structure.kinds, _CHOOSING).sum())
    columns = 0 if noisy or (choices > shots and not exact) else choices
    walked = min(shots, walk_words(qubits) * 64)
    frames = (2 * qubits + bits) * max(columns, walked) // 8
    listed = min(kept, 1 << min(bits, spread_of(structure), 40)) if exact and not noisy else 0
    rows_bytes = 4 * (shots + listed) * (width + 12)
    size = 2 * qubits * qubits // 8 + 2 * frames + rows_bytes + 400 * structure.gates + (8 << 20)
    hits = 0.0
    if noisy and noise is not None:
        rate = noise_sites(structure, noise).expected
        hits = shots * (rate + float(misreadings(noise, tuple(range(qubits))).sum()))
        size += 32 << 20  # tables of gaps, and masks made in blocks
    # Figures measured with 1,000 qubits and 100,000 shots, and with 150,000 gates, doubled.
    words = (columns + shots) / 64
    walking = structure.gates * 2e-5 + (2 * structure.gates + bits) * words * 2e-9 + hits * 4e-7
    seconds = rows * (8e-4 + walking + (shots + listed) * (4e-7 + width * 2.4e-8))
    return size, seconds


def spread_of(structure: Structure) -> int:
    """How many dimensions the outcomes can have at most.

    The dimension is the rank of the stabilisers' X parts. A gate that maps basis states to basis
    states keeps it; any other on one qubit, and any root of a Pauli product, adds at most one.
    """
    spreading = ~np.isin(structure.kinds, _KEEPING)
    terms = np.diff(structure.param_starts)[structure.kinds == Kind.PAULIEXP]
    return int(spreading.sum()) + int(terms.sum())
