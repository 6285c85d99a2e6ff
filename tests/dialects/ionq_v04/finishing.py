"""Jobs as IonQ's API shows them when they have ended."""

from __future__ import annotations

from typing import Any

from tests.acceptance.serving import Client


def finished(client: Client, job_id: str) -> dict[str, Any]:
    client.ended(job_id)
    shown: dict[str, Any] = client.ask("GET", f"/v0.4/jobs/{job_id}").json
    return shown
