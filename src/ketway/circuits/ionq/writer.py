"""Writes circuits as IonQ's JSON: what the reader reads, and reads back as the same circuit."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from ketway.circuits.circuit import LETTERS, Circuit
from ketway.circuits.gates import GATES, Kind
from ketway.circuits.ionq.forms import DEFAULT_MS_ANGLE
from ketway.circuits.rows import Row, rows
from ketway.jobs.failures import Code, FailedError, Failure

Written = dict[str, Any]


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


def _write(circuit: Circuit, gate: Callable[[Row], Written | None]) -> Written:
    written = [gate(row) for row in rows(circuit)]
    return {"qubits": circuit.qubits, "circuit": [one for one in written if one is not None]}


def _native(row: Row) -> Written:
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


def _qis(row: Row) -> Written | None:
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


def _pauliexp(row: Row) -> Written:
    """The last letter of a term stands for the first target; the time is in the coefficients."""
    width = len(row.targets)
    terms = [
        "".join(LETTERS[letter] for letter in reversed(row.letters[start : start + width]))
        for start in range(0, len(row.letters), width)
    ]
    return {"terms": terms, "coefficients": row.params, "time": 1.0}


def _target(row: Row) -> Written:
    if len(row.targets) == 1 and row.kind is not Kind.PAULIEXP:
        return {"target": row.targets[0]}
    return {"targets": row.targets}


def _refusal(row: Row, gateset: str) -> FailedError:
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
