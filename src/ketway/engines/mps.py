"""The matrix product state engine: wide circuits whose halves know little of each other.

A chain of tensors holds the state; its bonds are as large as the circuit entangles what is left of
them with what is right. Any gate runs, on any qubits, with noise and with measurements in the
middle. What cutting the bonds did to the state is bounded, and stated with every result.

The numbers come from BLAS and LAPACK, which on one thread give the same bits for the same shapes on
the same machine; see `mps_reading.py` for what becomes of the last bits on others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Structure
from ketway.devices.noise import NoiseModel
from ketway.engines import blas
from ketway.engines.bitrows import Rows, counted
from ketway.engines.engine import Task
from ketway.engines.mps_chain import DISCARDED, Chain
from ketway.engines.mps_estimate import estimate
from ketway.engines.mps_operators import Operators, check
from ketway.engines.mps_program import Program, bond_dimension, lower
from ketway.engines.mps_reading import Bits, outcomes
from ketway.engines.mps_walk import Walked, walk
from ketway.engines.noise import figures_of, noise_sites
from ketway.jobs.failures import Code, FailedError, Failure
from ketway.jobs.results import Provenance, Result, width_of

__all__ = ["MpsEngine", "bond_dimension"]

VERSION: Final = "1"
"""Raised when the same seed may give other bytes than before."""

_FLOOR: Final = 1e-20
"""Probabilities up to here are rounding, not outcomes."""


TOLERANCE: Final = 0.01
"""A planned run whose probabilities might be further off than this has failed."""


class MpsEngine:
    """Matrix product states in double precision."""

    name = "mps"
    version = VERSION

    def __init__(self, most: int | None = None, discarded: float = DISCARDED) -> None:
        """`most` bounds every bond, at the price of a truncation that the results state;
        `discarded` is the weight that each cut of a bond may drop."""
        self._most, self._discarded = most, discarded

    def run(self, task: Task) -> Iterator[Result]:
        noise = None if task.noise is None or task.noise.ideal else task.noise
        if noise is not None and noise.beyond_paulis:
            raise FailedError(
                Failure(
                    Code.UNSUPPORTED_GATE,
                    "A matrix product state takes errors that are Paulis, and this noise has "
                    "others (relaxation, damping, channels): use fewer qubits, or a model without.",
                )
            )
        if task.batch.structure.has_control:
            raise FailedError(
                Failure(
                    Code.UNSUPPORTED_GATE,
                    "A matrix product state follows no jumps and assignments of classical bits: "
                    "use fewer qubits, so that a state vector has room.",
                )
            )
        program = lower(task.batch.structure, noise)
        if task.shots <= 0 and not (task.exact and noise is None):
            raise _refusal("Without the exact distribution, circuits run shot by shot")
        if task.shots <= 0 and program.eventful:
            raise _refusal(
                "A circuit with measurements or resets in the middle is sampled shot by shot here"
            )
        check(program)
        return self._results(task, program, noise)

    def _results(self, task: Task, program: Program, noise: NoiseModel | None) -> Iterator[Result]:
        blas.use_one_thread()
        for params, seed in zip(task.batch.params, task.seeds, strict=True):
            chain = Chain(len(program.site_of), self._most or task.bonds or None, self._discarded)
            operators = Operators(program, params)
            walked = walk(program, operators, chain, noise, task.shots, seed)
            if self._most is None and walked.truncation > TOLERANCE:
                raise _too_entangled(task, walked.truncation)
            yield self._result(task, program, noise, walked, seed)

    def _result(
        self,
        task: Task,
        program: Program,
        noise: NoiseModel | None,
        walked: Walked,
        seed: int,
    ) -> Result:
        bits = task.batch.structure.outcome_bits
        found = counts = shots = probabilities = None
        kept = 1.0
        if task.shots > 0:
            found, counts, shots = counted(_packed(walked.records, program, bits), bits)
        lists = None
        if task.exact and noise is None and not program.eventful:
            lists = _listed_if_few(walked.chain, program, bits, found is None)
        if lists is not None:
            listed, masses = lists
            chosen = _largest(masses, task.kept)
            if found is not None:  # every outcome that was drawn is listed, kept or not
                assert counts is not None
                places = _places(listed, found, bits)
                chosen[places] = True
                every = np.zeros(len(listed), dtype=np.int64)
                every[places] = counts
                counts = every[chosen]
                shots = (np.cumsum(chosen) - 1).astype(np.uint32)[places[shots]]
            found, chances = listed[chosen], masses[chosen]
            kept = min(1.0, float(chances.sum() / masses.sum()))
            probabilities = chances / chances.sum()
        assert found is not None
        figures = {}
        if noise is not None:
            sites = noise_sites(task.batch.structure, noise)
            figures = figures_of(sites, noise, program.readout.slot_qubits)
        provenance = Provenance(
            engine=self.name,
            version=self.version,
            seed=seed,
            noise=noise.name if noise else None,
            rates=figures,
            kept=kept,
            truncation=walked.truncation,
        )
        return Result(bits, found, probabilities, counts, shots, provenance)

    def estimate(
        self,
        structure: Structure,
        rows: int,
        shots: int,
        noise: NoiseModel | None,
        exact: bool,
        kept: int,
    ) -> tuple[int, float]:
        """Peak bytes of one circuit's run and seconds of the whole batch on one thread, for bonds
        as large as the gates could make them: often far too high, never much too low."""
        return estimate(structure, rows, shots, noise, exact, kept, self._most)


def _too_entangled(task: Task, truncation: float) -> FailedError:
    return FailedError(
        Failure(
            Code.CIRCUIT_TOO_COMPLEX,
            f"The circuit entangles its {task.batch.structure.qubits:,} qubits more than bonds of "
            f"{task.bonds:,} can hold: probabilities might be off by {truncation:.2g}. Use fewer "
            "layers, or fewer qubits.",
        )
    )


def _packed(records: Bits, program: Program, bits: int) -> Rows:
    """Slots as rows of bytes; bits that nobody measured are 0."""
    spread = np.zeros((len(records), 8 * width_of(bits)), dtype=np.uint8)
    spread[:, list(program.readout.slot_bits)] = records
    return np.packbits(spread, axis=1, bitorder="little")


def _listed_if_few(
    chain: Chain, program: Program, bits: int, needed: bool
) -> tuple[Rows, NDArray[np.float64]] | None:
    """All outcomes, or none if they are too many and there are shots to go by."""
    try:
        return _listed(chain, program, bits)
    except FailedError:
        if needed:
            raise
        return None


def _listed(chain: Chain, program: Program, bits: int) -> tuple[Rows, NDArray[np.float64]]:
    """All outcomes, ascending, with their probabilities."""
    sites = program.read_sites
    found = outcomes(chain, max(sites, default=-1) + 1, _FLOOR)
    records = np.zeros((len(found.bits), len(program.readout.slot_bits)), dtype=np.uint8)
    for site, slots in zip(sites, program.readout.slots, strict=True):
        records[:, list(slots)] = found.bits[:, site, None]
    rows, _, places = counted(_packed(records, program, bits), bits)
    masses = np.bincount(places, weights=found.probabilities, minlength=len(rows))
    return rows, masses.astype(np.float64)


def _largest(masses: NDArray[np.float64], kept: int) -> NDArray[np.bool_]:
    """Of equally likely outcomes the smallest; what differs by rounding is equal."""
    chosen = np.zeros(len(masses), dtype=np.bool_)
    chosen[np.argsort(-np.rint(masses * 2.0**48), kind="stable")[:kept]] = True
    return chosen


def _places(listed: Rows, drawn: Rows, bits: int) -> NDArray[np.uint32]:
    """Where the drawn outcomes stand in the list."""
    _, _, places = counted(np.concatenate((listed, drawn)), bits)
    return places[len(listed) :]


def _refusal(why: str) -> FailedError:
    return FailedError(Failure(Code.INVALID_INPUT, f"{why}: ask for shots."))
