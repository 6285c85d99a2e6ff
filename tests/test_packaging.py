"""What is packaged, pinned and said about the package agrees with itself."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ROOT / "requirements"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
UNPINNED = {"contract-ionq-newest.txt", "contract-ibm-newest.txt"}
"""It means the newest releases, whatever they are."""

CODE = {".py", ".js", ".css", ".html", ".cpp", ".h"}
LONGEST = 600

# In pieces, so that this file does not name them itself.
HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("anaconda", "org"),
        ("crates", "io"),
        ("rubygems", "org"),
    )
]


def listed() -> list[Path]:
    """What is, or is about to be, in the repository; without git, what looks like it."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return list(walked(ROOT))
    paths = [ROOT / name for name in done.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def walked(folder: Path) -> Iterator[Path]:
    ignored = {line.rstrip("/") for line in (ROOT / ".gitignore").read_text().split()} | {".git"}
    for entry in sorted(folder.iterdir()):
        if entry.name in ignored or f"*{entry.suffix}" in ignored or entry.suffix == ".pyc":
            continue
        if entry.is_dir():
            yield from walked(entry)
        elif entry.is_file():
            yield entry


FILES = listed()


def statements(path: Path) -> list[str]:
    """The logical lines of a requirements file."""
    text = re.sub(r"\\\n\s*", "", path.read_text(encoding="utf-8"))
    lines = (line.split(" #")[0].strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def pins(name: str) -> set[str]:
    """Every `package==version ; marker` of a file, without the hashes."""
    return {line.split(" --hash=")[0].strip() for line in statements(REQUIREMENTS / name)}


def normal(requirement: str) -> str:
    return re.sub(r"\s+", "", requirement).replace('"', "'")


def test_the_listing_finds_the_repository() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in FILES}
    assert {"pyproject.toml", "script/setup", "src/ketway/version.py"} <= names
    assert not any(name.startswith((".venv/", ".git/", ".cache/")) for name in names)


def test_no_file_names_a_package_registry() -> None:
    # A registry's address in the repository breaks, or leaks, wherever another one is used.
    pattern = re.compile("|".join(re.escape(host) for host in HOSTS).encode(), re.IGNORECASE)
    found = [
        f"{path.relative_to(ROOT)}: {match.group().decode()}"
        for path in FILES
        if (match := pattern.search(path.read_bytes()))
    ]
    assert found == []


def test_no_file_is_too_long() -> None:
    lengths = {
        path.relative_to(ROOT).as_posix(): path.read_bytes().count(b"\n")
        for path in FILES
        if path.suffix in CODE
    }
    assert len(lengths) > 50
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_one_oldest_python_everywhere() -> None:
    oldest = PROJECT["project"]["requires-python"].removeprefix(">=")
    assert re.fullmatch(r"3\.\d+", oldest)
    assert PROJECT["tool"]["mypy"]["python_version"] == oldest
    assert PROJECT["tool"]["ruff"]["target-version"] == "py" + oldest.replace(".", "")
    setup = (ROOT / "script/setup").read_text(encoding="utf-8")
    assert f'KETWAY_OLDEST="{oldest.replace(".", ", ")}"\n' in setup
    assert f"--python-version {oldest} " in (ROOT / "script/lock").read_text()
    named = [
        line.rsplit(" ", 1)[1]
        for line in PROJECT["project"]["classifiers"]
        if line.startswith("Programming Language :: Python :: 3.")
    ]
    assert named[0] == oldest


def test_base_requirements_are_the_projects() -> None:
    declared = PROJECT["project"]["dependencies"]
    written = statements(REQUIREMENTS / "base.in")
    assert sorted(map(normal, written)) == sorted(map(normal, declared))


def test_build_requirements_are_the_projects() -> None:
    pinned = {line.split(";")[0].strip() for line in pins("build.txt") | pins("compiler.txt")}
    assert set(PROJECT["build-system"]["requires"]) <= pinned


def test_what_is_tested_is_what_runs() -> None:
    assert pins("base.txt") <= pins("dev.txt")


@pytest.mark.parametrize("source", sorted(REQUIREMENTS.glob("*.in")), ids=lambda path: path.stem)
def test_every_source_has_a_lock_with_all_its_packages(source: Path) -> None:
    locked = {re.split(r"[=\s;]", pin)[0] for pin in pins(f"{source.stem}.txt")}
    named = {
        re.split(r"[^a-z0-9._-]", line.lower())[0].replace("_", "-")
        for line in statements(source)
        if not line.startswith("-")
    }
    assert named
    assert named <= locked


@pytest.mark.parametrize(
    "path",
    sorted(path for path in REQUIREMENTS.glob("*.txt") if path.name not in UNPINNED),
    ids=lambda path: path.stem,
)
def test_every_requirement_is_pinned_and_hashed(path: Path) -> None:
    lines = statements(path)
    assert lines
    pattern = re.compile(r"[a-z0-9.-]+==[^\s;]+( ; [^-]+?)?( --hash=sha256:[0-9a-f]{64})+")
    loose = [line for line in lines if not pattern.fullmatch(re.sub(r" +", " ", line))]
    assert loose == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no executable bit")
def test_scripts_can_be_executed() -> None:
    scripts = [path for path in FILES if path.parent in {ROOT / "script", ROOT / ".ci"}]
    bare = [path.name for path in scripts if path.suffix == "" and path.name != "setup"]
    assert {"up", "test", "lint", "lock", "run"} <= set(bare)
    assert [name for name in bare if not executable(name)] == []


def executable(name: str) -> bool:
    return any(os.access(ROOT / folder / name, os.X_OK) for folder in ("script", ".ci"))
