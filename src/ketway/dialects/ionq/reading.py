"""What requests in every version of IonQ's API say alike: checked, and in Ketway's words."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ketway.circuits.circuit import Circuit, Register
from ketway.circuits.ionq import CircuitObject, Gateset, ReadError, read_multi
from ketway.circuits.qir import QirError, check_text
from ketway.dialects.ionq.wire import NoiseObject, Registers
from ketway.jobs.job import Noise
from ketway.service.errors import RefusedError
from ketway.service.submission import MAX_CIRCUITS, MAX_GATES

SINGLE, MULTI, QASM, QIR = (
    "ionq.circuit.v1",
    "ionq.multi-circuit.v1",
    "ionq.qasm3.v1",
    "ionq.qir.v1",
)
"""How jobs of every version are kept, in v0.4's words, so that each shows those of the others."""
DEFAULT_SHOTS = 100
MAX_METADATA = (10, 40, 40_000)
"""Most keys, and longest key and value, of `metadata`."""

_metadata = msgspec.json.Decoder(dict[str, str] | None)


def check_gates(gates: int) -> None:
    if gates > MAX_GATES:
        raise RefusedError(
            f"a job takes at most {MAX_GATES:,} gates, and this one has {gates:,}: "
            "split it into several jobs",
            "input",
        )


def check_circuits(circuits: Sequence[CircuitObject]) -> None:
    if len(circuits) > MAX_CIRCUITS:
        raise RefusedError(
            f"a job takes at most {MAX_CIRCUITS:,} circuits, and this one has "
            f"{len(circuits):,}: split it into several jobs",
            "input.circuits",
        )
    check_gates(sum(len(circuit.circuit) for circuit in circuits))


def circuits_of(
    children: Sequence[CircuitObject], gateset: Gateset, qubits: int | None, where: str
) -> list[Circuit]:
    """The circuits of a job that has several, with the registers that the client names."""
    return [
        with_registers(circuit, child.registers, f"{where}[{index}].registers")
        for index, (circuit, child) in enumerate(
            zip(read_multi(children, gateset, qubits, where), children, strict=True)
        )
    ]


def with_registers(circuit: Circuit, named: Registers | None, path: str) -> Circuit:
    """The registers that a client names show up in the v2 result formats."""
    if not named:
        return circuit
    registers = []
    for name, bits in named.items():
        known = tuple(bit for bit in bits if bit is not None)
        if any(not 0 <= bit < circuit.qubits for bit in known):
            raise ReadError(
                f"register {name!r} names a qubit outside the circuit's {circuit.qubits}", path
            )
        if len(known) == len(bits):  # one with holes cannot be read as a row of bits
            registers.append(Register(name, known))
    return Circuit(circuit.structure, circuit.params, tuple(registers))


def qir_of(given: object, where: str) -> str:
    """QIR as IonQ's formats have it: bitcode in base64, which may be broken into lines."""
    if not isinstance(given, str) or not given.strip():
        raise RefusedError(f"{where} is missing: LLVM bitcode in base64", where)
    text = "".join(given.split())
    try:
        check_text(text)
    except QirError as error:
        raise RefusedError(f"{where}: {error.message}", where) from None
    return text


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
