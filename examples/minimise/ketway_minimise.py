"""The lowest energy of a circuit with parameters: a whole optimisation in one job, next to the
machine, instead of hundreds of jobs that wait for one another."""

from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from ketway.programs import Backend, Circuit, program


class Inputs(msgspec.Struct, forbid_unknown_fields=True):
    circuit: Circuit
    observable: dict[str, float]
    """Pauli labels, such as XIZ, and their coefficients."""
    start: NDArray[np.float64]
    """Values of the circuit's parameters, in its order."""
    rounds: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 200
    seed: int | None = None
    """Ketway's own: what the job's random numbers follow from."""


class Minimum(msgspec.Struct):
    energy: float
    values: NDArray[np.float64]
    history: NDArray[np.float64]
    """The lower of the two energies of each round."""


@program(memory=1 << 30)
def minimise(inputs: Inputs, backend: Backend) -> Minimum:
    """Simultaneous perturbation: each round steps along a random direction, by the difference of
    the energies on either side."""
    values = inputs.start.copy()
    if values.shape != (len(inputs.circuit.parameters),):
        raise ValueError(
            f"start has shape {values.shape}, and the circuit has "
            f"{len(inputs.circuit.parameters)} parameters"
        )
    history = np.empty(inputs.rounds)
    for k in range(inputs.rounds):
        step = 0.1 / (k + 1) ** 0.101
        direction = backend.generator.choice((-step, step), len(values))
        pair = np.stack((values + direction, values - direction))
        above, below = backend.expect(inputs.circuit, [inputs.observable], pair)[:, 0]
        values -= (above - below) / (2 * direction) / (k + 20) ** 0.602
        history[k] = min(above, below)
        if k % 50 == 0:
            backend.log(f"round {k}: {history[k]:.6f}")
    energy = float(backend.expect(inputs.circuit, [inputs.observable], values)[0])
    return Minimum(energy, values, history)
