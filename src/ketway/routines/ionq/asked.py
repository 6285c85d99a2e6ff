"""What is asked of the hybrid routines, in IonQ's words: the `input` of its jobs, and their shots.

These are also what is stored of a job. Programs in them are read where they run.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, Literal, TypeVar

import msgspec

from ketway.jobs.failures import Code, FailedError, Failure

T = TypeVar("T")

MOST_TERMS: Final = 10_000
MOST_CONSTRAINTS: Final = 1_000
MOST_SHOTS: Final = 1_000_000


class PauliTerm(msgspec.Struct, frozen=True):
    pauli_string: str
    """One letter for each qubit, the last one qubit 0."""
    coefficient: float


class Ansatz(msgspec.Struct, frozen=True):
    data: str
    """An OpenQASM program. Its inputs are the parameters."""


class LinearConstraint(msgspec.Struct, frozen=True):
    """a x <= b, of the bits x of an outcome: entry k is of qubit k."""

    coeffs: list[float]
    rhs: float


class QuadraticConstraint(msgspec.Struct, frozen=True):
    """x P x + r x <= c."""

    quadratic_coeff: list[list[float]]
    linear_coeff: list[float]
    rhs: float


class HamiltonianEnergy(msgspec.Struct, frozen=True):
    hamiltonian: list[PauliTerm]
    ansatz: Ansatz
    linear_constraints: list[LinearConstraint] | None = None
    quadratic_constraints: list[QuadraticConstraint] | None = None
    penalty: float | None = None
    """What an outcome's energy grows by for each unit by which it breaks a constraint."""
    cvar_alpha: float | None = None
    """The mean of this share of the outcomes is meant, those with the lowest energies."""


class Function(msgspec.Struct, frozen=True):
    type: Literal["hamiltonian-energy"]
    data: HamiltonianEnergy


class FunctionInput(msgspec.Struct, frozen=True):
    """Of a job of the type `quantum-function`."""

    data: Function
    params: list[float] | None = None
    """Values of the ansatz's parameters."""


Method = Literal[
    "SPSA",
    "Nelder-Mead",
    "Powell",
    "CG",
    "BFGS",
    "Newton-CG",
    "L-BFGS-B",
    "TNC",
    "COBYLA",
    "COBYQA",
    "SLSQP",
    "trust-constr",
    "dogleg",
    "trust-ncg",
    "trust-exact",
    "trust-krylov",
]
"""Those of IonQ's own SDK (ionq/schemas/job.py, `OptimizationMethod`), and Nelder and Mead's."""


class OptimizationInput(msgspec.Struct, frozen=True):
    """Of a job of the type `optimization`."""

    quantum_function: Function
    method: Method
    initial_params: list[float] | None = None
    log_interval: int | None = None
    """Every so many evaluations one is reported."""
    options: dict[str, Any] | None = None
    """Of the method, as SciPy names them."""
    maxiter: int | None = None


class Node(msgspec.Struct, frozen=True):
    id: int | float | str


class Neighbour(msgspec.Struct, frozen=True):
    id: int | float | str
    weight: float = 1.0
    key: int | str | None = None
    """Tells apart the edges between two nodes of a multigraph."""


class Graph(msgspec.Struct, frozen=True):
    """As NetworkX writes it (`networkx.adjacency_data`)."""

    nodes: list[Node]
    adjacency: list[list[Neighbour]]
    """The neighbours of each node, in the order of the nodes."""
    directed: bool = False
    multigraph: bool = False


class CutInput(msgspec.Struct, frozen=True):
    """Of a job of the type `qctrl.qaoa.v1`."""

    problem_type: Literal["maxcut"]
    problem: Graph


class Asked(msgspec.Struct, frozen=True):
    """What a job's routine is told, in JSON."""

    input: msgspec.Raw
    shots: int


def told(asked: Asked) -> bytes:
    return msgspec.json.encode(asked)


def read(params: bytes, type_: Callable[..., T]) -> tuple[T, int]:
    """An input of that type, and the shots."""
    try:
        asked = msgspec.json.decode(params, type=Asked)
        return msgspec.json.decode(asked.input, type=type_), asked.shots
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise wrong("input", f"{error}") from None


def wrong(where: str, message: str, code: Code = Code.INVALID_INPUT) -> FailedError:
    return FailedError(Failure(code, f"{where}: {message}."))


def finite(numbers: list[float], where: str) -> list[float]:
    for place, number in enumerate(numbers):
        if not math.isfinite(number):
            raise wrong(f"{where}[{place}]", "the number must be finite")
    return numbers
