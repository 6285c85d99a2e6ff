"""Programs that go wrong, each in its way, and one that does not."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ketway.programs import Backend, Circuit, counts, program


class Nothing(msgspec.Struct):
    pass


class Echo(msgspec.Struct):
    numbers: NDArray[np.float64]
    factor: complex = 1.0
    circuit: Circuit | None = None
    values: NDArray[np.float64] | None = None


def echo(inputs: Echo, backend: Backend) -> Any:
    print("this is heard by nobody")  # noqa: T201
    backend.log(f"{inputs.numbers.size} numbers")
    answer: dict[str, Any] = {
        "scaled": inputs.numbers * inputs.factor,
        "factor": inputs.factor,
        "sum": float(inputs.numbers.sum()),
        "drawn": int(backend.generator.integers(1 << 40)),
    }
    if inputs.circuit is not None:
        bits = backend.sample(inputs.circuit, inputs.values, shots=100)
        answer["counts"] = {name: counts(one) for name, one in bits.items()}
        answer["noisy"] = backend.noisy
    return answer


class Unreadable(msgspec.Struct):
    either: int | Nothing | Echo = 1


def unreadable(inputs: Unreadable, backend: Backend) -> Any:
    return 1


def raises(inputs: Nothing, backend: Backend) -> Any:
    raise LookupError("no such molecule")


def leaves(inputs: Nothing, backend: Backend) -> Any:
    sys.exit("I had enough")


def dies(inputs: Nothing, backend: Backend) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def eats(inputs: Nothing, backend: Backend) -> Any:
    return np.ones(1 << 33).sum()


def opaque(inputs: Nothing, backend: Backend) -> Any:
    return {"of": [1, object()]}


def unchecked(inputs: dict[str, Any], backend: Backend) -> Any:
    return inputs


@program(memory=1 << 60)
def greedy(inputs: Nothing, backend: Backend) -> Any:
    return 1
