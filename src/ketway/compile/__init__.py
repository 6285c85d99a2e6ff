"""From what was written to what a device runs: `compile_batch`, and `to_native` for one circuit."""

from ketway.compile.compiling import LEVELS, USUAL, Compiled, compile_batch, to_native
from ketway.compile.native import Entangler

__all__ = ["LEVELS", "USUAL", "Compiled", "Entangler", "compile_batch", "to_native"]
