"""What the page on devices shows is what the example does, and what is read."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from ketway import drivers
from ketway.devices.loading import CatalogueError, load
from ketway.execution.driving import GROUP

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "how-to" / "add-a-device.md").read_text()
EXAMPLE = ROOT / "examples" / "forward"
PYTHON, TOML = (re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL) for kind in ("python", "toml"))
NOISE = """
[[model]]
name = "lab-1"
one_qubit = 0.0003
two_qubit = 0.015
qubits = 12
native_gates = ["gpi", "gpi2", "ms"]
source = "measured here"
checked = 2026-11-20
"""


@pytest.mark.parametrize("text", PYTHON)
def test_code_is_the_examples(text: str) -> None:
    assert text in (EXAMPLE / "ketway_forward.py").read_text()


def test_the_files_are_the_examples() -> None:
    _, entry, driver = TOML
    assert entry in (EXAMPLE / "pyproject.toml").read_text()
    assert f'"{GROUP}"' in entry
    assert driver in (EXAMPLE / "qpu.remote.toml").read_text()


def test_the_device_of_the_page_is_read(tmp_path: Path) -> None:
    (tmp_path / "lab.toml").write_text(TOML[0])
    (tmp_path / "noise.toml").write_text(NOISE)
    catalogue = load(str(tmp_path))
    device = catalogue.device("qpu.lab-1", "ionq")
    assert device.qubits == tomllib.loads(TOML[0])["qubits"]
    assert catalogue.noise("lab-1").two_qubit == 0.015
    assert catalogue.device("qpu.forte-1") is not None
    assert "qpu.lab-1" not in load().devices


def test_all_methods_and_errors_are_told() -> None:
    for name in ("describe", "run", "status", "cancel"):
        assert f"`{name}(" in PAGE
    for name in ("UnavailableError", "TaskRefusedError", "Task"):
        assert f"`{name}`" in PAGE
        assert hasattr(drivers, name)


DEVICE = TOML[0]
WRONG = {
    "a name that is taken": (DEVICE.replace("qpu.lab-1", "qpu.forte-1"), "there is a device"),
    "a noise that is none": (DEVICE.replace('"lab-1"', '"nowhere"'), "no noise model 'nowhere'"),
    "an unknown field": (DEVICE.replace("qubits =", "qbits ="), "qbits"),
    "couplings": (DEVICE.replace("qubits = 12", 'qubits = 12\nconnectivity = "couplings"'),
                  "no couplings"),
    "a driver and noise": (DEVICE + '[driver]\nname = "forward"\n', "no noise model here"),
    "none at once": (DEVICE + '[driver]\nname = "forward"\nat_once = 0\n', "driver.at_once"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_in_a_file_is_said_with_its_name(tmp_path: Path, name: str) -> None:
    text, said = WRONG[name]
    (tmp_path / "noise.toml").write_text(NOISE)
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(CatalogueError) as caught:
        load(str(tmp_path))
    assert "mine.toml" in str(caught.value)
    assert said in str(caught.value)
