"""Symmetry verification: outcomes that break a symmetry of their circuit are left out.

What a device measured is stored as it was; what is left out is decided when a result is read, from
the circuit alone, and so is the same at every reading.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ketway.circuits.circuit import Program
from ketway.compile.symmetries import Parity, parities
from ketway.dialects.ionq.settings import kept_of
from ketway.jobs.job import CIRCUITS, Job
from ketway.jobs.results import Result
from ketway.service.backends import Backends


def verifies(job: Job, backends: Backends) -> bool:
    """Whether it was asked for, of a machine that makes errors: on a simulator it has no effect."""
    asked = (kept_of(job).error_mitigation or {}).get("symmetry_verification")
    return bool(asked) and job.routine == CIRCUITS and backends.is_qpu(job.backend)


def verified(program: Program, index: int, result: Result | None) -> Result | None:
    """Without the outcomes that no ideal run has; as it is, if that would leave nothing."""
    if result is None:
        return None
    return _kept(result, parities(program.circuit(index)))


def output_of(program: Program, index: int, result: Result | None) -> dict[str, Any]:
    """What a job says of it."""
    found = parities(program.circuit(index))
    return {
        "num_allowed_states": 1 << program.circuit(index).qubits - len(found),
        "applied": bool(found) and result is not None and _allowed(result, found).any().item(),
    }


def _allowed(result: Result, found: list[Parity]) -> Any:
    outcomes = np.array(result.integers(), dtype=object)
    allowed = np.ones(len(outcomes), dtype=np.bool_)
    for mask, odd in found:
        ones = np.array([(outcome & mask).bit_count() & 1 for outcome in outcomes], dtype=np.bool_)
        allowed &= ones == odd
    return allowed


def _kept(result: Result, found: list[Parity]) -> Result:
    allowed = _allowed(result, found)
    if allowed.all() or not allowed.any():
        return result
    probabilities, counts, shots = result.probabilities, result.counts, result.shots
    if probabilities is not None:
        left = probabilities[allowed]
        probabilities = left / left.sum() if left.sum() > 0 else left
    if counts is not None:
        counts = counts[allowed]
        if not counts.any():
            return result
    if shots is not None:
        places = np.cumsum(allowed) - 1
        shots = places[shots[allowed[shots]]].astype(np.uint32)
    return replace(
        result,
        outcomes=np.ascontiguousarray(result.outcomes[allowed]),
        probabilities=probabilities,
        counts=counts,
        shots=shots,
    )
