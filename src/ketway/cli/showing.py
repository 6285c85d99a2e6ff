"""A job and its result, for a person."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

from ketway.cli.following import CIRCUITS
from ketway.cli.histogram import draw
from ketway.cli.terminal import (
    clean,
    line,
    moment,
    plural,
    seconds,
    size,
    speaks_unicode,
    state,
    width,
)

LONGEST_SETTING = 60
"""A noise model among the options would fill the screen."""
CIRCUITS_DRAWN = 20
"""A job of more circuits shows its first; `--json` has them all."""


def show_job(job: dict[str, Any], options: dict[str, Any] | None = None) -> None:
    """Everything about a job but its result; `options` are those of its routine."""
    line("Job ", (clean(job["id"]), "bold"), "  ", state(job["state"]))
    for label, text in _facts(job, options or {}):
        line(f"  {label:<10}", text)
    show_failure(job)


def show_failure(job: dict[str, Any]) -> None:
    failure = job.get("failure")
    if failure:
        where = _where(failure)
        message = clean(failure.get("message") or "")
        code = clean(failure.get("code") or "")
        line(("  failure   ", "red"), f"{code}: {message}", where and f" ({where})")


def show_result(result: dict[str, Any]) -> None:
    """The histograms of a result, one circuit after another; or what a routine answered."""
    if "circuits" not in result:
        from ketway.cli.answers import show_answer

        show_answer(result)
        return
    circuits = result["circuits"]
    several = len(circuits) > 1
    for circuit in circuits[:CIRCUITS_DRAWN]:
        if several:
            name = circuit.get("name")
            title = f"Circuit {circuit['index']}" + (f", {clean(name)}" if name else "")
            line((title, "bold"))
        show_circuit(circuit)
    hidden = len(circuits) - CIRCUITS_DRAWN
    if hidden > 0:
        line((f"and {plural(hidden, 'more circuit')}: --json has them all", "dim"))


def show_circuit(circuit: dict[str, Any]) -> None:
    drawing = draw(
        circuit["outcomes"],
        circuit.get("counts"),
        columns=width(),
        unicode=speaks_unicode(sys.stdout),
    )
    for pieces in drawing:
        line(*pieces)
    kept = (circuit.get("made_by") or {}).get("kept")
    if kept is not None and kept < 1:
        line((f"Only the largest outcomes were kept, mass {kept:.6g} of 1.", "yellow"))


def _facts(job: dict[str, Any], options: dict[str, Any]) -> list[tuple[str, str]]:
    facts = []
    if job.get("name"):
        facts.append(("name", clean(job["name"])))
    facts.append(("backend", clean(job["backend"])))
    facts.append(("dialect", clean(job["dialect"])))
    facts.append(("program", _program(job)))
    if options:
        facts.append(("options", clean(", ".join(_settings(options)))))
    if job.get("tags"):
        facts.append(("tags", clean(", ".join(job["tags"]))))
    if job.get("session_id"):
        facts.append(("session", clean(job["session_id"])))
    if job.get("private"):
        facts.append(("private", "circuits and result are the submitting client's alone"))
    if job.get("shots"):
        facts.append(("shots", f"{job['shots']:,}"))
    if job.get("noise"):
        noise = job["noise"]
        seed = noise.get("seed")
        facts.append(("noise", clean(noise.get("model")) + (f", seed {seed}" if seed else "")))
    if job.get("parent_id"):
        facts.append(("part of", clean(job["parent_id"])))
    facts += _times(job)
    facts += [("plan", describe_plan(part)) for part in job.get("plan") or ()]
    facts += [
        (f"attempt {attempt['number']}", _attempt(attempt)) for attempt in job.get("attempts") or ()
    ]
    metadata = job.get("metadata")
    if metadata:
        facts.append(("metadata", ", ".join(f"{clean(k)}={clean(v)}" for k, v in metadata.items())))
    return facts


def shots(job: dict[str, Any]) -> str:
    """Shots for a table. What a routine takes is known when its parameters have been read."""
    if job.get("shots"):
        return str(job["shots"])
    return "exact" if job["routine"] == CIRCUITS else "-"


def _program(job: dict[str, Any]) -> str:
    what = clean(job.get("format") or "unknown format")
    if job["routine"] != CIRCUITS:
        what = f"{clean(job['routine'])} ({what})"
    return f"{what}, {describe_size(job)}"


def _settings(options: dict[str, Any], within: str = "") -> Iterator[str]:
    """`name.name=value`, in the order in which they were sent; what was left open is left out."""
    for name, value in options.items():
        if isinstance(value, dict):
            yield from _settings(value, f"{within}{name}.")
        elif value is not None:
            text = json.dumps(value)
            yield f"{within}{name}={text if len(text) <= LONGEST_SETTING else '…'}"


def describe_size(job: dict[str, Any]) -> str:
    """How many circuits, qubits and gates."""
    gates = job.get("gates") or {}
    counts = ", ".join(f"{count:,} {kind}" for kind, count in gates.items())
    parts = [plural(job.get("circuits") or 1, "circuit"), plural(job.get("qubits") or 0, "qubit")]
    if counts:
        parts.append(f"gates {counts}")
    return ", ".join(parts)


def _times(job: dict[str, Any]) -> list[tuple[str, str]]:
    first = moment(job.get("submitted_at"))
    facts = [("submitted", clean(job.get("submitted_at") or "-"))]
    for name in ("started", "completed"):
        then = moment(job.get(f"{name}_at"))
        if then is None:
            continue
        later = f"  (+{seconds((then - first).total_seconds())})" if first and then >= first else ""
        label = "ended" if name == "completed" and job["state"] != "completed" else name
        facts.append((label, clean(job[f"{name}_at"]) + later))
    return facts


def describe_plan(part: dict[str, Any]) -> str:
    """A part of a plan, in a line."""
    needs = f"{size(part['bytes'])}, {seconds(part['seconds'])}, {clean(part['precision'])}"
    circuits = part.get("circuits") or 1
    several = f", {plural(circuits, 'circuit')}" if circuits > 1 else ""
    return f"{clean(part['engine'])}: {clean(part['reason'])} ({needs}{several})"


def _attempt(attempt: dict[str, Any]) -> str:
    began, ended = moment(attempt.get("started_at")), moment(attempt.get("ended_at"))
    parts = [clean(attempt["state"])]
    if began and ended and ended >= began:
        parts.append(f"after {seconds((ended - began).total_seconds())}")
    if attempt.get("reason"):
        parts.append(clean(attempt["reason"]))
    return ", ".join(parts)


def _where(failure: dict[str, Any]) -> str:
    names = ("circuit", "gate", "line", "column")
    return ", ".join(f"{name} {failure[name]}" for name in names if failure.get(name) is not None)
