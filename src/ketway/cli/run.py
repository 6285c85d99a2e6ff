"""`ketway run`: submit a circuit, wait for it, draw what came out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from ketway.cli.address import DEFAULT_URL
from ketway.cli.client import Client
from ketway.cli.exits import CommandError, Exit
from ketway.cli.following import follow, outcome, result_of
from ketway.cli.options import Circuits, Json, NoiseName, Shots, Url, Where
from ketway.cli.program import Program, recognise
from ketway.cli.showing import show_failure, show_result
from ketway.cli.terminal import clean, emit, line, note, plural, state

DEFAULT_BACKEND = "simulator"


def run(
    file: Circuits,
    /,
    *,
    backend: Where = None,
    shots: Shots = None,
    noise: NoiseName = None,
    seed: Annotated[int | None, Parameter(help="Makes everything random repeatable.")] = None,
    name: Annotated[
        str | None,
        Parameter(help="What to call the job; else what the file says, else the file's name."),
    ] = None,
    wait: Annotated[
        bool,
        Parameter(
            negative="--no-wait",
            help="Wait for the result; with --no-wait only the job's id is printed.",
        ),
    ] = True,
    json: Json = False,
    url: Url = DEFAULT_URL,
) -> int:
    """Run a circuit and draw its histogram.

    The histogram reads qubit 0 on the right. Ctrl-C stops the waiting, not the job.

    ```
    ketway run bell.json
    ketway run bell.qasm --shots 1000 --noise aria-1 --seed 7
    id=$(ketway run --no-wait bell.json)
    ```
    """
    program = load(file)
    body = submission(program, backend=backend, shots=shots, noise=noise, seed=seed, name=name)
    if name is None and program.name is None and file != "-":
        body["name"] = Path(file).stem
    if program.ignored and not json:
        note((f"Not passed on from {clean(file)}: {clean(', '.join(program.ignored))}.", "yellow"))
    with Client(url) as client:
        job = client.post("jobs", body=body)
        if not wait:
            emit({"job": job}) if json else line(clean(job["id"]))
            return Exit.DONE
        job = follow(client, job, quiet=json)
        result = result_of(client, job)
    if json:
        emit({"job": job, "result": result})
    else:
        _show(job, result)
    return outcome(job)


def load(file: str) -> Program:
    """What is in the file; `-` is standard input."""
    return recognise(read(file), "standard input" if file == "-" else Path(file).name)


def submission(
    program: Program,
    *,
    backend: str | None = None,
    shots: int | None = None,
    noise: str | None = None,
    seed: int | None = None,
    name: str | None = None,
) -> dict[str, Any]:
    """The body to send: what the command line says over what the file says."""
    body: dict[str, Any] = {
        "backend": backend or program.backend or DEFAULT_BACKEND,
        "format": program.format,
        "input": program.input,
    }
    model = dict(program.noise or {})
    if noise is not None:
        model["model"] = noise
    if seed is not None:
        model = {"model": "ideal", **model, "seed": seed}
    optional = {
        "shots": shots if shots is not None else program.shots,
        "noise": model or None,
        "name": name if name is not None else program.name,
        "metadata": program.metadata,
    }
    return body | {key: value for key, value in optional.items() if value is not None}


def read(file: str) -> bytes:
    """The bytes of a file; `-` is standard input."""
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CommandError(f"{file} cannot be read: {reason}.", code="unreadable-file") from None


def _show(job: dict[str, Any], result: dict[str, Any] | None) -> None:
    line(
        (clean(job.get("name") or "job"), "bold"),
        f" on {clean(job['backend'])}{_how(job, result)}: ",
        state(job["state"]),
        (f"  {clean(job['id'])}", "dim"),
    )
    show_failure(job)
    if result is not None:
        show_result(result)


def _how(job: dict[str, Any], result: dict[str, Any] | None) -> str:
    """An ideal simulator takes no shots, whatever was asked for."""
    if result is None:
        return ""
    sampled = any(circuit.get("counts") is not None for circuit in result["circuits"])
    return ", " + (plural(job["shots"], "shot") if sampled else "exact")
