"""QPY, in which Qiskit writes circuits: bytes into templates (`read_qpy`)."""

from ketway.circuits.qpy.container import count_programs
from ketway.circuits.qpy.errors import QpyError
from ketway.circuits.qpy.limits import Limits
from ketway.circuits.qpy.reader import read_qpy
from ketway.circuits.qpy.template import Template

__all__ = ["Limits", "QpyError", "Template", "count_programs", "read_qpy"]
