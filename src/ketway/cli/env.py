"""`ketway env`: the variables that point SDKs at a Ketway.

Asks no server and imports nothing heavy: it runs in the start-up files of shells.
"""

from __future__ import annotations

import os
import shlex
from typing import Annotated, Literal, TypeAlias

from cyclopts import Parameter

from ketway.cli.address import DEFAULT_URL, normalised
from ketway.cli.exits import Exit
from ketway.cli.options import Json, Url
from ketway.cli.terminal import emit, line

OPEN_KEY = "ketway"
"""On loopback any key is taken, but the SDKs want one."""

Shell: TypeAlias = Literal["sh", "fish", "powershell"]


def env(
    *,
    shell: Annotated[
        Shell, Parameter(help="Whose syntax: sh (also bash and zsh), fish, powershell.")
    ] = "sh",
    json: Json = False,
    url: Url = DEFAULT_URL,
) -> int:
    """Print what the SDKs need to find Ketway, for the shell to evaluate.

    The key is KETWAY_API_KEY where that is set; a real vendor key is never sent to a Ketway.

    ```
    eval "$(ketway env)"
    ketway env --shell fish | source
    ketway env --shell powershell | Out-String | Invoke-Expression
    ```
    """
    url = normalised(url)
    found = variables(url, os.environ.get("KETWAY_API_KEY") or OPEN_KEY)
    if json:
        emit(found)
        return Exit.DONE
    for name, value in found.items():
        line(_export(shell, name, value))
    # Comments come last: `eval $(ketway env)` without the quotes makes one line of all this.
    for comment in comments(url):
        line(f"# {comment}")
    return Exit.DONE


def variables(url: str, key: str) -> dict[str, str]:
    """Every variable that an SDK reads, the more specific ones too: they would win over ours."""
    api = f"{url}/v0.4"
    return {
        "KETWAY_URL": url,
        "IONQ_API_URL": api,
        "QISKIT_IONQ_API_URL": api,
        "IONQ_REMOTE_HOST": url,
        "CIRQ_IONQ_REMOTE_HOST": url,
        "IONQ_API_KEY": key,
        "QISKIT_IONQ_API_TOKEN": key,
        "CIRQ_IONQ_API_KEY": key,
        "PENNYLANE_IONQ_API_KEY": key,
        # qiskit-ibm-runtime takes a URL as it is, port and all, where it finds "experimental" in it
        # (utils/utils.py, `default_runtime_url_resolver`).
        "QISKIT_IBM_CHANNEL": "ibm_quantum_platform",
        "QISKIT_IBM_TOKEN": key,
        "QISKIT_IBM_URL": f"{url}/experimental/api/v1",
        "QISKIT_IBM_INSTANCE": "ketway",
        "IAM_URL": url,
        "GLOBAL_SEARCH_URL": url,
        "GLOBAL_CATALOG_URL": f"{url}/catalog",
    }


def comments(url: str) -> list[str]:
    """For the SDKs that read no variable for the server."""
    return [
        "pennylane-ionq: from pennylane_ionq.api_client import APIClient; "
        f"APIClient.BASE_URL = {url + '/v0.4'!r}",
        f"ionq-core: IonQClient(base_url={url + '/v0.4'!r})",
        "qiskit-ibm-runtime 0.49 or newer. Keep IAM_URL set: without it the client sends its token "
        "to IBM Cloud, so never give a real IBM key as QISKIT_IBM_TOKEN here",
    ]


def _export(shell: Shell, name: str, value: str) -> str:
    if shell == "fish":
        quoted = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"set -gx {name} '{quoted}'"
    if shell == "powershell":
        quoted = value.replace("'", "''")
        return f"$env:{name} = '{quoted}'"
    return f"export {name}={shlex.quote(value)}"
