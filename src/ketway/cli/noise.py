"""`ketway noise`: the noise models that simulators can run under, and giving one's own."""

from __future__ import annotations

import json as json_module
from typing import Annotated, Any

from cyclopts import Parameter

from ketway.cli.address import DEFAULT_URL
from ketway.cli.client import Client
from ketway.cli.exits import CommandError, Exit
from ketway.cli.options import Json, Url
from ketway.cli.run import read
from ketway.cli.terminal import Piece, clean, emit, line, table


def noise(
    *,
    add: Annotated[
        str | None,
        Parameter(
            allow_leading_hyphen=True,
            help="File with a noise model as JSON, which jobs may name from now on; - reads "
            "standard input. Models never change.",
        ),
    ] = None,
    delete: Annotated[
        str | None, Parameter(help="Name of a model of your own that no job waits for.")
    ] = None,
    json: Json = False,
    url: Url = DEFAULT_URL,
) -> int:
    """List the noise models, or add or delete one of your own.

    ```
    ketway noise
    ketway noise --add lab.json
    ketway run bell.json --noise lab
    ```
    """
    if add is not None and delete is not None:
        raise CommandError("--add and --delete do not go together: give one of them.")
    with Client(url) as client:
        if add is not None:
            answer = client.post("noise-models", body=_document(add))
            said = f"{clean(answer['name'])}  added"
        elif delete is not None:
            answer = client.delete("noise-models", delete)
            said = f"{clean(answer['id'])}  deleted"
        else:
            answer, said = client.get("noise-models"), ""
    if json:
        emit(answer)
    elif said:
        line(said)
    else:
        table(
            ("NAME", "1-QUBIT", "2-QUBIT", "READOUT", "MORE"),
            [_row(view) for view in answer["noise_models"]],
        )
    return Exit.DONE


def _document(file: str) -> Any:
    try:
        return json_module.loads(read(file))
    except ValueError as error:
        raise CommandError(f"{file} is not JSON: {error}.", code="unreadable-file") from None


def _row(view: dict[str, Any]) -> list[Piece]:
    model = view["model"]
    named = [
        f"{len(model[key])} {key[:-1]} {'entry' if len(model[key]) == 1 else 'entries'}"
        for key in ("gates", "qubits")
        if model.get(key)
    ]
    more = ", ".join([*(["yours"] if view["own"] else []), *named])
    figures = [model.get(key) or 0 for key in ("one_qubit", "two_qubit", "readout")]
    return [(clean(view["name"]), "bold"), *(f"{figure:g}" for figure in figures), more]
