"""The noise of a lowered circuit: its sites and misreadings as the compiled core has them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Floats
from ketway.devices.noise import NoiseModel
from ketway.engines import core
from ketway.engines.actions import Acts, steps_of
from ketway.engines.lowering import Lowered, Readout
from ketway.engines.noise import Sites, limits_of, misreadings


def core_sites(lowered: Lowered, found: Sites | None) -> core.Sites:
    """The places of the noise, by the operation that each follows: what never happens left out."""
    if found is None:
        none = np.zeros(0, dtype=np.int32)
        zeros = np.zeros(0)
        return core.Sites(none, none, none, zeros, none, zeros, np.zeros((0, 16), dtype=np.uint64))
    if len(found.acts.numbers):
        return _with_acts(lowered, _plain_sites(lowered, found), found.acts)
    return _plain_sites(lowered, found)


def _plain_sites(lowered: Lowered, found: Sites) -> core.Sites:
    # At each site the Pauli error, then the damping of its first and of its second qubit.
    errors = found.error_odds
    odds = np.column_stack((errors, found.damping_odds)).ravel()
    happens = odds > 0
    gates = np.repeat(np.arange(len(found.starts) - 1), np.diff(found.starts))
    first, second = found.qubits.T
    none = np.full(len(gates), -1)

    def flat(*columns: NDArray[np.int32] | NDArray[np.int64]) -> NDArray[np.int32]:
        return np.column_stack(columns).ravel()[happens].astype(np.int32)

    return core.Sites(
        flat(*(3 * [lowered.struck_ops[gates]])),
        flat(first, first, second),
        flat(second, none, none),
        odds[happens],
        flat(found.tables, none, none),
        np.column_stack((np.zeros(len(gates)), found.damping)).ravel()[happens],
        limits_of(found.distributions),
    )


def _with_acts(lowered: Lowered, plain: core.Sites, acts: Acts) -> core.Sites:
    """The steps of channels too, each after the errors and dampings of the same gate."""
    odds = acts.odds
    happens = odds > 0
    count = int(happens.sum())
    ops = np.concatenate((plain.ops, lowered.struck_ops[acts.gates[happens]].astype(np.int32)))
    order = np.argsort(ops, kind="stable")
    qubits = acts.qubits[happens]

    def joined(values: NDArray[Any], others: NDArray[Any]) -> NDArray[Any]:
        return np.concatenate((values, others.astype(values.dtype)))[order]

    return core.Sites(
        ops[order],
        joined(plain.first, qubits[:, 0]),
        joined(plain.second, qubits[:, 1]),
        joined(plain.odds, odds[happens]),
        joined(plain.tables, -2 - acts.numbers[happens]),
        joined(plain.damping, np.zeros(count)),
        plain.limits,
        steps_of(acts.actions),
    )


def slot_misreadings(readout: Readout, noise: NoiseModel | None) -> Floats | None:
    """Shape (slots, 2): the odds that a 0 is read as 1, and a 1 as 0; None if both never are."""
    if noise is None:
        return None
    if readout.controlled:  # the others are misread when they are read
        odds = np.zeros((readout.width, 2))
        for qubit, slots in zip(readout.qubits, readout.slots, strict=True):
            odds[list(slots)] = misreadings(noise, (qubit,))
    else:
        odds = misreadings(noise, readout.slot_qubits)
    return odds if odds.any() else None
