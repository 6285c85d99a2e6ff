"""The answer to an executor job, and how each version of its schema writes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from numpy.typing import NDArray

from ketway.routines.executor.program import Version
from ketway.routines.executor.tensors import TensorBody, read_tensor, write_tensor


@dataclass(frozen=True)
class Chunk:
    """What was run at one go: some elements of one item, in C order of its shape."""

    start: datetime
    stop: datetime
    """Both in UTC."""
    item: int
    axes: int
    first: int
    end: int


@dataclass(frozen=True)
class Answer:
    items: tuple[Mapping[str, NDArray[Any]], ...]
    """Of each item, its tensors by name."""
    chunks: tuple[Chunk, ...]
    role: str | None
    passthrough: bytes


def encode(answer: Answer, version: Version) -> bytes:
    """The JSON of the answer, as the client of this version reads it."""
    compressed = version == "v2.0"
    about = None if version == "v0.1" else {"scheduler_timing": None, "stretch_values": None}
    body: dict[str, Any] = {
        "schema_version": version,
        "data": [
            {
                "results": {n: write_tensor(values, compressed) for n, values in item.items()},
                "metadata": about,
            }
            for item in answer.items
        ],
        "metadata": {"chunk_timing": [_span(chunk, version) for chunk in answer.chunks]},
    }
    if version != "v0.1":
        body["passthrough_data"] = msgspec.Raw(answer.passthrough)
    if version not in ("v0.1", "v0.2"):
        body["semantic_role"] = answer.role
    return msgspec.json.encode(body)


class _Item(msgspec.Struct):
    results: dict[str, TensorBody]


class _Body(msgspec.Struct):
    schema_version: Version
    data: list[_Item]


def decode(text: bytes) -> list[dict[str, NDArray[Any]]]:
    """The tensors of each item of an answer that `encode` wrote."""
    body = msgspec.json.decode(text, type=_Body)
    compressed = body.schema_version == "v2.0"
    return [
        {
            name: read_tensor(tensor, compressed, f"data[{index}].{name}")
            for name, tensor in item.results.items()
        }
        for index, item in enumerate(body.data)
    ]


def _span(chunk: Chunk, version: Version) -> dict[str, Any]:
    part: dict[str, Any] = {"idx_item": chunk.item, "size": chunk.end - chunk.first}
    if version not in ("v0.1", "v0.2"):
        part["permutation"] = list(range(chunk.axes))
        part["element_range"] = [chunk.first, chunk.end, 1]
    return {"start": chunk.start, "stop": chunk.stop, "parts": [part]}
