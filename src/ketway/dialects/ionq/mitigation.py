"""What IonQ's API asks of error mitigation: for a job, and when its results are read."""

from __future__ import annotations

from typing import Any

from ketway.jobs.debiased import AGGREGATIONS, Aggregation
from ketway.service.errors import RefusedError

_DEBIASING = ("debiasing", "debias")
"""As the later versions call it, and as v0.3 does."""


def check_symmetries(asked: dict[str, Any], where: str) -> None:
    """`where` is the path of `asked`."""
    if not isinstance(asked.get("symmetry_verification", False), bool | None):
        path = f"{where}.symmetry_verification"
        raise RefusedError(f"{path} must be true or false", path)


def debias_of(asked: dict[str, Any], where: str) -> bool | None:
    """Whether a job is to be debiased; None if nothing is said. `where` is the path of `asked`."""
    found = [(name, asked[name]) for name in _DEBIASING if asked.get(name) is not None]
    for name, value in found:
        if not isinstance(value, bool):
            raise RefusedError(f"{where}.{name} must be true or false", f"{where}.{name}")
        return value
    return None


def aggregation_of(sharpen: str | None, aggregation: str | None = None) -> Aggregation:
    """How variants are to be brought together. SDKs write `True` as Python does."""
    if aggregation is not None:
        for known in AGGREGATIONS:
            if aggregation.lower() == known:
                return known
        raise RefusedError(
            f"unknown aggregation {aggregation[:40]!r}: use {', '.join(AGGREGATIONS)}",
            "aggregation",
        )
    return "voting" if (sharpen or "").lower() == "true" else "average"
