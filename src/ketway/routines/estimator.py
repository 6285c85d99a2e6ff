"""`estimator`: expectation values of observables on the points of a sweep."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Batch, Floats
from ketway.circuits.gates import Kind
from ketway.engines.clifford_gates import clifford_rows
from ketway.engines.engine import Plan
from ketway.engines.observables import Observables
from ketway.engines.prepass.sheet import runs
from ketway.routines.configurations import Configurations
from ketway.routines.course import course
from ketway.routines.ideal import plan_drawing
from ketway.routines.measuring import Means, unread
from ketway.routines.mitigated import Mitigated
from ketway.routines.mitigation.extrapolation import extrapolated
from ketway.routines.options import EstimatorOptions
from ketway.routines.placing import Index
from ketway.routines.pubs import EstimatorPub
from ketway.routines.reading import well_read
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
    if _computed(pub, options, runner):
        return _exactly(pub, options, runner)
    mitigated = Mitigated(pub, options, runner)
    found = mitigated.run(key)
    if mitigated.course.factors:
        return _extrapolated(mitigated, found)
    (means,), wanted = found, mitigated.wanted
    return EstimatorAnswer(
        wanted.sums(means.values).reshape(pub.shape),
        wanted.errors(means.squares).reshape(pub.shape),
        wanted.errors(means.ensemble).reshape(pub.shape),
        _metadata(mitigated, mitigated.notes),
    )


def plan_estimate(pub: EstimatorPub, options: EstimatorOptions, runner: Runner) -> list[Plan]:
    """What `estimate` will need, step by step; raises `FailedError` where it cannot be done."""
    if _computed(pub, options, runner):
        alone = _seen_by(pub, options, runner)
        return [alone.expecting(batch, some).plan for batch, some, _, _ in _wanted(pub)]
    drawn = plan_drawing(pub, options, runner)
    if drawn is not None:
        return [drawn]
    return list(Mitigated(pub, options, runner).plans())


def _extrapolated(mitigated: Mitigated, found: list[Means]) -> EstimatorAnswer:
    """Each product is extrapolated for itself; the models at all points make sums of their own."""
    course, wanted, pub = mitigated.course, mitigated.wanted, mitigated.pub
    factors, points = np.array(course.factors), np.array(course.points)
    values = np.array([means.values for means in found])
    squares = np.array([means.squares for means in found])
    ensemble = np.array([means.ensemble for means in found])
    best = np.zeros((2, wanted.pairs))
    every = np.zeros((2, len(course.models), len(points), wanted.pairs))
    chosen = []
    for pair in range(wanted.pairs):
        errors = np.sqrt(squares[:, pair])
        one = extrapolated(factors, values[:, pair], errors, course.models, points)
        best[:, pair] = one.value, one.error**2
        every[0, :, :, pair], every[1, :, :, pair] = one.values, one.errors**2
        chosen.append(one.model)
    names = _models(wanted, chosen).reshape(pub.shape)
    notes = {**mitigated.notes, "zne": {"extrapolators": names.tolist()}}

    def last(sums: Floats, axes: int) -> Floats:
        """The axes of the PUB first."""
        moved = np.moveaxis(sums, -1, 0)
        return np.ascontiguousarray(moved).reshape(*pub.shape, *moved.shape[1 : axes + 1])

    errors = wanted.errors(best[1]).reshape(pub.shape)
    return EstimatorAnswer(
        wanted.sums(best[0]).reshape(pub.shape),
        errors,
        errors.copy(),
        _metadata(mitigated, notes),
        last(wanted.sums(values), 1),
        last(wanted.errors(squares), 1),
        last(wanted.errors(ensemble), 1),
        last(wanted.sums(every[0]), 2),
        last(wanted.errors(every[1]), 2),
    )


def _models(wanted: Configurations, chosen: list[str]) -> NDArray[np.object_]:
    """For each element the model that its products were extrapolated by, or that they differ."""
    out = np.full(len(wanted.offsets), "", dtype=object)
    for owner, source in zip(wanted.owners.tolist(), wanted.sources.tolist(), strict=True):
        out[owner] = chosen[source] if out[owner] in ("", chosen[source]) else "multiple"
    return out


def _metadata(mitigated: Mitigated, resilience: dict[str, Any]) -> dict[str, Any]:
    found = {
        "shots": mitigated.taken.total,
        "target_precision": mitigated.pub.precision,
        "circuit_metadata": {},
        "resilience": resilience,
        "num_randomizations": mitigated.taken.randomizations,
    }
    if mitigated.options.dynamical_decoupling.enable:
        found["dynamical_decoupling"] = mitigated.decoupled
    return found


# ---------------------------------------------------------------- exact values


def _computed(pub: EstimatorPub, options: EstimatorOptions, runner: Runner) -> bool:
    """Whether values are computed, and no circuit is measured: on an ideal machine, or if all is
    Clifford and the noise simple. Else exact values are those of exact distributions."""
    if pub.precision or pub.shots is not None:
        return False
    noise, structure = runner.noise, pub.batch.structure
    left = structure.kinds[unread(structure)]
    if structure.has_control or np.isin(left, (Kind.MEASURE, Kind.RESET)).any():
        return False
    if noise is None:
        return True
    if course(options, noise, exact=True).factors or not noise.simple:
        return False
    return bool(clifford_rows(pub.batch).all())


def _exactly(pub: EstimatorPub, options: EstimatorOptions, runner: Runner) -> EstimatorAnswer:
    alone = _seen_by(pub, options, runner)
    out = np.empty(len(pub.points))
    for batch, observables, elements, places in _wanted(pub):
        values = alone.expect(batch, observables)
        out[elements] = values[places[0], places[1]]
    none = np.zeros(pub.shape)
    metadata = {
        "shots": 0,
        "target_precision": pub.precision,
        "circuit_metadata": {},
        "resilience": {},
        "num_randomizations": 1,
    }
    return EstimatorAnswer(out.reshape(pub.shape), none, none.copy(), metadata)


def _seen_by(pub: EstimatorPub, options: EstimatorOptions, runner: Runner) -> Runner:
    """The runner, without errors of reading if those are mitigated: exactly, none is left."""
    if runner.noise is None or not course(options, runner.noise, exact=True).readout:
        return runner
    return runner.beside(well_read(runner.noise))


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
