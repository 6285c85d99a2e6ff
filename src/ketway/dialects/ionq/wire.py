"""Bodies that are the same in every version of IonQ's API."""

from __future__ import annotations

from typing import Annotated

import msgspec

NULL = msgspec.Raw(b"null")
"""What a `Raw` field is when it was not sent: msgspec has no `Raw | None`."""

Metadata = Annotated[
    msgspec.Raw,
    msgspec.Meta(
        description="A JSON object of strings, kept and given back as it was sent.",
        extra_json_schema={
            "type": ["object", "null"],
            "additionalProperties": {"type": "string", "maxLength": 40_000},
        },
    ),
]

Registers = dict[str, list[int | None]]
"""Which qubit each bit of a register is of; null where nothing was measured into it."""


class NoiseObject(msgspec.Struct, omit_defaults=True):
    model: str
    seed: int | None = None


class JobsBulkOperationRequest(msgspec.Struct):
    ids: list[str]


class JobOperationResponse(msgspec.Struct):
    id: str
    status: str


class JobsOperationResponse(msgspec.Struct):
    ids: list[str]
    status: str


class CalibrationsQuery(msgspec.Struct):
    """Of `/calibrations`, which cirq-ionq asks for; its limit comes in the body."""

    start: int | None = None
    end: int | None = None
    next: str | None = None
