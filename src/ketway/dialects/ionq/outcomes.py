"""Probabilities as every version of IonQ's API writes them: keys are decimal integers whose bit k
is qubit k."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from ketway.jobs.results import Result


def probabilities(result: Result) -> dict[int, float]:
    """Keys are written as strings by the encoder, in a third of the time that `str` takes."""
    return dict(zip(result.integers(), result.weights().tolist(), strict=True))


def by_circuit(ids: Sequence[str], results: Iterable[Result | None]) -> bytes:
    """All circuits of a parent, keyed by child id in the order of the circuits: SDKs go by it."""
    return msgspec.json.encode(
        {
            # One after the other: a million numbers at once would be too many for any cache.
            job_id: msgspec.Raw(msgspec.json.encode(probabilities(result)))
            for job_id, result in zip(ids, results, strict=True)
            if result is not None
        }
    )
