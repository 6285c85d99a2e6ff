"""A Clifford circuit as two things: Stim's text, and the steps that carry Pauli frames through it.

Every gate becomes an `Action`: words that Stim knows, found from the gate's matrix, and for each
word its steps on frames. Paulis have no steps: they only turn signs, which the reference sample
knows about.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import stim  # type: ignore[import-untyped]
from numpy.typing import NDArray

from ketway.circuits.circuit import LETTERS, Floats, Structure
from ketway.circuits.gates import Kind
from ketway.engines.clifford_gates import (
    exponentials,
    full_matrices,
    gate_groups,
    params_of,
)
from ketway.engines.noise import Sites

Step: TypeAlias = tuple[int, int, int]
"""What is done to frames: a code, and two operands (one may mean nothing)."""

SWAP_XZ: Final = 0
"""Exchange the X and Z parts of a qubit: H and its like."""
Z_FROM_X: Final = 1
X_FROM_Z: Final = 2
CX: Final = 3
CZ: Final = 4
SWAP: Final = 5
ROOT: Final = 6
"""The square root of a Pauli product: `Program.products[a]`."""
MEASURE: Final = 7
"""Read qubit a into bit b."""
MEASURE_LAST: Final = 8
"""The same, where nothing touches the qubit any more."""
RESET: Final = 9
NOISE_1: Final = 10
NOISE_2: Final = 11

_ROOTS: Final = {"XX": (1, 1), "YY": (2, 2), "ZZ": (3, 3)}


class Action(NamedTuple):
    """What one gate does, on its own operands 0, 1, 2, …"""

    words: tuple[tuple[str, tuple[int, ...]], ...]
    steps: tuple[Step, ...]
    product: tuple[int, ...] = ()
    """Where the gate is the square root of a Pauli product: its letters, one per operand."""


class Product(NamedTuple):
    """A Pauli product on named qubits, by what of a frame anticommutes with it."""

    x: tuple[int, ...]
    """Qubits where the product holds X or Y."""
    z: tuple[int, ...]
    """Qubits where the product holds Z or Y."""


@dataclass(frozen=True)
class Program:
    """One circuit, ready to run."""

    qubits: int
    bits: int
    text: str
    """For Stim; its records are the measurements in order."""
    steps: list[Step]
    products: list[Product]
    written: list[int]
    """The bit that each measurement writes."""
    read: list[int]
    """The qubit that each measurement reads."""
    fresh: int
    """How many random choices the steps make: measurements and resets in the middle."""


def lower(structure: Structure, params: Floats, sites: Sites | None) -> Program:
    """The program of one circuit, which must be Clifford; with steps for these sites of noise."""
    actions = _actions(structure, params)
    text: list[str] = []
    steps: list[Step] = []
    products: list[Product] = []
    written: list[int] = []
    read: list[int] = []
    last = _last_uses(structure).tolist()
    starts = structure.operand_starts.tolist()
    operands = structure.operands.tolist()
    fresh = 0
    for gate, kind in enumerate(structure.kinds.tolist()):
        qubits = operands[starts[gate] : starts[gate + 1]]
        if kind == Kind.MEASURE:
            qubit, bit = qubits
            text.append(f"M {qubit}")
            final = last[qubit] == gate
            steps.append((MEASURE_LAST if final else MEASURE, qubit, bit))
            written.append(bit)
            read.append(qubit)
            fresh += not final
        elif kind == Kind.RESET:
            text.append(f"R {qubits[0]}")
            steps.append((RESET, qubits[0], 0))
            fresh += 1
        else:
            for action in actions[gate]:
                _emit(action, qubits, text, steps, products)
        if sites is not None:
            steps.extend(_noise_steps(sites, gate))
    if not structure.measured:
        for qubit in range(structure.qubits):
            text.append(f"M {qubit}")
            steps.append((MEASURE_LAST, qubit, qubit))
            written.append(qubit)
            read.append(qubit)
    bits = structure.outcome_bits
    return Program(structure.qubits, bits, "\n".join(text), steps, products, written, read, fresh)


def _emit(
    action: Action,
    qubits: list[int],
    text: list[str],
    steps: list[Step],
    products: list[Product],
) -> None:
    if action.product:
        text.append(_root_text(action, qubits))
        steps.append((ROOT, len(products), 0))
        products.append(_product(action, qubits))
        return
    for name, places in action.words:
        text.append(f"{name} {' '.join([str(qubits[place]) for place in places])}")
    for code, a, b in action.steps:
        steps.append((code, qubits[a], qubits[b]))


def _root_text(action: Action, qubits: list[int]) -> str:
    pairs = zip(qubits, action.product, strict=True)
    return f"{action.words[0][0]} {'*'.join(f'{LETTERS[p]}{q}' for q, p in pairs if p)}"


def _product(action: Action, qubits: list[int]) -> Product:
    pairs = list(zip(qubits, action.product, strict=True))
    return Product(
        tuple(q for q, letter in pairs if letter in (1, 2)),
        tuple(q for q, letter in pairs if letter in (2, 3)),
    )


def _noise_steps(sites: Sites, gate: int) -> Iterator[Step]:
    start, end = sites.starts[gate : gate + 2]
    for first, second in sites.qubits[start:end].tolist():
        yield (NOISE_1, first, 0) if second < 0 else (NOISE_2, first, second)


def _last_uses(structure: Structure) -> NDArray[np.int64]:
    """The last gate on each qubit; -1 where there is none. A measurement's bit is not a qubit."""
    widths = np.diff(structure.operand_starts)
    owners = np.repeat(np.arange(structure.gates), widths)
    is_qubit = np.ones(len(structure.operands), dtype=np.bool_)
    is_qubit[structure.operand_starts[1:][structure.kinds == Kind.MEASURE] - 1] = False
    last = np.full(structure.qubits, -1, dtype=np.int64)
    np.maximum.at(last, structure.operands[is_qubit], owners[is_qubit])
    return last


def eventful(structure: Structure) -> bool:
    """Whether it resets a qubit, or does something to one that was measured."""
    if not structure.has_events:
        return False
    if structure.has_control or Kind.RESET in structure.kinds:
        return True
    measures = np.flatnonzero(structure.kinds == Kind.MEASURE)
    qubits = structure.operands[structure.operand_starts[measures]]
    return bool((_last_uses(structure)[qubits] != measures).any())


def _actions(structure: Structure, params: Floats) -> list[tuple[Action, ...]]:
    """The actions of every gate; measurements and resets have none."""
    actions: list[tuple[Action, ...]] = [()] * structure.gates
    for kind, controls, gates in gate_groups(structure):
        if kind in (Kind.MEASURE, Kind.RESET, Kind.NOP):
            continue
        if kind == Kind.GLOBAL_PHASE and not controls:
            continue
        if kind == Kind.PAULIEXP:
            # Under controls, only full turns are Clifford for us, and they do nothing.
            for some, columns, letters in exponentials(structure, gates) if not controls else ():
                quarters = np.rint(params[columns] / (math.pi / 4)).astype(np.int64) % 4
                for gate, *parts in zip(
                    some.tolist(), quarters.tolist(), letters.tolist(), strict=True
                ):
                    actions[gate] = _exponential(*parts)
            continue
        values = params_of(structure, params[None, :], kind, gates)[0]
        distinct, inverse = np.unique(values, axis=0, return_inverse=True)
        found = [(_action(kind, controls, row.tobytes()),) for row in distinct]
        for gate, place in zip(gates.tolist(), inverse.reshape(-1).tolist(), strict=True):
            actions[gate] = found[place]
    return actions


@lru_cache(maxsize=4096)
def _action(kind: Kind, controls: int, values: bytes) -> Action:
    matrix = full_matrices(kind, controls, np.frombuffer(values, dtype=np.float64)[None, :])[0]
    if np.abs(matrix - np.eye(len(matrix))).max() < 1e-9:
        return Action((), ())
    tableau = stim.Tableau.from_unitary_matrix(matrix.tolist(), endian="little")
    name = _names().get((len(tableau), str(tableau)))
    if name is None:
        circuit = tableau.to_circuit("elimination")
    elif name.startswith("SQRT_") and len(tableau) == 2:
        word = "SPP_DAG" if name.endswith("_DAG") else "SPP"
        return Action(((word, ()),), (), _ROOTS[name[5:7]])
    else:
        circuit = stim.Circuit(f"{name} {' '.join(map(str, range(len(tableau))))}")
    words: list[tuple[str, tuple[int, ...]]] = []
    steps: list[Step] = []
    for instruction in circuit.flattened():
        for group in instruction.target_groups():
            places = tuple(target.value for target in group)
            words.append((instruction.name, places))
            steps.extend(_steps(instruction.name, places))
    return Action(tuple(words), tuple(steps))


@lru_cache(maxsize=1)
def _names() -> dict[tuple[int, str], str]:
    """Stim's words by what they do: all 24 on one qubit, and those on two that have steps here."""
    two = {"CX", "CY", "CZ", "SWAP"} | {f"SQRT_{p}{d}" for p in _ROOTS for d in ("", "_DAG")}
    names = {}
    for name, data in stim.gate_data().items():
        if data.is_unitary and (data.is_single_qubit_gate or name in two):
            tableau = data.tableau
            assert tableau is not None
            names[len(tableau), str(tableau)] = name
    swapped = stim.Circuit("CX 1 0").to_tableau()
    names[2, str(swapped)] = "XCZ"
    return names


def _steps(name: str, places: tuple[int, ...]) -> list[Step]:
    if len(places) == 1:
        return [(code, places[0], places[0]) for code in _single_steps(name)]
    a, b = places
    match name:
        case "CX":
            return [(CX, a, b)]
        case "XCZ":
            return [(CX, b, a)]
        case "CZ":
            return [(CZ, a, b)]
        case "CY":
            return [(Z_FROM_X, b, b), (CX, a, b), (Z_FROM_X, b, b)]
        case "SWAP":
            return [(SWAP, a, b)]
    raise AssertionError(f"no steps for {name}")


@cache
def _single_steps(name: str) -> tuple[int, ...]:
    """The shortest steps that move X and Z as the named gate does, signs aside."""
    tableau = stim.gate_data(name).tableau
    assert tableau is not None
    wanted = (tableau.x_output_pauli(0, 0), tableau.z_output_pauli(0, 0))
    moves = (SWAP_XZ, Z_FROM_X, X_FROM_Z)
    options: list[tuple[int, ...]] = [()]
    for option in options:
        if (_moved(1, option), _moved(3, option)) == wanted:
            return option
        if len(option) < 2:
            options.extend((*option, move) for move in moves)
    raise AssertionError(f"{name} is not one of the six classes of one-qubit Cliffords")


def _moved(letter: int, steps: tuple[int, ...]) -> int:
    """Where steps take a Pauli letter (X, Y, Z = 1, 2, 3)."""
    x, z = letter in (1, 2), letter in (2, 3)
    for step in steps:
        if step == SWAP_XZ:
            x, z = z, x
        elif step == Z_FROM_X:
            z ^= x
        else:
            x ^= z
    return {(False, False): 0, (True, False): 1, (True, True): 2, (False, True): 3}[x, z]


def _exponential(quarters: list[int], terms: list[list[int]]) -> tuple[Action, ...]:
    """exp(-i k pi/4 P) is a square root of P, P itself, or the inverse root: k modulo 4."""
    actions = []
    for quarter, letters in zip(quarters, terms, strict=True):
        if quarter == 0 or not any(letters):
            continue
        if quarter == 2:
            words = tuple((LETTERS[p], (j,)) for j, p in enumerate(letters) if p)
            actions.append(Action(words, ()))
        else:
            word = "SPP" if quarter == 1 else "SPP_DAG"
            actions.append(Action(((word, ()),), (), tuple(letters)))
    return tuple(actions)
