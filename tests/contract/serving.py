"""A real Ketway in a process of its own, for tests and for the coverage table."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 30.0
STOP_SECONDS = 20.0


class ServerFailedError(Exception):
    """Ketway did not start, or did not stop as it should; the message has what it wrote."""


@dataclass
class Server:
    url: str
    process: subprocess.Popen[str]
    log: Path

    @property
    def ionq_v04(self) -> str:
        return f"{self.url}/v0.4"

    @property
    def ionq_v03(self) -> str:
        return f"{self.url}/v0.3"

    def stop(self) -> int:
        """Ask it to stop, as an operator would, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise ServerFailedError(
                f"Ketway was still running {STOP_SECONDS:.0f} s after SIGTERM.\n{tail(self.log)}"
            ) from None
        finally:
            if self.process.stdout is not None:
                self.process.stdout.close()


def start(folder: Path) -> Server:
    """Start Ketway with its state in that folder; returns when it serves."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "server.log"
    command = [ketway_python(), "-m", "ketway", "up", "--host", "127.0.0.1", "--port", "0"]
    command += ["--data", str(folder / "data"), "--json"]
    with log.open("w") as errors:
        process = subprocess.Popen(
            command, cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=errors, text=True
        )
    assert process.stdout is not None
    line = first_line(process.stdout)
    try:
        url = json.loads(line)["url"]
    except (ValueError, KeyError, TypeError):
        process.kill()
        process.wait()
        process.stdout.close()
        raise ServerFailedError(
            f"{' '.join(command)}\ndid not say where it listens; it said {line!r}.\n{tail(log)}"
        ) from None
    return Server(url.rstrip("/"), process, log)


def ketway_python() -> str:
    """The interpreter that has Ketway: KETWAY_PYTHON, else the repository's own environment."""
    given = os.environ.get("KETWAY_PYTHON")
    if given:
        return given
    own = ROOT / ".venv" / "bin" / "python"
    return str(own) if own.exists() else sys.executable


def environment() -> dict[str, str]:
    own = {**os.environ, "KETWAY_CALIBRATE": "0"}
    if not own.get("KETWAY_PYTHON"):
        own["PYTHONPATH"] = str(ROOT / "src")
    return own


def first_line(stream: IO[str]) -> str:
    """The first line, or what there is of it when the server takes too long."""
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.append(stream.readline()), daemon=True)
    reader.start()
    reader.join(READY_SECONDS)
    return lines[0] if lines else ""


def tail(log: Path) -> str:
    return "".join(log.read_text(errors="replace").splitlines(keepends=True)[-40:])
