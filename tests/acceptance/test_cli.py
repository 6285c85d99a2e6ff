"""The real commands against a real server, as a person and a script use them."""

from __future__ import annotations

import base64
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"

LAYERS = 600
LONG = json.dumps(
    {
        "qubits": 24,
        "circuit": [
            gate
            for layer in range(LAYERS)
            for gate in (
                *({"gate": "rx", "target": q, "rotation": 0.3 + layer + q / 7} for q in range(24)),
                *({"gate": "rz", "target": q, "rotation": 0.2 + layer + q / 5} for q in range(24)),
                *(
                    {"gate": "cnot", "control": q, "target": (q + 1 + layer % 23) % 24}
                    for q in range(24)
                ),
            )
        ],
    }
).encode()
"""Minutes of work, in 256 MiB: every layer spreads over all qubits, so that nothing folds away."""


@dataclass
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class House:
    """A data folder, the server on it, and commands that speak to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = ""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.environ = kept | {
            "PYTHONPATH": str(ROOT / "src"),
            "PYTHONUTF8": "1",
            "KETWAY_CALIBRATE": "0",
            "XDG_DATA_HOME": str(folder / "home"),
        }
        self.server: subprocess.Popen[str] | None = None

    def popen(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "ketway", *arguments],
            cwd=self.folder,
            env=self.environ | {"KETWAY_URL": self.url},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def __call__(self, *arguments: str, stdin: bytes = b"") -> Ended:
        process = self.popen(*arguments, stdin=subprocess.PIPE)
        out, err = process.communicate(stdin.decode(), timeout=100)
        return Ended(process.returncode, out, err)

    def up(self, *options: str) -> dict[str, Any]:
        data = str(self.folder / "data")
        self.server = self.popen(
            "up", "--port", "0", "--data", data, "--workers", "1", "--json", *options
        )
        assert self.server.stdout is not None
        line = self.server.stdout.readline()
        if not line:
            raise AssertionError(self.server.communicate()[1])
        told: dict[str, Any] = json.loads(line)
        self.url = told["url"]
        return told

    def down(self, number: int = signal.SIGTERM) -> Ended:
        assert self.server is not None
        self.server.send_signal(number)
        out, err = self.server.communicate(timeout=60)
        code, self.server = self.server.returncode, None
        return Ended(code, out, err)


@pytest.fixture(scope="module")
def ketway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("house"))
    house.up()
    yield house
    assert house.down().code == 0


@pytest.fixture
def other(tmp_path: Path) -> Iterator[House]:
    """A house of one's own, for what stops or starts its server."""
    house = House(tmp_path)
    yield house
    if house.server is not None:
        house.down()


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


@pytest.mark.parametrize("file", ["bell.json", "bell.qasm"])
def test_a_bell_pair(ketway: House, file: str) -> None:
    ended = ketway("run", str(EXAMPLES / file))
    assert (ended.code, ended.err) == (0, "")
    head, *bars = ended.out.splitlines()
    assert head.startswith("bell on simulator, ")
    assert [bar.split()[0] for bar in bars] == ["00", "11"]
    assert all("█" in bar for bar in bars)


def test_qubit_0_is_on_the_right(ketway: House) -> None:
    flip = {"qubits": 3, "circuit": [{"gate": "x", "target": 0}]}
    shown = ketway("run", "-", "--json", stdin=json.dumps(flip).encode()).json
    assert shown["result"]["circuits"][0]["outcomes"] == {"001": 1.0}
    program = b'OPENQASM 3; include "stdgates.inc"; qubit[3] q; bit[3] c; x q[0]; c = measure q;'
    shown = ketway("run", "-", "--json", stdin=program).json
    assert shown["result"]["circuits"][0]["outcomes"] == {"001": 1.0}


def test_a_qpy_file(ketway: House, tmp_path: Path) -> None:
    corpus = Path(__file__).parents[1] / "circuits" / "qpy" / "corpus" / "v17.json"
    data = base64.b64decode(json.loads(corpus.read_text())["expressions"]["qpy"])
    for file, content in (("plain.qpy", data), ("packed.qpy.gz", gzip.compress(data))):
        (tmp_path / file).write_bytes(content)
        shown = ketway("run", str(tmp_path / file), "--json").json
        assert shown["job"]["format"] == "qpy"
        assert shown["result"]["circuits"][0]["outcomes"] == {"11100101": 1.0}


def test_noise_with_a_seed_is_repeatable(ketway: House) -> None:
    command = ("run", str(EXAMPLES / "bell.json"), "--json", "-n", "1000", "--noise", "aria-1")
    first, second = (ketway(*command, "--seed", "7").json for _ in range(2))
    counts = first["result"]["circuits"][0]["counts"]
    assert sum(counts.values()) == 1000
    assert second["result"]["circuits"][0]["counts"] == counts
    assert first["job"]["noise"] == {"model": "aria-1", "seed": 7}


def test_what_the_readme_prints_for_a_seed_is_what_comes(ketway: House) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    command, _, rest = readme.partition("$ ketway run examples/bell.qasm ")[2].partition("\n")
    printed = rest.partition("```")[0].splitlines()[1:]
    ran = ketway("run", str(EXAMPLES / "bell.qasm"), *command.split())
    counts = [(line.split()[0], line.split()[-1]) for line in printed]
    assert counts == [(line.split()[0], line.split()[-1]) for line in ran.out.splitlines()[1:]]
    assert len(counts) > 2


def test_several_circuits(ketway: House) -> None:
    x, h = [{"gate": "x", "target": 0}], [{"gate": "h", "target": 0}]
    body = {
        "type": "ionq.multi-circuit.v1",
        "name": "two",
        "input": {
            "qubits": 1,
            "circuits": [{"name": "flip", "circuit": x}, {"name": "coin", "circuit": h}],
        },
    }
    ended = ketway("run", "-", stdin=json.dumps(body).encode())
    assert ended.code == 0
    assert [line for line in ended.out.splitlines() if line.startswith("Circuit")] == [
        "Circuit 0, flip",
        "Circuit 1, coin",
    ]


def test_a_circuit_that_is_refused(ketway: House) -> None:
    wrong = {"qubits": 1, "circuit": [{"gate": "hadamard", "target": 0}]}
    ended = ketway("run", "-", stdin=json.dumps(wrong).encode())
    assert (ended.code, ended.out) == (2, "")
    assert "hadamard" in ended.err
    assert "input.circuit" in ended.err


def test_a_job_that_fails(ketway: House) -> None:
    ended = ketway("run", "-", stdin=b"OPENQASM 3;\nqubit q;\nnonsense q;\n")
    assert ended.code == 1
    assert "failed" in ended.out
    assert "nonsense" in ended.out
    assert "line 3" in ended.out


def test_a_plan_is_shown_and_nothing_is_submitted(ketway: House) -> None:
    before = ketway("jobs", "--all", "--json").json
    shown = ketway("plan", str(EXAMPLES / "bell.json"))
    assert shown.code == 0
    assert "dense: a state vector of 2 qubits" in shown.out
    text = b'OPENQASM 3; include "stdgates.inc"; qubit[30] q; t q;'
    refused = ketway("plan", "-", "--json", stdin=text)
    assert refused.code == 1
    assert refused.json["failure"]["code"] == "NotEnoughQubits"
    assert "has 29" in refused.json["failure"]["message"]
    assert ketway("jobs", "--all", "--json").json == before


def test_looking_at_jobs(ketway: House) -> None:
    identifier = ketway(
        "run", str(EXAMPLES / "bell.json"), "--no-wait", "--name", "seen"
    ).out.strip()
    waited = ketway("job", identifier, "--wait")
    assert waited.code == 0
    assert f"Job {identifier}  completed" in waited.out
    assert "attempt 1 finished" in waited.out
    listed = ketway("jobs", "--json", "--limit", "1").json
    assert [job["id"] for job in listed["jobs"]] == [identifier]
    assert "seen" in ketway("jobs").out
    shown = ketway("job", identifier[:-4], "--json").json
    assert shown["events"][0]["kind"] == "submitted"
    assert ketway("delete", identifier).out == f"{identifier}  deleted\n"
    gone = ketway("job", identifier)
    assert gone.code == 2
    assert identifier in gone.err


def test_more_jobs_than_a_page(ketway: House) -> None:
    before = len(ketway("jobs", "--all", "--json").json["jobs"])
    for _ in range(3):
        assert ketway("run", str(EXAMPLES / "bell.json")).code == 0
    assert len(ketway("jobs", "--all", "--json").json["jobs"]) == before + 3
    assert "There are more" in ketway("jobs", "-n", "2").out
    assert ketway("jobs", "--state", "canceled", "--backend", "nowhere").err == "No such jobs.\n"


def test_ctrl_c_leaves_the_job_running_and_cancel_ends_it(ketway: House) -> None:
    (ketway.folder / "long.json").write_bytes(LONG)
    waiting = ketway.popen("run", "long.json")

    def started() -> bool:
        jobs = ketway("jobs", "--json", "--state", "started").json["jobs"]
        return any(job["name"] == "long" for job in jobs)

    until(started)
    waiting.send_signal(signal.SIGINT)
    out, err = waiting.communicate(timeout=60)
    assert (waiting.returncode, out) == (130, "")
    (job,) = ketway("jobs", "--json", "--state", "started").json["jobs"]
    assert f"ketway cancel {job['id']}" in err
    assert ketway("cancel", job["id"]).out == f"{job['id']}  canceled\n"
    assert ketway("job", job["id"], "--wait").code == 1
    done = ketway("run", str(EXAMPLES / "bell.json"), "--json").json["job"]["id"]
    late = ketway("cancel", done)
    assert (late.code, late.err) == (1, f"Error: Job {done} had already completed.\n")


def test_backends_doctor_and_version(ketway: House) -> None:
    listed = ketway("backends")
    assert listed.code == 0
    rows = [line.split()[:3] for line in listed.out.splitlines()]
    assert ["simulator", "simulator", "available"] in rows
    assert "aria-1" in listed.out
    doctor = ketway("doctor", "--json")
    assert doctor.json["ok"], doctor.out
    assert doctor.code == 0
    assert {check["name"] for check in doctor.json["here"]} >= {"compiled core", "sqlite"}
    version = ketway("version", "--json").json
    assert version["server"] == version["version"]


def test_what_env_prints_leads_here(ketway: House) -> None:
    script = (
        f'eval "$({sys.executable} -m ketway env --url {ketway.url})"; unset KETWAY_API_KEY;'
        f'{sys.executable} -c "import os, urllib.request as u; '
        "u.urlopen(os.environ['IONQ_API_URL'] + '/backends').read()\" && "
        f"{sys.executable} -m ketway backends --json"
    )
    done = subprocess.run(
        ["sh", "-uc", script], env=ketway.environ, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout)["backends"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_server_stops_cleanly_and_keeps_its_jobs(other: House, number: int) -> None:
    told = other.up()
    assert other.server is not None
    assert told == {"url": other.url, "pid": other.server.pid}
    identifier = other("run", str(EXAMPLES / "bell.json"), "--json").json["job"]["id"]
    stopped = other.down(number)
    assert (stopped.code, stopped.out) == (0, "")
    assert other("jobs").code == 3
    other.up()
    assert [job["id"] for job in other("jobs", "--json").json["jobs"]] == [identifier]
    assert other("job", identifier, "--json").json["result"] is not None


def test_two_servers_do_not_share_a_port_or_a_folder(other: House) -> None:
    other.up()
    port = other.url.rsplit(":", 1)[1]
    same_port = other("up", "--port", port, "--data", str(other.folder / "elsewhere"))
    assert same_port.code == 1
    assert "another port with --port" in same_port.err
    same_folder = other("up", "--port", "0", "--data", str(other.folder / "data"))
    assert same_folder.code == 1
    assert "another folder" in same_folder.err
    assert other("up", "--port", "0", "--host", "0.0.0.0").code == 1


def test_what_up_tells_a_person(other: House) -> None:
    server = other.popen("up", "--port", "0", "--data", "state")
    assert server.stdout is not None
    said = [server.stdout.readline() for _ in range(6)]
    server.send_signal(signal.SIGINT)
    server.communicate(timeout=60)
    assert server.returncode == 0
    url = said[0].removeprefix("Ketway listens at ").strip()
    assert url.startswith("http://127.0.0.1:")
    assert f"| ketway run - --url {url}" in said[4]
    assert f'eval "$(ketway env --url {url})"' in said[5]
    assert "\x1b" not in "".join(said)
