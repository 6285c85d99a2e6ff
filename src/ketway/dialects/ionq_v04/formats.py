"""IonQ's formats: what each is called, its schema, and results written in it.

Keys of the v1 formats are decimal integers whose bit k is qubit k. Bitstrings of the v2 formats
read from the highest bit to bit 0; their bit arrays are indexed by bit.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Register
from ketway.dialects.ionq.outcomes import probabilities
from ketway.jobs.results import Result

PROBABILITIES = "ionq.result.probabilities.json.v1"
PROBABILITIES_V2 = "ionq.result.probabilities.json.v2"
HISTOGRAM = "ionq.result.histogram.json.v1"
HISTOGRAM_V2 = "ionq.result.histogram.json.v2"
SHOTS = "ionq.result.shots.json.v1"
SHOTS_V2 = "ionq.result.shots.json.v2"
AGGREGATE = "ionq.result.probabilities-aggregate.json.v1"
NATIVE = "ionq.native.v1"
QASM3 = "ionq.qasm3.v1"

FIXED_IDS = {
    PROBABILITIES: "probabilities",
    HISTOGRAM: "histogram",
    SHOTS: "shots",
    AGGREGATE: "probabilities-aggregate",
}
"""Ids of the v1 artifacts; those of v2 are UUIDs."""

OUTPUT = "output_all"
"""IonQ's name for the register of all qubits."""

_NAMESPACE = uuid.UUID("5f0c6a52-9d1e-5e0a-8a55-6b657477617a")


def artifact_id(job_id: str, format_: str) -> str:
    """The id of a job's artifact; always the same, so that nothing needs to be stored."""
    return FIXED_IDS.get(format_) or str(uuid.uuid5(_NAMESPACE, f"{job_id}/{format_}"))


def formats_of(shots: bool) -> tuple[str, ...]:
    """The formats in which a single circuit's result can be had."""
    exact = (PROBABILITIES, PROBABILITIES_V2)
    return (*exact, HISTOGRAM, HISTOGRAM_V2, SHOTS, SHOTS_V2) if shots else exact


def histogram(result: Result) -> dict[int, int]:
    assert result.counts is not None
    return dict(zip(result.integers(), result.counts.tolist(), strict=True))


def shots(result: Result) -> list[str]:
    assert result.shots is not None
    names = np.array([str(value) for value in result.integers()], dtype=object)
    taken: list[str] = names[result.shots].tolist()
    return taken


def _registers(result: Result) -> Iterable[Register]:
    yield Register(OUTPUT, tuple(range(result.bits)))
    yield from (register for register in result.registers if register.name != OUTPUT)


def _bits(result: Result) -> NDArray[np.uint8]:
    """Shape (outcomes, bits)."""
    return np.unpackbits(result.outcomes, axis=1, bitorder="little")[:, : result.bits]


def _by_register(result: Result, weights: list[Any]) -> dict[str, dict[str, Any]]:
    bits = _bits(result)
    found: dict[str, dict[str, Any]] = {}
    for register in _registers(result):
        texts = bits[:, list(register.bits)[::-1]] + ord("0")
        sums: dict[str, Any] = {}
        for row, weight in zip(texts, weights, strict=True):
            key = row.tobytes().decode()
            sums[key] = sums.get(key, 0) + weight
        found[register.name] = sums
    return found


def probabilities_v2(result: Result) -> dict[str, Any]:
    return {"probabilities": {"registers": _by_register(result, result.weights().tolist())}}


def histogram_v2(result: Result) -> dict[str, Any]:
    assert result.counts is not None
    return {"histogram": {"registers": _by_register(result, result.counts.tolist())}}


def shares_v2(result: Result, shots: int) -> dict[str, Any]:
    """A histogram of what was not counted but weighed: shares of the shots."""
    weights = (result.weights() * shots).tolist()
    return {"histogram": {"registers": _by_register(result, weights)}}


def shots_v2(result: Result) -> dict[str, Any]:
    assert result.shots is not None
    bits = _bits(result)
    rows = [
        {register.name: row[list(register.bits)].tolist() for register in _registers(result)}
        for row in bits
    ]
    return {"shots": [{"registers": rows[outcome]} for outcome in result.shots.tolist()]}


WRITERS: dict[str, Callable[[Result], Any]] = {
    PROBABILITIES: probabilities,
    PROBABILITIES_V2: probabilities_v2,
    HISTOGRAM: histogram,
    HISTOGRAM_V2: histogram_v2,
    SHOTS: shots,
    SHOTS_V2: shots_v2,
}


def write(format_: str, result: Result) -> bytes:
    """One circuit's result in a format, as JSON; the same bytes at every reading."""
    return msgspec.json.encode(WRITERS[format_](result))


_NUMBERS = {"type": "object", "additionalProperties": {"type": "number"}}
_BITSTRINGS = {"type": "object", "additionalProperties": _NUMBERS}
_SCHEMAS: dict[str, dict[str, Any]] = {
    PROBABILITIES: {
        **_NUMBERS,
        "description": "Probability of each outcome, a decimal integer whose bit k is qubit k.",
    },
    PROBABILITIES_V2: {
        "type": "object",
        "required": ["probabilities"],
        "properties": {
            "probabilities": {
                "type": "object",
                "required": ["registers"],
                "properties": {"registers": _BITSTRINGS},
            }
        },
        "description": "Probability of each bitstring of each register, bit 0 rightmost.",
    },
    HISTOGRAM: {
        **_NUMBERS,
        "description": "Shots of each outcome, by the decimal integer whose bit k is qubit k.",
    },
    HISTOGRAM_V2: {
        "type": "object",
        "required": ["histogram"],
        "properties": {
            "histogram": {
                "type": "object",
                "required": ["registers"],
                "properties": {"registers": _BITSTRINGS},
            }
        },
        "description": "Shots of each bitstring of each register, bit 0 rightmost.",
    },
    SHOTS: {
        "type": "array",
        "items": {"type": "string", "pattern": "^[0-9]+$"},
        "description": "Outcome of each shot in the order taken, as a decimal integer.",
    },
    SHOTS_V2: {
        "type": "object",
        "required": ["shots"],
        "properties": {
            "shots": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["registers"],
                    "properties": {
                        "registers": {
                            "type": "object",
                            "additionalProperties": {
                                "type": "array",
                                "items": {"type": "integer", "enum": [0, 1]},
                            },
                        }
                    },
                },
            }
        },
        "description": "Bits of each register, shot by shot in the order taken; item k is bit k.",
    },
    AGGREGATE: {
        "type": "object",
        "additionalProperties": _NUMBERS,
        "description": "Probabilities of each circuit of a job, by child job id, in circuit order.",
    },
    NATIVE: {
        "type": "object",
        "required": ["qubits", "circuit"],
        "properties": {
            "qubits": {"type": "integer", "minimum": 1},
            "circuit": {"type": "array", "items": {"type": "object", "required": ["gate"]}},
        },
        "description": "A circuit of native gates.",
    },
}


def schema(format_: str) -> dict[str, Any] | None:
    """The JSON Schema of a format; None if there is no such format."""
    found = _SCHEMAS.get(format_)
    if found is None:
        return None
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": format_, **found}
