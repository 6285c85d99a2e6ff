"""The program of IBM's tutorial "Run a job" as it is printed there, but for the connection: what
leads to the server is in the environment."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PROGRAM = """
from qiskit import QuantumCircuit
from qiskit.transpiler import generate_preset_pass_manager
from qiskit_ibm_runtime import QiskitRuntimeService, SamplerV2

service = QiskitRuntimeService()
backend = service.backend("ibmq_qasm_simulator")

bell = QuantumCircuit(2)
bell.h(0)
bell.cx(0, 1)
bell.measure_all()

pm = generate_preset_pass_manager(backend=backend, optimization_level=1)
isa_circuit = pm.run(bell)

sampler = SamplerV2(mode=backend)
job = sampler.run([isa_circuit])
print(f">>> Job ID: {job.job_id()}")
print(f">>> Job Status: {job.status()}")

result = job.result()
pub_result = result[0]
print(f"Counts for the meas output register: {pub_result.data.meas.get_counts()}")
print(f">>> Job Status: {job.status()}")
"""


def test_run_a_job(variables: dict[str, str], tmp_path: Path) -> None:
    """By a Python of its own, which knows of these tests nothing but the variables."""
    (tmp_path / "run_a_job.py").write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "run_a_job.py"],
        cwd=tmp_path,
        env={**variables, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    identity, first, counts, last = done.stdout.splitlines()
    assert re.fullmatch(r">>> Job ID: [0-9a-f-]{36}", identity)
    assert first.removeprefix(">>> Job Status: ") in ("QUEUED", "RUNNING", "DONE")
    found = re.findall(r"'(\d\d)': (\d+)", counts)
    assert {outcome for outcome, _ in found} == {"00", "11"}
    assert sum(int(n) for _, n in found) == 4096
    assert abs(int(found[0][1]) - 2048) < 6 * 32  # of which the standard deviation is 32
    assert last == ">>> Job Status: DONE"
