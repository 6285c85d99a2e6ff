"""What each engine would need for a batch: its plan, or why it cannot be.

The planner (`planner.py`) chooses among these. A candidate knows its engine and nothing of the
others; what it says depends on the structure and on what is asked, and on the machine only for what
does not fit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import msgspec
import numpy as np

from ketway.circuits.circuit import Batch, Structure
from ketway.devices.noise import NoiseModel
from ketway.engines import density as density_matrix
from ketway.engines.branching import certainly_few
from ketway.engines.clifford import CliffordEngine
from ketway.engines.core import MAX_QUBITS
from ketway.engines.dense import DenseEngine
from ketway.engines.density import DensityEngine
from ketway.engines.engine import KEPT_OUTCOMES, Engine, Plan, Precision
from ketway.engines.lowering import lower
from ketway.engines.mps import MpsEngine
from ketway.jobs.failures import Code, FailedError, Failure

_CLIFFORD: Final = CliffordEngine()
_DENSE: Final = DenseEngine()
_DENSITY: Final = DensityEngine()
_MPS: Final = MpsEngine()

ENGINES: Final[dict[str, Engine]] = {
    engine.name: engine for engine in (_CLIFFORD, _DENSE, _DENSITY, _MPS)
}
"""Every engine, by the name that plans and results give it."""

DOUBLE_UP_TO: Final = 20
"""Qubits up to which a state vector is in double precision; above, halving memory is worth more."""

LISTED_UP_TO: Final = 20
"""Qubits up to which a matrix product state is sure to be able to list every outcome."""

CHAIN_SECONDS: Final = 600.0
"""The estimate for a matrix product state is for the worst that its gates could do. A circuit whose
worst takes longer is run with bounded bonds, and fails if it needs larger ones."""
BONDS: Final = (2048, 1024, 512, 256, 128)


_NO_CONTROL: Final = "A matrix product state follows no jumps and assignments of classical bits."
_CONTROL_ADVICE: Final = (
    "where classical bits decide what happens, only a state vector can follow. Use fewer qubits, "
    "or decide after the measurements."
)


class Machine(msgspec.Struct, frozen=True):
    """What an attempt is granted."""

    bytes: int
    threads: int = 1
    seconds: float | None = None
    """The longest that a run may take; None for no limit."""
    paces: dict[str, float] = {}
    """By engine and precision, how many times as long as estimated it takes here; see
    `calibration.py`. What is missing is 1."""


@dataclass(frozen=True)
class Wanted:
    """What is asked of each circuit of a batch."""

    shots: int
    exact: bool
    noise: NoiseModel | None

    @property
    def noisy(self) -> bool:
        return self.noise is not None and not self.noise.ideal

    @property
    def beyond_paulis(self) -> bool:
        """Relaxation, damping and most channels are no mixtures of Paulis: engines of Pauli errors
        cannot do them."""
        return self.noise is not None and self.noise.beyond_paulis


Candidate: TypeAlias = Callable[[Batch, Wanted, Machine], Plan]


def tableau(batch: Batch, wanted: Wanted, machine: Machine) -> Plan:
    """Circuits that are all Clifford."""
    structure, shots = batch.structure, wanted.shots
    size, seconds = _CLIFFORD.estimate(
        structure, len(batch), shots, wanted.noise, wanted.exact, KEPT_OUTCOMES
    )
    if size > machine.bytes:
        asked = f"{shots:,} shots" if shots else "the exact distribution"
        raise refusal(
            Code.NOT_ENOUGH_QUBITS,
            f"The Clifford engine needs {gib(size)} for {asked} of {structure.qubits:,} qubits; "
            f"this machine grants {gib(machine.bytes)}: ask for fewer shots, or measure fewer "
            "qubits.",
        )
    how = "its noise is flips of Pauli frames" if wanted.noisy else "it needs no state vector"
    reason = f"all gates on the {structure.qubits:,} qubits are Clifford, so {how}"
    return Plan(_CLIFFORD.name, reason, size, seconds)


def vector(batch: Batch, wanted: Wanted, machine: Machine, clifford: int | None = None) -> Plan:
    """A state vector; `clifford` says how many circuits of the batch are all Clifford, if that was
    looked at."""
    structure = batch.structure
    advice = _advice(clifford, len(batch), wanted)
    if structure.has_control:
        advice = _CONTROL_ADVICE
    if structure.qubits > MAX_QUBITS:
        size = 3 + structure.qubits - 30
        raise refusal(
            Code.NOT_ENOUGH_QUBITS,
            f"A state vector of {structure.qubits:,} qubits would need 2^{size} GiB; no machine "
            f"has room for more than {MAX_QUBITS} qubits: {advice}",
        )
    precision = _precision(structure.qubits)
    size, seconds = _DENSE.estimate(
        structure, len(batch), wanted.shots, wanted.noise, precision, wanted.exact
    )
    if size > machine.bytes:
        most = _most_qubits(batch, wanted, machine)
        raise refusal(
            Code.NOT_ENOUGH_QUBITS,
            f"A state vector needs {gib(size)} for {structure.qubits:,} qubits in {precision} "
            f"precision; this machine grants {gib(machine.bytes)}: use at most {most} qubits, or "
            + advice,
        )
    gates = "small enough" if clifford is None else "not all gates are Clifford"
    gates = "its noise is no mixture of Paulis" if wanted.beyond_paulis else gates
    if wanted.noise is not None and wanted.noise.relaxes:
        gates = "its noise relaxes qubits"
    gates = "classical bits decide what happens" if structure.has_control else gates
    reason = f"a state vector of {structure.qubits} qubits in {precision} precision: {gates}"
    if wanted.exact and not wanted.noisy and structure.has_events:
        reason += _followed(structure, wanted.shots)
    return Plan(_DENSE.name, reason, size, seconds, precision)


def _followed(structure: Structure, shots: int) -> str:
    """How the distribution of a circuit that parts on the way is found, if it is one."""
    lowered = lower(structure)
    if not lowered.eventful:
        return ""
    if certainly_few(structure, lowered, shots):
        return "; every branch after a measurement is followed, so the distribution is exact"
    if shots:
        return "; branches after measurements are followed while they are few, else by shots"
    raise refusal(
        Code.INVALID_INPUT,
        "This circuit may go on in more ways after its measurements and resets than can be "
        "followed for its exact distribution: ask for shots.",
    )


def matrix(batch: Batch, wanted: Wanted, machine: Machine) -> Plan:
    """A density matrix: every error and every measurement in the middle, each with its weight."""
    structure = batch.structure
    problem = density_matrix.refusal(structure, wanted.noise)
    if problem:
        raise refusal(Code.NOT_ENOUGH_QUBITS, problem)
    size, seconds = _DENSITY.estimate(structure, len(batch), wanted.shots, wanted.noise, "double")
    if size > machine.bytes:
        raise refusal(
            Code.NOT_ENOUGH_QUBITS,
            f"A density matrix of {structure.qubits} qubits needs {gib(size)}; this machine grants "
            f"{gib(machine.bytes)}: ask for shots instead of the exact distribution.",
        )
    why = (
        f"cheaper than {wanted.shots:,} shots one by one"
        if wanted.shots
        else "the exact distribution was asked for"
    )
    reason = f"a density matrix of {structure.qubits} qubits: {why}"
    return Plan(_DENSITY.name, reason, size, seconds)


def chain(batch: Batch, wanted: Wanted, machine: Machine) -> Plan:
    """A matrix product state, with bonds as large as the circuit may need."""
    if batch.structure.has_control:
        raise refusal(Code.NOT_ENOUGH_QUBITS, _NO_CONTROL)
    size, seconds = _chain_needs(_MPS, batch, wanted)
    if size > machine.bytes or seconds > CHAIN_SECONDS:
        raise refusal(
            Code.NOT_ENOUGH_QUBITS,
            f"A matrix product state of {batch.structure.qubits:,} qubits may need {gib(size)} and "
            f"{seconds:,.0f} s: use gates between fewer neighbours.",
        )
    reason = (
        f"a matrix product state of {batch.structure.qubits:,} qubits: its gates entangle little"
    )
    return Plan(_MPS.name, reason, size, seconds)


def cut_chain(batch: Batch, wanted: Wanted, machine: Machine) -> Plan:
    """A matrix product state whose bonds are bounded: a run that needs more fails."""
    if batch.structure.has_control:
        raise refusal(Code.NOT_ENOUGH_QUBITS, _NO_CONTROL)
    for bonds in BONDS:
        size, seconds = _chain_needs(MpsEngine(bonds), batch, wanted)
        if size <= machine.bytes and seconds <= CHAIN_SECONDS:
            reason = (
                f"a matrix product state of {batch.structure.qubits:,} qubits with bonds up to "
                f"{bonds:,}: nothing else has room for it"
            )
            return Plan(_MPS.name, reason, size, seconds, bonds=bonds)
    raise refusal(
        Code.NOT_ENOUGH_QUBITS,
        f"A matrix product state of {batch.structure.qubits:,} qubits takes too long even with "
        f"bonds of {BONDS[-1]}: use fewer gates, shots or circuits.",
    )


def _chain_needs(engine: MpsEngine, batch: Batch, wanted: Wanted) -> tuple[int, float]:
    return engine.estimate(
        batch.structure, len(batch), wanted.shots, wanted.noise, wanted.exact, KEPT_OUTCOMES
    )


def _most_qubits(batch: Batch, wanted: Wanted, machine: Machine) -> int:
    """How many qubits the same gates could be on, with the memory there is."""
    structure = batch.structure
    for qubits in range(structure.qubits - 1, 0, -1):
        operands = np.minimum(structure.operands, qubits - 1)
        fewer = replace(structure, qubits=qubits, operands=operands)
        size, _ = _DENSE.estimate(
            fewer, len(batch), wanted.shots, wanted.noise, _precision(qubits), wanted.exact
        )
        if size <= machine.bytes:
            return qubits
    return 0


def _precision(qubits: int) -> Precision:
    return "double" if qubits <= DOUBLE_UP_TO else "single"


def _advice(clifford: int | None, rows: int, wanted: Wanted) -> str:
    if wanted.beyond_paulis:
        what = (
            "t1" if wanted.noise is not None and wanted.noise.relaxes else "dampings and channels"
        )
        return (
            f"only Clifford gates and a noise model without {what}: thousands of qubits run then."
        )
    if clifford:
        return (
            f"{clifford:,} of the {rows:,} circuits of this structure are all Clifford at their "
            "angles and would run: submit them in a job of their own."
        )
    return "only Clifford gates, which run on thousands of qubits."


def answer_bits(structure: Structure) -> int:
    """How many qubits or bits an outcome can differ in."""
    return min(structure.qubits, structure.outcome_bits)


def gib(size: float) -> str:
    """A size for a person."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024 or unit == "GiB":
            break
        size /= 1024
    if size >= 1e6:
        return f"{size:.1e} {unit}"
    return f"{size:,.0f} {unit}" if size >= 10 else f"{size:,.1f} {unit}"


def refusal(code: Code, message: str) -> FailedError:
    return FailedError(Failure(code, message))
