"""Gates by the names that Qiskit gives them, for the noise that follows them."""

from __future__ import annotations

from typing import Final

from ketway.circuits.gates import QASM
from ketway.devices.noise import NoiseModelError, noisy_gates

_CONTROLLED: Final = {
    "cx": "cx", "CX": "cx", "cy": "cy", "cz": "cz", "ch": "ch", "cs": "cs", "csdg": "csdg",
    "csx": "csx", "cp": "cphase", "cu1": "cphase", "cu3": "cu", "crx": "crx", "cry": "cry",
    "crz": "crz",
}  # fmt: skip
_ALSO: Final = {"u2": "u", "u0": "nop"}
_SEVERAL: Final = frozenset(
    ("ecr", "iswap", "dcx", "rzx", "cu", "r", "xx_plus_yy", "xx_minus_yy", "unitary", "rzx")
)
_WIDE: Final = frozenset(("ccx", "ccz", "cswap", "rccx", "rcccx", "mcx", "mcphase", "c3sx"))


def own_name(called: str, place: str) -> str:
    """The gate table's name of a gate that Qiskit calls so; refused where circuits lose it."""
    row = QASM.get(called)
    name = _CONTROLLED.get(called) or _ALSO.get(called) or (row.name if row is not None else called)
    if name in noisy_gates() and (called not in _SEVERAL or name == called):
        return name
    if called == "delay":
        why = "circuits are read without their delays, so nothing can follow one: put `id` instead"
    elif called in _SEVERAL:
        why = (
            "circuits have other gates in its place, which nothing tells apart: take its error out"
        )
    elif called in _WIDE:
        why = "it acts on more than two qubits: let circuits be made of smaller gates"
    else:
        why = "is no gate that noise can follow here"
    raise NoiseModelError(place, f"{called!r}: {why}")
