"""Optimizations against the known least value of a Hamiltonian."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from tests.routines.ionq.test_energy import ANSATZ, matrix, state
from tests.routines.making import runner as runner_with

from ketway.devices.noise import NoiseModel
from ketway.jobs.answers import OptimumAnswer
from ketway.jobs.failures import FailedError
from ketway.routines.ionq.asked import Method
from ketway.routines.ionq.minimising import Search
from ketway.routines.ionq.optimization import OPTIMIZATION
from ketway.routines.runner import Runner

HAMILTONIAN = {"ZIZ": 1.0, "IZI": 0.5, "XII": -0.3, "IIZ": 0.2}
START = [0.4, 0.9, -0.7]


def asked(method: str, shots: int = 1000, **more: Any) -> bytes:
    data = {
        "hamiltonian": [{"pauli_string": k, "coefficient": v} for k, v in HAMILTONIAN.items()],
        "ansatz": {"data": ANSATZ},
    }
    function = {"type": "hamiltonian-energy", "data": data}
    given = {"quantum_function": function, "method": method, "initial_params": START, **more}
    return json.dumps({"input": given, "shots": shots}).encode()


def answer(params: bytes, runner: Runner | None = None) -> OptimumAnswer:
    return OPTIMIZATION.run(OPTIMIZATION.read(params), runner or runner_with())


def energy(point: Any) -> float:
    psi = state(*point)
    return float((psi.conj() @ matrix(HAMILTONIAN) @ psi).real)


def least() -> float:
    """By a grid, and steps downhill from its best points."""
    axis = np.linspace(-np.pi, np.pi, 13)
    grid = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3)
    best = []
    for start in sorted(grid, key=energy)[:5]:
        point, step = start, 0.3
        while step > 1e-7:
            lower = min((point + s * step * e for e in np.eye(3) for s in (1, -1)), key=energy)
            if energy(lower) < energy(point):
                point = lower
            else:
                step /= 2
        best.append(energy(point))
    return min(best)


LEAST = least()


@pytest.mark.parametrize("method", Method.__args__)  # type: ignore[attr-defined]
def test_methods_find_a_least_value(method: str) -> None:
    """A local one is enough: downhill from the start, and flat where they end."""
    # Dogleg needs a function that is convex where it starts.
    start = answer(asked("SPSA", maxiter=60)).point if method == "dogleg" else START
    found = answer(asked(method, maxiter=300, initial_params=start))
    assert found.value == pytest.approx(energy(found.point), abs=1e-9)
    assert found.value == min(one.value for one in found.evaluations)
    assert found.value >= LEAST - 1e-9
    assert found.value < energy(START) - 0.5
    near = [energy(np.array(found.point) + 0.05 * d) for d in (*np.eye(3), *-np.eye(3))]
    assert min(near) > found.value - 2e-3


@pytest.mark.parametrize("method", ["BFGS", "COBYLA", "trust-exact"])
def test_the_least_of_all_is_found_from_some_start(method: str) -> None:
    starts = np.random.default_rng(5).uniform(-3, 3, (6, 3)).tolist()
    values = [answer(asked(method, initial_params=s, maxiter=300)).value for s in starts]
    assert min(values) == pytest.approx(LEAST, abs=1e-4)


def test_slopes_are_the_derivatives() -> None:
    search = Search(lambda points: np.array([energy(p) for p in points]), sampled=False)
    point = np.array(START)
    slopes, second = search.gradient(point), search.hessian(point)
    for k, direction in enumerate(np.eye(3)):
        rise = (energy(point + 1e-4 * direction) - energy(point - 1e-4 * direction)) / 2e-4
        assert slopes[k] == pytest.approx(rise, abs=1e-6)
        turned = search.gradient(point + 1e-4 * direction) - search.gradient(
            point - 1e-4 * direction
        )
        assert second[k] == pytest.approx(turned / 2e-4, abs=1e-4)


def test_slopes_from_shots_are_those_of_turns() -> None:
    """Of a function that each parameter turns once, a quarter turn away."""
    search = Search(lambda x: np.cos(x[:, 0] + 0.3) * np.sin(x[:, 1]), sampled=True)
    x, y = 0.4, -0.9
    slopes = [-np.sin(x + 0.3) * np.sin(y), np.cos(x + 0.3) * np.cos(y)]
    assert search.gradient(np.array([x, y])) == pytest.approx(slopes, abs=1e-12)
    across = -np.sin(x + 0.3) * np.cos(y)
    own = -np.cos(x + 0.3) * np.sin(y)
    assert search.hessian(np.array([x, y])) == pytest.approx(
        np.array([[own, across], [across, own]]), abs=1e-12
    )


@pytest.mark.parametrize("method", ["SPSA", "COBYLA", "Powell"])
def test_shots_lead_downhill_as_well(method: str) -> None:
    faint = runner_with(NoiseModel(name="faint", one_qubit=1e-6, two_qubit=0.0))
    found = answer(asked(method, shots=4000, maxiter=60), faint)
    assert energy(found.point) < energy(START) - 0.5


def test_a_seed_gives_the_same() -> None:
    given = asked("SPSA", maxiter=20, initial_params=None)
    assert answer(given, runner_with(seed=3)) == answer(given, runner_with(seed=3))
    assert answer(given, runner_with(seed=3)) != answer(given, runner_with(seed=4))


def test_iterations_are_bounded_and_some_are_reported() -> None:
    found = answer(asked("Nelder-Mead", maxiter=10, log_interval=4))
    assert not found.converged
    numbers = [one.number for one in found.evaluations]
    assert numbers[0] == 0
    assert len(numbers) < numbers[-1] + 1
    assert found.value == min(one.value for one in found.evaluations)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"maxiter": 0}, "input.maxiter"),
        ({"maxiter": 10**6}, "input.maxiter"),
        ({"log_interval": 0}, "input.log_interval"),
        ({"initial_params": [1.0]}, "input.initial_params"),
    ],
)
def test_what_cannot_be_done_is_refused(more: dict[str, Any], said: str) -> None:
    with pytest.raises(FailedError, match=said):
        OPTIMIZATION.read(asked("COBYLA", **more))


@pytest.mark.parametrize("options", [{"rhobeg": "wide"}, {"rhobeg": []}, {"nonsense": 1}])
def test_options_that_mean_nothing_are_no_crash(options: dict[str, Any]) -> None:
    try:
        answer(asked("COBYLA", options=options, maxiter=5))
    except FailedError as error:
        assert "input.options" in error.failure.message
