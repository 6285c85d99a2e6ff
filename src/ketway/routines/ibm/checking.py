"""What a device cannot do is refused before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec
import numpy as np

from ketway.circuits.circuit import Batch
from ketway.circuits.template import Template
from ketway.devices.device import Device
from ketway.devices.isa import check_isa
from ketway.jobs.failures import Code, FailedError, Failure

MOST_EXECUTIONS: Final = 10_000_000
"""Shots of all circuits of a job together: twice what IBM takes."""

_ANY_ANGLE: Final = 0.6180339887498949
"""Stands for a value that is not known, where a circuit is only looked at: no special angle."""


def any_batch(template: Template) -> Batch:
    """One of the circuits that a template stands for."""
    return template.batch(np.full((1, len(template.parameters)), _ANY_ANGLE))


def check_circuits(
    batches: Iterable[Batch],
    device: Device,
    noun: str = "PUB",
    number: Callable[[int, int], int] = lambda place, _row: place,
) -> None:
    """That the device can run the circuits of each batch. `noun` and `number` say how a circuit is
    called, by the place of its batch and its row in it."""
    for place, batch in enumerate(batches):
        structure = batch.structure
        called = number(place, 0)
        if structure.qubits > device.qubits:
            raise FailedError(
                Failure(
                    Code.NOT_ENOUGH_QUBITS,
                    f"{noun} {called} needs {structure.qubits:,} qubits; {device.name} has "
                    f"{device.qubits:,}.",
                    circuit=called,
                )
            )
        if structure.has_control and device.kind == "qpu" and not device.control_flow:
            raise FailedError(
                Failure(
                    Code.UNSUPPORTED_GATE,
                    f"{noun} {called} decides by classical bits while it runs, which {device.name} "
                    "cannot: use a simulator, or decide after the measurements.",
                    circuit=called,
                )
            )
        try:
            check_isa(structure, batch.params, device)
        except FailedError as error:
            called = number(place, error.failure.circuit or 0)
            told = msgspec.structs.replace(
                error.failure, message=f"{noun} {called}: {error.failure.message}", circuit=called
            )
            raise FailedError(told) from None


def check_totals(pubs: Sequence[tuple[int, int]], device: Device, noun: str = "PUB") -> None:
    """Points and shots of each."""
    for i, (_, shots) in enumerate(pubs):
        if device.max_shots is not None and shots > device.max_shots:
            raise FailedError(
                Failure(
                    Code.TOO_MANY_SHOTS,
                    f"{noun} {i} asks for {shots:,} shots; {device.name} takes at most "
                    f"{device.max_shots:,}.",
                    circuit=i,
                )
            )
    total = sum(points * shots for points, shots in pubs)
    if total > MOST_EXECUTIONS:
        raise FailedError(
            Failure(
                Code.TOO_MANY_SHOTS,
                f"The job asks for {total:,} executions (points times shots), and at most "
                f"{MOST_EXECUTIONS:,} are taken: split it into several jobs.",
            )
        )
