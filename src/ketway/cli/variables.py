"""The variables by which SDKs find a server, and what it means if only some of them are set.

Standard library alone: `ketway env` runs in the start-up files of shells.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

Spoken: TypeAlias = Literal["ionq_v04", "ionq_v03", "ibm_runtime"]
Channel: TypeAlias = Literal["ibm_quantum_platform", "ibm_quantum"]

SPOKEN: tuple[Spoken, ...] = ("ionq_v04", "ibm_runtime")
"""What SDKs of today speak, all of which fits into one set of variables."""
IONQ: dict[Spoken, str] = {"ionq_v04": "/v0.4", "ionq_v03": "/v0.3"}
"""The versions of IonQ's API, which have the same variables."""
INSTANCES: dict[Channel, str] = {
    "ibm_quantum_platform": "ketway",
    "ibm_quantum": "ibm-q/open/main",
}
"""What the instance is called; before 0.41 hub, group and project."""


def variables(
    url: str,
    key: str,
    dialect: Spoken | None = None,
    channel: Channel = "ibm_quantum_platform",
) -> dict[str, str]:
    """Every variable that an SDK reads, the more specific ones too: they would win over ours."""
    found = {"KETWAY_URL": url}
    for one in SPOKEN if dialect is None else (dialect,):
        found |= addresses(url, one, channel)
        found |= keys(key, one, channel)
    return found


def addresses(
    url: str, dialect: Spoken, channel: Channel = "ibm_quantum_platform"
) -> dict[str, str]:
    """Those that name the server. All of a dialect's belong together."""
    if dialect in IONQ:
        api = f"{url}{IONQ[dialect]}"
        return {
            "IONQ_API_URL": api,
            "QISKIT_IONQ_API_URL": api,
            "IONQ_BASE_URL": f"{url}/v0.4",  # of IonQ's SDK `ionq`, which speaks no other
            "IONQ_REMOTE_HOST": url,
            "CIRQ_IONQ_REMOTE_HOST": url,
        }
    # qiskit-ibm-runtime takes a URL as it is, port and all, where it finds "experimental" in it
    # (utils/utils.py, `default_runtime_url_resolver`). Before 0.41 its first channel did anyway.
    runtime = "/experimental/api/v1" if channel == "ibm_quantum_platform" else "/api"
    return {
        "QISKIT_IBM_URL": f"{url}{runtime}",
        "IAM_URL": url,
        "GLOBAL_SEARCH_URL": url,
        "GLOBAL_CATALOG_URL": f"{url}/catalog",
    }


def keys(key: str, dialect: Spoken, channel: Channel) -> dict[str, str]:
    """Those that say who asks."""
    if dialect in IONQ:
        names = "IONQ_API_KEY", "QISKIT_IONQ_API_TOKEN", "CIRQ_IONQ_API_KEY"
        return dict.fromkeys((*names, "PENNYLANE_IONQ_API_KEY"), key)
    return {
        "QISKIT_IBM_CHANNEL": channel,
        "QISKIT_IBM_TOKEN": key,
        "QISKIT_IBM_INSTANCE": INSTANCES[channel],
    }


VENDORS: dict[Spoken, str] = {"ionq_v04": "IonQ", "ionq_v03": "IonQ", "ibm_runtime": "IBM"}


def half_set(environ: Mapping[str, str], url: str) -> dict[Spoken, list[str]]:
    """The variables of each dialect that do not point at `url` while others of it do."""
    found: dict[Spoken, list[str]] = {}
    older = environ.get("IONQ_API_URL", "").endswith(IONQ["ionq_v03"])
    for dialect in ("ionq_v03" if older else "ionq_v04", "ibm_runtime"):
        channel: Channel = (
            "ibm_quantum"
            if environ.get("QISKIT_IBM_CHANNEL") == "ibm_quantum"
            else "ibm_quantum_platform"
        )
        wanted = addresses(url, dialect, channel)
        astray = [name for name, value in wanted.items() if environ.get(name) != value]
        if 0 < len(astray) < len(wanted):
            found[dialect] = astray
    return found


def proxied(environ: Mapping[str, str], url: str) -> str | None:
    """The host of the proxy that SDKs would go through; None if they go to `url` at once."""
    parts = urlsplit(url)

    def given(name: str) -> str:
        return environ.get(name.lower()) or environ.get(name) or ""

    proxy = given(f"{parts.scheme.upper()}_PROXY") or given("ALL_PROXY")
    host = parts.hostname or ""
    for entry in given("NO_PROXY").split(","):
        spared = entry.strip().lstrip("*.").partition(":")[0]
        if entry.strip() == "*" or (spared and (host == spared or host.endswith(f".{spared}"))):
            return None
    # Its host alone: there may be a password in the rest.
    return urlsplit(proxy if "//" in proxy else f"//{proxy}").hostname
