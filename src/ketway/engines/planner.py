"""The plan: which engine runs a batch, why, and what it will need. Decided before anything runs.

A batch is planned as a whole: circuits of one structure cost the same, so planning five thousand
gradient circuits is a comparison of arrays and one estimate. What this machine cannot do is refused
here, with the numbers, and not found out after an hour.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import msgspec
import numpy as np

from ketway.circuits.circuit import Batch, Program, Structure
from ketway.circuits.gates import Kind
from ketway.devices.noise import NoiseModel
from ketway.engines.branching import certainly_few
from ketway.engines.clifford import CliffordEngine
from ketway.engines.clifford_gates import clifford_rows
from ketway.engines.clifford_program import eventful
from ketway.engines.core import MAX_QUBITS
from ketway.engines.dense import DenseEngine
from ketway.engines.engine import KEPT_OUTCOMES, Engine, Plan, Precision
from ketway.engines.lowering import lower
from ketway.jobs.failures import Code, FailedError, Failure

_CLIFFORD: Final = CliffordEngine()
_DENSE: Final = DenseEngine()

ENGINES: Final[dict[str, Engine]] = {engine.name: engine for engine in (_CLIFFORD, _DENSE)}
"""Every engine, by the name that plans and results give it."""

DOUBLE_UP_TO: Final = 20
"""Qubits up to which a state vector is in double precision; above, halving memory is worth more."""

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


class Machine(msgspec.Struct, frozen=True):
    """What an attempt is granted."""

    bytes: int
    threads: int = 1
    seconds: float | None = None
    """The longest that a run may take; None for no limit."""
    paces: dict[str, float] = {}
    """By engine and precision, how many times as long as estimated it takes here; see
    `calibration.py`. What is missing is 1."""


def pace_name(plan: Plan) -> str:
    """What a plan's estimate depends on, and its pace with it."""
    return f"{plan.engine}, {plan.precision}"


def plan(batch: Batch, shots: int, exact: bool, noise: NoiseModel | None, machine: Machine) -> Plan:
    """The plan of one batch; raises `FailedError` if no engine can run it on this machine."""
    found = _plan(batch, shots, exact, noise, machine)
    pace = machine.paces.get(pace_name(found), 1.0)
    if pace != 1.0:
        found = msgspec.structs.replace(found, seconds=found.seconds * pace)
    if machine.seconds is not None and found.seconds > machine.seconds:
        raise _too_long(found.seconds, machine.seconds, batch.structure, shots)
    return found


def _plan(
    batch: Batch, shots: int, exact: bool, noise: NoiseModel | None, machine: Machine
) -> Plan:
    if shots <= 0 and not exact:
        raise _refusal(
            Code.INVALID_INPUT,
            "Nothing was asked of the circuit: ask for shots or for its exact distribution.",
        )
    structure = batch.structure
    if shots <= 0 and noise is not None and not noise.ideal:
        raise _refusal(
            Code.INVALID_INPUT, "Noise is sampled shot by shot: ask for shots, or for no noise."
        )
    if structure.has_control and structure.qubits > MAX_QUBITS:
        raise _control_too_wide(structure)
    if not _gates_decide(structure, noise) or (noise is not None and noise.relaxes):
        return _dense_plan(batch, shots, exact, noise, machine, 0)  # cheapest, whatever its gates are
    rows = clifford_rows(batch)
    if rows.all():
        return _clifford_plan(batch, shots, exact, noise, machine)
    return _dense_plan(batch, shots, exact, noise, machine, int(rows.sum()))


def _gates_decide(structure: Structure, noise: NoiseModel | None) -> bool:
    """Whether it matters for the choice of an engine that all gates are Clifford."""
    if structure.has_control:
        return False
    noisy = noise is not None and not noise.ideal
    return noisy or structure.qubits > CLIFFORD_ABOVE or eventful(structure)


def _control_too_wide(structure: Structure) -> FailedError:
    gate = int(np.isin(structure.kinds, (Kind.JUMP, Kind.ASSIGN)).argmax())
    return FailedError(
        Failure(
            Code.NOT_ENOUGH_QUBITS,
            f"Gate {gate} decides something by classical bits, and only state vectors can: they "
            f"have at most {MAX_QUBITS} qubits, and the circuit has {structure.qubits:,}.",
            gate=gate,
        )
    )


def divided(program: Program, noise: NoiseModel | None) -> Program:
    """The program with each batch in two where some of its circuits are all Clifford and that
    decides: a circuit's engine, and so its answer, must not depend on who shares its batch."""
    batches: list[Batch] = []
    places: dict[tuple[int, int], tuple[int, int]] = {}
    for place, batch in enumerate(program.batches):
        parts = [np.arange(len(batch))]
        if len(batch) > 1 and _gates_decide(batch.structure, noise):
            rows = clifford_rows(batch)
            parts = [part for part in (np.flatnonzero(~rows), np.flatnonzero(rows)) if len(part)]
        for part in parts:
            places.update(((place, int(row)), (len(batches), new)) for new, row in enumerate(part))
            batches.append(batch if len(parts) == 1 else Batch(batch.structure, batch.params[part]))
    if len(batches) == len(program.batches):
        return program
    order = tuple(places[place] for place in program.order)
    return Program(tuple(batches), order, program.registers)


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


def _clifford_plan(
    batch: Batch, shots: int, exact: bool, noise: NoiseModel | None, machine: Machine
) -> Plan:
    structure = batch.structure
    size, seconds = _CLIFFORD.estimate(structure, len(batch), shots, noise, exact, KEPT_OUTCOMES)
    if size > machine.bytes:
        asked = f"{shots:,} shots" if shots else "the exact distribution"
        raise _refusal(
            Code.NOT_ENOUGH_QUBITS,
            f"The Clifford engine needs {gib(size)} for {asked} of {structure.qubits:,} qubits; "
            f"this machine grants {gib(machine.bytes)}: ask for fewer shots, or measure fewer "
            "qubits.",
        )
    noisy = noise is not None and not noise.ideal
    how = "its noise is flips of Pauli frames" if noisy else "it needs no state vector"
    reason = f"all gates on the {structure.qubits:,} qubits are Clifford, so {how}"
    return Plan(_CLIFFORD.name, reason, size, seconds)


def _dense_plan(
    batch: Batch,
    shots: int,
    exact: bool,
    noise: NoiseModel | None,
    machine: Machine,
    clifford: int,
) -> Plan:
    structure = batch.structure
    if structure.qubits > MAX_QUBITS:
        vector = 3 + structure.qubits - 30
        raise _refusal(
            Code.NOT_ENOUGH_QUBITS,
            f"A state vector of {structure.qubits:,} qubits would need 2^{vector} GiB; no machine "
            f"has room for more than {MAX_QUBITS} qubits: {_advice(clifford, len(batch))}",
        )
    precision = _precision(structure.qubits)
    size, seconds = _DENSE.estimate(structure, len(batch), shots, noise, precision, exact)
    if size > machine.bytes:
        most = _most_qubits(batch, shots, exact, noise, machine)
        raise _refusal(
            Code.NOT_ENOUGH_QUBITS,
            f"A state vector needs {gib(size)} for {structure.qubits:,} qubits in {precision} "
            f"precision; this machine grants {gib(machine.bytes)}: use at most {most} qubits, or "
            + _advice(clifford, len(batch)),
        )
    gates = "small enough" if clifford == len(batch) else "not all gates are Clifford"
    if structure.has_control:
        gates = "classical bits decide what happens"
    reason = f"a state vector of {structure.qubits} qubits in {precision} precision: {gates}"
    if exact and (noise is None or noise.ideal):
        reason += _branches(structure, shots)
    return Plan(_DENSE.name, reason, size, seconds, precision)


def _branches(structure: Structure, shots: int) -> str:
    """How the distribution of a circuit that parts on the way is found, if it is one."""
    if not structure.has_events:
        return ""
    lowered = lower(structure)
    if not lowered.eventful:
        return ""
    if certainly_few(structure, lowered, shots):
        return "; every branch after a measurement is followed, so the distribution is exact"
    if shots > 0:
        return "; every branch after a measurement is followed while they are few, else by shots"
    raise _refusal(
        Code.INVALID_INPUT,
        "This circuit may go on in more ways after its measurements and resets than can be "
        "followed for its exact distribution: ask for shots.",
    )


def _most_qubits(
    batch: Batch, shots: int, exact: bool, noise: NoiseModel | None, machine: Machine
) -> int:
    """How many qubits the same gates could be on, with the memory there is."""
    for qubits in range(batch.structure.qubits - 1, 0, -1):
        fewer = replace(batch.structure, qubits=qubits)
        size, _ = _DENSE.estimate(fewer, len(batch), shots, noise, _precision(qubits), exact)
        if size <= machine.bytes:
            return qubits
    return 0


def _precision(qubits: int) -> Precision:
    return "double" if qubits <= DOUBLE_UP_TO else "single"


def _advice(clifford: int, rows: int) -> str:
    if clifford:
        return (
            f"{clifford:,} of the {rows:,} circuits of this structure are all Clifford at their "
            "angles and would run: submit them in a job of their own."
        )
    return "only Clifford gates, which run on thousands of qubits."


def _too_long(seconds: float, limit: float, structure: Structure, shots: int) -> FailedError:
    asked = f" with {shots:,} shots" if shots else ""
    return _refusal(
        Code.SIMULATION_TIMEOUT,
        f"{structure.gates:,} gates on {structure.qubits:,} qubits{asked} would take about "
        f"{seconds:,.0f} s here, and the limit is {limit:,.0f} s: use fewer qubits, gates, shots "
        "or circuits.",
    )


def gib(size: float) -> str:
    """A size for a person."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024 or unit == "GiB":
            break
        size /= 1024
    if size >= 1e6:
        return f"{size:.1e} {unit}"
    return f"{size:,.0f} {unit}" if size >= 10 else f"{size:,.1f} {unit}"


def _refusal(code: Code, message: str) -> FailedError:
    return FailedError(Failure(code, message))
