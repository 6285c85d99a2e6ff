"""How large hybrid jobs are, and what a device cannot do of them."""

from __future__ import annotations

from ketway.circuits.circuit import Floats
from ketway.devices.device import Device
from ketway.jobs.failures import Code, FailedError, Failure
from ketway.routines.ionq.energy import Energy
from ketway.routines.routine import Size


def check_width(qubits: int, device: Device) -> None:
    if qubits > device.qubits:
        raise FailedError(
            Failure(
                Code.NOT_ENOUGH_QUBITS,
                f"The job needs {qubits:,} qubits; {device.name} has {device.qubits:,}.",
            )
        )


def size_of(energy: Energy, point: Floats, shots: int, rows: int) -> Size:
    """Of so many evaluations: each runs a circuit for every basis."""
    params = energy.template.batch(point).params
    every = Size.of((reading.batch(params) for reading in energy.readings), shots)
    return times(every, rows)


def times(size: Size, count: int) -> Size:
    return Size(
        circuits=size.circuits * count,
        qubits=size.qubits,
        gates_1q=size.gates_1q * count,
        gates_2q=size.gates_2q * count,
        shots=size.shots,
    )
