"""What IonQ reads but does not run: such a job is accepted and then fails, with a code."""

from __future__ import annotations

from typing import Final

import numpy as np

from ketway.circuits.circuit import Structure, name_of
from ketway.jobs.failures import Code, Failure

MAX_CONTROLS: Final = 7
"""IonQ's documented limit; a gate with more fails its job with TooManyControls."""


def too_many_controls(structure: Structure, circuit: int | None = None) -> Failure | None:
    """The failure of a job whose circuit has a gate with more controls than IonQ takes."""
    if not structure.gates or structure.controls.max() <= MAX_CONTROLS:
        return None
    gate = int(np.argmax(structure.controls > MAX_CONTROLS))
    count = int(structure.controls[gate])
    return Failure(
        code=Code.TOO_MANY_CONTROLS,
        message=(
            f"Gate {gate} ({name_of(int(structure.kinds[gate]))}) has {count} controls; "
            f"a gate may have at most {MAX_CONTROLS}. Split it with helper qubits."
        ),
        circuit=circuit,
        gate=gate,
    )
