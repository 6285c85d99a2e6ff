"""Expectation values of Pauli sums on a batch of circuits, without drawing a shot.

Two ways, both exact. A state vector is made once per circuit and all products are summed over it by
the compiled core; a sweep is a matrix of parameters from beginning to end. Clifford circuits carry
the products back instead (`clifford_expectation.py`): thousands of qubits, and Pauli noise.

The values are of the state at the end. Measurements that end a circuit are left out; a measurement
or a reset in the middle is refused, since what follows it is not one state.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Batch, Floats, Structure
from ketway.circuits.gates import Kind
from ketway.devices.noise import NoiseModel
from ketway.engines import clifford_expectation, core
from ketway.engines.clifford_gates import clifford_rows
from ketway.engines.engine import Plan, Precision
from ketway.engines.lowering import lower, read
from ketway.engines.noise import noise_sites
from ketway.engines.observables import Observables, mask_integers
from ketway.engines.planner import CLIFFORD_ABOVE, DOUBLE_UP_TO, Machine, gib
from ketway.jobs.failures import Code, FailedError, Failure

_CHUNK_BYTES: Final = 1 << 26
"""Rows are run so many at a time that their numbers take about this much."""

_SHARED_FROM: Final = 16
"""Qubits from which the core's threads share one state; below, each has its own."""


@dataclass(frozen=True)
class Moments:
    """What is known of each observable O on each circuit: shape (circuits, observables)."""

    values: Floats
    """<O>."""
    variances: Floats
    """<O O> - <O> <O>: of one shot, if O itself could be measured. n shots have a standard error of
    sqrt(variance / n); measuring O term by term has more."""


def expectations(
    batch: Batch,
    observables: Observables,
    *,
    noise: NoiseModel | None = None,
    precision: Precision = "double",
    threads: int = 1,
) -> Floats:
    """<O> of each observable on each circuit: shape (circuits, observables).

    `precision` is that of state vectors. The same bytes for any number of threads, and for a
    circuit whatever other circuits are in its batch.
    """
    return _computed(batch, observables, noise, precision, threads, spread=False)[0]


def moments(
    batch: Batch,
    observables: Observables,
    *,
    precision: Precision = "double",
    threads: int = 1,
) -> Moments:
    """Expectation values and variances of circuits without noise.

    On a state vector a variance costs a pass for every term of every observable: nothing is shared,
    as it is among values, so ask for it only where it is wanted.
    """
    return Moments(*_computed(batch, observables, None, precision, threads, spread=True))


def plan_expectations(
    batch: Batch,
    observables: Observables,
    machine: Machine,
    *,
    noise: NoiseModel | None = None,
    variances: bool = False,
) -> Plan:
    """How a batch will be computed and what that will need; `FailedError` if it cannot be."""
    structure, noise = _checked(batch, observables, noise)
    rows = _clifford(batch, structure, noise)
    if rows.all():
        return _clifford_plan(structure, len(batch), observables, noise, machine)
    _refuse_noise(noise)
    return _dense_plan(structure, len(batch), int(rows.sum()), observables, variances, machine)


# ---------------------------------------------------------------- computing


def _computed(
    batch: Batch,
    observables: Observables,
    noise: NoiseModel | None,
    precision: Precision,
    threads: int,
    spread: bool,
) -> tuple[Floats, Floats]:
    structure, noise = _checked(batch, observables, noise)
    clifford = _clifford(batch, structure, noise)
    if not clifford.all():
        _refuse_noise(noise)
    shape = (len(batch), len(observables))
    values, variances = np.empty(shape), np.empty(shape if spread else (0, 0))
    before = b""
    for row in np.flatnonzero(clifford).tolist():
        params = batch.params[row]
        if row and clifford[row - 1] and params.tobytes() == before:
            values[row] = values[row - 1]
            if spread:
                variances[row] = variances[row - 1]
            continue
        before = params.tobytes()
        values[row] = clifford_expectation.values_of(structure, params, observables, noise)
        if spread:
            variances[row] = clifford_expectation.variances_of(structure, params, observables)
    others = np.flatnonzero(~clifford)
    if len(others):
        _dense(structure, batch.params, others, observables, precision, threads, values, variances)
    return values, variances


def _dense(
    structure: Structure,
    params: Floats,
    rows: NDArray[np.intp],
    observables: Observables,
    precision: Precision,
    threads: int,
    values: Floats,
    variances: Floats,
) -> None:
    """Fill these rows of the values, and of the variances if they have rows."""
    if structure.qubits > core.MAX_QUBITS:
        raise _refusal(
            Code.NOT_ENOUGH_QUBITS,
            f"A state vector has at most {core.MAX_QUBITS} qubits, and the circuit has "
            f"{structure.qubits:,}: use only Clifford gates, which run on thousands.",
        )
    lowered = lower(structure)
    paulis = core.Paulis(
        mask_integers(observables.x),
        mask_integers(observables.z),
        observables.starts,
        observables.members.astype(np.int32),
        observables.coefficients,
    )
    spread = len(variances) > 0
    step = max(1, _CHUNK_BYTES // (8 * (lowered.stride + 2 * len(observables) + 1)))
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        values[some], found = core.expect(
            lowered.code,
            lowered.rows(params[some]),
            paulis,
            single=precision == "single",
            threads=threads,
            variances=spread,
        )
        if found is not None:
            variances[some] = found
    values[rows] += observables.offsets


def _checked(
    batch: Batch, observables: Observables, noise: NoiseModel | None
) -> tuple[Structure, NoiseModel | None]:
    """The structure without its last measurements, and the noise if there is any."""
    structure = batch.structure
    if observables.qubits != structure.qubits:
        raise _refusal(
            Code.INVALID_INPUT,
            f"The observables are on {observables.qubits:,} qubits and the circuit on "
            f"{structure.qubits:,}: give every observable as many as the circuit has.",
        )
    if structure.has_control:
        raise _refusal(
            Code.INVALID_INPUT,
            "A circuit in which classical bits decide what happens has no single state at its end: "
            "take that out, or ask for shots.",
        )
    if not structure.has_events:
        return structure, _real(noise)
    unread = _unread(structure)
    if len(read(structure).events) or len(read(unread).events):
        raise _refusal(
            Code.INVALID_INPUT,
            "A circuit that measures or resets a qubit in the middle has no single state at its "
            "end: take those out, or ask for shots.",
        )
    return unread, _real(noise)


def _real(noise: NoiseModel | None) -> NoiseModel | None:
    if noise is None or noise.ideal:
        return None
    if not noise.simple:
        raise _refusal(
            Code.INVALID_INPUT,
            f"Expectation values without shots know noise of three figures, and {noise.name} has "
            "more: ask for shots, or for no noise.",
        )
    return noise


def _unread(structure: Structure) -> Structure:
    """The structure without its measurements."""
    kept = structure.kinds != Kind.MEASURE
    widths = np.diff(structure.operand_starts)
    return replace(
        structure,
        bits=0,
        kinds=structure.kinds[kept],
        controls=structure.controls[kept],
        operand_starts=np.concatenate(([0], np.cumsum(widths[kept]))).astype(np.int32),
        operands=structure.operands[np.repeat(kept, widths)],
        param_starts=np.concatenate((structure.param_starts[:1], structure.param_starts[1:][kept])),
    )


def _clifford(batch: Batch, structure: Structure, noise: NoiseModel | None) -> NDArray[np.bool_]:
    """The circuits that are carried back: by themselves, whoever shares their batch."""
    if noise is None and structure.qubits <= CLIFFORD_ABOVE:
        return np.zeros(len(batch), dtype=np.bool_)
    return clifford_rows(Batch(structure, batch.params))


def _refuse_noise(noise: NoiseModel | None) -> None:
    if noise is not None:
        raise _refusal(
            Code.INVALID_INPUT,
            "With noise, expectation values without shots are for Clifford circuits: "
            "ask for shots, or for no noise.",
        )


# ---------------------------------------------------------------- planning


def _clifford_plan(
    structure: Structure,
    rows: int,
    observables: Observables,
    noise: NoiseModel | None,
    machine: Machine,
) -> Plan:
    qubits, products = max(1, structure.qubits), observables.products
    masks = products * (qubits + 7) // 8
    size = qubits * qubits + 6 * masks + 400 * structure.gates + (8 << 20)
    # Figures measured with 1,000 qubits, doubled.
    seconds = 1e-3 + structure.gates * 2e-5 + products * (1e-5 + qubits * 1e-7)
    if noise is not None:
        words = (products + 63) // 64
        sites = len(noise_sites(structure, noise).qubits)
        size += 16 * min(products, 4096) * qubits + (32 << 20)
        seconds += (structure.gates + sites) * (2e-6 + words * 2e-8)
    if size > machine.bytes:
        raise _refusal(
            Code.NOT_ENOUGH_QUBITS,
            f"{products:,} Pauli products on {qubits:,} qubits need {gib(size)} as a Clifford "
            f"tableau; this machine grants {gib(machine.bytes)}: ask for fewer products at a time.",
        )
    _check_seconds(rows * seconds, machine, structure, products)
    how = ", and its noise only damps them" if noise is not None else ""
    reason = f"all gates on the {structure.qubits:,} qubits are Clifford: products are carried back"
    return Plan("clifford", reason + how, size, rows * seconds)


def _dense_plan(
    structure: Structure,
    rows: int,
    clifford: int,
    observables: Observables,
    variances: bool,
    machine: Machine,
) -> Plan:
    qubits = structure.qubits
    if qubits > core.MAX_QUBITS:
        raise _refusal(
            Code.NOT_ENOUGH_QUBITS,
            f"A state vector of {qubits:,} qubits would need 2^{qubits - 27} GiB; no machine has "
            f"room for more than {core.MAX_QUBITS} qubits: {_advice(clifford, rows)}",
        )
    size = _dense_bytes(structure, qubits, rows, observables, machine)
    precision = _precision(qubits)
    if size > machine.bytes:
        fits = (
            fewer
            for fewer in range(qubits - 1, 0, -1)
            if _dense_bytes(structure, fewer, rows, observables, machine) <= machine.bytes
        )
        raise _refusal(
            Code.NOT_ENOUGH_QUBITS,
            f"A state vector needs {gib(size)} for {qubits} qubits in {precision} precision; this "
            f"machine grants {gib(machine.bytes)}: use at most {next(fits, 0)} qubits, or "
            + _advice(clifford, rows),
        )
    seconds = rows * _dense_seconds(structure, observables, variances, precision)
    _check_seconds(seconds, machine, structure, observables.products)
    reason = f"{observables.products:,} products are summed over a state vector of {qubits} qubits"
    return Plan("dense", f"{reason} in {precision} precision", size, seconds, precision)


def _precision(qubits: int) -> Precision:
    return "double" if qubits <= DOUBLE_UP_TO else "single"


def _dense_bytes(
    structure: Structure, qubits: int, rows: int, observables: Observables, machine: Machine
) -> int:
    """One state, or one per thread; the sums of its parts; the numbers and values of some rows."""
    amplitude = 16 if _precision(qubits) == "double" else 8
    states = 1 if qubits >= _SHARED_FROM else min(machine.threads, rows)
    sums = 64 * 8 * max(observables.products, len(observables)) + 150 * observables.products
    row = 300 * structure.gates + 16 * len(observables)
    numbers = 2 * min(_CHUNK_BYTES, rows * row) + rows * 16 * len(observables)
    return int(states * (amplitude * 2**qubits + sums + (1 << 20)) + row + numbers)


def _dense_seconds(
    structure: Structure, observables: Observables, variances: bool, precision: Precision
) -> float:
    """Of one circuit on one thread, from figures measured with AVX2, a little high."""
    single, many = structure.counts
    amplitudes = 2.0**structure.qubits
    flips = len(np.unique(observables.x, axis=0)) + 1
    per_gate = 0.4e-9 if precision == "double" else 0.2e-9
    passes = (single + many + 4) * per_gate + flips * 0.7e-9
    if variances:
        passes += len(observables.members) * 1.3e-9
    pieces = max(1.0, amplitudes / 1024)
    return amplitudes * passes + pieces * observables.products * 2e-8 + 2e-5


def _advice(clifford: int, rows: int) -> str:
    if clifford:
        return (
            f"{clifford:,} of the {rows:,} circuits of this structure are all Clifford at their "
            "angles and would run: submit them in a job of their own."
        )
    return "only Clifford gates, which run on thousands of qubits."


def _check_seconds(seconds: float, machine: Machine, structure: Structure, products: int) -> None:
    if machine.seconds is not None and seconds > machine.seconds:
        raise _refusal(
            Code.SIMULATION_TIMEOUT,
            f"{products:,} Pauli products after {structure.gates:,} gates on "
            f"{structure.qubits:,} qubits would take about {seconds:,.0f} s here, and the limit is "
            f"{machine.seconds:,.0f} s: use fewer qubits, gates, products or circuits.",
        )


def _refusal(code: Code, message: str) -> FailedError:
    return FailedError(Failure(code, message))
