"""Steps of channels that are no Paulis and no dampings, as engines apply them.

Which case of a step happens is drawn before the state is known. What comes of a case with several
operators is decided by their weights in the state; a case with one, a unitary, looks at nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Floats, Ints
from ketway.devices.channels import Array, Step, case_operators, does_nothing, superoperator
from ketway.engines import core


@dataclass(frozen=True)
class Action:
    """A step of a channel on one or two qubits."""

    width: int
    odds: tuple[float, ...]
    """Of each case; the rest is that nothing happens."""
    operators: tuple[tuple[Array, ...], ...]
    """Of each case; the first qubit is on the low bit."""
    superoperator: Array
    """The qubits on the low bits, their shadows on the high bits."""

    @property
    def parting(self) -> float:
        """The odds that something happens to a shot that does not happen to most."""
        size = 2.0**self.width
        shares = [1 - sum(self.odds)]
        for p, operators in zip(self.odds, self.operators, strict=True):
            shares += [p * float((np.abs(k) ** 2).sum()) / size for k in operators]
        return max(0.0, 1 - max(shares))


@lru_cache(maxsize=4096)
def action_of(step: Step, width: int) -> Action:
    odds, found = [], []
    total = sum(case.p for case in step)
    for case in step:
        operators = case_operators(case, width)
        if case.p > 0 and not does_nothing(operators):
            odds.append(case.p / total)
            found.append(tuple(operators))
    return Action(width, tuple(odds), tuple(found), superoperator(step, width) / total)


@dataclass(frozen=True)
class Acts:
    """Where actions follow gates, in the order of the gates and of their steps."""

    gates: NDArray[np.int64]
    qubits: Ints
    """Shape (acts, 2): a pair of qubits, or one qubit and -1."""
    numbers: Ints
    """Which action it is."""
    actions: tuple[Action, ...]

    @property
    def odds(self) -> Floats:
        """For each act, the odds that anything happens."""
        odds = np.array([min(1.0, math.fsum(action.odds)) for action in self.actions])
        # What always happens must not be left out for want of a last bit.
        odds[odds > 1 - 1e-12] = 1.0
        return odds[self.numbers] if len(odds) else np.zeros(0)

    @property
    def expected(self) -> float:
        """How many of them part a shot from most others, on average."""
        parting = np.array([action.parting for action in self.actions])
        return float(parting[self.numbers].sum()) if len(parting) else 0.0


NO_ACTS: Final = Acts(
    np.zeros(0, dtype=np.int64),
    np.zeros((0, 2), dtype=np.int32),
    np.zeros(0, dtype=np.int32),
    (),
)


def steps_of(actions: Sequence[Action]) -> core.Steps:
    """The actions as the compiled core takes them."""
    cases = [case for action in actions for case in action.operators]
    operators = [k for case in cases for k in case]
    sizes = [2 * k.size for k in operators]
    limits = [np.zeros(0, dtype=np.uint64)]
    for action in actions:
        sums = np.cumsum(action.odds)
        shares = [int(s / sums[-1] * 2**64) for s in sums.tolist()[:-1]]
        limits.append(np.array([*shares, 2**64 - 1][: len(sums)], dtype=np.uint64))
    return core.Steps(
        np.cumsum([0, *(len(action.operators) for action in actions)]).astype(np.int32),
        np.concatenate(limits),
        np.cumsum([0, *map(len, cases)]).astype(np.int32),
        np.cumsum([0, *sizes])[:-1].astype(np.int64),
        np.concatenate([np.zeros(0), *(k.ravel().view(np.float64) for k in operators), [0.0]]),
    )
