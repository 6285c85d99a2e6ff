"""What a program becomes to those who run it: the order of its inputs, its registers, its width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ketway.circuits.circuit import Builder, Register
from ketway.circuits.formulas import Symbol
from ketway.circuits.gates import Kind


def ordered(inputs: Mapping[str, Symbol]) -> list[tuple[Symbol, str]]:
    """The inputs in the order in which values are given for them, which is Qiskit's for the
    parameters of a circuit: by name.

    A name that starts with `_` is one that Qiskit had to change: element 10 of a vector `v` is
    written `_v_10_`, and so would stand before `_v_2_`. Qiskit declares inputs in the order of the
    circuit that it writes, and that is the order which the circuit's user knows.
    """
    declared = [(symbol, name) for name, symbol in inputs.items()]
    if any(name.startswith("_") for name in inputs):
        return declared
    return sorted(declared, key=lambda one: one[1])


def result_registers(
    declared: Sequence[Register], aliases: Sequence[Register]
) -> tuple[Register, ...]:
    """Registers as Qiskit has them: a name for several bits is one too, and single bits are none
    where a name holds them."""
    held = {bit for register in aliases for bit in register.bits}
    single = [r for r in declared if len(r.bits) > 1 or r.bits[0] not in held]
    return (*single, *aliases)


def most_qubits(builder: Builder) -> int:
    """How many qubits there are, if all that gates name are."""
    if not builder.kinds:
        return 0
    kinds = np.array(builder.kinds, dtype=np.uint8)
    ends = np.array(builder.operand_ends, dtype=np.int64)
    operands = np.array([0, *builder.operands], dtype=np.int64)
    no_qubits = np.isin(kinds, (Kind.JUMP, Kind.ASSIGN))
    widths = np.diff(ends, prepend=0)
    is_qubit = np.repeat(~no_qubits, widths)
    bits = ends[kinds == Kind.MEASURE] - 1
    is_qubit[bits] = False
    return int(operands[1:][is_qubit].max(initial=-1)) + 1
