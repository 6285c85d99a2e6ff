"""Nodes that make registers: of a distribution, of a noise map, or of the basis that was asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ketway.routines.executor.errors import ExecutorError
from ketway.routines.executor.samplex.distributions import Distribution
from ketway.routines.executor.samplex.interface import Noise, Tensor
from ketway.routines.executor.samplex.nodes import Checking, Run
from ketway.routines.executor.samplex.registers import Gates, Sort, invert

_MAPS: Final = "pauli_lindblad_maps"


@dataclass(frozen=True, slots=True)
class Twirl:
    """Drawn gates for one side of a box, and their inverses for the other."""

    left: str
    right: str
    distribution: Distribution

    def check(self, checking: Checking) -> None:
        for name in (self.left, self.right):
            checking.make(name, self.distribution.sort, self.distribution.subsystems)

    def run(self, run: Run, node: int) -> None:
        drawn = self.distribution.sample(run.draws(node), run.inputs.points, run.randomizations)
        run.registers[self.left] = drawn
        run.registers[self.right] = invert(drawn, self.distribution.sort)


@dataclass(frozen=True, slots=True)
class Draw:
    """Drawn gates."""

    register: str
    distribution: Distribution

    def check(self, checking: Checking) -> None:
        checking.make(self.register, self.distribution.sort, self.distribution.subsystems)

    def run(self, run: Run, node: int) -> None:
        run.registers[self.register] = self.distribution.sample(
            run.draws(node), run.inputs.points, run.randomizations
        )


@dataclass(frozen=True, eq=False, slots=True)
class BasisChange:
    """Gates by the numbers of an input: which element each symbol of the alphabet is."""

    register: str
    reference: str
    subsystems: int
    sort: Sort
    alphabet: tuple[int, ...]
    gates: Gates
    """One row for each symbol."""

    def check(self, checking: Checking) -> None:
        taken = checking.inputs.get(self.reference)
        if not isinstance(taken, Tensor) or taken.shape != (self.subsystems,):
            raise checking.error("the input that it changes basis by does not have its size.")
        if taken.kind.kind not in "iu" or taken.optional:
            raise checking.error("the input that it changes basis by is not of whole numbers.")
        checking.make(self.register, self.sort, self.subsystems)

    def run(self, run: Run, node: int) -> None:
        asked = run.inputs.tensors[self.reference]
        if len(asked) > 1 and (asked == asked[0]).all():
            asked = asked[:1]
        table = np.full(max(self.alphabet) + 1, -1)
        table[list(self.alphabet)] = np.arange(len(self.alphabet))
        known = np.isin(asked, self.alphabet)
        if not known.all():
            raise ExecutorError(
                f"argument `{self.reference}` has the value {asked[~known].flat[0]}, and takes "
                f"{min(self.alphabet)} to {max(self.alphabet)}."
            )
        run.registers[self.register] = run.spread(self.gates[table[asked].T])


@dataclass(frozen=True, slots=True)
class InjectNoise:
    """Paulis of a noise map, and the signs of the samples."""

    register: str
    signs: str
    reference: str
    modifier: str
    subsystems: int

    def check(self, checking: Checking) -> None:
        taken = checking.inputs.get(f"{_MAPS}.{self.reference}")
        if not isinstance(taken, Noise) or taken.qubits != self.subsystems:
            raise checking.error("the noise map that it injects does not have its size.")
        self._check_scales(checking, "noise_scales", ())
        self._check_scales(checking, "local_scales", (taken.terms,))
        checking.make(self.register, "pauli", self.subsystems)
        checking.make(self.signs, "z2", 1)

    def _check_scales(self, checking: Checking, name: str, shape: tuple[str, ...]) -> None:
        found = checking.inputs.get(f"{name}.{self.modifier}") if self.modifier else None
        if found is None:
            return
        if not isinstance(found, Tensor) or found.shape != shape or found.kind.kind not in "fiu":
            raise checking.error(
                f"the input `{name}`, which scales its noise, is not "
                f"{'a number for each term of the map' if shape else 'one number'}."
            )

    def run(self, run: Run, node: int) -> None:
        noise = run.inputs.maps[f"{_MAPS}.{self.reference}"]
        run.registers[self.register], run.registers[self.signs] = noise.sample(
            run.draws(node), self._scales(run, len(noise)), run.randomizations
        )

    def _scales(self, run: Run, terms: int) -> NDArray[np.float64]:
        """One row for each point, one column for each term or for all."""
        scales: NDArray[np.float64] = np.ones((run.inputs.points, 1))
        if self.modifier and terms:
            whole = run.inputs.tensors.get(f"noise_scales.{self.modifier}")
            local = run.inputs.tensors.get(f"local_scales.{self.modifier}")
            # What grows beyond all numbers is noise that always acts half of the time.
            with np.errstate(over="ignore"):
                if local is not None:
                    scales = scales * local
                if whole is not None:
                    scales = scales * whole[:, None]
        return scales
