"""Stored answers as IBM writes them: typed JSON for Qiskit, plain JSON for everybody else."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ketway.devices.device import Device
from ketway.dialects.ibm_runtime import custom_results, learned_results, older_results
from ketway.dialects.ibm_runtime.typed import array, typed
from ketway.dialects.ibm_runtime.wire import kept
from ketway.jobs.answers import (
    Bits,
    CountsAnswer,
    CustomAnswer,
    LearnedAnswer,
    PrimitiveAnswer,
    PubAnswer,
    QuasiAnswer,
    Span,
    ValuesAnswer,
    Written,
    answer_of,
)
from ketway.jobs.job import Job
from ketway.service.jobs import Jobs
from ketway.version import VERSION


async def text_of(jobs: Jobs, job: Job, device: Device) -> bytes:
    """The body of a job's result."""
    answer = await jobs.routine_answer(job, answer_of(job.routine))
    return await asyncio.to_thread(write, answer, job, device)


def write(answer: Any, job: Job, device: Device) -> bytes:
    match answer:
        case Written():
            return answer.text
        case PrimitiveAnswer():
            shown = _primitive(
                answer, "SamplerPubResult" if job.routine == "sampler" else "PubResult"
            )
        case QuasiAnswer():
            shown = older_results.quasi(answer)
        case ValuesAnswer():
            shown = {"values": answer.values.tolist(), "metadata": answer.metadata}
        case CountsAnswer():
            version = VERSION if device.snapshot is None else device.snapshot.version
            shown = older_results.counts(answer, job.id, device.name, version)
        case LearnedAnswer():
            shown = learned_results.learned(answer, device.name, kept(job).caller)
        case CustomAnswer():
            shown = custom_results.custom(answer.value, job)
        case _:
            raise AssertionError(f"an answer of {job.routine} has no form here")
    return msgspec.json.encode(shown)


def _primitive(answer: PrimitiveAnswer, pub_type: str) -> dict[str, Any]:
    if answer.plain:
        return {"results": [_plain(pub) for pub in answer.pubs], "metadata": answer.metadata}
    metadata = dict(answer.metadata)
    if answer.spans is not None:
        spans = typed("ExecutionSpans", {"spans": [_span(span) for span in answer.spans]})
        metadata = {"execution": {"execution_spans": spans}, **metadata}
    pubs = [
        typed(pub_type, {"data": _data_bin(pub), "metadata": pub.metadata}) for pub in answer.pubs
    ]
    return typed("PrimitiveResult", {"pub_results": pubs, "metadata": metadata})


def _data_bin(pub: PubAnswer) -> dict[str, Any]:
    fields: dict[str, Any] = {
        name: typed("BitArray", {"array": array(field.array), "num_bits": field.bits})
        for name, field in pub.bits.items()
    }
    fields |= {name: array(numbers) for name, numbers in pub.numbers.items()}
    names = list(fields)
    return typed("DataBin", {"field_names": names, "shape": pub.shape, "fields": fields})


def _span(span: Span) -> dict[str, Any]:
    return typed(
        span.kind,
        {
            "start": typed("datetime", _moment(span.start)),
            "stop": typed("datetime", _moment(span.stop)),
            "data_slices": {str(pub): slices for pub, slices in span.slices.items()},
        },
    )


def _moment(at: float) -> str:
    """Without an offset, as IBM's are."""
    return datetime.fromtimestamp(at, UTC).replace(tzinfo=None).isoformat()


# -- plain JSON -----------------------------------------------------------------------------------


def _plain(pub: PubAnswer) -> dict[str, Any]:
    data: dict[str, Any] = {name: _plain_bits(field) for name, field in pub.bits.items()}
    data |= {name: _plain_numbers(numbers) for name, numbers in pub.numbers.items()}
    return {"data": data, "metadata": pub.metadata}


def _plain_bits(field: Bits) -> dict[str, Any]:
    """Shots as hexadecimal texts; those of a sweep in lists, one for each point."""
    rows = field.array
    texts = np.array([hex(int.from_bytes(row.tobytes(), "big")) for row in _rows(rows)], object)
    return {"samples": texts.reshape(rows.shape[:-1]).tolist(), "num_bits": field.bits}


def _rows(bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return bits.reshape(-1, bits.shape[-1])


def _plain_numbers(numbers: NDArray[Any]) -> Any:
    if numbers.dtype.kind == "c":
        numbers = np.stack([numbers.real, numbers.imag], axis=-1)
    return numbers.tolist()
