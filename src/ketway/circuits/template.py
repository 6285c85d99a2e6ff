"""A circuit whose parameters may be open: what a QPY file or an OpenQASM 3 program holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ketway.circuits.circuit import Batch, Circuit, Floats, Ints, Register, Structure
from ketway.circuits.formulas import Formula, Symbol
from ketway.jobs.failures import Code, FailedError, Failure

_NAMED: Final = 5
"""So many open parameters are named in a message."""

_SHOWN: Final = 40
"""And up to this length: a name may be 64 KiB."""


class TemplateError(FailedError):
    """The values of a circuit's parameters are missing, or make no circuit."""

    def __init__(self, message: str) -> None:
        super().__init__(Failure(Code.PREFLIGHT, message))
        self.message = message


@dataclass(frozen=True)
class Template:
    """A structure, and how its parameters follow from those that a user gives."""

    name: str
    structure: Structure
    registers: tuple[Register, ...]
    """The classical registers, in the order of the file."""
    parameters: tuple[str, ...]
    """In the order of the columns of `batch`; what the order is, each reader says."""
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

    @classmethod
    def opened(
        cls,
        name: str,
        circuit: Circuit,
        open_: Iterable[tuple[int, Formula]],
        names: Sequence[tuple[Symbol, str]],
    ) -> Template:
        """A circuit, the formulas of those of its parameters that are open by their places, and
        symbols with their names, in order."""
        column = {symbol: index for index, (symbol, _) in enumerate(names)}
        places: list[int] = []
        columns: list[int] = []
        factors: list[float] = []
        formulas: list[tuple[int, Formula]] = []
        for place, formula in open_:
            if formula.code:
                formulas.append((place, formula))
                continue
            for symbol, factor in formula.linear.items():
                places.append(place)
                columns.append(column[symbol])
                factors.append(factor)
        return cls(
            name=name,
            structure=circuit.structure,
            registers=circuit.registers,
            parameters=tuple(name for _, name in names),
            symbols=tuple(symbol for symbol, _ in names),
            constants=circuit.params,
            places=np.array(places, dtype=np.int32),
            columns=np.array(columns, dtype=np.int32),
            factors=np.array(factors, dtype=np.float64),
            formulas=tuple(formulas),
        )

    def batch(self, values: Floats) -> Batch:
        """One circuit for each row of values: shape (rows, parameters)."""
        values = np.asarray(values, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != len(self.parameters):
            raise TemplateError(
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
            raise TemplateError(f"Row {row} of the values makes an angle that is no finite number.")
        return Batch(self.structure, params)

    def circuit(self) -> Circuit:
        """The circuit, if all its parameters are bound."""
        if self.parameters:
            names = ", ".join(_shown(name) for name in self.parameters[:_NAMED])
            more = len(self.parameters) - _NAMED
            names += f" and {more:,} more" if more > 0 else ""
            raise TemplateError(
                f"circuit {_shown(self.name)}: Parameters of the circuit have no values: {names}. "
                "Give them with `circuit.assign_parameters` before it is written."
            )
        return Circuit(self.structure, self.constants, self.registers)


def _shown(name: str) -> str:
    short = name if len(name) <= _SHOWN else name[: _SHOWN - 1] + "…"
    return "`" + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in short) + "`"
