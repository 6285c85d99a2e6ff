"""Channels: noise that is no list of figures, as a document says it.

A channel is a row of steps, one after the other. A step is a mixture: one of its cases happens, by
its probability, and a case is a short circuit of operations on the operands of the gate. What
`engines/noise.py` can say in Paulis and dampings is recognised there by `devices/recognised.py`.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from ketway.circuits.gates import GATES, Gate, Kind

Number: TypeAlias = float | tuple[float, float]
"""A real number, or the real and the imaginary part."""
Matrix: TypeAlias = tuple[tuple[Number, ...], ...]
"""Rows of numbers. Bit j of an index is operand j of the operation, least significant first."""
Array: TypeAlias = NDArray[np.complex128]

TOLERANCE: Final = 1e-6
"""How far from keeping the trace operators may be, and probabilities from summing to 1."""

MOST_STEPS: Final = 16
MOST_CASES: Final = 4096
"""Of one step."""
MOST_OPERATORS: Final = 64
"""Kraus operators of one case, those of its operations multiplied out."""

RESET: Final = "reset"
_UNCHANGED: Final = 1e-12


class Operation(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One of: a gate of the gate table or `reset`, a Pauli product, a unitary, Kraus operators."""

    on: tuple[int, ...]
    """Places among the gate's operands (or in `qubits`, where that is given), controls first."""
    gate: str | None = None
    params: tuple[float, ...] = ()
    pauli: str | None = None
    """Letter j is on `on[j]`."""
    unitary: Matrix | None = None
    kraus: tuple[Matrix, ...] | None = None


class Case(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What may happen: operations in their order, or nothing."""

    p: float = 1.0
    do: tuple[Operation, ...] = ()


Step: TypeAlias = tuple[Case, ...]
Channel: TypeAlias = tuple[Step, ...]


class ChannelError(ValueError):
    """A channel that cannot be: which field of it, and what is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field, self.message = field, message


def check_channel(channel: Channel, width: int) -> None:
    """Raises `ChannelError` for what no channel on so many operands can be."""
    if len(channel) > MOST_STEPS:
        raise ChannelError("channel", f"has {len(channel)} steps: give at most {MOST_STEPS}")
    for i, step in enumerate(channel):
        field = f"channel[{i}]"
        if not 0 < len(step) <= MOST_CASES:
            raise ChannelError(field, f"has {len(step):,} cases: give 1 to {MOST_CASES:,}")
        for j, case in enumerate(step):
            _check_case(f"{field}[{j}]", case, width)
        total = math.fsum(case.p for case in step)
        if not abs(total - 1) <= TOLERANCE:
            raise ChannelError(
                field,
                f"the probabilities of its cases sum to {total:.9g} and not to 1: a case without "
                "`do` says how often nothing happens",
            )


def _check_case(field: str, case: Case, width: int) -> None:
    if not 0 <= case.p <= 1 + TOLERANCE:
        raise ChannelError(f"{field}.p", f"{case.p:g} is no probability: give 0 to 1")
    operators = 1
    for k, operation in enumerate(case.do):
        place = f"{field}.do[{k}]"
        check_operation(place, operation, width)
        operators *= len(_own_operators(operation))
        if operators > MOST_OPERATORS:
            raise ChannelError(
                place,
                f"the case has more than {MOST_OPERATORS} Kraus operators, multiplied out: put "
                "what follows into a step of its own",
            )


def check_operation(field: str, operation: Operation, width: int) -> None:
    given = [operation.gate, operation.pauli, operation.unitary, operation.kraus]
    if sum(value is not None for value in given) != 1:
        raise ChannelError(field, "give one of gate, pauli, unitary, kraus")
    on = operation.on
    if not on or len(set(on)) != len(on) or not all(0 <= place < width for place in on):
        known = "0" if width == 1 else "0 and 1"
        raise ChannelError(
            f"{field}.on", f"{list(on)} must be different operands of the gate, which are {known}"
        )
    if operation.params and operation.gate is None:
        raise ChannelError(f"{field}.params", "only a gate has parameters")
    if not all(map(math.isfinite, operation.params)):
        raise ChannelError(f"{field}.params", "give finite numbers")
    if operation.gate is not None:
        _check_gate(field, operation)
    elif operation.pauli is not None:
        if len(operation.pauli) != len(on) or set(operation.pauli) - set("IXYZ"):
            raise ChannelError(
                f"{field}.pauli", f"{operation.pauli[:40]!r} must be {len(on)} of I, X, Y, Z"
            )
    elif operation.unitary is not None:
        _check_operators(f"{field}.unitary", (operation.unitary,), len(on))
    elif operation.kraus is not None:
        if not 0 < len(operation.kraus) <= MOST_OPERATORS:
            raise ChannelError(f"{field}.kraus", f"give 1 to {MOST_OPERATORS} operators")
        _check_operators(f"{field}.kraus", operation.kraus, len(on))


def _check_gate(field: str, operation: Operation) -> None:
    name = operation.gate or ""
    if name == RESET:
        wanted, params = 1, 0
    else:
        found = _gates().get(name)
        if found is None:
            raise ChannelError(
                f"{field}.gate",
                f"unknown gate {name[:40]!r}: known are {', '.join(_gates())}, {RESET}",
            )
        row, controls = found
        wanted, params = row.targets + controls, row.params
    if len(operation.on) != wanted:
        raise ChannelError(
            f"{field}.on", f"{name!r} has {wanted} operands, not {len(operation.on)}"
        )
    if len(operation.params) != params:
        raise ChannelError(
            f"{field}.params", f"{name!r} has {params} parameters, not {len(operation.params)}"
        )


def _check_operators(field: str, matrices: tuple[Matrix, ...], qubits: int) -> None:
    size = 1 << qubits
    for i, matrix in enumerate(matrices):
        if len(matrix) != size or any(len(row) != size for row in matrix):
            raise ChannelError(
                field if len(matrices) == 1 else f"{field}[{i}]",
                f"must have {size} rows of {size} numbers, for {qubits} operands",
            )
    arrays = [array_of(matrix) for matrix in matrices]
    if not all(np.isfinite(array).all() for array in arrays):
        raise ChannelError(field, "give finite numbers")
    total = sum((array.conj().T @ array for array in arrays), np.zeros((size, size)))
    off = float(np.abs(total - np.eye(size)).max())
    if off > TOLERANCE:
        what = (
            "is not unitary"
            if field.endswith("unitary")
            else "does not keep the trace: the sum of K^dagger K must be the identity"
        )
        raise ChannelError(field, f"{what} (off by {off:.3g}, at most {TOLERANCE:g} is taken)")


# ---------------------------------------------------------------- as matrices


def array_of(matrix: Matrix) -> Array:
    return np.array(
        [[complex(*n) if isinstance(n, tuple) else complex(n) for n in row] for row in matrix],
        dtype=np.complex128,
    )


def matrix_of(array: Array) -> Matrix:
    """The numbers of an array as a document holds them."""
    return tuple(
        tuple((n.real, n.imag) if n.imag else n.real for n in row) for row in array.tolist()
    )


@lru_cache(maxsize=1)
def _gates() -> dict[str, tuple[Gate, int]]:
    """The gates that may stand in a case: on one or two operands, `c` for a control."""
    names: dict[str, tuple[Gate, int]] = {}
    for kind, gate in GATES.items():
        if gate.matrices is None or gate.targets not in (1, 2):
            continue
        names[gate.name] = (gate, 0)
        if gate.targets == 1 and kind != Kind.NOP:
            names[f"c{gate.name}"] = (gate, 1)
    return names


_LETTERS: Final = {
    "I": np.eye(2, dtype=np.complex128),
    "X": np.array([[0, 1], [1, 0]], dtype=np.complex128),
    "Y": np.array([[0, -1j], [1j, 0]], dtype=np.complex128),
    "Z": np.array([[1, 0], [0, -1]], dtype=np.complex128),
}
_RESETTING: Final = (
    np.array([[1, 0], [0, 0]], dtype=np.complex128),
    np.array([[0, 1], [0, 0]], dtype=np.complex128),
)


@lru_cache(maxsize=4096)
def _own_operators(operation: Operation) -> tuple[Array, ...]:
    """Its Kraus operators on its own operands, bit j for `on[j]`."""
    if operation.pauli is not None:
        out: Array = np.ones((1, 1), dtype=np.complex128)
        for letter in operation.pauli:
            out = np.kron(_LETTERS[letter], out).astype(np.complex128)
        return (out,)
    if operation.unitary is not None:
        return (array_of(operation.unitary),)
    if operation.kraus is not None:
        return tuple(array_of(matrix) for matrix in operation.kraus)
    if operation.gate == RESET:
        return _RESETTING
    row, controls = _gates()[operation.gate or ""]
    assert row.matrices is not None
    (matrix,) = row.matrices(np.array([operation.params], dtype=np.float64).reshape(1, -1))
    if controls:  # operand 0 is the low bit
        whole = np.eye(4, dtype=np.complex128)
        whole[1::2, 1::2] = matrix
        return (whole,)
    return (matrix,)


def operators_of(operation: Operation, width: int) -> tuple[Array, ...]:
    """Its Kraus operators on all operands, operand 0 on the low bit."""
    own = _own_operators(operation)
    if operation.on == tuple(range(width)):
        return own
    if len(operation.on) == 1:
        other = _LETTERS["I"]
        first = operation.on[0] == 0
        pairs = [(other, k) if first else (k, other) for k in own]
        return tuple(np.kron(*pair).astype(np.complex128) for pair in pairs)
    return tuple(k[np.ix_((0, 2, 1, 3), (0, 2, 1, 3))] for k in own)


def case_operators(case: Case, width: int) -> list[Array]:
    """The Kraus operators of a case, in a fixed order, without its probability."""
    found = [np.eye(1 << width, dtype=np.complex128)]
    for operation in case.do:
        some = operators_of(operation, width)
        found = [then @ before for before in found for then in some]
    return [k for k in found if np.abs(k).max() > _UNCHANGED]


def does_nothing(operators: list[Array]) -> bool:
    """Whether a case is the identity, but for a phase nobody sees."""
    if len(operators) != 1:
        return False
    (k,) = operators
    return bool(np.abs(k - k[0, 0] * np.eye(len(k))).max() < _UNCHANGED)


def superoperator(step: Step, width: int) -> Array:
    """What a step does, as a matrix: operands on the low bits, their shadows on the high bits."""
    size = 4**width
    total = np.zeros((size, size), dtype=np.complex128)
    longest = max(len(case.do) for case in step)
    product = np.broadcast_to(np.eye(size), (len(step), size, size)).astype(np.complex128)
    for k in range(longest):  # the k-th operation of all cases at once
        held = [i for i, case in enumerate(step) if len(case.do) > k]
        some = np.stack([_of_operation(step[i].do[k], width) for i in held])
        product[held] = some @ product[held]
    for case, matrix in zip(step, product, strict=True):
        total += case.p * matrix
    return total


@lru_cache(maxsize=4096)
def _of_operation(operation: Operation, width: int) -> Array:
    total = np.zeros((4**width,) * 2, dtype=np.complex128)
    for k in operators_of(operation, width):
        total += np.kron(k.conj(), k)
    return total
