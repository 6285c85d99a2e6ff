"""Writing a circuit as an OpenQASM 3 program, which reads back as the same circuit.

Gates keep their names and controls; parameters are written so that reading them gives the same
double. Gates that the standard library lacks are defined in the preamble, from library gates, so
that every other tool understands the program, and this reader knows the definitions again.

Three things do not survive, because OpenQASM has no place for them: a global phase with controls
comes back as the phase gate that it is; registers come back only if they name the bits one after
another, otherwise all bits become one register; and `pauliexp` is refused. Of classical control,
what is nested as `if` and `while` nest it can be said.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Final

from ketway.circuits.circuit import Circuit, Register, Structure
from ketway.circuits.gates import GATES, Kind
from ketway.circuits.qasm.arithmetic import CONSTANTS, FUNCTIONS
from ketway.circuits.qasm.control.writing import ControlWriter, Names, memory_groups
from ketway.circuits.qasm.gates.library import library
from ketway.circuits.qasm.gates.preamble import DEFINITIONS, NAMES
from ketway.circuits.qasm.words import reserved
from ketway.jobs.failures import Code, FailedError, Failure

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_NAMES: Final = {
    Kind.PHASE: "p",
    Kind.NOP: "id",
    Kind.SXDG: "inv @ sx",
    **NAMES,
}
"""What a gate is called in a program, where it is not the name in the gate table."""

_SHORT: Final = {
    (Kind.X, 1): "cx", (Kind.Y, 1): "cy", (Kind.Z, 1): "cz", (Kind.H, 1): "ch",
    (Kind.PHASE, 1): "cp", (Kind.RX, 1): "crx", (Kind.RY, 1): "cry", (Kind.RZ, 1): "crz",
    (Kind.SWAP, 1): "cswap", (Kind.X, 2): "ccx",
}  # fmt: skip
"""Names in the standard library of gates with controls."""


def write_qasm(circuit: Circuit) -> str:
    """The circuit as an OpenQASM 3.0 program; raises `FailedError` if it has none."""
    structure = circuit.structure
    _check(circuit)
    registers = _registers(circuit)
    qubits = _free_name("q", {register.name for register in registers})
    lines = ["OPENQASM 3.0;", 'include "stdgates.inc";']
    present = {Kind(kind) for kind in set(structure.kinds.tolist())}
    lines += [text for kind, text in DEFINITIONS.items() if kind in present]
    if structure.qubits:
        lines.append(f"qubit[{structure.qubits}] {qubits};")
    lines += [f"bit[{len(register.bits)}] {register.name};" for register in registers]
    places = {
        bit: (register.name, place)
        for register in registers
        for place, bit in enumerate(register.bits)
    }
    for group in memory_groups(structure):
        name = _free_name("m", {qubits, *(name for name, _ in places.values())})
        lines.append(f"uint[{len(group)}] {name};")
        places |= {bit: (name, place) for place, bit in enumerate(group)}
    lines += _statements(structure, circuit.params.tolist(), qubits, places)
    return "\n".join(lines) + "\n"


def _statements(
    structure: Structure, params: list[float], name: str, places: dict[int, tuple[str, int]]
) -> Iterable[str]:
    starts, param_starts = structure.operand_starts.tolist(), structure.param_starts.tolist()
    operands = structure.operands.tolist()
    qubits = [f"{name}[{qubit}]" for qubit in range(structure.qubits)]
    bits = {bit: f"{register}[{place}]" for bit, (register, place) in places.items()}
    sizes: dict[str, int] = {}
    for register, _ in places.values():
        sizes[register] = sizes.get(register, 0) + 1
    control = ControlWriter(structure, Names(places, sizes)) if structure.has_control else None
    gates = zip(structure.kinds.tolist(), structure.controls.tolist(), strict=True)
    for place, (number, controls) in enumerate(gates):
        own = operands[starts[place] : starts[place + 1]]
        if control is not None:
            yield from control.before(place)
            if number in (Kind.JUMP, Kind.ASSIGN):
                yield control.of(place)
                continue
        if number == Kind.MEASURE:
            yield f"{bits[own[1]]} = measure {qubits[own[0]]};"
            continue
        head = _head(Kind(number), controls)
        values = params[param_starts[place] : param_starts[place + 1]]
        if values:
            head += f"({', '.join(map(repr, values))})"
        yield f"{head} {', '.join([qubits[qubit] for qubit in own])}".rstrip() + ";"
    if control is not None:
        yield from control.before(structure.gates)


def _head(kind: Kind, controls: int) -> str:
    """Modifiers and name."""
    short = _SHORT.get((kind, controls))
    if short is not None:
        return short
    name = _NAMES.get(kind, GATES[kind].name)
    if controls == 0:
        return name
    return f"ctrl @ {name}" if controls == 1 else f"ctrl({controls}) @ {name}"


def _registers(circuit: Circuit) -> tuple[Register, ...]:
    """The circuit's registers if a program can declare them, else one of all bits."""
    bits = [bit for register in circuit.registers for bit in register.bits]
    names = [register.name for register in circuit.registers]
    in_order = bits == list(range(circuit.structure.bits)) and len(set(names)) == len(names)
    if in_order and all(_usable(r.name) and r.bits for r in circuit.registers):
        return circuit.registers
    if circuit.structure.bits == 0:
        return ()
    return (Register("c", tuple(range(circuit.structure.bits))),)


def _usable(name: str) -> bool:
    """Whether a register may have this name in every OpenQASM 3 program."""
    taken = library("stdgates.inc", 3).keys() | FUNCTIONS.keys() | CONSTANTS.keys()
    free = name not in taken and name not in _NAMES.values()
    return free and not reserved(name, 3) and _NAME.fullmatch(name) is not None


def _free_name(wanted: str, taken: set[str]) -> str:
    while wanted in taken:
        wanted += "_"
    return wanted


def _check(circuit: Circuit) -> None:
    """Refuse what OpenQASM cannot say, and say which gate it is."""
    structure = circuit.structure
    for place in (structure.kinds == Kind.PAULIEXP).nonzero()[0][:1].tolist():
        raise FailedError(
            Failure(
                Code.UNSUPPORTED_GATE,
                f"Gate {place} is `pauliexp`, which OpenQASM cannot say: it is the exponential of "
                "a sum. Write the circuit as JSON, or use `rxx`, `ryy` and `rzz`.",
                gate=place,
            )
        )
    for index, value in enumerate(circuit.params.tolist()):
        if not math.isfinite(value):
            place = int((structure.param_starts <= index).nonzero()[0][-1])
            raise FailedError(
                Failure(
                    Code.INVALID_INPUT,
                    f"Gate {place} has the parameter {value}, which is no number: OpenQASM cannot "
                    "say it.",
                    gate=place,
                )
            )
