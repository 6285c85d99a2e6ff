"""Running a planned program: batch by batch by the planned engine, each circuit failing alone."""

from __future__ import annotations

import itertools
import logging
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Protocol, TypeAlias, TypeVar

import msgspec

from ketway.circuits.circuit import Batch, Program
from ketway.devices.noise import NoiseModel
from ketway.engines import together
from ketway.engines.dense import DenseEngine
from ketway.engines.engine import Plan, Precision, Taken, Task
from ketway.engines.planner import ENGINES
from ketway.engines.prepass import Prepared, prepare
from ketway.jobs.failures import Code, FailedError, Failure
from ketway.jobs.results import Result

log = logging.getLogger("ketway.engines")

BATCHES_A_THREAD = 4
"""From so many batches for each thread on, whole batches are given to the threads."""
BESIDE_BYTES = 64 << 20
"""What runs beside others may need so much: the plan was made for one at a time."""

TOGETHER = 4
"""From so many small circuits on, each of a structure of its own, they are run as one."""

Planned: TypeAlias = tuple[Plan, Task]
Answer: TypeAlias = tuple[int, Result | Failure]
"""A circuit's index in its job, and what came of it."""


def run_program(
    program: Program,
    plans: Sequence[Plan],
    seeds: Sequence[int],
    shots: int,
    exact: bool,
    noise: NoiseModel | None,
    threads: int,
) -> Iterator[Answer]:
    """The answer of every circuit, batch by batch, in row order within a batch.

    `plans` has one plan per batch, `seeds` one seed per circuit.
    """
    members = _members(program)
    runs = _runs(_tasks(program, plans, seeds, shots, exact, noise, threads), threads)
    for circuits, answers in zip(members, runs, strict=True):
        for circuit, answer in zip(circuits, answers, strict=True):
            yield circuit, _placed(answer, circuit, program)


def _members(program: Program) -> list[list[int]]:
    """The circuits of each batch, by row."""
    members: list[list[int]] = [[] for _ in program.batches]
    for circuit, (place, _) in enumerate(program.order):
        members[place].append(circuit)
    return members


def _tasks(
    program: Program,
    plans: Sequence[Plan],
    seeds: Sequence[int],
    shots: int,
    exact: bool,
    noise: NoiseModel | None,
    threads: int,
) -> list[Planned]:
    return [
        (
            plan,
            Task(
                batch,
                tuple(seeds[circuit] for circuit in circuits),
                shots,
                exact,
                noise,
                plan.precision,
                threads,
                bonds=plan.bonds,
            ),
        )
        for batch, plan, circuits in zip(program.batches, plans, _members(program), strict=True)
    ]


def take_shots(
    program: Program,
    plans: Sequence[Plan],
    seeds: Sequence[int],
    shots: int,
    noise: NoiseModel | None,
    threads: int,
) -> Iterator[tuple[int, Taken | Failure]]:
    """The shots of every circuit and nothing else, as `run_program` would take them."""
    members = _members(program)
    tasks = _tasks(program, plans, seeds, shots, False, noise, threads)
    for (plan, task), circuits in zip(tasks, members, strict=True):
        answers: Iterator[Taken | Failure]
        if plan.engine == DenseEngine.name and not plan.pieces:
            answers = _run_task(_Taker(), task)
        else:
            answers = map(_taken, _run_planned(plan, task))
        for circuit, answer in zip(circuits, answers, strict=True):
            if isinstance(answer, Failure):
                yield circuit, msgspec.structs.replace(answer, circuit=circuit)
            else:
                yield circuit, answer


_FoundT = TypeVar("_FoundT", Result, Taken)
_FoundT_co = TypeVar("_FoundT_co", Result, Taken, covariant=True)


class _Source(Protocol[_FoundT_co]):
    """An engine, by what it yields for each row."""

    @property
    def name(self) -> str: ...
    def run(self, task: Task) -> Iterator[_FoundT_co]: ...


class _Taker:
    """The dense engine, asked for shots alone."""

    name = DenseEngine.name

    def run(self, task: Task) -> Iterator[Taken]:
        return DenseEngine().take(task)


def _taken(answer: Result | Failure) -> Taken | Failure:
    if isinstance(answer, Failure):
        return answer
    assert answer.shots is not None, "shots were asked for"
    return Taken(answer.outcomes[answer.shots], answer.provenance)


def _runs(tasks: Sequence[Planned], threads: int) -> Iterator[Iterable[Result | Failure]]:
    """The answers of each task, in their order, by whichever way is the quickest for it and its
    neighbours."""
    for joint, some in itertools.groupby(tasks, _jointly):
        alike = list(some)
        if joint is not None and len(alike) >= TOGETHER:
            yield from _run_together([task for _, task in alike], threads)
        elif _side_by_side(alike, threads):
            yield from _run_beside(alike, threads)
        else:
            yield from (_run_planned(plan, task) for plan, task in alike)


def _jointly(planned: Planned) -> Precision | None:
    """The precision in which the dense engine may run this task together with others."""
    plan, task = planned
    if plan.engine != DenseEngine.name or plan.pieces or not together.fits(task):
        return None
    return plan.precision


def _run_together(tasks: Sequence[Task], threads: int) -> Iterator[list[Result | Failure]]:
    """One answer for each task of one circuit. After an error, each is run alone."""
    engine = ENGINES[DenseEngine.name]
    assert isinstance(engine, DenseEngine)
    done = 0
    try:
        for result in engine.run_many(tasks, threads):
            done += 1
            yield [result]
    except Exception:
        log.exception("circuits that were run together are run alone, from circuit %d on", done)
    for task in tasks[done:]:
        yield list(_run_task(engine, task))


def _side_by_side(tasks: Sequence[Planned], threads: int) -> bool:
    """Many batches of small circuits keep the threads busy best if each thread has its own."""
    return (
        threads > 1
        and len(tasks) >= BATCHES_A_THREAD * threads
        and max(plan.bytes for plan, _ in tasks) <= BESIDE_BYTES
    )


def _run_beside(tasks: Iterable[Planned], threads: int) -> Iterator[list[Result | Failure]]:
    """The answers of each task, in their order; only a few tasks are ahead of who takes them."""
    waiting: deque[Future[list[Result | Failure]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for plan, task in tasks:
            waiting.append(pool.submit(_run_all, plan, replace(task, threads=1)))
            if len(waiting) > BATCHES_A_THREAD * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _run_all(plan: Plan, task: Task) -> list[Result | Failure]:
    return list(_run_planned(plan, task))


def _run_planned(plan: Plan, task: Task) -> Iterator[Result | Failure]:
    if not plan.pieces:
        return _run_task(ENGINES[plan.engine], task)
    return _run_pieces(plan, task)


def _run_pieces(plan: Plan, task: Task) -> Iterator[Result | Failure]:
    """The answers of circuits that are run in pieces: each piece as it was planned."""
    prepared = prepare(task.batch.structure, task.noise)
    planned = [piece for piece in plan.pieces for _ in range(piece.count)]
    if prepared is None or len(prepared.pieces) != len(planned):
        failure = Failure(
            Code.SIMULATION_ERROR,
            "The job was planned by another version of Ketway: submit it again.",
        )
        yield from itertools.repeat(failure, len(task.batch))
        return
    runs = [
        _run_task(
            ENGINES[how.engine],
            replace(prepared.task(task, k), precision=how.precision, bonds=how.bonds),
        )
        for k, how in enumerate(planned)
    ]
    for seed, answers in zip(task.seeds, zip(*runs, strict=True), strict=True):
        results = [answer for answer in answers if isinstance(answer, Result)]
        if len(results) == len(answers):
            yield _merged(prepared, results, seed, task.kept)
        else:
            yield next(answer for answer in answers if isinstance(answer, Failure))


def _merged(
    prepared: Prepared, results: Sequence[Result], seed: int, kept: int
) -> Result | Failure:
    try:
        return prepared.merge(results, seed, kept)
    except MemoryError:
        return Failure(
            Code.SIMULATION_ERROR,
            "There was no memory left to put the answers of the circuit's pieces together: ask for "
            "fewer shots, or give the worker more memory.",
        )


def _placed(answer: Result | Failure, circuit: int, program: Program) -> Result | Failure:
    if isinstance(answer, Failure):
        return msgspec.structs.replace(answer, circuit=circuit)
    registers = program.registers[circuit]
    structure = program.structure(circuit)
    if structure.bits and not structure.measured:
        registers = ()  # of bits; and it is qubits that were read
    return replace(answer, registers=registers) if registers else answer


def _run_task(engine: _Source[_FoundT], task: Task) -> Iterator[_FoundT | Failure]:
    """One answer per row. An error ends the engine's run, so the rest is started again after it.

    The row at which it broke need not be the one to blame, if the engine computes several rows at
    once: it is tried alone, and only what fails alone has failed.
    """
    done = 0
    while done < len(task.batch):
        for answer in _until_error(engine, _rows(task, done, len(task.batch))):
            done += 1
            yield answer
        if done < len(task.batch):
            yield _alone(engine, _rows(task, done, done + 1))
            done += 1


def _until_error(engine: _Source[_FoundT], task: Task) -> Iterator[_FoundT]:
    results: Iterator[_FoundT] | None = None
    while True:
        try:
            if results is None:
                results = engine.run(task)
            result = next(results)
        except Exception:
            return
        yield result


def _alone(engine: _Source[_FoundT], task: Task) -> _FoundT | Failure:
    try:
        return next(engine.run(task))
    except FailedError as error:
        return error.failure
    except MemoryError:
        return Failure(
            Code.SIMULATION_ERROR,
            f"The {engine.name} engine ran out of memory on this circuit: use fewer qubits or "
            "shots, or give the worker more memory.",
        )
    except StopIteration:
        return Failure(
            Code.SIMULATION_ERROR, f"The {engine.name} engine gave no result for this circuit."
        )
    except Exception as error:
        return Failure(
            Code.SIMULATION_ERROR,
            f"The {engine.name} engine failed on this circuit: {type(error).__name__}: {error}",
        )


def _rows(task: Task, start: int, end: int) -> Task:
    if (start, end) == (0, len(task.batch)):
        return task
    batch = Batch(task.batch.structure, task.batch.params[start:end])
    return replace(task, batch=batch, seeds=task.seeds[start:end])
