"""Folding: a two-qubit gate, its inverse and the gate again do what the gate does, with three times
its noise."""

from __future__ import annotations

import math
from typing import Final, Literal, TypeAlias

import numpy as np

from ketway.circuits.circuit import Structure, kind_table
from ketway.circuits.gates import GATES, Kind
from ketway.engines import seeds as sources
from ketway.jobs.failures import Code, FailedError, Failure

Method: TypeAlias = Literal["gate_folding", "gate_folding_front", "gate_folding_back"]

_UNITARY: Final = kind_table(kind for kind, row in GATES.items() if row.matrices is not None)


def folds(structure: Structure, factor: float, method: Method, seed: int) -> dict[int, int]:
    """How often each gate is folded for a noise factor.

    A factor that is not odd takes one fold more of some gates: from the front, from the back, or
    chosen at random.
    """
    if factor < 1:
        raise FailedError(
            Failure(
                Code.INVALID_INPUT,
                f"Gates cannot be folded for a noise factor of {factor:g}: give 1 or more in "
                "zne.noise_factors.",
            )
        )
    widths = np.diff(structure.operand_starts)
    gates = np.flatnonzero((widths == 2) & _UNITARY[structure.kinds])
    gates = gates[structure.kinds[gates] != Kind.NOP]
    each = int((factor - 1) // 2)
    counts = np.full(len(gates), each, dtype=np.int64)
    share = (factor - 1) % 2 / 2
    if len(gates) and not math.isclose(share * len(gates), 0, abs_tol=1e-8):
        more = max(1, round(share * len(gates)))
        if method == "gate_folding_front":
            counts[:more] += 1
        elif method == "gate_folding_back":
            counts[-more:] += 1
        else:
            raw = np.asarray(sources.bits(seed, "folds").random_raw(len(gates)), dtype=np.uint64)
            counts[np.argsort(raw, kind="stable")[:more]] += 1
    return {
        gate: count for gate, count in zip(gates.tolist(), counts.tolist(), strict=True) if count
    }
