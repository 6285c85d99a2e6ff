"""Courses: what an estimator does about noise, as its options and their levels decide."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import UnsetType

from ketway.devices.noise import NoiseModel
from ketway.jobs.failures import Code, FailedError, Failure
from ketway.routines.mitigation.extrapolation import check_models
from ketway.routines.options import EstimatorOptions

_FACTORS = (1.0, 3.0, 5.0)


@dataclass(frozen=True)
class Course:
    """What is done."""

    gates: bool
    """Gates are twirled."""
    measurements: bool
    """Measurements are twirled."""
    readout: bool
    """Mean values are divided by what readings shrink them by (TREX)."""
    factors: tuple[float, ...]
    """Noise factors of zero noise extrapolation; none without it."""
    models: tuple[str, ...]
    points: tuple[float, ...]
    """Noise factors at which every model is evaluated."""
    amplified: bool
    """The noise is amplified by putting in more of it (PEA), and not by folding gates."""
    cancelled: bool
    """The noise is cancelled (PEC)."""

    @property
    def learns(self) -> bool:
        """Whether the noise of layers has to be known."""
        return self.amplified or self.cancelled

    @property
    def randomized(self) -> bool:
        return self.gates or self.measurements


def course(options: EstimatorOptions, noise: NoiseModel | None, *, exact: bool) -> Course:
    """The course of a job; raises `FailedError` for options that contradict each other."""
    resilience, twirling, level = options.resilience, options.twirling, options.resilience_level
    extrapolates = _given(resilience.zne_mitigation, level >= 2 and not resilience.pec_mitigation)
    if resilience.pec_mitigation and extrapolates:
        raise _refusal(
            "pec_mitigation and zne_mitigation cannot both be on: set one of them to False."
        )
    readout = _given(resilience.measure_mitigation, level >= 1)
    amplified = extrapolates and resilience.zne.amplifier == "pea"
    cancelled = resilience.pec_mitigation
    if exact and noise is not None and (amplified or cancelled):
        raise _refusal(
            "PEC and PEA put errors into circuits at random, so they have no exact values: ask for "
            "a precision above 0, or turn them off."
        )
    factors: tuple[float, ...] = ()
    models: tuple[str, ...] = ()
    points: tuple[float, ...] = ()
    if extrapolates:
        zne = resilience.zne
        factors = _FACTORS if isinstance(zne.noise_factors, UnsetType) else zne.noise_factors
        models = (zne.extrapolator,) if isinstance(zne.extrapolator, str) else zne.extrapolator
        points = (0.0, *factors)
        if not isinstance(zne.extrapolated_noise_factors, UnsetType):
            points = zne.extrapolated_noise_factors
        if min(factors, default=0.0) < 1:
            raise _refusal("zne.noise_factors must be 1 or more: noise can only be amplified.")
        check_models(models, factors)
    return Course(
        _given(twirling.enable_gates, level >= 2) or amplified or cancelled,
        _given(twirling.enable_measure, level >= 1) or readout or amplified or cancelled,
        readout,
        factors,
        models,
        points,
        amplified,
        cancelled,
    )


def _given(value: bool | UnsetType, default: bool) -> bool:
    return default if isinstance(value, UnsetType) else value


def _refusal(message: str) -> FailedError:
    return FailedError(Failure(Code.INVALID_INPUT, message))
