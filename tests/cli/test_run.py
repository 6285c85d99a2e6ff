from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from ketway.cli.program import Program
from ketway.cli.run import submission

IDENTIFIER = "019aa3f2-6f5e-7c41-8a3b-2f9d1c0e7b55"
BELL = {"qubits": 2, "circuit": [{"gate": "h", "target": 0}]}


def serve(fake: Any, job: dict[str, Any], result: dict[str, Any]) -> None:
    fake.answers |= {
        "POST /jobs": (201, job | {"state": "submitted"}),
        f"GET /jobs/{IDENTIFIER}": [job | {"state": "started"}, job],
        f"GET /jobs/{IDENTIFIER}/result": result,
    }


def bell(ketway: Any) -> str:
    (ketway.folder / "bell.json").write_text(json.dumps(BELL))
    return "bell.json"


def test_it_draws_the_histogram(ketway: Any, fake: Any, job: Any, result: Any) -> None:
    serve(fake, job, result)
    ended = ketway("run", bell(ketway), COLUMNS="60")
    assert ended.out.splitlines() == [
        f"bell on simulator, 100 shots: completed  {IDENTIFIER}",
        "00 ████████████████████████████████████▌   0.4900         49",
        "11 ██████████████████████████████████████  0.5100         51",
    ]
    assert (ended.code, ended.err) == (0, "")
    assert fake.bodies("POST /jobs") == [
        {"backend": "simulator", "format": "ionq.circuit.v1", "input": BELL, "name": "bell"}
    ]


def test_an_old_locale_gets_ascii(ketway: Any, fake: Any, job: Any, result: Any) -> None:
    serve(fake, job, result)
    ended = ketway("run", bell(ketway), PYTHONUTF8="0", PYTHONIOENCODING="latin-1", COLUMNS="40")
    assert ended.out.splitlines()[2] == "11 ##################  0.5100         51"


def test_json_has_the_job_and_the_result(ketway: Any, fake: Any, job: Any, result: Any) -> None:
    serve(fake, job, result)
    ended = ketway("run", "-", "--json", stdin=b"OPENQASM 3;")
    assert ended.json == {"job": job, "result": result}
    assert (ended.code, ended.err) == (0, "")
    assert fake.bodies("POST /jobs") == [
        {"backend": "simulator", "format": "openqasm", "input": "OPENQASM 3;"}
    ]


def test_no_wait_prints_the_id(ketway: Any, fake: Any, job: Any, result: Any) -> None:
    serve(fake, job, result)
    assert ketway("run", bell(ketway), "--no-wait").out == IDENTIFIER + "\n"
    assert ketway("run", bell(ketway), "--no-wait", "--json").json["job"]["state"] == "submitted"
    assert not [line for line, _, _ in fake.seen if line.startswith("GET")]


def test_a_failed_job(ketway: Any, fake: Any, job: Any, result: Any) -> None:
    failure = {
        "code": "UnsupportedGate",
        "message": "No such \x1b[31mgate.",
        "circuit": 3,
        "gate": 0,
    }
    serve(fake, job | {"state": "failed", "failure": failure}, result)
    ended = ketway("run", bell(ketway))
    assert ended.code == 1
    assert "UnsupportedGate: No such \\x1b[31mgate. (circuit 3, gate 0)" in ended.out
    assert ketway("run", bell(ketway), "--json").json["result"] is None


def test_a_canceled_job(ketway: Any, fake: Any, job: Any, result: Any) -> None:
    serve(fake, job | {"state": "canceled"}, result)
    assert ketway("run", bell(ketway)).code == 1


def test_what_the_server_refuses_is_bad_input(ketway: Any, fake: Any) -> None:
    where = {"keys": ["input.circuit[4].gate"]}
    error = {"code": "bad-circuit", "message": 'Unknown gate "hh".', "where": where}
    fake.answers["POST /jobs"] = (400, {"error": error})
    ended = ketway("run", bell(ketway))
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == 'Error: Unknown gate "hh". (at input.circuit[4].gate)\n'
    assert json.loads(ketway("run", bell(ketway), "--json").err) == {"error": error}


def test_a_file_that_cannot_be_run(ketway: Any, fake: Any) -> None:
    ended = ketway("run", "missing.json")
    assert (ended.code, ended.err) == (
        2,
        "Error: missing.json cannot be read: No such file or directory.\n",
    )
    assert ketway("run", ".").code == 2
    assert ketway("run", "-", stdin=b"not a circuit").code == 2
    assert ketway("run").code == 2
    assert ketway("run", bell(ketway), "--shots", "many").code == 2
    assert fake.seen == []


def test_nobody_there(ketway: Any) -> None:
    ended = ketway("run", bell(ketway), "--url", "http://127.0.0.1:1")
    assert ended.code == 3
    assert ended.err.startswith("Error: No Ketway answers at http://127.0.0.1:1. Start one with")


def test_a_server_that_goes_away_has_not_lost_the_job(
    ketway: Any, fake: Any, job: Any, result: Any
) -> None:
    serve(fake, job, result)
    error = {"error": {"code": "stopping", "message": "Ketway stops.", "where": None}}
    fake.answers[f"GET /jobs/{IDENTIFIER}"] = (503, error)
    ended = ketway("run", bell(ketway))
    assert ended.code == 3
    assert f"`ketway job {IDENTIFIER} --wait` follows it" in ended.err


def test_what_is_not_passed_on_is_said(ketway: Any, fake: Any, job: Any, result: Any) -> None:
    serve(fake, job, result)
    body = {"type": "ionq.circuit.v1", "input": BELL, "settings": {}, "dry_run": False}
    ended = ketway("run", "-", stdin=json.dumps(body).encode())
    assert ended.err == "Not passed on from -: dry_run, settings.\n"


def test_the_command_line_wins_over_the_file() -> None:
    program = Program(
        "ionq.circuit.v1",
        {},
        backend="qpu.a",
        shots=5,
        noise={"model": "aria-1", "seed": 1},
        name="a",
        metadata={"k": "v"},
    )
    assert submission(program) == {
        "backend": "qpu.a",
        "format": "ionq.circuit.v1",
        "input": {},
        "shots": 5,
        "noise": {"model": "aria-1", "seed": 1},
        "name": "a",
        "metadata": {"k": "v"},
    }
    given = submission(program, backend="qpu.b", shots=6, noise="forte-1", seed=0, name="b")
    assert (given["backend"], given["shots"], given["name"]) == ("qpu.b", 6, "b")
    assert given["noise"] == {"model": "forte-1", "seed": 0}
    assert submission(Program("openqasm", ""), seed=4)["noise"] == {"model": "ideal", "seed": 4}


def test_several_circuits_are_drawn_with_their_names(
    ketway: Any, fake: Any, job: Any, result: Any
) -> None:
    (one,) = result["circuits"]
    circuits = [one | {"index": index, "name": f"c{index}"} for index in range(25)]
    circuits[1]["made_by"] = {"engine": "dense", "kept": 0.875}
    serve(fake, job | {"circuits": 25}, {"circuits": circuits})
    lines = ketway("run", bell(ketway)).out.splitlines()
    assert lines[1] == "Circuit 0, c0"
    assert lines[6].startswith("11 ")
    assert lines[7] == "Only the largest outcomes were kept, mass 0.875 of 1."
    assert lines[-1] == "and 5 more circuits: --json has them all"


def test_ctrl_c_stops_the_waiting_and_not_the_job(
    ketway: Any, fake: Any, job: Any, result: Any
) -> None:
    serve(fake, job, result)
    fake.answers[f"GET /jobs/{IDENTIFIER}"] = job | {"state": "started"}
    waiting = subprocess.Popen(
        [sys.executable, "-m", "ketway", "run", bell(ketway)],
        cwd=ketway.folder,
        env=ketway.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until(lambda: any(line.startswith(f"GET /jobs/{IDENTIFIER}") for line, _, _ in fake.seen))
    waiting.send_signal(signal.SIGINT)
    out, err = waiting.communicate(timeout=60)
    assert (waiting.returncode, out) == (130, "")
    assert f"job {IDENTIFIER} goes on" in err
    assert f"ketway job {IDENTIFIER} --wait" in err
    assert f"ketway cancel {IDENTIFIER}" in err


def test_a_terminal_gets_progress_and_colour_and_no_color_is_respected(
    ketway: Any, fake: Any, job: Any, result: Any
) -> None:
    file = bell(ketway)
    serve(fake, job, result)
    coloured = in_a_terminal(ketway, "run", file)
    assert "\x1b[32mcompleted\x1b[0m" in coloured
    assert "started, " in coloured
    serve(fake, job, result)
    plain = in_a_terminal(ketway, "run", file, NO_COLOR="1")
    assert "completed" in plain
    assert "\x1b[3" not in plain


def in_a_terminal(ketway: Any, *arguments: str, **environ: str) -> str:
    """What a person sees: the command has a pseudo-terminal."""
    here, there = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "ketway", *arguments],
        cwd=ketway.folder,
        env=ketway.environ | {"TERM": "xterm-256color"} | environ,
        stdin=there,
        stdout=there,
        stderr=there,
    )
    os.close(there)
    seen = bytearray()

    def read() -> None:
        while True:
            try:
                part = os.read(here, 65536)
            except OSError:  # the terminal's other end was closed
                return
            if not part:
                return
            seen.extend(part)

    reader = threading.Thread(target=read)
    reader.start()
    assert process.wait(timeout=60) == 0
    reader.join()
    os.close(here)
    return seen.decode()


def until(true: Any) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def test_the_examples_run(ketway: Any, fake: Any, job: Any, result: Any) -> None:
    examples = Path(__file__).parents[2] / "examples"
    for name in ("bell.json", "bell.qasm"):
        serve(fake, job, result)
        assert ketway("run", str(examples / name)).code == 0
