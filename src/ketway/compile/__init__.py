"""From what was written to what a device runs (`to_native`)."""

from ketway.compile.native import Entangler, to_native

__all__ = ["Entangler", "to_native"]
