"""Looking for the point where a function is least: SciPy's methods and SPSA, within a budget.

SciPy asks for one value at a time, and for gradients and second derivatives where a method needs
them. These are differences of values at shifted points, which are computed together: one batch for
a gradient. Where values come from shots the points are a quarter turn off, which for a gate that is
turned by the parameter itself gives the exact derivative (the parameter-shift rule).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np

from ketway.circuits.circuit import Floats
from ketway.jobs.failures import Code, FailedError, Failure

Values: TypeAlias = Callable[[Floats], Floats]
"""Gives the function's value for each row of points."""

MOST_ITERATIONS: Final = 1_000
USUAL_ITERATIONS: Final = 100
MOST_POINTS: Final = 20_000
"""At so many points a function is computed at most; then the best is what was found."""

NEED_GRADIENT: Final = frozenset(
    {
        "CG", "BFGS", "Newton-CG", "L-BFGS-B", "TNC", "SLSQP", "trust-constr",
        "dogleg", "trust-ncg", "trust-exact", "trust-krylov",
    }
)  # fmt: skip
NEED_HESSIAN: Final = frozenset({"dogleg", "trust-ncg", "trust-exact", "trust-krylov"})

_SMALL: Final = 1e-5
_SMALL_SECOND: Final = 1e-3
_QUARTER: Final = math.pi / 2
_LIMITS: Final = {"TNC": "maxfun"}
"""What a method calls its limit, if not `maxiter`."""
_LOUD: Final = frozenset({"disp", "iprint", "full_output", "return_all", "callback"})
"""Options that write to the terminal or change what is returned: they have no effect here."""


@dataclass(frozen=True)
class Trial:
    """A point that was tried."""

    point: Floats
    value: float


@dataclass(frozen=True)
class Found:
    best: Trial
    converged: bool
    """Whether it ended by itself, and not by a limit."""


class _SpentError(Exception):
    """The budget is used up."""


@dataclass
class Search:
    """One function, and what was tried of it."""

    values: Values
    sampled: bool
    """Whether values come from shots."""
    trials: list[Trial] = field(default_factory=list)
    points: int = 0

    def at(self, points: Floats) -> Floats:
        self.points += len(points)
        if self.points > MOST_POINTS:
            raise _SpentError
        return self.values(points)

    def value(self, point: Floats) -> float:
        found = float(self.at(point[None, :])[0])
        self.trials.append(Trial(np.array(point, dtype=float), found))
        return found

    @property
    def step(self) -> float:
        return _QUARTER if self.sampled else _SMALL

    def gradient(self, point: Floats) -> Floats:
        shifts = self.step * np.eye(len(point))
        found = self.at(np.concatenate((point + shifts, point - shifts)))
        plus, minus = found[: len(point)], found[len(point) :]
        # For a sine, (f(x + s) - f(x - s)) / (2 sin s) is the derivative, whatever s is.
        slope: Floats = (plus - minus) / (2 * math.sin(self.step))
        return slope

    def hessian(self, point: Floats) -> Floats:
        """By differences of gradients, made symmetric."""
        step = _QUARTER if self.sampled else _SMALL_SECOND
        count = len(point)
        own = step * np.eye(count)
        around = np.concatenate((point + own, point - own))
        shifts = np.concatenate((own, -own))
        found = self.at((around[:, None] + shifts[None, :]).reshape(-1, count))
        table = found.reshape(2 * count, 2 * count)
        slopes = (table[:, :count] - table[:, count:]) / (2 * math.sin(step))
        second = (slopes[:count] - slopes[count:]) / (2 * math.sin(step))
        symmetric: Floats = (second + second.T) / 2
        return symmetric

    def best(self) -> Trial:
        return min(self.trials, key=lambda trial: trial.value)


def minimise(
    search: Search,
    method: str,
    start: Floats,
    *,
    iterations: int,
    options: Mapping[str, Any],
    generator: np.random.Generator,
) -> Found:
    """From `start`; the best point of all that were tried."""
    if not len(start):
        search.value(start)
        return Found(search.best(), converged=True)
    try:
        if method == "SPSA":
            converged = _spsa(search, start, iterations, options, generator)
        else:
            converged = _scipy(search, method, start, iterations, options)
    except _SpentError:
        converged = False
    if not search.trials:
        search.value(start)
    return Found(search.best(), converged)


def _scipy(
    search: Search, method: str, start: Floats, iterations: int, options: Mapping[str, Any]
) -> bool:
    from scipy.optimize import minimize  # here: it takes a third of a second, and few jobs need it

    chosen = {name: value for name, value in options.items() if name not in _LOUD}
    limit = _LIMITS.get(method, "maxiter")
    chosen[limit] = min(iterations, chosen.get(limit) or iterations)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = minimize(
                search.value,
                start,
                method=method,
                jac=search.gradient if method in NEED_GRADIENT else None,
                hess=search.hessian if method in NEED_HESSIAN else None,
                options=chosen,
            )
    except (TypeError, ValueError, KeyError, ArithmeticError, np.linalg.LinAlgError) as error:
        text = str(error).rstrip(".")[:300]
        message = f"{method} cannot be used like this: {text}. Check input.options."
        raise FailedError(Failure(Code.INVALID_INPUT, message)) from None
    return bool(found.success)


def _spsa(
    search: Search,
    start: Floats,
    iterations: int,
    options: Mapping[str, Any],
    generator: np.random.Generator,
) -> bool:
    """Simultaneous perturbation (Spall 1998): two values give a slope along a random direction.

    The gains are a / (A + k + 1)^alpha and c / (k + 1)^gamma. Where `a` is not given the first step
    is of about `c`'s size.
    """
    alpha, gamma = _number(options, "alpha", 0.602), _number(options, "gamma", 0.101)
    perturbation, stable = _number(options, "c", 0.2), _number(options, "A", 0.1 * iterations)
    gain = options.get("a")
    point = start
    search.value(point)
    for k in range(iterations):
        width = perturbation / (k + 1) ** gamma
        direction = generator.choice((-1.0, 1.0), size=len(point))
        plus, minus = search.at(np.stack((point + width * direction, point - width * direction)))
        slope = float(plus - minus) / (2 * width)
        if gain is None:
            gain = perturbation * (stable + 1) ** alpha / max(abs(slope), 1e-3)
        point = point - _number({"a": gain}, "a", 0.0) / (stable + k + 1) ** alpha * (
            slope * direction
        )
        search.value(point)
    return True


def _number(options: Mapping[str, Any], name: str, usual: float) -> float:
    given = options.get(name, usual)
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not math.isfinite(given):
        message = f"input.options.{name}: a finite number is wanted."
        raise FailedError(Failure(Code.INVALID_INPUT, message))
    if given < 0:
        message = f"input.options.{name}: the number must not be below 0."
        raise FailedError(Failure(Code.INVALID_INPUT, message))
    return float(given)
