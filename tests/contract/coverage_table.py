"""The coverage tables: computed, never typed.

Each page is made of what a running Ketway answers and of what the contract tests recorded.
`script/coverage-table` writes the pages; a test fails when one in the repository is another.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import coverage_ibm_runtime  # noqa: E402
import coverage_ionq_v03  # noqa: E402
import coverage_ionq_v04  # noqa: E402
import serving  # noqa: E402

PAGES: dict[Path, Callable[[serving.Server], str]] = {
    serving.ROOT / "docs" / "reference" / "coverage-ionq-v04.md": coverage_ionq_v04.page,
    serving.ROOT / "docs" / "reference" / "coverage-ionq-v03.md": coverage_ionq_v03.page,
    serving.ROOT / "docs" / "reference" / "coverage-ibm-runtime.md": coverage_ibm_runtime.page,
}


def computed() -> dict[Path, str]:
    with tempfile.TemporaryDirectory(prefix="ketway-coverage-") as folder:
        server = serving.start(Path(folder))
        try:
            return {file: page(server) for file, page in PAGES.items()}
        finally:
            server.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail if one is stale")
    check = parser.parse_args().check
    stale = 0
    for file, text in computed().items():
        if file.exists() and file.read_text(encoding="utf-8") == text:
            continue
        if check:
            name = file.relative_to(serving.ROOT)
            sys.stderr.write(f"{name} is stale: run script/coverage-table.\n")
            stale = 1
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    return stale


if __name__ == "__main__":
    sys.exit(main())
