"""What an operator's program may ask for while it runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ketway.circuits.circuit import Batch, Floats
from ketway.circuits.qasm import read_qasm
from ketway.circuits.template import Template
from ketway.engines.observables import Observables
from ketway.engines.seeds import derive, generator
from ketway.routines.runner import Runner

Values: TypeAlias = "ArrayLike | Mapping[str, ArrayLike] | None"
"""Values of a circuit's parameters: an array whose last axis is the parameters in the circuit's
order, or an array for each by its name. The other axes are those of a sweep."""

MOST_LOGGED: Final = 10_000
"""Lines of a program that are kept."""
LONGEST_LINE: Final = 1_000


class Circuit:
    """A circuit, perhaps with parameters. Users send them in QPY or OpenQASM; a program makes them
    of OpenQASM."""

    # No dataclass: msgspec would read one field by field.
    def __init__(self, template: Template) -> None:
        self.template: Final = template

    @classmethod
    def of_qasm(cls, text: str) -> Circuit:
        """Of an OpenQASM 2 or 3 program; raises `FailedError` for what cannot be read."""
        return cls(Template.of(read_qasm(text)))

    @property
    def parameters(self) -> tuple[str, ...]:
        return self.template.parameters

    @property
    def qubits(self) -> int:
        return self.template.structure.qubits

    @property
    def registers(self) -> dict[str, int]:
        """The classical registers and their sizes."""
        return {register.name: len(register.bits) for register in self.template.registers}


class Backend:
    """Runs circuits as the job's backend does, noise included.

    Everything random follows from `seed`, so that the same job gives the same answer: draw with
    `generator`, and nothing else.
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._draws = 0
        self.logged: list[str] = []
        self.seed = runner.seed
        """Of the job."""
        self.threads = runner.machine.threads
        """So many processors the program may keep busy."""
        self.generator: np.random.Generator = generator(derive(runner.seed, -1))

    @property
    def noisy(self) -> bool:
        """Whether circuits suffer noise here."""
        return self._runner.noise is not None

    def log(self, text: str) -> None:
        """Keep a line for whoever reads the job's log."""
        if len(self.logged) < MOST_LOGGED:
            self.logged.append(str(text)[:LONGEST_LINE])

    def sample(
        self, circuit: Circuit, values: Values = None, *, shots: int
    ) -> dict[str, NDArray[np.uint8]]:
        """Shots of a measured circuit, for each classical register an array of its bits: shape
        (*sweep, shots, bits), bit k of the register at k."""
        if shots < 1:
            raise ValueError(f"shots must be 1 or more, not {shots}")
        if not circuit.registers:
            raise ValueError("the circuit has no classical register: measure it")
        batch, sweep = _bound(circuit, values)
        self._draws += 1
        taken = self._runner.sample(batch, shots, self._draws)
        bits = np.unpackbits(taken, axis=-1, bitorder="little")
        return {
            register.name: bits[..., list(register.bits)].reshape(*sweep, shots, len(register.bits))
            for register in circuit.template.registers
        }

    def expect(
        self,
        circuit: Circuit,
        observables: Sequence[str | Mapping[str, float]],
        values: Values = None,
    ) -> Floats:
        """Exact expectation values: shape (*sweep, observables). An observable is a label such as
        XIZ, whose last letter is qubit 0, or labels with coefficients."""
        batch, sweep = _bound(circuit, values)
        sums = [
            [(one, 1.0)] if isinstance(one, str) else [(k, float(v)) for k, v in one.items()]
            for one in observables
        ]
        found = self._runner.expect(batch, Observables.of_labels(circuit.qubits, sums))
        return found.reshape(*sweep, len(observables))


def counts(bits: NDArray[np.uint8]) -> dict[str, int]:
    """How often each outcome of a register comes, of all its shots together: bit 0 on the right."""
    rows = bits.reshape(-1, bits.shape[-1])[:, ::-1]
    found, often = np.unique(rows, axis=0, return_counts=True)
    texts = ["".join(map(str, row)) for row in found.tolist()]
    return dict(zip(texts, often.tolist(), strict=True))


def _bound(circuit: Circuit, values: Values) -> tuple[Batch, tuple[int, ...]]:
    """One row for each point of a sweep, and its shape."""
    names = circuit.parameters
    if values is None:
        values = {}
    if isinstance(values, Mapping):
        if set(values) != set(names):
            raise ValueError(f"the circuit has the parameters {list(names)}, not {list(values)}")
        columns = np.broadcast_arrays(*(np.asarray(values[name], float) for name in names))
        table = np.stack(columns, axis=-1) if columns else np.zeros(0)
    else:
        table = np.asarray(values, dtype=float)
    if not table.ndim or table.shape[-1] != len(names):
        raise ValueError(
            f"the circuit has {len(names):,} parameters, and the values have shape {table.shape}"
        )
    sweep = table.shape[:-1]
    return circuit.template.batch(table.reshape(math.prod(sweep), len(names))), sweep
