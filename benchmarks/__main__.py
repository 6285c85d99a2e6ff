"""Measures what Ketway claims: `script/bench --help`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import (
    big_jobs,
    compiling,
    debiasing,
    engines,
    machine,
    primitives,
    reading,
    reads,
    small_jobs,
    standing,
)
from benchmarks.report import Row, table

BENCHMARKS: dict[str, Callable[..., list[Row]]] = {
    "submit": small_jobs.submit,
    "flow": small_jobs.flow,
    "batch": big_jobs.batch,
    "deep": big_jobs.deep,
    "large": big_jobs.large,
    "status": reads.status,
    "reading": reading.reading,
    "points": primitives.points,
    "terms": primitives.terms,
    "storm": primitives.storm,
    "errors": primitives.errors,
    "rest": standing.rest,
    "start": standing.start,
    "vectors": engines.vectors,
    "wide": engines.wide,
    "noise": engines.noise,
    "clifford": engines.clifford,
    "bricks": engines.bricks,
    "shots": engines.shots,
    "sums": engines.sums,
    "compile": compiling.compiling,
    "debias": debiasing.debias,
}


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    facts = machine.facts()
    rows: list[Row] = []
    for name in given.only or BENCHMARKS:
        sys.stderr.write(f"{name} …\n")
        rows += BENCHMARKS[name](quick=given.quick)
    print(table(rows))
    print(f"\n{facts['cpu']}, {facts['cores']} cores, {', '.join(facts['isa'])}, {facts['system']}")
    if given.json is not None:
        record = {"machine": facts, "quick": given.quick, "rows": [row.record() for row in rows]}
        given.json.write_text(json.dumps(record, indent=2) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="script/bench",
        description="Measures what Ketway claims, the cloud end to end and its engines alone, "
        "beside the peers in the same run. "
        "Figures are the median of several repeats.",
        epilog="The exit code says whether everything ran, not whether the goals hold: that "
        "depends on the machine, and on what else it does.",
    )
    parser.add_argument(
        "--only", action="append", choices=list(BENCHMARKS), help="one of them; may be repeated"
    )
    parser.add_argument("--quick", action="store_true", help="few repeats: does it run at all?")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything there too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
