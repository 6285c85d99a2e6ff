"""QPY, in which Qiskit writes circuits: bytes into templates (`read_qpy`)."""

from ketway.circuits.qpy.container import count_programs, is_qpy
from ketway.circuits.qpy.errors import QpyError
from ketway.circuits.qpy.limits import Limits
from ketway.circuits.qpy.reader import read_qpy
from ketway.circuits.qpy.text import of_text, programs_of_text
from ketway.circuits.template import Template

__all__ = [
    "Limits",
    "QpyError",
    "Template",
    "count_programs",
    "is_qpy",
    "of_text",
    "programs_of_text",
    "read_qpy",
]
