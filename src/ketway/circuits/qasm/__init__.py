"""OpenQASM: programs into circuits (`read_qasm`), or templates where inputs are open
(`read_template`), and circuits into programs (`write_qasm`)."""

from ketway.circuits.qasm.errors import QasmError
from ketway.circuits.qasm.limits import Limits
from ketway.circuits.qasm.reader import read_qasm, read_template
from ketway.circuits.qasm.writer import write_qasm

__all__ = ["Limits", "QasmError", "read_qasm", "read_template", "write_qasm"]
