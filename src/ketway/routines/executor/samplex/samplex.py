"""A samplex: what draws the angles of a template, and what has to be known of what was drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ketway.circuits.qpy import Template
from ketway.jobs.failures import FailedError
from ketway.routines.executor.errors import ExecutorError, shown
from ketway.routines.executor.limits import DEFAULT_SAMPLEX_LIMITS
from ketway.routines.executor.samplex.distributions import ROUND
from ketway.routines.executor.samplex.interface import ANGLES, Given, Inputs, Noise, Tensor, bind
from ketway.routines.executor.samplex.nodes import Checking, Collecting, Evaluating, Run, Sampling


@dataclass(frozen=True)
class Samplex:
    """Checked when it was made (`finalized`); the numbers are those of the nodes in its text."""

    version: int
    """Of its serialization (SSV)."""
    inputs: Mapping[str, Tensor | Noise]
    outputs: Mapping[str, Tensor]
    """The first dimension of each is that of the randomizations."""
    expressions: Template
    """Parameter k of its structure is expression k of the samplex."""
    copied: tuple[tuple[int, int], ...]
    """Expressions that are angles of the template as they are: (place, expression)."""
    sampling: tuple[tuple[int, Sampling], ...]
    evaluating: tuple[tuple[int, Evaluating], ...]
    collecting: tuple[tuple[int, Collecting], ...]
    bytes: int = 0
    """That one randomization takes while it is drawn."""

    @property
    def angles(self) -> int:
        """How many parameters its template has."""
        found = self.outputs.get(ANGLES)
        return 0 if found is None else int(found.shape[-1])

    def bind(self, given: Mapping[str, Given], where: str = "") -> Inputs:
        return bind(self.inputs, given, where)

    def sample(self, inputs: Inputs, randomizations: int, seed: int) -> dict[str, NDArray[Any]]:
        """Every output: shape (points, randomizations, its own dimensions).

        The angles of the template are float64, not cut to the float32 that they are declared as.
        """
        points = inputs.points
        own = {name: tuple(map(int, tensor.shape[1:])) for name, tensor in self.outputs.items()}
        total = points * randomizations * sum(map(prod, own.values()))
        if total > DEFAULT_SAMPLEX_LIMITS.values:
            raise ExecutorError(
                f"the samplex would make {total:,} numbers, and at most "
                f"{DEFAULT_SAMPLEX_LIMITS.values:,} are made: ask for fewer randomizations."
            )
        made = {
            name: np.zeros(
                (points, randomizations, *shape),
                np.float64 if name == ANGLES else self.outputs[name].kind,
            )
            for name, shape in own.items()
        }
        for which, some in product(*self._parts(points, randomizations)):
            count = some.stop - some.start
            part = self._draw(inputs.part(which), count, seed, f"{which.start}/{some.start}")
            for name, values in part.items():
                made[name][which, some] = values.reshape(
                    which.stop - which.start, count, *own[name]
                )
        return made

    def _parts(self, points: int, randomizations: int) -> tuple[list[slice], list[slice]]:
        """What is drawn at once, so that it fits in memory; it does not depend on the machine."""
        fitting = max(1, DEFAULT_SAMPLEX_LIMITS.bytes // max(1, self.bytes))
        some = min(randomizations, max(ROUND, fitting // ROUND * ROUND)) or 1
        which = max(1, fitting // some)
        return (
            [slice(k, min(k + which, points)) for k in range(0, points, which)],
            [slice(k, min(k + some, randomizations)) for k in range(0, randomizations, some)],
        )

    def _draw(
        self, inputs: Inputs, randomizations: int, seed: int, label: str
    ) -> dict[str, NDArray[Any]]:
        samples = inputs.points * randomizations
        values = inputs.tensors.get(ANGLES, np.zeros((inputs.points, 0)))
        try:
            expressions = self.expressions.batch(values).params
        except FailedError as error:
            raise ExecutorError(error.failure.message, "the parameters of the samplex") from None
        outputs = {
            name: np.zeros(
                (samples, *map(int, tensor.shape[1:])),
                np.float64 if name == ANGLES else tensor.kind,
            )
            for name, tensor in self.outputs.items()
        }
        run = Run(inputs, randomizations, expressions, outputs, seed, label)
        for number, node in (*self.sampling, *self.evaluating, *self.collecting):
            try:
                node.run(run, number)
            except ExecutorError as error:
                raise ExecutorError(error.message, f"samplex node {number}") from None
        if self.copied:
            places, numbers = zip(*self.copied, strict=True)
            copied = expressions[:, list(numbers)]
            outputs[ANGLES][:, list(places)] = np.repeat(copied, randomizations, axis=0)
        return outputs


def finalized(samplex: Samplex) -> Samplex:
    """The samplex, if its steps fit each other and all angles of the template are set."""
    expressions = samplex.expressions.structure.params
    checking = Checking(samplex.inputs, samplex.outputs, expressions)
    for number, node in (*samplex.sampling, *samplex.evaluating, *samplex.collecting):
        checking.where = f"node {number}"
        node.check(checking)
    checking.where = "header"
    taken = samplex.inputs.get(ANGLES)
    wanted = len(samplex.expressions.parameters)
    if wanted and (not isinstance(taken, Tensor) or taken.shape != (wanted,)):
        raise checking.error(
            f"its expressions have {wanted} parameters, and its input {shown(ANGLES)} is not of "
            "that size."
        )
    _check_set(samplex, checking)
    numbers = expressions + sum(
        prod(map(int, tensor.shape[1:])) for tensor in samplex.outputs.values()
    )
    return replace(samplex, bytes=checking.bytes + 8 * numbers)


def _check_set(samplex: Samplex, checking: Checking) -> None:
    done = np.zeros(samplex.angles, np.bool_)
    places = np.array([place for place, _ in samplex.copied], np.int64)
    numbers = np.array([number for _, number in samplex.copied], np.int64)
    checking.within(places, samplex.angles, "parameters of the template")
    checking.within(numbers, checking.expressions, "parameter expressions")
    done[places] = True
    for _, node in samplex.collecting:
        name, written = node.writes
        if name == ANGLES:
            done[written] = True
    if not done.all():
        raise checking.error(
            f"nothing sets {int((~done).sum()):,} of the {samplex.angles:,} parameters of its "
            f"template, of which the first is number {int(done.argmin())}."
        )


def ordered(nodes: Sequence[int], edges: Sequence[tuple[int, int]]) -> list[int]:
    """The nodes, each after all that it depends on. Raises `ExecutorError` if they go in circles.

    In rounds, as they were made: first what depends on nothing, then what depends on that only.
    """
    after: dict[int, list[int]] = {node: [] for node in nodes}
    waiting = dict.fromkeys(nodes, 0)
    for start, end in edges:
        if start in after and end in after:
            after[start].append(end)
            waiting[end] += 1
    found: list[int] = []
    ready = [node for node in nodes if not waiting[node]]
    while ready:
        found += ready
        following = []
        for node in ready:
            for end in after[node]:
                waiting[end] -= 1
                if not waiting[end]:
                    following.append(end)
        ready = sorted(following)
    if len(found) != len(nodes):
        raise ExecutorError("its nodes depend on each other in a circle.")
    return found
