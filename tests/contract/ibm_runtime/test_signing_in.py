"""Every way that a client may be pointed at a Ketway without a change to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import expected
import pytest
import serving
from qiskit_ibm_runtime import QiskitRuntimeService, SamplerV2
from qiskit_ibm_runtime.accounts import InvalidAccountError
from qiskit_ibm_runtime.exceptions import IBMInputValueError

pytestmark = pytest.mark.filterwarnings("ignore:The SamplerV2 class:DeprecationWarning")


def works(service: Any) -> None:
    """A job there and back, and found again."""
    backend = service.backend("ibmq_qasm_simulator")
    job = SamplerV2(mode=backend).run([expected.measured(expected.three())], shots=1000)
    expected.agree(job.result()[0].data.meas.get_counts(), expected.three())
    assert service.job(job.job_id()).status() == "DONE"
    assert service.backend("ibm_torino").num_qubits == 133


def test_the_environment_alone(recipe_a: None) -> None:
    del recipe_a
    service = QiskitRuntimeService()
    (instance,) = service.instances()
    assert instance["name"] == "ketway"
    assert instance["plan"] == "open"
    assert instance["pricing_type"] == "free"
    assert service.active_instance() == instance["crn"]
    assert instance["crn"].startswith("crn:v1:")
    works(service)


def test_the_environment_with_a_crn_or_no_instance(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    crn = service.active_instance()
    monkeypatch.setenv("QISKIT_IBM_INSTANCE", crn)
    assert QiskitRuntimeService().active_instance() == crn
    monkeypatch.delenv("QISKIT_IBM_INSTANCE")
    works(QiskitRuntimeService())
    works(QiskitRuntimeService(region="us-east", plans_preference=["open"]))


def test_no_search_and_no_catalog(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then any CRN will do: it is the key that says whose the jobs are."""
    for name, value in variables.items():
        if not name.startswith("GLOBAL_"):
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("QISKIT_FUNCTIONS_EXPERIMENTAL", "1")
    monkeypatch.setenv("QISKIT_IBM_INSTANCE", "crn:v1:bluemix:public:quantum-computing:us-east:::")
    works(QiskitRuntimeService())


@pytest.mark.parametrize("base", ["/experimental", "/experimental/api/v1"])
def test_a_saved_account(
    server: serving.Server,
    variables: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    base: str,
) -> None:
    for name in ("IAM_URL", "GLOBAL_SEARCH_URL", "GLOBAL_CATALOG_URL"):
        monkeypatch.setenv(name, variables[name])
    saved = tmp_path / "accounts.json"
    account = {
        "channel": "ibm_quantum_platform",
        "url": f"{server.url}{base}",
        "token": "mine",
        "instance": "ketway",
        "private_endpoint": False,
        "verify": True,
    }
    saved.write_text(json.dumps({"selfhost": account}))
    works(QiskitRuntimeService(name="selfhost", filename=str(saved)))


def test_arguments_and_a_resolver_of_urls(
    server: serving.Server, service: Any, variables: dict[str, str]
) -> None:
    """Recipe B, beside the variables for the three services of IBM Cloud."""
    crn = service.active_instance()
    asked: list[str] = []

    def resolver(url: str, instance: str, private_endpoint: bool, channel: str) -> str:
        del private_endpoint, channel
        asked.append(instance)
        return f"{url}/api/v1"

    theirs = QiskitRuntimeService(
        channel="ibm_quantum_platform",
        token="t",
        instance=crn,
        url=server.url,
        url_resolver=resolver,
    )
    works(theirs)
    assert set(asked) == {crn}


def test_a_proxy(
    server: serving.Server, service: Any, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    """Recipe C: hosts that exist nowhere, and all of them are this server."""
    crn = service.active_instance()
    for name in variables:
        monkeypatch.delenv(name)
    monkeypatch.setenv("IAM_URL", "http://iam.selfhost.test")
    theirs = QiskitRuntimeService(
        token="t",
        url="http://selfhost.test",
        instance=crn,
        proxies={"urls": {"http": server.url}},
    )
    works(theirs)
    assert theirs.instances()[0]["plan"] == "open"


def test_another_instance_is_refused(service: Any) -> None:
    with pytest.raises((IBMInputValueError, InvalidAccountError)):
        QiskitRuntimeService(instance="somebody-elses")


def test_a_deep_copy_signs_in_again(service: Any) -> None:
    backend = service.backend("simulator_mps")
    assert backend.service.active_instance() == service.active_instance()
    assert backend.status().operational
