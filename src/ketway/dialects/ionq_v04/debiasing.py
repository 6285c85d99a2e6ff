"""What a debiased job shows of its variants: `output.error_mitigation`, and what is behind it.

Ids follow from the job's, so that nothing needs to be stored for them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from ketway.circuits.circuit import Program
from ketway.dialects.ionq_v04 import formats
from ketway.dialects.ionq_v04.verifying import verified
from ketway.dialects.ionq_v04.wire import ArtifactDescriptor
from ketway.jobs.debiased import AGGREGATIONS, Aggregation, Debiased, variants_for
from ketway.jobs.job import Job
from ketway.jobs.results import Result
from ketway.service.answer import Answer

_NAMESPACE: Final = uuid.UUID("8e0b37a1-5c66-5b0e-9a3f-766172696173")

KINDS: Final = {
    "probabilities": formats.PROBABILITIES,
    "histogram": formats.HISTOGRAM,
    "shots": formats.SHOTS,
}
"""By what `GET /jobs/{UUID}/variants/{variantId}/results/{kind}` calls them."""


def variant_id(job: Job, k: int) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{job.id}/{k}"))


def aggregation_id(job: Job, how: Aggregation) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{job.id}/{how}"))


def _variant_artifact(job: Job, k: int, format_: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{job.id}/{k}/{format_}"))


def output_of(job: Job, answer: Answer | None) -> dict[str, Any]:
    """`error_mitigation` of a circuit that was debiased; with its variants, if the answer is at
    hand."""
    shown: dict[str, Any] = {"aggregation_method": AGGREGATIONS[0]}
    if answer is not None:
        shown["variants"] = list(_variants(job, answer.debiased()))
    return {
        "debiasing": shown,
        "aggregations": {
            how: ArtifactDescriptor(aggregation_id(job, how), formats.HISTOGRAM_V2)
            for how in AGGREGATIONS
        },
    }


def _variants(job: Job, debiased: Debiased) -> Iterator[dict[str, Any]]:
    for k in range(debiased.count):
        result = debiased.variant(k)
        if result is not None:
            yield {
                "variant_id": variant_id(job, k),
                "qubit_map": list(result.provenance.qubit_map),
                "shots": result.total,
                "results": {
                    format_: ArtifactDescriptor(_variant_artifact(job, k, format_), format_)
                    for format_ in KINDS.values()
                },
            }


def variant(job: Job, answer: Answer, wanted: str) -> Result | None:
    """The variant with this id; None if the job has none with it."""
    for k in range(variants_for(job.shots)):
        if variant_id(job, k) == wanted.lower():
            return answer.debiased().variant(k)
    return None


def artifact(job: Job, answer: Answer, wanted: str, program: Program | None = None) -> bytes | None:
    """The content of an aggregation or of a variant's result; None if that is no id of one. Of a
    `program`, if one is given, symmetries are verified in what variants have together."""
    for how in AGGREGATIONS:
        if aggregation_id(job, how) == wanted:
            result = answer.aggregated(how)
            if program is not None:
                result = verified(program, job.position, result)
            return None if result is None else _histogram(result, job.shots)
    for k in range(variants_for(job.shots)):
        for format_ in KINDS.values():
            if _variant_artifact(job, k, format_) == wanted:
                result = answer.debiased().variant(k)
                return None if result is None else formats.write(format_, result)
    return None


def _histogram(result: Result, shots: int) -> bytes:
    """Of what is no count of shots, shares of them."""
    if result.counts is not None:
        return formats.write(formats.HISTOGRAM_V2, result)
    return msgspec.json.encode(formats.shares_v2(result, shots))
