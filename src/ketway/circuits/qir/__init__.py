"""QIR, quantum programs as LLVM bitcode: bytes into a circuit (`read_qir`). Nothing is executed."""

from ketway.circuits.qir.errors import QirError
from ketway.circuits.qir.limits import Limits
from ketway.circuits.qir.reader import is_qir, read_qir
from ketway.circuits.qir.text import check_text, of_text

__all__ = ["Limits", "QirError", "check_text", "is_qir", "of_text", "read_qir"]
