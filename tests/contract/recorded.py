"""What the suites of IBM's clients have recorded: which operations each client asks for, and which
of them each public method of qiskit-ibm-runtime needs. Imports no client."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

from templates import Templates

HERE = Path(__file__).resolve().parent
OPERATIONS = HERE / "ibm_runtime" / "operations.json"
METHODS = HERE / "ibm_runtime" / "methods.json"
CLIENTS = HERE / "ibm_clients.json"
PREFIXES = ("/experimental/api/v1", "/experimental", "/api/v1", "/api", "/v1", "/runtime")
"""Where the runtime is served; as the dialect has it."""

Lines = Iterable[tuple[str, str, str]]
"""Who, method, target: "who" is a client, or a client, a blank and its method."""


def rows() -> list[dict[str, str]]:
    document = json.loads(OPERATIONS.read_text())
    found: list[dict[str, str]] = document["operations"] + document["others"]
    return found


def templates() -> Templates:
    return Templates(f"{row['method']} {row['path']}" for row in rows())


def operation(known: Templates, method: str, target: str) -> str:
    """The template of a request, wherever the runtime was found; through a proxy too."""
    path = urllib.parse.urlsplit(target).path
    names = {f"{row['method']} {row['path']}" for row in rows()}
    for prefix in ("", *PREFIXES):
        if path.startswith(f"{prefix}/"):
            found = known.of(f"{method} {path.removeprefix(prefix)}")
            if found in names:
                return found
    return f"{method} {path}"


# -- of clients -----------------------------------------------------------------------------------


def of_clients(lines: Lines) -> dict[str, list[str]]:
    known = templates()
    seen: dict[str, set[str]] = {}
    for who, method, target in lines:
        client = who.partition(" ")[0]
        seen.setdefault(client, set()).add(operation(known, method, target))
    return {client: sorted(calls) for client, calls in sorted(seen.items())}


def clients() -> dict[str, list[str]]:
    """By name and version."""
    if not CLIENTS.exists():
        return {}
    found: dict[str, list[str]] = json.loads(CLIENTS.read_text())
    return found


def missing(seen: dict[str, list[str]]) -> dict[str, list[str]]:
    """What was seen and is written of no version of that client."""
    known: dict[str, set[str]] = {}
    for name, calls in clients().items():
        known.setdefault(name.partition(" ")[0], set()).update(calls)
    news = {name: sorted(set(calls) - known.get(name, set())) for name, calls in seen.items()}
    return {name: calls for name, calls in news.items() if calls}


def write_clients(seen: dict[str, list[str]]) -> None:
    found = clients() | {f"{name} {metadata.version(name)}": c for name, c in seen.items()}
    write(CLIENTS, dict(sorted(found.items())))


# -- of methods -----------------------------------------------------------------------------------


def of_methods(lines: Lines) -> dict[str, list[str]]:
    known = templates()
    seen: dict[str, set[str]] = {}
    for who, method, target in lines:
        _, _, name = who.partition(" ")
        if name:
            seen.setdefault(name, set()).add(operation(known, method, target))
    return {name: sorted(calls) for name, calls in seen.items()}


def methods() -> dict[str, dict[str, list[str]]]:
    """By class and method."""
    found: dict[str, dict[str, list[str]]] = json.loads(METHODS.read_text())
    return found


def write_methods(table: dict[str, dict[str, list[str]]]) -> None:
    write(METHODS, table)


def write(file: Path, document: Any) -> None:
    file.write_text(json.dumps(document, indent=1) + "\n")
