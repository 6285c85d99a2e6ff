"""A few small jobs, from their text to their answer: what a process runs once while it waits for
its first.

A forked process gets each page of its memory when it first touches it, which for what a small job
needs takes longer than the job. Nothing of a rehearsal is kept but that: its jobs are written here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from ketway.engines.parts import parts_of
from ketway.engines.planner import Machine, plan
from ketway.execution.attempt import perform
from ketway.execution.bundle import Bundle, Work, decode_report, encode_bundle
from ketway.jobs.encoding import decode_program

_MACHINE: Final = Machine(bytes=1 << 28, threads=1, seconds=60.0)
_DEVICE: Final = "ibmq_qasm_simulator"

_PROGRAM: Final = (
    'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; h q[0]; cx q[0],q[1]; rx(0.1) q[1];'
)

# As qiskit-ibm-runtime 0.51 sends them: h, rz(t), cx and rx on three qubits, for two values of t.
_PARAMS: Final = msgspec.json.decode(
    Path(__file__).with_suffix(".json").read_bytes(), type=dict[str, msgspec.Raw]
)


def rehearse() -> None:
    """Raises `RuntimeError` if one of them fails."""
    _circuits()
    for routine, params in _PARAMS.items():
        _routine(routine, bytes(params))


def _circuits() -> None:
    read = _done(_work(task="read", data=_PROGRAM.encode()))
    (batch,) = decode_program(read).batches
    planned = plan(batch, 100, False, None, _MACHINE)
    _done(_work(task="run", data=read, plan=parts_of([planned], [1]), shots=100, exact=False))


def _routine(name: str, params: bytes) -> None:
    work = _work(task="read", data=params, source="params", routine=name)
    _done(_work(task="run", data=_done(work), routine=name))


def _work(**given: object) -> Work:
    terms = {"job_id": "", "attempt": 0, "blob": None, "device": _DEVICE, "machine": _MACHINE}
    return Work(**(terms | given))  # type: ignore[arg-type]


def _done(work: Work) -> bytes:
    answers: list[bytes] = []
    # No folder: nothing here is large enough to be put away.
    perform(encode_bundle(Bundle(blobs="", works=[work])), answers.append)
    report = decode_report(answers[0])
    if report.failure is not None or report.data is None:
        raise RuntimeError(f"The rehearsal of {work.task} {work.routine} failed: {report.failure}")
    return report.data
