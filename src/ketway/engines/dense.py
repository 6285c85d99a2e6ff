"""The dense state vector engine: every gate, any circuit, as many qubits as memory has room for.

Circuits without noise and without measurements in the middle are run once and give exact
distributions, shots drawn from them, or both. All others are sampled by the core's branching walk:
shots run together until an error or a measurement parts them.

A seed gives the same bytes for any number of threads and any split of a batch. It does so on any
processor with fused multiply-add (all of the last ten years): the order of every sum is fixed. The
narrow build for older ones rounds differently, in the last place of an amplitude.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Floats, Structure
from ketway.circuits.control import MOST_LOOPS
from ketway.devices.noise import NoiseModel
from ketway.engines import core, together
from ketway.engines.branching import exactly, most_branches, room_for, spread
from ketway.engines.engine import KEPT_OUTCOMES, Precision, Taken, Task
from ketway.engines.lowered_noise import core_sites, slot_misreadings
from ketway.engines.lowering import Lowered, Readout, lower, read_places
from ketway.engines.noise import Sites, figures_of, noise_sites
from ketway.engines.seeds import derive
from ketway.jobs.failures import Code, FailedError, Failure
from ketway.jobs.results import Provenance, Result, rows_of, width_of

VERSION: Final = "2"
"""Raised when the same seed may give other bytes than before."""

_FLOOR: Final[dict[Precision, float]] = {"double": 1e-20, "single": 1e-12}
"""Probabilities up to here are rounding, not outcomes."""

_LOWERING_SECONDS: Final = 3e-4
"""What a structure costs before the first of its rows is run."""

CHUNK_BYTES: Final = 1 << 26
"""Rows are run so many at a time that their numbers and answers take about this much."""


class DenseEngine:
    """State vectors in double or single precision."""

    name = "dense"
    version = VERSION

    def run(self, task: Task) -> Iterator[Result]:
        noise = None if task.noise is None or task.noise.ideal else task.noise
        lowered = _lowered(task, noise)
        if noise is None and not lowered.eventful:
            return self._exact(task, lowered)
        if noise is None and task.exact:
            return self._walked(task, lowered)
        if task.shots <= 0:
            why = "noise" if noise else "measurements or resets in the middle"
            raise FailedError(
                Failure(
                    Code.INVALID_INPUT,
                    f"A circuit with {why} is sampled shot by shot here: ask for shots.",
                )
            )
        return self._branched(task, lowered, noise)

    def take(self, task: Task) -> Iterator[Taken]:
        """The shots that `run` would take, sooner: nothing is counted."""
        noise = None if task.noise is None or task.noise.ideal else task.noise
        lowered, bits = _lowered(task, noise), task.batch.structure.outcome_bits
        if noise is not None or lowered.eventful:
            for record, provenance in self._records(task, lowered, noise):
                yield Taken(_unfolded(record, lowered.readout, bits), provenance)
            return
        for found, seeds in self._drawn(replace(task, exact=False), lowered):
            assert found.order is not None, "shots were asked for"
            for i, seed in enumerate(seeds):
                drawn = found.outcomes[i].take(found.order[i])
                taken = _outcomes(drawn, lowered.readout, bits)
                yield Taken(taken, _provenance(task, seed, None, 1.0, {}))

    def run_many(self, tasks: Sequence[Task], threads: int) -> Iterator[Result]:
        """The result of each of many tasks of one small circuit that want the same, in their
        order: what `run` would give, sooner. See `together.fits`."""
        precision = tasks[0].precision
        seeds = [_word(task.seeds[0]) for task in tasks]
        answers = together.run(tasks, seeds, _FLOOR[precision], threads)
        for task, found in zip(tasks, answers, strict=True):
            bits = task.batch.structure.outcome_bits
            yield Result(
                bits,
                rows_of(found.outcomes, bits),
                found.probabilities,
                found.counts,
                found.order,
                _provenance(task, task.seeds[0], None, found.mass, {}),
            )

    def _exact(self, task: Task, lowered: Lowered) -> Iterator[Result]:
        readout, bits = lowered.readout, task.batch.structure.outcome_bits
        for found, seeds in self._drawn(task, lowered):
            for i, seed in enumerate(seeds):
                length = int(found.lengths[i])
                yield Result(
                    bits,
                    _outcomes(found.outcomes[i, :length], readout, bits),
                    None if found.probabilities is None else found.probabilities[i, :length],
                    None if found.counts is None else found.counts[i, :length],
                    None if found.order is None else found.order[i],
                    _provenance(task, seed, None, float(found.masses[i]), {}),
                )

    def _drawn(self, task: Task, lowered: Lowered) -> Iterator[tuple[core.Rows, tuple[int, ...]]]:
        """What the core gives for rows that are run from their beginning to their end, and the
        seeds of those rows."""
        readout = lowered.readout
        if task.shots <= 0 and not task.exact:
            raise FailedError(
                Failure(Code.INVALID_INPUT, "Ask for shots or for the exact distribution.")
            )
        wide = 1 << len(readout.qubits)
        room = min(wide, (task.kept if task.exact else 0) + task.shots)
        step = _step(lowered, 24 * room + 4 * task.shots)
        for params, seeds in _chunks(task, step):
            found = core.run(
                lowered.code,
                lowered.rows(params),
                single=task.precision == "single",
                threads=task.threads,
                exact=task.exact,
                shots=task.shots,
                kept=task.kept,
                floor=_FLOOR[task.precision],
                seeds=np.array([_word(seed) for seed in seeds], dtype=np.uint64),
            )
            yield found, seeds

    def _walked(self, task: Task, lowered: Lowered) -> Iterator[Result]:
        """Exact where the branches are few, by shots otherwise."""
        words = np.array([_word(seed) for seed in task.seeds], dtype=np.uint64)
        provenance = [_provenance(task, seed, None, 1.0, {}) for seed in task.seeds]
        for row, found in enumerate(exactly(task, lowered, words, provenance)):
            if found is not None:
                yield found
            elif task.shots > 0:
                batch = replace(task.batch, params=task.batch.params[row : row + 1])
                alone = replace(task, batch=batch, seeds=task.seeds[row : row + 1])
                yield from self._branched(alone, lowered, None)
            else:
                raise FailedError(
                    Failure(
                        Code.INVALID_INPUT,
                        "This circuit goes on in too many ways after its measurements for its "
                        "exact distribution: ask for shots.",
                    )
                )

    def _branched(self, task: Task, lowered: Lowered, noise: NoiseModel | None) -> Iterator[Result]:
        bits = task.batch.structure.outcome_bits
        for record, provenance in self._records(task, lowered, noise):
            yield _counted(record, lowered.readout, bits, provenance)

    def _records(
        self, task: Task, lowered: Lowered, noise: NoiseModel | None
    ) -> Iterator[tuple[NDArray[np.uint64], Provenance]]:
        """The shots of each row as records of slots."""
        structure, readout = task.batch.structure, lowered.readout
        found = None if noise is None else noise_sites(structure, noise)
        figures = figures_of(found, noise, readout.slot_qubits) if found and noise else {}
        where, misread = core_sites(lowered, found), slot_misreadings(readout, noise)
        flat, ends = read_places(readout)
        for params, seeds in _chunks(task, _step(lowered, 64 * task.shots)):
            try:
                records = core.branch(
                    lowered.code,
                    lowered.rows(params),
                    where,
                    single=task.precision == "single",
                    threads=task.threads,
                    shots=task.shots,
                    seeds=np.array([_word(seed) for seed in seeds], dtype=np.uint64),
                    slots=readout.width,
                    read_slots=flat,
                    read_starts=ends,
                    misread=misread,
                    control=lowered.control,
                )
            except core.EndlessError as error:
                raise _endless(lowered.gate_of(error.op)) from None
            for record, seed in zip(records, seeds, strict=True):
                yield record, _provenance(task, seed, noise, 1.0, figures)

    def estimate(
        self,
        structure: Structure,
        rows: int,
        shots: int,
        noise: NoiseModel | None,
        precision: Precision,
        exact: bool = False,
    ) -> tuple[int, float]:
        """Peak bytes of one circuit's run, and seconds for all rows on one thread.

        Time is amplitudes times gates (fused, a gate costs about 0.4 ns per amplitude in double
        precision) for every run of the circuit; noise needs half a run more for every different
        error. Memory is one register, its outcomes and shots; with events, the copies that
        live at once: as many as errors of one shot, and at most log2(shots). Following every branch
        for the exact distribution comes on top; loops are taken to go round once.
        """
        amplitude = 16 if precision == "double" else 8
        register = amplitude * 2**structure.qubits
        single, many = structure.counts
        runs, copies, numbers, fixed, dampings = 1.0, 0.0, 0.0, 0.0, 0.0
        lowered = lower(structure, noise) if structure.has_events else None
        events = lowered is not None and lowered.eventful
        if noise is not None and not noise.ideal:
            found = noise_sites(structure, noise)
            errors, branches = _branches(found, shots)
            # A damping reads the register, and writes it: half of them in half a run.
            # A step of a channel does too.
            acting = float(found.damping_odds.sum() + found.acts.odds.sum())
            dampings = acting * (branches / 2 + 1)
            # Half a run each, of gates that fuse better where there are no outcomes to list; and
            # what the errors touch is fused anew.
            runs += branches * 0.25
            fixed = 1e-3 + rows * branches * 4e-8 * structure.gates
            met = float(found.error_odds.sum()) + acting
            numbers = 32 * min(shots * met, 1 << 21)
            copies = errors + 4 * math.sqrt(errors) + 2
        if events:
            runs, copies = runs + shots, math.inf
        copies = min(copies, math.ceil(math.log2(max(2, shots))))
        if events and lowered is not None and exact and (noise is None or noise.ideal):
            parting = min(len(lowered.readout.events), 12)
            runs += min(1 << parting, most_branches(structure.qubits, shots))
            copies = max(copies, parting)
            numbers += 64 * room_for(structure, lowered.readout, shots)
        per_amplitude = 0.4e-9 if precision == "double" else 0.2e-9
        passes = 2**structure.qubits * ((single + many + 4) * per_amplitude)
        fixed += rows * dampings * 2**structure.qubits * 4 * per_amplitude
        fixed += _LOWERING_SECONDS
        seconds = fixed + rows * (runs * (passes + 2e-6) + shots * 2e-7 + 2e-5)
        outcomes = 24 * min(2.0**structure.qubits, KEPT_OUTCOMES + shots)
        row = 300 * structure.gates + outcomes + 4 * shots
        numbers += row + 2 * min(CHUNK_BYTES, rows * row)
        size = register * (1 + copies) + outcomes + 150 * shots + numbers
        return int(size), seconds


def _lowered(task: Task, noise: NoiseModel | None) -> Lowered:
    structure = task.batch.structure
    if structure.qubits > core.MAX_QUBITS:
        raise FailedError(
            Failure(
                Code.NOT_ENOUGH_QUBITS,
                f"The dense engine runs at most {core.MAX_QUBITS} qubits, "
                f"and the circuit has {structure.qubits}.",
            )
        )
    return lower(structure, noise)


def _branches(sites: Sites, shots: int) -> tuple[float, float]:
    """How much happens to a shot on average, and how many different fates all shots have.

    Shots with one error share a branch if it is the same error; with more, each has its own.
    """
    mean = sites.expected
    once = shots * mean * math.exp(-mean)
    more = shots * (1 - math.exp(-mean) * (1 + mean))
    kinds = float(np.count_nonzero(sites.distributions[:, 1:], axis=1)[sites.tables].sum())
    kinds += 2.0 * np.count_nonzero(sites.damping_odds)
    kinds += float(sum(len(a.operators) + 1 for a in sites.acts.actions))
    return mean, more + (kinds * -math.expm1(-once / kinds) if kinds else 0.0)


def _endless(gate: int) -> FailedError:
    return FailedError(
        Failure(
            Code.SIMULATION_ERROR,
            f"A shot went back at gate {gate} more than {MOST_LOOPS:,} times: the loop that ends "
            "there may never end. Let it count its rounds and stop.",
            gate=gate,
        )
    )


def _chunks(task: Task, step: int) -> Iterator[tuple[Floats, tuple[int, ...]]]:
    for start in range(0, len(task.batch), step):
        yield task.batch.params[start : start + step], task.seeds[start : start + step]


def _step(lowered: Lowered, answer: int) -> int:
    """Rows at a time."""
    return max(1, CHUNK_BYTES // (8 * lowered.stride + answer + 1))


def _word(seed: int) -> int:
    return seed if 0 <= seed < 2**64 else derive(seed, 0)


def _provenance(
    task: Task, seed: int, noise: NoiseModel | None, kept: float, figures: dict[str, float]
) -> Provenance:
    return Provenance(
        DenseEngine.name,
        VERSION,
        task.precision,
        seed,
        noise.name if noise else None,
        figures,
        kept,
    )


def _outcomes(found: NDArray[np.uint64], readout: Readout, bits: int) -> NDArray[np.uint8]:
    """What the core read, as outcomes of all bits; those that nobody measured are 0."""
    if readout.straight:
        return rows_of(found, bits)
    out = np.zeros((len(found), width_of(bits)), dtype=np.uint8)
    for j, slots in enumerate(readout.slots):
        values = ((found >> np.uint64(j)) & np.uint64(1)).astype(np.uint8)
        for slot in slots:
            bit = readout.slot_bits[slot]
            out[:, bit // 8] |= values << np.uint8(bit % 8)
    return out


def _counted(
    records: NDArray[np.uint64], readout: Readout, bits: int, provenance: Provenance
) -> Result:
    """Shots, gathered: slots are in the order of the bits, so records sort like outcomes."""
    if readout.hidden:
        records = _shown(records, len(readout.slot_bits))
    if records.shape[1] == 1:
        found, order, counts = np.unique(records[:, 0], return_inverse=True, return_counts=True)
        found = found[:, None]
    else:
        found, order, counts = np.unique(
            records[:, ::-1], axis=0, return_inverse=True, return_counts=True
        )
        found = found[:, ::-1]
    return Result(
        bits,
        spread(found, readout, bits),
        None,
        counts.astype(np.int64),
        order.reshape(-1).astype(np.uint32),
        provenance,
    )


def _unfolded(records: NDArray[np.uint64], readout: Readout, bits: int) -> NDArray[np.uint8]:
    """Shots as outcomes, in the order taken."""
    if readout.hidden:
        records = _shown(records, len(readout.slot_bits))
    if readout.slot_bits == tuple(range(bits)):  # slots are bits
        flat = records.astype("<u8", copy=False).view(np.uint8).reshape(len(records), -1)
        return np.ascontiguousarray(flat[:, : width_of(bits)])
    return spread(records, readout, bits)


def _shown(records: NDArray[np.uint64], slots: int) -> NDArray[np.uint64]:
    """The first slots of records alone."""
    words = max(1, (slots + 63) // 64)
    shown = records[:, :words].copy()
    if slots < 64 * words:
        shown[:, -1] &= np.uint64((1 << (slots % 64)) - 1)
    return shown
