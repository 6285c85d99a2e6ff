"""The parameters of an executor job as they are on the wire, in all versions of its schema.

What a version does not have is `UNSET` in it; `wire.py` says which version must have what.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ketway.routines.executor.limits import DEFAULT_LIMITS
from ketway.routines.executor.tensors import TensorBody

Dimension: TypeAlias = Annotated[int, Meta(ge=0, le=DEFAULT_LIMITS.dimension)]
Shape: TypeAlias = Annotated[tuple[Dimension, ...], Meta(max_length=DEFAULT_LIMITS.axes)]
ChunkSize: TypeAlias = Annotated[int, Meta(ge=1)] | Literal["auto"]


class QpyBody(msgspec.Struct, frozen=True):
    """A circuit of its own, before version 1.0."""

    circuit_b64: str
    qpy_version: int


class CircuitsBody(msgspec.Struct, frozen=True):
    """The circuits of all items, from version 1.0 on: QPY, or from 2.0 on OpenQASM 3."""

    b64_data: str | UnsetType = UNSET
    qpy_version: int | UnsetType = UNSET
    num_programs: int | UnsetType = UNSET
    data: list[str] | UnsetType = UNSET


class SamplexBody(msgspec.Struct, frozen=True):
    ssv: int
    samplex_json: str


class ArgumentBody(msgspec.Struct, frozen=True):
    """A tensor or a Pauli-Lindblad map."""

    data: str | UnsetType = UNSET
    shape: Shape | UnsetType = UNSET
    dtype: str | UnsetType = UNSET
    sparse_terms: list[tuple[str, list[int], float]] | UnsetType = UNSET
    num_qubits: Dimension | UnsetType = UNSET


class CircuitItemBody(msgspec.Struct, frozen=True, tag_field="item_type", tag="circuit"):
    circuit_arguments: TensorBody
    shape: Shape = ()
    chunk_size: ChunkSize = "auto"
    circuit: QpyBody | UnsetType = UNSET


class SamplexItemBody(msgspec.Struct, frozen=True, tag_field="item_type", tag="samplex"):
    samplex: SamplexBody
    samplex_arguments: dict[str, bool | int | float | ArgumentBody]
    shape: Shape
    chunk_size: ChunkSize = "auto"
    circuit: QpyBody | UnsetType = UNSET


class ProgramBody(msgspec.Struct, frozen=True):
    shots: Annotated[int, Meta(ge=1, le=DEFAULT_LIMITS.shots)]
    items: Annotated[list[CircuitItemBody | SamplexItemBody], Meta(max_length=DEFAULT_LIMITS.items)]
    circuits: CircuitsBody | UnsetType = UNSET
    semantic_role: str | None = None
    meas_level: Literal["classified", "kerneled", "avg_kerneled", "both"] = "classified"
    passthrough_data: msgspec.Raw = msgspec.Raw(b"null")


class OptionsBody(msgspec.Struct, frozen=True):
    init_qubits: bool = True
    rep_delay: float | None = None
    scheduler_timing: bool = False
    stretch_values: bool = False


class ParamsBody(msgspec.Struct, frozen=True):
    quantum_program: ProgramBody
    options: OptionsBody


class VersionBody(msgspec.Struct, frozen=True):
    schema_version: str
