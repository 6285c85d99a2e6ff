"""How long a large program takes to be read, beside readers that others use: ours down to the
arrays that the engines run, theirs to their own objects."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from benchmarks import peers
from benchmarks.reading_programs import text
from benchmarks.report import Goal, Row
from ketway.circuits.qasm import read_qasm
from ketway.dialects.ionq_v04.submitting import submission_of
from ketway.dialects.ionq_v04.wire import JobCreationPayload

REPEATS = 5
GATES = 150_000

_decoder = msgspec.json.Decoder(JobCreationPayload)


def reading(*, quick: bool) -> list[Row]:
    gates = 2_000 if quick else GATES
    texts = {task: text(task, gates) for task in ("json", "qasm2", "qasm3")}
    return [
        _row("json", "IonQ's JSON", texts["json"], _json, Goal(0.5), quick),
        _row("qasm3", "OpenQASM 3", texts["qasm3"], read_qasm, Goal(3), quick),
        _row("qasm2", "OpenQASM 2", texts["qasm2"], read_qasm, None, quick),
    ]


def _row(
    task: str,
    called: str,
    program: str,
    read: Callable[[str], object],
    goal: Goal | None,
    quick: bool,
) -> Row:
    ours, theirs = [], []
    gates = "2,000" if quick else f"{GATES:,}"
    with peers.peer(peers.python_of_peers(), "reading", task, gates.replace(",", "")) as peer:
        for _ in range(2 if quick else REPEATS):
            began = time.perf_counter()
            read(program)
            ours.append(time.perf_counter() - began)
            theirs.append(peer.seconds())
        name = peer.name
    return Row("reading", f"{gates} gates of {called}", "s", ours, name, theirs, goal)


def _json(program: str) -> object:
    return submission_of(_decoder.decode(program.encode()))
