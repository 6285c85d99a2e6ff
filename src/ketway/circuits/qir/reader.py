"""From the bytes of a QIR file to a circuit."""

from __future__ import annotations

from ketway.circuits.circuit import Circuit
from ketway.circuits.qir.bitstream import Stream, is_bitcode, unwrapped
from ketway.circuits.qir.errors import QirError
from ketway.circuits.qir.limits import DEFAULT_LIMITS, Limits
from ketway.circuits.qir.lowering import Lowering
from ketway.circuits.qir.module import read_module


def is_qir(data: bytes) -> bool:
    """Whether these bytes are LLVM bitcode: what they say, not what they are called."""
    return is_bitcode(data)


def read_qir(data: bytes, limits: Limits = DEFAULT_LIMITS, *, every_qubit: bool = False) -> Circuit:
    """The circuit of a file's entry point. Raises `QirError`, whatever the bytes are.

    Its bits are the results that the program gives out, in the order of their numbers; with
    `every_qubit` they are all qubits, as machines have it that measure all they have at the end.
    """
    if len(data) > limits.bytes:
        raise QirError(
            f"The program has {len(data):,} bytes, and at most {limits.bytes:,} are read: split it "
            "into several."
        )
    module = read_module(Stream(unwrapped(data), limits), limits)
    return Lowering(module, limits, every_qubit=every_qubit).circuit()
