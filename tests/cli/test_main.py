"""What holds for every command, and the commands that have little of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ketway.cli.doctor import folder
from ketway.cli.exits import Exit
from ketway.cli.main import COMMANDS, build, resolve_all
from ketway.cli.reference import page
from ketway.cli.terminal import age, clean, seconds, size
from ketway.version import VERSION

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"
IDENTIFIER = "019aa3f2-6f5e-7c41-8a3b-2f9d1c0e7b55"


def test_the_reference_page_is_what_the_commands_say() -> None:
    assert PAGE.read_text() == page(), "run script/cli-reference"


def test_every_command_has_an_example_json_and_a_url() -> None:
    app = build()
    resolve_all(app)
    assert tuple(name for name in app.resolved_commands() if name[0] != "-") == COMMANDS
    for name in COMMANDS:
        options = {
            option
            for argument in app[name].assemble_argument_collection()
            for option in argument.names
        }
        assert "--json" in options, name
        assert ("--url" in options) == (name != "up"), name
        assert f"ketway {name}" in app[name].help, name


def test_help_and_version(ketway: Any) -> None:
    overview = ketway("--help")
    assert (overview.code, overview.err) == (0, "")
    for name in COMMANDS:
        assert name in overview.out
    assert "130 interrupted" in overview.out
    assert "Start Ketway and serve" in overview.out
    assert ketway().out == overview.out
    assert ketway("--version").out == VERSION + "\n"
    assert "ketway up --port 9000" in ketway("up", "--help").out


def test_wrong_usage(ketway: Any) -> None:
    unknown = ketway("frobnicate")
    assert (unknown.code, unknown.out) == (2, "")
    assert 'Unknown command "frobnicate"' in unknown.err
    assert ketway("jobs", "--frobnicate").code == 2
    assert ketway("up", "--port", "70000").code == 2
    assert ketway("up", "--workers", "0").code == 2
    assert ketway("up", KETWAY_PORT="many").code == 2
    assert ketway("jobs", "--url", "ftp://x").code == 2
    error = json.loads(ketway("jobs", "--frobnicate", "--json").err)["error"]
    assert error["code"] == "usage"


@pytest.mark.parametrize(
    "command",
    [("jobs",), ("job", IDENTIFIER), ("cancel", IDENTIFIER), ("delete", IDENTIFIER), ("backends",)],
)
def test_where_nobody_answers(ketway: Any, command: tuple[str, ...]) -> None:
    ended = ketway(*command, "--json", KETWAY_URL="http://127.0.0.1:1")
    assert (ended.code, ended.out) == (Exit.UNREACHABLE, "")
    assert json.loads(ended.err)["error"]["code"] == "unreachable"


def test_a_reader_who_has_seen_enough_is_no_error(ketway: Any, fake: Any, job: Any) -> None:
    fake.answers["GET /jobs"] = {"jobs": [job] * 2000, "next": None}
    writer = subprocess.Popen(
        [sys.executable, "-m", "ketway", "jobs", "--all"],
        cwd=ketway.folder,
        env=ketway.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert writer.stdout is not None
    assert writer.stderr is not None
    writer.stdout.readline()
    writer.stdout.close()
    assert writer.stderr.read() == b""
    writer.stderr.close()
    assert writer.wait(timeout=60) == 0


def test_backends(ketway: Any, fake: Any) -> None:
    found = {
        "backends": [
            {
                "name": "simulator",
                "kind": "simulator",
                "status": "available",
                "qubits": 29,
                "native_gates": ["gpi", "gpi2"],
                "noise_models": ["ideal", "aria-1"],
                "queue": {"waiting": 3, "running": 1},
                "description": "",
            }
        ]
    }
    fake.answers["GET /backends"] = found
    _, row, _, models = ketway("backends").out.splitlines()
    assert row.split() == ["simulator", "simulator", "available", "29", "3", "1", "gpi,", "gpi2"]
    assert models == "Noise models of simulator: ideal, aria-1"
    assert ketway("backends", "--json").json == found


def health(fake: Any, *checks: dict[str, Any]) -> None:
    fake.answers |= {
        "GET /health": {"status": "ok", "version": "9.9", "workers": 2, "data": "/d", "pid": 1},
        "GET /doctor": {"checks": list(checks)},
    }


def test_doctor(ketway: Any, fake: Any) -> None:
    good = {"name": "disk", "ok": True, "detail": "plenty", "advice": None}
    bad = {"name": "workers", "ok": False, "detail": "one died", "advice": "Look at the log."}
    health(fake, good)
    shown = ketway("doctor", "--json").json
    assert [check["name"] for check in shown["server"]] == ["server", "disk"]
    assert {"python", "sqlite", "data folder"} <= {check["name"] for check in shown["here"]}
    assert shown["ok"] == all(check["ok"] for check in shown["here"])
    health(fake, good, bad)
    ended = ketway("doctor")
    assert ended.code == 1
    assert "FAILED  workers: one died\n          Look at the log.\n" in ended.out


def test_doctor_without_a_server(ketway: Any) -> None:
    ended = ketway("doctor", "--json", KETWAY_URL="http://127.0.0.1:1")
    assert ended.code == 1
    (server,) = ended.json["server"]
    assert server["ok"] is False
    assert server["detail"].startswith("No Ketway answers")


def test_doctor_sees_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    assert folder(tmp_path / "new" / "folder").detail.startswith(str(tmp_path / "new" / "folder"))
    (tmp_path / "file").write_text("")
    check = folder(tmp_path / "file")
    assert not check.ok
    assert check.advice is not None
    assert "KETWAY_DATA" in check.advice


def test_version(ketway: Any, fake: Any) -> None:
    health(fake)
    assert ketway("version", "--json").json["server"] == "9.9"
    alone = ketway("version", "--url", "http://127.0.0.1:1")
    assert alone.code == 0
    assert "no server answers at http://127.0.0.1:1" in alone.out


def test_words_for_people() -> None:
    assert [size(count) for count in (0, 1023, 1536, 5 << 40)] == [
        "0 B",
        "1023 B",
        "1.5 KiB",
        "5.0 TiB",
    ]
    assert [seconds(value) for value in (0, 0.0123, 0.9999, 1.25, 119, 150, 7300, 200_000)] == [
        "0 s",
        "12.3 ms",
        "1 s",
        "1.2 s",
        "119 s",
        "2 min 30 s",
        "2 h 1 min",
        "2 days",
    ]
    assert age("2999-01-01T00:00:00Z") == "0 s"
    assert age(None) == age("yesterday") == "-"
    assert clean("a\x1b[1m\u202eb\nc") == "a\\x1b[1m\\u202eb\nc"
