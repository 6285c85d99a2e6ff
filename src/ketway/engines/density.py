"""The density matrix engine: the exact distribution of small noisy circuits.

A density matrix on n qubits is a vector on 2 n: qubit q and its shadow q + n, on which every gate
acts conjugated. So it runs on the core that runs state vectors: a channel is a matrix on a site and
its shadow that is not unitary, which the core does not mind. A measurement in the middle copies its
outcome to a bit of its own, one more qubit of the vector; so every branch is followed, and each
recorded measurement costs what half a qubit costs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Floats, Structure
from ketway.devices.noise import NoiseModel
from ketway.engines import core, seeds
from ketway.engines.engine import Precision, Task
from ketway.engines.lowering import Lowered, Readout, lower, read, slot_misreadings
from ketway.engines.noise import Sites, figures_of, noise_sites
from ketway.jobs.failures import Code, FailedError, Failure
from ketway.jobs.results import Provenance, Result, rows_of, width_of

VERSION: Final = "1"
"""Raised when the same seed may give other bytes than before."""

MAX_WIDTH: Final = 26
"""Two for each qubit and one for each recorded measurement in the middle: 1 GiB in double precision."""

_MOST_SLOTS: Final = 24
"""Bits that are read; more than qubits only where one qubit is read into several."""

_FLOOR: Final[dict[Precision, float]] = {"double": 1e-14, "single": 1e-7}
"""Probabilities up to here are rounding, not outcomes: they are differences of amplitudes."""

_CHUNK_BYTES: Final = 1 << 26
"""Rows are run so many at a time that their numbers and answers take about this much."""

_LETTERS: Final = np.array(
    [[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]]
)


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
        doubled = _Doubled.of(structure, lowered, found)
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

        Time is amplitudes times gates: with its noise, a gate on one qubit costs about 0.6 ns per
        amplitude in double precision and one on more qubits about 4 ns, since it is a matrix on
        four; and every gate costs some time to be fused.
        """
        width = width_of_vector(structure, noise)
        single, many = structure.counts
        amplitudes = 2.0**width
        register = amplitudes * (16 if precision == "double" else 8)
        outcomes = 2.0 ** min(structure.outcome_bits, width)
        scale = 1.0 if precision == "double" else 0.6
        passes = amplitudes * scale * (0.6e-9 * single + 4e-9 * many + 2e-9)
        seconds = rows * (passes + 3e-6 * single + 2.5e-5 * many + 5e-5)
        seconds += rows * (outcomes * 4e-8 + shots * 1.5e-7) + 2e-3
        numbers = 2000 * structure.gates + min(_CHUNK_BYTES, rows * 600 * structure.gates)
        return int(register + 64 * outcomes + 40 * shots + numbers), seconds


def width_of_vector(structure: Structure, noise: NoiseModel | None) -> int:
    """How many qubits the vector has: two for each qubit, and one for each recorded measurement
    in the middle."""
    if not structure.has_events:
        return 2 * structure.qubits
    events = read(structure, noise is not None and noise.idles).event_slots
    return 2 * structure.qubits + int((events >= 0).sum())


def refusal(structure: Structure, noise: NoiseModel | None) -> str:
    """Why a circuit is too much for this engine, as a sentence; empty if it is not."""
    width = width_of_vector(structure, noise)
    if width > MAX_WIDTH:
        middle = width - 2 * structure.qubits
        return (
            f"A density matrix of {structure.qubits:,} qubits and {middle:,} measurements in the "
            f"middle needs 2^{width} numbers, and the density engine holds at most 2^{MAX_WIDTH}: "
            "ask for shots instead of the exact distribution, or use fewer qubits."
        )
    if structure.outcome_bits > _MOST_SLOTS and structure.measured:
        slots = len(read(structure, noise is not None and noise.idles).slot_bits)
        if slots > _MOST_SLOTS:
            return (
                f"The circuit reads {slots:,} bits, and the density engine gives distributions of "
                f"at most {_MOST_SLOTS}: measure fewer."
            )
    return ""


# ---------------------------------------------------------------- the program


@dataclass(frozen=True)
class _Doubled:
    """A program on the vector, from the program on states."""

    code: core.Code
    signs: Floats
    """What the numbers of a row are multiplied with to be those of the shadow."""

    def rows(self, rows: Floats) -> Floats:
        return np.concatenate((rows, rows * self.signs), axis=1)

    @classmethod
    def of(cls, structure: Structure, lowered: Lowered, sites: Sites | None) -> _Doubled:
        code, n = lowered.code, structure.qubits
        draft = _Draft(n, len(code.constants))
        sign_of = _signs(lowered)
        middle = {int(g): int(s) for g, s in zip(*_events(lowered), strict=True)}
        recorded = [slot for slot in middle.values() if slot >= 0]
        after = _channels(lowered, sites)
        for op in range(len(code.codes)):
            if code.codes[op] in (core.MEASURE, core.RESET):
                (qubit,) = _operands(code, op)
                slot = middle[op]
                if code.codes[op] == core.RESET:
                    draft.matrix((qubit, qubit + n), _RESET)
                elif slot < 0:
                    draft.matrix((qubit, qubit + n), _DEPHASE)
                else:
                    bit = 2 * n + recorded.index(slot)
                    draft.matrix((qubit, qubit + n, bit), _RECORD)
            else:
                draft.copy(op, 0)
                draft.copy(op, n)
            for site in after.get(op, ()):
                assert sites is not None
                operands, matrix = _channel(sites, site)
                draft.matrix((*operands, *(q + n for q in operands)), matrix)
        doubled = draft.code(code, sign_of, 2 * n + len(recorded), lowered.stride)
        return cls(doubled, sign_of[0])


def _operands(code: core.Code, op: int) -> list[int]:
    found: list[int] = code.operands[code.operand_starts[op] : code.operand_starts[op + 1]].tolist()
    return found


def _events(lowered: Lowered) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The operations that happen in the middle, and the slots that they write."""
    return lowered.last_ops[lowered.readout.events], lowered.readout.event_slots


def _channels(lowered: Lowered, sites: Sites | None) -> dict[int, list[int]]:
    """The sites that follow each operation and do anything."""
    out: dict[int, list[int]] = {}
    if sites is None:
        return out
    busy = (sites.error_odds > 0) | (sites.damping_odds > 0).any(axis=1)
    gates = np.repeat(np.arange(len(sites.starts) - 1), np.diff(sites.starts))
    for site in np.flatnonzero(busy).tolist():
        out.setdefault(int(lowered.last_ops[gates[site]]), []).append(site)
    return out


def _signs(lowered: Lowered) -> tuple[Floats, Floats]:
    """What makes the numbers of rows, and of constants, conjugate.

    The imaginary parts of matrices and phases change sign. exp(-i a P) becomes exp(i a P*), and P*
    is P but for a sign for each Y: so the sine, or the coefficient, changes sign unless the Ys are
    odd in number.
    """
    code = lowered.code
    rows, constants = np.ones(lowered.stride), np.ones(len(code.constants))
    for signs in (rows, constants):
        signs[1::2] = -1
    for op in np.flatnonzero(np.isin(code.codes, (core.ROTATION, core.PAULI_SUM))).tolist():
        targets = len(_operands(code, op)) - int(code.controls[op])
        start, terms = int(code.letter_starts[op]), int(code.terms[op])
        letters = code.letters[start : start + terms * targets].reshape(terms, targets)
        turned = np.where((letters == 2).sum(axis=1) % 2 == 1, 1.0, -1.0)
        data = int(code.data[op])
        if code.codes[op] == core.ROTATION:
            rows[data : data + 2] = 1.0, turned[0]
        else:
            rows[data : data + terms] = turned
    return rows, constants


class _Draft:
    """The arrays of a program while they are made: copies of operations, and matrices."""

    def __init__(self, shadow: int, constants: int) -> None:
        self.shadow = shadow
        self.sources: list[int] = []  # an operation, or -1
        self.shifts: list[int] = []
        self.places: list[tuple[int, ...]] = []
        self.data: list[int] = []
        self.numbers: list[Floats] = []
        self.end = 2 * constants
        self.known: dict[bytes, int] = {}

    def copy(self, op: int, shift: int) -> None:
        self._add(op, shift, (), 0)

    def matrix(self, operands: tuple[int, ...], matrix: NDArray[np.complex128]) -> None:
        key = matrix.tobytes()
        if key not in self.known:
            self.known[key] = self.end
            self.numbers.append(matrix.ravel().view(np.float64))
            self.end += 2 * matrix.size
        self._add(-1, 0, operands, self.known[key])

    def _add(self, source: int, shift: int, operands: tuple[int, ...], data: int) -> None:
        self.sources.append(source)
        self.shifts.append(shift)
        self.places.append(operands)
        self.data.append(data)

    def code(
        self, code: core.Code, signs: tuple[Floats, Floats], width: int, stride: int
    ) -> core.Code:
        source, shift = np.array(self.sources, dtype=np.int64), np.array(self.shifts)
        copied = source >= 0
        kept = np.where(copied, source, 0)
        starts, operands = [0], []
        for op, moved, places in zip(self.sources, self.shifts, self.places, strict=True):
            operands.extend(places if op < 0 else [q + moved for q in _operands(code, op)])
            starts.append(len(operands))

        def chosen(values: NDArray[np.generic], other: int) -> NDArray[np.generic]:
            taken = values[kept] if len(values) else np.zeros(len(kept), dtype=values.dtype)
            return np.where(copied, taken, other).astype(values.dtype)

        varies = chosen(code.varies, 0)
        moved = np.where(varies == 1, stride, len(code.constants)) * (shift > 0)
        data = np.where(copied, chosen(code.data, 0) + moved, np.array(self.data))
        return core.Code(
            width,
            chosen(code.codes, core.MATRIX),
            chosen(code.controls, 0),
            np.array(starts, dtype=np.int32),
            np.array(operands, dtype=np.int32),
            chosen(code.terms, 0),
            chosen(code.letter_starts, 0),
            code.letters,
            data.astype(np.int64),
            chosen(code.forms, core.HALF),
            varies,
            np.concatenate((code.constants, code.constants * signs[1], *self.numbers)),
            np.full(len(source), -1, dtype=np.int32),
            np.arange(width, dtype=np.int32),
        )


# ---------------------------------------------------------------- channels as matrices


def _superoperator(*kraus: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """On a site (low bits of the index) and its shadow (high bits)."""
    total: NDArray[np.complex128] = sum(
        (np.kron(k.conj(), k) for k in kraus), np.zeros((len(kraus[0]) ** 2,) * 2, dtype=complex)
    )
    return total


_ZERO: Final = np.diag([1, 0]).astype(np.complex128)
_ONE: Final = np.diag([0, 1]).astype(np.complex128)
_FALL: Final = np.array([[0, 1], [0, 0]], dtype=np.complex128)
_DEPHASE: Final = _superoperator(_ZERO, _ONE)
_RESET: Final = _superoperator(_ZERO, _FALL)


def _recording() -> NDArray[np.complex128]:
    """A measurement on a qubit, its shadow, and a bit that was 0."""
    out = np.zeros((8, 8), dtype=np.complex128)
    out[0b000, 0b000] = out[0b111, 0b011] = 1
    return out


_RECORD: Final = _recording()


def _channel(sites: Sites, site: int) -> tuple[tuple[int, ...], NDArray[np.complex128]]:
    """The qubits of a site, and all that may happen there as one matrix."""
    first, second = sites.qubits[site].tolist()
    qubits = (first,) if second < 0 else (first, second)
    width = len(qubits)
    distribution = sites.distributions[sites.tables[site]]
    total = _superoperator(
        *(
            np.sqrt(p) * reduce(np.kron, [_LETTERS[k >> 2 * j & 3] for j in range(width)][::-1])
            for k, p in enumerate(distribution[: 4**width].tolist())
            if p > 0
        )
    )
    for j in range(width):
        odds, damping = sites.damping_odds[site, j], sites.damping[site, j]
        if odds > 0:
            total = _damped(float(odds), float(damping), j, width) @ total
    return qubits, total


def _damped(odds: float, damping: float, place: int, width: int) -> NDArray[np.complex128]:
    spared = [np.eye(2, dtype=np.complex128)] * width

    def widened(matrix: NDArray[np.complex128]) -> NDArray[np.complex128]:
        factors = [*spared[:place], matrix, *spared[place + 1 :]]
        return reduce(np.kron, factors[::-1])

    return _superoperator(
        np.sqrt(1 - odds) * widened(spared[0]),
        np.sqrt(odds) * widened(np.diag([1, np.sqrt(1 - damping)]).astype(np.complex128)),
        np.sqrt(odds * damping) * widened(_FALL),
    )


# ---------------------------------------------------------------- reading


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
        out = np.bincount(number, weights=np.maximum(diagonal, 0.0), minlength=1 << count)
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
    made = provenance if kept == 1.0 else _with_kept(provenance, kept)
    return Result(reading.bits, reading.outcomes(listed), probabilities, counts, shots, made)


def _with_kept(provenance: Provenance, kept: float) -> Provenance:
    import msgspec

    return msgspec.structs.replace(provenance, kept=kept)


def _drawn(sums: Floats, shots: int, seed: int) -> NDArray[np.int64]:
    """Shots as numbers of outcomes, each where its uniform number falls among the sums."""
    if shots <= 0:
        return np.zeros(0, dtype=np.int64)
    raw = np.asarray(seeds.bits(seed, "density").random_raw(shots), dtype=np.uint64)
    uniform = (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53
    found = np.searchsorted(sums, uniform * sums[-1], side="right")
    last = int(np.searchsorted(sums, sums[-1]))  # rounding must not go past what has a chance
    return np.minimum(found, last).astype(np.int64)
