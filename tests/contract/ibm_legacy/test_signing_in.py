"""How a client before 0.41 is pointed at a Ketway."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ibm_world
import pytest
import serving
from qiskit_ibm_runtime import QiskitRuntimeService

INSTANCE = "ibm-q/open/main"


def test_arguments(legacy: Any, server: serving.Server) -> None:
    assert legacy.instances() == [INSTANCE]
    account = legacy.active_account()
    assert (account["channel"], account["url"]) == ("ibm_quantum", f"{server.url}/api")
    assert legacy.backend("ibm_torino", instance=INSTANCE).num_qubits == 133


def test_the_environment(server: serving.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ibm_world.told(server.url, "--ibm-channel", "ibm_quantum").items():
        monkeypatch.setenv(name, value)
    service = QiskitRuntimeService()
    assert service.instances() == [INSTANCE]
    assert service.backend("simulator_mps").num_qubits == 100


def test_a_saved_account(server: serving.Server, tmp_path: Path) -> None:
    file = str(tmp_path / "accounts.json")
    QiskitRuntimeService.save_account(
        channel="ibm_quantum", token="mine", url=f"{server.url}/api", filename=file, name="ours"
    )
    assert json.loads(Path(file).read_text())["ours"]["token"] == "mine"
    service = QiskitRuntimeService(name="ours", filename=file)
    assert service.backend("ibmq_qasm_simulator").simulator is True


def test_usage(legacy: Any) -> None:
    usage = legacy.usage()
    (mine,) = usage["byInstance"]
    assert mine["instance"] == INSTANCE
    assert mine["usage"] >= 0
    assert mine["pendingJobs"] == 0
    assert usage["period"]["start"][8:10] == "01"
