"""What a calibrated machine checks of a circuit before it runs it: nothing is compiled for it.

A circuit must be made of the machine's own gates, on pairs that are coupled, in the direction that
they have, where nothing is out of order. It is judged by the gates that it consists of, whatever
the instruction was called that brought them: a gate that is defined by gates of the machine passes.
Waiting is no gate (readers leave `delay` out), so that its alignment cannot be wrong here.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.circuit import Floats, Structure
from ketway.circuits.gates import GATES, Kind
from ketway.devices.device import Device
from ketway.devices.loading import load
from ketway.devices.snapshot import Snapshot
from ketway.jobs.failures import Code, FailedError, Failure

NAMES: Final = {
    (Kind.NOP, 0): "id", (Kind.X, 0): "x", (Kind.SX, 0): "sx", (Kind.RX, 0): "rx",
    (Kind.RZ, 0): "rz", (Kind.X, 1): "cx", (Kind.Z, 1): "cz", (Kind.ECR, 0): "ecr",
    (Kind.RZZ, 0): "rzz", (Kind.RESET, 0): "reset", (Kind.MEASURE, 0): "measure",
}  # fmt: skip
"""What the vendor calls a kind with so many controls, of those that its machines have."""

LARGEST_ANGLE: Final = math.pi / 2 + 1e-10
"""Of rzz, with what the vendor's client allows for rounding."""

_FLOW: Final = (Kind.JUMP, Kind.ASSIGN)
_ADVICE: Final = (
    "Transpile the circuit for this backend: "
    "generate_preset_pass_manager(optimization_level=1, backend=backend).run(circuit)."
)


class _Places(NamedTuple):
    """Where a gate can be: qubits, or pairs as `first * qubits + second`; both sorted."""

    there: NDArray[np.int64]
    faulty: NDArray[np.int64]


def check_isa(structure: Structure, params: Floats, device: Device) -> None:
    """Raises `FailedError` for the first gate that the device cannot do. Each row of `params`
    belongs to one circuit; devices without a snapshot take whatever circuits they can compute."""
    if device.snapshot is None:
        return
    if structure.qubits > device.qubits:
        raise FailedError(
            Failure(
                Code.NOT_ENOUGH_QUBITS,
                f"The circuit has {structure.qubits} qubits, and {device.name} has "
                f"{device.qubits}. {_ADVICE}",
            )
        )
    places = _places_of(device.name)
    keys = structure.kinds.astype(np.int64) << 8 | structure.controls
    wrong: list[tuple[int, str]] = []
    for key in np.unique(keys).tolist():
        kind, controls = Kind(key >> 8), key & 255
        if kind is Kind.GLOBAL_PHASE:
            continue
        gates = np.flatnonzero(keys == key)
        if kind in _FLOW:
            found = _flow(structure, gates, kind, device)
        else:
            found = _gate(structure, gates, NAMES.get((kind, controls), ""), places, device)
        if found is not None:
            wrong.append(found)
    if wrong:
        place, message = min(wrong)
        raise FailedError(Failure(Code.UNSUPPORTED_GATE, message, gate=place))
    _check_angles(structure, params, device)


def _gate(
    structure: Structure,
    gates: NDArray[np.intp],
    name: str,
    places: dict[str, _Places],
    device: Device,
) -> tuple[int, str] | None:
    """The first of these gates, all of one name, that stands where none can be."""
    if name not in places:
        first = int(gates[0])
        kind, controls = Kind(int(structure.kinds[first])), int(structure.controls[first])
        said = NAMES.get((kind, controls), "c" * controls + GATES[kind].name)
        qubits = structure.operands_of(first)
        return first, (
            f"Gate {first} ({said} on {qubits}) is no gate of {device.name}, which has "
            f"{', '.join(places)}. {_ADVICE}"
        )
    starts = structure.operand_starts[gates]
    where = structure.operands[starts].astype(np.int64)
    if name in _PAIRS:
        where = where * device.qubits + structure.operands[starts + 1]
    good = _among(where, places[name].there)
    if good.all():
        return None
    first = int(gates[int(good.argmin())])
    width = 2 if name in _PAIRS else 1
    qubits = structure.operands_of(first)[:width]
    told = f"Gate {first} ({name} on {qubits}) cannot be run on {device.name}: "
    if _among(where[~good][:1], places[name].faulty).all():
        told += "it is out of order there. Choose other qubits, or transpile with another seed."
    elif width == 2 and _among(
        np.array([qubits[1] * device.qubits + qubits[0]]), places[name].there
    ):
        told += f"there, {name} acts on {qubits[::-1]} only. {_ADVICE}"
    else:
        told += f"these qubits are not coupled by {name}. {_ADVICE}"
    return first, told


_PAIRS: Final = frozenset({"cx", "cz", "ecr", "rzz"})


def _among(values: NDArray[np.int64], known: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each of the values is one of the sorted ones."""
    if not len(known):
        return np.zeros(len(values), dtype=np.bool_)
    at = np.minimum(np.searchsorted(known, values), len(known) - 1)
    found: NDArray[np.bool_] = known[at] == values
    return found


def _flow(
    structure: Structure, gates: NDArray[np.intp], kind: Kind, device: Device
) -> tuple[int, str] | None:
    """Jumps forward come of `if` and `switch`, jumps back of `while`; a `for` is unrolled."""
    if not device.control_flow:
        first = int(gates[0])
        return first, (
            f"{device.name} cannot decide by classical bits while it runs, and gate {first} does: "
            "use a backend of service.backends(dynamic_circuits=True), or decide afterwards."
        )
    if kind is Kind.JUMP and "while_loop" not in device.control_flow:
        targets = structure.operands[structure.operand_starts[gates] + 1]
        back = targets <= gates
        if back.any():
            first = int(gates[int(back.argmax())])
            return first, (
                f"{device.name} has no loops that bits end, and gate {first} closes one: write "
                "the rounds out; it has " + ", ".join(device.control_flow) + "."
            )
    return None


def _check_angles(structure: Structure, params: Floats, device: Device) -> None:
    gates = np.flatnonzero(structure.kinds == Kind.RZZ)
    if not len(gates):
        return
    angles = np.atleast_2d(params)[:, structure.param_starts[gates]]
    good = (angles >= 0) & (angles <= LARGEST_ANGLE)
    if good.all():
        return
    row, column = np.argwhere(~good)[0].tolist()
    gate = int(gates[column])
    raise FailedError(
        Failure(
            Code.UNSUPPORTED_GATE,
            f"Gate {gate} (rzz on {structure.operands_of(gate)}) has the angle "
            f"{angles[row, column]:g}, and {device.name} does angles from 0 to pi/2 alone: "
            "transpile with qiskit-ibm-runtime's pass FoldRzzAngle, or bind other values.",
            circuit=row,
            gate=gate,
        )
    )


@lru_cache(maxsize=256)
def _places_of(name: str) -> dict[str, _Places]:
    """Where the gates of a device of the catalogue can be."""
    snapshot = load().device(name).snapshot
    assert snapshot is not None, "asked before"
    return places_of(snapshot)


def places_of(snapshot: Snapshot) -> dict[str, _Places]:
    there: dict[str, list[int]] = {}
    faulty: dict[str, list[int]] = {}
    wanted = [*snapshot.gates, *(n for n in ("measure", "reset") if n in snapshot.instructions)]
    for name in wanted:
        there[name], faulty[name] = [], []
    broken = set(snapshot.faulty)
    listed = set()
    for place in snapshot.places():
        if place.gate in there:
            code = place.qubits[0]
            for qubit in place.qubits[1:]:
                code = code * snapshot.qubits + qubit
            (faulty if place.faulty else there)[place.gate].append(code)
            listed.add(place.gate)
    for name in set(there) - listed:  # nothing was measured of them: they are on every qubit
        there[name] = [qubit for qubit in range(snapshot.qubits) if qubit not in broken]
        faulty[name] = list(broken)
    return {name: _Places(_sorted(there[name]), _sorted(faulty[name])) for name in there}


def _sorted(codes: list[int]) -> NDArray[np.int64]:
    return np.array(sorted(codes), dtype=np.int64)
