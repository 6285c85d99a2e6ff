"""IonQ's JSON circuits: what they look like, how they are read, how they are written."""

from ketway.circuits.ionq.limits import MAX_CONTROLS, too_many_controls
from ketway.circuits.ionq.reader import read_circuit, read_multi
from ketway.circuits.ionq.wire import CircuitObject, GateObject, Gateset, ReadError
from ketway.circuits.ionq.writer import write_native, write_qis

__all__ = [
    "MAX_CONTROLS",
    "CircuitObject",
    "GateObject",
    "Gateset",
    "ReadError",
    "read_circuit",
    "read_multi",
    "too_many_controls",
    "write_native",
    "write_qis",
]
