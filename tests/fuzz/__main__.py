"""Feeds a reader what coverage guides it to: `script/fuzz --help`."""

from __future__ import annotations

import argparse
import base64
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["ketway"]):
    from tests.fuzz.targets import BYTES, SECONDS, TARGETS, cases

FOUND = Path(__file__).parents[2] / ".cache" / "fuzz"
"""What reached new code: the next run begins there."""
MEMORY_MB = 1024
"""More than this, with all that is imported, is a defect."""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="script/fuzz",
        description="Looks for bytes that a reader does not survive: what comes out is to be a "
        f"circuit or an error with words, within {SECONDS} s and {MEMORY_MB} MB.",
        epilog="What is found is printed in base64: add it to tests/fuzz/cases, with what is "
        "wrong, before you mend it. The exit code is 0 if nothing was found.",
    )
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0, help="0 takes another each time")
    given = parser.parse_args()
    target = TARGETS[given.target]

    folder = FOUND / given.target
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for index, seed in enumerate([*target.seeds(), *cases(given.target)]):
        if len(seed) <= BYTES:
            (corpus / f"seed-{index}").write_bytes(seed)
    words = folder / "words"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words))

    def one(data: bytes) -> None:
        try:
            target.read(data)
        except Exception:
            sys.stderr.write(f"found: {base64.b64encode(data).decode()}\n")
            raise

    atheris.Setup(
        [
            sys.argv[0],
            f"-max_total_time={given.seconds}",
            f"-timeout={SECONDS}",
            f"-rss_limit_mb={MEMORY_MB}",
            f"-max_len={BYTES}",
            f"-seed={given.seed}",
            f"-dict={words}",
            f"-artifact_prefix={folder}/",
            "-print_final_stats=1",
            str(corpus),
        ],
        one,
    )
    atheris.Fuzz()  # ends the process


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    main()
