"""Extrapolation to less noise: models of how a mean value falls as the noise is amplified.

Each model is fitted by least squares, weighted by standard errors, which its covariance takes as
they are. Of several models the first is taken whose value at no noise is plausible, as IBM does: it
and its error are finite, the error is at most 1, and the value with its error lies between -2 and
2. If none is, the one with the smallest error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from ketway.circuits.circuit import Floats
from ketway.jobs.failures import Code, FailedError, Failure

Jacobian: TypeAlias = Callable[[Floats, Floats], tuple[Floats, Floats]]
"""Of points and parameters: the values, and their derivatives, of shape (points, parameters)."""

_STEPS: Final = 100
_CLOSE: Final = 1e-12
_BOUND: Final = 2.0
_WIDEST: Final = 1.0


class Extrapolated(NamedTuple):
    """What models say of one mean value."""

    value: float
    error: float
    model: str
    """The model that these are of."""
    values: Floats
    """Shape (models, points): what every model says at the points that were asked for."""
    errors: Floats


class Fit(NamedTuple):
    """A model with its parameters."""

    model: Jacobian
    params: Floats
    covariance: Floats

    def at(self, points: Floats) -> tuple[Floats, Floats]:
        values, slopes = self.model(points, self.params)
        squares = np.einsum("pi,ij,pj->p", slopes, self.covariance, slopes)
        return values, np.sqrt(np.maximum(0.0, squares))


def needed(model: str) -> int:
    """How many noise factors a model takes at least."""
    if model == "fallback":
        return 1
    return {"exponential": 2, "double_exponential": 4}.get(model, degree_of(model) + 1)


def degree_of(model: str) -> int:
    """The degree of a polynomial; 0 for what is none."""
    if model == "linear":
        return 1
    return int(model.rpartition("_")[2]) if model.startswith("polynomial_degree_") else 0


def check_models(models: Sequence[str], factors: Sequence[float]) -> None:
    """Raises `FailedError` if there are too few noise factors for a model."""
    for model in models:
        if len(set(factors)) < needed(model):
            raise FailedError(
                Failure(
                    Code.INVALID_INPUT,
                    f"The extrapolator {model!r} needs {needed(model)} different noise factors, "
                    f"and zne.noise_factors has {len(set(factors))}: give more, or another "
                    "extrapolator.",
                )
            )


def extrapolated(
    factors: Floats, values: Floats, errors: Floats, models: Sequence[str], points: Floats
) -> Extrapolated:
    """What models make of mean values with these standard errors at these noise factors."""
    everywhere = np.concatenate(([0.0], points))
    found = [_at(factors, values, errors, model, everywhere) for model in models]
    every = np.array([value for value, _ in found])
    spread = np.array([error for _, error in found])
    zero, zero_error = every[:, 0], np.where(np.isnan(spread[:, 0]), np.inf, spread[:, 0])
    plausible = (
        np.isfinite(zero)
        & np.isfinite(zero_error)
        & (zero_error <= _WIDEST)
        & (zero - zero_error >= -_BOUND)
        & (zero + zero_error <= _BOUND)
    )
    best = int(np.argmax(plausible)) if plausible.any() else int(np.argmin(zero_error))
    return Extrapolated(
        float(zero[best]), float(zero_error[best]), models[best], every[:, 1:], spread[:, 1:]
    )


def _at(
    factors: Floats, values: Floats, errors: Floats, model: str, points: Floats
) -> tuple[Floats, Floats]:
    if model == "fallback":
        least = int(np.argmin(factors))
        return np.full(len(points), values[least]), np.full(len(points), errors[least])
    fitted = fit(factors, values, errors, model)
    if fitted is None:
        return np.full(len(points), np.nan), np.full(len(points), np.nan)
    with np.errstate(over="ignore", invalid="ignore"):
        return fitted.at(points)


def fit(x: Floats, y: Floats, errors: Floats, model: str) -> Fit | None:
    """The model that fits best; None if none was found."""
    sure = errors[(errors > 0) & np.isfinite(errors)]
    known = len(sure) > 0
    clipped = np.nan_to_num(errors, nan=np.inf)
    weights = 1 / np.clip(clipped, sure.min(), sure.max()) if known else np.ones(len(x))
    degree = degree_of(model)
    if degree:
        return _polynomial(x, y, weights, degree, known)
    if not np.isfinite(y).all():
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        fits = [
            _descended(x, y, weights, _exponentials, start, known)
            for start in _starts(x, y, weights, model)
        ]
    found = [one for one in fits if one is not None]
    return min(found, key=lambda one: _cost(one, x, y, weights), default=None)


def _cost(fitted: Fit, x: Floats, y: Floats, weights: Floats) -> float:
    rest = (y - fitted.model(x, fitted.params)[0]) * weights
    return float(rest @ rest)


def _powers(points: Floats, params: Floats) -> tuple[Floats, Floats]:
    slopes = np.vander(points, len(params), increasing=True)
    return slopes @ params, slopes


def _polynomial(x: Floats, y: Floats, weights: Floats, degree: int, known: bool) -> Fit:
    slopes = np.vander(x, degree + 1, increasing=True) * weights[:, None]
    inverse = np.linalg.pinv(slopes)
    covariance = inverse @ inverse.T if known else np.zeros((degree + 1, degree + 1))
    return Fit(_powers, inverse @ (y * weights), covariance)


def _exponentials(points: Floats, params: Floats) -> tuple[Floats, Floats]:
    """A sum of amplitude * exp(rate * x): amplitudes and rates in turn."""
    falls = np.exp(points[:, None] * params[1::2])
    slopes = np.empty((len(points), len(params)))
    slopes[:, ::2] = falls
    slopes[:, 1::2] = params[::2] * points[:, None] * falls
    return falls @ params[::2], slopes


_PAIRS: Final = ((1.0, 2.0), (0.0, 1.0), (0.3, 3.0), (0.01, 0.02), (1.0, 10.0))
"""Where two rates start, as multiples of the one of a single exponential: what is nearest depends
on where one comes from."""


def _starts(x: Floats, y: Floats, weights: Floats, model: str) -> Iterator[Floats]:
    """Where to start: the line through the logarithms. Two rates only fall."""
    sign = np.sign(y[np.argmin(x)]) or 1.0
    sizes = np.maximum(np.abs(y), 1e-15)
    # An error of y is one of log y divided by y.
    line = _polynomial(x, np.log(sizes), sizes * weights, 1, False).params
    if model == "exponential":
        yield np.array([sign * np.exp(line[0]), line[1]])
        return
    for multiples in _PAIRS:
        rates = -max(abs(float(line[1])), 1e-3) * np.array(multiples)
        falls = np.exp(x[:, None] * rates)
        amplitudes = np.linalg.pinv(falls * weights[:, None]) @ (y * weights)
        yield np.column_stack((amplitudes, rates)).ravel()


def _descended(
    x: Floats, y: Floats, weights: Floats, model: Jacobian, start: Floats, known: bool
) -> Fit | None:
    """By damped steps of Gauss and Newton (Levenberg and Marquardt)."""
    falling = len(start) > 2
    params, damping = start, 1e-3
    values, slopes = model(x, params)
    rest = (y - values) * weights
    cost = float(rest @ rest)
    if not np.isfinite(cost):
        return None
    for _ in range(_STEPS):
        scaled = slopes * weights[:, None]
        normal = scaled.T @ scaled
        gradient = scaled.T @ rest
        step = np.linalg.lstsq(
            normal + damping * np.diag(np.maximum(np.diag(normal), 1e-30)), gradient, rcond=None
        )[0]
        moved = params + step
        if falling:
            moved[1::2] = np.minimum(moved[1::2], 0.0)
        new_values, new_slopes = model(x, moved)
        new_rest = (y - new_values) * weights
        new_cost = float(new_rest @ new_rest)
        if not new_cost < cost:
            damping *= 10
            if damping > 1e12:
                break
            continue
        done = cost - new_cost <= _CLOSE * cost
        params, slopes, rest, cost = moved, new_slopes, new_rest, new_cost
        damping = max(damping / 10, 1e-15)
        if done:
            break
    scaled = slopes * weights[:, None]
    inverse = np.linalg.pinv(scaled)
    covariance = inverse @ inverse.T if known else np.zeros((len(params), len(params)))
    return Fit(model, params, covariance) if np.isfinite(covariance).all() else None
