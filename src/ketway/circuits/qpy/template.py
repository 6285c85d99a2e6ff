"""A circuit whose parameters may be open: what a QPY file holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ketway.circuits.circuit import Batch, Circuit, Floats, Ints, Register, Structure
from ketway.circuits.qpy.errors import QpyError, shown
from ketway.circuits.qpy.formulas import Formula, Symbol

_NAMED = 5
"""So many open parameters are named in a message."""


@dataclass(frozen=True)
class Template:
    """A structure, and how its parameters follow from those that a user gives."""

    name: str
    structure: Structure
    registers: tuple[Register, ...]
    """The classical registers, in the order of the file."""
    parameters: tuple[str, ...]
    """In Qiskit's order: by name, elements of a vector by their place in it."""
    symbols: tuple[Symbol, ...]
    """What tells them apart, in the same order."""
    constants: Floats
    """What the structure's parameters are where all symbols are 0, if they are sums."""
    places: Ints
    columns: Ints
    factors: Floats
    """Parameter `places[i]` of the structure grows by `factors[i]` of parameter `columns[i]`."""
    formulas: tuple[tuple[int, Formula], ...]
    """Parameters of the structure that are no sums, by their place."""

    @classmethod
    def of(cls, circuit: Circuit) -> Template:
        """A circuit whose parameters are all bound."""
        none = np.zeros(0, dtype=np.int32)
        return cls(
            name="",
            structure=circuit.structure,
            registers=circuit.registers,
            parameters=(),
            symbols=(),
            constants=circuit.params,
            places=none,
            columns=none,
            factors=np.zeros(0),
            formulas=(),
        )

    def batch(self, values: Floats) -> Batch:
        """One circuit for each row of values: shape (rows, parameters)."""
        values = np.asarray(values, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != len(self.parameters):
            raise QpyError(
                f"The circuit has {len(self.parameters)} parameters, and values of shape "
                f"{values.shape} were given: give one column for each."
            )
        params = np.broadcast_to(self.constants, (len(values), len(self.constants))).copy()
        if len(self.places):
            np.add.at(params.T, self.places, (values[:, self.columns] * self.factors).T)
        columns = {symbol: values[:, i] for i, symbol in enumerate(self.symbols)}
        for place, formula in self.formulas:
            params[:, place] = formula.values(columns)
        if not np.isfinite(params).all():
            row = int(np.argmin(np.isfinite(params).all(axis=1)))
            raise QpyError(f"Row {row} of the values makes an angle that is no finite number.")
        return Batch(self.structure, params)

    def circuit(self) -> Circuit:
        """The circuit, if all its parameters are bound."""
        if self.parameters:
            names = ", ".join(shown(name) for name in self.parameters[:_NAMED])
            more = len(self.parameters) - _NAMED
            names += f" and {more:,} more" if more > 0 else ""
            raise QpyError(
                f"Parameters of the circuit have no values: {names}. Give them with "
                "`circuit.assign_parameters` before it is written.",
                f"circuit {shown(self.name)}",
            )
        return Circuit(self.structure, self.constants, self.registers)
