"""A circuit whose instructions are boxes, each of them read on its own: layers, for which the
circuit is only an envelope."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ketway.circuits.qpy.container import open_file
from ketway.circuits.qpy.cursor import Cursor
from ketway.circuits.qpy.errors import QpyError, shown
from ketway.circuits.qpy.limits import DEFAULT_LIMITS, Limits
from ketway.circuits.qpy.lowering import Lowering
from ketway.circuits.qpy.parsed import Circuit, Reading
from ketway.circuits.qpy.parsing import read_circuit
from ketway.circuits.template import Template


@dataclass(frozen=True)
class Box:
    qubits: tuple[int, ...]
    """All that it holds, ascending, also those on which nothing acts."""
    template: Template


def read_boxes(data: bytes, limits: Limits = DEFAULT_LIMITS) -> list[Box]:
    """The boxes of the first circuit of a file, in their order.

    Qubits are numbered as in the register that all of them are of, whole or in part: an envelope
    may have been made of those qubits alone that its boxes hold, in any order.
    """
    file, cursor, offsets = open_file(data, limits)
    reading = Reading(file.version, file.symengine, limits)
    here = Cursor(cursor.data[offsets[0] :]) if offsets else cursor
    circuit = read_circuit(here, reading)
    numbers = _numbers(circuit)
    width = 1 + max(numbers, default=0)
    if width > limits.qubits:
        raise QpyError(f"It has {width:,} qubits, and at most {limits.qubits:,} are read.")
    boxes = []
    for index, instruction in enumerate(circuit.instructions):
        if instruction.name != "BoxOp":
            raise QpyError(
                "it is no box: put what belongs to a layer into one, with `circuit.box()`.",
                f"instruction {index} ({shown(instruction.name)})",
            )
        qubits = tuple(numbers[qubit] for qubit in instruction.qubits)
        alone = replace(
            circuit,
            name=f"box {index}",
            qubits=width,
            instructions=[replace(instruction, qubits=qubits)],
        )
        boxes.append(Box(tuple(sorted(qubits)), Lowering(reading, alone).template()))
    return boxes


def _numbers(circuit: Circuit) -> list[int]:
    """What each qubit of a circuit is called."""
    for places in circuit.qubit_registers:
        found = {qubit: number for number, qubit in enumerate(places) if qubit < circuit.qubits}
        if all(qubit in found for qubit in range(circuit.qubits)):
            return [found[qubit] for qubit in range(circuit.qubits)]
    return list(range(circuit.qubits))
