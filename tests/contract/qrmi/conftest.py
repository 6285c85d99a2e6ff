"""QRMI: a resource is found by variables that begin with its name."""

from __future__ import annotations

from typing import Any

import pytest
import serving
from resources import NAMES, made

pytest_plugins = ["ibm_world"]


@pytest.fixture(autouse=True)
def pointed(server: serving.Server, bare: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a scheduler of jobs sets them for its users."""
    del bare
    for name in (*NAMES, "ibm_nowhere"):
        prefix = f"{name}_QRMI_IBM_QCS"
        monkeypatch.setenv(f"{prefix}_ENDPOINT", f"{server.url}/api/v1")
        monkeypatch.setenv(f"{prefix}_IAM_ENDPOINT", server.url)
        monkeypatch.setenv(f"{prefix}_IAM_APIKEY", "mine")
        monkeypatch.setenv(
            f"{prefix}_SERVICE_CRN",
            "crn:v1:bluemix:public:quantum-computing:us-east:a/ketway:ketway::",
        )
    monkeypatch.setenv("QRMI_JOB_QPU_RESOURCES", ",".join(NAMES))
    monkeypatch.setenv("QRMI_JOB_QPU_TYPES", ",".join(["ibm-quantum-compute-service"] * len(NAMES)))


@pytest.fixture
def resource(pointed: None) -> Any:
    """A machine."""
    del pointed
    return made("ibm_torino")
