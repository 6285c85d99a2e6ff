"""One-qubit matrices, from numpy's file format, read by hand: only what Qiskit writes there."""

from __future__ import annotations

import cmath
import math
import re
from typing import Final

import numpy as np

from ketway.circuits.qpy.errors import QpyError

_MAGIC: Final = b"\x93NUMPY\x01\x00"
_HEAD: Final = re.compile(
    rb"\{'descr': '<c16', 'fortran_order': (True|False), 'shape': \(2, 2,? ?\), ?\} *\n"
)
_NEAR: Final = 1e-6


def unitary_angles(data: memoryview, where: str) -> tuple[float, float, float, float]:
    """theta, phi and lambda of `U`, and a phase, which together are the matrix."""
    start = len(_MAGIC) + 2
    size = int.from_bytes(data[len(_MAGIC) : start], "little")
    head = _HEAD.fullmatch(bytes(data[start : start + size]))
    body = data[start + size :]
    if bytes(data[: len(_MAGIC)]) != _MAGIC or head is None or len(body) != 64:
        raise QpyError("its matrix is not one of 2 by 2 complex numbers.", where)
    matrix = np.frombuffer(body, dtype="<c16").reshape(2, 2)
    if head[1] == b"True":
        matrix = matrix.T
    if not np.isfinite(matrix).all() or not np.allclose(
        matrix @ matrix.conj().T, np.eye(2), atol=_NEAR
    ):
        raise QpyError("its matrix is not unitary.", where)
    a, b, c, d = (complex(x) for x in matrix.ravel())
    theta = 2 * math.atan2(abs(c), abs(a))
    if abs(a) > abs(c):
        phase = cmath.phase(a)
        total = cmath.phase(d) - phase
        phi = cmath.phase(c) - phase if abs(c) > 1e-12 else 0.0
        return theta, phi, total - phi, phase
    # U has no phase of its own in this corner when the first is almost 0.
    phase = cmath.phase(a) if abs(a) > 1e-12 else 0.0
    phi = cmath.phase(c) - phase
    lam = cmath.phase(-b) - phase
    return theta, phi, lam, phase
