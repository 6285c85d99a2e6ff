"""The density matrix engine: the exact distribution of small noisy circuits.

A density matrix on n qubits runs as a vector on 2 n on the core that runs state vectors: see
`doubling.py`. Every branch of a measurement in the middle is followed, and a measurement that is
recorded costs what half a qubit costs.

With 13 layers of rotations and CNOTs, it is cheaper than trajectories from so many shots on: 1,000
to 2,000 on up to 6 qubits, 4,000 on 7, 7,000 on 8, 25,000 on 9, 60,000 on 10, hundreds of thousands
on 11 and 12. Of many circuits that share a structure, from a tenth of that on up to 6 qubits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Floats, Structure
from ketway.devices.noise import NoiseModel
from ketway.engines import core, seeds
from ketway.engines.doubling import Doubled
from ketway.engines.engine import Precision, Task
from ketway.engines.lowered_noise import slot_misreadings
from ketway.engines.lowering import Readout, lower, read
from ketway.engines.noise import figures_of, noise_sites
from ketway.jobs.failures import Code, FailedError, Failure
from ketway.jobs.results import Provenance, Result, rows_of, width_of

VERSION: Final = "1"
"""Raised when the same seed may give other bytes than before."""

MAX_WIDTH: Final = 26
"""Two for each qubit, one for each recorded measurement in the middle: 1 GiB in double."""

_MOST_SLOTS: Final = 24
"""Bits that are read; more than qubits only where one qubit is read into several."""

_FLOOR: Final[dict[Precision, float]] = {"double": 1e-14, "single": 1e-7}
"""Probabilities up to here are rounding, not outcomes: they are differences of amplitudes."""

_CHUNK_BYTES: Final = 1 << 26
"""Rows are run so many at a time that their numbers and answers take about this much."""


class DensityEngine:
    """Density matrices, in double or single precision."""

    name = "density"
    version = VERSION

    def run(self, task: Task) -> Iterator[Result]:
        structure = task.batch.structure
        noise = None if task.noise is None or task.noise.ideal else task.noise
        if task.shots <= 0 and not task.exact:
            raise FailedError(
                Failure(Code.INVALID_INPUT, "Ask for shots or for the exact distribution.")
            )
        problem = refusal(structure, noise)
        if problem:
            raise FailedError(Failure(Code.NOT_ENOUGH_QUBITS, problem))
        return self._rows(task, noise)

    def _rows(self, task: Task, noise: NoiseModel | None) -> Iterator[Result]:
        structure = task.batch.structure
        # A model, even if it does nothing, so that swaps stay gates and qubits keep their places.
        lowered = lower(structure, noise or NoiseModel("none"))
        found = None if noise is None else noise_sites(structure, noise)
        slot_qubits = lowered.readout.slot_qubits
        figures = figures_of(found, noise, slot_qubits) if found and noise else {}
        doubled = Doubled.of(structure, lowered, found)
        reading = _Reading.of(structure, lowered.readout, slot_misreadings(lowered.readout, noise))
        step = max(1, _CHUNK_BYTES // (16 * lowered.stride + 8 * reading.size + 1))
        single = task.precision == "single"
        for start in range(0, len(task.batch), step):
            rows = doubled.rows(lowered.rows(task.batch.params[start : start + step]))
            chances = core.real(
                doubled.code, rows, reading.masks, single=single, threads=task.threads
            )
            for row, seed in zip(chances, task.seeds[start : start + step], strict=True):
                provenance = Provenance(
                    self.name,
                    VERSION,
                    task.precision,
                    seed,
                    noise.name if noise else None,
                    figures,
                )
                yield _result(reading.slots(row), task, seed, reading, provenance)

    def estimate(
        self,
        structure: Structure,
        rows: int,
        shots: int,
        noise: NoiseModel | None,
        precision: Precision,
    ) -> tuple[int, float]:
        """Peak bytes of one circuit's run, and seconds for all rows on one thread.

        Time is amplitudes times gates: with its noise, a gate on one qubit costs about 0.5 ns per
        amplitude in double precision and one on more qubits about 3 ns, since it is a matrix on
        four; and every gate costs some time to be fused.
        """
        width = width_of_vector(structure, noise)
        single, many = structure.counts
        amplitudes = 2.0**width
        register = amplitudes * (16 if precision == "double" else 8)
        outcomes = 2.0 ** min(structure.outcome_bits, width)
        scale = 1.0 if precision == "double" else 0.6
        passes = amplitudes * scale * (0.45e-9 * single + 3e-9 * many + 2e-9)
        fusing = 1.5e-6 * (single + many) + 1e-4
        seconds = rows * (passes + fusing + outcomes * 4e-8 + shots * 1.5e-7) + 1.5e-3
        numbers = 2000 * structure.gates + min(_CHUNK_BYTES, rows * 600 * structure.gates)
        return int(register + 64 * outcomes + 40 * shots + numbers), seconds


def width_of_vector(structure: Structure, noise: NoiseModel | None) -> int:
    """How many qubits the vector has: two for each qubit, and one for each recorded measurement
    in the middle."""
    if not structure.has_events:
        return 2 * structure.qubits
    events = read(structure, () if noise is None else noise.awake).event_slots
    return 2 * structure.qubits + int((events >= 0).sum())


def refusal(structure: Structure, noise: NoiseModel | None) -> str:
    """Why a circuit is too much for this engine, as a sentence; empty if it is not."""
    if structure.has_control:
        return (
            "The density engine follows no jumps and assignments of classical bits: ask for shots "
            "instead of the exact distribution."
        )
    width = width_of_vector(structure, noise)
    if width > MAX_WIDTH:
        middle = width - 2 * structure.qubits
        return (
            f"A density matrix of {structure.qubits:,} qubits and {middle:,} measurements in the "
            f"middle needs 2^{width} numbers, and the density engine holds at most 2^{MAX_WIDTH}: "
            "ask for shots instead of the exact distribution, or use fewer qubits."
        )
    if structure.outcome_bits > _MOST_SLOTS and structure.measured:
        slots = len(read(structure, () if noise is None else noise.awake).slot_bits)
        if slots > _MOST_SLOTS:
            return (
                f"The circuit reads {slots:,} bits, and the density engine gives distributions of "
                f"at most {_MOST_SLOTS}: measure fewer."
            )
    return ""


@dataclass(frozen=True)
class _Reading:
    """How the diagonal of the vector becomes a distribution over slots."""

    bits: int
    """Of an outcome."""
    slot_bits: tuple[int, ...]
    masks: NDArray[np.uint64]
    """What is taken from the vector: each qubit with its shadow, then the recorded bits."""
    sources: tuple[int, ...]
    """For each slot, which of the masks it is read from."""
    misread: Floats | None

    @property
    def size(self) -> int:
        return int(2 ** len(self.masks))

    @classmethod
    def of(cls, structure: Structure, readout: Readout, misread: Floats | None) -> _Reading:
        n = structure.qubits
        recorded = [slot for slot in readout.event_slots.tolist() if slot >= 0]
        masks = [1 << q | 1 << (q + n) for q in range(n)]
        masks += [1 << (2 * n + k) for k in range(len(recorded))]
        source = {slot: n + k for k, slot in enumerate(recorded)}
        for qubit, slots in zip(readout.qubits, readout.slots, strict=True):
            source.update(dict.fromkeys(slots, qubit))
        return cls(
            structure.outcome_bits,
            readout.slot_bits,
            np.array(masks, dtype=np.uint64),
            tuple(source[j] for j in range(len(readout.slot_bits))),
            misread,
        )

    def slots(self, diagonal: Floats) -> Floats:
        """The distribution over the slots, with misreading; bit j of its index is slot j."""
        count = len(self.slot_bits)
        index = np.arange(len(diagonal))
        number = np.zeros(len(diagonal), dtype=np.int64)
        for j, source in enumerate(self.sources):
            number |= (index >> source & 1) << j
        weights = np.maximum(diagonal, 0.0)
        out: Floats = np.bincount(number, weights=weights, minlength=1 << count).astype(np.float64)
        for j, (zero, one) in enumerate(() if self.misread is None else self.misread.tolist()):
            pairs = out.reshape(-1, 2, 1 << j)
            was = pairs.copy()
            pairs[:, 0] = (1 - zero) * was[:, 0] + one * was[:, 1]
            pairs[:, 1] = zero * was[:, 0] + (1 - one) * was[:, 1]
        return out

    def outcomes(self, numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Slots are in the order of the bits, so outcomes ascend where numbers do."""
        if self.slot_bits == tuple(range(len(self.slot_bits))) and self.bits <= 64:
            return rows_of(numbers.astype(np.uint64), self.bits)
        out = np.zeros((len(numbers), width_of(self.bits)), dtype=np.uint8)
        for slot, bit in enumerate(self.slot_bits):
            out[:, bit // 8] |= (numbers >> slot & 1).astype(np.uint8) << np.uint8(bit % 8)
        return out


def _result(
    chances: Floats, task: Task, seed: int, reading: _Reading, provenance: Provenance
) -> Result:
    sums = np.cumsum(chances)
    drawn = _drawn(sums, task.shots, seed)
    listed = np.unique(drawn)
    kept = 1.0
    if task.exact:
        large = np.flatnonzero(chances > _FLOOR[task.precision] * sums[-1])
        if len(large) > task.kept:
            # The largest; of equals the first.
            order = np.argsort(-chances[large], kind="stable")[: task.kept]
            large = large[order]
            kept = float(chances[large].sum() / sums[-1])
        listed = np.union1d(large, listed)
    probabilities = counts = shots = None
    if task.exact:
        probabilities = chances[listed]
        probabilities = probabilities / probabilities.sum()
    if task.shots > 0:
        places = np.searchsorted(listed, drawn)
        counts = np.bincount(places, minlength=len(listed)).astype(np.int64)
        shots = places.astype(np.uint32)
    made = msgspec.structs.replace(provenance, kept=kept)
    return Result(reading.bits, reading.outcomes(listed), probabilities, counts, shots, made)


def _drawn(sums: Floats, shots: int, seed: int) -> NDArray[np.int64]:
    """Shots as numbers of outcomes, each where its uniform number falls among the sums."""
    if shots <= 0:
        return np.zeros(0, dtype=np.int64)
    raw = np.asarray(seeds.bits(seed, "density").random_raw(shots), dtype=np.uint64)
    uniform = (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53
    found = np.searchsorted(sums, uniform * sums[-1], side="right")
    last = int(np.searchsorted(sums, sums[-1]))  # rounding must not go past what has a chance
    numbers: NDArray[np.int64] = np.minimum(found, last).astype(np.int64)
    return numbers
