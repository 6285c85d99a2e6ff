from __future__ import annotations

import numpy as np
import pytest
from tests.routines.making import RECORDED

from ketway.jobs.failures import FailedError
from ketway.routines.mitigation.extrapolation import check_models, extrapolated, fit

FACTORS = np.array([1.0, 2.0, 3.0, 4.0, 5.0])


@pytest.mark.parametrize("case", range(5))
@pytest.mark.parametrize("model", RECORDED["models"])
def test_models_fit_as_ibms_client_fits_them(case: int, model: str) -> None:
    recorded = RECORDED["extrapolations"][case]
    y, stds = np.array(recorded["y"]), np.array(recorded["stds"])
    points = np.array([0.0, *FACTORS])
    theirs = np.array(recorded["values"][RECORDED["models"].index(model)], dtype=float)
    ours = extrapolated(FACTORS, y, stds, [model], points).values[0]
    if model == "double_exponential":
        # Many pairs of exponentials fit five points as well: ours fit them no worse. Where values
        # rise, the best pair is at infinity.
        def cost(values: np.ndarray) -> float:
            return float(np.sum(((values[1:] - y) / stds) ** 2))

        assert np.isnan(theirs).any() or cost(ours) <= 1.001 * cost(theirs) + 1e-3
        return
    assert ours == pytest.approx(theirs, abs=2e-5)


def test_errors_are_those_of_many_repetitions() -> None:
    rng = np.random.default_rng(1)
    stds = np.array([0.01, 0.02, 0.015, 0.03, 0.02])
    truth = {"linear": 0.7 - 0.1 * FACTORS, "exponential": 0.8 * np.exp(-0.3 * FACTORS)}
    for model, mean in truth.items():
        found = np.array(
            [
                extrapolated(FACTORS, mean + stds * rng.normal(size=5), stds, [model], FACTORS)[:2]
                for _ in range(400)
            ]
        )
        assert np.std(found[:, 0]) == pytest.approx(np.mean(found[:, 1]), rel=0.15)


def test_the_first_plausible_model_is_taken() -> None:
    none = np.array([0.0])
    values, stds = 0.8 * np.exp(-0.3 * FACTORS), np.full(5, 0.01)
    assert (
        extrapolated(FACTORS, values, stds, ["exponential", "linear"], none).model == "exponential"
    )
    # 0.001 at the first factor and 0.3 at the others: an exponential leads nowhere, a line does.
    wild = np.array([2.9, 0.4, 0.02, 0.001, 0.0])
    found = extrapolated(FACTORS, wild, stds, ["exponential", "linear"], none)
    assert found.model == "linear"
    assert abs(found.value) < 3
    kept = extrapolated(FACTORS, wild, stds, ["exponential", "fallback"], none)
    assert (kept.value, kept.model) in ((2.9, "fallback"), (kept.value, "exponential"))


def test_exact_values_are_extrapolated_without_error() -> None:
    values = 0.8 * np.exp(-0.3 * FACTORS)
    found = extrapolated(FACTORS, values, np.zeros(5), ["exponential"], np.array([0.0]))
    assert found.value == pytest.approx(0.8, abs=1e-6)
    assert found.error == 0


def test_a_fit_that_fails_is_no_fit() -> None:
    assert fit(FACTORS, np.full(5, np.nan), np.full(5, 0.1), "exponential") is None


def test_too_few_noise_factors_are_refused() -> None:
    check_models(["linear", "exponential"], [1, 3])
    with pytest.raises(FailedError, match="'polynomial_degree_2' needs 3"):
        check_models(["linear", "polynomial_degree_2"], [1, 3])
    with pytest.raises(FailedError, match="'double_exponential' needs 4"):
        check_models(["double_exponential"], [1, 3, 5])
