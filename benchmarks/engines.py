"""The engines against other simulators, without the cloud around them: each in a process of its
own, in turns, with the same number of threads."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

from benchmarks import peers
from benchmarks.connection import UnexpectedAnswerError
from benchmarks.report import Goal, Row
from benchmarks.tasks import TASKS

REPEATS = 3
AGREE = {"double": 1e-9, "single": 1e-5}


class Versus(NamedTuple):
    """A peer, and the part of its time that ours is to stay under."""

    library: str
    goal: float | None = None
    precision: str = "double"


def vectors(*, quick: bool) -> list[Row]:
    """Exact probabilities of many small circuits that share nothing: what a gradient sends."""
    return [
        *_rows("vectors", "batch", quick, [
            Versus("aer", 1 / 8), Versus("qulacs", 1), Versus("qsim", 1), Versus("lightning", 1),
        ]),
        *_rows("vectors", "small", quick, [
            Versus("aer", 1 / 10), Versus("qulacs"), Versus("lightning"),
        ]),
    ]  # fmt: skip


def wide(*, quick: bool) -> list[Row]:
    """One circuit of 25 qubits, in both precisions."""
    rows = []
    for task, qsim in (("random", 1.0), ("ising", 0.5), ("fourier", 0.5)):
        single = [
            Versus("qsim", qsim, "single"),
            Versus("aer", 1 / 8, "single"),
            Versus("lightning", None, "single"),
        ]
        double = [Versus("aer", 1 / 2), Versus("qulacs", 1 / 2), Versus("lightning")]
        rows += _rows("wide", task, quick, single, "single", "dense")
        rows += _rows("wide", task, quick, double, "double", "dense")
    # What the planner makes of 8 layers when only shots are asked for.
    return rows + _rows("wide", "random", quick, [Versus("qsim", None, "single")])


def noise(*, quick: bool) -> list[Row]:
    return [
        *_rows("noise", "noise", quick, [Versus("aer", 1 / 20)]),
        *_rows("noise", "noise-wide", quick, [Versus("aer", 1 / 40)]),
    ]


def clifford(*, quick: bool) -> list[Row]:
    return _rows("clifford", "ghz", quick, [Versus("stim", 2.0)])


def shots(*, quick: bool) -> list[Row]:
    """The circuit is a fiftieth of a second of it."""
    return _rows("shots", "shots", quick, [
        Versus("qsim", None, "single"), Versus("qulacs"), Versus("aer"),
    ], "double", "dense")  # fmt: skip


def sums(*, quick: bool) -> list[Row]:
    """Expectation values of Pauli sums, without shots."""
    return [
        *_rows("sums", "chain", quick, [Versus("aer"), Versus("qulacs")]),
        *_rows("sums", "sum", quick, [Versus("aer"), Versus("qulacs")]),
    ]


def bricks(*, quick: bool) -> list[Row]:
    """Too wide for a vector, and too little entangled to need one."""
    return _rows("bricks", "bricks", quick, [Versus("aer", 1.0)])


def _rows(
    name: str,
    task: str,
    quick: bool,
    against: Sequence[Versus],
    precision: str = "double",
    engine: str | None = None,
) -> list[Row]:
    timings: list[list[float]] = [[] for _ in against]
    ours: list[float] = []
    with contextlib.ExitStack() as stack:
        python = peers.python_of_peers()
        mine = stack.enter_context(
            peers.peer(
                sys.executable,
                "ketway",
                task,
                *("--precision", precision),
                *(() if engine is None else ("--engine", engine)),
            )
        )
        others = [
            stack.enter_context(
                peers.peer(python, each.library, task, "--precision", each.precision)
            )
            for each in against
        ]
        for _ in range(1 if quick else REPEATS):
            ours.append(mine.seconds())
            for other, found in zip(others, timings, strict=True):
                found.append(other.seconds())
                _agree(mine, other, precision)
    what = f"{TASKS[task].what}, {mine.name.removeprefix('Ketway ')}"
    return [
        Row(
            name,
            what,
            "s",
            ours,
            other.name,
            found,
            None if each.goal is None else Goal(each.goal, ratio=True),
            {},
        )
        for each, other, found in zip(against, others, timings, strict=True)
    ]


def _agree(mine: peers.Peer, other: peers.Peer, precision: str) -> None:
    """The same circuits were run: a figure for another circuit would mean nothing."""
    if isinstance(mine.answer, list):
        tolerance = AGREE["single" if "single" in other.name else precision]
        pairs = zip(mine.answer, other.answer, strict=True)
        same = all(math.isclose(ours, theirs, abs_tol=tolerance) for ours, theirs in pairs)
    else:
        same = mine.answer == round(other.answer / other.share)
    if not same:
        raise UnexpectedAnswerError(
            f"{mine.name} says {_short(mine.answer)}, {other.name} {_short(other.answer)}"
        )


def _short(answer: Any) -> str:
    return str(answer)[:200]
