from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from ketway.cli.doctor import sdk_checks
from ketway.cli.variables import proxied, variables

URL = "http://127.0.0.1:8400"
EXPECTED = {
    "KETWAY_URL": URL,
    "IONQ_API_URL": f"{URL}/v0.4",
    "QISKIT_IONQ_API_URL": f"{URL}/v0.4",
    "IONQ_BASE_URL": f"{URL}/v0.4",
    "IONQ_REMOTE_HOST": URL,
    "CIRQ_IONQ_REMOTE_HOST": URL,
    "IONQ_API_KEY": "ketway",
    "QISKIT_IONQ_API_TOKEN": "ketway",
    "CIRQ_IONQ_API_KEY": "ketway",
    "PENNYLANE_IONQ_API_KEY": "ketway",
    "QISKIT_IBM_CHANNEL": "ibm_quantum_platform",
    "QISKIT_IBM_TOKEN": "ketway",
    "QISKIT_IBM_URL": f"{URL}/experimental/api/v1",
    "QISKIT_IBM_INSTANCE": "ketway",
    "IAM_URL": URL,
    "GLOBAL_SEARCH_URL": URL,
    "GLOBAL_CATALOG_URL": f"{URL}/catalog",
}


def test_the_variables() -> None:
    assert variables(URL, "ketway") == EXPECTED


IBM = {
    name: value for name, value in EXPECTED.items() if name.startswith(("QISKIT_IBM", "IAM", "GL"))
}


def test_those_of_one_dialect(ketway: Any) -> None:
    ibm = ketway("env", "--json", "--url", URL, "--dialect", "ibm_runtime").json
    assert ibm == {"KETWAY_URL": URL, **IBM}
    out = ketway("env", "--dialect", "ionq_v04").out
    assert "IBM" not in out
    assert "IONQ_API_URL" in out
    assert ketway("env", "--dialect", "ibm").code == 2


def test_the_channel_of_older_clients_of_ibms(ketway: Any) -> None:
    found = ketway("env", "--json", "--url", URL, "--ibm-channel", "ibm_quantum").json
    changed = {name: value for name, value in found.items() if EXPECTED[name] != value}
    assert changed == {
        "QISKIT_IBM_CHANNEL": "ibm_quantum",
        "QISKIT_IBM_URL": f"{URL}/api",
        "QISKIT_IBM_INSTANCE": "ibm-q/open/main",
    }
    assert set(found) == set(EXPECTED)
    comments = ketway("env", "--ibm-channel", "ibm_quantum").out
    assert "up to 0.40. Keep QISKIT_IBM_CHANNEL and QISKIT_IBM_URL set" in comments


def test_the_older_version_of_ionqs(ketway: Any) -> None:
    found = ketway("env", "--json", "--url", URL, "--dialect", "ionq_v03").json
    assert {name: value for name, value in found.items() if EXPECTED[name] != value} == {
        "IONQ_API_URL": f"{URL}/v0.3",
        "QISKIT_IONQ_API_URL": f"{URL}/v0.3",
    }
    assert not any(name.startswith(("QISKIT_IBM", "IAM", "GLOBAL")) for name in found)
    comments = ketway("env", "--url", URL, "--dialect", "ionq_v03").out
    assert f"APIClient.BASE_URL = '{URL}/v0.3'" in comments
    assert "qiskit-ibm" not in comments
    assert sdk_checks(URL, found) == []


def test_they_are_taken_away_again(ketway: Any, command: str) -> None:
    line = f'eval "$({command})"; eval "$({command} --unset)"'
    assert shell_values(ketway, line, list(EXPECTED)) == [""] * len(EXPECTED)
    assert "set -e IAM_URL\n" in ketway("env", "--unset", "--shell", "fish").out
    assert "Remove-Item Env:IAM_URL" in ketway("env", "--unset", "--shell", "powershell").out


@pytest.mark.parametrize("missing", ["IAM_URL", "GLOBAL_SEARCH_URL", "QISKIT_IBM_URL"])
def test_doctor_tells_of_half_an_environment(missing: str) -> None:
    """Where a key may go to the vendor."""
    (check,) = sdk_checks(URL, EXPECTED | {missing: "https://elsewhere"})
    assert (check.name, check.ok) == ("ibm_runtime variables", False)
    assert check.detail == f"not set to {URL}: {missing}"
    assert check.advice is not None
    assert "IBM" in check.advice
    without = {name: value for name, value in EXPECTED.items() if name != missing}
    assert sdk_checks(URL, without) == [check]


def test_doctor_is_content_with_a_whole_one_and_with_none() -> None:
    older = variables(URL, "k", channel="ibm_quantum")
    for environ in (EXPECTED, older, {}, IBM, {"KETWAY_URL": URL, "IONQ_API_KEY": "real"}):
        assert sdk_checks(URL, environ) == []
    (check,) = sdk_checks(URL, {"IONQ_API_URL": f"{URL}/v0.4"})
    assert check.name == "ionq_v04 variables"


@pytest.mark.parametrize(
    ("environ", "host"),
    [
        ({}, None),
        ({"HTTP_PROXY": "http://me:secret@proxy:3128"}, "proxy"),
        ({"http_proxy": "proxy:3128"}, "proxy"),
        ({"ALL_PROXY": "socks5://proxy"}, "proxy"),
        ({"HTTPS_PROXY": "http://proxy"}, None),
        ({"HTTP_PROXY": "http://proxy", "NO_PROXY": "localhost, 127.0.0.1"}, None),
        ({"HTTP_PROXY": "http://proxy", "NO_PROXY": "*"}, None),
        ({"HTTP_PROXY": "http://proxy", "NO_PROXY": "10.0.0.1,,"}, "proxy"),
    ],
)
def test_a_proxy_is_told_of(ketway: Any, environ: dict[str, str], host: str | None) -> None:
    assert proxied(environ, URL) == host
    out = ketway("env", "--url", URL, **environ).out
    assert ("through the proxy proxy:" in out) == (host is not None)
    assert "secret" not in out
    assert len(sdk_checks(URL, environ)) == (host is not None)


def shell_values(ketway: Any, line: str, names: list[str], **environ: str) -> list[str]:
    """What a real `sh` has in its variables after the line."""
    show = "".join(f"printf '%s\\0' \"${{{name}-}}\"; " for name in names)
    script = f"{line}\n{show}"
    done = subprocess.run(
        ["sh", "-euc", script],
        env=ketway.environ | environ,
        cwd=ketway.folder,
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == b""
    return done.stdout.decode().split("\0")[:-1]


@pytest.fixture
def command() -> str:
    return f"{sys.executable} -m ketway env"


@pytest.mark.parametrize("quoted", [True, False])
def test_a_shell_evaluates_it(ketway: Any, command: str, quoted: bool) -> None:
    line = f'eval "$({command} --url {URL})"' if quoted else f"eval $({command} --url {URL})"
    assert shell_values(ketway, line, list(EXPECTED)) == list(EXPECTED.values())


def test_a_key_with_anything_in_it_arrives_whole(ketway: Any, command: str) -> None:
    key = "a'b \"$(touch evil)`c`\\;#\u00e9"
    line = f'eval "$({command})"'
    assert shell_values(ketway, line, ["IONQ_API_KEY"], KETWAY_API_KEY=key) == [key]
    assert not (ketway.folder / "evil").exists()


def test_json_and_other_shells(ketway: Any) -> None:
    assert ketway("env", "--json", "--url", URL).json == EXPECTED
    fish = ketway("env", "--shell", "fish", KETWAY_API_KEY="it's\\")
    assert "set -gx IONQ_API_KEY 'it\\'s\\\\'\n" in fish.out
    powershell = ketway("env", "--shell", "powershell", KETWAY_API_KEY="it's")
    assert "$env:IONQ_API_KEY = 'it''s'\n" in powershell.out
    assert ketway("env", "--shell", "tcsh").code == 2


def test_it_says_what_the_sdks_without_variables_need(ketway: Any) -> None:
    comments = [line for line in ketway("env", "--url", URL).out.splitlines() if line[0] == "#"]
    assert f"APIClient.BASE_URL = '{URL}/v0.4'" in comments[0]
    assert f"IonQClient(base_url='{URL}/v0.4')" in comments[1]
    assert "ketway env --dialect ionq_v03" in comments[2]
    assert "Keep IAM_URL set: without it the client sends its token to IBM Cloud" in comments[3]


def test_it_imports_nothing_heavy(ketway: Any) -> None:
    code = (
        "import sys, json; from ketway.cli.main import main; main(['env']);"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=ketway.environ,
        capture_output=True,
        check=True,
        timeout=60,
    )
    loaded = set(json.loads(done.stderr))
    heavy = {
        "numpy",
        "sqlalchemy",
        "starlette",
        "uvicorn",
        "http.client",
        "rich.console",
        "msgspec",
    }
    assert "ketway.cli.env" in loaded
    assert not loaded & heavy
