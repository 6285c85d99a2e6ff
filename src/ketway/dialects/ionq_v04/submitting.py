"""From IonQ's request bodies to what the service takes."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ketway.circuits.circuit import Circuit, Register
from ketway.circuits.ionq import CircuitObject, ReadError, read_circuit, read_multi
from ketway.circuits.qir import QirError, check_text
from ketway.dialects.ionq_v04.wire import (
    InputObject,
    JobCreationPayload,
    NoiseObject,
    Settings,
)
from ketway.jobs.job import Noise
from ketway.service.errors import RefusedError
from ketway.service.submission import MAX_CIRCUITS, MAX_GATES, Submission

NAME = "ionq_v04"
SINGLE, MULTI = "ionq.circuit.v1", "ionq.multi-circuit.v1"
QASM, QIR = "ionq.qasm3.v1", "ionq.qir.v1"
LATER = ("quantum-function", "qctrl.qaoa.v1")
DEFAULT_SHOTS = 100
MAX_METADATA = (10, 40, 40_000)
"""Most keys, and longest key and value, of `metadata`."""

_metadata = msgspec.json.Decoder(dict[str, str] | None)


def submission_of(payload: JobCreationPayload) -> Submission:
    """Check a request to create a job, and read its circuits."""
    check_offered(payload.session_id, payload.settings, payload.backend)
    circuits: Sequence[Circuit] | None = None
    source: str | None = None
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
            source = _qir(payload.input)
        case _:
            raise RefusedError(_unknown_type(payload.type), "type")
    return Submission(
        dialect=NAME,
        format=payload.type,
        backend=payload.backend,
        vendor="ionq",
        circuits=circuits,
        source=source,
        multi=payload.type == MULTI,
        names=[child.name for child in children],
        shots=shots_of(payload.shots),
        noise=noise_of(payload.noise),
        name=payload.name,
        metadata=metadata_of(payload.metadata),
        settings=settings_of(payload.settings),
        dry_run=bool(payload.dry_run),
    )


def _unknown_type(type_: str) -> str:
    if type_ in LATER:
        return (
            f"Ketway does not run {type_} jobs yet. It runs {SINGLE}, {MULTI}, {QASM} and "
            f"{QIR}; "
            "for a hybrid job, run its loop in your program and send the circuits"
        )
    return f"unknown job type {type_!r}: use {SINGLE}, {MULTI}, {QASM} or {QIR}"


def check_offered(session_id: str | None, settings: Settings | None, backend: str | None) -> None:
    """Refuse what is not emulated yet, rather than to pretend."""
    if session_id is not None:
        raise RefusedError(
            "Ketway has no IonQ sessions yet: leave session_id out, and jobs share the backend",
            "session_id",
        )
    mitigation = (settings.error_mitigation if settings else None) or {}
    if backend == "simulator":
        return  # error mitigation has no effect on IonQ's simulator either
    for name in ("debiasing", "symmetry_verification"):
        if mitigation.get(name):
            raise RefusedError(
                f"Ketway does not emulate {name} yet: send it as false or leave it out",
                f"settings.error_mitigation.{name}",
            )


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
    _check_gates(len(given.circuit))
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
    if len(given.circuits) > MAX_CIRCUITS:
        raise RefusedError(
            f"a job takes at most {MAX_CIRCUITS:,} circuits, and this one has "
            f"{len(given.circuits):,}: split it into several jobs",
            "input.circuits",
        )
    _check_gates(sum(len(child.circuit) for child in given.circuits))
    return given.circuits


def _check_gates(gates: int) -> None:
    if gates > MAX_GATES:
        raise RefusedError(
            f"a job takes at most {MAX_GATES:,} gates, and this one has {gates:,}: "
            "split it into several jobs",
            "input",
        )


def _multi(given: InputObject, children: list[CircuitObject]) -> list[Circuit]:
    for index, child in enumerate(children):
        if child.gateset is None and given.gateset is None:
            raise RefusedError(
                f"input.gateset is missing, and circuit {index} has none of its own: "
                "say qis or native",
                "input.gateset",
                f"input.circuits[{index}].gateset",
            )
    circuits = read_multi(children, given.gateset or "qis", given.qubits, "input.circuits")
    return [
        _with_registers(circuit, child, f"input.circuits[{index}].registers")
        for index, (circuit, child) in enumerate(zip(circuits, children, strict=True))
    ]


def _with_registers(circuit: Circuit, child: CircuitObject, path: str) -> Circuit:
    """The registers that a client names show up in the v2 result formats."""
    if not child.registers:
        return circuit
    registers = []
    for name, bits in child.registers.items():
        known = tuple(bit for bit in bits if bit is not None)
        if any(not 0 <= bit < circuit.qubits for bit in known):
            raise ReadError(
                f"register {name!r} names a qubit outside the circuit's {circuit.qubits}", path
            )
        if len(known) == len(bits):  # one with holes cannot be read as a row of bits
            registers.append(Register(name, known))
    return Circuit(circuit.structure, circuit.params, tuple(registers))


def _source(given: InputObject) -> str:
    if not isinstance(given.data, str) or not given.data.strip():
        raise RefusedError("input.data is missing: an OpenQASM 3 program as text", "input.data")
    return given.data


def _qir(given: InputObject) -> str:
    if not isinstance(given.data, str):
        raise RefusedError("input.data is missing: LLVM bitcode in base64", "input.data")
    try:
        check_text(given.data)
    except QirError as error:
        raise RefusedError(error.message, "input.data") from None
    return given.data


def shots_of(given: int | str | None) -> int:
    """cirq-ionq sends shots as text (`cirq_ionq/ionq_client.py`, `create_job`)."""
    if given is None:
        return DEFAULT_SHOTS
    if isinstance(given, str):
        if not given.isdecimal() or len(given) > 9:
            raise RefusedError(f"shots must be a whole number, not {given[:20]!r}", "shots")
        return int(given)
    return given


def noise_of(given: NoiseObject | None) -> Noise | None:
    if given is None:
        return None
    if given.seed is not None and not 0 <= given.seed < 1 << 63:
        raise RefusedError(f"noise.seed must be from 0 to 2^63 - 1, not {given.seed}", "noise.seed")
    return Noise(given.model, given.seed)


def metadata_of(given: msgspec.Raw) -> str | None:
    try:
        values = _metadata.decode(given)
    except msgspec.ValidationError as error:
        message = f"metadata: every value must be a string ({error})"
        raise RefusedError(message, "metadata") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        # What is skipped over in a body is not looked into before.
        raise RefusedError("metadata is not JSON in UTF-8", "metadata") from None
    if values is None:
        return None
    keys, longest_key, longest_value = MAX_METADATA
    if len(values) > keys:
        raise RefusedError(f"metadata has {len(values)} keys; at most {keys}", "metadata")
    for key, value in values.items():
        if len(key) > longest_key:
            raise RefusedError(
                f"metadata key {key[:60]!r} is longer than {longest_key} characters", "metadata"
            )
        if len(value) > longest_value:
            raise RefusedError(
                f"metadata {key!r} is longer than {longest_value:,} characters", f"metadata.{key}"
            )
    return bytes(given).decode()


def settings_of(given: Settings | None) -> str | None:
    if given is None:
        return None
    shown = {
        name: value
        for name, value in (
            ("error_mitigation", given.error_mitigation),
            ("compilation", given.compilation),
        )
        if value is not None
    }
    return msgspec.json.encode(shown).decode() if shown else None
