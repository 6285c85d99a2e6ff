"""`estimator`: expectation values of observables on the points of a sweep."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from ketway.circuits.circuit import Batch, Floats
from ketway.engines.engine import Plan
from ketway.engines.observables import Observables
from ketway.engines.prepass.sheet import runs
from ketway.routines.bodies import Plain
from ketway.routines.configurations import configurations, letters_of
from ketway.routines.measuring import Measurement
from ketway.routines.mitigation.shots import Amount
from ketway.routines.options import EstimatorOptions
from ketway.routines.placing import Index
from ketway.routines.pubs import EstimatorPub
from ketway.routines.runner import Runner

SPARSE: Final = 32
"""From so many products on, points of which different observables are wanted are not computed
together."""


@dataclass(frozen=True)
class EstimatorAnswer:
    """What an estimator found, each array of the shape of its PUB, and some with more axes."""

    evs: Floats
    stds: Floats
    """Standard errors, from the spread between randomizations where there are several."""
    ensemble_standard_error: Floats
    """Standard errors as they follow from the number of shots."""
    metadata: dict[str, Any] = field(default_factory=dict)
    evs_noise_factors: Floats | None = None
    """One more axis: the noise factors."""
    stds_noise_factors: Floats | None = None
    ensemble_stds_noise_factors: Floats | None = None
    evs_extrapolated: Floats | None = None
    """Two more axes: the extrapolators, and the noise factors that they are evaluated at."""
    stds_extrapolated: Floats | None = None


def estimate(
    pub: EstimatorPub, options: EstimatorOptions, runner: Runner, key: int
) -> EstimatorAnswer:
    """The answer of one PUB; `key` tells its draws from those of the job's other PUBs."""
    if pub.precision == 0 and pub.shots is None and runner.noise is None:
        values = _exact(pub, runner)
        none = np.zeros(pub.shape)
        return EstimatorAnswer(values, none, none.copy(), _metadata(pub, Amount(1, 0)))
    amount = amount_of(pub)
    measurement = Measurement(pub.batch, configurations(pub), Plain(), amount)
    means = measurement.run(runner, letters_of(pub.observables), key)
    wanted = measurement.wanted
    return EstimatorAnswer(
        wanted.sums(means.values).reshape(pub.shape),
        wanted.errors(means.squares).reshape(pub.shape),
        wanted.errors(means.ensemble).reshape(pub.shape),
        _metadata(pub, amount),
    )


def plan_estimate(pub: EstimatorPub, options: EstimatorOptions, runner: Runner) -> list[Plan]:
    """What `estimate` will need, step by step; raises `FailedError` where it cannot be done."""
    if pub.precision == 0 and pub.shots is None and runner.noise is None:
        return [runner.plan_expecting(batch, some) for batch, some, _, _ in _wanted(pub)]
    return [Measurement(pub.batch, configurations(pub), Plain(), amount_of(pub)).plan(runner)]


def amount_of(pub: EstimatorPub) -> Amount:
    if pub.shots is not None:
        return Amount(1, pub.shots)
    return Amount(1, math.ceil(1 / pub.precision**2) if pub.precision else 0)


def _metadata(pub: EstimatorPub, amount: Amount) -> dict[str, Any]:
    return {
        "shots": amount.total,
        "target_precision": pub.precision,
        "circuit_metadata": {},
        "resilience": {},
        "num_randomizations": amount.randomizations,
    }


# ---------------------------------------------------------------- exact values


def _exact(pub: EstimatorPub, runner: Runner) -> Floats:
    out = np.empty(len(pub.points))
    for batch, observables, elements, places in _wanted(pub):
        values = runner.expect(batch, observables)
        out[elements] = values[places[0], places[1]]
    return out.reshape(pub.shape)


def _wanted(pub: EstimatorPub) -> list[tuple[Batch, Observables, Index, tuple[Index, Index]]]:
    """Circuits and observables to compute together, the elements of the answer that they settle,
    and where among their values those stand."""
    points = np.unique(pub.points)
    members = np.unique(pub.members)
    every = len(points) * len(members)
    if pub.observables.products < SPARSE or 2 * len(pub.points) >= every:
        return [_part(pub, np.arange(len(pub.points)))]
    together: dict[bytes, list[int]] = {}
    order = np.lexsort((pub.members, pub.points))
    cuts = np.flatnonzero(np.diff(pub.points[order])) + 1
    for elements in np.split(order, cuts):
        together.setdefault(np.unique(pub.members[elements]).tobytes(), []).extend(
            elements.tolist()
        )
    return [_part(pub, np.array(some, dtype=np.int64)) for some in together.values()]


def _part(
    pub: EstimatorPub, elements: Index
) -> tuple[Batch, Observables, Index, tuple[Index, Index]]:
    points, rows = np.unique(pub.points[elements], return_inverse=True)
    members, columns = np.unique(pub.members[elements], return_inverse=True)
    batch, observables = pub.batch, pub.observables
    if len(points) < len(batch):
        batch = Batch(batch.structure, batch.params[points])
    if len(members) < len(observables):
        observables = _some(observables, members)
    return batch, observables, elements, (rows.reshape(-1), columns.reshape(-1))


def _some(observables: Observables, members: Index) -> Observables:
    """These observables alone, and the products that they need."""
    counts = np.diff(observables.starts)[members]
    terms = runs(observables.starts[members], counts)
    products, places = np.unique(observables.members[terms], return_inverse=True)
    return Observables(
        observables.qubits,
        observables.x[products],
        observables.z[products],
        np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        places.reshape(-1).astype(np.int64),
        observables.coefficients[terms],
        observables.offsets[members],
    )
