"""What the dispatcher says of jobs that it cannot bring to an end."""

from __future__ import annotations

from ketway.jobs.failures import Code, Failure

UNRUNNABLE = Failure(
    Code.INTERNAL,
    "What this job needs is no longer there: its circuits or its backend. Submit it again; the "
    "server's log says more.",
)


def too_slow(seconds: float, *, reading: bool) -> Failure:
    if reading:
        return Failure(
            Code.PREFLIGHT,
            f"Reading the program took longer than {seconds:g} seconds. "
            "Make it shorter, or send the circuit as JSON.",
        )
    return Failure(
        Code.SIMULATION_TIMEOUT,
        f"The run took longer than its limit of {seconds:g} seconds. Use fewer qubits, gates or "
        "shots, give the job more time, or ask the operator to raise KETWAY_MAX_SECONDS.",
    )


def unreadable(reason: str) -> Failure:
    return Failure(
        Code.PREFLIGHT,
        f"The program could not be read: the reader's process ended ({reason}). "
        "It may nest too deeply or expand to too many gates.",
    )
