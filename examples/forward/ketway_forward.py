"""A driver that has another Ketway run the jobs of a device, by its own API.

It is a worked example of `ketway.drivers`: replace the HTTP with the words of a device, and keep
three rules. A task that was started is not started again, whoever asks. What cannot be reached now
is `UnavailableError`, and is asked again. What will never run is `TaskRefusedError`, and says why.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from ketway.drivers import (
    Description,
    Measured,
    Status,
    Task,
    TaskRefusedError,
    UnavailableError,
)

SECONDS = 20
"""How long an answer may take."""
PAGE = 25
"""Jobs that are asked for at once."""


class Forward:
    """Each circuit of a task becomes a job there, named after the task and the circuit's place: by
    that it is found again after a crash."""

    def __init__(self, url: str, backend: str = "simulator", key: str = "ketway") -> None:
        self._url = url.rstrip("/")
        self._backend = backend
        self._key = key
        self._ids: dict[str, list[str]] = {}
        """The jobs of each task that was started here, in the order of its circuits."""

    def describe(self) -> Description:
        found = self._ask("GET", f"/v0.4/backends/{self._backend}")
        return Description(
            status="available" if found["status"] == "available" else "unavailable",
            queue_seconds=found["average_queue_time"] / 1000,
        )

    def run(self, task: Task) -> None:
        """A task of which some circuits were sent before a crash gets the rest."""
        known = {job["name"]: job["id"] for job in self._found(task.id)}
        ids = []
        for place, circuit in enumerate(task.circuits):
            name = f"{task.id}/{place}"
            if name in known:
                ids.append(known[name])
                continue
            body = {
                "type": "ionq.qasm3.v1",
                "backend": self._backend,
                "name": name,
                "shots": task.shots,
                "metadata": {"task": task.id},
                "input": {"data": circuit.qasm},
            }
            ids.append(self._ask("POST", "/v0.4/jobs", body)["id"])
        self._ids[task.id] = ids

    def status(self, task_id: str) -> Status:
        jobs = self._jobs(task_id)
        states = {job["status"] for job in jobs}
        for job in jobs:
            if job["status"] == "failed":
                return Status(state="failed", message=job["failure"]["message"])
        if "canceled" in states:
            return Status(state="canceled")
        if states != {"completed"}:
            return Status(state="running" if "started" in states else "queued")
        return Status(state="completed", results=[self._measured(job) for job in jobs])

    def cancel(self, task_id: str) -> None:
        for job in self._found(task_id):
            self._ask("PUT", f"/v0.4/jobs/{job['id']}/status/cancel")

    # -- the other Ketway ---------------------------------------------------------------------

    def _jobs(self, task_id: str) -> list[dict[str, Any]]:
        """Those of a task that was started here."""
        jobs: list[dict[str, Any]] = []
        ids = self._ids[task_id]
        for start in range(0, len(ids), PAGE):
            query = urllib.parse.urlencode(
                {"ids": ids[start : start + PAGE], "limit": PAGE}, doseq=True
            )
            jobs += self._ask("GET", f"/v0.4/jobs?{query}")["jobs"]
        return sorted(jobs, key=_place)

    def _found(self, task_id: str) -> list[dict[str, Any]]:
        """Those of a task that anybody has started: looked for among all, newest first."""
        found: dict[str, dict[str, Any]] = {}
        after: str | None = ""
        while after is not None:
            query = urllib.parse.urlencode({"limit": PAGE, **({"next": after} if after else {})})
            page = self._ask("GET", f"/v0.4/jobs?{query}")
            for job in page["jobs"]:
                if (job["metadata"] or {}).get("task") == task_id:
                    found.setdefault(job["name"], job)
            after = page["next"]
        return sorted(found.values(), key=_place)

    def _measured(self, job: dict[str, Any]) -> Measured:
        """The formats of v2 have bitstrings, bit 0 on the right, of all bits together."""
        artifact = job["results"]["ionq.result.histogram.json.v2"]["id"]
        found = self._ask("GET", f"/v0.4/jobs/{job['id']}/artifacts/{artifact}")
        return Measured(counts=found["histogram"]["registers"]["output_all"])

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            self._url + path,
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={
                "Authorization": f"apiKey {self._key}",
                "Content-Type": "application/json",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            if error.code >= 500 or error.code == 429:
                raise UnavailableError(f"{self._url}: {error}") from None
            told = json.loads(error.read() or b"{}").get("message", str(error))
            raise TaskRefusedError(f"{self._url} refuses it: {told}") from None
        except OSError as error:
            raise UnavailableError(f"{self._url}: {error}") from None


def _place(job: dict[str, Any]) -> int:
    """Of its circuit in the task."""
    return int(job["name"].rpartition("/")[2])
