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
from ketway.cli.terminal import clean, emit, line
from ketway.cli.variables import IONQ, Channel, Spoken, proxied, variables

OPEN_KEY = "ketway"
"""On loopback any key is taken, but the SDKs want one."""

Shell: TypeAlias = Literal["sh", "fish", "powershell"]


def env(
    *,
    shell: Annotated[
        Shell, Parameter(help="Whose syntax: sh (also bash and zsh), fish, powershell.")
    ] = "sh",
    dialect: Annotated[
        Spoken | None, Parameter(help="Only for the SDKs that speak this API.")
    ] = None,
    ibm_channel: Annotated[
        Channel,
        Parameter(help="`ibm_quantum` is for qiskit-ibm-runtime up to 0.40."),
    ] = "ibm_quantum_platform",
    unset: Annotated[
        bool,
        Parameter(negative="", help="Print what takes the variables away again, all of them."),
    ] = False,
    json: Json = False,
    url: Url = DEFAULT_URL,
) -> int:
    """Print what the SDKs need to find Ketway, for the shell to evaluate.

    The key is KETWAY_API_KEY where that is set, and no vendor's. Where a variable that names the
    server is missing, the SDKs go to their vendor, and take the key along: without IAM_URL, IBM's
    client sends it to IBM Cloud whatever QISKIT_IBM_URL says. So set all or none, and give no real
    key together with a Ketway's address; `ketway doctor` tells if some are missing. While they are
    set, an account that IBM's client has saved signs in at this Ketway too.

    ```
    eval "$(ketway env)"
    eval "$(ketway env --unset)"
    eval "$(ketway env --dialect ionq_v03)"
    eval "$(ketway env --ibm-channel ibm_quantum)"
    ketway env --shell fish | source
    ketway env --shell powershell | Out-String | Invoke-Expression
    ```
    """
    url = normalised(url)
    key = os.environ.get("KETWAY_API_KEY") or OPEN_KEY
    found = variables(url, key, dialect, ibm_channel)
    if json:
        emit(found)
        return Exit.DONE
    for name, value in found.items():
        line(_without(shell, name) if unset else _export(shell, name, value))
    # Comments come last: `eval $(ketway env)` without the quotes makes one line of all this.
    for comment in () if unset else comments(url, dialect, ibm_channel):
        line(f"# {clean(comment)}")
    return Exit.DONE


def comments(url: str, dialect: Spoken | None, channel: Channel) -> list[str]:
    """What variables cannot do, and what must not be done with them."""
    found = []
    if dialect != "ibm_runtime":
        api = url + IONQ[dialect or "ionq_v04"]
        found.append(
            "pennylane-ionq: from pennylane_ionq.api_client import APIClient; "
            f"APIClient.BASE_URL = {api!r}"
        )
    if dialect == "ionq_v03":
        found.append(
            "For cirq-ionq up to 1.5, qiskit-ionq up to 0.5 and pennylane-ionq up to 0.39, and for "
            f"CUDA-Q: cudaq.set_target('ionq', url={url!r})"
        )
    elif dialect != "ibm_runtime":
        found += [
            f"ionq-core: IonQClient(base_url={url + '/v0.4'!r})",
            "cirq-ionq up to 1.5, qiskit-ionq up to 0.5, pennylane-ionq up to 0.39 and CUDA-Q: "
            "ketway env --dialect ionq_v03",
        ]
    if dialect not in IONQ and channel == "ibm_quantum_platform":
        found += [
            "qiskit-ibm-runtime 0.49 or newer. Keep IAM_URL set: without it the client sends its "
            "token to IBM Cloud, so never give a real IBM key as QISKIT_IBM_TOKEN here",
            "qiskit-ibm-runtime up to 0.40: ketway env --ibm-channel ibm_quantum. "
            "From 0.41 to 0.48 it signs in at IBM Cloud and nowhere else",
        ]
    elif dialect not in IONQ:
        found.append(
            "qiskit-ibm-runtime up to 0.40. Keep QISKIT_IBM_CHANNEL and QISKIT_IBM_URL set: "
            "without them the client sends its token to IBM, so never give a real IBM key here"
        )
    proxy = proxied(os.environ, url)
    if proxy is not None:
        found.append(f"the SDKs would go through the proxy {proxy}: add this host to NO_PROXY")
    return found


def _without(shell: Shell, name: str) -> str:
    if shell == "fish":
        return f"set -e {name}"
    if shell == "powershell":
        return f"Remove-Item Env:{name} -ErrorAction Ignore"
    return f"unset {name}"


def _export(shell: Shell, name: str, value: str) -> str:
    if shell == "fish":
        quoted = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"set -gx {name} '{quoted}'"
    if shell == "powershell":
        quoted = value.replace("'", "''")
        return f"$env:{name} = '{quoted}'"
    return f"export {name}={shlex.quote(value)}"
