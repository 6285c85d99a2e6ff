"""Client environments: a virtual environment per requirements file, made once and kept.

The SDKs under contract test are installed here and never beside Ketway, because their
dependencies are theirs: a test that passes only with our versions would prove nothing.

    python tests/contract/environments.py contract-ionq

prints the path of that environment's interpreter. The first call installs
`requirements/contract-ionq.txt`, later calls answer at once. Of several names, one line each, as
many are made at a time as there are processors. Standard library only: this runs
before anything is installed. Run what is inside with `python -m`: the environment is built under
another name and then renamed, so console scripts in it point nowhere.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements"


class EnvironmentFailedError(Exception):
    """An environment could not be made; the message says what to do."""


def python_of(name: str) -> Path:
    """The interpreter of the environment of that name, made first if it is not there."""
    requirements = REQUIREMENTS / f"{name}.txt"
    if not requirements.is_file():
        known = ", ".join(sorted(path.stem for path in REQUIREMENTS.glob("contract-*.txt")))
        raise EnvironmentFailedError(f"There is no requirements/{name}.txt. Known: {known}.")
    home = cache() / fingerprint(requirements)
    if not home.is_dir():
        make(home, requirements)
    return interpreter(home)


def cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "ketway" / "environments"


def pinned(requirements: Path) -> bool:
    return "--hash=" in requirements.read_text(encoding="utf-8")


def fingerprint(requirements: Path) -> str:
    """What the environment depends on: what the file lists, this Python and this kind of machine.

    The file's name is no part of it: files that list the same share an environment. Unpinned
    requirements mean "the newest", so their environment also ages: it is made again when a new week
    begins.
    """
    wanted = "\n".join(listed(requirements))
    parts = [wanted.encode(), sys.version.encode(), platform.machine().encode()]
    if not pinned(requirements):
        year, week, _ = datetime.datetime.now(datetime.UTC).isocalendar()
        parts.append(f"{year}-{week}".encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def listed(requirements: Path) -> list[str]:
    lines = requirements.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def interpreter(home: Path) -> Path:
    if os.name == "nt":
        return home / "Scripts" / "python.exe"
    return home / "bin" / "python"


def make(home: Path, requirements: Path) -> None:
    """Build under a temporary name and rename: what carries the final name is complete."""
    home.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f"{home.name}.", dir=home.parent))
    try:
        install(building, requirements)
        try:
            building.rename(home)
        except OSError:
            if not home.is_dir():  # else another process was first, and its copy is as good
                raise
    finally:
        shutil.rmtree(building, ignore_errors=True)


def install(home: Path, requirements: Path) -> None:
    borrowed = importlib.util.find_spec("pip") is not None
    if not borrowed and importlib.util.find_spec("ensurepip") is None:
        raise EnvironmentFailedError(
            "This Python has neither pip nor ensurepip, so nothing can be installed. "
            "On Debian or Ubuntu: apt install python3-venv."
        )
    venv.create(home, with_pip=not borrowed, symlinks=os.name != "nt")
    command = [sys.executable, "-m", "pip", "--python", str(interpreter(home))]
    if not borrowed:
        command = [str(interpreter(home)), "-m", "pip"]
    command += ["--disable-pip-version-check", "install", "--quiet", "--only-binary", ":all:"]
    # Most of an environment is never imported, and compiling all of it takes longer than the rest.
    command += ["--no-compile"]
    if pinned(requirements):
        command += ["--require-hashes", "--no-deps"]
    command += ["--requirement", str(requirements)]
    # Standard output is this program's answer: what pip has to say goes to standard error.
    done = subprocess.run(command, stdout=sys.stderr, check=False)
    if done.returncode != 0:
        raise EnvironmentFailedError(
            f"pip could not install {requirements.relative_to(ROOT)} (its message is above)."
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="+", help="a file of requirements/ without its ending")
    names = parser.parse_args().names
    try:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for path in pool.map(python_of, names):
                sys.stdout.write(f"{path}\n")
    except EnvironmentFailedError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
