"""What is shown of a routine's job: the options it was asked with, and what it answered."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from ketway.dialects.control.wire import LayerResult, PubResult, RegisterResult, ResultView
from ketway.jobs.answers import (
    Bits,
    CountsAnswer,
    CountsOfCircuit,
    CustomAnswer,
    CutAnswer,
    EnergyAnswer,
    LearnedAnswer,
    LearnedLayer,
    OptimumAnswer,
    PrimitiveAnswer,
    PubAnswer,
    Quasi,
    QuasiAnswer,
    ValuesAnswer,
    Written,
)
from ketway.routines.executor.answer import decode

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


def answer_view(answer: Any, routine: str, place: int | None = None) -> ResultView:
    """Any answer of a routine's; `place` is that of a circuit which it has run, for what came of
    that one."""
    match answer:
        case EnergyAnswer():
            return ResultView(answer={"value": answer.value, "variance": answer.variance})
        case OptimumAnswer() | CutAnswer() if place is not None:
            return ResultView(answer=_evaluation(answer, place))
        case OptimumAnswer():
            found = {"value": answer.value, "parameters": answer.point}
            return ResultView(answer=found | {"converged": answer.converged})
        case CutAnswer():
            cut = {"cost": answer.cost, "bitstring": answer.bitstring}
            return ResultView(answer=cut | {"converged": answer.converged})
        case PrimitiveAnswer():
            return ResultView(pubs=[_pub(index, pub) for index, pub in enumerate(answer.pubs)])
        case Written() if routine == "executor":
            items = decode(answer.text)
            return ResultView(pubs=[_item(index, item) for index, item in enumerate(items)])
        case Written():
            return ResultView(answer=msgspec.json.decode(answer.text))
        case CountsAnswer():
            circuits = enumerate(answer.circuits)
            return ResultView(pubs=[_circuit(index, one) for index, one in circuits])
        case QuasiAnswer():
            return ResultView(pubs=[_quasi(index, one) for index, one in enumerate(answer.dists)])
        case ValuesAnswer():
            pairs = zip(answer.values.tolist(), answer.metadata, strict=True)
            return ResultView(
                pubs=[
                    PubResult(index=index, values={"evs": value}, metadata=metadata)
                    for index, (value, metadata) in enumerate(pairs)
                ]
            )
        case LearnedAnswer():
            return ResultView(layers=[_layer(i, one) for i, one in enumerate(answer.layers)])
        case CustomAnswer():
            return ResultView(answer=_plain_value(answer.value))
    raise AssertionError(f"a {type(answer).__name__} has no form here")


def _evaluation(answer: OptimumAnswer | CutAnswer, place: int) -> dict[str, Any]:
    one = answer.evaluations[place]
    shown: dict[str, Any] = {"value": one.value, "parameters": one.point}
    if isinstance(answer, CutAnswer) and one.outcomes is not None and one.counts is not None:
        texts = _texts(one.outcomes, answer.bits)
        shown["counts"] = dict(zip(texts, one.counts.tolist(), strict=True))
    return shown


def _pub(index: int, pub: PubAnswer) -> PubResult:
    return PubResult(
        index=index,
        shape=list(pub.shape),
        registers={name: _register(bits) for name, bits in pub.bits.items()},
        values={name: _plain(numbers) for name, numbers in pub.numbers.items()},
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
        name: _plain(numbers)
        for name, numbers in tensors.items()
        if name not in registers and not name.startswith(_FLIPS)
    }
    return PubResult(index=index, shape=shape, registers=registers, values=values)


def _circuit(index: int, circuit: CountsOfCircuit) -> PubResult:
    """The registers are shown as one: outcomes are of all bits together."""
    name = ", ".join(circuit.registers)
    counts = dict(zip(_texts(circuit.outcomes, circuit.bits), circuit.counts.tolist(), strict=True))
    registers = {name: RegisterResult(circuit.bits, [counts])}
    return PubResult(index=index, registers=registers, metadata=circuit.metadata)


def _quasi(index: int, dist: Quasi) -> PubResult:
    weights = zip(_texts(dist.outcomes, dist.bits), dist.weights.tolist(), strict=True)
    return PubResult(index=index, outcomes=dict(weights), metadata=dist.metadata)


def _texts(outcomes: NDArray[np.uint8], bits: int) -> list[str]:
    """Little-endian rows from the highest bit to bit 0."""
    return [_text(int.from_bytes(row.tobytes(), "little"), bits) for row in outcomes]


def _text(outcome: int, bits: int) -> str:
    return format(outcome, f"0{bits}b") if bits else ""


def _layer(index: int, layer: LearnedLayer) -> LayerResult:
    names = [
        " ".join(
            f"{letter}{layer.qubits[qubit]}" for letter, qubit in zip(letters, on, strict=True)
        )
        for letters, on in layer.generators
    ]
    return LayerResult(
        index=index,
        qubits=layer.qubits,
        protocol=layer.protocol,
        rates=dict(zip(names, layer.rates, strict=True)),
    )


def _register(bits: Bits) -> RegisterResult:
    *sweep, shots, width = bits.array.shape
    points = bits.array.reshape(prod(sweep), shots, width)
    return RegisterResult(bits.bits, [_counts(point, bits.bits) for point in points])


def _counts(point: NDArray[np.uint8], bits: int) -> dict[str, int]:
    if not bits:
        return {"": len(point)} if len(point) else {}
    rows, counts = np.unique(point, axis=0, return_counts=True)
    texts = [_text(int.from_bytes(row.tobytes(), "big"), bits) for row in rows]
    return dict(zip(texts, counts.tolist(), strict=True))


def _plain_value(value: Any) -> Any:
    match value:
        case np.ndarray():
            return _plain(value)
        case dict():
            return {str(key): _plain_value(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain_value(inner) for inner in value]
    return value


def _plain(numbers: NDArray[Any]) -> Any:
    """Lists in lists; a complex number is a pair."""
    if numbers.dtype.kind == "c":
        numbers = np.stack([numbers.real, numbers.imag], axis=-1)
    return numbers.tolist()
