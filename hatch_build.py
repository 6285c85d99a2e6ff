"""Builds the compiled core: a hatchling hook, and a command for development.

The core (`native/`) is plain C++ behind a C interface, loaded with ctypes, so building it needs no
Python headers and one build serves every Python. The compiler is the one that comes from the
package index as `ziglang`, so a machine with nothing but Python can build it; `KETWAY_CXX` names
another one (any recent clang++ or g++).

`python hatch_build.py` builds in place what an editable install imports, and does nothing when the
library is newer than its sources.
"""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # the command needs no hatchling
    BuildHookInterface = object  # type: ignore[assignment,misc]

ROOT = Path(__file__).resolve().parent
SUFFIX = {"darwin": ".dylib", "win32": ".dll"}.get(sys.platform, ".so")
LIBRARY = Path("src/ketway/engines") / f"_core{SUFFIX}"
COMMON = ["-std=c++17", "-O3", "-fno-exceptions", "-fno-rtti", "-fvisibility=hidden", "-Wall"]
# Rounding is decided in the sources, not by the optimiser; gcc has no other way to ask for a fused
# multiply-add of a vector, so the kernels, and only they, leave it free.
EXACT = ["-ffp-contract=off"]
ISAS = {"baseline": (16, 0), "avx2": (32, 1), "avx512": (64, 1)}
"""Bytes of a vector, and whether a multiply-add is one instruction, on x86-64."""
BY_ISA = ("kernels", "sums")
"""Sources compiled once for each instruction set."""


# Not a dataclass: hatchling loads this file without a place in sys.modules, which dataclasses need.
class Toolchain(NamedTuple):
    compile: list[str]
    link: list[str]
    zig: bool
    tag: str
    """The wheel's platform tag."""


def machine() -> str:
    name = platform.machine().lower()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(name, name)


def toolchain() -> Toolchain:
    """What `KETWAY_CXX` names, else zig for the oldest system we support."""
    arch = machine()
    named = os.environ.get("KETWAY_CXX")
    if sys.platform == "darwin":
        oldest = "11_0"
        tag = f"macosx_{oldest}_{'arm64' if arch == 'aarch64' else arch}"
        target = f"{arch}-macos.{oldest.replace('_', '.')}"
    elif sys.platform == "win32":
        tag, target = {"x86_64": "win_amd64"}.get(arch, f"win_{arch}"), f"{arch}-windows-gnu"
    elif platform.libc_ver()[0] == "glibc":
        glibc = (2, 17)
        tag = f"manylinux_{glibc[0]}_{glibc[1]}_{arch}"
        target = f"{arch}-linux-gnu.{glibc[0]}.{glibc[1]}"
    else:
        tag, target = f"musllinux_1_2_{arch}", f"{arch}-linux-musl"
    if named:
        compiler = shlex.split(named)
        # A compiler of the machine links against the machine's own C library.
        return Toolchain(compiler, compiler, False, f"linux_{arch}" if "linux" in target else tag)
    zig = [sys.executable, "-m", "ziglang"]
    return Toolchain([*zig, "c++", "-target", target], [*zig, "cc", "-target", target], True, tag)


def arch_flags(tools: Toolchain, isa: str) -> list[str]:
    level = {"baseline": None, "avx2": 3, "avx512": 4}[isa]
    if level is None:
        return []
    return [f"-mcpu=x86_64_v{level}" if tools.zig else f"-march=x86-64-v{level}"]


def jobs(tools: Toolchain, out: Path) -> list[tuple[Path, list[str]]]:
    """Every object file and the command that makes it."""
    base = [*tools.compile, *COMMON, *([] if sys.platform == "win32" else ["-fPIC"])]
    found = []
    for source in sorted((ROOT / "native").glob("*.cpp")):
        if source.stem in BY_ISA:
            continue
        target = out / f"{source.stem}.o"
        found.append((target, [*base, *EXACT, "-c", str(source), "-o", str(target)]))
    x86 = machine() == "x86_64"
    for isa, (width, fused) in (ISAS if x86 else {"baseline": (16, 1)}).items():
        macros = [f"-DKW_ISA={isa}", f"-DKW_BYTES={width}", f"-DKW_FMA={fused}"]
        contract = ["-ffp-contract=fast"] if fused and not tools.zig else EXACT
        flags = arch_flags(tools, isa) if x86 else []
        how = [*base, *contract, *macros, *flags]
        for stem in BY_ISA:
            target = out / f"{stem}_{isa}.o"
            source = ROOT / "native" / f"{stem}.cpp"
            found.append((target, [*how, "-c", str(source), "-o", str(target)]))
    return found


def run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if done.returncode:
        raise SystemExit(
            f"Building Ketway's core failed.\n  {shlex.join(command)}\n{done.stderr}{done.stdout}\n"
            "Install the compiler with `pip install ziglang`, or name another in KETWAY_CXX."
        )


def build(root: Path = ROOT) -> Path:
    """Compile and link the library into the source tree; returns where it is."""
    tools = toolchain()
    library = root / LIBRARY
    with tempfile.TemporaryDirectory() as folder:
        work = jobs(tools, Path(folder))
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(run, (command for _, command in work)))
        made = Path(folder) / library.name
        objects = [str(target) for target, _ in work]
        threads = [] if sys.platform == "win32" else ["-pthread"]
        run([*tools.link, "-shared", "-s", *objects, *threads, "-o", str(made)])
        # Replaced in one step: a process that has the old one open keeps it.
        staged = library.with_suffix(".new")
        staged.write_bytes(made.read_bytes())
        staged.chmod(0o755)
        staged.replace(library)
    return library


def stale(root: Path = ROOT) -> bool:
    library = root / LIBRARY
    if not library.exists():
        return True
    sources = [*(root / "native").iterdir(), Path(__file__)]
    return max(path.stat().st_mtime for path in sources) > library.stat().st_mtime


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Puts the library into wheels and editable installs."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel":
            return
        if stale():
            build()
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{toolchain().tag}"
        build_data["artifacts"].append(LIBRARY.as_posix())


if __name__ == "__main__":
    if stale():
        build()
