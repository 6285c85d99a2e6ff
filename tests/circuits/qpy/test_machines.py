"""What only machines have: gates that idle, and measurements by other names."""

from __future__ import annotations

import base64

from ketway.circuits.gates import Kind
from ketway.circuits.qpy import read_qpy

# Qiskit 2.6.2 and qiskit-ibm-runtime 0.51.0 wrote: ecr(1, 0), id(2), delay(100, 1), measure_2(0),
# reset_2(0), measure_3(1), cz(0, 2).
QPY = (
    "UUlTS0lUEQIGAgAAAAAAAAABcHEAAAAAAAAAHAAKZgAIAAAAAwAAAAIAAAAAAAAAAgAAAAIAAAAAAAAABwAAAABj"
    "aXJjdWl0LTQ2AAAAAAAAAAB7fXEBAAAAAwABAXEAAAAAAAAAAAAAAAAAAAABAAAAAAAAAAJjAQAAAAIAAQFjAAAA"
    "AAAAAAAAAAAAAAAAAQAAAAAAAAAAAAAAAwAJaQAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAHJlc2V0"
    "XzJfMQALaQAAAAEAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAG1lYXN1cmVfMl8wAAtpAAAAAQAAAAEAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAbWVhc3VyZV8zXzIABwAAAAAAAAACAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABF"
    "Q1JHYXRlcQAAAAFxAAAAAAAFAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAElHYXRlcQAAAAIABQAAAAEA"
    "AAABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABEZWxheXEAAAABaQAAAAAAAAAIZAAAAAAAAAAACwAAAAAAAAABAAAA"
    "AQAAAAAAAAAAAAAAAAAAAAAAAABtZWFzdXJlXzJfMHEAAAAAYwAAAAAACQAAAAAAAAABAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAByZXNldF8yXzFxAAAAAAALAAAAAAAAAAEAAAABAAAAAAAAAAAAAAAAAAAAAAAAAG1lYXN1cmVfM18y"
    "cQAAAAFjAAAAAQAGAAAAAAAAAAIAAAAAAAAAAAAAAAAAAAAAAAABAAAAAUNaR2F0ZXEAAAAAcQAAAAIAAAD/////"
    "//////////8AAAAAAAAAAA=="
)


def test_what_a_machine_does_arrives_as_it_does_it() -> None:
    """ecr whole, so that it has its own noise and direction; id too, which takes time there."""
    (template,) = read_qpy(base64.b64decode(QPY))
    structure = template.structure
    found = [
        (Kind(kind), controls, structure.operands_of(gate))
        for gate, (kind, controls) in enumerate(
            zip(structure.kinds.tolist(), structure.controls.tolist(), strict=True)
        )
    ]
    assert found == [
        (Kind.ECR, 0, [1, 0]),
        (Kind.NOP, 0, [2]),
        (Kind.MEASURE, 0, [0, 0]),
        (Kind.RESET, 0, [0]),
        (Kind.MEASURE, 0, [1, 1]),
        (Kind.Z, 1, [0, 2]),
    ]
