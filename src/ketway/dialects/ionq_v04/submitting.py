"""From IonQ's request bodies to what the service takes."""

from __future__ import annotations

from collections.abc import Sequence

from ketway.circuits.circuit import Circuit
from ketway.circuits.ionq import CircuitObject, read_circuit
from ketway.dialects.ionq.compilation import check_compilation
from ketway.dialects.ionq.mitigation import check_symmetries, debias_of
from ketway.dialects.ionq.reading import (
    MULTI,
    QASM,
    QIR,
    SINGLE,
    check_circuits,
    check_gates,
    circuits_of,
    metadata_of,
    noise_of,
    qir_of,
    shots_of,
)
from ketway.dialects.ionq.settings import Kept, Settings
from ketway.dialects.ionq_v04.hybrid import KINDS, params_of
from ketway.dialects.ionq_v04.wire import InputObject, JobCreationPayload
from ketway.jobs.job import CIRCUITS
from ketway.service.errors import RefusedError
from ketway.service.submission import Submission

NAME = "ionq_v04"


def submission_of(payload: JobCreationPayload) -> Submission:
    """Check a request to create a job, and read its circuits."""
    circuits: Sequence[Circuit] | None = None
    source: str | bytes | None = None
    routine = CIRCUITS
    children: list[CircuitObject] = []
    match payload.type:
        case "ionq.circuit.v1":
            circuits = [_single(payload.input)]
        case "ionq.multi-circuit.v1":
            children = _children(payload.input)
            circuits = _multi(payload.input, children)
        case "ionq.qasm3.v1":
            source = _source(payload.input)
        case "ionq.qir.v1":
            source = qir_of(payload.input.data, "input.data")
        case hybrid if hybrid in KINDS:
            routine = KINDS[hybrid].routine
            source = params_of(hybrid, payload.input, shots_of(payload.shots))
        case _:
            raise RefusedError(_unknown_type(payload.type), "type")
    return Submission(
        dialect=NAME,
        format=payload.type,
        backend=payload.backend,
        vendor="ionq",
        circuits=circuits,
        source=source,
        routine=routine,
        multi=payload.type == MULTI,
        names=[child.name for child in children],
        shots=shots_of(payload.shots),
        noise=noise_of(payload.noise),
        name=payload.name,
        metadata=metadata_of(payload.metadata),
        settings=settings_of(payload.settings),
        dry_run=bool(payload.dry_run),
        session_id=payload.session_id or None,
        debias=debias_of_settings(payload.settings, payload.backend),
        characterization=payload.characterization_id or None,
    )


def _unknown_type(type_: str) -> str:
    *first, last = (SINGLE, MULTI, QASM, QIR, *KINDS)
    return f"unknown job type {type_[:40]!r}: use {', '.join(first)} or {last}"


def debias_of_settings(settings: Settings | None, backend: str | None) -> bool | None:
    """On a simulator it has no effect, whatever is asked, as on IonQ's."""
    asked = (settings.error_mitigation if settings else None) or {}
    return None if backend == "simulator" else debias_of(asked, "settings.error_mitigation")


def _single(given: InputObject) -> Circuit:
    if given.circuit is None:
        extra = f"; send several circuits as type {MULTI}" if given.circuits is not None else ""
        raise RefusedError(f"input.circuit is missing: a list of gates{extra}", "input.circuit")
    if given.circuits is not None:
        raise RefusedError(
            f"input has both circuit and circuits: send several circuits as type {MULTI}",
            "input.circuits",
        )
    if given.gateset is None:
        raise RefusedError("input.gateset is missing: say qis or native", "input.gateset")
    check_gates(len(given.circuit))
    return read_circuit(given.circuit, given.gateset, given.qubits, "input.circuit")


def _children(given: InputObject) -> list[CircuitObject]:
    if given.circuit is not None:
        raise RefusedError(
            "input.circuit beside input.circuits means nothing: put it among the circuits",
            "input.circuit",
        )
    if not given.circuits:
        raise RefusedError(
            "input.circuits is missing or empty: a list of circuits", "input.circuits"
        )
    check_circuits(given.circuits)
    return given.circuits


def _multi(given: InputObject, children: list[CircuitObject]) -> list[Circuit]:
    for index, child in enumerate(children):
        if child.gateset is None and given.gateset is None:
            raise RefusedError(
                f"input.gateset is missing, and circuit {index} has none of its own: "
                "say qis or native",
                "input.gateset",
                f"input.circuits[{index}].gateset",
            )
    return circuits_of(children, given.gateset or "qis", given.qubits, "input.circuits")


def _source(given: InputObject) -> str:
    if not isinstance(given.data, str) or not given.data.strip():
        raise RefusedError("input.data is missing: an OpenQASM 3 program as text", "input.data")
    return given.data


def settings_of(given: Settings | None) -> str | None:
    if given is None:
        return None
    check_compilation(given)
    check_symmetries(given.error_mitigation or {}, "settings.error_mitigation")
    return Kept(given.error_mitigation, given.compilation).text()
