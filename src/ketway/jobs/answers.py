"""What routines answer. An answer is stored once; each dialect writes it in its vendor's words.

What a stored answer is, it says itself, by its tag: `sampler` may have answered in more than one
way.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from ketway.jobs.results import Provenance


class Bits(msgspec.Struct, frozen=True):
    """Shots of one register."""

    bits: int
    array: NDArray[np.uint8]
    """Shape (*sweep, shots, bytes): the register as an integer in big-endian bytes, in the order
    taken. It is the form that Qiskit's `BitArray` has too."""


class Span(msgspec.Struct, frozen=True):
    """When some of the shots were taken."""

    kind: str
    start: float
    """Seconds since 1970, as the next."""
    stop: float
    slices: dict[int, list[Any]]
    """For each PUB, which part of its data; what stands in it depends on the kind."""


class PubAnswer(msgspec.Struct, frozen=True):
    """The answer to one PUB: named arrays, which all begin with the shape of its sweep."""

    shape: tuple[int, ...]
    bits: dict[str, Bits] = {}
    numbers: dict[str, NDArray[Any]] = {}
    metadata: dict[str, Any] = {}


class PrimitiveAnswer(msgspec.Struct, frozen=True, tag=True):
    """The answers to all PUBs of a sampler or an estimator."""

    pubs: list[PubAnswer]
    metadata: dict[str, Any] = {}
    spans: list[Span] | None = None
    plain: bool = False
    """Whether it is for a reader that has no Qiskit."""
    made_by: list[Provenance] = []


class CountsOfCircuit(msgspec.Struct, frozen=True):
    """How often a circuit gave each outcome."""

    name: str
    """The circuit's, by which clients look for it."""
    qubits: int
    bits: int
    registers: dict[str, int]
    """The classical registers with their sizes, the first one lowest in an outcome."""
    outcomes: NDArray[np.uint8]
    """Shape (outcomes, bytes), ascending as integers; bit k of an outcome is bit k % 8 of byte
    k // 8."""
    counts: NDArray[np.int64]
    shots: NDArray[np.uint32] | None = None
    """The row of the outcome of each shot, in the order taken, where that was asked for."""
    metadata: dict[str, Any] = {}
    """The client's notes on the circuit."""


class CountsAnswer(msgspec.Struct, frozen=True, tag=True):
    """The answers to the circuits of a runner."""

    circuits: list[CountsOfCircuit]
    shots: int
    seed: int | None = None
    """The seed that was asked for."""
    header: dict[str, Any] = {}
    """The client's notes on the job."""
    made_by: list[Provenance] = []


class Quasi(msgspec.Struct, frozen=True):
    """A quasi-distribution: weights that sum to 1, some of which may be below 0."""

    bits: int
    outcomes: NDArray[np.uint8]
    """As those of `CountsOfCircuit`."""
    weights: NDArray[np.float64]
    metadata: dict[str, Any] = {}


class QuasiAnswer(msgspec.Struct, frozen=True, tag=True):
    """The answers to the circuits of a sampler of the first version."""

    dists: list[Quasi]
    made_by: list[Provenance] = []


class ValuesAnswer(msgspec.Struct, frozen=True, tag=True):
    """The answers to the circuits of an estimator of the first version."""

    values: NDArray[np.float64]
    metadata: list[dict[str, Any]]
    made_by: list[Provenance] = []


class LearnedLayer(msgspec.Struct, frozen=True):
    """The noise of a layer, as rates of Paulis."""

    circuit: bytes
    """The layer on its own qubits, in QPY; empty where the client has it."""
    qubits: list[int]
    """Qubit k of the layer is `qubits[k]` of the machine."""
    generators: list[tuple[str, tuple[int, ...]]]
    """Letters, and the qubit of the layer that each is on."""
    rates: list[float]
    errors: list[float]
    """Standard errors of the rates."""
    protocol: str
    """How it was learned: `lindblad`, or `trex` for measurements."""


class LearnedAnswer(msgspec.Struct, frozen=True, tag=True):
    """The answer of a noise learner."""

    layers: list[LearnedLayer]
    options: dict[str, Any]
    """Those that it learned by."""
    schema: str = ""
    """In which version of the vendor's schema it is wanted; empty where there was none."""
    plain: bool = False
    """Whether it is for a reader that has no Qiskit."""
    made_by: list[Provenance] = []


class CustomAnswer(msgspec.Struct, frozen=True, tag=True):
    """What an operator's program returned."""

    value: Any
    """Plain data and arrays. An array of complex numbers without axes is one complex number."""
    log: list[str] = []
    made_by: list[Provenance] = []


class EnergyAnswer(msgspec.Struct, frozen=True, tag=True):
    """The energy of a Hamiltonian."""

    value: float
    variance: float
    """Of what single shots say of it."""
    made_by: list[Provenance] = []


class Evaluation(msgspec.Struct, frozen=True):
    """A point that was tried in a search for the least value."""

    point: list[float]
    value: float
    number: int
    """Which it was of all that were tried, from 0."""
    outcomes: NDArray[np.uint8] | None = None
    """What was measured, if that is kept: as those of `CountsOfCircuit`, as the next."""
    counts: NDArray[np.int64] | None = None


class OptimumAnswer(msgspec.Struct, frozen=True, tag=True):
    """Where a quantum function is least."""

    value: float
    point: list[float]
    converged: bool
    """Whether the search ended by itself, and not by a limit."""
    evaluations: list[Evaluation]
    made_by: list[Provenance] = []


class CutAnswer(msgspec.Struct, frozen=True, tag=True):
    """A cut of a graph."""

    cost: float
    """Minus the weight of the edges that it cuts."""
    bitstring: str
    """On which side each node is, the first one on the right."""
    bits: int
    converged: bool
    evaluations: list[Evaluation]
    made_by: list[Provenance] = []


class Written(msgspec.Struct, frozen=True, tag=True):
    """An answer in its vendor's own words: to a question that no other vendor has."""

    text: bytes
    made_by: list[Provenance] = []


_TYPES: Final[dict[str, Any]] = {
    "sampler": PrimitiveAnswer | QuasiAnswer,
    "estimator": PrimitiveAnswer | ValuesAnswer,
    "circuit-runner": CountsAnswer,
    "qasm3-runner": CountsAnswer,
    "executor": Written,
    "calibrate": Written,
    "noise-learner": LearnedAnswer,
    "ionq.quantum-function": EnergyAnswer,
    "ionq.optimization": OptimumAnswer,
    "ionq.qaoa": CutAnswer,
}


def answer_of(routine: str) -> Any:
    """The type of a routine's answers. What is no routine of Ketway's is an operator's."""
    return _TYPES.get(routine, CustomAnswer)
