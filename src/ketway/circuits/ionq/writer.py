"""Writes circuits as IonQ's JSON: what the reader reads, and reads back as the same circuit."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from ketway.circuits.circuit import LETTERS, Circuit
from ketway.circuits.gates import GATES, Kind
from ketway.circuits.ionq.forms import DEFAULT_MS_ANGLE
from ketway.jobs.failures import Code, FailedError, Failure

Written = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Row:
    """One gate of a circuit, as the writers need it."""

    index: int
    kind: Kind
    controls: list[int]
    targets: list[int]
    params: list[float]
    letters: list[int]


def write_native(circuit: Circuit) -> Written:
    """`{"qubits": n, "circuit": [...]}` in the native gate set, or `FailedError`.

    Turns outside of -1 to 1, which the format does not take, are brought into it.
    """
    return _write(circuit, _native)


def write_qis(circuit: Circuit) -> Written:
    """`{"qubits": n, "circuit": [...]}` in the QIS gate set, or `FailedError`.

    A global phase without controls is left out: the format has none and nobody can see it.
    """
    return _write(circuit, _qis)


def _write(circuit: Circuit, gate: Callable[[_Row], Written | None]) -> Written:
    written = [gate(row) for row in _rows(circuit)]
    return {"qubits": circuit.qubits, "circuit": [one for one in written if one is not None]}


def _rows(circuit: Circuit) -> Iterator[_Row]:
    structure = circuit.structure
    counts = structure.controls.tolist()
    starts = structure.operand_starts.tolist()
    operands = structure.operands.tolist()
    param_starts = structure.param_starts.tolist()
    params = circuit.params.tolist()
    letters = structure.letters.tolist()
    letter = 0
    for index, kind in enumerate(structure.kinds.tolist()):
        middle = starts[index] + counts[index]
        targets = operands[middle : starts[index + 1]]
        values = params[param_starts[index] : param_starts[index + 1]]
        used = len(targets) * len(values) if kind == Kind.PAULIEXP else 0
        yield _Row(
            index,
            Kind(kind),
            operands[starts[index] : middle],
            targets,
            values,
            letters[letter : letter + used],
        )
        letter += used


def _native(row: _Row) -> Written:
    names = GATES[row.kind].ionq_native
    if not names or row.controls:
        raise _refusal(row, "native")
    written: Written = {"gate": names[0], **_target(row)}
    match row.kind:
        case Kind.GPI | Kind.GPI2:
            written["phase"] = _within(row.params[0], 1)
        case Kind.MS:
            first, second, angle = row.params
            written["phases"] = [_within(first, 1), _within(second, 1)]
            # The angle is half of the exponent: only after two turns is the matrix the same.
            if angle != DEFAULT_MS_ANGLE:
                written["angle"] = _within(angle, 2)
        case Kind.ZZ:
            written["angle"] = _within(row.params[0], 2)
    return written


def _within(turns: float, period: int) -> float:
    return turns if -1 <= turns <= 1 else math.remainder(turns, period)


_QIS_NAMES: Final = {
    **{kind: gate.ionq_qis[0] for kind, gate in GATES.items() if gate.ionq_qis},
    Kind.PHASE: "z",
}


def _qis(row: _Row) -> Written | None:
    if row.kind is Kind.GLOBAL_PHASE and not row.controls:
        return None
    name = _QIS_NAMES.get(row.kind)
    if name is None or (row.kind is Kind.SWAP and row.controls):
        raise _refusal(row, "QIS")
    written: Written = {"gate": name, **_target(row)}
    if row.controls:
        written["controls"] = row.controls
    if row.kind is Kind.PAULIEXP:
        written |= _pauliexp(row)
    elif row.params:
        written["rotation"] = row.params[0]
    return written


def _pauliexp(row: _Row) -> Written:
    """The last letter of a term stands for the first target; the time is in the coefficients."""
    width = len(row.targets)
    terms = [
        "".join(LETTERS[letter] for letter in reversed(row.letters[start : start + width]))
        for start in range(0, len(row.letters), width)
    ]
    return {"terms": terms, "coefficients": row.params, "time": 1.0}


def _target(row: _Row) -> Written:
    if len(row.targets) == 1 and row.kind is not Kind.PAULIEXP:
        return {"target": row.targets[0]}
    return {"targets": row.targets}


def _refusal(row: _Row, gateset: str) -> FailedError:
    name = GATES[row.kind].name
    controlled = "controlled " if row.controls else ""
    return FailedError(
        Failure(
            code=Code.UNSUPPORTED_GATE,
            message=(
                f"Gate {row.index} ({controlled}{name}) is none of IonQ's {gateset} gates; "
                "compile the circuit for them first."
            ),
            gate=row.index,
        )
    )
