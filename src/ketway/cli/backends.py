"""`ketway backends`: what circuits can run on."""

from __future__ import annotations

from typing import Any

from ketway.cli.address import DEFAULT_URL
from ketway.cli.client import Client
from ketway.cli.exits import Exit
from ketway.cli.options import Json, Url
from ketway.cli.terminal import Piece, clean, emit, line, table


def backends(*, json: Json = False, url: Url = DEFAULT_URL) -> int:
    """List the backends, their noise models, and how long their queues are.

    ```
    ketway backends
    ```
    """
    with Client(url) as client:
        answer = client.get("backends")
    if json:
        emit(answer)
        return Exit.DONE
    found = answer["backends"]
    table(
        ("NAME", "KIND", "STATUS", "QUBITS", "WAITING", "RUNNING", "NATIVE GATES"),
        [_row(backend) for backend in found],
    )
    for backend in found:
        if backend.get("noise_models"):
            line()
            line(f"Noise models of {clean(backend['name'])}: ", _listed(backend["noise_models"]))
    return Exit.DONE


def _row(backend: dict[str, Any]) -> list[Piece]:
    status = clean(backend["status"])
    queue = backend.get("queue") or {}
    return [
        (clean(backend["name"]), "bold"),
        clean(backend["kind"]),
        (status, "green" if status == "available" else "yellow"),
        str(backend["qubits"]),
        str(queue.get("waiting", 0)),
        str(queue.get("running", 0)),
        _listed(backend.get("native_gates") or ()) or "-",
    ]


def _listed(names: Any) -> str:
    return ", ".join(clean(name) for name in names)
