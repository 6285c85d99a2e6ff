"""The plans of many batches, as a job keeps them: what is planned alike is put together."""

from __future__ import annotations

from collections.abc import Sequence

from ketway.engines.engine import Plan
from ketway.jobs.job import PiecePlan, PlanPart


def parts_of(plans: Sequence[Plan], circuits: Sequence[int]) -> list[PlanPart]:
    """`circuits` has how many circuits each plan is for."""
    alike: dict[tuple[str, str, str, tuple[PiecePlan, ...], int], list[int]] = {}
    for index, planned in enumerate(plans):
        how = (planned.engine, planned.reason, planned.precision, planned.pieces, planned.bonds)
        alike.setdefault(how, []).append(index)
    return [
        PlanPart(
            engine,
            reason,
            max(plans[i].bytes for i in batches),
            sum(plans[i].seconds for i in batches),
            precision,
            sum(circuits[i] for i in batches),
            pieces,
            bonds,
            None if len(alike) == 1 else batches,
        )
        for (engine, reason, precision, pieces, bonds), batches in alike.items()
    ]
