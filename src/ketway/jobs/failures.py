"""Why a job failed: a stable code, a sentence for a person, and where it is."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Code(StrEnum):
    """Ketway's failure codes: IonQ's, which are good. Other dialects map them to their vendor's."""

    INVALID_INPUT = "InvalidInput"
    """The circuit is well formed but asks for something that means nothing."""
    NOT_ENOUGH_QUBITS = "NotEnoughQubits"
    """The backend has fewer qubits than the circuit, or this machine too little memory for them."""
    TOO_MANY_CONTROLS = "TooManyControls"
    TOO_MANY_GATES = "TooManyGates"
    TOO_MANY_SHOTS = "TooManyShots"
    UNSUPPORTED_GATE = "UnsupportedGate"
    """The backend, or every engine, cannot do this gate or this construct."""
    SIMULATION_ERROR = "SimulationError"
    """An engine failed while it ran."""
    SIMULATION_TIMEOUT = "SimulationTimeout"
    """The run took longer than the limit."""
    CIRCUIT_TOO_COMPLEX = "QuantumCircuitComplexityError"
    SYSTEM_CANCEL = "SystemCancel"
    """Ketway gave up: every attempt died before it finished."""
    QUOTA_EXHAUSTED = "QuotaExhaustedError"
    """It would cost more than may be spent."""
    PREFLIGHT = "PreflightError"
    """A program text could not be read."""
    INTERNAL = "InternalError"


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    code: Code
    message: str
    """What was wrong and what to do, in one or two sentences."""
    circuit: int | None = None
    """Index of the circuit in the job, from 0."""
    gate: int | None = None
    """Index of the gate in the circuit, from 0."""
    line: int | None = None
    column: int | None = None


class FailedError(Exception):
    """Raised where work is refused or breaks; carries the `Failure` that the job will have."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure
