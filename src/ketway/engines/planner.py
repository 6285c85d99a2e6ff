"""The plan: which engine runs a batch, why, and what it will need. Decided before anything runs.

A batch is planned as a whole: circuits of one structure cost the same, so planning five thousand
gradient circuits is a comparison of arrays and one estimate. What this machine cannot do is refused
here, with the numbers, and not found out after an hour.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Batch, Program, Structure
from ketway.devices.noise import NoiseModel
from ketway.engines import candidates
from ketway.engines.candidates import (
    DOUBLE_UP_TO,
    ENGINES,
    LISTED_UP_TO,
    Candidate,
    Machine,
    Wanted,
    gib,
    refusal,
)
from ketway.engines.clifford_gates import clifford_rows
from ketway.engines.clifford_program import eventful
from ketway.engines.dense import CHUNK_BYTES
from ketway.engines.engine import KEPT_OUTCOMES, Plan
from ketway.engines.prepass import Prepared, merging_cost, prepare
from ketway.jobs.failures import Code, FailedError
from ketway.jobs.job import PiecePlan

__all__ = [
    "CLIFFORD_ABOVE",
    "DOUBLE_UP_TO",
    "ENGINES",
    "Machine",
    "divided",
    "gib",
    "pace_name",
    "plan",
    "plan_program",
]

CLIFFORD_ABOVE: Final = 14
"""Qubits above which a Clifford circuit without noise is faster as a tableau than as a vector.

Measured on two cores of a server, exact distribution, milliseconds as a tableau and as a vector:
GHZ on 12 qubits 0.04 and 0.07, 14: 0.3 and 0.6, 16: 0.3 and 1.0, 20: 0.3 and 23; 20 random gates
per qubit on 10 qubits 1.1 and 0.5, 12: 2.0 and 1.0, 14: 11 and 6, 16: 18 and 17, 18: 14 and 75.

With noise a vector pays for every shot that meets an error. At the figures of a Forte machine and
1,000 shots: GHZ on 5 qubits 0.4 and 0.3, 14: 0.6 and 4.2; random on 2 qubits 0.9 and 0.7, 5: 1.5
and 18, 10: 1.9 and 22. Only a few gates and 100 shots favour the vector, by 0.3 milliseconds, so
with noise it is always the tableau.
"""


def pace_name(plan: Plan) -> str:
    """What a plan's estimate depends on, and its pace with it."""
    return f"{plan.engine}, {plan.precision}"


def plan(batch: Batch, shots: int, exact: bool, noise: NoiseModel | None, machine: Machine) -> Plan:
    """The plan of one batch; raises `FailedError` if no engine can run it on this machine."""
    found = _plan(batch, shots, exact, noise, machine)
    # Engines reckon with numpy's numbers, which are not to be found in what is stored.
    seconds = float(found.seconds * machine.paces.get(pace_name(found), 1.0))
    found = msgspec.structs.replace(found, bytes=int(found.bytes), seconds=seconds)
    if machine.seconds is not None and found.seconds > machine.seconds:
        raise _too_long(found.seconds, machine.seconds, batch.structure, shots)
    return found


def _plan(
    batch: Batch, shots: int, exact: bool, noise: NoiseModel | None, machine: Machine
) -> Plan:
    if shots <= 0 and not exact:
        raise refusal(
            Code.INVALID_INPUT,
            "Nothing was asked of the circuit: ask for shots or for its exact distribution.",
        )
    wanted = Wanted(max(0, shots), exact, noise)
    rows = _clifford_rows(batch, wanted)
    if rows is not None and rows.all() and (wanted.shots or not wanted.noisy):
        return candidates.tableau(batch, wanted, machine)
    prepared = prepare(batch.structure, noise)
    if prepared is not None:
        return _piecewise_plan(batch, prepared, wanted, machine)
    return _whole_plan(batch, rows, wanted, machine)


def _clifford_rows(batch: Batch, wanted: Wanted) -> NDArray[np.bool_] | None:
    """Which circuits are all Clifford; None if that does not matter."""
    if wanted.beyond_paulis or not _gates_decide(batch.structure, wanted.noise):
        return None
    return clifford_rows(batch)


def _whole_plan(
    batch: Batch, rows: NDArray[np.bool_] | None, wanted: Wanted, machine: Machine
) -> Plan:
    """The plan of circuits run as they are; `rows` says which are all Clifford, if that matters."""
    clifford = None if rows is None else int(rows.sum())
    if not wanted.shots and (wanted.noisy or eventful(batch.structure)):
        return _exact_branches(batch, wanted, machine)
    try:
        vector = candidates.vector(batch, wanted, machine, clifford)
    except FailedError as error:
        if wanted.beyond_paulis:
            raise
        return _chained(batch, wanted, machine, error)
    cheaper = _cheaper(Batch(batch.structure, batch.params[:1]), wanted, machine)
    return vector if cheaper is None else cheaper(batch, wanted, machine)


def _cheaper(first: Batch, wanted: Wanted, machine: Machine) -> Candidate | None:
    """What costs less than a state vector for the first circuit of a batch.

    Chosen by one circuit and without this machine's pace: an answer must depend neither on who
    shares its batch nor on where it is computed.
    """
    others: list[Candidate] = []
    if wanted.shots and (wanted.noisy or eventful(first.structure)):
        others.append(candidates.matrix)
    if (
        first.structure.qubits > LISTED_UP_TO
        and not wanted.beyond_paulis
        and _listable(first, wanted)
    ):
        others.append(candidates.chain)
    if not others:
        return None
    best, least = None, candidates.vector(first, wanted, machine).seconds
    for other in others:
        try:
            seconds = other(first, wanted, machine).seconds
        except FailedError:
            continue
        if seconds < least:
            best, least = other, seconds
    return best


def _listable(batch: Batch, wanted: Wanted) -> bool:
    """Whether a matrix product state can surely give what is wanted."""
    return not wanted.exact or candidates.answer_bits(batch.structure) <= LISTED_UP_TO


def _exact_branches(batch: Batch, wanted: Wanted, machine: Machine) -> Plan:
    """Circuits of many branches, and no shots to choose among them."""
    if not wanted.noisy:
        try:
            return candidates.vector(batch, wanted, machine)
        except FailedError as error:
            if batch.structure.has_control:
                raise error from None
    try:
        return candidates.matrix(batch, wanted, machine)
    except FailedError as error:
        why = "Noise" if wanted.noisy else "A circuit that goes on after a measurement or a reset"
        message = f"{why} is sampled shot by shot: ask for shots. {error.failure.message}"
        raise refusal(Code.INVALID_INPUT, message) from None


def _chained(batch: Batch, wanted: Wanted, machine: Machine, refused: FailedError) -> Plan:
    """Circuits that no state vector has room for, as a matrix product state."""
    if not wanted.shots and not _listable(batch, wanted):
        raise refused
    for candidate in (candidates.chain, candidates.cut_chain):
        try:
            return candidate(batch, wanted, machine)
        except FailedError:
            continue
    raise refused


def _piecewise_plan(batch: Batch, prepared: Prepared, wanted: Wanted, machine: Machine) -> Plan:
    """The plan of circuits that are reduced, or fall into pieces: each piece by its own engine."""
    plans: list[Plan] = []
    for k, piece in enumerate(prepared.pieces):
        some = piece.batch(batch)
        own = replace(wanted, noise=prepared.noise_of(wanted.noise, k))
        try:
            plans.append(_piece_plan(some, own, machine))
        except FailedError as error:
            raise _of_piece(error, piece.structure, batch.structure) from None
    largest = max(plans, key=lambda plan: (plan.bytes, plan.seconds))
    # One piece runs after the other, and the answers of all are there until they are merged.
    structures = [piece.structure for piece in prepared.pieces]
    answers = sum(_answer_bytes(structure, len(batch), wanted) for structure in structures)
    size = largest.bytes + (answers if len(plans) > 1 else 0)
    extra, seconds = merging_cost(
        structures, prepared.bits, wanted.shots, wanted.exact, KEPT_OUTCOMES
    )
    size += extra
    if size > machine.bytes:
        raise refusal(
            Code.NOT_ENOUGH_QUBITS,
            f"The circuit is run in {len(plans)} pieces; with their answers they need {gib(size)}; "
            f"this machine grants {gib(machine.bytes)}: ask for fewer shots, or measure fewer "
            "qubits.",
        )
    seconds = len(batch) * seconds + sum(plan.seconds for plan in plans)
    runs = [
        PiecePlan(engine, precision, len(list(some)), bonds)
        for (engine, precision, bonds), some in itertools.groupby(
            (plan.engine, plan.precision, plan.bonds) for plan in plans
        )
    ]
    widest = max(structure.qubits for structure in structures)
    gates = sum(structure.gates for structure in structures)
    pieces = "" if len(plans) == 1 else f"{len(plans)} pieces that nothing connects, up to "
    reason = (
        f"{gates:,} of {batch.structure.gates:,} gates matter, on {pieces}{widest:,} of "
        f"{batch.structure.qubits:,} qubits: {largest.reason}"
    )
    return msgspec.structs.replace(
        largest, reason=reason, bytes=size, seconds=seconds, pieces=tuple(runs)
    )


def _piece_plan(batch: Batch, wanted: Wanted, machine: Machine) -> Plan:
    rows = _clifford_rows(batch, wanted)
    if rows is not None and rows.all() and (wanted.shots or not wanted.noisy):
        return candidates.tableau(batch, wanted, machine)
    return _whole_plan(batch, rows, wanted, machine)


def _of_piece(error: FailedError, piece: Structure, structure: Structure) -> FailedError:
    """The refusal of a piece, which says why it speaks of other qubits than were sent."""
    if piece.qubits == structure.qubits:
        return error
    message = (
        f"Of the {structure.qubits:,} qubits, {piece.qubits:,} must be computed together. "
        + error.failure.message
    )
    return FailedError(msgspec.structs.replace(error.failure, message=message))


def _answer_bytes(structure: Structure, rows: int, wanted: Wanted) -> int:
    most = (KEPT_OUTCOMES if wanted.exact else 0) + wanted.shots
    outcomes = min(2.0 ** min(structure.outcome_bits, 60), most)
    row = int((24 + structure.outcome_bits // 8) * outcomes + 4 * wanted.shots)
    return row + min(CHUNK_BYTES, rows * row)


def _gates_decide(structure: Structure, noise: NoiseModel | None) -> bool:
    """Whether it matters for the choice of an engine that all gates are Clifford."""
    if structure.has_control:
        return False
    noisy = noise is not None and not noise.ideal
    return noisy or structure.qubits > CLIFFORD_ABOVE or eventful(structure)


def divided(program: Program, noise: NoiseModel | None) -> Program:
    """The program with batches divided where some of the circuits, or of their pieces, are all
    Clifford and that decides: a circuit's engine, and so its answer, must not depend on who shares
    its batch."""
    batches: list[Batch] = []
    places: dict[tuple[int, int], tuple[int, int]] = {}
    for place, batch in enumerate(program.batches):
        parts = _alike(batch, noise)
        for part in parts:
            places.update(((place, int(row)), (len(batches), new)) for new, row in enumerate(part))
            batches.append(batch if len(parts) == 1 else Batch(batch.structure, batch.params[part]))
    if len(batches) == len(program.batches):
        return program
    order = tuple(places[place] for place in program.order)
    return Program(tuple(batches), order, program.registers)


def _alike(batch: Batch, noise: NoiseModel | None) -> list[NDArray[np.int64]]:
    """Rows that are run by the same engines: those that are not all Clifford first."""
    every = np.arange(len(batch))
    if len(batch) == 1 or not _gates_decide(batch.structure, noise):
        return [every]
    rows = clifford_rows(batch)
    mixed = np.flatnonzero(~rows)
    parts = [mixed]
    prepared = prepare(batch.structure, noise) if len(mixed) else None
    if prepared is not None:
        some = Batch(batch.structure, batch.params[mixed])
        deciding = [p for p in prepared.pieces if _gates_decide(p.structure, noise)]
        if deciding:
            able = np.stack([clifford_rows(piece.batch(some)) for piece in deciding], axis=1)
            _, pattern = np.unique(able, axis=0, return_inverse=True)
            parts = [mixed[pattern.reshape(-1) == k] for k in range(int(pattern.max()) + 1)]
    return [part for part in (*parts, np.flatnonzero(rows)) if len(part)]


def plan_program(
    program: Program, shots: int, exact: bool, noise: NoiseModel | None, machine: Machine
) -> list[Plan]:
    """One plan per batch; a refusal names the first circuit that it concerns."""
    plans = []
    for place, batch in enumerate(program.batches):
        try:
            plans.append(plan(batch, shots, exact, noise, machine))
        except FailedError as error:
            circuit = program.order.index((place, 0))
            raise FailedError(msgspec.structs.replace(error.failure, circuit=circuit)) from None
    return plans


def _too_long(seconds: float, limit: float, structure: Structure, shots: int) -> FailedError:
    asked = f" with {shots:,} shots" if shots else ""
    return refusal(
        Code.SIMULATION_TIMEOUT,
        f"{structure.gates:,} gates on {structure.qubits:,} qubits{asked} would take about "
        f"{seconds:,.0f} s here, and the limit is {limit:,.0f} s: use fewer qubits, gates, shots "
        "or circuits.",
    )
