"""The peers: other simulators in an environment of their own, each a process that waits for its
turn. What is timed is theirs alone: imports and the building of their circuits come before."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.service import ROOT

ENVIRONMENTS = ROOT / "tests" / "contract" / "environments.py"


class PeerFailedError(Exception):
    """A peer did not run; the message says which."""


@dataclass
class Peer:
    name: str
    """With its version and how it is set."""
    process: subprocess.Popen[str]
    share: float = 1.0
    """The part of the task that it runs; its seconds are for all of it."""
    answer: Any = None
    """What it computed for the first circuit, to compare with ours."""

    def seconds(self) -> float:
        """Run once."""
        found = _ask(self.process, self.name)
        self.answer = found["answer"]
        return float(found["seconds"])


def python_of_peers() -> str:
    """KETWAY_BENCH_PYTHON, else the environment of requirements/bench.txt, made if need be."""
    given = os.environ.get("KETWAY_BENCH_PYTHON")
    if given:
        return given
    command = [sys.executable, str(ENVIRONMENTS), "bench"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise PeerFailedError("the peers' environment could not be made; the reason is above")
    return done.stdout.strip()


@contextlib.contextmanager
def peer(
    python: str,
    library: str,
    task: str,
    *options: str,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Peer]:
    """A peer that has done its warm-up. It is run as a script, as people run their programs: IBM's
    client looks at the whole stack for every request (`api/session.py`, `inspect.stack`), and for
    each frame of `python -m` through every module there is, 25 ms at a time."""
    script = ROOT / "benchmarks" / f"peer_{library}.py"
    # -P: the folder of the script is not where imports are looked for.
    command = [python, "-P", str(script), task, *options]
    path = os.pathsep.join((str(ROOT), str(ROOT / "src")))
    whole = {**os.environ, "PYTHONPATH": path, **(environment or {})}
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=whole,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        said = _read(process, " ".join((script.stem, task, *options)))
        yield Peer(said["name"], process, said["share"])
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            stream.close()


def _ask(process: subprocess.Popen[str], name: str) -> dict[str, Any]:
    assert process.stdin is not None
    process.stdin.write("run\n")
    process.stdin.flush()
    return _read(process, name)


def _read(process: subprocess.Popen[str], name: str) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise PeerFailedError(f"{name} ended without an answer; what it wrote is above")
    return dict(json.loads(line))
