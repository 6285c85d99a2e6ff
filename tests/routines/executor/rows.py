"""Many circuits of one structure, simulated at once with numpy: they are measured at their end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from tests import reference

from ketway.circuits.circuit import Batch, Circuit
from ketway.circuits.gates import Kind


def distributions(batch: Batch, bits: int) -> NDArray[np.float64]:
    """Shape (rows, 2 ** bits)."""
    structure, rows = batch.structure, len(batch)
    state = np.zeros((rows,) + (2,) * structure.qubits, complex)
    state[(slice(None),) + (0,) * structure.qubits] = 1
    read: dict[int, int] = {}
    for gate, step in enumerate(reference.steps_of(Circuit(structure, batch.params[0]))):
        if step.kind == Kind.MEASURE:
            read[step.operands[1]] = step.operands[0]
            continue
        assert not {*read.values()} & {*step.operands}, "a gate follows a measurement"
        angles = batch.params[:, structure.param_starts[gate] : structure.param_starts[gate + 1]]
        if step.kind == Kind.RZ:
            half = 0.5j * angles[:, 0].reshape((rows,) + (1,) * structure.qubits)
            zeros, ones = np.split(state, 2, axis=1 + step.operands[0])
            pair = (zeros * np.exp(-half), ones * np.exp(half))
            state = np.concatenate(pair, axis=1 + step.operands[0])
            continue
        assert (angles == angles[0]).all(), f"{step.kind.name} has another angle in each row"
        state = reference.apply(state, step.unitary(), [1 + q for q in step.operands])
    chances = (np.abs(state) ** 2).reshape(rows, -1)
    index = np.arange(chances.shape[1])
    key = sum(((index >> (structure.qubits - 1 - qubit)) & 1) << bit for bit, qubit in read.items())
    found = np.zeros((rows, 2**bits))
    np.add.at(found.T, key, chances.T)
    return found
