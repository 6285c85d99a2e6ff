"""The nodes of a samplex, by the identifier of their type; and what stands inside of them.

An identifier is found in a table here and nowhere else: nothing is imported or called by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ketway.routines.executor.errors import shown
from ketway.routines.executor.samplex.collecting import CollectAngles, CollectBits
from ketway.routines.executor.samplex.distributions import (
    Balanced,
    Choice,
    Distribution,
    Haar,
    Uniform,
)
from ketway.routines.executor.samplex.evaluating import (
    Combine,
    Convert,
    Cut,
    Multiply,
    Operand,
    Pass,
    Rotate,
)
from ketway.routines.executor.samplex.fields import Fields, array, parse
from ketway.routines.executor.samplex.groups import (
    CLIFFORD_PASSES,
    PAULI_PASSES,
    Table,
    clifford_past,
    pauli_past,
)
from ketway.routines.executor.samplex.nodes import Collecting, Evaluating, Indices, Sampling
from ketway.routines.executor.samplex.registers import Gates, Sort
from ketway.routines.executor.samplex.sampling import BasisChange, Draw, InjectNoise, Twirl
from ketway.routines.executor.samplex.synthesis import Synthesis

Tables: TypeAlias = Mapping[str, NDArray[Any]]
"""Tables that the samplex brings, by `type:gate`: from SSV 4 on, all that it uses."""

_REGISTERS: Final[dict[str, Sort]] = {"V0": "pauli", "V1": "u2", "V2": "z2", "V3": "c1"}
_TABLES_FROM: Final = 4


class Parser:
    """Reads the nodes of one samplex."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    def sampling(self, fields: Fields) -> Sampling | None:
        reader = _SAMPLING.get(fields.text("id"))
        return None if reader is None else reader(self, fields)

    def evaluating(self, fields: Fields) -> Evaluating | None:
        reader = _EVALUATING.get(fields.text("id"))
        return None if reader is None else reader(self, fields)

    def collecting(self, fields: Fields) -> Collecting | None:
        reader = _COLLECTING.get(fields.text("id"))
        return None if reader is None else reader(self, fields)

    # -- nodes that draw --------------------------------------------------------------------------

    def _twirl(self, fields: Fields) -> Sampling:
        return Twirl(
            fields.text("lhs_register_name"),
            fields.text("rhs_register_name"),
            self._distribution(fields.inside("distribution")),
        )

    def _draw(self, fields: Fields) -> Sampling:
        return Draw(fields.text("register_name"), self._distribution(fields.inside("distribution")))

    def _basis(self, fields: Fields) -> Sampling:
        change = fields.inside("basis_change")
        alphabet = change.any("alphabet")
        if not (
            isinstance(alphabet, list)
            and alphabet
            and all(type(symbol) is int and 0 <= symbol < 256 for symbol in alphabet)
        ):
            raise change.error("its alphabet is no list of numbers below 256.")
        action = change.inside("action")
        # SSV 1 names the type of the register in words.
        sort, gates = (
            self._gates(action)
            if change.number("ssv") > 1
            else (action.sort("type"), action.gates(action.sort("type")))
        )
        if len(gates) != len(alphabet):
            raise change.error("it has more or fewer gates than symbols.")
        return BasisChange(
            fields.text("register_name"),
            fields.text("basis_ref"),
            fields.number("num_subsystems"),
            sort,
            tuple(alphabet),
            gates[:, 0],
        )

    def _noise(self, fields: Fields) -> Sampling:
        return InjectNoise(
            fields.text("register_name"),
            fields.text("sign_register_name"),
            fields.text("noise_ref"),
            fields.text("modifier_ref"),
            fields.number("num_subsystems"),
        )

    def _distribution(self, fields: Fields) -> Distribution:
        subsystems = fields.number("num_subsystems")
        # SSV 1 and 2 know two, and name them in words.
        name = fields.text("id") if fields.has("id") else fields.text("type")
        match name:
            case "D0" | "pauli_uniform":
                return Uniform("pauli", subsystems)
            case "D1" | "haar_u2":
                return Haar(subsystems)
            case "D2":
                return Uniform("c1", subsystems)
            case "D3":
                return Balanced(subsystems)
            case "D4":
                return self._local(fields, subsystems)
            case "D5":
                rows = fields.array("paulis")
                if rows.ndim != 2 or not rows.size or rows.dtype.kind not in "iu":
                    raise fields.error("its Paulis are no table.")
                return self._choice(fields, "pauli", subsystems, rows % 4)
        raise fields.error(f"it draws from the unknown distribution {shown(name)}.")

    def _local(self, fields: Fields, subsystems: int) -> Distribution:
        gate = fields.text("gate_name")
        table = self._table(fields, "D4", gate)
        if table.ndim != 3 or table.shape[0] != table.shape[1] or len(table) > 24:
            raise fields.error(f"the table of {shown(gate)} is not that of a gate on two qubits.")
        return self._choice(fields, "c1", subsystems, np.argwhere((table >= 0).all(axis=-1)))

    def _choice(
        self, fields: Fields, sort: Sort, subsystems: int, rows: NDArray[Any]
    ) -> Distribution:
        if not len(rows) or subsystems % rows.shape[1]:
            raise fields.error("it has no whole number of gates to draw for.")
        return Choice(sort, subsystems, rows.astype(np.uint8))

    # -- nodes that change ------------------------------------------------------------------------

    def _combine(self, fields: Fields) -> Evaluating:
        written = parse(
            fields.text("operands"),
            dict[str, list[dict[str, str]]],
            "its operands",
            fields.where,
        )
        operands = []
        for register, parts in written.items():
            inside = Fields({k: v for part in parts for k, v in part.items()}, fields.where)
            arrays = [
                inside.as_indices(array(part["array"], "an operand", fields.where), "an operand")
                for part in parts
                if "array" in part
            ]
            if len(parts) != 3 or len(arrays) != 2:
                raise fields.error(f"its operand {shown(register)} is not two arrays and a type.")
            operands.append(Operand(register, inside.sort("type"), arrays[0], arrays[1]))
        if not operands:
            raise fields.error("it combines no registers.")
        return Combine(
            fields.text("output_register_name"),
            fields.sort("output_type"),
            fields.number("num_output_subsystems"),
            tuple(operands),
        )

    def _convert(self, fields: Fields) -> Evaluating:
        return Convert(
            fields.text("existing_name"),
            fields.sort("existing_type"),
            fields.text("new_name"),
            fields.sort("new_type"),
            fields.number("num_subsystems"),
            fields.text("remove_existing") == "True",
        )

    def _left(self, fields: Fields) -> Evaluating:
        return self._multiply(fields, True)

    def _right(self, fields: Fields) -> Evaluating:
        return self._multiply(fields, False)

    def _multiply(self, fields: Fields, left: bool) -> Evaluating:
        sort, gates = self._gates(fields.inside("operand"))
        return Multiply(fields.text("register_name"), sort, gates, left)

    def _left_rotation(self, fields: Fields) -> Evaluating:
        return self._rotate(fields, True)

    def _right_rotation(self, fields: Fields) -> Evaluating:
        return self._rotate(fields, False)

    def _rotate(self, fields: Fields, left: bool) -> Evaluating:
        gate = fields.text("operand")
        numbers = parse(
            fields.text("param_indices"), list[int], "its parameter numbers", fields.where
        )
        if not all(0 <= number < 1 << 31 for number in numbers):
            raise fields.error("its parameter numbers cannot be.")
        found = fields.as_indices(np.array(numbers, np.int64), "the list of its parameter numbers")
        if gate == "rx":
            return Rotate(fields.text("register_name"), "rx", found, left)
        if gate == "rz":
            return Rotate(fields.text("register_name"), "rz", found, left)
        raise fields.error(f"it rotates by the unknown gate {shown(gate)}.")

    def _pass_clifford(self, fields: Fields) -> Evaluating:
        return self._pass(fields, "N8", "pauli")

    def _pass_local(self, fields: Fields) -> Evaluating:
        return self._pass(fields, "N13", "c1")

    def _pass_any_angle(self, fields: Fields) -> Evaluating:
        return self._pass(fields, "N15", "pauli")

    def _pass(self, fields: Fields, node: str, sort: Sort) -> Evaluating:
        gate = fields.text("op_name")
        groups = fields.indices("subsystem_idxs", 2)
        return Pass(
            fields.text("register_name"), sort, gate, groups, self._table(fields, node, gate)
        )

    def _cut(self, fields: Fields) -> Evaluating:
        return Cut(
            fields.text("input_register_name"),
            fields.sort("input_type"),
            fields.text("output_register_name"),
            fields.sort("output_type"),
            self._slice(fields)
            if fields.text("is_slice") == "true"
            else fields.indices("slice_idxs"),
        )

    def _slice(self, fields: Fields) -> Indices:
        written = parse(
            fields.text("slice_idxs"), tuple[int, int | None, int | None], "its slice", fields.where
        )
        start, stop, step = written
        step = 1 if step is None else step
        if stop is None and step < 0:
            stop = -1
        if stop is None or step == 0 or start < 0 or not -1 <= stop < 1 << 30:
            raise fields.error("it has a slice that cannot be.")
        chosen = range(start, stop, step)
        if not 0 < len(chosen) <= 1 << 20:
            raise fields.error("it has a slice that takes nothing, or too much.")
        return np.array(chosen, np.int64)

    # -- nodes that write -------------------------------------------------------------------------

    def _angles(self, fields: Fields) -> Collecting:
        name = fields.text("synth")
        synthesis: Synthesis
        if name == "RzSxSynth":
            synthesis = "RzSxSynth"
        elif name == "RzRxSynth":
            synthesis = "RzRxSynth"
        else:
            raise fields.error(f"it makes angles for the unknown template {shown(name)}.")
        return CollectAngles(
            fields.text("register_name"),
            fields.indices("subsystem_idxs"),
            fields.text("template_param_names"),
            fields.indices("template_idxs", 2),
            synthesis,
        )

    def _bits(self, fields: Fields) -> Collecting:
        return CollectBits(
            fields.text("register_name"),
            fields.indices("subsystem_indices"),
            fields.text("output_name"),
            fields.indices("output_indices"),
        )

    # -- what stands inside -----------------------------------------------------------------------

    def _gates(self, fields: Fields) -> tuple[Sort, Gates]:
        name = fields.text("id")
        sort = _REGISTERS.get(name)
        if sort is None:
            raise fields.error(f"it is a register of the unknown type {shown(name)}.")
        return sort, fields.gates(sort)

    def _table(self, fields: Fields, node: str, gate: str) -> Table:
        if fields.number("ssv") >= _TABLES_FROM:
            found = self.tables.get(f"{node}:{gate}")
            if found is None or found.dtype.kind not in "iu":
                raise fields.error(f"the samplex brings no table for {shown(gate)}.")
            return found.astype(np.int64)
        if node == "N8" and gate in PAULI_PASSES:
            return pauli_past(gate)
        if node in ("N13", "D4") and gate in CLIFFORD_PASSES:
            return clifford_past(gate)
        raise fields.error(f"it passes the unknown gate {shown(gate)}.")


_SAMPLING: Final[dict[str, Callable[[Parser, Fields], Sampling]]] = {
    "N0": Parser._basis,
    "N5": Parser._noise,
    "N10": Parser._twirl,
    "N14": Parser._draw,
}
_EVALUATING: Final[dict[str, Callable[[Parser, Fields], Evaluating]]] = {
    "N3": Parser._combine,
    "N4": Parser._convert,
    "N6": Parser._left,
    "N7": Parser._right,
    "N8": Parser._pass_clifford,
    "N9": Parser._cut,
    "N11": Parser._left_rotation,
    "N12": Parser._right_rotation,
    "N13": Parser._pass_local,
    "N15": Parser._pass_any_angle,
}
_COLLECTING: Final[dict[str, Callable[[Parser, Fields], Collecting]]] = {
    "N1": Parser._angles,
    "N2": Parser._bits,
}
