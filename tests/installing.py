"""Packages with programs, installed as an operator installs them, without a network: pip gets a
wheel that is made here of the package's `pyproject.toml`."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

from tests.acceptance.serving import ROOT


def install(package: Path, folder: Path) -> dict[str, str]:
    """The variables by which a Ketway finds what was installed into that folder."""
    wheel = _wheel(package, folder)
    target = folder / "installed"
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    command += ["--no-index", "--no-deps", "--target", str(target), str(wheel)]
    subprocess.run(command, check=True, capture_output=True)
    return {"PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(target)))}


def _wheel(package: Path, folder: Path) -> Path:
    project = tomllib.loads((package / "pyproject.toml").read_text())["project"]
    name, version = project["name"].replace("-", "_"), project["version"]
    info = f"{name}-{version}.dist-info"
    files = {path.name: path.read_text() for path in package.glob("*.py")}
    files[f"{info}/METADATA"] = (
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {version}\n"
    )
    files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    groups = project["entry-points"].items()
    files[f"{info}/entry_points.txt"] = "".join(
        f"[{group}]\n" + "".join(f"{key} = {place}\n" for key, place in points.items())
        for group, points in groups
    )
    record = "".join(f"{path},,\n" for path in (*files, f"{info}/RECORD"))
    files[f"{info}/RECORD"] = record
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return wheel
