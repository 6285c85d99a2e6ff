"""What is shown of a routine's job: the options it was asked with, and what it answered."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from ketway.dialects.control.wire import PubResult, RegisterResult, ResultView
from ketway.jobs.answers import Bits, PrimitiveAnswer, PubAnswer, Written
from ketway.jobs.job import Job
from ketway.routines.executor.answer import decode

_PRIMITIVES: Final = ("sampler", "estimator")
_SETTINGS: Final = ("options", "settings")
"""What the names of objects end with that are no data."""
_FLIPS: Final = "measurement_flips."


def options_of(params: bytes) -> dict[str, Any]:
    """What was asked for beside the circuits and their data: plain values, and what calls itself
    options or settings. Empty where the parameters are not an object, and the job has failed."""
    try:
        raw = msgspec.json.decode(params, type=dict[str, msgspec.Raw])
        return {
            name: msgspec.json.decode(value)
            for name, value in raw.items()
            if not bytes(value).startswith((b"{", b"[")) or name.endswith(_SETTINGS)
        }
    except (msgspec.DecodeError, RecursionError):
        return {}


def answer_type(job: Job) -> Any:
    """What a job of this routine has answered with."""
    return PrimitiveAnswer if job.routine in _PRIMITIVES else Written


def answer_view(answer: PrimitiveAnswer | Written, routine: str) -> ResultView:
    if isinstance(answer, PrimitiveAnswer):
        return ResultView(pubs=[_pub(index, pub) for index, pub in enumerate(answer.pubs)])
    if routine == "executor":
        return ResultView(
            pubs=[_item(index, item) for index, item in enumerate(decode(answer.text))]
        )
    return ResultView(answer=msgspec.Raw(answer.text))


def _pub(index: int, pub: PubAnswer) -> PubResult:
    return PubResult(
        index=index,
        shape=list(pub.shape),
        registers={name: _register(bits) for name, bits in pub.bits.items()},
        values={name: plain(numbers) for name, numbers in pub.numbers.items()},
        metadata=pub.metadata,
    )


def _item(index: int, tensors: Mapping[str, NDArray[Any]]) -> PubResult:
    """An item of an executor's program. Shots are shown as they would be without the flips that
    were drawn for their measurements, which are tensors of their own; the first axes of a register
    are those of its item."""
    registers = {}
    shape: list[int] = []
    for name, shots in tensors.items():
        if shots.dtype != np.bool_ or shots.ndim < 2 or name.startswith(_FLIPS):
            continue
        flips = tensors.get(f"{_FLIPS}{name}")
        bits = shots if flips is None else shots ^ flips
        *shape, _, width = bits.shape
        # As `Bits` has them: an integer in big-endian bytes, whose lowest bit is bit 0.
        packed = np.packbits(bits, axis=-1, bitorder="little")[..., ::-1]
        registers[name] = _register(Bits(width, packed))
    values = {
        name: plain(numbers)
        for name, numbers in tensors.items()
        if name not in registers and not name.startswith(_FLIPS)
    }
    return PubResult(index=index, shape=shape, registers=registers, values=values, metadata={})


def _register(bits: Bits) -> RegisterResult:
    *sweep, shots, width = bits.array.shape
    points = bits.array.reshape(prod(sweep), shots, width)
    return RegisterResult(bits.bits, [_counts(point, bits.bits) for point in points])


def _counts(point: NDArray[np.uint8], bits: int) -> dict[str, int]:
    if not bits:
        return {"": len(point)} if len(point) else {}
    rows, counts = np.unique(point, axis=0, return_counts=True)
    return {
        format(int.from_bytes(row.tobytes(), "big"), f"0{bits}b"): int(count)
        for row, count in zip(rows, counts, strict=True)
    }


def plain(numbers: NDArray[Any]) -> Any:
    """Lists in lists; a complex number is a pair."""
    if numbers.dtype.kind == "c":
        numbers = np.stack([numbers.real, numbers.imag], axis=-1)
    return numbers.tolist()
